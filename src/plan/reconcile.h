/*
 * reconcile.h - what a changed list, token or endpoint means for a job's
 * state.  Pure; hashes are made by the caller.
 */
#ifndef HFCRON_PLAN_RECONCILE_H
#define HFCRON_PLAN_RECONCILE_H

#include <stdbool.h>

#include "model/job.h"
#include "model/job_state.h"

struct reconcile_hashes {
	uint8_t key[JOB_KEY_BYTES];	  /* of the id */
	uint8_t spec[JOB_HASH_BYTES];	  /* of job_text */
	uint8_t schedule[JOB_HASH_BYTES]; /* of schedule_text */
	uint8_t access[JOB_HASH_BYTES];	  /* of token and endpoint */
};

/*
 * Bring *state in line with the job as listed now.  Returns whether anything
 * changed and must be stored.
 * - unknown (state->id NULL): new; created = considered = now; due_now if the
 *   schedule is EVERY or has a window.  -1 is not possible here; if memory
 *   is short *failed is set.
 * - spec changed: due now, unparked, failures forgotten, commit kept.
 * - access changed: parked and auth-failed jobs are unparked and due now.
 * - schedule changed: slots recomputed from now (considered = now, anchor none);
 *   a next_try stays.
 * - disabled/enabled again, removed before and back again.
 */
bool reconcile_job(struct job_state *state, const struct job *job,
    const struct reconcile_hashes *hashes, struct wall now, bool *failed);

/* A person wants it tried again: failures forgotten, unparked, due now.  Of a
 * disabled job nothing changes. */
void reconcile_retry(struct job_state *state, const struct job *job);

/* A new job is due at once if its schedule is EVERY or has a window. */
bool reconcile_new_is_due(const struct schedule *s);

enum { RECONCILE_KEEP_REMOVED_S = 30 * 86400 };

#endif
