/*
 * test_plan_decade.c - ten years of ticks in thirty zones, with a clock that
 * jumps, against a model that knows only the walk through every minute.
 *
 * A tick does what a run does: reconcile, plan, obey, remember.  Ticks come
 * every five minutes of the machine's clock; those at which neither the plan's
 * due index nor the model has anything to say are left out.  The zones' clocks
 * are the C library's, read from the system's zone files.
 *
 * Under valgrind a year in three zones does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "plan/outcome.h"
#include "plan/plan.h"
#include "plan/reconcile.h"
#include "platform/zone.h"
#include "support/minute_walk.h"
#include "support/plan_fixture.h"
#include "support/small.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_S INT64_C(86400)
#define YEAR_S (365 * DAY_S + 6 * 3600)

enum { TICK_S = 300, LATE_S = 3600, STRETCHES_MAX = 100 };

enum { DECADE = 10 };

/*
 * Half hours and quarters, changes at midnight and over the date line, two
 * changes within a month, a day that did not take place, a new offset.
 */
static const char *const zones[] = { "Europe/Berlin", "America/Sao_Paulo",
	"Pacific/Apia", "America/New_York", "America/St_Johns",
	"Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu",
	"Asia/Tehran", "Asia/Beirut", "Asia/Gaza", "Asia/Amman", "Africa/Cairo",
	"Africa/Casablanca", "Africa/Windhoek", "Africa/Juba", "Europe/London",
	"Europe/Dublin", "Europe/Istanbul", "Europe/Volgograd",
	"Antarctica/Troll", "America/Havana", "America/Asuncion",
	"America/Santiago", "America/Caracas", "Pacific/Norfolk",
	"Pacific/Fakaofo", "Pacific/Kiritimati", "Asia/Pyongyang", "UTC" };

static const char *const texts[] = {
	"at 02:30",
	"at 00:00,14:00; days sat,sun; catch_up skip",
	"cron 15 */8 * * *",
	"cron 30 3 1 * mon; catch_up skip",
	"cron 0 0 29 2 *",
	"opening; window 22:00-07:00",
	("opening; window fri 23:30-02:15; window sun 00:10-02:10; "
	 "catch_up skip"),
	"at 12:00; window 22:00-07:00; window sat,sun 00:00-24:00",
	"at 01:00; window 02:00-03:00; catch_up skip",
	"every 100000",
	"every 43200; window 22:00-07:00; catch_up skip",
};

enum { N_TEXTS = COUNT(texts) };

static struct wall wall(int64_t s)
{
	struct wall t = { s };

	return t;
}

static int64_t earlier(int64_t a, int64_t b)
{
	if (a == WALL_NONE || b == WALL_NONE)
		return a == WALL_NONE ? b : a;
	return a < b ? a : b;
}

/* A small generator, so that the test is the same everywhere. */
static uint32_t roll(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

/* --- the zone's clock ------------------------------------------------------ */

/* From from[i] on local time is UTC + offset_s[i]. */
struct zone_clock {
	int64_t from[STRETCHES_MAX];
	int32_t offset_s[STRETCHES_MAX];
	size_t n, near;
};

/* By the fields that people would read, not by tm_gmtoff. */
static int32_t libc_offset_s(int64_t utc_s)
{
	time_t t = (time_t)utc_s;
	struct tm tm;

	assert_non_null(localtime_r(&t, &tm));
	return (int32_t)(timegm(&tm) - t);
}

static void add_stretch(struct zone_clock *c, int64_t from)
{
	assert_true(c->n < STRETCHES_MAX);
	c->from[c->n] = from;
	c->offset_s[c->n++] = libc_offset_s(from);
}

/* No zone changes its offset and back again within six hours. */
static void read_zone(struct zone_clock *c, const char *zone, int64_t start,
    int64_t end)
{
	const int64_t step_s = 6 * 3600;
	int64_t t, low, high;

	assert_true(zone_exists(zone)); /* else: install tzdata */
	assert_int_equal(0, setenv("TZ", zone, 1));
	tzset();
	memset(c, 0, sizeof(*c));
	add_stretch(c, start);
	for (t = start; t < end; t += step_s) {
		low = t;
		high = t + step_s;
		if (libc_offset_s(high) == c->offset_s[c->n - 1])
			continue;
		while (high - low > 1) {
			int64_t middle = low + (high - low) / 2;

			if (libc_offset_s(middle) == c->offset_s[c->n - 1])
				low = middle;
			else
				high = middle;
		}
		add_stretch(c, high);
	}
}

static int32_t clock_offset_s(void *cookie, int64_t utc_s)
{
	struct zone_clock *c = cookie;

	while (c->near > 0 && c->from[c->near] > utc_s)
		c->near--;
	while (c->near + 1 < c->n && c->from[c->near + 1] <= utc_s)
		c->near++;
	return c->offset_s[c->near];
}

static int32_t calendar_offset_s(void *cookie, const char *zone, int64_t utc_s)
{
	(void)zone;
	return clock_offset_s(cookie, utc_s);
}

/* What the program reads in the zone is what the test's clock shows. */
static void check_platform(struct zone_clock *c, const char *zone,
    int64_t start, int64_t end)
{
	uint32_t seed = 3;
	size_t i;

	for (i = 1; i < c->n; i++) {
		assert_int_equal(c->offset_s[i - 1],
		    zone_offset_s(zone, c->from[i] - 1));
		assert_int_equal(c->offset_s[i],
		    zone_offset_s(zone, c->from[i]));
	}
	for (i = 0; i < 100; i++) {
		int64_t t = start + roll(&seed) % (end - start);

		assert_int_equal(clock_offset_s(c, t), zone_offset_s(zone, t));
		assert_int_equal(clock_offset_s(c, t),
		    zone_offset_s("local", t));
	}
}

/* --- the model ------------------------------------------------------------- */

/* One job, the plan's view of it, and the model's. */
struct sim {
	const struct calendar *cal;
	const struct schedule *s;
	const struct walk_found *found;
	struct job job;
	struct job_state state;
	struct reconcile_hashes hashes;
	struct wall next; /* what the due index says */
	bool next_holds;  /* the clock has not jumped since */
	bool trouble;	  /* attempts also fail, and are cut short */
	uint32_t seed;
	/* The model: how far slots are dealt with, where `every` counts from,
	 * whether the job is due without a slot. */
	int64_t considered, anchor;
	bool due_now;
	/* The last slot that was answered since the clock was last found to
	 * have been wrong. */
	int64_t answered;
	size_t n_runs, n_wrong;
};

/* How many of the items are not after t. */
static size_t count_until(const int64_t *items, size_t n, int64_t t)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle] <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t every_slot(const struct sim *sim, int64_t t)
{
	int64_t since = (t - sim->anchor) % sim->s->every_s;

	return t - (since < 0 ? since + sim->s->every_s : since);
}

/* The last slot at or before t. */
static int64_t slot_before(const struct sim *sim, int64_t t)
{
	size_t n;

	if (sim->s->kind == SCHEDULE_EVERY)
		return sim->anchor == WALL_NONE ? t : every_slot(sim, t);
	n = count_until(sim->found->slots, sim->found->n_slots, t);
	return n == 0 ? WALL_NONE : sim->found->slots[n - 1];
}

static int64_t slot_after(const struct sim *sim, int64_t t)
{
	size_t n;

	if (sim->s->kind == SCHEDULE_EVERY)
		return (sim->anchor == WALL_NONE ? t : every_slot(sim, t)) +
		    sim->s->every_s;
	n = count_until(sim->found->slots, sim->found->n_slots, t);
	return n == sim->found->n_slots ? WALL_NONE : sim->found->slots[n];
}

/* Whether bytes may move at t, and the edge of a window after it. */
static bool is_open(const struct sim *sim, int64_t t, int64_t *edge)
{
	size_t n = count_until(sim->found->edges, sim->found->n_edges, t);

	*edge = WALL_NONE;
	if (sim->s->n_windows == 0)
		return true;
	assert_true(n > 0 && n < sim->found->n_edges);
	*edge = sim->found->edges[n];
	return n % 2 == 1;
}

static int64_t opening_after(const struct sim *sim, int64_t t)
{
	int64_t edge;

	if (is_open(sim, t, &edge) && edge != WALL_NONE)
		(void)is_open(sim, edge, &edge);
	return edge;
}

/* Dropped by catch_up skip: the window it could use has closed. */
static bool is_missed(const struct sim *sim, int64_t slot, int64_t now)
{
	int64_t edge;

	if (sim->s->catch_up != CATCH_UP_SKIP)
		return false;
	if (sim->s->n_windows == 0)
		return now - slot > LATE_S;
	if (!is_open(sim, slot, &edge))
		(void)is_open(sim, edge, &edge);
	return edge <= now;
}

/* A stamp more than a day ahead of the clock: one of them was wrong. */
static bool is_wrong(const struct sim *sim, int64_t now)
{
	return sim->considered > now + DAY_S;
}

/* The slot that is owed, WALL_NONE if none. */
static int64_t owed_slot(const struct sim *sim, int64_t now)
{
	int64_t slot;

	if (is_wrong(sim, now))
		return WALL_NONE;
	if (sim->s->kind == SCHEDULE_EVERY && sim->anchor == WALL_NONE)
		return now;
	slot = slot_before(sim, now);
	return slot > sim->considered ? slot : WALL_NONE;
}

/* Whether a run may begin on the job, were the window open. */
static bool is_owed(const struct sim *sim, int64_t now)
{
	int64_t slot = owed_slot(sim, now), tries = sim->state.next_try.s;

	if (is_wrong(sim, now) || sim->due_now)
		return true;
	switch (sim->state.phase) {
	case PHASE_FETCHING:
		return true;
	case PHASE_RETRYING:
	case PHASE_PARTIAL:
	case PHASE_WAITING:
		return now >= tries;
	case PHASE_FAILED: /* retry_wait_s: not what a server asked for */
		return now >= tries ||
		    (sim->state.retry_wait_s > 0 &&
			(slot != WALL_NONE ||
			    (sim->s->n_windows > 0 &&
				opening_after(sim, sim->considered) <= now)));
	default:
		return slot != WALL_NONE && !is_missed(sim, slot, now);
	}
}

/* What the model does with the start of a run. */
static void model_run(struct sim *sim, int64_t now, int64_t slot)
{
	if (is_wrong(sim, now)) {
		sim->answered = WALL_NONE;
		sim->considered = now;
		sim->n_wrong++;
	}
	if (sim->considered < now)
		sim->considered = now;
	if (sim->s->kind == SCHEDULE_EVERY && slot != WALL_NONE)
		sim->anchor = slot;
	else if (sim->s->kind == SCHEDULE_EVERY && sim->anchor == WALL_NONE)
		sim->anchor = now;
	sim->due_now = false;
	if (slot == WALL_NONE)
		return;
	/* Each slot at most once, and in order. */
	assert_true(sim->answered == WALL_NONE || slot > sim->answered);
	sim->answered = slot;
}

/* The next instant at which the model may change its mind. */
static int64_t next_event(const struct sim *sim, int64_t now)
{
	int64_t event;

	if (is_owed(sim, now)) /* but closed */
		return opening_after(sim, now);
	event = slot_after(sim, sim->considered > now ? sim->considered : now);
	if (sim->state.phase == PHASE_FAILED)
		event = earlier(event, opening_after(sim, now));
	if (sim->state.next_try.s > now)
		event = earlier(event, sim->state.next_try.s);
	return event;
}

/* --- attempts ---------------------------------------------------------------- */

static const int64_t waits_s[] = { 300, 900, 3600 };
static const struct outcome_policy policy = { waits_s, COUNT(waits_s), 3,
	DAY_S };

/* What attempts of troubled jobs come to: one of sixteen. */
static enum outcome_kind any_outcome(struct sim *sim, struct err *e)
{
	static const enum outcome_kind kinds[] = { OUTCOME_UNCHANGED,
		OUTCOME_UPDATED, OUTCOME_UNCHANGED, OUTCOME_UPDATED,
		OUTCOME_WINDOW_END, OUTCOME_WINDOW_END, OUTCOME_BUDGET_END,
		OUTCOME_INTERRUPTED, OUTCOME_BUSY, OUTCOME_FAILED,
		OUTCOME_FAILED, OUTCOME_FAILED, OUTCOME_FAILED, OUTCOME_FAILED,
		OUTCOME_FAILED, OUTCOME_FAILED };
	static const enum err_kind errors[] = { ERR_TRANSIENT, ERR_TRANSIENT,
		ERR_TRANSIENT, ERR_UNREACHABLE, ERR_DISK, ERR_AUTH,
		ERR_PERMANENT };
	enum outcome_kind kind = kinds[roll(&sim->seed) % COUNT(kinds)];

	/* A failure comes seldom alone. */
	if (sim->state.failures > 0 && roll(&sim->seed) % 2 == 0)
		kind = OUTCOME_FAILED;
	if (kind == OUTCOME_WINDOW_END && sim->s->n_windows == 0)
		kind = OUTCOME_BUDGET_END;
	if (kind == OUTCOME_FAILED)
		(void)err_set(e, errors[roll(&sim->seed) % COUNT(errors)],
		    "trouble");
	if (e->kind == ERR_TRANSIENT && roll(&sim->seed) % 4 == 0)
		e->retry_after_s = roll(&sim->seed) % 4000;
	return kind;
}

/* A try is never put off beyond what is documented. */
static void check_next_try(const struct sim *sim, enum outcome_kind kind,
    int64_t end)
{
	int64_t tries = sim->state.next_try.s;
	int64_t opening = opening_after(sim, end);
	/* none: a leap day after the end of the walk */
	int64_t chance = earlier(opening, slot_after(sim, end));

	if (kind == OUTCOME_WINDOW_END)
		assert_int_equal(opening, tries);
	else if (kind == OUTCOME_BUDGET_END && chance != WALL_NONE)
		assert_int_equal(chance, tries);
	else if (kind == OUTCOME_INTERRUPTED)
		assert_int_equal(end, tries);
	else if (sim->state.phase == PHASE_FAILED)
		assert_true(tries > end && tries <= end + DAY_S);
	else if (tries != WALL_NONE && kind != OUTCOME_BUDGET_END)
		assert_true(tries > end && tries <= end + 3600);
}

/* How long the work takes: mostly minutes, at times most of a day. */
static int64_t work_s(struct sim *sim)
{
	return roll(&sim->seed) % (roll(&sim->seed) % 16 == 0 ? DAY_S : 900);
}

/* Work on the job; returns when it ended. */
static int64_t attempt(struct sim *sim, const struct plan_decision *d,
    int64_t now)
{
	struct err e = ERR_INIT;
	struct outcome outcome = {
		.kind = OUTCOME_UPDATED, .slot = d->slot, .planned = wall(now)
	};
	int64_t end = now + work_s(sim);

	if (sim->trouble && roll(&sim->seed) % 32 == 0) { /* it died */
		sim->state.phase = PHASE_FETCHING;
		memset(sim->state.target, 'd', 40);
		return end;
	}
	if (sim->trouble)
		outcome.kind = any_outcome(sim, &e);
	outcome.error = &e;
	if (d->closes.s != WALL_NONE &&
	    (outcome.kind == OUTCOME_WINDOW_END || end >= d->closes.s))
		end = d->closes.s - (outcome.kind != OUTCOME_WINDOW_END);
	if (sim->trouble)
		memset(sim->state.target, 'd', 40);
	model_run(sim, now, d->slot.s);
	assert_int_equal(0,
	    outcome_apply(&sim->state, &sim->job, &outcome, &policy, wall(end),
		sim->cal));
	assert_int_equal(sim->considered, sim->state.considered.s);
	if (sim->s->kind == SCHEDULE_EVERY)
		assert_int_equal(sim->anchor, sim->state.anchor.s);
	check_next_try(sim, outcome.kind, end);
	sim->n_runs++;
	return end;
}

/* --- ticks ------------------------------------------------------------------- */

static void fail_at(const struct sim *sim, int64_t now, const char *why)
{
	char text[INSTANT_TEXT_MAX], considered[INSTANT_TEXT_MAX];
	char *schedule = schedule_text(sim->s);

	fail_msg("%s, TZ %s, at %s, considered until %s: %s",
	    schedule == NULL ? "" : schedule, getenv("TZ"),
	    instant_format(wall(now), text),
	    instant_format(wall(sim->considered), considered), why);
}

/* One run.  Returns when it ended. */
static int64_t tick(struct sim *sim, int64_t now)
{
	struct plan_config config = { .build_time = { WALL_NONE },
		.last_run = { WALL_NONE } };
	struct plan_job pj = { .job = &sim->job, .state = &sim->state };
	struct err e = ERR_INIT;
	int64_t end = now, edge;
	bool failed, open;
	struct plan plan;

	assert_false(reconcile_job(&sim->state, &sim->job, &sim->hashes,
	    wall(now), &failed));
	assert_int_equal(0,
	    plan_build(&config, &pj, 1, wall(now), sim->cal, NULL, &plan, &e));
	open = is_open(sim, now, &edge);
	if ((plan.n_due == 1) != (open && is_owed(sim, now)))
		fail_at(sim, now, plan.decisions[0].reason);
	/* The window may have closed since, between two ticks. */
	if (plan.n_due == 0 && open && sim->next_holds && sim->next.s <= now)
		fail_at(sim, now, "the due index promised more");
	if (plan.n_due == 1) {
		if (owed_slot(sim, now) != plan.decisions[0].slot.s ||
		    edge != plan.decisions[0].closes.s)
			fail_at(sim, now, plan.decisions[0].reason);
		end = attempt(sim, &plan.decisions[0], now);
	}
	plan_release(&plan);
	sim->next = plan_next_due(&pj, wall(end), sim->cal, NULL);
	sim->next_holds = sim->next.s != WALL_NONE && !is_wrong(sim, end);
	return end;
}

/* Hours around the zone's next change of offset; `now` if none comes. */
static int64_t near_change(struct sim *sim, int64_t now)
{
	const struct zone_clock *c = sim->cal->cookie;
	size_t n = count_until(c->from, c->n, now + 7200);

	if (n == c->n)
		return now;
	return c->from[n] - 7200 + roll(&sim->seed) % (4 * 3600);
}

/* Where the clock jumps: seldom far, at times to where time itself does. */
static int64_t jump_from(struct sim *sim, int64_t now)
{
	static const int64_t near_s[] = { 1, 1, 59, 60, 600, 3599, 3600, 3601,
		7200, 20000, 80000, DAY_S - 1 };
	static const int64_t far_s[] = { DAY_S, DAY_S + 1, 2 * DAY_S, 7 * DAY_S,
		30 * DAY_S, 365 * DAY_S };
	uint32_t kind = roll(&sim->seed) % 8;
	int64_t jump = near_s[roll(&sim->seed) % COUNT(near_s)];

	if (kind == 0)
		return near_change(sim, now);
	if (kind == 1)
		jump = far_s[roll(&sim->seed) % COUNT(far_s)];
	return roll(&sim->seed) % 2 == 0 ? now + jump : now - jump;
}

/*
 * Years of elapsed time from `start` on; the clock stays within a year before
 * it and two years after.  A jump ahead is also a machine that was switched
 * off.
 */
static void simulate(struct sim *sim, int64_t start, int years)
{
	int64_t low = start - YEAR_S, high = start + (years + 1) * YEAR_S;
	int64_t now = start, elapsed = 0, next_jump = 20 * DAY_S;
	int64_t end, at;

	while (elapsed < years * YEAR_S) {
		end = tick(sim, now);
		elapsed += end - now;
		now = end;
		at = earlier(sim->next.s, next_event(sim, now));
		if (at < now + 1)
			at = now + 1;
		if (at == WALL_NONE || elapsed + at - now > next_jump) {
			now += next_jump - elapsed;
			elapsed = next_jump;
			now = jump_from(sim, now);
			if (now < low)
				now += YEAR_S;
			else if (now > high)
				now -= YEAR_S;
			sim->next_holds = false;
			next_jump += roll(&sim->seed) % (40 * DAY_S);
			continue;
		}
		at += TICK_S - 1;
		at -= at % TICK_S;
		elapsed += at - now;
		now = at;
	}
}

static void sim_start(struct sim *sim, const struct calendar *cal,
    const struct schedule *s, const struct walk_found *found, int64_t start)
{
	bool failed;

	memset(sim, 0, sizeof(*sim));
	sim->cal = cal;
	sim->s = s;
	sim->found = found;
	sim->job.id = (char *)"model/a/b@main";
	sim->job.enabled = true;
	sim->job.schedule = s;
	job_state_init(&sim->state);
	assert_true(reconcile_job(&sim->state, &sim->job, &sim->hashes,
	    wall(start), &failed));
	sim->considered = start;
	sim->anchor = sim->answered = WALL_NONE;
	sim->due_now = s->kind == SCHEDULE_EVERY || s->n_windows > 0;
}

static void run_job(const struct calendar *cal, const struct schedule *s,
    const struct walk_found *found, uint32_t seed, int64_t start, int years)
{
	struct sim sim;

	sim_start(&sim, cal, s, found, start);
	sim.seed = seed;
	sim.trouble = seed % 4 == 1;
	simulate(&sim, start, years);
	assert_true(sim.n_runs > 0 || s->cron.mdays == UINT32_C(1) << 29);
	job_state_release(&sim.state);
}

/* Of the schedules, half as it should go and a quarter in trouble: other ones
 * in the next zone. */
static void run_zone(size_t turn, int64_t start, int years)
{
	int64_t first = start - 2 * YEAR_S, last = start + (years + 2) * YEAR_S;
	struct zone_clock clock;
	struct calendar cal = { calendar_offset_s, &clock };
	struct schedule schedules[N_TEXTS];
	struct walk_found found[N_TEXTS];
	size_t i;

	first -= first % 3600;
	memset(found, 0, sizeof(found));
	read_zone(&clock, zones[turn], first, last);
	check_platform(&clock, zones[turn], first, last);
	for (i = 0; i < N_TEXTS; i++)
		assert_int_equal(0, fixture_schedule(texts[i], &schedules[i]));
	clock.near = 0;
	minute_walk(schedules, N_TEXTS, clock_offset_s, &clock, first, last,
	    found);
	for (i = 0; i < N_TEXTS; i++) {
		if ((i + turn) % 4 != 3)
			run_job(&cal, &schedules[i], &found[i],
			    (uint32_t)(i + turn), start, years);
		schedule_release(&schedules[i]);
		walk_found_release(&found[i]);
	}
}

static void test_decade(void **state)
{
	int64_t start = fixture_time("2011-06-01T00:00:00Z").s;
	size_t z, n = all_or(COUNT(zones), 3);
	int years = (int)all_or(DECADE, 1);

	(void)state;
	for (z = 0; z < n; z++)
		run_zone(z, start, years);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decade),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
