/*
 * http_headers.h - the headers of one answer, line by line as they come.
 * Pure.
 */
#ifndef HFCRON_HTTP_HTTP_HEADERS_H
#define HFCRON_HTTP_HTTP_HEADERS_H

#include <stddef.h>

#include "base/strbuf.h"

struct http_headers {
	struct strbuf text; /* name, NUL, value, NUL, ... */
	size_t last;	    /* offset of the last value */
};

void http_headers_init(struct http_headers *h, size_t max_bytes);
void http_headers_release(struct http_headers *h);
void http_headers_clear(struct http_headers *h);

enum http_headers_problem {
	HTTP_HEADERS_FINE,
	HTTP_HEADERS_CONTROL, /* a control byte other than TAB */
	HTTP_HEADERS_FULL     /* no memory, or more than max_bytes */
};

/*
 * One line, with or without its line end.  White space around the value is
 * dropped, a folded line goes on with the value before it, and a line that is
 * no header (no colon, a name that is no token) is skipped.
 */
enum http_headers_problem http_headers_add(struct http_headers *h,
    const char *line, size_t n);

/* The value of header number `i` (from 0) of that name, any case; NULL.
 * Borrowed until the next change. */
const char *http_headers_get(const struct http_headers *h, const char *name,
    size_t i);

#endif
