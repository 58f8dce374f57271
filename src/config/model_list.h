/*
 * model_list.h - the JSON lists (what to keep), typed and validated.
 */
#ifndef HFCRON_CONFIG_MODEL_LIST_H
#define HFCRON_CONFIG_MODEL_LIST_H

#include "config/config.h"

struct model_list {
	struct job *jobs; /* own; in the order of the files */
	size_t n, cap;
};

/*
 * Read all lists of the configuration.  A job's schedule: its own, the list's
 * defaults, settings.check_frequency, then default_schedule.  Errors as with
 * config_load; two jobs with equal type, name, revision and destination, equal
 * ids, and equal or nested local_dirs are errors naming both lines.  No list
 * at all (the default file absent) is a problem that says what to write.
 */
int model_list_load(const struct config *config, struct model_list *list,
    struct problems *problems, struct err *e);
void model_list_release(struct model_list *list);

/*
 * One job from a repository id or "hf://..." free words of the command line
 * (`get`): defaults, no schedule.  0 or -1 with ERR_USAGE.
 */
int model_list_adhoc(const char *name, enum repo_type type,
    const char *revision, struct job *job, struct err *e);

/* The jobs that `word` names: an id, or a repository name (may be several).
 * Writes indexes into `found` (capacity list->n), returns how many. */
size_t model_list_find(const struct model_list *list, const char *word,
    size_t *found);

#endif
