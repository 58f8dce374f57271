/*
 * lock.h - advisory whole-file locks that die with their owner (flock(2), the
 * same that the official Python client uses).
 */
#ifndef HFCRON_PLATFORM_LOCK_H
#define HFCRON_PLATFORM_LOCK_H

#include <stdbool.h>

#include "base/err.h"

struct file_lock {
	int fd; /* -1: not held */
};

#define FILE_LOCK_INIT \
	{              \
		-1     \
	}

/*
 * Open (create with `mode` less umask, O_CLOEXEC|O_NOFOLLOW) and lock without
 * waiting.  ERR_BUSY if another holds it.  Some lock libraries delete the
 * file on release: after locking, the path is compared with the descriptor
 * and the whole is tried again (at most 10 times) if they differ.
 * Other failures: ERR_DISK with the path.
 */
int lock_try(struct file_lock *lock, const char *path, unsigned mode,
    struct err *e);
/*
 * Let lock_is_held see it.  Where the system has no such mark that does nothing,
 * and lock_is_held takes the lock for a moment instead.
 */
void lock_mark(struct file_lock *lock);
/*
 * Does somebody hold the lock at `path`, and has marked it?  Looks only: a
 * lock_try at the same time is not disturbed.  *held false if there is no such
 * file.  0, or -1 with ERR_DISK.
 */
int lock_is_held(const char *path, bool *held, struct err *e);

/*
 * Take the first byte of the file at `path` (made with mode 0600) for ourselves
 * alone: the one that every process with an LMDB environment open holds a share
 * of, if the file is LMDB's.  *fd is the caller's; closing it gives the byte up.
 * ERR_BUSY if anybody has it; other failures: ERR_DISK.
 */
int lock_first_byte(const char *path, int *fd, struct err *e);

/* Legal on a lock that is not held.  The file stays. */
void lock_release(struct file_lock *lock);

/* Replace the file's content by `text` (owner's pid, start time). */
int lock_write(struct file_lock *lock, const char *text, struct err *e);

#endif
