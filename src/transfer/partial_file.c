#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/fs.h"
#include "transfer/partial_file.h"

enum { HASH_BUFFER_BYTES = 256 * 1024, WRITEBACK_BYTES = 8 * 1024 * 1024 };

void partial_file_init(struct partial_file *p)
{
	memset(p, 0, sizeof(*p));
	p->fd = -1;
	extents_init(&p->received);
}

void partial_file_release(struct partial_file *p)
{
	fs_close(&p->fd);
	free(p->path);
	extents_release(&p->received);
	digest_free(p->digest);
	partial_file_init(p);
}

/* A new empty file under the name; never truncated, so that a writer who
 * still has the old one open cannot reach it. */
static int create(struct partial_file *p, struct err *e)
{
	struct fs_stat st;

	fs_close(&p->fd);
	extents_release(&p->received);
	digest_free(p->digest);
	p->dirty_bytes = 0;
	p->digest = digest_new(p->kind, p->size, e);
	if (p->digest == NULL)
		return -1;
	if (fs_unlink(p->path, e) == -1 ||
	    fs_open_rw(p->path, true, &p->fd, e) == -1 ||
	    fs_fstat(p->fd, &st, e) == -1)
		return -1;
	p->device = st.device;
	p->inode = st.inode;
	if (fs_reserve(p->fd, p->size, p->path, e) == -1) {
		/* What could be had is not to fill the disk for nothing. */
		partial_file_abandon(p);
		return -1;
	}
	return 0;
}

/* Take over extents and digest; false if they do not fit the file. */
static bool adopt(struct partial_file *p, const struct engine_resume *resume)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

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
	if (resume->digest_at > extents_front(&p->received))
		return false;
	p->digest = digest_new(p->kind, p->size, &e);
	if (p->digest == NULL)
		return false;
	/*
	 * Without a usable state the front is hashed again from the disk; so
	 * it is if the file was written since that state was taken, be it by
	 * us before a kill, or by somebody who had no business there.
	 */
	if (resume->digest_at > 0 && st.mtime_s == resume->mtime_s &&
	    st.mtime_ns == resume->mtime_ns &&
	    !digest_restore(p->digest, resume->digest_state)) {
		digest_free(p->digest);
		p->digest = digest_new(p->kind, p->size, &e);
		if (p->digest == NULL)
			return false;
	}
	if (digest_length(p->digest) > extents_front(&p->received))
		return false;
	if (fs_open_rw(p->path, false, &p->fd, &e) == -1 ||
	    fs_fstat(p->fd, &st, &e) == -1 || st.inode != resume->inode)
		return false;
	p->device = st.device;
	p->inode = st.inode;
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
	fs_close(&p->fd);
}

int partial_file_write(struct partial_file *p, const void *bytes, size_t n,
    uint64_t offset, struct err *e)
{
	uint64_t end = offset + n;

	if (n == 0)
		return 0;
	if (end > p->size || end < offset)
		return ERR_BUG_HERE(e, "write beyond the file's size");
	if (fs_pwrite(p->fd, bytes, n, offset, p->path, e) == -1)
		return -1;
	if (extents_add(&p->received, offset, end) == -1)
		return err_nomem(e);
	p->dirty_bytes += n;
	if (digest_length(p->digest) == offset)
		digest_update(p->digest, bytes, n);
	/* Begin write-back early, so that the checkpoint's sync finds little. */
	if (end / WRITEBACK_BYTES != offset / WRITEBACK_BYTES) {
		uint64_t at = end - end % WRITEBACK_BYTES;

		fs_start_writeback(p->fd, at - WRITEBACK_BYTES,
		    WRITEBACK_BYTES);
	}
	return 0;
}

int partial_file_hash(struct partial_file *p, uint64_t max, uint64_t *behind,
    struct err *e)
{
	uint64_t front = extents_front(&p->received);
	uint64_t at = digest_length(p->digest);
	unsigned char *buffer;

	*behind = front - at;
	if (at >= front || max == 0)
		return 0;
	buffer = malloc(HASH_BUFFER_BYTES);
	if (buffer == NULL)
		return err_nomem(e);
	while (at < front && max > 0) {
		size_t want = HASH_BUFFER_BYTES, got;

		if (want > front - at)
			want = (size_t)(front - at);
		if (fs_pread(p->fd, buffer, want, at, &got, p->path, e) == -1)
			goto fail;
		if (got < want) {
			err_set(e, ERR_INTEGRITY,
			    "%s is shorter than what was written", p->path);
			goto fail;
		}
		digest_update(p->digest, buffer, got);
		at += got;
		max = max > got ? max - got : 0;
	}
	*behind = front - at;
	free(buffer);
	return 0;
fail:
	free(buffer);
	return -1;
}

bool partial_file_is_complete(const struct partial_file *p)
{
	return extents_front(&p->received) == p->size;
}

int partial_file_prove(struct partial_file *p, const char *digest_hex,
    struct err *e)
{
	char hex[DIGEST_HEX_MAX];

	if (digest_length(p->digest) != p->size)
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
	if (extents_copy(&snapshot->extents, &p->received) == -1)
		return err_nomem(e);
	if (!digest_save(p->digest, snapshot->digest_state,
		&snapshot->digest_at))
		snapshot->digest_at = 0;
	p->dirty_bytes = 0;
	return 0;
}

void partial_snapshot_release(struct partial_snapshot *snapshot)
{
	extents_release(&snapshot->extents);
	memset(snapshot, 0, sizeof(*snapshot));
}
