/*
 * engine.h - moves bytes into partial files and proves them.
 *
 * One loop on one thread that alone touches HTTP and the files' state; helper
 * threads write, hash and sync.  The engine knows nothing of repositories,
 * stores or layouts: it pulls files from its caller, tells it when an extent
 * is durable, when a file is whole and when it failed.  What was received and
 * not yet written or hashed is in at most 36 MiB of blocks (block.h): a request
 * without a free one is paused, so that a slow disk slows the line, and memory
 * depends neither on sizes nor on counts.
 *
 * A file from ENGINE_RANGED_BYTES on is fetched in bounded pieces over several
 * connections, at most 2 x connections pieces ahead of the hash front; a
 * smaller one by one GET (resumed by a range).  When nothing may be asked for
 * a connection that is idle takes half of what the slowest request still has to
 * bring, if that takes four seconds or more; the other's connection is given up
 * for it.  A 206 must begin and end where asked and have the right total; a 200
 * to a ranged request restarts the file as one stream; 416 restarts once.  The
 * body may never exceed what was asked.
 * SHA-256 or git SHA-1 follow the contiguous front from memory, and from the
 * disk for what came so far ahead that its block was needed.  A wrong hash discards the file
 * and fetches it once more, then fails it with ERR_INTEGRITY.
 *
 * Requests are retried by the policy (failures counted anew whenever bytes
 * arrive; requests that fail together count once).  Retry-After holds all
 * files, which then come back one by one; more than ten minutes of it end the
 * file.  AUTH and PERMANENT end the file at once.  A stream that cannot be
 * resumed, as the server has no ranges, breaks as often as the policy allows.
 * A signed URL that a redirect led to is used for further pieces until it is
 * refused, whatever the status, or 60 s before its Expires; then the file's
 * own URL is asked again.
 *
 * With max_bytes pieces are cut so that received and asked-for bytes together
 * never exceed it, but for what a shared request's connection brought beyond its
 * half; only a stream that the server cannot cut comes whole once it is begun.
 * When it is reached nothing new is asked for, and the caller says by must_stop
 * what ends.
 *
 * Checkpoints every ENGINE_CHECKPOINT_BYTES or 2 s of dirty data: what is in
 * memory is written, then a snapshot of the extents, fdatasync in a helper
 * thread, and on_durable.  Whole pages of a file of a block or more are written
 * past the page cache where the file system takes that.
 */
#ifndef HFCRON_TRANSFER_ENGINE_H
#define HFCRON_TRANSFER_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "plan/backoff.h"
#include "platform/digest.h"
#include "transfer/extents.h"
#include "transfer/resume.h"

#define ENGINE_RANGED_BYTES ((uint64_t)32 * 1024 * 1024)
/*
 * Up to here over a connection that others share, if the server has HTTP/2;
 * while nothing larger is under way there are then ENGINE_STREAMS requests for
 * each connection, ENGINE_STREAMS_MAX in all.  Measured with 300 files of 4 to 64
 * KiB at 50 ms, 200 Mbit/s and 0.5 % loss: all over one connection 16 s where the
 * sender's congestion control is cubic (HTTP/1.1 over eight: 4 s), 2 s where it
 * is BBR; three over each of eight 2 s with either.
 */
#define ENGINE_SHARED_BYTES ((uint64_t)1024 * 1024)
enum { ENGINE_STREAMS = 3, ENGINE_STREAMS_MAX = 24 };
#define ENGINE_PIECE_MIN_BYTES ((uint64_t)8 * 1024 * 1024)
#define ENGINE_PIECE_MAX_BYTES ((uint64_t)64 * 1024 * 1024)
/* With another one of the same file under way: what comes ahead of the front
 * waits for the digest in memory. */
#define ENGINE_PIECE_BESIDE_BYTES ((uint64_t)16 * 1024 * 1024)
#define ENGINE_CHECKPOINT_BYTES ((uint64_t)16 * 1024 * 1024)
/* With more of one file not yet durable no piece of it is asked for. */
#define ENGINE_DIRTY_MAX_BYTES ((uint64_t)128 * 1024 * 1024)

/* What is durable now; borrowed during on_durable. */
struct engine_durable {
	uint64_t device, inode;
	int64_t mtime_s;
	int32_t mtime_ns;
	struct extent *extents;
	size_t n_extents;
	uint64_t digest_at;
	uint8_t digest_state[DIGEST_STATE_BYTES];
};

/* One file to fetch.  The caller's `file` identifies it in all callbacks. */
struct engine_file {
	void *file;
	const char *url; /* copied */
	/* A shorter way to the same bytes, copied; NULL: none is known.  When it
	 * is refused `url` is asked. */
	const char *direct_url;
	const char *partial_path; /* copied; its directory exists */
	uint64_t size;
	enum digest_kind digest;
	const char *digest_hex;		    /* copied; what it must hash to */
	const struct engine_resume *resume; /* NULL: start afresh;
						   borrowed during the call */
};

struct engine_progress {
	uint64_t bytes_received; /* body bytes over all files, this run */
	uint64_t bytes_durable;
	unsigned files_open;
	unsigned connections_busy;
	unsigned retries;
};

enum engine_pull { ENGINE_PULLED, ENGINE_NOTHING_NOW, ENGINE_NO_MORE };

struct engine_callbacks {
	void *cookie;
	/* Give the next file, by priority.  NOTHING_NOW is asked again within
	 * 500 ms or when a file ends; NO_MORE is final once files end. */
	enum engine_pull (*pull)(void *cookie, struct engine_file *file);
	/* Every hop of every answer: is it the same object?  May be NULL. */
	int (*on_response)(void *cookie, void *file,
	    const struct http_response *r, struct err *e);
	/* Kind of an ended request; *renew: ask the file's own URL again. */
	int (*verdict)(void *cookie, void *file,
	    const struct http_result *result, bool *renew, struct err *e);
	/* These bytes survive a power cut.  -1 ends the file with *e. */
	int (*on_durable)(void *cookie, void *file,
	    const struct engine_durable *durable, struct err *e);
	/* Bytes arrived (for progress). */
	void (*on_bytes)(void *cookie, void *file, uint64_t n);
	/* A retry was scheduled, for log and progress.  May be NULL. */
	void (*on_retry)(void *cookie, void *file, const struct err *why,
	    int64_t wait_ms);
	/* The file started over (resume impossible, wrong hash, 200 to a
	 * range): `bytes` of it are worthless.  May be NULL. */
	void (*on_restart)(void *cookie, void *file, uint64_t bytes,
	    const struct err *why);
	/* Verified, synced and closed at partial_path.  -1 with *e: failed. */
	int (*on_whole)(void *cookie, void *file, struct err *e);
	/* Given up; a partial file with anything in it stays for a later run
	 * (except after INTEGRITY).  ERR_CANCELLED: stopped, last checkpoint
	 * was told. */
	void (*on_failed)(void *cookie, void *file, const struct err *e);
	/* When may no new piece be asked for this file?  Called before each
	 * piece; true ends the file as cancelled with progress kept, after
	 * the grace if pieces are running or it only remains to be proven; with
	 * max_bytes used up that proof is waited for.
	 * May be NULL. */
	bool (*must_stop)(void *cookie, void *file);
};

struct engine_options {
	struct http_client *http;	  /* borrowed */
	const struct http_origin *origin; /* of the credential; borrowed */
	const struct secret *token;	  /* borrowed; NULL: none */
	unsigned connections;		  /* at the same time */
	/*
	 * Find out how many of them the pieces of large files are worth: 0: all
	 * of them, always; else to begin with.
	 */
	unsigned bulk_connections;
	struct backoff_policy backoff;
	double (*dice)(void *cookie); /* jitter in [0,1) */
	void *dice_cookie;
	int64_t grace_ms;   /* running pieces at a stop */
	uint64_t max_bytes; /* over all files; 0: no limit */
};

struct engine;

/* Owned (engine_free); NULL with *e. */
struct engine *engine_new(const struct engine_options *options,
    const struct engine_callbacks *callbacks, struct err *e);
/*
 * Until NO_MORE and all files ended: 0.  If the HTTP client's tick cancels:
 * running requests are cut, everything received is made durable and told by
 * on_durable, every open file gets on_failed(CANCELLED), -1 with
 * ERR_CANCELLED.  This takes well under two seconds unless the disk stalls.
 */
int engine_run(struct engine *engine, struct err *e);
/* What bulk_connections turned out to be best. */
unsigned engine_bulk_connections(const struct engine *engine);
void engine_progress(const struct engine *engine, struct engine_progress *out);
void engine_free(struct engine *engine);

#endif
