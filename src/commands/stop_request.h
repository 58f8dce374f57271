/*
 * stop_request.h - the mark that tells a run that it is `hfcron stop` that
 * signals it, and not the system: then it ends with exit 0 and its jobs wait
 * for their next slot.
 */
#ifndef HFCRON_COMMANDS_STOP_REQUEST_H
#define HFCRON_COMMANDS_STOP_REQUEST_H

#include <stdbool.h>

#include "commands/session.h"

int stop_request_make(struct session *s, struct err *e);
bool stop_request_is_there(struct session *s);
void stop_request_clear(struct session *s);

#endif
