/* problems.c - the list of what is wrong with the user's files. */
#include "config/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

/* One problem is one line of a terminal or a mail. */
enum { RAW_MAX = 1024, ESCAPED_MAX = 2048 };

void problems_init(struct problems *p)
{
	memset(p, 0, sizeof(*p));
}

void problems_release(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->items[i].file);
		free(p->items[i].text);
	}
	free(p->items);
	problems_init(p);
}

static void __attribute__((format(PRINTF_STYLE, 5, 0)))
add(struct problems *p, bool note, const char *file, struct text_pos pos,
    const char *fmt, va_list ap)
{
	char raw[RAW_MAX], escaped[ESCAPED_MAX];

	if (!note)
		p->n_errors++;
	if (p->n >= PROBLEMS_MAX)
		return;
	if (vec_grow((void **)&p->items, &p->cap, p->n + 1, sizeof(*p->items),
		PROBLEMS_MAX) == -1) {
		p->out_of_memory = true;
		return;
	}
	if (vsnprintf(raw, sizeof(raw), fmt, ap) < 0)
		raw[0] = '\0';
	text_escape(raw, strlen(raw), false, escaped, sizeof(escaped));

	struct problem *item = &p->items[p->n];
	item->file = text_dup(file);
	item->text = text_dup(escaped);
	item->pos = pos;
	item->note = note;
	if (item->text == NULL || item->file == NULL) {
		free(item->file);
		free(item->text);
		p->out_of_memory = true;
		return;
	}
	p->n++;
}

void problems_add(struct problems *p, const char *file, struct text_pos pos,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, false, file, pos, fmt, ap);
	va_end(ap);
}

void problems_note(struct problems *p, const char *file, struct text_pos pos,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(p, true, file, pos, fmt, ap);
	va_end(ap);
}

/* Which of the files it is, by first appearance. */
static size_t file_rank(const struct problems *p, size_t from,
    const struct problem *item)
{
	size_t i = from;

	while (strcmp(p->items[i].file, item->file) != 0)
		i++;
	return i;
}

void problems_sort(struct problems *p, size_t from)
{
	struct problem sorted[PROBLEMS_MAX];
	size_t rank[PROBLEMS_MAX], n = 0;

	/* Stable insertion: there are few. */
	for (size_t i = from; i < p->n; i++, n++) {
		struct problem item = p->items[i];
		size_t item_rank = file_rank(p, from, &item), at = n;

		for (; at > 0; at--) {
			const struct problem *other = &sorted[at - 1];

			if (rank[at - 1] < item_rank ||
			    (rank[at - 1] == item_rank &&
				(other->pos.line < item.pos.line ||
				    (other->pos.line == item.pos.line &&
					other->pos.column <= item.pos.column))))
				break;
			sorted[at] = sorted[at - 1];
			rank[at] = rank[at - 1];
		}
		sorted[at] = item;
		rank[at] = item_rank;
	}
	if (n > 0)
		memcpy(p->items + from, sorted, n * sizeof(sorted[0]));
}

const char *problems_line(const struct problem *p, char *buf, size_t size)
{
	char file[1024];

	text_escape(p->file, strlen(p->file), false, file, sizeof(file));
	if (p->pos.line > 0)
		snprintf(buf, size, "%s:%d:%d: %s", file, p->pos.line,
		    p->pos.column, p->text);
	else
		snprintf(buf, size, "%s: %s", file, p->text);
	return buf;
}
