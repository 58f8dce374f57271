/*
 * slots.h - when a schedule fires and when its windows are open.  Pure.
 *
 * Slots are instants.  Local times in a spring gap fall on the gap's end, in
 * the autumn overlap on the first occurrence; slots that so fall together
 * are one.  Searches end after SLOTS_HORIZON_DAYS.  A schedule that is only a
 * window has a slot at every opening as written, also where it touches the
 * window before.
 */
#ifndef HFCRON_PLAN_SLOTS_H
#define HFCRON_PLAN_SLOTS_H

#include <stdbool.h>

#include "base/instant.h"
#include "model/calendar.h"
#include "model/schedule.h"

enum { SLOTS_HORIZON_DAYS = 8 * 366 + 7 }; /* 29 February comes again */

/*
 * The last slot in (after, until], WALL_NONE if there is none.  `anchor` is
 * the slot from which an EVERY schedule counts (any slot of it serves); with
 * WALL_NONE its first slot is `until`.
 */
struct wall slots_last(const struct schedule *s, const struct calendar *cal,
    struct wall anchor, struct wall after, struct wall until);

/*
 * The first slot after `after`; WALL_NONE if none within the horizon.  An EVERY
 * schedule without an anchor counts from `after`.
 */
struct wall slots_next(const struct schedule *s, const struct calendar *cal,
    struct wall anchor, struct wall after);

struct window_state {
	bool open;
	/* open: when it closes (windows that touch are one; WALL_NONE if it
	 * never does).  closed: when it opens next. */
	struct wall until;
};

/* Schedules without windows are always open. */
struct window_state window_at(const struct schedule *s,
    const struct calendar *cal, struct wall t);

/*
 * When windows open next after t: an open one closes first.  WALL_NONE if
 * there are none, or if they are never closed or never open.
 */
struct wall window_next_opening(const struct schedule *s,
    const struct calendar *cal, struct wall t);

#endif
