/*
 * hub_client.h - asking the Hub: a revision's commit, a commit's files.
 *
 * Calls block (they step the HTTP client, whose tick may cancel them), retry
 * transient trouble by the policy, obey Retry-After and RateLimit (a wait
 * beyond HUB_WAIT_MAX_S is left to a later run), and count retries.  They may
 * not be made inside a callback of the same HTTP client; its other requests
 * go on while they wait, the questions that were asked ahead among them.
 */
#ifndef HFCRON_HUB_HUB_CLIENT_H
#define HFCRON_HUB_HUB_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/secret.h"
#include "http/http_client.h"
#include "http/http_url.h"
#include "hub/hub_verdict.h"
#include "model/remote_file.h"
#include "model/repo.h"

/*
 * How long to wait after failure number `failures`, -1 to give up.  The
 * caller binds it to plan/backoff (hub does not know the planner).
 */
struct hub_retry {
	int64_t (*wait_ms)(void *cookie, unsigned failures, int64_t server_s);
	void *cookie;
};

/* What the Hub counts requests in (hub.md section 8), each by itself. */
enum hub_bucket { HUB_API, HUB_RESOLVERS, HUB_BUCKETS };

struct hub_budget {
	bool used_up;	   /* by the last answer */
	struct wall reset; /* until then; WALL_NONE: unknown */
};

/* A server that asks for a longer wait is left to a later run: the error has
 * its retry_after_s. */
enum { HUB_WAIT_MAX_S = 60 };

enum { HUB_LEFT_UNKNOWN = -1 };

struct hub {
	struct http_client *http; /* all borrowed */
	const char *endpoint;
	struct http_origin origin;
	const struct secret *token; /* NULL or unset: anonymous */
	const char *token_where;
	struct hub_retry retry;
	unsigned retries;	   /* counted; the caller resets it */
	uint64_t requests;	   /* counted */
	struct mono blocked_until; /* private: the rate limit is used up */
	int64_t left[HUB_BUCKETS]; /* private: requests, as told last */
	/* As told last; the caller may keep them for the next run. */
	struct hub_budget budgets[HUB_BUCKETS];
};

/* Budgets that were kept from another run: what is used up is not asked for. */
void hub_set_budgets(struct hub *hub, const struct hub_budget *budgets,
    struct wall now);
/* Learn from an answer to a request of that kind; only what the Hub's own origin
 * says counts. */
void hub_note_budget(struct hub *hub, enum hub_bucket bucket,
    const struct http_response *r, struct wall now);
/* Until when that bucket is used up; WALL_NONE if it is not. */
struct wall hub_budget_reset(const struct hub_budget *budgets,
    enum hub_bucket bucket, struct wall now);

/* Parses the endpoint; 0 or -1 with ERR_CONFIG.  The token is left out if the
 * endpoint is plain http and not loopback. */
int hub_init(struct hub *hub, struct http_client *http, const char *endpoint,
    const struct secret *token, const char *token_where,
    const struct hub_retry *retry, struct err *e);

struct hub_revision {
	char commit[41];
	char id[256]; /* the current name: differs after a rename */
	bool gated, disabled, is_private;
};

/*
 * The commit of a revision: one request (?expand=sha and the flags), moved
 * repositories followed.  Captive portals (HTML, broken JSON) are TRANSIENT;
 * another commit than the one asked for is ERR_INTEGRITY.
 *
 * In two steps, so that several can be under way: `ahead` sends the question at
 * once, else the answer's call does.  The answer's call waits, and retries as all
 * do.  Owned (hub_question_free, which cancels what is under way); NULL with *e.
 */
struct hub_question;
struct hub_question *hub_revision_ask(struct hub *hub, enum repo_type type,
    const char *id, const char *revision, bool ahead, struct err *e);
int hub_revision_answer(struct hub_question *question, struct hub_revision *out,
    struct err *e);
void hub_question_free(struct hub_question *question);
/* May one more be sent ahead of its turn, as far as is known of the rate limit,
 * with so many under way? */
bool hub_may_ask_ahead(const struct hub *hub, unsigned under_way);

/*
 * May its files be read?  One request (hub.md section 4, "Access").  -1 with
 * ERR_AUTH: no; ERR_PERMANENT: this server does not know the question.
 */
int hub_access(struct hub *hub, enum repo_type type, const char *id,
    struct err *e);

enum hub_lineage {
	HUB_DESCENDS,  /* `ancestor` stands in the history of the commit */
	HUB_UNRELATED, /* it does not: history was rewritten, or reset */
	HUB_UNKNOWN    /* too long a history, or the server does not tell */
};

/*
 * Is `commit` a descendant of `ancestor`?  Looks through at most
 * HUB_HISTORY_PAGES of its history (hub.md section 4, "Commits"); one request
 * where few commits lie between.  -1: no answer could be had.
 */
enum { HUB_HISTORY_PAGES = 8 };
int hub_lineage(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, const char *ancestor, enum hub_lineage *lineage,
    struct err *e);

/*
 * All files of a commit, through all pages, validated: names by
 * remote_path_problem (a bad one is ERR_PERMANENT and refuses the whole),
 * hashes hex (masked ones are ERR_AUTH: gated), sizes sane and equal, at most
 * REMOTE_FILES_MAX, pages of at most 16 MiB and 64 MiB in all.  A next link
 * to another origin or path, or one that was seen before, is ERR_PERMANENT.
 * *out is initialised here; release it in every case.
 */
int hub_listing(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, struct remote_listing *out, struct err *e);

#endif
