/*
 * forecast.h - when transfers will be finished: a simulation of the runs to
 * come.  Pure.
 *
 * The rate is shared evenly by the jobs under way, which are the first ones in
 * order whose window is open.  What is not simulated: the time that checks,
 * hashing and publishing take, failures, and what is not known yet.
 */
#ifndef HFCRON_PLAN_FORECAST_H
#define HFCRON_PLAN_FORECAST_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "model/bandwidth.h"
#include "model/calendar.h"
#include "model/schedule.h"

enum { FORECAST_HORIZON_DAYS = 2 * 366 };

/* --- the rate ------------------------------------------------------------ */

/* What one attempt of the past received. */
struct forecast_sample {
	struct wall started, ended;
	uint64_t bytes;
};

enum {
	FORECAST_SAMPLE_DAYS = 30,	    /* older ones say little */
	FORECAST_SAMPLE_BYTES = 1024 * 1024 /* smaller ones measure latency */
};

/*
 * Bytes per second while anything was received: attempts of one run overlap, and
 * an hour that two share is one hour.  0 if nothing was measured.  *used is
 * how many samples counted.  The samples may be reordered.
 */
uint64_t forecast_rate(struct forecast_sample *samples, size_t n,
    struct wall now, size_t *used);

/* --- the finish ---------------------------------------------------------- */

struct forecast_job {
	const struct schedule *schedule; /* borrowed; its windows count */
	struct wall anchor;		 /* of an `every` schedule */
	struct wall from;		 /* not before this */
	uint64_t bytes;
	/* results */
	struct wall finish; /* WALL_NONE: not within the horizon */
	unsigned windows;   /* in how many windows it moves bytes; 0 if
			       its schedule has none */
};

struct forecast_config {
	uint64_t bytes_per_s; /* > 0 */
	unsigned parallel_jobs;
	int64_t max_duration_s; /* of one run; 0: none */
	bool ignore_window;
	const struct bandwidth *bandwidth; /* borrowed; NULL: no limit */
};

/*
 * Fill the results of every job; jobs are in the order of a run.  A run that
 * ends by max_duration leaves its jobs to their next slot or opening.  0, or
 * -1 (no memory).
 */
int forecast_finish(const struct forecast_config *config,
    struct forecast_job *jobs, size_t n, struct wall now,
    const struct calendar *cal, struct err *e);

#endif
