/* fs.c - files and descriptors as promises. */
#include "platform/fs.h"
#include "platform/fs_temp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/fs.h>
#endif

#include "base/text.h"
#include "platform/posix/fs_error.h"

enum {
	TEMP_TRIES = 8,
	COPY_CHUNK_BYTES = 32 * 1024,
	READ_FIRST_BYTES = 4096,
	STAT_BLOCK_BYTES = 512 /* the unit of st_blocks, whatever the disk's */
};

static void fill_stat(const struct stat *s, struct fs_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->type = S_ISREG(s->st_mode) ? FS_FILE
	    : S_ISDIR(s->st_mode)      ? FS_DIR
	    : S_ISLNK(s->st_mode)      ? FS_LINK
				       : FS_OTHER;
	st->size = (uint64_t)s->st_size;
	st->allocated_bytes = (uint64_t)s->st_blocks * STAT_BLOCK_BYTES;
	st->device = (uint64_t)s->st_dev;
	st->inode = (uint64_t)s->st_ino;
	st->links = (uint64_t)s->st_nlink;
#ifdef __APPLE__
	st->mtime_s = s->st_mtimespec.tv_sec;
	st->mtime_ns = (int32_t)s->st_mtimespec.tv_nsec;
#else
	st->mtime_s = s->st_mtim.tv_sec;
	st->mtime_ns = (int32_t)s->st_mtim.tv_nsec;
#endif
	st->mode = (uint32_t)(s->st_mode & 07777);
	st->uid = (uint32_t)s->st_uid;
}

static int stat_at(const char *path, int flags, struct fs_stat *st,
    struct err *e)
{
	struct stat s;

	if (fstatat(AT_FDCWD, path, &s, flags) == 0) {
		fill_stat(&s, st);
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return fs_error(e, "examine", path);
	memset(st, 0, sizeof(*st));
	st->type = FS_ABSENT;
	return 0;
}

int fs_lstat(const char *path, struct fs_stat *st, struct err *e)
{
	return stat_at(path, AT_SYMLINK_NOFOLLOW, st, e);
}

int fs_stat(const char *path, struct fs_stat *st, struct err *e)
{
	return stat_at(path, 0, st, e);
}

int fs_fstat(int fd, struct fs_stat *st, struct err *e)
{
	struct stat s;

	if (fstat(fd, &s) == -1)
		return err_errno(e, ERR_DISK, "cannot examine an open file");
	fill_stat(&s, st);
	return 0;
}

/*
 * open(2) of a regular file and nothing else.  O_NONBLOCK keeps a FIFO that
 * somebody planted from holding us; it means nothing for regular files.
 */
static int open_regular(const char *path, int flags, unsigned mode,
    const char *verb, int *fd, struct err *e)
{
	struct stat st;
	int got;

	do {
		got = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		    (mode_t)mode);
	} while (got == -1 && errno == EINTR);
	if (got == -1) {
		if (errno != ELOOP || (flags & O_NOFOLLOW) == 0)
			return fs_error(e, verb, path);
		(void)err_set(e, ERR_DISK,
		    "cannot %s %s: it is a symbolic link", verb, path);
		e->os_code = ELOOP;
		return -1;
	}
	if (fstat(got, &st) == -1) {
		(void)fs_error(e, verb, path);
		fs_close(&got);
		return -1;
	}
	if (!S_ISREG(st.st_mode)) {
		fs_close(&got);
		(void)err_set(e, ERR_DISK,
		    "cannot %s %s: it is not a regular file", verb, path);
		e->os_code = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return -1;
	}
	*fd = got;
	return 0;
}

int fs_open_rw(const char *path, bool create, int *fd, struct err *e)
{
	if (create)
		return open_regular(path,
		    O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL, 0600, "create", fd,
		    e);
	return open_regular(path, O_RDWR | O_NOFOLLOW, 0, "open", fd, e);
}

int fs_open_read(const char *path, int *fd, struct err *e)
{
	return open_regular(path, O_RDONLY, 0, "open", fd, e);
}

void fs_close(int *fd)
{
	/* After EINTR the descriptor is gone on Linux: never again. */
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Everything from the descriptor's position to the end into *bytes. */
static int read_all(int fd, size_t hint, size_t max_bytes, const char *path,
    char **bytes, size_t *n, struct err *e)
{
	size_t cap = (hint < max_bytes ? hint : max_bytes) + 2, len = 0;
	char *buf = malloc(cap), *more;
	ssize_t got;

	if (buf == NULL)
		return err_nomem(e);
	for (;;) {
		got = read(fd, buf + len, cap - 1 - len);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1) {
			(void)fs_error(e, "read", path);
			goto fail;
		}
		if (got == 0)
			break;
		len += (size_t)got;
		if (len > max_bytes) {
			(void)err_set(e, ERR_DISK,
			    "%s is larger than the %zu bytes allowed", path,
			    max_bytes);
			e->os_code = EFBIG;
			goto fail;
		}
		if (len < cap - 1)
			continue;
		/* Longer than its stat said: it grows, or is of /proc. */
		cap = cap < max_bytes / 2 ? cap * 2 + READ_FIRST_BYTES
					  : max_bytes + 2;
		more = realloc(buf, cap);
		if (more == NULL) {
			(void)err_nomem(e);
			goto fail;
		}
		buf = more;
	}
	buf[len] = '\0';
	*bytes = buf;
	*n = len;
	return 0;
fail:
	free(buf);
	return -1;
}

int fs_read_file(const char *path, size_t max_bytes, char **bytes, size_t *n,
    struct err *e)
{
	struct stat st;
	int fd = -1, rc;

	if (max_bytes > SIZE_MAX / 4)
		max_bytes = SIZE_MAX / 4;
	if (open_regular(path, O_RDONLY, 0, "read", &fd, e) == -1)
		return -1;
	if (fstat(fd, &st) == -1)
		rc = fs_error(e, "read", path);
	else
		rc = read_all(fd, (size_t)st.st_size, max_bytes, path, bytes, n,
		    e);
	fs_close(&fd);
	return rc;
}

/* A new file under a random name; *temp is owned. */
static int create_temp(const char *path, const char *dir, unsigned mode,
    char **temp, int *fd, struct err *e)
{
	int tries;

	for (tries = 0; tries < TEMP_TRIES; tries++) {
		*temp = fs_temp_path(path, dir, e);
		if (*temp == NULL)
			return -1;
		if (open_regular(*temp, O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL,
			mode, "create", fd, e) == 0)
			return 0;
		free(*temp);
		*temp = NULL;
		if (e->os_code != EEXIST)
			return -1;
	}
	return -1;
}

/* fsync of the directory that holds `path`. */
static int sync_parent(const char *path, struct err *e)
{
	char *dir = fs_dirname(path);
	int rc;

	if (dir == NULL)
		return err_nomem(e);
	rc = fs_sync_dir(dir, e);
	free(dir);
	return rc;
}

int fs_write_file(const char *path, const char *tmp_dir, unsigned mode,
    const void *bytes, size_t n, struct err *e)
{
	char *temp = NULL;
	int fd = -1, rc = -1;

	if (create_temp(path, tmp_dir, mode, &temp, &fd, e) == -1)
		return -1;
	if (fs_pwrite(fd, bytes, n, 0, temp, e) == -1 ||
	    fs_sync(fd, temp, e) == -1)
		goto out;
	rc = close(fd);
	fd = -1;
	/* NFS and quotas may tell of a failed write as late as here. */
	if (rc == -1 && errno != EINTR) {
		(void)fs_error(e, "close", temp);
		goto out;
	}
	rc = fs_rename(temp, path, e);
	if (rc == 0) {
		free(temp);
		return sync_parent(path, e);
	}
out:
	fs_close(&fd);
	(void)unlink(temp);
	free(temp);
	return rc;
}

int fs_pwrite(int fd, const void *bytes, size_t n, uint64_t offset,
    const char *path, struct err *e)
{
	const char *p = bytes;

	if (offset > INT64_MAX || n > INT64_MAX - offset) {
		errno = EFBIG;
		return fs_error(e, "write", path);
	}
	while (n > 0) {
		ssize_t put = pwrite(fd, p, n, (off_t)offset);

		if (put == -1 && errno == EINTR)
			continue;
		if (put == 0)
			errno = EIO;
		if (put <= 0)
			return fs_error(e, "write", path);
		p += put;
		n -= (size_t)put;
		offset += (uint64_t)put;
	}
	return 0;
}

int fs_open_direct(const char *path, int fd)
{
#ifdef O_DIRECT
	struct stat st, same;
	int got = open(path,
	    O_RDWR | O_DIRECT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (got == -1)
		return -1;
	if (fstat(got, &st) == 0 && fstat(fd, &same) == 0 &&
	    st.st_dev == same.st_dev && st.st_ino == same.st_ino)
		return got;
	(void)close(got);
#else
	(void)path;
	(void)fd;
#endif
	return -1;
}

int fs_pwrite_direct(int direct_fd, const void *bytes, size_t n,
    uint64_t offset, const char *path, bool *refused, struct err *e)
{
	struct err why = ERR_INIT;

	*refused = false;
	if (fs_pwrite(direct_fd, bytes, n, offset, path, &why) == 0)
		return 0;
	if (why.os_code == EINVAL || why.os_code == EOPNOTSUPP) {
		*refused = true;
		return 0;
	}
	*e = why;
	return -1;
}

int fs_pread(int fd, void *bytes, size_t n, uint64_t offset, size_t *got,
    const char *path, struct err *e)
{
	char *p = bytes;
	size_t len = 0;

	if (offset > INT64_MAX || n > INT64_MAX - offset) {
		errno = EOVERFLOW;
		return fs_error(e, "read", path);
	}
	while (len < n) {
		ssize_t r = pread(fd, p + len, n - len, (off_t)(offset + len));

		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return fs_error(e, "read", path);
		if (r == 0)
			break;
		len += (size_t)r;
	}
	*got = len;
	return 0;
}

int fs_sync_data(int fd, const char *path, struct err *e)
{
	int rc;

	do {
#ifdef __APPLE__
		rc = fcntl(fd, F_FULLFSYNC);
#else
		rc = fdatasync(fd);
#endif
	} while (rc == -1 && errno == EINTR);
	return rc == 0 ? 0 : fs_error(e, "sync", path);
}

int fs_sync(int fd, const char *path, struct err *e)
{
	int rc;

	do {
#ifdef __APPLE__
		rc = fcntl(fd, F_FULLFSYNC);
#else
		rc = fsync(fd);
#endif
	} while (rc == -1 && errno == EINTR);
	return rc == 0 ? 0 : fs_error(e, "sync", path);
}

int fs_sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = 0;

	if (fd == -1)
		return fs_error(e, "open the directory", dir);
	/* Some network file systems do not know this call and need none. */
	if (fsync(fd) == -1 && errno != EINVAL && errno != ENOTSUP)
		rc = fs_error(e, "sync the directory", dir);
	fs_close(&fd);
	return rc;
}

void fs_start_writeback(int fd, uint64_t offset, uint64_t n)
{
#ifdef SYNC_FILE_RANGE_WRITE
	const int code = errno;

	if (offset <= INT64_MAX && n <= INT64_MAX - offset)
		(void)sync_file_range(fd, (off_t)offset, (off_t)n,
		    SYNC_FILE_RANGE_WRITE);
	errno = code;
#else
	(void)fd;
	(void)offset;
	(void)n;
#endif
}

void fs_drop_cache(int fd, uint64_t offset, uint64_t n)
{
#ifdef POSIX_FADV_DONTNEED
	if (offset <= INT64_MAX && n <= INT64_MAX - offset)
		(void)posix_fadvise(fd, (off_t)offset, (off_t)n,
		    POSIX_FADV_DONTNEED);
#else
	(void)fd;
	(void)offset;
	(void)n;
#endif
}

void fs_leave_holes(int fd)
{
	(void)fd; /* they all do */
}

int fs_reserve(int fd, uint64_t size, const char *path, struct err *e)
{
	if (size == 0)
		return 0;
	if (size > INT64_MAX) {
		errno = EFBIG;
		return fs_error(e, "reserve space for", path);
	}
#ifdef FALLOC_FL_KEEP_SIZE
	{
		int rc;

		/* Not posix_fallocate: glibc writes zeros where it cannot. */
		do {
			rc = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
		} while (rc == -1 && errno == EINTR);
		if (rc == -1 && errno != EOPNOTSUPP && errno != ENOSYS)
			return fs_error(e, "reserve space for", path);
	}
#else
	(void)fd;
#endif
	return 0;
}

int fs_truncate(int fd, uint64_t size, const char *path, struct err *e)
{
	int rc;

	if (size > INT64_MAX) {
		errno = EFBIG;
		return fs_error(e, "set the size of", path);
	}
	do {
		rc = ftruncate(fd, (off_t)size);
	} while (rc == -1 && errno == EINTR);
	return rc == 0 ? 0 : fs_error(e, "set the size of", path);
}

FILE *fs_append(const char *path, struct err *e)
{
	FILE *stream = fopen(path, "abe");

	if (stream == NULL)
		(void)fs_error(e, "write", path);
	else
		(void)setvbuf(stream, NULL, _IONBF, 0);
	return stream;
}

/*
 * The process's umask.  umask(2) can only tell it by changing it, which
 * another thread's new file could meet; Linux also says it in /proc.
 */
static mode_t read_umask(void)
{
	char line[256];
	FILE *status = fopen("/proc/self/status", "re");
	bool found = false;
	mode_t mask = 0;

	while (!found && status != NULL &&
	    fgets(line, sizeof(line), status) != NULL) {
		found = text_starts(line, "Umask:");
		if (found) /* octal, after a tab */
			mask = (mode_t)(strtoul(line + 6, NULL, 8) & 0777);
	}
	if (status != NULL)
		(void)fclose(status);
	if (!found) {
		mask = umask(077);
		(void)umask(mask);
	}
	return mask;
}

int fs_chmod_umask(int fd, unsigned mode, const char *path, struct err *e)
{
	if (fchmod(fd, (mode_t)mode & ~read_umask()) == 0)
		return 0;
	return fs_error(e, "set the mode of", path);
}

/* As much as the kernel can copy by itself; never fails. */
static void copy_in_kernel(int from, int to)
{
#ifdef FICLONE
	if (ioctl(to, FICLONE, from) == 0) {
		(void)lseek(from, 0, SEEK_END);
		(void)lseek(to, 0, SEEK_END);
		return;
	}
#endif
#ifdef __linux__
	while (copy_file_range(from, NULL, to, NULL, 1U << 30, 0) > 0)
		;
#else
	(void)from;
	(void)to;
#endif
}

/* From the descriptors' positions to the end. */
static int copy_rest(int from, int to, const char *from_path,
    const char *to_path, struct err *e)
{
	char buf[COPY_CHUNK_BYTES];
	const char *p;
	ssize_t got, put;

	for (;;) {
		got = read(from, buf, sizeof(buf));
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return fs_error(e, "read", from_path);
		if (got == 0)
			return 0;
		for (p = buf; got > 0; p += put, got -= put) {
			put = write(to, p, (size_t)got);
			if (put == -1 && errno == EINTR)
				put = 0;
			else if (put == -1)
				return fs_error(e, "write", to_path);
		}
	}
}

int fs_copy_file(const char *from, const char *to, unsigned mode, struct err *e)
{
	int in = -1, out_fd = -1, rc;

	if (open_regular(from, O_RDONLY, 0, "read", &in, e) == -1)
		return -1;
	rc = open_regular(to, O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL, mode,
	    "create", &out_fd, e);
	if (rc == 0) {
		copy_in_kernel(in, out_fd);
		/* Also proves the end: some kernels stop early. */
		rc = copy_rest(in, out_fd, from, to, e);
		if (rc == 0)
			rc = fs_sync(out_fd, to, e);
		if (rc == -1)
			(void)unlink(to);
	}
	fs_close(&out_fd);
	fs_close(&in);
	return rc;
}
