#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/report.h"
#include "plan/staleness.h"

void report_begin(struct json_writer *w, struct strbuf *out,
    const char *command)
{
	strbuf_init(out, REPORT_BYTES_MAX);
	json_write_init(w, out, 1);
	json_write_begin_object(w);
	json_write_key(w, "schema");
	json_write_u64(w, 1);
	json_write_key(w, "command");
	json_write_string(w, command);
}

int report_end(struct json_writer *w, struct strbuf *out, int status)
{
	json_write_end_object(w);
	strbuf_putc(out, '\n');
	if (strbuf_failed(out)) {
		fputs("hfcron: out of memory\n", stderr);
		status = EXIT_RETRY;
	} else {
		(void)fwrite(out->text, 1, out->len, stdout);
	}
	strbuf_release(out);
	return status;
}

void report_time_json(struct json_writer *w, const char *key, struct wall t)
{
	char text[INSTANT_TEXT_MAX];

	json_write_key(w, key);
	json_write_string(w, t.s == WALL_NONE ? NULL : instant_format(t, text));
}

void report_error_json(struct json_writer *w, enum err_kind kind,
    const char *text)
{
	if (kind == ERR_NONE) {
		json_write_null(w);
		return;
	}
	json_write_begin_object(w);
	json_write_key(w, "kind");
	json_write_string(w, err_kind_name(kind));
	json_write_key(w, "text");
	json_write_string(w, text);
	json_write_end_object(w);
}

/* Held is what matters most of a job, whatever it was at. */
static const char *state_name(const struct job_entry *entry)
{
	return entry->paused ? "paused" : job_phase_name(entry->state.phase);
}

void report_job_json(struct json_writer *w, const struct session *s,
    const struct job_entry *entry)
{
	const struct job *job = entry->job;
	const struct job_state *state = &entry->state;
	int64_t limit_s = staleness_limit_s(job);

	json_write_begin_object(w);
	json_write_key(w, "id");
	json_write_string(w, job->id);
	json_write_key(w, "type");
	json_write_string(w, repo_type_name(job->type));
	json_write_key(w, "name");
	json_write_string(w, job->name);
	json_write_key(w, "revision");
	json_write_string(w, job->revision);
	json_write_key(w, "state");
	json_write_string(w, state_name(entry));
	report_time_json(w, "paused_until",
	    entry->paused ? entry->paused_until : (struct wall){ WALL_NONE });
	json_write_key(w, "commit");
	json_write_string(w, state->commit[0] ? state->commit : NULL);
	json_write_key(w, "target");
	json_write_string(w, state->target[0] ? state->target : NULL);
	report_time_json(w, "confirmed_at", state->confirmed_at);
	report_time_json(w, "changed_at", state->changed_at);
	report_time_json(w, "unreachable_since", state->unreachable_since);
	json_write_key(w, "max_staleness_s");
	if (limit_s > 0)
		json_write_i64(w, limit_s);
	else
		json_write_null(w);
	json_write_key(w, "stale");
	json_write_bool(w, report_is_stale(s, entry));
	report_time_json(w, "last_run", state->last_run);
	report_time_json(w, "next_due", state->due);
	json_write_key(w, "failures");
	json_write_u64(w, state->failures);
	json_write_key(w, "retries");
	json_write_u64(w, state->retries);
	json_write_key(w, "error");
	report_error_json(w, state->error_kind, state->error_text);
	json_write_key(w, "bytes_total");
	json_write_u64(w, state->bytes_total);
	json_write_key(w, "bytes_done");
	json_write_u64(w, state->bytes_done);
	json_write_key(w, "files_total");
	json_write_u64(w, state->files_total);
	json_write_key(w, "files_done");
	json_write_u64(w, state->files_done);
	json_write_key(w, "note");
	json_write_string(w, job->note);
	json_write_end_object(w);
}

const char *report_time(const struct session *s, const char *zone,
    struct wall t, char buf[INSTANT_TEXT_MAX])
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	struct civil c, today;
	int64_t days_apart;

	if (t.s == WALL_NONE) {
		snprintf(buf, INSTANT_TEXT_MAX, "never");
		return buf;
	}
	calendar_local(&s->calendar, zone, t, &c);
	calendar_local(&s->calendar, zone, s->now, &today);
	days_apart = instant_days_from_civil(c.year, c.month, c.day) -
	    instant_days_from_civil(today.year, today.month, today.day);
	if (days_apart == 0)
		snprintf(buf, INSTANT_TEXT_MAX, "%02d:%02d", c.hour, c.minute);
	else if (days_apart > 0 && days_apart < 7)
		snprintf(buf, INSTANT_TEXT_MAX, "%s %02d:%02d", days[c.wday],
		    c.hour, c.minute);
	else
		snprintf(buf, INSTANT_TEXT_MAX, "%04d-%02d-%02d %02d:%02d",
		    (int)c.year, c.month, c.day, c.hour, c.minute);
	return buf;
}

const char *report_local(const struct session *s, const char *zone,
    struct wall t, char buf[INSTANT_TEXT_MAX])
{
	struct civil c;
	int64_t offset_min, size;

	calendar_local(&s->calendar, zone, t, &c);
	offset_min = (instant_from_civil(&c) - t.s) / 60;
	size = offset_min < 0 ? -offset_min : offset_min;
	snprintf(buf, INSTANT_TEXT_MAX,
	    "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", (int)c.year, c.month,
	    c.day, c.hour, c.minute, c.second, offset_min < 0 ? '-' : '+',
	    (int)(size / 60), (int)(size % 60));
	return buf;
}

bool report_is_problem(const struct job_state *state)
{
	return state->phase == PHASE_PARKED || state->phase == PHASE_FAILED ||
	    (state->error_kind != ERR_NONE && state->phase != PHASE_DISABLED);
}

bool report_is_stale(const struct session *s, const struct job_entry *entry)
{
	return !entry->paused &&
	    staleness_is_over(entry->job, &entry->state, s->now);
}

const char *report_staleness(const struct session *s, const struct job *job,
    const struct job_state *state, char *buf, size_t size)
{
	const char *zone = job->schedule ? job->schedule->zone : "local";
	bool never = state->confirmed_at.s == WALL_NONE;
	char since[INSTANT_TEXT_MAX], limit[NUM_TEXT_MAX];

	snprintf(buf, size, "%s %s; its max_staleness is %s",
	    never ? "never confirmed since it was listed,"
		  : "not confirmed since",
	    report_time(s, zone, never ? state->created : state->confirmed_at,
		since),
	    num_format_duration(staleness_limit_s(job) * 1000, limit));
	return buf;
}

static const char *phase_colour(const struct job_state *state)
{
	if (state->phase == PHASE_PARKED || state->phase == PHASE_FAILED)
		return "\033[31m";
	if (report_is_problem(state))
		return "\033[33m";
	return state->phase == PHASE_CURRENT ? "\033[32m" : "";
}

static void print_freshness(FILE *out, const struct session *s,
    const char *zone, const struct job_state *state)
{
	char confirmed[INSTANT_TEXT_MAX], since[INSTANT_TEXT_MAX];

	if (state->commit[0] != '\0')
		fprintf(out, "  commit %s, confirmed %s", state->commit,
		    report_time(s, zone, state->confirmed_at, confirmed));
	if (state->unreachable_since.s != WALL_NONE)
		fprintf(out, "  unreachable since %s",
		    report_time(s, zone, state->unreachable_since, since));
}

static void print_next(FILE *out, const struct session *s,
    const struct job_entry *entry, const char *zone)
{
	const struct job_state *state = &entry->state;
	char next[INSTANT_TEXT_MAX];

	if (state->phase == PHASE_PARKED)
		fprintf(out, "  once mended: hfcron retry %s", entry->job->id);
	if (entry->paused && entry->paused_until.s == WALL_NONE)
		fprintf(out, "  until hfcron resume\n");
	else if (state->due.s == WALL_NONE)
		fprintf(out, "  not scheduled\n");
	else if (state->due.s <= s->now.s)
		fprintf(out, "  due now\n");
	else
		fprintf(out, "  %s %s\n",
		    state->phase == PHASE_PARKED ? "asked again" : "next",
		    report_time(s, zone, state->due, next));
}

void report_job_text(FILE *out, const struct session *s,
    const struct job_entry *entry, bool colour)
{
	const struct job *job = entry->job;
	const struct job_state *state = &entry->state;
	const char *zone = job->schedule ? job->schedule->zone : "local";
	const char *paint = colour ? phase_colour(state) : "";
	char total[NUM_TEXT_MAX], done[NUM_TEXT_MAX];
	char text[STALENESS_TEXT_MAX];

	fprintf(out, "%s%-9s%s %s\n", paint, state_name(entry),
	    paint[0] ? "\033[0m" : "", job->id);
	fprintf(out, "         ");
	if (state->bytes_total > 0 && state->bytes_done < state->bytes_total)
		fprintf(out, "  %s of %s",
		    num_format_size(state->bytes_done, done),
		    num_format_size(state->bytes_total, total));
	else if (state->bytes_total > 0)
		fprintf(out, "  %s",
		    num_format_size(state->bytes_total, total));
	print_freshness(out, s, zone, state);
	print_next(out, s, entry, zone);
	if (report_is_stale(s, entry))
		fprintf(out, "           stale: %s\n",
		    report_staleness(s, job, state, text, sizeof(text)));
	if (state->error_kind != ERR_NONE)
		fprintf(out, "           %s: %s\n",
		    err_kind_name(state->error_kind),
		    state->error_text ? state->error_text : "");
}
