/*
 * wide.h - the edge between UTF-8 and Windows' UTF-16, and how its failures are
 * told.  For win32/ only.
 */
#ifndef HFCRON_PLATFORM_WIN32_WIDE_H
#define HFCRON_PLATFORM_WIN32_WIDE_H

#include <stdint.h>
#include <wchar.h>

#include "base/err.h"

/* Returns owned (free); NULL: no memory, or no valid text. */
wchar_t *wide_from_utf8(const char *text);
/* What is no valid UTF-16 becomes U+FFFD. */
char *wide_to_utf8(const wchar_t *text);
/* With "/" between its parts, and without the prefix of a long path. */
char *wide_to_path(const wchar_t *text);

/*
 * A path for Windows' own calls: absolute, backslashes, and the prefix that
 * lifts the limit of 260 characters.  Refused is what would be another file than
 * it says: a name that ends in a dot or a space, which Windows drops, and
 * "name:stream".  Returns owned (free); NULL with SetLastError.
 */
wchar_t *wide_path(const char *path);

/* The errno that means most nearly what a code of GetLastError means. */
int wide_errno(uint32_t code);

/*
 * ERR_DISK from GetLastError: "cannot <verb> <path>: <the system's words>",
 * its errno in os_code; a full disk is named as such.  Returns -1.
 */
int wide_error(struct err *e, const char *verb, const char *path);

/* Any kind: the text, and the system's words for `code`.  Returns -1. */
int wide_error_text(struct err *e, enum err_kind kind, uint32_t code,
    const char *fmt, ...) __attribute__((format(PRINTF_STYLE, 4, 5)));

#endif
