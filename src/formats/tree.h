/*
 * tree.h - the positioned tree that YAML and JSON documents become, so that
 * one typed reader serves both.  Immutable once built.
 */
#ifndef HFCRON_FORMATS_TREE_H
#define HFCRON_FORMATS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "formats/text_pos.h"

enum tree_type {
	TREE_NULL,
	TREE_BOOL,
	TREE_NUMBER,
	TREE_STRING,
	TREE_LIST,
	TREE_MAP
};

struct tree_node {
	enum tree_type type;
	struct text_pos pos;
	bool quoted; /* YAML: was quoted */
	/*
	 * Scalars: the text, terminated, without NUL inside; numbers as
	 * written; booleans "true"/"false".  NULL for lists and maps.
	 */
	const char *text;
	/* Map entries only: the key, and where it stands. */
	const char *key;
	struct text_pos key_pos;
	const struct tree_node *children; /* of lists and maps */
	size_t n;
};

struct tree; /* owns all nodes and texts */

/* The root; NULL for an empty YAML document. */
const struct tree_node *tree_root(const struct tree *t);
void tree_free(struct tree *t);
/* The entry of a map (the last one, if a key stands twice), NULL if absent. */
const struct tree_node *tree_get(const struct tree_node *map, const char *key);
/* Its text if it is a string, else NULL. */
const char *tree_get_string(const struct tree_node *map, const char *key);

/* A key that stands again in its map; the first of all that are equal. */
struct tree_duplicate {
	const struct tree_node *first, *again; /* the tree's */
};

/*
 * All of them, in n log n steps; those of one map in its order.  *n is how
 * many there are, of which the first `max` are written to `found`.  0, or
 * -1: no memory.
 */
int tree_duplicates(const struct tree *t, struct tree_duplicate *found,
    size_t max, size_t *n);

/* "a map", "a list", "a string" ... for messages. */
const char *tree_type_name(enum tree_type type);

enum {
	TREE_YAML_BYTES_MAX = 256 * 1024,
	TREE_YAML_DEPTH_MAX = 32,
	TREE_JSON_BYTES_MAX = 64 * 1024 * 1024,
	TREE_JSON_DEPTH_MAX = 64
};

#endif
