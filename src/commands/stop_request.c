#include <stdlib.h>

#include "commands/stop_request.h"
#include "platform/fs.h"

int stop_request_make(struct session *s, struct err *e)
{
	char *path = session_state_path(s, "stop");
	int rc;

	if (path == NULL)
		return err_nomem(e);
	rc = fs_write_file(path, NULL, 0600, "stop\n", 5, e);
	free(path);
	return rc;
}

bool stop_request_is_there(struct session *s)
{
	char *path = session_state_path(s, "stop");
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	bool there;

	there = path != NULL && fs_lstat(path, &st, &ignored) == 0 &&
	    st.type == FS_FILE;
	free(path);
	return there;
}

void stop_request_clear(struct session *s)
{
	char *path = session_state_path(s, "stop");
	struct err ignored = ERR_INIT;

	if (path != NULL)
		(void)fs_unlink(path, &ignored);
	free(path);
}
