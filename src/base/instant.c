/* instant.c - points in time and their text. */
#include "base/instant.h"

#include <inttypes.h>
#include <stdio.h>

#define DAY_S INT64_C(86400)

enum { DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400 };

/*
 * The year is counted from March, so that the leap day is its last; the day
 * arithmetic is Howard Hinnant's "chrono-compatible low-level date
 * algorithms".
 */
int64_t instant_days_from_civil(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - (YEARS_PER_ERA - 1)) / YEARS_PER_ERA;
	int64_t year_of_era = y - era * YEARS_PER_ERA;
	int64_t from_march = month > 2 ? month - 3 : month + 9;
	int64_t day_of_year = (153 * from_march + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 -
	    year_of_era / 100 + day_of_year;

	return era * DAYS_PER_ERA + day_of_era - 719468;
}

void instant_civil_from_days(int64_t days, struct civil *out)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
	int64_t doe = z - era * DAYS_PER_ERA;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t wday = (days % 7 + 7 + 4) % 7; /* day 0 was a Thursday */

	out->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	out->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	out->year = yoe + era * YEARS_PER_ERA + (out->month <= 2 ? 1 : 0);
	out->hour = 0;
	out->minute = 0;
	out->second = 0;
	out->wday = (int)wday;
}

static bool is_leap(int64_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int instant_days_in_month(int64_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	if (month < 1 || month > 12)
		return 0;
	return days[month - 1] + (month == 2 && is_leap(year) ? 1 : 0);
}

int64_t instant_from_civil(const struct civil *c)
{
	int64_t days = instant_days_from_civil(c->year, c->month, c->day);

	return days * DAY_S + c->hour * INT64_C(3600) +
	    c->minute * INT64_C(60) + c->second;
}

void instant_to_civil(int64_t s, struct civil *out)
{
	int64_t days = s / DAY_S, rest = s % DAY_S;

	if (rest < 0) {
		rest += DAY_S;
		days--;
	}
	instant_civil_from_days(days, out);
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest % 3600 / 60);
	out->second = (int)(rest % 60);
}

const char *instant_format(struct wall t, char buf[INSTANT_TEXT_MAX])
{
	struct civil c;

	if (t.s == WALL_NONE) {
		(void)snprintf(buf, INSTANT_TEXT_MAX, "never");
		return buf;
	}
	instant_to_civil(t.s, &c);
	(void)snprintf(buf, INSTANT_TEXT_MAX,
	    "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day,
	    c.hour, c.minute, c.second);
	return buf;
}

/* Exactly n digits at *text, which then points behind them; -1 if not. */
static int take_digits(const char **text, int n)
{
	int v = 0;

	for (; n > 0; n--) {
		if (**text < '0' || **text > '9')
			return -1;
		v = v * 10 + (*(*text)++ - '0');
	}
	return v;
}

static bool take(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static int parse_civil(const char **p, struct civil *c)
{
	c->year = take_digits(p, 4);
	if (c->year < 1970 || !take(p, '-'))
		return -1;
	c->month = take_digits(p, 2);
	if (c->month < 1 || c->month > 12 || !take(p, '-'))
		return -1;
	c->day = take_digits(p, 2);
	if (c->day < 1 || c->day > instant_days_in_month(c->year, c->month))
		return -1;
	if (!take(p, 'T') && !take(p, 't') && !take(p, ' '))
		return -1;
	c->hour = take_digits(p, 2);
	if (c->hour < 0 || c->hour > 23 || !take(p, ':'))
		return -1;
	c->minute = take_digits(p, 2);
	if (c->minute < 0 || c->minute > 59)
		return -1;
	c->second = 0;
	if (!take(p, ':'))
		return 0;
	c->second = take_digits(p, 2);
	if (c->second < 0 || c->second > 60) /* 60: a leap second */
		return -1;
	if (take(p, '.')) { /* a fraction is dropped */
		if (take_digits(p, 1) == -1)
			return -1;
		while (**p >= '0' && **p <= '9')
			(*p)++;
	}
	return 0;
}

/* Seconds east of UTC; *found is false if there is no offset at all. */
static int parse_offset(const char **p, int64_t *offset_s, bool *found)
{
	int sign, hours, minutes;

	*offset_s = 0;
	*found = true;
	if (take(p, 'Z') || take(p, 'z'))
		return 0;
	if (take(p, '+')) {
		sign = 1;
	} else if (take(p, '-')) {
		sign = -1;
	} else {
		*found = false;
		return 0;
	}
	hours = take_digits(p, 2);
	if (hours < 0 || hours > 23)
		return -1;
	(void)take(p, ':'); /* date(1) leaves it out */
	minutes = take_digits(p, 2);
	if (minutes < 0 || minutes > 59)
		return -1;
	*offset_s = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return 0;
}

int instant_parse(const char *text, struct wall *t, bool *has_offset)
{
	const char *p = text;
	struct civil c = { 0 };
	int64_t offset_s, s;
	bool found;

	if (parse_civil(&p, &c) == -1 ||
	    parse_offset(&p, &offset_s, &found) == -1 || *p != '\0')
		return -1;
	s = instant_from_civil(&c) - offset_s;
	if (s < 0) /* east of Greenwich on the first day */
		return -1;
	t->s = s;
	*has_offset = found;
	return 0;
}
