/*
 * calendar.h - civil time in a zone, by a function that the caller brings
 * (the system's zone files, or a test's table).  Pure otherwise.
 *
 * Reading a local time (design, section 3): in a spring gap it is the gap's
 * end; in the autumn overlap it is the first occurrence.
 */
#ifndef HFCRON_MODEL_CALENDAR_H
#define HFCRON_MODEL_CALENDAR_H

#include <stdint.h>

#include "base/instant.h"

struct calendar {
	/* Seconds to add to UTC for local time in `zone` at utc_s. */
	int32_t (*offset_s)(void *cookie, const char *zone, int64_t utc_s);
	void *cookie;
};

/* Local civil time of an instant. */
void calendar_local(const struct calendar *cal, const char *zone, struct wall t,
    struct civil *out);

/* The instant of a local civil time (hour 24 and day overflow are carried). */
struct wall calendar_instant(const struct calendar *cal, const char *zone,
    const struct civil *local);

#endif
