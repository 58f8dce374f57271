/* calendar.c - civil time in a zone, by a function that the caller brings. */
#include "model/calendar.h"

/* No zone is further from UTC than POSIX allows a TZ string to be. */
enum { HOUR_S = 3600, FAR_S = 26 * HOUR_S, STEP_S = 13 * HOUR_S };

static int64_t offset_at(const struct calendar *cal, const char *zone,
    int64_t utc_s)
{
	return cal->offset_s(cal->cookie, zone, utc_s);
}

void calendar_local(const struct calendar *cal, const char *zone, struct wall t,
    struct civil *out)
{
	instant_to_civil(t.s + offset_at(cal, zone, t.s), out);
}

/*
 * The first second after `from` whose offset is not `offset`, looked for up to
 * `to`; to + 1 if there is none.  Transitions are further apart than STEP_S.
 */
static int64_t next_transition(const struct calendar *cal, const char *zone,
    int64_t from, int64_t to, int64_t offset)
{
	while (from < to) {
		int64_t end = to - from > STEP_S ? from + STEP_S : to;

		if (offset_at(cal, zone, end) == offset) {
			from = end;
			continue;
		}
		while (end - from > 1) {
			int64_t middle = from + (end - from) / 2;

			if (offset_at(cal, zone, middle) == offset)
				from = middle;
			else
				end = middle;
		}
		return end;
	}
	return to + 1;
}

struct wall calendar_instant(const struct calendar *cal, const char *zone,
    const struct civil *local)
{
	/* From the month's first day, so that any day number is carried. */
	int64_t days = instant_days_from_civil(local->year, local->month, 1) +
	    local->day - 1;
	int64_t local_s = days * 24 * HOUR_S + local->hour * (int64_t)HOUR_S +
	    local->minute * INT64_C(60) + local->second;
	int64_t from = local_s - FAR_S, to = local_s + FAR_S;
	struct wall found;

	/* Stretches of one offset, in their order: the first that holds the
	 * local time, or the start of the first that begins after it. */
	for (;;) {
		int64_t offset = offset_at(cal, zone, from);
		int64_t end = next_transition(cal, zone, from, to, offset);

		found.s = local_s - offset;
		if (found.s < from)
			found.s = from;
		if (found.s < end || end > to)
			return found;
		from = end;
	}
}
