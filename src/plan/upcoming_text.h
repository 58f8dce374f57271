/* upcoming_text.h - what comes next, for people.  Pure. */
#ifndef HFCRON_PLAN_UPCOMING_TEXT_H
#define HFCRON_PLAN_UPCOMING_TEXT_H

#include "base/strbuf.h"
#include "plan/upcoming.h"

/*
 * One line per entry, aligned:
 *   Sun 2027-03-28 03:00 +02:00  2027-03-28T01:00:00Z  night (Europe/Berlin)  slot  model/org/name@main
 * in the schedule's zone with its offset, and in UTC.  `jobs` are those the
 * list was built from.
 */
void upcoming_text(const struct upcoming_list *list,
    const struct plan_job *jobs, const struct calendar *cal,
    struct strbuf *out);

#endif
