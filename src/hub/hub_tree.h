/* hub_tree.h - one page of a tree answer.  Pure. */
#ifndef HFCRON_HUB_HUB_TREE_H
#define HFCRON_HUB_HUB_TREE_H

#include "model/remote_file.h"

/*
 * Append the files of one page (JSON array; directories are skipped, unknown
 * types too).  Kinds as hub_listing says; not an array of objects is
 * ERR_TRANSIENT showing at most 200 escaped bytes.
 */
int hub_tree_page(const char *text, size_t n, struct remote_listing *out,
    struct err *e);

#endif
