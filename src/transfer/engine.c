#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "transfer/engine_internal.h"

enum {
	PULL_AGAIN_MS = 500,
	STEP_MS = 200,
	SYNC_THREADS = 8,    /* they only wait, and the disk sorts them */
	LARGE_FILES_MAX = 2, /* that want more pieces: depth before breadth */
	/* And so many whose last pieces are under way, or being hashed. */
	LARGE_FILES_ENDING_MAX = 6,
	/* Files that wait for a retry keep their place but take no
	 * connection; this many may wait before pulling pauses. */
	OPEN_FILES_FACTOR = 2,
	/* So many more may wait for their syncs: the first one of a batch
	 * commits what the file system has noted of all of them. */
	PROVEN_FILES_MAX = 128
};

/* All blocks of an engine together, and the largest and smallest block. */
#define BLOCKS_TOTAL_BYTES ((size_t)36 * 1024 * 1024)
#define BLOCK_MAX_BYTES ((size_t)1024 * 1024)
#define BLOCK_MIN_BYTES ((size_t)64 * 1024)

static void wake(void *cookie)
{
	http_client_wake(cookie);
}

/* Two for each connection, and as many again on their way. */
static struct block_pool *make_blocks(unsigned connections)
{
	size_t bytes = BLOCK_MAX_BYTES;

	while (bytes > BLOCK_MIN_BYTES &&
	    BLOCKS_TOTAL_BYTES / bytes < 3 * (size_t)connections)
		bytes /= 2;
	return block_pool_new((unsigned)(BLOCKS_TOTAL_BYTES / bytes), bytes);
}

static int make_works(struct engine *engine, struct err *e)
{
	struct http_client *http = engine->options.http;

	engine->works.blocks = make_blocks(engine->options.connections);
	if (engine->works.blocks == NULL)
		return err_nomem(e);
	engine->syncs = work_pool_new(SYNC_THREADS, wake, http, e);
	if (engine->syncs == NULL)
		return -1;
	engine->works.writes = work_pool_new(1, wake, http, e);
	if (engine->works.writes == NULL)
		return -1;
	for (unsigned i = 0; i < ENGINE_HASH_THREADS; i++) {
		engine->hashes[i] = work_pool_new(1, wake, http, e);
		if (engine->hashes[i] == NULL)
			return -1;
	}
	return 0;
}

struct engine *engine_new(const struct engine_options *options,
    const struct engine_callbacks *callbacks, struct err *e)
{
	struct engine *engine = calloc(1, sizeof(*engine));

	if (engine == NULL) {
		err_nomem(e);
		return NULL;
	}
	engine->options = *options;
	engine->callbacks = *callbacks;
	engine->allowed = options->connections;
	adapt_init(&engine->adapt,
	    options->bulk_connections > 0 ? options->bulk_connections
					  : options->connections,
	    options->connections);
	if (make_works(engine, e) == -1) {
		engine_free(engine);
		return NULL;
	}
	http_client_share(options->http, ENGINE_STREAMS);
	return engine;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	/* Threads first: they use the files' descriptors. */
	work_pool_free(engine->syncs);
	work_pool_free(engine->works.writes);
	for (unsigned i = 0; i < ENGINE_HASH_THREADS; i++)
		work_pool_free(engine->hashes[i]);
	while (engine->files != NULL) {
		struct open_file *f = engine->files;

		engine->files = f->next;
		engine_file_free(f);
	}
	block_pool_free(engine->works.blocks);
	free(engine);
}

unsigned engine_bulk_connections(const struct engine *engine)
{
	return engine->adapt.from != 0 ? engine->adapt.from
				       : engine->adapt.level;
}

void engine_progress(const struct engine *engine, struct engine_progress *out)
{
	*out = engine->progress;
	out->files_open = engine->n_files;
	out->connections_busy = engine->n_busy;
}

static unsigned count_fetching(const struct engine *engine)
{
	unsigned n = 0;

	for (const struct open_file *f = engine->files; f != NULL; f = f->next)
		if (f->phase != FILE_SYNCING && f->phase != FILE_WHOLE)
			n++;
	return n;
}

/* Not all of it has come or is asked for. */
static bool wants_pieces(const struct open_file *f)
{
	uint64_t taken = extents_bytes(&f->partial.received);

	for (const struct piece *p = f->pieces; p != NULL; p = p->next)
		if (!p->done)
			taken += p->range.to - p->at;
	return taken < f->partial.size;
}

/* The next large file begins when one of the open ones has no more to ask for:
 * its last pieces would leave the other connections idle. */
static bool may_open_large(const struct engine *engine)
{
	unsigned n = 0, ending = 0;

	for (const struct open_file *f = engine->files; f != NULL;
	     f = f->next) {
		if (!f->is_large || f->phase != FILE_FETCHING)
			continue;
		if (wants_pieces(f))
			n++;
		else
			ending++;
	}
	return n < LARGE_FILES_MAX && ending < LARGE_FILES_ENDING_MAX;
}

/* How many requests may be under way. */
static unsigned requests_max(const struct engine *engine)
{
	unsigned streams = ENGINE_STREAMS * engine->options.connections;

	/* Told to wait, or not told to share. */
	if (!engine->shares || engine->allowed < engine->options.connections)
		return engine->allowed;
	for (const struct open_file *f = engine->files; f != NULL; f = f->next)
		if (f->phase == FILE_FETCHING && !f->is_small)
			return engine->allowed;
	if (streams > ENGINE_STREAMS_MAX)
		streams = ENGINE_STREAMS_MAX;
	return streams > engine->allowed ? streams : engine->allowed;
}

/* Ask the caller for one more file; false if none can be had now. */
static bool pull(struct engine *engine, struct mono now)
{
	const unsigned connections = engine->options.connections;
	const unsigned requests = requests_max(engine);
	const unsigned open_max = OPEN_FILES_FACTOR *
	    (requests > connections ? requests : connections);
	struct engine_file spec;
	struct err e = ERR_INIT;

	if (engine->no_more || now.ms < engine->pull_at.ms ||
	    count_fetching(engine) >= open_max ||
	    engine->n_files >= open_max + PROVEN_FILES_MAX ||
	    !may_open_large(engine))
		return false;
	memset(&spec, 0, sizeof(spec));
	switch (engine->callbacks.pull(engine->callbacks.cookie, &spec)) {
	case ENGINE_NO_MORE:
		engine->no_more = true;
		return false;
	case ENGINE_NOTHING_NOW:
		engine->pull_at.ms = now.ms + PULL_AGAIN_MS;
		return false;
	case ENGINE_PULLED:
		break;
	}
	if (engine_file_begin(engine, &spec, &e) == -1)
		engine->callbacks.on_failed(engine->callbacks.cookie, spec.file,
		    &e);
	return true;
}

/* A request for an open file that has `n` of them and wants more. */
static bool start_with(struct engine *engine, unsigned n, struct mono now)
{
	for (struct open_file *f = engine->files; f != NULL; f = f->next)
		if (f->n_pieces == n && engine_piece_start(f, now))
			return true;
	return false;
}

/* The open file that wants a request and has the fewest. */
static bool start_one(struct engine *engine, struct mono now)
{
	for (unsigned n = 1; n < engine->options.connections; n++)
		if (start_with(engine, n, now))
			return true;
	return false;
}

/* A new file comes before a second connection for an old one. */
static void fill(struct engine *engine, struct mono now)
{
	engine->no_room = false;
	while (engine->n_busy < requests_max(engine))
		if (!start_with(engine, 0, now) && !pull(engine, now) &&
		    !start_one(engine, now) && !engine_split(engine, now))
			return;
}

static bool take_blocks(struct work_pool *pool, int wait)
{
	struct work_job *job;
	bool any = false;

	while ((job = work_pool_take(pool, wait)) != NULL) {
		struct block *block = job->cookie;

		engine_file_block_done(block->owner, block);
		any = true;
	}
	return any;
}

/* What the threads have done.  `wait`: until they have nothing to do. */
static void take_works(struct engine *engine, int wait)
{
	struct work_job *job;
	bool any;

	do {
		any = take_blocks(engine->works.writes, wait);
		for (unsigned i = 0; i < ENGINE_HASH_THREADS; i++)
			any = take_blocks(engine->hashes[i], wait) || any;
		while ((job = work_pool_take(engine->syncs, wait)) != NULL) {
			engine_file_synced(job->cookie);
			any = true;
		}
	} while (wait && any);
}

/* The file with the block that waits furthest from a front that is slow. */
static struct open_file *find_furthest(const struct engine *engine)
{
	struct open_file *found = NULL;
	uint64_t most = 0, distance;

	for (struct open_file *f = engine->files; f != NULL; f = f->next) {
		if (!f->front_is_slow ||
		    !partial_file_digest_waits(&f->partial))
			continue;
		distance = partial_file_furthest(&f->partial);
		if (distance > most) {
			most = distance;
			found = f;
		}
	}
	return found;
}

/* Who waits for room goes on; if there is none, what is furthest from a front
 * is hashed from the disk later. */
static void resume_pieces(struct engine *engine)
{
	struct open_file *furthest;

	if (block_free_count(engine->works.blocks) <= PARTIAL_RESERVED_BLOCKS) {
		furthest = find_furthest(engine);
		if (furthest != NULL)
			partial_file_give_up_furthest(&furthest->partial);
	}
	for (struct open_file *f = engine->files; f != NULL; f = f->next)
		engine_piece_resume(f);
}

/* Advance all files and release those that ended. */
static bool advance(struct engine *engine, struct mono now)
{
	struct open_file **link = &engine->files;
	bool busy = false;

	while (*link != NULL) {
		struct open_file *f = *link;

		engine_file_advance(f, now, &busy);
		if (!engine_file_ended(f)) {
			link = &f->next;
			continue;
		}
		*link = f->next;
		engine->n_files--;
		engine->pull_at.ms = 0;
		engine_file_free(f);
		busy = true;
	}
	return busy;
}

/* Until the next thing that no socket and no sync tells us of. */
static int64_t next_deadline_ms(const struct engine *engine, struct mono now)
{
	int64_t wait = STEP_MS, held = engine->hold_until.ms - now.ms;

	if (held > 0 && held < wait)
		wait = held;
	for (const struct open_file *f = engine->files; f != NULL;
	     f = f->next) {
		int64_t until = f->retry_at.ms - now.ms;

		if (f->phase == FILE_FETCHING && until > 0 && until < wait)
			wait = until;
	}
	if (!engine->no_more && engine->pull_at.ms > now.ms &&
	    engine->pull_at.ms - now.ms < wait)
		wait = engine->pull_at.ms - now.ms;
	return wait;
}

/* Cut everything and make what was received durable. */
static void stop_all(struct engine *engine, const struct err *why)
{
	engine->no_more = true;
	while (engine->files != NULL) {
		for (struct open_file *f = engine->files; f != NULL;
		     f = f->next) {
			engine_piece_cancel_all(f);
			/* What is whole and proven may be finished; if it
			 * turns out to be gone, it is not fetched again. */
			if (f->phase != FILE_SYNCING && f->phase != FILE_WHOLE)
				engine_file_fail(f, why);
		}
		advance(engine, clock_mono());
		take_works(engine, 1);
	}
}

/* At the end of a file, or where few requests suffice, the rate says nothing
 * about their number. */
static struct adapt_load look_at_load(const struct engine *engine)
{
	struct adapt_load load = { false, engine->no_room, engine->n_bulk };

	for (const struct open_file *f = engine->files; f != NULL;
	     f = f->next) {
		if (!f->is_large || f->phase != FILE_FETCHING)
			continue;
		load.busy = load.busy || wants_pieces(f);
		for (const struct piece *p = f->pieces; p != NULL; p = p->next)
			load.held = load.held || p->paused;
	}
	load.busy = load.busy && engine->n_bulk > 0 &&
	    (engine->n_bulk >= engine->adapt.level || load.held);
	return load;
}

static void adapt(struct engine *engine, struct mono now)
{
	struct adapt_load load;

	if (engine->options.bulk_connections == 0)
		return;
	load = look_at_load(engine);
	adapt_note(&engine->adapt, engine->progress.bytes_received, &load, now);
}

int engine_run(struct engine *engine, struct err *e)
{
	for (;;) {
		struct mono now = clock_mono();
		struct err stop = ERR_INIT;
		bool busy;

		take_works(engine, 0);
		busy = advance(engine, now);
		resume_pieces(engine);
		fill(engine, now);
		adapt(engine, now);
		if (engine->no_more && engine->files == NULL)
			return 0;
		if (http_client_step(engine->options.http,
			busy ? 0 : next_deadline_ms(engine, now),
			&stop) == -1) {
			stop_all(engine, &stop);
			*e = stop;
			return -1;
		}
	}
}
