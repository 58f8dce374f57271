/*
 * test_upcoming.c - what comes next: many jobs together say what each says
 * alone, and few entries are the first of many.  tests/golden has the texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "plan/upcoming.h"
#include "support/fixed_calendar.h"
#include "support/plan_fixture.h"
#include "support/small.h"

enum { SCHEDULES = 6, JOBS = 40, MANY = 400, ROUNDS = 30 };

static const char *const rules[SCHEDULES] = {
	"at 02:00,14:00; zone Europe/Berlin",
	"cron */20 1-3 * * *; window 01:30-03:10; zone America/New_York",
	"every 5400",
	"every 7200; window 22:00-07:00; zone Europe/Berlin",
	"opening; window 01:00-03:00; window 03:00-05:00; zone UTC",
	"at 12:00; window 22:00-07:00; catch_up skip",
};

struct world {
	struct schedule schedules[SCHEDULES];
	struct job jobs[JOBS];
	struct job_state states[JOBS];
	struct plan_job plan_jobs[JOBS];
	struct wall now;
	struct calendar cal;
};

/* The same on every machine. */
static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

static void make_state(struct job_state *state, struct wall now, uint32_t *seed)
{
	static const enum job_phase phases[] = { PHASE_CURRENT, PHASE_CURRENT,
		PHASE_CURRENT, PHASE_RETRYING, PHASE_PARTIAL, PHASE_FAILED,
		PHASE_PARKED, PHASE_NEW };

	job_state_init(state);
	state->phase = phases[next_random(seed) % 8];
	state->due_now = next_random(seed) % 9 == 0;
	/* Now and then the clock has been set back. */
	state->considered.s = now.s - (int64_t)(next_random(seed) % 90000) +
	    3600;
	state->anchor.s = now.s - (int64_t)(next_random(seed) % 8) * 900;
	state->next_try.s = now.s - 3600 +
	    (int64_t)(next_random(seed) % 50) * 600;
	state->failures = 1;
}

static void make_world(struct world *w, uint32_t seed)
{
	static char local[] = "UTC";

	memset(w, 0, sizeof(*w));
	w->cal = fixed_calendar(local);
	w->now = fixture_time(seed % 2 == 0 ? "2026-03-28T18:00:00Z"
					    : "2026-10-31T20:00:00Z");
	for (size_t i = 0; i < SCHEDULES; i++) {
		assert_int_equal(fixture_schedule(rules[i], &w->schedules[i]),
		    0);
		w->schedules[i].name = text_format("s%zu", i);
	}
	for (size_t i = 0; i < JOBS; i++) {
		w->jobs[i].id = text_format("job%zu", i);
		w->jobs[i].enabled = next_random(&seed) % 10 != 0;
		w->jobs[i]
		    .schedule = &w->schedules[next_random(&seed) % SCHEDULES];
		make_state(&w->states[i], w->now, &seed);
		w->plan_jobs[i].job = &w->jobs[i];
		w->plan_jobs[i].state = &w->states[i];
		w->plan_jobs[i].paused = next_random(&seed) % 6 == 0;
		w->plan_jobs[i].paused_until.s = next_random(&seed) % 3 == 0
		    ? WALL_NONE
		    : w->now.s + (int64_t)(next_random(&seed) % 50) * 1200;
	}
}

static void release_world(struct world *w)
{
	for (size_t i = 0; i < JOBS; i++) {
		job_release(&w->jobs[i]);
		job_state_release(&w->states[i]);
	}
	for (size_t i = 0; i < SCHEDULES; i++)
		schedule_release(&w->schedules[i]);
}

static void build(struct world *w, const struct plan_job *jobs, size_t n,
    size_t max, struct upcoming_list *list)
{
	struct err e = ERR_INIT;

	assert_int_equal(upcoming_build(jobs, n, max, w->now, &w->cal, NULL,
			     list, &e),
	    0);
}

static bool is_same(const struct upcoming *a, const struct upcoming *b)
{
	return a->at.s == b->at.s && a->schedule == b->schedule &&
	    a->what == b->what && a->until.s == b->until.s;
}

/* The first few of many are what is asked for when few are. */
static void few_are_the_first_of_many(void **state)
{
	struct upcoming_list many, few;
	struct world w;

	(void)state;
	for (uint32_t round = 0; round < all_or(ROUNDS, 4); round++) {
		make_world(&w, round);
		build(&w, w.plan_jobs, JOBS, MANY, &many);
		assert_int_equal(many.n, MANY);
		for (size_t max = 1; max < 60; max += 1 + max / 4) {
			build(&w, w.plan_jobs, JOBS, max, &few);
			assert_int_equal(few.n, max);
			for (size_t i = 0; i < max; i++) {
				struct upcoming *a = &few.items[i];
				struct upcoming *b = &many.items[i];

				assert_true(is_same(a, b));
				assert_int_equal(a->n_jobs, b->n_jobs);
				assert_memory_equal(a->jobs, b->jobs,
				    sizeof(a->jobs));
				assert_string_equal(a->reason, b->reason);
			}
			upcoming_release(&few);
		}
		upcoming_release(&many);
		release_world(&w);
	}
}

/* Does the job, were it the only one, have this entry? */
static bool has_entry(const struct upcoming_list *alone,
    const struct upcoming *entry)
{
	for (size_t i = 0; i < alone->n; i++)
		if (is_same(&alone->items[i], entry))
			return true;
	return false;
}

static void check_entry(const struct upcoming *entry,
    const struct upcoming_list *alone)
{
	size_t n = 0;

	for (size_t i = 0; i < JOBS; i++) {
		if (!has_entry(&alone[i], entry))
			continue;
		if (n < UPCOMING_JOBS_NAMED)
			assert_int_equal(entry->jobs[n], i);
		n++;
	}
	assert_int_equal(entry->n_jobs, n);
	assert_true(n > 0);
}

/* Sharing what schedules say changes nothing. */
static void together_they_say_what_each_says_alone(void **state)
{
	struct upcoming_list all, *alone = calloc(JOBS, sizeof(*alone));
	struct world w;

	(void)state;
	assert_non_null(alone);
	for (uint32_t round = 0; round < all_or(ROUNDS, 4); round++) {
		size_t checked = 0;

		make_world(&w, 1000 + round);
		build(&w, w.plan_jobs, JOBS, 100, &all);
		for (size_t i = 0; i < JOBS; i++)
			build(&w, &w.plan_jobs[i], 1, MANY, &alone[i]);
		for (size_t i = 0; i < all.n; i++, checked++) {
			if (i > 0)
				assert_true(all.items[i].at.s >=
				    all.items[i - 1].at.s);
			check_entry(&all.items[i], alone);
		}
		assert_int_equal(checked, 100);
		for (size_t i = 0; i < JOBS; i++)
			upcoming_release(&alone[i]);
		upcoming_release(&all);
		release_world(&w);
	}
	free(alone);
}

static void no_jobs_have_nothing_to_come(void **state)
{
	struct upcoming_list list;
	struct world w;

	(void)state;
	make_world(&w, 1);
	build(&w, w.plan_jobs, 0, 10, &list);
	assert_int_equal(list.n, 0);
	upcoming_release(&list);
	for (size_t i = 0; i < JOBS; i++)
		w.jobs[i].enabled = false;
	build(&w, w.plan_jobs, JOBS, 10, &list);
	assert_int_equal(list.n, 0);
	upcoming_release(&list);
	release_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_are_the_first_of_many),
		cmocka_unit_test(together_they_say_what_each_says_alone),
		cmocka_unit_test(no_jobs_have_nothing_to_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
