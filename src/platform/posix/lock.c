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

/*
 * flock(2) cannot be asked who holds it, and taking it to find out makes a run
 * that starts in that moment believe that another one is at work.  An open file
 * description lock on the same descriptor can be asked.
 */
#ifdef F_OFD_GETLK
static const struct flock whole_file = { .l_type = F_WRLCK,
	.l_whence = SEEK_SET };

void lock_mark(struct file_lock *lock)
{
	struct flock mark = whole_file;

	(void)fcntl(lock->fd, F_OFD_SETLK, &mark);
}

static int ask(int fd, const char *path, bool *held, struct err *e)
{
	struct flock mark = whole_file;

	if (fcntl(fd, F_OFD_GETLK, &mark) == -1)
		return fs_error(e, "ask for the lock", path);
	*held = mark.l_type != F_UNLCK;
	return 0;
}
#else
void lock_mark(struct file_lock *lock)
{
	(void)lock;
}

static int ask(int fd, const char *path, bool *held, struct err *e)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		(void)flock(fd, LOCK_UN);
		return 0;
	}
	if (errno != EWOULDBLOCK)
		return fs_error(e, "ask for the lock", path);
	*held = true;
	return 0;
}
#endif

int lock_is_held(const char *path, bool *held, struct err *e)
{
	struct err why = ERR_INIT;
	int fd = -1, rc;

	*held = false;
	if (fs_open_read(path, &fd, &why) == -1) {
		if (why.os_code == ENOENT)
			return 0;
		*e = why;
		return -1;
	}
	rc = ask(fd, path, held, e);
	fs_close(&fd);
	return rc;
}

int lock_first_byte(const char *path, int *fd, struct err *e)
{
	struct flock byte = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 0,
		.l_len = 1 };

	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd == -1)
		return fs_error(e, "open", path);
	if (fcntl(*fd, F_SETLK, &byte) == 0)
		return 0;
	if (errno == EACCES || errno == EAGAIN)
		(void)err_set(e, ERR_BUSY, "%s is used by another process",
		    path);
	else
		(void)fs_error(e, "lock", path);
	fs_close(fd);
	return -1;
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
