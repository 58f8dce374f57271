/* http_headers.c - the headers of one answer. */
#include "http/http_headers.h"

#include <stdbool.h>
#include <string.h>

#include "base/text.h"

void http_headers_init(struct http_headers *h, size_t max_bytes)
{
	strbuf_init(&h->text, max_bytes);
	h->last = 0;
}

void http_headers_release(struct http_headers *h)
{
	strbuf_release(&h->text);
	h->last = 0;
}

void http_headers_clear(struct http_headers *h)
{
	strbuf_clear(&h->text);
	h->last = 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool has_control(const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

static bool is_token(const char *text, size_t n)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	size_t i;

	for (i = 0; i < n; i++) {
		char c = text[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= '0' && c <= '9') &&
		    memchr(others, c, sizeof(others) - 1) == NULL)
			return false;
	}
	return n > 0;
}

/* Go on with the last value: its NUL becomes a space. */
static void fold(struct http_headers *h, const char *value, size_t n)
{
	if (h->last == 0 || n == 0)
		return;
	h->text.text[h->text.len - 1] = ' ';
	strbuf_add(&h->text, value, n);
	strbuf_putc(&h->text, '\0');
}

enum http_headers_problem http_headers_add(struct http_headers *h,
    const char *line, size_t n)
{
	const char *colon, *value;
	bool folded;

	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		n--;
	if (has_control(line, n))
		return HTTP_HEADERS_CONTROL;
	while (n > 0 && is_blank(line[n - 1]))
		n--;
	if (n == 0)
		return HTTP_HEADERS_FINE;
	folded = is_blank(line[0]);
	colon = folded ? NULL : memchr(line, ':', n);
	if (!folded &&
	    (colon == NULL || !is_token(line, (size_t)(colon - line))))
		return HTTP_HEADERS_FINE;
	for (value = folded ? line : colon + 1; value < line + n; value++)
		if (!is_blank(*value))
			break;
	if (folded) {
		fold(h, value, (size_t)(line + n - value));
	} else {
		strbuf_add(&h->text, line, (size_t)(colon - line));
		strbuf_putc(&h->text, '\0');
		h->last = h->text.len;
		strbuf_add(&h->text, value, (size_t)(line + n - value));
		strbuf_putc(&h->text, '\0');
	}
	return strbuf_failed(&h->text) ? HTTP_HEADERS_FULL : HTTP_HEADERS_FINE;
}

const char *http_headers_get(const struct http_headers *h, const char *name,
    size_t i)
{
	const char *text = strbuf_text(&h->text);
	size_t pos = 0;

	if (strbuf_failed(&h->text))
		return NULL;
	while (pos < h->text.len) {
		const char *key = text + pos;
		const char *value = key + strlen(key) + 1;

		if (text_equal_nocase(key, name)) {
			if (i == 0)
				return value;
			i--;
		}
		pos = (size_t)(value - text) + strlen(value) + 1;
	}
	return NULL;
}
