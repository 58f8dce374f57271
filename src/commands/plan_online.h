/*
 * plan_online.h - what a run would find, by asking the Hub as its first phase
 * does.  Reads the store and the disk; writes nothing anywhere.
 */
#ifndef HFCRON_COMMANDS_PLAN_ONLINE_H
#define HFCRON_COMMANDS_PLAN_ONLINE_H

#include "base/strbuf.h"
#include "commands/job_work.h"
#include "formats/json_write.h"

struct plan_online_entry {
	size_t work;	  /* its index plus one; 0: not asked about */
	struct wall from; /* when a run may begin with it */
};

struct plan_online {
	struct job_work *works; /* own; the jobs asked about, in the order of
				   a run */
	size_t n;
	struct plan_online_entry *entries; /* own; per entry of the list */
	struct disk_budget disks;
	uint64_t requests;
	size_t n_unchanged, n_to_do, n_failed;
	uint64_t files_to_fetch, bytes_to_fetch;
	/* the forecast */
	uint64_t bytes_per_s;		/* measured; 0: nothing was */
	size_t samples;			/* attempts that it was measured over */
	struct forecast_job *forecasts; /* own; per work; NULL: none */
	struct wall finish; /* of all; WALL_NONE: not within the horizon */
	unsigned windows;
	enum exit_status status; /* as a run would end */
};

/*
 * Ask about the jobs that are due, or partial and waiting for their window;
 * with --all about every one that is not blocked.  0, or -1 after it has been
 * said what is wrong.  Release in both cases.
 */
int plan_online_ask(struct plan_online *online, struct session *s,
    struct job_entries *entries, const struct plan *plan, struct wall now);
void plan_online_release(struct plan_online *online);

/* One line per job and the totals. */
void plan_online_text(const struct plan_online *online, const struct session *s,
    struct strbuf *out);
/* Values, without their keys: of one entry (null if it was not asked about),
 * and of all. */
void plan_online_job_json(const struct plan_online *online, size_t entry,
    struct json_writer *w);
void plan_online_json(const struct plan_online *online, struct json_writer *w);

#endif
