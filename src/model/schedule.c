/* schedule.c - the parts of a schedule from text, and its one-line form. */
#include "model/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"

enum { DAYS = 7, SCHEDULE_TEXT_MAX = 1024 * 1024 };

static const char *const day_names[DAYS] = { "sunday", "monday", "tuesday",
	"wednesday", "thursday", "friday", "saturday" };

void schedule_release(struct schedule *s)
{
	free(s->name);
	free(s->at_min);
	free(s->cron_text);
	free(s->windows);
	free(s->zone);
	memset(s, 0, sizeof(*s));
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Moves the ends of [*text, *text + *n) over blanks. */
static void trim(const char **text, size_t *n)
{
	while (*n > 0 && is_blank((*text)[0])) {
		(*text)++;
		(*n)--;
	}
	while (*n > 0 && is_blank((*text)[*n - 1]))
		(*n)--;
}

/* H:MM or HH:MM in n bytes. */
static int parse_time(const char *text, size_t n, bool allow_24, int *minutes)
{
	size_t digits = n == 5 ? 2 : 1;
	int hour, minute;

	if (n != 4 && n != 5)
		return -1;
	if (!is_digit(text[0]) || !is_digit(text[digits - 1]) ||
	    text[digits] != ':' || !is_digit(text[digits + 1]) ||
	    !is_digit(text[digits + 2]))
		return -1;
	hour = text[0] - '0';
	if (digits == 2)
		hour = hour * 10 + (text[1] - '0');
	minute = (text[digits + 1] - '0') * 10 + (text[digits + 2] - '0');
	if (minute > 59 || hour > 24)
		return -1;
	if (hour == 24 && (minute != 0 || !allow_24))
		return -1;
	*minutes = hour * 60 + minute;
	return 0;
}

int schedule_parse_time(const char *text, bool allow_24, int *minutes)
{
	return parse_time(text, strlen(text), allow_24, minutes);
}

static int parse_day(const char *text, size_t n)
{
	char word[sizeof("wednesday")];
	int i;

	if (n >= sizeof(word))
		return -1;
	memcpy(word, text, n);
	word[n] = '\0';
	for (i = 0; i < DAYS; i++) {
		char brief[] = "xxx";

		memcpy(brief, day_names[i], 3);
		if (text_equal_nocase(word, brief) ||
		    text_equal_nocase(word, day_names[i]))
			return i;
	}
	return -1;
}

int schedule_parse_day(const char *text)
{
	return parse_day(text, strlen(text));
}

/* One day, or two with "-" between them; the range may wrap (sat-mon). */
static int parse_day_range(const char *text, size_t n, uint8_t *days)
{
	const char *dash = memchr(text, '-', n);
	const char *second = dash == NULL ? text : dash + 1;
	size_t first_n = dash == NULL ? n : (size_t)(dash - text);
	size_t second_n = n - (size_t)(second - text);
	int first, last;

	trim(&text, &first_n);
	trim(&second, &second_n);
	first = parse_day(text, first_n);
	last = parse_day(second, second_n);
	if (first == -1 || last == -1)
		return -1;
	for (;; first = (first + 1) % DAYS) {
		*days = (uint8_t)(*days | 1U << first);
		if (first == last)
			return 0;
	}
}

static int parse_days(const char *text, size_t n, uint8_t *days)
{
	uint8_t found = 0;

	for (;;) {
		const char *comma = n == 0 ? NULL : memchr(text, ',', n);
		size_t item_n = comma == NULL ? n : (size_t)(comma - text);

		if (parse_day_range(text, item_n, &found) == -1)
			return -1;
		if (comma == NULL)
			break;
		text = comma + 1;
		n -= item_n + 1;
	}
	*days = found;
	return 0;
}

int schedule_parse_days(const char *text, uint8_t *days)
{
	return parse_days(text, strlen(text), days);
}

int schedule_parse_window(const char *text, struct window *w,
    const char **problem)
{
	const char *from = text + strcspn(text, "0123456789"), *to;
	size_t days_n = (size_t)(from - text), from_n, to_n;
	struct window parsed = { SCHEDULE_ALL_DAYS, 0, 0 };

	*problem = "a window is FROM-TO, such as 22:00-07:00, with days "
		   "before it if it is not for all (sat,sun 00:00-24:00)";
	to = strchr(from, '-');
	if (to == NULL)
		return -1;
	from_n = (size_t)(to - from);
	to++;
	to_n = strlen(to);
	trim(&from, &from_n);
	trim(&to, &to_n);
	if (days_n > 0) {
		const char *days = text;

		if (!is_blank(text[days_n - 1]))
			return -1;
		trim(&days, &days_n);
		if (days_n > 0 &&
		    parse_days(days, days_n, &parsed.days) == -1) {
			*problem = "the days of a window are sun mon tue wed "
				   "thu fri sat, with \",\" and \"-\" between";
			return -1;
		}
	}
	if (parse_time(from, from_n, false, &parsed.from_min) == -1) {
		*problem = "a window opens at 00:00 to 23:59";
		return -1;
	}
	if (parse_time(to, to_n, true, &parsed.to_min) == -1) {
		*problem = "a window closes at 00:00 to 24:00";
		return -1;
	}
	if (parsed.from_min == parsed.to_min) {
		*problem = "a window whose ends are equal is never open; for "
			   "a whole day write 00:00-24:00";
		return -1;
	}
	*w = parsed;
	*problem = NULL;
	return 0;
}

static void add_days(struct strbuf *out, uint8_t days)
{
	const char *gap = " ";
	int i;

	if ((days & SCHEDULE_ALL_DAYS) == SCHEDULE_ALL_DAYS)
		return;
	for (i = 0; i < DAYS; i++) {
		if ((days >> i & 1) == 0)
			continue;
		strbuf_puts(out, gap);
		strbuf_add(out, day_names[i], 3);
		gap = ",";
	}
}

static void add_time(struct strbuf *out, int minutes)
{
	strbuf_printf(out, "%02d:%02d", minutes / 60, minutes % 60);
}

static void add_rule(struct strbuf *out, const struct schedule *s)
{
	size_t i;

	switch (s->kind) {
	case SCHEDULE_AT:
		strbuf_puts(out, "at");
		for (i = 0; i < s->n_at; i++) {
			strbuf_putc(out, i == 0 ? ' ' : ',');
			add_time(out, s->at_min[i]);
		}
		add_days(out, s->days);
		break;
	case SCHEDULE_EVERY:
		strbuf_printf(out, "every %" PRId64 "s", s->every_s);
		break;
	case SCHEDULE_CRON:
		strbuf_printf(out, "cron %s",
		    s->cron_text == NULL ? "" : s->cron_text);
		break;
	case SCHEDULE_WINDOW:
		strbuf_puts(out, "at opening");
		break;
	}
}

char *schedule_text(const struct schedule *s)
{
	struct strbuf out;
	size_t i;

	strbuf_init(&out, SCHEDULE_TEXT_MAX);
	add_rule(&out, s);
	for (i = 0; i < s->n_windows; i++) {
		strbuf_puts(&out, i == 0 ? "; window" : ", window");
		add_days(&out, s->windows[i].days);
		strbuf_putc(&out, ' ');
		add_time(&out, s->windows[i].from_min);
		strbuf_putc(&out, '-');
		add_time(&out, s->windows[i].to_min);
	}
	strbuf_printf(&out, "; zone %s; catch up %s",
	    s->zone == NULL ? "local" : s->zone,
	    s->catch_up == CATCH_UP_SKIP ? "skip" : "once");
	if (s->splay_s > 0)
		strbuf_printf(&out, "; splay %" PRId64 "s", s->splay_s);
	return strbuf_detach(&out);
}
