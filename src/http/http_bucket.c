/* http_bucket.c - so many bytes a second. */
#include "http/http_bucket.h"

enum {
	/* A byte a second is one of these a millisecond. */
	PER_BYTE = 1000,
	/* More is never owed; with the highest rate it fits the level. */
	FILL_MAX_MS = 1000 * 1000
};

static int64_t capacity(const struct http_bucket *b)
{
	return (int64_t)b->rate * HTTP_BUCKET_KEEP_MS;
}

static void fill(struct http_bucket *b, struct mono now)
{
	int64_t ms = now.ms - b->filled.ms;

	b->filled = now;
	if (ms <= 0)
		return;
	if (ms > FILL_MAX_MS)
		ms = FILL_MAX_MS;
	b->level += (int64_t)b->rate * ms;
	if (b->level > capacity(b))
		b->level = capacity(b);
}

void http_bucket_set(struct http_bucket *b, uint64_t rate, struct mono now)
{
	if (b->rate == 0)
		b->level = 0;
	fill(b, now);
	b->rate = rate > HTTP_BUCKET_RATE_MAX ? 0 : rate;
	if (b->level > capacity(b))
		b->level = capacity(b);
}

bool http_bucket_is_open(struct http_bucket *b, struct mono now)
{
	return http_bucket_wait_ms(b, now) == 0;
}

void http_bucket_take(struct http_bucket *b, uint64_t n, struct mono now)
{
	if (b->rate == 0)
		return;
	fill(b, now);
	b->level -= (int64_t)n * PER_BYTE;
}

int64_t http_bucket_wait_ms(struct http_bucket *b, struct mono now)
{
	if (b->rate == 0)
		return 0;
	fill(b, now);
	if (b->level > 0)
		return 0;
	return -b->level / (int64_t)b->rate + 1;
}
