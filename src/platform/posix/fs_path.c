/* fs_path.c - names, directories and links. */
#include "platform/fs.h"
#include "platform/fs_temp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "base/vec.h"
#include "platform/posix/fs_error.h"

enum {
	LIST_ENTRIES_MAX = 1 << 20, /* ten times the largest repository */
	LINK_TEXT_MAX = 64 * 1024
};

char *fs_join(const char *dir, const char *name)
{
	if (fs_is_absolute(name) || dir[0] == '\0')
		return text_dup(name);
	return text_format("%s%s%s", dir, text_ends(dir, "/") ? "" : "/", name);
}

char *fs_dirname(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n == 0 ? text_dup(".") : text_ndup(path, n);
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool fs_is_absolute(const char *path)
{
	return path[0] == '/';
}

size_t fs_root_length(const char *path)
{
	return path[0] == '/' ? 1 : 0;
}

char fs_fold(char c)
{
	return c;
}

bool fs_names_are_windows(void)
{
	return false;
}

char *fs_from_native(const char *path)
{
	return text_dup(path);
}

/* realpath of the longest part that exists; *rest is what follows it. */
static char *resolve_existing(char *work, const char *path, const char **rest,
    struct err *e)
{
	size_t n = strlen(work);
	char *found;

	for (;;) {
		found = realpath(n == 0 ? "." : work, NULL);
		if (found != NULL || errno != ENOENT || n == 0)
			break;
		while (n > 1 && work[n - 1] == '/')
			n--;
		while (n > 0 && work[n - 1] != '/')
			n--;
		work[n] = '\0';
	}
	if (found == NULL)
		(void)fs_error(e, "resolve", path);
	*rest = path + n;
	return found;
}

char *fs_realpath(const char *path, struct err *e)
{
	const char *rest;
	char *work, *found, *whole = NULL;

	if (path[0] == '\0') {
		errno = ENOENT;
		(void)fs_error(e, "resolve", "an empty path");
		return NULL;
	}
	work = text_dup(path);
	if (work == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	found = resolve_existing(work, path, &rest, e);
	free(work);
	if (found == NULL || rest[0] == '\0')
		return found;
	whole = fs_join(found, rest);
	free(found);
	if (whole == NULL)
		(void)err_nomem(e);
	return whole;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One directory, its entry made durable; there already is fine. */
static int make_dir(const char *path, unsigned mode, struct err *e)
{
	char *parent;
	int code, rc;

	if (mkdir(path, (mode_t)mode) == -1) {
		code = errno;
		if (is_directory(path))
			return 0;
		errno = code == EEXIST ? ENOTDIR : code;
		return fs_error(e, "make the directory", path);
	}
	parent = fs_dirname(path);
	if (parent == NULL)
		return err_nomem(e);
	rc = fs_sync_dir(parent, e);
	free(parent);
	return rc;
}

int fs_mkdirs(const char *path, unsigned mode, struct err *e)
{
	char *work, *p;
	int rc = 0;

	if (is_directory(path))
		return 0;
	work = text_dup(path);
	if (work == NULL)
		return err_nomem(e);
	for (p = work; rc == 0 && *p != '\0'; p++) {
		if (*p != '/' || p == work || p[-1] == '/')
			continue;
		*p = '\0';
		/* As mkdir -p: what leads there can be entered. */
		rc = make_dir(work, mode | 0300, e);
		*p = '/';
	}
	if (rc == 0)
		rc = make_dir(work, mode, e);
	free(work);
	return rc;
}

/* Enter (make if absent) one directory below *fd, which is replaced. */
static int descend(int *fd, const char *name, unsigned mode, const char *root,
    const char *rel, struct err *e)
{
	bool made = mkdirat(*fd, name, (mode_t)mode) == 0;
	struct stat st;
	int next;

	if (!made && errno != EEXIST)
		return err_errno(e, ERR_DISK,
		    "cannot make the directory %s of %s/%s", name, root, rel);
	if (made && fsync(*fd) == -1)
		return err_errno(e, ERR_DISK,
		    "cannot sync the parent of %s of %s/%s", name, root, rel);
	next = openat(*fd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next == -1) {
		int code = errno;

		if (fstatat(*fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    !S_ISDIR(st.st_mode))
			return err_set(e, ERR_PERMANENT,
			    "%s is in the way of %s/%s: \"%s\"",
			    S_ISLNK(st.st_mode) ? "a symbolic link" : "a file",
			    root, rel, name);
		errno = code;
		return err_errno(e, ERR_DISK,
		    "cannot open the directory %s of %s/%s", name, root, rel);
	}
	fs_close(fd);
	*fd = next;
	return 0;
}

int fs_mkdirs_beneath(const char *root, const char *rel, unsigned mode,
    struct err *e)
{
	char name[NAME_MAX + 1];
	const char *p = rel, *slash;
	int fd, rc = -1;

	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return fs_error(e, "open the directory", root);
	while ((slash = strchr(p, '/')) != NULL) {
		size_t n = (size_t)(slash - p);

		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			(void)fs_error(e, "make the directories of", rel);
			goto out;
		}
		memcpy(name, p, n);
		name[n] = '\0';
		if (n == 0 || strcmp(name, ".") == 0 ||
		    strcmp(name, "..") == 0) {
			(void)err_set(e, ERR_PERMANENT,
			    "%s is no plain relative path", rel);
			goto out;
		}
		if (descend(&fd, name, mode, root, rel, e) == -1)
			goto out;
		p = slash + 1;
	}
	rc = 0;
out:
	fs_close(&fd);
	return rc;
}

int fs_rename(const char *from, const char *to, struct err *e)
{
	char *both;

	if (rename(from, to) == 0)
		return 0;
	both = text_format("%s to %s", from, to);
	(void)fs_error(e, "rename", both == NULL ? to : both);
	free(both);
	return -1;
}

int fs_unlink(const char *path, struct err *e)
{
	if (unlink(path) == 0 || errno == ENOENT)
		return 0;
	return fs_error(e, "remove", path);
}

int fs_rmdir(const char *path, struct err *e)
{
	/* POSIX allows EEXIST for "not empty". */
	if (rmdir(path) == 0 || errno == ENOENT || errno == ENOTEMPTY ||
	    errno == EEXIST)
		return 0;
	return fs_error(e, "remove the directory", path);
}

int fs_symlink_replace(const char *target, const char *path, struct err *e)
{
	char *temp;
	int rc = 0;

	if (symlink(target, path) == 0)
		return 0;
	if (errno != EEXIST)
		return fs_error(e, "make the link", path);
	temp = fs_temp_path(path, NULL, e);
	if (temp == NULL)
		return -1;
	if (symlink(target, temp) == -1) {
		rc = fs_error(e, "make the link", temp);
	} else if (rename(temp, path) == -1) {
		rc = fs_error(e, "put a link in place of", path);
		(void)unlink(temp);
	}
	free(temp);
	return rc;
}

int fs_link(const char *from, const char *to, struct err *e)
{
	return link(from, to) == 0 ? 0 : fs_error(e, "make the hard link", to);
}

char *fs_readlink(const char *path, struct err *e)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	for (;;) {
		if (vec_grow((void **)&text, &cap, cap * 2 + 256, 1,
			LINK_TEXT_MAX) == -1) {
			(void)err_nomem(e);
			break;
		}
		n = readlink(path, text, cap);
		if (n == -1) {
			(void)fs_error(e, "read the link", path);
			break;
		}
		if ((size_t)n < cap) {
			text[n] = '\0';
			return text;
		}
	}
	free(text);
	return NULL;
}

struct entry {
	char *name; /* own */
	enum fs_type type;
};

struct listing {
	struct entry *entries; /* own */
	size_t n, cap;
};

static enum fs_type type_of_mode(mode_t mode)
{
	if (S_ISREG(mode))
		return FS_FILE;
	if (S_ISDIR(mode))
		return FS_DIR;
	return S_ISLNK(mode) ? FS_LINK : FS_OTHER;
}

/* FS_ABSENT if it went away in the meantime. */
static enum fs_type entry_type(DIR *dir, const struct dirent *d)
{
	struct stat st;

	switch (d->d_type) {
	case DT_REG:
		return FS_FILE;
	case DT_DIR:
		return FS_DIR;
	case DT_LNK:
		return FS_LINK;
	case DT_UNKNOWN: /* some file systems never say */
		if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) ==
		    -1)
			return FS_ABSENT;
		return type_of_mode(st.st_mode);
	default:
		return FS_OTHER;
	}
}

static int add_entry(struct listing *list, const char *name, enum fs_type type,
    const char *path, struct err *e)
{
	struct entry *entry;

	if (list->n == LIST_ENTRIES_MAX)
		return err_set(e, ERR_DISK,
		    "the directory %s has more than %d entries", path,
		    LIST_ENTRIES_MAX);
	if (vec_grow((void **)&list->entries, &list->cap, list->n + 1,
		sizeof(*list->entries), LIST_ENTRIES_MAX) == -1)
		return err_nomem(e);
	entry = &list->entries[list->n];
	entry->name = text_dup(name);
	if (entry->name == NULL)
		return err_nomem(e);
	entry->type = type;
	list->n++;
	return 0;
}

static int read_entries(DIR *dir, struct listing *list, const char *path,
    struct err *e)
{
	const struct dirent *d;
	enum fs_type type;

	for (;;) {
		errno = 0;
		d = readdir(dir);
		if (d == NULL)
			return errno == 0
			    ? 0
			    : fs_error(e, "list the directory", path);
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		type = entry_type(dir, d);
		if (type != FS_ABSENT &&
		    add_entry(list, d->d_name, type, path, e) == -1)
			return -1;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int fs_list_dir(const char *path,
    int (*visit)(void *cookie, const char *name, enum fs_type type,
	struct err *e),
    void *cookie, struct err *e)
{
	struct listing list = { NULL, 0, 0 };
	DIR *dir = opendir(path); /* close-on-exec, says POSIX */
	size_t i;
	int rc;

	if (dir == NULL)
		return errno == ENOENT
		    ? 0
		    : fs_error(e, "list the directory", path);
	rc = read_entries(dir, &list, path, e);
	(void)closedir(dir);
	if (list.n > 1)
		qsort(list.entries, list.n, sizeof(*list.entries), by_name);
	for (i = 0; rc == 0 && i < list.n; i++)
		rc = visit(cookie, list.entries[i].name, list.entries[i].type,
		    e);
	for (i = 0; i < list.n; i++)
		free(list.entries[i].name);
	free(list.entries);
	return rc;
}
