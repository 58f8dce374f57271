/* staleness.c - since when a job is out of date without anybody knowing. */
#include "plan/staleness.h"

int64_t staleness_limit_s(const struct job *job)
{
	if (job->max_staleness_s >= 0)
		return job->max_staleness_s;
	return job->schedule == NULL ? 0 : job->schedule->max_staleness_s;
}

struct wall staleness_at(const struct job *job, const struct job_state *state)
{
	struct wall from = state->confirmed_at;
	int64_t limit = staleness_limit_s(job);

	if (from.s == WALL_NONE)
		from = state->created;
	if (limit <= 0 || !job->enabled || from.s == WALL_NONE ||
	    from.s > INT64_MAX - limit)
		from.s = WALL_NONE;
	else
		from.s += limit;
	return from;
}

bool staleness_is_over(const struct job *job, const struct job_state *state,
    struct wall now)
{
	struct wall at = staleness_at(job, state);

	return at.s != WALL_NONE && now.s >= at.s;
}
