/* config_token.c - which token, by the official client's order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "platform/dirs.h"
#include "platform/fs.h"

/* Room for line ends and white space around the longest token. */
enum { TOKEN_FILE_MAX = SECRET_MAX + 1024, WHERE_MAX = 256 };

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* In place: CR and LF away wherever they stand, white space at the ends.
 * Returns the new length. */
static size_t clean(char *bytes, size_t n)
{
	size_t to = 0, start = 0;

	for (size_t i = 0; i < n; i++)
		if (bytes[i] != '\r' && bytes[i] != '\n')
			bytes[to++] = bytes[i];
	while (to > 0 && is_space(bytes[to - 1]))
		to--;
	while (start < to && is_space(bytes[start]))
		start++;
	memmove(bytes, bytes + start, to - start);
	return to - start;
}

/*
 * Clean and take the token; the buffer is wiped.  *found tells whether there
 * was one.
 */
static int take(char *bytes, size_t n, struct secret *token, bool *found,
    const char *where, struct err *e)
{
	size_t len = clean(bytes, n);
	int rc = 0;

	*found = false;
	for (size_t i = 0; i < len && rc == 0; i++)
		if ((unsigned char)bytes[i] < ' ' ||
		    (unsigned char)bytes[i] >= 0x7f)
			rc = err_set(e, ERR_AUTH,
			    "%s holds bytes that no token has", where);
	if (rc == 0 && len > SECRET_MAX)
		rc = err_set(e, ERR_AUTH,
		    "%s holds more than a token: %zu bytes", where, len);
	if (rc == 0 && len > 0) {
		if (secret_set(token, bytes, len) == -1)
			rc = err_nomem(e);
		else
			*found = true;
	}
	secret_wipe(bytes, n);
	return rc;
}

static int take_env(const char *name, struct secret *token, bool *found,
    char where[WHERE_MAX], struct err *e)
{
	const char *value = dirs_env(name);
	size_t n = strlen(value);
	char *copy = malloc(n + 1);

	if (copy == NULL)
		return err_nomem(e);
	memcpy(copy, value, n + 1);
	snprintf(where, WHERE_MAX, "%s", name);
	int rc = take(copy, n, token, found, where, e);
	free(copy);
	return rc;
}

/* -1 with the reading's own error and *unreadable, or take()'s. */
static int take_file(const char *path, struct secret *token, bool *found,
    bool *unreadable, char where[WHERE_MAX], struct err *e)
{
	char *bytes;
	size_t n;

	snprintf(where, WHERE_MAX, "token file %s", path);
	*unreadable = false;
	if (fs_read_file(path, TOKEN_FILE_MAX, &bytes, &n, e) == -1) {
		*unreadable = true;
		return -1;
	}
	int rc = take(bytes, n, token, found, where, e);
	free(bytes);
	return rc;
}

static int from_config_file(const char *path, struct secret *token,
    char where[WHERE_MAX], struct err *e)
{
	struct err cause = ERR_INIT;
	bool found, unreadable;

	if (take_file(path, token, &found, &unreadable, where, &cause) == -1) {
		*e = cause;
		if (!unreadable || cause.kind == ERR_NOMEM)
			return -1;
		e->kind = ERR_AUTH;
		return err_wrap(e, "token_file");
	}
	if (!found)
		return err_set(e, ERR_AUTH, "%s is empty", where);
	return 0;
}

/* $HF_TOKEN_PATH, or "token" in $HF_HOME; *path is owned. */
int config_home_token(char **path, struct err *e)
{
	char *home;

	if (dirs_env("HF_TOKEN_PATH") != NULL)
		return config_env_path("HF_TOKEN_PATH", path, e);
	if (config_hf_home(&home, e) == -1)
		return -1;
	*path = fs_join(home, "token");
	free(home);
	return *path == NULL ? err_nomem(e) : 0;
}

static int from_home_file(struct secret *token, bool *found,
    char where[WHERE_MAX], struct err *e)
{
	struct err cause = ERR_INIT;
	char *path = NULL;
	bool unreadable = true;
	int rc;

	*found = false;
	rc = config_home_token(&path, &cause);
	if (rc == 0)
		rc = take_file(path, token, found, &unreadable, where, &cause);
	/* A file that nobody named and that cannot be read is no token; nor is
	 * there one without a home. */
	if (rc == -1 && unreadable && cause.kind != ERR_NOMEM &&
	    cause.os_code != EFBIG)
		rc = 0;
	if (rc == -1) {
		*e = cause;
		if (e->kind != ERR_NOMEM)
			e->kind = ERR_AUTH;
	}
	free(path);
	return rc;
}

int config_token(const struct config *config, struct secret *token,
    enum token_source *source, char where[256], struct err *e)
{
	bool found = false;

	*source = TOKEN_NONE;
	where[0] = '\0';
	if (config->token_file != NULL) {
		if (from_config_file(config->token_file, token, where, e) == -1)
			return -1;
		*source = TOKEN_CONFIG_FILE;
		return 0;
	}
	if (config_env_true("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
		return 0;

	/* The second name counts only where the first is not set at all. */
	const char *name = dirs_env("HF_TOKEN") != NULL
	    ? "HF_TOKEN"
	    : "HUGGING_FACE_HUB_TOKEN";
	if (dirs_env(name) != NULL &&
	    take_env(name, token, &found, where, e) == -1)
		return -1;
	if (found) {
		*source = TOKEN_ENV;
		return 0;
	}
	if (from_home_file(token, &found, where, e) == -1)
		return -1;
	if (found)
		*source = TOKEN_HOME_FILE;
	else
		where[0] = '\0';
	return 0;
}
