/*
 * lock.c - LockFileEx.
 *
 * The official client locks the first byte of the file, and Windows lets nobody
 * read what is locked.  So we lock two bytes: the first, and one far behind every
 * file's end, which keeps our own programs apart also after lock_write has given
 * the first one up so that others can read its text.
 */
#include "platform/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "platform/fs.h"
#include "platform/win32/handle.h"
#include "platform/win32/wide.h"

enum { TRIES = 10, PENDING_TRIES = 20, PENDING_MS = 10 };

#define BYTE_FIRST UINT64_C(0)
#define BYTE_OURS (UINT64_C(1) << 62)
#define BYTE_MARK (BYTE_OURS + 1)

static BOOL lock_byte(int fd, uint64_t byte, DWORD flags)
{
	OVERLAPPED at = { .hEvent = NULL };

	at.Offset = (DWORD)byte;
	at.OffsetHigh = (DWORD)(byte >> 32);
	return LockFileEx(handle_of(fd), flags, 0, 1, 0, &at);
}

static BOOL try_byte(int fd, uint64_t byte)
{
	return lock_byte(fd, byte,
	    LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY);
}

static void unlock_byte(int fd, uint64_t byte)
{
	OVERLAPPED at = { .hEvent = NULL };

	at.Offset = (DWORD)byte;
	at.OffsetHigh = (DWORD)(byte >> 32);
	(void)UnlockFileEx(handle_of(fd), 0, 1, 0, &at);
}

/* Somebody else's lock, as LockFileEx tells of it. */
static bool is_taken(DWORD code)
{
	return code == ERROR_LOCK_VIOLATION || code == ERROR_IO_PENDING;
}

/* true if the path still names the file that we hold. */
static bool is_current(int fd, const char *path)
{
	struct fs_stat held, named;
	struct err ignored = ERR_INIT;

	return fs_fstat(fd, &held, &ignored) == 0 &&
	    fs_lstat(path, &named, &ignored) == 0 &&
	    held.device == named.device && held.inode == named.inode;
}

static int open_lock(const char *path, int *fd, struct err *e)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;
	struct fs_stat st;
	int tries = 0;

	if (wide != NULL)
		/* A file that its last user is about to delete says no. */
		while ((h = handle_open(wide, GENERIC_READ | GENERIC_WRITE,
			    OPEN_ALWAYS, FILE_FLAG_OPEN_REPARSE_POINT)) ==
			INVALID_HANDLE_VALUE &&
		    (GetLastError() == ERROR_ACCESS_DENIED ||
			GetLastError() == ERROR_SHARING_VIOLATION) &&
		    tries++ < PENDING_TRIES)
			Sleep(PENDING_MS);
	free(wide);
	if (h == INVALID_HANDLE_VALUE)
		return wide_error(e, "open the lock", path);
	if (handle_stat(h, &st) == -1 || st.type != FS_FILE) {
		(void)CloseHandle(h);
		return err_set(e, ERR_DISK,
		    "cannot lock %s: it is not a regular file", path);
	}
	*fd = _open_osfhandle((intptr_t)h, _O_BINARY | _O_NOINHERIT | _O_RDWR);
	if (*fd != -1)
		return 0;
	(void)CloseHandle(h);
	return err_errno(e, ERR_DISK, "cannot lock %s", path);
}

/* Both bytes or none. */
static int take(int fd, const char *path, struct err *e)
{
	DWORD code;

	if (try_byte(fd, BYTE_OURS)) {
		if (try_byte(fd, BYTE_FIRST))
			return 0;
		code = GetLastError();
		unlock_byte(fd, BYTE_OURS);
		SetLastError(code);
	}
	if (is_taken(GetLastError()))
		return err_set(e, ERR_BUSY, "%s is locked by another program",
		    path);
	return wide_error(e, "lock", path);
}

int lock_try(struct file_lock *lock, const char *path, unsigned mode,
    struct err *e)
{
	int fd = -1, rc, tries;

	(void)mode; /* the folder's ACL says who may */
	for (tries = 0; tries < TRIES; tries++) {
		if (open_lock(path, &fd, e) == -1)
			return -1;
		rc = take(fd, path, e);
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

void lock_mark(struct file_lock *lock)
{
	/* Who looks has it for a moment: wait. */
	(void)lock_byte(lock->fd, BYTE_MARK, LOCKFILE_EXCLUSIVE_LOCK);
}

int lock_is_held(const char *path, bool *held, struct err *e)
{
	struct err why = ERR_INIT;
	struct fs_stat st;
	int fd = -1;

	*held = false;
	if (fs_lstat(path, &st, e) == -1)
		return -1;
	if (st.type == FS_ABSENT)
		return 0;
	if (fs_open_read(path, &fd, &why) == -1) {
		if (why.os_code == ENOENT) /* it has just been removed */
			return 0;
		*e = why;
		return -1;
	}
	/* A share of it: two that look must not take each other for a run. */
	if (lock_byte(fd, BYTE_MARK, LOCKFILE_FAIL_IMMEDIATELY))
		unlock_byte(fd, BYTE_MARK);
	else
		*held = is_taken(GetLastError());
	fs_close(&fd);
	return 0;
}

int lock_first_byte(const char *path, int *fd, struct err *e)
{
	if (open_lock(path, fd, e) == -1)
		return -1;
	if (try_byte(*fd, BYTE_FIRST))
		return 0;
	if (is_taken(GetLastError()))
		(void)err_set(e, ERR_BUSY, "%s is used by another process",
		    path);
	else
		(void)wide_error(e, "lock", path);
	fs_close(fd);
	return -1;
}

void lock_release(struct file_lock *lock)
{
	if (lock->fd != -1) {
		/* Closing does that too, but "at some time", says the manual. */
		unlock_byte(lock->fd, BYTE_MARK);
		unlock_byte(lock->fd, BYTE_FIRST);
		unlock_byte(lock->fd, BYTE_OURS);
	}
	fs_close(&lock->fd);
}

int lock_write(struct file_lock *lock, const char *text, struct err *e)
{
	const size_t n = strlen(text);

	/* In this order a reader never finds it empty. */
	if (fs_pwrite(lock->fd, text, n, 0, "the lock file", e) == -1 ||
	    fs_truncate(lock->fd, n, "the lock file", e) == -1)
		return -1;
	unlock_byte(lock->fd, BYTE_FIRST);
	return 0;
}
