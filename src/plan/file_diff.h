/*
 * file_diff.h - what is to be done for each file of a commit.  Pure.
 */
#ifndef HFCRON_PLAN_FILE_DIFF_H
#define HFCRON_PLAN_FILE_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "model/local_file.h"
#include "model/remote_file.h"

enum file_action {
	FILE_KEEP,  /* in place and verified: nothing to do */
	FILE_PLACE, /* verified content is there: link it */
	FILE_ADOPT, /* content is there unverified: hash, then link */
	FILE_FETCH, /* download what is missing, verify, place */
	FILE_SHARE  /* same blob as an earlier entry that is fetched or
			   adopted: place after that one */
};

struct file_decision {
	enum file_action action;
	size_t first; /* SHARE: index of the entry it shares with */
};

struct file_sums {
	uint64_t bytes_total; /* of distinct blobs wanted */
	uint64_t bytes_there; /* verified, adopted or durable */
	uint64_t bytes_to_fetch;
	uint64_t disk_needed_bytes; /* beyond what is allocated now */
	size_t files_to_fetch;
	size_t n_changes; /* entries that are not KEEP */
};

/*
 * `wanted` (n pointers into a listing, filters applied) against `local` (same
 * order).  `recheck`: verified content counts as unverified.  Fills
 * decisions[n] and *sums.  0, or -1 (no memory).
 */
int file_diff(const struct remote_file *const *wanted,
    const struct local_file *local, size_t n, bool recheck,
    struct file_decision *decisions, struct file_sums *sums, struct err *e);

#endif
