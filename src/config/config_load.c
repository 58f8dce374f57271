/* config_load.c - finding, reading and completing the configuration. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "config/paths.h"
#include "config/source.h"
#include "config/url_check.h"
#include "platform/dirs.h"
#include "platform/fs.h"

enum {
	CANDIDATES_MAX = 8,
	JOBS_MAX = 64,
	CONNECTIONS_MAX = 256,
	ATTEMPTS_MAX = 100,
	RUNS_MAX = 1000,
	BACKUPS_MAX = 1000
};

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
/* Short enough that a test of a stall does not make anybody wait. */
#define TIMEOUT_MIN_MS INT64_C(10)

/* What the readers of the top level fill. */
struct loading {
	struct config *config;
	struct config_marks *marks;
};

static const struct text_pos whole_file = { 0, 0 };

static struct config *config_of(void *into)
{
	return ((struct loading *)into)->config;
}

static void read_models(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct config *config = config_of(into);
	size_t n;

	config->model_files_named = true;
	const struct tree_node *items = reader_items(r, node,
	    "a file or a list of files", CONFIG_LISTS_MAX, &n);
	if (items == NULL || config->model_files != NULL)
		return;
	config->model_files = calloc(n, sizeof(*config->model_files));
	if (config->model_files == NULL) {
		r->problems->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		char **file = &config->model_files[config->n_model_files];

		if (!reader_path(r, &items[i], file))
			continue;
		config->n_model_files++;
		for (size_t k = 0; k + 1 < config->n_model_files; k++)
			if (strcmp(config->model_files[k], *file) == 0)
				reader_problem(r, &items[i],
				    "%s stands here twice", *file);
	}
}

static void read_dir(const struct reader *r, const struct tree_node *node,
    char **dir, struct text_pos *mark)
{
	*mark = node->pos;
	if (reader_path(r, node, dir) && paths_is_system(*dir))
		reader_problem(r, node,
		    "%s belongs to the system; name a folder of its own", *dir);
}

static void read_cache_dir(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct loading *l = into;

	read_dir(r, node, &l->config->cache_dir, &l->marks->cache_dir);
}

static void read_state_dir(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct loading *l = into;

	read_dir(r, node, &l->config->state_dir, &l->marks->state_dir);
}

static void read_endpoint(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct config *config = config_of(into);
	const char *text, *problem;

	if (!reader_string(r, node, "a URL such as https://huggingface.co",
		&text))
		return;
	problem = url_check_endpoint(text);
	if (problem != NULL) {
		reader_problem(r, node, "the URL %s", problem);
		return;
	}
	if (!reader_keep(r, text, &config->endpoint))
		return;
	url_check_normalize(config->endpoint);
	config->endpoint_from_file = true;
}

static void read_token_file(const struct reader *r,
    const struct tree_node *node, void *into)
{
	if (reader_is_none(node))
		return;
	/* Not even in a message: what begins so is a token, no file. */
	if (node->type == TREE_STRING && text_starts(node->text, "hf_") &&
	    strchr(node->text, '/') == NULL) {
		reader_problem(r, node,
		    "this looks like a token; write it "
		    "into a file of mode 0600 and name that file here");
		return;
	}
	reader_path(r, node, &config_of(into)->token_file);
}

static void read_schedules(const struct reader *r, const struct tree_node *node,
    void *into)
{
	config_read_schedules(r, node, config_of(into));
}

static void read_default_schedule(const struct reader *r,
    const struct tree_node *node, void *into)
{
	(void)r;
	/* The schedules may stand further down. */
	((struct loading *)into)->marks->default_schedule = node;
}

static void read_transfer(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "transfer.", &config_of(into)->transfer);
}

static void read_parallel_jobs(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct transfer_config *t = into;

	reader_unsigned(r, node, 1, JOBS_MAX, &t->parallel_jobs);
}

static void read_connections(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct transfer_config *t = into;

	reader_unsigned(r, node, 1, CONNECTIONS_MAX, &t->connections);
}

static void read_connect_timeout(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct transfer_config *t = into;

	reader_duration(r, node, TIMEOUT_MIN_MS, 10 * MINUTE_MS,
	    &t->connect_timeout_ms);
}

static void read_stall_timeout(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct transfer_config *t = into;

	reader_duration(r, node, TIMEOUT_MIN_MS, HOUR_MS, &t->stall_timeout_ms);
}

static void read_max_duration(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct transfer_config *t = into;

	if (reader_is_none(node))
		t->max_duration_ms = 0;
	else
		reader_duration(r, node, TIMEOUT_MIN_MS, 366 * DAY_MS,
		    &t->max_duration_ms);
}

/* The URL may hold a password: no message repeats it. */
static void read_proxy(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct transfer_config *t = into;
	const char *text, *problem;

	if (!reader_string(r, node, "environment, none or a URL", &text))
		return;
	if (strcmp(text, "environment") == 0) {
		t->proxy_mode = PROXY_ENVIRONMENT;
	} else if (strcmp(text, "none") == 0) {
		t->proxy_mode = PROXY_NONE;
	} else if ((problem = url_check_proxy(text)) != NULL) {
		reader_problem(r, node,
		    "expected environment, none or a URL; the URL %s", problem);
	} else if (reader_keep(r, text, &t->proxy_url)) {
		t->proxy_mode = PROXY_URL;
	}
}

static void read_retry(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "retry.", &config_of(into)->retry);
}

static void read_attempts(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct retry_config *t = into;

	reader_unsigned(r, node, 0, ATTEMPTS_MAX, &t->attempts);
}

static void read_first_wait(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct retry_config *t = into;

	reader_duration(r, node, 1, HOUR_MS, &t->first_wait_ms);
}

static void read_failed_jobs(const struct reader *r,
    const struct tree_node *node, void *into)
{
	reader_map(r, node, "retry.failed_jobs.", into);
}

/* The store counts in seconds. */
static bool whole_seconds(const struct reader *r, const struct tree_node *node,
    int64_t *seconds)
{
	int64_t ms;

	if (!reader_duration(r, node, SECOND_MS, 366 * DAY_MS, &ms))
		return false;
	if (ms % SECOND_MS != 0) {
		reader_expected(r, node, "whole seconds");
		return false;
	}
	*seconds = ms / SECOND_MS;
	return true;
}

static void read_waits(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct retry_config *t = into;
	size_t n;
	const struct tree_node *items = reader_items(r, node,
	    "a list of durations such as [5m, 15m, 1h]", CONFIG_WAITS_MAX, &n);

	if (items == NULL)
		return;
	t->n_waits = 0;
	for (size_t i = 0; i < n; i++)
		if (whole_seconds(r, &items[i], &t->waits_s[t->n_waits]))
			t->n_waits++;
}

static void read_runs(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct retry_config *t = into;

	reader_unsigned(r, node, 1, RUNS_MAX, &t->runs);
}

static void read_reset_after(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct retry_config *t = into;

	whole_seconds(r, node, &t->reset_after_s);
}

static void read_storage(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "storage.", &config_of(into)->storage);
}

static void read_keep_free(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct storage_config *s = into;

	if (reader_is_none(node))
		s->keep_free_bytes = 0;
	else if (!reader_size(r, node, &s->keep_free_bytes))
		return;
	s->keep_free_set = true;
}

static void read_log(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "log.", &config_of(into)->log);
}

static void read_level(const struct reader *r, const struct tree_node *node,
    void *into)
{
	static const char *const words[] = { "error", "warn", "info", "debug",
		NULL };
	struct log_config *l = into;
	int word;

	if (reader_word(r, node, words, &word))
		log_level_parse(words[word], &l->level);
}

static void read_file(const struct reader *r, const struct tree_node *node,
    void *into)
{
	struct log_config *l = into;

	if (reader_is_none(node))
		reader_expected(r, node, "a path");
	else
		reader_path(r, node, &l->file);
}

static void read_backup(const struct reader *r, const struct tree_node *node,
    void *into)
{
	reader_map(r, node, "backup.", &config_of(into)->backup);
}

static void read_backup_keep(const struct reader *r,
    const struct tree_node *node, void *into)
{
	struct backup_config *b = into;

	reader_unsigned(r, node, 1, BACKUPS_MAX, &b->keep);
}

#define CONFIG_KEYS(KEY)                                                \
	KEY("models", read_models)                                      \
	KEY("cache_dir", read_cache_dir)                                \
	KEY("state_dir", read_state_dir)                                \
	KEY("endpoint", read_endpoint)                                  \
	KEY("token_file", read_token_file)                              \
	KEY("schedules", read_schedules)                                \
	KEY("schedules.*.at", config_schedule_at)                       \
	KEY("schedules.*.every", config_schedule_every)                 \
	KEY("schedules.*.cron", config_schedule_cron)                   \
	KEY("schedules.*.days", config_schedule_days)                   \
	KEY("schedules.*.window", config_schedule_window)               \
	KEY("schedules.*.timezone", config_schedule_timezone)           \
	KEY("schedules.*.catch_up", config_schedule_catch_up)           \
	KEY("schedules.*.splay", config_schedule_splay)                 \
	KEY("schedules.*.max_staleness", config_schedule_max_staleness) \
	KEY("default_schedule", read_default_schedule)                  \
	KEY("transfer", read_transfer)                                  \
	KEY("transfer.parallel_jobs", read_parallel_jobs)               \
	KEY("transfer.connections", read_connections)                   \
	KEY("transfer.bandwidth", config_read_bandwidth)                \
	KEY("transfer.bandwidth.during", config_bandwidth_during)       \
	KEY("transfer.bandwidth.limit", config_bandwidth_limit)         \
	KEY("transfer.connect_timeout", read_connect_timeout)           \
	KEY("transfer.stall_timeout", read_stall_timeout)               \
	KEY("transfer.max_duration", read_max_duration)                 \
	KEY("transfer.proxy", read_proxy)                               \
	KEY("retry", read_retry)                                        \
	KEY("retry.attempts", read_attempts)                            \
	KEY("retry.first_wait", read_first_wait)                        \
	KEY("retry.failed_jobs", read_failed_jobs)                      \
	KEY("retry.failed_jobs.waits", read_waits)                      \
	KEY("retry.failed_jobs.runs", read_runs)                        \
	KEY("retry.failed_jobs.reset_after", read_reset_after)          \
	KEY("storage", read_storage)                                    \
	KEY("storage.keep_free", read_keep_free)                        \
	KEY("log", read_log)                                            \
	KEY("log.level", read_level)                                    \
	KEY("log.file", read_file)                                      \
	KEY("backup", read_backup)                                      \
	KEY("backup.keep", read_backup_keep)

#define AS_ENTRY(path, function) { path, function },
#define AS_NAME(path, function) path,

static const struct reader_key keys[] = { CONFIG_KEYS(AS_ENTRY) };

const char *const *config_keys(void)
{
	static const char *const names[] = { CONFIG_KEYS(AS_NAME) NULL };

	return names;
}

int config_set_defaults(struct config *config)
{
	memset(config, 0, sizeof(*config));
	config->transfer = (struct transfer_config){
		.parallel_jobs = 2,
		.connections = 8,
		.connect_timeout_ms = 15 * SECOND_MS,
		.stall_timeout_ms = 30 * SECOND_MS,
		.proxy_mode = PROXY_ENVIRONMENT,
	};
	config->retry = (struct retry_config){
		.attempts = 5,
		.first_wait_ms = SECOND_MS,
		.waits_s = { 5 * 60, 15 * 60, 60 * 60 },
		.n_waits = 3,
		.runs = 3,
		.reset_after_s = 24 * 60 * 60,
	};
	config->storage.keep_free_bytes = UINT64_C(20) * 1000 * 1000 * 1000;
	config->log.level = LOG_INFO;
	config->backup.keep = 5;
	return config_builtin_schedules(config);
}

bool config_read_text(struct config *config, const char *file, const char *text,
    size_t n, struct config_marks *marks, struct problems *problems)
{
	struct reader r = { file, config->dir, problems, keys,
		sizeof(keys) / sizeof(keys[0]) };
	struct loading loading = { config, marks };
	struct tree *tree;

	if (!source_parse(file, SOURCE_YAML, text, n, &tree, problems))
		return false;
	const struct tree_node *root = tree_root(tree);
	if (root == NULL || root->type == TREE_NULL)
		problems_note(problems, file, whole_file,
		    "says nothing: all defaults apply");
	else
		reader_map(&r, root, "", &loading);
	if (marks->default_schedule != NULL)
		config->default_schedule = config_named_schedule(&r, config,
		    marks->default_schedule);
	marks->default_schedule = NULL;
	tree_free(tree);
	return true;
}

/* The folder that the configuration is, or would be, in. */
static char *default_dir(void)
{
	char *paths[CANDIDATES_MAX], *best = NULL;
	int n = dirs_config_candidates(paths, CANDIDATES_MAX);
	bool found = false;

	for (int i = 0; i < n; i++) {
		struct err ignored = ERR_INIT;
		struct fs_stat st;
		char *dir = fs_dirname(paths[i]);
		char *list = dir == NULL ? NULL : fs_join(dir, "models.json");
		bool here = list != NULL && fs_stat(list, &st, &ignored) == 0 &&
		    st.type != FS_ABSENT;

		if (best == NULL || (here && !found)) {
			free(best);
			best = dir;
		} else {
			free(dir);
		}
		found = found || here;
		free(list);
		free(paths[i]);
	}
	return best;
}

static int set_dir(struct config *config, const char *path, struct err *e)
{
	char *dir = path != NULL ? fs_dirname(path) : default_dir();

	if (dir == NULL && path == NULL)
		return err_set(e, ERR_CONFIG,
		    "no place to look for a configuration");
	if (dir != NULL)
		config->dir = paths_absolute(dir, e);
	else
		err_nomem(e);
	free(dir);
	return config->dir == NULL ? -1 : 0;
}

/* What follows from other values. */
static int complete(struct config *config)
{
	if (!config->model_files_named) {
		config->model_files = calloc(1, sizeof(*config->model_files));
		if (config->model_files == NULL)
			return -1;
		config->model_files[0] = fs_join(config->dir, "models.json");
		if (config->model_files[0] == NULL)
			return -1;
		config->n_model_files = 1;
	}
	if (config->default_schedule == NULL)
		config->default_schedule = config_schedule(config, "daily");
	if (config->log.file == NULL && config->state_dir != NULL) {
		config->log.file = fs_join(config->state_dir, "hfcron.log");
		if (config->log.file == NULL)
			return -1;
	}
	return 0;
}

/* The cache belongs to other programs too: they may empty it. */
static void check_state_dir(const struct config *config, const char *file,
    const struct config_marks *marks, struct problems *problems)
{
	struct text_pos pos = marks->state_dir.line > 0 ? marks->state_dir
							: marks->cache_dir;

	if (config->cache_dir == NULL || config->state_dir == NULL ||
	    !paths_within(config->cache_dir, config->state_dir))
		return;
	problems_add(problems, file != NULL ? file : "environment", pos,
	    "state_dir %s lies in cache_dir %s; the state needs a folder "
	    "outside the cache",
	    config->state_dir, config->cache_dir);
}

const char *config_json_hint(const char *file)
{
	return file != NULL && text_ends(file, ".json")
	    ? "; a model list is named by \"models:\" in a YAML file"
	    : "";
}

static bool read_file_at(const char *path, struct config *config,
    struct config_marks *marks, struct problems *problems)
{
	size_t n;
	char *text = source_read(path, SOURCE_YAML, &n, NULL, problems);
	bool ok = text != NULL &&
	    config_read_text(config, path, text, n, marks, problems);

	free(text);
	return ok;
}

int config_load(const char *path, struct config *config,
    struct problems *problems, struct err *e)
{
	struct config_marks marks = { 0 };
	size_t first = problems->n, errors_before = problems->n_errors;
	bool known = true;

	if (config_set_defaults(config) == -1)
		return err_nomem(e);
	if (path != NULL) {
		config->file = text_dup(path);
		if (config->file == NULL)
			return err_nomem(e);
	}
	if (set_dir(config, path, e) == -1)
		return -1;
	if (path != NULL)
		known = read_file_at(path, config, &marks, problems);
	config_read_environment(config, problems);
	if (complete(config) == -1 || problems->out_of_memory)
		return err_nomem(e);
	check_state_dir(config, path, &marks, problems);
	problems_sort(problems, first);
	/* Which lists it would have named, nobody knows. */
	if (!known)
		config->default_schedule = NULL;

	size_t errors = problems->n_errors - errors_before;
	if (errors > 0)
		return err_set(e, ERR_CONFIG, "%zu problem%s in %s%s", errors,
		    errors == 1 ? "" : "s",
		    path != NULL ? path : "the environment",
		    config_json_hint(path));
	return 0;
}

uint64_t storage_keep_free(const struct storage_config *storage,
    uint64_t total_bytes)
{
	uint64_t fraction = total_bytes / 20;

	if (storage->keep_free_set || storage->keep_free_bytes > fraction)
		return storage->keep_free_bytes;
	return fraction;
}

void config_release(struct config *config)
{
	for (size_t i = 0; i < config->n_schedules; i++)
		schedule_release(&config->schedules[i]);
	for (size_t i = 0; i < config->n_model_files; i++)
		free(config->model_files[i]);
	free(config->schedules);
	free(config->model_files);
	free(config->file);
	free(config->dir);
	free(config->cache_dir);
	free(config->state_dir);
	free(config->endpoint);
	free(config->token_file);
	free(config->ca_file);
	free(config->ca_dir);
	free(config->user_agent_origin);
	free(config->transfer.proxy_url);
	bandwidth_release(&config->transfer.bandwidth);
	free(config->log.file);
	memset(config, 0, sizeof(*config));
}

static bool exists(const char *path)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	return fs_stat(path, &st, &ignored) == 0 && st.type != FS_ABSENT;
}

static int find_named(const char *named, const char *where, char **path,
    struct err *e)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	char *given = dirs_expand(named, 1);
	char *expanded = given == NULL ? NULL : fs_from_native(given);

	free(given);
	if (expanded == NULL)
		return err_nomem(e);
	/* What exists but cannot be looked at is reported when it is read. */
	if (fs_stat(expanded, &st, &ignored) == 0 && st.type == FS_ABSENT) {
		err_set(e, ERR_CONFIG, "%s: there is no file %s", where,
		    expanded);
		free(expanded);
		return -1;
	}
	*path = expanded;
	return 0;
}

int config_find(const char *named, char **path, struct err *e)
{
	char *paths[CANDIDATES_MAX];

	*path = NULL;
	if (named != NULL)
		return find_named(named, "--config", path, e);
	if (dirs_env("HFCRON_CONFIG") != NULL)
		return find_named(dirs_env("HFCRON_CONFIG"), "HFCRON_CONFIG",
		    path, e);
	int n = dirs_config_candidates(paths, CANDIDATES_MAX);
	for (int i = 0; i < n; i++) {
		if (*path == NULL && exists(paths[i]))
			*path = paths[i];
		else
			free(paths[i]);
	}
	return 0;
}
