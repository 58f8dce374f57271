/*
 * instant.h - points in time and their text.  Pure.
 *
 * Wall and monotonic time are different types, so that mixing them does not
 * compile.  Wall time is seconds since 1970 UTC without leap seconds, 64-bit.
 */
#ifndef HFCRON_BASE_INSTANT_H
#define HFCRON_BASE_INSTANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wall {
	int64_t s;
};

struct mono {
	int64_t ms;
};

/* "no time": never happened, or never will. */
#define WALL_NONE INT64_MIN

/* Civil date and time, proleptic Gregorian.  wday: 0 = Sunday. */
struct civil {
	int64_t year;
	int month, day; /* 1..12, 1..31 */
	int hour, minute, second;
	int wday;
};

/* Days since 1970-01-01 of a civil date, and back. */
int64_t instant_days_from_civil(int64_t year, int month, int day);
void instant_civil_from_days(int64_t days, struct civil *out);
int instant_days_in_month(int64_t year, int month);

/* Seconds of a civil time read as UTC, and back (fills wday too). */
int64_t instant_from_civil(const struct civil *c);
void instant_to_civil(int64_t s, struct civil *out);

enum { INSTANT_TEXT_MAX = 40 };

/* RFC 3339 UTC, "2026-11-22T15:10:00Z"; "never" for WALL_NONE.  Returns buf. */
const char *instant_format(struct wall t, char buf[INSTANT_TEXT_MAX]);

/*
 * RFC 3339 with Z or a numeric offset, a space allowed for T, seconds
 * optional; without an offset *has_offset is false and *t is the civil time
 * read as UTC.  Years 1970..9999.  0 or -1.
 */
int instant_parse(const char *text, struct wall *t, bool *has_offset);

#endif
