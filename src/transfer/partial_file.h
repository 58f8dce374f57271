/*
 * partial_file.h - a file that is being put together: its descriptor, what of
 * it was received, what of it is on its way to disk, and the digest that
 * follows its contiguous front.
 *
 * Bytes go into blocks; full ones are written and then hashed by the two pools'
 * threads, and come back through partial_file_done.  All calls are the loop's.
 * A small file is one block, written and hashed in one go.
 */
#ifndef HFCRON_TRANSFER_PARTIAL_FILE_H
#define HFCRON_TRANSFER_PARTIAL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "platform/digest.h"
#include "transfer/block.h"
#include "transfer/extents.h"
#include "transfer/resume.h"
#include "transfer/work_pool.h"

/* Blocks that only the front of a file may take. */
enum { PARTIAL_RESERVED_BLOCKS = 4 };

/* What the files of one engine share; borrowed. */
struct partial_works {
	struct block_pool *blocks;
	struct work_pool *writes; /* one thread: in order */
	struct work_pool *hashes; /* one thread: in order */
};

/* Where one request's bytes go. */
struct partial_cursor {
	struct block *block; /* own; being filled */
	struct block *spare; /* own; the next one */
};

struct partial_file {
	struct partial_works works;
	void *owner;   /* in the blocks, for who takes them */
	char *path;    /* own */
	int fd;	       /* -1: closed */
	int direct_fd; /* -1: the file system has no direct writes */
	uint64_t device, inode;
	uint64_t size; /* of the whole */
	enum digest_kind kind;
	struct extents received; /* taken from the network */
	struct extents written;	 /* of those, what reached the file */
	struct block *blocks;	 /* own; submitted and not yet hashed */
	unsigned in_work;	 /* of those, in a pool's hands */
	uint64_t writes_begun, writes_done;
	uint64_t dirty_bytes; /* received since the last snapshot */
	uint64_t lost_bytes;  /* received, but could not be written */
	bool direct_refused;
	/*
	 * The digest is a thread's while hashing is not 0.  It has seen
	 * [0, hashed), and [hashed, hash_asked) is under way; its last state that can be kept is of
	 * [0, state_at).
	 */
	struct digest *digest; /* own */
	unsigned hashing;      /* blocks on their way through it */
	uint64_t hashed, hash_asked;
	uint8_t state[DIGEST_STATE_BYTES];
	uint64_t state_at;
	struct err failure; /* of a block; the first one counts */
};

/* Nothing opened yet; release is legal.  No job of it may be in work at
 * release. */
void partial_file_init(struct partial_file *p,
    const struct partial_works *works, void *owner);
void partial_file_release(struct partial_file *p);

/*
 * Go on with what is at `path` if `resume` fits it (same device and inode, one
 * link, long enough), else unlink it and make it anew.  *resumed_bytes: what
 * need not be fetched.  Reserves the size on disk where the system can.
 */
int partial_file_open(struct partial_file *p, const char *path, uint64_t size,
    enum digest_kind kind, const struct engine_resume *resume,
    uint64_t *resumed_bytes, struct err *e);

/* Unlink and make anew: all that was received is worthless.  Nothing of it may
 * be in work. */
int partial_file_restart(struct partial_file *p, struct err *e);

/* Close; a file with nothing in it is removed, for its reserved room. */
void partial_file_abandon(struct partial_file *p);

/* Is there room for a chunk at `offset`, the next byte of this cursor?  false:
 * all blocks are in use. */
bool partial_file_has_room(struct partial_file *p, struct partial_cursor *c,
    uint64_t offset);
/* Bytes that arrived at `offset`, 64 KiB at most; there must be room. */
int partial_file_write(struct partial_file *p, struct partial_cursor *c,
    const void *bytes, size_t n, uint64_t offset, struct err *e);
/* On to the disk with what the cursor holds, be it little. */
void partial_file_flush(struct partial_file *p, struct partial_cursor *c);
/* Nothing more will come through it: flush it, and give its blocks back. */
void partial_file_end(struct partial_file *p, struct partial_cursor *c);
/* The same without writing what it holds. */
void partial_file_drop(struct partial_file *p, struct partial_cursor *c);

/* A job of a block of this file has ended. */
void partial_file_done(struct partial_file *p, struct block *block);
/* Let the digest follow the front; what was not kept in memory is read. */
void partial_file_follow(struct partial_file *p);
/* The digest has nothing to do before more comes for the front; bytes in a
 * block that is being filled are not there yet. */
bool partial_file_digest_waits(const struct partial_file *p);
/* Bytes from the front to the block that waits furthest from it; 0: none
 * waits.  It may be given up, to be hashed from the disk. */
uint64_t partial_file_furthest(const struct partial_file *p);
void partial_file_give_up_furthest(struct partial_file *p);
/* Nothing is in a thread's hands. */
bool partial_file_is_idle(const struct partial_file *p);

/* All received, written and hashed? */
bool partial_file_is_complete(const struct partial_file *p);
bool partial_file_is_hashed(const struct partial_file *p);

/* Complete and hashed: compare.  Ends the digest.  ERR_INTEGRITY if it is
 * not `digest_hex`. */
int partial_file_prove(struct partial_file *p, const char *digest_hex,
    struct err *e);

/* Still the file at its path?  Others may have removed it. */
bool partial_file_is_there(const struct partial_file *p);

/*
 * What a sync that begins now will make durable: owned copy of the extents
 * and the digest's state.  Resets dirty_bytes to what is not written yet.
 */
struct partial_snapshot {
	struct extents extents;
	int64_t mtime_s; /* of the file at that moment */
	int32_t mtime_ns;
	uint64_t digest_at;
	uint8_t digest_state[DIGEST_STATE_BYTES];
};
int partial_file_snapshot(struct partial_file *p,
    struct partial_snapshot *snapshot, struct err *e);
void partial_snapshot_release(struct partial_snapshot *snapshot);

#endif
