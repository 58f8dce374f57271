/* scratch.h - a folder for a test to work in, by the means of platform/. */
#ifndef HFCRON_TESTS_SUPPORT_SCRATCH_H
#define HFCRON_TESTS_SUPPORT_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Make a new folder, hfcron-<name>.<random> below $TMPDIR or /tmp, and write
 * its absolute path; 0 or -1. */
int scratch_make(char *path, size_t size, const char *name);

/* Remove the file, or the folder and all in it; absent is success; 0 or -1. */
int scratch_remove(const char *path);

/* Is there anything of that name, be it a link that leads nowhere? */
bool scratch_is_there(const char *path);

/* Are these the permissions?  Where files have none (Windows): true. */
bool scratch_mode_is(const char *path, unsigned mode);

#endif
