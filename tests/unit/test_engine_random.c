/*
 * test_engine_random.c - the transfer engine against servers, disks and
 * callers that fail at random, from fixed seeds.
 *
 * Whatever happens, each file ends right or with a failure that something
 * that happened to it explains, nothing that arrived is lost without a reason,
 * and a second run against a faultless server finishes all of it.  With few
 * enough faults the first run must do so.  ENGINE_SEED runs one seed alone.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants some of those before it. */
#include <cmocka.h>

#include "platform/fs.h"
#include "support/engine_world.h"
#include "support/fake_clock.h"
#include "support/fake_sync.h"
#include "support/small.h"

enum { SEEDS = 240, FAULTS_MILD = 5, FILES_MOST = 10 };

/* What has happened to a file, and what may thus be its end. */
struct fate {
	bool transient, unreachable, refused, missing;
	bool wrong, removed, stopped, forgotten, unwelcome;
	unsigned faults, integrity;
};

struct chance {
	uint64_t state;
	bool mild;	  /* so few faults that all must end well */
	unsigned percent; /* of requests that meet a fault */
	size_t chunk;

	struct fate fates[WORLD_FILES_MAX];
};

static uint64_t draw(struct chance *c, uint64_t below)
{
	uint64_t x;

	c->state += UINT64_C(0x9E3779B97F4A7C15);
	x = c->state;
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return (x ^ x >> 31) % below;
}

static bool once_in(struct chance *c, uint64_t n)
{
	return draw(c, n) == 0;
}

/* --- the server ------------------------------------------------------------- */

static void answer_status(struct chance *c, struct fake_reply *reply,
    int status)
{
	reply->status = status;
	reply->n = 0;
	reply->content_range[0] = '\0';
	(void)snprintf(reply->content_length, sizeof(reply->content_length),
	    "0");
	if ((status == 429 || status == 503) && once_in(c, 2))
		(void)snprintf(reply->retry_after, sizeof(reply->retry_after),
		    "%d", (int)draw(c, 20));
}

static void answer_range(struct chance *c, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	uint64_t from = ask->from, to = ask->to - 1, total = f->size;

	switch (draw(c, 4)) {
	case 0:
		from += 1;
		break;
	case 1:
		to += 1;
		break;
	case 2:
		total += 1;
		break;
	default:
		from = draw(c, UINT64_MAX);
		break;
	}
	(void)snprintf(reply->content_range, sizeof(reply->content_range),
	    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, from, to, total);
}

/* Faults that time heals. */
static void passing_fault(struct chance *c, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	static const int statuses[] = { 429, 500, 502, 503, 504, 408 };
	struct fate *fate = &c->fates[f->index];

	fate->transient = true;
	switch (draw(c, 9)) {
	case 0:
	case 1:
		reply->breaks_at = draw(c, reply->n + 1);
		break;
	case 2:
		reply->breaks_at = draw(c, reply->n + 1);
		reply->stalls = true;
		break;
	case 3:
		answer_status(c, reply, statuses[draw(c, 6)]);
		break;
	case 4:
		fate->unreachable = true;
		(void)err_set(&reply->error, ERR_UNREACHABLE, "no route");
		break;
	case 5: /* shorter or longer, without a word */
		reply->content_length[0] = '\0';
		if (once_in(c, 2))
			reply->n -= draw(c, reply->n) + 1;
		else
			reply->n += 1 + draw(c, 100000);
		break;
	case 6:
		(void)snprintf(reply->content_length,
		    sizeof(reply->content_length), "%" PRIu64,
		    reply->n + 1 - draw(c, 2) * 2);
		break;
	case 7:
		if (ask->has_range)
			answer_range(c, f, ask, reply);
		break;
	default:
		fake_reply_right(reply, ask, f->size, false);
		reply->content_range[0] = '\0';
		break;
	}
}

static bool is_direct(const struct fake_ask *ask)
{
	return strstr(ask->url, "cdn.test") != NULL;
}

static void wild_fault(struct chance *c, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	static const int refused[] = { 401, 403, 407 };
	static const int missing[] = { 404, 410 };
	struct fate *fate = &c->fates[f->index];

	/* Another host's refusal is only ever transient at first. */
	fate->transient = fate->transient || is_direct(ask) ||
	    reply->redirect != NULL;
	if (once_in(c, 2)) {
		fate->refused = true;
		answer_status(c, reply, refused[draw(c, 3)]);
	} else {
		fate->missing = true;
		answer_status(c, reply, missing[draw(c, 2)]);
	}
}

static void integrity_fault(struct chance *c, struct world_file *f,
    struct fake_reply *reply)
{
	struct fate *fate = &c->fates[f->index];

	fate->wrong = true;
	fate->integrity++;
	if (once_in(c, 2))
		answer_status(c, reply, 416);
	else
		reply->flips = true;
}

static void serve(struct world *w, struct world_file *f,
    const struct fake_ask *ask, struct fake_reply *reply)
{
	struct chance *c = w->cookie;
	struct fate *fate = &c->fates[f->index];

	/* Now and then so slowly that others help. */
	reply->chunk = f->size < ENGINE_RANGED_BYTES ? c->chunk
	    : draw(c, 8) == 0			     ? (size_t)4096
						     : (size_t)MIB;
	reply->delay_ms = (int64_t)draw(c, 300);
	if (draw(c, 100) >= c->percent)
		return;
	if (c->mild && fate->faults >= FAULTS_MILD)
		return;
	fate->faults++;
	if (once_in(c, 8) && (!c->mild || fate->integrity == 0))
		integrity_fault(c, f, reply);
	else if (!c->mild && once_in(c, 20))
		wild_fault(c, f, ask, reply);
	else
		passing_fault(c, f, ask, reply);
}

/* --- everybody else --------------------------------------------------------- */

static void remove_one(struct world *w)
{
	struct chance *c = w->cookie;
	struct world_file *f;

	if (!once_in(c, 400))
		return;
	f = &w->files[draw(c, w->n_files)];
	if (f->outcome != WORLD_OPEN || !world_remove_partial(f))
		return;
	c->fates[f->index].removed = true;
}

static bool stop_one(struct world *w, struct world_file *f)
{
	struct chance *c = w->cookie;
	struct fate *fate = &c->fates[f->index];

	if (!fate->stopped && !once_in(c, 500))
		return false;
	fate->stopped = true;
	return true;
}

static int forget_one(struct world *w, struct world_file *f, struct err *e)
{
	struct chance *c = w->cookie;

	if (!once_in(c, 20))
		return 0;
	c->fates[f->index].forgotten = true;
	return err_set(e, ERR_STATE, "the store is full");
}

static int refuse_one(struct world *w, struct world_file *f, struct err *e)
{
	struct chance *c = w->cookie;

	if (!once_in(c, 20))
		return 0;
	c->fates[f->index].unwelcome = true;
	return err_set(e, ERR_DISK, "no place for it");
}

/* --- judgement -------------------------------------------------------------- */

static bool is_explained(const struct world *w, const struct world_file *f)
{
	const struct chance *c = w->cookie;
	const struct fate *fate = &c->fates[f->index];

	switch (f->error.kind) {
	case ERR_TRANSIENT:
		return fate->transient;
	case ERR_UNREACHABLE:
		return fate->unreachable;
	case ERR_AUTH:
		return fate->refused;
	case ERR_PERMANENT:
		return fate->missing;
	case ERR_INTEGRITY:
		return fate->wrong || fate->removed;
	case ERR_CANCELLED:
		return fate->stopped || w->cancel_at_ms >= 0;
	case ERR_STATE:
		return fate->forgotten;
	case ERR_DISK:
		return fate->unwelcome || fake_sync.fails_from != 0;
	default:
		return false;
	}
}

/* Failed, but all that arrived is told and there. */
static bool is_kept(const struct world *w, const struct world_file *f)
{
	const struct chance *c = w->cookie;
	const struct fate *fate = &c->fates[f->index];

	if (fate->removed || fate->forgotten || fate->unwelcome ||
	    fake_sync.fails_from != 0)
		return true; /* nothing was promised */
	if (extents_bytes(&f->taken) == 0)
		return !world_partial_exists(f);
	return f->resume && world_partial_exists(f) &&
	    extents_bytes(&f->saved_extents) == extents_bytes(&f->taken);
}

static void judge(struct world *w, bool must_be_whole)
{
	for (unsigned i = 0; i < w->n_files; i++) {
		struct world_file *f = &w->files[i];

		if (f->outcome == WORLD_WHOLE)
			continue;
		if (must_be_whole)
			print_message("file %u: %s\n", i, f->error.text);
		world_expect(w, !must_be_whole, "it should be whole");
		if (f->outcome == WORLD_NOT_PULLED) {
			world_expect(w, w->cancel_at_ms >= 0, "not pulled");
			continue;
		}
		if (!is_explained(w, f))
			print_message("file %u: %s: %s\n", i,
			    err_kind_name(f->error.kind), f->error.text);
		world_expect(w, is_explained(w, f), "failed for no reason");
		if (f->error.kind == ERR_INTEGRITY)
			world_expect(w, !world_partial_exists(f),
			    "wrong bytes are left");
		else
			world_expect(w, is_kept(w, f), "bytes are lost");
	}
}

static uint64_t draw_size(struct chance *c, bool large)
{
	if (large)
		return 32 * MIB + draw(c, 8 * MIB);
	switch (draw(c, 6)) {
	case 0:
		return draw(c, 3);
	case 1:
		return 64 * draw(c, 100);
	default:
		return draw(c, 400000);
	}
}

static void set_up(struct world *w, struct chance *c, unsigned seed)
{
	unsigned files = 1 + (unsigned)draw(c, FILES_MOST);
	static const int64_t syncs[] = { 0, 0, 5, 300, 3000 };

	w->cookie = c;
	w->seed = seed;
	w->script = serve;
	w->redirects = once_in(c, 2);
	w->nothing_now = (unsigned)draw(c, 3);
	w->no_body_limit = once_in(c, 2);
	c->mild = once_in(c, 2);
	c->percent = (unsigned)draw(c, c->mild ? 70 : 60);
	c->chunk = (size_t)(1000 + draw(c, 60000));
	if (once_in(c, 3))
		w->cancel_at_ms = (int64_t)draw(c, 6000);
	fake_sync.takes_ms = syncs[draw(c, 5)];
	fake_sync.block_takes_ms = (int64_t)draw(c, 6) - 3;
	if (fake_sync.block_takes_ms < 0)
		fake_sync.block_takes_ms = 0;
	if (!c->mild) {
		if (once_in(c, 3))
			w->at_step = remove_one;
		if (once_in(c, 4))
			w->must_stop = stop_one;
		if (once_in(c, 6))
			w->on_durable = forget_one;
		if (once_in(c, 6))
			w->on_whole = refuse_one;
		if (once_in(c, 8))
			fake_sync.fails_from = 1 + (unsigned)draw(c, 6);
	}
	for (unsigned i = 0; i < files; i++) {
		struct world_file *f = world_add(w,
		    draw_size(c, seed % 8 == 0 && i == 0),
		    once_in(c, 2) ? DIGEST_SHA256 : DIGEST_GIT_SHA1);

		if (once_in(c, 3))
			(void)snprintf(f->direct, sizeof(f->direct),
			    "https://cdn.test/b/%u?Expires=%d&Signature=x", i,
			    FAKE_CLOCK_WALL_S + (int)draw(c, 100));
	}
}

static void set_right(struct world *w)
{
	w->script = NULL;
	w->at_step = NULL;
	w->must_stop = NULL;
	w->on_durable = NULL;
	w->on_whole = NULL;
	w->cancel_at_ms = -1;
	w->no_body_limit = false;
	fake_sync.fails_from = 0;
}

static void one_seed(unsigned seed)
{
	struct chance *c = calloc(1, sizeof(*c));
	struct world *w;
	bool cancelled;

	assert_non_null(c);
	c->state = seed;
	w = world_new(1 + (unsigned)draw(c, 8));
	set_up(w, c, seed);
	cancelled = world_run(w) == -1;
	world_expect(w,
	    !cancelled ||
		fake_clock_ms() - w->cancelled_at_ms < 2000 +
			2 * fake_sync.takes_ms + 100 * fake_sync.block_takes_ms,
	    "the stop took long");
	judge(w, c->mild && !cancelled);
	set_right(w);
	(void)world_run(w);
	judge(w, true);
	world_free(w);
	free(c);
}

static void seeds(void **state)
{
	const char *one = getenv("ENGINE_SEED");

	(void)state;
	if (one != NULL) {
		one_seed((unsigned)strtoul(one, NULL, 10));
		return;
	}
	for (unsigned seed = 0; seed < all_or(SEEDS, SEEDS / 4); seed++)
		one_seed(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(seeds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
