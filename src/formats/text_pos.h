/* text_pos.h - byte offsets to line and column, both from 1; columns count
 * code points.  Pure. */
#ifndef HFCRON_FORMATS_TEXT_POS_H
#define HFCRON_FORMATS_TEXT_POS_H

#include <stddef.h>

struct text_pos {
	int line, column;
};

struct text_pos text_pos_at(const char *text, size_t n, size_t offset);

/* The position of offset `to`, if `pos` is that of `from` <= `to`: for many
 * offsets in ascending order. */
struct text_pos text_pos_move(struct text_pos pos, const char *text,
    size_t from, size_t to);

#endif
