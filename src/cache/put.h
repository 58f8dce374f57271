/*
 * put.h - putting names in place, each by one rename, so that a kill leaves
 * the old or the new one.  Temporary names begin with ".hfcron." or end in
 * ".hfcron.incomplete", in a folder where no reader looks for files.
 */
#ifndef HFCRON_CACHE_PUT_H
#define HFCRON_CACHE_PUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/instant.h"
#include "platform/fs.h"

/*
 * An empty directory at `path` is removed; one with something in it is
 * ERR_PERMANENT.  Everything else can be renamed over.
 */
int put_clear_way(const char *path, struct err *e);

/*
 * Rename over whatever is there; `from` absent: ERR_BUSY, another program
 * took it away.
 */
int put_file(const char *from, const char *path, struct err *e);

/* Give the file a second name (a hard link), over whatever is there. */
int put_second_name(const char *from, const char *path, const char *temp_dir,
    struct err *e);

/*
 * A file with what `write` writes (from its start; `temp` is its name until it
 * is complete, and syncing is its business), over whatever is there.  0666 less
 * umask.
 */
int put_written(const char *path, const char *temp_dir,
    int (*write)(void *cookie, int fd, const char *temp, struct err *e),
    void *cookie, struct err *e);

/* A copy of the file, synced, over whatever is there. */
int put_copy(const char *from, const char *path, const char *temp_dir,
    struct err *e);

/* Does this failure of put_link or put_second_name say that the system makes no
 * links there (Windows without the right to, FAT), rather than that it could
 * not? */
bool put_links_impossible(const struct err *e);

/*
 * Can there be symbolic links in `dir`?  Makes one, looks at it and removes it,
 * as the official client does.  true also if that cannot be found out.
 */
bool put_links_work(const char *dir);

/* Symbolic link at `path`; the one that is there stays if it is right. */
int put_link(const char *target, const char *path, const char *temp_dir,
    struct err *e);

/* Is there a symbolic link with just this target? */
enum put_found { PUT_ABSENT, PUT_RIGHT_LINK, PUT_OTHER_LINK, PUT_NO_LINK };
int put_find_link(const char *target, const char *path, enum put_found *found,
    struct err *e);

/*
 * A small file that may be lost in a power cut, but not mixed up: no sync.
 * 0666 less umask.
 */
int put_hint(const char *path, const char *temp_dir, const void *bytes,
    size_t n, struct err *e);

/*
 * Content that others wrote may still be in memory only.  The kernel writes
 * back within half a minute: what is older than two is not synced again.
 */
int put_sync_recent(const char *path, const struct fs_stat *st, struct wall now,
    struct err *e);

/* Permission bits as any new file would have them (0666 less umask). */
int put_open_mode(const char *path, struct err *e);

#endif
