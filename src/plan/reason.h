/*
 * reason.h - the sentence that goes with a decision, with times as the people
 * in the schedule's zone read them.  Pure.
 */
#ifndef HFCRON_PLAN_REASON_H
#define HFCRON_PLAN_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/instant.h"
#include "model/calendar.h"
#include "plan/plan.h"

struct reason {
	char text[2 * PLAN_REASON_MAX];
	size_t len;
	const struct calendar *cal; /* borrowed */
	const char *zone;	    /* borrowed; NULL: local */
	struct wall now;
	bool zone_said; /* named once, meant for all */
};

void reason_init(struct reason *r, const struct calendar *cal, const char *zone,
    struct wall now);
/* What does not fit is cut. */
void reason_add(struct reason *r, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 2, 3)));
/* "Sun 02:00 Europe/Berlin", with the date instead of the day if it is not
 * near; the zone only once, and not if it is the machine's. */
void reason_add_time(struct reason *r, struct wall t);
/* "6h", "1h30m" */
void reason_add_duration(struct reason *r, int64_t s);
/* Escaped, cut at a whole character. */
void reason_finish(const struct reason *r, char out[PLAN_REASON_MAX]);

#endif
