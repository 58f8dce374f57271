/*
 * upstream.h - has a repository lost what made it worth having?  Pure.
 *
 * Deleting happens upstream by mistake, by anger and by law; who mirrors wants to
 * keep the last good snapshot until a person says otherwise.
 */
#ifndef HFCRON_PLAN_UPSTREAM_H
#define HFCRON_PLAN_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a job selects of one commit. */
struct upstream_amount {
	size_t files;
	uint64_t bytes;
};

/*
 * true if the new commit has less than half of the files, or less than a tenth
 * of the bytes, of the last good one.  Formats come and go, and weights shrink to
 * half their size; that is no loss.
 */
bool upstream_has_lost(const struct upstream_amount *before,
    const struct upstream_amount *now);

#endif
