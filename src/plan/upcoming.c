/* upcoming.c - what comes next: due instants and windows, in their order. */
#include "plan/upcoming.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "plan/due.h"
#include "plan/slots.h"

enum { GROUP_MEMO = 61 };

/*
 * The `max` earliest entries so far.  What was too late once stays too late:
 * the last one only moves forward.  So an entry that is still there at the end
 * has been met by all that belongs to it.
 */
struct agenda {
	struct upcoming *pool;	 /* own; max */
	struct upcoming **order; /* own; by time */
	size_t n, max;
};

/* The jobs of one schedule. */
struct group {
	const struct schedule *s;
	size_t n_jobs;
	size_t jobs[UPCOMING_JOBS_NAMED];
	struct wall after;	 /* the first of its jobs looks beyond this */
	struct upcoming **slots; /* own; by time: those on the agenda */
	size_t *begin;		 /* own; jobs that begin to count there */
	size_t n_slots;
};

struct forecast {
	const struct plan_job *jobs;
	size_t n;
	struct wall now;
	const struct calendar *cal;
	struct due_context due;
	struct agenda agenda;
	struct wall *after; /* own; per job: slots beyond this concern it;
			       WALL_NONE: it is blocked */
	struct group *groups;
	size_t n_groups, groups_cap;
	size_t memo[GROUP_MEMO]; /* index of a group plus one */
};

/* --- the agenda ---------------------------------------------------------- */

/* The order at one instant; a slot and an opening are one entry. */
static int rank_of(unsigned what)
{
	if ((what & UPCOMING_CLOSES) != 0)
		return 0;
	if ((what & UPCOMING_DUE) != 0)
		return 1;
	if ((what & UPCOMING_RESUMES) != 0)
		return 3;
	return (what & UPCOMING_TRY) == 0 ? 2 : 4;
}

static int compare(const struct upcoming *x, struct wall at,
    const struct schedule *s, unsigned what)
{
	int a = rank_of(x->what), b = rank_of(what);

	if (x->at.s != at.s)
		return x->at.s < at.s ? -1 : 1;
	if (a != b)
		return a < b ? -1 : 1;
	if (x->schedule == s)
		return 0;
	return strcmp(x->schedule->name, s->name);
}

/* The entry of that key, new or met before; NULL if it is too late. */
static struct upcoming *agenda_put(struct agenda *a, struct wall at,
    const struct schedule *s, unsigned what)
{
	size_t low = 0, high = a->n, middle;
	struct upcoming *entry;
	int order;

	while (low < high) {
		middle = low + (high - low) / 2;
		order = compare(a->order[middle], at, s, what);
		if (order == 0) {
			a->order[middle]->what |= what;
			return a->order[middle];
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == a->max)
		return NULL;
	if (a->n < a->max)
		entry = &a->pool[a->n++];
	else
		entry = a->order[a->max - 1];
	memmove(&a->order[low + 1], &a->order[low],
	    (a->n - 1 - low) * sizeof(struct upcoming *));
	a->order[low] = entry;
	memset(entry, 0, sizeof(*entry));
	entry->at = at;
	entry->what = what;
	entry->schedule = s;
	entry->until.s = WALL_NONE;
	return entry;
}

static void concern(struct upcoming *entry, size_t job)
{
	if (entry->n_jobs < UPCOMING_JOBS_NAMED)
		entry->jobs[entry->n_jobs] = job;
	entry->n_jobs++;
}

/* --- jobs ---------------------------------------------------------------- */

static struct group *group_of(struct forecast *f, const struct schedule *s)
{
	size_t *memo = &f->memo[((uintptr_t)s / sizeof(*s)) % GROUP_MEMO];
	size_t i;

	if (*memo > 0 && f->groups[*memo - 1].s == s)
		return &f->groups[*memo - 1];
	for (i = 0; i < f->n_groups && f->groups[i].s != s; i++)
		;
	if (i == f->n_groups) {
		if (vec_grow((void **)&f->groups, &f->groups_cap,
			f->n_groups + 1, sizeof(*f->groups),
			SIZE_MAX / sizeof(*f->groups)) == -1)
			return NULL;
		f->groups[i].s = s;
		f->groups[i].after.s = WALL_NONE;
		f->n_groups++;
	}
	*memo = i + 1;
	return &f->groups[i];
}

static struct wall later(struct wall a, struct wall b)
{
	return a.s > b.s ? a : b;
}

/* An attempt has failed, or is not at its end. */
static bool is_begun(const struct job_state *state)
{
	return state != NULL && state->phase != PHASE_NEW &&
	    state->phase != PHASE_CURRENT;
}

/* Something of this job alone. */
static void note(struct forecast *f, size_t job, struct wall at, unsigned what,
    const struct plan_decision *d)
{
	struct upcoming *entry = agenda_put(&f->agenda, at,
	    f->jobs[job].job->schedule, what);

	if (entry == NULL)
		return;
	if (entry->n_jobs == 0) {
		memcpy(entry->reason, d->reason, sizeof(d->reason));
		entry->until = d->closes;
	}
	concern(entry, job);
}

/*
 * What the decision says of this job alone; and after which instant its
 * schedule's slots concern it.
 */
static struct wall note_decision(struct forecast *f, size_t job,
    const struct plan_decision *d)
{
	const struct job_state *state = f->jobs[job].state;
	struct wall after = f->now, until = f->jobs[job].paused_until;

	if (d->verdict == PLAN_DUE) {
		note(f, job, f->now, UPCOMING_DUE, d);
		return after;
	}
	if (f->jobs[job].paused && until.s > f->now.s) {
		after.s = until.s - 1;
		note(f, job, until, UPCOMING_RESUMES, d);
		if (d->at.s == until.s)
			return after;
	}
	if (d->slot.s > after.s) {
		/* It waits for a slot: its schedule tells of that.  A clock
		 * that was set back repeats none. */
		if (state != NULL && state->considered.s < d->slot.s)
			after = later(after, state->considered);
	} else if (is_begun(state)) {
		note(f, job, d->at, UPCOMING_TRY, d);
		after = d->at;
	} else {
		note(f, job, d->at, UPCOMING_DUE, d);
	}
	return after;
}

/* An interval is counted from each job's own anchor. */
static void note_interval(struct forecast *f, size_t job)
{
	const struct schedule *s = f->jobs[job].job->schedule;
	struct wall t = f->after[job], anchor = { WALL_NONE };
	struct upcoming *entry;

	if (f->jobs[job].state != NULL)
		anchor = f->jobs[job].state->anchor;
	for (;;) {
		t = slots_next(s, f->cal, anchor, t);
		if (t.s == WALL_NONE)
			break;
		entry = agenda_put(&f->agenda, t, s, UPCOMING_SLOT);
		if (entry == NULL)
			break;
		concern(entry, job);
	}
}

static int note_job(struct forecast *f, size_t job)
{
	const struct schedule *s = f->jobs[job].job->schedule;
	struct plan_decision d;
	struct group *group;

	due_decide(&f->due, &f->jobs[job], &d);
	f->after[job].s = WALL_NONE;
	if (d.verdict == PLAN_BLOCKED)
		return 0;
	group = group_of(f, s);
	if (group == NULL)
		return -1;
	if (group->n_jobs < UPCOMING_JOBS_NAMED)
		group->jobs[group->n_jobs] = job;
	group->n_jobs++;
	f->after[job] = note_decision(f, job, &d);
	if (s->kind == SCHEDULE_EVERY)
		note_interval(f, job);
	else if (group->after.s == WALL_NONE ||
	    f->after[job].s < group->after.s)
		group->after = f->after[job];
	return 0;
}

/* --- schedules ----------------------------------------------------------- */

static void note_slots(struct forecast *f, const struct group *group)
{
	const struct wall unanchored = { WALL_NONE };
	struct wall t = group->after;

	if (group->s->kind == SCHEDULE_EVERY)
		return;
	do
		t = slots_next(group->s, f->cal, unanchored, t);
	while (t.s != WALL_NONE &&
	    agenda_put(&f->agenda, t, group->s, UPCOMING_SLOT) != NULL);
}

static void note_windows(struct forecast *f, const struct group *group)
{
	struct window_state w;
	struct wall t = f->now;

	if (group->s->n_windows == 0)
		return;
	do {
		w = window_at(group->s, f->cal, t);
		t = w.until;
	} while (t.s != WALL_NONE &&
	    agenda_put(&f->agenda, t, group->s,
		w.open ? UPCOMING_CLOSES : UPCOMING_OPENS) != NULL);
}

/* --- which jobs a slot concerns ------------------------------------------ */

static int collect_slots(const struct agenda *a, struct group *group)
{
	size_t i;

	group->slots = calloc(a->n + 1, sizeof(struct upcoming *));
	group->begin = calloc(a->n + 1, sizeof(*group->begin));
	if (group->slots == NULL || group->begin == NULL)
		return -1;
	for (i = 0; i < a->n; i++) {
		struct upcoming *u = a->order[i];

		if (u != NULL && u->schedule == group->s &&
		    (u->what & UPCOMING_SLOT) != 0)
			group->slots[group->n_slots++] = u;
	}
	return 0;
}

/* The first slot after an instant; n_slots if there is none. */
static size_t first_slot(const struct group *group, struct wall after)
{
	size_t low = 0, high = group->n_slots, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (group->slots[middle]->at.s <= after.s)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What concerns a job at one slot does so at all later ones: they have their
 * names no later than the earlier ones. */
static void count_job(struct group *group, size_t job, struct wall after)
{
	size_t i = first_slot(group, after);

	group->begin[i]++;
	for (; i < group->n_slots &&
	     group->slots[i]->n_jobs < UPCOMING_JOBS_NAMED;
	     i++)
		concern(group->slots[i], job);
}

static int count_jobs(struct forecast *f)
{
	struct group *group;
	size_t i, k, sum;

	for (i = 0; i < f->n_groups; i++)
		if (f->groups[i].s->kind != SCHEDULE_EVERY &&
		    collect_slots(&f->agenda, &f->groups[i]) == -1)
			return -1;
	for (i = 0; i < f->n; i++) {
		if (f->after[i].s == WALL_NONE)
			continue;
		group = group_of(f, f->jobs[i].job->schedule);
		if (group != NULL && group->slots != NULL)
			count_job(group, i, f->after[i]);
	}
	for (i = 0; i < f->n_groups; i++) {
		group = &f->groups[i];
		if (group->slots == NULL)
			continue; /* of intervals: each job's own */
		for (sum = k = 0; k < group->n_slots; k++) {
			sum += group->begin[k];
			if (group->slots[k] != NULL)
				group->slots[k]->n_jobs = sum;
		}
	}
	return 0;
}

/* What is known of an entry once it is clear that it will be shown. */
static void complete(struct forecast *f, struct upcoming *entry)
{
	const unsigned windows = UPCOMING_OPENS | UPCOMING_CLOSES;
	struct group *group = group_of(f, entry->schedule);
	struct window_state w;

	if ((entry->what & windows) != 0 && entry->n_jobs == 0 &&
	    group != NULL) {
		entry->n_jobs = group->n_jobs;
		memcpy(entry->jobs, group->jobs, sizeof(entry->jobs));
	}
	if ((entry->what & (UPCOMING_SLOT | UPCOMING_OPENS)) == 0)
		return;
	w = window_at(entry->schedule, f->cal, entry->at);
	if (!w.open)
		entry->what |= UPCOMING_SHUT;
	if (!w.open || (entry->what & UPCOMING_OPENS) != 0)
		entry->until = w.until;
}

static int look_ahead(struct forecast *f)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		if (note_job(f, i) == -1)
			return -1;
	for (i = 0; i < f->n_groups; i++) {
		note_slots(f, &f->groups[i]);
		note_windows(f, &f->groups[i]);
	}
	if (count_jobs(f) == -1)
		return -1;
	/* The first n are always there; analyzers cannot know. */
	for (i = 0; i < f->agenda.n; i++)
		if (f->agenda.order[i] != NULL)
			complete(f, f->agenda.order[i]);
	return 0;
}

int upcoming_build(const struct plan_job *jobs, size_t n, size_t max,
    struct wall now, const struct calendar *cal, const struct plan_dice *dice,
    struct upcoming_list *list, struct err *e)
{
	static const struct plan_config plain = { .last_run = { WALL_NONE } };
	struct forecast *f = calloc(1, sizeof(*f));
	int rc = -1;
	size_t i;

	memset(list, 0, sizeof(*list));
	if (f == NULL)
		return err_nomem(e);
	f->jobs = jobs;
	f->n = n;
	f->now = now;
	f->cal = cal;
	due_init(&f->due, &plain, cal, dice, now);
	f->agenda.max = max;
	f->agenda.pool = calloc(max, sizeof(*f->agenda.pool));
	f->agenda.order = calloc(max, sizeof(struct upcoming *));
	f->after = calloc(n + 1, sizeof(*f->after));
	list->items = calloc(max, sizeof(*list->items));
	if (f->agenda.pool != NULL && f->agenda.order != NULL &&
	    f->after != NULL && list->items != NULL)
		rc = look_ahead(f);
	for (i = 0; rc == 0 && i < f->agenda.n; i++)
		if (f->agenda.order[i] != NULL)
			list->items[list->n++] = *f->agenda.order[i];
	for (i = 0; i < f->n_groups; i++) {
		free(f->groups[i].slots);
		free(f->groups[i].begin);
	}
	free(f->groups);
	free(f->after);
	free(f->agenda.order);
	free(f->agenda.pool);
	free(f);
	return rc == -1 ? err_nomem(e) : 0;
}

void upcoming_release(struct upcoming_list *list)
{
	free(list->items);
	memset(list, 0, sizeof(*list));
}
