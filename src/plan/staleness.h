/*
 * staleness.h - since when a job is out of date without anybody knowing.
 * Pure.
 *
 * "Could not check" is not "up to date": a job whose last confirmation is older
 * than its limit is stale, whatever kept the Hub from being asked.
 */
#ifndef HFCRON_PLAN_STALENESS_H
#define HFCRON_PLAN_STALENESS_H

#include <stdbool.h>

#include "base/instant.h"
#include "model/job.h"
#include "model/job_state.h"

/* The job's own limit in seconds, else its schedule's; 0: none. */
int64_t staleness_limit_s(const struct job *job);

/*
 * The instant from which it is stale: its last confirmation, or, if there was
 * none, when it was first listed, plus the limit.  WALL_NONE: never (no limit,
 * disabled, not known yet).
 */
struct wall staleness_at(const struct job *job, const struct job_state *state);

bool staleness_is_over(const struct job *job, const struct job_state *state,
    struct wall now);

#endif
