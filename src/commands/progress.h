/*
 * progress.h - how far the run at work is: painted on a terminal, and
 * published in <state_dir>/progress.json for `status`.
 */
#ifndef HFCRON_COMMANDS_PROGRESS_H
#define HFCRON_COMMANDS_PROGRESS_H

#include <stdbool.h>

#include "commands/job_work.h"

/* Bytes a second, smoothed. */
struct meter {
	uint64_t received;
	double rate;
};

struct progress {
	struct session *session;      /* foreign */
	const struct job_work *works; /* foreign */
	size_t n;
	bool live;    /* paint on stderr */
	bool publish; /* write the file */
	bool colour;
	int painted_lines;
	struct mono painted, published, measured;
	struct meter all;
	struct meter *meters; /* own; per work; NULL without memory */
};

/* publish: for runs; `get` only paints. */
void progress_init(struct progress *p, struct session *s,
    const struct job_work *works, size_t n, bool publish);
/* Cheap; does something a few times a second. */
void progress_tick(struct progress *p);
/* Wipes what was painted and removes the file. */
void progress_end(struct progress *p);

/* Removes what a run that died has published. */
void progress_forget(struct session *s);

/* Seconds until `left` bytes are there at this rate, -1 if nobody knows. */
int64_t progress_eta_s(uint64_t left, double bytes_per_s);

#endif
