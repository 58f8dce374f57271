/*
 * adapt.h - how many requests at a time for the pieces of large files: one
 * more is only worth having if more arrives.  Pure.
 *
 * It begins modestly and doubles while half a second with twice the requests
 * brought clearly more than the one before; what brought no more is taken
 * back, and tried again after a rest that grows each time.  In between fewer
 * are tried as well: what the same comes with is better.
 */
#ifndef HFCRON_TRANSFER_ADAPT_H
#define HFCRON_TRANSFER_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

struct adapt {
	unsigned level, max; /* requests at a time: now, at most */
	unsigned from;	     /* the level before the trial; 0: none under way */
	double rate_before;  /* bytes a millisecond at `from` */
	bool measuring;
	bool settling;	   /* a trial has just begun */
	struct mono since; /* of the interval */
	uint64_t bytes_at; /* received when it began */
	struct mono rest_until;
	int64_t rest_ms;
	bool try_fewer; /* next time */
};

/* `level` is where an earlier run ended, 0 if there was none. */
void adapt_init(struct adapt *a, unsigned level, unsigned max);
/* `bytes` were received in all by now.  `busy`: requests were under way,
 * and there was more to ask for, since the last call. */
void adapt_note(struct adapt *a, uint64_t bytes, bool busy, struct mono now);
/* A server is overloaded, or a line stalls: half as many for a while. */
void adapt_trouble(struct adapt *a, struct mono now);

#endif
