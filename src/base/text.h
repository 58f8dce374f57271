/*
 * text.h - UTF-8 checks, escaping, suggestions, small string helpers.  Pure.
 */
#ifndef HFCRON_BASE_TEXT_H
#define HFCRON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Copy `n` bytes of `text` to `out` (capacity `size`, always terminated) such
 * that a terminal, a log and a mail show it harmlessly: C0, DEL, C1, bidi
 * overrides, zero-width characters, line separators and invalid UTF-8 become
 * \xNN per byte; backslash becomes \\ only if `quote`.  Returns the length
 * written.  What does not fit is cut at a whole character or escape.
 */
size_t text_escape(const char *text, size_t n, bool quote, char *out,
    size_t size);

/* true if the bytes are valid UTF-8 (no overlong forms, no surrogates). */
bool text_is_utf8(const char *text, size_t n);

/*
 * Decode one code point at *pos (< n), advance *pos.  Invalid bytes yield
 * 0xFFFD and advance one byte.
 */
uint32_t text_next(const char *text, size_t n, size_t *pos);

/* A code point (up to 0x10FFFF) as UTF-8: returns how many bytes, 1 to 4, of
 * `out`, which is not terminated. */
size_t text_put(uint32_t code_point, char out[4]);

/*
 * The candidate nearest to `word` by edit distance (transpositions count 1),
 * or NULL if none is near enough to be meant (more than a third of the
 * word's length, at least 1).  Borrows both.  Words over 64 bytes: NULL.
 */
const char *text_nearest(const char *word, const char *const *candidates,
    size_t n);

/* Returns owned (free), or NULL if memory is short.  text may be NULL -> NULL */
char *text_dup(const char *text);
char *text_ndup(const char *text, size_t n);

/* printf into fresh memory; returns owned (free), NULL if memory is short. */
char *text_format(const char *fmt, ...)
    __attribute__((format(PRINTF_STYLE, 1, 2)));

bool text_starts(const char *text, const char *prefix);
bool text_ends(const char *text, const char *suffix);
/* ASCII only, locale-free. */
bool text_equal_nocase(const char *a, const char *b);

#endif
