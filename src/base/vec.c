/* vec.c - growing an array of any type. */
#include "base/vec.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 8 };

int vec_grow(void **items, size_t *cap, size_t need, size_t size, size_t max)
{
	size_t grown = *cap == 0 ? FIRST_CAP : *cap;
	void *old, *fresh;

	if (need <= *cap)
		return 0;
	if (need > max || size == 0 || need > SIZE_MAX / size)
		return -1;
	while (grown < need)
		grown = grown > SIZE_MAX / 2 ? need : grown * 2;
	if (grown > max || grown > SIZE_MAX / size)
		grown = need;
	/*
	 * *items is a pointer of another type behind a cast; memcpy reads and
	 * writes it without breaking the aliasing rules.
	 */
	memcpy(&old, (const void *)items, sizeof(old));
	fresh = realloc(old, grown * size);
	if (fresh == NULL)
		return -1;
	memset((char *)fresh + *cap * size, 0, (grown - *cap) * size);
	memcpy((void *)items, &fresh, sizeof(fresh));
	*cap = grown;
	return 0;
}
