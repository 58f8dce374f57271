/* lock.c - flock(2). */
#include "platform/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/fs.h"
#include "platform/posix/fs_error.h"

enum { TRIES = 10 };

/* true if the path still names the file that we hold. */
static bool is_current(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && lstat(path, &named) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

static int open_lock(const char *path, unsigned mode, int *fd, struct err *e)
{
	struct stat st;
	int got;

	/* O_NONBLOCK: a FIFO in its place must not hold us. */
	do {
		got = open(path,
		    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK |
			O_NOCTTY,
		    (mode_t)mode);
	} while (got == -1 && errno == EINTR);
	if (got == -1)
		return fs_error(e, "open the lock", path);
	if (fstat(got, &st) == -1 || !S_ISREG(st.st_mode)) {
		fs_close(&got);
		return err_set(e, ERR_DISK,
		    "cannot lock %s: it is not a regular file", path);
	}
	*fd = got;
	return 0;
}

int lock_try(struct file_lock *lock, const char *path, unsigned mode,
    struct err *e)
{
	int fd = -1, rc, tries;

	for (tries = 0; tries < TRIES; tries++) {
		if (open_lock(path, mode, &fd, e) == -1)
			return -1;
		do {
			rc = flock(fd, LOCK_EX | LOCK_NB);
		} while (rc == -1 && errno == EINTR);
		if (rc == -1 && errno == EWOULDBLOCK)
			(void)err_set(e, ERR_BUSY,
			    "%s is locked by another program", path);
		else if (rc == -1)
			(void)fs_error(e, "lock", path);
		if (rc == 0 && is_current(fd, path)) {
			lock->fd = fd;
			return 0;
		}
		fs_close(&fd);
		if (rc == -1)
			return -1;
	}
	return err_set(e, ERR_BUSY,
	    "%s was replaced %d times while it was being locked", path, TRIES);
}

void lock_release(struct file_lock *lock)
{
	/* Not only close: a child may have the descriptor too. */
	if (lock->fd != -1)
		(void)flock(lock->fd, LOCK_UN);
	fs_close(&lock->fd);
}

int lock_write(struct file_lock *lock, const char *text, struct err *e)
{
	const size_t n = strlen(text);

	/* In this order a reader never finds it empty. */
	if (fs_pwrite(lock->fd, text, n, 0, "the lock file", e) == -1)
		return -1;
	return fs_truncate(lock->fd, n, "the lock file", e);
}
