/*
 * config.h - the configuration, typed and complete: every default applied,
 * every path absolute, environment read (hub.md sections 1 and 2).
 *
 * Precedence: command line (the caller's business), configuration file,
 * environment, default.
 */
#ifndef HFCRON_CONFIG_CONFIG_H
#define HFCRON_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "base/secret.h"
#include "config/problems.h"
#include "model/bandwidth.h"
#include "model/job.h"
#include "model/schedule.h"

enum proxy_mode { PROXY_ENVIRONMENT, PROXY_NONE, PROXY_URL };

enum {
	CONFIG_WAITS_MAX = 16,
	CONFIG_LISTS_MAX = 64,
	CONFIG_SCHEDULES_MAX = 256,
	CONFIG_JOBS_MAX = 1000000
};

struct transfer_config {
	unsigned parallel_jobs;	    /* 1..64, default 2 */
	unsigned connections;	    /* 1..256, for all together, default 8 */
	int64_t connect_timeout_ms; /* default 15 s */
	int64_t stall_timeout_ms;   /* default 30 s */
	int64_t max_duration_ms;    /* of one run; 0: none */
	struct bandwidth bandwidth; /* own; no rule: no limit */
	enum proxy_mode proxy_mode;
	char *proxy_url; /* own; NULL unless PROXY_URL */
};

struct retry_config {
	unsigned attempts;     /* retries of one request, default 5 */
	int64_t first_wait_ms; /* default 1 s, doubling */
	int64_t waits_s[CONFIG_WAITS_MAX]; /* across runs: 5m 15m 1h;
						   the last one repeats */
	size_t n_waits;
	unsigned runs;	       /* counted failures until "failed" */
	int64_t reset_after_s; /* default 24 h */
};

struct storage_config {
	bool keep_free_set;	  /* then keep_free_bytes alone counts */
	uint64_t keep_free_bytes; /* default 20 GB, and at least 5 % of
					   the file system unless set */
};

/* What stays free on a file system of that size. */
uint64_t storage_keep_free(const struct storage_config *storage,
    uint64_t total_bytes);

struct backup_config {
	unsigned keep; /* of each kind, default 5 */
};

struct log_config {
	enum log_level level;
	char *file; /* own, absolute; <state_dir>/hfcron.log */
};

enum token_source { TOKEN_NONE, TOKEN_CONFIG_FILE, TOKEN_ENV, TOKEN_HOME_FILE };

struct config {
	char *file;	    /* own; NULL: none found */
	char *dir;	    /* own; relative paths start here */
	char **model_files; /* own, absolute */
	size_t n_model_files;
	bool model_files_named;	     /* false: the default models.json,
					   whose absence is said plainly */
	char *cache_dir, *state_dir; /* own, absolute */
	char *endpoint;		     /* own; no trailing slash */
	bool endpoint_from_file;
	bool endpoint_is_default;
	char *token_file;	    /* own or NULL */
	char *ca_file, *ca_dir;	    /* own or NULL: CURL_CA_BUNDLE,
					   REQUESTS_CA_BUNDLE, SSL_CERT_FILE,
					   SSL_CERT_DIR */
	char *user_agent_origin;    /* own or NULL; HF_HUB_USER_AGENT_ORIGIN */
	bool offline;		    /* HF_HUB_OFFLINE / TRANSFORMERS_OFFLINE */
	struct schedule *schedules; /* own; built-in ones included */
	size_t n_schedules;
	const struct schedule *default_schedule;
	struct transfer_config transfer;
	struct retry_config retry;
	struct storage_config storage;
	struct log_config log;
	struct backup_config backup;
};

/*
 * Which file: `named` (--config) or $HFCRON_CONFIG or the first candidate
 * that exists.  *path is owned, NULL if none exists.  A named file that does
 * not exist is ERR_CONFIG.
 */
int config_find(const char *named, char **path, struct err *e);

/*
 * Read the file (`path` NULL: defaults only) and the environment.  Every
 * problem goes to `problems`; returns -1 with ERR_CONFIG ("N problems in
 * FILE") if there were any errors.  Release in every case.
 *
 * After ERR_CONFIG the rest is still complete, so that model_list_load can
 * find further problems in the same pass; nothing else may use it.  But if the
 * file could not be read or is not YAML, default_schedule is NULL: the lists
 * are unknown then and must not be read.
 */
int config_load(const char *path, struct config *config,
    struct problems *problems, struct err *e);
void config_release(struct config *config);

const struct schedule *config_schedule(const struct config *config,
    const char *name);

/*
 * The token by the official client's order: token_file of the configuration,
 * HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH or $HF_HOME/token; none if
 * HF_HUB_DISABLE_IMPLICIT_TOKEN (for the last three sources).  CR and LF are
 * deleted, white space stripped.  An unreadable token_file that the
 * configuration names is ERR_AUTH; a token with other control bytes or over
 * SECRET_MAX is ERR_AUTH.  `where` names the source in words for messages
 * ("HF_TOKEN", "token file /x/y"), never the token.
 */
int config_token(const struct config *config, struct secret *token,
    enum token_source *source, char where[256], struct err *e);

/* Where config_token looks for the official client's token file; *path is owned.
 * 0, or -1: there is no home to look in. */
int config_home_token(char **path, struct err *e);

/* Every key the YAML reader knows, "transfer.connections" style ("*" is a name
 * of the user's: "schedules.*.at"), NULL at the end; man pages are checked against it (`check --keys` is not an option). */
const char *const *config_keys(void);

#endif
