/* model_entry.c - one list as text, entry by entry. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "base/vec.h"
#include "config/config_internal.h"
#include "config/paths.h"
#include "config/source.h"
#include "platform/digest.h"
#include "platform/fs.h"

enum {
	ID_MAX = 512,
	NOTE_MAX = 4096,
	PATTERNS_MAX = 1000,
	AGE_DAYS_MAX = 36500,
	DIR_HASH_BYTES = 4
};

/* What the readers of a document fill. */
struct document {
	const struct config *config;
	struct model_list *list;
	struct model_list_marks *marks;
	const struct tree_node *models, *defaults, *settings; /* foreign */
	const struct schedule *check_frequency;
};

/* An entry while its keys are read; also the defaults. */
struct draft {
	const struct config *config;
	struct job job;
	bool has_include, has_exclude;
};

static struct job *job_of(void *into)
{
	return &((struct draft *)into)->job;
}

static void read_name(const struct reader *r, const struct tree_node *node,
    void *into)
{
	const char *text, *problem;

	if (!reader_string(r, node, "a repository such as org/name", &text))
		return;
	problem = repo_id_problem(text);
	if (problem != NULL)
		reader_problem(r, node, "bad repository id \"%.120s\": %s",
		    text, problem);
	/* A bad one is kept: then the name is not missed as well. */
	reader_keep(r, text, &job_of(into)->name);
}

static void read_type(const struct reader *r, const struct tree_node *node,
    void *into)
{
	static const char *const words[] = { "model", "dataset", "space",
		NULL };
	int word;

	if (reader_word(r, node, words, &word))
		repo_type_parse(words[word], &job_of(into)->type);
}

static void read_revision(const struct reader *r, const struct tree_node *node,
    void *into)
{
	const char *text, *problem;

	if (!reader_string(r, node, "a branch, tag or commit", &text))
		return;
	problem = repo_revision_problem(text);
	if (problem != NULL)
		reader_problem(r, node, "bad revision \"%.120s\": %s", text,
		    problem);
	else
		reader_keep(r, text, &job_of(into)->revision);
}

static void read_follow(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_bool(r, node, &job_of(into)->follow);
}

static void read_enabled(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_bool(r, node, &job_of(into)->enabled);
}

static void read_priority(const struct reader *r, const struct tree_node *node,
    void *into)
{
	static const char *const words[] = { "high", "medium", "low", NULL };
	int word;

	if (reader_word(r, node, words, &word))
		job_priority_parse(words[word], &job_of(into)->priority);
}

static void read_max_staleness(const struct reader *r,
    const struct tree_node *node, void *into)
{
	(void)config_max_staleness(r, node, &job_of(into)->max_staleness_s);
}

static void read_patterns(const struct reader *r, const struct tree_node *node,
    struct pattern_list *patterns)
{
	const char *problem;
	size_t n;

	/* An empty list undoes that of the defaults. */
	if (node->type == TREE_LIST && node->n == 0)
		return;
	const struct tree_node *items = reader_items(r, node,
	    "a list of patterns", PATTERNS_MAX, &n);
	for (size_t i = 0; items != NULL && i < n; i++) {
		if (items[i].type != TREE_STRING)
			reader_expected(r, &items[i], "a pattern");
		else if ((problem = pattern_problem(items[i].text)) != NULL)
			reader_problem(r, &items[i], "bad pattern: %s",
			    problem);
		else if (pattern_list_add(patterns, items[i].text) == -1)
			r->problems->out_of_memory = true;
	}
}

static void read_include(const struct reader *r, const struct tree_node *node,
    void *into)
{
	((struct draft *)into)->has_include = true;
	read_patterns(r, node, &job_of(into)->include);
}

static void read_exclude(const struct reader *r, const struct tree_node *node,
    void *into)
{
	((struct draft *)into)->has_exclude = true;
	read_patterns(r, node, &job_of(into)->exclude);
}

static void read_schedule(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct draft *d = into;
	const struct schedule *found = config_named_schedule(r, d->config,
	    node);

	if (found != NULL)
		d->job.schedule = found;
}

static void read_local_dir(const struct reader *r, const struct tree_node *node,
    void *into)
{
	char **dir = &job_of(into)->local_dir;

	if (reader_path(r, node, dir) && paths_is_system(*dir))
		reader_problem(r, node,
		    "%s belongs to the system; name a folder of its own", *dir);
}

static void read_id(const struct reader *r, const struct tree_node *node,
    void *into)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/@+:";
	const char *text;

	if (!reader_string(r, node, "a short word", &text))
		return;
	size_t n = strlen(text);
	if (n == 0 || n > ID_MAX || strspn(text, allowed) != n ||
	    text[0] == '-')
		reader_problem(r, node,
		    "an id has 1 to %d letters, digits or _ . - / @ + : and "
		    "does not begin with -",
		    ID_MAX);
	else
		reader_keep(r, text, &job_of(into)->id);
}

static void read_note(const struct reader *r, const struct tree_node *node,
    void *into)
{
	const char *text;

	if (!reader_string(r, node, "text", &text))
		return;
	if (strlen(text) > NOTE_MAX)
		reader_problem(r, node, "longer than %d bytes", NOTE_MAX);
	else
		reader_keep(r, text, &job_of(into)->note);
}

static void ignore(const struct reader *r, const struct tree_node *node,
    void *into)
{
	(void)r;
	(void)node;
	(void)into;
}

/* It tells one entry from the others, so there is no default for it. */
static void refuse_default(const struct reader *r, const struct tree_node *node,
    void *into)
{
	(void)into;
	problems_add(r->problems, r->file, node->key_pos,
	    "\"%s\" cannot be a default: every entry has its own", node->key);
}

static void read_metadata(const struct reader *r, const struct tree_node *node,
    void *into)
{
	(void)into;
	if (node->type != TREE_MAP && node->type != TREE_NULL)
		reader_expected(r, node, "a map");
}

static void read_models(const struct reader *r, const struct tree_node *node,
    void *into)
{
	if (node->type != TREE_LIST)
		reader_expected(r, node, "a list of models");
	else
		((struct document *)into)->models = node;
}

static void read_defaults(const struct reader *r, const struct tree_node *node,
    void *into)
{
	(void)r;
	((struct document *)into)->defaults = node;
}

static void read_settings(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "settings.", into);
}

static void note_setting(const struct reader *r, const struct tree_node *node)
{
	problems_note(r->problems, r->file, node->key_pos,
	    "%s: accepted, has no effect yet", node->key);
}

static void read_max_total_size(const struct reader *r,
    const struct tree_node *node, void *into)
{
	uint64_t bytes;

	(void)into;
	if (reader_is_none(node) || reader_size(r, node, &bytes))
		note_setting(r, node);
}

static void read_auto_cleanup(const struct reader *r,
    const struct tree_node *node, void *into)
{
	bool value;

	(void)into;
	if (reader_bool(r, node, &value))
		note_setting(r, node);
}

static void read_cleanup_age_days(const struct reader *r,
    const struct tree_node *node, void *into)
{
	unsigned days;

	(void)into;
	if (reader_unsigned(r, node, 0, AGE_DAYS_MAX, &days))
		note_setting(r, node);
}

static void read_check_frequency(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct document *d = into;

	d->check_frequency = config_named_schedule(r, d->config, node);
}

static const struct reader_key keys[] = {
	{ "models", read_models },
	{ "models.*.name", read_name },
	{ "models.*.type", read_type },
	{ "models.*.revision", read_revision },
	{ "models.*.follow", read_follow },
	{ "models.*.include", read_include },
	{ "models.*.exclude", read_exclude },
	{ "models.*.schedule", read_schedule },
	{ "models.*.priority", read_priority },
	{ "models.*.max_staleness", read_max_staleness },
	{ "models.*.enabled", read_enabled },
	{ "models.*.local_dir", read_local_dir },
	{ "models.*.id", read_id },
	{ "models.*.note", read_note },
	/* Left by an older tool of this kind; state lives in the store. */
	{ "models.*.status", ignore },
	{ "defaults", read_defaults },
	{ "defaults.type", read_type },
	{ "defaults.revision", read_revision },
	{ "defaults.follow", read_follow },
	{ "defaults.include", read_include },
	{ "defaults.exclude", read_exclude },
	{ "defaults.schedule", read_schedule },
	{ "defaults.priority", read_priority },
	{ "defaults.max_staleness", read_max_staleness },
	{ "defaults.enabled", read_enabled },
	{ "defaults.note", read_note },
	{ "defaults.name", refuse_default },
	{ "defaults.id", refuse_default },
	{ "defaults.local_dir", refuse_default },
	{ "defaults.status", ignore },
	{ "settings", read_settings },
	{ "settings.max_total_size", read_max_total_size },
	{ "settings.auto_cleanup", read_auto_cleanup },
	{ "settings.cleanup_age_days", read_cleanup_age_days },
	{ "settings.check_frequency", read_check_frequency },
	{ "metadata", read_metadata },
};

static bool default_to(const char *text, char **to)
{
	if (*to == NULL)
		*to = text_dup(text);
	return *to != NULL || text == NULL;
}

bool model_entry_complete(struct job *job)
{
	uint8_t digest[32];
	char hash[2 * DIR_HASH_BYTES + 1];

	if (!default_to("main", &job->revision))
		return false;
	if (job->id != NULL)
		return true;
	if (job->local_dir != NULL) {
		digest_sha256(job->local_dir, strlen(job->local_dir), digest);
		hex_encode(digest, DIR_HASH_BYTES, hash);
	}
	job->id = job_default_id(job->type, job->name, job->revision,
	    job->local_dir != NULL ? hash : NULL);
	return job->id != NULL;
}

/* What the entry does not say, the defaults do. */
static bool apply_defaults(struct draft *d, const struct draft *defaults,
    const struct document *doc)
{
	struct job *job = &d->job;

	if (!default_to(defaults->job.revision, &job->revision) ||
	    !default_to(defaults->job.note, &job->note))
		return false;
	if (!d->has_include &&
	    pattern_list_copy(&job->include, &defaults->job.include) == -1)
		return false;
	if (!d->has_exclude &&
	    pattern_list_copy(&job->exclude, &defaults->job.exclude) == -1)
		return false;
	if (job->schedule == NULL)
		job->schedule = doc->check_frequency;
	if (job->schedule == NULL)
		job->schedule = doc->config->default_schedule;
	return model_entry_complete(job);
}

/* Takes the job's contents; false: no memory. */
static bool append(struct document *doc, const struct job *job,
    struct text_pos pos)
{
	struct model_list *list = doc->list;
	struct model_list_marks *marks = doc->marks;

	if (vec_grow((void **)&list->jobs, &list->cap, list->n + 1,
		sizeof(*list->jobs), CONFIG_JOBS_MAX) == -1 ||
	    vec_grow((void **)&marks->pos, &marks->cap, list->n + 1,
		sizeof(*marks->pos), CONFIG_JOBS_MAX) == -1)
		return false;
	marks->pos[list->n] = pos;
	list->jobs[list->n++] = *job;
	return true;
}

static void read_entry(const struct reader *r, const struct tree_node *node,
    const struct draft *defaults, struct document *doc)
{
	struct draft d = { .config = doc->config };

	d.job.type = defaults->job.type;
	d.job.follow = defaults->job.follow;
	d.job.enabled = defaults->job.enabled;
	d.job.priority = defaults->job.priority;
	d.job.max_staleness_s = defaults->job.max_staleness_s;
	d.job.schedule = defaults->job.schedule;
	d.job.file = r->file;
	d.job.line = node->pos.line;

	if (node->type == TREE_STRING)
		read_name(r, node, &d);
	else if (node->type == TREE_MAP)
		reader_map(r, node, "models.*.", &d);
	else
		reader_expected(r, node, "a repository name or a map");
	if (d.job.name == NULL) {
		if (node->type == TREE_MAP && tree_get(node, "name") == NULL)
			reader_problem(r, node, "this entry has no \"name\"");
		job_release(&d.job);
	} else if (!apply_defaults(&d, defaults, doc) ||
	    !append(doc, &d.job, node->pos)) {
		r->problems->out_of_memory = true;
		job_release(&d.job);
	}
}

static void read_entries(const struct reader *r, struct document *doc)
{
	struct draft defaults = { .config = doc->config };
	const struct tree_node *models = doc->models;

	defaults.job.follow = true;
	defaults.job.enabled = true;
	defaults.job.priority = JOB_MEDIUM;
	defaults.job.max_staleness_s = -1;
	if (doc->defaults != NULL)
		reader_map(r, doc->defaults, "defaults.", &defaults);
	if (models->n == 0)
		problems_note(r->problems, r->file, models->pos,
		    "no models are listed");
	if (models->n > CONFIG_JOBS_MAX - doc->list->n)
		reader_problem(r, models,
		    "more than %d models in all lists together",
		    CONFIG_JOBS_MAX);
	else
		for (size_t i = 0; i < models->n; i++)
			read_entry(r, &models->children[i], &defaults, doc);
	job_release(&defaults.job);
}

void model_list_read_text(const struct config *config, const char *file,
    const char *text, size_t n, struct model_list *list,
    struct model_list_marks *marks, struct problems *problems)
{
	struct reader r = { file, NULL, problems, keys,
		sizeof(keys) / sizeof(keys[0]) };
	struct document doc = {
		.config = config, .list = list, .marks = marks
	};
	struct tree *tree;
	char *dir = fs_dirname(file);

	if (dir == NULL) {
		problems->out_of_memory = true;
		return;
	}
	r.dir = dir;
	if (source_parse(file, SOURCE_JSON, text, n, &tree, problems)) {
		const struct tree_node *root = tree_root(tree);

		if (root->type == TREE_LIST)
			doc.models = root;
		else if (root->type != TREE_MAP)
			reader_expected(&r, root,
			    "a list of models, or a map with \"models\"");
		else
			reader_map(&r, root, "", &doc);
		if (root->type == TREE_MAP && tree_get(root, "models") == NULL)
			reader_problem(&r, root, "there is no \"models\" here");
		if (doc.models != NULL)
			read_entries(&r, &doc);
		tree_free(tree);
	}
	free(dir);
}
