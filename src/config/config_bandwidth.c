/* config_bandwidth.c - transfer.bandwidth: one value or a timetable. */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "config/config_internal.h"

enum { RULES_MAX = 64 };

/* Less cannot be told from a connection that stalls. */
#define LIMIT_MIN UINT64_C(1000)

/* An entry while its keys are read. */
struct draft {
	struct bandwidth_rule *rule;
	bool has_limit, has_during;
};

static bool read_limit(const struct reader *r, const struct tree_node *node,
    const char *what, uint64_t *limit)
{
	uint64_t v;

	if (reader_is_none(node)) {
		*limit = 0;
		return true;
	}
	if ((node->type == TREE_STRING || node->type == TREE_NUMBER) &&
	    num_parse_rate(node->text, &v) == 0 && v >= LIMIT_MIN) {
		*limit = v;
		return true;
	}
	reader_expected(r, node, what);
	return false;
}

void config_bandwidth_during(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct draft *d = into;

	d->has_during = true;
	config_read_windows(r, node, &d->rule->windows, &d->rule->n_windows);
}

void config_bandwidth_limit(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct draft *d = into;

	d->has_limit = true;
	(void)read_limit(r, node,
	    "none, or bytes a second such as 40MB/s or 512KiB/s, at least "
	    "1kB/s",
	    &d->rule->limit);
}

/* *closed: an entry before it always matches. */
static void read_rule(const struct reader *r, const struct tree_node *node,
    struct bandwidth *b, bool *closed)
{
	struct draft draft = { &b->rules[b->n], false, false };

	if (node->type != TREE_MAP) {
		reader_expected(r, node,
		    "a map such as { during: \"08:00-18:00\", limit: 5MB/s }");
		return;
	}
	if (*closed)
		reader_problem(r, node,
		    "this entry never counts: one before it has no "
		    "\"during\", so it always matches");
	reader_map(r, node, "transfer.bandwidth.", &draft);
	if (!draft.has_limit)
		reader_problem(r, node, "an entry needs a \"limit\"");
	*closed = *closed || !draft.has_during;
	b->n++;
}

void config_read_bandwidth(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct bandwidth *b = &((struct transfer_config *)into)->bandwidth;
	bool closed = false;
	size_t n = 1;

	bandwidth_release(b); /* of a duplicate key */
	if (reader_is_none(node))
		return;
	if (node->type == TREE_LIST &&
	    reader_items(r, node, "bytes a second or a timetable", RULES_MAX,
		&n) == NULL)
		return;
	b->rules = calloc(n, sizeof(*b->rules));
	if (b->rules == NULL) {
		r->problems->out_of_memory = true;
		return;
	}
	if (node->type == TREE_LIST) {
		for (size_t i = 0; i < n; i++)
			read_rule(r, &node->children[i], b, &closed);
	} else if (read_limit(r, node,
		       "none, bytes a second such as 40MB/s or 512KiB/s, at "
		       "least 1kB/s, or a list of { during, limit }",
		       &b->rules[0].limit)) {
		b->n = 1;
	}
}
