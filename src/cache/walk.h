/*
 * walk.h - directories below a root, never through a link.
 *
 * A listing is sorted, so that the directory of one file is nearly always that
 * of the next: the last one is remembered, and a walk costs nothing more.
 * What others do to the tree between the look and the use is not seen.
 */
#ifndef HFCRON_CACHE_WALK_H
#define HFCRON_CACHE_WALK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct walk {
	const char *root; /* foreign; may itself be a link */
	char *dir;	  /* own; relative, with its "/"; NULL: none */
	bool there;
	char **touched; /* own; directories whose entries changed */
	size_t n_touched, cap_touched;
};

void walk_init(struct walk *w, const char *root);
void walk_release(struct walk *w);

/*
 * Are the directories of `rel` (its last component excluded) there?  A link
 * or a file in their place is ERR_PERMANENT naming it.
 */
int walk_look(struct walk *w, const char *rel, bool *there, struct err *e);

/* Make them, 0777 less umask. */
int walk_make(struct walk *w, const char *rel, struct err *e);

/* Another program removed directories: look anew. */
void walk_forget(struct walk *w);

/* The directory of `rel` is to be synced by walk_sync. */
int walk_touch(struct walk *w, const char *rel, struct err *e);

/* Sync each touched directory once, and forget them. */
int walk_sync(struct walk *w, struct err *e);

#endif
