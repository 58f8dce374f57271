/*
 * bandwidth.h - the noun: how many bytes a second may arrive, by the time of
 * the day and the week.  Plain data; plan/rate.h computes with it.
 */
#ifndef HFCRON_MODEL_BANDWIDTH_H
#define HFCRON_MODEL_BANDWIDTH_H

#include <stddef.h>
#include <stdint.h>

#include "model/schedule.h"

struct bandwidth_rule {
	struct window *windows; /* own; none: it always matches */
	size_t n_windows;
	uint64_t limit; /* bytes a second; 0: none */
};

/* The first rule that matches holds; where none does, there is no limit. */
struct bandwidth {
	struct bandwidth_rule *rules; /* own */
	size_t n;
};

void bandwidth_release(struct bandwidth *b);

#endif
