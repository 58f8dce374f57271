/* report.h - jobs and their states, for people and for programs. */
#ifndef HFCRON_COMMANDS_REPORT_H
#define HFCRON_COMMANDS_REPORT_H

#include <stdio.h>

#include "base/strbuf.h"
#include "commands/job_entries.h"
#include "commands/session.h"
#include "formats/json_write.h"
#include "model/job.h"
#include "model/job_state.h"

enum { REPORT_BYTES_MAX = 1024 * 1024 * 1024, STALENESS_TEXT_MAX = 160 };

/* Opens {"schema":1,"command":NAME, for further keys. */
void report_begin(struct json_writer *w, struct strbuf *out,
    const char *command);
/* Closes and prints; returns `status`, or EXIT_RETRY if memory is short. */
int report_end(struct json_writer *w, struct strbuf *out, int status);

/* One object of "jobs". */
void report_job_json(struct json_writer *w, const struct session *s,
    const struct job_entry *entry);
/* {"kind":..., "text":...}, or null if there was none. */
void report_error_json(struct json_writer *w, enum err_kind kind,
    const char *text);
void report_time_json(struct json_writer *w, const char *key, struct wall t);

/* A few lines for people; `colour` for the state. */
void report_job_text(FILE *out, const struct session *s,
    const struct job_entry *entry, bool colour);

/* "22:00", "Sun 02:00" or "2026-11-22 22:00" in the zone, whichever says enough. */
const char *report_time(const struct session *s, const char *zone,
    struct wall t, char buf[INSTANT_TEXT_MAX]);

/* RFC 3339 with the zone's offset at that instant:
 * "2026-11-22T22:00:03+01:00".  t is not WALL_NONE. */
const char *report_local(const struct session *s, const char *zone,
    struct wall t, char buf[INSTANT_TEXT_MAX]);

/* Needs a person or is failing. */
bool report_is_problem(const struct job_state *state);
/* Not confirmed for longer than its max_staleness. */
bool report_is_stale(const struct session *s, const struct job_entry *entry);
/* "not confirmed since Sun 02:00; its max_staleness is 7d" */
const char *report_staleness(const struct session *s, const struct job *job,
    const struct job_state *state, char *buf, size_t size);

#endif
