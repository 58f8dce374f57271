/* hub_call.c - asking, waiting, asking again. */
#include "hub/hub_call.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/json_tree.h"
#include "hub/hub_headers.h"
#include "hub/hub_url.h"
#include "platform/clock.h"

enum {
	/* Of one call with all its redirects, however slowly it drips. */
	CALL_LIMIT_MS = 5 * 60 * 1000,
	STEP_MS = 1000,
	TOO_MANY = 429
};

void hub_call_init(struct hub_call *call, struct hub *hub, enum repo_type type,
    const char *id, const char *revision,
    int (*take)(void *cookie, const struct hub_call *call, struct err *e),
    void *cookie)
{
	memset(call, 0, sizeof(*call));
	(void)snprintf(call->repo, sizeof(call->repo), "%s %s",
	    repo_type_name(type), id);
	call->page = hub_url_page(hub->endpoint, type, id);
	call->subject.repo = call->repo;
	call->subject.revision = revision;
	call->subject.page = call->page;
	call->subject.token_where = hub->token_where;
	call->hub = hub;
	call->take = take;
	call->cookie = cookie;
	strbuf_init(&call->body, HUB_ANSWER_BYTES_MAX);
}

/* --- an answer -------------------------------------------------------------- */

static int on_body(void *cookie, const void *bytes, size_t n, struct err *e)
{
	struct hub_call *call = cookie;

	strbuf_add(&call->body, bytes, n);
	return strbuf_failed(&call->body) ? err_nomem(e) : 0;
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
static int keep_next(struct hub_call *call, const struct http_response *r,
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

static int keep_answer(struct hub_call *call, const struct http_result *result,
    struct err *e)
{
	call->final_url = text_dup(result->final_url);
	if (call->final_url == NULL)
		return err_nomem(e);
	return keep_next(call, result->response, e);
}

static void on_done(void *cookie, const struct http_result *result)
{
	struct hub_call *call = cookie;

	call->done = true;
	call->request = NULL;
	note_rate_limit(call->hub, result->response);
	call->rc = hub_verdict(result, &call->subject, clock_wall(), NULL,
	    &call->error);
	if (call->rc == 0)
		call->rc = keep_answer(call, result, &call->error);
}

static void forget_answer(struct hub_call *call)
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

void hub_call_release(struct hub_call *call)
{
	if (call->request != NULL)
		http_request_cancel(call->request);
	call->request = NULL;
	forget_answer(call);
	strbuf_release(&call->body);
	free(call->page);
	call->page = NULL;
}

/* --- asking ----------------------------------------------------------------- */

int hub_call_begin(struct hub_call *call, struct err *e)
{
	struct hub *hub = call->hub;
	const struct http_spec spec = {
		.url = call->url,
		.origin = &hub->origin,
		.token = hub->token,
		.is_small = true,
		.max_body = HUB_ANSWER_BYTES_MAX,
		.time_limit_ms = CALL_LIMIT_MS,
		.on_body = on_body,
		.on_done = on_done,
		.cookie = call,
	};

	forget_answer(call);
	call->request = http_request_start(hub->http, &spec, e);
	if (call->request == NULL)
		return -1;
	hub->requests++;
	call->begun = true;
	return 0;
}

/* Make sense of the answer to what was begun. */
static int finish(struct hub_call *call, struct err *e)
{
	call->begun = false;
	while (!call->done) {
		if (http_client_step(call->hub->http, STEP_MS, e) == 0)
			continue;
		if (!call->done)
			http_request_cancel(call->request);
		call->request = NULL;
		return -1;
	}
	if (call->rc == -1) {
		*e = call->error;
		return -1;
	}
	return call->take(call->cookie, call, e);
}

static int64_t whole_s(int64_t ms)
{
	return ms / 1000 + (ms % 1000 > 0);
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

/* Once; it may be under way already. */
static int ask_once(struct hub_call *call, struct err *e)
{
	if (!call->begun && hub_call_begin(call, e) == -1)
		return -1;
	return finish(call, e);
}

int hub_call_ask(struct hub_call *call, struct err *e)
{
	struct hub *hub = call->hub;
	struct err why = ERR_INIT;
	unsigned failures = 0;

	for (;;) {
		struct mono again;
		int64_t wait_ms;

		if (!call->begun &&
		    wait_for_rate_limit(hub, &call->subject, e) == -1)
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

struct tree *hub_call_json(const struct hub_call *call, struct err *e)
{
	const struct json_limits limits = {
		.bytes_max = HUB_ANSWER_BYTES_MAX,
		.depth_max = TREE_JSON_DEPTH_MAX,
		.kind = ERR_TRANSIENT,
		.unique_keys = false,
	};

	return json_tree_parse(strbuf_text(&call->body), call->body.len,
	    &limits, e);
}
