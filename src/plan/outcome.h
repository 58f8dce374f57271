/*
 * outcome.h - what an attempt means for the job's state.  Pure.
 */
#ifndef HFCRON_PLAN_OUTCOME_H
#define HFCRON_PLAN_OUTCOME_H

#include "base/err.h"
#include "model/calendar.h"
#include "model/job.h"
#include "model/job_state.h"

enum outcome_kind {
	OUTCOME_UNCHANGED,   /* confirmed: nothing was new */
	OUTCOME_UPDATED,     /* a new commit is published */
	OUTCOME_WINDOW_END,  /* progress kept, window closed */
	OUTCOME_BUDGET_END,  /* progress kept, max_duration or `stop` */
	OUTCOME_INTERRUPTED, /* progress kept, signal: due again at once */
	OUTCOME_PAUSED,	     /* progress kept: due again once released */
	OUTCOME_BUSY,	     /* another program holds a blob's lock */
	OUTCOME_FAILED	     /* see the error */
};

struct outcome_policy {
	const int64_t *waits_s; /* retry.failed_jobs.waits */
	unsigned long n_waits;
	unsigned runs;
	int64_t reset_after_s;
};

struct outcome {
	enum outcome_kind kind;
	const struct err *error; /* FAILED only; borrowed */
	const char *commit;	 /* UNCHANGED, UPDATED */
	struct wall slot;	 /* from the plan's decision */
	struct wall planned;	 /* when it was made: slots that came during
				    the work are still owed */
	unsigned retries;	 /* requests retried in this run */
};

/*
 * Update *state after an attempt that ended at `now`.
 * - UNCHANGED/UPDATED: current; failures forgotten; confirmed_at, changed_at.
 * - WINDOW_END: partial, next_try = next opening.  BUDGET_END: partial,
 *   next_try = next slot or opening, whichever is first.  If none is to come,
 *   both wait for reset_after_s.  INTERRUPTED, PAUSED, BUSY: partial,
 *   next_try = now (BUSY: now + waits_s[0]).
 * - FAILED because we asked too often: retrying when the server said, not
 *   counted.
 * - FAILED by kind: AUTH, PERMANENT -> parked.  UNREACHABLE -> retrying, not
 *   counted, unreachable_since set once, next_try by waits_s[0].  DISK ->
 *   waiting, next_try by waits_s[0].  Others are counted: retrying with
 *   waits_s, and from `runs` on failed with next_try = reset_after_s or the
 *   next slot or opening, whichever is first.  retry_after_s of the error is
 *   never undercut.
 * - `considered` becomes max(considered, planned) (a stamp over a day in the
 *   future: planned), anchor the slot for EVERY schedules, `planned` at first.
 * 0, or -1 (no memory).
 */
int outcome_apply(struct job_state *state, const struct job *job,
    const struct outcome *outcome, const struct outcome_policy *policy,
    struct wall now, const struct calendar *cal);

#endif
