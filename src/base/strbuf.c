/* strbuf.c - a growable string with a stated maximum. */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 64 };

void strbuf_init(struct strbuf *s, size_t max_bytes)
{
	s->text = NULL;
	s->len = 0;
	s->cap = 0;
	s->max_bytes = max_bytes < SIZE_MAX ? max_bytes : SIZE_MAX - 1;
	s->failed = false;
}

void strbuf_release(struct strbuf *s)
{
	free(s->text);
	strbuf_init(s, s->max_bytes);
}

void strbuf_clear(struct strbuf *s)
{
	s->len = 0;
	s->failed = false;
	if (s->text != NULL)
		s->text[0] = '\0';
}

/* Room for n more bytes and the terminator. */
static bool reserve(struct strbuf *s, size_t n)
{
	size_t need, cap;
	char *text;

	if (s->failed)
		return false;
	if (n > s->max_bytes - s->len) {
		s->failed = true;
		return false;
	}
	need = s->len + n + 1;
	if (need <= s->cap)
		return true;
	cap = s->cap == 0 ? FIRST_CAP : s->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	text = realloc(s->text, cap);
	if (text == NULL) {
		s->failed = true;
		return false;
	}
	s->text = text;
	s->cap = cap;
	return true;
}

void strbuf_add(struct strbuf *s, const void *bytes, size_t n)
{
	if (!reserve(s, n))
		return;
	if (n > 0)
		memcpy(s->text + s->len, bytes, n);
	s->len += n;
	s->text[s->len] = '\0';
}

void strbuf_puts(struct strbuf *s, const char *text)
{
	strbuf_add(s, text, strlen(text));
}

void strbuf_putc(struct strbuf *s, char c)
{
	strbuf_add(s, &c, 1);
}

void strbuf_printf(struct strbuf *s, const char *fmt, ...)
{
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	if (n < 0) {
		s->failed = true;
	} else if (reserve(s, (size_t)n)) {
		(void)vsnprintf(s->text + s->len, (size_t)n + 1, fmt, again);
		s->len += (size_t)n;
	}
	va_end(again);
	va_end(args);
}

bool strbuf_failed(const struct strbuf *s)
{
	return s->failed;
}

const char *strbuf_text(const struct strbuf *s)
{
	return s->text == NULL ? "" : s->text;
}

char *strbuf_detach(struct strbuf *s)
{
	char *text = NULL;

	strbuf_add(s, "", 0);
	if (!s->failed) {
		text = s->text;
		s->text = NULL;
	}
	strbuf_release(s);
	return text;
}
