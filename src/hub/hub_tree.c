/* hub_tree.c - one page of a tree answer. */
#include "hub/hub_tree.h"

#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/text.h"
#include "formats/json_tree.h"
#include "formats/tree.h"

enum {
	PAGE_BYTES_MAX = 16 * 1024 * 1024,
	PAGE_DEPTH_MAX = 16,
	SHOWN_MAX = 200
};

static bool is_masked(const char *hash)
{
	return hash[0] == '*' && strspn(hash, "*") == strlen(hash);
}

static int refuse(struct err *e, const char *path, const char *what)
{
	return err_set(e, ERR_PERMANENT,
	    "the Hub's list of files is refused: \"%.300s\" %s", path, what);
}

static int take_size(const struct tree_node *map, const char *path,
    uint64_t *size, struct err *e)
{
	const struct tree_node *node = tree_get(map, "size");

	if (node == NULL || node->type != TREE_NUMBER ||
	    num_parse_u64(node->text, strlen(node->text), INT64_MAX, size) ==
		-1)
		return refuse(e, path, "has an impossible size");
	return 0;
}

/* A hash of `digits` digits into out; masked ones are the gate's doing. */
static int take_hash(const char *text, size_t digits, const char *path,
    const char *what, char *out, struct err *e)
{
	if (text != NULL && is_masked(text))
		return err_set(e, ERR_AUTH,
		    "the Hub masks the hashes of its files: it is gated");
	if (text == NULL || !hex_is_lower(text, digits))
		return refuse(e, path, what);
	memcpy(out, text, digits + 1);
	return 0;
}

static int take_hashes(const struct tree_node *entry, const char *path,
    uint64_t file_size, struct remote_hashes *h, struct err *e)
{
	const struct tree_node *lfs = tree_get(entry, "lfs");
	const struct tree_node *xet = tree_get(entry, "xetHash");
	uint64_t size;

	if (take_hash(tree_get_string(entry, "oid"), 40, path,
		"has no git hash", h->oid, e) == -1)
		return -1;
	if (lfs != NULL && lfs->type != TREE_NULL) {
		if (lfs->type != TREE_MAP)
			return refuse(e, path, "has an impossible LFS entry");
		if (take_hash(tree_get_string(lfs, "oid"), 64, path,
			"has no SHA-256 though it is an LFS file", h->sha256,
			e) == -1 ||
		    take_size(lfs, path, &size, e) == -1)
			return -1;
		if (size != file_size)
			return refuse(e, path, "has two different sizes");
	}
	if (xet != NULL && xet->type != TREE_NULL)
		return take_hash(tree_get_string(entry, "xetHash"), 64, path,
		    "has an impossible xet hash", h->xet_hash, e);
	return 0;
}

static int append_file(const struct tree_node *entry, const char *path,
    struct remote_listing *out, struct err *e)
{
	struct remote_hashes hashes = { "", "", "" };
	uint64_t size = 0;

	if (take_size(entry, path, &size, e) == -1 ||
	    take_hashes(entry, path, size, &hashes, e) == -1)
		return -1;
	return remote_listing_add(out, path, size, &hashes, e);
}

/* -1 with *e untouched (ERR_NONE) if the answer makes no sense. */
static int take_entry(const struct tree_node *entry, struct remote_listing *out,
    struct err *e)
{
	const char *type, *path, *problem;

	if (entry->type != TREE_MAP)
		return -1;
	type = tree_get_string(entry, "type");
	if (type == NULL)
		return -1;
	if (strcmp(type, "file") != 0)
		return 0;
	path = tree_get_string(entry, "path");
	if (path == NULL)
		return -1;
	problem = remote_path_problem(path, strlen(path));
	if (problem != NULL)
		return refuse(e, path, problem);
	return append_file(entry, path, out, e);
}

static int unexpected(const char *text, size_t n, const char *why,
    struct err *e)
{
	char shown[SHOWN_MAX + 1];

	(void)text_escape(text, n < SHOWN_MAX ? n : SHOWN_MAX, false, shown,
	    sizeof(shown));
	return err_set(e, ERR_TRANSIENT,
	    "unexpected answer instead of a list of files%s%s: %s",
	    why[0] != '\0' ? ": " : "", why, shown);
}

static int take_entries(const struct tree *tree, const char *text, size_t n,
    struct remote_listing *out, struct err *e)
{
	const struct tree_node *root = tree_root(tree);
	struct err problem = ERR_INIT;
	size_t i;

	if (root == NULL || root->type != TREE_LIST)
		return unexpected(text, n, "", e);
	for (i = 0; i < root->n; i++) {
		if (take_entry(&root->children[i], out, &problem) == 0)
			continue;
		if (problem.kind == ERR_NONE)
			return unexpected(text, n, "", e);
		*e = problem;
		return -1;
	}
	return 0;
}

int hub_tree_page(const char *text, size_t n, struct remote_listing *out,
    struct err *e)
{
	const struct json_limits limits = {
		.bytes_max = PAGE_BYTES_MAX,
		.depth_max = PAGE_DEPTH_MAX,
		.kind = ERR_TRANSIENT,
		.unique_keys = false,
	};
	struct err why = ERR_INIT;
	size_t before = out->n;
	struct tree *tree;
	int rc;

	tree = json_tree_parse(text, n, &limits, &why);
	if (tree == NULL) {
		if (why.kind == ERR_TRANSIENT)
			return unexpected(text, n, why.text, e);
		*e = why;
		return -1;
	}
	rc = take_entries(tree, text, n, out, e);
	tree_free(tree);
	/* All of a page or nothing, so that it can be asked for again. */
	if (rc == -1)
		remote_listing_cut(out, before);
	return rc;
}
