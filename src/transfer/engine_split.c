/*
 * engine_split.c - the last requests: half of a slow one for an idle connection.
 *
 * On a line where every connection is slow a piece takes many seconds, and the
 * slowest of the last ones would be waited for by all others.
 */
#include "platform/clock.h"
#include "transfer/engine_internal.h"

static int64_t took_ms(const struct piece *p, struct mono now)
{
	return now.ms - p->answered.ms;
}

/* Its answer has come, and is a range: what it brings can be cut. */
static bool can_be_split(const struct piece *p, struct mono now,
    uint64_t *middle)
{
	return !p->done && !p->paused && p->ranged && p->at > p->range.from &&
	    p->answer == PIECE_OK &&
	    piece_plan_split(p->at, p->range.to, p->at - p->range.from,
		took_ms(p, now), middle);
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
		rest = piece_plan_rest_ms(p->range.to - p->at,
		    p->at - p->range.from, took_ms(p, now));
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
	uint64_t middle;
	int64_t rest_ms = 0;

	if (block_free_count(engine->works.blocks) <= PARTIAL_RESERVED_BLOCKS)
		return false;
	for (struct open_file *f = engine->files; f != NULL; f = f->next) {
		if (!f->is_large || f->one_stream ||
		    !engine_piece_may_start(f, now) ||
		    engine_file_stops(f, now))
			continue;
		p = find_slowest(f, now, &rest_ms);
		if (p != NULL)
			slowest = p;
	}
	if (slowest == NULL || !can_be_split(slowest, now, &middle))
		return false;
	slowest->range.to = middle;
	http_request_shorten(slowest->request, middle - slowest->range.from);
	return engine_piece_start(slowest->file, now);
}
