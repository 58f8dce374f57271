/*
 * adapt.h - how many requests at a time for the pieces of large files: one
 * more is only worth having if more arrives.  Pure.
 *
 * It begins modestly and tries twice as many as long as clearly more arrives;
 * what brings no more is taken back, and tried again after a rest that grows
 * each time.  More rarely a quarter fewer are tried: what the same comes with
 * is better.  A rate is the mean of samples, and a trial lasts until their
 * scatter leaves no doubt: on a line that loses packets a connection's rate
 * falls and grows again all the time, and is at its highest before its first
 * loss.  In doubt more requests are kept after a second; of fewer the mean
 * decides after five.
 *
 * Where the receiver holds the senders up (a digest, a disk or the memory is
 * slower than the line) more are never tried, and fewer are kept in doubt.
 */
#ifndef HFCRON_TRANSFER_ADAPT_H
#define HFCRON_TRANSFER_ADAPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/instant.h"

/* Rates of one level, in bytes a millisecond; old ones count less and less. */
struct adapt_meter {
	double n, sum, squares;
	double held; /* of the n: while the receiver held the senders up */
};

/* One direction: when it may be tried again, and the rest after that. */
struct adapt_turn {
	struct mono at;
	int64_t rest_ms;
};

struct adapt {
	unsigned level, max; /* requests at a time: now, at most */
	unsigned from;	     /* the level before the trial; 0: none under way */
	struct adapt_meter meter, before; /* of `level` and of `from` */
	struct adapt_turn more, fewer;
	double worth;  /* the rate that `level` was chosen for; 0: unknown */
	bool settling; /* the level is new: nothing is measured yet */
	struct mono since; /* of the sample, or of the settling */
	struct mono last;  /* call */
	int64_t held_ms;   /* of the sample */
	uint64_t bytes_at; /* received when it began */
	bool measuring;
};

/* What goes on between two calls of adapt_note. */
struct adapt_load {
	/* There is more to ask for, and no fewer requests than the level are
	 * under way, but for memory. */
	bool busy;
	bool held; /* some wait for memory, which the digest or the disk has */
	unsigned under_way; /* requests, may be more than the level */
};

/* `level` is where an earlier run ended, 0 if there was none. */
void adapt_init(struct adapt *a, unsigned level, unsigned max);
/* `bytes` were received in all by now. */
void adapt_note(struct adapt *a, uint64_t bytes, const struct adapt_load *load,
    struct mono now);
/* A server is overloaded, or a line stalls: half as many for a while. */
void adapt_trouble(struct adapt *a, struct mono now);

#endif
