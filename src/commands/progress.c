#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/progress.h"
#include "formats/json_write.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "platform/terminal.h"

enum {
	PAINT_MS = 250,
	PUBLISH_MS = 1000,
	MEASURE_MS = 500,
	BAR_CELLS_MIN = 4,
	BAR_CELLS_MAX = 24,
	NAME_COLUMNS = 28,
	NARROW_COLUMNS = 80 - 1,
	SHOWN_MAX = 8, /* jobs painted; the others are in the sum */
	PUBLISHED_MAX = 1000,
	FILE_MAX = 16 * 1024 * 1024
};

int64_t progress_eta_s(uint64_t left, double bytes_per_s)
{
	double s;

	if (left == 0)
		return 0;
	if (bytes_per_s < 1)
		return -1;
	s = (double)left / bytes_per_s;
	/* Rounded up: while something is left it is not there yet. */
	return s > 1e9 ? -1 : (int64_t)s + ((double)(int64_t)s < s);
}

static void wipe(void *cookie)
{
	struct progress *p = cookie;

	if (p->painted_lines > 0)
		fprintf(stderr, "\033[%dA\r\033[J", p->painted_lines);
	p->painted_lines = 0;
}

void progress_init(struct progress *p, struct session *s,
    const struct job_work *works, size_t n, bool publish)
{
	memset(p, 0, sizeof(*p));
	p->session = s;
	p->works = works;
	p->n = n;
	p->live = session_is_live(s) && terminal_can_paint(2);
	p->colour = terminal_has_colour(2);
	p->publish = publish;
	p->measured = clock_mono();
	s->wipe = wipe;
	s->wipe_cookie = p;
	/* Without memory only the sum has a rate. */
	p->meters = calloc(n + 1, sizeof(*p->meters));
}

struct totals {
	uint64_t bytes, done, received;
	size_t jobs, ended;
};

/* What is fetched twice (a dropped answer) is not there twice. */
static uint64_t bytes_done(const struct job_work *w)
{
	return w->bytes_done < w->sums.bytes_total ? w->bytes_done
						   : w->sums.bytes_total;
}

static struct totals sum_up(const struct progress *p)
{
	struct totals t;

	memset(&t, 0, sizeof(t));
	for (size_t i = 0; i < p->n; i++) {
		const struct job_work *w = &p->works[i];

		t.bytes += w->sums.bytes_total;
		t.done += bytes_done(w);
		t.received += w->bytes_received;
		t.jobs++;
		if (w->phase == WORK_ENDED)
			t.ended++;
	}
	return t;
}

static void update(struct meter *meter, uint64_t received, int64_t ms)
{
	double rate = (double)(received - meter->received) * 1000.0 /
	    (double)ms;

	meter->rate = meter->rate < 1 ? rate : 0.7 * meter->rate + 0.3 * rate;
	meter->received = received;
}

static void measure(struct progress *p, struct mono now, uint64_t received)
{
	int64_t ms = now.ms - p->measured.ms;

	if (ms < MEASURE_MS)
		return;
	update(&p->all, received, ms);
	for (size_t i = 0; p->meters != NULL && i < p->n; i++)
		update(&p->meters[i], p->works[i].bytes_received, ms);
	p->measured = now;
}

/* --- on the terminal ----------------------------------------------------- */

/* "[####....] " to fill `room` columns; nothing where that is too narrow. */
static void make_bar(char *bar, int room, uint64_t done, uint64_t total)
{
	int cells = room - 3 < BAR_CELLS_MAX ? room - 3 : BAR_CELLS_MAX;
	int filled;

	bar[0] = '\0';
	if (cells < BAR_CELLS_MIN)
		return;
	filled = total == 0
	    ? 0
	    : (int)((double)done / (double)total * (double)cells);
	*bar++ = '[';
	for (int i = 0; i < cells; i++)
		*bar++ = i < filled ? '#' : '.';
	memcpy(bar, "] ", 3);
}

static int name_columns(void)
{
	return terminal_columns(2) > NARROW_COLUMNS ? NAME_COLUMNS
						    : NAME_COLUMNS / 2;
}

/* NAME [BAR] 45% 1.2 GB of 2.6 GB 23 MB/s ETA 1m02s, cut to the terminal: a
 * line that wraps could not be wiped. */
static void paint_line(struct progress *p, const char *name, uint64_t done,
    uint64_t total, double bytes_per_s)
{
	char have[NUM_TEXT_MAX], all[NUM_TEXT_MAX], rate[NUM_TEXT_MAX];
	char eta[NUM_TEXT_MAX], bar[BAR_CELLS_MAX + 4], numbers[160];
	int64_t left_s = progress_eta_s(total - done, bytes_per_s);
	int columns = terminal_columns(2) - 1, names = name_columns(), room;

	snprintf(numbers, sizeof(numbers), "%3d%% %s of %s %s/s ETA %s",
	    total == 0 ? 0 : (int)((double)done * 100 / (double)total),
	    num_format_size(done, have), num_format_size(total, all),
	    num_format_size((uint64_t)bytes_per_s, rate),
	    left_s < 0 ? "?" : num_format_duration(left_s * 1000, eta));
	if (names > columns)
		names = columns;
	room = columns - names - 1;
	make_bar(bar, room - (int)strlen(numbers), done, total);
	fprintf(stderr, "\r\033[K%s%-*.*s%s %s%.*s\n",
	    p->colour ? "\033[1m" : "", names, names, name,
	    p->colour ? "\033[0m" : "", bar, room < 0 ? 0 : room, numbers);
	p->painted_lines++;
}

/* Of a long id the end says more: "model/org/" is the same for many. */
static const char *short_name(const char *id)
{
	size_t n = strlen(id), most = (size_t)name_columns();

	if (n <= most)
		return id;
	id += n - most;
	while (((unsigned char)*id & 0xC0) == 0x80) /* within a character */
		id++;
	return id;
}

static void paint(struct progress *p, const struct totals *t)
{
	char name[64];
	unsigned shown = 0;

	wipe(p);
	for (size_t i = 0; i < p->n && shown < SHOWN_MAX; i++) {
		const struct job_work *w = &p->works[i];

		if (w->phase != WORK_FETCHING)
			continue;
		paint_line(p, short_name(w->job->id), bytes_done(w),
		    w->sums.bytes_total, p->meters ? p->meters[i].rate : 0);
		shown++;
	}
	snprintf(name, sizeof(name), "all: %zu of %zu jobs", t->ended, t->jobs);
	paint_line(p, name, t->done, t->bytes, p->all.rate);
	fflush(stderr);
}

/* --- in the file --------------------------------------------------------- */

static const char *work_word(const struct job_work *w)
{
	switch (w->phase) {
	case WORK_WAITING:
		return "waiting";
	case WORK_UNCHANGED:
		return "unchanged";
	case WORK_READY:
		return "ready";
	case WORK_FETCHING:
	case WORK_FETCHED:
		return "fetching";
	case WORK_ENDED:
		break;
	}
	return "ended";
}

static void write_json(struct progress *p, const struct totals *t,
    struct strbuf *out)
{
	char time[INSTANT_TEXT_MAX];
	struct json_writer w;

	json_write_init(&w, out, 1);
	json_write_begin_object(&w);
	json_write_key(&w, "schema");
	json_write_u64(&w, 1);
	json_write_key(&w, "pid");
	json_write_i64(&w, process_id());
	json_write_key(&w, "started");
	json_write_string(&w, instant_format(p->session->now, time));
	json_write_key(&w, "updated");
	json_write_string(&w, instant_format(clock_wall(), time));
	json_write_key(&w, "bytes_per_s");
	json_write_u64(&w, (uint64_t)p->all.rate);
	json_write_key(&w, "bytes_total");
	json_write_u64(&w, t->bytes);
	json_write_key(&w, "bytes_done");
	json_write_u64(&w, t->done);
	json_write_key(&w, "eta_s");
	json_write_i64(&w, progress_eta_s(t->bytes - t->done, p->all.rate));
	json_write_key(&w, "jobs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < p->n; i++) {
		const struct job_work *work = &p->works[i];

		/* Of very many jobs those at work say enough. */
		if (p->n > PUBLISHED_MAX && work->phase != WORK_FETCHING)
			continue;
		json_write_begin_object(&w);
		json_write_key(&w, "id");
		json_write_string(&w, work->job->id);
		json_write_key(&w, "phase");
		json_write_string(&w, work_word(work));
		json_write_key(&w, "bytes_total");
		json_write_u64(&w, work->sums.bytes_total);
		json_write_key(&w, "bytes_done");
		json_write_u64(&w, bytes_done(work));
		json_write_key(&w, "bytes_per_s");
		json_write_u64(&w, p->meters ? (uint64_t)p->meters[i].rate : 0);
		json_write_key(&w, "files_total");
		json_write_u64(&w, work->n);
		json_write_key(&w, "files_done");
		json_write_u64(&w, work->files_done);
		json_write_end_object(&w);
	}
	json_write_end_array(&w);
	json_write_end_object(&w);
	strbuf_putc(out, '\n');
}

/* By rename, so that a reader never sees half; not synced, for it is worth
 * nothing after a crash. */
static int replace_file(const char *path, const struct strbuf *text,
    struct err *e)
{
	char *temporary = text_format("%s.tmp", path);
	int fd = -1, rc = -1;

	if (temporary == NULL)
		return err_nomem(e);
	if (fs_unlink(temporary, e) == 0 &&
	    fs_open_rw(temporary, true, &fd, e) == 0 &&
	    fs_pwrite(fd, strbuf_text(text), text->len, 0, temporary, e) == 0)
		rc = fs_rename(temporary, path, e);
	fs_close(&fd);
	free(temporary);
	return rc;
}

static void publish(struct progress *p, const struct totals *t)
{
	char *path = session_state_path(p->session, "progress.json");
	struct err e = ERR_INIT;
	struct strbuf text;

	strbuf_init(&text, FILE_MAX);
	write_json(p, t, &text);
	if (path != NULL && !strbuf_failed(&text) &&
	    replace_file(path, &text, &e) == -1) {
		/* Said once: the run is worth more than its display. */
		log_event(&p->session->log, LOG_WARN, e.text, NULL);
		p->publish = false;
	}
	strbuf_release(&text);
	free(path);
}

void progress_tick(struct progress *p)
{
	struct mono now = clock_mono();
	struct totals t;

	if (now.ms - p->painted.ms < PAINT_MS)
		return;
	p->painted = now;
	t = sum_up(p);
	measure(p, now, t.received);
	if (p->live)
		paint(p, &t);
	if (p->publish && now.ms - p->published.ms >= PUBLISH_MS) {
		p->published = now;
		publish(p, &t);
	}
}

void progress_forget(struct session *s)
{
	char *path = session_state_path(s, "progress.json");
	struct err ignored = ERR_INIT;

	if (path != NULL)
		(void)fs_unlink(path, &ignored);
	free(path);
}

void progress_end(struct progress *p)
{
	wipe(p);
	p->session->wipe = NULL;
	free(p->meters);
	p->meters = NULL;
	if (p->published.ms != 0)
		progress_forget(p->session);
}
