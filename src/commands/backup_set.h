/*
 * backup_set.h - the numbered backups in <state_dir>/backups.
 *
 *	backups/0007/manifest.json	what is in it, from where, and its hashes
 *	backups/0007/hfcron.yaml	the configuration, if there was one
 *	backups/0007/models-1.json	the model lists, in order
 *	backups/0007/store.mdb		a copy of the store, in some of them
 *
 * A folder gets its number by one rename when all of it is durable.  A folder
 * without a manifest is none of ours and is left alone.  Never a token:
 * token_file is not copied.
 */
#ifndef HFCRON_COMMANDS_BACKUP_SET_H
#define HFCRON_COMMANDS_BACKUP_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "commands/session.h"
#include "formats/json_write.h"

enum { BACKUP_NAME_MAX = 64, BACKUP_WORD_MAX = 16 };

enum backup_role { BACKUP_CONFIGURATION, BACKUP_LIST, BACKUP_STORE };

struct backup_file {
	enum backup_role role;
	char name[BACKUP_NAME_MAX]; /* within the backup's folder */
	char *path;		    /* own; where it was copied from */
	uint64_t size;
	char sha256[65];
};

struct backup {
	uint64_t number; /* 0: not of the set, but named by its folder */
	char *dir;	 /* own */
	struct wall made_at;
	char reason[BACKUP_WORD_MAX]; /* why: "manual", "changed", "restore" */
	char *state_dir;	      /* own; of the configuration then */
	struct backup_file *files;    /* own */
	size_t n;
};

#define BACKUP_MANUAL "manual"	 /* hfcron backup */
#define BACKUP_CHANGED "changed" /* a run found configuration or list changed */
#define BACKUP_RESTORE "restore" /* what a restore replaced */

void backup_release(struct backup *b);
uint64_t backup_bytes(const struct backup *b);
const struct backup_file *backup_find(const struct backup *b,
    enum backup_role role);
const char *backup_role_name(enum backup_role role);

/* Read a backup's manifest.  ERR_USAGE if `dir` is no backup. */
int backup_read(const char *dir, struct backup *b, struct err *e);
/* All that have a readable manifest, the oldest first; *highest is the highest
 * number in use by whatever it is.  Owned: backups_free. */
int backups_all(const struct session *s, struct backup **all, size_t *n,
    uint64_t *highest, struct err *e);
void backups_free(struct backup *all, size_t n);

/* SHA-256 and size of a file's content. */
int backup_hash_file(const char *path, char sha256[65], uint64_t *size,
    struct err *e);
/* Sizes and hashes of all its files.  ERR_STATE naming what is wrong. */
int backup_verify(const struct backup *b, struct err *e);

/*
 * Back up the configuration and the lists, as they are on disk, and the store
 * if there is one and `with_store`.  ERR_BUSY if another backup is being made.
 * The older ones of the same reason beyond backup.keep are then removed, but
 * not `spared` (0: none).
 */
int backup_make(struct session *s, const char *reason, bool with_store,
    uint64_t spared, struct backup *made, struct err *e);
/* Without the store, unless the newest backup has the same configuration and
 * lists. */
int backup_if_changed(struct session *s, struct err *e);

/* Print all, the newest first; of `backup` and `restore`.  0, or -1 after a
 * complaint. */
int backup_list(struct session *s, const char *command);

/* Numbers, times, files: one object. */
void backup_json(struct json_writer *w, const struct backup *b);

#endif
