/*
 * strbuf.h - a growable string with a stated maximum.
 *
 * Errors stick: after a failed append (memory, or max_bytes exceeded) further
 * appends do nothing and strbuf_failed() says so; check once at the end.
 */
#ifndef HFCRON_BASE_STRBUF_H
#define HFCRON_BASE_STRBUF_H

#include <stdbool.h>
#include <stddef.h>

struct strbuf {
	char *text; /* own; terminated; NULL until the first append */
	size_t len;
	size_t cap;
	size_t max_bytes;
	bool failed;
};

void strbuf_init(struct strbuf *s, size_t max_bytes);
void strbuf_release(struct strbuf *s);
void strbuf_clear(struct strbuf *s); /* empty, keeps memory, forgets failure */
void strbuf_add(struct strbuf *s, const void *bytes, size_t n);
void strbuf_puts(struct strbuf *s, const char *text);
void strbuf_putc(struct strbuf *s, char c);
void strbuf_printf(struct strbuf *s, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 2, 3)));
bool strbuf_failed(const struct strbuf *s);
/* The text ("" if empty); borrowed until the next call. */
const char *strbuf_text(const struct strbuf *s);
/* Returns owned (free), NULL if it failed; the buffer is empty afterwards. */
char *strbuf_detach(struct strbuf *s);

#endif
