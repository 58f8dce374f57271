/*
 * test_plan_slots.c - slots and windows against a walk through every minute.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plan/outcome.h"
#include "plan/plan.h"
#include "plan/rate.h"
#include "plan/slots.h"
#include "support/fixed_calendar.h"
#include "support/minute_walk.h"
#include "support/plan_fixture.h"
#include "support/small.h"

enum { DAY_MIN = 24 * 60 };

#define DAY_S INT64_C(86400)

static const char *const zones[] = { "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "America/Havana", "Africa/Cairo",
	"Antarctica/Troll" };

/* Two years with every change of clocks, the last day of one a leap day; under
 * valgrind the second of them. */
static const char start_text[] = "2026-03-01T00:00:00Z";
static const char small_start_text[] = "2027-03-01T00:00:00Z";
enum { WALK_DAYS = 2 * 366, SMALL_WALK_DAYS = 367 };

static const char *const texts[] = {
	"at 02:30",
	"at 00:00,02:00,02:15,03:00,23:59; days sat,sun",
	"cron */15 1-3 * * *",
	"cron 0 * * * *",
	"cron 30 2 29 2 *",
	"cron 10 0 1 */2 sun",
	"opening; window 22:00-02:30",
	"opening; window fri 23:30-00:30; window sat 00:10-02:10",
	"at 12:00; window 22:00-07:00; window sat,sun 00:00-24:00",
	"at 01:00; window 02:00-03:00",
};

enum { N_TEXTS = sizeof(texts) / sizeof(texts[0]) };

static struct schedule schedules[N_TEXTS];
static struct walk_found found[N_TEXTS];

static void set_up_zone(const char *zone)
{
	char text[200];
	size_t i;

	memset(found, 0, sizeof(found));
	for (i = 0; i < N_TEXTS; i++) {
		(void)snprintf(text, sizeof(text), "%s; zone %s", texts[i],
		    zone);
		assert_int_equal(0, fixture_schedule(text, &schedules[i]));
	}
}

static void tear_down_zone(void)
{
	size_t i;

	for (i = 0; i < N_TEXTS; i++) {
		schedule_release(&schedules[i]);
		walk_found_release(&found[i]);
	}
}

static int64_t walk_start(void)
{
	return fixture_time(all_or(0, 1) == 0 ? start_text : small_start_text)
	    .s;
}

static int64_t walk_end(int64_t start)
{
	return start + (int64_t)all_or(WALK_DAYS, SMALL_WALK_DAYS) * DAY_S;
}

/* What minute_walk asks. */
struct clock {
	const struct calendar *cal;
	const char *zone;
};

static int32_t offset_s(void *cookie, int64_t utc_s)
{
	const struct clock *c = cookie;

	return c->cal->offset_s(c->cal->cookie, c->zone, utc_s);
}

static void walk(const struct calendar *cal, const char *zone, int64_t start)
{
	struct clock clock = { cal, zone };

	minute_walk(schedules, N_TEXTS, offset_s, &clock, start,
	    walk_end(start), found);
}

static struct wall wall(int64_t s)
{
	struct wall t = { s };

	return t;
}

static void check_slots(size_t which, const struct calendar *cal, int64_t start,
    int64_t end)
{
	const struct schedule *s = &schedules[which];
	const struct walk_found *f = &found[which];
	struct wall none = { WALL_NONE }, t = { start - 1 };
	int64_t usual = 0;
	size_t i;

	for (i = 0; i < f->n_slots; i++) {
		int64_t slot = f->slots[i];
		int64_t before = i == 0 ? start - 1 : f->slots[i - 1];

		t = slots_next(s, cal, none, t);
		assert_int_equal(slot, t.s);
		if (f->n_slots > 1000 && i % 16 != 0 && slot - before == usual)
			continue; /* nothing special here */
		usual = slot - before;
		/* found from anywhere in between, and at its very second */
		assert_int_equal(slot,
		    slots_next(s, cal, none, wall((before + slot) / 2)).s);
		assert_int_equal(slot,
		    slots_next(s, cal, none, wall(slot - 1)).s);
		assert_int_equal(slot,
		    slots_last(s, cal, none, none, wall(slot)).s);
		assert_int_equal(slot,
		    slots_last(s, cal, none, wall(slot - 1), wall(slot)).s);
		assert_int_equal(WALL_NONE,
		    slots_last(s, cal, none, wall(before), wall(slot - 1)).s);
		if (i > 0)
			assert_int_equal(before,
			    slots_last(s, cal, none, none,
				wall((before + slot) / 2))
				.s);
		if (i > 0)
			assert_int_equal(before,
			    slots_last(s, cal, none, none, wall(slot - 1)).s);
	}
	assert_true(slots_next(s, cal, none, t).s >= end);
}

/* From the second week on: the walk saw no opening before its start. */
static void check_windows(size_t which, const struct calendar *cal,
    int64_t start)
{
	const struct schedule *s = &schedules[which];
	const struct walk_found *f = &found[which];
	struct window_state w;
	size_t i;

	for (i = 1; i < f->n_edges; i++) {
		int64_t from = f->edges[i - 1], until = f->edges[i];
		int64_t at[3] = { from, (from + until) / 2, until - 1 };
		size_t k;

		if (from < start + 8 * DAY_S)
			continue;
		for (k = 0; k < 3; k++) {
			w = window_at(s, cal, wall(at[k]));
			assert_int_equal(i % 2 == 1,
			    w.open); /* edges[0] opens */
			assert_int_equal(until, w.until.s);
			if (i + 1 < f->n_edges)
				assert_int_equal(w.open ? f->edges[i + 1]
							: until,
				    window_next_opening(s, cal, wall(at[k])).s);
		}
	}
}

static void test_walk(void **state)
{
	struct calendar cal = fixed_calendar((char *)"UTC");
	int64_t start = walk_start();
	size_t z, i;

	(void)state;
	for (z = 0; z < all_or(sizeof(zones) / sizeof(zones[0]), 2); z++) {
		set_up_zone(zones[z]);
		walk(&cal, zones[z], start);
		for (i = 0; i < N_TEXTS; i++) {
			assert_true(found[i].n_slots > 0);
			assert_true(schedules[i].n_windows == 0 ||
			    found[i].n_edges > 100);
			check_slots(i, &cal, start, walk_end(start));
			check_windows(i, &cal, start);
		}
		tear_down_zone();
	}
}

/* A small generator, so that the test is the same everywhere. */
static uint32_t roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/*
 * Ticks every minute with outages now and then, as the system's scheduler
 * would make them; each finds out whether anything is due as a run does.
 */
struct sim {
	const struct calendar *cal;
	const struct schedule *s;
	struct job job;
	struct job_state state;
	struct wall next; /* what the due index says */
	size_t n_runs;
};

static void attempt(struct sim *sim, struct wall now, struct wall *slot)
{
	static const int64_t waits_s[] = { 300 };
	struct outcome_policy policy = { waits_s, 1, 3, DAY_S };
	struct outcome outcome = { .kind = OUTCOME_UNCHANGED, .planned = now };
	struct plan_config config = { .last_run = { WALL_NONE } };
	struct plan_job pj = { .job = &sim->job, .state = &sim->state };
	struct err e = ERR_INIT;
	struct plan plan;

	assert_int_equal(0,
	    plan_build(&config, &pj, 1, now, sim->cal, NULL, &plan, &e));
	slot->s = WALL_NONE;
	if (plan.n_due == 1) {
		*slot = outcome.slot = plan.decisions[0].slot;
		assert_int_equal(0,
		    outcome_apply(&sim->state, &sim->job, &outcome, &policy,
			now, sim->cal));
		sim->n_runs++;
	}
	plan_release(&plan);
	sim->next = plan_next_due(&pj, now, sim->cal, NULL);
	assert_true(sim->next.s > now.s);
}

static void sim_start(struct sim *sim, const struct calendar *cal,
    const struct schedule *s, struct wall now)
{
	struct plan_job pj = { .job = &sim->job, .state = &sim->state };

	memset(sim, 0, sizeof(*sim));
	sim->cal = cal;
	sim->s = s;
	sim->job.id = (char *)"a";
	sim->job.enabled = true;
	sim->job.schedule = s;
	job_state_init(&sim->state);
	sim->state.phase = PHASE_CURRENT;
	sim->state.considered = now;
	sim->state.anchor = now;
	sim->next = plan_next_due(&pj, now, cal, NULL);
}

/* Each slot once; after an outage the last of those missed, once. */
static void simulate(size_t which, const struct calendar *cal, int64_t start,
    int64_t end, bool outages, uint32_t seed)
{
	const struct walk_found *f = &found[which];
	size_t i = 0, expected = 0;
	struct wall now, slot;
	struct sim sim;

	sim_start(&sim, cal, &schedules[which], wall(start - 1));
	for (now.s = start; now.s < end; now.s += 60) {
		int64_t owed = WALL_NONE;

		if (outages && roll(&seed) % 20000 == 0)
			now.s += roll(&seed) % (60 * DAY_MIN) * 60;
		if (now.s >= end)
			break;
		while (i < f->n_slots && f->slots[i] <= now.s)
			owed = f->slots[i++];
		if (owed != WALL_NONE)
			expected++;
		if (now.s < sim.next.s) { /* the idle check */
			assert_int_equal(WALL_NONE, owed);
			continue;
		}
		attempt(&sim, now, &slot);
		assert_int_equal(owed, slot.s);
	}
	assert_int_equal(expected, sim.n_runs);
	assert_true(expected > 0 || outages);
	job_state_release(&sim.state);
}

static void test_ticks(void **state)
{
	struct calendar cal = fixed_calendar((char *)"UTC");
	int64_t start = walk_start();
	int64_t end = walk_end(start);
	size_t z, i;

	(void)state;
	for (z = 0; z < all_or(3, 1); z++) {
		set_up_zone(zones[z]);
		walk(&cal, zones[z], start);
		for (i = 0; i < N_TEXTS; i++) {
			if (schedules[i].n_windows > 0)
				continue;
			simulate(i, &cal, start, end, false, 1);
			simulate(i, &cal, start, end, true, (uint32_t)i);
		}
		tear_down_zone();
	}
}

/* A clock that jumps by up to a day: slots run in order, none twice. */
static void test_jumps(void **state)
{
	struct calendar cal = fixed_calendar((char *)"UTC");
	static const char *const kinds[] = { "cron 0 * * * *; zone UTC",
		"at 02:30; zone Europe/Berlin", "every 5000; zone UTC" };
	uint32_t seed = 7;
	size_t k;
	int i;

	(void)state;
	for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct wall now = fixture_time(start_text), slot, last;
		struct schedule s;
		struct sim sim;

		assert_int_equal(0, fixture_schedule(kinds[k], &s));
		sim_start(&sim, &cal, &s, now);
		last = now;
		for (i = 0; i < 5000; i++) {
			now.s += roll(&seed) % (2 * 3600);
			if (roll(&seed) % 32 == 0)
				now.s -= roll(&seed) % DAY_S;
			if (now.s + DAY_S < sim.state.considered.s)
				now.s = sim.state.considered.s - DAY_S;
			attempt(&sim, now, &slot);
			if (slot.s == WALL_NONE)
				continue;
			assert_true(slot.s > last.s);
			assert_true(slot.s <= now.s);
			last = slot;
		}
		assert_true(sim.n_runs > 100);
		job_state_release(&sim.state);
		schedule_release(&s);
	}
}

static void test_every(void **state)
{
	static const struct {
		int64_t anchor, after, until, last, next;
	} cases[] = {
		/* next is the first after `until` */
		{ 1000, 1000, 1599, WALL_NONE, 1600 },
		{ 1000, 1000, 1600, 1600, 2200 },
		{ 1000, 1000, 9999, 9400, 10000 },
		{ 1000, 9400, 9999, WALL_NONE, 10000 },
		{ 100000, 1000, 9999, 9400, 10000 }, /* anchor to come */
		{ WALL_NONE, 1000, 9999, 9999, 10599 },
		{ INT64_MAX, 1000, 9999, 9999, 10599 }, /* nonsense */
		{ 1000, 1000, 1000, WALL_NONE, 1600 },
		{ 1000, 2000, 1000, WALL_NONE, 1600 },
	};
	struct calendar cal = fixed_calendar((char *)"UTC");
	struct schedule s;
	size_t i;

	(void)state;
	assert_int_equal(0, fixture_schedule("every 600", &s));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cases[i].last,
		    slots_last(&s, &cal, wall(cases[i].anchor),
			wall(cases[i].after), wall(cases[i].until))
			.s);
		assert_int_equal(cases[i].next,
		    slots_next(&s, &cal, wall(cases[i].anchor),
			wall(cases[i].until))
			.s);
	}
	s.every_s = 0;
	assert_int_equal(WALL_NONE,
	    slots_last(&s, &cal, wall(0), wall(0), wall(99)).s);
	assert_int_equal(WALL_NONE, slots_next(&s, &cal, wall(0), wall(99)).s);
	schedule_release(&s);
}

static void test_never(void **state)
{
	struct calendar cal = fixed_calendar((char *)"UTC");
	struct wall none = { WALL_NONE };
	struct wall t = fixture_time("2096-03-01T00:00:00Z");
	struct schedule s;

	(void)state;
	/* no leap day in 2100: eight years are within the horizon */
	assert_int_equal(0, fixture_schedule("cron 0 0 29 2 *; zone UTC", &s));
	assert_int_equal(fixture_time("2104-02-29T00:00:00Z").s,
	    slots_next(&s, &cal, none, t).s);
	assert_int_equal(fixture_time("2096-02-29T00:00:00Z").s,
	    slots_last(&s, &cal, none, none,
		fixture_time("2104-02-28T00:00:00Z"))
		.s);
	s.cron.mdays = UINT32_C(1) << 30; /* 30 February */
	assert_int_equal(WALL_NONE, slots_next(&s, &cal, none, t).s);
	assert_int_equal(WALL_NONE, slots_last(&s, &cal, none, none, t).s);
	schedule_release(&s);

	assert_int_equal(0, fixture_schedule("opening", &s));
	assert_int_equal(WALL_NONE, slots_next(&s, &cal, none, t).s);
	assert_true(window_at(&s, &cal, t).open);
	assert_int_equal(WALL_NONE, window_at(&s, &cal, t).until.s);
	assert_int_equal(WALL_NONE, window_next_opening(&s, &cal, t).s);
	schedule_release(&s);

	assert_int_equal(0,
	    fixture_schedule("opening; window 00:00-24:00", &s));
	assert_true(window_at(&s, &cal, t).open);
	assert_int_equal(WALL_NONE, window_at(&s, &cal, t).until.s);
	assert_int_equal(WALL_NONE, window_next_opening(&s, &cal, t).s);
	s.windows[0].days = 0;
	assert_false(window_at(&s, &cal, t).open);
	assert_int_equal(WALL_NONE, window_at(&s, &cal, t).until.s);
	schedule_release(&s);
}

/* --- how fast ------------------------------------------------------------- */

static void add_window(struct window *w, const char *text)
{
	const char *problem;

	assert_int_equal(0, schedule_parse_window(text, w, &problem));
}

/* Office hours on weekdays but for lunch, the hour that a change of the clock
 * takes or gives, else as much as there is. */
static void set_up_bandwidth(struct bandwidth *b, struct bandwidth_rule *r4,
    struct window *windows)
{
	memset(r4, 0, 4 * sizeof(*r4));
	add_window(&windows[0], "12:00-13:00");
	add_window(&windows[1], "mon-fri 08:00-18:00");
	add_window(&windows[2], "sat 10:00-10:05");
	add_window(&windows[3], "sun 02:00-03:00");
	r4[0] = (struct bandwidth_rule){ &windows[0], 1, 30 };
	r4[1] = (struct bandwidth_rule){ &windows[1], 2, 5 };
	r4[2] = (struct bandwidth_rule){ &windows[3], 1, 0 };
	r4[3] = (struct bandwidth_rule){ NULL, 0, 40 };
	b->rules = r4;
	b->n = 4;
}

/* What the rules say of an instant, by each rule's own windows. */
static uint64_t limit_by_rules(const struct bandwidth *b,
    const struct calendar *cal, struct wall t)
{
	for (size_t i = 0; i < b->n; i++) {
		struct schedule s;

		memset(&s, 0, sizeof(s));
		s.windows = b->rules[i].windows;
		s.n_windows = b->rules[i].n_windows;
		if (window_at(&s, cal, t).open)
			return b->rules[i].limit;
	}
	return 0;
}

enum { RATE_DAYS = 400, RATE_STEP_S = 300 };

/* Through all changes of the clock, step by step: `until` is never passed
 * by a change, and following it from change to change misses none. */
static void test_rate_walk(void **state)
{
	struct bandwidth_rule r4[4];
	struct window windows[4];
	struct bandwidth b;
	int64_t start = fixture_time(start_text).s;
	const unsigned days = (unsigned)all_or(RATE_DAYS, 60);

	(void)state;
	set_up_bandwidth(&b, r4, windows);
	for (size_t z = 0; z < all_or(3, 1); z++) {
		struct calendar cal = fixed_calendar((char *)zones[z]);
		struct rate rate = rate_at(&b, &cal, wall(start));
		unsigned changes = 0;

		for (struct wall t = { start }; t.s < start + days * DAY_S;
		     t.s += RATE_STEP_S) {
			if (rate.until.s != WALL_NONE && t.s >= rate.until.s) {
				assert_int_equal(t.s, rate.until.s);
				rate = rate_at(&b, &cal, t);
				changes++;
				assert_true(rate.until.s > t.s);
			}
			assert_int_equal(limit_by_rules(&b, &cal, t),
			    rate.limit);
		}
		/* each day has two ends of its lunch at least */
		assert_true(changes >= 2 * days - 2);
	}
}

static void expect_rate(const char *zone, const char *when, uint64_t limit,
    const char *until)
{
	struct calendar cal = fixed_calendar((char *)zone);
	struct bandwidth_rule r4[4];
	struct window windows[4];
	struct bandwidth b;
	struct rate rate;

	set_up_bandwidth(&b, r4, windows);
	rate = rate_at(&b, &cal, fixture_time(when));
	assert_int_equal(limit, rate.limit);
	assert_int_equal(fixture_time(until).s, rate.until.s);
}

static void test_rate_cases(void **state)
{
	(void)state;
	/* a Monday */
	expect_rate("UTC", "2026-03-02T07:59:59Z", 40, "2026-03-02T08:00:00Z");
	expect_rate("UTC", "2026-03-02T08:00:00Z", 5, "2026-03-02T12:00:00Z");
	expect_rate("UTC", "2026-03-02T12:30:00Z", 30, "2026-03-02T13:00:00Z");
	expect_rate("UTC", "2026-03-02T13:00:00Z", 5, "2026-03-02T18:00:00Z");
	/* 02:00 to 03:00 does not exist on 29 March, and is nothing */
	expect_rate("Europe/Berlin", "2026-03-29T00:59:59Z", 40,
	    "2026-03-29T10:00:00Z");
	expect_rate("Europe/Berlin", "2026-03-29T01:00:00Z", 40,
	    "2026-03-29T10:00:00Z");
	/* it exists twice on 25 October: from the first to the only 03:00 */
	expect_rate("Europe/Berlin", "2026-10-24T23:59:59Z", 40,
	    "2026-10-25T00:00:00Z");
	expect_rate("Europe/Berlin", "2026-10-25T00:00:00Z", 0,
	    "2026-10-25T02:00:00Z");
	expect_rate("Europe/Berlin", "2026-10-25T02:00:00Z", 40,
	    "2026-10-25T11:00:00Z");
}

static void test_rate_never_changes(void **state)
{
	struct calendar cal = fixed_calendar((char *)"UTC");
	struct bandwidth_rule rule = { NULL, 0, 7 };
	struct bandwidth b = { NULL, 0 };
	struct wall t = fixture_time(start_text);
	struct window always;

	(void)state;
	assert_int_equal(0, rate_at(&b, &cal, t).limit);
	assert_int_equal(WALL_NONE, rate_at(&b, &cal, t).until.s);
	b.rules = &rule;
	b.n = 1;
	assert_int_equal(7, rate_at(&b, &cal, t).limit);
	assert_int_equal(WALL_NONE, rate_at(&b, &cal, t).until.s);
	add_window(&always, "00:00-24:00");
	rule.windows = &always;
	rule.n_windows = 1;
	assert_int_equal(7, rate_at(&b, &cal, t).limit);
	assert_int_equal(WALL_NONE, rate_at(&b, &cal, t).until.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_jumps),
		cmocka_unit_test(test_rate_walk),
		cmocka_unit_test(test_rate_cases),
		cmocka_unit_test(test_rate_never_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
