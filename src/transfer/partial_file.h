/*
 * partial_file.h - a file that is being put together: its descriptor, what of
 * it was received, what of it is durable, and the digest that follows its
 * contiguous front.
 */
#ifndef HFCRON_TRANSFER_PARTIAL_FILE_H
#define HFCRON_TRANSFER_PARTIAL_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "platform/digest.h"
#include "transfer/engine.h"
#include "transfer/extents.h"

struct partial_file {
	char *path; /* own */
	int fd;	    /* -1: closed */
	uint64_t device, inode;
	uint64_t size; /* of the whole */
	enum digest_kind kind;
	struct extents received; /* written, perhaps not yet durable */
	struct digest *digest;	 /* own; follows the front */
	uint64_t dirty_bytes;	 /* written since the last snapshot */
};

/* Nothing opened yet; release is legal. */
void partial_file_init(struct partial_file *p);
void partial_file_release(struct partial_file *p);

/*
 * Go on with what is at `path` if `resume` fits it (same device and inode, one
 * link, long enough), else unlink it and make it anew.  *resumed_bytes: what
 * need not be fetched.  Reserves the size on disk where the system can.
 */
int partial_file_open(struct partial_file *p, const char *path, uint64_t size,
    enum digest_kind kind, const struct engine_resume *resume,
    uint64_t *resumed_bytes, struct err *e);

/* Unlink and make anew: all that was received is worthless. */
int partial_file_restart(struct partial_file *p, struct err *e);

/* Close; a file with nothing in it is removed, for its reserved room. */
void partial_file_abandon(struct partial_file *p);

/* Bytes that arrived at `offset`; hashed at once if they continue the front. */
int partial_file_write(struct partial_file *p, const void *bytes, size_t n,
    uint64_t offset, struct err *e);

/* Hash what lies contiguous but unhashed, at most `max` bytes of it.
 * *behind: bytes still to do. */
int partial_file_hash(struct partial_file *p, uint64_t max, uint64_t *behind,
    struct err *e);

bool partial_file_is_complete(const struct partial_file *p);

/* Complete and hashed: compare.  Ends the digest.  ERR_INTEGRITY if it is
 * not `digest_hex`. */
int partial_file_prove(struct partial_file *p, const char *digest_hex,
    struct err *e);

/* Still the file at its path?  Others may have removed it. */
bool partial_file_is_there(const struct partial_file *p);

/*
 * What a sync that begins now will make durable: owned copy of the extents
 * and the digest's state.  Resets dirty_bytes.
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
