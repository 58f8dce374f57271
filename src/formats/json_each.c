/* json_each.c - a large JSON document, one entry at a time. */
#include "formats/json_each.h"

#include <string.h>

#include "base/strbuf.h"
#include "formats/json_check.h"

struct reader {
	struct json_check check;
	const struct json_limits *limits;
	const char *within;
	int (*take)(void *cookie, bool inside, const struct tree_node *entry,
	    struct err *e);
	void *cookie;
	struct strbuf one; /* an entry as a document of its own */
	size_t start;	   /* of the entry that is being read */
	bool inside;	   /* the open container at depth 2 is `within` */
	bool seen;	   /* it was there */
};

/* The entry that ends where the last step did. */
static int give(struct reader *r, struct err *e)
{
	const struct tree_node *root;
	struct tree *tree;
	int rc;

	strbuf_clear(&r->one);
	strbuf_putc(&r->one, '{');
	strbuf_add(&r->one, r->check.text + r->start,
	    r->check.value_end - r->start);
	strbuf_putc(&r->one, '}');
	if (strbuf_failed(&r->one))
		return err_nomem(e);
	tree = json_tree_parse(strbuf_text(&r->one), r->one.len, r->limits, e);
	if (tree == NULL)
		return -1;
	root = tree_root(tree);
	rc = r->take(r->cookie, r->inside, &root->children[0], e);
	tree_free(tree);
	return rc;
}

static bool is_within(const struct reader *r)
{
	const struct json_check *c = &r->check;
	size_t n = strlen(r->within);

	return c->key_end - c->key_start == n + 2 && c->in_map[1] &&
	    memcmp(c->text + c->key_start + 1, r->within, n) == 0;
}

/* What the step from `depth` to the depth of now was. */
static int look(struct reader *r, int depth, struct err *e)
{
	struct json_check *c = &r->check;
	int base = r->inside ? 2 : 1;

	if (c->depth > depth && depth == 1 && is_within(r)) {
		if (r->seen)
			return err_set(e, r->limits->kind,
			    "\"%s\" stands twice", r->within);
		r->inside = r->seen = true;
		return 0;
	}
	if (c->depth < base) { /* the end of `within`, or of all */
		r->inside = false;
		return 0;
	}
	if (depth == base && c->depth >= base)
		r->start = c->key_start;
	return c->depth == base ? give(r, e) : 0;
}

static int read_all(struct reader *r, const char *text, size_t n, struct err *e)
{
	struct json_check *c = &r->check;

	if (json_check_begin(c, text, n, r->limits, e) == -1)
		return -1;
	if (c->depth == 0 || !c->in_map[0])
		return err_set(e, r->limits->kind,
		    "1:1: the document is no map");
	while (c->depth > 0) {
		int depth = c->depth;

		if (json_check_step(c, e) == -1 || look(r, depth, e) == -1)
			return -1;
	}
	return json_check_end(c, e);
}

int json_each(const char *text, size_t n, const struct json_limits *limits,
    const char *within, bool *found,
    int (*take)(void *cookie, bool inside, const struct tree_node *entry,
	struct err *e),
    void *cookie, struct err *e)
{
	struct reader r = { .limits = limits,
		.within = within,
		.take = take,
		.cookie = cookie };
	int rc;

	*found = false;
	strbuf_init(&r.one, limits->bytes_max + 2);
	rc = read_all(&r, text, n, e);
	strbuf_release(&r.one);
	*found = r.seen;
	return rc;
}
