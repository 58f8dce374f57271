/* plan.c - the list of decisions a run would take. */
#include "plan/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/due.h"
#include "plan/staleness.h"

/* What decides the order; the decisions themselves are too big to sort. */
struct rank {
	enum plan_verdict verdict;
	enum job_priority priority;
	struct wall at;
	uint64_t remaining_bytes;
	size_t index;
};

/* A job never looked at may be of any size: after the known ones. */
static uint64_t remaining_bytes(const struct job_state *state)
{
	if (state == NULL || state->bytes_total == 0)
		return UINT64_MAX;
	if (state->bytes_done >= state->bytes_total)
		return 0;
	return state->bytes_total - state->bytes_done;
}

static int compare(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->verdict == PLAN_DUE && x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->at.s != y->at.s)
		return x->at.s < y->at.s ? -1 : 1;
	if (x->verdict == PLAN_DUE && x->remaining_bytes != y->remaining_bytes)
		return x->remaining_bytes < y->remaining_bytes ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* A job that becomes stale is said, although it is not due. */
static void wake_for_staleness(struct plan *plan, const struct plan_job *job,
    struct wall now)
{
	struct wall at = { WALL_NONE };

	if (job->state != NULL && !job->paused)
		at = staleness_at(job->job, job->state);
	if (at.s != WALL_NONE && at.s > now.s &&
	    (plan->wake.s == WALL_NONE || at.s < plan->wake.s))
		plan->wake = at;
}

/* Put decisions[ranks[i].index] at i, along the cycles. */
static void reorder(struct plan_decision *decisions, struct rank *ranks,
    size_t n)
{
	struct plan_decision first;
	size_t i, at, from;

	for (i = 0; i < n; i++) {
		if (ranks[i].index == i)
			continue;
		first = decisions[i];
		for (at = i; (from = ranks[at].index) != i; at = from) {
			decisions[at] = decisions[from];
			ranks[at].index = at;
		}
		decisions[at] = first;
		ranks[at].index = at;
	}
}

static void notice_clock(const struct plan_config *config, struct wall now,
    struct plan *plan)
{
	char now_text[INSTANT_TEXT_MAX], then_text[INSTANT_TEXT_MAX];
	const char *what;
	struct wall then;

	if (config->build_time.s > now.s + DUE_FUTURE_S) {
		what = "this build, which was made";
		then = config->build_time;
	} else if (config->last_run.s > now.s + DUE_FUTURE_S) {
		what = "the last run, which ended";
		then = config->last_run;
	} else {
		return;
	}
	(void)snprintf(plan->notice, sizeof(plan->notice),
	    "the clock, %s, is before %s %s", instant_format(now, now_text),
	    what, instant_format(then, then_text));
}

int plan_build(const struct plan_config *config, const struct plan_job *jobs,
    size_t n, struct wall now, const struct calendar *cal,
    const struct plan_dice *dice, struct plan *plan, struct err *e)
{
	struct due_context ctx;
	struct rank *ranks;
	size_t i;

	memset(plan, 0, sizeof(*plan));
	plan->next.s = plan->wake.s = WALL_NONE;
	notice_clock(config, now, plan);
	if (n == 0)
		return 0;
	ranks = calloc(n, sizeof(*ranks));
	plan->decisions = calloc(n, sizeof(*plan->decisions));
	if (ranks == NULL || plan->decisions == NULL) {
		free(ranks);
		return err_nomem(e);
	}
	due_init(&ctx, config, cal, dice, now);
	for (i = 0; i < n; i++) {
		struct plan_decision *d = &plan->decisions[i];

		d->index = i;
		due_decide(&ctx, &jobs[i], d);
		ranks[i].verdict = d->verdict;
		ranks[i].priority = jobs[i].job->priority;
		ranks[i].at = d->at;
		ranks[i].remaining_bytes = remaining_bytes(jobs[i].state);
		ranks[i].index = i;
		if (d->verdict == PLAN_DUE)
			plan->n_due++;
		wake_for_staleness(plan, &jobs[i], now);
	}
	plan->n = n;
	qsort(ranks, n, sizeof(*ranks), compare);
	if (plan->n_due < n && ranks[plan->n_due].verdict == PLAN_WAITING)
		plan->next = ranks[plan->n_due].at;
	if (plan->next.s != WALL_NONE &&
	    (plan->wake.s == WALL_NONE || plan->next.s < plan->wake.s))
		plan->wake = plan->next;
	reorder(plan->decisions, ranks, n);
	free(ranks);
	return 0;
}

void plan_release(struct plan *plan)
{
	free(plan->decisions);
	plan->decisions = NULL;
	plan->n = 0;
	plan->n_due = 0;
}

void plan_next_due_all(const struct plan_job *jobs, size_t n, struct wall now,
    const struct calendar *cal, const struct plan_dice *dice, struct wall *due)
{
	static const struct plan_config plain = { .last_run = { WALL_NONE } };
	struct due_context ctx;
	struct plan_decision d;
	size_t i;

	due_init(&ctx, &plain, cal, dice, now);
	for (i = 0; i < n; i++) {
		due_decide(&ctx, &jobs[i], &d);
		due[i] = d.at;
	}
}

struct wall plan_next_due(const struct plan_job *job, struct wall now,
    const struct calendar *cal, const struct plan_dice *dice)
{
	struct wall due;

	plan_next_due_all(job, 1, now, cal, dice, &due);
	return due;
}
