/* fuzz_yaml.c - a tree from any bytes keeps its promises, or there is none. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/yaml_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_node(const struct tree_node *node, bool in_map, bool unique,
    int depth)
{
	bool container = node->type == TREE_LIST || node->type == TREE_MAP;
	size_t i;

	if (node->pos.line < 1 || node->pos.column < 1 ||
	    (node->key != NULL) != in_map || (node->text == NULL) != container)
		abort();
	if (container && depth == TREE_YAML_DEPTH_MAX)
		abort();
	for (i = 0; i < node->n; i++) {
		const struct tree_node *child = &node->children[i];

		check_node(child, node->type == TREE_MAP, unique, depth + 1);
		if (unique && node->type == TREE_MAP &&
		    tree_get(node, child->key) != child)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct tree *t = yaml_tree_parse((const char *)data, size, &e);
	struct tree_duplicate d;
	size_t n;

	if (t == NULL) {
		if (e.kind != ERR_CONFIG || strchr(e.text, ':') == NULL)
			abort();
		return 0;
	}
	if (tree_duplicates(t, &d, 1, &n) == -1 ||
	    (n > 0 && strcmp(d.first->key, d.again->key) != 0))
		abort();
	if (tree_root(t) != NULL)
		check_node(tree_root(t), false, n == 0, 0);
	tree_free(t);
	return 0;
}
