/* test_plan_staleness.c - limits of job and schedule, and when a run wakes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <string.h>

#include "plan/plan.h"
#include "plan/staleness.h"
#include "support/fixed_calendar.h"
#include "support/plan_fixture.h"

enum { DAY = 86400, HOUR = 3600 };

static struct schedule week = { .max_staleness_s = 7 * DAY };

static void limits(void **state)
{
	static const struct {
		int64_t job_s, confirmed, created;
		bool enabled;
		int64_t at;
	} cases[] = {
		{ -1, 1000, 10, true, 1000 + 7 * DAY },
		{ HOUR, 1000, 10, true, 1000 + HOUR },
		{ 0, 1000, 10, true, WALL_NONE },
		{ -1, WALL_NONE, 10, true, 10 + 7 * DAY },
		{ -1, WALL_NONE, WALL_NONE, true, WALL_NONE },
		{ -1, 1000, 10, false, WALL_NONE },
		{ -1, INT64_MAX - 5, 10, true, WALL_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct job job = { .schedule = &week,
			.max_staleness_s = cases[i].job_s,
			.enabled = cases[i].enabled };
		struct job_state s;
		struct wall at;

		job_state_init(&s);
		s.confirmed_at.s = cases[i].confirmed;
		s.created.s = cases[i].created;
		at = staleness_at(&job, &s);
		if (at.s != cases[i].at)
			fail_msg("%zu: %lld", i, (long long)at.s);
		if (at.s == WALL_NONE)
			continue;
		assert_true(staleness_is_over(&job, &s, at));
		at.s--;
		assert_false(staleness_is_over(&job, &s, at));
	}
}

/* The run wakes for the first of the next slot and a job that gets stale. */
static void wakes(void **state)
{
	static const struct {
		int64_t limit_s;
		const char *wake;
	} cases[] = {
		{ 30 * HOUR, "2026-11-23T02:00:00Z" },
		{ 20 * HOUR, "2026-11-22T22:00:00Z" },
		{ 12 * HOUR, "2026-11-23T02:00:00Z" }, /* it is already */
		{ 0, "2026-11-23T02:00:00Z" },
	};
	char id[] = "a", zone[] = "UTC";
	struct schedule daily;

	(void)state;
	assert_int_equal(fixture_schedule("at 02:00; zone UTC", &daily), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct plan_config config = { .last_run = { WALL_NONE },
			.build_time = { WALL_NONE } };
		struct job job = { .id = id,
			.schedule = &daily,
			.max_staleness_s = cases[i].limit_s,
			.enabled = true };
		struct job_state s;
		struct plan_job one = {
			.job = &job, .state = &s, .named = false
		};
		struct calendar cal = fixed_calendar(zone);
		struct plan plan;
		struct err e = ERR_INIT;

		job_state_init(&s);
		s.id = id;
		s.phase = PHASE_CURRENT;
		s.confirmed_at = s.considered =
		    fixture_time("2026-11-22T02:00:00Z");
		assert_int_equal(plan_build(&config, &one, 1,
				     fixture_time("2026-11-22T15:00:00Z"), &cal,
				     NULL, &plan, &e),
		    0);
		assert_int_equal(plan.next.s,
		    fixture_time("2026-11-23T02:00:00Z").s);
		if (plan.wake.s != fixture_time(cases[i].wake).s)
			fail_msg("%zu: %lld", i, (long long)plan.wake.s);
		plan_release(&plan);
	}
	schedule_release(&daily);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(wakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
