/*
 * paths.h - what a path in the user's files may be, and how paths relate.
 *
 * A clean path is absolute, without "//", "/./", ".." and trailing "/".  The
 * relations compare texts: they know nothing of symbolic links, so that a
 * list of a hundred thousand entries costs no disk access.
 */
#ifndef HFCRON_CONFIG_PATHS_H
#define HFCRON_CONFIG_PATHS_H

#include <stdbool.h>

#include "base/err.h"

enum { PATHS_TEXT_MAX = 4000 };

/*
 * The clean path for what the user wrote: "~" expanded, relative to `dir`
 * (itself absolute).  Refused as ERR_CONFIG: empty, over PATHS_TEXT_MAX,
 * control characters, backslashes, drive letters where they mean nothing,
 * variables, "~user".  Returns owned (free).
 */
char *paths_resolve(const char *dir, const char *text, struct err *e);

/* The clean form of any path; a relative one starts at the working
 * directory.  Returns owned (free), NULL with *e. */
char *paths_absolute(const char *path, struct err *e);

/* true if the clean `path` is `dir` or lies in it. */
bool paths_within(const char *dir, const char *path);

/* Sorts a directory directly before all that lies in it. */
int paths_compare(const char *a, const char *b);

/* true for "/", for directories of the system and for what is in them where
 * nothing but the system writes. */
bool paths_is_system(const char *path);

#endif
