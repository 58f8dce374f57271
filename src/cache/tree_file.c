/* tree_file.c - the official client's list of a commit's files. */
#include "cache/tree_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "cache/put.h"
#include "formats/json_tree.h"
#include "formats/json_write.h"
#include "platform/fs.h"

enum { FORMAT_VERSION = 1, DEPTH_MAX = 4, FILE_MODE = 0666 };

static void write_entry(struct json_writer *w, const struct remote_file *f)
{
	json_write_key(w, f->path);
	json_write_begin_object(w);
	json_write_key(w, "size");
	json_write_u64(w, f->size);
	json_write_key(w, "blob_id");
	json_write_string(w, f->oid);
	if (f->sha256[0] != '\0') {
		json_write_key(w, "lfs_sha256");
		json_write_string(w, f->sha256);
		json_write_key(w, "lfs_size");
		json_write_u64(w, f->size);
	}
	if (f->xet_hash[0] != '\0') {
		json_write_key(w, "xet_hash");
		json_write_string(w, f->xet_hash);
	}
	json_write_end_object(w);
}

char *tree_file_format(const struct remote_listing *listing, size_t *n)
{
	struct json_writer w;
	struct strbuf out;
	char *text;

	strbuf_init(&out, TREE_JSON_BYTES_MAX);
	json_write_init(&w, &out, 1);
	json_write_begin_object(&w);
	json_write_key(&w, "format_version");
	json_write_u64(&w, FORMAT_VERSION);
	json_write_key(&w, "files");
	json_write_begin_object(&w);
	/* Python sorts by code point, which is the order of UTF-8 bytes. */
	for (size_t i = 0; i < listing->n; i++)
		write_entry(&w, &listing->files[i]);
	json_write_end_object(&w);
	json_write_end_object(&w);
	*n = out.len;
	text = strbuf_detach(&out);
	strbuf_release(&out);
	return text;
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

static bool take_file(const struct tree_node *entry, struct remote_file *f)
{
	uint64_t lfs_size;

	if (entry->type != TREE_MAP || entry->key == NULL ||
	    remote_path_problem(entry->key, strlen(entry->key)) != NULL)
		return false;
	if (!take_size(entry, "size", &f->size) ||
	    !take_hash(entry, "blob_id", 40, true, f->oid) ||
	    !take_hash(entry, "lfs_sha256", 64, false, f->sha256) ||
	    !take_hash(entry, "xet_hash", 64, false, f->xet_hash))
		return false;
	return f->sha256[0] == '\0' ||
	    (take_size(entry, "lfs_size", &lfs_size) && lfs_size == f->size);
}

static int append(struct remote_listing *out, const struct remote_file *f,
    const char *path, struct err *e)
{
	if (vec_grow((void **)&out->files, &out->cap, out->n + 1,
		sizeof(*out->files), REMOTE_FILES_MAX) == -1)
		return err_nomem(e);
	out->files[out->n] = *f;
	out->files[out->n].path = text_dup(path);
	if (out->files[out->n].path == NULL)
		return err_nomem(e);
	out->n++;
	return 0;
}

/* 1: all taken, 0: damaged, -1: no memory. */
static int take_files(const struct tree_node *root, struct remote_listing *out,
    struct err *e)
{
	const struct tree_node *version, *files;
	struct err refused = ERR_INIT;

	if (root == NULL || root->type != TREE_MAP)
		return 0;
	version = tree_get(root, "format_version");
	files = tree_get(root, "files");
	if (version == NULL || version->type != TREE_NUMBER ||
	    strcmp(version->text, "1") != 0 || files == NULL ||
	    files->type != TREE_MAP || files->n > REMOTE_FILES_MAX)
		return 0;
	for (size_t i = 0; i < files->n; i++) {
		struct remote_file f = { 0 };

		if (!take_file(&files->children[i], &f))
			return 0;
		if (append(out, &f, files->children[i].key, e) == -1)
			return -1;
	}
	return remote_listing_finish(out, &refused) == 0;
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
	struct err why = ERR_INIT;
	struct tree *tree;
	int got = 0;

	*found = false;
	remote_listing_init(out);
	tree = json_tree_parse(text, n, &limits, &why);
	if (tree != NULL)
		got = take_files(tree_root(tree), out, &why);
	tree_free(tree);
	if (got != 1)
		remote_listing_release(out);
	if (why.kind == ERR_NOMEM)
		return err_nomem(e);
	*found = got == 1;
	if (*found)
		memcpy(out->commit, commit, sizeof(out->commit));
	return 0;
}

/* --- on disk ------------------------------------------------------------- */

static bool is_writable(const struct remote_listing *listing)
{
	for (size_t i = 0; i < listing->n; i++)
		if (listing->files[i].xet_hash[0] != '\0' &&
		    !hex_is_lower(listing->files[i].xet_hash, 64))
			return false;
	return true;
}

static bool is_there(const char *path, const char *text, size_t n)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	char *bytes;
	size_t got;
	bool same;

	if (fs_lstat(path, &st, &ignored) == -1 || st.type != FS_FILE ||
	    st.size != n || fs_read_file(path, n, &bytes, &got, &ignored) == -1)
		return false;
	same = got == n && memcmp(bytes, text, n) == 0;
	free(bytes);
	return same;
}

int tree_file_write(struct walk *w, const char *base, const char *temp_dir,
    const struct remote_listing *listing, struct err *e)
{
	char *rel = NULL, *path = NULL, *text = NULL;
	size_t n = 0;
	int rc = -1;

	if (!is_writable(listing))
		return 0;
	rel = text_format("%s/trees/%s.json", base, listing->commit);
	if (rel != NULL)
		path = fs_join(w->root, rel);
	if (path == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (walk_make(w, rel, e) == -1)
		goto out;
	text = tree_file_format(listing, &n);
	/* It saves a request; one too long to be read saves none. */
	if (text == NULL || is_there(path, text, n))
		rc = 0;
	else if (put_clear_way(path, e) == 0)
		rc = fs_write_file(path, temp_dir, FILE_MODE, text, n, e);
out:
	free(text);
	free(path);
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
