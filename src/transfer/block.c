/* block.c - the bounded memory between sockets, disk and digest. */
#include "transfer/block.h"

#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"

struct block_pool {
	struct block *free;
	unsigned n_free, n_made, n_max;
	size_t bytes;
	struct block *all; /* own: n_max of them, those in use too */
};

struct block_pool *block_pool_new(unsigned n, size_t bytes)
{
	struct block_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->bytes = bytes;
	pool->n_max = n;
	pool->all = calloc(n, sizeof(struct block));
	if (pool->all != NULL)
		return pool;
	block_pool_free(pool);
	return NULL;
}

void block_pool_free(struct block_pool *pool)
{
	if (pool == NULL)
		return;
	for (unsigned i = 0; i < pool->n_made; i++)
		free(pool->all[i].memory);
	free(pool->all);
	free(pool);
}

/* C11's aligned_alloc is not everywhere: a part of the memory is left out. */
static struct block *make(struct block_pool *pool)
{
	struct block *block = &pool->all[pool->n_made];

	block->memory = malloc(pool->bytes + 2 * BLOCK_ALIGN);
	if (block->memory == NULL)
		return NULL;
	block->bytes = block->memory + BLOCK_ALIGN -
	    (uintptr_t)block->memory % BLOCK_ALIGN;
	pool->n_made++;
	return block;
}

struct block *block_take(struct block_pool *pool)
{
	struct block *block = pool->free;

	if (block == NULL)
		return pool->n_made < pool->n_max ? make(pool) : NULL;
	pool->free = block->next;
	pool->n_free--;
	return block;
}

void block_give(struct block_pool *pool, struct block *block)
{
	block->next = pool->free;
	pool->free = block;
	pool->n_free++;
}

size_t block_bytes(const struct block_pool *pool)
{
	return pool->bytes;
}

unsigned block_free_count(const struct block_pool *pool)
{
	return pool->n_free + pool->n_max - pool->n_made;
}

bool block_pool_is_barren(const struct block_pool *pool)
{
	return pool->n_made == 0;
}

void block_begin(struct block *block, const struct block_pool *pool,
    uint64_t offset)
{
	block->offset = offset;
	block->n = 0;
	block->room = pool->bytes - (size_t)(offset % pool->bytes);
	block->phase = BLOCK_FILLING;
	block->digest = NULL;
	block->direct_fd = -1;
	block->read_first = block->hash_too = block->direct_refused = false;
	block->state_at = 0;
	block->next = NULL;
	memset(&block->job, 0, sizeof(block->job));
	block->job.e.retry_after_s = -1;
	block->job.cookie = block;
}

unsigned char *block_data(const struct block *block)
{
	return block->bytes + block->offset % BLOCK_ALIGN;
}

/* Whole pages past the page cache, what is before and behind them through it. */
static int write_direct(struct block *block, size_t *done)
{
	const uint64_t end = block->offset + block->n;
	const uint64_t from = block->offset +
	    (BLOCK_ALIGN - block->offset % BLOCK_ALIGN) % BLOCK_ALIGN;
	const uint64_t to = end - end % BLOCK_ALIGN;
	const unsigned char *data = block_data(block);
	size_t head;

	*done = 0;
	if (block->direct_fd == -1 || from >= to)
		return 0;
	head = (size_t)(from - block->offset);
	if (fs_pwrite(block->job.fd, data, head, block->offset, block->job.path,
		&block->job.e) == -1)
		return -1;
	*done = head;
	if (fs_pwrite_direct(block->direct_fd, data + head, (size_t)(to - from),
		from, block->job.path, &block->direct_refused,
		&block->job.e) == -1)
		return -1;
	if (!block->direct_refused)
		*done += (size_t)(to - from);
	return 0;
}

int block_write(struct work_job *job)
{
	struct block *block = job->cookie;
	size_t done;

	if (write_direct(block, &done) == -1)
		return -1;
	if (fs_pwrite(job->fd, block_data(block) + done, block->n - done,
		block->offset + done, job->path, &job->e) == -1)
		return -1;
	/* Early, so that the checkpoint's sync finds little to do; that of a
	 * small file follows at once. */
	if (!block->hash_too &&
	    (block->direct_fd == -1 || block->direct_refused))
		fs_start_writeback(job->fd, block->offset, block->n);
	return block->hash_too ? block_hash(job) : 0;
}

int block_hash(struct work_job *job)
{
	struct block *block = job->cookie;
	size_t got;

	if (block->read_first) {
		if (fs_pread(job->fd, block_data(block), block->n,
			block->offset, &got, job->path, &job->e) == -1)
			return -1;
		if (got < block->n)
			return err_set(&job->e, ERR_INTEGRITY,
			    "%s is shorter than what was written", job->path);
		fs_drop_cache(job->fd, block->offset, block->n);
	}
	digest_update(block->digest, block_data(block), block->n);
	if (!digest_save(block->digest, block->state, &block->state_at))
		block->state_at = 0;
	return 0;
}
