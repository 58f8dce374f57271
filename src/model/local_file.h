/*
 * local_file.h - what the disk has for one listed file.  Plain data: cache/
 * fills it, plan/file_diff decides by it.
 */
#ifndef HFCRON_MODEL_LOCAL_FILE_H
#define HFCRON_MODEL_LOCAL_FILE_H

#include <stdbool.h>
#include <stdint.h>

struct local_file {
	bool in_place;		/* under its final name for this commit, the
				   right size and content name */
	bool blob_present;	/* content of the right size is on disk */
	bool blob_verified;	/* and it is the very file (inode, size, mtime)
				   that we verified before */
	uint64_t partial_bytes; /* durable bytes of our partial file */
	uint64_t partial_disk_bytes; /* what that takes on disk now */
};

#endif
