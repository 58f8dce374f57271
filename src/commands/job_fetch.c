#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/job_fetch.h"
#include "hub/hub_headers.h"
#include "hub/hub_url.h"
#include "platform/clock.h"
#include "platform/entropy.h"
#include "platform/fs.h"
#include "transfer/engine.h"
#include "transfer/verify.h"

enum {
	BUSY_POLL_MS = 1000,
	BUSY_GIVE_UP_MS = 60 * 1000,
	LOST_FILES_MAX = 3, /* transient failures until a job gives up */
	GRACE_MS = 500,	    /* for running pieces at a window's end */
	PARALLEL_JOBS_MAX = 64
};

/* One file between pull and its end: what the engine calls `file`. */
struct fetch_file {
	struct job_fetch *fetch;
	struct job_work *work;
	size_t index;
	struct file_lock lock;
	uint8_t partial_key[STORE_KEY_BYTES];
	bool has_record;	      /* the store knows its partial file */
	char *url, *partial_path;     /* own */
	char *shortcut;		      /* own; past resolve, or NULL */
	struct partial_state partial; /* own; what is resumed */
	struct engine_resume resume;  /* the same as the engine takes it */
};

struct fetch_state {
	struct job_fetch *fetch;
	size_t first; /* the works before it have ended */
	size_t turn;  /* work whose file was pulled last */
};

static const struct remote_file *remote_of(const struct fetch_file *file)
{
	return file->work->wanted[file->index];
}

static void fetch_file_free(struct fetch_file *file)
{
	if (file == NULL)
		return;
	lock_release(&file->lock);
	partial_state_release(&file->partial);
	free(file->url);
	free(file->shortcut);
	free(file->partial_path);
	free(file);
}

/* --- ends ---------------------------------------------------------------- */

static bool gives_up(const struct job_work *w)
{
	switch (w->error.kind) {
	case ERR_NONE:
		return false;
	case ERR_TRANSIENT:
	case ERR_INTEGRITY:
		return w->lost >= LOST_FILES_MAX;
	default:
		return true; /* the other files would fare alike */
	}
}

static bool has_todo(const struct job_work *w)
{
	for (size_t i = w->next; i < w->n; i++)
		if (w->progress[i] == FILE_TODO)
			return true;
	return false;
}

/* Its last byte came when the window or the budget ended: to publish it moves
 * none.  A signal leaves no time for that. */
static bool is_all_there(const struct job_work *w)
{
	return w->begun && w->stop_kind != OUTCOME_INTERRUPTED &&
	    w->busy == 0 && w->lost == 0 && !has_todo(w);
}

/* Publish, or leave it for another run; nothing of it is in flight. */
static void end_work(struct job_fetch *fetch, struct job_work *w)
{
	job_work_flush_proven(w, fetch->session);
	if (w->error.kind == ERR_NONE && (!w->stopped || is_all_there(w))) {
		w->stopped = false;
		w->phase = WORK_FETCHED;
		job_work_publish(w, fetch->session);
	} else if (w->error.kind != ERR_NONE) {
		job_work_fail(w, &w->error);
	} else {
		w->outcome = w->stop_kind;
		w->phase = WORK_ENDED;
	}
	fetch->ended(fetch->cookie, w);
}

static void end_if_done(struct job_fetch *fetch, struct job_work *w)
{
	if (w->phase != WORK_FETCHING || w->in_flight > 0)
		return;
	if (!w->stopped && !gives_up(w) && (has_todo(w) || w->busy > 0))
		return;
	end_work(fetch, w);
}

static void file_ended(struct fetch_file *file, enum file_progress progress)
{
	struct job_work *w = file->work;

	w->progress[file->index] = progress;
	w->in_flight--;
	if (progress == FILE_DONE) {
		w->files_done++;
		w->busy_since.ms = 0;
	} else if (progress == FILE_LOST) {
		w->lost++;
	} else if (file->index < w->next) {
		w->next = file->index;
	}
	fetch_file_free(file);
}

/* --- pull ---------------------------------------------------------------- */

static bool must_stop_work(struct job_fetch *fetch, struct job_work *w)
{
	if (w->stopped)
		return true;
	if (w->closes.s != WALL_NONE && clock_wall().s >= w->closes.s) {
		w->stopped = true;
		w->stop_kind = OUTCOME_WINDOW_END;
	} else if (job_work_is_paused(w)) {
		w->stopped = true;
		w->stop_kind = OUTCOME_PAUSED;
	} else if ((fetch->deadline.ms != 0 &&
		       clock_mono().ms >= fetch->deadline.ms) ||
	    (fetch->max_bytes != 0 && fetch->received >= fetch->max_bytes)) {
		w->stopped = true;
		w->stop_kind = OUTCOME_BUDGET_END;
	}
	return w->stopped;
}

static void note_busy(struct job_work *w, size_t i)
{
	struct mono now = clock_mono();

	w->progress[i] = FILE_BUSY;
	w->busy++;
	if (w->busy_since.ms == 0)
		w->busy_since = now;
	w->busy_poll.ms = now.ms + BUSY_POLL_MS;
}

/* Files whose lock another program holds: again each second, for a minute. */
static void poll_busy(struct job_fetch *fetch, struct job_work *w)
{
	struct mono now = clock_mono();
	struct err e = ERR_INIT;

	if (w->busy == 0 || now.ms < w->busy_poll.ms)
		return;
	if (w->busy_since.ms == 0)
		w->busy_since = now; /* there was progress since */
	if (now.ms - w->busy_since.ms >= BUSY_GIVE_UP_MS && w->in_flight == 0) {
		err_set(&e, ERR_BUSY,
		    "another program has been fetching the "
		    "same files for a minute; left to it, and looked at "
		    "again later");
		w->error = e;
		end_if_done(fetch, w);
		return;
	}
	for (size_t i = 0; i < w->n; i++)
		if (w->progress[i] == FILE_BUSY)
			w->progress[i] = FILE_TODO;
	w->busy = 0;
	w->next = 0;
}

/* A job of this very run has fetched or hashed the same blob. */
static bool is_proven_here(const struct job_fetch *fetch,
    const struct job_work *w, const struct remote_file *f)
{
	for (size_t k = 0; k < fetch->n; k++) {
		const struct job_work *x = &fetch->works[k];

		if (x == w || x->job->type != w->job->type ||
		    strcmp(x->job->name, w->job->name) != 0 ||
		    x->job->local_dir != NULL || w->job->local_dir != NULL)
			continue;
		for (size_t i = 0; i < x->n; i++)
			if (x->progress[i] == FILE_DONE &&
			    x->decisions[i].action == FILE_FETCH &&
			    strcmp(remote_file_blob(x->wanted[i]),
				remote_file_blob(f)) == 0)
				return true;
	}
	return false;
}

/* Another job or program may have finished it while we waited for the lock.
 * 1: it is there and right, 0: fetch it, -1 with *e. */
static int is_there_now(struct fetch_file *file, struct err *e)
{
	struct job_work *w = file->work;
	const struct remote_file *f = remote_of(file);
	struct session *s = file->fetch->session;
	struct local_file local;
	struct fs_stat st;
	char *path;
	int rc;

	memset(&local, 0, sizeof(local));
	if (destination_inspect(w->destination, w->commit, f, &local, &st, e) ==
	    -1)
		return -1;
	if (!local.in_place && !local.blob_present)
		return 0;
	if (is_proven_here(file->fetch, w, f))
		return 1;
	path = destination_content_path(w->destination, w->commit, f);
	if (path == NULL)
		return 0;
	rc = verify_file(path, f->size, job_work_digest(f), remote_file_blob(f),
	    s->tick, s->tick_cookie, e);
	free(path);
	if (rc == 0)
		return 1;
	if (e->kind != ERR_INTEGRITY)
		return -1;
	*e = (struct err)ERR_INIT;
	return destination_set_aside(w->destination, w->commit, f, clock_wall(),
		   e) == -1
	    ? -1
	    : 0;
}

static int load_resume(struct fetch_file *file, struct err *e)
{
	struct session *s = file->fetch->session;

	if (s->store == NULL)
		return 0;
	store_partial_key(destination_partial_dir(file->work->destination),
	    remote_file_blob(remote_of(file)), file->partial_key);
	if (store_partial_get(s->store, file->partial_key, &file->partial,
		&file->has_record, e) == -1)
		return -1;
	if (file->has_record && file->partial.size != remote_of(file)->size) {
		partial_state_release(&file->partial);
		memset(&file->partial, 0, sizeof(file->partial));
	}
	return 0;
}

static struct fetch_file *open_file(struct job_fetch *fetch, struct job_work *w,
    size_t i, struct err *e)
{
	struct fetch_file *file = calloc(1, sizeof(*file));
	const struct remote_file *f = w->wanted[i];

	if (file == NULL) {
		err_nomem(e);
		return NULL;
	}
	file->fetch = fetch;
	file->work = w;
	file->index = i;
	file->lock.fd = -1;
	file->url = hub_url_resolve(fetch->session->config.endpoint,
	    w->job->type, w->job->name, w->commit, f->path);
	if (!w->no_shortcuts && job_work_digest(f) == DIGEST_GIT_SHA1)
		file->shortcut = hub_url_resolve_cache(fetch->session->config
							   .endpoint,
		    w->job->type, w->job->name, w->commit, f->path);
	file->partial_path = destination_partial_path(w->destination, f);
	if (file->url == NULL || file->partial_path == NULL) {
		err_nomem(e);
		fetch_file_free(file);
		return NULL;
	}
	if (destination_lock(w->destination, f, &file->lock, e) == -1 ||
	    load_resume(file, e) == -1) {
		fetch_file_free(file);
		return NULL;
	}
	return file;
}

static void fill_spec(struct fetch_file *file, struct engine_file *spec)
{
	const struct remote_file *f = remote_of(file);
	struct engine_resume *resume = &file->resume;

	memset(spec, 0, sizeof(*spec));
	spec->file = file;
	spec->url = file->url;
	spec->direct_url = file->shortcut;
	spec->partial_path = file->partial_path;
	spec->size = f->size;
	spec->digest = job_work_digest(f);
	spec->digest_hex = remote_file_blob(f);
	if (file->partial.n_extents == 0)
		return;
	resume->device = file->partial.device;
	resume->inode = file->partial.inode;
	resume->mtime_s = file->partial.mtime_s;
	resume->mtime_ns = file->partial.mtime_ns;
	resume->extents = file->partial.extents;
	resume->n_extents = file->partial.n_extents;
	resume->digest_at = file->partial.digest_at;
	memcpy(resume->digest_state, file->partial.digest_state,
	    sizeof(resume->digest_state));
	spec->resume = resume;
}

/* The next file of this work; NULL if it has none to give now. */
static struct fetch_file *take_file(struct job_fetch *fetch, struct job_work *w)
{
	for (; w->next < w->n; w->next++) {
		struct err e = ERR_INIT;
		struct fetch_file *file;
		size_t i = w->next;
		int there;

		if (w->progress[i] != FILE_TODO)
			continue;
		file = open_file(fetch, w, i, &e);
		if (file == NULL && e.kind == ERR_BUSY) {
			note_busy(w, i);
			continue;
		}
		if (file == NULL) {
			w->error = e;
			return NULL;
		}
		w->progress[i] = FILE_IN_FLIGHT;
		w->in_flight++;
		there = w->decisions[i].action == FILE_FETCH
		    ? is_there_now(file, &e)
		    : 0;
		if (there == 0) {
			w->next++;
			return file;
		}
		if (there == 1) {
			w->bytes_done += remote_of(file)->size -
			    w->local[i].partial_bytes;
			job_work_proved(w, fetch->session, i);
			file_ended(file, FILE_DONE);
			continue;
		}
		if (e.kind != ERR_CANCELLED)
			w->error = e;
		file_ended(file,
		    e.kind == ERR_CANCELLED ? FILE_TODO : FILE_LOST);
		return NULL;
	}
	return NULL;
}

/* So that `status`, and the next run should this one die, know. */
static int mark_fetching(struct job_work *w, struct session *s, struct err *e)
{
	struct job_state *state;

	if (w->entry == NULL)
		return 0;
	state = &w->entry->state;
	state->phase = PHASE_FETCHING;
	memcpy(state->target, w->commit, sizeof(state->target));
	state->bytes_total = w->sums.bytes_total;
	state->bytes_done = w->bytes_done;
	state->files_total = w->n;
	state->files_done = w->files_done;
	return job_entry_save(w->entry, s, e);
}

static bool begin_work(struct job_fetch *fetch, struct job_work *w)
{
	struct err e = ERR_INIT;
	char files[32], bytes[NUM_TEXT_MAX];

	w->phase = WORK_FETCHING;
	w->begun = true;
	if (mark_fetching(w, fetch->session, &e) == -1 ||
	    destination_prepare(w->destination, &e) == -1) {
		w->error = e;
		end_if_done(fetch, w);
		return false;
	}
	snprintf(files, sizeof(files), "%zu", w->sums.files_to_fetch);
	log_event(&fetch->session->log, LOG_INFO, "fetching", "job", w->job->id,
	    "commit", w->commit, "files", files, "bytes",
	    num_format_size(w->sums.bytes_to_fetch, bytes), NULL);
	return true;
}

/* Works that may move bytes now: the first parallel_jobs not ended. */
static size_t active_works(struct fetch_state *state, struct job_work **active)
{
	struct job_fetch *fetch = state->fetch;
	size_t n = 0, max = fetch->session->config.transfer.parallel_jobs;

	if (max > PARALLEL_JOBS_MAX)
		max = PARALLEL_JOBS_MAX;
	while (state->first < fetch->n &&
	    fetch->works[state->first].phase == WORK_ENDED)
		state->first++;
	for (size_t i = state->first; i < fetch->n && n < max; i++) {
		struct job_work *w = &fetch->works[i];

		if (w->phase == WORK_READY && must_stop_work(fetch, w)) {
			w->phase = WORK_FETCHING;
			end_if_done(fetch, w);
		}
		if (w->phase == WORK_READY)
			(void)begin_work(fetch, w);
		if (w->phase == WORK_FETCHING) {
			poll_busy(fetch, w);
			end_if_done(fetch, w);
		}
		if (w->phase == WORK_FETCHING)
			active[n++] = w;
	}
	return n;
}

static bool is_rate_limited(const struct job_fetch *fetch)
{
	return hub_budget_reset(fetch->session->hub.budgets, HUB_RESOLVERS,
		   clock_wall())
		   .s != WALL_NONE;
}

static enum engine_pull pull(void *cookie, struct engine_file *spec)
{
	struct fetch_state *state = cookie;
	struct job_fetch *fetch = state->fetch;
	struct job_work *active[PARALLEL_JOBS_MAX];
	size_t n;

	while ((n = active_works(state, active)) > 0) {
		bool ended = false;

		/* A new file would only be told to come later.  Those that are
		 * under way know where their bytes are. */
		if (is_rate_limited(fetch))
			return ENGINE_NOTHING_NOW;

		for (size_t k = 0; k < n; k++) {
			struct job_work *w = active[(state->turn + k) % n];
			struct fetch_file *file;

			if (must_stop_work(fetch, w) || gives_up(w))
				continue;
			file = take_file(fetch, w);
			if (file != NULL) {
				state->turn = (state->turn + k + 1) % n;
				fill_spec(file, spec);
				return ENGINE_PULLED;
			}
			end_if_done(fetch, w);
			ended = ended || w->phase == WORK_ENDED;
		}
		if (!ended)
			return ENGINE_NOTHING_NOW;
	}
	return ENGINE_NO_MORE;
}

/* --- the engine's other questions ---------------------------------------- */

static int on_response(void *cookie, void *owner, const struct http_response *r,
    struct err *e)
{
	struct fetch_file *file = owner;
	int status = http_response_status(r);

	(void)cookie;
	/* Not here, or not for such files: once asked is enough. */
	if (file->shortcut != NULL && status >= 400 && status < 500 &&
	    status != 429 && strcmp(http_response_url(r), file->shortcut) == 0)
		file->work->no_shortcuts = true;
	hub_note_budget(&file->fetch->session->hub, HUB_RESOLVERS, r,
	    clock_wall());
	return hub_check_identity(r, remote_of(file), file->work->commit, e);
}

static int verdict(void *cookie, void *owner, const struct http_result *result,
    bool *renew, struct err *e)
{
	struct fetch_file *file = owner;
	struct session *s = file->fetch->session;
	const struct job *job = file->work->job;
	char repo[300], *page;
	struct hub_subject subject;
	int rc;

	(void)cookie;
	page = hub_url_page(s->config.endpoint, job->type, job->name);
	snprintf(repo, sizeof(repo), "%s %s", repo_type_name(job->type),
	    job->name);
	memset(&subject, 0, sizeof(subject));
	subject.repo = repo;
	subject.revision = job->revision;
	subject.path = remote_of(file)->path;
	subject.page = page;
	subject.token_where = secret_is_set(&s->token) ? s->token_where : NULL;
	rc = hub_verdict(result, &subject, clock_wall(), renew, e);
	free(page);
	return rc;
}

static int on_durable(void *cookie, void *owner,
    const struct engine_durable *durable, struct err *e)
{
	struct fetch_file *file = owner;
	struct session *s = file->fetch->session;
	struct partial_state partial;
	int rc;

	(void)cookie;
	if (s->store == NULL)
		return 0;
	memset(&partial, 0, sizeof(partial));
	partial.size = remote_of(file)->size;
	partial.device = durable->device;
	partial.inode = durable->inode;
	partial.mtime_s = durable->mtime_s;
	partial.mtime_ns = durable->mtime_ns;
	partial.extents = durable->extents; /* lent; the store copies */
	partial.n_extents = durable->n_extents;
	partial.digest_at = durable->digest_at;
	memcpy(partial.digest_state, durable->digest_state,
	    sizeof(partial.digest_state));
	partial.updated_at = clock_wall();
	rc = store_partial_put(s->store, file->partial_key, &partial, e);
	if (rc == 0)
		file->has_record = true;
	return rc;
}

static void on_bytes(void *cookie, void *owner, uint64_t n)
{
	struct fetch_file *file = owner;

	(void)cookie;
	file->fetch->received += n;
	file->work->bytes_received += n;
	file->work->bytes_done += n;
}

static void on_retry(void *cookie, void *owner, const struct err *why,
    int64_t wait_ms)
{
	struct fetch_file *file = owner;
	char wait[NUM_TEXT_MAX];

	(void)cookie;
	file->work->retries++;
	log_event(&file->fetch->session->log, LOG_INFO, why->text, "job",
	    file->work->job->id, "file", remote_of(file)->path, "kind",
	    err_kind_name(why->kind), "wait",
	    num_format_duration(wait_ms, wait), NULL);
}

static void forget_partial(struct fetch_file *file)
{
	struct session *s = file->fetch->session;
	struct err e = ERR_INIT;

	if (!file->has_record)
		return;
	file->has_record = false;
	/* A record that stays is harmless: it names an inode that is gone. */
	if (store_partial_delete(s->store, file->partial_key, &e) == -1)
		log_event(&s->log, LOG_WARN, e.text, NULL);
}

static void on_restart(void *cookie, void *owner, uint64_t bytes,
    const struct err *why)
{
	struct fetch_file *file = owner;
	struct job_work *w = file->work;

	(void)cookie;
	w->bytes_done -= bytes < w->bytes_done ? bytes : w->bytes_done;
	forget_partial(file);
	log_event(&file->fetch->session->log, LOG_WARN, why->text, "job",
	    w->job->id, "file", remote_of(file)->path, "does",
	    "starts the file over", NULL);
}

static int on_whole(void *cookie, void *owner, struct err *e)
{
	struct fetch_file *file = owner;
	struct job_fetch *fetch = file->fetch;
	struct job_work *w = file->work;

	(void)cookie;
	if (destination_accept(w->destination, remote_of(file), e) == -1)
		return -1;
	/* What could be gone on with is only forgotten for something better. */
	if (file->has_record && destination_settle(w->destination, e) == -1)
		return -1;
	forget_partial(file);
	job_work_proved(w, fetch->session, file->index);
	log_event(&fetch->session->log, LOG_DEBUG, "verified", "job",
	    w->job->id, "file", remote_of(file)->path, NULL);
	file_ended(file, FILE_DONE);
	end_if_done(fetch, w);
	return 0;
}

static void on_failed(void *cookie, void *owner, const struct err *e)
{
	struct fetch_file *file = owner;
	struct job_fetch *fetch = file->fetch;
	struct job_work *w = file->work;

	(void)cookie;
	if (e->kind == ERR_CANCELLED) {
		file_ended(file, FILE_TODO);
	} else {
		if (w->error.kind == ERR_NONE) {
			w->error = *e;
			err_wrap(&w->error, "%s", remote_of(file)->path);
		}
		log_event(&fetch->session->log, LOG_WARN, e->text, "job",
		    w->job->id, "file", remote_of(file)->path, "kind",
		    err_kind_name(e->kind), NULL);
		if (e->kind == ERR_INTEGRITY)
			forget_partial(file);
		file_ended(file, FILE_LOST);
	}
	end_if_done(fetch, w);
}

static bool must_stop(void *cookie, void *owner)
{
	struct fetch_file *file = owner;

	(void)cookie;
	return must_stop_work(file->fetch, file->work) || gives_up(file->work);
}

static double dice(void *cookie)
{
	(void)cookie;
	return entropy_unit();
}

/* Whatever the signal, the budget or a broken engine left undone. */
static void end_rest(struct job_fetch *fetch, const struct err *stop,
    enum outcome_kind (*why)(void *cookie), void *why_cookie)
{
	bool is_broken = stop->kind != ERR_NONE && stop->kind != ERR_CANCELLED;

	for (size_t i = 0; i < fetch->n; i++) {
		struct job_work *w = &fetch->works[i];

		if (w->phase != WORK_READY && w->phase != WORK_FETCHING)
			continue;
		if (is_broken && w->error.kind == ERR_NONE)
			w->error = *stop;
		if (!w->stopped) {
			w->stopped = true;
			w->stop_kind = why(why_cookie);
		}
		end_work(fetch, w);
	}
}

/* --- the optimum of the last night ----------------------------------------- */

enum { HOST_BYTES = 32, OPTIMUM_BYTES = HOST_BYTES + 2 };

/* How many connections large files were worth there: of the Hub's host, which
 * sends to the same places for its files. */
static const char OPTIMUM[] = "bulk connections";

static void hash_host(const struct session *s, uint8_t hash[HOST_BYTES])
{
	digest_sha256(s->config.endpoint, strlen(s->config.endpoint), hash);
}

/* 1, the modest beginning, if nothing is known. */
static unsigned load_optimum(struct session *s)
{
	uint8_t bytes[OPTIMUM_BYTES], host[HOST_BYTES];
	struct err ignored = ERR_INIT;
	unsigned level;
	size_t n;

	if (s->store == NULL ||
	    store_meta_get(s->store, OPTIMUM, bytes, sizeof(bytes), &n,
		&ignored) == -1 ||
	    n != sizeof(bytes))
		return 1;
	hash_host(s, host);
	level = bytes[HOST_BYTES] | (unsigned)bytes[HOST_BYTES + 1] << 8;
	return memcmp(bytes, host, sizeof(host)) == 0 && level > 0 ? level : 1;
}

/* Without it the next night begins modestly: no failure. */
static void save_optimum(struct session *s, unsigned level)
{
	uint8_t bytes[OPTIMUM_BYTES];
	struct err e = ERR_INIT;

	if (s->store == NULL || level == load_optimum(s))
		return;
	hash_host(s, bytes);
	bytes[HOST_BYTES] = (uint8_t)level;
	bytes[HOST_BYTES + 1] = (uint8_t)(level >> 8);
	if (store_meta_put(s->store, OPTIMUM, bytes, sizeof(bytes), &e) == -1)
		log_event(&s->log, LOG_WARN, e.text, NULL);
}

int job_fetch(struct job_fetch *fetch, enum outcome_kind (*why)(void *cookie),
    void *why_cookie, struct err *e)
{
	struct session *s = fetch->session;
	struct fetch_state state = { fetch, 0, 0 };
	struct engine_callbacks calls = { &state, pull, on_response, verdict,
		on_durable, on_bytes, on_retry, on_restart, on_whole, on_failed,
		must_stop };
	struct engine_options options;
	struct engine *engine;
	struct err stop = ERR_INIT;

	memset(&options, 0, sizeof(options));
	options.http = s->http;
	options.origin = &s->hub.origin;
	options.token = s->hub.token;
	options.connections = s->config.transfer.connections;
	options.bulk_connections = load_optimum(s);
	options.backoff.first_ms = s->config.retry.first_wait_ms;
	options.backoff.limit = s->config.retry.attempts;
	options.dice = dice;
	options.grace_ms = GRACE_MS;
	options.max_bytes = fetch->max_bytes;
	engine = engine_new(&options, &calls, e);
	if (engine == NULL)
		return -1;
	(void)engine_run(engine, &stop);
	save_optimum(s, engine_bulk_connections(engine));
	engine_free(engine);
	end_rest(fetch, &stop, why, why_cookie);
	return 0;
}
