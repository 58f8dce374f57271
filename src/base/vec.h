/*
 * vec.h - growing an array of any type.
 *
 *   struct job *jobs = NULL; size_t n = 0, cap = 0;
 *   if (vec_grow((void **)&jobs, &cap, n + 1, sizeof(*jobs), MAX) == -1) ...
 */
#ifndef HFCRON_BASE_VEC_H
#define HFCRON_BASE_VEC_H

#include <stddef.h>

/*
 * Make room for `need` elements of `size` bytes (doubling; never beyond
 * `max`).  New memory is zeroed.  0, or -1 if memory is short or need > max;
 * the array is then unchanged.
 */
int vec_grow(void **items, size_t *cap, size_t need, size_t size, size_t max);

#endif
