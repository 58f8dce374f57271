/*
 * doctor_trial.h - trying the command of a schedule entry as its scheduler runs
 * it.  Belongs to doctor_*.c.
 */
#ifndef HFCRON_COMMANDS_DOCTOR_TRIAL_H
#define HFCRON_COMMANDS_DOCTOR_TRIAL_H

#include "commands/doctor.h"

enum { BARE_MAX = 1024 };

/* The topic of all findings about schedule entries. */
#define DOCTOR_SCHEDULE "schedule"

/* Variables of a bare environment.  Start from zeroes. */
struct bare {
	char *items[BARE_MAX + 1]; /* own; NAME=VALUE, NULL at the end */
	size_t n;
	bool failed;
};

/* The last value counts; NULL: none. */
void bare_put(struct bare *bare, const char *name, const char *value);
void bare_put_text(struct bare *bare, const char *text); /* NAME=VALUE */
const char *bare_get(const struct bare *bare, const char *name);
void bare_release(struct bare *bare);

struct trial { /* all borrowed */
	const char *const *argv;
	const char *const *check; /* the same program and options, but for
				     "check --format json"; NULL: unknown */
	const char *dir;	  /* NULL: here */
	const struct bare *bare;
};

/* Runs it; tells how that ended and what differs from this shell. */
void doctor_trial(const struct session *s, const struct trial *t,
    struct findings *f);

#endif
