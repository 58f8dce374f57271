#include <string.h>

#include "base/num.h"
#include "http/http_verdict.h"
#include "transfer/engine.h"
#include "transfer/piece_plan.h"

uint64_t piece_plan_size(uint64_t size, unsigned connections)
{
	uint64_t piece;

	if (size < ENGINE_RANGED_BYTES)
		return size;
	piece = size / (4 * (uint64_t)(connections ? connections : 1));
	if (piece < ENGINE_PIECE_MIN_BYTES)
		return ENGINE_PIECE_MIN_BYTES;
	if (piece > ENGINE_PIECE_MAX_BYTES)
		return ENGINE_PIECE_MAX_BYTES;
	return piece;
}

bool piece_plan_next(const struct extents *taken, uint64_t size, uint64_t piece,
    uint64_t limit, struct extent *next)
{
	if (!extents_gap(taken, 0, size, next) || next->from >= limit)
		return false;
	if (next->to - next->from > piece)
		next->to = next->from + piece;
	return true;
}

enum {
	SPLIT_ALIGN_BYTES = 64 * 1024,
	/* A connection is given up for it, and a new one must get going. */
	SPLIT_WORTH_MS = 4000,
	SPLIT_SEEN_MS = 1000
};

int64_t piece_plan_rest_ms(uint64_t left, uint64_t came, int64_t took_ms)
{
	return (int64_t)((double)left / (double)(came > 0 ? came : 1) *
	    (double)took_ms);
}

bool piece_plan_split(uint64_t at, uint64_t to, uint64_t came, int64_t took_ms,
    uint64_t *middle)
{
	*middle = at + (to - at) / 2;
	*middle += SPLIT_ALIGN_BYTES - *middle % SPLIT_ALIGN_BYTES;
	return *middle < to && took_ms >= SPLIT_SEEN_MS &&
	    piece_plan_rest_ms(to - at, came, took_ms) >= SPLIT_WORTH_MS;
}

enum piece_answer piece_plan_judge(int status, bool ranged, uint64_t from,
    uint64_t to, uint64_t size, const char *content_range,
    const char *content_length)
{
	struct http_content_range range;
	uint64_t length;

	if (status == 206) {
		if (!ranged ||
		    http_content_range_parse(content_range, &range) == -1)
			return PIECE_RANGE_WRONG;
		if (range.from != from || range.to != to || range.total != size)
			return PIECE_RANGE_WRONG;
	} else if (from != 0 || to != size) {
		return PIECE_RANGE_IGNORED;
	}
	/* Overflowing lengths are ignored by libcurl: a cut body would then
	 * count as whole. */
	if (content_length != NULL &&
	    (num_parse_u64(content_length, strlen(content_length), UINT64_MAX,
		 &length) == -1 ||
		length != to - from))
		return PIECE_LENGTH_WRONG;
	return PIECE_OK;
}

int64_t piece_plan_expires_s(const char *url)
{
	const char *at = strchr(url, '?');
	uint64_t value;

	while (at != NULL) {
		at++;
		if (strncmp(at, "Expires=", 8) == 0) {
			at += 8;
			if (num_parse_u64(at, strcspn(at, "&"), INT64_MAX,
				&value) == -1)
				return -1;
			return (int64_t)value;
		}
		at = strchr(at, '&');
	}
	return -1;
}
