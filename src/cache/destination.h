/*
 * destination.h - where a job's files go: the official cache, or a local_dir.
 * Both layouts exactly as the official client has them (hub.md sections 9 and
 * 10), so that it finds what we wrote and we adopt what it wrote.
 *
 * The order of publishing (reliability P3, P5): content synced under its
 * partial name, renamed, directory synced (once for several); then every link of the commit; the
 * tree file; last the ref, by rename.  A reader sees the old revision or the
 * new one, never half.
 *
 * Nothing outside the root is touched: names are validated by the caller
 * (remote_path_problem) and walked without following links below the root.
 * Failures are ERR_DISK, ERR_PERMANENT for something planted in the way.
 */
#ifndef HFCRON_CACHE_DESTINATION_H
#define HFCRON_CACHE_DESTINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "model/local_file.h"
#include "model/remote_file.h"
#include "model/repo.h"
#include "platform/fs.h"
#include "platform/lock.h"

struct destination;

/*
 * local_dir NULL: <cache_dir>/<type>s--<id with -- for />.  `store_id` (8 hex)
 * is part of our partial files' names.  For a local_dir, cache_dir is where
 * content may be copied from.  Nothing is written.  Owned.
 */
struct destination *destination_new(const char *cache_dir,
    const char *local_dir, enum repo_type type, const char *id,
    const char *store_id, struct err *e);
void destination_free(struct destination *d);

/* The directory whose file system must have room. */
const char *destination_root(const struct destination *d);
/* Directory of partial files of this blob, for the store's partial key. */
const char *destination_partial_dir(const struct destination *d);
bool destination_is_local_dir(const struct destination *d);

/* Directories (0777 less umask), CACHEDIR.TAG, .gitignore: before the first
 * write. */
int destination_prepare(struct destination *d, struct err *e);

/*
 * What is there for one file at `commit`.  Fills in_place, blob_present and
 * *content (fstat of the content if in_place or blob_present; the caller
 * compares it with the store's record and sets blob_verified).  partial_*
 * are the caller's.
 *
 * Cache: in_place = snapshots/<commit>/<path> leads to the blob of that name,
 * right size; blob_present also for a regular file of that size there, as the
 * official client leaves it without symbolic links (in_place too, where there
 * can be none).  local_dir: in_place =
 * D/<path> is a regular file of the right size and its metadata is valid and
 * names this etag and commit; blob_present = right size there with no valid
 * metadata or with that of another commit, or staged by us, or in the main
 * cache.
 */
int destination_inspect(struct destination *d, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e);

/* Path of the content that inspect found.  Owned; NULL if none. */
char *destination_content_path(struct destination *d, const char *commit,
    const struct remote_file *file);

/* Our partial file for this blob (may not exist).  Owned; NULL: no memory.
 * Cache: blobs/<etag>.<store id>.hfcron.incomplete. */
char *destination_partial_path(struct destination *d,
    const struct remote_file *file);

/* The official client's lock for this blob; ERR_BUSY if another holds it.
 * Makes its directory. */
int destination_lock(struct destination *d, const struct remote_file *file,
    struct file_lock *lock, struct err *e);

/*
 * The partial file is whole, verified and synced: give it its mode and its
 * content name (cache: blobs/<etag>; local_dir: a staged name).  Content that is
 * there already is replaced.  The name is durable after destination_settle.
 */
int destination_accept(struct destination *d, const struct remote_file *file,
    struct err *e);

/*
 * Sync the directory of the names that were given since the last call: once for
 * many small files.  destination_place does so before anything leans on them;
 * the caller does before it forgets, or remembers, anything about them.
 */
int destination_settle(struct destination *d, struct err *e);

/*
 * Content that hashed wrong (the one that inspect found).  Cache, and what was
 * staged: renamed aside (never deleted, never adopted), to
 * <etag>.<time>.bad.hfcron.incomplete.  The user's D/<path> and the main
 * cache's blob stay, and are not offered again by this destination.
 */
int destination_set_aside(struct destination *d, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e);

/*
 * Put one file of the commit under its final name.  Cache: relative symlink
 * (atomically replaced), or what hub_cache.h says stands for it.  local_dir: rename staged (or copy cached) content
 * over D/<path>, then write its metadata, both under the official lock
 * (ERR_BUSY if another keeps it; the caller must not hold it).  Of files that
 * share a blob, the first placed must be proven; the others become equal to
 * it.  Directories are synced by publish.  *content: fstat of the content,
 * for the store.  ERR_BUSY if the content was taken away.
 */
int destination_place(struct destination *d, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e);

/*
 * All files of the commit that were wanted are placed: sync the directories,
 * write trees/<commit>.json from the whole listing (skipped if a xet hash is
 * masked), and last refs/<revision> (cache only, unless the revision is the
 * commit itself; only if changed).
 */
int destination_publish(struct destination *d,
    const struct remote_listing *listing, const char *revision, struct err *e);

/* The commit that refs/<revision> names now, "" if none.  local_dir: "". */
int destination_ref(struct destination *d, const char *revision,
    char commit[41], struct err *e);

/* When that file was written last; WALL_NONE if it is not there. */
int destination_ref_time(struct destination *d, const char *revision,
    struct wall *changed, struct err *e);

/* The folder a user opens: snapshots/<commit>, or the local_dir.  Owned. */
char *destination_snapshot_path(const struct destination *d,
    const char *commit);

/*
 * Read trees/<commit>.json into a listing (validated like the Hub's); *found
 * false if absent, of another format or damaged.
 */
int destination_read_tree(struct destination *d, const char *commit,
    struct remote_listing *out, bool *found, struct err *e);

#endif
