/*
 * fs.h - the file system as promises, not calls.
 *
 * Paths are UTF-8.  Descriptors are close-on-exec.  Failures are ERR_DISK
 * with errno in os_code and the path in the text, unless said otherwise.
 * ENOSPC and EDQUOT texts say what is full.
 */
#ifndef HFCRON_PLATFORM_FS_H
#define HFCRON_PLATFORM_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum fs_type { FS_ABSENT, FS_FILE, FS_DIR, FS_LINK, FS_OTHER };

struct fs_stat {
	enum fs_type type;
	uint64_t size;
	uint64_t allocated_bytes; /* on disk */
	uint64_t device, inode, links;
	int64_t mtime_s;
	int32_t mtime_ns;
	uint32_t mode; /* permission bits */
	uint32_t uid;
};

/* lstat; an absent path is success with type FS_ABSENT. */
int fs_lstat(const char *path, struct fs_stat *st, struct err *e);
/* stat, following links; a dangling link is FS_ABSENT. */
int fs_stat(const char *path, struct fs_stat *st, struct err *e);
int fs_fstat(int fd, struct fs_stat *st, struct err *e);

/* "a" + "/" + "b"; b absolute -> copy of b.  Returns owned, NULL: no memory. */
char *fs_join(const char *dir, const char *name);
/* Owned directory part ("." if none). */
char *fs_dirname(const char *path);
/* Borrowed last component. */
const char *fs_basename(const char *path);
bool fs_is_absolute(const char *path);
/* Bytes of an absolute path that are its root ("/", "C:/", "//server/share/");
 * 0 of a relative one. */
size_t fs_root_length(const char *path);
/* The byte that stands for `c` when two names are compared: the small letter
 * where the system takes "A" and "a" for the same (ASCII only), else `c`. */
char fs_fold(char c);
/* Are file names restricted as Windows restricts them (devices, ":", a dot at
 * the end)? */
bool fs_names_are_windows(void);
/* The path as all others here: "/" between its parts, whatever the system also
 * takes.  Returns owned (free), NULL: no memory. */
char *fs_from_native(const char *path);
/* Owned absolute path, links resolved where it exists; the part that does
 * not exist is kept.  NULL with *e. */
char *fs_realpath(const char *path, struct err *e);

/* mkdir -p with `mode` less umask; existing directories are fine.  The
 * entries of new directories are synced, here and in the next one. */
int fs_mkdirs(const char *path, unsigned mode, struct err *e);

/*
 * Make the directories of relative path `rel` (its last component excluded)
 * under `root`, component by component without following links below root:
 * a symbolic link or a non-directory in the way is ERR_PERMANENT naming it.
 */
int fs_mkdirs_beneath(const char *root, const char *rel, unsigned mode,
    struct err *e);

/*
 * Read a regular file of at most max_bytes (a FIFO or device is refused and
 * does not block).  *bytes is owned (free) and terminated; absent file:
 * ERR_DISK with os_code ENOENT; too large: ERR_DISK with os_code EFBIG.
 */
int fs_read_file(const char *path, size_t max_bytes, char **bytes, size_t *n,
    struct err *e);

/*
 * Atomic and durable: temporary file beside it (".<name>.<random>.tmp", or
 * in tmp_dir if not NULL, same file system), write, fsync, rename, fsync of
 * the directory.  mode less umask.
 */
int fs_write_file(const char *path, const char *tmp_dir, unsigned mode,
    const void *bytes, size_t n, struct err *e);

/* Open for reading and writing, O_NOFOLLOW.  `create`: O_CREAT|O_EXCL with
 * mode 0600.  *fd is the caller's (fs_close).  Both opens refuse what is no
 * regular file, and never block. */
int fs_open_rw(const char *path, bool create, int *fd, struct err *e);
int fs_open_read(const char *path, int *fd, struct err *e);
void fs_close(int *fd); /* sets -1; legal on -1 */

/* All n bytes at offset, or failure. */
int fs_pwrite(int fd, const void *bytes, size_t n, uint64_t offset,
    const char *path, struct err *e);
/*
 * A second descriptor of the same open file whose writes pass the page cache
 * by (the caller's, fs_close); -1 where the system or the file system has no
 * such thing.  `path` is where it was opened.
 */
int fs_open_direct(const char *path, int fd);
/* All n bytes; memory, offset and n are multiples of 4096.  *refused, with 0:
 * the file system does not take it, and some may be written. */
int fs_pwrite_direct(int direct_fd, const void *bytes, size_t n,
    uint64_t offset, const char *path, bool *refused, struct err *e);
/* Up to n bytes; *got < n only at the end of the file. */
int fs_pread(int fd, void *bytes, size_t n, uint64_t offset, size_t *got,
    const char *path, struct err *e);

/* fdatasync / fsync.  After a failure the descriptor's data is not to be
 * trusted (the kernel drops dirty pages): never retry on it. */
int fs_sync_data(int fd, const char *path, struct err *e);
int fs_sync(int fd, const char *path, struct err *e);
int fs_sync_dir(const char *dir, struct err *e);
/* Start write-back of a range without waiting; a hint, never fails. */
void fs_start_writeback(int fd, uint64_t offset, uint64_t n);
/* Nobody will read that range soon: a hint that frees the page cache of what is
 * on disk.  Never fails. */
void fs_drop_cache(int fd, uint64_t offset, uint64_t n);
/* Bytes will be written here and there: where the file system would fill what
 * is before them with zeros (NTFS), it is to leave holes.  Never fails. */
void fs_leave_holes(int fd);
/* Reserve blocks without changing the file's length; where the file system
 * cannot, success without effect. */
int fs_reserve(int fd, uint64_t size, const char *path, struct err *e);
int fs_truncate(int fd, uint64_t size, const char *path, struct err *e);
/* Give the file `mode` less the umask. */
int fs_chmod_umask(int fd, unsigned mode, const char *path, struct err *e);

/* A stream that adds to the end of the file, made if absent (0666 less umask);
 * unbuffered, so that what is written at once stands there at once.  NULL with
 * *e.  fclose is the caller's. */
FILE *fs_append(const char *path, struct err *e);

/* Replace atomically; does not sync. */
int fs_rename(const char *from, const char *to, struct err *e);
/* Absent is success. */
int fs_unlink(const char *path, struct err *e);
/* Empty directory; absent or not empty is success. */
int fs_rmdir(const char *path, struct err *e);
/* Symbolic link `path` -> `target`, put in place atomically over whatever
 * link or file is there; a directory in the way is ERR_DISK. */
int fs_symlink_replace(const char *target, const char *path, struct err *e);
/* Another name for the file (a hard link); `to` must not exist.  os_code EPERM
 * or EOPNOTSUPP where there can be none, EMLINK if the file has too many. */
int fs_link(const char *from, const char *to, struct err *e);
/* Owned target text of a link; NULL with *e. */
char *fs_readlink(const char *path, struct err *e);
/* Copy content (reflink or copy_file_range where possible) to a new file,
 * synced; on failure there is none. */
int fs_copy_file(const char *from, const char *to, unsigned mode,
    struct err *e);

/* Is it want of space (or quota) that this os_code tells of? */
bool fs_is_full(int os_code);

struct fs_space {
	uint64_t free_bytes; /* for this user */
	uint64_t total_bytes;
	uint64_t free_inodes; /* UINT64_MAX if the file system has no limit */
	bool network; /* NFS, SMB, Lustre, GPFS, 9p, FUSE ...: no LMDB */
	char type_name[32];
};

/* Of the file system that holds `path` or its nearest existing parent. */
int fs_space(const char *path, struct fs_space *out, struct err *e);

/*
 * Visit the entries of one directory, sorted by name; absent directory: no
 * entries; more than 2^20 are refused.  They are read before the first visit,
 * which may therefore remove them.  visit returns 0 to go on, -1 to stop with
 * its own *e.
 */
int fs_list_dir(const char *path,
    int (*visit)(void *cookie, const char *name, enum fs_type type,
	struct err *e),
    void *cookie, struct err *e);

#endif
