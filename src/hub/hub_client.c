/* hub_client.c - asking the Hub. */
#include "hub/hub_client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "formats/json_tree.h"
#include "http/http_verdict.h"
#include "hub/hub_headers.h"
#include "hub/hub_tree.h"
#include "hub/hub_url.h"
#include "platform/clock.h"

enum {
	ANSWER_BYTES_MAX = 16 * 1024 * 1024,
	LISTING_BYTES_MAX = 64 * 1024 * 1024,
	PAGES_MAX = 20000,
	/* Of one call with all its redirects, however slowly it drips. */
	CALL_LIMIT_MS = 5 * 60 * 1000,
	STEP_MS = 1000,
	LABEL_MAX = 160,
	SHOWN_MAX = 200,
	URL_SHOWN_MAX = 200,
	BUDGET_WINDOW_MAX_S = 3600,
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
	for (int i = 0; i < HUB_BUCKETS; i++)
		hub->budgets[i].reset.s = WALL_NONE;
	return 0;
}

/* --- one call ------------------------------------------------------------- */

struct call {
	struct hub *hub;		   /* foreign */
	const char *url;		   /* foreign */
	const struct hub_subject *subject; /* foreign */
	/* Makes sense of a whole answer; ERR_TRANSIENT: ask again. */
	int (*take)(void *cookie, const struct call *call, struct err *e);
	void *cookie;

	struct strbuf body;
	char *next;	 /* own: rel="next" of the answer */
	char *final_url; /* own */
	bool done;
	int rc;
	struct err error;
};

static int on_body(void *cookie, const void *bytes, size_t n, struct err *e)
{
	struct call *call = cookie;

	strbuf_add(&call->body, bytes, n);
	return strbuf_failed(&call->body) ? err_nomem(e) : 0;
}

static int64_t whole_s(int64_t ms)
{
	return ms / 1000 + (ms % 1000 > 0);
}

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
		b->used_up = limit.left <= 0;
		/* Whole seconds, begun: one more. */
		b->reset.s = now.s + bounded_s(bounded_s(limit.reset_s) + 1);
	}
	if (http_response_status(r) == TOO_MANY)
		note_refusal(b, r, now);
}

/* The last request of this window was ours: the next one has to wait. */
static void note_rate_limit(struct hub *hub, const struct http_response *r)
{
	struct wall now = clock_wall(), reset;

	if (r == NULL)
		return;
	hub_note_budget(hub, HUB_API, r, now);
	reset = hub_budget_reset(hub->budgets, HUB_API, now);
	if (reset.s == WALL_NONE)
		return;
	/* After a refusal that is short enough the policy waits. */
	if (http_response_status(r) == TOO_MANY &&
	    reset.s - now.s <= HUB_WAIT_MAX_S)
		return;
	hub->blocked_until.ms = clock_mono().ms + (reset.s - now.s) * 1000;
}

/* rel="next" may stand in any of several Link headers. */
static int keep_next(struct call *call, const struct http_response *r,
    struct err *e)
{
	const char *value;
	size_t i = 0;

	while ((value = http_response_header_at(r, "Link", i++)) != NULL) {
		size_t n;
		const char *url = hub_link_next(value, &n);

		if (url == NULL)
			continue;
		call->next = text_ndup(url, n);
		return call->next != NULL ? 0 : err_nomem(e);
	}
	return 0;
}

static int keep_answer(struct call *call, const struct http_result *result,
    struct err *e)
{
	call->final_url = text_dup(result->final_url);
	if (call->final_url == NULL)
		return err_nomem(e);
	return keep_next(call, result->response, e);
}

static void on_done(void *cookie, const struct http_result *result)
{
	struct call *call = cookie;

	call->done = true;
	note_rate_limit(call->hub, result->response);
	call->rc = hub_verdict(result, call->subject, clock_wall(), NULL,
	    &call->error);
	if (call->rc == 0)
		call->rc = keep_answer(call, result, &call->error);
}

static void forget_answer(struct call *call)
{
	static const struct err none = ERR_INIT;

	free(call->next);
	free(call->final_url);
	call->next = NULL;
	call->final_url = NULL;
	strbuf_clear(&call->body);
	call->done = false;
	call->rc = -1;
	call->error = none;
}

static void call_release(struct call *call)
{
	forget_answer(call);
	strbuf_release(&call->body);
}

/* Ask once and make sense of the answer. */
static int ask_once(struct call *call, struct err *e)
{
	struct hub *hub = call->hub;
	const struct http_spec spec = {
		.url = call->url,
		.origin = &hub->origin,
		.token = hub->token,
		.max_body = ANSWER_BYTES_MAX,
		.time_limit_ms = CALL_LIMIT_MS,
		.on_body = on_body,
		.on_done = on_done,
		.cookie = call,
	};
	struct http_request *request;

	forget_answer(call);
	request = http_request_start(hub->http, &spec, e);
	if (request == NULL)
		return -1;
	hub->requests++;
	while (!call->done) {
		if (http_client_step(hub->http, STEP_MS, e) == 0)
			continue;
		if (!call->done)
			http_request_cancel(request);
		return -1;
	}
	if (call->rc == -1) {
		*e = call->error;
		return -1;
	}
	return call->take(call->cookie, call, e);
}

/* Wait, while the client's other requests go on and its tick may cancel. */
static int wait_until(struct hub *hub, struct mono deadline, struct err *e)
{
	int64_t left;

	while ((left = deadline.ms - clock_mono().ms) > 0)
		if (http_client_step(hub->http, left, e) == -1)
			return -1;
	return 0;
}

static int wait_for_rate_limit(struct hub *hub,
    const struct hub_subject *subject, struct err *e)
{
	int64_t left;

	/* INT64_MIN: never blocked */
	if (hub->blocked_until.ms <= 0)
		return 0;
	left = hub->blocked_until.ms - clock_mono().ms;
	if (left > (int64_t)HUB_WAIT_MAX_S * 1000) {
		err_set(e, ERR_TRANSIENT,
		    "%s: the Hub's rate limit is used up for another %" PRId64
		    " s",
		    subject->repo, whole_s(left));
		e->retry_after_s = whole_s(left);
		e->rate_limited = true;
		return -1;
	}
	return wait_until(hub, hub->blocked_until, e);
}

static int ask(struct call *call, struct err *e)
{
	struct hub *hub = call->hub;
	struct err why = ERR_INIT;
	unsigned failures = 0;

	for (;;) {
		struct mono again;
		int64_t wait_ms;

		if (wait_for_rate_limit(hub, call->subject, e) == -1)
			return -1;
		if (ask_once(call, &why) == 0)
			return 0;
		*e = why;
		if (why.kind != ERR_TRANSIENT && why.kind != ERR_UNREACHABLE)
			return -1;
		if (why.retry_after_s > HUB_WAIT_MAX_S)
			return -1;
		wait_ms = hub->retry.wait_ms(hub->retry.cookie, ++failures,
		    why.retry_after_s);
		if (wait_ms < 0)
			return -1;
		hub->retries++;
		again.ms = clock_mono().ms + wait_ms;
		if (wait_until(hub, again, e) == -1)
			return -1;
	}
}

/* --- subjects ------------------------------------------------------------- */

struct subject_text {
	char repo[LABEL_MAX];
	char *page; /* own; may be NULL for want of memory */
};

static void subject_init(struct hub_subject *subject, struct subject_text *text,
    const struct hub *hub, enum repo_type type, const char *id,
    const char *revision)
{
	(void)snprintf(text->repo, sizeof(text->repo), "%s %s",
	    repo_type_name(type), id);
	text->page = hub_url_page(hub->endpoint, type, id);
	memset(subject, 0, sizeof(*subject));
	subject->repo = text->repo;
	subject->revision = revision;
	subject->page = text->page;
	subject->token_where = hub->token_where;
}

/* --- a revision ----------------------------------------------------------- */

struct revision_cookie {
	const char *asked; /* id */
	const char *revision;
	struct hub_revision *out;
};

static int unexpected(const struct call *call, const char *why, struct err *e)
{
	char shown[SHOWN_MAX + 1];
	size_t n = call->body.len < SHOWN_MAX ? call->body.len : SHOWN_MAX;

	(void)text_escape(strbuf_text(&call->body), n, false, shown,
	    sizeof(shown));
	return err_set(e, ERR_TRANSIENT,
	    "%s: unexpected answer to the question for its commit%s%s: %s",
	    call->subject->repo, why[0] != '\0' ? ": " : "", why, shown);
}

static bool is_true(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_BOOL &&
	    strcmp(node->text, "true") == 0;
}

static const char *string_of(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_STRING ? node->text : NULL;
}

/* 0, or -1 if there is no commit in it. */
static int fill_revision(const struct tree_node *root, const char *asked,
    struct hub_revision *out)
{
	const char *sha, *id;
	size_t n;

	if (root == NULL || root->type != TREE_MAP)
		return -1;
	sha = string_of(root, "sha");
	if (sha == NULL || !repo_is_commit(sha))
		return -1;
	memset(out, 0, sizeof(*out));
	memcpy(out->commit, sha, sizeof(out->commit));
	id = string_of(root, "id");
	if (id == NULL || repo_id_problem(id) != NULL)
		id = asked;
	n = strlen(id);
	if (n < sizeof(out->id))
		memcpy(out->id, id, n + 1);
	/* false, "auto" or "manual" */
	out->gated = string_of(root, "gated") != NULL || is_true(root, "gated");
	out->disabled = is_true(root, "disabled");
	out->is_private = is_true(root, "private");
	return 0;
}

static int take_revision(void *cookie, const struct call *call, struct err *e)
{
	const struct json_limits limits = {
		.bytes_max = ANSWER_BYTES_MAX,
		.depth_max = TREE_JSON_DEPTH_MAX,
		.kind = ERR_TRANSIENT,
		.unique_keys = false,
	};
	struct revision_cookie *c = cookie;
	struct err why = ERR_INIT;
	struct tree *tree;
	int rc;

	tree = json_tree_parse(strbuf_text(&call->body), call->body.len,
	    &limits, &why);
	if (tree == NULL && why.kind != ERR_TRANSIENT) {
		*e = why;
		return -1;
	}
	if (tree == NULL)
		return unexpected(call, why.text, e);
	rc = fill_revision(tree_root(tree), c->asked, c->out);
	tree_free(tree);
	if (rc == -1)
		return unexpected(call, "", e);
	if (repo_is_commit(c->revision) &&
	    strcmp(c->revision, c->out->commit) != 0)
		return err_set(e, ERR_INTEGRITY,
		    "%s: the Hub answered about commit %s instead of %s",
		    call->subject->repo, c->out->commit, c->revision);
	return 0;
}

int hub_revision(struct hub *hub, enum repo_type type, const char *id,
    const char *revision, struct hub_revision *out, struct err *e)
{
	struct revision_cookie cookie = { id, revision, out };
	struct subject_text text = { "", NULL };
	struct hub_subject subject;
	struct call call = {
		.hub = hub,
		.subject = &subject,
		.take = take_revision,
		.cookie = &cookie,
	};
	char *url;
	int rc = -1;

	subject_init(&subject, &text, hub, type, id, revision);
	strbuf_init(&call.body, ANSWER_BYTES_MAX);
	url = hub_url_revision(hub->endpoint, type, id, revision);
	if (url == NULL) {
		err_nomem(e);
	} else {
		call.url = url;
		rc = ask(&call, e);
	}
	call_release(&call);
	free(url);
	free(text.page);
	return rc;
}

/* --- access ---------------------------------------------------------------- */

static int take_access(void *cookie, const struct call *call, struct err *e)
{
	(void)cookie;
	(void)call;
	(void)e;
	return 0;
}

int hub_access(struct hub *hub, enum repo_type type, const char *id,
    struct err *e)
{
	struct subject_text text = { "", NULL };
	struct hub_subject subject;
	struct call call = {
		.hub = hub,
		.subject = &subject,
		.take = take_access,
	};
	char *url;
	int rc = -1;

	subject_init(&subject, &text, hub, type, id, NULL);
	strbuf_init(&call.body, ANSWER_BYTES_MAX);
	url = hub_url_access(hub->endpoint, type, id);
	if (url == NULL) {
		err_nomem(e);
	} else {
		call.url = url;
		rc = ask(&call, e);
	}
	call_release(&call);
	free(url);
	free(text.page);
	return rc;
}

/* --- a listing ------------------------------------------------------------ */

/* Fingerprints of the page URLs seen; equal ones are the same cursor. */
struct seen {
	uint64_t *items; /* own */
	size_t n, cap;
};

static uint64_t fingerprint(const char *text)
{
	uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3U;
	return h;
}

/* Add a page; refuse one that was there, and too many. */
static int see(struct seen *seen, const char *url,
    const struct hub_subject *subject, struct err *e)
{
	uint64_t h = fingerprint(url);
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (seen->items[i] == h)
			return err_set(e, ERR_PERMANENT,
			    "%s: the Hub's list of files is refused: its pages "
			    "go round in a circle",
			    subject->repo);
	if (seen->n >= PAGES_MAX)
		return err_set(e, ERR_PERMANENT,
		    "%s: the Hub's list of files is refused: it has more than "
		    "%d pages",
		    subject->repo, PAGES_MAX);
	if (vec_grow((void **)&seen->items, &seen->cap, seen->n + 1,
		sizeof(*seen->items), PAGES_MAX) == -1)
		return err_nomem(e);
	seen->items[seen->n++] = h;
	return 0;
}

/* It is sent the token: only the page's own origin and path will do. */
static int check_next(const struct call *call, const char *next, struct err *e)
{
	struct err why = ERR_INIT;
	char shown[URL_SHOWN_MAX];
	int same = http_url_same_place(call->final_url, next, &why);

	if (same == 1)
		return 0;
	if (same == -1 && why.kind == ERR_NOMEM)
		return err_nomem(e);
	return err_set(e, ERR_PERMANENT,
	    "%s: the Hub's list of files is refused: its next page is "
	    "elsewhere (%s)",
	    call->subject->repo, http_url_display(next, shown, sizeof(shown)));
}

/* The Hub lists gated files without their hashes. */
static int gated(const struct call *call, struct err *e)
{
	const struct hub_subject *s = call->subject;
	const char *page = s->page != NULL ? s->page : "its page";

	if (s->token_where != NULL)
		return err_set(e, ERR_AUTH,
		    "%s is gated: ask for access at %s with the account whose "
		    "token is in %s",
		    s->repo, page, s->token_where);
	return err_set(e, ERR_AUTH,
	    "%s is gated: ask for access at %s, then set HF_TOKEN (no token "
	    "was sent)",
	    s->repo, page);
}

struct listing_cookie {
	struct remote_listing *out;
	size_t bytes;
};

static int take_page(void *cookie, const struct call *call, struct err *e)
{
	struct listing_cookie *c = cookie;
	struct err why = ERR_INIT;

	if (call->body.len > LISTING_BYTES_MAX - c->bytes)
		return err_set(e, ERR_PERMANENT,
		    "%s: the Hub's list of files is refused: it is over %d "
		    "MiB",
		    call->subject->repo, LISTING_BYTES_MAX / (1024 * 1024));
	if (hub_tree_page(strbuf_text(&call->body), call->body.len, c->out,
		&why) == -1) {
		if (why.kind == ERR_AUTH)
			return gated(call, e);
		*e = why;
		return why.kind == ERR_NOMEM
		    ? -1
		    : err_wrap(e, "%s", call->subject->repo);
	}
	c->bytes += call->body.len;
	return 0;
}

/* All pages, beginning with `url` (taken), but no more than `max`, and only until
 * *enough (NULL: never). */
static int take_pages(struct call *call, char *url, size_t max,
    const bool *enough, struct err *e)
{
	struct seen seen = { 0 };
	int rc = -1;

	while (url != NULL && seen.n < max) {
		char *next;

		call->url = url;
		if (see(&seen, url, call->subject, e) == -1 ||
		    ask(call, e) == -1)
			goto out;
		if (call->next == NULL || (enough != NULL && *enough))
			break;
		next = http_url_resolve(call->final_url, call->next, e);
		if (next == NULL)
			goto out;
		free(url);
		url = next;
		if (check_next(call, url, e) == -1)
			goto out;
	}
	rc = 0;
out:
	free(url);
	free(seen.items);
	return rc;
}

int hub_listing(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, struct remote_listing *out, struct err *e)
{
	struct listing_cookie cookie = { out, 0 };
	struct subject_text text = { "", NULL };
	struct hub_subject subject;
	struct call call = {
		.hub = hub,
		.subject = &subject,
		.take = take_page,
		.cookie = &cookie,
	};
	char *url;
	int rc = -1;

	remote_listing_init(out);
	if (!repo_is_commit(commit))
		return ERR_BUG_HERE(e, "a listing of what is no commit");
	subject_init(&subject, &text, hub, type, id, commit);
	strbuf_init(&call.body, ANSWER_BYTES_MAX);
	url = hub_url_tree(hub->endpoint, type, id, commit);
	if (url == NULL)
		err_nomem(e);
	else
		rc = take_pages(&call, url, SIZE_MAX, NULL, e);
	if (rc == 0) {
		memcpy(out->commit, commit, sizeof(out->commit));
		rc = remote_listing_finish(out, e);
		if (rc == -1 && e->kind != ERR_NOMEM)
			err_wrap(e, "%s", subject.repo);
	}
	call_release(&call);
	free(text.page);
	return rc;
}

/* --- history --------------------------------------------------------------- */

struct history_cookie {
	const char *wanted;
	bool found;
	bool is_history; /* so far */
};

static int take_history(void *cookie, const struct call *call, struct err *e)
{
	const struct json_limits limits = {
		.bytes_max = ANSWER_BYTES_MAX,
		.depth_max = TREE_JSON_DEPTH_MAX,
		.kind = ERR_TRANSIENT,
		.unique_keys = false,
	};
	struct history_cookie *c = cookie;
	const struct tree_node *root;
	struct tree *tree;

	tree = json_tree_parse(strbuf_text(&call->body), call->body.len,
	    &limits, e);
	if (tree == NULL)
		return err_wrap(e, "%s: its history", call->subject->repo);
	root = tree_root(tree);
	if (root == NULL || root->type != TREE_LIST)
		c->is_history = false;
	for (size_t i = 0; c->is_history && i < root->n; i++) {
		const char *sha = root->children[i].type == TREE_MAP
		    ? string_of(&root->children[i], "id")
		    : NULL;

		if (sha == NULL || !repo_is_commit(sha))
			c->is_history = false;
		else if (strcmp(sha, c->wanted) == 0)
			c->found = true;
	}
	tree_free(tree);
	return 0;
}

int hub_lineage(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, const char *ancestor, enum hub_lineage *lineage,
    struct err *e)
{
	struct history_cookie cookie = { ancestor, false, true };
	struct subject_text text = { "", NULL };
	struct hub_subject subject;
	struct call call = {
		.hub = hub,
		.subject = &subject,
		.take = take_history,
		.cookie = &cookie,
	};
	struct err why = ERR_INIT;
	bool complete;
	char *url;
	int rc = -1;

	subject_init(&subject, &text, hub, type, id, commit);
	strbuf_init(&call.body, ANSWER_BYTES_MAX);
	url = hub_url_commits(hub->endpoint, type, id, commit);
	if (url == NULL)
		err_nomem(&why);
	else
		rc = take_pages(&call, url, HUB_HISTORY_PAGES, &cookie.found,
		    &why);
	complete = call.next == NULL;
	call_release(&call);
	free(text.page);
	*lineage = HUB_UNKNOWN;
	/* A server without this question is not a rewritten history. */
	if (rc == -1 && why.kind != ERR_AUTH && why.kind != ERR_PERMANENT) {
		*e = why;
		return -1;
	}
	if (rc == 0 && cookie.found)
		*lineage = HUB_DESCENDS;
	else if (rc == 0 && cookie.is_history && complete)
		*lineage = HUB_UNRELATED;
	return 0;
}
