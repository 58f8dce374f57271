/* minute_walk.c - slots and windows by a walk through every minute. */
#include "support/minute_walk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/instant.h"
#include "base/vec.h"

enum { DAY_MIN = 24 * 60, RULES_MAX = 32, FOUND_MAX = 200000 };

/* Something that happens at a local minute of certain days. */
struct rule {
	const struct schedule *s;
	struct walk_found *found;
	enum { SLOT, OPEN, CLOSE } what;
	const struct window *w; /* unless a slot */
	int close_days;		/* days from opening to closing */
	bool is_open;		/* of an OPEN rule */
};

struct walk {
	struct rule rules[RULES_MAX];
	size_t n_rules;
	uint32_t at_minute[DAY_MIN]; /* bits of the rules */
};

static void push(int64_t **items, size_t *n, size_t *cap, int64_t t)
{
	assert_int_equal(0,
	    vec_grow((void **)items, cap, *n + 1, sizeof(**items), FOUND_MAX));
	(*items)[(*n)++] = t;
}

static uint32_t add_rule(struct walk *walk, const struct schedule *s,
    struct walk_found *found, int what, const struct window *w)
{
	struct rule *r = &walk->rules[walk->n_rules];

	assert_true(walk->n_rules < RULES_MAX);
	memset(r, 0, sizeof(*r));
	r->s = s;
	r->found = found;
	r->what = what;
	r->w = w;
	return UINT32_C(1) << walk->n_rules++;
}

static void add_slots(struct walk *walk, const struct schedule *s,
    struct walk_found *found)
{
	uint32_t bit = add_rule(walk, s, found, SLOT, NULL);
	size_t k;
	int m;

	for (k = 0; k < s->n_at; k++)
		walk->at_minute[s->at_min[k]] |= bit;
	for (m = 0; s->kind == SCHEDULE_CRON && m < DAY_MIN; m++)
		if ((s->cron.hours >> m / 60 & 1) != 0 &&
		    (s->cron.minutes >> m % 60 & 1) != 0)
			walk->at_minute[m] |= bit;
}

static void add_windows(struct walk *walk, const struct schedule *s,
    struct walk_found *found)
{
	size_t k;

	for (k = 0; k < s->n_windows; k++) {
		const struct window *w = &s->windows[k];
		/* first: a window that opens as it closes stays open */
		uint32_t bit = add_rule(walk, s, found, CLOSE, w);

		walk->rules[walk->n_rules - 1].close_days = w->from_min >
			w->to_min ||
		    w->to_min == DAY_MIN;
		walk->at_minute[w->to_min % DAY_MIN] |= bit;
		walk->at_minute[w->from_min] |= add_rule(walk, s, found, OPEN,
		    w);
	}
}

/* The rules that hold on a local day. */
static uint32_t rules_of_day(const struct walk *walk, int64_t day)
{
	struct civil c;
	uint32_t mask = 0;
	size_t i;

	instant_civil_from_days(day, &c);
	for (i = 0; i < walk->n_rules; i++) {
		const struct rule *r = &walk->rules[i];
		bool holds;

		if (r->what == CLOSE)
			holds = r->w->days >>
				((c.wday + 7 - r->close_days) % 7) &
			    1;
		else if (r->what == OPEN)
			holds = r->w->days >> c.wday & 1;
		else if (r->s->kind == SCHEDULE_AT)
			holds = r->s->days >> c.wday & 1;
		else
			holds = cron_expr_day_matches(&r->s->cron, c.year,
			    c.month, c.day);
		if (holds)
			mask |= UINT32_C(1) << i;
	}
	return mask;
}

static void add_slot(struct walk_found *f, int64_t t)
{
	if (f->n_slots == 0 || f->slots[f->n_slots - 1] != t)
		push(&f->slots, &f->n_slots, &f->cap_slots, t);
}

static void happen(struct walk *walk, uint32_t mask, int64_t t)
{
	size_t i;

	for (i = 0; i < walk->n_rules; i++) {
		struct rule *r = &walk->rules[i];

		if ((mask >> i & 1) == 0)
			continue;
		if (r->what == SLOT) {
			add_slot(r->found, t);
		} else if (r->what == CLOSE) {
			r[1].is_open = false;
		} else {
			r->is_open = true;
			if (r->s->kind == SCHEDULE_WINDOW)
				add_slot(r->found, t);
		}
	}
}

/* The rules of one schedule stand together. */
static void note_edges(struct walk *walk, int64_t t)
{
	size_t i = 0;

	while (i < walk->n_rules) {
		struct walk_found *f = walk->rules[i].found;
		bool is_open = false;

		for (; i < walk->n_rules && walk->rules[i].found == f; i++)
			is_open = is_open || walk->rules[i].is_open;
		if (is_open == f->was_open)
			continue;
		f->was_open = is_open;
		push(&f->edges, &f->n_edges, &f->cap_edges, t);
	}
}

void minute_walk(const struct schedule *schedules, size_t n,
    walk_offset_s *offset_s, void *cookie, int64_t start, int64_t end,
    struct walk_found *found)
{
	int64_t t, day = INT64_MIN, last, local_min;
	uint32_t day_mask = 0, mask;
	struct walk walk;
	size_t i;
	bool any;

	memset(&walk, 0, sizeof(walk));
	for (i = 0; i < n; i++) {
		if (schedules[i].kind == SCHEDULE_AT ||
		    schedules[i].kind == SCHEDULE_CRON)
			add_slots(&walk, &schedules[i], &found[i]);
		add_windows(&walk, &schedules[i], &found[i]);
	}
	last = (start + offset_s(cookie, start)) / 60 - 1;
	for (t = start; t < end; t += 60) {
		local_min = (t + offset_s(cookie, t)) / 60;
		for (any = false; last < local_min;) {
			last++;
			if (last / DAY_MIN != day) {
				day = last / DAY_MIN;
				day_mask = rules_of_day(&walk, day);
			}
			mask = walk.at_minute[last % DAY_MIN] & day_mask;
			if (mask == 0)
				continue;
			happen(&walk, mask, t);
			any = true;
		}
		if (any)
			note_edges(&walk, t);
	}
}

void walk_found_release(struct walk_found *found)
{
	free(found->slots);
	free(found->edges);
	memset(found, 0, sizeof(*found));
}
