/*
 * local_dir.h - real files in a folder of the user's choice, with the official
 * client's books beside them (hub.md section 10).  Every function is the one
 * of its name in destination.h.
 */
#ifndef HFCRON_CACHE_LOCAL_DIR_H
#define HFCRON_CACHE_LOCAL_DIR_H

#include "cache/destination.h"
#include "cache/name_map.h"
#include "cache/walk.h"

struct local_dir {
	char *root;	   /* own; the folder */
	char *books;	   /* own; root/.cache/huggingface */
	char *download;	   /* own; books/download */
	char *cache_blobs; /* own; where content may be copied from */
	char store_id[9];
	struct walk files;
	struct walk book_walk;
	bool names_unsynced;	 /* accepted since the last settle */
	struct name_map placed;	 /* blob -> path of a file placed by us */
	struct name_map refused; /* path of content that hashed wrong,
					   but is not ours to rename */
};

int local_dir_init(struct local_dir *d, const char *root, const char *cache_dir,
    enum repo_type type, const char *id, const char *store_id, struct err *e);
void local_dir_release(struct local_dir *d);

int local_dir_prepare(struct local_dir *d, struct err *e);
int local_dir_inspect(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e);
char *local_dir_content_path(struct local_dir *d, const char *commit,
    const struct remote_file *file);
char *local_dir_partial_path(const struct local_dir *d,
    const struct remote_file *file);
int local_dir_lock(struct local_dir *d, const struct remote_file *file,
    struct file_lock *lock, struct err *e);
int local_dir_accept(struct local_dir *d, const struct remote_file *file,
    struct err *e);
int local_dir_settle(struct local_dir *d, struct err *e);
int local_dir_set_aside(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e);
int local_dir_place(struct local_dir *d, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e);
int local_dir_publish(struct local_dir *d, const struct remote_listing *listing,
    struct err *e);
int local_dir_read_tree(struct local_dir *d, const char *commit,
    struct remote_listing *out, bool *found, struct err *e);

#endif
