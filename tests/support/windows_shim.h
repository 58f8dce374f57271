/*
 * windows_shim.h - the few calls of POSIX that unit tests make for themselves,
 * for building them with MinGW.  Included before all else in the tests' objects
 * and nowhere else; what hfcron itself needs is in src/platform/win32.
 */
#ifndef HFCRON_TESTS_SUPPORT_WINDOWS_SHIM_H
#define HFCRON_TESTS_SUPPORT_WINDOWS_SHIM_H

#include <direct.h>
#include <errno.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static inline int setenv(const char *name, const char *value, int overwrite)
{
	if (!overwrite && getenv(name) != NULL)
		return 0;
	return _putenv_s(name, value);
}

static inline int unsetenv(const char *name)
{
	return _putenv_s(name, "");
}

static inline char *mkdtemp(char *template)
{
	return _mktemp(template) != NULL && _mkdir(template) == 0 ? template
								  : NULL;
}

static inline struct tm *localtime_r(const time_t *t, struct tm *tm)
{
	return localtime_s(tm, t) == 0 ? tm : NULL;
}

static inline struct tm *gmtime_r(const time_t *t, struct tm *tm)
{
	return gmtime_s(tm, t) == 0 ? tm : NULL;
}

static inline int symlink(const char *target, const char *path)
{
	(void)target;
	(void)path;
	errno = ENOSYS;
	return -1;
}

static inline int geteuid(void)
{
	return 0;
}

#define mkdir(path, mode) _mkdir(path)
#define lstat(path, st) stat((path), (st))
#define timegm(tm) _mkgmtime(tm)

#endif
