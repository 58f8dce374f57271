/*
 * idle.h - is there nothing to do?  Told from one small record, whatever the
 * number of jobs (design section 5.1).
 *
 * A run remembers at its end what it had read at its start (the fingerprint)
 * and when the next one has something to do.  As long as neither has changed, a
 * later start reads neither the lists nor any job, writes nothing, takes no lock
 * and asks nobody.
 */
#ifndef HFCRON_COMMANDS_IDLE_H
#define HFCRON_COMMANDS_IDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "commands/session.h"

enum { IDLE_FINGERPRINT_BYTES = 32 };

struct idle_record {
	uint8_t fingerprint[IDLE_FINGERPRINT_BYTES];
	struct wall wake; /* something is to be done or said then; WALL_NONE:
				 nothing to come */
	struct wall next_due; /* of a job; to be shown */
	struct wall last_run; /* when the record was written */
	uint32_t parked;      /* jobs that wait for a person */
};

/*
 * Path, size, mtime and inode of the configuration, every list and every zone
 * file in use; what Windows has of these zones; what the token file says; the
 * variables that the program or its libraries read (HF_*, XDG_*, TZ, HOME,
 * proxies, certificates); the version.  Of a token only this hash remains.  The
 * session has its configuration, not its lists.
 * 0, or -1 (no memory).
 */
int idle_fingerprint(const struct session *s,
    uint8_t fingerprint[IDLE_FINGERPRINT_BYTES]);

/* Pure: does the record still hold?  Any doubt says no. */
bool idle_holds(const struct idle_record *r,
    const uint8_t fingerprint[IDLE_FINGERPRINT_BYTES], struct wall now);

/* Read the record of the session's store; false if there is none that can be
 * used. */
bool idle_read(const struct session *s, struct idle_record *r);

/*
 * Write it, unless requests (pause, retry) came after `serial` was read: then
 * there is none, and the next run looks.
 */
int idle_write(struct session *s, const struct idle_record *r, uint64_t serial,
    struct err *e);

#endif
