/* handle.h - descriptors and the handles behind them.  For win32/ only. */
#ifndef HFCRON_PLATFORM_WIN32_HANDLE_H
#define HFCRON_PLATFORM_WIN32_HANDLE_H

#include <stdbool.h>
#include <stdint.h>
#include <windows.h>

#include "base/err.h"
#include "platform/fs.h"

/* INVALID_HANDLE_VALUE for what is no descriptor. */
HANDLE handle_of(int fd);

/*
 * CreateFileW that shares with everybody, so that files in use can be renamed
 * and removed as on Unix.  `path` as of wide_path.
 */
HANDLE handle_open(const wchar_t *path, DWORD access, DWORD disposition,
    DWORD flags);

/* Fill from an open file; 0, or -1 with SetLastError. */
int handle_stat(HANDLE h, struct fs_stat *st);

/* For moments only: what keeps a name busy is a virus scanner, an indexer, or a
 * reader about to close.  Call it after a failure with tries = 0, 1, 2, ...;
 * false: it is not that, or has lasted two seconds. */
bool handle_wait_if_busy(int tries);

#endif
