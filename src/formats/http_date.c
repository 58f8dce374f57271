/* http_date.c - dates of HTTP headers, all three forms of RFC 9110. */
#include "formats/http_date.h"

#include <stdbool.h>
#include <string.h>

/*
 * A two-digit year from here on is of the 20th century.  The RFC counts from
 * the current year, but nothing on the Hub is older than this.
 */
enum { CENTURY_TURN = 70, NAME_LEN = 3 };

static const char *const day_names[] = { "Sunday", "Monday", "Tuesday",
	"Wednesday", "Thursday", "Friday", "Saturday", NULL };
static const char *const month_names[] = { "Jan", "Feb", "Mar", "Apr", "May",
	"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", NULL };

static bool take(const char **p, const char *what)
{
	size_t n = strlen(what);

	if (strncmp(*p, what, n) != 0)
		return false;
	*p += n;
	return true;
}

/* Exactly n digits, the first of which may be a blank; -1 if not. */
static int take_number(const char **p, int n, bool padded)
{
	int value = 0, i;

	for (i = 0; i < n; i++, (*p)++) {
		if (padded && i == 0 && **p == ' ')
			continue;
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

/* The first three letters of one of the names: its index, -1 if none. */
static int take_name(const char **p, const char *const *names)
{
	int i;

	for (i = 0; names[i] != NULL; i++) {
		if (strncmp(*p, names[i], NAME_LEN) == 0) {
			*p += NAME_LEN;
			return i;
		}
	}
	return -1;
}

static int take_time(const char **p, struct civil *c)
{
	c->hour = take_number(p, 2, false);
	if (c->hour == -1 || !take(p, ":"))
		return -1;
	c->minute = take_number(p, 2, false);
	if (c->minute == -1 || !take(p, ":"))
		return -1;
	c->second = take_number(p, 2, false);
	return c->second == -1 ? -1 : 0;
}

/* "06 Nov 1994 08:49:37 GMT", or with dashes and two digits of the year. */
static int take_date(const char **p, struct civil *c, bool old)
{
	const char *gap = old ? "-" : " ";

	c->day = take_number(p, 2, false);
	if (c->day == -1 || !take(p, gap))
		return -1;
	c->month = take_name(p, month_names) + 1;
	if (c->month == 0 || !take(p, gap))
		return -1;
	c->year = take_number(p, old ? 2 : 4, false);
	if (c->year == -1 || !take(p, " "))
		return -1;
	if (old)
		c->year += c->year >= CENTURY_TURN ? 1900 : 2000;
	if (take_time(p, c) == -1 || !take(p, " GMT"))
		return -1;
	return 0;
}

/* "Nov  6 08:49:37 1994" */
static int take_asctime(const char **p, struct civil *c)
{
	c->month = take_name(p, month_names) + 1;
	if (c->month == 0 || !take(p, " "))
		return -1;
	c->day = take_number(p, 2, true);
	if (c->day == -1 || !take(p, " ") || take_time(p, c) == -1 ||
	    !take(p, " "))
		return -1;
	c->year = take_number(p, 4, false);
	return c->year == -1 ? -1 : 0;
}

static bool is_date(const struct civil *c)
{
	return c->day >= 1 &&
	    c->day <= instant_days_in_month(c->year, c->month) &&
	    c->hour <= 23 && c->minute <= 59 &&
	    c->second <= 60; /* 60: a leap second */
}

int http_date_parse(const char *text, struct wall *t)
{
	const char *p = text;
	struct civil c = { 0 };
	int wday = take_name(&p, day_names), rc;

	/* The weekday is not compared with the date: servers get it wrong. */
	if (wday == -1)
		return -1;
	if (take(&p, ", "))
		rc = take_date(&p, &c, false);
	else if (take(&p, " "))
		rc = take_asctime(&p, &c);
	else if (take(&p, day_names[wday] + NAME_LEN) && take(&p, ", "))
		rc = take_date(&p, &c, true);
	else
		rc = -1;
	if (rc == -1 || *p != '\0' || !is_date(&c))
		return -1;
	t->s = instant_from_civil(&c);
	return 0;
}
