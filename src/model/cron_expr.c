/* cron_expr.c - five-field cron expressions with Vixie's rules. */
#include "model/cron_expr.h"

#include <string.h>

#include "base/instant.h"
#include "base/text.h"

enum { FIELDS = 5, NAME_LEN = 3, NUMBER_MAX = 9999, FEBRUARY_MAX = 29 };

enum field { MINUTE, HOUR, MDAY, MONTH, WDAY };

static const char *const month_names[] = { "jan", "feb", "mar", "apr", "may",
	"jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char *const day_names[] = { "sun", "mon", "tue", "wed", "thu",
	"fri", "sat", NULL };

static const struct {
	int low, high;
	const char *const *names;
	const char *range_problem;
} fields[FIELDS] = {
	[MINUTE] = { 0, 59, NULL, "a minute is 0 to 59" },
	[HOUR] = { 0, 23, NULL, "an hour is 0 to 23" },
	[MDAY] = { 1, 31, NULL, "a day of the month is 1 to 31" },
	[MONTH] = { 1, 12, month_names, "a month is 1 to 12 or jan to dec" },
	[WDAY] = { 0, 7, day_names,
	    "a day of the week is 0 to 7 or sun to sat" },
};

/* Where the parser stands, and what it found wrong. */
struct cursor {
	const char *text;
	size_t at;
	const char *problem;
	size_t problem_at;
};

static int fail(struct cursor *c, size_t at, const char *problem)
{
	c->problem = problem;
	c->problem_at = at;
	return -1;
}

static bool is_blank(char ch)
{
	return ch == ' ' || ch == '\t';
}

static bool is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

static bool is_letter(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z');
}

static int parse_digits(struct cursor *c)
{
	int value = 0;

	for (; is_digit(c->text[c->at]); c->at++)
		if (value <= NUMBER_MAX)
			value = value * 10 + (c->text[c->at] - '0');
	return value;
}

static int parse_name(struct cursor *c, enum field f, int *value)
{
	const char *const *names = fields[f].names;
	size_t start = c->at, n = 0;
	char word[NAME_LEN + 1];
	int i;

	while (is_letter(c->text[start + n]))
		n++;
	if (names == NULL)
		return fail(c, start, "a number is expected here");
	if (n == NAME_LEN) {
		memcpy(word, c->text + start, NAME_LEN);
		word[NAME_LEN] = '\0';
		for (i = 0; names[i] != NULL; i++) {
			if (text_equal_nocase(word, names[i])) {
				c->at += NAME_LEN;
				*value = i + fields[f].low;
				return 0;
			}
		}
	}
	return fail(c, start,
	    f == MONTH ? "a month's name is jan to dec"
		       : "a day's name is sun to sat");
}

static int parse_value(struct cursor *c, enum field f, int *value, bool *named)
{
	size_t start = c->at;

	*named = is_letter(c->text[c->at]);
	if (*named)
		return parse_name(c, f, value);
	if (!is_digit(c->text[c->at]))
		return fail(c, start,
		    c->text[start] == '\0' || is_blank(c->text[start])
			? "a value is missing here"
			: "this character is not expected here");
	*value = parse_digits(c);
	if (*value < fields[f].low || *value > fields[f].high)
		return fail(c, start, fields[f].range_problem);
	return 0;
}

/* "*", "a" or "a-b" into *first and *last; *single if it was one value. */
static int parse_range(struct cursor *c, enum field f, int *first, int *last,
    bool *single)
{
	size_t start = c->at;
	bool named;

	*single = false;
	if (c->text[c->at] == '*') {
		c->at++;
		*first = fields[f].low;
		*last = fields[f].high;
		return 0;
	}
	if (parse_value(c, f, first, &named) == -1)
		return -1;
	*last = *first;
	*single = c->text[c->at] != '-';
	if (*single)
		return 0;
	c->at++;
	if (parse_value(c, f, last, &named) == -1)
		return -1;
	/* fri-sun ends with the week's Sunday, not the one before. */
	if (f == WDAY && named && *last == 0 && *first > 0)
		*last = 7;
	if (*first > *last)
		return fail(c, start, "this range runs backwards");
	return 0;
}

static int parse_item(struct cursor *c, enum field f, uint64_t *bits)
{
	int first, last, step = 1, i;
	size_t step_at;
	bool single;

	if (parse_range(c, f, &first, &last, &single) == -1)
		return -1;
	if (c->text[c->at] == '/') {
		if (single)
			return fail(c, c->at,
			    "a step needs a range or \"*\" before it");
		c->at++;
		if (!is_digit(c->text[c->at]))
			return fail(c, c->at, "a step is a number");
		step_at = c->at;
		step = parse_digits(c);
		if (step == 0)
			return fail(c, step_at, "a step is at least 1");
	}
	for (i = first; i <= last; i += step)
		*bits |= UINT64_C(1) << i;
	return 0;
}

static int parse_field(struct cursor *c, enum field f, uint64_t *bits,
    bool *star)
{
	*bits = 0;
	while (is_blank(c->text[c->at]))
		c->at++;
	if (c->text[c->at] == '\0')
		return fail(c, c->at,
		    "five fields are expected: minute hour "
		    "day-of-month month day-of-week");
	*star = c->text[c->at] == '*';
	for (;;) {
		if (parse_item(c, f, bits) == -1)
			return -1;
		if (c->text[c->at] != ',')
			break;
		c->at++;
	}
	if (c->text[c->at] != '\0' && !is_blank(c->text[c->at]))
		return fail(c, c->at, "this character is not expected here");
	return 0;
}

/* February has 29 days here: a leap year comes, on every day of the week. */
static bool can_fire(const struct cron_expr *e)
{
	int month, day;

	if (!e->mday_star && !e->wday_star)
		return true;
	for (month = 1; month <= 12; month++) {
		int days = month == 2 ? FEBRUARY_MAX
				      : instant_days_in_month(1970, month);

		for (day = 1; day <= days; day++)
			if ((e->months >> month & 1) != 0 &&
			    (e->mdays >> day & 1) != 0)
				return true;
	}
	return false;
}

static int parse_fields(struct cursor *c, struct cron_expr *e)
{
	uint64_t bits[FIELDS];
	bool star[FIELDS];
	size_t mday_at = 0;
	int f;

	for (f = 0; f < FIELDS; f++) {
		if (parse_field(c, (enum field)f, &bits[f], &star[f]) == -1)
			return -1;
		if (f == HOUR) {
			mday_at = c->at;
			while (is_blank(c->text[mday_at]))
				mday_at++;
		}
	}
	while (is_blank(c->text[c->at]))
		c->at++;
	if (c->text[c->at] != '\0')
		return fail(c, c->at, "there are more than five fields");
	e->minutes = bits[MINUTE];
	e->hours = (uint32_t)bits[HOUR];
	e->mdays = (uint32_t)bits[MDAY];
	e->months = (uint16_t)bits[MONTH];
	e->wdays = (uint8_t)((bits[WDAY] & 0x7f) | (bits[WDAY] >> 7 & 1));
	e->mday_star = star[MDAY];
	e->wday_star = star[WDAY];
	if (!can_fire(e))
		return fail(c, mday_at,
		    "this never fires: no such month has such a day");
	return 0;
}

/* The five fields that an @word stands for, NULL if it is none. */
static const char *expand(const char *word)
{
	static const struct {
		const char *word, *text;
	} words[] = {
		{ "@hourly", "0 * * * *" },
		{ "@daily", "0 0 * * *" },
		{ "@midnight", "0 0 * * *" },
		{ "@weekly", "0 0 * * 0" },
		{ "@monthly", "0 0 1 * *" },
		{ "@yearly", "0 0 1 1 *" },
		{ "@annually", "0 0 1 1 *" },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (text_equal_nocase(word, words[i].word))
			return words[i].text;
	return NULL;
}

int cron_expr_parse(const char *text, struct cron_expr *expr,
    const char **problem, size_t *at)
{
	struct cursor c = { text, 0, NULL, 0 };
	struct cron_expr parsed;

	if (text[0] == '@') {
		c.text = expand(text);
		*at = 0;
		if (text_equal_nocase(text, "@reboot")) {
			*problem = "@reboot is not a time: hfcron does not "
				   "run from one start to the next";
			return -1;
		}
		if (c.text == NULL) {
			*problem = "the known words are @hourly @daily "
				   "@midnight @weekly @monthly @yearly "
				   "@annually";
			return -1;
		}
	}
	if (parse_fields(&c, &parsed) == -1) {
		*problem = c.problem;
		*at = c.problem_at;
		return -1;
	}
	*expr = parsed;
	return 0;
}

bool cron_expr_day_matches(const struct cron_expr *expr, int64_t year,
    int month, int day)
{
	struct civil c;
	bool by_mday, by_wday;

	instant_civil_from_days(instant_days_from_civil(year, month, day), &c);
	by_mday = (expr->mdays >> day & 1) != 0;
	by_wday = (expr->wdays >> c.wday & 1) != 0;
	if ((expr->months >> month & 1) == 0)
		return false;
	if (expr->mday_star || expr->wday_star)
		return by_mday && by_wday;
	return by_mday || by_wday;
}
