/*
 * plan.h - the list of decisions a run would take, each with its reason.
 * Pure: no clock, file, network or global is reachable from here.
 */
#ifndef HFCRON_PLAN_PLAN_H
#define HFCRON_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/strbuf.h"
#include "model/calendar.h"
#include "model/job.h"
#include "model/job_state.h"

enum plan_verdict { PLAN_DUE, PLAN_WAITING, PLAN_BLOCKED };

/* What the command line asks for. */
struct plan_config {
	bool all; /* treat all as due (not disabled ones) */
	bool ignore_window;
	struct wall build_time; /* a clock before it is wrong */
	struct wall last_run;	/* end of the last run, WALL_NONE if none */
};

struct plan_job {
	const struct job *job;	       /* borrowed */
	const struct job_state *state; /* borrowed; NULL: new */
	bool named;		       /* run JOB */
	bool paused;		       /* held by a person */
	struct wall paused_until;      /* WALL_NONE: until it is released */
	struct wall not_before;	       /* the Hub's rate limit is used up until
					  then; WALL_NONE */
};

/* Jitter in [0,1), the same for the same key at every call, so that a
 * forecast and the run agree. */
struct plan_dice {
	double (*unit)(void *cookie, const uint8_t key[JOB_KEY_BYTES]);
	void *cookie;
};

enum { PLAN_REASON_MAX = 160 };

struct plan_decision {
	size_t index; /* into the jobs given */
	enum plan_verdict verdict;
	/*
	 * DUE: since when (its slot, or now); WAITING: until when; BLOCKED:
	 * WALL_NONE.
	 */
	struct wall at;
	struct wall slot;   /* the slot it answers, WALL_NONE if none */
	struct wall closes; /* DUE: end of the open window or WALL_NONE */
	char reason[PLAN_REASON_MAX]; /* always there, both ways */
};

struct plan {
	struct plan_decision *decisions; /* own; due ones first: by
			priority, then oldest due, then smallest remaining,
			then list order; then waiting by time; then blocked */
	size_t n;
	size_t n_due;
	struct wall next; /* earliest WAITING instant, WALL_NONE if none */
	/* When a run has something to do or to say, though nothing may be due:
	 * `next`, or a job becomes stale; WALL_NONE if neither comes. */
	struct wall wake;
	char notice[PLAN_REASON_MAX]; /* about the clock; "" if it is sane */
};

/*
 * Decide for every job.  0, or -1 (no memory).  Release with plan_release in
 * both cases.
 *
 * A paused job is blocked, or waits for the end of its pause, unless it is named.
 * A parked one is due at its next slot or opening: to ask whether the answer
 * has changed.
 *
 * A job is due if named, changed or new as design section 3 says, its
 * next_try has come, or a slot lies in (considered, now]; many missed slots
 * are one; catch_up skip drops slots whose window has closed or that are
 * more than an hour late.  A considered stamp over a day in the future counts
 * as due and is said; nearer ones only mean that no slot is repeated.
 */
int plan_build(const struct plan_config *config, const struct plan_job *jobs,
    size_t n, struct wall now, const struct calendar *cal,
    const struct plan_dice *dice, struct plan *plan, struct err *e);
void plan_release(struct plan *plan);

/* When one job is due next, for the store's index; WALL_NONE if blocked. */
struct wall plan_next_due(const struct plan_job *job, struct wall now,
    const struct calendar *cal, const struct plan_dice *dice);

/* The same for many jobs, which share what their schedules say: due[n]. */
void plan_next_due_all(const struct plan_job *jobs, size_t n, struct wall now,
    const struct calendar *cal, const struct plan_dice *dice, struct wall *due);

#endif
