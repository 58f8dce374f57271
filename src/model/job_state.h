/*
 * job_state.h - what is remembered of a job between runs.  Plain data; the
 * store keeps it, the planner reads it.
 */
#ifndef HFCRON_MODEL_JOB_STATE_H
#define HFCRON_MODEL_JOB_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "model/job.h"

enum job_phase {
	PHASE_NEW,	/* never looked at */
	PHASE_CURRENT,	/* all there at `commit`, confirmed_at */
	PHASE_WAITING,	/* no space; or its window closed before work */
	PHASE_FETCHING, /* a run is (or was, if it died) at it */
	PHASE_PARTIAL,	/* some bytes are there; goes on at next_try */
	PHASE_RETRYING, /* failed, next try known */
	PHASE_FAILED,	/* failed `failed_jobs.runs` times */
	PHASE_PARKED,	/* needs a person */
	PHASE_DISABLED
};

enum { JOB_COMMIT_MAX = 41 };

struct job_state {
	uint8_t key[JOB_KEY_BYTES];	       /* hash of the id */
	uint8_t spec_hash[JOB_HASH_BYTES];     /* of job_text() */
	uint8_t schedule_hash[JOB_HASH_BYTES]; /* of schedule_text() */
	uint8_t access_hash[JOB_HASH_BYTES];   /* token and endpoint when it
						   was last tried */
	char *id;			       /* own */
	enum job_phase phase;
	bool due_now;		     /* new `every`/window job, changed job,
					   unparked: due without a slot */
	struct wall created;	     /* when it was first seen */
	struct wall considered;	     /* slots up to here are dealt with */
	struct wall anchor;	     /* last slot of an `every` schedule */
	struct wall next_try;	     /* WALL_NONE if none */
	int64_t retry_wait_s;	     /* the wait that led to next_try; the
					   planner spreads by a tenth of it */
	struct wall due;	     /* when it is due next, as last planned;
					   WALL_NONE if blocked.  The store's
					   due index follows it */
	uint32_t failures;	     /* counted failed runs in a row */
	uint32_t retries;	     /* requests retried in the last run */
	struct wall failed_since;    /* first of those failures */
	char commit[JOB_COMMIT_MAX]; /* published; "" if none */
	char target[JOB_COMMIT_MAX]; /* being fetched; "" if none */
	struct wall confirmed_at, changed_at, unreachable_since;
	struct wall last_run;
	uint64_t bytes_total, bytes_done; /* of target or commit */
	uint64_t files_total, files_done;
	enum err_kind error_kind; /* of the last failure */
	char *error_text;	  /* own or NULL */
	struct wall removed_at;	  /* no longer listed since */
};

void job_state_init(struct job_state *s); /* all times WALL_NONE */
void job_state_release(struct job_state *s);
/* Deep copy; 0 or -1 (no memory). */
int job_state_copy(struct job_state *to, const struct job_state *from);
/* Replace the remembered failure (NULL e: forget it); 0 or -1. */
int job_state_set_error(struct job_state *s, const struct err *e);

const char *job_phase_name(enum job_phase p);

#endif
