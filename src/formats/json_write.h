/*
 * json_write.h - writing JSON into a strbuf: commas, indentation, escapes.
 *
 * ASCII output (\uXXXX with surrogate pairs; invalid UTF-8 becomes \ufffd).
 * indent < 0: compact, one line.  Errors stick in the strbuf.
 */
#ifndef HFCRON_FORMATS_JSON_WRITE_H
#define HFCRON_FORMATS_JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

enum { JSON_WRITE_DEPTH_MAX = 32 };

struct json_writer {
	struct strbuf *out; /* foreign */
	int indent;	    /* spaces per level, < 0 compact */
	int depth;
	bool has_items[JSON_WRITE_DEPTH_MAX];
	bool after_key;
};

void json_write_init(struct json_writer *w, struct strbuf *out, int indent);
void json_write_begin_object(struct json_writer *w);
void json_write_end_object(struct json_writer *w);
void json_write_begin_array(struct json_writer *w);
void json_write_end_array(struct json_writer *w);
void json_write_key(struct json_writer *w, const char *key);
void json_write_string(struct json_writer *w,
    const char *text); /* NULL: null */
void json_write_u64(struct json_writer *w, uint64_t value);
void json_write_i64(struct json_writer *w, int64_t value);
void json_write_real(struct json_writer *w, double value); /* 3 decimals */
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);

#endif
