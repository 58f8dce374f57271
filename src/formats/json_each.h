/*
 * json_each.h - a JSON document that is too large to be held as a tree, one
 * entry at a time.
 */
#ifndef HFCRON_FORMATS_JSON_EACH_H
#define HFCRON_FORMATS_JSON_EACH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "formats/json_tree.h"
#include "formats/tree.h"

/*
 * The root is a map.  `take` gets its entries in their order, but for the one
 * whose key is `within` (no escapes) and which is a map: of that, the entries,
 * with `inside`; *found says that it was there.  Each has its key, lives until `take` returns, and counts its
 * lines and columns from its own beginning; -1 ends the reading.
 *
 * 0, or -1: what json_tree_parse refuses, a root that is no map, a second
 * `within`.  What follows a fault is not seen before it: what was taken counts
 * only after 0.  unique_keys: within each entry; the rest is for `take` to see.
 */
int json_each(const char *text, size_t n, const struct json_limits *limits,
    const char *within, bool *found,
    int (*take)(void *cookie, bool inside, const struct tree_node *entry,
	struct err *e),
    void *cookie, struct err *e);

#endif
