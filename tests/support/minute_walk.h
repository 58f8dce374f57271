/*
 * minute_walk.h - slots and windows by a walk through every minute.
 *
 * The walk knows one thing only: a local minute occurs at the first instant at
 * which the zone's clock shows it or a later one.  That is the design's rule
 * for gaps and overlaps, and says nothing about how plan/slots.c finds them.
 * All schedules are read in the one zone whose clock is given; EVERY schedules
 * have no local time and nothing is found for their slots.
 */
#ifndef HFCRON_TESTS_MINUTE_WALK_H
#define HFCRON_TESTS_MINUTE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/schedule.h"

/* What the walk found for one schedule; all zero at first. */
struct walk_found {
	int64_t *slots; /* own; ascending */
	size_t n_slots, cap_slots;
	/* Own: instants at which closed turns to open (even indices) or open to
	 * closed.  Closed at first: openings before the start are not seen. */
	int64_t *edges;
	size_t n_edges, cap_edges;
	bool was_open;
};

/* Seconds to add to UTC; asked in ascending order. */
typedef int32_t walk_offset_s(void *cookie, int64_t utc_s);

/* Walks [start, end), which are whole minutes; asserts on trouble. */
void minute_walk(const struct schedule *schedules, size_t n,
    walk_offset_s *offset_s, void *cookie, int64_t start, int64_t end,
    struct walk_found *found);
void walk_found_release(struct walk_found *found);

#endif
