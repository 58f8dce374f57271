/* map_file.c - files that a library maps into memory. */
#include "platform/map_file.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <windows.h>

#include "platform/win32/handle.h"
#include "platform/win32/wide.h"

enum { CLOSING_TRIES = 40, CLOSING_MS = 50 };

intptr_t map_file_of(int fd)
{
	return (intptr_t)handle_of(fd);
}

int map_file_keep(intptr_t file)
{
	return SetHandleInformation((HANDLE)file, HANDLE_FLAG_INHERIT, 0)
	    ? 0
	    : wide_errno(GetLastError());
}

bool map_file_takes_space(void)
{
	return true;
}

void map_file_cover(intptr_t file, uint64_t bytes)
{
	/* LMDB has done so: a map cannot be longer than its file here. */
	(void)file;
	(void)bytes;
}

uint64_t map_file_limit(void)
{
	return UINT64_MAX;
}

int map_file_restart(int fd)
{
	HANDLE h = handle_of(fd);
	LARGE_INTEGER start = { .QuadPart = 0 };

	if (!SetFilePointerEx(h, start, NULL, FILE_BEGIN) || !SetEndOfFile(h))
		return wide_errno(GetLastError());
	return 0;
}

/* With the prefix that lifts the limit: scripts/windows-libraries.sh has LMDB
 * append its names with a backslash, as such a path wants it. */
char *map_file_path(const char *path)
{
	wchar_t *wide = wide_path(path);
	char *utf8 = wide == NULL ? NULL : wide_to_utf8(wide);

	free(wide);
	return utf8;
}

int map_file_errno(int code)
{
	/* LMDB mixes the C library's numbers with those of GetLastError. */
	if (code <= 0 || code == ENOMEM || code == EINVAL || code == ENOSPC)
		return code;
	return wide_errno((uint32_t)code);
}

/* LMDB gives its mutexes up before its share of the lock file: who comes between
 * is not the first, and finds no mutexes. */
bool map_file_wait_if_closing(int code, int tries)
{
	if (code != ERROR_FILE_NOT_FOUND || tries >= CLOSING_TRIES)
		return false;
	Sleep(tries == 0 ? 1 : CLOSING_MS);
	return true;
}
