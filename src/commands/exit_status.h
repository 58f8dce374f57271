/*
 * exit_status.h - the one table of exit codes (hfcron(1), EXIT STATUS).
 */
#ifndef HFCRON_COMMANDS_EXIT_STATUS_H
#define HFCRON_COMMANDS_EXIT_STATUS_H

#include "base/err.h"

enum exit_status {
	EXIT_DONE = 0,	 /* all due work done, nothing due, window or
				   budget over, or another run is at work */
	EXIT_RETRY = 1,	 /* some jobs failed, to be tried again */
	EXIT_CONFIG = 2, /* usage or configuration; nothing started */
	EXIT_PERSON = 3, /* some jobs are parked */
	EXIT_DISK = 4,	 /* disk or store refused work */
	EXIT_BUG = 70
};

/* What an error of a job, or of the run, means for the exit code. */
enum exit_status exit_status_of(enum err_kind kind);

/* The first that applies in the order 70 2 4 3 1 0. */
enum exit_status exit_status_worse(enum exit_status a, enum exit_status b);

#endif
