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

/* Takes `path`, which may be NULL. */
static char *expand(char *path)
{
	struct err ignored = ERR_INIT;
	char *expanded = path == NULL ? NULL : dirs_expand(path, 1);
	char *clean = expanded == NULL ? NULL
				       : paths_absolute(expanded, &ignored);

	free(path);
	free(expanded);
	return clean;
}

char *config_env_path(const char *name)
{
	return expand(text_dup(dirs_env(name)));
}

/* Takes `dir`, which may be NULL. */
static char *below(char *dir, const char *name)
{
	char *path = dir == NULL ? NULL : fs_join(dir, name);

	free(dir);
	return path;
}

char *config_hf_home(void)
{
	if (dirs_env("HF_HOME") != NULL)
		return config_env_path("HF_HOME");
	return expand(below(dirs_cache_home(), "huggingface"));
}

static char *cache_dir(void)
{
	if (dirs_env("HF_HUB_CACHE") != NULL)
		return config_env_path("HF_HUB_CACHE");
	if (dirs_env("HUGGINGFACE_HUB_CACHE") != NULL)
		return config_env_path("HUGGINGFACE_HUB_CACHE");
	return below(config_hf_home(), "hub");
}

static void read_dirs(struct config *config, struct problems *problems)
{
	const char *file = config->file != NULL ? config->file : "environment";

	if (config->cache_dir == NULL)
		config->cache_dir = cache_dir();
	if (config->cache_dir == NULL)
		problems_add(problems, file, nowhere,
		    "no home directory to "
		    "keep the cache in; set cache_dir or HF_HUB_CACHE");
	if (config->state_dir == NULL)
		config->state_dir = expand(dirs_default_state());
	if (config->state_dir == NULL)
		problems_add(problems, file, nowhere,
		    "no home directory to keep the state in; set state_dir");
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
static void read_ca(struct config *config)
{
	static const char *const names[] = { "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE" };
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	for (size_t i = 0; i < 3 && config->ca_file == NULL; i++)
		config->ca_file = config_env_path(names[i]);
	config->ca_dir = config_env_path("SSL_CERT_DIR");
	if (config->ca_file != NULL &&
	    fs_stat(config->ca_file, &st, &ignored) == 0 && st.type == FS_DIR) {
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
	read_ca(config);
	read_origin(config, problems);
	config->offline = config_env_true(dirs_env("HF_HUB_OFFLINE") != NULL
		? "HF_HUB_OFFLINE"
		: "TRANSFORMERS_OFFLINE");
}
