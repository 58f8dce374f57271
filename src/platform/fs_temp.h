/* fs_temp.h - names of temporary files.  For posix/ and win32/ only. */
#ifndef HFCRON_PLATFORM_FS_TEMP_H
#define HFCRON_PLATFORM_FS_TEMP_H

#include "base/err.h"

/*
 * ".<name>.<random>.tmp" beside `path`, or in `dir` if not NULL; a name that
 * would get too long is shortened.  Nothing is created.  Returns owned
 * (free), NULL with *e.
 */
char *fs_temp_path(const char *path, const char *dir, struct err *e);

#endif
