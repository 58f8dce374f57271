#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/stop_request.h"
#include "platform/fs.h"
#include "platform/process.h"

enum { MARK_BYTES_MAX = 64 };

/* Whom the mark names; -1: nobody, or there is none. */
static int64_t named(const char *path)
{
	struct err ignored = ERR_INIT;
	uint64_t pid = 0;
	char *text = NULL;
	size_t n;
	int rc;

	if (fs_read_file(path, MARK_BYTES_MAX, &text, &n, &ignored) == -1)
		return -1;
	rc = num_parse_u64(text, strcspn(text, "\n"), INT32_MAX, &pid);
	free(text);
	return rc == -1 ? -1 : (int64_t)pid;
}

int stop_request_make(struct session *s, int64_t pid, struct file_lock *mark,
    bool *was_there, struct err *e)
{
	char *path = session_state_path(s, "stop");
	char text[MARK_BYTES_MAX];
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	(void)snprintf(text, sizeof(text), "%" PRId64 "\n", pid);
	if (lock_try(mark, path, 0600, e) == 0) {
		*was_there = named(path) == pid;
		rc = lock_write(mark, text, e);
	}
	free(path);
	return rc;
}

bool stop_request_is_there(struct session *s)
{
	char *path = session_state_path(s, "stop");
	bool there = path != NULL && named(path) == process_id();

	free(path);
	return there;
}

void stop_request_forget_others(struct session *s)
{
	char *path = session_state_path(s, "stop");
	struct file_lock mark = FILE_LOCK_INIT;
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	if (path != NULL && fs_lstat(path, &st, &ignored) == 0 &&
	    st.type != FS_ABSENT &&
	    lock_try(&mark, path, 0600, &ignored) == 0) {
		if (named(path) != process_id())
			(void)fs_unlink(path, &ignored);
		lock_release(&mark);
	}
	free(path);
}
