/*
 * stop_request.h - the mark that tells a run that it is `hfcron stop` that
 * signals it, and not the system: then it ends with exit 0 and its jobs wait
 * for their next slot.
 *
 * The mark names the process that is asked, so that one that was left behind
 * says nothing to another run, and nobody has to remove it in time.
 */
#ifndef HFCRON_COMMANDS_STOP_REQUEST_H
#define HFCRON_COMMANDS_STOP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "commands/session.h"

/*
 * Make the mark for the run `pid` and hold it, so that of several `hfcron stop`
 * one signals: a second signal would end the run at once.  ERR_BUSY if another
 * holds it; *was_there: one that is gone by now has asked the same run.
 */
int stop_request_make(struct session *s, int64_t pid, struct file_lock *mark,
    bool *was_there, struct err *e);
/* Was this very process asked? */
bool stop_request_is_there(struct session *s);
/* Remove a mark for another process, unless somebody holds it. */
void stop_request_forget_others(struct session *s);

#endif
