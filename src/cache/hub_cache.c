/* hub_cache.c - the official client's cache of one repository. */
#include "cache/hub_cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cache/put.h"
#include "cache/tree_file.h"
#include "platform/dirs.h"

enum {
	COMMIT_DIGITS = 40,
	DIR_MODE = 0777,
	FILE_MODE = 0666,
	LOCK_MODE = 0664,
	LINK_TEXT_MAX = 4096
};

/* Word for word the official client's. */
static const char cachedir_tag[] =
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag created by huggingface_hub.\n"
    "# For information about cache directory tags, see:\n"
    "#\thttps://bford.info/cachedir/\n";

int hub_cache_write_tag(const char *dir, struct err *e)
{
	char *path = fs_join(dir, "CACHEDIR.TAG");
	struct fs_stat st;
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	if (fs_lstat(path, &st, e) == 0)
		rc = st.type != FS_ABSENT
		    ? 0
		    : fs_write_file(path, NULL, FILE_MODE, cachedir_tag,
			  sizeof(cachedir_tag) - 1, e);
	free(path);
	return rc;
}

/* As the official client reads its variables. */
static bool links_are_unwanted(void)
{
	static const char *const yes[] = { "1", "ON", "YES", "TRUE" };
	const char *value = dirs_env("HF_HUB_DISABLE_SYMLINKS");

	for (size_t i = 0; value != NULL && i < sizeof(yes) / sizeof(yes[0]);
	     i++)
		if (text_equal_nocase(value, yes[i]))
			return true;
	return false;
}

int hub_cache_init(struct hub_cache *c, const char *root, enum repo_type type,
    const char *id, const char *store_id, struct err *e)
{
	memset(c, 0, sizeof(*c));
	c->root = text_dup(root);
	c->folder = repo_cache_folder(type, id);
	if (c->root != NULL && c->folder != NULL)
		c->repo = fs_join(c->root, c->folder);
	if (c->repo != NULL)
		c->blobs = fs_join(c->repo, "blobs");
	if (c->blobs != NULL)
		c->blobs_rel = text_format("%s/blobs/", c->folder);
	if (c->blobs_rel == NULL) {
		hub_cache_release(c);
		return err_nomem(e);
	}
	(void)snprintf(c->store_id, sizeof(c->store_id), "%s", store_id);
	c->support = links_are_unwanted() ? LINKS_IMPOSSIBLE : LINKS_UNKNOWN;
	name_map_init(&c->moved);
	walk_init(&c->links, c->root);
	walk_init(&c->blob_walk, c->root);
	walk_init(&c->lock_walk, c->root);
	return 0;
}

void hub_cache_release(struct hub_cache *c)
{
	name_map_release(&c->moved);
	walk_release(&c->links);
	walk_release(&c->blob_walk);
	walk_release(&c->lock_walk);
	free(c->root);
	free(c->folder);
	free(c->repo);
	free(c->blobs);
	free(c->blobs_rel);
	memset(c, 0, sizeof(*c));
}

/* --- paths: all owned, NULL if memory is short --------------------------- */

static char *blob_path(const struct hub_cache *c,
    const struct remote_file *file)
{
	return fs_join(c->blobs, remote_file_blob(file));
}

char *hub_cache_partial_path(const struct hub_cache *c,
    const struct remote_file *file)
{
	return text_format("%s/%s.%s.hfcron.incomplete", c->blobs,
	    remote_file_blob(file), c->store_id);
}

/* Relative to the root. */
static char *link_rel(const struct hub_cache *c, const char *commit,
    const struct remote_file *file)
{
	return text_format("%s/snapshots/%s/%s", c->folder, commit, file->path);
}

static char *ref_rel(const struct hub_cache *c, const char *revision)
{
	return text_format("%s/refs/%s", c->folder, revision);
}

char *hub_cache_snapshot_path(const struct hub_cache *c, const char *commit)
{
	return text_format("%s/snapshots/%s", c->repo, commit);
}

/* ../../blobs/<etag>, and one more ../ per folder in the path. */
static char *link_target(const struct remote_file *file)
{
	struct strbuf out;
	char *target;

	strbuf_init(&out, LINK_TEXT_MAX);
	strbuf_puts(&out, "../../");
	for (const char *p = file->path; *p != '\0'; p++)
		if (*p == '/')
			strbuf_puts(&out, "../");
	strbuf_puts(&out, "blobs/");
	strbuf_puts(&out, remote_file_blob(file));
	target = strbuf_detach(&out);
	strbuf_release(&out);
	return target;
}

/* --- what is there ------------------------------------------------------- */

enum source {
	SOURCE_NONE,
	SOURCE_BLOB,
	SOURCE_SNAPSHOT, /* a file where the link belongs: the official client
			    without symbolic links leaves it so */
	SOURCE_MOVED	 /* a file that we moved there, of the same content */
};

/* One file, its paths, and where its content is. */
struct view {
	char *blob, *rel, *link, *target; /* own */
	char *moved;			  /* own; NULL unless SOURCE_MOVED */
	enum source source;
	struct fs_stat content;
	enum put_found found;
	bool twin; /* a second name of the blob is where the link belongs */
};

static void view_release(struct view *v)
{
	free(v->blob);
	free(v->rel);
	free(v->link);
	free(v->target);
	free(v->moved);
}

/* Where the content is; NULL: nowhere. */
static const char *content_of(const struct view *v)
{
	switch (v->source) {
	case SOURCE_BLOB:
		return v->blob;
	case SOURCE_SNAPSHOT:
		return v->link;
	case SOURCE_MOVED:
		return v->moved;
	case SOURCE_NONE:
		break;
	}
	return NULL;
}

static bool is_content(const struct fs_stat *st, const struct remote_file *file)
{
	return st->type == FS_FILE && st->size == file->size;
}

static int find_blob(struct hub_cache *c, const struct remote_file *file,
    struct view *v, struct err *e)
{
	struct fs_stat st;
	bool there;

	if (walk_look(&c->blob_walk, c->blobs_rel, &there, e) == -1)
		return -1;
	if (!there)
		return 0;
	if (fs_lstat(v->blob, &st, e) == -1)
		return -1;
	if (is_content(&st, file)) {
		v->source = SOURCE_BLOB;
		v->content = st;
	}
	return 0;
}

static int find_link(struct hub_cache *c, const struct remote_file *file,
    struct view *v, struct err *e)
{
	struct fs_stat st;
	bool there;

	v->found = PUT_ABSENT;
	if (walk_look(&c->links, v->rel, &there, e) == -1)
		return -1;
	if (!there)
		return 0;
	if (put_find_link(v->target, v->link, &v->found, e) == -1)
		return -1;
	if (v->found != PUT_NO_LINK)
		return 0;
	if (fs_lstat(v->link, &st, e) == -1)
		return -1;
	if (v->source == SOURCE_BLOB) {
		v->twin = st.type == FS_FILE && st.inode == v->content.inode &&
		    st.device == v->content.device;
	} else if (is_content(&st, file)) {
		v->source = SOURCE_SNAPSHOT;
		v->content = st;
	}
	return 0;
}

/* What has no blob any more because we moved it into a snapshot. */
static int find_moved(struct hub_cache *c, const struct remote_file *file,
    struct view *v, struct err *e)
{
	const char *rel = v->source == SOURCE_NONE
	    ? name_map_get(&c->moved, remote_file_blob(file))
	    : NULL;
	struct fs_stat st;

	if (rel == NULL)
		return 0;
	v->moved = fs_join(c->root, rel);
	if (v->moved == NULL)
		return err_nomem(e);
	if (fs_lstat(v->moved, &st, e) == -1)
		return -1;
	if (is_content(&st, file)) {
		v->source = SOURCE_MOVED;
		v->content = st;
	}
	return 0;
}

/* Fills *v, to be released; nothing is left to release after a failure. */
static int look(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct view *v, struct err *e)
{
	memset(v, 0, sizeof(*v));
	v->blob = blob_path(c, file);
	v->rel = link_rel(c, commit, file);
	v->target = link_target(file);
	if (v->rel != NULL)
		v->link = fs_join(c->root, v->rel);
	if (v->blob == NULL || v->target == NULL || v->link == NULL)
		(void)err_nomem(e);
	else if (find_blob(c, file, v, e) == 0 &&
	    find_link(c, file, v, e) == 0 && find_moved(c, file, v, e) == 0)
		return 0;
	view_release(v);
	return -1;
}

/* Asked only where there is a file instead of a link: elsewhere the attempt to
 * make one tells. */
static bool links_work(struct hub_cache *c)
{
	if (c->support == LINKS_UNKNOWN)
		c->support = put_links_work(c->repo) ? LINKS_WORK
						     : LINKS_IMPOSSIBLE;
	return c->support == LINKS_WORK;
}

static bool is_in_place(struct hub_cache *c, const struct view *v)
{
	if (v->source == SOURCE_BLOB && v->found == PUT_RIGHT_LINK)
		return true;
	return (v->twin || v->source == SOURCE_SNAPSHOT) && !links_work(c);
}

int hub_cache_inspect(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e)
{
	struct view v;
	int rc = 0;

	if (look(c, commit, file, &v, e) == -1)
		return -1;
	local->in_place = is_in_place(c, &v);
	local->blob_present = v.source != SOURCE_NONE;
	local->blob_verified = false;
	*content = v.content;
	/* Its maker may not have synced it, and the ref will lean on it. */
	if (local->in_place)
		rc = walk_touch(&c->links, v.rel, e);
	view_release(&v);
	return rc;
}

char *hub_cache_content_path(struct hub_cache *c, const char *commit,
    const struct remote_file *file)
{
	struct err ignored = ERR_INIT;
	char *path = NULL;
	struct view v;

	if (look(c, commit, file, &v, &ignored) == -1)
		return NULL;
	path = text_dup(content_of(&v));
	view_release(&v);
	return path;
}

/* --- writing ------------------------------------------------------------- */

static int make_snapshots(struct hub_cache *c, struct err *e)
{
	char *rel = text_format("%s/snapshots/", c->folder);
	int rc;

	if (rel == NULL)
		return err_nomem(e);
	rc = walk_make(&c->links, rel, e);
	free(rel);
	return rc;
}

int hub_cache_prepare(struct hub_cache *c, struct err *e)
{
	/* Another program may have pruned what was there. */
	walk_forget(&c->links);
	walk_forget(&c->blob_walk);
	walk_forget(&c->lock_walk);
	if (fs_mkdirs(c->root, DIR_MODE, e) == -1 ||
	    hub_cache_write_tag(c->root, e) == -1)
		return -1;
	/* Without snapshots/ the official client calls it corrupted. */
	if (make_snapshots(c, e) == -1)
		return -1;
	return walk_make(&c->blob_walk, c->blobs_rel, e);
}

int hub_cache_lock(struct hub_cache *c, const struct remote_file *file,
    struct file_lock *lock, struct err *e)
{
	char *rel = text_format(".locks/%s/%s.lock", c->folder,
	    remote_file_blob(file));
	char *path = rel == NULL ? NULL : fs_join(c->root, rel);
	struct fs_stat st;
	int rc = -1;

	if (path == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (fs_mkdirs(c->root, DIR_MODE, e) == -1 ||
	    walk_make(&c->lock_walk, rel, e) == -1)
		goto out;
	rc = lock_try(lock, path, LOCK_MODE, e);
	if (rc == 0 || e->os_code != ENOENT)
		goto out;
	/* Its directory was removed behind our back. */
	if (fs_lstat(path, &st, e) == -1 || st.type != FS_ABSENT)
		goto out;
	walk_forget(&c->lock_walk);
	*e = (struct err)ERR_INIT;
	if (walk_make(&c->lock_walk, rel, e) == 0)
		rc = lock_try(lock, path, LOCK_MODE, e);
out:
	free(path);
	free(rel);
	return rc;
}

int hub_cache_accept(struct hub_cache *c, const struct remote_file *file,
    struct err *e)
{
	char *partial = hub_cache_partial_path(c, file);
	char *blob = blob_path(c, file);
	int rc = -1;

	if (partial == NULL || blob == NULL)
		(void)err_nomem(e);
	else if (put_open_mode(partial, e) == 0)
		rc = put_file(partial, blob, e);
	if (rc == 0)
		c->names_unsynced = true;
	free(blob);
	free(partial);
	return rc;
}

int hub_cache_settle(struct hub_cache *c, struct err *e)
{
	if (!c->names_unsynced)
		return 0;
	if (fs_sync_dir(c->blobs, e) == -1)
		return -1;
	c->names_unsynced = false;
	return 0;
}

int hub_cache_set_aside(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e)
{
	char *aside = NULL;
	struct view v;
	int rc = -1;

	if (look(c, commit, file, &v, e) == -1)
		return -1;
	if (v.source == SOURCE_NONE) {
		rc = 0;
		goto out;
	}
	aside = text_format("%s/%s.%" PRId64 ".bad.hfcron.incomplete", c->blobs,
	    remote_file_blob(file), now.s);
	if (aside == NULL)
		(void)err_nomem(e);
	else if (walk_make(&c->blob_walk, c->blobs_rel, e) == 0)
		rc = fs_rename(content_of(&v), aside, e);
	/* Its second name would be taken for the content next time. */
	if (rc == 0 && v.twin)
		rc = fs_unlink(v.link, e);
out:
	free(aside);
	view_release(&v);
	return rc;
}

/*
 * What others wrote under the link's name becomes a blob like any other; it
 * stays where it is until the link replaces it, if it can have two names.
 */
static int make_blob(struct hub_cache *c, struct view *v, struct err *e)
{
	struct err ignored = ERR_INIT;

	if (walk_make(&c->blob_walk, c->blobs_rel, e) == -1)
		return -1;
	v->twin = fs_link(v->link, v->blob, &ignored) == 0;
	if (!v->twin && !links_work(c))
		return 0; /* then it is in place as it is */
	if (!v->twin && put_file(v->link, v->blob, e) == -1)
		return -1;
	v->source = SOURCE_BLOB;
	return fs_sync_dir(c->blobs, e);
}

/* Where there are no second names: the official client's way. */
static int move_in(struct hub_cache *c, const struct view *v, struct err *e)
{
	if (put_file(v->blob, v->link, e) == -1)
		return -1;
	return name_map_put(&c->moved, fs_basename(v->blob), v->rel) == -1
	    ? err_nomem(e)
	    : 0;
}

/* The file itself where the link belongs. */
static int put_instead(struct hub_cache *c, const struct view *v, struct err *e)
{
	struct err why = ERR_INIT;

	if (is_in_place(c, v))
		return 0;
	if (v->source == SOURCE_MOVED)
		return put_copy(v->moved, v->link, c->repo, e);
	if (put_second_name(v->blob, v->link, c->repo, &why) == 0)
		return 0;
	if (put_links_impossible(&why) || why.os_code == EMLINK)
		return move_in(c, v, e);
	*e = why;
	return -1;
}

static int put_pointer(struct hub_cache *c, const struct view *v, struct err *e)
{
	if (c->support != LINKS_IMPOSSIBLE) {
		if (put_link(v->target, v->link, c->repo, e) == 0)
			return 0;
		if (!put_links_impossible(e) || put_links_work(c->repo))
			return -1;
		c->support = LINKS_IMPOSSIBLE;
		*e = (struct err)ERR_INIT;
	}
	return put_instead(c, v, e);
}

static int link_in(struct hub_cache *c, const struct view *v, struct err *e)
{
	struct err why = ERR_INIT;

	if (walk_make(&c->links, v->rel, e) == -1)
		return -1;
	if (put_pointer(c, v, &why) == 0)
		return walk_touch(&c->links, v->rel, e);
	if (why.os_code != ENOENT) {
		*e = why;
		return -1;
	}
	/* The directory was removed behind our back: once more. */
	walk_forget(&c->links);
	if (walk_make(&c->links, v->rel, e) == -1 || put_pointer(c, v, e) == -1)
		return -1;
	return walk_touch(&c->links, v->rel, e);
}

int hub_cache_place(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e)
{
	struct view v;
	int rc = -1;

	if (look(c, commit, file, &v, e) == -1)
		return -1;
	*content = v.content;
	if (v.source == SOURCE_NONE) {
		(void)err_set(e, ERR_BUSY,
		    "another program took the content of %s away", file->path);
		goto out;
	}
	if (hub_cache_settle(c, e) == -1 ||
	    put_sync_recent(content_of(&v), &v.content, now, e) == -1)
		goto out;
	if (v.source == SOURCE_SNAPSHOT && make_blob(c, &v, e) == -1)
		goto out;
	rc = link_in(c, &v, e);
	/* A copy is a file of its own. */
	if (rc == 0 && v.source == SOURCE_MOVED)
		rc = fs_lstat(v.link, content, e);
out:
	view_release(&v);
	return rc;
}

/* --- publishing ---------------------------------------------------------- */

static int refuse_ref(const char *path, const char *revision, struct err *e)
{
	return err_set(e, ERR_PERMANENT,
	    "%s is in the way of the ref \"%s\": another branch of that "
	    "name was cached; remove it if the Hub has it no more",
	    path, revision);
}

/*
 * What refs/<revision> is now; `commit` "" unless it names one.  "a" and "a/b"
 * cannot both be: the one is a file, the other wants a folder there.
 */
static int read_ref(struct hub_cache *c, const char *rel, const char *path,
    const char *revision, char commit[41], struct err *e)
{
	struct err why = ERR_INIT;
	struct fs_stat st;
	char *text;
	size_t n;
	bool there;

	commit[0] = '\0';
	if (walk_look(&c->links, rel, &there, &why) == -1) {
		if (why.kind == ERR_PERMANENT)
			(void)err_wrap(&why, "the ref \"%s\"", revision);
		*e = why;
		return -1;
	}
	if (!there)
		return 0;
	if (fs_lstat(path, &st, e) == -1)
		return -1;
	if (st.type == FS_DIR)
		return refuse_ref(path, revision, e);
	if (st.type != FS_FILE)
		return 0;
	if (fs_read_file(path, COMMIT_DIGITS, &text, &n, &why) == -1) {
		if (why.os_code == ENOENT || why.os_code == EFBIG)
			return 0;
		*e = why;
		return -1;
	}
	if (n == COMMIT_DIGITS && hex_is_lower(text, COMMIT_DIGITS))
		memcpy(commit, text, COMMIT_DIGITS + 1);
	free(text);
	return 0;
}

int hub_cache_ref(struct hub_cache *c, const char *revision, char commit[41],
    struct err *e)
{
	char *rel = ref_rel(c, revision);
	char *path = rel == NULL ? NULL : fs_join(c->root, rel);
	int rc;

	commit[0] = '\0';
	rc = path == NULL ? err_nomem(e)
			  : read_ref(c, rel, path, revision, commit, e);
	free(path);
	free(rel);
	return rc;
}

int hub_cache_ref_time(struct hub_cache *c, const char *revision,
    struct wall *changed, struct err *e)
{
	char *rel = ref_rel(c, revision);
	char *path = rel == NULL ? NULL : fs_join(c->root, rel);
	struct fs_stat st = { .type = FS_ABSENT };
	int rc;

	changed->s = WALL_NONE;
	rc = path == NULL ? err_nomem(e) : fs_lstat(path, &st, e);
	if (rc == 0 && st.type == FS_FILE)
		changed->s = st.mtime_s;
	free(path);
	free(rel);
	return rc;
}

static int write_ref(struct hub_cache *c, const char *revision,
    const char *commit, struct err *e)
{
	char *rel = ref_rel(c, revision);
	char *path = rel == NULL ? NULL : fs_join(c->root, rel);
	char now[COMMIT_DIGITS + 1];
	int rc = -1;

	if (path == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (read_ref(c, rel, path, revision, now, e) == -1)
		goto out;
	if (strcmp(now, commit) == 0) {
		rc = 0;
		goto out;
	}
	if (walk_make(&c->links, rel, e) == -1)
		goto out;
	/* Not beside it: whatever lies below refs/ is read as a ref.  And no
	 * newline: readers take the bytes as they are for a folder's name. */
	rc = fs_write_file(path, c->repo, FILE_MODE, commit, COMMIT_DIGITS, e);
out:
	free(path);
	free(rel);
	return rc;
}

/* A ref to a snapshot that is not there is worse than an old one. */
static int check_snapshot(const struct hub_cache *c, const char *commit,
    struct err *e)
{
	char *path = hub_cache_snapshot_path(c, commit);
	struct fs_stat st;
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	if (fs_lstat(path, &st, e) == 0)
		rc = st.type == FS_DIR
		    ? 0
		    : err_set(e, ERR_BUSY, "another program took %s away",
			  path);
	free(path);
	return rc;
}

int hub_cache_publish(struct hub_cache *c, const struct remote_listing *listing,
    const char *revision, struct err *e)
{
	/* Blobs that others named may not be durable under their names. */
	if (fs_sync_dir(c->blobs, e) == -1 || walk_sync(&c->links, e) == -1 ||
	    tree_file_write(&c->links, c->folder, c->repo, listing, e) == -1 ||
	    check_snapshot(c, listing->commit, e) == -1)
		return -1;
	if (repo_is_commit(revision))
		return 0;
	return write_ref(c, revision, listing->commit, e);
}

int hub_cache_read_tree(struct hub_cache *c, const char *commit,
    struct remote_listing *out, bool *found, struct err *e)
{
	return tree_file_read(&c->links, c->folder, commit, out, found, e);
}
