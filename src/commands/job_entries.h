/*
 * job_entries.h - the listed jobs side by side with what the store remembers.
 */
#ifndef HFCRON_COMMANDS_JOB_ENTRIES_H
#define HFCRON_COMMANDS_JOB_ENTRIES_H

#include "commands/session.h"
#include "plan/plan.h"
#include "plan/reconcile.h"
#include "plan/upcoming.h"

struct job_entry {
	const struct job *job;	  /* foreign: the list's */
	struct job_state state;	  /* own */
	bool changed;		  /* to be stored */
	bool named;		  /* on the command line */
	bool retry;		  /* a person asked for it; done now */
	bool paused;		  /* held, itself or with all others */
	struct wall paused_until; /* WALL_NONE: until it is released */
};

struct job_entries {
	struct job_entry *items; /* own; in list order */
	size_t n;
	struct plan_job *plan_jobs; /* own; for plan_build */
	struct job_state *unlisted; /* own; of the store, in no list */
	size_t n_unlisted;
	uint64_t serial;   /* of the requests that were obeyed */
	bool retries_wait; /* some came since: the next run's */
};

/*
 * Join list and store, and reconcile every job (plan/reconcile).  Words of the
 * command line mark jobs as named; an unknown one is ERR_USAGE.
 */
int job_entries_load(struct job_entries *entries, struct session *s,
    struct err *e);
void job_entries_release(struct job_entries *entries);

/*
 * Look again who is paused: people may ask for it while a run is at work.
 * Cheap; 0 or -1.
 */
int job_entries_look_paused(struct job_entries *entries, struct session *s,
    struct err *e);

/* Plan the due instant of every job as of `now`. */
int job_entries_set_due(struct job_entries *entries, struct session *s,
    struct wall now, struct err *e);

/* The same, and write what differs or is marked `changed`, in groups. */
int job_entries_save_changed(struct job_entries *entries, struct session *s,
    struct wall now, struct err *e);

/*
 * Write what reconciling changed, mark jobs that are no longer listed as
 * removed, and forget those that were removed RECONCILE_KEEP_REMOVED_S ago.
 */
int job_entries_save(struct job_entries *entries, struct session *s,
    struct err *e);

/* Store one job, with its due instant planned anew. */
int job_entry_save(struct job_entry *entry, struct session *s, struct err *e);

/* What comes next of the named jobs, or of all if none is named; `upcoming`
 * counts in plan_jobs. */
int job_entries_upcoming(struct job_entries *entries, struct session *s,
    struct wall now, size_t max, struct upcoming_list *upcoming, struct err *e);

int job_entries_plan(struct job_entries *entries, struct session *s,
    struct wall now, struct plan *plan, struct err *e);

#endif
