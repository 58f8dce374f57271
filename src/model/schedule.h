/*
 * schedule.h - the noun: a rule that yields slots, and windows in which bytes
 * may move.  Plain data; plan/slots.h computes with it.
 */
#ifndef HFCRON_MODEL_SCHEDULE_H
#define HFCRON_MODEL_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/cron_expr.h"

enum schedule_kind {
	SCHEDULE_AT,	/* times of day on days of the week */
	SCHEDULE_EVERY, /* a fixed interval after the last slot */
	SCHEDULE_CRON,
	SCHEDULE_WINDOW /* only a window: due when it opens */
};

enum catch_up { CATCH_UP_ONCE, CATCH_UP_SKIP };

enum { SCHEDULE_ALL_DAYS = 0x7f }; /* bit 0 = Sunday */

/*
 * [from, to) in minutes of the day; from > to crosses midnight; to may be
 * 1440 (24:00).  The day named is the day of the opening.
 */
struct window {
	uint8_t days; /* bit 0 = Sunday */
	int from_min, to_min;
};

struct schedule {
	char *name; /* own */
	enum schedule_kind kind;
	int *at_min; /* own; minutes of the day, ascending */
	size_t n_at;
	uint8_t days; /* for AT */
	int64_t every_s;
	struct cron_expr cron;
	char *cron_text;	/* own; as written, NULL unless CRON */
	struct window *windows; /* own; none: always open */
	size_t n_windows;
	char *zone; /* own; "local", "UTC" or IANA */
	enum catch_up catch_up;
	/* Each job begins at its own instant within so long after a slot, as
	 * far as the window and the next slot leave room; 0: at the slot. */
	int64_t splay_s;
	int64_t max_staleness_s; /* 0: none; says nothing about slots */
};

void schedule_release(struct schedule *s);

/* "22:00" or "24:00" (only if allow_24) -> minutes; 0 or -1. */
int schedule_parse_time(const char *text, bool allow_24, int *minutes);
/* sun..sat or sunday.. in any case -> 0..6; -1 if unknown. */
int schedule_parse_day(const char *text);
/* "mon", "sat,sun", "mon-fri" -> bits; 0 or -1. */
int schedule_parse_days(const char *text, uint8_t *days);
/* "22:00-07:00" or "sat,sun 00:00-24:00"; 0, or -1 with a static reason
 * (equal ends are an error). */
int schedule_parse_window(const char *text, struct window *w,
    const char **problem);

/*
 * One line that says all that changes when the schedule yields slots and
 * windows (kind, times, days, zone, catch_up, splay), for fingerprints and `plan`.
 * Returns owned, NULL: no memory.
 */
char *schedule_text(const struct schedule *s);

#endif
