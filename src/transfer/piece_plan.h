/*
 * piece_plan.h - which range to ask for next, and whether an answer is the
 * one that was asked for.  Pure.
 */
#ifndef HFCRON_TRANSFER_PIECE_PLAN_H
#define HFCRON_TRANSFER_PIECE_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "transfer/extents.h"

/* Bytes of one piece of a file: several per connection, within the engine's
 * bounds; the whole file below ENGINE_RANGED_BYTES. */
uint64_t piece_plan_size(uint64_t size, unsigned connections);

/*
 * The next range that is neither received nor asked for (`taken` holds both),
 * at most `piece` long, beginning below `limit` (the hash front's window).
 * false: nothing to ask for now.
 */
bool piece_plan_next(const struct extents *taken, uint64_t size, uint64_t piece,
    uint64_t limit, struct extent *next);

/*
 * Half of what a request still has to bring, for another one to bring it
 * meanwhile: [*middle, to).  [at, to) is missing, of late `came` bytes took so
 * many milliseconds.  false: it will have ended before that pays.
 */
bool piece_plan_split(uint64_t at, uint64_t to, uint64_t came, int64_t took_ms,
    uint64_t *middle);
/* How long the rest takes at that rate, in milliseconds. */
int64_t piece_plan_rest_ms(uint64_t left, uint64_t came, int64_t took_ms);

enum piece_answer {
	PIECE_OK,
	PIECE_RANGE_IGNORED, /* 200 where a part was asked for */
	PIECE_RANGE_WRONG,   /* 206 of another range or total */
	PIECE_LENGTH_WRONG   /* Content-Length is not what was asked for */
};

/*
 * Judge a 2xx answer to a request for [from, to) of `size` bytes (`ranged`: with
 * a Range header).  content_range and content_length are header values or
 * NULL.
 */
enum piece_answer piece_plan_judge(int status, bool ranged, uint64_t from,
    uint64_t to, uint64_t size, const char *content_range,
    const char *content_length);

/* Seconds since 1970 of an Expires= parameter in a signed URL's query, or -1. */
int64_t piece_plan_expires_s(const char *url);

#endif
