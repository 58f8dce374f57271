/*
 * backoff.h - how long to wait before trying again.  Pure.
 */
#ifndef HFCRON_PLAN_BACKOFF_H
#define HFCRON_PLAN_BACKOFF_H

#include <stdint.h>

/* Inside a run: first_ms, doubling, at most 16 x first_ms. */
struct backoff_policy {
	int64_t first_ms; /* > 0 */
	unsigned limit;	  /* retries of one request */
};

enum { BACKOFF_SERVER_MAX_S = 3600 }; /* Retry-After is clamped to 1 s..1 h */

/*
 * Milliseconds to wait after failure number `failures` (>= 1) in a row, or -1
 * to give up (failures > limit).  `server_s` is what the server asked for, -1
 * if nothing: the wait is never shorter.  `dice` in [0,1) adds up to a
 * quarter.  Borrows policy.
 */
int64_t backoff_wait_ms(const struct backoff_policy *policy, unsigned failures,
    int64_t server_s, double dice);

/* Across runs: waits_s[failures - 1], the last one repeating. */
int64_t backoff_run_wait_s(const int64_t *waits_s, unsigned long n_waits,
    unsigned failures);

#endif
