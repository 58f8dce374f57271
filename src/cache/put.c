/* put.c - putting names in place. */
#include "cache/put.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "platform/entropy.h"

enum { RANDOM_BYTES = 8, FILE_MODE = 0666, RECENT_S = 120 };

static char *temp_path(const char *dir, struct err *e)
{
	uint8_t random[RANDOM_BYTES];
	char hex[2 * RANDOM_BYTES + 1], *path;

	if (entropy_fill(random, sizeof(random)) == -1) {
		(void)err_errno(e, ERR_DISK, "no random bytes for a file name");
		return NULL;
	}
	hex_encode(random, sizeof(random), hex);
	path = text_format("%s/.hfcron.%s.tmp", dir, hex);
	if (path == NULL)
		(void)err_nomem(e);
	return path;
}

int put_clear_way(const char *path, struct err *e)
{
	struct fs_stat st;

	if (fs_lstat(path, &st, e) == -1)
		return -1;
	if (st.type != FS_DIR)
		return 0;
	if (fs_rmdir(path, e) == -1 || fs_lstat(path, &st, e) == -1)
		return -1;
	if (st.type != FS_DIR)
		return 0;
	return err_set(e, ERR_PERMANENT,
	    "a directory is in the way where a file belongs: %s", path);
}

int put_file(const char *from, const char *path, struct err *e)
{
	struct err first = ERR_INIT;
	struct fs_stat st;

	if (fs_rename(from, path, &first) == 0)
		return 0;
	if (first.os_code == EISDIR || first.os_code == EEXIST ||
	    first.os_code == ENOTEMPTY) {
		if (put_clear_way(path, e) == -1)
			return -1;
		return fs_rename(from, path, e);
	}
	if (first.os_code == ENOENT && fs_lstat(from, &st, e) == 0 &&
	    st.type == FS_ABSENT)
		return err_set(e, ERR_BUSY, "another program took %s away",
		    from);
	*e = first;
	return -1;
}

int put_find_link(const char *target, const char *path, enum put_found *found,
    struct err *e)
{
	struct err why = ERR_INIT;
	char *now = fs_readlink(path, &why);

	if (now != NULL) {
		*found = strcmp(now, target) == 0 ? PUT_RIGHT_LINK
						  : PUT_OTHER_LINK;
		free(now);
		return 0;
	}
	if (why.os_code == ENOENT || why.os_code == ENOTDIR) {
		*found = PUT_ABSENT;
		return 0;
	}
	if (why.os_code == EINVAL) { /* POSIX: not a symbolic link */
		*found = PUT_NO_LINK;
		return 0;
	}
	*e = why;
	return -1;
}

int put_link(const char *target, const char *path, const char *temp_dir,
    struct err *e)
{
	enum put_found found;
	char *temp;
	int rc;

	if (put_find_link(target, path, &found, e) == -1)
		return -1;
	if (found == PUT_RIGHT_LINK)
		return 0;
	if (found == PUT_ABSENT)
		return fs_symlink_replace(target, path, e);
	/* Not beside it: a reader would take what a kill leaves for a file. */
	temp = temp_path(temp_dir, e);
	if (temp == NULL)
		return -1;
	rc = fs_symlink_replace(target, temp, e);
	if (rc == 0) {
		struct err ignored = ERR_INIT;

		rc = put_file(temp, path, e);
		if (rc == -1)
			(void)fs_unlink(temp, &ignored);
	}
	free(temp);
	return rc;
}

bool put_links_impossible(const struct err *e)
{
	/* Some of them are the same on some systems. */
	static const int codes[] = { EPERM, EOPNOTSUPP, ENOTSUP, ENOSYS };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (e->os_code == codes[i])
			return true;
	return false;
}

bool put_links_work(const char *dir)
{
	struct err e = ERR_INIT, ignored = ERR_INIT;
	char *temp = temp_path(dir, &e);
	int rc;

	if (temp == NULL)
		return true;
	rc = fs_symlink_replace("hfcron", temp, &e);
	if (rc == 0)
		(void)fs_unlink(temp, &ignored);
	free(temp);
	return rc == 0 || !put_links_impossible(&e);
}

/* What `make` makes of `from`, by way of a temporary name. */
static int put_made(int (*make)(const char *from, const char *to,
			struct err *e),
    const char *from, const char *path, const char *temp_dir, struct err *e)
{
	struct err ignored = ERR_INIT;
	char *temp = temp_path(temp_dir, e);
	int rc;

	if (temp == NULL)
		return -1;
	rc = make(from, temp, e);
	if (rc == 0) {
		rc = put_file(temp, path, e);
		/* Of two names of one file POSIX renames none. */
		(void)fs_unlink(temp, &ignored);
	}
	free(temp);
	return rc;
}

int put_second_name(const char *from, const char *path, const char *temp_dir,
    struct err *e)
{
	return put_made(fs_link, from, path, temp_dir, e);
}

static int make_copy(const char *from, const char *to, struct err *e)
{
	return fs_copy_file(from, to, FILE_MODE, e);
}

int put_copy(const char *from, const char *path, const char *temp_dir,
    struct err *e)
{
	return put_made(make_copy, from, path, temp_dir, e);
}

int put_written(const char *path, const char *temp_dir,
    int (*write)(void *cookie, int fd, const char *temp, struct err *e),
    void *cookie, struct err *e)
{
	struct err ignored = ERR_INIT;
	char *temp = temp_path(temp_dir, e);
	int fd = -1, rc = -1;

	if (temp == NULL)
		return -1;
	if (fs_open_rw(temp, true, &fd, e) == -1) {
		free(temp);
		return -1;
	}
	if (fs_chmod_umask(fd, FILE_MODE, temp, e) == 0 &&
	    write(cookie, fd, temp, e) == 0)
		rc = put_file(temp, path, e);
	fs_close(&fd);
	if (rc == -1)
		(void)fs_unlink(temp, &ignored);
	free(temp);
	return rc;
}

struct bytes {
	const void *bytes;
	size_t n;
};

static int write_bytes(void *cookie, int fd, const char *temp, struct err *e)
{
	const struct bytes *b = cookie;

	return fs_pwrite(fd, b->bytes, b->n, 0, temp, e);
}

int put_hint(const char *path, const char *temp_dir, const void *bytes,
    size_t n, struct err *e)
{
	struct bytes b = { bytes, n };

	return put_written(path, temp_dir, write_bytes, &b, e);
}

int put_sync_recent(const char *path, const struct fs_stat *st, struct wall now,
    struct err *e)
{
	int fd, rc;

	if (st->mtime_s < now.s - RECENT_S)
		return 0;
	if (fs_open_read(path, &fd, e) == -1)
		return -1;
	rc = fs_sync_data(fd, path, e);
	fs_close(&fd);
	return rc;
}

int put_open_mode(const char *path, struct err *e)
{
	struct err why = ERR_INIT;
	int fd, rc;

	if (fs_open_rw(path, false, &fd, &why) == -1) {
		if (why.os_code == ENOENT)
			return err_set(e, ERR_BUSY,
			    "another program took %s away", path);
		*e = why;
		return -1;
	}
	rc = fs_chmod_umask(fd, FILE_MODE, path, e);
	fs_close(&fd);
	return rc;
}
