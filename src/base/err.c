/* err.c - errors as values. */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Escaping never shortens, so what is cut off here would not fit anyway. */
enum { RAW_MAX = ERR_TEXT_MAX + 8 };

static const char *const kind_names[] = {
	[ERR_NONE] = "none",
	[ERR_USAGE] = "usage",
	[ERR_CONFIG] = "config",
	[ERR_AUTH] = "auth",
	[ERR_TRANSIENT] = "transient",
	[ERR_UNREACHABLE] = "unreachable",
	[ERR_PERMANENT] = "permanent",
	[ERR_INTEGRITY] = "integrity",
	[ERR_DISK] = "disk",
	[ERR_STATE] = "state",
	[ERR_BUSY] = "busy",
	[ERR_CANCELLED] = "cancelled",
	[ERR_NOMEM] = "nomem",
	[ERR_BUG] = "bug",
};

enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]) };

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	char raw[RAW_MAX] = "";
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	e->kind = kind;
	e->os_code = 0;
	e->rate_limited = false;
	e->retry_after_s = -1;
	(void)text_escape(raw, strlen(raw), false, e->text, sizeof(e->text));
	return -1;
}

int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	int code = errno;
	/* Constant texts for known numbers: safe from any thread. */
	const char *reason = strerror(code);
	char raw[RAW_MAX] = "";
	size_t reason_n = strlen(reason), len;
	va_list args;

	if (reason_n > ERR_TEXT_MAX / 2)
		reason_n = ERR_TEXT_MAX / 2;
	va_start(args, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	e->kind = kind;
	e->os_code = code;
	e->retry_after_s = -1;
	/* A long path is cut, so that the reason survives. */
	len = text_escape(raw, strlen(raw), false, e->text,
	    sizeof(e->text) - reason_n - 2);
	(void)snprintf(e->text + len, sizeof(e->text) - len, ": %.*s",
	    (int)reason_n, reason);
	return -1;
}

int err_wrap(struct err *e, const char *fmt, ...)
{
	char raw[RAW_MAX] = "";
	va_list args;
	size_t used;

	va_start(args, fmt);
	(void)vsnprintf(raw, sizeof(raw), fmt, args);
	va_end(args);
	used = strlen(raw);
	(void)snprintf(raw + used, sizeof(raw) - used, ": %s", e->text);
	(void)text_escape(raw, strlen(raw), false, e->text, sizeof(e->text));
	return -1;
}

int err_nomem(struct err *e)
{
	return err_set(e, ERR_NOMEM, "out of memory");
}

const char *err_kind_name(enum err_kind kind)
{
	if ((unsigned)kind >= KIND_COUNT)
		return kind_names[ERR_BUG];
	return kind_names[kind];
}

enum err_kind err_kind_from_name(const char *name)
{
	int i;

	for (i = 0; i < KIND_COUNT; i++)
		if (strcmp(name, kind_names[i]) == 0)
			return (enum err_kind)i;
	return ERR_NONE;
}
