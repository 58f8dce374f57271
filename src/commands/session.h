/*
 * session.h - what every verb needs, opened in order and closed in reverse:
 * configuration, lists, run lock, log, store, token, HTTP, Hub.
 *
 * A verb opens only what it uses.  Each opener returns 0, or -1 after it has
 * said on stderr what is wrong; session->status is then the exit code.
 */
#ifndef HFCRON_COMMANDS_SESSION_H
#define HFCRON_COMMANDS_SESSION_H

#include <stdbool.h>
#include <stdio.h>

#include "base/log.h"
#include "commands/cli.h"
#include "commands/exit_status.h"
#include "config/config.h"
#include "config/model_list.h"
#include "hub/hub_client.h"
#include "model/calendar.h"
#include "plan/plan.h"
#include "plan/rate.h"
#include "platform/lock.h"
#include "store/store.h"

enum { SESSION_QUIET_MAX = 64 };

struct session {
	const struct cli *cli; /* foreign */
	struct config config;
	struct model_list list;
	struct problems problems;
	bool config_found; /* of session_load_config: how it went */
	int config_rc;
	struct err config_error;
	struct file_lock lock;
	FILE *log_file; /* own or NULL */
	struct log log;
	struct store *store; /* own or NULL */
	struct secret token;
	char token_where[256];	  /* "" without a token */
	struct http_client *http; /* own or NULL */
	char user_agent[256];
	struct hub hub;
	struct rate rate;    /* of transfer.bandwidth, as it holds now */
	struct wall rate_at; /* when that was looked up */
	struct hub_budget budgets[HUB_BUCKETS]; /* kept from the last run */
	struct wall
	    rate_reset; /* until then the Hub answers nobody; WALL_NONE */
	struct calendar calendar;
	struct plan_dice dice;
	bool keep_access; /* only look: the token of this shell does
				   not count */
	struct wall now;  /* sampled once, at open */
	enum exit_status status;
	/* Asked by HTTP while it waits: painting, and whether to stop. */
	int (*tick)(void *cookie);
	void *tick_cookie;
	/* Wipes a live display before a line is written; NULL: none. */
	void (*wipe)(void *cookie);
	void *wipe_cookie;
	char said[ERR_TEXT_MAX]; /* the last complaint */
	/* Attempts that found nothing new, to be written together; their texts
	 * are the entries'. */
	struct attempt quiet[SESSION_QUIET_MAX];
	size_t n_quiet;
};

void session_init(struct session *s, const struct cli *cli);
void session_close(struct session *s);

/* Configuration and environment; `with_lists`: the model lists too.  Prints
 * every problem. */
int session_load(struct session *s, bool with_lists);

/* The same in two steps: the configuration alone, without a word (config_rc tells
 * how it went); then the lists, and every problem of both. */
void session_load_config(struct session *s);
int session_load_rest(struct session *s, bool with_lists);

/* The run lock, without waiting; -1 with status EXIT_DONE if another run holds
 * it. */
int session_lock(struct session *s);
/* Does another process hold it?  Looks only.  0, or -1. */
int session_run_at_work(const struct session *s, bool *at_work, struct err *e);
int session_open_log(struct session *s);
int session_open_store(struct session *s, enum store_mode mode);
/*
 * What the last run learned of the Hub's rate limits, for this endpoint and token
 * (`any_token`: whichever they were); what this one has learned, for the next.
 */
int session_load_budgets(struct session *s, bool any_token, struct err *e);
int session_save_budgets(struct session *s, struct err *e);
/* Token, HTTP client, Hub. */
int session_open_hub(struct session *s);
/* Only the token: for fingerprints. */
int session_open_token(struct session *s);

/* Hash of token and endpoint: a change unparks. */
void session_access_hash(const struct session *s, uint8_t hash[JOB_HASH_BYTES]);

/* Before anything is written to stderr while a display may be painted. */
void session_wipe_display(const struct session *s);

/* The instant that --at names (local time without an offset), or now. */
struct wall session_as_if(const struct session *s);

/* "hfcron: TEXT" on stderr, and into the log as an error; the same text not
 * twice in a row, however many jobs meet it. */
void session_complain(struct session *s, const struct err *e);
/* Complain and set the status that belongs to the error's kind. */
int session_fail(struct session *s, const struct err *e);

/* Standard error is a terminal and nobody asked for silence. */
bool session_is_live(const struct session *s);

/* Path of a file in state_dir; owned, NULL: no memory. */
char *session_state_path(const struct session *s, const char *name);

#endif
