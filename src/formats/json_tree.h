/*
 * json_tree.h - the only user of jsmn.
 *
 * jsmn is built with JSMN_STRICT and JSMN_PARENT_LINKS (without the links 4.7
 * MB of small objects take 43 s), and a grammar pass of our own goes before it,
 * because jsmn accepts much that is not JSON: two roots, missing commas and
 * colons, trailing commas, truex, 01, NUL, raw control bytes, lone surrogates,
 * invalid UTF-8.  \u0000 is refused too.  Numbers are any that JSON has (1e999,
 * -0): the reader decides.  At most 4 million values.
 * A byte-order mark is skipped.  Failures are `kind` with a text that begins
 * "LINE:COL: ".
 */
#ifndef HFCRON_FORMATS_JSON_TREE_H
#define HFCRON_FORMATS_JSON_TREE_H

#include <stddef.h>

#include "formats/tree.h"

struct json_limits {
	size_t bytes_max;   /* <= TREE_JSON_BYTES_MAX */
	int depth_max;	    /* <= TREE_JSON_DEPTH_MAX */
	enum err_kind kind; /* of failures: ERR_CONFIG for the user's files,
				   ERR_TRANSIENT for answers of a server */
	bool unique_keys;   /* duplicate keys are an error (else the last
				   one counts; tree_duplicates finds them) */
};

/* Returns owned (tree_free); NULL with *e. */
struct tree *json_tree_parse(const char *text, size_t n,
    const struct json_limits *limits, struct err *e);

#endif
