/*
 * fuzz_json.c - what is read can be written, and is then read as the same; and
 * one entry at a time it is the same, too.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/json_each.h"
#include "formats/json_tree.h"
#include "formats/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = { 1024 * 1024, JSON_WRITE_DEPTH_MAX,
	ERR_CONFIG, false };

static void write_node(struct json_writer *w, const struct tree_node *node)
{
	bool map = node->type == TREE_MAP;
	size_t i;

	switch (node->type) {
	case TREE_NULL:
		json_write_null(w);
		return;
	case TREE_BOOL:
		json_write_bool(w, strcmp(node->text, "true") == 0);
		return;
	case TREE_NUMBER: /* as text: there is no writer for any number */
	case TREE_STRING:
		json_write_string(w, node->text);
		return;
	default:
		break;
	}
	if (map)
		json_write_begin_object(w);
	else
		json_write_begin_array(w);
	for (i = 0; i < node->n; i++) {
		if (map)
			json_write_key(w, node->children[i].key);
		write_node(w, &node->children[i]);
	}
	if (map)
		json_write_end_object(w);
	else
		json_write_end_array(w);
}

static void compare(const struct tree_node *a, const struct tree_node *b)
{
	size_t i;

	if (a->type != b->type &&
	    !(a->type == TREE_NUMBER && b->type == TREE_STRING))
		abort();
	if (a->n != b->n || (a->text == NULL) != (b->text == NULL) ||
	    (a->text != NULL && strcmp(a->text, b->text) != 0))
		abort();
	if ((a->key == NULL) != (b->key == NULL) ||
	    (a->key != NULL && strcmp(a->key, b->key) != 0))
		abort();
	for (i = 0; i < a->n; i++)
		compare(&a->children[i], &b->children[i]);
}

#define WITHIN "a"

/* What of the whole tree comes next. */
struct walk {
	const struct tree_node *root, *inside; /* NULL: not in it */
	size_t next, next_inside;
};

static int see(void *cookie, bool inside, const struct tree_node *entry,
    struct err *e)
{
	struct walk *w = cookie;
	const struct tree_node *map = w->root;
	size_t *next = &w->next;

	(void)e;
	/* An empty one is not told. */
	while (w->inside == NULL && w->next < w->root->n &&
	    strcmp(w->root->children[w->next].key, WITHIN) == 0 &&
	    w->root->children[w->next].type == TREE_MAP) {
		w->inside = &w->root->children[w->next++];
		if (!inside || w->inside->n == 0)
			w->inside = NULL;
	}
	if (inside) {
		if (w->inside == NULL)
			abort();
		map = w->inside;
		next = &w->next_inside;
	}
	if (*next == map->n)
		abort();
	compare(&map->children[(*next)++], entry);
	if (inside && *next == map->n)
		w->inside = NULL;
	return 0;
}

/* Only an escape makes another key of WITHIN. */
static void compare_each(const char *text, size_t n, const struct tree *t)
{
	struct walk w = { .root = tree_root(t) };
	struct err e = ERR_INIT;
	bool found, twice = false;

	if (memchr(text, '\\', n) != NULL)
		return;
	if (json_each(text, n, &limits, WITHIN, &found, see, &w, &e) == -1)
		twice = strstr(e.text, "twice") != NULL;
	else if (w.root->type != TREE_MAP)
		abort();
	if (e.kind != ERR_NONE && !twice && w.root->type == TREE_MAP)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct tree *t, *again;
	struct json_writer w;
	struct strbuf out;

	t = json_tree_parse((const char *)data, size, &limits, &e);
	if (t == NULL) {
		if (e.kind != ERR_CONFIG || strchr(e.text, ':') == NULL)
			abort();
		return 0;
	}
	compare_each((const char *)data, size, t);
	strbuf_init(&out, 16 * limits.bytes_max);
	json_write_init(&w, &out, size % 2 == 0 ? -1 : 2);
	write_node(&w, tree_root(t));
	/* Deep indentation of much text is cut off, and no finding. */
	if (!strbuf_failed(&out) && out.len <= limits.bytes_max) {
		again = json_tree_parse(strbuf_text(&out), out.len, &limits,
		    &e);
		if (again == NULL)
			abort();
		compare(tree_root(t), tree_root(again));
		tree_free(again);
	}
	strbuf_release(&out);
	tree_free(t);
	return 0;
}
