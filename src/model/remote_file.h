/*
 * remote_file.h - one file of a commit as the Hub lists it, and the one rule
 * for names that come from the network.
 */
#ifndef HFCRON_MODEL_REMOTE_FILE_H
#define HFCRON_MODEL_REMOTE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
	REMOTE_BLOB_MAX = 65,	/* 64 hex digits and a terminator */
	REMOTE_PATH_MAX = 1024, /* bytes of a whole path */
	REMOTE_SEGMENT_MAX = 255,
	REMOTE_FILES_MAX = 200000 /* of one commit */
};

struct remote_file {
	char *path;			/* own; validated */
	uint64_t size;			/* content, not pointer */
	char oid[41];			/* git blob (for LFS: the pointer's) */
	char sha256[REMOTE_BLOB_MAX];	/* "" unless LFS */
	char xet_hash[REMOTE_BLOB_MAX]; /* "" unless xet-backed */
};

/* The blob's name in the cache: sha256 if there is one, else oid. */
const char *remote_file_blob(const struct remote_file *f);

struct remote_listing {
	char commit[41];
	struct remote_file *files; /* own; sorted by path (bytes) */
	size_t n, cap;
};

void remote_listing_init(struct remote_listing *l);
void remote_listing_release(struct remote_listing *l);

/* Sort, and refuse (ERR_PERMANENT) a path that stands twice or is both a file
 * and a folder. */
int remote_listing_finish(struct remote_listing *l, struct err *e);

/*
 * The validator for every name from the network: NULL if safe as a relative
 * path on every system, else a static text that says why not.  The official
 * client's rule (hub.md section 12) plus: no control bytes, valid UTF-8, no
 * bidi or zero-width characters, no empty or "." segment, lengths above, not
 * beneath ".cache/huggingface" or ".hfcron", no name of our own partial files.
 * Backslash and ":" drive forms are refused as the official client refuses
 * them; a colon elsewhere in a segment is allowed on Unix.
 */
const char *remote_path_problem(const char *path, size_t n);

#endif
