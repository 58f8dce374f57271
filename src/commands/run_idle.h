/*
 * run_idle.h - a run's side of the idle check: look before anything is read,
 * remember at the end.
 */
#ifndef HFCRON_COMMANDS_RUN_IDLE_H
#define HFCRON_COMMANDS_RUN_IDLE_H

#include <stdbool.h>
#include <stddef.h>

#include "commands/idle.h"
#include "commands/job_entries.h"

/* All 0 until run_idle_look was called. */
struct run_idle {
	uint8_t fingerprint[IDLE_FINGERPRINT_BYTES]; /* private */
	bool has_fingerprint;			     /* private */
};

/*
 * Is there nothing to do?  Then `record` tells of what the last run left.  Never
 * if the command line asks for more than what is due.  The session has its
 * configuration and nothing else.
 */
bool run_idle_look(struct run_idle *idle, const struct session *s,
    struct idle_record *record);

/*
 * For the next start: saves the entries that changed, and when something is to
 * be done.  It is about the files as they were at run_idle_look(), before they
 * were read: what changed since is noticed.  Failure is logged; the next run
 * then looks at all.
 */
void run_idle_remember(const struct run_idle *idle, struct session *s,
    struct job_entries *entries);

/* Jobs that wait for a person. */
size_t run_idle_parked(const struct job_entries *entries);

#endif
