/*
 * http_bucket.h - so many bytes a second: a bucket that fills evenly and is
 * emptied by what arrives.  Pure; the caller brings the clock.
 *
 * What arrives is taken whole while anything is in it, so that it may owe one
 * chunk; over time the rate is exact.  What nobody takes is kept for
 * HTTP_BUCKET_KEEP_MS: so late the caller may come without losing any of it,
 * and so much may come at once after a pause.
 */
#ifndef HFCRON_HTTP_HTTP_BUCKET_H
#define HFCRON_HTTP_HTTP_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

enum { HTTP_BUCKET_KEEP_MS = 100 };
#define HTTP_BUCKET_RATE_MAX UINT64_C(1000000000000)

struct http_bucket {
	uint64_t rate; /* bytes a second; 0: no limit */
	int64_t level; /* what may come, in thousandths of a byte */
	struct mono filled;
};

/* A new rate from now on; debts stay.  More than HTTP_BUCKET_RATE_MAX is no
 * limit. */
void http_bucket_set(struct http_bucket *b, uint64_t rate, struct mono now);
/* May anything come? */
bool http_bucket_is_open(struct http_bucket *b, struct mono now);
/* So much has come, asked for or not. */
void http_bucket_take(struct http_bucket *b, uint64_t n, struct mono now);
/* Until it is open; 0: it is. */
int64_t http_bucket_wait_ms(struct http_bucket *b, struct mono now);

#endif
