/* test_model_time.c - cron expressions, parts of schedules, the calendar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "model/calendar.h"
#include "model/cron_expr.h"
#include "model/schedule.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { SUN = 1, MON = 2, TUE = 4, WED = 8, THU = 16, FRI = 32, SAT = 64 };

/* cron_expr */

static void cron_fields(void **state)
{
	static const struct {
		const char *text;
		uint64_t minutes;
		uint32_t hours, mdays;
		uint16_t months;
		uint8_t wdays;
		bool mday_star, wday_star;
	} cases[] = {
		{ "* * * * *", 0xfffffffffffffff, 0xffffff, 0xfffffffe, 0x1ffe,
		    0x7f, true, true },
		{ "30 3 * * mon-fri", 1 << 30, 1 << 3, 0xfffffffe, 0x1ffe, 0x3e,
		    true, false },
		{ "0,59 0-2 1,31 1,12 0", UINT64_C(1) << 59 | 1, 7,
		    UINT32_C(1) << 31 | 2, 0x1002, SUN, false, false },
		{ "*/15 */6 */10 */4 */2", 0x0000200040008001, 0x41041,
		    0x80200802, 0x222, SUN | TUE | THU | SAT, true, true },
		{ "5-20/5 1-7/3 * * *", 0x108420, 0x92, 0xfffffffe, 0x1ffe,
		    0x7f, true, true },
		{ "0 0 * JAN,feb-Apr Sun,SAT", 1, 1, 0xfffffffe, 0x1e,
		    SUN | SAT, true, false },
		{ "0 0 * * 7", 1, 1, 0xfffffffe, 0x1ffe, SUN, true, false },
		{ "0 0 * * 5-7", 1, 1, 0xfffffffe, 0x1ffe, FRI | SAT | SUN,
		    true, false },
		{ "0 0 * * fri-sun", 1, 1, 0xfffffffe, 0x1ffe, FRI | SAT | SUN,
		    true, false },
		{ "0 0 * * sun-tue", 1, 1, 0xfffffffe, 0x1ffe, SUN | MON | TUE,
		    true, false },
		{ "0 0 * * sun-sun", 1, 1, 0xfffffffe, 0x1ffe, SUN, true,
		    false },
		{ "  0\t0   1 * *  ", 1, 1, 2, 0x1ffe, 0x7f, false, true },
		{ "*/90 0 * * *", 1, 1, 0xfffffffe, 0x1ffe, 0x7f, true, true },
		{ "00 007 * * *", 1, 1 << 7, 0xfffffffe, 0x1ffe, 0x7f, true,
		    true },
		{ "0 0 1,* * *", 1, 1, 0xfffffffe, 0x1ffe, 0x7f, false, true },
		{ "0 0 29 2 *", 1, 1, UINT32_C(1) << 29, 4, 0x7f, false, true },
		{ "0 0 31 4,5 *", 1, 1, UINT32_C(1) << 31, 0x30, 0x7f, false,
		    true },
		{ "0 0 31 2 mon", 1, 1, UINT32_C(1) << 31, 4, MON, false,
		    false },
		{ "@hourly", 1, 0xffffff, 0xfffffffe, 0x1ffe, 0x7f, true,
		    true },
		{ "@Daily", 1, 1, 0xfffffffe, 0x1ffe, 0x7f, true, true },
		{ "@midnight", 1, 1, 0xfffffffe, 0x1ffe, 0x7f, true, true },
		{ "@weekly", 1, 1, 0xfffffffe, 0x1ffe, SUN, true, false },
		{ "@monthly", 1, 1, 2, 0x1ffe, 0x7f, false, true },
		{ "@yearly", 1, 1, 2, 2, 0x7f, false, true },
		{ "@annually", 1, 1, 2, 2, 0x7f, false, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const char *problem = NULL;
		struct cron_expr e;
		size_t at = 0;

		if (cron_expr_parse(cases[i].text, &e, &problem, &at) == -1)
			fail_msg("\"%s\": %s", cases[i].text, problem);
		if (e.minutes != cases[i].minutes ||
		    e.hours != cases[i].hours || e.mdays != cases[i].mdays ||
		    e.months != cases[i].months || e.wdays != cases[i].wdays ||
		    e.mday_star != cases[i].mday_star ||
		    e.wday_star != cases[i].wday_star)
			fail_msg("\"%s\": %llx %x %x %x %x %d %d",
			    cases[i].text, (unsigned long long)e.minutes,
			    (unsigned)e.hours, (unsigned)e.mdays,
			    (unsigned)e.months, (unsigned)e.wdays, e.mday_star,
			    e.wday_star);
	}
}

static void cron_problems(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *reason;
	} cases[] = {
		{ "", 0, "five fields" },
		{ "   ", 3, "five fields" },
		{ "1 2 3 4", 7, "five fields" },
		{ "1 2 3 4 ", 8, "five fields" },
		{ "1 2 3 4 5 6", 10, "more than five" },
		{ "60 * * * *", 0, "a minute is" },
		{ "61 * * * *", 0, "a minute is" },
		{ "99999999999999999999 * * * *", 0, "a minute is" },
		{ "* 24 * * *", 2, "an hour is" },
		{ "* * 0 * *", 4, "a day of the month is" },
		{ "* * 32 * *", 4, "a day of the month is" },
		{ "* * * 0 *", 6, "a month is" },
		{ "* * * 13 *", 6, "a month is" },
		{ "* * * * 8", 8, "a day of the week is" },
		{ "* * 1,2,32 * *", 8, "a day of the month is" },
		{ "*/0 * * * *", 2, "at least 1" },
		{ "*/ * * * *", 2, "a step is a number" },
		{ "*/x * * * *", 2, "a step is a number" },
		{ "5/10 * * * *", 1, "a step needs" },
		{ "5-1 * * * *", 0, "backwards" },
		{ "* * * * sat-mon", 8, "backwards" },
		{ "5- * * * *", 2, "missing" },
		{ "1, * * * *", 2, "missing" },
		{ ",1 * * * *", 0, "not expected" },
		{ "-1 * * * *", 0, "not expected" },
		{ "1-2-3 * * * *", 3, "not expected" },
		{ "*5 * * * *", 1, "not expected" },
		{ "? * * * *", 0, "not expected" },
		{ "0 0 L * *", 4, "a number is expected" },
		{ "mon * * * *", 0, "a number is expected" },
		{ "* * * mon *", 6, "jan to dec" },
		{ "* * * * jan", 8, "sun to sat" },
		{ "* * * * monday", 8, "sun to sat" },
		{ "* * * * 5L", 9, "not expected" },
		{ "0 0\n* * *", 3, "not expected" },
		{ "0 0 30 2 *", 4, "never" },
		{ "0 0 31 2,4,6,9,11 *", 4, "never" },
		{ "0 0 30 2 */2", 4, "never" },
		{ "@reboot", 0, "@reboot" },
		{ "@REBOOT", 0, "@reboot" },
		{ "@fortnightly", 0, "known words" },
		{ "@", 0, "known words" },
		{ "@daily ", 0, "known words" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const char *problem = NULL;
		struct cron_expr e = { 0 };
		size_t at = 99;

		if (cron_expr_parse(cases[i].text, &e, &problem, &at) != -1)
			fail_msg("\"%s\" is accepted", cases[i].text);
		if (at != cases[i].at ||
		    strstr(problem, cases[i].reason) == NULL)
			fail_msg("\"%s\": %zu %s", cases[i].text, at, problem);
		assert_int_equal(e.minutes, 0);
	}
}

/* 2026-11-22 is a Sunday. */
static void cron_days(void **state)
{
	static const struct {
		const char *text;
		int year, month, day;
		bool match;
	} cases[] = {
		/* both fields restricted: either will do */
		{ "0 0 13 * fri", 2026, 11, 13, true },
		{ "0 0 13 * fri", 2026, 11, 20, true },
		{ "0 0 13 * fri", 2026, 12, 13, true },
		{ "0 0 13 * fri", 2026, 11, 21, false },
		/* one begins with a star: both must, though it has a step */
		{ "0 0 */2 * sun", 2026, 11, 22, false },
		{ "0 0 */2 * sun", 2026, 11, 29, true },
		{ "0 0 */2 * sun", 2026, 11, 23, false },
		{ "0 0 22 * *", 2026, 11, 22, true },
		{ "0 0 * * sun", 2026, 11, 22, true },
		{ "0 0 * * 7", 2026, 11, 22, true },
		{ "0 0 * * mon-sat", 2026, 11, 22, false },
		{ "0 0 22 10 *", 2026, 11, 22, false },
		{ "0 0 1 10 sun", 2026, 11, 22, false },
		{ "0 0 29 2 *", 2028, 2, 29, true },
		{ "0 0 31 2 mon", 2027, 2, 1, true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const char *problem = NULL;
		struct cron_expr e;
		size_t at = 0;

		assert_int_equal(cron_expr_parse(cases[i].text, &e, &problem,
				     &at),
		    0);
		if (cron_expr_day_matches(&e, cases[i].year, cases[i].month,
			cases[i].day) != cases[i].match)
			fail_msg("\"%s\" on %d-%d-%d", cases[i].text,
			    cases[i].year, cases[i].month, cases[i].day);
	}
}

/* schedule */

static void schedule_times(void **state)
{
	static const struct {
		const char *text;
		bool allow_24;
		int minutes; /* -1: refused */
	} cases[] = {
		{ "00:00", false, 0 },
		{ "22:00", false, 1320 },
		{ "23:59", false, 1439 },
		{ "2:05", false, 125 },
		{ "24:00", true, 1440 },
		{ "24:00", false, -1 },
		{ "24:01", true, -1 },
		{ "25:00", true, -1 },
		{ "12:60", false, -1 },
		{ "1:5", false, -1 },
		{ "12:5", false, -1 },
		{ "012:00", false, -1 },
		{ "12", false, -1 },
		{ "12:00:00", false, -1 },
		{ "-1:00", false, -1 },
		{ " 2:00", false, -1 },
		{ "2:00 ", false, -1 },
		{ "2.00", false, -1 },
		{ ":00", false, -1 },
		{ "1a:00", false, -1 },
		{ "12:a0", false, -1 },
		{ "", false, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		int minutes = -1;
		int rc = schedule_parse_time(cases[i].text, cases[i].allow_24,
		    &minutes);

		if (minutes != cases[i].minutes ||
		    rc != (cases[i].minutes == -1 ? -1 : 0))
			fail_msg("\"%s\": %d", cases[i].text, minutes);
	}
}

static void schedule_days(void **state)
{
	static const struct {
		const char *text;
		int days; /* -1: refused */
	} cases[] = {
		{ "sun", SUN },
		{ "mon", MON },
		{ "Saturday", SAT },
		{ "WEDNESDAY", WED },
		{ "sat,sun", SAT | SUN },
		{ "sat, sun", SAT | SUN },
		{ " mon ", MON },
		{ "mon-fri", MON | TUE | WED | THU | FRI },
		{ "sat-mon", SAT | SUN | MON },
		{ "fri-thursday", SCHEDULE_ALL_DAYS },
		{ "sun-sat", SCHEDULE_ALL_DAYS },
		{ "tue-tue", TUE },
		{ "mon - wed,fri", MON | TUE | WED | FRI },
		{ "mon,mon", MON },
		{ "", -1 },
		{ ",", -1 },
		{ "mon,", -1 },
		{ ",mon", -1 },
		{ "mon-", -1 },
		{ "-mon", -1 },
		{ "mon-tue-wed", -1 },
		{ "mo", -1 },
		{ "mond", -1 },
		{ "mondays", -1 },
		{ "wednesdayy", -1 },
		{ "1", -1 },
		{ "mon;tue", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint8_t days = 0x80;
		int rc = schedule_parse_days(cases[i].text, &days);

		if (cases[i].days == -1 ? rc != -1 || days != 0x80
					: rc != 0 || days != cases[i].days)
			fail_msg("\"%s\": %x", cases[i].text, (unsigned)days);
	}
	assert_int_equal(schedule_parse_day("sun"), 0);
	assert_int_equal(schedule_parse_day("Saturday"), 6);
	assert_int_equal(schedule_parse_day("sunsat"), -1);
}

static void schedule_windows(void **state)
{
	static const struct {
		const char *text;
		int days, from, to;
		const char *reason;
	} cases[] = {
		{ "22:00-07:00", SCHEDULE_ALL_DAYS, 1320, 420, NULL },
		{ "sat,sun 00:00-24:00", SAT | SUN, 0, 1440, NULL },
		{ "fri 22:00-07:00", FRI, 1320, 420, NULL },
		{ "sat-mon 1:00-2:30", SAT | SUN | MON, 60, 150, NULL },
		{ "sat, sun 22:00 - 07:00", SAT | SUN, 1320, 420, NULL },
		{ " 22:00-07:00 ", SCHEDULE_ALL_DAYS, 1320, 420, NULL },
		{ "22:00-00:00", SCHEDULE_ALL_DAYS, 1320, 0, NULL },
		{ "", 0, 0, 0, "FROM-TO" },
		{ "22:00", 0, 0, 0, "FROM-TO" },
		{ "sat", 0, 0, 0, "FROM-TO" },
		{ "sat-sun", 0, 0, 0, "FROM-TO" },
		{ "fri22:00-07:00", 0, 0, 0, "FROM-TO" },
		{ "22:00-07:00 fri", 0, 0, 0, "closes" },
		{ "24:00-07:00", 0, 0, 0, "opens" },
		{ "22-07:00", 0, 0, 0, "opens" },
		{ "22:00-25:00", 0, 0, 0, "closes" },
		{ "22:00-", 0, 0, 0, "closes" },
		{ "22:00-07:00-08:00", 0, 0, 0, "closes" },
		{ "22:00-22:00", 0, 0, 0, "equal" },
		{ "00:00-00:00", 0, 0, 0, "equal" },
		{ "someday 22:00-07:00", 0, 0, 0, "days" },
		{ "sat, 22:00-07:00", 0, 0, 0, "days" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct window w = { 0x80, -1, -1 };
		const char *problem = NULL;
		int rc = schedule_parse_window(cases[i].text, &w, &problem);

		if (cases[i].reason != NULL) {
			if (rc != -1 || w.from_min != -1 ||
			    strstr(problem, cases[i].reason) == NULL)
				fail_msg("\"%s\": %s", cases[i].text,
				    rc == -1 ? problem : "is accepted");
			continue;
		}
		if (rc != 0 || w.days != cases[i].days ||
		    w.from_min != cases[i].from || w.to_min != cases[i].to)
			fail_msg("\"%s\": %s", cases[i].text,
			    rc == -1 ? problem : "is read as something else");
	}
}

static void schedule_texts(void **state)
{
	int times[] = { 125, 1320 };
	struct window windows[] = { { SCHEDULE_ALL_DAYS, 1320, 420 },
		{ SAT | SUN, 0, 1440 } };
	char zone[] = "Europe/Berlin", cron[] = "30 3 * * mon-fri";
	struct schedule s = { .kind = SCHEDULE_AT,
		.at_min = times,
		.n_at = 2,
		.days = MON | TUE,
		.windows = windows,
		.n_windows = 2,
		.zone = zone };
	char *text = schedule_text(&s);

	(void)state;
	assert_string_equal(text,
	    "at 02:05,22:00 mon,tue; window 22:00-07:00, window sun,sat "
	    "00:00-24:00; zone Europe/Berlin; catch up once");
	free(text);
	s.days = SCHEDULE_ALL_DAYS;
	s.n_windows = 0;
	s.catch_up = CATCH_UP_SKIP;
	text = schedule_text(&s);
	assert_string_equal(text,
	    "at 02:05,22:00; zone Europe/Berlin; catch up skip");
	free(text);
	s.kind = SCHEDULE_EVERY;
	s.every_s = 21600;
	text = schedule_text(&s);
	assert_string_equal(text,
	    "every 21600s; zone Europe/Berlin; catch up skip");
	free(text);
	s.splay_s = 600;
	text = schedule_text(&s);
	assert_string_equal(text,
	    "every 21600s; zone Europe/Berlin; catch up skip; splay 600s");
	free(text);
	s.splay_s = 0;
	s.kind = SCHEDULE_CRON;
	s.cron_text = cron;
	s.zone = NULL;
	text = schedule_text(&s);
	assert_string_equal(text,
	    "cron 30 3 * * mon-fri; zone local; catch up skip");
	free(text);
	s.kind = SCHEDULE_WINDOW;
	s.n_windows = 1;
	text = schedule_text(&s);
	assert_string_equal(text,
	    "at opening; window 22:00-07:00; zone local; catch up skip");
	free(text);
}

static void schedule_is_released(void **state)
{
	struct schedule s = { 0 };

	(void)state;
	s.name = text_dup("nightly");
	s.at_min = calloc(1, sizeof(*s.at_min));
	s.cron_text = text_dup("* * * * *");
	s.windows = calloc(1, sizeof(*s.windows));
	s.zone = text_dup("UTC");
	schedule_release(&s);
	assert_null(s.name);
	assert_null(s.zone);
	schedule_release(&s);
}

/* calendar */

enum { MINUTE_S = 60, HALF_HOUR_S = 1800, HOUR_S = 3600, DAY_S = 86400 };

struct zone {
	const char *name;
	int32_t first; /* offset before the first change */
	struct {
		int64_t at;
		int32_t offset;
	} changes[4];
};

static const struct zone zones[] = {
	{ "UTC", 0, { { INT64_MAX, 0 } } },
	{ "Berlin", HOUR_S, /* 29 March and 25 October 2026, 01:00 UTC */
	    { { 1774746000, 2 * HOUR_S }, { 1792890000, HOUR_S },
		{ INT64_MAX, 0 } } },
	{ "Lord_Howe", 11 * HOUR_S, /* 4 April 15:00, 3 October 15:30 UTC */
	    { { 1775314800, 21 * HALF_HOUR_S }, { 1791041400, 11 * HOUR_S },
		{ INT64_MAX, 0 } } },
	{ "Apia", -10 * HOUR_S, /* 30 December 2011 was left out */
	    { { 1325239200, 14 * HOUR_S }, { INT64_MAX, 0 } } },
	{ "Manila", 14 * HOUR_S, /* a day lived twice */
	    { { 1325239200, -10 * HOUR_S }, { INT64_MAX, 0 } } },
	{ "Troll", 0, /* two hours */
	    { { 1774746000, 2 * HOUR_S }, { 1792890000, 0 },
		{ INT64_MAX, 0 } } },
	{ "Chatham", 45900, /* minutes that are no half hours */
	    { { 1775311200, 49500 }, { INT64_MAX, 0 } } },
	{ "Twice", 0, /* two changes within a day and a half */
	    { { 1775311200, 2 * HOUR_S }, { 1775311200 + 20 * HOUR_S, HOUR_S },
		{ INT64_MAX, 0 } } },
};

static int32_t table_offset(void *cookie, const char *name, int64_t utc_s)
{
	const struct zone *zone = cookie;
	int32_t offset = zone->first;
	size_t i;

	assert_string_equal(name, zone->name);
	for (i = 0; zone->changes[i].at != INT64_MAX; i++)
		if (utc_s >= zone->changes[i].at)
			offset = zone->changes[i].offset;
	return offset;
}

static struct calendar calendar_of(const struct zone *zone)
{
	struct calendar cal = { table_offset, (void *)(uintptr_t)zone };

	return cal;
}

/* Of all minutes of two days, the first whose local time is not before it. */
static int64_t slow_instant(const struct zone *zone, int64_t local_s)
{
	int64_t t;

	for (t = local_s - DAY_S; t <= local_s + DAY_S; t += MINUTE_S)
		if (t + table_offset((void *)(uintptr_t)zone, zone->name, t) >=
		    local_s)
			return t;
	fail_msg("%s has no such time", zone->name);
	return 0;
}

/* Local times every seven minutes, for two days around every change. */
static void calendar_agrees_with_a_search(void **state)
{
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(zones); i++) {
		struct calendar cal = calendar_of(&zones[i]);

		for (j = 0; zones[i].changes[j].at != INT64_MAX; j++) {
			int64_t middle = zones[i].changes[j].at / 60 * 60;
			int64_t s;

			for (s = middle - 2 * DAY_S; s < middle + 2 * DAY_S;
			     s += 7 * MINUTE_S) {
				struct civil local;
				struct wall t;

				instant_to_civil(s, &local);
				t = calendar_instant(&cal, zones[i].name,
				    &local);
				if (t.s != slow_instant(&zones[i], s))
					fail_msg("%s %lld: %lld", zones[i].name,
					    (long long)s, (long long)t.s);
			}
		}
	}
}

static const struct zone *zone_named(const char *name)
{
	size_t i;

	for (i = 0; i < COUNT(zones); i++)
		if (strcmp(zones[i].name, name) == 0)
			return &zones[i];
	fail_msg("no zone %s", name);
	return NULL;
}

static void calendar_instants(void **state)
{
	static const struct {
		const char *zone;
		struct civil local;
		const char *utc;
	} cases[] = {
		{ "UTC", { 2026, 11, 22, 15, 10, 0, 0 },
		    "2026-11-22T15:10:00Z" },
		{ "UTC", { 2026, 12, 31, 24, 0, 0, 0 },
		    "2027-01-01T00:00:00Z" },
		{ "UTC", { 2026, 2, 29, 1, 0, 0, 0 }, "2026-03-01T01:00:00Z" },
		{ "UTC", { 2026, 11, 45, 1, 0, 0, 0 }, "2026-12-15T01:00:00Z" },
		{ "UTC", { 2026, 11, 0, 1, 0, 0, 0 }, "2026-10-31T01:00:00Z" },
		{ "Berlin", { 2026, 1, 1, 12, 0, 0, 0 },
		    "2026-01-01T11:00:00Z" },
		{ "Berlin", { 2026, 7, 1, 12, 0, 0, 0 },
		    "2026-07-01T10:00:00Z" },
		/* the gap: all of it is its end */
		{ "Berlin", { 2026, 3, 29, 1, 59, 59, 0 },
		    "2026-03-29T00:59:59Z" },
		{ "Berlin", { 2026, 3, 29, 2, 0, 0, 0 },
		    "2026-03-29T01:00:00Z" },
		{ "Berlin", { 2026, 3, 29, 2, 30, 0, 0 },
		    "2026-03-29T01:00:00Z" },
		{ "Berlin", { 2026, 3, 29, 3, 0, 0, 0 },
		    "2026-03-29T01:00:00Z" },
		/* the overlap: the first of the two */
		{ "Berlin", { 2026, 10, 25, 2, 0, 0, 0 },
		    "2026-10-25T00:00:00Z" },
		{ "Berlin", { 2026, 10, 25, 2, 59, 59, 0 },
		    "2026-10-25T00:59:59Z" },
		{ "Berlin", { 2026, 10, 25, 3, 0, 0, 0 },
		    "2026-10-25T02:00:00Z" },
		{ "Lord_Howe", { 2026, 10, 4, 2, 15, 0, 0 },
		    "2026-10-03T15:30:00Z" },
		{ "Lord_Howe", { 2026, 4, 5, 1, 45, 0, 0 },
		    "2026-04-04T14:45:00Z" },
		{ "Apia", { 2011, 12, 30, 12, 0, 0, 0 },
		    "2011-12-30T10:00:00Z" },
		{ "Apia", { 2011, 12, 29, 23, 59, 59, 0 },
		    "2011-12-30T09:59:59Z" },
		{ "Apia", { 2011, 12, 31, 0, 0, 0, 0 },
		    "2011-12-30T10:00:00Z" },
		{ "Troll", { 2026, 3, 29, 2, 30, 0, 0 },
		    "2026-03-29T01:00:00Z" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct calendar cal = calendar_of(zone_named(cases[i].zone));
		char text[INSTANT_TEXT_MAX];

		assert_string_equal(instant_format(calendar_instant(&cal,
						       cases[i].zone,
						       &cases[i].local),
					text),
		    cases[i].utc);
	}
}

static void calendar_locals(void **state)
{
	struct calendar cal = calendar_of(zone_named("Berlin"));
	struct wall t = { 1774746000 - 1 };
	struct civil c;

	(void)state;
	calendar_local(&cal, "Berlin", t, &c);
	assert_int_equal(c.hour, 1);
	assert_int_equal(c.minute, 59);
	assert_int_equal(c.wday, 0);
	t.s++;
	calendar_local(&cal, "Berlin", t, &c);
	assert_int_equal(c.hour, 3);
	assert_int_equal(c.minute, 0);
	assert_int_equal(c.day, 29);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cron_fields),
		cmocka_unit_test(cron_problems),
		cmocka_unit_test(cron_days),
		cmocka_unit_test(schedule_times),
		cmocka_unit_test(schedule_days),
		cmocka_unit_test(schedule_windows),
		cmocka_unit_test(schedule_texts),
		cmocka_unit_test(schedule_is_released),
		cmocka_unit_test(calendar_agrees_with_a_search),
		cmocka_unit_test(calendar_instants),
		cmocka_unit_test(calendar_locals),
	};

	return cmocka_run_group_tests_name("model_time", tests, NULL, NULL);
}
