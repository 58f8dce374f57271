/*
 * fake_sync.h - transfer/work_pool.h without threads: a sync takes as long as
 * the script says by the fake clock, and so does other work.  Linked before the library.
 */
#ifndef HFCRON_TESTS_FAKE_SYNC_H
#define HFCRON_TESTS_FAKE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "transfer/work_pool.h"

struct fake_sync {
	int64_t takes_ms;
	int64_t block_takes_ms; /* a write, a hash: one after the other */
	/* From this job on (the first is 1) fdatasync fails; 0: never. */
	unsigned fails_from;
	bool fails_once; /* but not after it */
	/* Told when a job begins: what is written now will be durable. */
	void (*begins)(void *cookie, const struct work_job *job);
	void *cookie;
	unsigned begun, ended; /* counted */
};

/* The one script; each test sets it anew. */
extern struct fake_sync fake_sync;

/* Is a sync of this path under way? */
bool fake_sync_pending(const char *path);

#endif
