/* log.c - one line per event. */
#include "base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"

enum {
	LINE_MAX_BYTES = 4096, /* with its newline; the rest is cut */
	VALUE_MAX_BYTES = 1024 /* of one value, escaped */
};

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARN] = "warn",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

int log_level_parse(const char *text, enum log_level *level)
{
	size_t i;

	for (i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(text, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -1;
}

/* Room for n bytes before the newline and the terminator. */
static bool fits(const struct line *line, size_t n)
{
	return n < sizeof(line->text) - 1 - line->len;
}

static void put(struct line *line, const char *text, size_t n)
{
	memcpy(line->text + line->len, text, n);
	line->len += n;
}

/* A pair is written whole or not at all. */
static void put_pair(struct line *line, const char *key, const char *value)
{
	char escaped[VALUE_MAX_BYTES];
	size_t key_n = strlen(key), value_n = strlen(value), n, marks = 0, i;
	bool quote;

	n = text_escape(value, value_n, false, escaped, sizeof(escaped));
	quote = n != value_n || strpbrk(escaped, " \"=\\") != NULL || n == 0;
	if (quote)
		n = text_escape(value, value_n, true, escaped, sizeof(escaped));
	for (i = 0; i < n; i++)
		if (escaped[i] == '"')
			marks++;
	if (!fits(line, key_n + n + marks + 4))
		return;
	put(line, " ", 1);
	put(line, key, key_n);
	put(line, quote ? "=\"" : "=", quote ? 2 : 1);
	for (i = 0; i < n; i++) {
		if (escaped[i] == '"')
			put(line, "\\", 1);
		put(line, escaped + i, 1);
	}
	if (quote)
		put(line, "\"", 1);
}

void log_event(const struct log *log, enum log_level level, const char *message,
    ...)
{
	char time_text[INSTANT_TEXT_MAX];
	struct wall now;
	struct line line;
	const char *key;
	va_list args;
	int n;

	if (log == NULL || log->sink == NULL || level > log->level)
		return;
	now.s = log->now_s(log->cookie);
	n = snprintf(line.text, sizeof(line.text), "%s %-5s ",
	    instant_format(now, time_text), level_names[level]);
	if (n < 0)
		return;
	line.len = (size_t)n;
	line.len += text_escape(message, strlen(message), false,
	    line.text + line.len, sizeof(line.text) - 1 - line.len);
	va_start(args, message);
	while ((key = va_arg(args, const char *)) != NULL) {
		const char *value = va_arg(args, const char *);

		if (value != NULL)
			put_pair(&line, key, value);
	}
	va_end(args);
	line.text[line.len++] = '\n';
	line.text[line.len] = '\0';
	log->sink(log->cookie, level, line.text, line.len);
}
