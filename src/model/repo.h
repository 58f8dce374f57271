/*
 * repo.h - names of repositories and revisions, by the Hub's own rules
 * (hub.md section 3).  Pure.
 */
#ifndef HFCRON_MODEL_REPO_H
#define HFCRON_MODEL_REPO_H

#include <stdbool.h>
#include <stddef.h>

enum repo_type { REPO_MODEL, REPO_DATASET, REPO_SPACE };

/* "model" "dataset" "space"; parse: 0 or -1. */
const char *repo_type_name(enum repo_type type);
int repo_type_parse(const char *text, enum repo_type *type);
/* "models--" "datasets--" "spaces--" */
const char *repo_type_folder_prefix(enum repo_type type);

/*
 * name or namespace/name; characters A-Za-z0-9_.-; each part begins and ends
 * with a letter, digit or "_"; name 1..96 long; no "--", no "..", not ending
 * in ".git".  Returns NULL if valid, else a static text that says which rule
 * is broken.
 */
const char *repo_id_problem(const char *id);

/*
 * A branch, tag, 40-hex commit, refs/pr/N or refs/convert/NAME that is also
 * safe as a relative path under refs/: 1..255 bytes, no control bytes, space,
 * backslash, "..", "." or empty segment, leading "-", none of ~^:?*[, no
 * segment ending in ".lock" or ".tmp".  NULL if valid, else which rule.
 */
const char *repo_revision_problem(const char *revision);

/* Exactly 40 lower-case hex digits. */
bool repo_is_commit(const char *revision);

/* "models--org--name"; returns owned, NULL: no memory. */
char *repo_cache_folder(enum repo_type type, const char *id);

#endif
