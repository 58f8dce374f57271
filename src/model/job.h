/*
 * job.h - one entry of the model list, complete: defaults applied, id made.
 * Plain data.
 */
#ifndef HFCRON_MODEL_JOB_H
#define HFCRON_MODEL_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/pattern.h"
#include "model/repo.h"
#include "model/schedule.h"

enum job_priority { JOB_HIGH, JOB_MEDIUM, JOB_LOW };

enum { JOB_KEY_BYTES = 16, JOB_HASH_BYTES = 16 };

struct job {
	char *id; /* own; unique over all lists */
	enum repo_type type;
	char *name;	/* own; repository id */
	char *revision; /* own; "main" by default */
	bool follow;	/* false: fetch once and pin */
	bool enabled;
	enum job_priority priority;
	struct pattern_list include, exclude; /* own */
	char *local_dir; /* own, absolute; NULL: the cache */
	char *note;	 /* own or NULL */
	/* It must have been confirmed within so long; 0: whenever, -1: as its
	 * schedule says. */
	int64_t max_staleness_s;
	const struct schedule *schedule; /* foreign: the config's */
	const char *file;		 /* foreign: list it stands in */
	int line;
};

void job_release(struct job *job);

/* "high" ... ; parse: 0 or -1. */
const char *job_priority_name(enum job_priority p);
int job_priority_parse(const char *text, enum job_priority *p);

/*
 * One line that names all that decides what is fetched and where: type, name,
 * revision, follow, filters, destination (cache_dir or local_dir), endpoint.
 * Its hash tells a changed job.  Returns owned, NULL: no memory.
 */
char *job_text(const struct job *job, const char *cache_dir,
    const char *endpoint);

/* "model/org/name@main"; with a local_dir, "+" and 8 hex digits of
 * `local_dir_hash` follow.  Returns owned, NULL: no memory. */
char *job_default_id(enum repo_type type, const char *name,
    const char *revision, const char *local_dir_hash);

#endif
