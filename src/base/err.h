/*
 * err.h - errors as values.
 *
 * A fallible function returns 0 or -1 (or NULL) and fills the caller's
 * struct err, always its last parameter; on success the struct is untouched.
 * The text lives inside the struct, so that "out of memory" needs no memory.
 * A text has no full stop, no newline and no secret; whatever came from
 * outside is escaped (err_set escapes every control and non-ASCII byte that
 * is not valid UTF-8 text, see text_escape in base/text.h).
 */
#ifndef HFCRON_BASE_ERR_H
#define HFCRON_BASE_ERR_H

#include <stdbool.h>
#include <stdint.h>

/* The kind answers one question: who must act next? */
enum err_kind {
	ERR_NONE,
	ERR_USAGE,	 /* the user: command line */
	ERR_CONFIG,	 /* the user: configuration or model list */
	ERR_AUTH,	 /* the user: token or gate; the job is parked */
	ERR_TRANSIENT,	 /* time: retry with back-off */
	ERR_UNREACHABLE, /* time: like TRANSIENT, but the Hub or the network
			   could not be reached: not counted against a job */
	ERR_PERMANENT,	 /* the user: the model list names what is not there
			   (gone, refused name); the job is parked */
	ERR_INTEGRITY,	 /* us: discard and fetch again once */
	ERR_DISK,	 /* the user: space, quota, I/O on the destination */
	ERR_STATE,	 /* the user: the store cannot be used */
	ERR_BUSY,	 /* nobody: another run or program holds it */
	ERR_CANCELLED,	 /* nobody: signal, window or budget ended it */
	ERR_NOMEM,
	ERR_BUG /* us, with file and line */
};

enum { ERR_TEXT_MAX = 480 };

struct err {
	enum err_kind kind;
	int os_code;	       /* errno, 0 if none */
	int64_t retry_after_s; /* what the server asked for, -1 if nothing */
	char text[ERR_TEXT_MAX];
	bool rate_limited; /* TRANSIENT, and only because we asked too often */
};

/* An err that says nothing yet: `struct err e = ERR_INIT;` */
#define ERR_INIT                           \
	{                                  \
		ERR_NONE, 0, -1, "", false \
	}

/* Fill *e; always returns -1.  Over-long texts are cut at a whole character. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 3, 4)));

/* Like err_set, with os_code = errno and ": <strerror>" appended. */
int err_errno(struct err *e, enum err_kind kind, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 3, 4)));

/* Put "<context>: " before the text that is there; always returns -1. */
int err_wrap(struct err *e, const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 2, 3)));

/* "out of memory"; always returns -1. */
int err_nomem(struct err *e);

/* A broken invariant: ERR_BUG with file and line; always returns -1. */
#define ERR_BUG_HERE(e, what) \
	err_set((e), ERR_BUG, "bug at %s:%d: %s", __FILE__, __LINE__, (what))

/* The word for a kind as stored and printed: "auth", "transient", ... */
const char *err_kind_name(enum err_kind kind);

/* The kind for a word, or ERR_NONE if unknown. */
enum err_kind err_kind_from_name(const char *name);

#endif
