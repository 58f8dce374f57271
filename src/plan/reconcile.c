/* reconcile.c - what a changed list, token or endpoint means for a job. */
#include "plan/reconcile.h"

#include <string.h>

#include "base/text.h"

bool reconcile_new_is_due(const struct schedule *s)
{
	return s->kind == SCHEDULE_EVERY || s->n_windows > 0;
}

static void forget_failures(struct job_state *state)
{
	state->failures = 0;
	state->failed_since.s = WALL_NONE;
	state->next_try.s = WALL_NONE;
	state->retry_wait_s = 0;
}

/* Count slots from now on, as for a job that was not listed before. */
static void restart_schedule(struct job_state *state, struct wall now)
{
	state->considered = now;
	state->anchor.s = WALL_NONE;
}

static bool has_begun(const struct job_state *state)
{
	return state->target[0] != '\0';
}

static bool begin(struct job_state *state, const struct job *job,
    const struct reconcile_hashes *hashes, struct wall now)
{
	state->id = text_dup(job->id);
	if (state->id == NULL)
		return false;
	memcpy(state->key, hashes->key, sizeof(state->key));
	memcpy(state->spec_hash, hashes->spec, sizeof(state->spec_hash));
	memcpy(state->schedule_hash, hashes->schedule,
	    sizeof(state->schedule_hash));
	memcpy(state->access_hash, hashes->access, sizeof(state->access_hash));
	state->phase = job->enabled ? PHASE_NEW : PHASE_DISABLED;
	state->created = now;
	restart_schedule(state, now);
	state->due_now = job->enabled && reconcile_new_is_due(job->schedule);
	return true;
}

/* Listed or enabled again: as new, but with what is on disk. */
static void come_back(struct job_state *state, const struct job *job,
    struct wall now)
{
	forget_failures(state);
	restart_schedule(state, now);
	state->due_now = has_begun(state) ||
	    reconcile_new_is_due(job->schedule);
	if (has_begun(state))
		state->phase = PHASE_PARTIAL;
	else if (state->commit[0] != '\0')
		state->phase = PHASE_CURRENT;
	else
		state->phase = PHASE_NEW;
}

static bool update_listing(struct job_state *state, const struct job *job,
    struct wall now)
{
	bool was_removed = state->removed_at.s != WALL_NONE;

	state->removed_at.s = WALL_NONE;
	if (!job->enabled) {
		if (state->phase == PHASE_DISABLED)
			return was_removed;
		state->phase = PHASE_DISABLED;
		state->due_now = false;
		return true;
	}
	if (!was_removed && state->phase != PHASE_DISABLED)
		return false;
	come_back(state, job, now);
	return true;
}

static bool update_spec(struct job_state *state, const struct job *job,
    const uint8_t *hash)
{
	if (memcmp(state->spec_hash, hash, sizeof(state->spec_hash)) == 0)
		return false;
	memcpy(state->spec_hash, hash, sizeof(state->spec_hash));
	forget_failures(state);
	(void)job_state_set_error(state, NULL); /* cannot fail without text */
	state->unreachable_since.s = WALL_NONE;
	state->target[0] = '\0';
	if (job->enabled) {
		state->phase = PHASE_NEW;
		state->due_now = true;
	}
	return true;
}

static bool update_access(struct job_state *state, const uint8_t *hash)
{
	bool refused = state->phase == PHASE_PARKED ||
	    ((state->phase == PHASE_RETRYING || state->phase == PHASE_FAILED) &&
		state->error_kind == ERR_AUTH);

	if (memcmp(state->access_hash, hash, sizeof(state->access_hash)) == 0)
		return false;
	memcpy(state->access_hash, hash, sizeof(state->access_hash));
	if (refused) {
		/* The last failure stays readable until the next attempt. */
		forget_failures(state);
		state->phase = PHASE_RETRYING;
		state->due_now = true;
	}
	return true;
}

static bool update_schedule(struct job_state *state, const struct job *job,
    struct wall now, const uint8_t *hash)
{
	if (memcmp(state->schedule_hash, hash, sizeof(state->schedule_hash)) ==
	    0)
		return false;
	memcpy(state->schedule_hash, hash, sizeof(state->schedule_hash));
	restart_schedule(state, now);
	if (state->phase == PHASE_NEW && reconcile_new_is_due(job->schedule))
		state->due_now = true;
	return true;
}

void reconcile_retry(struct job_state *state, const struct job *job)
{
	if (!job->enabled)
		return;
	forget_failures(state);
	state->due_now = true;
	/* The last failure stays readable until the next attempt. */
	if (state->phase == PHASE_PARKED || state->phase == PHASE_FAILED)
		state->phase = PHASE_RETRYING;
}

bool reconcile_job(struct job_state *state, const struct job *job,
    const struct reconcile_hashes *hashes, struct wall now, bool *failed)
{
	bool changed;

	*failed = false;
	if (state->id == NULL) {
		*failed = !begin(state, job, hashes, now);
		return !*failed;
	}
	changed = update_listing(state, job, now);
	changed = update_schedule(state, job, now, hashes->schedule) || changed;
	changed = update_access(state, hashes->access) || changed;
	changed = update_spec(state, job, hashes->spec) || changed;
	return changed;
}
