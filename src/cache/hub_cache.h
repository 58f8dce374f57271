/*
 * hub_cache.h - the official client's cache of one repository (hub.md section
 * 9).  Every function is the one of its name in destination.h.
 *
 * Where symbolic links cannot be (Windows without the right to make them, FAT),
 * or HF_HUB_DISABLE_SYMLINKS wants none, the official client leaves the file
 * itself where the link belongs.  So do we, as a second name of the blob, so
 * that the next commit finds it: both are one file.  Where there are no second
 * names either, the blob is moved there, and its twins are copies.
 */
#ifndef HFCRON_CACHE_HUB_CACHE_H
#define HFCRON_CACHE_HUB_CACHE_H

#include "cache/destination.h"
#include "cache/name_map.h"
#include "cache/walk.h"

/* Symbolic links below the root. */
enum link_support { LINKS_UNKNOWN, LINKS_WORK, LINKS_IMPOSSIBLE };

struct hub_cache {
	char *root;	 /* own; the cache */
	char *folder;	 /* own; models--org--name */
	char *repo;	 /* own; root/folder */
	char *blobs;	 /* own; repo/blobs */
	char *blobs_rel; /* own; folder/blobs/ */
	char store_id[9];
	struct walk links; /* snapshots, refs and trees */
	struct walk blob_walk;
	struct walk lock_walk;
	bool names_unsynced;	   /* accepted since the last settle */
	enum link_support support; /* LINKS_IMPOSSIBLE: or unwanted */
	struct name_map moved; /* blob -> where it was moved to, below root */
};

/* CACHEDIR.TAG in `dir`, unless something of that name is there. */
int hub_cache_write_tag(const char *dir, struct err *e);

int hub_cache_init(struct hub_cache *c, const char *root, enum repo_type type,
    const char *id, const char *store_id, struct err *e);
void hub_cache_release(struct hub_cache *c);

int hub_cache_prepare(struct hub_cache *c, struct err *e);
int hub_cache_inspect(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e);
char *hub_cache_content_path(struct hub_cache *c, const char *commit,
    const struct remote_file *file);
char *hub_cache_partial_path(const struct hub_cache *c,
    const struct remote_file *file);
int hub_cache_lock(struct hub_cache *c, const struct remote_file *file,
    struct file_lock *lock, struct err *e);
int hub_cache_accept(struct hub_cache *c, const struct remote_file *file,
    struct err *e);
int hub_cache_settle(struct hub_cache *c, struct err *e);
int hub_cache_set_aside(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e);
int hub_cache_place(struct hub_cache *c, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e);
int hub_cache_publish(struct hub_cache *c, const struct remote_listing *listing,
    const char *revision, struct err *e);
int hub_cache_ref_time(struct hub_cache *c, const char *revision,
    struct wall *changed, struct err *e);
int hub_cache_ref(struct hub_cache *c, const char *revision, char commit[41],
    struct err *e);
char *hub_cache_snapshot_path(const struct hub_cache *c, const char *commit);
int hub_cache_read_tree(struct hub_cache *c, const char *commit,
    struct remote_listing *out, bool *found, struct err *e);

#endif
