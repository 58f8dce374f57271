#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "transfer/engine_internal.h"

enum {
	PULL_AGAIN_MS = 500,
	STEP_MS = 200,
	SYNC_THREADS = 2,
	LARGE_FILES_MAX = 2, /* open at a time: depth before breadth */
	/* Files that wait for a retry keep their place but take no
	 * connection; this many may wait before pulling pauses. */
	OPEN_FILES_FACTOR = 2
};

static void wake(void *cookie)
{
	http_client_wake(cookie);
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
	engine->pool = sync_pool_new(SYNC_THREADS, wake, options->http, e);
	if (engine->pool == NULL) {
		free(engine);
		return NULL;
	}
	return engine;
}

void engine_free(struct engine *engine)
{
	if (engine == NULL)
		return;
	/* Threads first: they use the files' descriptors. */
	sync_pool_free(engine->pool);
	while (engine->files != NULL) {
		struct open_file *f = engine->files;

		engine->files = f->next;
		engine_file_free(f);
	}
	free(engine);
}

void engine_progress(const struct engine *engine, struct engine_progress *out)
{
	*out = engine->progress;
	out->files_open = engine->n_files;
	out->connections_busy = engine->n_busy;
}

static unsigned count_large(const struct engine *engine)
{
	unsigned n = 0;

	for (const struct open_file *f = engine->files; f != NULL; f = f->next)
		if (f->partial.size >= ENGINE_RANGED_BYTES &&
		    f->phase == FILE_FETCHING)
			n++;
	return n;
}

/* Ask the caller for one more file; false if none can be had now. */
static bool pull(struct engine *engine, struct mono now)
{
	struct engine_file spec;
	struct err e = ERR_INIT;

	if (engine->no_more || now.ms < engine->pull_at.ms ||
	    engine->n_files >=
		OPEN_FILES_FACTOR * engine->options.connections ||
	    count_large(engine) >= LARGE_FILES_MAX)
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
	while (engine->n_busy < engine->allowed)
		if (!start_with(engine, 0, now) && !pull(engine, now) &&
		    !start_one(engine, now))
			return;
}

static void take_syncs(struct engine *engine, int wait)
{
	struct sync_job *job;

	while ((job = sync_pool_take(engine->pool, wait)) != NULL)
		engine_file_synced(job->cookie);
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
		take_syncs(engine, 1);
	}
}

int engine_run(struct engine *engine, struct err *e)
{
	for (;;) {
		struct mono now = clock_mono();
		struct err stop = ERR_INIT;
		bool busy;

		take_syncs(engine, 0);
		busy = advance(engine, now);
		fill(engine, now);
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
