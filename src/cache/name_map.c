/* name_map.c - text to text; open addressing, at most half full. */
#include "cache/name_map.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/entropy.h"

enum { FIRST_CAP = 64 };

struct name_map_entry {
	char *key;   /* own; NULL: free */
	char *value; /* own; NULL: forgotten */
};

void name_map_init(struct name_map *m)
{
	memset(m, 0, sizeof(*m));
	/* Without entropy it is only slower under attack. */
	(void)entropy_fill(&m->seed, sizeof(m->seed));
}

void name_map_release(struct name_map *m)
{
	for (size_t i = 0; i < m->cap; i++) {
		free(m->entries[i].key);
		free(m->entries[i].value);
	}
	free(m->entries);
	memset(m, 0, sizeof(*m));
}

/* The key's entry, or the free one where it would be. */
static struct name_map_entry *find(const struct name_map *m, const char *key)
{
	uint64_t hash = m->seed ^ 0xcbf29ce484222325U;
	const unsigned char *p;
	size_t i;

	for (p = (const unsigned char *)key; *p != '\0'; p++)
		hash = (hash ^ *p) * 0x100000001b3U;
	hash ^= hash >> 29;
	i = (size_t)hash & (m->cap - 1);
	while (m->entries[i].key != NULL && strcmp(m->entries[i].key, key) != 0)
		i = (i + 1) & (m->cap - 1);
	return &m->entries[i];
}

const char *name_map_get(const struct name_map *m, const char *key)
{
	return m->cap == 0 ? NULL : find(m, key)->value;
}

static int grow(struct name_map *m)
{
	struct name_map bigger = *m;

	bigger.cap = m->cap == 0 ? FIRST_CAP : m->cap * 2;
	bigger.entries = calloc(bigger.cap, sizeof(*bigger.entries));
	if (bigger.entries == NULL)
		return -1;
	for (size_t i = 0; i < m->cap; i++)
		if (m->entries[i].key != NULL)
			*find(&bigger, m->entries[i].key) = m->entries[i];
	free(m->entries);
	*m = bigger;
	return 0;
}

int name_map_put(struct name_map *m, const char *key, const char *value)
{
	struct name_map_entry *entry;
	char *copy;

	if (value == NULL && m->cap == 0)
		return 0;
	if (m->n + 1 > m->cap / 2 && grow(m) == -1)
		return -1;
	entry = find(m, key);
	if (value == NULL) {
		free(entry->value);
		entry->value = NULL;
		return 0;
	}
	copy = text_dup(value);
	if (copy == NULL)
		return -1;
	if (entry->key == NULL) {
		entry->key = text_dup(key);
		if (entry->key == NULL) {
			free(copy);
			return -1;
		}
		m->n++;
	}
	free(entry->value);
	entry->value = copy;
	return 0;
}
