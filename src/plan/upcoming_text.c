/* upcoming_text.c - what comes next, for people. */
#include "plan/upcoming_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum {
	WHO_BYTES_MAX = 160,
	WHAT_BYTES_MAX = 160,
	ID_SHOWN_MAX = 400,
	UNTIL_BYTES_MAX = 64
};

/* So near that the day of the week is clear. */
#define NEAR_S (INT64_C(6) * 86400)

struct line {
	char when[80], schedule[WHO_BYTES_MAX], what[WHAT_BYTES_MAX];
};

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri",
	"Sat" };

static const char *zone_of(const struct schedule *s)
{
	return s->zone == NULL ? "local" : s->zone;
}

/* "Sun 2027-03-28 03:00 +02:00" */
static void put_when(const struct upcoming *u, const struct calendar *cal,
    char *out, size_t size)
{
	struct civil c;
	int64_t offset_s, min;

	calendar_local(cal, zone_of(u->schedule), u->at, &c);
	offset_s = instant_from_civil(&c) - u->at.s;
	min = (offset_s < 0 ? -offset_s : offset_s) / 60;
	(void)snprintf(out, size,
	    "%s %04" PRId64 "-%02d-%02d %02d:%02d %c%02d:%02d", days[c.wday],
	    c.year, c.month, c.day, c.hour, c.minute, offset_s < 0 ? '-' : '+',
	    (int)(min / 60), (int)(min % 60));
}

static void put_schedule(const struct schedule *s, char *out, size_t size)
{
	char name[WHO_BYTES_MAX / 2];

	(void)text_escape(s->name, strlen(s->name), false, name, sizeof(name));
	if (strcmp(zone_of(s), "local") == 0)
		(void)snprintf(out, size, "%s", name);
	else
		(void)snprintf(out, size, "%s (%s)", name, s->zone);
}

/* " until Fri 07:00", with the date if that is not near; nothing if never. */
static void put_until(const struct upcoming *u, const struct calendar *cal,
    char out[UNTIL_BYTES_MAX])
{
	struct civil c;

	out[0] = '\0';
	if (u->until.s == WALL_NONE)
		return;
	calendar_local(cal, zone_of(u->schedule), u->until, &c);
	if (u->until.s - u->at.s < NEAR_S)
		(void)snprintf(out, UNTIL_BYTES_MAX, " until %s %02d:%02d",
		    days[c.wday], c.hour, c.minute);
	else
		(void)snprintf(out, UNTIL_BYTES_MAX,
		    " until %04" PRId64 "-%02d-%02d %02d:%02d", c.year, c.month,
		    c.day, c.hour, c.minute);
}

static void put_what(const struct upcoming *u, const struct calendar *cal,
    char *out, size_t size)
{
	const char *slot = u->what & UPCOMING_SLOT ? "slot, " : "";
	char until[UNTIL_BYTES_MAX], splay[NUM_TEXT_MAX];

	put_until(u, cal, until);
	if ((u->what & UPCOMING_DUE) != 0)
		(void)snprintf(out, size, "due");
	else if ((u->what & UPCOMING_TRY) != 0)
		(void)snprintf(out, size, "next try");
	else if ((u->what & UPCOMING_RESUMES) != 0)
		(void)snprintf(out, size, "pause ends");
	else if ((u->what & UPCOMING_CLOSES) != 0)
		(void)snprintf(out, size, "window closes");
	else if ((u->what & UPCOMING_OPENS) != 0)
		(void)snprintf(out, size, "%swindow opens%s", slot, until);
	else if ((u->what & UPCOMING_SHUT) != 0)
		(void)snprintf(out, size, "slot, window closed%s", until);
	else if (u->schedule->splay_s > 0)
		(void)snprintf(out, size, "slot, spread over %s",
		    num_format_duration(u->schedule->splay_s * 1000, splay));
	else
		(void)snprintf(out, size, "slot");
}

static void put_jobs(const struct upcoming *u, const struct plan_job *jobs,
    struct strbuf *out)
{
	char id[ID_SHOWN_MAX];
	size_t i;

	for (i = 0; i < u->n_jobs && i < UPCOMING_JOBS_NAMED; i++) {
		const char *text = jobs[u->jobs[i]].job->id;

		(void)text_escape(text, strlen(text), false, id, sizeof(id));
		strbuf_printf(out, "%s%s", i > 0 ? ", " : "", id);
	}
	if (i < u->n_jobs)
		strbuf_printf(out, " and %zu more", u->n_jobs - i);
	if (u->reason[0] != '\0' && u->n_jobs == 1)
		strbuf_printf(out, ": %s", u->reason);
}

/* Columns, where every character takes one. */
static int width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			n++;
	return n;
}

static void put_padded(struct strbuf *out, const char *text, int columns)
{
	strbuf_printf(out, "%s%*s  ", text, columns - width(text), "");
}

void upcoming_text(const struct upcoming_list *list,
    const struct plan_job *jobs, const struct calendar *cal, struct strbuf *out)
{
	struct line line;
	char utc[INSTANT_TEXT_MAX];
	int schedule_columns = 0, what_columns = 0, n;
	size_t i;

	for (i = 0; i < list->n; i++) {
		put_schedule(list->items[i].schedule, line.schedule,
		    sizeof(line.schedule));
		put_what(&list->items[i], cal, line.what, sizeof(line.what));
		n = width(line.schedule);
		if (n > schedule_columns)
			schedule_columns = n;
		n = width(line.what);
		if (n > what_columns)
			what_columns = n;
	}
	for (i = 0; i < list->n; i++) {
		const struct upcoming *u = &list->items[i];

		put_when(u, cal, line.when, sizeof(line.when));
		put_schedule(u->schedule, line.schedule, sizeof(line.schedule));
		put_what(u, cal, line.what, sizeof(line.what));
		strbuf_printf(out, "%s  %s  ", line.when,
		    instant_format(u->at, utc));
		put_padded(out, line.schedule, schedule_columns);
		put_padded(out, line.what, what_columns);
		put_jobs(u, jobs, out);
		strbuf_putc(out, '\n');
	}
}
