/* json_write.c - writing JSON into a strbuf. */
#include "formats/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

enum { THOUSAND = 1000 };

/* From here on a double has no third decimal. */
#define REAL_WHOLE 1e12

void json_write_init(struct json_writer *w, struct strbuf *out, int indent)
{
	memset(w, 0, sizeof(*w));
	w->out = out;
	w->indent = indent;
}

static void new_line(struct json_writer *w)
{
	int i;

	if (w->indent < 0)
		return;
	strbuf_putc(w->out, '\n');
	for (i = 0; i < w->depth * w->indent; i++)
		strbuf_putc(w->out, ' ');
}

/* What stands before a key or an item of a list. */
static void begin_item(struct json_writer *w)
{
	if (w->depth == 0)
		return;
	if (w->has_items[w->depth - 1])
		strbuf_putc(w->out, ',');
	w->has_items[w->depth - 1] = true;
	new_line(w);
}

static void begin_value(struct json_writer *w)
{
	if (w->after_key)
		w->after_key = false;
	else
		begin_item(w);
}

static void begin_container(struct json_writer *w, char bracket)
{
	begin_value(w);
	if (w->depth == JSON_WRITE_DEPTH_MAX) {
		w->out->failed = true;
		return;
	}
	strbuf_putc(w->out, bracket);
	w->has_items[w->depth++] = false;
}

static void end_container(struct json_writer *w, char bracket)
{
	bool had_items;

	if (w->depth == 0) {
		w->out->failed = true;
		return;
	}
	had_items = w->has_items[--w->depth];
	if (had_items)
		new_line(w);
	strbuf_putc(w->out, bracket);
}

void json_write_begin_object(struct json_writer *w)
{
	begin_container(w, '{');
}

void json_write_end_object(struct json_writer *w)
{
	end_container(w, '}');
}

void json_write_begin_array(struct json_writer *w)
{
	begin_container(w, '[');
}

void json_write_end_array(struct json_writer *w)
{
	end_container(w, ']');
}

static void add_code_point(struct strbuf *out, uint32_t cp)
{
	switch (cp) {
	case '"':
		strbuf_puts(out, "\\\"");
		return;
	case '\\':
		strbuf_puts(out, "\\\\");
		return;
	case '\n':
		strbuf_puts(out, "\\n");
		return;
	case '\r':
		strbuf_puts(out, "\\r");
		return;
	case '\t':
		strbuf_puts(out, "\\t");
		return;
	default:
		break;
	}
	if (cp >= 0x20 && cp < 0x7f) {
		strbuf_putc(out, (char)cp);
	} else if (cp < 0x10000) {
		strbuf_printf(out, "\\u%04" PRIx32, cp);
	} else {
		cp -= 0x10000;
		strbuf_printf(out, "\\u%04" PRIx32 "\\u%04" PRIx32,
		    0xD800 + (cp >> 10), 0xDC00 + (cp & 0x3FF));
	}
}

static void add_quoted(struct strbuf *out, const char *text)
{
	size_t n = strlen(text), pos = 0;

	strbuf_putc(out, '"');
	while (pos < n)
		add_code_point(out, text_next(text, n, &pos));
	strbuf_putc(out, '"');
}

void json_write_key(struct json_writer *w, const char *key)
{
	begin_item(w);
	add_quoted(w->out, key);
	strbuf_puts(w->out, w->indent < 0 ? ":" : ": ");
	w->after_key = true;
}

void json_write_string(struct json_writer *w, const char *text)
{
	if (text == NULL) {
		json_write_null(w);
		return;
	}
	begin_value(w);
	add_quoted(w->out, text);
}

void json_write_u64(struct json_writer *w, uint64_t value)
{
	begin_value(w);
	strbuf_printf(w->out, "%" PRIu64, value);
}

void json_write_i64(struct json_writer *w, int64_t value)
{
	begin_value(w);
	strbuf_printf(w->out, "%" PRId64, value);
}

/* Digit by digit, because printf writes the locale's decimal point. */
void json_write_real(struct json_writer *w, double value)
{
	double size = fabs(value);
	uint64_t thousandths;

	if (!isfinite(value)) {
		json_write_null(w);
		return;
	}
	begin_value(w);
	if (size >= REAL_WHOLE) {
		strbuf_printf(w->out, "%.0f", value);
		return;
	}
	thousandths = (uint64_t)(size * THOUSAND + 0.5);
	if (value < 0 && thousandths > 0)
		strbuf_putc(w->out, '-');
	strbuf_printf(w->out, "%" PRIu64 ".%03" PRIu64, thousandths / THOUSAND,
	    thousandths % THOUSAND);
}

void json_write_bool(struct json_writer *w, bool value)
{
	begin_value(w);
	strbuf_puts(w->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *w)
{
	begin_value(w);
	strbuf_puts(w->out, "null");
}
