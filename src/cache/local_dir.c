/* local_dir.c - real files in a folder of the user's choice. */
#include "cache/local_dir.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cache/hub_cache.h"
#include "cache/local_metadata.h"
#include "cache/put.h"
#include "cache/tree_file.h"
#include "platform/clock.h"
#include "platform/digest.h"

#define BOOKS ".cache/huggingface"

enum {
	DIR_MODE = 0777,
	FILE_MODE = 0666,
	LOCK_MODE = 0664,
	LOCK_TRIES = 20,
	LOCK_WAIT_MS = 50,
	COMPARE_BYTES = 64 * 1024,
	SHA256_BYTES = 32
};

int local_dir_init(struct local_dir *d, const char *root, const char *cache_dir,
    enum repo_type type, const char *id, const char *store_id, struct err *e)
{
	char *folder = repo_cache_folder(type, id);

	memset(d, 0, sizeof(*d));
	d->root = text_dup(root);
	d->books = text_format("%s/" BOOKS, root);
	d->download = text_format("%s/" BOOKS "/download", root);
	if (folder != NULL)
		d->cache_blobs = text_format("%s/%s/blobs", cache_dir, folder);
	free(folder);
	if (d->root == NULL || d->books == NULL || d->download == NULL ||
	    d->cache_blobs == NULL) {
		local_dir_release(d);
		return err_nomem(e);
	}
	(void)snprintf(d->store_id, sizeof(d->store_id), "%s", store_id);
	walk_init(&d->files, d->root);
	walk_init(&d->book_walk, d->root);
	name_map_init(&d->placed);
	name_map_init(&d->refused);
	return 0;
}

void local_dir_release(struct local_dir *d)
{
	walk_release(&d->files);
	walk_release(&d->book_walk);
	name_map_release(&d->placed);
	name_map_release(&d->refused);
	free(d->root);
	free(d->books);
	free(d->download);
	free(d->cache_blobs);
	memset(d, 0, sizeof(*d));
}

/* --- paths: all owned, NULL if memory is short --------------------------- */

/*
 * Named by content, not by path: a file that is renamed upstream while it is
 * being fetched keeps its partial file.
 */
static char *own_path(const struct local_dir *d, const struct remote_file *file,
    const char *what)
{
	return text_format("%s/%s.%s%s.hfcron.incomplete", d->download,
	    remote_file_blob(file), d->store_id, what);
}

char *local_dir_partial_path(const struct local_dir *d,
    const struct remote_file *file)
{
	return own_path(d, file, "");
}

static char *staged_path(const struct local_dir *d,
    const struct remote_file *file)
{
	return own_path(d, file, ".staged");
}

/*
 * download/<path><suffix>, relative to the root.  A name that would get too
 * long (the official client fails on it) is replaced by its hash.
 */
static char *book_rel(const struct remote_file *file, const char *suffix)
{
	const char *name = fs_basename(file->path);
	size_t n = strlen(name);
	uint8_t hash[SHA256_BYTES];
	char hex[2 * SHA256_BYTES + 1];

	if (n + strlen(suffix) <= REMOTE_SEGMENT_MAX)
		return text_format(BOOKS "/download/%s%s", file->path, suffix);
	digest_sha256(name, n, hash);
	hex_encode(hash, sizeof(hash), hex);
	return text_format(BOOKS "/download/%.*s%s%s", (int)(name - file->path),
	    file->path, hex, suffix);
}

/* --- what is there ------------------------------------------------------- */

enum source {
	SOURCE_NONE,
	SOURCE_PLACE,  /* under its final name */
	SOURCE_STAGED, /* fetched and proven by us */
	SOURCE_CACHE   /* a blob of the main cache */
};

/* One file, its paths, and where its content is. */
struct view {
	char *path, *book_rel, *book, *staged, *cached; /* own */
	enum source source;
	struct fs_stat content;
	bool has_metadata; /* valid, and the file is as it says */
	struct local_metadata metadata;
};

static void view_release(struct view *v)
{
	free(v->path);
	free(v->book_rel);
	free(v->book);
	free(v->staged);
	free(v->cached);
}

static const char *source_path(const struct view *v)
{
	switch (v->source) {
	case SOURCE_PLACE:
		return v->path;
	case SOURCE_STAGED:
		return v->staged;
	case SOURCE_CACHE:
		return v->cached;
	case SOURCE_NONE:
		break;
	}
	return NULL;
}

/* An unreadable or torn file counts as none. */
static int read_metadata(struct local_dir *d, struct view *v,
    const struct fs_stat *st, struct err *e)
{
	struct err why = ERR_INIT;
	char *text;
	bool there;
	size_t n;

	if (walk_look(&d->book_walk, v->book_rel, &there, e) == -1)
		return -1;
	if (!there)
		return 0;
	if (fs_read_file(v->book, LOCAL_METADATA_BYTES_MAX, &text, &n, &why) ==
	    -1)
		return why.kind == ERR_NOMEM ? err_nomem(e) : 0;
	v->has_metadata = local_metadata_parse(text, n, &v->metadata) == 0 &&
	    local_metadata_covers(&v->metadata, st);
	free(text);
	return 0;
}

static bool is_refused(const struct local_dir *d, const char *path)
{
	return name_map_get(&d->refused, path) != NULL;
}

/* Is there content of the right size?  Then it is the source. */
static int try_source(struct local_dir *d, const struct remote_file *file,
    struct view *v, enum source source, struct err *e)
{
	enum source before = v->source;
	struct fs_stat st;

	v->source = source;
	if (fs_lstat(source_path(v), &st, e) == -1)
		return -1;
	if (st.type == FS_FILE && st.size == file->size &&
	    !is_refused(d, source_path(v)))
		v->content = st;
	else
		v->source = before;
	return 0;
}

/*
 * In this order: in place as the books say; proven by us; in place, but no
 * book says so; in the main cache.  A file whose book names other content is
 * no source, whatever its size.
 */
static int find_source(struct local_dir *d, const struct remote_file *file,
    struct view *v, struct err *e)
{
	const char *blob = remote_file_blob(file);
	bool there, in_place, is_named;
	struct fs_stat in_place_stat;

	if (walk_look(&d->files, file->path, &there, e) == -1 ||
	    (there && try_source(d, file, v, SOURCE_PLACE, e) == -1))
		return -1;
	in_place = v->source == SOURCE_PLACE;
	in_place_stat = v->content;
	if (in_place && read_metadata(d, v, &in_place_stat, e) == -1)
		return -1;
	is_named = v->has_metadata && strcmp(v->metadata.etag, blob) == 0;
	if (in_place && is_named)
		return 0;
	v->source = SOURCE_NONE;
	if (try_source(d, file, v, SOURCE_STAGED, e) == -1)
		return -1;
	if (v->source == SOURCE_NONE && in_place && !v->has_metadata) {
		v->source = SOURCE_PLACE;
		v->content = in_place_stat;
	}
	return v->source != SOURCE_NONE
	    ? 0
	    : try_source(d, file, v, SOURCE_CACHE, e);
}

/* Fills *v, to be released; nothing is left to release after a failure. */
static int look(struct local_dir *d, const struct remote_file *file,
    struct view *v, struct err *e)
{
	memset(v, 0, sizeof(*v));
	v->path = fs_join(d->root, file->path);
	v->book_rel = book_rel(file, ".metadata");
	if (v->book_rel != NULL)
		v->book = fs_join(d->root, v->book_rel);
	v->staged = staged_path(d, file);
	v->cached = fs_join(d->cache_blobs, remote_file_blob(file));
	if (v->path == NULL || v->book == NULL || v->staged == NULL ||
	    v->cached == NULL)
		(void)err_nomem(e);
	else if (find_source(d, file, v, e) == 0)
		return 0;
	view_release(v);
	return -1;
}

/* The books name this very file: nothing is left to write. */
static bool is_in_place(const struct view *v, const char *commit,
    const struct remote_file *file)
{
	return v->source == SOURCE_PLACE && v->has_metadata &&
	    strcmp(v->metadata.etag, remote_file_blob(file)) == 0 &&
	    strcmp(v->metadata.commit, commit) == 0;
}

int local_dir_inspect(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e)
{
	struct view v;

	if (look(d, file, &v, e) == -1)
		return -1;
	local->in_place = is_in_place(&v, commit, file);
	local->blob_present = v.source != SOURCE_NONE;
	local->blob_verified = false;
	memset(content, 0, sizeof(*content));
	if (v.source != SOURCE_NONE)
		*content = v.content;
	view_release(&v);
	return 0;
}

char *local_dir_content_path(struct local_dir *d, const char *commit,
    const struct remote_file *file)
{
	struct err ignored = ERR_INIT;
	char *path = NULL;
	struct view v;

	(void)commit;
	if (look(d, file, &v, &ignored) == -1)
		return NULL;
	if (v.source != SOURCE_NONE)
		path = text_dup(source_path(&v));
	view_release(&v);
	return path;
}

/* --- writing ------------------------------------------------------------- */

static int write_gitignore(struct local_dir *d, struct err *e)
{
	char *path = fs_join(d->books, ".gitignore");
	struct fs_stat st;
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	if (fs_lstat(path, &st, e) == 0)
		rc = st.type != FS_ABSENT
		    ? 0
		    : fs_write_file(path, NULL, FILE_MODE, "*", 1, e);
	free(path);
	return rc;
}

int local_dir_prepare(struct local_dir *d, struct err *e)
{
	walk_forget(&d->files);
	walk_forget(&d->book_walk);
	if (fs_mkdirs(d->root, DIR_MODE, e) == -1 ||
	    walk_make(&d->book_walk, BOOKS "/download/", e) == -1 ||
	    hub_cache_write_tag(d->books, e) == -1)
		return -1;
	return write_gitignore(d, e);
}

int local_dir_lock(struct local_dir *d, const struct remote_file *file,
    struct file_lock *lock, struct err *e)
{
	char *rel = book_rel(file, ".lock");
	char *path = rel == NULL ? NULL : fs_join(d->root, rel);
	int rc = -1;

	if (path == NULL)
		(void)err_nomem(e);
	else if (fs_mkdirs(d->root, DIR_MODE, e) == 0 &&
	    walk_make(&d->book_walk, rel, e) == 0)
		rc = lock_try(lock, path, LOCK_MODE, e);
	free(path);
	free(rel);
	return rc;
}

int local_dir_accept(struct local_dir *d, const struct remote_file *file,
    struct err *e)
{
	char *partial = local_dir_partial_path(d, file);
	char *staged = staged_path(d, file);
	int rc = -1;

	if (partial == NULL || staged == NULL)
		(void)err_nomem(e);
	else if (put_open_mode(partial, e) == 0)
		rc = put_file(partial, staged, e);
	if (rc == 0)
		d->names_unsynced = true;
	free(staged);
	free(partial);
	return rc;
}

int local_dir_settle(struct local_dir *d, struct err *e)
{
	if (!d->names_unsynced)
		return 0;
	if (fs_sync_dir(d->download, e) == -1)
		return -1;
	d->names_unsynced = false;
	return 0;
}

/*
 * Only what we staged is ours to rename.  The user's file stays under its name
 * until there is a better one, and the cache's blob is the cache's: both are
 * only not offered again.
 */
int local_dir_set_aside(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e)
{
	char *aside = NULL;
	struct view v;
	int rc = 0;

	(void)commit;
	if (look(d, file, &v, e) == -1)
		return -1;
	if (v.source == SOURCE_STAGED) {
		aside = text_format("%s/%s.%" PRId64 ".bad.hfcron.incomplete",
		    d->download, remote_file_blob(file), now.s);
		rc = aside == NULL ? err_nomem(e)
				   : fs_rename(v.staged, aside, e);
	} else if (v.source != SOURCE_NONE &&
	    name_map_put(&d->refused, source_path(&v), "") == -1) {
		rc = err_nomem(e);
	}
	free(aside);
	view_release(&v);
	return rc;
}

/* --- placing ------------------------------------------------------------- */

/* The official client holds it for moments only when it just looks. */
static int lock_for_place(struct local_dir *d, const struct remote_file *file,
    struct file_lock *lock, struct err *e)
{
	for (int tries = 1;; tries++) {
		struct err why = ERR_INIT;

		if (local_dir_lock(d, file, lock, &why) == 0)
			return 0;
		if (why.kind != ERR_BUSY || tries == LOCK_TRIES) {
			*e = why;
			return -1;
		}
		clock_sleep_ms(LOCK_WAIT_MS);
	}
}

static int compare_open(int a, int b, const char *a_path, const char *b_path,
    bool *same, struct err *e)
{
	char *buf = malloc(2 * (size_t)COMPARE_BYTES);
	uint64_t at = 0;
	size_t n, m;
	int rc = -1;

	if (buf == NULL)
		return err_nomem(e);
	do {
		if (fs_pread(a, buf, COMPARE_BYTES, at, &n, a_path, e) == -1 ||
		    fs_pread(b, buf + COMPARE_BYTES, COMPARE_BYTES, at, &m,
			b_path, e) == -1)
			goto out;
		*same = n == m && memcmp(buf, buf + COMPARE_BYTES, n) == 0;
		at += n;
	} while (*same && n == COMPARE_BYTES);
	rc = 0;
out:
	free(buf);
	return rc;
}

static int compare(const char *a_path, const char *b_path, bool *same,
    struct err *e)
{
	int a = -1, b = -1, rc = -1;

	*same = false;
	if (fs_open_read(a_path, &a, e) == 0 &&
	    fs_open_read(b_path, &b, e) == 0)
		rc = compare_open(a, b, a_path, b_path, same, e);
	fs_close(&b);
	fs_close(&a);
	return rc;
}

static int copy_in(struct local_dir *d, const struct remote_file *file,
    const char *from, const char *path, struct err *e)
{
	struct err ignored = ERR_INIT;
	char *temp = own_path(d, file, ".copy");
	int rc = -1;

	if (temp == NULL)
		return err_nomem(e);
	/* What a kill left there. */
	if (fs_unlink(temp, e) == 0 &&
	    fs_copy_file(from, temp, FILE_MODE, e) == 0) {
		rc = put_file(temp, path, e);
		if (rc == -1)
			(void)fs_unlink(temp, &ignored);
	}
	free(temp);
	return rc;
}

/*
 * The caller proves content once per blob.  For the second file of that
 * content only the first is proven, so it is what counts.
 */
static int place_shared(struct local_dir *d, const struct remote_file *file,
    const struct view *v, const char *other, struct err *e)
{
	char *from = fs_join(d->root, other);
	bool same = false;
	int rc = 0;

	if (from == NULL)
		return err_nomem(e);
	if (v->source == SOURCE_PLACE)
		rc = compare(from, v->path, &same, e);
	if (rc == 0 && !same)
		rc = copy_in(d, file, from, v->path, e);
	free(from);
	return rc;
}

static int put_content(struct local_dir *d, const struct remote_file *file,
    const struct view *v, struct wall now, struct err *e)
{
	const char *other = name_map_get(&d->placed, remote_file_blob(file));

	if (other != NULL && strcmp(other, file->path) != 0)
		return place_shared(d, file, v, other, e);
	switch (v->source) {
	case SOURCE_PLACE:
		return put_sync_recent(v->path, &v->content, now, e);
	case SOURCE_STAGED:
		return put_file(v->staged, v->path, e);
	case SOURCE_CACHE:
		return copy_in(d, file, v->cached, v->path, e);
	case SOURCE_NONE:
		break;
	}
	return err_set(e, ERR_BUSY,
	    "another program took the content of %s away", file->path);
}

/*
 * The time is never before the file's own, as after a copy or with the clock
 * of a file server: the metadata would not count.
 */
static int write_metadata(const struct local_dir *d, const char *commit,
    const struct remote_file *file, const struct view *v, struct wall now,
    const struct fs_stat *st, struct err *e)
{
	char text[LOCAL_METADATA_TEXT_MAX];
	struct local_metadata m;
	size_t n;

	memset(&m, 0, sizeof(m));
	(void)snprintf(m.commit, sizeof(m.commit), "%s", commit);
	(void)snprintf(m.etag, sizeof(m.etag), "%s", remote_file_blob(file));
	m.time_s = now.s;
	if (st->mtime_s >= now.s) {
		m.time_s = st->mtime_s;
		m.time_us = st->mtime_ns / 1000;
	}
	n = local_metadata_format(&m, text);
	return put_hint(v->book, d->download, text, n, e);
}

static int place_locked(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct view *v, struct wall now,
    struct fs_stat *content, struct err *e)
{
	if (local_dir_settle(d, e) == -1 ||
	    walk_make(&d->files, file->path, e) == -1 ||
	    put_content(d, file, v, now, e) == -1 ||
	    fs_lstat(v->path, content, e) == -1)
		return -1;
	if (content->type != FS_FILE || content->size != file->size)
		return err_set(e, ERR_BUSY, "another program changed %s",
		    v->path);
	if (walk_touch(&d->files, file->path, e) == -1)
		return -1;
	if ((!is_in_place(v, commit, file) ||
		!local_metadata_covers(&v->metadata, content)) &&
	    write_metadata(d, commit, file, v, now, content, e) == -1)
		return -1;
	if (walk_touch(&d->book_walk, v->book_rel, e) == -1)
		return -1;
	if (name_map_put(&d->placed, remote_file_blob(file), file->path) ==
		-1 ||
	    name_map_put(&d->refused, v->path, NULL) == -1)
		return err_nomem(e);
	return 0;
}

int local_dir_place(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct view v;
	int rc = -1;

	if (lock_for_place(d, file, &lock, e) == -1)
		return -1;
	if (look(d, file, &v, e) == 0) {
		rc = place_locked(d, commit, file, &v, now, content, e);
		view_release(&v);
	}
	lock_release(&lock);
	return rc;
}

int local_dir_publish(struct local_dir *d, const struct remote_listing *listing,
    struct err *e)
{
	/* Files before books: a book is believed without reading the file. */
	if (walk_sync(&d->files, e) == -1 || walk_sync(&d->book_walk, e) == -1)
		return -1;
	return tree_file_write(&d->book_walk, BOOKS, d->books, listing, e);
}

int local_dir_read_tree(struct local_dir *d, const char *commit,
    struct remote_listing *out, bool *found, struct err *e)
{
	return tree_file_read(&d->book_walk, BOOKS, commit, out, found, e);
}
