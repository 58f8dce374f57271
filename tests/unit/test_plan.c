/* test_plan.c - deciding, and what an attempt or a changed list means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "plan/backoff.h"
#include "plan/file_diff.h"
#include "plan/outcome.h"
#include "plan/plan.h"
#include "plan/plan_text.h"
#include "plan/reconcile.h"
#include "support/fixed_calendar.h"
#include "support/plan_fixture.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DAY_S INT64_C(86400)
#define AN_ERR(k, wait_s, words)                                      \
	{                                                             \
		.kind = (k), .retry_after_s = (wait_s), .text = words \
	}

static const int64_t waits_s[] = { 300, 900, 3600 };
static const struct outcome_policy policy = { waits_s, 3, 3, DAY_S };

static struct wall wall(int64_t s)
{
	struct wall t = { s };

	return t;
}

static void test_backoff(void **state)
{
	static const struct {
		unsigned failures;
		int64_t server_s;
		double dice;
		int64_t wait_ms;
	} cases[] = {
		{ 1, -1, 0, 1000 },
		{ 2, -1, 0, 2000 },
		{ 3, -1, 0, 4000 },
		{ 4, -1, 0, 8000 },
		{ 5, -1, 0, 16000 },
		{ 6, -1, 0, 16000 },
		{ 7, -1, 0, 16000 },
		{ 8, -1, 0, -1 },
		{ 1, -1, 0.5, 1125 },
		{ 5, -1, 0.999, 19996 },
		{ 1, 7, 0, 7000 },
		{ 1, 7, 0.5, 7125 },
		{ 5, 7, 0, 16000 }, /* never shorter, may be longer */
		{ 1, 0, 0, 1000 },
		{ 1, 999999, 0, 3600000 },
		{ 1, INT64_MAX, 0, 3600000 },
		{ 8, 7, 0, -1 },
	};
	struct backoff_policy p = { 1000, 7 }, quick = { 10, 5 },
			      no = { 10, 0 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(cases[i].wait_ms,
		    backoff_wait_ms(&p, cases[i].failures, cases[i].server_s,
			cases[i].dice));
	assert_int_equal(160, backoff_wait_ms(&quick, 5, -1, 0));
	assert_int_equal(1000, backoff_wait_ms(&quick, 1, 0, 0));
	assert_int_equal(-1, backoff_wait_ms(&no, 1, -1, 0));
	assert_int_equal(300, backoff_run_wait_s(waits_s, 3, 1));
	assert_int_equal(900, backoff_run_wait_s(waits_s, 3, 2));
	assert_int_equal(3600, backoff_run_wait_s(waits_s, 3, 3));
	assert_int_equal(3600, backoff_run_wait_s(waits_s, 3, 4000000000));
	assert_int_equal(0, backoff_run_wait_s(waits_s, 0, 1));
}

/* One row: blob, size, local, then what is expected. */
struct diff_row {
	char blob;
	uint64_t size;
	struct local_file local;
	enum file_action action, rechecked;
	size_t first;
};

static void test_file_diff(void **state)
{
	static const struct diff_row rows[] = {
		{ 'a', 10, { true, true, true, 0, 0 }, FILE_KEEP, FILE_ADOPT,
		    0 },
		{ 'b', 20, { false, true, true, 0, 0 }, FILE_PLACE, FILE_ADOPT,
		    1 },
		{ 'c', 40, { false, true, false, 0, 0 }, FILE_ADOPT, FILE_ADOPT,
		    2 },
		{ 'd', 100, { false, false, false, 60, 64 }, FILE_FETCH,
		    FILE_FETCH, 3 },
		{ 'd', 100, { false, false, false, 60, 64 }, FILE_SHARE,
		    FILE_SHARE, 3 },
		{ 'c', 40, { false, true, false, 0, 0 }, FILE_SHARE, FILE_SHARE,
		    2 },
		{ 'a', 10, { false, true, true, 0, 0 }, FILE_PLACE, FILE_SHARE,
		    0 },
		{ 'e', 0, { false, false, false, 0, 0 }, FILE_FETCH, FILE_FETCH,
		    7 },
		/* in place, but nothing says that we verified it */
		{ 'f', 5, { true, true, false, 0, 0 }, FILE_ADOPT, FILE_ADOPT,
		    8 },
		/* a partial that claims too much */
		{ 'g', 7, { false, false, false, 9, 4096 }, FILE_FETCH,
		    FILE_FETCH, 9 },
	};
	struct remote_file files[COUNT(rows)];
	const struct remote_file *wanted[COUNT(rows)];
	struct local_file local[COUNT(rows)];
	struct file_decision decisions[COUNT(rows)];
	struct file_sums sums;
	struct err e = ERR_INIT;
	size_t i;
	int recheck;

	(void)state;
	memset(files, 0, sizeof(files));
	for (i = 0; i < COUNT(rows); i++) {
		memset(files[i].oid, rows[i].blob, 40);
		/* by sha256 where there is one, whatever the oid */
		if (rows[i].blob == 'd') {
			files[i].sha256 = "dd"; /* only compared */
			files[i].oid[0] = (char)('0' + i);
		}
		files[i].size = rows[i].size;
		wanted[i] = &files[i];
		local[i] = rows[i].local;
	}
	for (recheck = 0; recheck < 2; recheck++) {
		assert_int_equal(0,
		    file_diff(wanted, local, COUNT(rows), recheck, decisions,
			&sums, &e));
		for (i = 0; i < COUNT(rows); i++) {
			assert_int_equal(recheck ? rows[i].rechecked
						 : rows[i].action,
			    decisions[i].action);
			assert_int_equal(decisions[i].action == FILE_SHARE
				? rows[i].first
				: i,
			    decisions[i].first);
		}
		assert_int_equal(182, sums.bytes_total);
		assert_int_equal(40, sums.bytes_to_fetch);
		assert_int_equal(142, sums.bytes_there);
		assert_int_equal(36, sums.disk_needed_bytes);
		assert_int_equal(3, sums.files_to_fetch);
		assert_int_equal(recheck ? 10 : 9, sums.n_changes);
	}
	assert_int_equal(0,
	    file_diff(wanted, local, 0, false, decisions, &sums, &e));
	assert_int_equal(0, sums.bytes_total);
}

static void test_file_diff_huge(void **state)
{
	struct remote_file files[2] = { 0 };
	const struct remote_file *wanted[] = { &files[0], &files[1] };
	struct local_file local[2] = { 0 };
	struct file_decision decisions[2];
	struct file_sums sums;
	struct err e = ERR_INIT;

	(void)state;
	files[0].oid[0] = 'a';
	files[1].oid[0] = 'b';
	files[0].size = files[1].size = UINT64_MAX - 1;
	assert_int_equal(0,
	    file_diff(wanted, local, 2, false, decisions, &sums, &e));
	assert_true(sums.bytes_total == UINT64_MAX);
	assert_true(sums.disk_needed_bytes == UINT64_MAX);
	assert_int_equal(0, sums.bytes_there);
}

/* A job on a schedule, with a state; fixture for what follows. */
struct fixture {
	struct calendar cal;
	struct schedule schedule;
	struct job job;
	struct job_state state;
	struct wall now;
};

static void set_up(struct fixture *f, const char *schedule)
{
	memset(f, 0, sizeof(*f));
	f->cal = fixed_calendar((char *)"UTC");
	f->now = fixture_time("2026-11-22T12:00:00Z");
	assert_int_equal(0, fixture_schedule(schedule, &f->schedule));
	f->job.id = (char *)"model/a/b@main";
	f->job.enabled = true;
	f->job.schedule = &f->schedule;
	job_state_init(&f->state);
	f->state.considered = wall(f->now.s - DAY_S);
	f->state.due_now = true;
}

static void tear_down(struct fixture *f)
{
	job_state_release(&f->state);
	schedule_release(&f->schedule);
}

static void apply(struct fixture *f, enum outcome_kind kind,
    const struct err *error)
{
	struct outcome outcome = { kind, error, NULL, { WALL_NONE }, f->now,
		4 };

	if (kind == OUTCOME_UPDATED)
		outcome.commit = "0123456789012345678901234567890123456789";
	assert_int_equal(0,
	    outcome_apply(&f->state, &f->job, &outcome, &policy, f->now,
		&f->cal));
	assert_false(f->state.due_now);
	assert_int_equal(f->now.s, f->state.last_run.s);
	assert_int_equal(4, f->state.retries);
}

static void test_outcome_kinds(void **state)
{
	static const char windowed[] = "at 03:00; window 22:00-07:00; zone UTC";
	static const char daily[] = "at 20:00; zone UTC";
	static const struct {
		const char *schedule;
		enum outcome_kind kind;
		struct err error;
		enum job_phase phase;
		const char *next_try; /* NULL: none */
		int64_t wait_s;
		uint32_t failures; /* 1 before */
	} cases[] = {
		{ daily, OUTCOME_UNCHANGED, ERR_INIT, PHASE_CURRENT, NULL, 0,
		    0 },
		{ daily, OUTCOME_UPDATED, ERR_INIT, PHASE_CURRENT, NULL, 0, 0 },
		{ windowed, OUTCOME_WINDOW_END, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T22:00:00Z", 0, 1 },
		/* no opening is to come: after reset_after, not at once */
		{ daily, OUTCOME_WINDOW_END, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-23T12:00:00Z", 0, 1 },
		{ windowed, OUTCOME_BUDGET_END, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T22:00:00Z", 0, 1 },
		{ daily, OUTCOME_BUDGET_END, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T20:00:00Z", 0, 1 },
		{ "every 3600", OUTCOME_BUDGET_END, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T13:00:00Z", 0, 1 },
		{ daily, OUTCOME_INTERRUPTED, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T12:00:00Z", 0, 1 },
		{ daily, OUTCOME_BUSY, ERR_INIT, PHASE_PARTIAL,
		    "2026-11-22T12:05:00Z", 300, 1 },
		/* asked too often: not counted, and not before the server said */
		{ daily, OUTCOME_FAILED,
		    { .kind = ERR_TRANSIENT,
			.retry_after_s = 600,
			.text = "HTTP 429",
			.rate_limited = true },
		    PHASE_RETRYING, "2026-11-22T12:10:00Z", 0, 1 },
		{ daily, OUTCOME_FAILED,
		    { .kind = ERR_TRANSIENT,
			.retry_after_s = -1,
			.text = "HTTP 429",
			.rate_limited = true },
		    PHASE_RETRYING, "2026-11-22T12:05:00Z", 0, 1 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_AUTH, -1, "gated"),
		    PHASE_PARKED, NULL, 0, 1 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_PERMANENT, 60, "gone"),
		    PHASE_PARKED, NULL, 0, 1 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_UNREACHABLE, -1, "dns"),
		    PHASE_RETRYING, "2026-11-22T12:05:00Z", 300, 1 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_DISK, -1, "full"),
		    PHASE_WAITING, "2026-11-22T12:05:00Z", 300, 1 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_TRANSIENT, -1, "500"),
		    PHASE_RETRYING, "2026-11-22T12:15:00Z", 900, 2 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_TRANSIENT, 60, "503"),
		    PHASE_RETRYING, "2026-11-22T12:15:00Z", 900, 2 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_TRANSIENT, 1800, "429"),
		    PHASE_RETRYING, "2026-11-22T12:30:00Z", 1800, 2 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_TRANSIENT, 99999, "429"),
		    PHASE_RETRYING, "2026-11-22T13:00:00Z", 3600, 2 },
		{ daily, OUTCOME_FAILED, AN_ERR(ERR_INTEGRITY, -1, "hash"),
		    PHASE_RETRYING, "2026-11-22T12:15:00Z", 900, 2 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		bool good = cases[i].phase == PHASE_CURRENT;
		bool failed = cases[i].kind == OUTCOME_FAILED;
		struct fixture f;

		set_up(&f, cases[i].schedule);
		f.state.failures = 1;
		f.state.failed_since = wall(77);
		memset(f.state.target, 'b', 40);
		apply(&f, cases[i].kind, failed ? &cases[i].error : NULL);
		assert_int_equal(cases[i].phase, f.state.phase);
		assert_int_equal(cases[i].next_try == NULL
			? WALL_NONE
			: fixture_time(cases[i].next_try).s,
		    f.state.next_try.s);
		assert_int_equal(cases[i].wait_s, f.state.retry_wait_s);
		assert_int_equal(cases[i].failures, f.state.failures);
		assert_int_equal(good ? WALL_NONE : 77, f.state.failed_since.s);
		assert_int_equal(good ? f.now.s : WALL_NONE,
		    f.state.confirmed_at.s);
		assert_int_equal(cases[i].kind == OUTCOME_UPDATED ? f.now.s
								  : WALL_NONE,
		    f.state.changed_at.s);
		assert_int_equal(cases[i].kind == OUTCOME_UPDATED ? 40 : 0,
		    strlen(f.state.commit));
		assert_int_equal(good, f.state.target[0] == '\0');
		assert_int_equal(f.now.s, f.state.considered.s);
		assert_int_equal(f.schedule.kind == SCHEDULE_EVERY ? f.now.s
								   : WALL_NONE,
		    f.state.anchor.s);
		if (failed)
			assert_string_equal(cases[i].error.text,
			    f.state.error_text);
		else
			assert_null(f.state.error_text);
		tear_down(&f);
	}
}

/* A job that the run did not get round to has no part of anything. */
static void test_outcome_not_begun(void **state)
{
	static const enum outcome_kind kinds[] = { OUTCOME_WINDOW_END,
		OUTCOME_BUDGET_END, OUTCOME_INTERRUPTED };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		set_up(&f, "at 12:30; window 12:00-14:00; zone UTC");
		apply(&f, kinds[i], NULL);
		assert_int_equal(PHASE_WAITING, f.state.phase);
		assert_int_not_equal(WALL_NONE, f.state.next_try.s);
		tear_down(&f);
	}
}

static void test_outcome_row_of_failures(void **state)
{
	const struct err e = AN_ERR(ERR_TRANSIENT, -1, "HTTP 500");
	const struct err later = AN_ERR(ERR_TRANSIENT, 3600, "HTTP 429");
	const struct err lost = AN_ERR(ERR_UNREACHABLE, -1, "no route");
	struct fixture f;

	(void)state;
	set_up(&f, "at 12:30; zone UTC");
	apply(&f, OUTCOME_FAILED, &e);
	assert_int_equal(f.now.s, f.state.failed_since.s);
	assert_int_equal(300, f.state.retry_wait_s);
	/* not counted in between, and unreachable since the first time */
	f.now.s += 300;
	apply(&f, OUTCOME_FAILED, &lost);
	assert_int_equal(1, f.state.failures);
	assert_int_equal(f.now.s, f.state.unreachable_since.s);
	f.now.s += 300;
	apply(&f, OUTCOME_FAILED, &lost);
	assert_int_equal(f.now.s - 300, f.state.unreachable_since.s);
	apply(&f, OUTCOME_FAILED, &e);
	assert_int_equal(2, f.state.failures);
	assert_int_equal(WALL_NONE, f.state.unreachable_since.s);
	assert_int_equal(PHASE_RETRYING, f.state.phase);
	/* the third: at the next slot, which is before reset_after */
	apply(&f, OUTCOME_FAILED, &e);
	assert_int_equal(PHASE_FAILED, f.state.phase);
	assert_int_equal(fixture_time("2026-11-22T12:30:00Z").s,
	    f.state.next_try.s);
	assert_int_equal(0, f.state.retry_wait_s);
	/* the fourth: what the server asks for is never undercut */
	apply(&f, OUTCOME_FAILED, &later);
	assert_int_equal(4, f.state.failures);
	assert_int_equal(f.now.s + 3600, f.state.next_try.s);
	assert_int_equal(0, f.state.retry_wait_s);
	assert_string_equal("HTTP 429", f.state.error_text);
	apply(&f, OUTCOME_UNCHANGED, NULL);
	assert_int_equal(0, f.state.failures);
	assert_null(f.state.error_text);
	assert_int_equal(ERR_NONE, f.state.error_kind);
	tear_down(&f);

	/* reset_after comes before the next slot */
	set_up(&f, "at 12:30; days sat; zone UTC");
	f.state.failures = 2;
	apply(&f, OUTCOME_FAILED, &e);
	assert_int_equal(PHASE_FAILED, f.state.phase);
	assert_int_equal(f.now.s + DAY_S, f.state.next_try.s);
	assert_int_equal(DAY_S, f.state.retry_wait_s);
	tear_down(&f);
}

static void test_outcome_stamps(void **state)
{
	struct outcome outcome = { .kind = OUTCOME_UNCHANGED };
	struct fixture f;

	(void)state;
	/* an interval is anchored at its slot, not at the end of the work */
	set_up(&f, "every 3600");
	f.state.anchor = wall(f.now.s - 5000);
	outcome.slot = wall(f.now.s - 1400);
	outcome.planned = wall(f.now.s - 1300);
	assert_int_equal(0,
	    outcome_apply(&f.state, &f.job, &outcome, &policy, f.now, &f.cal));
	assert_int_equal(f.now.s - 1400, f.state.anchor.s);
	/* what came during the work is still owed */
	assert_int_equal(f.now.s - 1300, f.state.considered.s);
	/* named between two slots: the anchor stays */
	outcome.slot = wall(WALL_NONE);
	assert_int_equal(0,
	    outcome_apply(&f.state, &f.job, &outcome, &policy, f.now, &f.cal));
	assert_int_equal(f.now.s - 1400, f.state.anchor.s);
	/* a stamp in the near future is kept, a far one is not believed */
	f.state.considered = wall(f.now.s + DAY_S);
	apply(&f, OUTCOME_UNCHANGED, NULL);
	assert_int_equal(f.now.s + DAY_S, f.state.considered.s);
	f.state.considered = wall(f.now.s + DAY_S + 1);
	apply(&f, OUTCOME_UNCHANGED, NULL);
	assert_int_equal(f.now.s, f.state.considered.s);
	tear_down(&f);
}

static struct reconcile_hashes hashes(int spec, int schedule, int access)
{
	struct reconcile_hashes h;

	memset(h.key, 9, sizeof(h.key));
	memset(h.spec, spec, sizeof(h.spec));
	memset(h.schedule, schedule, sizeof(h.schedule));
	memset(h.access, access, sizeof(h.access));
	return h;
}

static bool reconcile(struct fixture *f, int spec, int schedule, int access)
{
	struct reconcile_hashes h = hashes(spec, schedule, access);
	bool failed, changed;

	changed = reconcile_job(&f->state, &f->job, &h, f->now, &failed);
	assert_false(failed);
	/* once settled, nothing more is to be stored */
	assert_false(reconcile_job(&f->state, &f->job, &h, f->now, &failed));
	assert_int_equal(9, f->state.key[0]);
	return changed;
}

/* A job that has been known for a while. */
static void set_up_known(struct fixture *f, const char *schedule)
{
	set_up(f, schedule);
	assert_true(reconcile(f, 1, 1, 1));
	f->state.due_now = false;
	f->state.phase = PHASE_CURRENT;
	memset(f->state.commit, 'c', 40);
	f->now.s += 1000;
}

static void test_reconcile_new(void **state)
{
	static const struct {
		const char *schedule;
		bool enabled, due_now;
		enum job_phase phase;
	} cases[] = {
		{ "at 02:00", true, false, PHASE_NEW },
		{ "cron 0 2 * * *", true, false, PHASE_NEW },
		{ "at 02:00; window 22:00-07:00", true, true, PHASE_NEW },
		{ "opening; window 22:00-07:00", true, true, PHASE_NEW },
		{ "every 60", true, true, PHASE_NEW },
		{ "every 60", false, false, PHASE_DISABLED },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct fixture f;

		set_up(&f, cases[i].schedule);
		f.job.enabled = cases[i].enabled;
		assert_true(reconcile(&f, 1, 2, 3));
		assert_string_equal(f.job.id, f.state.id);
		assert_int_equal(cases[i].phase, f.state.phase);
		assert_int_equal(cases[i].due_now, f.state.due_now);
		assert_int_equal(f.now.s, f.state.created.s);
		assert_int_equal(f.now.s, f.state.considered.s);
		assert_int_equal(WALL_NONE, f.state.anchor.s);
		tear_down(&f);
	}
}

static void test_reconcile_spec(void **state)
{
	const struct err gone = AN_ERR(ERR_PERMANENT, -1, "gone");
	struct fixture f;

	(void)state;
	set_up_known(&f, "at 02:00");
	assert_false(reconcile(&f, 1, 1, 1));
	f.state.phase = PHASE_PARKED;
	f.state.failures = 3;
	f.state.next_try = wall(5);
	memset(f.state.target, 'd', 40);
	assert_int_equal(0, job_state_set_error(&f.state, &gone));
	assert_true(reconcile(&f, 2, 1, 1));
	assert_int_equal(PHASE_NEW, f.state.phase);
	assert_true(f.state.due_now);
	assert_int_equal(0, f.state.failures);
	assert_int_equal(WALL_NONE, f.state.next_try.s);
	assert_null(f.state.error_text);
	assert_int_equal(40, strlen(f.state.commit));
	assert_string_equal("", f.state.target);
	tear_down(&f);

	/* while disabled it only takes note */
	set_up_known(&f, "at 02:00");
	f.job.enabled = false;
	assert_true(reconcile(&f, 2, 1, 1));
	assert_int_equal(PHASE_DISABLED, f.state.phase);
	assert_false(f.state.due_now);
	tear_down(&f);
}

static void test_reconcile_access(void **state)
{
	static const struct {
		enum job_phase phase;
		enum err_kind kind;
		bool unparked;
	} cases[] = {
		{ PHASE_CURRENT, ERR_NONE, false },
		{ PHASE_PARKED, ERR_AUTH, true },
		{ PHASE_PARKED, ERR_PERMANENT, true },
		{ PHASE_RETRYING, ERR_AUTH, true },
		{ PHASE_FAILED, ERR_AUTH, true },
		{ PHASE_RETRYING, ERR_TRANSIENT, false },
		{ PHASE_PARTIAL, ERR_TRANSIENT, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = AN_ERR(cases[i].kind, -1, "why");
		struct fixture f;

		set_up_known(&f, "at 02:00");
		f.state.phase = cases[i].phase;
		f.state.failures = 2;
		assert_int_equal(0, job_state_set_error(&f.state, &e));
		assert_true(reconcile(&f, 1, 1, 2));
		assert_int_equal(cases[i].unparked, f.state.due_now);
		assert_int_equal(cases[i].unparked ? 0 : 2, f.state.failures);
		assert_int_equal(cases[i].unparked ? PHASE_RETRYING
						   : cases[i].phase,
		    f.state.phase);
		assert_string_equal("why", f.state.error_text);
		tear_down(&f);
	}
}

static void test_reconcile_schedule(void **state)
{
	struct fixture f;

	(void)state;
	set_up_known(&f, "at 02:00");
	f.state.anchor = wall(4);
	f.state.next_try = wall(5);
	f.state.phase = PHASE_RETRYING;
	assert_true(reconcile(&f, 1, 2, 1));
	assert_int_equal(f.now.s, f.state.considered.s);
	assert_int_equal(WALL_NONE, f.state.anchor.s);
	assert_int_equal(5, f.state.next_try.s);
	assert_int_equal(PHASE_RETRYING, f.state.phase);
	assert_false(f.state.due_now);
	tear_down(&f);

	/* never looked at, and now on a window: due as a new one would be */
	set_up_known(&f, "at 02:00; window 01:00-05:00");
	f.state.phase = PHASE_NEW;
	assert_true(reconcile(&f, 1, 2, 1));
	assert_true(f.state.due_now);
	tear_down(&f);
}

static void test_reconcile_listing(void **state)
{
	struct fixture f;

	(void)state;
	/* disabled and enabled again: slots in between were not missed */
	set_up_known(&f, "at 02:00");
	f.job.enabled = false;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(PHASE_DISABLED, f.state.phase);
	f.now.s += 30 * DAY_S;
	f.job.enabled = true;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(PHASE_CURRENT, f.state.phase);
	assert_int_equal(f.now.s, f.state.considered.s);
	assert_false(f.state.due_now);
	/* removed and back, in the middle of a download */
	f.state.removed_at = f.now;
	memset(f.state.target, 'd', 40);
	f.now.s += DAY_S;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(WALL_NONE, f.state.removed_at.s);
	assert_int_equal(PHASE_PARTIAL, f.state.phase);
	assert_true(f.state.due_now);
	/* back, but disabled */
	f.state.removed_at = f.now;
	f.job.enabled = false;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(PHASE_DISABLED, f.state.phase);
	f.state.removed_at = f.now;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(WALL_NONE, f.state.removed_at.s);
	/* never fetched, on an interval */
	f.state.commit[0] = f.state.target[0] = '\0';
	f.schedule.kind = SCHEDULE_EVERY;
	f.schedule.every_s = 60;
	f.job.enabled = true;
	assert_true(reconcile(&f, 1, 1, 1));
	assert_int_equal(PHASE_NEW, f.state.phase);
	assert_true(f.state.due_now);
	tear_down(&f);
}

static double by_key(void *cookie, const uint8_t key[JOB_KEY_BYTES])
{
	(void)cookie;
	return key[0] / 256.0;
}

enum { MANY = 100000, MANY_SCHEDULES = 8 };

/* The index's view of a job is the plan's; one plan is quick for many. */
static void test_many(void **state)
{
	static const char *const texts[MANY_SCHEDULES] = { "at 02:00",
		"cron */5 * * * *; zone Europe/Berlin",
		"cron 0 0 29 2 *; zone Europe/Berlin", "every 3600",
		"opening; window 22:00-07:00; zone America/New_York",
		"at 12:00; window sat,sun 00:00-24:00; window 22:00-07:00",
		"at 03:00; catch_up skip", "every 86400; window 01:00-02:00" };
	struct calendar cal = fixed_calendar((char *)"Europe/Berlin");
	struct plan_config config = { .last_run = { WALL_NONE } };
	struct plan_dice dice = { by_key, NULL };
	struct wall now = fixture_time("2026-11-22T12:00:00Z");
	struct schedule schedules[MANY_SCHEDULES];
	struct job *jobs = calloc(MANY, sizeof(*jobs));
	struct job_state *states = calloc(MANY, sizeof(*states));
	struct plan_job *pj = calloc(MANY, sizeof(*pj));
	struct err e = ERR_INIT;
	struct wall last = { INT64_MIN };
	struct plan plan;
	bool *seen = calloc(MANY, sizeof(*seen));
	size_t i, k;

	(void)state;
	assert_true(jobs != NULL && states != NULL && pj != NULL && seen);
	for (k = 0; k < MANY_SCHEDULES; k++)
		assert_int_equal(0, fixture_schedule(texts[k], &schedules[k]));
	for (i = 0; i < MANY; i++) {
		job_state_init(&states[i]);
		jobs[i].id = (char *)"a";
		jobs[i].enabled = i % 31 != 0;
		jobs[i].priority = (enum job_priority)(i % 3);
		jobs[i].schedule = &schedules[i % MANY_SCHEDULES];
		states[i].key[0] = (uint8_t)i;
		states[i].phase = (enum job_phase)(i % (PHASE_DISABLED + 1));
		states[i].considered = wall(now.s - (int64_t)i * 60);
		states[i].anchor = states[i].considered;
		states[i].next_try = wall(now.s + ((int64_t)i - 50000));
		states[i].retry_wait_s = 300;
		pj[i].job = &jobs[i];
		pj[i].state = &states[i];
	}
	assert_int_equal(0,
	    plan_build(&config, pj, MANY, now, &cal, &dice, &plan, &e));
	assert_int_equal(MANY, plan.n);
	assert_true(plan.n_due > 1000);
	for (i = 0; i < MANY; i++) {
		const struct plan_decision *d = &plan.decisions[i];

		assert_false(seen[d->index]);
		seen[d->index] = true;
		assert_true(d->reason[0] != '\0');
		assert_int_equal(i < plan.n_due, d->verdict == PLAN_DUE);
		assert_int_equal(d->verdict == PLAN_BLOCKED,
		    d->at.s == WALL_NONE);
		if (d->verdict == PLAN_DUE)
			assert_true(d->at.s <= now.s);
		if (d->verdict == PLAN_WAITING) {
			assert_true(d->at.s > now.s && d->at.s >= last.s);
			last = d->at;
		}
		if (i % 100 == 0)
			assert_int_equal(d->at.s,
			    plan_next_due(&pj[d->index], now, &cal, &dice).s);
	}
	assert_int_equal(plan.decisions[plan.n_due].at.s, plan.next.s);
	plan_release(&plan);
	for (k = 0; k < MANY_SCHEDULES; k++)
		schedule_release(&schedules[k]);
	free(jobs);
	free(states);
	free(pj);
	free(seen);
}

/* Stamps that no run of ours writes: any answer will do, but an answer. */
static void test_damaged_stamps(void **state)
{
	static const int64_t stamps[] = { INT64_MIN, INT64_MIN + 1, -1, 0, 1,
		INT64_C(1) << 40, INT64_MAX - 1, INT64_MAX };
	static const char *const texts[] = { "at 02:00; zone Europe/Berlin",
		"every 3600", "opening; window 22:00-07:00; catch_up skip" };
	struct plan_config config = { .last_run = { INT64_MAX } };
	size_t t, a, b, p;

	(void)state;
	for (t = 0; t < COUNT(texts); t++) {
		struct fixture f;
		struct plan_job pj = {
			.job = &f.job, .state = &f.state, .named = false
		};

		set_up(&f, texts[t]);
		f.state.due_now = false;
		for (a = 0; a < COUNT(stamps); a++)
			for (b = 0; b < COUNT(stamps); b++)
				for (p = 0; p <= PHASE_DISABLED; p++) {
					struct err e = ERR_INIT;
					struct plan plan;

					f.state.phase = (enum job_phase)p;
					f.state.considered = wall(stamps[a]);
					f.state.anchor = wall(stamps[b]);
					f.state.next_try = wall(stamps[b]);
					assert_int_equal(0,
					    plan_build(&config, &pj, 1, f.now,
						&f.cal, NULL, &plan, &e));
					assert_true(plan.decisions[0]
							.reason[0] != '\0');
					assert_true(plan.notice[0] != '\0');
					plan_release(&plan);
				}
		tear_down(&f);
	}
}

/* What came from outside is harmless in a reason and in the text. */
static void test_escapes(void **state)
{
	struct plan_config config = { .last_run = { WALL_NONE } };
	struct fixture f;
	struct plan_job pj = {
		.job = &f.job, .state = &f.state, .named = false
	};
	struct err e = ERR_INIT;
	struct strbuf out;
	struct plan plan;

	(void)state;
	set_up(&f, "at 02:00");
	f.job.id = (char *)"evil\033]0;x\a\n";
	f.state.phase = PHASE_PARKED;
	f.state.error_text = text_dup("red \033[31m text\n");
	assert_int_equal(0,
	    plan_build(&config, &pj, 1, f.now, &f.cal, NULL, &plan, &e));
	strbuf_init(&out, 10000);
	plan_text(&plan, &pj, &out);
	assert_string_equal("due      2026-11-22T12:00:00Z  "
			    "evil\\x1b]0;x\\x07\\x0a  "
			    "parked: red \\x1b[31m text\\x0a; "
			    "asks again: asked for\n",
	    strbuf_text(&out));
	strbuf_release(&out);
	plan_release(&plan);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_file_diff),
		cmocka_unit_test(test_file_diff_huge),
		cmocka_unit_test(test_outcome_kinds),
		cmocka_unit_test(test_outcome_not_begun),
		cmocka_unit_test(test_outcome_row_of_failures),
		cmocka_unit_test(test_outcome_stamps),
		cmocka_unit_test(test_reconcile_new),
		cmocka_unit_test(test_reconcile_spec),
		cmocka_unit_test(test_reconcile_access),
		cmocka_unit_test(test_reconcile_schedule),
		cmocka_unit_test(test_reconcile_listing),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_damaged_stamps),
		cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
