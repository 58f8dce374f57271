/* test_forecast.c - when transfers will be finished, and at which rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "plan/forecast.h"
#include "support/fixed_calendar.h"
#include "support/plan_fixture.h"

#define MB UINT64_C(1000000)
#define HOUR INT64_C(3600)

/* --- the finish ---------------------------------------------------------- */

struct row {
	const char *schedule, *now;
	uint64_t mb_per_s, mb;
	int64_t max_duration_s;
	const char *finish; /* "never" */
	unsigned windows;
};

/* 1 MB/s moves 3.6 GB an hour. */
static const struct row rows[] = {
	/* no window: at once, and rounded up to the second */
	{ "at 02:00", "2026-11-26T12:00:00Z", 1, 3600, 0,
	    "2026-11-26T13:00:00Z", 0 },
	{ "at 02:00", "2026-11-26T12:00:00Z", 7, 8, 0, "2026-11-26T12:00:02Z",
	    0 },
	{ "at 02:00", "2026-11-26T12:00:00Z", 1, 0, 0, "2026-11-26T12:00:00Z",
	    0 },
	/* within the night; until its last second; over three nights */
	{ "at 22:00; window 22:00-07:00", "2026-11-26T12:00:00Z", 1, 3600, 0,
	    "2026-11-26T23:00:00Z", 1 },
	{ "at 22:00; window 22:00-07:00", "2026-11-26T12:00:00Z", 1, 32400, 0,
	    "2026-11-27T07:00:00Z", 1 },
	{ "at 22:00; window 22:00-07:00", "2026-11-26T12:00:00Z", 1, 32401, 0,
	    "2026-11-27T22:00:01Z", 2 },
	{ "at 22:00; window 22:00-07:00", "2026-11-26T12:00:00Z", 1, 72000, 0,
	    "2026-11-29T00:00:00Z", 3 },
	{ "at 22:00; window 22:00-07:00", "2026-11-27T05:00:00Z", 1, 10800, 0,
	    "2026-11-27T23:00:00Z", 2 },
	/* a window too short for it makes progress all the same */
	{ "opening; window 03:00-03:01", "2026-11-26T12:00:00Z", 1, 600, 0,
	    "2026-12-06T03:01:00Z", 10 },
	/* the spring night in Berlin is an hour short, the autumn's long */
	{ "opening; window 01:00-04:00; zone Europe/Berlin",
	    "2026-03-28T12:00:00Z", 1, 9000, 0, "2026-03-29T23:30:00Z", 2 },
	{ "opening; window 01:00-04:00; zone Europe/Berlin",
	    "2026-10-24T12:00:00Z", 1, 14400, 0, "2026-10-25T03:00:00Z", 1 },
	{ "opening; window 01:00-04:00; zone Australia/Lord_Howe",
	    "2026-10-03T12:00:00Z", 1, 9000, 0, "2026-10-03T17:00:00Z", 1 },
	/* the time of a run is over: on at the next slot or opening */
	{ "at 02:00,14:00", "2026-11-26T14:00:00Z", 1, 9000, HOUR,
	    "2026-11-27T14:30:00Z", 0 },
	{ "at 22:00; window 22:00-07:00", "2026-11-26T22:00:00Z", 1, 9000, HOUR,
	    "2026-11-28T22:30:00Z", 3 },
	{ "every 7200", "2026-11-26T12:00:00Z", 1, 7200, HOUR,
	    "2026-11-26T15:00:00Z", 0 },
	/* never, or in more than two years */
	{ "at 02:00", "2026-11-26T12:00:00Z", 1, 100000000, 0, "never", 0 },
	{ "opening; window 03:00-03:01", "2026-11-26T12:00:00Z", 1, 60000, 0,
	    "never", 732 },
};

static void forecasts(void **state)
{
	static char local[] = "UTC";
	struct calendar cal = fixed_calendar(local);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forecast_config config = { .parallel_jobs = 2 };
		struct forecast_job job = { .anchor = { WALL_NONE } };
		struct wall now = fixture_time(rows[i].now);
		char finish[INSTANT_TEXT_MAX];
		struct err e = ERR_INIT;
		struct schedule s;

		assert_int_equal(fixture_schedule(rows[i].schedule, &s), 0);
		config.bytes_per_s = rows[i].mb_per_s * MB;
		config.max_duration_s = rows[i].max_duration_s;
		job.schedule = &s;
		job.from = now;
		job.bytes = rows[i].mb * MB;
		assert_int_equal(forecast_finish(&config, &job, 1, now, &cal,
				     &e),
		    0);
		instant_format(job.finish, finish);
		if (strcmp(finish, rows[i].finish) != 0 ||
		    job.windows != rows[i].windows)
			fail_msg("row %zu (%s): %s in %u windows", i,
			    rows[i].schedule, finish, job.windows);
		schedule_release(&s);
	}
}

struct several {
	struct schedule any, night;
	struct forecast_job jobs[4];
	struct forecast_config config;
	struct wall now;
	struct calendar cal;
};

/* Four windowless jobs of an hour each at 1 MB/s, two at a time. */
static void set_up(struct several *f)
{
	static char local[] = "UTC";

	memset(f, 0, sizeof(*f));
	f->cal = fixed_calendar(local);
	f->now = fixture_time("2026-11-26T12:00:00Z");
	assert_int_equal(fixture_schedule("at 02:00", &f->any), 0);
	assert_int_equal(fixture_schedule("at 22:00; window 22:00-07:00",
			     &f->night),
	    0);
	for (size_t i = 0; i < 4; i++) {
		f->jobs[i].schedule = &f->any;
		f->jobs[i].anchor.s = WALL_NONE;
		f->jobs[i].from = f->now;
		f->jobs[i].bytes = 3600 * MB;
	}
	f->config.bytes_per_s = MB;
	f->config.parallel_jobs = 2;
}

/* Hours from now until each is finished. */
static void check_hours(struct several *f, double a, double b, double c,
    double d)
{
	const double want[] = { a, b, c, d };
	struct err e = ERR_INIT;

	assert_int_equal(forecast_finish(&f->config, f->jobs, 4, f->now,
			     &f->cal, &e),
	    0);
	for (size_t i = 0; i < 4; i++) {
		int64_t s = f->jobs[i].finish.s - f->now.s;

		if (s != (int64_t)(want[i] * HOUR))
			fail_msg("job %zu after %lld s", i, (long long)s);
	}
	schedule_release(&f->any);
	schedule_release(&f->night);
}

static void jobs_share_the_rate_in_order(void **state)
{
	struct several f;

	(void)state;
	set_up(&f);
	check_hours(&f, 2, 2, 4, 4);
	set_up(&f);
	f.config.parallel_jobs = 1;
	check_hours(&f, 1, 2, 3, 4);
	set_up(&f);
	f.config.parallel_jobs = 64;
	check_hours(&f, 4, 4, 4, 4);
	/* A small one lets the next one in. */
	set_up(&f);
	f.jobs[0].bytes = 900 * MB; /* done after half an hour, as half */
	check_hours(&f, 0.5, 2, 2.5, 3.25);
}

/* Others go ahead while a window is closed, and the rate is shared when it
 * opens: there is no waiting for the first in order. */
static void a_closed_window_holds_up_nobody_else(void **state)
{
	struct several f;

	(void)state;
	set_up(&f);
	f.jobs[0].schedule = &f.night; /* opens in ten hours */
	check_hours(&f, 11, 2, 2, 3);
	set_up(&f);
	f.now.s += 9 * HOUR; /* in one hour */
	f.jobs[0].schedule = &f.night;
	check_hours(&f, 3, 2, 3, 4);
	set_up(&f);
	f.jobs[1].from.s += 5 * HOUR;
	check_hours(&f, 2, 6, 2, 3);
	set_up(&f);
	f.config.ignore_window = true;
	f.jobs[0].schedule = &f.night;
	check_hours(&f, 2, 2, 4, 4);
}

/* Half the rate from noon until two, and from four until six. */
static void limits_hold_while_they_last(void **state)
{
	struct window slow[2];
	struct bandwidth_rule rules[2] = { { slow, 2, MB / 2 },
		{ NULL, 0, 40 * MB } };
	struct bandwidth bandwidth = { rules, 2 };
	struct several f;
	const char *problem;

	(void)state;
	assert_int_equal(schedule_parse_window("12:00-14:00", &slow[0],
			     &problem),
	    0);
	assert_int_equal(schedule_parse_window("16:00-18:00", &slow[1],
			     &problem),
	    0);
	set_up(&f);
	f.config.parallel_jobs = 1;
	f.config.bandwidth = &bandwidth;
	check_hours(&f, 2, 3, 4, 6);
}

/* --- the rate ------------------------------------------------------------ */

static void rate_is_of_the_time_with_traffic(void **state)
{
	/* Two at once for ten seconds; an hour later another one; then what
	 * does not count: small, old, of a wrong clock, still to come. */
	struct forecast_sample samples[] = {
		{ { 100005 }, { 100010 }, 30 * MB },
		{ { 100000 }, { 100010 }, 50 * MB },
		{ { 103600 }, { 103600 }, 30 * MB },
		{ { 104000 }, { 104900 }, MB / 2 },
		{ { 100000 - 40 * 86400 }, { 100010 - 40 * 86400 }, 900 * MB },
		{ { 104000 }, { 103000 }, 900 * MB },
		{ { 104990 }, { 105010 }, 900 * MB },
		{ { WALL_NONE }, { 100010 }, 900 * MB },
	};
	struct wall now = { 105000 };
	uint64_t rate;
	size_t used;

	(void)state;
	rate = forecast_rate(samples, 8, now, &used);
	assert_int_equal(used, 3);
	assert_in_range(rate, 10 * MB, 10 * MB + 1);
	assert_int_equal(forecast_rate(samples, 0, now, &used), 0);
	assert_int_equal(used, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forecasts),
		cmocka_unit_test(jobs_share_the_rate_in_order),
		cmocka_unit_test(a_closed_window_holds_up_nobody_else),
		cmocka_unit_test(limits_hold_while_they_last),
		cmocka_unit_test(rate_is_of_the_time_with_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
