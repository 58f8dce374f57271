#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/clock.h"
#include "transfer/engine_internal.h"

/* A signed URL is not used in its last minute: a piece takes a while. */
enum { DIRECT_MARGIN_S = 60 };
/* Of the last one to two of these a request's rate is told. */
enum { MARK_MS = 1000 };
/* A longer wait that a server asks for is left to a later run. */
enum { HOLD_MAX_S = 600 };

static int on_response(void *cookie, const struct http_response *r,
    struct err *e)
{
	struct piece *piece = cookie;
	struct open_file *f = piece->file;
	int status = http_response_status(r);

	if (f->engine->callbacks.on_response != NULL &&
	    f->engine->callbacks.on_response(f->engine->callbacks.cookie,
		f->owner, r, e) == -1) {
		piece->error = *e;
		return -1;
	}
	if (status < 200 || status > 299)
		return 0;
	piece->answer = piece_plan_judge(status, piece->ranged,
	    piece->range.from, piece->range.to, f->partial.size,
	    http_response_header(r, "Content-Range"),
	    http_response_header(r, "Content-Length"));
	if (piece->answer != PIECE_OK)
		return err_set(e, ERR_TRANSIENT,
		    "the server answered with "
		    "another range or length than asked for");
	if (f->is_small)
		f->engine->shares = http_response_is_shared(r);
	if (http_response_hop(r) > 0 && !http_response_at_origin(r) &&
	    f->direct_url == NULL) {
		f->direct_url = text_dup(http_response_url(r));
		f->direct_expires_s = f->direct_url == NULL
		    ? -1
		    : piece_plan_expires_s(f->direct_url);
	}
	return 0;
}

/* Nothing more is taken than there is memory for. */
static void pause_without_room(struct piece *piece)
{
	struct open_file *f = piece->file;

	if (piece->paused || piece->at == piece->range.to ||
	    partial_file_has_room(&f->partial, &piece->cursor, piece->at))
		return;
	/* Not in our hands: the digest may need these very bytes to go on, and
	 * so give blocks back. */
	partial_file_flush(&f->partial, &piece->cursor);
	piece->paused = true;
	piece->paused_at = clock_mono();
	http_request_pause(piece->request, true);
}

/* Its rate of late is what the rest of it will have: a connection is at its
 * fastest before its first loss. */
static void mark_time(struct piece *piece, struct mono now)
{
	const struct piece_mark mark = { now, piece->at };

	if (piece->at == piece->range.from)
		piece->seen = piece->next_seen = mark;
	if (now.ms - piece->next_seen.time.ms < MARK_MS)
		return;
	piece->seen = piece->next_seen;
	piece->next_seen = mark;
}

static int on_body(void *cookie, const void *bytes, size_t n, struct err *e)
{
	struct piece *piece = cookie;
	struct open_file *f = piece->file;
	struct engine *engine = f->engine;

	if (n > piece->range.to - piece->at) {
		piece->answer = PIECE_LENGTH_WRONG;
		return err_set(e, ERR_TRANSIENT,
		    "the body is longer than asked for");
	}
	if (f->partial.dirty_bytes == 0)
		f->dirty_since = clock_mono();
	mark_time(piece, clock_mono());
	if (partial_file_write(&f->partial, &piece->cursor, bytes, n, piece->at,
		e) == -1) {
		piece->error = *e;
		return -1;
	}
	piece->at += n;
	pause_without_room(piece);
	f->failures = 0;
	engine->progress.bytes_received += n;
	if (engine->callbacks.on_bytes != NULL)
		engine->callbacks.on_bytes(engine->callbacks.cookie, f->owner,
		    n);
	return 0;
}

static void forget_direct(struct open_file *f)
{
	free(f->direct_url);
	f->direct_url = NULL;
	f->direct_is_guess = false;
}

/* What one file is told is meant for the whole client: its other files would
 * only be told the same. */
static void hold_all(struct engine *engine, const struct err *why,
    struct mono now)
{
	int64_t wait_ms = backoff_wait_ms(&engine->options.backoff, 1,
	    why->retry_after_s, 0);

	if (why->retry_after_s < 0)
		return;
	engine->allowed = 1;
	engine->good = 0;
	if (engine->hold_until.ms < now.ms + wait_ms)
		engine->hold_until.ms = now.ms + wait_ms;
}

/* A request failed: how long to wait, or give the file up. */
static void count_failure(struct open_file *f, unsigned round,
    const struct err *why, bool at_once, struct mono now)
{
	struct engine *engine = f->engine;
	int64_t wait_ms;

	if (why->retry_after_s > HOLD_MAX_S) {
		engine_file_fail(f, why);
		return;
	}
	hold_all(engine, why, now);
	if (round != f->round)
		return; /* its companions were counted already */
	f->round++;
	f->failures++;
	if (engine->options.bulk_connections > 0)
		adapt_trouble(&engine->adapt, now);
	wait_ms = backoff_wait_ms(&engine->options.backoff, f->failures,
	    why->retry_after_s,
	    engine->options.dice(engine->options.dice_cookie));
	if (wait_ms == -1) {
		engine_file_fail(f, why);
		return;
	}
	if (at_once && f->failures == 1 && why->retry_after_s < 0)
		wait_ms = 0;
	f->retry_at.ms = now.ms + wait_ms;
	engine->progress.retries++;
	if (engine->callbacks.on_retry != NULL)
		engine->callbacks.on_retry(engine->callbacks.cookie, f->owner,
		    why, wait_ms);
}

/* The answer was complete but not to the question. */
static void judge_answer(struct piece *piece, struct mono now)
{
	struct open_file *f = piece->file;
	struct err e = ERR_INIT;

	switch (piece->answer) {
	case PIECE_RANGE_IGNORED:
		err_set(&e, ERR_TRANSIENT,
		    "the server does not do ranges: "
		    "starting over as one stream");
		break;
	case PIECE_RANGE_WRONG:
		err_set(&e, ERR_TRANSIENT,
		    "the server sent another range than asked for");
		break;
	default:
		err_set(&e, ERR_TRANSIENT,
		    "the server sent another length than asked for");
		break;
	}
	if (piece->ranged &&
	    (piece->answer == PIECE_RANGE_IGNORED ||
		(piece->answer == PIECE_RANGE_WRONG &&
		    ++f->wrong_ranges > 1))) {
		/* A stream that broke cannot be continued there either: bytes
		 * that arrive again and again are no progress. */
		if (f->one_stream) {
			if (f->failures < f->broken_streams)
				f->failures = f->broken_streams;
			f->broken_streams++;
			count_failure(f, piece->round, &e, false, now);
		}
		f->one_stream = true;
		f->piece_bytes = f->partial.size;
		f->round++;
		engine_piece_cancel_all(f);
		engine_file_restart(f, &e);
		return;
	}
	count_failure(f, piece->round, &e, false, now);
}

/* What was under way when the wait began says nothing about its end. */
static void count_good(struct engine *engine, struct mono now)
{
	if (engine->allowed >= engine->options.connections ||
	    now.ms < engine->hold_until.ms || ++engine->good < engine->allowed)
		return;
	engine->allowed++;
	engine->good = 0;
}

/* The request failed by the caller's verdict, or ours. */
static void judge_failure(struct piece *piece, struct err *e, bool renew,
    struct mono now)
{
	struct open_file *f = piece->file;

	/* The guess was wrong: that is no failure. */
	if (piece->direct && f->direct_is_guess &&
	    (e->kind == ERR_AUTH || e->kind == ERR_PERMANENT)) {
		forget_direct(f);
		return;
	}
	/* Not the Hub's word: the signature ended, or that place lost it. */
	if (piece->direct &&
	    (e->kind == ERR_AUTH || e->kind == ERR_PERMANENT)) {
		e->kind = ERR_TRANSIENT;
		renew = true;
	}
	/* Or that host is in trouble: ask the file's own URL where to go. */
	if (piece->direct && (renew || piece->at == piece->range.from))
		forget_direct(f);
	switch (e->kind) {
	case ERR_TRANSIENT:
	case ERR_UNREACHABLE:
		count_failure(f, piece->round, e, renew && piece->direct, now);
		break;
	case ERR_INTEGRITY:
		engine_file_restart(f, e);
		break;
	default:
		engine_file_fail(f, e);
		break;
	}
}

static void judge_result(struct piece *piece, const struct http_result *result,
    struct mono now)
{
	struct open_file *f = piece->file;
	struct engine *engine = f->engine;
	struct err e = ERR_INIT;
	bool renew = false;

	if (f->phase == FILE_RESTARTING || f->phase == FILE_FAILING)
		return;
	if (piece->error.kind != ERR_NONE) {
		judge_failure(piece, &piece->error, false, now);
		return;
	}
	if (piece->answer != PIECE_OK) {
		if (piece->direct)
			forget_direct(f);
		judge_answer(piece, now);
		return;
	}
	/* All came that was asked for: an end in disorder is no loss. */
	if (piece->at == piece->range.to) {
		count_good(engine, now);
		return;
	}
	if (engine->callbacks.verdict(engine->callbacks.cookie, f->owner,
		result, &renew, &e) == 0)
		err_set(&e, ERR_TRANSIENT,
		    "the body is shorter than asked for");
	judge_failure(piece, &e, renew, now);
}

static void count_busy(struct open_file *f, int n)
{
	f->engine->n_busy += (unsigned)n;
	if (f->is_large)
		f->engine->n_bulk += (unsigned)n;
}

/* What has come is kept, unless all of it is worthless. */
static void end_cursor(struct piece *piece)
{
	struct open_file *f = piece->file;

	if (f->phase == FILE_RESTARTING || f->partial.fd == -1)
		partial_file_drop(&f->partial, &piece->cursor);
	else
		partial_file_end(&f->partial, &piece->cursor);
}

static void on_done(void *cookie, const struct http_result *result)
{
	struct piece *piece = cookie;

	piece->request = NULL;
	piece->done = true;
	count_busy(piece->file, -1);
	end_cursor(piece);
	judge_result(piece, result, clock_mono());
}

/* All that is received or asked for. */
static int taken_ranges(const struct open_file *f, struct extents *taken)
{
	if (extents_copy(taken, &f->partial.received) == -1)
		return -1;
	for (const struct piece *p = f->pieces; p != NULL; p = p->next)
		if (!p->done && extents_add(taken, p->at, p->range.to) == -1)
			return -1;
	return 0;
}

/* What may still be asked for: all that is asked for may also come. */
static uint64_t budget_left(const struct engine *engine)
{
	uint64_t used = engine->progress.bytes_received;

	if (engine->options.max_bytes == 0)
		return UINT64_MAX;
	for (const struct open_file *f = engine->files; f != NULL; f = f->next)
		for (const struct piece *p = f->pieces; p != NULL; p = p->next)
			if (!p->done)
				used += p->range.to - p->at;
	return used < engine->options.max_bytes
	    ? engine->options.max_bytes - used
	    : 0;
}

/* No request begins there or later. */
static uint64_t window_end(const struct open_file *f)
{
	return f->one_stream ? UINT64_MAX
			     : f->partial.hashed +
		2 * (uint64_t)f->engine->options.connections * f->piece_bytes;
}

static bool next_range(const struct open_file *f, struct extent *next)
{
	uint64_t left = budget_left(f->engine);
	struct extents taken;
	bool found = false;

	extents_init(&taken);
	if (taken_ranges(f, &taken) == 0)
		found = piece_plan_next(&taken, f->partial.size, f->piece_bytes,
		    window_end(f), next);
	extents_release(&taken);
	if (found && f->n_pieces > 0 &&
	    next->to - next->from > ENGINE_PIECE_BESIDE_BYTES)
		next->to = next->from + ENGINE_PIECE_BESIDE_BYTES;
	if (found && !f->one_stream && next->to - next->from > left)
		next->to = next->from + left;
	return found && left > 0;
}

static const char *choose_url(struct open_file *f, bool *direct)
{
	if (f->direct_url != NULL && f->direct_expires_s != -1 &&
	    clock_wall().s + DIRECT_MARGIN_S >= f->direct_expires_s)
		forget_direct(f);
	*direct = f->direct_url != NULL;
	return *direct ? f->direct_url : f->url;
}

static struct piece *piece_new(struct open_file *f, const struct extent *range)
{
	struct piece *piece = calloc(1, sizeof(*piece));

	if (piece == NULL)
		return NULL;
	piece->file = f;
	piece->range = *range;
	piece->at = range->from;
	piece->round = f->round;
	piece->ranged = range->from != 0 || range->to != f->partial.size;
	piece->answer = PIECE_OK;
	piece->error.retry_after_s = -1;
	return piece;
}

bool engine_piece_may_start(const struct open_file *f, struct mono now)
{
	const struct engine *engine = f->engine;

	return f->phase == FILE_FETCHING && now.ms >= f->retry_at.ms &&
	    (!f->is_large || engine->n_bulk < engine->adapt.level) &&
	    now.ms >= engine->hold_until.ms &&
	    (!f->one_stream || f->n_pieces == 0) &&
	    f->partial.dirty_bytes <= ENGINE_DIRTY_MAX_BYTES;
}

static bool start_range(struct open_file *f, const struct extent *range)
{
	struct engine *engine = f->engine;
	struct http_spec spec;
	struct piece *piece;
	struct err e = ERR_INIT;

	piece = piece_new(f, range);
	if (piece == NULL) {
		err_nomem(&e);
		engine_file_fail(f, &e);
		return false;
	}
	/* All memory is in use: it will start when some is free. */
	if (!partial_file_has_room(&f->partial, &piece->cursor, range->from)) {
		partial_file_drop(&f->partial, &piece->cursor);
		free(piece);
		engine->no_room = true;
		/* Or none will ever be. */
		if (block_pool_is_barren(engine->works.blocks)) {
			err_nomem(&e);
			engine_file_fail(f, &e);
		}
		return false;
	}
	memset(&spec, 0, sizeof(spec));
	spec.url = choose_url(f, &piece->direct);
	spec.is_small = f->is_small;
	spec.origin = engine->options.origin;
	spec.token = engine->options.token;
	spec.has_range = piece->ranged;
	spec.from = range->from;
	spec.to = range->to;
	spec.max_body = range->to - range->from;
	spec.on_response = on_response;
	spec.on_body = on_body;
	spec.on_done = on_done;
	spec.cookie = piece;
	piece->request = http_request_start(engine->options.http, &spec, &e);
	if (piece->request == NULL) {
		partial_file_drop(&f->partial, &piece->cursor);
		free(piece);
		engine_file_fail(f, &e);
		return false;
	}
	piece->next = f->pieces;
	f->pieces = piece;
	f->n_pieces++;
	count_busy(f, 1);
	return true;
}

bool engine_piece_start(struct open_file *f, struct mono now)
{
	struct extent range;

	return engine_piece_may_start(f, now) && next_range(f, &range) &&
	    !engine_file_stops(f, now) && start_range(f, &range);
}

bool engine_piece_start_at(struct open_file *f, const struct extent *range,
    struct mono now)
{
	return engine_piece_may_start(f, now) && range->from < window_end(f) &&
	    !engine_file_stops(f, now) && start_range(f, range);
}

void engine_piece_reap(struct open_file *f)
{
	struct piece **link = &f->pieces;

	while (*link != NULL) {
		struct piece *piece = *link;

		if (!piece->done) {
			link = &piece->next;
			continue;
		}
		*link = piece->next;
		f->n_pieces--;
		free(piece);
	}
}

void engine_piece_flush(struct open_file *f)
{
	for (struct piece *p = f->pieces; p != NULL; p = p->next) {
		if (p->done)
			continue;
		partial_file_flush(&f->partial, &p->cursor);
		pause_without_room(p);
	}
}

void engine_piece_resume(struct open_file *f)
{
	for (struct piece *p = f->pieces; p != NULL; p = p->next) {
		int64_t paused_ms;

		if (p->done || !p->paused ||
		    !partial_file_has_room(&f->partial, &p->cursor, p->at))
			continue;
		p->paused = false;
		paused_ms = clock_mono().ms - p->paused_at.ms;
		p->seen.time.ms += paused_ms;
		p->next_seen.time.ms += paused_ms;
		http_request_pause(p->request, false);
	}
}

void engine_piece_cancel_all(struct open_file *f)
{
	for (struct piece *p = f->pieces; p != NULL; p = p->next) {
		if (p->done)
			continue;
		end_cursor(p);
		http_request_cancel(p->request);
		p->request = NULL;
		p->done = true;
		count_busy(f, -1);
	}
}
