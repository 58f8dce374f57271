/*
 * store_check.h - is it safe to show this file to LMDB?
 *
 * LMDB trusts its file: a cut-off one ends in SIGBUS, a page size of zero in
 * SIGFPE, and data.mdb is opened through links.  So we look first.
 */
#ifndef HFCRON_STORE_STORE_CHECK_H
#define HFCRON_STORE_STORE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"

/* A map is never larger, and no file of ours says otherwise. */
#define STORE_MAP_MAX_BYTES ((size_t)1 << 30)

/* Where everything is; all own. */
struct store_paths {
	char *state_dir;
	char *dir;   /* <state_dir>/store */
	char *data;  /* <dir>/data.mdb */
	char *lock;  /* <dir>/lock.mdb */
	char *mark;  /* <dir>/writing: there while somebody may write */
	char *trial; /* <dir>/trial.tmp: a copy to try a write on */
};

int store_paths_init(struct store_paths *p, const char *state_dir,
    struct err *e);
void store_paths_release(struct store_paths *p);

enum store_verdict {
	STORE_ABSENT, /* no file, or an empty one */
	STORE_SOUND,
	STORE_DAMAGED
};

/*
 * Refuse what is not ours alone: the directories and files must be no links
 * (state_dir itself may be one), have one name, belong to us and not be
 * writable by others; the file system must be local.  Absent is fine.
 */
int store_check_owner(const struct store_paths *p, struct err *e);

/*
 * Check both meta pages of p->data.  *verdict; if damaged, *why is a static
 * text.  -1: it cannot be read.
 */
int store_check_data(const struct store_paths *p, enum store_verdict *verdict,
    const char **why, struct err *e);

/*
 * Keep all others out: *fd is the caller's (fs_close), and while it is open no
 * other process can open the store.  ERR_BUSY if one has it open.  Not in a
 * process that has it open itself.
 */
int store_lock_alone(const struct store_paths *p, int *fd, struct err *e);

enum { STORE_BAD_KEPT = 3 };

/*
 * Move data.mdb to <state_dir>/store.bad-<now>, of which the newest
 * STORE_BAD_KEPT are kept.  ERR_BUSY if another process has the store open.
 * The lock file stays: it is what keeps LMDB's users apart.  Unless `anyway`,
 * the file is checked again once nobody else can have it open.  `name` gets
 * the new path, "" if there was nothing to move.
 */
int store_set_aside(const struct store_paths *p, struct wall now, bool anyway,
    char name[ERR_TEXT_MAX], struct err *e);

#endif
