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
	REMOTE_OID_MAX = 41,	/* 40 hex digits and a terminator */
	REMOTE_BLOB_MAX = 65,	/* 64 of them */
	REMOTE_PATH_MAX = 1024, /* bytes of a whole path */
	REMOTE_SEGMENT_MAX = 255,
	REMOTE_FILES_MAX = 200000 /* of one commit */
};

/* A commit may have very many: what most of them lack takes no room. */
struct remote_file {
	char *path;		  /* own; validated */
	uint64_t size;		  /* content, not pointer */
	const char *sha256;	  /* 64 digits; NULL unless LFS */
	const char *xet_hash;	  /* 64 digits; NULL unless xet-backed */
	char oid[REMOTE_OID_MAX]; /* git blob (for LFS: the pointer's) */
};

/* The blob's name in the cache: sha256 if there is one, else oid. */
const char *remote_file_blob(const struct remote_file *f);

struct remote_listing {
	char commit[41];
	struct remote_file *files; /* own; sorted by path (bytes) */
	size_t n, cap;
};

struct remote_hashes { /* of one file; "" for what it does not have */
	char oid[REMOTE_OID_MAX];
	char sha256[REMOTE_BLOB_MAX], xet_hash[REMOTE_BLOB_MAX];
};

void remote_listing_init(struct remote_listing *l);
void remote_listing_release(struct remote_listing *l);

/* One more, copied; ERR_PERMANENT beyond REMOTE_FILES_MAX. */
int remote_listing_add(struct remote_listing *l, const char *path,
    uint64_t size, const struct remote_hashes *hashes, struct err *e);
/* Only the first n are left. */
void remote_listing_cut(struct remote_listing *l, size_t n);

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

/* What a name may be differs between the systems that files are put on. */
enum remote_system { REMOTE_ON_UNIX, REMOTE_ON_WINDOWS };

/*
 * Can the system hold a path that remote_path_problem has nothing against?
 * NULL, or a static text that says why not.  Windows: no <>:"|?*\, no segment
 * that ends in a dot or a space, none that names a device (CON, nul.txt, COM1).
 */
const char *remote_path_unfit(enum remote_system on, const char *path,
    size_t n);

/*
 * The same for files that are to be together: ERR_PERMANENT names the first path
 * that the system cannot hold, or two that are the same there because it does not
 * tell large letters from small ones (Latin, Greek, Cyrillic, Armenian).
 */
int remote_files_fit(enum remote_system on,
    const struct remote_file *const *files, size_t n, struct err *e);

#endif
