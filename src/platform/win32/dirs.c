/* dirs.c - environment and the user's standard directories. */
#include "platform/dirs.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "platform/fs.h"
#include "platform/win32/wide.h"

enum {
	EXPANDED_MAX = 64 * 1024,
	VARIABLE_NAME_MAX = 128,
	KEPT_MAX = 4096,
	VARIABLES_MAX = 65536
};

/* CSIDL_* of shlobj.h. */
enum folder {
	FOLDER_APPDATA = 0x1a,
	FOLDER_LOCAL_APPDATA = 0x1c,
	FOLDER_PROGRAM_DATA = 0x23,
	FOLDER_PROFILE = 0x28
};

typedef HRESULT(WINAPI *shell_folder)(HWND, int, HANDLE, DWORD, wchar_t *);

/* What is lent out lives as long as the process; the same text once. */
static const char *keep(char *text)
{
	static char **kept;
	static size_t n, cap;
	size_t i;

	for (i = 0; text != NULL && i < n; i++)
		if (strcmp(kept[i], text) == 0) {
			free(text);
			return kept[i];
		}
	if (text == NULL ||
	    vec_grow((void **)&kept, &cap, n + 1, sizeof(*kept), KEPT_MAX) ==
		-1) {
		free(text);
		return NULL;
	}
	return kept[n++] = text;
}

/* The variable's value as UTF-8; owned, NULL if unset or empty. */
static char *value_of(const char *name)
{
	wchar_t *wide_name = wide_from_utf8(name), *wide = NULL;
	DWORD n = wide_name == NULL
	    ? 0
	    : GetEnvironmentVariableW(wide_name, NULL, 0);
	char *value = NULL;

	if (n > 1)
		wide = malloc((size_t)n * sizeof(*wide));
	if (wide != NULL &&
	    GetEnvironmentVariableW(wide_name, wide, n) == n - 1)
		value = wide_to_utf8(wide);
	free(wide);
	free(wide_name);
	return value;
}

const char *dirs_env(const char *name)
{
	return keep(value_of(name));
}

const char *const *dirs_environment(void)
{
	static const char **items;
	static size_t cap;
	wchar_t *block = GetEnvironmentStringsW();
	const wchar_t *p;
	size_t n = 0;

	for (p = block; p != NULL && *p != L'\0'; p += wcslen(p) + 1) {
		const char *item;

		/* "=C:=C:\dir": a drive's folder, and nobody's variable. */
		if (*p == L'=')
			continue;
		item = keep(wide_to_utf8(p));
		if (item == NULL ||
		    vec_grow((void **)&items, &cap, n + 2, sizeof(*items),
			VARIABLES_MAX) == -1)
			break;
		items[n++] = item;
	}
	if (block != NULL)
		(void)FreeEnvironmentStringsW(block);
	if (n == 0 &&
	    vec_grow((void **)&items, &cap, 1, sizeof(*items), 1) == -1) {
		static const char *const empty[] = { NULL };

		return empty;
	}
	items[n] = NULL;
	return items;
}

/* Takes `path`. */
static char *ours(char *path)
{
	char *p;

	for (p = path; p != NULL && *p != '\0'; p++)
		if (*p == '\\')
			*p = '/';
	return path;
}

/* What the shell says; owned, or NULL.  Loaded for this alone: see
 * process_arguments. */
static char *ask_shell(enum folder folder)
{
	HMODULE shell = LoadLibraryExW(L"shell32.dll", NULL,
	    LOAD_LIBRARY_SEARCH_SYSTEM32);
	wchar_t wide[MAX_PATH] = L"";
	shell_folder ask;

	if (shell == NULL)
		return NULL;
	ask = (shell_folder)(void (*)(void))GetProcAddress(shell,
	    "SHGetFolderPathW");
	if (ask == NULL || ask(NULL, (int)folder, NULL, 0, wide) != S_OK)
		return NULL;
	return wide_to_path(wide);
}

/* The variable, which is the rule, else what the shell says of the folder.
 * Owned or NULL. */
static char *known_folder(const char *variable, enum folder folder)
{
	char *value = ours(value_of(variable));

	if (value != NULL && fs_is_absolute(value))
		return value;
	free(value);
	return ask_shell(folder);
}

const char *dirs_home(void)
{
	return keep(known_folder("USERPROFILE", FOLDER_PROFILE));
}

/* Takes dir, which may be NULL. */
static char *below_dir(char *dir, const char *name)
{
	char *path = dir == NULL ? NULL : fs_join(dir, name);

	free(dir);
	return path;
}

int dirs_config_candidates(char **paths, int max)
{
	char *found[2] = {
		known_folder("APPDATA", FOLDER_APPDATA),
		known_folder("ProgramData", FOLDER_PROGRAM_DATA),
	};
	int i, n = 0;

	for (i = 0; i < 2; i++) {
		char *path = below_dir(found[i], "hfcron/hfcron.yaml");

		if (path != NULL && n < max)
			paths[n++] = path;
		else
			free(path);
	}
	return n;
}

char *dirs_default_state(void)
{
	return below_dir(known_folder("LOCALAPPDATA", FOLDER_LOCAL_APPDATA),
	    "hfcron");
}

/* The official client heeds the variable here, too. */
char *dirs_cache_home(void)
{
	char *value = ours(value_of("XDG_CACHE_HOME"));
	const char *home;

	if (value != NULL && fs_is_absolute(value))
		return value;
	free(value);
	home = dirs_home();
	return home == NULL ? NULL : fs_join(home, ".cache");
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

/*
 * The variable reference at text ("$VAR", "${VAR}" or "%VAR%"): its value, and
 * its whole length in *n.  NULL if it is none or unknown.
 */
static const char *variable_at(const char *text, size_t *n)
{
	char name[VARIABLE_NAME_MAX + 1];
	const char end = text[0] == '%' ? '%' : text[1] == '{' ? '}' : '\0';
	const char *start = text + (text[1] == '{' ? 2 : 1);
	size_t len = 0;

	while (is_name_char(start[len], len == 0))
		len++;
	if (len == 0 || len > VARIABLE_NAME_MAX ||
	    (end != '\0' && start[len] != end))
		return NULL;
	memcpy(name, start, len);
	name[len] = '\0';
	*n = (size_t)(start - text) + len + (end != '\0' ? 1 : 0);
	return dirs_env(name);
}

char *dirs_expand(const char *path, int with_vars)
{
	const char *p = path, *value;
	struct strbuf out;
	size_t n;

	strbuf_init(&out, EXPANDED_MAX);
	if (p[0] == '~' && (p[1] == '\0' || p[1] == '/' || p[1] == '\\')) {
		const char *home = dirs_home();

		if (home == NULL)
			return NULL;
		strbuf_puts(&out, home);
		p++;
	}
	while (*p != '\0') {
		value = with_vars && (*p == '$' || *p == '%')
		    ? variable_at(p, &n)
		    : NULL;
		if (value != NULL) {
			strbuf_puts(&out, value);
			p += n;
		} else {
			strbuf_putc(&out, *p++);
		}
	}
	return strbuf_detach(&out);
}
