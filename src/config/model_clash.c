/* model_clash.c - jobs that cannot stand side by side.  Sorting finds them:
 * a list may have a hundred thousand entries. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/paths.h"
#include "platform/dirs.h"

enum { PLACE_MAX = 512 };

struct clash {
	const struct config *config;
	const struct model_list *list;
	const struct model_list_marks *marks;
	struct problems *problems;
	const char *home; /* foreign; NULL if there is none */
};

/* What is sorted. */
struct entry {
	const struct job *job;
};

/* Equal ones in the order of the lists, so that the second is at fault. */
static int by_place(const struct job *a, const struct job *b)
{
	return (a > b) - (a < b);
}

static int by_id(const void *a, const void *b)
{
	const struct job *x = ((const struct entry *)a)->job;
	const struct job *y = ((const struct entry *)b)->job;
	int order = strcmp(x->id, y->id);

	return order != 0 ? order : by_place(x, y);
}

static int compare_work(const struct job *x, const struct job *y)
{
	int order = strcmp(x->name, y->name);

	if (order == 0)
		order = (int)x->type - (int)y->type;
	if (order == 0)
		order = strcmp(x->revision, y->revision);
	if (order == 0)
		order = (x->local_dir != NULL) - (y->local_dir != NULL);
	if (order == 0 && x->local_dir != NULL)
		order = strcmp(x->local_dir, y->local_dir);
	return order;
}

static int by_work(const void *a, const void *b)
{
	const struct job *x = ((const struct entry *)a)->job;
	const struct job *y = ((const struct entry *)b)->job;
	int order = compare_work(x, y);

	return order != 0 ? order : by_place(x, y);
}

static int by_local_dir(const void *a, const void *b)
{
	const struct job *x = ((const struct entry *)a)->job;
	const struct job *y = ((const struct entry *)b)->job;
	int order = paths_compare(x->local_dir, y->local_dir);

	return order != 0 ? order : by_place(x, y);
}

/* Where `first` stands, as seen from `second`. */
static const char *place(const struct job *first, const struct job *second,
    char *buf, size_t size)
{
	if (first->file == second->file)
		snprintf(buf, size, "line %d", first->line);
	else
		snprintf(buf, size, "%s:%d", first->file, first->line);
	return buf;
}

/* A problem at the later of two jobs that names the earlier one. */
static void report(const struct clash *c, const struct job *a,
    const struct job *b, const char *what, const char *value)
{
	const struct job *first = a < b ? a : b, *second = a < b ? b : a;
	char where[PLACE_MAX];

	problems_add(c->problems, second->file,
	    c->marks->pos[second - c->list->jobs], "%s as at %s: %.300s", what,
	    place(first, second, where, sizeof(where)), value);
}

static void report_dirs(const struct clash *c, const struct job *outer,
    const struct job *inner)
{
	const struct job *first = outer < inner ? outer : inner;
	const struct job *second = outer < inner ? inner : outer;
	const char *what = strcmp(outer->local_dir, inner->local_dir) == 0
	    ? "is"
	    : second == inner ? "lies in"
			      : "holds";
	char where[PLACE_MAX];

	problems_add(c->problems, second->file,
	    c->marks->pos[second - c->list->jobs],
	    "local_dir %.300s %s that of %s", second->local_dir, what,
	    place(first, second, where, sizeof(where)));
}

static void check_ids(const struct clash *c, struct entry *entries, size_t n)
{
	qsort(entries, n, sizeof(*entries), by_id);
	for (size_t i = 1; i < n; i++)
		/* Equal work has equal ids unless the user chose them. */
		if (strcmp(entries[i - 1].job->id, entries[i].job->id) == 0 &&
		    compare_work(entries[i - 1].job, entries[i].job) != 0)
			report(c, entries[i - 1].job, entries[i].job,
			    "the same id", entries[i].job->id);
}

static void check_work(const struct clash *c, struct entry *entries, size_t n)
{
	qsort(entries, n, sizeof(*entries), by_work);
	for (size_t i = 1; i < n; i++)
		if (compare_work(entries[i - 1].job, entries[i].job) == 0)
			report(c, entries[i - 1].job, entries[i].job,
			    "the same repository, revision and destination",
			    entries[i].job->name);
}

static void check_nesting(const struct clash *c, struct entry *entries,
    size_t n)
{
	const struct job *outer;

	qsort(entries, n, sizeof(*entries), by_local_dir);
	outer = n > 0 ? entries[0].job : NULL;
	for (size_t i = 1; i < n; i++) {
		const struct job *job = entries[i].job;

		/* Equal work was told before. */
		if (!paths_within(outer->local_dir, job->local_dir))
			outer = job;
		else if (compare_work(outer, job) != 0)
			report_dirs(c, outer, job);
	}
}

/*
 * The files of a repository get the names that its owner chose: ".bashrc" in
 * a home directory, or the configuration itself, must be out of reach.
 */
static void check_reach(const struct clash *c, const struct job *job)
{
	const struct config *config = c->config;
	const char *dir = job->local_dir;
	struct text_pos pos = c->marks->pos[job - c->list->jobs];
	const struct {
		const char *path, *what;
	} guarded[] = {
		{ config->cache_dir, "cache_dir" },
		{ config->state_dir, "state_dir" },
		{ config->dir, "the folder of the configuration" },
		{ config->log.file, "the log file" },
		{ config->token_file, "token_file" },
		{ job->file, "this list" },
		{ c->home, "the home directory" },
	};

	if (config->cache_dir != NULL && paths_within(config->cache_dir, dir)) {
		problems_add(c->problems, job->file, pos,
		    "local_dir %.300s lies in cache_dir %.300s", dir,
		    config->cache_dir);
		return;
	}
	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		if (guarded[i].path != NULL &&
		    paths_within(dir, guarded[i].path) &&
		    !paths_is_system(dir)) {
			problems_add(c->problems, job->file, pos,
			    "local_dir %.300s would hold %s too (%.300s)", dir,
			    guarded[i].what, guarded[i].path);
			return;
		}
	}
}

void model_clash_check(const struct config *config,
    const struct model_list *list, const struct model_list_marks *marks,
    struct problems *problems)
{
	struct clash c = { config, list, marks, problems, dirs_home() };
	struct entry *entries;
	size_t n = 0;

	if (list->n == 0)
		return;
	entries = calloc(list->n, sizeof(*entries));
	if (entries == NULL) {
		problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < list->n; i++)
		entries[i].job = &list->jobs[i];
	check_work(&c, entries, list->n);
	check_ids(&c, entries, list->n);
	for (size_t i = 0; i < list->n; i++) {
		if (list->jobs[i].local_dir == NULL)
			continue;
		entries[n++].job = &list->jobs[i];
		check_reach(&c, &list->jobs[i]);
	}
	check_nesting(&c, entries, n);
	free(entries);
}
