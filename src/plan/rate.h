/*
 * rate.h - how fast bytes may arrive at an instant, and until when.  Pure.
 *
 * Times are those of the "local" zone, read as for windows: half-open, the day
 * named is the day of the beginning, in a spring gap the gap's end, in the
 * autumn overlap the first occurrence.
 */
#ifndef HFCRON_PLAN_RATE_H
#define HFCRON_PLAN_RATE_H

#include <stdint.h>

#include "base/instant.h"
#include "model/bandwidth.h"
#include "model/calendar.h"

struct rate {
	uint64_t limit; /* bytes a second; 0: none */
	/* Not to be relied on from then on, as another rule may hold;
	 * WALL_NONE: it never changes. */
	struct wall until;
};

struct rate rate_at(const struct bandwidth *b, const struct calendar *cal,
    struct wall t);

#endif
