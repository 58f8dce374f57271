#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "transfer/extents.h"

/* Pieces merge as they grow, so a file never has more than a few per
 * connection; this only bounds a broken caller. */
enum { EXTENTS_MAX = 65536 };

void extents_init(struct extents *x)
{
	memset(x, 0, sizeof(*x));
}

void extents_release(struct extents *x)
{
	free(x->items);
	extents_init(x);
}

/* Index of the first range that ends at or after `at`. */
static size_t find(const struct extents *x, uint64_t at)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (x->items[middle].to < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int extents_add(struct extents *x, uint64_t from, uint64_t to)
{
	size_t first, last;

	if (from >= to)
		return 0;
	first = find(x, from);
	for (last = first; last < x->n && x->items[last].from <= to; last++) {
		if (x->items[last].from < from)
			from = x->items[last].from;
		if (x->items[last].to > to)
			to = x->items[last].to;
	}
	if (first == last) {
		if (vec_grow((void **)&x->items, &x->cap, x->n + 1,
			sizeof(*x->items), EXTENTS_MAX) == -1)
			return -1;
		memmove(x->items + first + 1, x->items + first,
		    (x->n - first) * sizeof(*x->items));
		x->n++;
		last = first + 1;
	}
	x->items[first].from = from;
	x->items[first].to = to;
	memmove(x->items + first + 1, x->items + last,
	    (x->n - last) * sizeof(*x->items));
	x->n -= last - first - 1;
	return 0;
}

int extents_copy(struct extents *to, const struct extents *from)
{
	extents_init(to);
	if (vec_grow((void **)&to->items, &to->cap, from->n, sizeof(*to->items),
		EXTENTS_MAX) == -1)
		return -1;
	if (from->n > 0)
		memcpy(to->items, from->items, from->n * sizeof(*to->items));
	to->n = from->n;
	return 0;
}

uint64_t extents_bytes(const struct extents *x)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < x->n; i++)
		sum += x->items[i].to - x->items[i].from;
	return sum;
}

uint64_t extents_front(const struct extents *x)
{
	return x->n > 0 && x->items[0].from == 0 ? x->items[0].to : 0;
}

bool extents_gap(const struct extents *x, uint64_t at, uint64_t size,
    struct extent *gap)
{
	size_t i = find(x, at);

	if (i < x->n && x->items[i].from <= at) {
		at = x->items[i].to;
		i++;
	}
	if (at >= size)
		return false;
	gap->from = at;
	gap->to = i < x->n && x->items[i].from < size ? x->items[i].from : size;
	return true;
}

bool extents_cover(const struct extents *x, uint64_t from, uint64_t to)
{
	size_t i;

	if (from >= to)
		return true;
	i = find(x, from + 1);
	return i < x->n && x->items[i].from <= from && x->items[i].to >= to;
}
