/*
 * job_fetch.h - moves the bytes of several works through one engine: the
 * caller's side of transfer/engine.h.
 */
#ifndef HFCRON_COMMANDS_JOB_FETCH_H
#define HFCRON_COMMANDS_JOB_FETCH_H

#include "commands/job_work.h"

struct job_fetch {
	struct session *session;
	struct job_work *works; /* foreign; in the order to be done */
	size_t n;
	struct mono deadline; /* of the run; ms 0: none */
	uint64_t max_bytes;   /* of the run; 0: none */
	uint64_t received;    /* so far, over all works */
	/* A work ended (fetched and published, failed or stopped): remember
	 * it.  Called at once, while others go on. */
	void (*ended)(void *cookie, struct job_work *w);
	void *cookie;
};

/*
 * Fetch and publish all READY works, session->config.transfer.parallel_jobs
 * at a time.  Stops early when the session's tick says so: works that were
 * not finished then have `stopped` set and keep what is durable; `why` is
 * their stop_kind.  Returns 0, or -1 with *e if the engine could not start.
 */
int job_fetch(struct job_fetch *fetch, enum outcome_kind (*why)(void *cookie),
    void *why_cookie, struct err *e);

#endif
