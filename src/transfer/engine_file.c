#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "transfer/engine_internal.h"

enum {
	CHECKPOINT_MS = 2000,
	/* A front is slow if the digest has waited for it for so much of so
	 * long. */
	WINDOW_MS = 500,
	IDLE_PERCENT = 80
};

void engine_file_free(struct open_file *f)
{
	if (f == NULL)
		return;
	engine_piece_cancel_all(f);
	engine_piece_reap(f);
	partial_file_release(&f->partial);
	partial_snapshot_release(&f->snapshot);
	free(f->url);
	free(f->direct_url);
	free(f->digest_hex);
	free(f);
}

/* What an earlier run has left cannot be gone on with. */
static void tell_refused_resume(const struct open_file *f,
    const struct engine_resume *resume)
{
	const struct engine_callbacks *calls = &f->engine->callbacks;
	struct err why = ERR_INIT;
	uint64_t bytes = 0;

	for (size_t i = 0; i < resume->n_extents; i++)
		bytes += resume->extents[i].to - resume->extents[i].from;
	err_set(&why, ERR_INTEGRITY, "%s is not the file that was left",
	    f->partial.path);
	if (calls->on_restart != NULL)
		calls->on_restart(calls->cookie, f->owner, bytes, &why);
}

int engine_file_begin(struct engine *engine, const struct engine_file *spec,
    struct err *e)
{
	struct open_file *f = calloc(1, sizeof(*f)), **link;
	struct partial_works works = engine->works;

	if (f == NULL)
		return err_nomem(e);
	f->engine = engine;
	f->owner = spec->file;
	f->direct_expires_s = -1;
	f->window_at = f->looked_at = clock_mono();
	f->is_large = spec->size >= ENGINE_RANGED_BYTES;
	f->is_small = spec->size <= ENGINE_SHARED_BYTES;
	f->failure.retry_after_s = -1;
	f->piece_bytes = piece_plan_size(spec->size,
	    engine->options.connections);
	works.hashes = engine->hashes[engine->n_begun++ % ENGINE_HASH_THREADS];
	partial_file_init(&f->partial, &works, f);
	f->url = text_dup(spec->url);
	f->digest_hex = text_dup(spec->digest_hex);
	if (spec->direct_url != NULL)
		f->direct_url = text_dup(spec->direct_url);
	f->direct_is_guess = f->direct_url != NULL;
	if (f->url == NULL || f->digest_hex == NULL) {
		engine_file_free(f);
		return err_nomem(e);
	}
	if (partial_file_open(&f->partial, spec->partial_path, spec->size,
		spec->digest, spec->resume, &f->durable_bytes, e) == -1) {
		engine_file_free(f);
		return -1;
	}
	for (link = &engine->files; *link != NULL; link = &(*link)->next)
		;
	*link = f;
	engine->n_files++;
	if (spec->resume != NULL && spec->resume->n_extents > 0 &&
	    f->durable_bytes == 0)
		tell_refused_resume(f, spec->resume);
	return 0;
}

void engine_file_fail(struct open_file *f, const struct err *why)
{
	if (f->phase == FILE_FAILING)
		return;
	f->phase = FILE_FAILING;
	f->failure = *why;
}

void engine_file_restart(struct open_file *f, const struct err *why)
{
	if (f->phase == FILE_FAILING || f->phase == FILE_RESTARTING)
		return;
	f->failure = *why;
	f->phase = FILE_RESTARTING;
}

/* A restart for integrity is granted once; a change of method always. */
static void make_anew(struct open_file *f)
{
	struct engine_callbacks *calls = &f->engine->callbacks;
	struct err why = f->failure, e = ERR_INIT;

	if (calls->on_restart != NULL)
		calls->on_restart(calls->cookie, f->owner,
		    extents_bytes(&f->partial.received), &why);
	free(f->direct_url);
	f->direct_url = NULL;
	f->direct_is_guess = false;
	f->durable_bytes = 0;
	if (why.kind == ERR_INTEGRITY && ++f->restarts > 1) {
		(void)fs_unlink(f->partial.path, &e);
		f->phase = FILE_FAILING;
		return;
	}
	f->phase = FILE_FETCHING;
	memset(&f->failure, 0, sizeof(f->failure));
	f->failure.retry_after_s = -1;
	if (partial_file_restart(&f->partial, &e) == -1)
		engine_file_fail(f, &e);
}

static void sync_if_written(struct open_file *f)
{
	struct err e = ERR_INIT;

	if (!f->sync_waits || f->partial.writes_done < f->sync_mark)
		return;
	f->sync_waits = false;
	if (partial_file_snapshot(&f->partial, &f->snapshot, &e) == -1) {
		f->sync_pending = false;
		engine_file_fail(f, &e);
		return;
	}
	if (f->partial.dirty_bytes > 0)
		f->dirty_since = clock_mono();
	memset(&f->sync, 0, sizeof(f->sync));
	f->sync.run = work_sync;
	f->sync.e.retry_after_s = -1;
	f->sync.fd = f->partial.fd;
	f->sync.path = f->partial.path;
	f->sync.cookie = f;
	work_pool_submit(f->engine->syncs, &f->sync);
}

/* The bytes on their way to the disk first: what is synced was written. */
void engine_file_checkpoint(struct open_file *f)
{
	if (f->sync_pending || f->partial.fd == -1)
		return;
	engine_piece_flush(f);
	f->sync_pending = true;
	f->sync_waits = true;
	f->sync_mark = f->partial.writes_begun;
	sync_if_written(f);
}

static void tell_durable(struct open_file *f)
{
	struct engine_callbacks *calls = &f->engine->callbacks;
	struct engine_durable durable;
	struct err e = ERR_INIT;

	memset(&durable, 0, sizeof(durable));
	durable.device = f->partial.device;
	durable.inode = f->partial.inode;
	durable.mtime_s = f->snapshot.mtime_s;
	durable.mtime_ns = f->snapshot.mtime_ns;
	durable.extents = f->snapshot.extents.items;
	durable.n_extents = f->snapshot.extents.n;
	durable.digest_at = f->snapshot.digest_at;
	memcpy(durable.digest_state, f->snapshot.digest_state,
	    sizeof(durable.digest_state));
	if (calls->on_durable(calls->cookie, f->owner, &durable, &e) == -1)
		engine_file_fail(f, &e);
}

/* Nobody is going to read it soon, and others may need the memory.  A front that
 * waits to be hashed is in our own. */
static void clean_cache(const struct open_file *f)
{
	if (!f->is_small &&
	    (f->partial.direct_fd == -1 || f->partial.direct_refused))
		fs_drop_cache(f->partial.fd, 0, f->partial.size);
}

static void count_durable(struct open_file *f)
{
	uint64_t bytes = extents_bytes(&f->snapshot.extents);

	if (bytes > f->durable_bytes)
		f->engine->progress.bytes_durable += bytes - f->durable_bytes;
	f->durable_bytes = bytes;
}

/* The bytes that this sync covers are lost or kept; then what is next. */
void engine_file_synced(struct open_file *f)
{
	f->sync_pending = false;
	clean_cache(f);
	if (f->sync.rc == -1) {
		f->sync_failed = true;
		engine_file_fail(f, &f->sync.e);
	} else if (f->phase == FILE_SYNCING) {
		count_durable(f);
		f->phase = FILE_WHOLE;
	} else if (f->phase != FILE_RESTARTING) {
		/* Somebody may have removed the file under us: then nothing
		 * of it can be resumed, and it could not be renamed. */
		if (!partial_file_is_there(&f->partial)) {
			struct err e = ERR_INIT;

			err_set(&e, ERR_INTEGRITY,
			    "%s was removed by another program",
			    f->partial.path);
			engine_file_restart(f, &e);
		} else {
			count_durable(f);
			tell_durable(f);
		}
	}
	partial_snapshot_release(&f->snapshot);
}

void engine_file_block_done(struct open_file *f, struct block *block)
{
	partial_file_done(&f->partial, block);
	if (f->partial.failure.kind == ERR_INTEGRITY)
		engine_file_restart(f, &f->partial.failure);
	else if (f->partial.failure.kind != ERR_NONE)
		engine_file_fail(f, &f->partial.failure);
	sync_if_written(f);
}

static void prove(struct open_file *f)
{
	struct err e = ERR_INIT;

	if (partial_file_prove(&f->partial, f->digest_hex, &e) == -1) {
		engine_file_restart(f, &e);
		return;
	}
	f->phase = FILE_SYNCING;
	engine_file_checkpoint(f);
}

/* Let the digest follow; complete files go on to be proven. */
static void follow(struct open_file *f)
{
	partial_file_follow(&f->partial);
	if (!partial_file_is_complete(&f->partial) ||
	    !partial_file_is_hashed(&f->partial))
		return;
	f->phase = FILE_PROVING;
	/* A checkpoint that is under way uses the snapshot: wait for it. */
	if (!f->sync_pending && f->n_pieces == 0)
		prove(f);
}

static void checkpoint_if_due(struct open_file *f, struct mono now)
{
	if (f->sync_pending || f->partial.dirty_bytes == 0)
		return;
	if (f->partial.dirty_bytes >= ENGINE_CHECKPOINT_BYTES ||
	    now.ms - f->dirty_since.ms >= CHECKPOINT_MS)
		engine_file_checkpoint(f);
}

bool engine_file_stops(struct open_file *f, struct mono now)
{
	const struct engine *engine = f->engine;

	if (f->stopping || engine->callbacks.must_stop == NULL ||
	    !engine->callbacks.must_stop(engine->callbacks.cookie, f->owner))
		return f->stopping;
	f->stopping = true;
	f->stop_at.ms = now.ms + engine->options.grace_ms;
	return true;
}

/* The window closed on it: a short grace for running pieces, and for the proof
 * of what is all there; then the end. */
static void stop_if_asked(struct open_file *f, struct mono now)
{
	const struct engine *engine = f->engine;
	bool complete = partial_file_is_complete(&f->partial);
	bool works = f->n_pieces > 0 || complete;
	struct err e = ERR_INIT;

	if (!engine_file_stops(f, now) || (works && now.ms < f->stop_at.ms))
		return;
	/* A number of bytes that is used up is no hurry. */
	if (complete && engine->options.max_bytes != 0 &&
	    engine->progress.bytes_received >= engine->options.max_bytes)
		return;
	err_set(&e, ERR_CANCELLED, "stopped; progress is kept");
	engine_file_fail(f, &e);
}

/* Whether the front of the file is what all others wait for. */
static void look_at_digest(struct open_file *f, struct mono now)
{
	int64_t span = now.ms - f->window_at.ms;

	if (partial_file_digest_waits(&f->partial))
		f->digest_idle_ms += now.ms - f->looked_at.ms;
	f->looked_at = now;
	if (span < WINDOW_MS)
		return;
	f->front_is_slow = f->digest_idle_ms * 100 >= span * IDLE_PERCENT;
	f->digest_idle_ms = 0;
	f->window_at = now;
}

void engine_file_advance(struct open_file *f, struct mono now, bool *busy)
{
	engine_piece_reap(f);
	look_at_digest(f, now);
	if (f->phase == FILE_FETCHING)
		follow(f);
	else if (f->phase == FILE_PROVING && !f->sync_pending &&
	    f->n_pieces == 0)
		prove(f);
	if (f->phase == FILE_FETCHING)
		stop_if_asked(f, now);
	if (f->phase == FILE_FETCHING)
		checkpoint_if_due(f, now);
	if (f->phase == FILE_RESTARTING || f->phase == FILE_FAILING) {
		engine_piece_cancel_all(f);
		engine_piece_reap(f);
	}
	if (f->phase == FILE_RESTARTING && !f->sync_pending &&
	    partial_file_is_idle(&f->partial)) {
		make_anew(f);
		*busy = true;
	}
}

/* A failed file whose bytes are worth keeping gets a last checkpoint; on a
 * full disk too, as what was written before is there. */
static bool needs_last_checkpoint(const struct open_file *f)
{
	return f->partial.dirty_bytes > 0 && f->partial.fd != -1 &&
	    !f->sync_failed && f->failure.kind != ERR_INTEGRITY &&
	    f->failure.kind != ERR_NOMEM && f->failure.kind != ERR_STATE;
}

bool engine_file_ended(struct open_file *f)
{
	struct engine_callbacks *calls = &f->engine->callbacks;
	struct err e = ERR_INIT;

	if (f->sync_pending || !partial_file_is_idle(&f->partial))
		return false;
	if (f->phase == FILE_FAILING) {
		if (needs_last_checkpoint(f)) {
			engine_file_checkpoint(f);
			if (f->sync_pending)
				return false;
		}
		partial_file_abandon(&f->partial);
		calls->on_failed(calls->cookie, f->owner, &f->failure);
		return true;
	}
	if (f->phase != FILE_WHOLE)
		return false;
	if (!partial_file_is_there(&f->partial)) {
		err_set(&e, ERR_INTEGRITY, "%s was removed by another program",
		    f->partial.path);
		engine_file_restart(f, &e);
		return false;
	}
	fs_close(&f->partial.fd);
	if (calls->on_whole(calls->cookie, f->owner, &e) == -1)
		calls->on_failed(calls->cookie, f->owner, &e);
	return true;
}
