/* text.c - UTF-8 checks, escaping, suggestions, small string helpers. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPLACEMENT = 0xFFFD, NEAREST_WORD_MAX = 64 };

/*
 * Length of the well-formed sequence at text (n > 0 bytes left), with its
 * code point in *cp; 0 if it is not well-formed.  The bounds of the second
 * byte exclude overlong forms, surrogates and what is above U+10FFFF.
 */
static size_t decode(const char *text, size_t n, uint32_t *cp)
{
	const unsigned char *b = (const unsigned char *)text;
	unsigned char low = 0x80, high = 0xBF;
	size_t len, i;
	uint32_t value;

	if (b[0] < 0x80) {
		*cp = b[0];
		return 1;
	}
	if (b[0] < 0xC2 || b[0] > 0xF4)
		return 0;
	if (b[0] < 0xE0) {
		len = 2;
		value = b[0] & 0x1FU;
	} else if (b[0] < 0xF0) {
		len = 3;
		value = b[0] & 0x0FU;
		if (b[0] == 0xE0)
			low = 0xA0;
		if (b[0] == 0xED)
			high = 0x9F;
	} else {
		len = 4;
		value = b[0] & 0x07U;
		if (b[0] == 0xF0)
			low = 0x90;
		if (b[0] == 0xF4)
			high = 0x8F;
	}
	if (n < len || b[1] < low || b[1] > high)
		return 0;
	for (i = 1; i < len; i++) {
		if ((b[i] & 0xC0) != 0x80)
			return 0;
		value = value << 6 | (b[i] & 0x3FU);
	}
	*cp = value;
	return len;
}

/* Code points that hide, reorder or move text, or drive a terminal. */
static bool is_harmful(uint32_t cp)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x0000, 0x001F },   /* C0 */
		{ 0x007F, 0x009F },   /* DEL, C1 */
		{ 0x00AD, 0x00AD },   /* soft hyphen */
		{ 0x061C, 0x061C },   /* Arabic letter mark */
		{ 0x180E, 0x180E },   /* Mongolian vowel separator */
		{ 0x200B, 0x200F },   /* zero width, directional marks */
		{ 0x2028, 0x202E },   /* separators, bidi embeddings */
		{ 0x2060, 0x206F },   /* word joiner, bidi isolates */
		{ 0xFE00, 0xFE0F },   /* variation selectors */
		{ 0xFEFF, 0xFEFF },   /* byte order mark */
		{ 0xFFF9, 0xFFFB },   /* interlinear annotation */
		{ 0xE0000, 0xE0FFF }, /* tags, more selectors */
	};
	size_t i;

	for (i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (cp >= ranges[i].first && cp <= ranges[i].last)
			return true;
	return false;
}

size_t text_escape(const char *text, size_t n, bool quote, char *out,
    size_t size)
{
	static const char digits[] = "0123456789abcdef";
	size_t pos = 0, len = 0;

	if (size == 0)
		return 0;
	while (pos < n) {
		uint32_t cp = 0;
		size_t step = decode(text + pos, n - pos, &cp);

		if (step == 0 || is_harmful(cp)) {
			size_t i, bytes = step == 0 ? 1 : step;

			if (size - len <= 4 * bytes)
				break;
			for (i = 0; i < bytes; i++) {
				unsigned char b = (unsigned char)text[pos + i];

				out[len++] = '\\';
				out[len++] = 'x';
				out[len++] = digits[b >> 4];
				out[len++] = digits[b & 0x0F];
			}
			pos += bytes;
			continue;
		}
		if (quote && cp == '\\') {
			if (size - len <= 2)
				break;
			out[len++] = '\\';
		}
		if (size - len <= step)
			break;
		memcpy(out + len, text + pos, step);
		len += step;
		pos += step;
	}
	out[len] = '\0';
	return len;
}

bool text_is_utf8(const char *text, size_t n)
{
	size_t pos = 0;

	while (pos < n) {
		uint32_t cp;
		size_t step = decode(text + pos, n - pos, &cp);

		if (step == 0)
			return false;
		pos += step;
	}
	return true;
}

uint32_t text_next(const char *text, size_t n, size_t *pos)
{
	uint32_t cp = REPLACEMENT;
	size_t step = decode(text + *pos, n - *pos, &cp);

	*pos += step == 0 ? 1 : step;
	return step == 0 ? REPLACEMENT : cp;
}

size_t text_put(uint32_t code_point, char out[4])
{
	static const unsigned char first[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	size_t n = code_point < 0x80 ? 1
	    : code_point < 0x800     ? 2
	    : code_point < 0x10000   ? 3
				     : 4;

	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (code_point & 0x3F));
		code_point >>= 6;
	}
	out[0] = (char)(first[n] | code_point);
	return n;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/*
 * Optimal string alignment distance of two words of at most
 * NEAREST_WORD_MAX and 2 * NEAREST_WORD_MAX bytes; three rows are enough.
 */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t rows[3][2 * NEAREST_WORD_MAX + 1];
	size_t i, j;

	for (j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (i = 1; i <= na; i++) {
		size_t *now = rows[i % 3];
		const size_t *one = rows[(i + 2) % 3];
		const size_t *two = rows[(i + 1) % 3];

		now[0] = i;
		for (j = 1; j <= nb; j++) {
			size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

			now[j] = min3(one[j] + 1, now[j - 1] + 1,
			    one[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && two[j - 2] + 1 < now[j])
				now[j] = two[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

const char *text_nearest(const char *word, const char *const *candidates,
    size_t n)
{
	const char *best = NULL;
	size_t len = strlen(word), limit, i;

	if (len > NEAREST_WORD_MAX)
		return NULL;
	limit = len / 3 > 1 ? len / 3 : 1;
	for (i = 0; i < n; i++) {
		size_t other = strlen(candidates[i]);
		size_t gap = other > len ? other - len : len - other;
		size_t d;

		if (gap > limit)
			continue;
		d = distance(word, len, candidates[i], other);
		if (d > limit)
			continue;
		best = candidates[i];
		if (d == 0)
			break;
		limit = d - 1;
	}
	return best;
}

char *text_dup(const char *text)
{
	return text == NULL ? NULL : text_ndup(text, strlen(text));
}

char *text_ndup(const char *text, size_t n)
{
	char *copy;

	if (text == NULL || n == SIZE_MAX)
		return NULL;
	copy = malloc(n + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, text, n);
	copy[n] = '\0';
	return copy;
}

char *text_format(const char *fmt, ...)
{
	va_list args, again;
	char *text = NULL;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	if (n >= 0)
		text = malloc((size_t)n + 1);
	if (text != NULL)
		(void)vsnprintf(text, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(args);
	return text;
}

bool text_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool text_ends(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool text_equal_nocase(const char *a, const char *b)
{
	for (; *a != '\0' && *b != '\0'; a++, b++)
		if (lower(*a) != lower(*b))
			return false;
	return *a == *b;
}
