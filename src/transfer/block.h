/*
 * block.h - the bounded memory between sockets, disk and digest.
 *
 * A block is filled by one request in the loop's thread, written in one helper
 * thread, hashed in another once the front has come to it, and is free again.
 * There is a fixed number of them: who gets none waits, which is what keeps
 * memory bounded when the disk is slower than the line.
 */
#ifndef HFCRON_TRANSFER_BLOCK_H
#define HFCRON_TRANSFER_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "transfer/work_pool.h"

/* Memory and file offsets of direct writes; a power of two. */
enum { BLOCK_ALIGN = 4096 };

enum block_phase {
	BLOCK_FILLING,
	BLOCK_WRITING,
	BLOCK_WAITING, /* written; bytes before it are not hashed yet */
	BLOCK_HASHING
};

struct block {
	unsigned char *memory; /* own */
	unsigned char *bytes;  /* in it, aligned to BLOCK_ALIGN */
	uint64_t offset;       /* in the file, of the first byte */
	size_t n, room;
	enum block_phase phase;
	struct work_job job;
	/* for the job: borrowed from the file */
	struct digest *digest;
	int direct_fd;	     /* -1: none */
	bool read_first;     /* it was not kept: hash it from the disk */
	bool hash_too;	     /* written and hashed in one go */
	bool direct_refused; /* found out by the job */
	/* what the digest's state was after the job, if it can be had */
	uint8_t state[DIGEST_STATE_BYTES];
	uint64_t state_at;
	void *owner;	    /* of the file: for who takes the job */
	struct block *next; /* of the pool, or of the file */
};

struct block_pool;

/* At most n blocks of `bytes` (a multiple of BLOCK_ALIGN), allocated when first
 * used.  Owned; NULL: no memory. */
struct block_pool *block_pool_new(unsigned n, size_t bytes);
/* All blocks must be back, or lost to nobody who uses them. */
void block_pool_free(struct block_pool *pool);
/* NULL: all are in use, or there is no memory. */
struct block *block_take(struct block_pool *pool);
void block_give(struct block_pool *pool, struct block *block);
size_t block_bytes(const struct block_pool *pool);
unsigned block_free_count(const struct block_pool *pool);
/* There was no memory for even one: nobody will give any back. */
bool block_pool_is_barren(const struct block_pool *pool);

/* For bytes from `offset` on, as many as fit up to the next multiple of the
 * pool's size. */
void block_begin(struct block *block, const struct block_pool *pool,
    uint64_t offset);
unsigned char *block_data(const struct block *block);

/* The work of a job, whose cookie is the block. */
int block_write(struct work_job *job);
int block_hash(struct work_job *job);

#endif
