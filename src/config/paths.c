/* paths.c - rules for paths in the user's files. */
#include "config/paths.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/dirs.h"
#include "platform/fs.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* "$NAME" or "${": a name with a lonely "$" in it is legal. */
static bool has_variable(const char *text)
{
	for (; (text = strchr(text, '$')) != NULL; text++)
		if (is_letter(text[1]) || text[1] == '_' || text[1] == '{')
			return true;
	return false;
}

static bool has_dotdot(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
		if ((at == path || at[-1] == '/') &&
		    (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

/*
 * Empty, "." and ".." segments of an absolute path away, in place.  ".." comes
 * here only behind folders that do not exist, hence are no links.
 */
static void clean(char *path)
{
	/* The root's last "/" is written again before the first segment. */
	char *root = path + fs_root_length(path) - 1, *to = root;

	for (const char *from = root; *from != '\0';) {
		size_t n;

		from += strspn(from, "/");
		n = strcspn(from, "/");
		if (n == 2 && from[0] == '.' && from[1] == '.') {
			while (to > root && *--to != '/')
				continue;
		} else if (n > 0 && !(n == 1 && from[0] == '.')) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	if (to == root)
		*to++ = '/';
	*to = '\0';
}

/* "D:\a\b" as the user should have written it. */
static int refuse_backslash(const char *text, struct err *e)
{
	char better[128];
	size_t n = 0;

	for (; *text != '\0' && n < sizeof(better) - 1; text++) {
		char c = *text == '\\' ? '/' : *text;
		if (c == '/' && n > 0 && better[n - 1] == '/')
			continue;
		better[n++] = c;
	}
	better[n] = '\0';
	return err_set(e, ERR_CONFIG, "a path has no backslashes; write %s",
	    better);
}

static int refuse(const char *text, struct err *e)
{
	if (text[0] == '\0')
		return err_set(e, ERR_CONFIG, "the path is empty");
	if (strlen(text) > PATHS_TEXT_MAX)
		return err_set(e, ERR_CONFIG,
		    "the path is longer than %d bytes", PATHS_TEXT_MAX);
	if (has_control(text))
		return err_set(e, ERR_CONFIG,
		    "the path has a control character "
		    "(a backslash in double quotes begins an escape; write "
		    "D:/models)");
	if (strchr(text, '\\') != NULL)
		return refuse_backslash(text, e);
	if (is_letter(text[0]) && text[1] == ':' &&
	    (text[2] == '/' || text[2] == '\0') && !fs_is_absolute(text))
		return err_set(e, ERR_CONFIG,
		    "\"%.80s\" has a drive letter, which this system has not",
		    text);
	if (has_variable(text))
		return err_set(e, ERR_CONFIG,
		    "variables are not expanded in "
		    "\"%.80s\"; write it out, or begin it with ~/",
		    text);
	if (text[0] == '~' && text[1] != '/' && text[1] != '\0')
		return err_set(e, ERR_CONFIG,
		    "\"%.80s\": only ~/ is expanded, "
		    "not the home of another user",
		    text);
	if (text[0] == '<')
		return err_set(e, ERR_CONFIG,
		    "\"%.80s\" is no path; write it out", text);
	return 0;
}

char *paths_absolute(const char *path, struct err *e)
{
	char *ours = fs_from_native(path), *absolute;

	if (ours == NULL) {
		err_nomem(e);
		return NULL;
	}
	/* Only the system can say what ".." behind a link means. */
	if (fs_is_absolute(ours) && !has_dotdot(ours)) {
		clean(ours);
		return ours;
	}
	absolute = fs_realpath(ours, e);
	if (absolute != NULL)
		clean(absolute);
	free(ours);
	return absolute;
}

char *paths_resolve(const char *dir, const char *text, struct err *e)
{
	char *expanded = NULL, *joined = NULL, *clean = NULL;

	if (refuse(text, e) == -1)
		return NULL;
	if (text[0] == '~' && dirs_home() == NULL) {
		err_set(e, ERR_CONFIG, "there is no home directory for \"~\"");
		return NULL;
	}
	expanded = text[0] == '~' ? dirs_expand(text, 0) : text_dup(text);
	if (expanded != NULL)
		joined = fs_join(dir, expanded);
	if (joined == NULL)
		err_nomem(e);
	else
		clean = paths_absolute(joined, e);
	free(expanded);
	free(joined);
	return clean;
}

bool paths_within(const char *dir, const char *path)
{
	size_t n = 0;

	while (dir[n] != '\0' && fs_fold(dir[n]) == fs_fold(path[n]))
		n++;
	if (dir[n] != '\0')
		return false;
	return path[n] == '\0' || path[n] == '/' ||
	    (n > 0 && dir[n - 1] == '/'); /* a root */
}

int paths_compare(const char *a, const char *b)
{
	while (*a != '\0' && fs_fold(*a) == fs_fold(*b)) {
		a++;
		b++;
	}
	/* "/" before every other character keeps a subtree together. */
	int ca = *a == '/' ? 1
	    : *a == '\0'   ? 0
			   : (unsigned char)fs_fold(*a) + 1;
	int cb = *b == '/' ? 1
	    : *b == '\0'   ? 0
			   : (unsigned char)fs_fold(*b) + 1;
	return ca - cb;
}

bool paths_is_system(const char *path)
{
	/* Unix, and harmless where there are no such: places that hold users'
	 * data further down. */
	static const char *const roots[] = { "/", "/dev", "/home", "/root",
		"/run", "/tmp", "/usr", "/usr/local", "/var", "/var/lib" };
	static const char *const trees[] = { "/bin", "/boot", "/etc", "/lib",
		"/lib32", "/lib64", "/libx32", "/proc", "/sbin", "/sys",
		"/usr/bin", "/usr/lib", "/usr/sbin" };

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
		if (strcmp(path, roots[i]) == 0)
			return true;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++)
		if (paths_within(trees[i], path))
			return true;
	return false;
}
