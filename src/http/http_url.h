/*
 * http_url.h - URLs as libcurl reads them; nothing else takes them apart.
 */
#ifndef HFCRON_HTTP_HTTP_URL_H
#define HFCRON_HTTP_HTTP_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct http_origin {
	bool https;
	/* Lower case, no brackets; no trailing dot is stripped: "h." is
	 * another host than "h". */
	char host[256];
	unsigned port;
};

/*
 * Only http and https.  User information, control bytes and over 64 KiB are
 * refused.  0, or -1 with ERR_PERMANENT; the text shows no query.
 */
int http_origin_parse(const char *url, struct http_origin *origin,
    struct err *e);
bool http_origin_equal(const struct http_origin *a,
    const struct http_origin *b);
/* localhost, 127.0.0.0/8, ::1 by spelling. */
bool http_origin_is_loopback(const struct http_origin *o);

/*
 * Resolve `location` against `base` by RFC 3986; bytes and query stay as they
 * are ("%2F" is not touched).  Userinfo is dropped.  Returns owned; NULL with
 * *e.
 */
char *http_url_resolve(const char *base, const char *location, struct err *e);

/* Do both lead to the same origin and path (upper and lower case alike),
 * whatever their queries?  1, 0, or -1 with *e if one cannot be read. */
int http_url_same_place(const char *a, const char *b, struct err *e);

/* For messages and logs: scheme, host and path, no query, no userinfo.
 * Returns buf. */
const char *http_url_display(const char *url, char *buf, size_t size);

/* Percent-encode all but A-Za-z0-9_.~- (and "/" if keep_slash).  Owned. */
char *http_url_encode(const char *text, bool keep_slash);

#endif
