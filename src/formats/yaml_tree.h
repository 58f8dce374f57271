/*
 * yaml_tree.h - the only user of libyaml.
 *
 * Failures are ERR_CONFIG with a text that begins "LINE:COL: " (the caller
 * puts the file's name before it).  Refused: over TREE_YAML_BYTES_MAX, depth
 * over TREE_YAML_DEPTH_MAX (checked at every event: libyaml looks 1 KiB ahead
 * at most, but read to the end 100 KB of "[" take it 27 s), aliases, anchors,
 * tags, merge keys, %-directives, more than one document, keys that are not
 * scalars or empty, NUL, control characters, bytes that are not UTF-8.
 * Duplicate keys are the caller's business (tree_duplicates).  A scalar is
 * typed by the core schema: null ~ (empty), true false, integers and decimals
 * are TREE_NUMBER; all else is a string (so yes, 1:30 and 010 are strings and
 * the reader decides).
 */
#ifndef HFCRON_FORMATS_YAML_TREE_H
#define HFCRON_FORMATS_YAML_TREE_H

#include <stddef.h>

#include "formats/tree.h"

/* Returns owned (tree_free); NULL with *e. */
struct tree *yaml_tree_parse(const char *text, size_t n, struct err *e);

#endif
