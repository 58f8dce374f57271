/* config_env.c - what the environment says, as the official client reads it
 * (empty counts as unset; see also config_token.c). */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "config/paths.h"
#include "config/url_check.h"
#include "platform/dirs.h"
#include "platform/fs.h"

#define DEFAULT_ENDPOINT "https://huggingface.co"
#define STAGING_ENDPOINT "https://hub-ci.huggingface.co"

enum { ORIGIN_MAX = 256 };

static const struct text_pos nowhere = { 0, 0 };

bool config_env_true(const char *name)
{
	static const char *const words[] = { "1", "on", "yes", "true" };
	const char *value = dirs_env(name);

	for (size_t i = 0; value != NULL && i < 4; i++)
		if (text_equal_nocase(value, words[i]))
			return true;
	return false;
}

/* Variables and "~" expanded, clean, absolute.  NULL with *e. */
static char *expand(const char *text, struct err *e)
{
	char *expanded, *path;

	if (text[0] == '~' && dirs_home() == NULL) {
		err_set(e, ERR_CONFIG, "there is no home directory for \"~\"");
		return NULL;
	}
	expanded = dirs_expand(text, 1);
	if (expanded == NULL) {
		err_nomem(e);
		return NULL;
	}
	path = paths_absolute(expanded, e);
	free(expanded);
	return path;
}

/* Takes `dir`. */
static int below(char *dir, const char *name, char **path, struct err *e)
{
	*path = fs_join(dir, name);
	free(dir);
	return *path == NULL ? err_nomem(e) : 0;
}

int config_env_path(const char *name, char **path, struct err *e)
{
	const char *value = dirs_env(name);

	*path = NULL;
	if (value == NULL)
		return 0;
	*path = expand(value, e);
	return *path == NULL ? err_wrap(e, "%s", name) : 0;
}

int config_hf_home(char **path, struct err *e)
{
	char *cache_home, *unexpanded;

	if (dirs_env("HF_HOME") != NULL)
		return config_env_path("HF_HOME", path, e);
	*path = NULL;
	cache_home = dirs_cache_home();
	if (cache_home == NULL)
		return err_set(e, ERR_CONFIG, "there is no home directory");
	if (below(cache_home, "huggingface", &unexpanded, e) == -1)
		return -1;
	*path = expand(unexpanded, e);
	free(unexpanded);
	return *path == NULL ? -1 : 0;
}

static int find_cache_dir(char **path, struct err *e)
{
	char *home;

	if (dirs_env("HF_HUB_CACHE") != NULL)
		return config_env_path("HF_HUB_CACHE", path, e);
	if (dirs_env("HUGGINGFACE_HUB_CACHE") != NULL)
		return config_env_path("HUGGINGFACE_HUB_CACHE", path, e);
	if (config_hf_home(&home, e) == -1)
		return -1;
	return below(home, "hub", path, e);
}

static int find_state_dir(char **path, struct err *e)
{
	char *unexpanded = dirs_default_state();

	if (unexpanded == NULL)
		return err_set(e, ERR_CONFIG, "there is no home directory");
	*path = paths_absolute(unexpanded, e);
	free(unexpanded);
	return *path == NULL ? -1 : 0;
}

static void report(const char *what, const struct err *e,
    struct problems *problems)
{
	if (e->kind == ERR_NOMEM)
		problems->out_of_memory = true;
	else
		problems_add(problems, "environment", nowhere, "%s%s", e->text,
		    what);
}

static void read_dirs(struct config *config, struct problems *problems)
{
	struct err e = ERR_INIT;

	if (config->cache_dir == NULL &&
	    find_cache_dir(&config->cache_dir, &e) == -1)
		report("; set cache_dir", &e, problems);
	if (config->state_dir == NULL &&
	    find_state_dir(&config->state_dir, &e) == -1)
		report("; set state_dir", &e, problems);
}

static void read_endpoint(struct config *config, struct problems *problems)
{
	const char *name = "HF_ENDPOINT";
	const char *value = dirs_env(name);

	if (config->endpoint != NULL)
		return;
	if (config_env_true("HUGGINGFACE_CO_STAGING"))
		value = STAGING_ENDPOINT;
	if (value != NULL) {
		const char *problem = url_check_endpoint(value);

		if (problem != NULL) {
			problems_add(problems, name, nowhere, "the URL %s",
			    problem);
			value = NULL;
		}
	}
	config->endpoint_is_default = value == NULL;
	config->endpoint = text_dup(value != NULL ? value : DEFAULT_ENDPOINT);
	if (config->endpoint == NULL)
		problems->out_of_memory = true;
	else
		url_check_normalize(config->endpoint);
}

/*
 * The HTTP libraries of the official client know the first two and the last
 * two names.  The first two may name a folder.
 */
static void read_ca(struct config *config, struct problems *problems)
{
	static const char *const names[] = { "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE" };
	struct err e = ERR_INIT;
	struct fs_stat st;

	for (size_t i = 0; i < 3 && config->ca_file == NULL; i++)
		if (config_env_path(names[i], &config->ca_file, &e) == -1)
			report("", &e, problems);
	if (config_env_path("SSL_CERT_DIR", &config->ca_dir, &e) == -1)
		report("", &e, problems);
	if (config->ca_file != NULL && fs_stat(config->ca_file, &st, &e) == 0 &&
	    st.type == FS_DIR) {
		free(config->ca_dir);
		config->ca_dir = config->ca_file;
		config->ca_file = NULL;
	}
}

/* It becomes part of a header line. */
static void read_origin(struct config *config, struct problems *problems)
{
	const char *name = "HF_HUB_USER_AGENT_ORIGIN";
	const char *value = dirs_env(name);
	bool good = value != NULL && strlen(value) <= ORIGIN_MAX;

	if (value == NULL)
		return;
	for (const char *c = value; good && *c != '\0'; c++)
		good = (unsigned char)*c >= ' ' && (unsigned char)*c < 0x7f;
	if (!good) {
		problems_add(problems, name, nowhere,
		    "expected at most %d printable ASCII characters",
		    ORIGIN_MAX);
		return;
	}
	config->user_agent_origin = text_dup(value);
	if (config->user_agent_origin == NULL)
		problems->out_of_memory = true;
}

void config_read_environment(struct config *config, struct problems *problems)
{
	read_dirs(config, problems);
	read_endpoint(config, problems);
	read_ca(config, problems);
	read_origin(config, problems);
	config->offline = config_env_true(dirs_env("HF_HUB_OFFLINE") != NULL
		? "HF_HUB_OFFLINE"
		: "TRANSFORMERS_OFFLINE");
}
