/*
 * resume.h - what an earlier run has left of a file.
 */
#ifndef HFCRON_TRANSFER_RESUME_H
#define HFCRON_TRANSFER_RESUME_H

#include <stddef.h>
#include <stdint.h>

#include "model/extent.h"
#include "platform/digest.h"

/* What is known of a partial file to go on from; as the store keeps it. */
struct engine_resume {
	uint64_t device, inode; /* must be the file's own */
	int64_t mtime_s;	/* if the file was written since, its digest */
	int32_t mtime_ns;	/* is made anew from the disk */
	const struct extent *extents;
	size_t n_extents;
	uint64_t digest_at; /* 0: no state */
	uint8_t digest_state[DIGEST_STATE_BYTES];
};

#endif
