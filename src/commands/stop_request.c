#include <stdlib.h>

#include "commands/stop_request.h"
#include "platform/fs.h"

int stop_request_make(struct session *s, struct file_lock *mark,
    bool *was_there, struct err *e)
{
	static const char text[] = "stop\n";
	char *path = session_state_path(s, "stop");
	struct fs_stat st;
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	if (lock_try(mark, path, 0600, e) == 0 && fs_lstat(path, &st, e) == 0) {
		*was_there = st.size > 0;
		rc = lock_write(mark, text, e);
	}
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
