/*
 * doctor.h - what `hfcron doctor` finds out, as a list of findings.
 */
#ifndef HFCRON_COMMANDS_DOCTOR_H
#define HFCRON_COMMANDS_DOCTOR_H

#include <stddef.h>

#include "commands/session.h"

enum finding_level {
	FINDING_OK,
	FINDING_NOTE, /* worth knowing; nothing has to be done */
	FINDING_WARN, /* will be trouble some day, or is not as meant */
	FINDING_FAIL  /* a person must act */
};

struct finding {
	enum finding_level level;
	const char *topic;  /* static */
	char *text;	    /* own; what was seen, escaped */
	const char *advice; /* static; what to do, NULL if nothing */
};

struct findings {
	struct finding *items; /* own */
	size_t n, cap;
	bool failed; /* memory was short */
};

void findings_add(struct findings *f, enum finding_level level,
    const char *topic, const char *advice, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 5, 6)));
void findings_release(struct findings *f);

/*
 * The installed schedule entry: where it is and what it runs.  `as_cron`: run
 * its command in the bare environment that the scheduler gives it, tell how
 * that ended, and what differs from this shell.  The session has its
 * configuration loaded.
 */
void doctor_entry(struct session *s, bool as_cron, struct findings *f);

#endif
