/* hub_client.c - the Hub, its rate limits, and what has one answer. */
#include "hub/hub_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "formats/tree.h"
#include "http/http_verdict.h"
#include "hub/hub_call.h"
#include "hub/hub_url.h"
#include "platform/clock.h"

enum {
	SHOWN_MAX = 200,
	BUDGET_WINDOW_MAX_S = 3600,
	SAME_WINDOW_S = 2,
	TOO_MANY = 429
};

int hub_init(struct hub *hub, struct http_client *http, const char *endpoint,
    const struct secret *token, const char *token_where,
    const struct hub_retry *retry, struct err *e)
{
	struct err why = ERR_INIT;

	memset(hub, 0, sizeof(*hub));
	if (http_origin_parse(endpoint, &hub->origin, &why) == -1) {
		if (why.kind == ERR_NOMEM)
			return err_nomem(e);
		return err_set(e, ERR_CONFIG, "the endpoint is %s", why.text);
	}
	if (strpbrk(endpoint, "?#") != NULL)
		return err_set(e, ERR_CONFIG,
		    "the endpoint is a URL with a query or a fragment");
	hub->http = http;
	hub->endpoint = endpoint;
	/* The HTTP client would not send it anywhere else either; this way the
	 * messages know. */
	if (token != NULL && secret_is_set(token) &&
	    (hub->origin.https || http_origin_is_loopback(&hub->origin))) {
		hub->token = token;
		hub->token_where = token_where;
	}
	hub->retry = *retry;
	hub->blocked_until.ms = INT64_MIN;
	for (int i = 0; i < HUB_BUCKETS; i++) {
		hub->left[i] = HUB_LEFT_UNKNOWN;
		hub->budgets[i].reset.s = WALL_NONE;
	}
	return 0;
}

/* --- rate limits ---------------------------------------------------------- */

/* As the headers call them. */
static const char *const names[HUB_BUCKETS] = { "api", "resolvers" };

/* Windows are minutes long; whatever says more is mistaken. */
static int64_t bounded_s(int64_t wait_s)
{
	return wait_s < BUDGET_WINDOW_MAX_S ? wait_s : BUDGET_WINDOW_MAX_S;
}

struct wall hub_budget_reset(const struct hub_budget *budgets,
    enum hub_bucket bucket, struct wall now)
{
	struct wall none = { WALL_NONE };
	const struct hub_budget *b = &budgets[bucket];

	/* A window that ends far ahead was stamped by a wrong clock. */
	if (!b->used_up || b->reset.s <= now.s ||
	    b->reset.s > now.s + BUDGET_WINDOW_MAX_S)
		return none;
	return b->reset;
}

void hub_set_budgets(struct hub *hub, const struct hub_budget *budgets,
    struct wall now)
{
	struct wall reset;

	memcpy(hub->budgets, budgets, sizeof(hub->budgets));
	reset = hub_budget_reset(hub->budgets, HUB_API, now);
	if (reset.s != WALL_NONE)
		hub->blocked_until.ms = clock_mono().ms +
		    (reset.s - now.s) * 1000;
}

/* Told to wait: whatever else the answer says of its window is not the reason. */
static void note_refusal(struct hub_budget *b, const struct http_response *r,
    struct wall now)
{
	int64_t wait_s = http_retry_after_s(http_response_header(r,
						"Retry-After"),
	    now);

	if (wait_s <= 0 && b->used_up)
		return;
	b->used_up = wait_s > 0;
	if (wait_s > 0)
		b->reset.s = now.s + bounded_s(wait_s);
}

/* Of requests that were under way together the answers come in any order: in
 * one window what is left only falls. */
static void note_left(struct hub *hub, enum hub_bucket bucket, int64_t left,
    int64_t reset_s)
{
	struct hub_budget *b = &hub->budgets[bucket];
	int64_t *known = &hub->left[bucket];

	if (*known != HUB_LEFT_UNKNOWN && left > *known &&
	    reset_s <= b->reset.s + SAME_WINDOW_S)
		return;
	*known = left;
	b->used_up = left <= 0;
	b->reset.s = reset_s;
}

void hub_note_budget(struct hub *hub, enum hub_bucket bucket,
    const struct http_response *r, struct wall now)
{
	struct hub_budget *b = &hub->budgets[bucket];
	struct http_rate_limit limit;

	if (!http_response_at_origin(r))
		return;
	if (http_rate_limit_parse(http_response_header(r, "RateLimit"),
		&limit) == 0) {
		/* A page of the Hub is in neither. */
		if (strcmp(limit.name, names[bucket]) != 0)
			return;
		/* Whole seconds, begun: one more. */
		note_left(hub, bucket, limit.left,
		    now.s + bounded_s(bounded_s(limit.reset_s) + 1));
	}
	if (http_response_status(r) == TOO_MANY)
		note_refusal(b, r, now);
}

/* --- a revision ----------------------------------------------------------- */

struct hub_question {
	struct hub_call call;
	char *id, *revision, *url; /* own */
	struct hub_revision answer;
};

static int unexpected(const struct hub_call *call, const char *why,
    struct err *e)
{
	char shown[SHOWN_MAX + 1];
	size_t n = call->body.len < SHOWN_MAX ? call->body.len : SHOWN_MAX;

	(void)text_escape(strbuf_text(&call->body), n, false, shown,
	    sizeof(shown));
	return err_set(e, ERR_TRANSIENT,
	    "%s: unexpected answer to the question for its commit%s%s: %s",
	    call->subject.repo, why[0] != '\0' ? ": " : "", why, shown);
}

static bool is_true(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_BOOL &&
	    strcmp(node->text, "true") == 0;
}

/* 0, or -1 if there is no commit in it. */
static int fill_revision(const struct tree_node *root, const char *asked,
    struct hub_revision *out)
{
	const char *sha, *id;
	size_t n;

	if (root == NULL || root->type != TREE_MAP)
		return -1;
	sha = tree_get_string(root, "sha");
	if (sha == NULL || !repo_is_commit(sha))
		return -1;
	memset(out, 0, sizeof(*out));
	memcpy(out->commit, sha, sizeof(out->commit));
	id = tree_get_string(root, "id");
	if (id == NULL || repo_id_problem(id) != NULL)
		id = asked;
	n = strlen(id);
	if (n < sizeof(out->id))
		memcpy(out->id, id, n + 1);
	/* false, "auto" or "manual" */
	out->gated = tree_get_string(root, "gated") != NULL ||
	    is_true(root, "gated");
	out->disabled = is_true(root, "disabled");
	out->is_private = is_true(root, "private");
	return 0;
}

static int take_revision(void *cookie, const struct hub_call *call,
    struct err *e)
{
	struct hub_question *q = cookie;
	struct err why = ERR_INIT;
	struct tree *tree;
	int rc;

	tree = hub_call_json(call, &why);
	if (tree == NULL && why.kind != ERR_TRANSIENT) {
		*e = why;
		return -1;
	}
	if (tree == NULL)
		return unexpected(call, why.text, e);
	rc = fill_revision(tree_root(tree), q->id, &q->answer);
	tree_free(tree);
	if (rc == -1)
		return unexpected(call, "", e);
	if (repo_is_commit(q->revision) &&
	    strcmp(q->revision, q->answer.commit) != 0)
		return err_set(e, ERR_INTEGRITY,
		    "%s: the Hub answered about commit %s instead of %s",
		    call->subject.repo, q->answer.commit, q->revision);
	return 0;
}

static int begin_question(struct hub_question *q, struct hub *hub,
    enum repo_type type, const char *id, const char *revision)
{
	q->id = text_dup(id);
	q->revision = text_dup(revision);
	q->url = hub_url_revision(hub->endpoint, type, id, revision);
	if (q->id == NULL || q->revision == NULL || q->url == NULL)
		return -1;
	hub_call_init(&q->call, hub, type, q->id, q->revision, take_revision,
	    q);
	q->call.url = q->url;
	return 0;
}

struct hub_question *hub_revision_ask(struct hub *hub, enum repo_type type,
    const char *id, const char *revision, bool ahead, struct err *e)
{
	struct hub_question *q = calloc(1, sizeof(*q));

	if (q == NULL || begin_question(q, hub, type, id, revision) == -1) {
		err_nomem(e);
		hub_question_free(q);
		return NULL;
	}
	if (ahead && hub_call_begin(&q->call, e) == -1) {
		hub_question_free(q);
		return NULL;
	}
	return q;
}

int hub_revision_answer(struct hub_question *q, struct hub_revision *out,
    struct err *e)
{
	if (hub_call_ask(&q->call, e) == -1)
		return -1;
	*out = q->answer;
	return 0;
}

void hub_question_free(struct hub_question *q)
{
	if (q == NULL)
		return;
	if (q->call.hub != NULL)
		hub_call_release(&q->call);
	free(q->id);
	free(q->revision);
	free(q->url);
	free(q);
}

bool hub_may_ask_ahead(const struct hub *hub, unsigned under_way)
{
	if (hub->blocked_until.ms > clock_mono().ms)
		return false;
	return hub->left[HUB_API] == HUB_LEFT_UNKNOWN ||
	    hub->left[HUB_API] > under_way;
}

/* --- access ---------------------------------------------------------------- */

static int take_access(void *cookie, const struct hub_call *call, struct err *e)
{
	(void)cookie;
	(void)call;
	(void)e;
	return 0;
}

int hub_access(struct hub *hub, enum repo_type type, const char *id,
    struct err *e)
{
	struct hub_call call;
	char *url = hub_url_access(hub->endpoint, type, id);
	int rc = -1;

	hub_call_init(&call, hub, type, id, NULL, take_access, NULL);
	call.url = url;
	if (url == NULL)
		err_nomem(e);
	else
		rc = hub_call_ask(&call, e);
	hub_call_release(&call);
	free(url);
	return rc;
}
