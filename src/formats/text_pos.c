/* text_pos.c - byte offsets to line and column. */
#include "formats/text_pos.h"

struct text_pos text_pos_at(const char *text, size_t n, size_t offset)
{
	struct text_pos pos = { 1, 1 };

	return text_pos_move(pos, text, 0, offset < n ? offset : n);
}

struct text_pos text_pos_move(struct text_pos pos, const char *text,
    size_t from, size_t to)
{
	size_t i;

	for (i = from; i < to; i++) {
		if (text[i] == '\n') {
			pos.line++;
			pos.column = 1;
		} else if (((unsigned char)text[i] & 0xC0) != 0x80) {
			pos.column++;
		}
	}
	return pos;
}
