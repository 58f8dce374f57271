/*
 * tree_build.h - how yaml_tree and json_tree make a tree; for nobody else.
 *
 * Nodes are added in document order (a container before what is in it), with
 * the number of children known; the builder keeps siblings side by side.
 */
#ifndef HFCRON_FORMATS_TREE_BUILD_H
#define HFCRON_FORMATS_TREE_BUILD_H

#include "formats/tree.h"

enum { TREE_BUILD_DEPTH_MAX = TREE_JSON_DEPTH_MAX };

struct tree_builder {
	struct tree *tree;	 /* foreign */
	struct tree_node *nodes; /* the tree's */
	size_t total, used;
	struct {
		struct tree_node *next; /* place of the next child */
		size_t left;
		bool is_map;
	} open[TREE_BUILD_DEPTH_MAX];
	int depth;
};

/* An empty tree; returns owned (tree_free), NULL: no memory. */
struct tree *tree_new(void);

/* Memory that lives as long as the tree, aligned for any type, not zeroed;
 * NULL: no memory. */
void *tree_alloc(struct tree *t, size_t n);

/* Room for `total` nodes, the first of which is the root; 0, or -1: no
 * memory. */
int tree_builder_init(struct tree_builder *b, struct tree *t, size_t total);

/* true if the next node is an entry of a map. */
bool tree_builder_in_map(const struct tree_builder *b);

/* The next node, zeroed but for type, n and children; NULL if `total`, a
 * container's n or the depth is exceeded. */
struct tree_node *tree_builder_add(struct tree_builder *b, enum tree_type type,
    size_t n);

#endif
