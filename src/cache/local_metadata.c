/* local_metadata.c - the official client's book about one file. */
#include "cache/local_metadata.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"

/* What Python's float still holds to the second; the year 31,000. */
#define TIME_S_MAX UINT64_C(999999999999)

enum { MICRO_DIGITS = 6 };

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* One line without the white space around it; advances *pos. */
static const char *take_line(const char *text, size_t n, size_t *pos,
    size_t *length)
{
	size_t start = *pos, end = *pos;

	while (end < n && text[end] != '\n')
		end++;
	*pos = end < n ? end + 1 : n;
	while (start < end && is_space(text[start]))
		start++;
	while (end > start && is_space(text[end - 1]))
		end--;
	*length = end - start;
	return text + start;
}

static bool take_hash(const char *line, size_t n, size_t digits, char *out)
{
	if (n != digits)
		return false;
	memcpy(out, line, n);
	out[n] = '\0';
	return hex_is_lower(out, digits);
}

static int take_time(const char *line, size_t n, struct local_metadata *out)
{
	const char *point = memchr(line, '.', n);
	size_t whole = point == NULL ? n : (size_t)(point - line);
	uint64_t seconds;
	int32_t us = 0;

	if (num_parse_u64(line, whole, TIME_S_MAX, &seconds) == -1)
		return -1;
	for (size_t i = 0; i < MICRO_DIGITS; i++) {
		size_t at = whole + 1 + i;

		us *= 10;
		if (at >= n)
			continue;
		if (line[at] < '0' || line[at] > '9')
			return -1;
		us += line[at] - '0';
	}
	for (size_t i = whole + 1 + MICRO_DIGITS; i < n; i++)
		if (line[i] < '0' || line[i] > '9')
			return -1;
	out->time_s = (int64_t)seconds;
	out->time_us = us;
	return 0;
}

int local_metadata_parse(const char *text, size_t n, struct local_metadata *out)
{
	size_t pos = 0, length;
	const char *line;

	line = take_line(text, n, &pos, &length);
	if (!take_hash(line, length, 40, out->commit))
		return -1;
	line = take_line(text, n, &pos, &length);
	if (!take_hash(line, length, 40, out->etag) &&
	    !take_hash(line, length, 64, out->etag))
		return -1;
	line = take_line(text, n, &pos, &length);
	return take_time(line, length, out);
}

size_t local_metadata_format(const struct local_metadata *m,
    char out[LOCAL_METADATA_TEXT_MAX])
{
	int n = snprintf(out, LOCAL_METADATA_TEXT_MAX,
	    "%s\n%s\n%" PRId64 ".%06" PRId32 "\n", m->commit, m->etag,
	    m->time_s, m->time_us);

	return n < 0 ? 0 : (size_t)n;
}

bool local_metadata_covers(const struct local_metadata *m,
    const struct fs_stat *file)
{
	int64_t file_s = file->mtime_s - 1;

	if (file_s != m->time_s)
		return file_s < m->time_s;
	return file->mtime_ns <= m->time_us * 1000;
}
