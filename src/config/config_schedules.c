/* config_schedules.c - the schedules section, and the built-in ones. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "config/config_internal.h"
#include "platform/zone.h"

enum {
	BUILTIN_COUNT = 3,
	NAME_MAX_BYTES = 64,
	TIMES_MAX = 1440,
	WINDOWS_MAX = 64,
	NAMES_SHOWN = 8,
	NAMES_SHOWN_BYTES = 512,
	MINUTE_MS = 60 * 1000
};

#define STALENESS_MIN_MS INT64_C(1000)
#define STALENESS_MAX_MS (INT64_C(3660) * 24 * 60 * MINUTE_MS)
#define EVERY_MIN_MS INT64_C(1000)
#define SPLAY_MAX_MS (INT64_C(24) * 60 * MINUTE_MS)
#define EVERY_MAX_MS (INT64_C(366) * 24 * 60 * MINUTE_MS)

/* A schedule while its keys are read. */
struct draft {
	struct schedule *schedule;
	const struct tree_node *at, *every, *cron, *days, *window;
};

const struct schedule *config_schedule(const struct config *config,
    const char *name)
{
	for (size_t i = 0; i < config->n_schedules; i++)
		if (strcmp(config->schedules[i].name, name) == 0)
			return &config->schedules[i];
	return NULL;
}

/* With the names that there are, if they are few. */
static void unknown_schedule(const struct reader *r,
    const struct config *config, const struct tree_node *node)
{
	struct strbuf known;

	strbuf_init(&known, NAMES_SHOWN_BYTES);
	for (size_t i = 0; i < config->n_schedules; i++)
		strbuf_printf(&known, "%s%s", i == 0 ? "" : ", ",
		    config->schedules[i].name);
	if (config->n_schedules <= NAMES_SHOWN && !strbuf_failed(&known))
		reader_problem(r, node,
		    "unknown schedule \"%.80s\" (there are %s)", node->text,
		    strbuf_text(&known));
	else
		reader_problem(r, node, "unknown schedule \"%.80s\"",
		    node->text);
	strbuf_release(&known);
}

const struct schedule *config_named_schedule(const struct reader *r,
    const struct config *config, const struct tree_node *node)
{
	const char *names[CONFIG_SCHEDULES_MAX], *text;

	if (!reader_string(r, node, "the name of a schedule", &text))
		return NULL;
	const struct schedule *found = config_schedule(config, text);
	if (found != NULL || r->problems->n >= PROBLEMS_MAX) {
		if (found == NULL)
			reader_problem(r, node, "unknown schedule");
		return found;
	}
	for (size_t i = 0; i < config->n_schedules; i++)
		names[i] = config->schedules[i].name;
	const char *near = text_nearest(text, names, config->n_schedules);
	if (near != NULL)
		reader_problem(r, node,
		    "unknown schedule \"%.80s\" (did you mean \"%s\"?)", text,
		    near);
	else
		unknown_schedule(r, config, node);
	return NULL;
}

static int set_builtin(struct schedule *s, const char *name,
    enum schedule_kind kind, uint8_t days, int at_min)
{
	s->name = text_dup(name);
	s->zone = text_dup("local");
	s->kind = kind;
	s->catch_up = CATCH_UP_ONCE;
	if (s->name == NULL || s->zone == NULL)
		return -1;
	if (kind == SCHEDULE_CRON) {
		const char *problem;
		size_t at;

		s->cron_text = text_dup("0 * * * *");
		return s->cron_text == NULL
		    ? -1
		    : cron_expr_parse(s->cron_text, &s->cron, &problem, &at);
	}
	s->days = days;
	s->at_min = malloc(sizeof(*s->at_min));
	if (s->at_min == NULL)
		return -1;
	s->at_min[0] = at_min;
	s->n_at = 1;
	return 0;
}

int config_builtin_schedules(struct config *config)
{
	const int two = 2 * 60;
	const uint8_t sunday = 1;

	config->schedules = calloc(BUILTIN_COUNT, sizeof(*config->schedules));
	if (config->schedules == NULL)
		return -1;
	config->n_schedules = BUILTIN_COUNT;
	if (set_builtin(&config->schedules[0], "hourly", SCHEDULE_CRON, 0, 0) ==
		-1 ||
	    set_builtin(&config->schedules[1], "daily", SCHEDULE_AT,
		SCHEDULE_ALL_DAYS, two) == -1 ||
	    set_builtin(&config->schedules[2], "weekly", SCHEDULE_AT, sunday,
		two) == -1)
		return -1;
	return 0;
}

static int compare_ints(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void config_schedule_at(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	struct schedule *s = d->schedule;
	static const char what[] = "a time such as \"22:00\"";
	size_t n;

	d->at = node;
	const struct tree_node *items = reader_items(r, node,
	    "a time such as \"22:00\", or a list of times", TIMES_MAX, &n);
	if (items == NULL)
		return;
	free(s->at_min); /* of a duplicate key */
	s->n_at = 0;
	s->at_min = calloc(n, sizeof(*s->at_min));
	if (s->at_min == NULL) {
		r->problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (items[i].type != TREE_STRING ||
		    schedule_parse_time(items[i].text, false,
			&s->at_min[s->n_at]) == -1) {
			reader_expected(r, &items[i], what);
			continue;
		}
		for (size_t k = 0; k < s->n_at; k++)
			if (s->at_min[k] == s->at_min[s->n_at])
				reader_problem(r, &items[i],
				    "%s stands here twice", items[i].text);
		s->n_at++;
	}
	qsort(s->at_min, s->n_at, sizeof(*s->at_min), compare_ints);
}

void config_schedule_every(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	int64_t ms;

	d->every = node;
	if (!reader_duration(r, node, EVERY_MIN_MS, EVERY_MAX_MS, &ms))
		return;
	if (ms % 1000 != 0)
		reader_expected(r, node, "whole seconds");
	d->schedule->every_s = ms / 1000;
}

void config_schedule_cron(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	struct tree_node at_fault = *node;
	const char *text, *problem;
	size_t at;

	d->cron = node;
	if (!reader_string(r, node, "a cron expression such as \"30 3 * * *\"",
		&text))
		return;
	if (cron_expr_parse(text, &d->schedule->cron, &problem, &at) == -1) {
		struct text_pos in = text_pos_at(text, strlen(text), at);

		/* Text on further lines has its own indentation: unknown. */
		if (in.line == 1)
			at_fault.pos.column += in.column - 1 +
			    (node->quoted ? 1 : 0);
		reader_problem(r, &at_fault, "%s in \"%.80s\"", problem, text);
		return;
	}
	reader_keep(r, text, &d->schedule->cron_text);
}

void config_schedule_days(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	uint8_t bits;
	size_t n;

	d->days = node;
	const struct tree_node *items = reader_items(r, node,
	    "days such as mon-fri or [sat, sun]", 7, &n);
	if (items == NULL)
		return;
	d->schedule->days = 0;
	for (size_t i = 0; i < n; i++) {
		if (items[i].type == TREE_STRING &&
		    schedule_parse_days(items[i].text, &bits) == 0)
			d->schedule->days |= bits;
		else
			reader_expected(r, &items[i],
			    "days such as sat or mon-fri");
	}
}

void config_read_windows(const struct reader *r, const struct tree_node *node,
    struct window **windows, size_t *n)
{
	size_t n_items;
	const struct tree_node *items = reader_items(r, node,
	    "a window such as \"22:00-07:00\", or a list of windows",
	    WINDOWS_MAX, &n_items);

	if (items == NULL)
		return;
	free(*windows); /* of a duplicate key */
	*n = 0;
	*windows = calloc(n_items, sizeof(**windows));
	if (*windows == NULL) {
		r->problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < n_items; i++) {
		const char *problem;

		if (items[i].type != TREE_STRING)
			reader_expected(r, &items[i],
			    "a window such as \"22:00-07:00\"");
		else if (schedule_parse_window(items[i].text, &(*windows)[*n],
			     &problem) == -1)
			reader_problem(r, &items[i], "%s in \"%.80s\"", problem,
			    items[i].text);
		else
			(*n)++;
	}
}

void config_schedule_window(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct draft *d = into;

	d->window = node;
	config_read_windows(r, node, &d->schedule->windows,
	    &d->schedule->n_windows);
}

void config_schedule_timezone(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct draft *d = into;
	const char *text, *lack;

	if (!reader_string(r, node,
		"local, UTC or a name such as Europe/Berlin", &text))
		return;
	if (!zone_exists(text)) {
		lack = zone_lack();
		reader_problem(r, node,
		    "no time zone \"%.80s\" on this system (%s)", text,
		    lack != NULL
			? lack
			: "local, UTC or a name such as Europe/Berlin");
		return;
	}
	reader_keep(r, text, &d->schedule->zone);
}

void config_schedule_catch_up(const struct reader *r,
    const struct tree_node *node, void *into)
{
	static const char *const words[] = { "once", "skip", NULL };
	struct draft *d = into;
	int word;

	if (reader_word(r, node, words, &word))
		d->schedule->catch_up = word == 0 ? CATCH_UP_ONCE
						  : CATCH_UP_SKIP;
}

void config_schedule_splay(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	int64_t ms;

	if (!reader_duration(r, node, 0, SPLAY_MAX_MS, &ms))
		return;
	if (ms % 1000 != 0)
		reader_expected(r, node, "whole seconds");
	d->schedule->splay_s = ms / 1000;
}

bool config_max_staleness(const struct reader *r, const struct tree_node *node,
    int64_t *s)
{
	int64_t ms;

	*s = 0;
	if (reader_is_none(node))
		return true;
	if (!reader_duration(r, node, STALENESS_MIN_MS, STALENESS_MAX_MS, &ms))
		return false;
	*s = ms / 1000;
	return true;
}

void config_schedule_max_staleness(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct draft *d = into;

	(void)config_max_staleness(r, node, &d->schedule->max_staleness_s);
}

/* Exactly one rule, or only a window; days with `at` alone. */
static void check_rule(const struct reader *r, const struct tree_node *node,
    const struct draft *d)
{
	const struct tree_node *rules[] = { d->at, d->every, d->cron };
	static const enum schedule_kind kinds[] = { SCHEDULE_AT, SCHEDULE_EVERY,
		SCHEDULE_CRON };
	const struct tree_node *first = NULL;

	d->schedule->kind = SCHEDULE_WINDOW;
	for (size_t i = 0; i < 3; i++) {
		if (rules[i] == NULL)
			continue;
		if (first != NULL)
			problems_add(r->problems, r->file, rules[i]->key_pos,
			    "\"%s\" beside \"%s\" (line %d): a schedule has "
			    "one of at, every and cron",
			    rules[i]->key, first->key, first->key_pos.line);
		else
			d->schedule->kind = kinds[i];
		first = rules[i];
	}
	if (first == NULL && d->window == NULL && node->type == TREE_MAP)
		reader_problem(r, node,
		    "a schedule needs one of at, every, cron and window");
	if (d->days != NULL && d->at == NULL)
		problems_add(r->problems, r->file, d->days->key_pos,
		    "\"days\" goes with \"at\" only%s",
		    d->cron != NULL	    ? "; a cron expression has its own"
			: d->window != NULL ? "; windows name theirs, as in "
					      "\"sat,sun 00:00-24:00\""
					    : "");
}

static bool check_name(const struct reader *r, const struct tree_node *node)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t n = strlen(node->key);

	if (n > 0 && n <= NAME_MAX_BYTES && strspn(node->key, allowed) == n)
		return true;
	problems_add(r->problems, r->file, node->key_pos,
	    "a schedule's name has 1 to %d letters, digits, _ . -",
	    NAME_MAX_BYTES);
	return false;
}

/* The place of a new or redefined schedule; NULL without memory. */
static struct schedule *find_place(struct config *config, size_t *cap,
    const char *name)
{
	for (size_t i = 0; i < config->n_schedules; i++) {
		if (strcmp(config->schedules[i].name, name) == 0) {
			schedule_release(&config->schedules[i]);
			return &config->schedules[i];
		}
	}
	if (vec_grow((void **)&config->schedules, cap, config->n_schedules + 1,
		sizeof(*config->schedules), CONFIG_SCHEDULES_MAX) == -1)
		return NULL;
	return &config->schedules[config->n_schedules];
}

static void read_schedule(const struct reader *r, const struct tree_node *node,
    struct config *config, size_t *cap)
{
	struct schedule fresh = { .days = SCHEDULE_ALL_DAYS };
	struct draft draft = { .schedule = &fresh };

	if (!check_name(r, node) || !reader_keep(r, node->key, &fresh.name) ||
	    !reader_keep(r, "local", &fresh.zone)) {
		schedule_release(&fresh);
		return;
	}
	if (node->type != TREE_MAP)
		reader_expected(r, node, "a map such as { at: \"22:00\" }");
	else
		reader_map(r, node, "schedules.*.", &draft);
	check_rule(r, node, &draft);

	struct schedule *place = find_place(config, cap, fresh.name);
	if (place == NULL) {
		r->problems->out_of_memory = true;
		schedule_release(&fresh);
		return;
	}
	if (place == &config->schedules[config->n_schedules])
		config->n_schedules++;
	*place = fresh;
}

void config_read_schedules(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct config *config = into;
	size_t cap = config->n_schedules;

	if (node->type == TREE_NULL)
		return;
	if (node->type != TREE_MAP) {
		reader_expected(r, node, "a map of schedules");
		return;
	}
	/* There are more than the built-in ones if this key stands twice. */
	if (node->n > CONFIG_SCHEDULES_MAX - config->n_schedules) {
		reader_problem(r, node,
		    "%zu schedules, at most %d are "
		    "possible",
		    node->n, CONFIG_SCHEDULES_MAX - BUILTIN_COUNT);
		return;
	}
	for (size_t i = 0; i < node->n; i++)
		read_schedule(r, &node->children[i], config, &cap);
}
