/*
 * store_walk.h - reading a whole store where that can kill nobody.
 *
 * LMDB follows what stands in its pages without a look: in a damaged file it
 * dies by signal, or runs in circles.  So a child goes first, and the caller
 * has not begun to use LMDB on that file.
 */
#ifndef HFCRON_STORE_STORE_WALK_H
#define HFCRON_STORE_STORE_WALK_H

#include "base/err.h"
#include "platform/process_try.h"

/*
 * Visit every record and the list of free pages of the LMDB file `data`, whose
 * meta pages were checked (store_check.h) and which nobody else writes
 * meanwhile: keys ascend, each table and the whole have as many records as
 * they say.  Records whose checksum is wrong are none of this: they harm
 * nobody and are swept later.  If `trial` is not NULL: then write to a copy of
 * that name, and visit that; the copy is removed.  A store of a newer schema
 * is not looked into.
 *
 * *why is NULL, or a static text that says what is wrong.  What cannot be
 * found out, for want of memory or space, is taken for sound.
 */
void store_walk(const char *data, const char *trial, const char **why);

/* What the child does: for process_try_serve. */
extern const struct process_work store_walk_work;

#endif
