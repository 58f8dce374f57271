/*
 * pattern.c - the official client's include and exclude patterns.
 *
 * The odd corners of Python's fnmatch.translate() are kept on purpose: a list
 * that selects other files than the official client would is worse.
 */
#include "model/pattern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

enum { PATTERNS_MAX = 100000, NO_CLOSE = UINT16_MAX };

/* A pattern as code points, "/" for "\" and with the "*" after a last "/". */
struct compiled {
	uint32_t cp[PATTERN_MAX + 1];
	/* Index of the first "]" at or after each place, or NO_CLOSE. */
	uint16_t close[PATTERN_MAX + 2];
	size_t n;
};

const char *pattern_problem(const char *pattern)
{
	size_t n = strlen(pattern), i;

	if (n == 0)
		return "an empty pattern matches nothing";
	if (n > PATTERN_MAX)
		return "a pattern has at most 1024 bytes";
	for (i = 0; i < n; i++)
		if ((unsigned char)pattern[i] < 0x20 || pattern[i] == 0x7f)
			return "a pattern has no control characters";
	if (!text_is_utf8(pattern, n))
		return "a pattern is UTF-8 text";
	return NULL;
}

static int compile(struct compiled *c, const char *pattern)
{
	size_t n = strlen(pattern), pos = 0, i;
	uint16_t close = NO_CLOSE;

	if (n == 0 || n > PATTERN_MAX)
		return -1;
	c->n = 0;
	while (pos < n) {
		uint32_t cp = text_next(pattern, n, &pos);

		c->cp[c->n++] = cp == '\\' ? '/' : cp;
	}
	if (c->cp[c->n - 1] == '/')
		c->cp[c->n++] = '*';
	c->close[c->n] = NO_CLOSE;
	for (i = c->n; i-- > 0;) {
		if (c->cp[i] == ']')
			close = (uint16_t)i;
		c->close[i] = close;
	}
	return 0;
}

/* The place of the "]" that closes the "[" at `open`, or NO_CLOSE. */
static size_t class_end(const struct compiled *c, size_t open)
{
	size_t i = open + 1;

	if (i < c->n && c->cp[i] == '!')
		i++;
	if (i < c->n && c->cp[i] == ']')
		i++;
	return c->close[i];
}

/*
 * Does the class cp[i .. end) hold `x`?  An empty range such as z-a drops out.
 * fnmatch looks for the "!" of negation after that: [z-a!b] is [!b], and what
 * was a range from "!" then is a literal "-" and its end.
 */
static bool class_has(const uint32_t *cp, size_t i, size_t end, uint32_t x)
{
	bool negated = cp[i] == '!', empty = true, found = false;

	if (negated)
		i++;
	while (i < end) {
		bool range = i + 2 < end && cp[i + 1] == '-';
		uint32_t first = cp[i], last = cp[range ? i + 2 : i];

		i += range ? 3 : 1;
		if (first > last)
			continue;
		if (empty && !negated && first == '!') {
			negated = true;
			if (range && (x == '-' || x == last))
				found = true;
			continue;
		}
		empty = false;
		if (x >= first && x <= last)
			found = true;
	}
	return found != negated;
}

/* Does the element at *p match `x`?  If so *p moves behind it. */
static bool element_has(const struct compiled *c, size_t *p, uint32_t x)
{
	size_t end;

	if (c->cp[*p] == '?') {
		(*p)++;
		return true;
	}
	if (c->cp[*p] == '[') {
		end = class_end(c, *p);
		if (end != NO_CLOSE) {
			if (!class_has(c->cp, *p + 1, end, x))
				return false;
			*p = end + 1;
			return true;
		}
	}
	if (c->cp[*p] != x)
		return false;
	(*p)++;
	return true;
}

/*
 * Only the last "*" is ever tried again: an earlier one that took more could
 * not make more of the rest match.
 */
static bool match(const struct compiled *c, const char *path)
{
	size_t n = strlen(path), pos = 0, p = 0;
	size_t star_p = SIZE_MAX, star_pos = 0;

	while (pos < n) {
		size_t next = pos;
		uint32_t x = text_next(path, n, &next);

		if (x == '\\')
			x = '/';
		if (p < c->n && c->cp[p] == '*') {
			star_p = ++p;
			star_pos = pos;
		} else if (p < c->n && element_has(c, &p, x)) {
			pos = next;
		} else if (star_p != SIZE_MAX) {
			(void)text_next(path, n, &star_pos);
			pos = star_pos;
			p = star_p;
		} else {
			return false;
		}
	}
	while (p < c->n && c->cp[p] == '*')
		p++;
	return p == c->n;
}

bool pattern_match(const char *pattern, const char *path)
{
	struct compiled c;

	return compile(&c, pattern) == 0 && match(&c, path);
}

static bool any_match(const struct pattern_list *list, const char *path)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (pattern_match(list->items[i], path))
			return true;
	return false;
}

bool pattern_keeps(const struct pattern_list *include,
    const struct pattern_list *exclude, const char *path)
{
	if (include->n > 0 && !any_match(include, path))
		return false;
	return !any_match(exclude, path);
}

void pattern_list_release(struct pattern_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->items[i]);
	free((void *)list->items);
	list->items = NULL;
	list->n = 0;
}

int pattern_list_copy(struct pattern_list *to, const struct pattern_list *from)
{
	size_t i;

	to->items = NULL;
	to->n = 0;
	if (from->n == 0)
		return 0;
	to->items = calloc(from->n, sizeof(*to->items));
	if (to->items == NULL)
		return -1;
	for (i = 0; i < from->n; i++) {
		to->items[i] = text_dup(from->items[i]);
		if (to->items[i] == NULL) {
			pattern_list_release(to);
			return -1;
		}
		to->n++;
	}
	return 0;
}

int pattern_list_add(struct pattern_list *list, const char *pattern)
{
	/* Lists are short and carry no capacity: one more place each time. */
	size_t cap = list->n;
	char *copy = text_dup(pattern);

	if (copy == NULL)
		return -1;
	if (list->n >= PATTERNS_MAX ||
	    vec_grow((void **)&list->items, &cap, list->n + 1,
		sizeof(*list->items), PATTERNS_MAX) == -1) {
		free(copy);
		return -1;
	}
	list->items[list->n++] = copy;
	return 0;
}
