/*
 * http_verdict.h - the one table from an HTTP outcome to an error kind, for
 * any server.  What the Hub's own headers add is hub/hub_verdict.h.
 */
#ifndef HFCRON_HTTP_HTTP_VERDICT_H
#define HFCRON_HTTP_HTTP_VERDICT_H

#include "base/err.h"
#include "base/instant.h"
#include "http/http_client.h"

/*
 * 0 for a complete 2xx; else -1 and *e: 408 425 429 500 502 503 504 ->
 * TRANSIENT with retry_after_s from Retry-After (both forms; junk and past
 * dates as if absent; clamped to 1 s .. 1 h) or, for a 429, from RateLimit
 * with r=0 (t + 1), and then rate_limited; 401 403 407 451 -> AUTH; 404 410 -> PERMANENT; 416 ->
 * INTEGRITY; other 4xx -> PERMANENT; other 5xx -> TRANSIENT; 3xx that could
 * not be followed -> TRANSIENT.  `now` is for the date form.
 */
int http_verdict(const struct http_result *result, struct wall now,
    struct err *e);

/* Seconds from a Retry-After value, -1 if absent or junk.  Pure. */
int64_t http_retry_after_s(const char *value, struct wall now);

enum { HTTP_BUCKET_MAX = 24 };

struct http_rate_limit {
	char name[HTTP_BUCKET_MAX]; /* cut if it is longer */
	int64_t left;		    /* r, -1 unknown */
	int64_t reset_s;	    /* t */
};
/* First `"name";r=N;t=N` of a RateLimit value, leniently; 0 or -1.  Pure. */
int http_rate_limit_parse(const char *value, struct http_rate_limit *limit);

struct http_content_range {
	uint64_t from, to; /* [from, to) */
	uint64_t total;
};
/* "bytes N-M/TOTAL" of a 206; 0 or -1 (also for an unknown total).  Pure. */
int http_content_range_parse(const char *value,
    struct http_content_range *range);

#endif
