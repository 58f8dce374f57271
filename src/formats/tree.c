/* tree.c - the positioned tree of a document, in one arena. */
#include "formats/tree.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/tree_build.h"

enum { BLOCK_BYTES = 16 * 1024, FEW_KEYS = 12 };

struct block {
	struct block *next;
	size_t used, size;
	max_align_t bytes[];
};

struct tree {
	const struct tree_node *root;
	const struct tree_node *nodes; /* all of them; the first is the root */
	size_t n_nodes;
	struct block *blocks;
};

struct tree *tree_new(void)
{
	return calloc(1, sizeof(struct tree));
}

void tree_free(struct tree *t)
{
	struct block *b, *next;

	if (t == NULL)
		return;
	for (b = t->blocks; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(t);
}

void *tree_alloc(struct tree *t, size_t n)
{
	struct block *b = t->blocks;
	size_t align = sizeof(max_align_t);

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + align - 1) / align * align;
	if (b == NULL || n > b->size - b->used) {
		size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;

		b = malloc(sizeof(*b) + size);
		if (b == NULL)
			return NULL;
		b->used = 0;
		b->size = size;
		b->next = t->blocks;
		t->blocks = b;
	}
	b->used += n;
	return (char *)b->bytes + b->used - n;
}

const struct tree_node *tree_root(const struct tree *t)
{
	return t->root;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	size_t i;

	if (map->type != TREE_MAP)
		return NULL;
	for (i = map->n; i-- > 0;)
		if (strcmp(map->children[i].key, key) == 0)
			return &map->children[i];
	return NULL;
}

const char *tree_get_string(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_STRING ? node->text : NULL;
}

const char *tree_type_name(enum tree_type type)
{
	static const char *const names[] = {
		[TREE_NULL] = "null",
		[TREE_BOOL] = "true or false",
		[TREE_NUMBER] = "a number",
		[TREE_STRING] = "a string",
		[TREE_LIST] = "a list",
		[TREE_MAP] = "a map",
	};

	return names[type];
}

int tree_builder_init(struct tree_builder *b, struct tree *t, size_t total)
{
	memset(b, 0, sizeof(*b));
	b->tree = t;
	b->total = total;
	if (total > SIZE_MAX / sizeof(*b->nodes))
		return -1;
	b->nodes = tree_alloc(t, total * sizeof(*b->nodes));
	t->nodes = b->nodes;
	return b->nodes == NULL ? -1 : 0;
}

bool tree_builder_in_map(const struct tree_builder *b)
{
	return b->depth > 0 && b->open[b->depth - 1].is_map;
}

/* The place for the next node; containers that are full with it are closed. */
static struct tree_node *take_place(struct tree_builder *b)
{
	struct tree_node *node;

	if (b->depth == 0) {
		if (b->used > 0 || b->total == 0)
			return NULL;
		b->used = 1;
		b->tree->root = b->nodes;
		return b->nodes;
	}
	node = b->open[b->depth - 1].next++;
	b->open[b->depth - 1].left--;
	while (b->depth > 0 && b->open[b->depth - 1].left == 0)
		b->depth--;
	return node;
}

struct tree_node *tree_builder_add(struct tree_builder *b, enum tree_type type,
    size_t n)
{
	struct tree_node *node = take_place(b);

	if (node == NULL)
		return NULL;
	memset(node, 0, sizeof(*node));
	node->type = type;
	node->n = n;
	b->tree->n_nodes++;
	if (n == 0)
		return node;
	if (n > b->total - b->used || b->depth == TREE_BUILD_DEPTH_MAX)
		return NULL;
	node->children = b->nodes + b->used;
	b->open[b->depth].next = b->nodes + b->used;
	b->open[b->depth].left = n;
	b->open[b->depth].is_map = type == TREE_MAP;
	b->depth++;
	b->used += n;
	return node;
}

/* By key, and among equal keys in document order. */
static int compare_keys(const void *a, const void *b)
{
	const struct tree_duplicate *x = a, *y = b;
	int order = strcmp(x->again->key, y->again->key);

	if (order != 0)
		return order;
	return (x->again > y->again) - (x->again < y->again);
}

static int compare_places(const void *a, const void *b)
{
	const struct tree_duplicate *x = a, *y = b;

	return (x->again > y->again) - (x->again < y->again);
}

/* Where duplicates go; what does not fit is counted. */
struct finds {
	struct tree_duplicate *items; /* foreign */
	size_t max, n;
};

static void note(struct finds *f, const struct tree_duplicate *duplicate)
{
	if (f->n < f->max)
		f->items[f->n] = *duplicate;
	f->n++;
}

static void find_in_few(const struct tree_node *map, struct finds *f)
{
	struct tree_duplicate d;
	size_t i;

	for (i = 1; i < map->n; i++) {
		d.again = &map->children[i];
		for (d.first = map->children; d.first < d.again; d.first++) {
			if (strcmp(d.first->key, d.again->key) == 0) {
				note(f, &d);
				break;
			}
		}
	}
}

static int find_in_many(const struct tree_node *map, struct finds *f)
{
	struct tree_duplicate *sorted = calloc(map->n, sizeof(*sorted));
	const struct tree_node *first;
	size_t i, n = 0;

	if (sorted == NULL)
		return -1;
	for (i = 0; i < map->n; i++)
		sorted[i].again = &map->children[i];
	qsort(sorted, map->n, sizeof(*sorted), compare_keys);
	/* The duplicates move to the front, which has been read by then. */
	first = sorted[0].again;
	for (i = 1; i < map->n; i++) {
		const struct tree_node *node = sorted[i].again;

		if (strcmp(first->key, node->key) == 0) {
			sorted[n].first = first;
			sorted[n++].again = node;
		} else {
			first = node;
		}
	}
	qsort(sorted, n, sizeof(*sorted), compare_places);
	for (i = 0; i < n; i++)
		note(f, &sorted[i]);
	free(sorted);
	return 0;
}

int tree_duplicates(const struct tree *t, struct tree_duplicate *found,
    size_t max, size_t *n)
{
	struct finds f = { found, max, 0 };
	size_t i;

	for (i = 0; i < t->n_nodes; i++) {
		const struct tree_node *node = &t->nodes[i];

		if (node->type != TREE_MAP)
			continue;
		if (node->n <= FEW_KEYS)
			find_in_few(node, &f);
		else if (find_in_many(node, &f) == -1)
			return -1;
	}
	*n = f.n;
	return 0;
}
