/* plan_text.h - a plan for people.  Pure. */
#ifndef HFCRON_PLAN_PLAN_TEXT_H
#define HFCRON_PLAN_PLAN_TEXT_H

#include "base/strbuf.h"
#include "plan/plan.h"

/*
 * One line per job, aligned:
 *   due      2026-11-22T22:00:00Z  model/org/name@main  slot 22:00, window until 07:00
 * `jobs` are those the plan was built from.
 */
void plan_text(const struct plan *plan, const struct plan_job *jobs,
    struct strbuf *out);

const char *plan_verdict_name(enum plan_verdict verdict);

#endif
