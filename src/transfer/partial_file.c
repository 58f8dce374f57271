#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/fs.h"
#include "transfer/partial_file.h"

enum {
	/* What may come in one go: more than libcurl ever hands out. */
	CHUNK_MAX_BYTES = 64 * 1024,
	/* Blocks on their way through the digest that were read for it. */
	READS_MAX = 4
};

void partial_file_init(struct partial_file *p,
    const struct partial_works *works, void *owner)
{
	memset(p, 0, sizeof(*p));
	p->works = *works;
	p->owner = owner;
	p->fd = p->direct_fd = -1;
	p->failure.retry_after_s = -1;
	extents_init(&p->received);
	extents_init(&p->written);
}

/* --- blocks under way ------------------------------------------------------ */

static void remove_block(struct partial_file *p, struct block *block)
{
	struct block **link = &p->blocks;

	while (*link != block)
		link = &(*link)->next;
	*link = block->next;
	block_give(p->works.blocks, block);
}

/* After the threads have ended, or none of it is in their hands. */
static void drop_blocks(struct partial_file *p)
{
	while (p->blocks != NULL)
		remove_block(p, p->blocks);
	p->in_work = 0;
	p->hashing = 0;
	p->writes_done = p->writes_begun;
}

static void close_files(struct partial_file *p)
{
	fs_close(&p->direct_fd);
	fs_close(&p->fd);
}

void partial_file_release(struct partial_file *p)
{
	const struct partial_works works = p->works;

	drop_blocks(p);
	close_files(p);
	free(p->path);
	extents_release(&p->received);
	extents_release(&p->written);
	digest_free(p->digest);
	partial_file_init(p, &works, p->owner);
}

/* --- opening --------------------------------------------------------------- */

/* A digest of nothing, or of what `state` says. */
static int begin_digest(struct partial_file *p, const uint8_t *state,
    struct err *e)
{
	digest_free(p->digest);
	p->hashed = p->hash_asked = p->state_at = 0;
	p->digest = digest_new(p->kind, p->size, e);
	if (p->digest == NULL)
		return -1;
	if (state == NULL || !digest_restore(p->digest, state))
		return 0;
	p->hashed = p->hash_asked = p->state_at = digest_length(p->digest);
	memcpy(p->state, state, sizeof(p->state));
	return 0;
}

/* Past the page cache only what fills pages: tiny files come in batches, and
 * are synced together. */
static void open_direct(struct partial_file *p)
{
	if (p->size >= block_bytes(p->works.blocks))
		p->direct_fd = fs_open_direct(p->path, p->fd);
}

/* A new empty file under the name; never truncated, so that a writer who
 * still has the old one open cannot reach it. */
static int create(struct partial_file *p, struct err *e)
{
	struct fs_stat st;

	drop_blocks(p);
	close_files(p);
	extents_release(&p->received);
	extents_release(&p->written);
	p->dirty_bytes = p->lost_bytes = 0;
	p->failure.kind = ERR_NONE;
	if (begin_digest(p, NULL, e) == -1)
		return -1;
	if (fs_unlink(p->path, e) == -1 ||
	    fs_open_rw(p->path, true, &p->fd, e) == -1 ||
	    fs_fstat(p->fd, &st, e) == -1)
		return -1;
	p->device = st.device;
	p->inode = st.inode;
	/* Of a small file the bytes themselves are there as soon. */
	if (p->size >= block_bytes(p->works.blocks)) {
		fs_leave_holes(p->fd);
		if (fs_reserve(p->fd, p->size, p->path, e) == -1) {
			/* What could be had is not to fill the disk for
			 * nothing. */
			partial_file_abandon(p);
			return -1;
		}
	}
	open_direct(p);
	return 0;
}

/* Take over extents and digest; false if they do not fit the file. */
static bool adopt(struct partial_file *p, const struct engine_resume *resume)
{
	struct err e = ERR_INIT;
	struct fs_stat st;
	bool is_its;

	if (fs_lstat(p->path, &st, &e) == -1 || st.type != FS_FILE ||
	    st.links != 1 || st.inode != resume->inode ||
	    st.device != resume->device)
		return false;
	for (size_t i = 0; i < resume->n_extents; i++) {
		const struct extent *x = &resume->extents[i];

		if (x->from >= x->to || x->to > p->size || x->to > st.size ||
		    extents_add(&p->received, x->from, x->to) == -1)
			return false;
	}
	if (extents_copy(&p->written, &p->received) == -1 ||
	    resume->digest_at > extents_front(&p->received))
		return false;
	/*
	 * Without a usable state the front is hashed again from the disk; so
	 * it is if the file was written since that state was taken, be it by
	 * us before a kill, or by somebody who had no business there.
	 */
	is_its = resume->digest_at > 0 && st.mtime_s == resume->mtime_s &&
	    st.mtime_ns == resume->mtime_ns;
	if (begin_digest(p, is_its ? resume->digest_state : NULL, &e) == -1 ||
	    p->hashed > extents_front(&p->received))
		return false;
	if (fs_open_rw(p->path, false, &p->fd, &e) == -1 ||
	    fs_fstat(p->fd, &st, &e) == -1 || st.inode != resume->inode)
		return false;
	p->device = st.device;
	p->inode = st.inode;
	open_direct(p);
	return true;
}

int partial_file_open(struct partial_file *p, const char *path, uint64_t size,
    enum digest_kind kind, const struct engine_resume *resume,
    uint64_t *resumed_bytes, struct err *e)
{
	*resumed_bytes = 0;
	p->size = size;
	p->kind = kind;
	p->path = text_dup(path);
	if (p->path == NULL)
		return err_nomem(e);
	if (resume != NULL && resume->n_extents > 0 && adopt(p, resume)) {
		*resumed_bytes = extents_bytes(&p->received);
		return 0;
	}
	return create(p, e);
}

int partial_file_restart(struct partial_file *p, struct err *e)
{
	return create(p, e);
}

void partial_file_abandon(struct partial_file *p)
{
	struct err ignored = ERR_INIT;

	if (p->received.n == 0 && partial_file_is_there(p))
		(void)fs_unlink(p->path, &ignored);
	close_files(p);
}

/* --- bytes that arrive ------------------------------------------------------ */

/* The last ones are for the front, which all that is ahead of it waits for. */
static struct block *take_block(struct partial_file *p, uint64_t offset)
{
	if (offset != extents_front(&p->received) &&
	    block_free_count(p->works.blocks) <= PARTIAL_RESERVED_BLOCKS)
		return NULL;
	return block_take(p->works.blocks);
}

bool partial_file_has_room(struct partial_file *p, struct partial_cursor *c,
    uint64_t offset)
{
	uint64_t left = p->size - offset;

	if (c->block == NULL) {
		c->block = c->spare != NULL ? c->spare : take_block(p, offset);
		c->spare = NULL;
		if (c->block == NULL)
			return false;
		block_begin(c->block, p->works.blocks, offset);
	}
	if (c->block->room - c->block->n >=
	    (left < CHUNK_MAX_BYTES ? left : CHUNK_MAX_BYTES))
		return true;
	if (c->spare == NULL)
		c->spare = take_block(p, offset);
	return c->spare != NULL;
}

static void submit_write(struct partial_file *p, struct block *block)
{
	block->phase = BLOCK_WRITING;
	block->owner = p->owner;
	block->direct_fd = p->direct_refused ? -1 : p->direct_fd;
	block->job.run = block_write;
	block->job.fd = p->fd;
	block->job.path = p->path;
	if (block->offset == 0 && block->n == p->size && p->hashed == 0) {
		block->hash_too = true;
		block->digest = p->digest;
		p->hash_asked = p->size;
		p->hashing++;
	}
	block->next = p->blocks;
	p->blocks = block;
	p->in_work++;
	p->writes_begun++;
	work_pool_submit(p->works.writes, &block->job);
}

void partial_file_flush(struct partial_file *p, struct partial_cursor *c)
{
	struct block *block = c->block;

	if (block == NULL || block->n == 0)
		return;
	c->block = NULL;
	submit_write(p, block);
}

void partial_file_drop(struct partial_file *p, struct partial_cursor *c)
{
	if (c->block != NULL)
		block_give(p->works.blocks, c->block);
	if (c->spare != NULL)
		block_give(p->works.blocks, c->spare);
	c->block = c->spare = NULL;
}

void partial_file_end(struct partial_file *p, struct partial_cursor *c)
{
	partial_file_flush(p, c);
	partial_file_drop(p, c);
}

int partial_file_write(struct partial_file *p, struct partial_cursor *c,
    const void *bytes, size_t n, uint64_t offset, struct err *e)
{
	const unsigned char *from = bytes;
	uint64_t end = offset + n;

	if (n == 0)
		return 0;
	if (end > p->size || end < offset)
		return ERR_BUG_HERE(e, "write beyond the file's size");
	if (extents_add(&p->received, offset, end) == -1)
		return err_nomem(e);
	p->dirty_bytes += n;
	while (n > 0) {
		struct block *block;
		size_t part;

		if (c->block == NULL)
			(void)partial_file_has_room(p, c, offset);
		if (c->block == NULL) {
			p->lost_bytes += n;
			return ERR_BUG_HERE(e, "bytes without room for them");
		}
		block = c->block;
		part = block->room - block->n;
		if (part > n)
			part = n;
		memcpy(block_data(block) + block->n, from, part);
		block->n += part;
		from += part;
		offset += part;
		n -= part;
		if (block->n == block->room)
			partial_file_flush(p, c);
	}
	return 0;
}

/* --- what the threads have done ---------------------------------------------- */

static void note_hashed(struct partial_file *p, const struct block *block)
{
	p->hashing--;
	p->hashed = block->offset + block->n;
	if (block->state_at == 0)
		return;
	p->state_at = block->state_at;
	memcpy(p->state, block->state, sizeof(p->state));
}

void partial_file_done(struct partial_file *p, struct block *block)
{
	bool was_written = block->phase == BLOCK_WRITING;
	bool failed = block->job.rc == -1;

	p->in_work--;
	if (was_written)
		p->writes_done++;
	if (block->direct_refused)
		p->direct_refused = true;
	if (!failed && was_written &&
	    extents_add(&p->written, block->offset, block->offset + block->n) ==
		-1) {
		err_nomem(&block->job.e);
		failed = true;
	}
	if (failed && p->failure.kind == ERR_NONE)
		p->failure = block->job.e;
	if (failed && was_written)
		p->lost_bytes += block->n;
	if (failed) {
		if (!was_written || block->hash_too)
			p->hashing--;
		remove_block(p, block);
	} else if (was_written && !block->hash_too) {
		block->phase = BLOCK_WAITING;
	} else {
		note_hashed(p, block);
		remove_block(p, block);
	}
}

/* --- the digest --------------------------------------------------------------- */

static void submit_hash(struct partial_file *p, struct block *block)
{
	block->phase = BLOCK_HASHING;
	block->digest = p->digest;
	block->job.run = block_hash;
	block->job.fd = p->fd;
	block->job.path = p->path;
	p->hash_asked = block->offset + block->n;
	p->hashing++;
	p->in_work++;
	work_pool_submit(p->works.hashes, &block->job);
}

/* The block in memory that is next for the digest; *ahead: where the first one
 * begins that comes later. */
static struct block *next_block(const struct partial_file *p, uint64_t *ahead)
{
	struct block *found = NULL;

	*ahead = UINT64_MAX;
	for (struct block *b = p->blocks; b != NULL; b = b->next) {
		if (b->offset == p->hash_asked && b->phase == BLOCK_WAITING)
			found = b;
		else if (b->offset >= p->hash_asked && b->offset < *ahead &&
		    b->phase != BLOCK_HASHING)
			*ahead = b->offset;
	}
	return found;
}

static struct block *furthest(const struct partial_file *p)
{
	struct block *found = NULL;

	for (struct block *b = p->blocks; b != NULL; b = b->next)
		if (b->phase == BLOCK_WAITING && b->offset > p->hash_asked &&
		    (found == NULL || b->offset > found->offset))
			found = b;
	return found;
}

bool partial_file_digest_waits(const struct partial_file *p)
{
	if (p->hashing > 0 || extents_front(&p->written) > p->hash_asked)
		return false;
	for (const struct block *b = p->blocks; b != NULL; b = b->next)
		if (b->offset == p->hash_asked)
			return false;
	return true;
}

uint64_t partial_file_furthest(const struct partial_file *p)
{
	const struct block *block = furthest(p);

	return block == NULL ? 0 : block->offset - p->hash_asked;
}

void partial_file_give_up_furthest(struct partial_file *p)
{
	struct block *block = furthest(p);

	if (block != NULL)
		remove_block(p, block);
}

/* Written once, but not kept: of an earlier run, or given up. */
static struct block *read_block(struct partial_file *p, uint64_t ahead)
{
	uint64_t to = extents_front(&p->written);
	struct block *block;

	if (to > ahead)
		to = ahead;
	if (p->hash_asked >= to || p->hashing >= READS_MAX)
		return NULL;
	block = block_take(p->works.blocks);
	if (block == NULL) {
		/* What waits for these bytes makes room for them. */
		partial_file_give_up_furthest(p);
		block = block_take(p->works.blocks);
	}
	if (block == NULL)
		return NULL;
	block_begin(block, p->works.blocks, p->hash_asked);
	block->n = block->room;
	if (block->n > to - p->hash_asked)
		block->n = (size_t)(to - p->hash_asked);
	block->owner = p->owner;
	block->read_first = true;
	block->next = p->blocks;
	p->blocks = block;
	return block;
}

void partial_file_follow(struct partial_file *p)
{
	struct block *block;
	uint64_t ahead;

	while (p->failure.kind == ERR_NONE) {
		block = next_block(p, &ahead);
		if (block == NULL)
			block = read_block(p, ahead);
		if (block == NULL)
			return;
		submit_hash(p, block);
	}
}

bool partial_file_is_idle(const struct partial_file *p)
{
	return p->in_work == 0;
}

bool partial_file_is_complete(const struct partial_file *p)
{
	return extents_front(&p->received) == p->size;
}

bool partial_file_is_hashed(const struct partial_file *p)
{
	return p->in_work == 0 && p->hashed == p->size;
}

int partial_file_prove(struct partial_file *p, const char *digest_hex,
    struct err *e)
{
	char hex[DIGEST_HEX_MAX];

	if (!partial_file_is_hashed(p))
		return ERR_BUG_HERE(e, "proof of an unfinished file");
	digest_final(p->digest, hex);
	if (strcmp(hex, digest_hex) != 0)
		return err_set(e, ERR_INTEGRITY,
		    "content hashes to %s, not to %s: wrong bytes were sent",
		    hex, digest_hex);
	return 0;
}

bool partial_file_is_there(const struct partial_file *p)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	return p->fd != -1 && fs_lstat(p->path, &st, &e) == 0 &&
	    st.type == FS_FILE && st.inode == p->inode &&
	    st.device == p->device;
}

int partial_file_snapshot(struct partial_file *p,
    struct partial_snapshot *snapshot, struct err *e)
{
	struct fs_stat st;

	memset(snapshot, 0, sizeof(*snapshot));
	if (fs_fstat(p->fd, &st, e) == -1)
		return -1;
	snapshot->mtime_s = st.mtime_s;
	snapshot->mtime_ns = st.mtime_ns;
	if (extents_copy(&snapshot->extents, &p->written) == -1)
		return err_nomem(e);
	snapshot->digest_at = p->state_at;
	memcpy(snapshot->digest_state, p->state,
	    sizeof(snapshot->digest_state));
	p->dirty_bytes = extents_bytes(&p->received) -
	    extents_bytes(&p->written) - p->lost_bytes;
	return 0;
}

void partial_snapshot_release(struct partial_snapshot *snapshot)
{
	extents_release(&snapshot->extents);
	memset(snapshot, 0, sizeof(*snapshot));
}
