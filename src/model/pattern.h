/*
 * pattern.h - the official client's include and exclude patterns (hub.md
 * section 11: Python fnmatchcase over the whole path).  Pure; time at most
 * pattern length x path length.
 *
 * "\" is "/" on both sides; case counts; "*" crosses "/"; "?" one character;
 * [seq] and [!seq] with ranges, "]" first is literal, "^" is not negation, "["
 * without "]" is literal, an empty range matches nothing; no escape character;
 * a pattern ending in "/" gets "*" appended; an empty pattern matches nothing.
 * Characters are code points.
 */
#ifndef HFCRON_MODEL_PATTERN_H
#define HFCRON_MODEL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_MAX = 1024 };

/* NULL if usable, else why not (empty, too long, not UTF-8, control byte). */
const char *pattern_problem(const char *pattern);
bool pattern_match(const char *pattern, const char *path);

struct pattern_list {
	char **items; /* own */
	size_t n;
};

/* No include pattern: all; else at least one must match; then no exclude
 * pattern may match. */
bool pattern_keeps(const struct pattern_list *include,
    const struct pattern_list *exclude, const char *path);

void pattern_list_release(struct pattern_list *list);
/* Deep copy; 0 or -1 (no memory, *to empty). */
int pattern_list_copy(struct pattern_list *to, const struct pattern_list *from);
int pattern_list_add(struct pattern_list *list, const char *pattern);

#endif
