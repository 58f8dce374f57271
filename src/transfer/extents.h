/* extents.h - sets of byte ranges, ascending and disjoint.  Pure. */
#ifndef HFCRON_TRANSFER_EXTENTS_H
#define HFCRON_TRANSFER_EXTENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/extent.h"

struct extents {
	struct extent *items; /* own */
	size_t n, cap;
};

void extents_init(struct extents *x);
void extents_release(struct extents *x);
/* Add (merging); 0 or -1 (no memory). */
int extents_add(struct extents *x, uint64_t from, uint64_t to);
int extents_copy(struct extents *to, const struct extents *from);
uint64_t extents_bytes(const struct extents *x);
/* End of the range that begins at 0; 0 if there is none. */
uint64_t extents_front(const struct extents *x);
/* First gap at or after `at` below `size`; false if there is none. */
bool extents_gap(const struct extents *x, uint64_t at, uint64_t size,
    struct extent *gap);
bool extents_cover(const struct extents *x, uint64_t from, uint64_t to);

#endif
