/*
 * ask_ahead.h - the questions for the commits of the jobs to come, sent while
 * one job waits for its answer: a thousand jobs that are up to date do not wait
 * for a thousand round trips.
 *
 * It begins with one question, and with each answer twice as many may be under
 * way: a Hub that is down, or wants no more of us, is noticed by one job.
 */
#ifndef HFCRON_COMMANDS_ASK_AHEAD_H
#define HFCRON_COMMANDS_ASK_AHEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "commands/job_work.h"

struct ask_ahead {
	struct session *session; /* all borrowed */
	struct job_work *works;
	size_t n;
	size_t next;	/* first work that was not looked at */
	size_t allowed; /* questions under way */
};

void ask_ahead_init(struct ask_ahead *a, struct session *s,
    struct job_work *works, size_t n);
/* Before and after the check of work i; they come in order, not each. */
void ask_ahead_before(struct ask_ahead *a, size_t i);
void ask_ahead_after(struct ask_ahead *a, size_t i);

#endif
