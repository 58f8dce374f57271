/* outcome.c - what an attempt means for the job's state. */
#include "plan/outcome.h"

#include <stdio.h>

#include "plan/backoff.h"
#include "plan/slots.h"

/* A stamp further ahead of the clock than this was made by a wrong clock. */
#define FUTURE_S INT64_C(86400)

static struct wall earlier(struct wall a, struct wall b)
{
	if (a.s == WALL_NONE || (b.s != WALL_NONE && b.s < a.s))
		return b;
	return a;
}

/* The next slot or opening, whichever is first; WALL_NONE if neither. */
static struct wall next_chance(const struct job_state *state,
    const struct schedule *s, struct wall now, const struct calendar *cal)
{
	return earlier(slots_next(s, cal, state->anchor, now),
	    window_next_opening(s, cal, now));
}

static void consider(struct job_state *state, const struct schedule *s,
    struct wall slot, struct wall planned)
{
	if (state->considered.s < planned.s ||
	    state->considered.s > planned.s + FUTURE_S)
		state->considered = planned;
	if (s->kind != SCHEDULE_EVERY)
		return;
	if (slot.s != WALL_NONE)
		state->anchor = slot;
	else if (state->anchor.s == WALL_NONE)
		state->anchor = planned;
}

static void succeed(struct job_state *state, const struct outcome *outcome,
    struct wall now)
{
	state->phase = PHASE_CURRENT;
	state->failures = 0;
	state->failed_since.s = WALL_NONE;
	(void)job_state_set_error(state, NULL); /* cannot fail without text */
	state->unreachable_since.s = WALL_NONE;
	state->confirmed_at = now;
	if (outcome->kind == OUTCOME_UPDATED)
		state->changed_at = now;
	if (outcome->commit != NULL)
		(void)snprintf(state->commit, sizeof(state->commit), "%s",
		    outcome->commit);
	state->target[0] = '\0';
}

static void try_at(struct job_state *state, enum job_phase phase,
    struct wall when)
{
	state->phase = phase;
	state->next_try = when;
}

static void try_after(struct job_state *state, enum job_phase phase,
    int64_t wait_s, struct wall now)
{
	state->phase = phase;
	state->next_try.s = now.s + wait_s;
	state->retry_wait_s = wait_s;
}

static int64_t longer(int64_t wait_s, int64_t server_s)
{
	if (server_s > BACKOFF_SERVER_MAX_S)
		server_s = BACKOFF_SERVER_MAX_S;
	return wait_s < server_s ? server_s : wait_s;
}

/* A failure that counts: after policy->runs of them the job has failed. */
static void count_failure(struct job_state *state, const struct schedule *s,
    int64_t server_s, const struct outcome_policy *policy, struct wall now,
    const struct calendar *cal)
{
	struct wall chance;

	if (state->failures < UINT32_MAX)
		state->failures++;
	if (state->failed_since.s == WALL_NONE)
		state->failed_since = now;
	if (state->failures < policy->runs) {
		int64_t wait_s = backoff_run_wait_s(policy->waits_s,
		    policy->n_waits, state->failures);

		try_after(state, PHASE_RETRYING, longer(wait_s, server_s), now);
		return;
	}
	/*
	 * retry_wait_s stays 0, and next_try is then exact, unless it comes
	 * from reset_after: that one an earlier slot may undercut.
	 */
	chance = next_chance(state, s, now, cal);
	if (chance.s != WALL_NONE && chance.s < now.s + policy->reset_after_s)
		try_at(state, PHASE_FAILED, chance);
	else
		try_after(state, PHASE_FAILED, policy->reset_after_s, now);
	if (server_s > 0 && state->next_try.s < now.s + longer(0, server_s)) {
		state->next_try.s = now.s + longer(0, server_s);
		state->retry_wait_s = 0;
	}
}

static int fail(struct job_state *state, const struct job *job,
    const struct err *error, const struct outcome_policy *policy,
    struct wall now, const struct calendar *cal)
{
	enum err_kind kind = error == NULL ? ERR_BUG : error->kind;
	int64_t server_s = error == NULL ? -1 : error->retry_after_s;
	int64_t first_s = longer(backoff_run_wait_s(policy->waits_s,
				     policy->n_waits, 1),
	    server_s);

	if (kind != ERR_UNREACHABLE && kind != ERR_DISK)
		state->unreachable_since.s = WALL_NONE;
	/* That is nobody's failure; the whole list waits for the same instant. */
	if (kind == ERR_TRANSIENT && error->rate_limited) {
		try_at(state, PHASE_RETRYING,
		    (struct wall){ now.s +
			(server_s > 0 ? longer(0, server_s) : first_s) });
		return job_state_set_error(state, error);
	}
	switch (kind) {
	case ERR_AUTH:
	case ERR_PERMANENT:
		state->phase = PHASE_PARKED;
		break;
	case ERR_UNREACHABLE:
		try_after(state, PHASE_RETRYING, first_s, now);
		if (state->unreachable_since.s == WALL_NONE)
			state->unreachable_since = now;
		break;
	case ERR_DISK:
		try_after(state, PHASE_WAITING, first_s, now);
		break;
	default:
		count_failure(state, job->schedule, server_s, policy, now, cal);
		break;
	}
	return job_state_set_error(state, error);
}

/*
 * Stopped by no fault of its own; what was not begun only waits.  Without a
 * chance to come, for as long as a failed job does: never for the next tick,
 * which would undo the stop.
 */
static void put_off(struct job_state *state, struct wall chance,
    struct wall now, const struct outcome_policy *policy)
{
	if (chance.s == WALL_NONE)
		chance.s = now.s + policy->reset_after_s;
	try_at(state, state->target[0] != '\0' ? PHASE_PARTIAL : PHASE_WAITING,
	    chance);
}

int outcome_apply(struct job_state *state, const struct job *job,
    const struct outcome *outcome, const struct outcome_policy *policy,
    struct wall now, const struct calendar *cal)
{
	const struct schedule *s = job->schedule;

	consider(state, s, outcome->slot, outcome->planned);
	state->due_now = false;
	state->retries = outcome->retries;
	state->last_run = now;
	state->next_try.s = WALL_NONE;
	state->retry_wait_s = 0;
	switch (outcome->kind) {
	case OUTCOME_UNCHANGED:
	case OUTCOME_UPDATED:
		succeed(state, outcome, now);
		break;
	case OUTCOME_WINDOW_END:
		put_off(state, window_next_opening(s, cal, now), now, policy);
		break;
	case OUTCOME_BUDGET_END:
		put_off(state, next_chance(state, s, now, cal), now, policy);
		break;
	case OUTCOME_INTERRUPTED:
	case OUTCOME_PAUSED:
		put_off(state, now, now, policy);
		break;
	case OUTCOME_BUSY:
		try_after(state, PHASE_PARTIAL,
		    backoff_run_wait_s(policy->waits_s, policy->n_waits, 1),
		    now);
		break;
	case OUTCOME_FAILED:
		return fail(state, job, outcome->error, policy, now, cal);
	}
	return 0;
}
