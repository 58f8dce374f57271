/*
 * status.c - every job: state, freshness, size, next, last error; and the run
 * at work.  Writes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/job_entries.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "formats/json_tree.h"
#include "platform/fs.h"
#include "platform/terminal.h"

enum { PROGRESS_BYTES_MAX = 16 * 1024 * 1024 };

/* --- the run at work ----------------------------------------------------- */

static bool run_is_at_work(const struct session *s)
{
	struct err ignored = ERR_INIT;
	bool at_work;

	return session_run_at_work(s, &at_work, &ignored) == 0 && at_work;
}

/* NULL if nothing was published yet. */
static struct tree *read_progress(struct session *s)
{
	struct json_limits limits = { PROGRESS_BYTES_MAX, 8, ERR_STATE, true };
	char *path = session_state_path(s, "progress.json"), *text = NULL;
	struct err ignored = ERR_INIT;
	struct tree *tree = NULL;
	size_t n;

	if (path != NULL &&
	    fs_read_file(path, PROGRESS_BYTES_MAX, &text, &n, &ignored) == 0)
		tree = json_tree_parse(text, n, &limits, &ignored);
	free(text);
	free(path);
	return tree;
}

static const char *text_of(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = map ? tree_get(map, key) : NULL;

	return node != NULL && node->text != NULL ? node->text : "0";
}

static uint64_t number_of(const struct tree_node *map, const char *key)
{
	const char *text = text_of(map, key);
	uint64_t value;

	return num_parse_u64(text, strlen(text), UINT64_MAX, &value) == 0
	    ? value
	    : 0;
}

static void print_run_text(const struct tree_node *run)
{
	char done[NUM_TEXT_MAX], all[NUM_TEXT_MAX], rate[NUM_TEXT_MAX];
	char eta[NUM_TEXT_MAX];
	const struct tree_node *jobs = tree_get(run, "jobs");
	uint64_t eta_s = number_of(run, "eta_s");

	printf("a run is at work since %s (process %s): %s of %s, %s/s, "
	       "ETA %s\n",
	    text_of(run, "started"), text_of(run, "pid"),
	    num_format_size(number_of(run, "bytes_done"), done),
	    num_format_size(number_of(run, "bytes_total"), all),
	    num_format_size(number_of(run, "bytes_per_s"), rate),
	    text_of(run, "eta_s")[0] == '-'
		? "?"
		: num_format_duration((int64_t)eta_s * 1000, eta));
	for (size_t i = 0; jobs != NULL && i < jobs->n; i++) {
		const struct tree_node *job = &jobs->children[i];

		if (strcmp(text_of(job, "phase"), "fetching") == 0)
			printf("  %s  %s of %s\n", text_of(job, "id"),
			    num_format_size(number_of(job, "bytes_done"), done),
			    num_format_size(number_of(job, "bytes_total"),
				all));
	}
	puts("");
}

/* The published tree as it is; values keep their spelling. */
static void copy_json(struct json_writer *w, const struct tree_node *node)
{
	switch (node->type) {
	case TREE_MAP:
	case TREE_LIST:
		node->type == TREE_MAP ? json_write_begin_object(w)
				       : json_write_begin_array(w);
		for (size_t i = 0; i < node->n; i++) {
			if (node->type == TREE_MAP)
				json_write_key(w, node->children[i].key);
			copy_json(w, &node->children[i]);
		}
		node->type == TREE_MAP ? json_write_end_object(w)
				       : json_write_end_array(w);
		break;
	case TREE_NUMBER:
		json_write_i64(w, strtoll(node->text, NULL, 10));
		break;
	case TREE_BOOL:
		json_write_bool(w, strcmp(node->text, "true") == 0);
		break;
	case TREE_STRING:
		json_write_string(w, node->text);
		break;
	case TREE_NULL:
		json_write_null(w);
		break;
	}
}

/* --- jobs ---------------------------------------------------------------- */

struct choice {
	bool only_named, only_problems;
	size_t shown, problems;
};

static bool is_chosen(struct choice *choice, const struct session *s,
    const struct job_entry *entry)
{
	bool problem = report_is_problem(&entry->state) ||
	    report_is_stale(s, entry);

	if (choice->only_named && !entry->named)
		return false;
	if (problem)
		choice->problems++;
	if (choice->only_problems && !problem)
		return false;
	choice->shown++;
	return true;
}

static void print_text(struct session *s, struct job_entries *entries,
    const struct tree_node *run, struct choice *choice)
{
	bool colour = terminal_has_colour(1);

	if (!choice->only_problems)
		printf("configuration: %s\n\n",
		    s->config.file ? s->config.file
				   : "none; defaults and environment");
	if (run != NULL && !choice->only_problems)
		print_run_text(run);
	for (size_t i = 0; i < entries->n; i++)
		if (is_chosen(choice, s, &entries->items[i]))
			report_job_text(stdout, s, &entries->items[i], colour);
	if (choice->shown == 0 && !choice->only_problems)
		puts("the list has no jobs");
}

static void print_json(struct session *s, struct job_entries *entries,
    const struct tree_node *run, struct choice *choice)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "status");
	json_write_key(&w, "config");
	json_write_string(&w, s->config.file);
	json_write_key(&w, "run");
	if (run != NULL)
		copy_json(&w, run);
	else
		json_write_null(&w);
	json_write_key(&w, "jobs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < entries->n; i++)
		if (is_chosen(choice, s, &entries->items[i]))
			report_job_json(&w, s, &entries->items[i]);
	json_write_end_array(&w);
	(void)report_end(&w, &out, EXIT_DONE);
}

/* What the store does not know yet: the run tells of the jobs it is at. */
static void overlay_run(struct job_entries *entries,
    const struct tree_node *run)
{
	const struct tree_node *jobs = tree_get(run, "jobs");

	for (size_t i = 0; jobs != NULL && i < jobs->n; i++) {
		const struct tree_node *job = &jobs->children[i];

		if (strcmp(text_of(job, "phase"), "fetching") != 0)
			continue;
		for (size_t k = 0; k < entries->n; k++) {
			struct job_state *state = &entries->items[k].state;

			if (strcmp(entries->items[k].job->id,
				text_of(job, "id")) != 0)
				continue;
			state->bytes_total = number_of(job, "bytes_total");
			state->bytes_done = number_of(job, "bytes_done");
			state->files_total = number_of(job, "files_total");
			state->files_done = number_of(job, "files_done");
		}
	}
}

static int show(struct session *s, struct job_entries *entries)
{
	struct choice choice;
	struct tree *run = run_is_at_work(s) ? read_progress(s) : NULL;

	memset(&choice, 0, sizeof(choice));
	choice.only_named = s->cli->n_words > 0;
	choice.only_problems = s->cli->problems;
	if (run != NULL)
		overlay_run(entries, tree_root(run));
	if (s->cli->json)
		print_json(s, entries, run ? tree_root(run) : NULL, &choice);
	else
		print_text(s, entries, run ? tree_root(run) : NULL, &choice);
	tree_free(run);
	return choice.only_problems && choice.problems > 0 ? EXIT_PERSON
							   : EXIT_DONE;
}

int verb_status(const struct cli *cli)
{
	struct session s;
	struct job_entries entries;
	struct err e = ERR_INIT;
	int status = EXIT_DONE;

	memset(&entries, 0, sizeof(entries));
	session_init(&s, cli);
	s.keep_access = true;
	if (session_load(&s, true) == 0 &&
	    session_open_store(&s, STORE_READ_ONLY) == 0) {
		/* Due as a run would plan it now, whatever was stored. */
		if (job_entries_load(&entries, &s, &e) == -1 ||
		    job_entries_set_due(&entries, &s, s.now, &e) == -1)
			session_fail(&s, &e);
		else
			status = show(&s, &entries);
	}
	status = (int)exit_status_worse(s.status, (enum exit_status)status);
	job_entries_release(&entries);
	session_close(&s);
	return status;
}
