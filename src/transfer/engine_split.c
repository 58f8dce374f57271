/*
 * engine_split.c - half of a slow last request for an idle connection.
 *
 * On a line where every connection is slow a piece takes many seconds, and the
 * slowest of the last ones would be waited for by all others.
 */
#include "transfer/engine_internal.h"

static uint64_t came(const struct piece *p)
{
	return p->at - p->seen.at;
}

static int64_t took_ms(const struct piece *p, struct mono now)
{
	return now.ms - p->seen.time.ms;
}

/* Its answer has come, and is a range: what it brings can be cut. */
static bool can_be_split(const struct piece *p, struct mono now,
    uint64_t *middle)
{
	return !p->done && !p->paused && p->ranged && p->at > p->range.from &&
	    p->answer == PIECE_OK &&
	    piece_plan_split(p->at, p->range.to, came(p), took_ms(p, now),
		middle);
}

/* Of this file the one that takes longest. */
static struct piece *find_slowest(const struct open_file *f, struct mono now,
    int64_t *rest_ms)
{
	struct piece *found = NULL;
	uint64_t middle;

	for (struct piece *p = f->pieces; p != NULL; p = p->next) {
		int64_t rest;

		if (!can_be_split(p, now, &middle))
			continue;
		rest = piece_plan_rest_ms(p->range.to - p->at, came(p),
		    took_ms(p, now));
		if (rest > *rest_ms) {
			*rest_ms = rest;
			found = p;
		}
	}
	return found;
}

bool engine_split(struct engine *engine, struct mono now)
{
	struct piece *slowest = NULL, *p;
	struct extent half;
	int64_t rest_ms = 0;

	/* All are slow then, and another connection makes none faster. */
	if (http_client_is_limited(engine->options.http))
		return false;
	for (struct open_file *f = engine->files; f != NULL; f = f->next) {
		if (!f->is_large || f->one_stream ||
		    !engine_piece_may_start(f, now))
			continue;
		p = find_slowest(f, now, &rest_ms);
		if (p != NULL)
			slowest = p;
	}
	if (slowest == NULL || !can_be_split(slowest, now, &half.from))
		return false;
	half.to = slowest->range.to;
	if (!engine_piece_start_at(slowest->file, &half, now))
		return false;
	slowest->range.to = half.from;
	http_request_shorten(slowest->request, half.from - slowest->range.from);
	return true;
}
