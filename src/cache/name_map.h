/*
 * name_map.h - text to text, both copied.  The hash is seeded, since the keys
 * come from the network.
 */
#ifndef HFCRON_CACHE_NAME_MAP_H
#define HFCRON_CACHE_NAME_MAP_H

#include <stddef.h>
#include <stdint.h>

struct name_map {
	struct name_map_entry *entries; /* own */
	size_t n, cap;			/* cap: a power of two, or 0 */
	uint64_t seed;
};

void name_map_init(struct name_map *m);
void name_map_release(struct name_map *m);

/* The value, borrowed until the next put; NULL: none. */
const char *name_map_get(const struct name_map *m, const char *key);

/* value NULL: forget the key.  0, or -1 if memory is short. */
int name_map_put(struct name_map *m, const char *key, const char *value);

#endif
