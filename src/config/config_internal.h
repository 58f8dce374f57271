/*
 * config_internal.h - what the files of this room share.
 */
#ifndef HFCRON_CONFIG_CONFIG_INTERNAL_H
#define HFCRON_CONFIG_CONFIG_INTERNAL_H

#include "config/config.h"
#include "config/model_list.h"
#include "config/reader.h"

/* Where values stand, for problems that show only when all is read. */
struct config_marks {
	struct text_pos cache_dir, state_dir;
	const struct tree_node *default_schedule; /* foreign */
};

/* Every default that is a plain value, and the built-in schedules. */
int config_set_defaults(struct config *config);

/* Add what a configuration text says; config->dir must be set.  false: it is
 * not YAML, so it says nothing. */
bool config_read_text(struct config *config, const char *file, const char *text,
    size_t n, struct config_marks *marks, struct problems *problems);

/* `schedules:`; `into` of its readers is a struct config. */
void config_read_schedules(const struct reader *r, const struct tree_node *node,
    void *into);

/* Readers of one schedule's keys; `into` is a draft that is private there. */
void config_schedule_at(const struct reader *r, const struct tree_node *node,
    void *into);
void config_schedule_every(const struct reader *r, const struct tree_node *node,
    void *into);
void config_schedule_cron(const struct reader *r, const struct tree_node *node,
    void *into);
void config_schedule_days(const struct reader *r, const struct tree_node *node,
    void *into);
void config_schedule_window(const struct reader *r,
    const struct tree_node *node, void *into);
void config_schedule_timezone(const struct reader *r,
    const struct tree_node *node, void *into);
/* A duration or none (0); false after a problem. */
bool config_max_staleness(const struct reader *r, const struct tree_node *node,
    int64_t *s);
void config_schedule_max_staleness(const struct reader *r,
    const struct tree_node *node, void *into);
void config_schedule_splay(const struct reader *r, const struct tree_node *node,
    void *into);
void config_schedule_catch_up(const struct reader *r,
    const struct tree_node *node, void *into);

/* A window or a list of them; *windows is owned, what it held is freed. */
void config_read_windows(const struct reader *r, const struct tree_node *node,
    struct window **windows, size_t *n);

/* transfer.bandwidth; `into` is a struct transfer_config, and of the readers of
 * an entry's keys a draft that is private there. */
void config_read_bandwidth(const struct reader *r, const struct tree_node *node,
    void *into);
void config_bandwidth_during(const struct reader *r,
    const struct tree_node *node, void *into);
void config_bandwidth_limit(const struct reader *r,
    const struct tree_node *node, void *into);

/* hourly, daily, weekly; 0 or -1 (no memory). */
int config_builtin_schedules(struct config *config);

/* The schedule that the node names; NULL after a problem with a suggestion. */
const struct schedule *config_named_schedule(const struct reader *r,
    const struct config *config, const struct tree_node *node);

/* Fill from the environment what the file left open. */
void config_read_environment(struct config *config, struct problems *problems);

/* $HF_HOME or its default, clean and absolute; *path is owned. */
int config_hf_home(char **path, struct err *e);

/* A variable that holds a path: expanded, clean, absolute.  *path is owned,
 * NULL if the variable is unset or empty. */
int config_env_path(const char *name, char **path, struct err *e);

/* What to add to a message if the configuration has the name of a list. */
const char *config_json_hint(const char *file);

/* true for 1, ON, YES, TRUE in any case. */
bool config_env_true(const char *name);

/* Positions beside the jobs of a list, for problems that show only when all
 * lists are read. */
struct model_list_marks {
	struct text_pos *pos; /* own; of jobs[i] */
	size_t cap;
};

/* Add what one list says; `file` must be one of config->model_files. */
void model_list_read_text(const struct config *config, const char *file,
    const char *text, size_t n, struct model_list *list,
    struct model_list_marks *marks, struct problems *problems);

/*
 * Jobs that cannot stand side by side: equal ids, equal work, equal or nested
 * local_dirs, and local_dirs that would hold what they must not overwrite.
 */
void model_clash_check(const struct config *config,
    const struct model_list *list, const struct model_list_marks *marks,
    struct problems *problems);

/* Fill in what a job with a name lacks: revision, id.  false: no memory. */
bool model_entry_complete(struct job *job);

#endif
