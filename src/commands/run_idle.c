/* run_idle.c - look before, remember after. */
#include "commands/run_idle.h"

#include <string.h>

#include "commands/report.h"
#include "plan/staleness.h"
#include "platform/clock.h"

size_t run_idle_parked(const struct job_entries *entries)
{
	size_t parked = 0;

	for (size_t i = 0; i < entries->n; i++)
		parked += entries->items[i].state.phase == PHASE_PARKED;
	return parked;
}

/* What the command line asks for is looked at, whatever was remembered. */
static bool may_be_idle(const struct cli *cli)
{
	return cli->n_words == 0 && !cli->all && !cli->recheck && !cli->json &&
	    !cli->verbose;
}

bool run_idle_look(struct run_idle *idle, const struct session *s,
    struct idle_record *record)
{
	if (s->config_rc != 0)
		return false;
	idle->has_fingerprint = idle_fingerprint(s, idle->fingerprint) == 0;
	return idle->has_fingerprint && may_be_idle(s->cli) &&
	    idle_read(s, record) &&
	    idle_holds(record, idle->fingerprint, s->now);
}

static void wake_at(struct idle_record *record, struct wall t)
{
	if (t.s != WALL_NONE &&
	    (record->wake.s == WALL_NONE || t.s < record->wake.s))
		record->wake = t;
}

static void note_times(struct idle_record *record, const struct session *s,
    const struct job_entries *entries)
{
	if (entries->retries_wait)
		record->wake = record->last_run;
	for (size_t i = 0; i < entries->n; i++)
		wake_at(record, entries->items[i].state.due);
	record->next_due = record->wake;
	for (size_t i = 0; i < entries->n; i++)
		if (!report_is_stale(s, &entries->items[i]) &&
		    !entries->items[i].paused)
			wake_at(record,
			    staleness_at(entries->items[i].job,
				&entries->items[i].state));
}

void run_idle_remember(const struct run_idle *idle, struct session *s,
    struct job_entries *entries)
{
	struct idle_record record = { .wake = { WALL_NONE } };
	struct err e = ERR_INIT;

	if (!idle->has_fingerprint ||
	    job_entries_look_paused(entries, s, &e) == -1 ||
	    job_entries_save_changed(entries, s, clock_wall(), &e) == -1)
		return;
	memcpy(record.fingerprint, idle->fingerprint,
	    sizeof(record.fingerprint));
	record.last_run = clock_wall();
	record.parked = (uint32_t)run_idle_parked(entries);
	note_times(&record, s, entries);
	if (idle_write(s, &record, entries->serial, &e) == -1)
		log_event(&s->log, LOG_WARN, e.text, NULL);
}
