/* slots.c - when a schedule fires and when its windows are open. */
#include "plan/slots.h"

/*
 * Local time is mapped to instants by calendar_instant, which never goes
 * backwards: later local times are never earlier instants.  All searches rest
 * on that: they walk local days and minutes and compare instants.
 */

enum {
	DAY_MIN = 24 * 60,
	NEVER_CLOSES_DAYS = 64, /* longer than any row of time changes that
				   swallow a weekly pause */
	OPENING_DAYS = 16	/* two weeks, if a gap swallows one opening */
};

#define DAY_S INT64_C(86400)
#define FAR_S (INT64_C(1) << 60) /* no stamp of ours is beyond it */

static const struct wall none = { WALL_NONE };

static const char *zone_of(const struct schedule *s)
{
	return s->zone == NULL ? "local" : s->zone;
}

/* The local day of an instant and the minute of that day. */
static int64_t local_day(const struct schedule *s, const struct calendar *cal,
    struct wall t, int *minute)
{
	struct civil c;

	calendar_local(cal, zone_of(s), t, &c);
	*minute = c.hour * 60 + c.minute;
	return instant_days_from_civil(c.year, c.month, c.day);
}

/* The instant of a minute (0..1440) of a local day. */
static struct wall at_minute(const struct schedule *s,
    const struct calendar *cal, int64_t day, int minute)
{
	struct civil c;

	instant_civil_from_days(day, &c);
	c.hour = minute / 60;
	c.minute = minute % 60;
	return calendar_instant(cal, zone_of(s), &c);
}

static bool day_fires(const struct schedule *s, const struct civil *c)
{
	if (s->kind == SCHEDULE_AT)
		return (s->days >> c->wday & 1) != 0;
	if (s->kind == SCHEDULE_CRON)
		return cron_expr_day_matches(&s->cron, c->year, c->month,
		    c->day);
	return true;
}

/* How far the next day is that is worth a look, in days; step is 1 or -1. */
static int64_t days_to_next(const struct schedule *s, const struct civil *c,
    int step)
{
	if (s->kind != SCHEDULE_CRON || (s->cron.months >> c->month & 1) != 0)
		return step;
	if (step > 0)
		return instant_days_in_month(c->year, c->month) - c->day + 1;
	return -c->day;
}

static int cron_minute(const struct cron_expr *cron, int minute, int step)
{
	int m;

	for (m = minute + step; m >= 0 && m < DAY_MIN; m += step) {
		if ((cron->hours >> m / 60 & 1) == 0)
			m = m / 60 * 60 + (step > 0 ? 59 : 0);
		else if ((cron->minutes >> m % 60 & 1) != 0)
			return m;
	}
	return -1;
}

static int nearer(int best, int candidate, int minute, int step)
{
	if ((candidate - minute) * step <= 0)
		return best;
	if (best != -1 && (candidate - best) * step >= 0)
		return best;
	return candidate;
}

/*
 * The nearest minute of a firing day beyond `minute` in the direction of
 * step, -1 if there is none.
 */
static int next_minute(const struct schedule *s, const struct civil *c,
    int minute, int step)
{
	int best = -1;
	size_t i;

	if (s->kind == SCHEDULE_CRON)
		return cron_minute(&s->cron, minute, step);
	if (s->kind == SCHEDULE_AT) {
		for (i = 0; i < s->n_at; i++)
			best = nearer(best, s->at_min[i], minute, step);
		return best;
	}
	for (i = 0; i < s->n_windows; i++)
		if ((s->windows[i].days >> c->wday & 1) != 0)
			best = nearer(best, s->windows[i].from_min, minute,
			    step);
	return best;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;

	return a % b < 0 ? q - 1 : q;
}

static bool has_anchor(struct wall anchor)
{
	return anchor.s > -FAR_S && anchor.s < FAR_S;
}

/* The last slot of an EVERY schedule at or before t. */
static struct wall every_last(const struct schedule *s, struct wall anchor,
    struct wall t)
{
	struct wall slot = t;

	if (s->every_s < 1)
		return none;
	if (has_anchor(anchor))
		slot.s = anchor.s +
		    floor_div(t.s - anchor.s, s->every_s) * s->every_s;
	return slot;
}

struct wall slots_last(const struct schedule *s, const struct calendar *cal,
    struct wall anchor, struct wall after, struct wall until)
{
	int64_t day, first_day;
	int minute, ignored;
	struct civil c;
	struct wall t;

	if (after.s >= until.s)
		return none;
	if (s->kind == SCHEDULE_EVERY) {
		t = every_last(s, anchor, until);
		return t.s > after.s ? t : none;
	}
	if (after.s < until.s - SLOTS_HORIZON_DAYS * DAY_S)
		after.s = until.s - SLOTS_HORIZON_DAYS * DAY_S;
	first_day = local_day(s, cal, after, &ignored);
	day = local_day(s, cal, until, &minute);
	/*
	 * When the clock has just been turned back, local times to come have
	 * had their (first) occurrence already: begin as far ahead.
	 */
	t = at_minute(s, cal, day, minute);
	minute += (int)((until.s - t.s) / 60) + 1;
	day += minute / DAY_MIN;
	minute %= DAY_MIN;
	for (; day >= first_day; minute = DAY_MIN) {
		instant_civil_from_days(day, &c);
		if (day_fires(s, &c)) {
			while ((minute = next_minute(s, &c, minute, -1)) !=
			    -1) {
				t = at_minute(s, cal, day, minute);
				if (t.s <= after.s)
					return none;
				if (t.s <= until.s)
					return t;
			}
		}
		day += days_to_next(s, &c, -1);
	}
	return none;
}

struct wall slots_next(const struct schedule *s, const struct calendar *cal,
    struct wall anchor, struct wall after)
{
	int64_t day, last_day;
	struct civil c;
	struct wall t;
	int minute;

	if (s->kind == SCHEDULE_EVERY) {
		t = every_last(s, anchor, after);
		if (t.s != WALL_NONE)
			t.s += s->every_s;
		return t;
	}
	day = local_day(s, cal, after, &minute);
	last_day = day + SLOTS_HORIZON_DAYS;
	for (; day <= last_day; minute = -1) {
		instant_civil_from_days(day, &c);
		if (day_fires(s, &c)) {
			while ((minute = next_minute(s, &c, minute, 1)) != -1) {
				t = at_minute(s, cal, day, minute);
				if (t.s > after.s)
					return t;
			}
		}
		day += days_to_next(s, &c, 1);
	}
	return none;
}

/* One opening of a window; *end <= *start if a spring gap swallows it. */
static bool opening(const struct schedule *s, const struct calendar *cal,
    const struct window *w, int64_t day, struct wall *start, struct wall *end)
{
	struct civil c;

	instant_civil_from_days(day, &c);
	if ((w->days >> c.wday & 1) == 0)
		return false;
	*start = at_minute(s, cal, day, w->from_min);
	*end = at_minute(s, cal, w->from_min < w->to_min ? day : day + 1,
	    w->to_min);
	return true;
}

/* The latest end of the openings that hold t, WALL_NONE if there is none. */
static struct wall open_until(const struct schedule *s,
    const struct calendar *cal, struct wall t)
{
	struct wall start, end, latest = none;
	int64_t day, today;
	int ignored;
	size_t i;

	today = local_day(s, cal, t, &ignored);
	for (day = today - 1; day <= today + 1; day++)
		for (i = 0; i < s->n_windows; i++)
			if (opening(s, cal, &s->windows[i], day, &start,
				&end) &&
			    start.s <= t.s && t.s < end.s && end.s > latest.s)
				latest = end;
	return latest;
}

/* The first opening after t, at which all is closed. */
static struct wall opens_after(const struct schedule *s,
    const struct calendar *cal, struct wall t)
{
	struct wall start, end, first = none;
	int64_t day, today;
	int ignored;
	size_t i;

	today = local_day(s, cal, t, &ignored);
	for (day = today; day <= today + OPENING_DAYS; day++) {
		for (i = 0; i < s->n_windows; i++)
			if (opening(s, cal, &s->windows[i], day, &start,
				&end) &&
			    start.s > t.s && end.s > start.s &&
			    (first.s == WALL_NONE || start.s < first.s))
				first = start;
		if (first.s != WALL_NONE)
			break;
	}
	return first;
}

struct window_state window_at(const struct schedule *s,
    const struct calendar *cal, struct wall t)
{
	struct window_state state = { true, { WALL_NONE } };
	struct wall end, closes;

	if (s->n_windows == 0)
		return state;
	closes = open_until(s, cal, t);
	if (closes.s == WALL_NONE) {
		state.open = false;
		state.until = opens_after(s, cal, t);
		return state;
	}
	while ((end = open_until(s, cal, closes)).s != WALL_NONE) {
		if (end.s - t.s > NEVER_CLOSES_DAYS * DAY_S)
			return state;
		closes = end;
	}
	state.until = closes;
	return state;
}

struct wall window_next_opening(const struct schedule *s,
    const struct calendar *cal, struct wall t)
{
	struct window_state state = window_at(s, cal, t);

	if (state.open && state.until.s != WALL_NONE)
		state = window_at(s, cal, state.until);
	return state.open ? none : state.until;
}
