/*
 * get.c - one-shot download without a model list; prints the path.
 *
 * Takes no run lock; the store keeps its partial files' extents, and where it
 * cannot be opened the download works without.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/job_fetch.h"
#include "commands/progress.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "config/paths.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/signals.h"

struct get {
	struct session session;
	struct job job;
	struct job_work work;
	struct progress progress;
};

/* The words after REPO are files; "dir/" is all below it. */
static int add_files(struct get *get, const struct cli *cli, struct err *e)
{
	for (int i = 1; i < cli->n_words; i++) {
		const char *problem = pattern_problem(cli->words[i]);

		if (problem != NULL)
			return err_set(e, ERR_USAGE, "\"%s\": %s",
			    cli->words[i], problem);
		if (pattern_list_add(&get->job.include, cli->words[i]) == -1)
			return err_nomem(e);
	}
	return 0;
}

static int add_patterns(struct pattern_list *to,
    const struct pattern_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		if (pattern_list_add(to, from->items[i]) == -1)
			return -1;
	return 0;
}

static int set_local_dir(struct get *get, const char *dir, struct err *e)
{
	char *expanded = dirs_expand(dir, 0);

	if (expanded == NULL)
		return err_nomem(e);
	get->job.local_dir = fs_realpath(expanded, e);
	free(expanded);
	if (get->job.local_dir == NULL)
		return -1;
	if (paths_is_system(get->job.local_dir))
		return err_set(e, ERR_USAGE,
		    "--local-dir %s: a directory of "
		    "the system is no place for models",
		    get->job.local_dir);
	return 0;
}

static int make_job(struct get *get, const struct cli *cli, struct err *e)
{
	if (cli->n_words > 1 && (cli->include.n > 0 || cli->exclude.n > 0))
		return err_set(e, ERR_USAGE,
		    "give either FILE... or "
		    "--include and --exclude, not both");
	if (model_list_adhoc(cli->words[0],
		cli->has_type ? cli->type : REPO_MODEL, cli->revision,
		&get->job, e) == -1)
		return -1;
	if (add_files(get, cli, e) == -1)
		return -1;
	if (add_patterns(&get->job.include, &cli->include) == -1 ||
	    add_patterns(&get->job.exclude, &cli->exclude) == -1)
		return err_nomem(e);
	if (cli->local_dir != NULL)
		return set_local_dir(get, cli->local_dir, e);
	return 0;
}

static int tick(void *cookie)
{
	struct get *get = cookie;

	progress_tick(&get->progress);
	return signals_pending() != 0;
}

static enum outcome_kind why_stopped(void *cookie)
{
	(void)cookie;
	return OUTCOME_INTERRUPTED;
}

static void ended(void *cookie, struct job_work *w)
{
	(void)cookie;
	(void)w;
}

static void fetch(struct get *get)
{
	struct job_fetch fetch;
	struct err e = ERR_INIT;

	memset(&fetch, 0, sizeof(fetch));
	fetch.session = &get->session;
	fetch.works = &get->work;
	fetch.n = 1;
	fetch.ended = ended;
	if (job_fetch(&fetch, why_stopped, NULL, &e) == -1)
		job_work_fail(&get->work, &e);
}

/* The path that was asked for: one file's, or the folder's. */
static int print_path(struct get *get)
{
	struct session *s = &get->session;
	struct job_work *w = &get->work;
	char *folder, *path;
	struct strbuf out;
	struct json_writer json;

	folder = destination_snapshot_path(w->destination, w->commit);
	path = folder != NULL && s->cli->n_words == 2 && w->n == 1
	    ? fs_join(folder, w->wanted[0]->path)
	    : folder ? text_dup(folder)
		     : NULL;
	free(folder);
	if (path == NULL) {
		fputs("hfcron: out of memory\n", stderr);
		return EXIT_RETRY;
	}
	if (s->cli->json) {
		report_begin(&json, &out, "get");
		json_write_key(&json, "path");
		json_write_string(&json, path);
		json_write_key(&json, "commit");
		json_write_string(&json, w->commit);
		json_write_key(&json, "files");
		json_write_u64(&json, w->n);
		json_write_key(&json, "bytes_total");
		json_write_u64(&json, w->sums.bytes_total);
		json_write_key(&json, "bytes_received");
		json_write_u64(&json, w->bytes_received);
		(void)report_end(&json, &out, EXIT_DONE);
	} else {
		puts(path);
	}
	free(path);
	return EXIT_DONE;
}

static int finish(struct get *get)
{
	struct job_work *w = &get->work;
	struct err e = w->error;
	char title[300];

	if (w->phase == WORK_UNCHANGED ||
	    (w->phase == WORK_ENDED && w->outcome == OUTCOME_UPDATED))
		return print_path(get);
	if (e.kind == ERR_NONE || e.kind == ERR_CANCELLED) {
		if (!get->session.cli->quiet)
			fputs("hfcron: interrupted; progress is kept, the same "
			      "command goes on\n",
			    stderr);
		return EXIT_DONE; /* the signal is re-raised */
	}
	/* What the Hub said names the repository already. */
	snprintf(title, sizeof(title), "%s %s", repo_type_name(get->job.type),
	    get->job.name);
	if (!text_starts(e.text, title))
		err_wrap(&e, "%s", title);
	fprintf(stderr, "hfcron: %s\n", e.text);
	return e.kind == ERR_BUSY ? EXIT_RETRY : (int)exit_status_of(e.kind);
}

/* A broken store is said, and costs only the resuming. */
static void open_store(struct session *s)
{
	enum exit_status before = s->status;

	if (session_open_store(s, STORE_WRITE) == -1) {
		fputs("hfcron: going on without the store: an interrupted "
		      "file will start over\n",
		    stderr);
		s->status = before;
	}
}

static int get_one(struct get *get)
{
	struct session *s = &get->session;
	struct disk_budget budget;

	open_store(s);
	if (session_open_token(s) == -1 || session_open_hub(s) == -1)
		return (int)s->status;
	memset(&budget, 0, sizeof(budget));
	job_work_init(&get->work, &get->job, NULL);
	get->work.wants_each = s->cli->n_words > 1;
	progress_init(&get->progress, s, &get->work, 1, false);
	s->tick = tick;
	s->tick_cookie = get;
	job_work_check(&get->work, s);
	job_work_adopt(&get->work, s);
	if (get->work.phase == WORK_READY)
		job_work_admit(&get->work, s, &budget);
	if (get->work.phase == WORK_READY)
		fetch(get);
	progress_end(&get->progress);
	return finish(get);
}

int verb_get(const struct cli *cli)
{
	struct get *get = calloc(1, sizeof(*get));
	struct err e = ERR_INIT;
	int status;

	if (get == NULL) {
		fputs("hfcron: out of memory\n", stderr);
		return EXIT_RETRY;
	}
	session_init(&get->session, cli);
	if (make_job(get, cli, &e) == -1) {
		fprintf(stderr, "hfcron: %s\n", e.text);
		status = (int)exit_status_of(e.kind);
	} else if (session_load(&get->session, false) == -1) {
		status = (int)get->session.status;
	} else {
		status = get_one(get);
	}
	job_work_release(&get->work);
	job_release(&get->job);
	session_close(&get->session);
	free(get);
	return status;
}
