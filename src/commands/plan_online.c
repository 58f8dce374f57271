/* plan_online.c - what a run would find, by asking the Hub. */
#include "commands/plan_online.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/ask_ahead.h"
#include "commands/report.h"
#include "plan/forecast.h"
#include "platform/signals.h"

enum { ID_SHOWN_MAX = 400, ERROR_SHOWN_MAX = 1024 };

/* --- asking -------------------------------------------------------------- */

static bool is_asked(const struct session *s, const struct plan_decision *d,
    const struct job_entry *entry, struct wall now)
{
	if (d->verdict == PLAN_DUE)
		return true;
	/* What is paused until later is not under way, whoever asks; a parked
	 * job is asked about at its slots only, as by run --all. */
	if (d->verdict == PLAN_BLOCKED || entry->state.phase == PHASE_PARKED ||
	    (entry->paused && entry->paused_until.s > now.s))
		return false;
	return s->cli->all || entry->state.phase == PHASE_PARTIAL;
}

static int make_works(struct plan_online *online, struct session *s,
    struct job_entries *entries, const struct plan *plan, struct wall now,
    struct err *e)
{
	online->works = calloc(plan->n + 1, sizeof(*online->works));
	online->entries = calloc(entries->n + 1, sizeof(*online->entries));
	if (online->works == NULL || online->entries == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < plan->n; i++) {
		const struct plan_decision *d = &plan->decisions[i];
		struct job_entry *entry = &entries->items[d->index];
		struct job_work *w = &online->works[online->n];

		if (!is_asked(s, d, entry, now))
			continue;
		job_work_init(w, entry->job, entry);
		w->slot = d->slot;
		online->entries[d->index].from = d->verdict == PLAN_DUE ? now
									: d->at;
		online->n++;
	}
	return 0;
}

/* -1: a signal came. */
static int check_all(struct plan_online *online, struct session *s)
{
	struct err unreachable = ERR_INIT;
	struct ask_ahead ahead;

	err_set(&unreachable, ERR_UNREACHABLE,
	    "the Hub could not be reached by the job before; not tried");
	ask_ahead_init(&ahead, s, online->works, online->n);
	for (size_t i = 0; i < online->n; i++) {
		struct job_work *w = &online->works[i];
		bool lost = i > 0 && !s->config.offline &&
		    online->works[i - 1].error.kind == ERR_UNREACHABLE;

		if (lost) {
			job_work_fail(w, &unreachable);
			continue;
		}
		ask_ahead_before(&ahead, i);
		job_work_check(w, s);
		ask_ahead_after(&ahead, i);
		if (signals_pending() != 0)
			return -1;
	}
	online->requests = s->hub.requests;
	return 0;
}

static void sum_up(struct plan_online *online, struct session *s,
    const struct job_entries *entries)
{
	for (size_t i = 0; i < online->n; i++) {
		struct job_work *w = &online->works[i];

		online->entries[w->entry - entries->items].work = i + 1;
		if (w->phase == WORK_READY)
			job_work_admit(w, s, &online->disks);
		if (w->phase == WORK_UNCHANGED) {
			online->n_unchanged++;
			continue;
		}
		if (w->phase == WORK_ENDED) {
			online->n_failed++;
			online->status = exit_status_worse(online->status,
			    exit_status_of(w->error.kind));
		} else {
			online->n_to_do++;
		}
		online->files_to_fetch += w->sums.files_to_fetch;
		online->bytes_to_fetch += w->sums.bytes_to_fetch;
	}
}

/* --- the forecast -------------------------------------------------------- */

static int measure(struct plan_online *online, struct session *s,
    struct wall now, struct err *e)
{
	struct forecast_sample *samples;
	struct attempt *attempts;
	size_t n;

	if (store_attempts(s->store, NULL, STORE_ATTEMPTS_MAX, &attempts, &n,
		e) == -1)
		return -1;
	samples = calloc(n + 1, sizeof(*samples));
	for (size_t i = 0; i < n; i++) {
		if (samples != NULL) {
			samples[i].started = attempts[i].started;
			samples[i].ended = attempts[i].ended;
			samples[i].bytes = attempts[i].bytes;
		}
		attempt_release(&attempts[i]);
	}
	free(attempts);
	if (samples == NULL)
		return err_nomem(e);
	online->bytes_per_s = forecast_rate(samples, n, now, &online->samples);
	free(samples);
	return 0;
}

static void set_total(struct plan_online *online)
{
	for (size_t i = 0; i < online->n; i++) {
		const struct forecast_job *f = &online->forecasts[i];

		if (f->finish.s == WALL_NONE) {
			online->finish.s = WALL_NONE;
			return;
		}
		if (f->finish.s > online->finish.s)
			online->finish = f->finish;
		if (f->windows > online->windows)
			online->windows = f->windows;
	}
}

static int forecast(struct plan_online *online, struct session *s,
    const struct job_entries *entries, struct wall now, struct err *e)
{
	const struct transfer_config *t = &s->config.transfer;
	struct forecast_config config;

	if (measure(online, s, s->now, e) == -1)
		return -1;
	online->finish = now;
	if (online->bytes_per_s == 0)
		return 0;
	online->forecasts = calloc(online->n + 1, sizeof(*online->forecasts));
	if (online->forecasts == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < online->n; i++) {
		const struct job_work *w = &online->works[i];
		struct forecast_job *f = &online->forecasts[i];

		f->schedule = w->job->schedule;
		f->anchor = w->entry->state.anchor;
		f->from = online->entries[w->entry - entries->items].from;
		if (w->phase == WORK_READY)
			f->bytes = w->sums.bytes_to_fetch;
	}
	memset(&config, 0, sizeof(config));
	config.bytes_per_s = online->bytes_per_s;
	config.parallel_jobs = t->parallel_jobs;
	config.max_duration_s = (t->max_duration_ms + 999) / 1000;
	config.ignore_window = s->cli->ignore_window;
	config.bandwidth = &t->bandwidth;
	if (forecast_finish(&config, online->forecasts, online->n, now,
		&s->calendar, e) == -1)
		return -1;
	set_total(online);
	return 0;
}

int plan_online_ask(struct plan_online *online, struct session *s,
    struct job_entries *entries, const struct plan *plan, struct wall now)
{
	struct err e = ERR_INIT;

	memset(online, 0, sizeof(*online));
	if (session_open_hub(s) == -1)
		return -1;
	if (make_works(online, s, entries, plan, now, &e) == -1)
		return session_fail(s, &e);
	if (check_all(online, s) == -1)
		return -1;
	qsort(online->works, online->n, sizeof(*online->works),
	    job_work_compare);
	sum_up(online, s, entries);
	if (forecast(online, s, entries, now, &e) == -1)
		return session_fail(s, &e);
	return 0;
}

void plan_online_release(struct plan_online *online)
{
	for (size_t i = 0; i < online->n; i++)
		job_work_release(&online->works[i]);
	free(online->works);
	free(online->entries);
	free(online->forecasts);
	memset(online, 0, sizeof(*online));
}

/* --- for people ---------------------------------------------------------- */

/* In the zone of the schedule, which is named if it is not the machine's. */
static void put_finish(const struct session *s, const char *zone,
    struct wall finish, unsigned windows, struct strbuf *out)
{
	char when[INSTANT_TEXT_MAX];

	if (finish.s == WALL_NONE) {
		strbuf_printf(out, "not finished within %d years at this rate",
		    FORECAST_HORIZON_DAYS / 366);
		return;
	}
	finish.s += 59; /* minutes are shown: not before it is true */
	strbuf_printf(out, "finished by %s%s%s",
	    report_time(s, zone, finish, when),
	    strcmp(zone, "local") == 0 ? "" : " ",
	    strcmp(zone, "local") == 0 ? "" : zone);
	if (windows > 1)
		strbuf_printf(out, " (%u windows)", windows);
}

static void put_work(const struct plan_online *online, const struct session *s,
    const struct job_work *w, const struct forecast_job *f, struct strbuf *out)
{
	const char *zone = w->job->schedule->zone;
	char id[ID_SHOWN_MAX], text[ERROR_SHOWN_MAX], size[NUM_TEXT_MAX];

	(void)text_escape(w->job->id, strlen(w->job->id), false, id,
	    sizeof(id));
	strbuf_printf(out, "  %s  ", id);
	if (w->phase == WORK_ENDED) {
		(void)text_escape(w->error.text, strlen(w->error.text), false,
		    text, sizeof(text));
		strbuf_printf(out, "%s: %s\n", err_kind_name(w->error.kind),
		    text);
		return;
	}
	if (w->phase == WORK_UNCHANGED) {
		strbuf_printf(out, "unchanged, commit %.12s\n", w->commit);
		return;
	}
	strbuf_printf(out, "commit %.12s, %s in %zu file%s to fetch", w->commit,
	    num_format_size(w->sums.bytes_to_fetch, size),
	    w->sums.files_to_fetch, w->sums.files_to_fetch == 1 ? "" : "s");
	if (online->forecasts != NULL && w->sums.bytes_to_fetch > 0) {
		strbuf_puts(out, ", ");
		put_finish(s, zone ? zone : "local", f->finish, f->windows,
		    out);
	}
	strbuf_putc(out, '\n');
}

static void put_disk(const struct disk_share *disk, struct strbuf *out)
{
	char need[NUM_TEXT_MAX], have[NUM_TEXT_MAX], keep[NUM_TEXT_MAX];
	char rest[NUM_TEXT_MAX];
	uint64_t taken = disk->needed_bytes + disk->keep_free_bytes;
	bool fits = taken <= disk->free_bytes;

	strbuf_printf(out, "disk %s: %s needed, %s free, %s kept free, %s %s\n",
	    disk->root, num_format_size(disk->needed_bytes, need),
	    num_format_size(disk->free_bytes, have),
	    num_format_size(disk->keep_free_bytes, keep),
	    num_format_size(fits ? disk->free_bytes - taken
				 : taken - disk->free_bytes,
		rest),
	    fits ? "left" : "missing");
}

static void put_forecast(const struct plan_online *online,
    const struct session *s, struct strbuf *out)
{
	char rate[NUM_TEXT_MAX];

	if (online->bytes_to_fetch == 0)
		return;
	if (online->bytes_per_s == 0) {
		strbuf_puts(out,
		    "no forecast: nothing was fetched lately that could tell "
		    "the rate\n");
		return;
	}
	if (online->n_to_do > 0) {
		put_finish(s, "local", online->finish, online->windows, out);
		strbuf_printf(out,
		    ", at the %s/s of the last %zu attempt%s%s\n",
		    num_format_size(online->bytes_per_s, rate), online->samples,
		    online->samples == 1 ? "" : "s",
		    online->n_failed > 0 ? "; without what failed" : "");
	}
}

void plan_online_text(const struct plan_online *online, const struct session *s,
    struct strbuf *out)
{
	char size[NUM_TEXT_MAX];

	strbuf_printf(out,
	    "\nasked about %zu job%s with %llu request%s: %zu to fetch, %zu "
	    "unchanged, %zu failed\n",
	    online->n, online->n == 1 ? "" : "s",
	    (unsigned long long)online->requests,
	    online->requests == 1 ? "" : "s", online->n_to_do,
	    online->n_unchanged, online->n_failed);
	for (size_t i = 0; i < online->n; i++)
		put_work(online, s, &online->works[i],
		    online->forecasts ? &online->forecasts[i] : NULL, out);
	if (online->n == 0)
		return;
	strbuf_printf(out, "%s in %llu file%s to fetch\n",
	    num_format_size(online->bytes_to_fetch, size),
	    (unsigned long long)online->files_to_fetch,
	    online->files_to_fetch == 1 ? "" : "s");
	for (size_t i = 0; i < online->disks.n; i++)
		put_disk(&online->disks.items[i], out);
	put_forecast(online, s, out);
}

/* --- for programs -------------------------------------------------------- */

static void number(struct json_writer *w, const char *key, uint64_t value)
{
	json_write_key(w, key);
	json_write_u64(w, value);
}

void plan_online_job_json(const struct plan_online *online, size_t entry,
    struct json_writer *w)
{
	const struct forecast_job unknown = { .finish = { WALL_NONE } }, *f;
	const struct job_work *work;
	size_t i = online->entries[entry].work;

	if (i-- == 0) {
		json_write_null(w);
		return;
	}
	work = &online->works[i];
	f = online->forecasts != NULL && work->phase == WORK_READY
	    ? &online->forecasts[i]
	    : &unknown;
	json_write_begin_object(w);
	json_write_key(w, "commit");
	json_write_string(w, work->commit[0] ? work->commit : NULL);
	json_write_key(w, "unchanged");
	json_write_bool(w, work->phase == WORK_UNCHANGED);
	number(w, "files_total", work->n);
	number(w, "files_to_fetch", work->sums.files_to_fetch);
	number(w, "bytes_total", work->sums.bytes_total);
	number(w, "bytes_to_fetch", work->sums.bytes_to_fetch);
	number(w, "disk_needed_bytes", work->sums.disk_needed_bytes);
	report_time_json(w, "finish", f->finish);
	number(w, "windows", f->windows);
	json_write_key(w, "error");
	report_error_json(w, work->error.kind, work->error.text);
	json_write_end_object(w);
}

static void disk_json(const struct disk_share *disk, struct json_writer *w)
{
	json_write_begin_object(w);
	json_write_key(w, "path");
	json_write_string(w, disk->root);
	number(w, "needed_bytes", disk->needed_bytes);
	number(w, "free_bytes", disk->free_bytes);
	number(w, "keep_free_bytes", disk->keep_free_bytes);
	/* Negative: so much is missing. */
	json_write_key(w, "left_bytes");
	json_write_i64(w,
	    (int64_t)disk->free_bytes - (int64_t)disk->needed_bytes -
		(int64_t)disk->keep_free_bytes);
	json_write_end_object(w);
}

void plan_online_json(const struct plan_online *online, struct json_writer *w)
{
	bool known = online->forecasts != NULL && online->n_to_do > 0;
	const struct wall never = { WALL_NONE };

	json_write_begin_object(w);
	number(w, "requests", online->requests);
	number(w, "jobs_asked", online->n);
	number(w, "jobs_to_fetch", online->n_to_do);
	number(w, "jobs_unchanged", online->n_unchanged);
	number(w, "jobs_failed", online->n_failed);
	number(w, "files_to_fetch", online->files_to_fetch);
	number(w, "bytes_to_fetch", online->bytes_to_fetch);
	json_write_key(w, "disks");
	json_write_begin_array(w);
	for (size_t i = 0; i < online->disks.n; i++)
		disk_json(&online->disks.items[i], w);
	json_write_end_array(w);
	json_write_key(w, "bytes_per_s");
	if (online->bytes_per_s > 0)
		json_write_u64(w, online->bytes_per_s);
	else
		json_write_null(w);
	number(w, "measured_attempts", online->samples);
	report_time_json(w, "finish", known ? online->finish : never);
	number(w, "windows", online->windows);
	json_write_end_object(w);
}
