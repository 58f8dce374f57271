/*
 * log.h - one line per event.
 *
 *   2026-11-22T15:10:00Z warn  message text key=value key="quoted value"
 *
 * One line is one write.  Text and values are escaped.  Only commands/,
 * transfer/engine and main log; lower rooms return errors, pure rooms reasons.
 * The sink is a function, so that base needs no file and tests can capture.
 */
#ifndef HFCRON_BASE_LOG_H
#define HFCRON_BASE_LOG_H

#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log {
	enum log_level level; /* lines above it are dropped */
	/* Gets one whole line with its newline; `level` is the line's. */
	void (*sink)(void *cookie, enum log_level level, const char *line,
	    size_t n);
	/* Seconds since 1970; a parameter, because base has no clock. */
	long long (*now_s)(void *cookie);
	void *cookie;
};

/* "error" "warn" "info" "debug" -> 0 and *level, else -1. */
int log_level_parse(const char *text, enum log_level *level);

/*
 * log may be NULL (nothing happens).  `pairs` after the message: key, value,
 * key, value, ..., NULL; a NULL value skips its pair.  Example:
 *   log_event(log, LOG_WARN, "will retry", "job", id, "kind", k, NULL);
 */
void log_event(const struct log *log, enum log_level level, const char *message,
    ...) __attribute__((sentinel));

#endif
