/* wide.c - the edge between UTF-8 and UTF-16. */
#include "platform/win32/wide.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/text.h"

/* Missing in older MinGWs. */
#ifndef ERROR_DISK_QUOTA_EXCEEDED
#define ERROR_DISK_QUOTA_EXCEEDED 1295
#endif

#ifndef ERROR_DELETE_PENDING
#define ERROR_DELETE_PENDING 303
#endif
#ifndef ERROR_VIRUS_INFECTED
#define ERROR_VIRUS_INFECTED 225
#define ERROR_VIRUS_DELETED 226
#endif
/* ERROR_CLOUD_FILE_INCOMPATIBLE_HARDLINKS: a folder that OneDrive keeps. */
#define ERROR_CLOUD_HARDLINKS 396

enum { WORDS_MAX = 160, TEXT_MAX = 400 };

#define LONG_PREFIX L"\\\\?\\"
#define LONG_UNC_PREFIX L"\\\\?\\UNC\\"

wchar_t *wide_from_utf8(const char *text)
{
	int n = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1,
	    NULL, 0);
	wchar_t *wide = n <= 0 ? NULL : malloc((size_t)n * sizeof(*wide));

	if (wide != NULL)
		(void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text,
		    -1, wide, n);
	return wide;
}

char *wide_to_utf8(const wchar_t *text)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
	char *utf8 = n <= 0 ? NULL : malloc((size_t)n);

	if (utf8 != NULL)
		(void)WideCharToMultiByte(CP_UTF8, 0, text, -1, utf8, n, NULL,
		    NULL);
	return utf8;
}

char *wide_to_path(const wchar_t *text)
{
	const wchar_t *from = text;
	char *path, *p;
	bool unc = wcsncmp(text, LONG_UNC_PREFIX, 8) == 0;

	if (unc)
		from += 6; /* one backslash of two: the other is put below */
	else if (wcsncmp(text, LONG_PREFIX, 4) == 0)
		from += 4;
	path = wide_to_utf8(from);
	if (path == NULL)
		return NULL;
	if (unc)
		path[0] = '/';
	for (p = path; *p != '\0'; p++)
		if (*p == '\\')
			*p = '/';
	return path;
}

/* GetFullPathNameW into fresh memory. */
static wchar_t *full_path(const wchar_t *wide)
{
	DWORD n = GetFullPathNameW(wide, 0, NULL, NULL), put;
	wchar_t *full = n == 0 ? NULL : malloc(((size_t)n + 1) * sizeof(*full));

	if (full == NULL)
		return NULL;
	/* More than n: another thread has changed the folder meanwhile. */
	put = GetFullPathNameW(wide, n, full, NULL);
	if (put > 0 && put < n)
		return full;
	free(full);
	return NULL;
}

static bool parts(wchar_t c)
{
	return c == L'/' || c == L'\\' || c == L'\0';
}

/* Does a name end in what Windows drops in silence?  "a." would be "a". */
static bool has_dropped_end(const wchar_t *path)
{
	size_t from = 0, i;

	for (i = 0; i == 0 || path[i - 1] != L'\0'; i++) {
		const size_t n = i - from;

		if (!parts(path[i]))
			continue;
		if (n > 0 && (path[i - 1] == L'.' || path[i - 1] == L' ') &&
		    !(n == 1 && path[from] == L'.') &&
		    !(n == 2 && path[from] == L'.' && path[from + 1] == L'.'))
			return true;
		from = i + 1;
	}
	return false;
}

/* Would it be a second content of a file, "file:name"?  `path` is one of
 * with_prefix; what is a device has none. */
static bool has_stream(const wchar_t *path)
{
	const wchar_t *colon;

	if (wcsncmp(path, LONG_PREFIX, 4) != 0)
		return false;
	colon = wcschr(path + 4, L':');
	if (colon == path + 5) /* the drive's */
		colon = wcschr(path + 6, L':');
	return colon != NULL;
}

/* Takes `full`. */
static wchar_t *with_prefix(wchar_t *full)
{
	const wchar_t *prefix = LONG_PREFIX, *rest = full;
	wchar_t *whole;
	size_t n;

	/* A device, or a prefix that is there. */
	if (wcsncmp(full, L"\\\\.\\", 4) == 0 ||
	    wcsncmp(full, LONG_PREFIX, 4) == 0)
		return full;
	if (full[0] == L'\\' && full[1] == L'\\') {
		prefix = LONG_UNC_PREFIX;
		rest += 2;
	}
	n = wcslen(prefix) + wcslen(rest) + 1;
	whole = malloc(n * sizeof(*whole));
	if (whole != NULL) {
		(void)wcscpy(whole, prefix);
		(void)wcscat(whole, rest);
	}
	free(full);
	return whole;
}

wchar_t *wide_path(const char *path)
{
	wchar_t *wide = wide_from_utf8(path), *full;

	if (wide == NULL || has_dropped_end(wide)) {
		free(wide);
		SetLastError(ERROR_INVALID_NAME);
		return NULL;
	}
	SetLastError(ERROR_SUCCESS);
	full = full_path(wide);
	free(wide);
	if (full != NULL)
		full = with_prefix(full);
	if (full == NULL && GetLastError() == ERROR_SUCCESS)
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
	if (full == NULL || !has_stream(full))
		return full;
	free(full);
	SetLastError(ERROR_INVALID_NAME);
	return NULL;
}

int wide_errno(uint32_t code)
{
	static const struct {
		uint32_t code;
		int number;
	} table[] = {
		{ ERROR_FILE_NOT_FOUND, ENOENT },
		{ ERROR_PATH_NOT_FOUND, ENOENT },
		{ ERROR_INVALID_DRIVE, ENOENT },
		{ ERROR_BAD_NETPATH, ENOENT },
		{ ERROR_BAD_NET_NAME, ENOENT },
		{ ERROR_INVALID_NAME, EINVAL },
		{ ERROR_BAD_PATHNAME, EINVAL },
		{ ERROR_INVALID_PARAMETER, EINVAL },
		{ ERROR_NOT_A_REPARSE_POINT, EINVAL },
		{ ERROR_ACCESS_DENIED, EACCES },
		{ ERROR_SHARING_VIOLATION, EACCES },
		{ ERROR_LOCK_VIOLATION, EACCES },
		{ ERROR_USER_MAPPED_FILE, EACCES },
		{ ERROR_DELETE_PENDING, EACCES },
		{ ERROR_CANT_ACCESS_FILE, EACCES },
		{ ERROR_VIRUS_INFECTED, EACCES },
		{ ERROR_VIRUS_DELETED, EACCES },
		{ ERROR_PRIVILEGE_NOT_HELD, EPERM },
		{ ERROR_WRITE_PROTECT, EROFS },
		{ ERROR_FILE_EXISTS, EEXIST },
		{ ERROR_ALREADY_EXISTS, EEXIST },
		{ ERROR_DIR_NOT_EMPTY, ENOTEMPTY },
		{ ERROR_DIRECTORY, ENOTDIR },
		{ ERROR_NOT_SAME_DEVICE, EXDEV },
		{ ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG },
		{ ERROR_BUFFER_OVERFLOW, ENAMETOOLONG },
		{ ERROR_DISK_FULL, ENOSPC },
		{ ERROR_HANDLE_DISK_FULL, ENOSPC },
		{ ERROR_DISK_QUOTA_EXCEEDED, ENOSPC },
		{ ERROR_FILE_TOO_LARGE, EFBIG },
		{ ERROR_TOO_MANY_LINKS, EMLINK },
		{ ERROR_NOT_ENOUGH_MEMORY, ENOMEM },
		{ ERROR_OUTOFMEMORY, ENOMEM },
		{ ERROR_COMMITMENT_LIMIT, ENOMEM },
		{ ERROR_TOO_MANY_OPEN_FILES, EMFILE },
		{ ERROR_INVALID_HANDLE, EBADF },
		{ ERROR_NOT_SUPPORTED, EOPNOTSUPP },
		{ ERROR_INVALID_FUNCTION, EOPNOTSUPP },
		{ ERROR_CALL_NOT_IMPLEMENTED, EOPNOTSUPP },
		{ ERROR_CLOUD_HARDLINKS, EOPNOTSUPP },
		{ ERROR_BROKEN_PIPE, EPIPE },
		{ ERROR_CANT_RESOLVE_FILENAME, ELOOP },
	};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].number;
	return EIO;
}

/* The system's words, on one line and without a full stop. */
static void words_for(uint32_t code, char words[WORDS_MAX])
{
	wchar_t wide[WORDS_MAX] = L"";
	DWORD n = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM |
		FORMAT_MESSAGE_IGNORE_INSERTS | FORMAT_MESSAGE_MAX_WIDTH_MASK,
	    NULL, code, 0, wide, WORDS_MAX, NULL);
	char *utf8;

	while (n > 0 && (wide[n - 1] <= L' ' || wide[n - 1] == L'.'))
		wide[--n] = L'\0';
	utf8 = n > 0 ? wide_to_utf8(wide) : NULL;
	if (utf8 != NULL)
		(void)snprintf(words, WORDS_MAX, "%s", utf8);
	else
		(void)snprintf(words, WORDS_MAX, "error %lu of Windows",
		    (unsigned long)code);
	free(utf8);
}

int wide_error_text(struct err *e, enum err_kind kind, uint32_t code,
    const char *fmt, ...)
{
	char words[WORDS_MAX], text[TEXT_MAX] = "";
	va_list args;

	words_for(code, words);
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	/* A long path is cut, so that the reason survives. */
	(void)err_set(e, kind, "%.*s: %s",
	    ERR_TEXT_MAX - 3 - (int)strlen(words), text, words);
	e->os_code = wide_errno(code);
	return -1;
}

int wide_error(struct err *e, const char *verb, const char *path)
{
	const DWORD code = GetLastError();

	if (wide_errno(code) != ENOSPC)
		return wide_error_text(e, ERR_DISK, code, "cannot %s %s", verb,
		    path);
	(void)err_set(e, ERR_DISK,
	    code == ERROR_DISK_QUOTA_EXCEEDED
		? "cannot %s %s: the disk quota of this user is used up"
		: "cannot %s %s: the disk is full",
	    verb, path);
	e->os_code = ENOSPC;
	return -1;
}
