/*
 * due.h - the decision about one job.  Pure.  plan.h is the way in; this is
 * its inside.
 */
#ifndef HFCRON_PLAN_DUE_H
#define HFCRON_PLAN_DUE_H

#include "model/calendar.h"
#include "plan/plan.h"
#include "plan/slots.h"

/* A stamp further ahead of the clock than this was made by a wrong clock. */
enum { DUE_FUTURE_S = 86400 };

/* What holds for a schedule at `now`, whichever job asks. */
struct due_facts {
	const struct schedule *s;      /* borrowed; NULL: unused */
	struct wall last, before_last; /* slots at or before now */
	struct wall next;	       /* the first slot after now */
	struct wall after_next;	       /* the one after that; for splay only */
	bool missed;		       /* `last` is dropped by catch_up skip */
	struct window_state window;
};

/* Many jobs share few schedules; a clash only costs time. */
enum { DUE_MEMO = 61 };

struct due_context {
	const struct plan_config *config; /* all borrowed */
	const struct calendar *cal;
	const struct plan_dice *dice; /* NULL: no jitter */
	struct wall now;
	struct due_facts memo[DUE_MEMO];
};

void due_init(struct due_context *ctx, const struct plan_config *config,
    const struct calendar *cal, const struct plan_dice *dice, struct wall now);

/* Fills all of *d but the index. */
void due_decide(struct due_context *ctx, const struct plan_job *job,
    struct plan_decision *d);

#endif
