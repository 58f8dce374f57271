/*
 * store.h - what hfcron remembers between runs, in LMDB; the only user of
 * lmdb.h.
 *
 * Only what can be rebuilt from the configuration and the disk, plus history
 * nobody would miss.  Never a token, never a signed URL.  Every value is
 * versioned and checksummed (store_record.h); times are 64-bit UTC.  Every
 * call is one short transaction (over many files, several: groups of 4096);
 * none is open when a call returns.  Values are copied out.  One open store
 * per process, used by one thread at a time, and not after fork.
 *
 * Failures are ERR_STATE; a full disk is ERR_DISK.
 */
#ifndef HFCRON_STORE_STORE_H
#define HFCRON_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "model/extent.h"
#include "model/job_state.h"
#include "model/remote_file.h"
#include "platform/digest.h"

struct store;

enum store_mode {
	STORE_READ_ONLY, /* `status`, `plan`: nothing is written, an
				   absent store is an empty one */
	STORE_WRITE	 /* created if absent */
};

enum {
	STORE_ID_MAX = 9,
	STORE_KEY_BYTES = 16,
	STORE_SCHEMA = 1,
	STORE_ATTEMPTS_MAX = 10000,
	STORE_ATTEMPTS_OF_JOB = 20,
	STORE_EXTENTS_MAX = 4096
};

/*
 * Open <state_dir>/store.  `owner` is the real path of the configuration (""
 * for none): a store that belongs to another is refused (ERR_STATE naming
 * both), as are a newer schema, network file systems (LMDB forbids them), a
 * directory or file that is a link, foreign-owned or writable by others.
 * Before LMDB sees the file its meta pages are checked (magic, version, page
 * size, last page against the file's size), because LMDB trusts it and dies
 * by signal otherwise.  A file that fails this is set aside as
 * store.bad-<time> and a fresh one is made; `warning` (may be NULL) then says
 * so (empty otherwise).  `now` is for that name; the newest three are kept.
 * Read-only, a damaged store is an empty one, with a warning.  If another
 * process has a damaged store open, that is ERR_BUSY.  A store made for ""
 * goes to the first owner with a name.  Owned: store_close.
 */
struct store *store_open(const char *state_dir, enum store_mode mode,
    const char *owner, struct wall now, char warning[ERR_TEXT_MAX],
    struct err *e);
void store_close(struct store *store);

/* 8 hex digits, made at creation; part of our partial files' names. "" if the
 * store is absent (read-only). */
const char *store_id(const struct store *store);

/*
 * How often a record was met whose checksum is wrong; it is treated as absent.
 * Above zero is worth a warning.  Closing a store that is open for writing
 * removes such records.
 */
size_t store_damaged(const struct store *store);

/* --- meta: small named values ------------------------------------------- */

/* Copies at most `size` bytes; *n is the value's length, 0 if absent. */
int store_meta_get(struct store *store, const char *name, void *bytes,
    size_t size, size_t *n, struct err *e);
int store_meta_put(struct store *store, const char *name, const void *bytes,
    size_t n, struct err *e);
int store_meta_get_wall(struct store *store, const char *name, struct wall *t,
    struct err *e); /* WALL_NONE if absent */
int store_meta_put_wall(struct store *store, const char *name, struct wall t,
    struct err *e);

/* --- jobs and the due index ---------------------------------------------- */

/* 16-byte key of a job id. */
void store_job_key(const char *id, uint8_t key[JOB_KEY_BYTES]);

/* *found false if absent (or its record is damaged: then it is as new). */
int store_job_get(struct store *store, const uint8_t key[JOB_KEY_BYTES],
    struct job_state *state, bool *found, struct err *e);
/* Write jobs in one transaction; the due index follows state->due. */
int store_jobs_put(struct store *store, const struct job_state *const *states,
    size_t n, struct err *e);
/* Forget a job, its due entry and its file records. */
int store_job_delete(struct store *store, const uint8_t key[JOB_KEY_BYTES],
    struct err *e);
/* All jobs as owned copies, sorted by key (release each, free the array). */
int store_jobs_all(struct store *store, struct job_state **states, size_t *n,
    struct err *e);
/* The earliest due instant over all jobs, WALL_NONE if there is none. */
int store_next_due(struct store *store, struct wall *due, struct err *e);

/* --- requests: what people asked for between runs -------------------------- */

enum job_request_kind {
	REQUEST_PAUSE,	/* hold the job, until an instant or for good */
	REQUEST_RESUME, /* release it */
	REQUEST_RETRY,	/* forget its failures; the next run does so */
	REQUEST_RETRIED /* the run has done so */
};

/* Ordered by key; all zeros stand for all jobs. */
struct job_request {
	uint8_t key[JOB_KEY_BYTES];
	bool retry;
	bool paused;
	struct wall paused_until; /* WALL_NONE: until it is released */
};

/* The same for n jobs in one transaction, also while a run is at work.
 * `until` is of REQUEST_PAUSE. */
int store_request(struct store *store, enum job_request_kind kind,
    const uint8_t (*keys)[JOB_KEY_BYTES], size_t n, struct wall until,
    struct err *e);
/* All that is asked for; owned (free).  `serial` (may be NULL) changes with every
 * request. */
int store_requests_all(struct store *store, struct job_request **requests,
    size_t *n, uint64_t *serial, struct err *e);

/* --- the idle record ------------------------------------------------------- */

#define STORE_IDLE "idle" /* a meta value; any request removes it */

/* Keep it, unless there were requests since `serial`: then there is none. */
int store_idle_put(struct store *store, const void *bytes, size_t n,
    uint64_t serial, struct err *e);

/*
 * A meta value of the store in `state_dir`, which is not opened as others are:
 * nothing is locked, written or mended, and a newer schema or another owner is
 * not told.  Copies it if it has at most `size` bytes; *n is its length.  -1:
 * there is none, or anything is odd.
 */
int store_peek(const char *state_dir, const char *name, void *bytes,
    size_t size, size_t *n);

/* --- files that were verified in place ----------------------------------- */

struct stored_file {
	char *path; /* own; as in the listing */
	uint64_t size;
	char blob[REMOTE_BLOB_MAX];
	char commit[41];
	struct wall verified_at;
	/* what fstat said of the content then; any change unverifies it */
	uint64_t device, inode;
	int64_t mtime_s;
	int32_t mtime_ns;
};

void stored_file_release(struct stored_file *f);
int store_files_put(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const struct stored_file *files, size_t n, struct err *e);
int store_file_get(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const char *path, struct stored_file *file, bool *found, struct err *e);
/* All of a job, owned copies, sorted by path: as many as it has files. */
int store_files_all(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    struct stored_file **files, size_t *n, struct err *e);
/* Forget those of the job whose commit is not `commit`. */
int store_files_keep(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const char *commit, struct err *e);

/* --- partial files -------------------------------------------------------- */

struct partial_state {
	uint64_t size;		/* of the whole blob */
	uint64_t device, inode; /* the file these extents are in */
	int64_t mtime_s;	/* and its mtime at that moment: if it */
	int32_t mtime_ns;	/* moved on, the digest is made anew */
	struct extent *extents; /* own; ascending, disjoint, durable */
	size_t n_extents;
	uint64_t digest_at; /* content bytes the state stands for */
	uint8_t digest_state[DIGEST_STATE_BYTES]; /* if digest_at > 0 */
	struct wall updated_at;
};

void partial_state_release(struct partial_state *p);
uint64_t partial_state_bytes(const struct partial_state *p); /* sum */
/* Key: hash of the blobs directory and the blob's name. */
void store_partial_key(const char *dir, const char *blob,
    uint8_t key[STORE_KEY_BYTES]);
int store_partial_get(struct store *store, const uint8_t key[STORE_KEY_BYTES],
    struct partial_state *partial, bool *found, struct err *e);
int store_partial_put(struct store *store, const uint8_t key[STORE_KEY_BYTES],
    const struct partial_state *partial, struct err *e);
int store_partial_delete(struct store *store,
    const uint8_t key[STORE_KEY_BYTES], struct err *e);

/* Forget those not updated since `before`: their files are gone, or nobody
 * goes on with them. */
int store_partials_forget(struct store *store, struct wall before,
    struct err *e);

/* --- attempts: history, bounded ------------------------------------------- */

struct attempt {
	struct wall started, ended;
	uint8_t job[JOB_KEY_BYTES];
	char *id;      /* own */
	char *outcome; /* own; "updated", "unchanged", ... */
	char commit[41];
	uint64_t bytes; /* received */
	uint64_t files;
	uint32_t retries;
	enum err_kind error_kind;
	char *error_text; /* own or NULL */
};

void attempt_release(struct attempt *a);
/* Beyond STORE_ATTEMPTS_MAX the oldest ones are dropped, first of those jobs
 * that have more than STORE_ATTEMPTS_OF_JOB: a job that fails every five
 * minutes does not push out what is known of the others. */
int store_attempt_add(struct store *store, const struct attempt *attempt,
    struct err *e);
/* The same for several, in one transaction; none of them on failure. */
int store_attempts_add(struct store *store, const struct attempt *attempts,
    size_t n, struct err *e);
/* The newest first, at most `max`; owned copies.  job NULL: all. */
int store_attempts(struct store *store, const uint8_t *job, size_t max,
    struct attempt **attempts, size_t *n, struct err *e);

/* --- copies --------------------------------------------------------------- */

/*
 * Copy all that is in the store, as of one instant and while others may write,
 * to the new file `to` (0600, durable but for its directory), and prove the
 * copy by store_copy_check.  On failure there is none.  Not of an absent store
 * (store_id says so): ERR_BUG.
 */
int store_copy(struct store *store, const char *to, struct err *e);
/*
 * Read such a copy to its end, in a child, since a damaged one may be deadly.
 * ERR_STATE if it is damaged, of a newer schema, or of another owner.
 */
int store_copy_check(const char *path, const char *owner, struct err *e);
/*
 * Check `from` and put a copy of it in place of the store, which nobody in this
 * process may have open; what was there is gone.  ERR_BUSY if another process
 * has it open.
 */
int store_copy_restore(const char *from, const char *state_dir,
    const char *owner, struct err *e);

/* "LMDB 0.9.24: ..." for --version. */
const char *store_library_version(void);

#endif
