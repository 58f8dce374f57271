/*
 * engine_internal.h - the engine's own structures; for engine*.c only.
 *
 *   engine.c        the loop: pull, schedule, step, reap, stop
 *   engine_file.c   one open file: begin, checkpoint, finish, fail
 *   engine_piece.c  one request for a range of it
 *   engine_split.c  half of a slow last request for an idle connection
 *
 * A file's life:  FETCHING -> PROVING -> SYNCING -> WHOLE
 * and from any of them RESTARTING -> FETCHING, or FAILING.  Callbacks of
 * requests only change data; files are ended by the loop, never inside a
 * callback.
 */
#ifndef HFCRON_TRANSFER_ENGINE_INTERNAL_H
#define HFCRON_TRANSFER_ENGINE_INTERNAL_H

#include "transfer/adapt.h"
#include "transfer/block.h"
#include "transfer/engine.h"
#include "transfer/partial_file.h"
#include "transfer/piece_plan.h"
#include "transfer/work_pool.h"

enum { ENGINE_HASH_THREADS = 2 };

enum file_phase {
	FILE_FETCHING,	 /* bytes are missing */
	FILE_PROVING,	 /* all there; the digest catches up with the front */
	FILE_SYNCING,	 /* proven; the last fdatasync is under way */
	FILE_WHOLE,	 /* synced: the caller is to be told */
	FILE_RESTARTING, /* `failure` says why; made anew once nothing is
			   pending */
	FILE_FAILING	 /* `failure` says why; ends once nothing is pending */
};

struct open_file;

struct piece_mark {
	struct mono time;
	uint64_t at;
};

struct piece {
	struct open_file *file;
	struct http_request *request;
	struct extent range; /* asked for */
	uint64_t at;	     /* next byte to arrive */
	/* Where it was one to two seconds ago (what it was paused does not
	 * count), and less than a second ago. */
	struct piece_mark seen, next_seen;
	struct mono paused_at;
	unsigned round; /* file->round when it was started */
	bool ranged;	/* with a Range header */
	bool direct;	/* at file->direct_url */
	enum piece_answer answer;
	struct err error; /* ours, if answer or disk are wrong */
	bool done;	  /* on_done came: to be reaped */
	bool paused;	  /* until there is room for more */
	struct partial_cursor cursor;
	struct piece *next;
};

struct open_file {
	struct engine *engine;
	void *owner;		  /* the caller's name for it */
	char *url, *digest_hex;	  /* own */
	char *direct_url;	  /* own; where resolve led to, or NULL */
	int64_t direct_expires_s; /* -1 unknown */
	bool direct_is_guess;	  /* the caller's; nobody led there */
	struct partial_file partial;
	enum file_phase phase;
	uint64_t piece_bytes;
	struct piece *pieces; /* own; in flight or to be reaped */
	unsigned n_pieces;
	bool one_stream; /* the server does not do ranges */
	unsigned wrong_ranges;
	unsigned broken_streams; /* that could not be continued */
	/*
	 * Failures in a row: requests that were under way together and fail
	 * together count once (a round).
	 */
	unsigned failures, round;
	struct mono retry_at;
	unsigned restarts;   /* wrong hash or 416: once is allowed */
	bool stopping;	     /* must_stop said so */
	struct mono stop_at; /* end of the grace */
	struct err failure;
	/* checkpoint under way */
	bool sync_pending;
	bool sync_waits;  /* for the writes before sync_mark */
	bool sync_failed; /* never trust this descriptor again */
	uint64_t sync_mark;
	struct work_job sync;
	struct partial_snapshot snapshot;
	struct mono dirty_since; /* of the oldest byte not yet durable */
	/* How long of this window the digest has waited for the front, and
	 * whether it did for most of the one before. */
	struct mono window_at, looked_at;
	int64_t digest_idle_ms;
	bool front_is_slow;
	uint64_t durable_bytes;
	bool is_large; /* fetched in pieces */
	bool is_small; /* may share a connection */
	struct open_file *next;
};

struct engine {
	struct engine_options options;
	struct engine_callbacks callbacks;
	struct work_pool *syncs;    /* own */
	struct partial_works works; /* own, but for hashes */
	/* own; each file has one of them, as its blocks have an order */
	struct work_pool *hashes[ENGINE_HASH_THREADS];
	unsigned n_begun;	  /* files so far */
	struct open_file *files;  /* own; in pull order */
	unsigned n_files, n_busy; /* requests under way */
	unsigned n_bulk;	  /* of those, for large files */
	struct adapt adapt;	  /* how many of these there may be */
	bool no_more;
	bool no_room;		/* for a request that could have been made */
	bool shares;		/* small files come over shared connections */
	struct mono hold_until; /* the server asked all of us to wait */
	unsigned good;		/* answers since `allowed` changed */
	unsigned allowed;	/* requests at once: one after such a wait,
				   one more with every round of good answers */
	struct mono pull_at;	/* not to be asked again before */
	struct engine_progress progress;
};

/* engine_file.c */
int engine_file_begin(struct engine *engine, const struct engine_file *spec,
    struct err *e);
/* Everything that needs no request: retries due, proving, syncing,
 * checkpoints.  *busy: call again at once. */
void engine_file_advance(struct open_file *f, struct mono now, bool *busy);
/* The caller wants no more of it: no new request, an end after the grace. */
bool engine_file_stops(struct open_file *f, struct mono now);
/* It shall end with this error (the first one counts). */
void engine_file_fail(struct open_file *f, const struct err *why);
/* All received bytes are worthless; once per file, then it fails. */
void engine_file_restart(struct open_file *f, const struct err *why);
/* A finished sync of this file. */
void engine_file_synced(struct open_file *f);
/* A block of it was written or hashed. */
void engine_file_block_done(struct open_file *f, struct block *block);
/* May be released: failed, or whole and told.  Tells the caller. */
bool engine_file_ended(struct open_file *f);
void engine_file_checkpoint(struct open_file *f);
void engine_file_free(struct open_file *f);

/* engine_piece.c */
/* Start the next request of this file; false if there is none to start. */
bool engine_piece_start(struct open_file *f, struct mono now);
/* It may have another one: it is fetched, and not told to wait. */
bool engine_piece_may_start(const struct open_file *f, struct mono now);
/* The same as engine_piece_start for this range, which begins inside the
 * window. */
bool engine_piece_start_at(struct open_file *f, const struct extent *range,
    struct mono now);
/* Forget ended requests. */
void engine_piece_reap(struct open_file *f);
/* On to the disk with what its requests hold. */
void engine_piece_flush(struct open_file *f);
/* Requests that waited for room go on if there is some. */
void engine_piece_resume(struct open_file *f);
/* Drop all requests of the file. */
void engine_piece_cancel_all(struct open_file *f);

/* engine_split.c */
/*
 * Nothing may be asked for now, but a connection is left: the slowest request
 * under way gives half of what it still has to bring to another one.  false:
 * there is none that this is worth for.
 */
bool engine_split(struct engine *engine, struct mono now);

#endif
