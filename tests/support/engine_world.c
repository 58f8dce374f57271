/* engine_world.c - caller, server and judge of the engine. */
#include "support/engine_world.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants some of those before it. */
#include <cmocka.h>

#include "base/text.h"
#include "http/http_verdict.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "support/fake_clock.h"
#include "support/fake_sync.h"
#include "support/scratch.h"
#include "transfer/piece_plan.h"

enum {
	PERIOD = 1048573, /* of the content; prime */
	PATH_TEXT_MAX = 64,
	KNOWN_MAX = 64, /* sums that were computed already */
	STEPS_MAX = 1000000
};
/* Longer than any script takes: a loop that does not end gets here. */
#define TIME_MAX_MS ((int64_t)48 * 3600 * 1000)

static unsigned char pattern[PERIOD];

void world_expect(const struct world *w, bool right, const char *what)
{
	if (!right)
		fail_msg("%s (seed %u, at %" PRId64 " ms)", what, w->seed,
		    fake_clock_ms());
}

/* --- content -------------------------------------------------------------- */

/* Where it stands in the pattern; `n` becomes less if that ends before. */
static const unsigned char *content_at(const struct world_file *f,
    uint64_t offset, size_t *n)
{
	size_t at = (size_t)((offset + f->index * 7919) % PERIOD);

	if (*n > PERIOD - at)
		*n = PERIOD - at;
	return pattern + at;
}

void world_content(const struct world_file *f, uint64_t offset, void *bytes,
    size_t n)
{
	unsigned char *to = bytes;

	while (n > 0) {
		size_t part = n;
		const unsigned char *from = content_at(f, offset, &part);

		memcpy(to, from, part);
		to += part;
		offset += part;
		n -= part;
	}
}

static void make_pattern(void)
{
	uint32_t x = 1;

	for (size_t i = 0; i < PERIOD; i++) {
		x = x * 1664525 + 1013904223;
		pattern[i] = (unsigned char)(x >> 24);
	}
}

static void hash_bytes(struct world_file *f)
{
	struct err e = ERR_INIT;
	struct digest *d = digest_new(f->digest, f->size, &e);

	assert_non_null(d);
	for (uint64_t at = 0; at < f->size;) {
		size_t n = PERIOD;
		const unsigned char *bytes;

		if (n > f->size - at)
			n = (size_t)(f->size - at);
		bytes = content_at(f, at, &n);
		digest_update(d, bytes, n);
		at += n;
	}
	digest_final(d, f->hex);
	digest_free(d);
}

/* The tests use the same few again and again, and under valgrind it takes long. */
static void hash_content(struct world_file *f)
{
	static struct {
		unsigned index;
		uint64_t size;
		enum digest_kind digest;
		char hex[sizeof(f->hex)];
	} known[KNOWN_MAX];
	static size_t n_known;

	for (size_t i = 0; i < n_known; i++)
		if (known[i].index == f->index && known[i].size == f->size &&
		    known[i].digest == f->digest) {
			memcpy(f->hex, known[i].hex, sizeof(f->hex));
			return;
		}
	hash_bytes(f);
	if (n_known == KNOWN_MAX)
		return;
	known[n_known].index = f->index;
	known[n_known].size = f->size;
	known[n_known].digest = f->digest;
	memcpy(known[n_known].hex, f->hex, sizeof(f->hex));
	n_known++;
}

static bool content_is_right(const struct world_file *f)
{
	static unsigned char got[256 * 1024];
	struct err e = ERR_INIT;
	uint64_t at = 0;
	size_t n, part;
	int fd;

	if (fs_open_read(f->path, &fd, &e) == -1)
		return false;
	do {
		const unsigned char *want;

		part = sizeof(got);
		want = content_at(f, at, &part);
		if (fs_pread(fd, got, part, at, &n, f->path, &e) == -1 ||
		    memcmp(got, want, n) != 0)
			break;
		at += n;
	} while (n == part);
	fs_close(&fd);
	return at == f->size;
}

/* --- the server ----------------------------------------------------------- */

static struct world_file *file_of(struct world *w, const char *url)
{
	const char *name = strrchr(url, '/');
	unsigned long i = name != NULL ? strtoul(name + 1, NULL, 10) : 0;

	world_expect(w, name != NULL && i < w->n_files, "an unknown URL");
	return &w->files[i];
}

static bool is_subset(const struct extents *part, const struct extents *all)
{
	for (size_t i = 0; i < part->n; i++)
		if (!extents_cover(all, part->items[i].from, part->items[i].to))
			return false;
	return true;
}

static bool is_untouched(const struct extents *x, uint64_t from, uint64_t to)
{
	struct extent gap;

	return extents_gap(x, from, to, &gap) && gap.from == from &&
	    gap.to == to;
}

static void check_ask(struct world *w, struct world_file *f,
    const struct fake_ask *ask)
{
	uint64_t piece = piece_plan_size(f->size, w->connections);
	uint64_t from = ask->has_range ? ask->from : 0;
	uint64_t to = ask->has_range ? ask->to : f->size;

	world_expect(w, f->outcome == WORLD_OPEN, "a file that ended is asked");
	world_expect(w, to <= f->size, "asked beyond the end");
	world_expect(w, is_untouched(&f->taken, from, to),
	    "asked for what is there");
	if (!ask->has_range)
		return;
	world_expect(w,
	    from <
		extents_front(&f->taken) + 2 * (uint64_t)w->connections * piece,
	    "asked too far ahead of the front");
}

static void serve(void *cookie, const struct fake_ask *ask,
    struct fake_reply *reply)
{
	struct world *w = cookie;
	struct world_file *f = file_of(w, ask->url);

	check_ask(w, f, ask);
	f->asks++;
	fake_reply_right(reply, ask, f->size, true);
	if (w->redirects && strcmp(ask->url, f->url) == 0)
		reply->redirect = f->direct;
	if (f->size >= ENGINE_RANGED_BYTES)
		reply->chunk = (size_t)MIB;
	if (w->script != NULL)
		w->script(w, f, ask, reply);
}

static void content(void *cookie, const char *url, uint64_t offset, void *bytes,
    size_t n)
{
	world_content(file_of(cookie, url), offset, bytes, n);
}

static void taken(void *cookie, const char *url, uint64_t offset, size_t n)
{
	struct world *w = cookie;
	struct world_file *f = file_of(w, url);

	world_expect(w, f->outcome == WORLD_OPEN, "bytes after the end");
	world_expect(w, is_untouched(&f->taken, offset, offset + n),
	    "a byte was taken twice");
	assert_int_equal(extents_add(&f->taken, offset, offset + n), 0);
}

static void stepping(void *cookie)
{
	struct world *w = cookie;

	world_expect(w,
	    fake_clock_ms() < TIME_MAX_MS &&
		fake_http_steps(w->http) < STEPS_MAX,
	    "the loop does not end");
	if (w->at_step != NULL)
		w->at_step(w);
}

static int tick(void *cookie)
{
	struct world *w = cookie;

	if (w->cancel_at_ms < 0 || fake_clock_ms() < w->cancel_at_ms)
		return 0;
	w->cancelled_at_ms = fake_clock_ms();
	return 1;
}

/* A sync that begins now covers what is written. */
static void sync_begins(void *cookie, const struct work_job *job)
{
	struct world *w = cookie;

	for (unsigned i = 0; i < w->n_files; i++) {
		struct world_file *f = &w->files[i];

		if (strcmp(f->path, job->path) != 0)
			continue;
		extents_release(&f->synced);
		assert_int_equal(extents_copy(&f->synced, &f->taken), 0);
	}
}

/* --- the caller ----------------------------------------------------------- */

void world_spec(struct world_file *f, struct engine_file *spec)
{
	memset(spec, 0, sizeof(*spec));
	spec->file = f;
	spec->url = f->url;
	spec->partial_path = f->path;
	spec->size = f->size;
	spec->digest = f->digest;
	spec->digest_hex = f->hex;
	extents_release(&f->taken);
	f->outcome = WORLD_OPEN;
	if (!f->resume)
		return;
	f->saved.extents = f->saved_extents.items;
	f->saved.n_extents = f->saved_extents.n;
	spec->resume = &f->saved;
	/* Until the engine says that it cannot go on with it. */
	assert_int_equal(extents_copy(&f->taken, &f->saved_extents), 0);
}

static enum engine_pull pull(void *cookie, struct engine_file *spec)
{
	struct world *w = cookie;

	w->pulls++;
	if (w->nothing_now > 0) {
		w->nothing_now--;
		return ENGINE_NOTHING_NOW;
	}
	while (w->next < w->n_files) {
		struct world_file *f = &w->files[w->next++];

		if (f->outcome == WORLD_WHOLE)
			continue;
		world_spec(f, spec);
		return ENGINE_PULLED;
	}
	return ENGINE_NO_MORE;
}

static int on_response(void *cookie, void *owner, const struct http_response *r,
    struct err *e)
{
	struct world *w = cookie;
	const struct world_file *f = owner;

	world_expect(w, f->outcome == WORLD_OPEN, "an answer after the end");
	return w->on_response != NULL ? w->on_response(w, r, e) : 0;
}

/* As hub_verdict: another host's 400 and 403 are expired signatures. */
static int verdict(void *cookie, void *owner, const struct http_result *result,
    bool *renew, struct err *e)
{
	const struct world_file *f = owner;

	world_expect(cookie, f->outcome == WORLD_OPEN,
	    "a verdict after the end");
	*renew = false;
	if (http_verdict(result, clock_wall(), e) == 0)
		return 0;
	if (!result->failed && !result->at_origin &&
	    (result->status == 400 || result->status == 403)) {
		*renew = true;
		e->kind = ERR_TRANSIENT;
	}
	return -1;
}

static void check_durable(const struct world_file *f,
    const struct engine_durable *durable)
{
	struct world *w = f->world;
	struct extents told;
	struct fs_stat st;
	struct err e = ERR_INIT;

	extents_init(&told);
	for (size_t i = 0; i < durable->n_extents; i++) {
		const struct extent *x = &durable->extents[i];

		world_expect(w, x->from < x->to, "an empty extent");
		world_expect(w, i == 0 || x[-1].to < x->from,
		    "extents out of order");
		assert_int_equal(extents_add(&told, x->from, x->to), 0);
	}
	world_expect(w, is_subset(&told, &f->synced),
	    "told as durable before it was");
	world_expect(w, durable->digest_at <= extents_front(&told),
	    "the digest is ahead of the front");
	extents_release(&told);
	assert_int_equal(fs_lstat(f->path, &st, &e), 0);
	world_expect(w,
	    st.type == FS_FILE && st.inode == durable->inode &&
		st.device == durable->device,
	    "another file is called durable");
}

static int on_durable(void *cookie, void *owner,
    const struct engine_durable *durable, struct err *e)
{
	struct world *w = cookie;
	struct world_file *f = owner;

	world_expect(w, f->outcome == WORLD_OPEN, "durable after the end");
	check_durable(f, durable);
	f->durables++;
	extents_release(&f->saved_extents);
	for (size_t i = 0; i < durable->n_extents; i++)
		assert_int_equal(extents_add(&f->saved_extents,
				     durable->extents[i].from,
				     durable->extents[i].to),
		    0);
	f->saved.device = durable->device;
	f->saved.inode = durable->inode;
	f->saved.mtime_s = durable->mtime_s;
	f->saved.mtime_ns = durable->mtime_ns;
	f->saved.digest_at = durable->digest_at;
	memcpy(f->saved.digest_state, durable->digest_state,
	    sizeof(f->saved.digest_state));
	f->resume = true;
	return w->on_durable != NULL ? w->on_durable(w, f, e) : 0;
}

static void on_bytes(void *cookie, void *owner, uint64_t n)
{
	(void)cookie;
	((struct world_file *)owner)->bytes += n;
}

static void on_retry(void *cookie, void *owner, const struct err *why,
    int64_t wait_ms)
{
	struct world_file *f = owner;

	world_expect(cookie, f->outcome == WORLD_OPEN, "a retry after the end");
	world_expect(cookie, why->kind != ERR_NONE && why->text[0] != '\0',
	    "a retry without a reason");
	f->retries++;
	f->last_wait_ms = wait_ms;
}

static void on_restart(void *cookie, void *owner, uint64_t bytes,
    const struct err *why)
{
	struct world_file *f = owner;

	world_expect(cookie, f->outcome == WORLD_OPEN,
	    "a restart after the end");
	world_expect(cookie, why->kind != ERR_NONE, "a restart for nothing");
	world_expect(cookie, !fake_sync_pending(f->path),
	    "made anew under a sync");
	world_expect(cookie, bytes == extents_bytes(&f->taken),
	    "another number of bytes is worthless");
	f->restarts++;
	f->resume = false;
	extents_release(&f->taken);
}

static int on_whole(void *cookie, void *owner, struct err *e)
{
	struct world *w = cookie;
	struct world_file *f = owner;

	world_expect(w, f->outcome == WORLD_OPEN, "a second end");
	world_expect(w, content_is_right(f), "called whole with wrong content");
	world_expect(w, !fake_sync_pending(f->path), "whole under a sync");
	if (w->on_whole != NULL && w->on_whole(w, f, e) == -1)
		return -1;
	f->outcome = WORLD_WHOLE;
	return 0;
}

static void on_failed(void *cookie, void *owner, const struct err *e)
{
	struct world_file *f = owner;

	world_expect(cookie, f->outcome == WORLD_OPEN, "a second end");
	world_expect(cookie, e->kind != ERR_NONE && e->text[0] != '\0',
	    "failed without a reason");
	world_expect(cookie, !fake_sync_pending(f->path), "ended under a sync");
	f->outcome = WORLD_FAILED;
	f->error = *e;
	if (e->kind == ERR_INTEGRITY)
		f->resume = false;
}

static bool must_stop(void *cookie, void *owner)
{
	struct world *w = cookie;

	return w->must_stop != NULL && w->must_stop(w, owner);
}

static double dice(void *cookie)
{
	(void)cookie;
	return 0;
}

/* --- a run ---------------------------------------------------------------- */

struct world *world_new(unsigned connections)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	if (pattern[0] == 0)
		make_pattern();
	assert_int_equal(scratch_make(w->dir, sizeof(w->dir), "engine"), 0);
	w->connections = connections;
	w->grace_ms = 500;
	w->cancel_at_ms = -1;
	fake_clock_set(0);
	memset(&fake_sync, 0, sizeof(fake_sync));
	return w;
}

void world_free(struct world *w)
{
	struct err e = ERR_INIT;

	http_client_free(w->http);
	for (unsigned i = 0; i < w->n_files; i++) {
		struct world_file *f = &w->files[i];

		(void)fs_unlink(f->path, &e);
		extents_release(&f->taken);
		extents_release(&f->synced);
		extents_release(&f->saved_extents);
	}
	assert_int_equal(fs_rmdir(w->dir, &e), 0);
	assert_false(scratch_is_there(w->dir));
	free(w);
}

struct world_file *world_add(struct world *w, uint64_t size,
    enum digest_kind digest)
{
	struct world_file *f = &w->files[w->n_files];

	assert_true(w->n_files < WORLD_FILES_MAX);
	f->world = w;
	f->index = w->n_files++;
	f->size = size;
	f->digest = digest;
	(void)snprintf(f->url, sizeof(f->url), "https://hub.test/r/%u",
	    f->index);
	(void)snprintf(f->direct, sizeof(f->direct),
	    "https://cdn.test/b/%u?Signature=x", f->index);
	(void)snprintf(f->path, sizeof(f->path), "%s/%u", w->dir, f->index);
	hash_content(f);
	return f;
}

void world_begin(struct world *w)
{
	static struct http_origin origin = { true, "hub.test", 443 };
	struct fake_server server = { serve, content, taken, stepping, w, 5,
		w->no_body_limit, w->shares, w->limited };
	struct engine_callbacks calls = { w, pull, on_response, verdict,
		on_durable, on_bytes, on_retry, on_restart, on_whole, on_failed,
		must_stop };
	struct engine_options options;
	struct http_options http;
	struct err e = ERR_INIT;

	memset(&http, 0, sizeof(http));
	http.tick = tick;
	http.tick_cookie = w;
	http_client_free(w->http);
	w->http = http_client_new(&http, &e);
	assert_non_null(w->http);
	fake_http_script(w->http, &server);
	fake_sync.begins = sync_begins;
	fake_sync.cookie = w;
	memset(&options, 0, sizeof(options));
	options.http = w->http;
	options.origin = &origin;
	options.connections = w->connections;
	options.bulk_connections = w->bulk_connections;
	options.backoff.first_ms = 1000;
	options.backoff.limit = 5;
	options.dice = dice;
	options.grace_ms = w->grace_ms;
	options.max_bytes = w->max_bytes;
	w->engine = engine_new(&options, &calls, &e);
	assert_non_null(w->engine);
	w->next = 0;
}

void world_end(struct world *w)
{
	engine_free(w->engine);
	w->engine = NULL;
	world_expect(w, http_client_active(w->http) == 0,
	    "requests are left under way");
}

int world_run(struct world *w)
{
	struct err e = ERR_INIT;
	int rc;

	world_begin(w);
	rc = engine_run(w->engine, &e);
	engine_progress(w->engine, &w->progress);
	w->bulk_worth = engine_bulk_connections(w->engine);
	world_end(w);
	world_expect(w, rc == 0 || e.kind == ERR_CANCELLED, "the run failed");
	world_expect(w, w->progress.files_open == 0, "files are left open");
	world_expect(w,
	    fake_http_most_active(w->http) <=
		w->connections * (w->shares ? ENGINE_STREAMS : 1),
	    "too many connections");
	world_expect(w, fake_sync.begun == fake_sync.ended,
	    "a sync was forgotten");
	for (unsigned i = 0; i < w->n_files; i++)
		world_expect(w, w->files[i].outcome != WORLD_OPEN,
		    "a file was not told its end");
	return rc;
}

/* --- questions ------------------------------------------------------------ */

const struct fake_ask *world_asks(const struct world *w, size_t *n)
{
	return fake_http_asks(w->http, n);
}

/* By another name first: on Windows what is open may keep its name until it is
 * closed. */
bool world_remove_partial(const struct world_file *f)
{
	struct err e = ERR_INIT;
	char *gone = text_format("%s.gone", f->path);
	bool was_there;

	assert_non_null(gone);
	was_there = fs_rename(f->path, gone, &e) == 0;
	if (was_there)
		assert_int_equal(fs_unlink(gone, &e), 0);
	free(gone);
	return was_there;
}

bool world_partial_exists(const struct world_file *f)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	assert_int_equal(fs_lstat(f->path, &st, &e), 0);
	return st.type != FS_ABSENT;
}

void world_leave_partial(struct world_file *f, const struct extent *extents,
    size_t n, bool with_state)
{
	static unsigned char buffer[256 * 1024];
	struct err e = ERR_INIT;
	struct digest *d = digest_new(f->digest, f->size, &e);
	struct fs_stat st;
	int fd;

	assert_non_null(d);
	assert_int_equal(fs_open_rw(f->path, true, &fd, &e), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(extents_add(&f->saved_extents, extents[i].from,
				     extents[i].to),
		    0);
		for (uint64_t at = extents[i].from; at < extents[i].to;) {
			size_t part = sizeof(buffer);

			if (part > extents[i].to - at)
				part = (size_t)(extents[i].to - at);
			world_content(f, at, buffer, part);
			assert_int_equal(fs_pwrite(fd, buffer, part, at,
					     f->path, &e),
			    0);
			if (digest_length(d) == at)
				digest_update(d, buffer, part);
			at += part;
		}
	}
	assert_int_equal(fs_fstat(fd, &st, &e), 0);
	fs_close(&fd);
	f->saved.device = st.device;
	f->saved.inode = st.inode;
	f->saved.mtime_s = st.mtime_s;
	f->saved.mtime_ns = st.mtime_ns;
	f->saved.digest_at = 0;
	if (with_state &&
	    !digest_save(d, f->saved.digest_state, &f->saved.digest_at))
		f->saved.digest_at = 0;
	digest_free(d);
	f->resume = true;
}
