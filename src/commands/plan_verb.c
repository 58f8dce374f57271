/*
 * plan_verb.c - what a run would do, and why.  Writes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "commands/plan_online.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "plan/plan_text.h"

/* `online` is NULL where it is not asked for. */
static void print_json(const struct plan *plan,
    const struct job_entries *entries, const struct plan_online *online,
    struct wall now)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "plan");
	report_time_json(&w, "now", now);
	json_write_key(&w, "notice");
	json_write_string(&w, plan->notice[0] ? plan->notice : NULL);
	json_write_key(&w, "jobs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_decision *d = &plan->decisions[i];

		json_write_begin_object(&w);
		json_write_key(&w, "id");
		json_write_string(&w, entries->items[d->index].job->id);
		json_write_key(&w, "verdict");
		json_write_string(&w, plan_verdict_name(d->verdict));
		report_time_json(&w, "at", d->at);
		report_time_json(&w, "window_closes", d->closes);
		json_write_key(&w, "reason");
		json_write_string(&w, d->reason);
		if (online != NULL) {
			json_write_key(&w, "online");
			plan_online_job_json(online, d->index, &w);
		}
		json_write_end_object(&w);
	}
	json_write_end_array(&w);
	report_time_json(&w, "next", plan->next);
	if (online != NULL) {
		json_write_key(&w, "online");
		plan_online_json(online, &w);
	}
	(void)report_end(&w, &out, EXIT_DONE);
}

static void print_text(const struct plan *plan,
    const struct job_entries *entries, const struct plan_online *online,
    const struct session *s)
{
	struct strbuf out;

	strbuf_init(&out, REPORT_BYTES_MAX);
	if (plan->notice[0] != '\0')
		strbuf_printf(&out, "note: %s\n", plan->notice);
	if (plan->n == 0)
		strbuf_puts(&out, "the list has no jobs\n");
	plan_text(plan, entries->plan_jobs, &out);
	if (online != NULL)
		plan_online_text(online, s, &out);
	(void)fwrite(strbuf_text(&out), 1, out.len, stdout);
	strbuf_release(&out);
}

/* `run JOB --dry-run` would not touch the others. */
static void keep_named(struct plan *plan, const struct job_entries *entries)
{
	size_t kept = 0;

	plan->next.s = WALL_NONE;
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_decision *d = &plan->decisions[i];

		if (!entries->items[d->index].named)
			continue;
		if (d->verdict == PLAN_WAITING && plan->next.s == WALL_NONE)
			plan->next = d->at;
		plan->decisions[kept++] = *d;
	}
	plan->n = kept;
}

static void print(const struct plan *plan, const struct job_entries *entries,
    const struct plan_online *online, const struct session *s, struct wall now)
{
	if (s->cli->json)
		print_json(plan, entries, online, now);
	else
		print_text(plan, entries, online, s);
}

static void show(struct session *s, struct job_entries *entries,
    struct plan *plan, struct wall now)
{
	struct plan_online online;

	if (s->cli->n_words > 0)
		keep_named(plan, entries);
	if (!s->cli->online) {
		print(plan, entries, NULL, s, now);
		return;
	}
	if (plan_online_ask(&online, s, entries, plan, now) == 0) {
		print(plan, entries, &online, s, now);
		s->status = exit_status_worse(s->status, online.status);
	}
	plan_online_release(&online);
}

int verb_plan(const struct cli *cli)
{
	struct session s;
	struct job_entries entries;
	struct plan plan;
	struct err e = ERR_INIT;
	int status;

	memset(&entries, 0, sizeof(entries));
	memset(&plan, 0, sizeof(plan));
	session_init(&s, cli);
	if (session_load(&s, true) == 0 &&
	    session_open_store(&s, STORE_READ_ONLY) == 0 &&
	    session_open_token(&s) == 0) {
		struct wall now = session_as_if(&s);

		if (job_entries_load(&entries, &s, &e) == -1 ||
		    job_entries_plan(&entries, &s, now, &plan, &e) == -1)
			session_fail(&s, &e);
		else
			show(&s, &entries, &plan, now);
	}
	status = (int)s.status;
	plan_release(&plan);
	job_entries_release(&entries);
	session_close(&s);
	return status;
}
