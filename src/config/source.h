/*
 * source.h - one of the user's files, read once and turned into a tree.
 *
 * Whatever is wrong with it as a whole (absent, unreadable, not safe to
 * obey, no YAML or JSON) is added to the problems.
 */
#ifndef HFCRON_CONFIG_SOURCE_H
#define HFCRON_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/problems.h"
#include "formats/tree.h"

enum source_format { SOURCE_YAML, SOURCE_JSON };

/*
 * The file's bytes; returns owned (free), terminated.  NULL after a problem
 * was added; if `absent` is not NULL, a file that is not there is no problem
 * but sets it.  A file that root obeys must be root's and nobody else may
 * write it.
 */
char *source_read(const char *path, enum source_format format, size_t *n,
    bool *absent, struct problems *problems);

/* false after a problem was added; duplicate keys are problems too, but the
 * tree is there, and its readers must bear them.  *tree is owned (tree_free);
 * its root may be NULL (an empty YAML document). */
bool source_parse(const char *file, enum source_format format, const char *text,
    size_t n, struct tree **tree, struct problems *problems);

#endif
