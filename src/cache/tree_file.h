/*
 * tree_file.h - trees/<commit>.json, the official client's list of a commit's
 * files, byte for byte as it writes it (format_version 1).
 */
#ifndef HFCRON_CACHE_TREE_FILE_H
#define HFCRON_CACHE_TREE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "cache/walk.h"
#include "model/remote_file.h"

/*
 * The listing (sorted) as JSON: `take` gets the text in parts, all but the last
 * of 64 KiB or a little more, and ends it with -1.  Pure.
 */
int tree_file_format(const struct remote_listing *listing,
    int (*take)(void *cookie, const char *bytes, size_t n, struct err *e),
    void *cookie, struct err *e);

/*
 * Validated like an answer of the Hub.  *found false, and `out` empty, for
 * another format or damage; -1 only if memory is short.  Pure.
 */
int tree_file_parse(const char *text, size_t n, const char *commit,
    struct remote_listing *out, bool *found, struct err *e);

/*
 * <walk's root>/<base>/trees/<commit>.json; not touched if it is there with
 * just this content, and not written if a xet hash is masked.  `temp_dir` is
 * on the same file system.  0666 less umask: the official client's 0600 keeps
 * other users of a shared cache from it.
 */
int tree_file_write(struct walk *w, const char *base, const char *temp_dir,
    const struct remote_listing *listing, struct err *e);

/* An unreadable file counts as absent. */
int tree_file_read(struct walk *w, const char *base, const char *commit,
    struct remote_listing *out, bool *found, struct err *e);

#endif
