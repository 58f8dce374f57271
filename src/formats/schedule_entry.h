/*
 * schedule_entry.h - the system scheduler's own files, read as far as it takes
 * to find the entries that start a program: crontabs (crontab(5), Vixie's) and
 * systemd service units (systemd.service(5), systemd.syntax(7)).  Pure.
 */
#ifndef HFCRON_FORMATS_SCHEDULE_ENTRY_H
#define HFCRON_FORMATS_SCHEDULE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>

enum { SCHEDULE_ENTRIES_MAX = 1000, SCHEDULE_ENTRY_VARIABLES_MAX = 256 };

struct schedule_entry {
	int line;      /* from 1, of the command */
	char *when;    /* own; a crontab's five fields or @word; "" for units */
	char *user;    /* own; NULL if the file does not name one */
	char *command; /* own; what /bin/sh -c is given */
	char **env;    /* own; NAME=VALUE that the file sets for it */
	size_t n_env;
};

struct schedule_entries {
	struct schedule_entry *items; /* own */
	size_t n, cap;
};

void schedule_entries_release(struct schedule_entries *entries);

/*
 * The lines of a crontab whose command names `word` as a word of its own, or as
 * the last part of a path.  `with_user`: the sixth field is a user (/etc/crontab,
 * /etc/cron.d).  "\%" becomes "%", and what stands behind a bare "%" is standard
 * input and left out, as cron does.  Settings above a line are its env.  Appends;
 * 0, or -1 (no memory).
 */
int schedule_entries_from_crontab(const char *text, bool with_user,
    const char *word, struct schedule_entries *entries);

/*
 * The ExecStart= of a service unit, if it names `word`; Environment= and User=
 * with it.  "%%" and "$$" become "%" and "$"; of the specifiers "%h" is `home`,
 * others stay.  Appends; 0, or -1 (no memory).
 */
int schedule_entries_from_unit(const char *text, const char *home,
    const char *word, struct schedule_entries *entries);

/* The position in `command` of the word `word` (alone or as the last part of a
 * path, quoted or not), NULL if it is not there. */
const char *schedule_entry_find_word(const char *command, const char *word);

#endif
