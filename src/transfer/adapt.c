/* adapt.c - how many requests at a time for the pieces of large files. */
#include "transfer/adapt.h"

#include <string.h>

enum {
	INTERVAL_MS = 500,
	/* Of a trial nothing is measured before it has settled. */
	SETTLE_MS = 150,
	REST_FIRST_MS = 4000,
	REST_MAX_MS = 60 * 1000
};

/* Clearly more: half of what twice as many could bring.  The same: but for the
 * noise. */
#define MORE 1.2
#define SAME 0.97

void adapt_init(struct adapt *a, unsigned level, unsigned max)
{
	memset(a, 0, sizeof(*a));
	a->max = max > 0 ? max : 1;
	a->level = level == 0 ? 1 : level > a->max ? a->max : level;
	a->rest_ms = REST_FIRST_MS;
}

static void begin_interval(struct adapt *a, uint64_t bytes, struct mono now)
{
	a->measuring = true;
	a->since = now;
	a->bytes_at = bytes;
}

/* The trial begins: its interval starts once it has settled. */
static void try_level(struct adapt *a, unsigned level, double rate,
    uint64_t bytes, struct mono now)
{
	a->from = a->level;
	a->level = level;
	a->rate_before = rate;
	begin_interval(a, bytes, now);
	a->settling = true;
}

static void rest(struct adapt *a, struct mono now)
{
	a->from = 0;
	a->rest_until.ms = now.ms + a->rest_ms;
	a->rest_ms *= 2;
	if (a->rest_ms > REST_MAX_MS)
		a->rest_ms = REST_MAX_MS;
}

/* What the trial came to. */
static void judge(struct adapt *a, double rate, struct mono now)
{
	bool fewer = a->level < a->from;

	if (fewer ? rate >= SAME * a->rate_before
		  : rate >= MORE * a->rate_before) {
		/* On in the same direction at once. */
		a->from = 0;
		a->try_fewer = fewer;
		a->rest_ms = REST_FIRST_MS;
		return;
	}
	a->level = a->from;
	a->try_fewer = !fewer;
	rest(a, now);
}

static void try_another(struct adapt *a, double rate, uint64_t bytes,
    struct mono now)
{
	unsigned level = a->try_fewer ? (a->level + 1) / 2 : 2 * a->level;

	if (level > a->max)
		level = a->max;
	if (level == a->level) {
		a->try_fewer = !a->try_fewer;
		rest(a, now);
		return;
	}
	try_level(a, level, rate, bytes, now);
}

void adapt_note(struct adapt *a, uint64_t bytes, bool busy, struct mono now)
{
	int64_t span = now.ms - a->since.ms;
	double rate;

	if (!busy || !a->measuring) {
		begin_interval(a, bytes, now);
		return;
	}
	if (a->settling && span >= SETTLE_MS) {
		a->settling = false;
		begin_interval(a, bytes, now);
		return;
	}
	if (a->settling || span < INTERVAL_MS)
		return;
	rate = (double)(bytes - a->bytes_at) / (double)span;
	if (a->from != 0)
		judge(a, rate, now);
	if (a->from == 0 && now.ms >= a->rest_until.ms)
		try_another(a, rate, bytes, now);
	else
		begin_interval(a, bytes, now);
}

void adapt_trouble(struct adapt *a, struct mono now)
{
	a->level = (a->level + 1) / 2;
	a->from = 0;
	a->try_fewer = false;
	a->measuring = a->settling = false;
	a->rest_until.ms = now.ms + a->rest_ms;
}
