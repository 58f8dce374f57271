/* num.c - numbers, durations and sizes from and to text. */
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define DURATION_MAX_MS (3653 * DAY_MS) /* ten years, leap days included */
#define SIZE_MAX_BYTES (UINT64_C(1) << 60)

static size_t count_digits(const char *text)
{
	size_t n = 0;

	while (text[n] >= '0' && text[n] <= '9')
		n++;
	return n;
}

int num_parse_u64(const char *text, size_t n, uint64_t max, uint64_t *value)
{
	uint64_t v = 0;
	size_t i;

	if (n == 0)
		return -1;
	for (i = 0; i < n; i++) {
		uint64_t d;

		if (text[i] < '0' || text[i] > '9')
			return -1;
		d = (uint64_t)(text[i] - '0');
		if (d > max || v > (max - d) / 10)
			return -1;
		v = v * 10 + d;
	}
	*value = v;
	return 0;
}

int num_parse_duration_ms(const char *text, int64_t *ms)
{
	/* Largest first; of two that start alike the longer name first. */
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
		{ "w", 7 * DAY_MS },
		{ "d", DAY_MS },
		{ "h", HOUR_MS },
		{ "ms", 1 },
		{ "m", MINUTE_MS },
		{ "s", SECOND_MS },
	};
	const size_t n_units = sizeof(units) / sizeof(units[0]);
	int64_t total = 0, last = INT64_MAX;

	do {
		size_t digits = count_digits(text), u = 0;
		uint64_t v;

		if (num_parse_u64(text, digits, DURATION_MAX_MS, &v) == -1)
			return -1;
		text += digits;
		while (u < n_units &&
		    strncmp(text, units[u].name, strlen(units[u].name)) != 0)
			u++;
		if (u == n_units || units[u].ms >= last)
			return -1;
		if ((int64_t)v > (DURATION_MAX_MS - total) / units[u].ms)
			return -1;
		total += (int64_t)v * units[u].ms;
		last = units[u].ms;
		text += strlen(units[u].name);
	} while (*text != '\0');
	*ms = total;
	return 0;
}

/* Bytes in a unit; 0 if there is no such unit. */
static uint64_t size_unit(const char *name)
{
	static const struct {
		const char *name;
		uint64_t bytes;
	} units[] = {
		{ "", 1 },
		{ "B", 1 },
		{ "kB", UINT64_C(1000) },
		{ "KB", UINT64_C(1000) },
		{ "MB", UINT64_C(1000000) },
		{ "GB", UINT64_C(1000000000) },
		{ "TB", UINT64_C(1000000000000) },
		{ "PB", UINT64_C(1000000000000000) },
		{ "KiB", UINT64_C(1) << 10 },
		{ "MiB", UINT64_C(1) << 20 },
		{ "GiB", UINT64_C(1) << 30 },
		{ "TiB", UINT64_C(1) << 40 },
		{ "PiB", UINT64_C(1) << 50 },
	};
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(name, units[i].name) == 0)
			return units[i].bytes;
	return 0;
}

int num_parse_size(const char *text, uint64_t *bytes)
{
	size_t whole_n = count_digits(text), fraction_n = 0, i;
	const char *fraction = NULL, *name = text + whole_n;
	uint64_t whole, unit, part = 0;

	if (num_parse_u64(text, whole_n, SIZE_MAX_BYTES, &whole) == -1)
		return -1;
	if (*name == '.') {
		fraction = name + 1;
		fraction_n = count_digits(fraction);
		if (fraction_n == 0)
			return -1;
		name = fraction + fraction_n;
	}
	if (name[0] == ' ' && name[1] != '\0')
		name++;
	unit = size_unit(name);
	if (unit == 0 || (fraction != NULL && unit == 1))
		return -1;
	/* From the last digit to the first: exact, and nothing overflows. */
	for (i = fraction_n; i-- > 0;)
		part = (part + (uint64_t)(fraction[i] - '0') * unit) / 10;
	if (whole > (SIZE_MAX_BYTES - part) / unit)
		return -1;
	*bytes = whole * unit + part;
	return 0;
}

int num_parse_rate(const char *text, uint64_t *bytes_per_s)
{
	char size[64];
	size_t n = strlen(text);

	if (n > 0 && n == count_digits(text))
		return num_parse_size(text, bytes_per_s);
	if (n < 3 || n >= sizeof(size) || strcmp(text + n - 2, "/s") != 0)
		return -1;
	memcpy(size, text, n - 2);
	size[n - 2] = '\0';
	return num_parse_size(size, bytes_per_s);
}

const char *num_format_size(uint64_t bytes, char buf[NUM_TEXT_MAX])
{
	static const char *const names[] = { "B", "kB", "MB", "GB", "TB", "PB",
		"EB" };
	uint64_t unit = 1, step, value;
	size_t name = 0;
	int decimals;

	while (bytes / unit >= 1000) {
		unit *= 1000;
		name++;
	}
	decimals = bytes / unit >= 100 ? 0 : bytes / unit >= 10 ? 1 : 2;
	if (unit == 1)
		decimals = 0;
	step = decimals == 0 ? unit : decimals == 1 ? unit / 10 : unit / 100;
	value = bytes / step + (bytes % step * 2 >= step && step > 1 ? 1 : 0);
	if (decimals == 0 && value == 1000) {
		value = 1;
		name++;
	}
	for (; decimals > 0 && value % 10 == 0; decimals--)
		value /= 10;
	/* By hand: printf's decimal point depends on the locale. */
	if (decimals == 2)
		(void)snprintf(buf, NUM_TEXT_MAX,
		    "%" PRIu64 ".%02" PRIu64 " %s", value / 100, value % 100,
		    names[name]);
	else if (decimals == 1)
		(void)snprintf(buf, NUM_TEXT_MAX, "%" PRIu64 ".%" PRIu64 " %s",
		    value / 10, value % 10, names[name]);
	else
		(void)snprintf(buf, NUM_TEXT_MAX, "%" PRIu64 " %s", value,
		    names[name]);
	return buf;
}

/* "2h05m", and "2h" if there is nothing of the smaller unit. */
static void format_parts(char buf[NUM_TEXT_MAX], const char *sign, int64_t ms,
    int64_t unit, char unit_name, int64_t small, char small_name)
{
	int64_t rest = ms % unit / small;

	if (rest == 0)
		(void)snprintf(buf, NUM_TEXT_MAX, "%s%" PRId64 "%c", sign,
		    ms / unit, unit_name);
	else
		(void)snprintf(buf, NUM_TEXT_MAX,
		    "%s%" PRId64 "%c%02" PRId64 "%c", sign, ms / unit,
		    unit_name, rest, small_name);
}

const char *num_format_duration(int64_t ms, char buf[NUM_TEXT_MAX])
{
	const char *sign = ms < 0 ? "-" : "";

	if (ms == INT64_MIN)
		ms++;
	if (ms < 0)
		ms = -ms;
	if (ms < SECOND_MS)
		(void)snprintf(buf, NUM_TEXT_MAX, "%s%" PRId64 "ms", sign, ms);
	else if (ms < MINUTE_MS)
		(void)snprintf(buf, NUM_TEXT_MAX, "%s%" PRId64 "s", sign,
		    ms / SECOND_MS);
	else if (ms < HOUR_MS)
		format_parts(buf, sign, ms, MINUTE_MS, 'm', SECOND_MS, 's');
	else if (ms < DAY_MS)
		format_parts(buf, sign, ms, HOUR_MS, 'h', MINUTE_MS, 'm');
	else
		format_parts(buf, sign, ms, DAY_MS, 'd', HOUR_MS, 'h');
	return buf;
}
