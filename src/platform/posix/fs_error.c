/* fs_error.c - how the file system's failures are told. */
#include "platform/posix/fs_error.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "platform/fs.h"

int fs_error(struct err *e, const char *verb, const char *path)
{
	const int code = errno;
	struct fs_space space;
	struct err ignored = ERR_INIT;

	if (code == EDQUOT) {
		(void)err_set(e, ERR_DISK,
		    "cannot %s %s: the disk quota of user %lu is used up", verb,
		    path, (unsigned long)geteuid());
	} else if (code == ENOSPC) {
		const char *what = "is full";
		const char *type = "its file system";

		if (fs_space(path, &space, &ignored) == 0) {
			type = space.type_name;
			if (space.free_inodes == 0)
				what = "has no free inodes";
		}
		(void)err_set(e, ERR_DISK,
		    "cannot %s %s: the file system (%s) %s", verb, path, type,
		    what);
	} else {
		errno = code;
		return err_errno(e, ERR_DISK, "cannot %s %s", verb, path);
	}
	e->os_code = code;
	return -1;
}
