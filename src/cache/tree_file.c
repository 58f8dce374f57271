/* tree_file.c - the official client's list of a commit's files. */
#include "cache/tree_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "cache/put.h"
#include "formats/json_each.h"
#include "formats/json_write.h"
#include "platform/fs.h"

enum { FORMAT_VERSION = 1, DEPTH_MAX = 4, PART_BYTES = 64 * 1024 };

#define FILES "files"

static void write_entry(struct json_writer *w, const struct remote_file *f)
{
	json_write_key(w, f->path);
	json_write_begin_object(w);
	json_write_key(w, "size");
	json_write_u64(w, f->size);
	json_write_key(w, "blob_id");
	json_write_string(w, f->oid);
	if (f->sha256 != NULL) {
		json_write_key(w, "lfs_sha256");
		json_write_string(w, f->sha256);
		json_write_key(w, "lfs_size");
		json_write_u64(w, f->size);
	}
	if (f->xet_hash != NULL) {
		json_write_key(w, "xet_hash");
		json_write_string(w, f->xet_hash);
	}
	json_write_end_object(w);
}

/* --- writing, in parts ---------------------------------------------------- */

/* Where the text goes: `text` is what has not gone yet. */
struct sink {
	int (*take)(void *cookie, const char *bytes, size_t n, struct err *e);
	void *cookie;
	struct strbuf text;
};

static int drain(struct sink *sink, size_t at_least, struct err *e)
{
	int rc;

	if (strbuf_failed(&sink->text))
		return err_nomem(e);
	if (sink->text.len < at_least)
		return 0;
	rc = sink->take(sink->cookie, strbuf_text(&sink->text), sink->text.len,
	    e);
	strbuf_clear(&sink->text);
	return rc;
}

static int write_entries(struct sink *sink, struct json_writer *w,
    const struct remote_listing *listing, struct err *e)
{
	json_write_begin_object(w);
	json_write_key(w, "format_version");
	json_write_u64(w, FORMAT_VERSION);
	json_write_key(w, FILES);
	json_write_begin_object(w);
	/* Python sorts by code point, which is the order of UTF-8 bytes. */
	for (size_t i = 0; i < listing->n; i++) {
		write_entry(w, &listing->files[i]);
		if (drain(sink, PART_BYTES, e) == -1)
			return -1;
	}
	json_write_end_object(w);
	json_write_end_object(w);
	return drain(sink, 1, e);
}

int tree_file_format(const struct remote_listing *listing,
    int (*take)(void *cookie, const char *bytes, size_t n, struct err *e),
    void *cookie, struct err *e)
{
	struct sink sink = { .take = take, .cookie = cookie };
	struct json_writer w;
	int rc;

	strbuf_init(&sink.text, SIZE_MAX);
	json_write_init(&w, &sink.text, 1);
	rc = write_entries(&sink, &w, listing, e);
	strbuf_release(&sink.text);
	return rc;
}

/* --- reading ------------------------------------------------------------- */

static bool take_size(const struct tree_node *map, const char *key,
    uint64_t *size)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_NUMBER &&
	    num_parse_u64(node->text, strlen(node->text), INT64_MAX, size) == 0;
}

/* An absent or null hash leaves out empty. */
static bool take_hash(const struct tree_node *map, const char *key,
    size_t digits, bool needed, char *out)
{
	const struct tree_node *node = tree_get(map, key);

	if (node == NULL || node->type == TREE_NULL)
		return !needed;
	if (node->type != TREE_STRING || !hex_is_lower(node->text, digits))
		return false;
	memcpy(out, node->text, digits + 1);
	return true;
}

static bool take_file(const struct tree_node *entry, uint64_t *size,
    struct remote_hashes *h)
{
	uint64_t lfs_size;

	if (entry->type != TREE_MAP ||
	    remote_path_problem(entry->key, strlen(entry->key)) != NULL)
		return false;
	if (!take_size(entry, "size", size) ||
	    !take_hash(entry, "blob_id", 40, true, h->oid) ||
	    !take_hash(entry, "lfs_sha256", 64, false, h->sha256) ||
	    !take_hash(entry, "xet_hash", 64, false, h->xet_hash))
		return false;
	return h->sha256[0] == '\0' ||
	    (take_size(entry, "lfs_size", &lfs_size) && lfs_size == *size);
}

struct reading {
	struct remote_listing *out;
	unsigned versions; /* entries that tell the right one */
};

static int take_entry(void *cookie, bool inside, const struct tree_node *entry,
    struct err *e)
{
	struct remote_hashes hashes = { "", "", "" };
	struct reading *r = cookie;
	uint64_t size;

	if (inside) {
		if (!take_file(entry, &size, &hashes))
			return err_set(e, ERR_TRANSIENT, "no file");
		return remote_listing_add(r->out, entry->key, size, &hashes, e);
	}
	if (strcmp(entry->key, FILES) == 0)
		return err_set(e, ERR_TRANSIENT, "no map of files");
	if (strcmp(entry->key, "format_version") != 0)
		return 0;
	if (entry->type != TREE_NUMBER || strcmp(entry->text, "1") != 0)
		return err_set(e, ERR_TRANSIENT, "another version");
	r->versions++;
	return 0;
}

int tree_file_parse(const char *text, size_t n, const char *commit,
    struct remote_listing *out, bool *found, struct err *e)
{
	const struct json_limits limits = {
		.bytes_max = TREE_JSON_BYTES_MAX,
		.depth_max = DEPTH_MAX,
		.kind = ERR_TRANSIENT,
		.unique_keys = true,
	};
	struct reading r = { .out = out };
	bool has_files;
	struct err why = ERR_INIT;

	remote_listing_init(out);
	*found = json_each(text, n, &limits, FILES, &has_files, take_entry, &r,
		     &why) == 0 &&
	    r.versions == 1 && has_files &&
	    remote_listing_finish(out, &why) == 0;
	if (!*found)
		remote_listing_release(out);
	if (why.kind == ERR_NOMEM)
		return err_nomem(e);
	if (*found)
		memcpy(out->commit, commit, sizeof(out->commit));
	return 0;
}

/* --- on disk ------------------------------------------------------------- */

static bool is_writable(const struct remote_listing *listing)
{
	for (size_t i = 0; i < listing->n; i++)
		if (listing->files[i].xet_hash != NULL &&
		    !hex_is_lower(listing->files[i].xet_hash, 64))
			return false;
	return true;
}

/* A file that is there, beside what would be written. */
struct comparison {
	int fd; /* -1: absent, or other */
	const char *path;
	uint64_t n; /* bytes that would be written */
	char there[PART_BYTES];
};

/* The next bytes: are they in the file? */
static bool is_same(struct comparison *c, const char *bytes, size_t n)
{
	struct err ignored = ERR_INIT;
	size_t at, part, got;

	for (at = 0; at < n; at += part) {
		part = n - at < sizeof(c->there) ? n - at : sizeof(c->there);
		if (fs_pread(c->fd, c->there, part, c->n + at, &got, c->path,
			&ignored) == -1 ||
		    got != part || memcmp(c->there, bytes + at, part) != 0)
			return false;
	}
	return true;
}

static int compare(void *cookie, const char *bytes, size_t n, struct err *e)
{
	struct comparison *c = cookie;

	(void)e;
	if (c->fd != -1 && !is_same(c, bytes, n))
		fs_close(&c->fd);
	c->n += n;
	return 0;
}

/* Is it there with just this content?  *n: how long that is. */
static int look(const char *path, const struct remote_listing *listing,
    bool *same, uint64_t *n, struct err *e)
{
	struct comparison *c = calloc(1, sizeof(*c));
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	int rc;

	if (c == NULL)
		return err_nomem(e);
	c->path = path;
	if (fs_open_read(path, &c->fd, &ignored) == -1)
		c->fd = -1;
	rc = tree_file_format(listing, compare, c, e);
	*n = c->n;
	*same = c->fd != -1 && fs_fstat(c->fd, &st, &ignored) == 0 &&
	    st.size == c->n;
	fs_close(&c->fd);
	free(c);
	return rc;
}

struct output {
	const struct remote_listing *listing;
	int fd;
	const char *path;
	uint64_t at;
};

static int put_part(void *cookie, const char *bytes, size_t n, struct err *e)
{
	struct output *o = cookie;

	if (fs_pwrite(o->fd, bytes, n, o->at, o->path, e) == -1)
		return -1;
	o->at += n;
	return 0;
}

static int put_tree(void *cookie, int fd, const char *path, struct err *e)
{
	struct output *o = cookie;

	o->fd = fd;
	o->path = path;
	if (tree_file_format(o->listing, put_part, o, e) == -1)
		return -1;
	return fs_sync(fd, path, e);
}

static int write_tree(const char *dir, const char *path, const char *temp_dir,
    const struct remote_listing *listing, struct err *e)
{
	struct output o = { .listing = listing };
	uint64_t n = 0;
	bool same = false;

	if (look(path, listing, &same, &n, e) == -1)
		return -1;
	/* It saves a request; one too long to be read saves none. */
	if (same || n > TREE_JSON_BYTES_MAX)
		return 0;
	if (put_clear_way(path, e) == -1 ||
	    put_written(path, temp_dir, put_tree, &o, e) == -1)
		return -1;
	return fs_sync_dir(dir, e);
}

int tree_file_write(struct walk *w, const char *base, const char *temp_dir,
    const struct remote_listing *listing, struct err *e)
{
	char *rel, *dir, *path = NULL;
	int rc = -1;

	if (!is_writable(listing))
		return 0;
	rel = text_format("%s/trees/%s.json", base, listing->commit);
	dir = text_format("%s/%s/trees", w->root, base);
	if (rel != NULL && dir != NULL)
		path = fs_join(w->root, rel);
	if (path == NULL)
		(void)err_nomem(e);
	else if (walk_make(w, rel, e) == 0)
		rc = write_tree(dir, path, temp_dir, listing, e);
	free(path);
	free(dir);
	free(rel);
	return rc;
}

int tree_file_read(struct walk *w, const char *base, const char *commit,
    struct remote_listing *out, bool *found, struct err *e)
{
	char *rel = text_format("%s/trees/%s.json", base, commit);
	char *path = rel == NULL ? NULL : fs_join(w->root, rel);
	struct err why = ERR_INIT;
	char *text = NULL;
	size_t n;
	int rc = -1;

	*found = false;
	remote_listing_init(out);
	if (path == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (walk_look(w, rel, found, e) == -1)
		goto out;
	rc = 0;
	if (!*found)
		goto out;
	*found = false;
	if (fs_read_file(path, TREE_JSON_BYTES_MAX, &text, &n, &why) == 0)
		rc = tree_file_parse(text, n, commit, out, found, e);
	else if (why.kind == ERR_NOMEM)
		rc = err_nomem(e);
out:
	free(text);
	free(path);
	free(rel);
	return rc;
}
