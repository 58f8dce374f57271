/*
 * reader.h - from positioned nodes to typed values.
 *
 * Every reader takes a node, writes its value and returns true; or it adds a
 * problem at the node, leaves the value alone and returns false.  A table
 * says which keys there are: a map is read by calling the function of each
 * key that stands in it.
 *
 * The table names keys by their whole path; "*" is a name that the user
 * chooses: "transfer.connections", "schedules.*.at".
 */
#ifndef HFCRON_CONFIG_READER_H
#define HFCRON_CONFIG_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/problems.h"
#include "formats/tree.h"

struct reader;

struct reader_key {
	const char *path;
	void (*read)(const struct reader *r, const struct tree_node *value,
	    void *into);
};

struct reader {
	const char *file;	       /* foreign; names the problems */
	const char *dir;	       /* foreign; relative paths start here */
	struct problems *problems;     /* foreign */
	const struct reader_key *keys; /* foreign; the table */
	size_t n_keys;
};

/* A problem with the value at `node`. */
void reader_problem(const struct reader *r, const struct tree_node *node,
    const char *fmt, ...) __attribute__((format(PRINTF_STYLE, 3, 4)));

/* "KEY: expected WHAT, found ..." */
void reader_expected(const struct reader *r, const struct tree_node *node,
    const char *what);

/*
 * Read every entry of a map; `prefix` is the map's path with a "." at its
 * end, "" for the whole document.  Null counts as an empty map (all keys of a
 * section may be commented out).
 */
void reader_map(const struct reader *r, const struct tree_node *map,
    const char *prefix, void *into);

/* A string, or a list of 1 to `max` items: the items and their number in *n.
 * The items' types are not looked at.  NULL if it is neither. */
const struct tree_node *reader_items(const struct reader *r,
    const struct tree_node *node, const char *what, size_t max, size_t *n);

bool reader_bool(const struct reader *r, const struct tree_node *node,
    bool *value);
bool reader_unsigned(const struct reader *r, const struct tree_node *node,
    unsigned min, unsigned max, unsigned *value);

/* A borrowed string; `what` is said if it is something else. */
bool reader_string(const struct reader *r, const struct tree_node *node,
    const char *what, const char **value);

/* The index of the string among `words` (NULL at the end). */
bool reader_word(const struct reader *r, const struct tree_node *node,
    const char *const *words, int *index);

/* true if the node is the string "none". */
bool reader_is_none(const struct tree_node *node);

/* "15s"; the limits are part of the message. */
bool reader_duration(const struct reader *r, const struct tree_node *node,
    int64_t min_ms, int64_t max_ms, int64_t *ms);

/* "20GB", or a number of bytes. */
bool reader_size(const struct reader *r, const struct tree_node *node,
    uint64_t *bytes);

/* A path, made absolute; *path is owned, what it held is freed. */
bool reader_path(const struct reader *r, const struct tree_node *node,
    char **path);

/* A copy in *to, what it held is freed.  No memory is noted in the problems. */
bool reader_keep(const struct reader *r, const char *text, char **to);

#endif
