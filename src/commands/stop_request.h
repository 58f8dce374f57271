/*
 * stop_request.h - the mark that tells a run that it is `hfcron stop` that
 * signals it, and not the system: then it ends with exit 0 and its jobs wait
 * for their next slot.
 */
#ifndef HFCRON_COMMANDS_STOP_REQUEST_H
#define HFCRON_COMMANDS_STOP_REQUEST_H

#include <stdbool.h>

#include "commands/session.h"

/*
 * Make the mark and hold it, so that of several `hfcron stop` one signals: a
 * second signal would end the run at once.  ERR_BUSY if another holds it;
 * *was_there: one that is gone by now has left it.
 */
int stop_request_make(struct session *s, struct file_lock *mark,
    bool *was_there, struct err *e);
bool stop_request_is_there(struct session *s);
void stop_request_clear(struct session *s);

#endif
