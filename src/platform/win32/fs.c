/* fs.c - files and descriptors as promises. */
#include "platform/fs.h"
#include "platform/fs_temp.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <winioctl.h>

#include "base/text.h"
#include "platform/win32/handle.h"
#include "platform/win32/wide.h"

enum {
	TEMP_TRIES = 8,
	COPY_CHUNK_BYTES = 256 * 1024,
	CALL_BYTES_MAX = 1 << 30
};

/* Wine opens what a link to a folder leads to, whatever the flags are; what it
 * says of the name is right. */
static bool is_link_by_name(const wchar_t *path, HANDLE h)
{
	BY_HANDLE_FILE_INFORMATION opened;
	const DWORD named = GetFileAttributesW(path);

	return named != INVALID_FILE_ATTRIBUTES &&
	    (named & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
	    GetFileInformationByHandle(h, &opened) &&
	    (opened.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;
}

static int stat_path(const char *path, DWORD flags, struct fs_stat *st,
    struct err *e)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;
	int rc = -1, tries = 0;

	if (wide != NULL)
		do
			h = handle_open(wide, FILE_READ_ATTRIBUTES,
			    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS | flags);
		while (h == INVALID_HANDLE_VALUE &&
		    GetLastError() == ERROR_SHARING_VIOLATION &&
		    handle_wait_if_busy(tries++));
	if (h != INVALID_HANDLE_VALUE) {
		rc = handle_stat(h, st);
		if (rc == -1)
			(void)wide_error(e, "examine", path);
		else if (flags != 0 && st->type == FS_DIR &&
		    is_link_by_name(wide, h))
			st->type = FS_LINK;
		(void)CloseHandle(h);
	} else if (wide_errno(GetLastError()) == ENOENT) {
		memset(st, 0, sizeof(*st));
		st->type = FS_ABSENT;
		rc = 0;
	} else {
		(void)wide_error(e, "examine", path);
	}
	free(wide);
	return rc;
}

int fs_lstat(const char *path, struct fs_stat *st, struct err *e)
{
	return stat_path(path, FILE_FLAG_OPEN_REPARSE_POINT, st, e);
}

int fs_stat(const char *path, struct fs_stat *st, struct err *e)
{
	return stat_path(path, 0, st, e);
}

int fs_fstat(int fd, struct fs_stat *st, struct err *e)
{
	if (handle_stat(handle_of(fd), st) == 0)
		return 0;
	return wide_error_text(e, ERR_DISK, GetLastError(),
	    "cannot examine an open file");
}

/* A regular file and nothing else; *h is the caller's. */
static int check_regular(HANDLE h, const char *path, const char *verb,
    struct err *e)
{
	struct fs_stat st;

	if (handle_stat(h, &st) == -1)
		return wide_error(e, verb, path);
	if (st.type == FS_FILE)
		return 0;
	(void)err_set(e, ERR_DISK, "cannot %s %s: it is %s", verb, path,
	    st.type == FS_LINK ? "a symbolic link" : "not a regular file");
	e->os_code = st.type == FS_LINK ? ELOOP
	    : st.type == FS_DIR		? EISDIR
					: EINVAL;
	return -1;
}

/* A folder opens with backup semantics only, and says "access denied". */
static DWORD open_flags(bool follow)
{
	return FILE_FLAG_BACKUP_SEMANTICS |
	    (follow ? 0 : FILE_FLAG_OPEN_REPARSE_POINT);
}

static int open_regular(const char *path, DWORD access, DWORD disposition,
    bool follow, const char *verb, int *fd, struct err *e)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;
	int tries = 0;

	if (wide != NULL)
		do
			h = handle_open(wide, access, disposition,
			    open_flags(follow));
		while (h == INVALID_HANDLE_VALUE &&
		    GetLastError() == ERROR_SHARING_VIOLATION &&
		    handle_wait_if_busy(tries++));
	if (h == INVALID_HANDLE_VALUE) {
		(void)wide_error(e, verb, path);
		free(wide);
		return -1;
	}
	free(wide);
	if (check_regular(h, path, verb, e) == -1) {
		(void)CloseHandle(h);
		return -1;
	}
	*fd = _open_osfhandle((intptr_t)h,
	    _O_BINARY | _O_NOINHERIT |
		((access & GENERIC_WRITE) != 0 ? _O_RDWR : _O_RDONLY));
	if (*fd != -1)
		return 0;
	(void)CloseHandle(h);
	return err_errno(e, ERR_DISK, "cannot %s %s", verb, path);
}

int fs_open_rw(const char *path, bool create, int *fd, struct err *e)
{
	return open_regular(path, GENERIC_READ | GENERIC_WRITE,
	    create ? CREATE_NEW : OPEN_EXISTING, false,
	    create ? "create" : "open", fd, e);
}

int fs_open_read(const char *path, int *fd, struct err *e)
{
	return open_regular(path, GENERIC_READ, OPEN_EXISTING, true, "open", fd,
	    e);
}

void fs_close(int *fd)
{
	if (*fd != -1)
		(void)_close(*fd);
	*fd = -1;
}

int fs_read_file(const char *path, size_t max_bytes, char **bytes, size_t *n,
    struct err *e)
{
	struct fs_stat st;
	int fd = -1, rc = -1;
	char *buf;

	if (open_regular(path, GENERIC_READ, OPEN_EXISTING, true, "read", &fd,
		e) == -1)
		return -1;
	if (fs_fstat(fd, &st, e) == -1)
		goto out;
	if (st.size > max_bytes) {
		(void)err_set(e, ERR_DISK,
		    "%s is larger than the %zu bytes allowed", path, max_bytes);
		e->os_code = EFBIG;
		goto out;
	}
	buf = malloc((size_t)st.size + 1);
	if (buf == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	rc = fs_pread(fd, buf, (size_t)st.size, 0, n, path, e);
	if (rc == 0) {
		buf[*n] = '\0';
		*bytes = buf;
	} else {
		free(buf);
	}
out:
	fs_close(&fd);
	return rc;
}

/* A new file under a random name; *temp is owned. */
static int create_temp(const char *path, const char *dir, char **temp, int *fd,
    struct err *e)
{
	int tries;

	for (tries = 0; tries < TEMP_TRIES; tries++) {
		*temp = fs_temp_path(path, dir, e);
		if (*temp == NULL)
			return -1;
		if (fs_open_rw(*temp, true, fd, e) == 0)
			return 0;
		free(*temp);
		*temp = NULL;
		if (e->os_code != EEXIST)
			return -1;
	}
	return -1;
}

int fs_write_file(const char *path, const char *tmp_dir, unsigned mode,
    const void *bytes, size_t n, struct err *e)
{
	struct err ignored = ERR_INIT;
	char *temp = NULL, *dir;
	int fd = -1, rc = -1;

	(void)mode; /* the folder's ACL says who may */
	if (create_temp(path, tmp_dir, &temp, &fd, e) == -1)
		return -1;
	if (fs_pwrite(fd, bytes, n, 0, temp, e) == 0 &&
	    fs_sync(fd, temp, e) == 0)
		rc = 0;
	fs_close(&fd);
	if (rc == 0)
		rc = fs_rename(temp, path, e);
	if (rc == -1)
		(void)fs_unlink(temp, &ignored);
	free(temp);
	if (rc == -1)
		return -1;
	dir = fs_dirname(path);
	rc = dir == NULL ? err_nomem(e) : fs_sync_dir(dir, e);
	free(dir);
	return rc;
}

static OVERLAPPED at_offset(uint64_t offset)
{
	OVERLAPPED at = { .hEvent = NULL };

	at.Offset = (DWORD)offset;
	at.OffsetHigh = (DWORD)(offset >> 32);
	return at;
}

int fs_pwrite(int fd, const void *bytes, size_t n, uint64_t offset,
    const char *path, struct err *e)
{
	const char *p = bytes;

	if (offset > INT64_MAX || n > INT64_MAX - offset) {
		SetLastError(ERROR_FILE_TOO_LARGE);
		return wide_error(e, "write", path);
	}
	while (n > 0) {
		OVERLAPPED at = at_offset(offset);
		DWORD part = n < CALL_BYTES_MAX ? (DWORD)n : CALL_BYTES_MAX;
		DWORD put = 0;

		if (!WriteFile(handle_of(fd), p, part, &put, &at) || put == 0)
			return wide_error(e, "write", path);
		p += put;
		n -= put;
		offset += put;
	}
	return 0;
}

int fs_open_direct(const char *path, int fd)
{
	/* FILE_FLAG_NO_BUFFERING would do, but extending a file that way is
	 * synchronous on NTFS: slower than the cache it saves. */
	(void)path;
	(void)fd;
	return -1;
}

int fs_pwrite_direct(int direct_fd, const void *bytes, size_t n,
    uint64_t offset, const char *path, bool *refused, struct err *e)
{
	(void)direct_fd;
	(void)bytes;
	(void)n;
	(void)offset;
	(void)path;
	(void)e;
	*refused = true;
	return 0;
}

int fs_pread(int fd, void *bytes, size_t n, uint64_t offset, size_t *got,
    const char *path, struct err *e)
{
	char *p = bytes;
	size_t len = 0;

	if (offset > INT64_MAX || n > INT64_MAX - offset) {
		SetLastError(ERROR_FILE_TOO_LARGE);
		return wide_error(e, "read", path);
	}
	while (len < n) {
		OVERLAPPED at = at_offset(offset + len);
		DWORD part = n - len < CALL_BYTES_MAX ? (DWORD)(n - len)
						      : CALL_BYTES_MAX;
		DWORD r = 0;

		if (!ReadFile(handle_of(fd), p + len, part, &r, &at) &&
		    GetLastError() != ERROR_HANDLE_EOF)
			return wide_error(e, "read", path);
		if (r == 0)
			break;
		len += r;
	}
	*got = len;
	return 0;
}

int fs_sync_data(int fd, const char *path, struct err *e)
{
	return fs_sync(fd, path, e);
}

/* Flushing is a right of writers; who has opened it for reading only goes by its
 * name, if that is still the same file. */
static BOOL sync_by_name(int fd, const char *path)
{
	wchar_t *wide = wide_path(path);
	struct fs_stat mine, named;
	HANDLE h = INVALID_HANDLE_VALUE;
	BOOL done = FALSE;

	if (wide != NULL)
		h = handle_open(wide, GENERIC_WRITE, OPEN_EXISTING, 0);
	free(wide);
	if (h == INVALID_HANDLE_VALUE)
		return FALSE;
	if (handle_stat(handle_of(fd), &mine) == 0 &&
	    handle_stat(h, &named) == 0 && mine.inode == named.inode &&
	    mine.device == named.device)
		done = FlushFileBuffers(h);
	else
		SetLastError(ERROR_FILE_NOT_FOUND);
	if (!CloseHandle(h))
		return FALSE;
	return done;
}

int fs_sync(int fd, const char *path, struct err *e)
{
	if (FlushFileBuffers(handle_of(fd)) ||
	    (GetLastError() == ERROR_ACCESS_DENIED && sync_by_name(fd, path)))
		return 0;
	return wide_error(e, "sync", path);
}

int fs_sync_dir(const char *dir, struct err *e)
{
	wchar_t *wide = wide_path(dir);
	HANDLE h = INVALID_HANDLE_VALUE;
	int rc = 0;

	if (wide != NULL)
		h = handle_open(wide, FILE_LIST_DIRECTORY | FILE_ADD_FILE,
		    OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS);
	if (h == INVALID_HANDLE_VALUE && wide_errno(GetLastError()) == ENOENT)
		rc = wide_error(e, "open the directory", dir);
	/* NTFS logs names by itself; where a folder cannot be flushed there is
	 * nothing more to be had. */
	if (h != INVALID_HANDLE_VALUE) {
		(void)FlushFileBuffers(h);
		(void)CloseHandle(h);
	}
	free(wide);
	return rc;
}

void fs_start_writeback(int fd, uint64_t offset, uint64_t n)
{
	/* The system begins by itself, a second later. */
	(void)fd;
	(void)offset;
	(void)n;
}

void fs_drop_cache(int fd, uint64_t offset, uint64_t n)
{
	(void)fd;
	(void)offset;
	(void)n;
}

void fs_leave_holes(int fd)
{
	DWORD n;

	/* FAT and some network shares cannot: then zeros it is. */
	(void)DeviceIoControl(handle_of(fd), FSCTL_SET_SPARSE, NULL, 0, NULL, 0,
	    &n, NULL);
}

static bool has_holes(HANDLE h)
{
	BY_HANDLE_FILE_INFORMATION info;

	return GetFileInformationByHandle(h, &info) &&
	    (info.dwFileAttributes & FILE_ATTRIBUTE_SPARSE_FILE) != 0;
}

int fs_reserve(int fd, uint64_t size, const char *path, struct err *e)
{
	FILE_ALLOCATION_INFO info;
	struct fs_stat st;

	if (size == 0)
		return 0;
	if (size > INT64_MAX) {
		SetLastError(ERROR_FILE_TOO_LARGE);
		return wide_error(e, "reserve space for", path);
	}
	/* Less than the file has would cut it off. */
	if (fs_fstat(fd, &st, e) == -1)
		return -1;
	/* Of what may have holes nothing can be reserved. */
	if (st.size >= size || has_holes(handle_of(fd)))
		return 0;
	info.AllocationSize.QuadPart = (LONGLONG)size;
	if (!SetFileInformationByHandle(handle_of(fd), FileAllocationInfo,
		&info, sizeof(info)) &&
	    wide_errno(GetLastError()) == ENOSPC)
		return wide_error(e, "reserve space for", path);
	return 0;
}

int fs_truncate(int fd, uint64_t size, const char *path, struct err *e)
{
	FILE_END_OF_FILE_INFO info;

	if (size > INT64_MAX) {
		SetLastError(ERROR_FILE_TOO_LARGE);
		return wide_error(e, "set the size of", path);
	}
	info.EndOfFile.QuadPart = (LONGLONG)size;
	if (SetFileInformationByHandle(handle_of(fd), FileEndOfFileInfo, &info,
		sizeof(info)))
		return 0;
	return wide_error(e, "set the size of", path);
}

FILE *fs_append(const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = INVALID_HANDLE_VALUE;
	FILE *stream = NULL;
	int fd = -1;

	/* Not _wfopen: it would keep others from renaming the file. */
	if (wide != NULL)
		h = handle_open(wide, FILE_APPEND_DATA | SYNCHRONIZE,
		    OPEN_ALWAYS, 0);
	free(wide);
	if (h == INVALID_HANDLE_VALUE) {
		(void)wide_error(e, "write", path);
		return NULL;
	}
	fd = _open_osfhandle((intptr_t)h,
	    _O_BINARY | _O_NOINHERIT | _O_APPEND | _O_WRONLY);
	if (fd != -1)
		stream = _fdopen(fd, "ab");
	if (stream != NULL) {
		(void)setvbuf(stream, NULL, _IONBF, 0);
		return stream;
	}
	(void)err_errno(e, ERR_DISK, "cannot write %s", path);
	if (fd != -1)
		fs_close(&fd);
	else
		(void)CloseHandle(h);
	return NULL;
}

int fs_chmod_umask(int fd, unsigned mode, const char *path, struct err *e)
{
	/* The folder's ACL says who may; there is no mask to heed. */
	(void)fd;
	(void)mode;
	(void)path;
	(void)e;
	return 0;
}

/* All of `in` to the end of `out`. */
static int copy_all(int in, int out, const char *from, const char *to,
    struct err *e)
{
	char *buf = malloc(COPY_CHUNK_BYTES);
	uint64_t offset = 0;
	size_t got = 0;
	int rc = 0;

	if (buf == NULL)
		return err_nomem(e);
	do {
		rc = fs_pread(in, buf, COPY_CHUNK_BYTES, offset, &got, from, e);
		if (rc == 0)
			rc = fs_pwrite(out, buf, got, offset, to, e);
		offset += got;
	} while (rc == 0 && got == COPY_CHUNK_BYTES);
	free(buf);
	return rc;
}

int fs_copy_file(const char *from, const char *to, unsigned mode, struct err *e)
{
	struct err ignored = ERR_INIT;
	int in = -1, out = -1, rc = -1;

	(void)mode;
	if (open_regular(from, GENERIC_READ, OPEN_EXISTING, true, "read", &in,
		e) == -1)
		return -1;
	if (fs_open_rw(to, true, &out, e) == 0) {
		rc = copy_all(in, out, from, to, e);
		if (rc == 0)
			rc = fs_sync(out, to, e);
		fs_close(&out);
		if (rc == -1)
			(void)fs_unlink(to, &ignored);
	}
	fs_close(&in);
	return rc;
}
