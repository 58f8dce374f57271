/* fake_http.c - requests that a script answers. */
#include "support/fake_http.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "support/fake_clock.h"

/* PART_MAX: of one on_body; a chunk may be several. */
enum { CHUNK_DEFAULT = 16 * 1024, PART_MAX = 64 * 1024, ASKS_MAX = 1000000 };

struct http_response {
	int status;
	unsigned hop;
	bool at_origin;
	bool shared;
	const char *url;
	const struct fake_reply *reply; /* NULL: a redirect */
};

struct http_request {
	struct http_request *next;
	struct http_client *client;
	struct http_spec spec;
	struct http_origin origin;
	struct fake_ask ask;
	struct fake_reply reply;
	struct http_response response;
	bool begun;	       /* the server was asked */
	bool dead;	       /* cancelled or done */
	bool paused;	       /* by the user */
	int64_t due_ms;	       /* nothing comes before */
	uint64_t sent, enough; /* enough: 0: all of it */
	char last_url[200];
};

struct http_client {
	struct http_options options;
	struct fake_server server;
	struct http_request *requests; /* own; in the order of their start */
	struct fake_ask *asks;	       /* own */
	size_t n_asks, cap_asks;
	unsigned most_active;
	unsigned long steps;
	bool stepping, woken;
	char *body; /* own; of one chunk */
	size_t body_cap;
};

/* --- the client ----------------------------------------------------------- */

struct http_client *http_client_new(const struct http_options *options,
    struct err *e)
{
	struct http_client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		err_nomem(e);
		return NULL;
	}
	client->options = *options;
	return client;
}

static void sweep(struct http_client *client, bool all)
{
	struct http_request **link = &client->requests;

	while (*link != NULL) {
		struct http_request *r = *link;

		if (!r->dead && !all) {
			link = &r->next;
			continue;
		}
		*link = r->next;
		free(r);
	}
}

void http_client_free(struct http_client *client)
{
	if (client == NULL)
		return;
	sweep(client, true);
	free(client->asks);
	free(client->body);
	free(client);
}

void http_client_share(struct http_client *client, unsigned requests)
{
	(void)client;
	assert(requests > 0);
}

void http_client_wake(struct http_client *client)
{
	client->woken = true;
}

unsigned http_client_active(const struct http_client *client)
{
	const struct http_request *r;
	unsigned n = 0;

	for (r = client->requests; r != NULL; r = r->next)
		n += !r->dead;
	return n;
}

const char *http_library_version(void)
{
	return "fake";
}

void fake_http_script(struct http_client *client,
    const struct fake_server *server)
{
	client->server = *server;
}

const struct fake_ask *fake_http_asks(const struct http_client *client,
    size_t *n)
{
	*n = client->n_asks;
	return client->asks;
}

unsigned fake_http_most_active(const struct http_client *client)
{
	return client->most_active;
}

unsigned long fake_http_steps(const struct http_client *client)
{
	return client->steps;
}

/* --- a response ----------------------------------------------------------- */

int http_response_status(const struct http_response *r)
{
	return r->status;
}

unsigned http_response_hop(const struct http_response *r)
{
	return r->hop;
}

bool http_response_is_shared(const struct http_response *r)
{
	return r->shared;
}

bool http_response_at_origin(const struct http_response *r)
{
	return r->at_origin;
}

const char *http_response_url(const struct http_response *r)
{
	return r->url;
}

const char *http_response_header_at(const struct http_response *r,
    const char *name, size_t i)
{
	const char *value = "";

	if (r->reply == NULL || i > 0)
		return NULL;
	if (text_equal_nocase(name, "Content-Range"))
		value = r->reply->content_range;
	else if (text_equal_nocase(name, "Content-Length"))
		value = r->reply->content_length;
	else if (text_equal_nocase(name, "Retry-After"))
		value = r->reply->retry_after;
	return value[0] != '\0' ? value : NULL;
}

const char *http_response_header(const struct http_response *r,
    const char *name)
{
	return http_response_header_at(r, name, 0);
}

void fake_reply_right(struct fake_reply *reply, const struct fake_ask *ask,
    uint64_t size, bool honour_range)
{
	bool part = ask->has_range && honour_range;

	reply->status = part ? 206 : 200;
	reply->from = part ? ask->from : 0;
	reply->n = (part ? ask->to : size) - reply->from;
	if (part)
		(void)snprintf(reply->content_range,
		    sizeof(reply->content_range),
		    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, ask->from,
		    ask->to - 1, size);
	(void)snprintf(reply->content_length, sizeof(reply->content_length),
	    "%" PRIu64, reply->n);
}

/* --- a request ------------------------------------------------------------ */

struct http_request *http_request_start(struct http_client *client,
    const struct http_spec *spec, struct err *e)
{
	struct http_request *r, **link;

	if (spec->on_done == NULL || spec->origin == NULL ||
	    strlen(spec->url) >= sizeof(r->ask.url) ||
	    (spec->has_range && spec->from >= spec->to)) {
		(void)ERR_BUG_HERE(e, "a request that makes no sense");
		return NULL;
	}
	r = calloc(1, sizeof(*r));
	if (r == NULL ||
	    vec_grow((void **)&client->asks, &client->cap_asks,
		client->n_asks + 1, sizeof(*client->asks), ASKS_MAX) == -1) {
		free(r);
		err_nomem(e);
		return NULL;
	}
	r->client = client;
	r->spec = *spec;
	r->spec.url = NULL;
	r->spec.origin = NULL;
	r->origin = *spec->origin;
	r->due_ms = fake_clock_ms();
	r->ask.ordinal = (unsigned)client->n_asks;
	r->ask.at_ms = fake_clock_ms();
	memcpy(r->ask.url, spec->url, strlen(spec->url) + 1);
	r->ask.has_range = spec->has_range;
	r->ask.from = spec->from;
	r->ask.to = spec->to;
	client->asks[client->n_asks++] = r->ask;
	for (link = &client->requests; *link != NULL; link = &(*link)->next)
		;
	*link = r;
	if (http_client_active(client) > client->most_active)
		client->most_active = http_client_active(client);
	return r;
}

void http_request_cancel(struct http_request *request)
{
	if (request->dead)
		abort(); /* twice, or in its own on_done */
	request->dead = true;
}

void http_request_pause(struct http_request *request, bool pause)
{
	request->paused = pause;
}

bool http_client_is_limited(const struct http_client *client)
{
	return client->server.limited;
}

void http_request_shorten(struct http_request *request, uint64_t bytes)
{
	if (request->dead || bytes <= request->sent ||
	    bytes > request->spec.max_body)
		abort();
	request->enough = bytes;
}

static void end(struct http_request *r, const struct err *error)
{
	struct http_result result;

	memset(&result, 0, sizeof(result));
	result.status = r->response.status;
	result.failed = error != NULL;
	if (error != NULL)
		result.error = *error;
	result.at_origin = r->response.at_origin;
	result.response = r->response.status != 0 ? &r->response : NULL;
	result.error_body = "";
	result.body_bytes = r->sent;
	result.final_url = r->last_url;
	r->dead = true;
	r->spec.on_done(r->spec.cookie, &result);
}

static void end_with(struct http_request *r, enum err_kind kind,
    const char *text)
{
	struct err e = ERR_INIT;

	(void)err_set(&e, kind, "%s", text);
	end(r, &e);
}

/* Where it stands now: this URL. */
static void arrive(struct http_request *r, const char *url)
{
	struct http_origin here;
	struct err ignored = ERR_INIT;

	(void)snprintf(r->last_url, sizeof(r->last_url), "%s", url);
	r->response.url = r->last_url;
	r->response.shared = r->client->server.shares;
	r->response.at_origin = http_origin_parse(url, &here, &ignored) == 0 &&
	    http_origin_equal(&here, &r->origin);
}

static void answer(struct http_request *r, int status,
    const struct fake_reply *reply)
{
	struct err e = ERR_INIT;

	r->response.status = status;
	r->response.reply = reply;
	if (r->spec.on_response != NULL &&
	    r->spec.on_response(r->spec.cookie, &r->response, &e) == -1 &&
	    !r->dead)
		end(r, &e);
}

/* As libcurl: the length sent is where the body ends, unless it overflows. */
static uint64_t body_length(const struct fake_reply *reply)
{
	uint64_t length;

	if (reply->content_length[0] == '\0' ||
	    strlen(reply->content_length) > 18)
		return reply->n;
	length = strtoull(reply->content_length, NULL, 10);
	return length < reply->n ? length : reply->n;
}

static bool is_cut(const struct fake_reply *reply)
{
	return reply->content_length[0] != '\0' &&
	    strlen(reply->content_length) <= 18 &&
	    strtoull(reply->content_length, NULL, 10) > reply->n;
}

static int deliver(struct http_request *r, size_t n)
{
	struct http_client *client = r->client;
	const struct fake_server *server = &client->server;
	uint64_t offset = r->reply.from + r->sent;
	bool last = r->enough != 0 && r->sent + n >= r->enough;
	struct err e = ERR_INIT;

	if (last)
		n = (size_t)(r->enough - r->sent);

	if (n > client->body_cap) {
		free(client->body);
		client->body = malloc(n);
		client->body_cap = client->body != NULL ? n : 0;
		if (client->body == NULL)
			abort();
	}
	server->content(server->cookie, r->last_url, offset, client->body, n);
	if (r->reply.flips && r->sent == 0)
		client->body[0] ^= 1;
	if (!server->no_body_limit && r->spec.max_body != 0 &&
	    r->sent + n > r->spec.max_body) {
		end_with(r, ERR_TRANSIENT, "more than expected");
		return -1;
	}
	if (r->spec.on_body != NULL &&
	    r->spec.on_body(r->spec.cookie, client->body, n, &e) == -1) {
		if (!r->dead)
			end(r, &e);
		return -1;
	}
	r->sent += n;
	if (server->taken != NULL)
		server->taken(server->cookie, r->last_url, offset, n);
	if (last && !r->dead)
		end(r, NULL);
	return last ? -1 : 0;
}

static void send_body(struct http_request *r)
{
	const struct fake_reply *reply = &r->reply;
	uint64_t length = body_length(reply), left;
	size_t n = reply->chunk;

	if (r->response.status > 299 || r->spec.head)
		length = 0;
	left = length - r->sent;
	if (r->sent >= reply->breaks_at) {
		if (reply->stalls && r->due_ms != INT64_MAX) {
			r->due_ms = fake_clock_ms() + FAKE_STALL_MS;
			r->reply.stalls = false;
			return;
		}
		end_with(r, ERR_TRANSIENT, "the answer broke off");
		return;
	}
	if (left > reply->breaks_at - r->sent)
		left = reply->breaks_at - r->sent;
	if (n > left)
		n = (size_t)left;
	while (n > 0 && !r->paused) {
		size_t part = n < PART_MAX ? n : PART_MAX;

		if (deliver(r, part) == -1 || r->dead)
			return;
		n -= part;
	}
	if (r->dead || r->sent < length)
		return;
	if (is_cut(reply))
		end_with(r, ERR_TRANSIENT, "the answer broke off");
	else
		end(r, NULL);
}

static void begin(struct http_request *r)
{
	const struct fake_server *server = &r->client->server;

	r->begun = true;
	arrive(r, r->ask.url);
	r->reply.breaks_at = UINT64_MAX;
	r->reply.chunk = CHUNK_DEFAULT;
	r->reply.error.retry_after_s = -1;
	server->serve(server->cookie, &r->ask, &r->reply);
	r->due_ms = fake_clock_ms() + r->reply.delay_ms;
}

/* One thing happens to it. */
static void advance(struct http_request *r)
{
	const struct fake_reply *reply = &r->reply;

	if (!r->begun)
		begin(r);
	else if (reply->error.kind != ERR_NONE)
		end(r, &reply->error);
	else if (reply->redirect != NULL && r->response.status == 0)
		answer(r, 302, NULL);
	else if (r->response.reply == NULL) {
		if (reply->redirect != NULL) {
			r->response.hop++;
			arrive(r, reply->redirect);
		}
		answer(r, reply->status, reply);
	} else {
		send_body(r);
	}
}

/* --- the loop ------------------------------------------------------------- */

/* false if nothing was due. */
static bool move(struct http_client *client)
{
	struct http_request *last = client->requests, *r;
	bool moved = false;

	while (last != NULL && last->next != NULL)
		last = last->next;
	for (r = client->requests; r != NULL; r = r->next) {
		if (!r->dead && !r->paused && r->due_ms <= fake_clock_ms()) {
			advance(r);
			moved = true;
		}
		if (r == last)
			break; /* callbacks may have added some */
	}
	return moved;
}

static void idle(struct http_client *client, int64_t timeout_ms)
{
	const struct http_request *r;
	int64_t wait = timeout_ms;

	for (r = client->requests; r != NULL; r = r->next)
		if (!r->dead && !r->paused &&
		    r->due_ms - fake_clock_ms() < wait)
			wait = r->due_ms - fake_clock_ms();
	fake_clock_move(wait > 0 ? wait : 0);
}

int http_client_step(struct http_client *client, int64_t timeout_ms,
    struct err *e)
{
	const struct http_options *o = &client->options;

	if (client->stepping)
		return ERR_BUG_HERE(e, "a step inside a callback");
	client->steps++;
	sweep(client, false);
	if (client->server.stepping != NULL)
		client->server.stepping(client->server.cookie);
	if (o->tick != NULL && o->tick(o->tick_cookie) != 0)
		return err_set(e, ERR_CANCELLED, "interrupted");
	client->stepping = true;
	if (move(client))
		fake_clock_move(client->server.step_ms);
	else if (!client->woken)
		idle(client, timeout_ms);
	client->woken = false;
	client->stepping = false;
	return 0;
}
