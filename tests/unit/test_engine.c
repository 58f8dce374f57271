/*
 * test_engine.c - the transfer engine against scripted servers, by a clock
 * that only the script moves.  What must always hold is checked by the world
 * (support/engine_world.h); here are the cases.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* cmocka wants some of those before it. */
#include <cmocka.h>

#include "platform/fs.h"
#include "support/engine_world.h"
#include "support/fake_clock.h"
#include "support/fake_sync.h"
#include "support/small.h"
#include "transfer/engine_internal.h"

#ifndef _WIN32
#include <signal.h>
#include <sys/resource.h>
#endif

static void expect_whole(const struct world_file *f)
{
	if (f->outcome == WORLD_FAILED)
		fail_msg("file %u failed: %s", f->index, f->error.text);
	assert_int_equal(f->outcome, WORLD_WHOLE);
}

static void expect_failed(const struct world_file *f, enum err_kind kind)
{
	assert_int_equal(f->outcome, WORLD_FAILED);
	if (f->error.kind != kind)
		fail_msg("failed as %s, not as %s: %s",
		    err_kind_name(f->error.kind), err_kind_name(kind),
		    f->error.text);
}

static void break_at(struct fake_reply *reply, uint64_t bytes)
{
	reply->breaks_at = bytes;
}

/* An answer of this status and nothing else. */
static void only_status(struct fake_reply *reply, int status)
{
	reply->status = status;
	reply->n = 0;
	reply->content_range[0] = '\0';
	(void)snprintf(reply->content_length, sizeof(reply->content_length),
	    "0");
}

/* --- what goes well ------------------------------------------------------- */

static void small_file_one_get(void **state)
{
	static const enum digest_kind kinds[] = { DIGEST_SHA256,
		DIGEST_GIT_SHA1 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(4);
		struct world_file *f = world_add(w, 100000, kinds[i]);
		const struct fake_ask *asks;
		size_t n;

		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		asks = world_asks(w, &n);
		assert_int_equal(n, 1);
		assert_false(asks[0].has_range);
		assert_int_equal(f->bytes, 100000);
		assert_int_equal(w->progress.bytes_received, 100000);
		assert_int_equal(w->progress.bytes_durable, 100000);
		assert_int_equal(w->progress.retries, 0);
		assert_int_equal(f->restarts, 0);
		world_free(w);
	}
}

static void empty_file_no_request(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 0, DIGEST_GIT_SHA1);
	struct world_file *g = world_add(w, 0, DIGEST_SHA256);
	size_t n;

	(void)state;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	expect_whole(g);
	(void)world_asks(w, &n);
	assert_int_equal(n, 0);
	world_free(w);
}

static void many_small_files(void **state)
{
	static const unsigned connections[] = { 1, 3, 8 };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct world *w = world_new(connections[i]);
		size_t n;

		for (unsigned k = 0; k < 60; k++)
			world_add(w, 1 + 997 * k,
			    k % 2 ? DIGEST_SHA256 : DIGEST_GIT_SHA1);
		assert_int_equal(world_run(w), 0);
		for (unsigned k = 0; k < 60; k++)
			expect_whole(&w->files[k]);
		/* All connections are used, and no more (world_run). */
		assert_int_equal(fake_http_most_active(w->http),
		    connections[i]);
		(void)world_asks(w, &n);
		assert_int_equal(n, 60);
		world_free(w);
	}
}

/* Several at a time over each connection, unless something large needs it. */
static void small_files_share_connections(void **state)
{
	struct world *w;

	(void)state;
	for (unsigned connections = 1; connections <= 9; connections += 4) {
		unsigned most = ENGINE_STREAMS * connections;

		w = world_new(connections);
		w->shares = true;
		for (unsigned k = 0; k < 60; k++)
			world_add(w, 1 + 997 * k, DIGEST_SHA256);
		assert_int_equal(world_run(w), 0);
		assert_int_equal(fake_http_most_active(w->http),
		    most < ENGINE_STREAMS_MAX ? most : ENGINE_STREAMS_MAX);
		world_free(w);
	}
	w = world_new(4);
	w->shares = true;
	world_add(w, 40 * MIB, DIGEST_SHA256);
	for (unsigned k = 0; k < 6; k++)
		world_add(w, 1000, DIGEST_SHA256);
	assert_int_equal(world_run(w), 0);
	assert_int_equal(fake_http_most_active(w->http), 4);
	world_free(w);
}

static void large_file_in_pieces(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 70 * MIB + 12345, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_int_equal(fake_http_most_active(w->http), 4);
	asks = world_asks(w, &n);
	assert_int_equal(n, 9);
	for (size_t i = 0; i < n; i++) {
		assert_true(asks[i].has_range);
		assert_true(asks[i].to - asks[i].from <= 8 * MIB);
	}
	assert_int_equal(f->bytes, f->size);
	world_free(w);
}

/* The first piece is slow: the others stop at the window's end. */
static void slow_first_piece(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->from == 0)
		reply->delay_ms = 100000;
}

static void window_ahead_of_front(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 72 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n, early = 0;

	(void)state;
	w->script = slow_first_piece;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 8);
	for (size_t i = 0; i < n; i++) {
		if (asks[i].at_ms >= 100000)
			continue;
		early++;
		assert_true(asks[i].to <= 2 * 2 * 9 * MIB);
	}
	assert_int_equal(early, 4); /* the window is used up */
	world_free(w);
}

/* A new file comes before a second connection for an old one. */
static void breadth_before_depth(void **state)
{
	struct world *w = world_new(3);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	world_add(w, 40 * MIB, DIGEST_SHA256);
	world_add(w, 1000, DIGEST_SHA256);
	world_add(w, 1000, DIGEST_SHA256);
	assert_int_equal(world_run(w), 0);
	asks = world_asks(w, &n);
	assert_string_equal(asks[0].url, w->files[0].url);
	assert_string_equal(asks[1].url, w->files[1].url);
	assert_string_equal(asks[2].url, w->files[2].url);
	world_free(w);
}

/* Depth before breadth: two large files at a time; but the last pieces of one
 * leave no connection idle. */
static void two_large_files_at_a_time(void **state)
{
	struct world *w = world_new(8);
	const struct fake_ask *asks;
	int64_t began_ms[3] = { -1, -1, -1 }, ended_ms[2] = { 0, 0 };
	size_t n;

	(void)state;
	for (int i = 0; i < 3; i++)
		world_add(w, 40 * MIB, DIGEST_GIT_SHA1);
	assert_int_equal(world_run(w), 0);
	asks = world_asks(w, &n);
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < 3; k++) {
			if (strcmp(asks[i].url, w->files[k].url) != 0)
				continue;
			if (began_ms[k] == -1)
				began_ms[k] = asks[i].at_ms;
			if (k < 2)
				ended_ms[k] = asks[i].at_ms;
		}
	assert_int_equal(began_ms[0], 0);
	assert_int_equal(began_ms[1], 0);
	assert_true(began_ms[2] >= ended_ms[0] || began_ms[2] >= ended_ms[1]);
	/* A piece of 8 MiB takes eight steps and two for the headers. */
	assert_true(began_ms[2] < ended_ms[0] + 8 * 5 &&
	    began_ms[2] < ended_ms[1] + 8 * 5);
	world_free(w);
}

/* Some connections are slow: 16 KiB a step, which is 3.2 MB/s, those that began
 * first; or less. */
struct slowness {
	uint64_t before; /* pieces that begin there */
	size_t chunk;
	uint64_t breaks_at; /* those after that, the first time */
	bool broke;
};

static void slow_pieces(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct slowness *slow = w->cookie;

	(void)f;
	if (ask->from < slow->before && ask->to - ask->from == 8 * MIB) {
		reply->chunk = slow->chunk;
	} else if (ask->to - ask->from < 8 * MIB && !slow->broke) {
		slow->broke = slow->breaks_at != 0;
		if (slow->broke)
			break_at(reply, slow->breaks_at);
	}
}

/* The last pieces of all are slow: what they still have to bring is shared. */
static void slow_last_pieces_are_split(void **state)
{
	static const struct {
		struct slowness slow;
		int64_t alone_ms; /* what a slow one takes */
		int64_t most_ms;
		bool limited;
	} rows[] = {
		{ { 8 * MIB, 4096, 0, false }, 10000, 5500, false },
		{ { 16 * MIB, 4096, 0, false }, 10000, 5500, false },
		{ { 8 * MIB, 4096, MIB, false }, 10000, 5500, false },
		/* hardly worth it, and is left alone */
		{ { 8 * MIB, 16384, 0, false }, 2500, 2700, false },
		/* slow by a limit of ours: nobody else would be faster */
		{ { 8 * MIB, 4096, 0, false }, 10000, 11000, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct world *w = world_new(5);
		struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
		struct slowness slow = rows[i].slow;
		const struct fake_ask *asks;
		bool split = rows[i].most_ms < rows[i].alone_ms;
		size_t n;

		w->script = slow_pieces;
		w->cookie = &slow;
		w->limited = rows[i].limited;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		assert_int_equal(f->bytes, f->size);
		asks = world_asks(w, &n);
		assert_int_equal(n > 5, split);
		if (fake_clock_ms() > rows[i].most_ms)
			fail_msg("row %zu: took %lld ms", i,
			    (long long)fake_clock_ms());
		/* An answer is seen for a second first. */
		for (size_t k = 5; k < n; k++)
			assert_true(asks[k].at_ms >= 1000);
		world_free(w);
	}
}

/* The front of the file is the slow one: what comes behind it does not stop
 * when memory is full, but is read again when the front has come. */
static void slow_front(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->from == 0)
		reply->chunk = 4096;
}

static void note_when_behind_is_there(struct world *w)
{
	struct engine_progress progress;
	int64_t *at_ms = w->cookie;

	engine_progress(w->engine, &progress);
	if (*at_ms == 0 && progress.bytes_received > 64 * MIB)
		*at_ms = fake_clock_ms();
}

static void slow_front_holds_nobody_up(void **state)
{
	struct world *w = world_new(8);
	struct world_file *f = world_add(w, 72 * MIB, DIGEST_SHA256);
	int64_t at_ms = 0;

	(void)state;
	w->script = slow_front;
	w->at_step = note_when_behind_is_there;
	w->cookie = &at_ms;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	/* Half a second tells a slow front; then a block at a time. */
	if (at_ms == 0 || at_ms > 1500)
		fail_msg("it took %lld ms", (long long)at_ms);
	world_free(w);
}

/* Each connection brings 8 KiB in five milliseconds, whatever the others do. */
static void slow_each(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	reply->chunk = 8192;
}

static void many_connections_where_each_is_slow(void **state)
{
	static const struct {
		unsigned connections, begin;
	} rows[] = { { 8, 1 }, { 8, 8 }, { 5, 1 } };

	(void)state;
	for (size_t i = 0; i < all_or(3, 1); i++) {
		struct world *w = world_new(rows[i].connections);
		const struct fake_ask *asks;
		size_t n, at_first = 0;

		w->bulk_connections = rows[i].begin;
		for (int k = 0; k < 4; k++)
			world_add(w, 33 * MIB, DIGEST_GIT_SHA1);
		w->script = slow_each;
		assert_int_equal(world_run(w), 0);
		for (int k = 0; k < 4; k++)
			expect_whole(&w->files[k]);
		asks = world_asks(w, &n);
		for (size_t k = 0; k < n; k++)
			at_first += asks[k].at_ms < 500;
		assert_int_equal(at_first, rows[i].begin);
		assert_int_equal(w->bulk_worth, rows[i].connections);
		assert_int_equal(fake_http_most_active(w->http),
		    rows[i].connections);
		world_free(w);
	}
}

/* A server without ranges: nothing to share. */
static void slow_without_ranges(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	fake_reply_right(reply, ask, f->size, false);
	reply->chunk = 16384;
}

static void one_stream_is_not_split(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	size_t n;

	(void)state;
	w->script = slow_without_ranges;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	(void)world_asks(w, &n);
	assert_true(n <= 5); /* four pieces, then one stream */
	world_free(w);
}

static void never_there(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	only_status(reply, 500);
}

static void look_at_open_files(struct world *w)
{
	struct engine_progress progress;
	unsigned *most = w->cookie;

	engine_progress(w->engine, &progress);
	if (progress.files_open > *most)
		*most = progress.files_open;
}

/* Files that wait take no connection, but not all can wait. */
static void open_files_are_bounded(void **state)
{
	struct world *w = world_new(2);
	unsigned most = 0;

	(void)state;
	for (int i = 0; i < 20; i++)
		world_add(w, 5000, DIGEST_SHA256);
	w->cookie = &most;
	w->script = never_there;
	w->at_step = look_at_open_files;
	assert_int_equal(world_run(w), 0);
	assert_int_equal(most, 4);
	for (unsigned i = 0; i < w->n_files; i++)
		expect_failed(&w->files[i], ERR_TRANSIENT);
	world_free(w);
}

static void nothing_now_is_asked_again(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 10, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->nothing_now = 3;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_true(asks[0].at_ms >= 3 * 200 && asks[0].at_ms <= 3 * 500);
	world_free(w);
}

static void nothing_at_all(void **state)
{
	struct world *w = world_new(2);

	(void)state;
	assert_int_equal(world_run(w), 0);
	assert_int_equal(w->pulls, 1);
	world_free(w);
}

/* --- resume --------------------------------------------------------------- */

static void expect_asks(const struct world *w, const struct extent *want,
    size_t n_want)
{
	size_t n;
	const struct fake_ask *asks = world_asks(w, &n);

	assert_int_equal(n, n_want);
	for (size_t i = 0; i < n; i++) {
		assert_true(asks[i].has_range);
		assert_int_equal(asks[i].from, want[i].from);
		assert_int_equal(asks[i].to, want[i].to);
	}
}

static void resume_fetches_the_gaps(void **state)
{
	static const struct extent had[] = { { 0, 9 * MIB + 5 },
		{ 12 * MIB, 13 * MIB }, { 30 * MIB, 34 * MIB } };
	static const struct extent want[] = {
		{ 9 * MIB + 5, 12 * MIB },
		{ 13 * MIB, 21 * MIB + MIB / 2 },
		{ 21 * MIB + MIB / 2, 30 * MIB },
	};

	(void)state;
	/* SHA-256 with and without its state, and SHA-1, which has none. */
	for (int how = 0; how < 3; how++) {
		struct world *w = world_new(1);
		struct world_file *f = world_add(w, 34 * MIB,
		    how == 2 ? DIGEST_GIT_SHA1 : DIGEST_SHA256);

		world_leave_partial(f, had, 3, how == 0);
		assert_int_equal(f->saved.digest_at, how == 0 ? 9 * MIB : 0);
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		expect_asks(w, want, 3);
		assert_int_equal(f->restarts, 0);
		world_free(w);
	}
}

static void resume_of_a_small_file(void **state)
{
	static const struct extent had[] = { { 0, 1000 } };
	static const struct extent want[] = { { 1000, 5000 } };
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	world_leave_partial(f, had, 1, true);
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	expect_asks(w, want, 1);
	world_free(w);
}

static void resume_of_all(void **state)
{
	static const struct extent had[] = { { 0, 5000 } };
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	size_t n;

	(void)state;
	world_leave_partial(f, had, 1, false);
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	(void)world_asks(w, &n);
	assert_int_equal(n, 0);
	world_free(w);
}

/* Gone, another file, or a shorter one: the caller is told, all is fetched. */
static void resume_refused(void **state)
{
	static const struct extent had[] = { { 0, 3000 }, { 4000, 4500 } };

	(void)state;
	for (int how = 0; how < 3; how++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
		size_t n;

		world_leave_partial(f, had, 2, true);
		if (how == 0)
			assert_true(world_remove_partial(f));
		if (how == 1)
			f->saved.inode++;
		if (how == 2)
			assert_int_equal(truncate(f->path, 4400), 0);
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		assert_int_equal(f->restarts, 1);
		(void)world_asks(w, &n);
		assert_int_equal(n, 1);
		world_free(w);
	}
}

/* Bytes that rotted on disk: found by the hash, fetched anew. */
static void resume_of_wrong_bytes(void **state)
{
	static const struct extent had[] = { { 0, 3000 } };
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	struct err e = ERR_INIT;
	int fd;

	(void)state;
	world_leave_partial(f, had, 1, false);
	assert_int_equal(fs_open_rw(f->path, false, &fd, &e), 0);
	assert_int_equal(fs_pwrite(fd, "rot", 3, 100, f->path, &e), 0);
	fs_close(&fd);
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_int_equal(f->restarts, 1);
	world_free(w);
}

/* A partial file that is long to hash does not hold up the others. */
static void hashing_holds_nobody_up(void **state)
{
	static const struct extent had[] = { { 0, 40 * MIB } };
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_GIT_SHA1);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	world_leave_partial(f, had, 1, false);
	for (int i = 0; i < 4; i++)
		world_add(w, 1000, DIGEST_SHA256);
	/* Nothing but the files' ends moves the clock. */
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 4);
	assert_int_equal(asks[0].at_ms, 0);
	assert_int_equal(asks[1].at_ms, 0);
	world_free(w);
}

/* --- drops, waits and giving up ------------------------------------------- */

static void break_first(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal == 0)
		break_at(reply, 3 * MIB + 77);
}

static void drop_continues_at_the_byte(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = break_first;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(asks[1].from, 3 * MIB + 77);
	assert_int_equal(f->bytes, f->size);
	assert_int_equal(f->retries, 1);
	assert_int_equal(f->last_wait_ms, 1000);
	assert_true(asks[1].at_ms - asks[0].at_ms >= 1000);
	assert_int_equal(w->progress.retries, 1);
	world_free(w);
}

static void break_small(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal == 0)
		break_at(reply, 777);
}

static void small_drop_continues_by_range(void **state)
{
	static const struct extent want = { 777, 5000 };
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 5000, DIGEST_GIT_SHA1);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = break_small;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 2);
	assert_true(asks[1].has_range);
	assert_int_equal(asks[1].from, want.from);
	assert_int_equal(asks[1].to, want.to);
	world_free(w);
}

static void stall_then_right(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal != 0)
		return;
	reply->stalls = true;
	break_at(reply, 1234);
}

static void stall_is_a_drop(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	size_t n;

	(void)state;
	w->script = stall_then_right;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	(void)world_asks(w, &n);
	assert_int_equal(n, 2);
	assert_int_equal(f->bytes, 5000);
	world_free(w);
}

static void always_break_at_once(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	break_at(reply, 0);
}

/* Eight pieces that break together are one failure. */
static void failures_count_in_rounds(void **state)
{
	struct world *w = world_new(8);
	struct world_file *f = world_add(w, 80 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = always_break_at_once;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_TRANSIENT);
	asks = world_asks(w, &n);
	assert_int_equal(n, 6 * 8);
	assert_int_equal(f->retries, 5);
	assert_int_equal(f->last_wait_ms, 16000);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(asks[i].from, i % 8 * 8 * MIB);
	assert_true(asks[47].at_ms >= 31000 && asks[47].at_ms < 33000);
	world_free(w);
}

static void some_bytes_then_never(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	break_at(reply, ask->ordinal == 0 ? 1000 : 0);
}

static void five_retries_keep_the_partial(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	size_t n;

	(void)state;
	w->script = some_bytes_then_never;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_TRANSIENT);
	(void)world_asks(w, &n);
	assert_int_equal(n, 6);
	assert_true(world_partial_exists(f));
	assert_true(f->resume);
	assert_int_equal(f->saved_extents.n, 1);
	assert_int_equal(f->saved_extents.items[0].to, 1000);
	/* The next run goes on there. */
	w->script = NULL;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_int_equal(f->bytes, 5000);
	world_free(w);
}

static void unreachable(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	(void)err_set(&reply->error, ERR_UNREACHABLE, "no route");
}

/* Nothing came: nothing is left that takes room on disk. */
static void unreachable_leaves_nothing(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 64 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = unreachable;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_UNREACHABLE);
	assert_int_equal(f->retries, 5);
	assert_int_equal(f->durables, 0);
	assert_false(world_partial_exists(f));
	world_free(w);
}

static void break_each_mib(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	break_at(reply, MIB);
}

static void failures_reset_when_bytes_arrive(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = break_each_mib;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_true(f->retries >= 28);
	assert_int_equal(f->last_wait_ms, 1000);
	assert_int_equal(f->bytes, f->size);
	world_free(w);
}

static void wait_seven(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal > 1)
		return;
	only_status(reply, ask->ordinal == 0 ? 429 : 503);
	(void)snprintf(reply->retry_after, sizeof(reply->retry_after), "%d",
	    ask->ordinal == 0 ? 7 : 40);
}

static void retry_after_is_obeyed(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = wait_seven;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 3);
	assert_in_range(asks[1].at_ms - asks[0].at_ms, 7000, 7100);
	assert_in_range(asks[2].at_ms - asks[1].at_ms, 40000, 40100);
	world_free(w);
}

/* The second piece of a round is told to wait: so does the file. */
static void second_waits(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal == 0)
		break_at(reply, 0);
	if (ask->ordinal == 1) {
		only_status(reply, 429);
		(void)snprintf(reply->retry_after, sizeof(reply->retry_after),
		    "20");
	}
}

static void retry_after_of_a_companion(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = second_waits;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_true(asks[2].at_ms >= 20000);
	world_free(w);
}

/* What one file is told holds all; then they come back one by one. */
static void first_is_told_to_wait(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	reply->delay_ms = 100;
	if (ask->ordinal > 0)
		return;
	only_status(reply, 429);
	(void)snprintf(reply->retry_after, sizeof(reply->retry_after), "300");
}

static void a_wait_holds_all(void **state)
{
	struct world *w = world_new(3);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = first_is_told_to_wait;
	for (int i = 0; i < 12; i++)
		world_add(w, 1000, DIGEST_SHA256);
	assert_int_equal(world_run(w), 0);
	for (unsigned i = 0; i < w->n_files; i++)
		expect_whole(&w->files[i]);
	asks = world_asks(w, &n);
	assert_int_equal(n, 13);
	for (size_t i = 0; i < 3; i++)
		assert_true(asks[i].at_ms < 100);
	/* The two others under way ended well: that is no leave to go on. */
	for (size_t i = 3; i < n; i++)
		assert_true(asks[i].at_ms >= 300000);
	/* One, two, two, three at a time. */
	assert_true(asks[4].at_ms >= asks[3].at_ms + 100);
	assert_int_equal(asks[5].at_ms, asks[4].at_ms);
	assert_true(asks[6].at_ms >= asks[4].at_ms + 100);
	assert_int_equal(asks[8].at_ms, asks[6].at_ms);
	assert_true(asks[9].at_ms >= asks[6].at_ms + 100);
	world_free(w);
}

/* Longer than ten minutes is left to a later run. */
static void told_to_wait_long(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	if (f->index > 0 || ask->from == 0)
		return;
	only_status(reply, 503);
	(void)snprintf(reply->retry_after, sizeof(reply->retry_after), "601");
}

static void a_long_wait_is_left(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	struct world_file *g = world_add(w, 1000, DIGEST_SHA256);

	(void)state;
	w->script = told_to_wait_long;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_TRANSIENT);
	assert_int_equal(f->error.retry_after_s, 601);
	assert_int_equal(extents_bytes(&f->saved_extents), f->bytes);
	assert_true(f->bytes > 0);
	expect_whole(g);
	assert_true(fake_clock_ms() < 5000);
	world_free(w);
}

static void refuse(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)f;
	(void)ask;
	only_status(reply, *(const int *)w->cookie);
}

static void some_statuses_end_at_once(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
	} cases[] = { { 401, ERR_AUTH }, { 403, ERR_AUTH },
		{ 404, ERR_PERMANENT }, { 410, ERR_PERMANENT } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new(4);
		struct world_file *f = world_add(w, 64 * MIB, DIGEST_SHA256);
		int status = cases[i].status;
		size_t n;

		w->cookie = &status;
		w->script = refuse;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, cases[i].kind);
		(void)world_asks(w, &n);
		assert_int_equal(n, 4); /* those under way already */
		assert_int_equal(f->retries, 0);
		world_free(w);
	}
}

static void refuse_first_break_others(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->from == 0)
		only_status(reply, 401);
	else
		only_status(reply, 500);
}

/* Once it is given up, nobody hears of another try. */
static void no_retry_after_the_end(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 64 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = refuse_first_break_others;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_AUTH);
	assert_int_equal(f->retries, 0);
	world_free(w);
}

/* --- servers that answer something else ------------------------------------ */

static void no_ranges(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	fake_reply_right(reply, ask, f->size, false);
	reply->content_range[0] = '\0';
	reply->chunk = (size_t)MIB;
}

static void ignored_range_means_one_stream(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = no_ranges;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 5); /* four pieces, then the whole */
	assert_false(asks[4].has_range);
	assert_int_equal(f->restarts, 1);
	assert_int_equal(f->bytes, f->size);
	world_free(w);
}

static void no_ranges_and_breaks(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	no_ranges(w, f, ask, reply);
	reply->chunk = 1000;
	break_at(reply, f->size / 2);
}

/* Each time half of it comes, which cannot be continued. */
static void broken_stream_ends(void **state)
{
	static const uint64_t sizes[] = { 50000, 33 * MIB };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, sizes[i], DIGEST_SHA256);

		w->script = no_ranges_and_breaks;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, ERR_TRANSIENT);
		assert_in_range(f->restarts, 5, 7);
		assert_true(f->bytes <= 7 * f->size);
		world_free(w);
	}
}

static void no_ranges_breaks_twice(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	no_ranges(w, f, ask, reply);
	reply->chunk = 1000;
	if (f->bytes < f->size)
		break_at(reply, f->size / 2);
}

static void broken_stream_recovers(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 50000, DIGEST_SHA256);

	(void)state;
	w->script = no_ranges_breaks_twice;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	world_free(w);
}

/* The third and later pieces get an answer that is wrong in one way. */
enum wrong {
	WRONG_FROM,
	WRONG_TO,
	WRONG_TOTAL,
	WRONG_NO_RANGE,
	WRONG_JUNK,
	WRONG_LENGTH,
	WRONG_HUGE_LENGTH,
	WRONG_SHORT,
	WRONG_LONG,
	WRONG_LAST
};

struct wrong_answer {
	enum wrong wrong;
	unsigned times;
};

static void wrong_answer(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct wrong_answer *answer = w->cookie;
	uint64_t from = ask->from, to = ask->to, total = f->size;

	if (ask->ordinal < 2 || !ask->has_range || answer->times == 0)
		return;
	answer->times--;
	switch (answer->wrong) {
	case WRONG_FROM:
		reply->from = --from;
		reply->n++;
		break;
	case WRONG_TO:
		to--;
		reply->n--;
		break;
	case WRONG_TOTAL:
		total++;
		break;
	case WRONG_NO_RANGE:
		reply->content_range[0] = '\0';
		return;
	case WRONG_JUNK:
		(void)snprintf(reply->content_range,
		    sizeof(reply->content_range), "bytes 1-x/*");
		return;
	case WRONG_LENGTH:
		(void)snprintf(reply->content_length,
		    sizeof(reply->content_length), "%" PRIu64, reply->n - 1);
		return;
	case WRONG_HUGE_LENGTH:
		(void)snprintf(reply->content_length,
		    sizeof(reply->content_length),
		    "99999999999999999999999999");
		return;
	case WRONG_SHORT:
		reply->content_length[0] = '\0';
		reply->n -= 100;
		return;
	case WRONG_LONG:
		reply->content_length[0] = '\0';
		reply->n += 100;
		return;
	default:
		return;
	}
	(void)snprintf(reply->content_length, sizeof(reply->content_length),
	    "%" PRIu64, reply->n);
	(void)snprintf(reply->content_range, sizeof(reply->content_range),
	    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, to - 1, total);
}

static void wrong_answers_are_refused(void **state)
{
	static const unsigned times[] = { 1, 2, 100000 };

	(void)state;
	for (enum wrong wrong = 0; wrong < WRONG_LAST; wrong++)
		for (size_t i = 0; i < all_or(3, 1); i++) {
			struct world *w = world_new(1);
			struct world_file *f = world_add(w, 33 * MIB,
			    DIGEST_SHA256);
			struct wrong_answer answer = { wrong, times[i] };

			w->script = wrong_answer;
			w->cookie = &answer;
			w->no_body_limit = wrong == WRONG_LONG && i == 1;
			assert_int_equal(world_run(w), 0);
			/* Wrong ranges end as one stream, which has none;
			 * all that was asked for comes before an excess. */
			if (times[i] <= 2 || wrong <= WRONG_JUNK ||
			    wrong == WRONG_LONG)
				expect_whole(f);
			else
				expect_failed(f, ERR_TRANSIENT);
			world_free(w);
		}
}

/* A whole answer that is longer than the file. */
static void too_long(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	reply->content_length[0] = '\0';
	reply->n += 1;
	reply->chunk = 1000000;
}

static void longer_than_asked_is_refused(void **state)
{
	(void)state;
	for (int how = 0; how < 2; how++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
		size_t n;

		w->script = too_long;
		w->no_body_limit = how == 1;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, ERR_TRANSIENT);
		(void)world_asks(w, &n);
		assert_int_equal(n, 6);
		assert_int_equal(f->bytes, 0);
		world_free(w);
	}
}

/* A 206 that nobody asked for. */
static void part_of_a_whole(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)ask;
	reply->status = 206;
	(void)snprintf(reply->content_range, sizeof(reply->content_range),
	    "bytes 0-%" PRIu64 "/%" PRIu64, f->size - 1, f->size);
}

static void unasked_part_is_refused(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	w->script = part_of_a_whole;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_TRANSIENT);
	assert_int_equal(f->bytes, 0);
	world_free(w);
}

/* --- wrong content ---------------------------------------------------------- */

struct flips {
	unsigned left;
};

static void flip(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct flips *flips = w->cookie;

	(void)f;
	(void)ask;
	if (flips->left == 0)
		return;
	flips->left--;
	reply->flips = true;
}

static void wrong_hash_once(void **state)
{
	static const uint64_t sizes[] = { 5000, 40 * MIB };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, sizes[i], DIGEST_SHA256);
		struct flips flips = { 1 };

		w->cookie = &flips;
		w->script = flip;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		assert_int_equal(f->restarts, 1);
		assert_int_equal(f->bytes, 2 * f->size);
		world_free(w);
	}
}

static void wrong_hash_twice(void **state)
{
	static const uint64_t sizes[] = { 5000, 33 * MIB };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, sizes[i], DIGEST_SHA256);
		struct flips flips = { 1000 };

		w->cookie = &flips;
		w->script = flip;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, ERR_INTEGRITY);
		assert_int_equal(f->bytes, 2 * f->size);
		assert_false(world_partial_exists(f));
		world_free(w);
	}
}

static void not_satisfiable(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct flips *times = w->cookie;

	(void)f;
	if (!ask->has_range || ask->from == 0 || times->left == 0)
		return;
	times->left--;
	only_status(reply, 416);
}

static void status_416(void **state)
{
	static const unsigned times[] = { 1, 1000 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(1);
		struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
		struct flips left = { times[i] };

		w->cookie = &left;
		w->script = not_satisfiable;
		assert_int_equal(world_run(w), 0);
		assert_int_equal(f->retries, 0);
		if (i == 0) {
			expect_whole(f);
			assert_int_equal(f->restarts, 1);
		} else {
			expect_failed(f, ERR_INTEGRITY);
			assert_false(world_partial_exists(f));
		}
		world_free(w);
	}
}

static void slow_then_416(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	reply->chunk = 4096;
	if (ask->from == 0 || f->restarts > 0)
		return;
	reply->delay_ms = 2500;
	only_status(reply, 416);
}

/* A sync that runs when the file starts over is waited for, and not told. */
static void restart_during_checkpoint(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = slow_then_416;
	fake_sync.takes_ms = 1000;
	w->cancel_at_ms = 3500;
	assert_int_equal(world_run(w), -1);
	assert_int_equal(f->restarts, 1);
	expect_failed(f, ERR_CANCELLED);
	/* The one at the stop; the one before went with the restart. */
	assert_int_equal(f->durables, 1);
	world_free(w);
}

/* --- the caller's opinion of an answer -------------------------------------- */

struct opinion {
	enum err_kind kind;
	unsigned times;
};

static int have_opinion(struct world *w, const struct http_response *r,
    struct err *e)
{
	struct opinion *opinion = w->cookie;

	(void)r;
	if (opinion->times == 0)
		return 0;
	opinion->times--;
	return err_set(e, opinion->kind, "the caller does not like it");
}

static void caller_refuses_an_answer(void **state)
{
	static const struct {
		enum err_kind kind;
		unsigned times;
		enum err_kind end;
		unsigned asks;
	} cases[] = {
		{ ERR_INTEGRITY, 1, ERR_NONE, 2 },
		{ ERR_INTEGRITY, 2, ERR_INTEGRITY, 2 },
		{ ERR_TRANSIENT, 1, ERR_NONE, 2 },
		{ ERR_TRANSIENT, 100, ERR_TRANSIENT, 6 },
		{ ERR_PERMANENT, 1, ERR_PERMANENT, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
		struct opinion opinion = { cases[i].kind, cases[i].times };
		size_t n;

		w->cookie = &opinion;
		w->on_response = have_opinion;
		assert_int_equal(world_run(w), 0);
		if (cases[i].end == ERR_NONE)
			expect_whole(f);
		else
			expect_failed(f, cases[i].end);
		(void)world_asks(w, &n);
		assert_int_equal(n, cases[i].asks);
		world_free(w);
	}
}

static int refuse_whole(struct world *w, struct world_file *f, struct err *e)
{
	(void)w;
	(void)f;
	return err_set(e, ERR_DISK, "no place for it");
}

static void caller_cannot_take_it(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	w->on_whole = refuse_whole;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_DISK);
	world_free(w);
}

static int refuse_durable(struct world *w, struct world_file *f, struct err *e)
{
	(void)w;
	(void)f;
	return err_set(e, ERR_STATE, "the store is full");
}

static void slow(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	reply->chunk = 4096;
}

static void caller_cannot_remember(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = slow;
	w->on_durable = refuse_durable;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_STATE);
	assert_int_equal(f->durables, 1);
	world_free(w);
}

/* --- signed URLs ------------------------------------------------------------ */

static bool is_direct(const struct fake_ask *ask)
{
	return strstr(ask->url, "cdn.test") != NULL;
}

static void direct_url_is_used(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->redirects = true;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 4);
	assert_false(is_direct(&asks[0]));
	for (size_t i = 1; i < n; i++) {
		assert_true(is_direct(&asks[i]));
		assert_string_equal(asks[i].url, f->direct);
	}
	world_free(w);
}

/* A hop at the own origin (a renamed repository) is no signed URL. */
static void redirect_at_home(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->redirects = true;
	(void)snprintf(f->direct, sizeof(f->direct), "https://hub.test/new/0");
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(asks[i].url, f->url);
	world_free(w);
}

struct refusal {
	int status;	 /* 0: no connection */
	unsigned direct; /* this direct ask is refused; the first is 1 */
	unsigned seen;
	bool for_ever;
};

static void refuse_direct(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct refusal *refusal = w->cookie;

	(void)f;
	if (!is_direct(ask))
		return;
	refusal->seen++;
	if (refusal->seen < refusal->direct ||
	    (refusal->seen > refusal->direct && !refusal->for_ever))
		return;
	if (refusal->status == 0)
		(void)err_set(&reply->error, ERR_UNREACHABLE, "refused");
	else
		only_status(reply, refusal->status);
}

/* A refused signature costs no wait; the file's own URL is asked again. */
static void refused_signature_is_renewed(void **state)
{
	static const int statuses[] = { 403, 400, 401, 404, 410, 500, 0 };

	(void)state;
	for (size_t i = 0;
	     i < all_or(sizeof(statuses) / sizeof(statuses[0]), 2); i++) {
		struct world *w = world_new(1);
		struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
		struct refusal refusal = { statuses[i], 2, 0, false };
		const struct fake_ask *asks;
		size_t n;

		w->redirects = true;
		w->script = refuse_direct;
		w->cookie = &refusal;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		asks = world_asks(w, &n);
		assert_int_equal(n, 5);
		assert_true(is_direct(&asks[2]));
		assert_false(is_direct(&asks[3]));
		assert_int_equal(asks[3].from, asks[2].from);
		assert_true(is_direct(&asks[4]));
		if (statuses[i] == 403 || statuses[i] == 400)
			assert_in_range(asks[3].at_ms - asks[2].at_ms, 0, 100);
		world_free(w);
	}
}

/* Signatures that are good for one answer only: slower, but it ends well. */
static void refused_every_time(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	struct refusal refusal = { 403, 1, 0, true };

	(void)state;
	w->redirects = true;
	w->script = refuse_direct;
	w->cookie = &refusal;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	world_free(w);
}

/* The place that the redirect leads to is in trouble itself. */
static void refuse_behind_redirect(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	refuse(w, f, ask, reply);
}

static void refused_behind_redirect(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
		unsigned asks;
	} cases[] = { { 403, ERR_TRANSIENT, 6 }, { 500, ERR_TRANSIENT, 6 },
		{ 404, ERR_PERMANENT, 1 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct world *w = world_new(1);
		struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
		int status = cases[i].status;
		size_t n;

		w->redirects = true;
		w->script = refuse_behind_redirect;
		w->cookie = &status;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, cases[i].kind);
		(void)world_asks(w, &n);
		assert_int_equal(n, cases[i].asks);
		world_free(w);
	}
}

static void ten_seconds_each(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	(void)ask;
	reply->delay_ms = 10000;
}

static void expiring_url_is_not_used(void **state)
{
	struct world *w = world_new(1);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n, direct = 0;

	(void)state;
	w->redirects = true;
	w->script = ten_seconds_each;
	(void)snprintf(f->direct, sizeof(f->direct),
	    "https://cdn.test/b/0?Expires=%d&Signature=x",
	    FAKE_CLOCK_WALL_S + 85);
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	assert_int_equal(n, 4);
	for (size_t i = 0; i < n; i++) {
		if (!is_direct(&asks[i]))
			continue;
		direct++;
		assert_true(asks[i].at_ms < 25000);
	}
	assert_int_equal(direct, 2);
	world_free(w);
}

/* --- checkpoints ------------------------------------------------------------ */

/* What is told was written before the sync began: the world looks at that. */
static void checkpoints_every_two_seconds(void **state)
{
	static const uint64_t sizes[] = { 33 * MIB, 8 * MIB };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, sizes[i], DIGEST_SHA256);
		int64_t took_ms;

		w->script = slow;
		fake_sync.takes_ms = 300;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		took_ms = fake_clock_ms();
		assert_true(took_ms > 8000);
		assert_true(f->durables >= took_ms / 2600 - 1);
		assert_true(f->durables <= took_ms / 2000);
		assert_int_equal(w->progress.bytes_durable, f->size);
		world_free(w);
	}
}

static void checkpoint_by_bytes(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 150 * MIB, DIGEST_GIT_SHA1);

	(void)state;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_true(fake_clock_ms() < 2000);
	/* One at a time, each with what came until it began. */
	assert_true(f->durables >= 150 * MIB / ENGINE_CHECKPOINT_BYTES / 2);
	assert_true(f->durables <= 150 * MIB / ENGINE_CHECKPOINT_BYTES);
	world_free(w);
}

static void slow_sync_bounds_dirty_data(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 260 * MIB, DIGEST_GIT_SHA1);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	fake_sync.takes_ms = 60000;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	asks = world_asks(w, &n);
	/* What is being synced, what may be dirty, and what was under way. */
	for (size_t i = 0; i < n; i++)
		if (asks[i].at_ms < 60000)
			assert_true(asks[i].from <= ENGINE_CHECKPOINT_BYTES +
				ENGINE_DIRTY_MAX_BYTES +
				2 * ENGINE_PIECE_MAX_BYTES);
	assert_true(asks[n - 1].at_ms >= 60000);
	world_free(w);
}

/* A disk that is slower than the line: requests wait for blocks, and what came
 * far ahead of the front is read again to be hashed. */
static void slow_disk_holds_the_sockets(void **state)
{
	static const unsigned connections[] = { 8, 1, 2, 64 };

	(void)state;
	for (size_t i = 0; i < all_or(4, 1); i++) {
		struct world *w = world_new(connections[i]);
		struct world_file *f = world_add(w, 150 * MIB, DIGEST_SHA256);
		struct world_file *g = world_add(w, 40 * MIB, DIGEST_GIT_SHA1);

		fake_sync.block_takes_ms = 20;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		expect_whole(g);
		assert_int_equal(f->bytes, f->size);
		/* 190 blocks of 1 MiB or more smaller ones */
		assert_true(fake_clock_ms() >= 190 * 20);
		world_free(w);
	}
}

static void sync_failure_is_fatal(void **state)
{
	static const uint64_t sizes[] = { 5000, 33 * MIB };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, sizes[i], DIGEST_SHA256);

		w->script = slow;
		fake_sync.fails_from = 1;
		/* The kernel forgets what it could not write: a second
		 * try that goes well proves nothing. */
		fake_sync.fails_once = true;
		assert_int_equal(world_run(w), 0);
		expect_failed(f, ERR_DISK);
		assert_int_equal(f->durables, 0);
		world_free(w);
	}
}

#ifndef _WIN32
/* No room beyond 12 MiB: what is below it is kept and told. */
static void full_disk_keeps_what_is_there(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
	struct rlimit old, small;
	uint64_t kept, lost;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	small = old;
	small.rlim_cur = 12 * MIB;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	(void)world_run(w);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	expect_failed(f, ERR_DISK);
	/* but for the block that did not fit, of each request */
	kept = extents_bytes(&f->saved_extents);
	lost = f->bytes - kept;
	assert_true(kept >= 3 * MIB && f->bytes >= kept && lost <= 2 * MIB);
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	assert_int_equal(f->bytes, f->size + lost);
	world_free(w);
}
#endif

/* --- the end before the end -------------------------------------------------- */

static void cancel_keeps_everything(void **state)
{
	static const int64_t at_ms[] = { 0, 40, 333, 2100, 4321 };

	(void)state;
	for (size_t i = 0; i < all_or(sizeof(at_ms) / sizeof(at_ms[0]), 3);
	     i++) {
		struct world *w = world_new(4);
		uint64_t received = 0, kept = 0;

		world_add(w, 33 * MIB, DIGEST_SHA256);
		world_add(w, 40 * MIB, DIGEST_GIT_SHA1);
		for (int k = 0; k < 6; k++)
			world_add(w, MIB + 1, DIGEST_SHA256);
		w->script = slow;
		w->cancel_at_ms = at_ms[i];
		fake_sync.takes_ms = 100;
		assert_int_equal(world_run(w), -1);
		assert_true(fake_clock_ms() - w->cancelled_at_ms < 2000);
		for (unsigned k = 0; k < w->n_files; k++) {
			struct world_file *f = &w->files[k];

			if (f->outcome == WORLD_WHOLE ||
			    f->outcome == WORLD_NOT_PULLED)
				continue;
			expect_failed(f, ERR_CANCELLED);
			received += extents_bytes(&f->taken);
			kept += extents_bytes(&f->saved_extents);
		}
		assert_int_equal(kept, received);
		w->script = NULL;
		w->cancel_at_ms = -1;
		assert_int_equal(world_run(w), 0);
		for (unsigned k = 0; k < w->n_files; k++) {
			expect_whole(&w->files[k]);
			assert_int_equal(w->files[k].bytes, w->files[k].size);
		}
		world_free(w);
	}
}

static void cancel_at_sync(struct world *w)
{
	if (fake_sync.begun > 0 && w->cancel_at_ms < 0)
		w->cancel_at_ms = fake_clock_ms();
}

/* What is proven is finished. */
static void cancel_while_syncing(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	fake_sync.takes_ms = 500;
	w->at_step = cancel_at_sync;
	assert_int_equal(world_run(w), -1);
	expect_whole(f);
	world_free(w);
}

static void remove_and_cancel_at_sync(struct world *w)
{
	if (fake_sync.begun == 0 || w->cancel_at_ms >= 0)
		return;
	assert_true(world_remove_partial(&w->files[0]));
	w->cancel_at_ms = fake_clock_ms();
}

static void cancel_while_syncing_what_is_gone(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	fake_sync.takes_ms = 500;
	w->at_step = remove_and_cancel_at_sync;
	assert_int_equal(world_run(w), -1);
	expect_failed(f, ERR_CANCELLED);
	assert_false(f->resume);
	world_free(w);
}

static bool stop_at_second_one(struct world *w, struct world_file *f)
{
	(void)w;
	return f->index == 0 && fake_clock_ms() >= 1000;
}

static void two_minutes(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)ask;
	reply->chunk = 4096;
	if (f->index == 0 && f->asks == 2) {
		/* the second piece comes to its end within the grace */
		reply->delay_ms = 1200;
		reply->chunk = (size_t)MIB;
	}
}

/* Running pieces go on for the grace, no new one begins, others go on. */
static void must_stop_gives_grace(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);
	struct world_file *g = world_add(w, 2 * MIB, DIGEST_SHA256);
	const struct fake_ask *asks;
	size_t n;

	(void)state;
	w->script = two_minutes;
	w->must_stop = stop_at_second_one;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_CANCELLED);
	expect_whole(g);
	asks = world_asks(w, &n);
	for (size_t i = 0; i < n; i++)
		if (strcmp(asks[i].url, f->url) == 0)
			assert_true(asks[i].at_ms < 1000);
	assert_int_equal(extents_bytes(&f->saved_extents), f->bytes);
	/* More than came in the first second: the grace was used. */
	assert_true(f->bytes > 1000 / 5 * 4096);
	assert_true(f->bytes < 1600 / 5 * 4096 + 9 * MIB);
	world_free(w);
}

static bool stop_always(struct world *w, struct world_file *f)
{
	(void)w;
	(void)f;
	return true;
}

static void must_stop_at_once(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	size_t n;

	(void)state;
	w->must_stop = stop_always;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_CANCELLED);
	(void)world_asks(w, &n);
	assert_int_equal(n, 0);
	world_free(w);
}

/* A file that waits for a retry is stopped without the wait. */
static bool stop_after_retry(struct world *w, struct world_file *f)
{
	(void)w;
	return f->retries > 0;
}

static void must_stop_while_waiting(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	w->script = first_is_told_to_wait;
	w->must_stop = stop_after_retry;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_CANCELLED);
	assert_true(fake_clock_ms() < 2000);
	world_free(w);
}

/* What is left of a run that began at cookie's instant is a second. */
static bool stop_after_a_second(struct world *w, struct world_file *f)
{
	const int64_t *began_ms = w->cookie;

	(void)f;
	return fake_clock_ms() >= *began_ms + 1000;
}

/* Night after night: no piece ends within its window, and yet no byte comes
 * twice and each night ends on time. */
static void window_after_window(void **state)
{
	struct world *w = world_new(8);
	struct world_file *f = world_add(w, 70 * MIB + 5, DIGEST_SHA256);
	struct world_file *g = world_add(w, 33 * MIB, DIGEST_GIT_SHA1);
	int64_t began_ms;
	unsigned nights = 0;

	(void)state;
	w->script = slow;
	w->must_stop = stop_after_a_second;
	w->cookie = &began_ms;
	fake_sync.takes_ms = 50;
	do {
		uint64_t before = f->bytes + g->bytes;
		size_t n;
		const struct fake_ask *asks;

		began_ms = fake_clock_ms();
		assert_int_equal(world_run(w), 0);
		asks = world_asks(w, &n);
		for (size_t i = 0; i < n; i++)
			assert_true(asks[i].at_ms < began_ms + 1000);
		assert_true(fake_clock_ms() < began_ms + 1000 + 500 + 500);
		assert_true(f->bytes + g->bytes > before);
		if (f->outcome == WORLD_FAILED) {
			expect_failed(f, ERR_CANCELLED);
			assert_int_equal(extents_bytes(&f->saved_extents),
			    f->bytes);
		}
		assert_true(++nights < 100);
	} while (f->outcome != WORLD_WHOLE || g->outcome != WORLD_WHOLE);
	assert_true(nights >= 3);
	assert_int_equal(f->bytes, f->size);
	assert_int_equal(g->bytes, g->size);
	world_free(w);
}

static bool stop_when_all_came(struct world *w, struct world_file *f)
{
	(void)w;
	return f->bytes == f->size;
}

static void first_piece_last(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->from == 0)
		reply->delay_ms = 5000;
}

/* The window ends with the last byte: what remains is the proof. */
static void stop_with_the_last_byte(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 33 * MIB, DIGEST_SHA256);

	(void)state;
	w->script = first_piece_last;
	w->must_stop = stop_when_all_came;
	assert_int_equal(world_run(w), 0);
	expect_whole(f);
	world_free(w);
}

static bool stop_at_max_bytes(struct world *w, struct world_file *f)
{
	struct engine_progress progress;

	(void)f;
	engine_progress(w->engine, &progress);
	return progress.bytes_received >= w->max_bytes;
}

/* Half of a request is not more to ask for: the number of bytes holds. */
static void split_within_max_bytes(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 64 * MIB, DIGEST_SHA256);
	struct slowness slow = { 8 * MIB, 4096, 0, false };
	size_t n;

	(void)state;
	w->script = slow_pieces;
	w->cookie = &slow;
	w->max_bytes = 24 * MIB;
	w->must_stop = stop_at_max_bytes;
	assert_int_equal(world_run(w), 0);
	(void)world_asks(w, &n);
	assert_true(n > 3);
	assert_int_equal(f->bytes, w->max_bytes);
	expect_failed(f, ERR_CANCELLED);
	world_free(w);
}

static bool all_whole(const struct world *w)
{
	for (unsigned i = 0; i < w->n_files; i++)
		if (w->files[i].outcome != WORLD_WHOLE)
			return false;
	return true;
}

static void one_in_four_breaks(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	(void)f;
	if (ask->ordinal % 4 == 1)
		break_at(reply, 300000);
}

/* Each run takes exactly what it may, large files and small, with requests that
 * break; and no byte comes twice. */
static void max_bytes_over_many_runs(void **state)
{
	static const uint64_t most[] = { 7 * MIB, 1000003, 64 * MIB };

	(void)state;
	for (size_t i = 0; i < all_or(3, 1); i++) {
		struct world *w = world_new(4);
		uint64_t total = 0, sizes = 0;
		unsigned runs = 0;

		world_add(w, 34 * MIB + 1, DIGEST_SHA256);
		world_add(w, 3 * MIB, DIGEST_GIT_SHA1);
		world_add(w, 5000, DIGEST_SHA256);
		world_add(w, 33 * MIB, DIGEST_GIT_SHA1);
		w->max_bytes = most[i];
		w->must_stop = stop_at_max_bytes;
		w->script = one_in_four_breaks;
		do {
			assert_int_equal(world_run(w), 0);
			total += w->progress.bytes_received;
			if (!all_whole(w))
				assert_int_equal(w->progress.bytes_received,
				    most[i]);
			assert_true(w->progress.bytes_received <= most[i]);
			assert_true(++runs < 100);
		} while (!all_whole(w));
		for (unsigned k = 0; k < w->n_files; k++) {
			assert_int_equal(w->files[k].bytes, w->files[k].size);
			sizes += w->files[k].size;
		}
		assert_int_equal(total, sizes);
		assert_int_equal(runs, (sizes + most[i] - 1) / most[i]);
		world_free(w);
	}
}

static void no_ranges_here(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	(void)w;
	fake_reply_right(reply, ask, f->size, false);
}

/* What cannot be cut comes whole, or it would never come. */
static void max_bytes_without_ranges(void **state)
{
	struct world *w = world_new(4);
	struct world_file *f = world_add(w, 40 * MIB, DIGEST_SHA256);
	struct world_file *g = world_add(w, 40 * MIB, DIGEST_SHA256);

	(void)state;
	w->max_bytes = 5 * MIB;
	w->must_stop = stop_at_max_bytes;
	w->script = no_ranges_here;
	assert_int_equal(world_run(w), 0);
	assert_true(w->progress.bytes_received < 2 * f->size);
	(void)world_run(w);
	(void)world_run(w);
	(void)world_run(w);
	expect_whole(f);
	expect_whole(g);
	world_free(w);
}

/* --- other programs ---------------------------------------------------------- */

struct removal {
	uint64_t at_bytes;
	unsigned times;
};

static void remove_at(struct world *w)
{
	struct removal *removal = w->cookie;
	struct world_file *f = &w->files[0];

	if (removal->times == 0 || f->outcome != WORLD_OPEN ||
	    extents_bytes(&f->taken) < removal->at_bytes)
		return;
	if (world_remove_partial(f))
		removal->times--;
}

static void removed_partial_is_made_anew(void **state)
{
	static const struct {
		uint64_t size, at;
	} cases[] = { { 5000, 1 }, { 50000, 20000 }, { 50000, 50000 },
		{ 33 * MIB, 2 * MIB } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world *w = world_new(2);
		struct world_file *f = world_add(w, cases[i].size,
		    DIGEST_SHA256);
		struct removal removal = { cases[i].at, 1 };

		w->cookie = &removal;
		w->at_step = remove_at;
		if (cases[i].size > MIB)
			w->script = slow;
		fake_sync.takes_ms = 300;
		assert_int_equal(world_run(w), 0);
		expect_whole(f);
		assert_int_equal(removal.times, 0);
		assert_int_equal(f->restarts, 1);
		world_free(w);
	}
}

/* Somebody who removes it each time: an end, not a loop. */
static void always_removed_partial(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 50000, DIGEST_SHA256);
	struct removal removal = { 20000, 1000 };

	(void)state;
	w->cookie = &removal;
	w->at_step = remove_at;
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_INTEGRITY);
	world_free(w);
}

static void no_directory(void **state)
{
	struct world *w = world_new(2);
	struct world_file *f = world_add(w, 5000, DIGEST_SHA256);
	struct world_file *g = world_add(w, 5000, DIGEST_SHA256);

	(void)state;
	(void)snprintf(f->path, sizeof(f->path), "%s/no/such", w->dir);
	assert_int_equal(world_run(w), 0);
	expect_failed(f, ERR_DISK);
	expect_whole(g);
	world_free(w);
}

static void free_with_open_files(void **state)
{
	struct world *w = world_new(3);
	struct engine_file spec;
	struct err e = ERR_INIT;
	struct mono now = { 0 };

	(void)state;
	world_add(w, 40 * MIB, DIGEST_SHA256);
	world_add(w, 5000, DIGEST_GIT_SHA1);
	world_begin(w);
	for (unsigned i = 0; i < 2; i++) {
		world_spec(&w->files[i], &spec);
		assert_int_equal(engine_file_begin(w->engine, &spec, &e), 0);
	}
	assert_true(engine_piece_start(w->engine->files, now));
	assert_true(engine_piece_start(w->engine->files, now));
	assert_true(engine_piece_start(w->engine->files->next, now));
	for (int i = 0; i < 3; i++)
		assert_int_equal(http_client_step(w->http, 0, &e), 0);
	world_end(w);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_file_one_get),
		cmocka_unit_test(empty_file_no_request),
		cmocka_unit_test(many_small_files),
		cmocka_unit_test(small_files_share_connections),
		cmocka_unit_test(large_file_in_pieces),
		cmocka_unit_test(window_ahead_of_front),
		cmocka_unit_test(breadth_before_depth),
		cmocka_unit_test(two_large_files_at_a_time),
		cmocka_unit_test(slow_last_pieces_are_split),
		cmocka_unit_test(one_stream_is_not_split),
		cmocka_unit_test(split_within_max_bytes),
		cmocka_unit_test(slow_front_holds_nobody_up),
		cmocka_unit_test(many_connections_where_each_is_slow),
		cmocka_unit_test(open_files_are_bounded),
		cmocka_unit_test(nothing_now_is_asked_again),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(resume_fetches_the_gaps),
		cmocka_unit_test(resume_of_a_small_file),
		cmocka_unit_test(resume_of_all),
		cmocka_unit_test(resume_refused),
		cmocka_unit_test(resume_of_wrong_bytes),
		cmocka_unit_test(hashing_holds_nobody_up),
		cmocka_unit_test(drop_continues_at_the_byte),
		cmocka_unit_test(small_drop_continues_by_range),
		cmocka_unit_test(stall_is_a_drop),
		cmocka_unit_test(failures_count_in_rounds),
		cmocka_unit_test(five_retries_keep_the_partial),
		cmocka_unit_test(unreachable_leaves_nothing),
		cmocka_unit_test(failures_reset_when_bytes_arrive),
		cmocka_unit_test(retry_after_is_obeyed),
		cmocka_unit_test(retry_after_of_a_companion),
		cmocka_unit_test(a_wait_holds_all),
		cmocka_unit_test(a_long_wait_is_left),
		cmocka_unit_test(some_statuses_end_at_once),
		cmocka_unit_test(no_retry_after_the_end),
		cmocka_unit_test(ignored_range_means_one_stream),
		cmocka_unit_test(broken_stream_ends),
		cmocka_unit_test(broken_stream_recovers),
		cmocka_unit_test(wrong_answers_are_refused),
		cmocka_unit_test(longer_than_asked_is_refused),
		cmocka_unit_test(unasked_part_is_refused),
		cmocka_unit_test(wrong_hash_once),
		cmocka_unit_test(wrong_hash_twice),
		cmocka_unit_test(status_416),
		cmocka_unit_test(restart_during_checkpoint),
		cmocka_unit_test(caller_refuses_an_answer),
		cmocka_unit_test(caller_cannot_take_it),
		cmocka_unit_test(caller_cannot_remember),
		cmocka_unit_test(direct_url_is_used),
		cmocka_unit_test(redirect_at_home),
		cmocka_unit_test(refused_signature_is_renewed),
		cmocka_unit_test(refused_every_time),
		cmocka_unit_test(refused_behind_redirect),
		cmocka_unit_test(expiring_url_is_not_used),
		cmocka_unit_test(checkpoints_every_two_seconds),
		cmocka_unit_test(checkpoint_by_bytes),
		cmocka_unit_test(slow_sync_bounds_dirty_data),
		cmocka_unit_test(slow_disk_holds_the_sockets),
		cmocka_unit_test(sync_failure_is_fatal),
#ifndef _WIN32
		cmocka_unit_test(full_disk_keeps_what_is_there),
#endif
		cmocka_unit_test(cancel_keeps_everything),
		cmocka_unit_test(cancel_while_syncing),
		cmocka_unit_test(cancel_while_syncing_what_is_gone),
		cmocka_unit_test(must_stop_gives_grace),
		cmocka_unit_test(must_stop_at_once),
		cmocka_unit_test(must_stop_while_waiting),
		cmocka_unit_test(window_after_window),
		cmocka_unit_test(stop_with_the_last_byte),
		cmocka_unit_test(max_bytes_over_many_runs),
		cmocka_unit_test(max_bytes_without_ranges),
		cmocka_unit_test(removed_partial_is_made_anew),
		cmocka_unit_test(always_removed_partial),
		cmocka_unit_test(no_directory),
		cmocka_unit_test(free_with_open_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
