/*
 * hold.c - pause, resume and retry: what people ask for between runs, or of the
 * run at work.  Writes requests, which runs obey; a run's own states stay its
 * own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/report.h"
#include "commands/session.h"
#include "commands/verbs.h"

struct hold {
	struct session s;
	enum job_request_kind kind;
	struct wall until;
	size_t *jobs; /* own; indexes into the list */
	size_t n;
	size_t held; /* single jobs still paused after `resume` */
};

static const uint8_t everything[1][JOB_KEY_BYTES];

/* The jobs that the words name, in list order, each once. */
static int find_jobs(struct hold *h, struct err *e)
{
	const struct model_list *list = &h->s.list;
	const struct cli *cli = h->s.cli;
	size_t *found = calloc(list->n + 1, sizeof(*found));
	bool *named = calloc(list->n + 1, sizeof(*named));
	int rc = -1;

	h->jobs = calloc(list->n + 1, sizeof(*h->jobs));
	if (found == NULL || named == NULL || h->jobs == NULL) {
		err_nomem(e);
		goto out;
	}
	rc = 0;
	for (int w = 0; rc == 0 && w < cli->n_words; w++) {
		size_t n = model_list_find(list, cli->words[w], found);

		if (n == 0)
			rc = err_set(e, ERR_USAGE,
			    "no job is named \"%s\"; hfcron status lists them",
			    cli->words[w]);
		while (n > 0)
			named[found[--n]] = true;
	}
	for (size_t i = 0; rc == 0 && i < list->n; i++)
		if (named[i])
			h->jobs[h->n++] = i;
out:
	free(found);
	free(named);
	return rc;
}

static int write_requests(struct hold *h, struct err *e)
{
	uint8_t(*keys)[JOB_KEY_BYTES];
	int rc;

	if (h->s.cli->n_words == 0)
		return store_request(h->s.store, h->kind, everything, 1,
		    h->until, e);
	keys = calloc(h->n + 1, sizeof(*keys));
	if (keys == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < h->n; i++)
		store_job_key(h->s.list.jobs[h->jobs[i]].id, keys[i]);
	rc = store_request(h->s.store, h->kind,
	    (const uint8_t(*)[JOB_KEY_BYTES])keys, h->n, h->until, e);
	free(keys);
	return rc;
}

/* Releasing all does not release what was paused by name: say so. */
static int count_held(struct hold *h, struct err *e)
{
	struct job_request *all;
	size_t n;

	if (h->kind != REQUEST_RESUME)
		return 0;
	if (store_requests_all(h->s.store, &all, &n, NULL, e) == -1)
		return -1;
	for (size_t i = 0; i < n; i++)
		h->held += all[i].paused &&
		    (all[i].paused_until.s == WALL_NONE ||
			all[i].paused_until.s > h->s.now.s);
	free(all);
	return 0;
}

static void print_json(struct hold *h, const char *command)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, command);
	json_write_key(&w, "all");
	json_write_bool(&w, h->s.cli->n_words == 0);
	json_write_key(&w, "jobs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < h->n; i++)
		json_write_string(&w, h->s.list.jobs[h->jobs[i]].id);
	json_write_end_array(&w);
	report_time_json(&w, "until", h->until);
	json_write_key(&w, "still_paused");
	json_write_u64(&w, h->held);
	(void)report_end(&w, &out, EXIT_DONE);
}

static void print_one(const struct hold *h, const char *what)
{
	char until[INSTANT_TEXT_MAX];

	switch (h->kind) {
	case REQUEST_PAUSE:
		if (h->until.s == WALL_NONE)
			printf("paused %s until hfcron resume\n", what);
		else
			printf("paused %s until %s\n", what,
			    report_time(&h->s, "local", h->until, until));
		break;
	case REQUEST_RESUME:
		printf("released %s\n", what);
		break;
	default:
		printf("the next run tries %s again\n", what);
		break;
	}
}

static void print_text(const struct hold *h)
{
	if (h->s.cli->n_words == 0)
		print_one(h, "everything");
	for (size_t i = 0; i < h->n; i++)
		print_one(h, h->s.list.jobs[h->jobs[i]].id);
	if (h->s.cli->n_words == 0 && h->held > 0)
		printf("%zu job%s paused by name: hfcron resume JOB\n", h->held,
		    h->held == 1 ? " is still" : "s are still");
}

static int set_until(struct hold *h, struct err *e)
{
	h->until.s = WALL_NONE;
	if (!h->s.cli->has_at)
		return 0;
	h->until = session_as_if(&h->s);
	if (h->until.s <= h->s.now.s)
		return err_set(e, ERR_USAGE,
		    "--until names an instant that is over");
	return 0;
}

/* 0 also if the store said itself why it cannot be opened. */
static int ask(struct hold *h, struct err *e)
{
	if (session_open_store(&h->s, STORE_WRITE) == -1)
		return 0;
	return write_requests(h, e) == -1 ? -1 : count_held(h, e);
}

static int hold(const struct cli *cli, enum job_request_kind kind,
    const char *command)
{
	struct hold h = { .kind = kind };
	struct err e = ERR_INIT;
	int status;

	session_init(&h.s, cli);
	if (session_load(&h.s, true) == 0) {
		if (find_jobs(&h, &e) == -1 || set_until(&h, &e) == -1 ||
		    ask(&h, &e) == -1)
			session_fail(&h.s, &e);
	}
	status = (int)h.s.status;
	if (status == EXIT_DONE && cli->json)
		print_json(&h, command);
	else if (status == EXIT_DONE && !cli->quiet)
		print_text(&h);
	free(h.jobs);
	session_close(&h.s);
	return status;
}

int verb_pause(const struct cli *cli)
{
	return hold(cli, REQUEST_PAUSE, "pause");
}

int verb_resume(const struct cli *cli)
{
	return hold(cli, REQUEST_RESUME, "resume");
}

int verb_retry(const struct cli *cli)
{
	return hold(cli, REQUEST_RETRY, "retry");
}
