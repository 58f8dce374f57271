/*
 * next.c - the coming slots and windows.  Asks nobody and writes nothing.
 */
#include <string.h>

#include "commands/job_entries.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "plan/upcoming_text.h"
#include "platform/zone.h"

enum { SHOWN_DEFAULT = 10 };

static void what_json(struct json_writer *w, unsigned what)
{
	static const struct {
		unsigned bit;
		const char *name;
	} names[] = {
		{ UPCOMING_DUE, "due" },
		{ UPCOMING_SLOT, "slot" },
		{ UPCOMING_TRY, "next_try" },
		{ UPCOMING_RESUMES, "pause_ends" },
		{ UPCOMING_OPENS, "window_opens" },
		{ UPCOMING_CLOSES, "window_closes" },
		{ UPCOMING_SHUT, "window_closed" },
	};

	json_write_begin_array(w);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((what & names[i].bit) != 0)
			json_write_string(w, names[i].name);
	json_write_end_array(w);
}

static void entry_json(struct json_writer *w, const struct session *s,
    const struct job_entries *entries, const struct upcoming *u)
{
	const char *zone = u->schedule->zone ? u->schedule->zone : "local";
	const struct wall never = { WALL_NONE };
	bool shut = (u->what & UPCOMING_SHUT) != 0;
	char local[INSTANT_TEXT_MAX];

	json_write_begin_object(w);
	report_time_json(w, "at", u->at);
	json_write_key(w, "local");
	json_write_string(w, report_local(s, zone, u->at, local));
	json_write_key(w, "zone");
	json_write_string(w, zone);
	json_write_key(w, "zone_abbreviation");
	json_write_string(w, zone_abbreviation(zone, u->at.s));
	json_write_key(w, "schedule");
	json_write_string(w, u->schedule->name);
	json_write_key(w, "splay_s");
	json_write_i64(w, u->schedule->splay_s);
	json_write_key(w, "what");
	what_json(w, u->what);
	report_time_json(w, "window_opens", shut ? u->until : never);
	report_time_json(w, "window_closes", shut ? never : u->until);
	json_write_key(w, "jobs");
	json_write_u64(w, u->n_jobs);
	json_write_key(w, "first_jobs");
	json_write_begin_array(w);
	for (size_t i = 0; i < u->n_jobs && i < UPCOMING_JOBS_NAMED; i++)
		json_write_string(w, entries->plan_jobs[u->jobs[i]].job->id);
	json_write_end_array(w);
	json_write_key(w, "reason");
	json_write_string(w, u->reason[0] ? u->reason : NULL);
	json_write_end_object(w);
}

static void print_json(const struct session *s,
    const struct job_entries *entries, const struct upcoming_list *list,
    struct wall now)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "next");
	report_time_json(&w, "now", now);
	json_write_key(&w, "coming");
	json_write_begin_array(&w);
	for (size_t i = 0; i < list->n; i++)
		entry_json(&w, s, entries, &list->items[i]);
	json_write_end_array(&w);
	(void)report_end(&w, &out, EXIT_DONE);
}

static void print_text(const struct session *s,
    const struct job_entries *entries, const struct upcoming_list *list)
{
	struct strbuf out;

	strbuf_init(&out, REPORT_BYTES_MAX);
	if (entries->n == 0)
		strbuf_puts(&out, "the list has no jobs\n");
	else if (list->n == 0)
		strbuf_puts(&out, "nothing is to come; hfcron plan says why\n");
	upcoming_text(list, entries->plan_jobs, &s->calendar, &out);
	(void)fwrite(strbuf_text(&out), 1, out.len, stdout);
	strbuf_release(&out);
}

static void show(struct session *s, struct job_entries *entries)
{
	size_t max = s->cli->count > 0 ? (size_t)s->cli->count : SHOWN_DEFAULT;
	struct wall now = session_as_if(s);
	struct upcoming_list list;
	struct err e = ERR_INIT;

	if (job_entries_upcoming(entries, s, now, max, &list, &e) == -1)
		session_fail(s, &e);
	else if (s->cli->json)
		print_json(s, entries, &list, now);
	else
		print_text(s, entries, &list);
	upcoming_release(&list);
}

int verb_next(const struct cli *cli)
{
	struct job_entries entries;
	struct err e = ERR_INIT;
	struct session s;
	int status;

	memset(&entries, 0, sizeof(entries));
	session_init(&s, cli);
	s.keep_access = true;
	if (session_load(&s, true) == 0 &&
	    session_open_store(&s, STORE_READ_ONLY) == 0) {
		if (job_entries_load(&entries, &s, &e) == -1)
			session_fail(&s, &e);
		else
			show(&s, &entries);
	}
	status = (int)s.status;
	job_entries_release(&entries);
	session_close(&s);
	return status;
}
