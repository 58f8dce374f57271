/* plan_fixture.c - schedules and times from short texts, for tests. */
#include "support/plan_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"

char *fixture_cut(char **rest, char mark)
{
	char *item = *rest, *end;

	if (item == NULL)
		return NULL;
	end = strchr(item, mark);
	*rest = end == NULL ? NULL : end + 1;
	if (end == NULL)
		end = item + strlen(item);
	while (*item == ' ')
		item++;
	while (end > item && end[-1] == ' ')
		end--;
	*end = '\0';
	return item;
}

struct wall fixture_time(const char *text)
{
	struct wall t = { WALL_NONE };
	bool has_offset;

	if (instant_parse(text, &t, &has_offset) == -1 || !has_offset)
		fprintf(stderr, "not a time: \"%s\"\n", text);
	return t;
}

static int add_times(struct schedule *s, char *text)
{
	size_t cap = 0;
	char *item;

	while ((item = fixture_cut(&text, ',')) != NULL) {
		if (vec_grow((void **)&s->at_min, &cap, s->n_at + 1,
			sizeof(*s->at_min), 100) == -1 ||
		    schedule_parse_time(item, false, &s->at_min[s->n_at]) == -1)
			return -1;
		s->n_at++;
	}
	return 0;
}

static int set_rule(struct schedule *s, const char *key, char *value)
{
	const char *problem;
	uint64_t every_s;
	size_t at;

	if (strcmp(key, "at") == 0) {
		s->kind = SCHEDULE_AT;
		return add_times(s, value);
	}
	if (strcmp(key, "opening") == 0) {
		s->kind = SCHEDULE_WINDOW;
		return 0;
	}
	if (strcmp(key, "every") == 0) {
		s->kind = SCHEDULE_EVERY;
		if (num_parse_u64(value, strlen(value), INT32_MAX, &every_s) ==
		    -1)
			return -1;
		s->every_s = (int64_t)every_s;
		return 0;
	}
	s->kind = SCHEDULE_CRON;
	s->cron_text = text_dup(value);
	return cron_expr_parse(value, &s->cron, &problem, &at);
}

static int set_part(struct schedule *s, const char *key, char *value)
{
	const char *problem;
	size_t cap = s->n_windows;

	if (strcmp(key, "days") == 0)
		return schedule_parse_days(value, &s->days);
	if (strcmp(key, "zone") == 0) {
		free(s->zone);
		s->zone = text_dup(value);
		return s->zone == NULL ? -1 : 0;
	}
	if (strcmp(key, "window") == 0) {
		if (vec_grow((void **)&s->windows, &cap, s->n_windows + 1,
			sizeof(*s->windows), 100) == -1)
			return -1;
		return schedule_parse_window(value, &s->windows[s->n_windows++],
		    &problem);
	}
	if (strcmp(key, "catch_up") == 0) {
		s->catch_up = strcmp(value, "skip") == 0 ? CATCH_UP_SKIP
							 : CATCH_UP_ONCE;
		return 0;
	}
	if (strcmp(key, "splay") == 0) {
		s->splay_s = strtoll(value, NULL, 10);
		return 0;
	}
	return set_rule(s, key, value);
}

int fixture_schedule(const char *text, struct schedule *s)
{
	char *copy = text_dup(text), *rest = copy, *key;
	int status = copy == NULL ? -1 : 0;

	memset(s, 0, sizeof(*s));
	s->days = SCHEDULE_ALL_DAYS;
	while (status == 0 && (key = fixture_cut(&rest, ';')) != NULL) {
		char *value = key + strcspn(key, " ");

		if (*value != '\0')
			*value++ = '\0';
		status = set_part(s, key, value);
	}
	if (status == -1)
		fprintf(stderr, "not a schedule: \"%s\"\n", text);
	free(copy);
	return status;
}
