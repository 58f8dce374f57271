/* due.c - the decision about one job. */
#include "plan/due.h"

#include <string.h>

#include "base/text.h"
#include "plan/reason.h"
#include "plan/reconcile.h"

/* Without a window, a slot this late is missed (catch_up: skip). */
enum { LATE_S = 3600 };

/* An error's share of a reason, so that the advice after it survives. */
enum { ERROR_SHARE = 96 };

/* Beyond the year 9999; no run writes such a stamp. */
#define STAMP_MAX_S (INT64_C(1) << 40)

static const struct wall none = { WALL_NONE };

/* One decision in the making. */
struct question {
	struct due_context *ctx;
	const struct plan_job *job;
	const struct job_state *state; /* never NULL */
	const struct schedule *s;
	const struct due_facts *facts;
	struct plan_decision *d;
	struct reason reason;
};

/* The slots of one job: what is owed, and what comes. */
struct owed {
	struct wall last; /* in (considered, now]; WALL_NONE: nothing */
	bool more;	  /* others before it are owed too */
	bool missed;	  /* `last` is dropped by catch_up skip */
	struct wall next;
};

void due_init(struct due_context *ctx, const struct plan_config *config,
    const struct calendar *cal, const struct plan_dice *dice, struct wall now)
{
	memset(ctx, 0, sizeof(*ctx));
	ctx->config = config;
	ctx->cal = cal;
	ctx->dice = dice;
	ctx->now = now;
}

static bool is_missed(const struct due_context *ctx, const struct schedule *s,
    struct wall slot)
{
	struct window_state w;

	if (s->catch_up != CATCH_UP_SKIP)
		return false;
	if (s->n_windows == 0)
		return ctx->now.s - slot.s > LATE_S + s->splay_s;
	w = window_at(s, ctx->cal, slot);
	if (!w.open) {
		if (w.until.s == WALL_NONE || w.until.s > ctx->now.s)
			return false;
		w = window_at(s, ctx->cal, w.until);
	}
	return w.until.s != WALL_NONE && w.until.s <= ctx->now.s;
}

static const struct due_facts *facts_of(struct due_context *ctx,
    const struct schedule *s)
{
	struct due_facts
	    *f = &ctx->memo[((uintptr_t)s / sizeof(*s)) % DUE_MEMO];

	if (f->s == s)
		return f;
	f->s = s;
	f->last = f->before_last = f->next = f->after_next = none;
	f->missed = false;
	f->window = window_at(s, ctx->cal, ctx->now);
	if (s->kind == SCHEDULE_EVERY) /* depends on each job's anchor */
		return f;
	f->last = slots_last(s, ctx->cal, none, none, ctx->now);
	f->next = slots_next(s, ctx->cal, none, ctx->now);
	if (s->splay_s > 0 && f->next.s != WALL_NONE)
		f->after_next = slots_next(s, ctx->cal, none, f->next);
	if (f->last.s != WALL_NONE) {
		struct wall before = { f->last.s - 1 };

		f->before_last = slots_last(s, ctx->cal, none, none, before);
		f->missed = is_missed(ctx, s, f->last);
	}
	return f;
}

static void find_every(const struct question *q, struct owed *owed)
{
	struct wall anchor = q->state->anchor, after = q->state->considered;
	struct wall now = q->ctx->now, before;

	owed->next = slots_next(q->s, q->ctx->cal, anchor, now);
	if (anchor.s == WALL_NONE) { /* the first slot is now */
		owed->last = now;
		return;
	}
	owed->last = slots_last(q->s, q->ctx->cal, anchor, after, now);
	if (owed->last.s == WALL_NONE)
		return;
	before.s = owed->last.s - 1;
	owed->more = slots_last(q->s, q->ctx->cal, anchor, after, before).s !=
	    WALL_NONE;
	owed->missed = is_missed(q->ctx, q->s, owed->last);
}

static void find_owed(const struct question *q, struct owed *owed)
{
	struct wall considered = q->state->considered;

	owed->last = owed->next = none;
	owed->more = owed->missed = false;
	if (considered.s > q->ctx->now.s + DUE_FUTURE_S)
		return; /* a stamp to be disbelieved, not computed with */
	if (considered.s > q->ctx->now.s &&
	    (q->s->kind != SCHEDULE_EVERY || q->state->anchor.s != WALL_NONE)) {
		owed->next = slots_next(q->s, q->ctx->cal, q->state->anchor,
		    considered);
	} else if (q->s->kind == SCHEDULE_EVERY) {
		find_every(q, owed);
	} else {
		owed->next = q->facts->next;
		if (q->facts->last.s > considered.s) {
			owed->last = q->facts->last;
			owed->more = q->facts->before_last.s > considered.s;
			owed->missed = q->facts->missed;
		}
	}
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static void say_disabled(struct question *q)
{
	const char *file = q->job->job->file;

	reason_add(&q->reason, "disabled in %s",
	    file == NULL ? "the model list" : base_name(file));
}

static void say_parked(struct question *q)
{
	const char *text = q->state->error_text;
	char brief[ERROR_SHARE];

	if (text == NULL)
		text = err_kind_name(q->state->error_kind);
	(void)text_escape(text, strlen(text), false, brief, sizeof(brief));
	reason_add(&q->reason, "parked: %s", brief);
}

static void say_failures(struct question *q)
{
	struct reason *r = &q->reason;

	if (q->state->failures == 0)
		reason_add(r, "%s",
		    q->state->error_kind == ERR_UNREACHABLE ? "Hub not reached"
			: q->state->error_kind == ERR_TRANSIENT
			? "asked to come later"
			: "failed");
	else
		reason_add(r, "%lu %s", (unsigned long)q->state->failures,
		    q->state->failures == 1 ? "failure" : "failures");
}

/* The slot a job answers, and those that are one with it. */
static void say_slot(struct question *q, const struct owed *owed)
{
	struct reason *r = &q->reason;

	if (q->s->kind == SCHEDULE_EVERY) {
		reason_add(r, "interval ");
		reason_add_duration(r, q->s->every_s);
		if (q->state->anchor.s == WALL_NONE) {
			reason_add(r, ", first slot");
			return;
		}
		reason_add(r, " since ");
		reason_add_time(r, q->state->anchor);
	} else {
		reason_add(r,
		    q->s->kind == SCHEDULE_WINDOW ? "opening " : "slot ");
		reason_add_time(r, owed->last);
	}
	if (owed->more)
		reason_add(r, " and missed ones before");
}

static void say_next_slot(struct question *q, const struct owed *owed)
{
	struct reason *r = &q->reason;

	if (q->s->kind == SCHEDULE_EVERY) {
		reason_add(r, "interval ");
		reason_add_duration(r, q->s->every_s);
		reason_add(r, " since ");
		reason_add_time(r, q->state->anchor);
		reason_add(r, ", next ");
	} else {
		reason_add(r, "next %s ",
		    q->s->kind == SCHEDULE_WINDOW ? "opening" : "slot");
	}
	reason_add_time(r, owed->next);
}

/* How long after `slot` the one after it comes; INT64_MAX: unknown, or never. */
static int64_t until_following(const struct question *q, struct wall slot)
{
	const struct due_facts *f = q->facts;

	if (q->s->kind == SCHEDULE_EVERY)
		return q->s->every_s;
	if (slot.s == f->last.s && f->next.s != WALL_NONE)
		return f->next.s - slot.s;
	if (slot.s == f->next.s && f->after_next.s != WALL_NONE)
		return f->after_next.s - slot.s;
	return INT64_MAX;
}

/*
 * When this job answers the slot: later by its share of the splay, but within
 * the first half of what is left of the window and of the time to the slot that
 * follows.  A tick must come in the other half, and the work needs time.
 */
static struct wall splayed(const struct question *q, struct wall slot)
{
	const struct plan_dice *dice = q->ctx->dice;
	int64_t room = until_following(q, slot);
	struct window_state w = { .open = true, .until = none };
	struct wall from = slot;

	if (q->s->splay_s <= 0 || dice == NULL)
		return slot;
	if (q->s->n_windows > 0)
		w = window_at(q->s, q->ctx->cal, slot);
	if (!w.open) {
		if (w.until.s == WALL_NONE)
			return slot;
		from = w.until;
		w = window_at(q->s, q->ctx->cal, from);
	}
	if (room != INT64_MAX)
		room -= from.s - slot.s;
	if (w.until.s != WALL_NONE && w.until.s - from.s < room)
		room = w.until.s - from.s;
	room /= 2;
	if (q->s->splay_s < room)
		room = q->s->splay_s;
	if (room <= 0)
		return slot;
	from.s += (int64_t)(dice->unit(dice->cookie, q->state->key) *
	    (double)room);
	return from;
}

/* The slot's own reason was given; `at` is later. */
static void say_splayed(struct question *q)
{
	if (q->d->at.s <= q->d->slot.s)
		return;
	reason_add(&q->reason, ", splayed to ");
	reason_add_time(&q->reason, q->d->at);
}

/* By the schedule alone.  false: never. */
static bool by_slot(struct question *q, const struct owed *owed)
{
	struct reason *r = &q->reason;

	if (q->state->phase == PHASE_NEW)
		reason_add(r, "new, ");
	if (owed->last.s != WALL_NONE && !owed->missed) {
		say_slot(q, owed);
		q->d->slot = owed->last;
		/* With ticks far apart each slot would be put off to the next
		 * one, for ever: only the first is. */
		q->d->at = owed->more ? owed->last : splayed(q, owed->last);
		say_splayed(q);
		return true;
	}
	if (owed->last.s != WALL_NONE) {
		reason_add(r, "slot ");
		reason_add_time(r, owed->last);
		reason_add(r, " missed and skipped, ");
	} else if (q->state->considered.s > q->ctx->now.s) {
		reason_add(r, "clock is behind the last look at ");
		reason_add_time(r, q->state->considered);
		reason_add(r, ", ");
	}
	if (owed->next.s == WALL_NONE) {
		reason_add(r, "no slot within %d years",
		    SLOTS_HORIZON_DAYS / 366);
		return false;
	}
	say_next_slot(q, owed);
	q->d->slot = owed->next;
	q->d->at = splayed(q, owed->next);
	say_splayed(q);
	return true;
}

/* next_try, spread over a tenth of the wait that led to it; now if none. */
static struct wall spread_try(const struct question *q)
{
	const struct plan_dice *dice = q->ctx->dice;
	struct wall when = q->state->next_try;

	if (when.s < 0 || when.s > STAMP_MAX_S)
		return q->ctx->now; /* none, or damaged */
	if (dice != NULL && q->state->retry_wait_s > 0)
		when.s += (int64_t)(dice->unit(dice->cookie, q->state->key) *
		    (double)q->state->retry_wait_s / 10);
	return when;
}

/*
 * A failed job is tried again at a slot or opening before next_try.  Where
 * next_try is itself one, or what the server asked for (retry_wait_s is 0),
 * it stands.
 */
static struct wall failed_try(const struct question *q, const struct owed *owed)
{
	struct wall when = spread_try(q), chance = owed->last, opens;

	if (q->state->retry_wait_s <= 0 || q->state->considered.s == WALL_NONE)
		return when;
	if (chance.s == WALL_NONE)
		chance = owed->next;
	if (chance.s != WALL_NONE && chance.s < when.s)
		when = chance;
	opens = window_next_opening(q->s, q->ctx->cal, q->state->considered);
	if (opens.s != WALL_NONE && opens.s < when.s)
		when = opens;
	return when;
}

static void by_try(struct question *q, struct wall when)
{
	struct reason *r = &q->reason;

	q->d->at = when;
	switch (q->state->phase) {
	case PHASE_PARTIAL:
		reason_add(r, "partial");
		break;
	case PHASE_WAITING:
		reason_add(r,
		    q->state->error_kind == ERR_DISK ? "no space" : "waiting");
		break;
	default:
		say_failures(q);
		break;
	}
	if (when.s > q->ctx->now.s) {
		reason_add(r, ", next try ");
		reason_add_time(r, when);
	} else {
		reason_add(r,
		    q->state->phase == PHASE_PARTIAL ? ", goes on"
						     : ", tries again");
	}
}

static void say_due_now(struct question *q)
{
	struct reason *r = &q->reason;

	if (q->state->phase == PHASE_NEW && q->state->commit[0] == '\0')
		reason_add(r, "new");
	else if (q->state->phase == PHASE_NEW)
		reason_add(r, "changed");
	else if (q->state->phase == PHASE_RETRYING)
		reason_add(r, "unparked");
	else if (q->state->phase != PHASE_PARTIAL &&
	    q->state->phase != PHASE_CURRENT)
		reason_add(r, "asked for");
	else
		reason_add(r, "listed again");
}

/* Named on the command line, or all asked for: whatever the state is. */
static bool is_asked_for(struct question *q)
{
	if (q->job->named) {
		reason_add(&q->reason, "named");
		if (!q->job->job->enabled) {
			reason_add(&q->reason, ", although ");
			say_disabled(q);
		} else if (q->state->phase == PHASE_PARKED) {
			reason_add(&q->reason, ", although ");
			say_parked(q);
		}
		return true;
	}
	if (q->ctx->config->all)
		reason_add(&q->reason, "all are asked for");
	return q->ctx->config->all;
}

/* But for pauses.  false if it is blocked. */
static bool when_due_unpaused(struct question *q)
{
	struct owed owed;
	bool parked = !q->job->named && q->state->phase == PHASE_PARKED;
	bool wrong_stamp = q->state->considered.s >
	    q->ctx->now.s + DUE_FUTURE_S;

	q->d->slot = none;
	if (!q->job->named && !q->job->job->enabled) {
		say_disabled(q);
		return false;
	}
	if (parked) {
		say_parked(q);
		reason_add(&q->reason, "; asks again: ");
	}
	find_owed(q, &owed);
	q->d->at = q->ctx->now;
	q->d->slot = owed.last;
	if (!parked && is_asked_for(q))
		return true;
	if (wrong_stamp) {
		reason_add(&q->reason, "last looked at in the future, ");
		reason_add_time(&q->reason, q->state->considered);
		reason_add(&q->reason, ": the clock was wrong");
		return true;
	}
	if (q->state->due_now) {
		say_due_now(q);
		return true;
	}
	switch (q->state->phase) {
	case PHASE_FETCHING:
		reason_add(&q->reason, "begun, goes on");
		return true;
	case PHASE_RETRYING:
	case PHASE_PARTIAL:
	case PHASE_WAITING:
		by_try(q, spread_try(q));
		return true;
	case PHASE_FAILED:
		by_try(q, failed_try(q, &owed));
		return true;
	default:
		return by_slot(q, &owed);
	}
}

/* Fills d->at, d->slot and the reason; false if it is blocked. */
static bool when_due(struct question *q)
{
	struct wall until = q->job->paused_until;

	if (!q->job->paused || q->job->named ||
	    (until.s != WALL_NONE && until.s <= q->ctx->now.s))
		return when_due_unpaused(q);
	if (until.s == WALL_NONE) {
		q->d->slot = none;
		reason_add(&q->reason, "paused; hfcron resume releases it");
		return false;
	}
	reason_add(&q->reason, "paused until ");
	reason_add_time(&q->reason, until);
	reason_add(&q->reason, "; ");
	if (!when_due_unpaused(q))
		return false;
	if (q->d->at.s < until.s)
		q->d->at = until;
	return true;
}

/* Nobody is served before that, named or not. */
static void heed_rate_limit(struct question *q)
{
	struct wall reset = q->job->not_before;

	if (reset.s == WALL_NONE || reset.s <= q->ctx->now.s ||
	    q->d->at.s >= reset.s)
		return;
	reason_add(&q->reason, "; the Hub's rate limit is used up until ");
	reason_add_time(&q->reason, reset);
	q->d->at = reset;
}

/* The window at `when`, which is not before now, as far as it is known. */
static struct window_state window_then(const struct question *q,
    struct wall when)
{
	const struct window_state *w = &q->facts->window;

	if (w->until.s == WALL_NONE || when.s < w->until.s)
		return *w;
	return window_at(q->s, q->ctx->cal, when);
}

/* The last word: bytes move only while a window is open. */
static enum plan_verdict gate(struct question *q)
{
	struct reason *r = &q->reason;
	struct plan_decision *d = q->d;
	bool due = d->at.s <= q->ctx->now.s;
	struct window_state w;

	if (q->s->n_windows == 0)
		return due ? PLAN_DUE : PLAN_WAITING;
	w = window_then(q, due ? q->ctx->now : d->at);
	if (q->ctx->config->ignore_window) {
		if (due && !w.open)
			reason_add(r, ", closed window ignored");
		return due ? PLAN_DUE : PLAN_WAITING;
	}
	if (!w.open) {
		if (w.until.s == WALL_NONE) {
			reason_add(r, "; window never opens");
			return PLAN_BLOCKED;
		}
		reason_add(r,
		    due ? "; window closed; opens "
			: "; window closed then; opens ");
		reason_add_time(r, w.until);
		d->at = w.until;
		return PLAN_WAITING;
	}
	if (!due)
		return PLAN_WAITING;
	d->closes = w.until;
	if (w.until.s != WALL_NONE) {
		reason_add(r, ", window until ");
		reason_add_time(r, w.until);
	}
	return PLAN_DUE;
}

void due_decide(struct due_context *ctx, const struct plan_job *job,
    struct plan_decision *d)
{
	struct question q = { .ctx = ctx,
		.job = job,
		.state = job->state,
		.s = job->job->schedule,
		.d = d };
	struct job_state fresh;

	if (q.state == NULL) { /* what reconcile will make of it */
		job_state_init(&fresh);
		fresh.considered = ctx->now;
		fresh.due_now = reconcile_new_is_due(q.s);
		q.state = &fresh;
	}
	q.facts = facts_of(ctx, q.s);
	reason_init(&q.reason, ctx->cal, q.s->zone, ctx->now);
	d->closes = none;
	if (when_due(&q)) {
		heed_rate_limit(&q);
		d->verdict = gate(&q);
	} else {
		d->verdict = PLAN_BLOCKED;
	}
	if (d->verdict == PLAN_BLOCKED)
		d->at = none;
	reason_finish(&q.reason, d->reason);
}
