/* fs_error.h - how the file system's failures are told.  For posix/ only. */
#ifndef HFCRON_PLATFORM_POSIX_FS_ERROR_H
#define HFCRON_PLATFORM_POSIX_FS_ERROR_H

#include "base/err.h"

/*
 * ERR_DISK from errno: "cannot <verb> <path>: <reason>".  A full file system,
 * a lack of inodes and an exhausted quota are told apart.  Returns -1.
 */
int fs_error(struct err *e, const char *verb, const char *path);

#endif
