/* walk.c - directories below a root, never through a link. */
#include "cache/walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "model/remote_file.h"
#include "platform/fs.h"

enum { DIR_MODE = 0777, TOUCHED_MAX = 4 * REMOTE_FILES_MAX };

void walk_init(struct walk *w, const char *root)
{
	memset(w, 0, sizeof(*w));
	w->root = root;
}

static void forget_touched(struct walk *w)
{
	for (size_t i = 0; i < w->n_touched; i++)
		free(w->touched[i]);
	w->n_touched = 0;
}

void walk_release(struct walk *w)
{
	forget_touched(w);
	free(w->touched);
	free(w->dir);
	memset(w, 0, sizeof(*w));
}

void walk_forget(struct walk *w)
{
	free(w->dir);
	w->dir = NULL;
}

static size_t dir_length(const char *rel)
{
	const char *slash = strrchr(rel, '/');

	return slash == NULL ? 0 : (size_t)(slash - rel) + 1;
}

static bool is_same_dir(const char *dir, const char *rel, size_t n)
{
	return strlen(dir) == n && memcmp(dir, rel, n) == 0;
}

static int remember(struct walk *w, const char *rel, size_t n, bool there,
    struct err *e)
{
	walk_forget(w);
	w->dir = text_ndup(rel, n);
	w->there = there;
	return w->dir == NULL ? err_nomem(e) : 0;
}

static int look_at(const char *path, bool *there, struct err *e)
{
	struct fs_stat st;

	if (fs_lstat(path, &st, e) == -1)
		return -1;
	*there = st.type == FS_DIR;
	if (st.type == FS_DIR || st.type == FS_ABSENT)
		return 0;
	return err_set(e, ERR_PERMANENT,
	    "%s is in the way where a directory belongs: %s",
	    st.type == FS_LINK ? "a symbolic link" : "a file", path);
}

int walk_look(struct walk *w, const char *rel, bool *there, struct err *e)
{
	size_t n = dir_length(rel), root_n = strlen(w->root);
	char *path, *slash;
	int rc = 0;

	if (w->dir != NULL && is_same_dir(w->dir, rel, n)) {
		*there = w->there;
		return 0;
	}
	path = text_format("%s/%.*s", w->root, (int)n, rel);
	if (path == NULL)
		return err_nomem(e);
	*there = true;
	slash = path + root_n;
	while (rc == 0 && *there && (slash = strchr(slash + 1, '/')) != NULL) {
		*slash = '\0';
		rc = look_at(path, there, e);
		*slash = '/';
	}
	free(path);
	return rc == -1 ? -1 : remember(w, rel, n, *there, e);
}

int walk_make(struct walk *w, const char *rel, struct err *e)
{
	size_t n = dir_length(rel);

	if (w->dir != NULL && w->there && is_same_dir(w->dir, rel, n))
		return 0;
	if (fs_mkdirs_beneath(w->root, rel, DIR_MODE, e) == -1)
		return -1;
	return remember(w, rel, n, true, e);
}

int walk_touch(struct walk *w, const char *rel, struct err *e)
{
	size_t n = dir_length(rel);
	char *dir;

	if (w->n_touched > 0 &&
	    is_same_dir(w->touched[w->n_touched - 1], rel, n))
		return 0;
	dir = text_ndup(rel, n);
	if (dir == NULL ||
	    vec_grow((void **)&w->touched, &w->cap_touched, w->n_touched + 1,
		sizeof(*w->touched), TOUCHED_MAX) == -1) {
		free(dir);
		return err_nomem(e);
	}
	w->touched[w->n_touched++] = dir;
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int walk_sync(struct walk *w, struct err *e)
{
	if (w->n_touched > 1)
		qsort(w->touched, w->n_touched, sizeof(*w->touched), by_text);
	for (size_t i = 0; i < w->n_touched; i++) {
		char *path;
		int rc;

		if (i > 0 && strcmp(w->touched[i - 1], w->touched[i]) == 0)
			continue;
		path = text_format("%s/%s", w->root, w->touched[i]);
		if (path == NULL)
			return err_nomem(e);
		rc = fs_sync_dir(path, e);
		free(path);
		if (rc == -1)
			return -1;
	}
	forget_touched(w);
	return 0;
}
