/*
 * upcoming.h - what comes next: due instants and windows, in their order.
 * Pure.
 *
 * Slots and windows belong to schedules, which many jobs share; only `every`
 * slots, tries and pending jobs are each job's own.  What falls together for
 * one schedule is one entry.  Memory: `max` entries and an instant per job.
 */
#ifndef HFCRON_PLAN_UPCOMING_H
#define HFCRON_PLAN_UPCOMING_H

#include "plan/plan.h"

/* What happens; an opening may be a slot as well. */
enum {
	UPCOMING_CLOSES = 1, /* the schedule's window */
	UPCOMING_DUE = 2,    /* now, or when the window opens: whatever made
			       it so came before */
	UPCOMING_SLOT = 4,
	UPCOMING_OPENS = 8,   /* the schedule's window */
	UPCOMING_TRY = 16,    /* a failed or unfinished job goes on */
	UPCOMING_SHUT = 32,   /* the slot finds the window closed */
	UPCOMING_RESUMES = 64 /* the end of a pause */
};

enum { UPCOMING_JOBS_NAMED = 3 };

struct upcoming {
	struct wall at;
	unsigned what;			 /* bits of the above */
	const struct schedule *schedule; /* borrowed from the jobs */
	/* DUE, OPENS: when the window closes; SHUT: when it opens; WALL_NONE
	 * if never, or if there is none */
	struct wall until;
	/* The jobs concerned; of a window all that may use it. */
	size_t n_jobs;
	size_t jobs[UPCOMING_JOBS_NAMED]; /* the first, in list order */
	char reason[PLAN_REASON_MAX]; /* DUE, TRY, RESUMES: of the first job */
};

struct upcoming_list {
	struct upcoming *items; /* own; by time; at one instant: closes, due,
				   slot and opens, end of a pause, try, each by
				   schedule name */
	size_t n;
};

/*
 * The first `max` (at least 1) entries from `now` on.  Jobs that are blocked
 * have none.  A job that is tried at T, or paused until T, is not counted for slots
 * before T.  0, or -1 (no memory).  Release in both cases.
 */
int upcoming_build(const struct plan_job *jobs, size_t n, size_t max,
    struct wall now, const struct calendar *cal, const struct plan_dice *dice,
    struct upcoming_list *list, struct err *e);
void upcoming_release(struct upcoming_list *list);

#endif
