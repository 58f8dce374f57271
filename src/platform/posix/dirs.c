/* dirs.c - environment and the user's standard directories. */
#include "platform/dirs.h"

#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "platform/fs.h"

enum { EXPANDED_MAX = 64 * 1024, VARIABLE_NAME_MAX = 128 };

extern char **environ;

const char *dirs_env(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

const char *const *dirs_environment(void)
{
	static const char *const empty[] = { NULL };

	return environ == NULL ? empty : (const char *const *)environ;
}

const char *dirs_home(void)
{
	const char *home = dirs_env("HOME");
	const struct passwd *pw;

	if (home != NULL)
		return home;
	pw = getpwuid(geteuid());
	if (pw == NULL || pw->pw_dir == NULL || pw->pw_dir[0] == '\0')
		return NULL;
	return pw->pw_dir;
}

/* $variable, or ~/<below>; the standard says that relative ones are void. */
static char *base_dir(const char *variable, const char *below)
{
	const char *value = dirs_env(variable), *home;

	if (value != NULL && fs_is_absolute(value))
		return text_dup(value);
	home = dirs_home();
	return home == NULL ? NULL : fs_join(home, below);
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
	int n = 0;
	char *path;

	path = below_dir(base_dir("XDG_CONFIG_HOME", ".config"),
	    "hfcron/hfcron.yaml");
	if (path != NULL && n < max)
		paths[n++] = path;
	else
		free(path);
	path = n < max ? text_dup("/etc/hfcron/hfcron.yaml") : NULL;
	if (path != NULL)
		paths[n++] = path;
	return n;
}

char *dirs_default_state(void)
{
	return below_dir(base_dir("XDG_STATE_HOME", ".local/state"), "hfcron");
}

char *dirs_cache_home(void)
{
	return base_dir("XDG_CACHE_HOME", ".cache");
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

/*
 * The variable reference at text ("$VAR" or "${VAR}"): its value, and its
 * whole length in *n.  NULL if it is none or unknown.
 */
static const char *variable_at(const char *text, size_t *n)
{
	char name[VARIABLE_NAME_MAX + 1];
	const bool braces = text[1] == '{';
	const char *start = text + (braces ? 2 : 1);
	size_t len = 0;

	while (is_name_char(start[len], len == 0))
		len++;
	if (len == 0 || len > VARIABLE_NAME_MAX ||
	    (braces && start[len] != '}'))
		return NULL;
	memcpy(name, start, len);
	name[len] = '\0';
	*n = len + (braces ? 3 : 1);
	return getenv(name);
}

char *dirs_expand(const char *path, int with_vars)
{
	const char *p = path, *value;
	struct strbuf out;
	size_t n;

	strbuf_init(&out, EXPANDED_MAX);
	if (p[0] == '~' && (p[1] == '\0' || p[1] == '/')) {
		const char *home = dirs_home();

		if (home == NULL)
			return NULL;
		strbuf_puts(&out, home);
		p++;
	}
	while (*p != '\0') {
		value = with_vars && *p == '$' ? variable_at(p, &n) : NULL;
		if (value != NULL) {
			strbuf_puts(&out, value);
			p += n;
		} else {
			strbuf_putc(&out, *p++);
		}
	}
	return strbuf_detach(&out);
}
