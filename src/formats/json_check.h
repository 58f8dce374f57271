/*
 * json_check.h - the grammar of JSON, step by step; for json_tree and json_each
 * only.
 *
 * Refuses all that is not JSON, counts what there is and bounds the depth.
 */
#ifndef HFCRON_FORMATS_JSON_CHECK_H
#define HFCRON_FORMATS_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "formats/json_tree.h"
#include "formats/tree.h"

struct json_check {
	const char *text; /* foreign; behind the byte-order mark */
	size_t n, at;
	int depth, depth_max; /* open containers; > 0: not done */
	bool in_map[TREE_JSON_DEPTH_MAX];
	bool first; /* nothing stands in the open container yet */
	size_t values, keys;
	/* of the last step that had a key: with its quotes */
	size_t key_start, key_end;
	size_t value_end;  /* of what the last step read */
	bool root_is_word; /* a number, true, false or null alone */
	size_t root_start, root_end;
	enum err_kind kind; /* of what it refuses */
	const char *problem;
	size_t problem_at;
};

/*
 * All return 0, or -1 with *e: the limits' kind, "LINE:COL: problem".  begin
 * reads the root, of a container its opening bracket; each step one value with
 * its key (the same of a container), or a closing bracket; end, at depth 0,
 * refuses what follows.
 */
int json_check_begin(struct json_check *c, const char *text, size_t n,
    const struct json_limits *limits, struct err *e);
int json_check_step(struct json_check *c, struct err *e);
int json_check_end(struct json_check *c, struct err *e);

/* The four digits of a \u escape, or -1. */
int32_t json_check_hex4(const char *text, size_t n);

#endif
