/* http_client.c - the loop that drives all requests. */
#include "http/http_client.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/http_request_internal.h"
#include "platform/clock.h"

enum {
	SLICE_MS = 200, /* tick is called at least so often */
	TURN_MS = 4,	/* with a limit: some chunks at once, not one each */
	/* So few bytes in a step are waited for: a look at all connections for
	 * every packet of a slow line takes half a processor. */
	TRICKLE_BYTES = 64 * 1024,
	TRICKLE_MS = 1,
	/* A gap between two rounds that is our own doing (a slow disk, a busy
	 * caller, a suspended machine): no server is blamed for it. */
	GAP_MS = 1000
};

/* --- what a response says ------------------------------------------------- */

int http_response_status(const struct http_response *r)
{
	return r->status;
}

unsigned http_response_hop(const struct http_response *r)
{
	return r->hop;
}

bool http_response_at_origin(const struct http_response *r)
{
	return r->at_origin;
}

bool http_response_is_shared(const struct http_response *r)
{
	return r->shared;
}

const char *http_response_url(const struct http_response *r)
{
	return r->url;
}

const char *http_response_header_at(const struct http_response *r,
    const char *name, size_t i)
{
	return http_headers_get(&r->headers, name, i);
}

const char *http_response_header(const struct http_response *r,
    const char *name)
{
	const char *last = NULL, *value;
	size_t i = 0;

	while ((value = http_response_header_at(r, name, i++)) != NULL)
		last = value;
	return last;
}

/* --- the client ----------------------------------------------------------- */

/* Never undone: a resolver thread that was left behind may still run. */
static int global_setup(struct err *e)
{
	static bool done;

	if (done)
		return 0;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_NOMEM, "libcurl cannot be set up");
	done = true;
	return 0;
}

bool http_client_takes_ca_folder(void)
{
	struct err ignored = ERR_INIT;
	CURL *easy = global_setup(&ignored) == 0 ? curl_easy_init() : NULL;
	CURLcode code = easy == NULL
	    ? CURLE_OK
	    : curl_easy_setopt(easy, CURLOPT_CAPATH, ".");

	curl_easy_cleanup(easy);
	return code != CURLE_NOT_BUILT_IN && code != CURLE_UNKNOWN_OPTION;
}

struct http_client *http_client_new(const struct http_options *options,
    struct err *e)
{
	struct http_client *client;
	long most = (long)options->max_connections;

	if (global_setup(e) == -1)
		return NULL;
	client = calloc(1, sizeof(*client));
	if (client == NULL) {
		err_nomem(e);
		return NULL;
	}
	client->options = *options;
	atomic_init(&client->woken, false);
	client->driven = client->bucket.filled = clock_mono();
	client->multi = curl_multi_init();
	if (client->multi == NULL) {
		err_nomem(e);
		free(client);
		return NULL;
	}
	if (most > 0) {
		(void)curl_multi_setopt(client->multi,
		    CURLMOPT_MAX_TOTAL_CONNECTIONS, most);
		(void)curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS,
		    most);
	}
	return client;
}

/* Take the easy handle from libcurl's loop and keep it for the next one. */
static void put_easy(struct http_client *client, CURL *easy)
{
	if (easy == NULL)
		return;
	(void)curl_multi_remove_handle(client->multi, easy);
	if (client->n_idle < HTTP_IDLE_MAX) {
		/* Nothing of the request stays behind. */
		curl_easy_reset(easy);
		client->idle[client->n_idle++] = easy;
	} else {
		curl_easy_cleanup(easy);
	}
}

static CURL *get_easy(struct http_client *client)
{
	if (client->n_idle > 0)
		return client->idle[--client->n_idle];
	return curl_easy_init();
}

static void unlink_request(struct http_request *r)
{
	struct http_request **link = &r->client->requests;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
}

/* Not inside a callback of libcurl. */
static void dispose(struct http_request *r)
{
	put_easy(r->client, r->easy);
	r->easy = NULL;
	http_request_release(r);
	free(r);
}

static void destroy(struct http_request *r)
{
	unlink_request(r);
	dispose(r);
}

void http_client_free(struct http_client *client)
{
	struct http_request *r;

	if (client == NULL)
		return;
	while ((r = client->requests) != NULL) {
		client->requests = r->next;
		dispose(r);
	}
	while (client->n_idle > 0)
		curl_easy_cleanup(client->idle[--client->n_idle]);
	(void)curl_multi_cleanup(client->multi);
	free(client);
}

void http_client_wake(struct http_client *client)
{
	atomic_store(&client->woken, true);
	(void)curl_multi_wakeup(client->multi);
}

void http_client_share(struct http_client *client, unsigned requests)
{
	(void)curl_multi_setopt(client->multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
	    (long)requests);
}

void http_client_limit(struct http_client *client, uint64_t bytes_per_s)
{
	http_bucket_set(&client->bucket, bytes_per_s, clock_mono());
}

bool http_client_is_limited(const struct http_client *client)
{
	return client->bucket.rate != 0;
}

unsigned http_client_active(const struct http_client *client)
{
	const struct http_request *r;
	unsigned n = 0;

	for (r = client->requests; r != NULL; r = r->next)
		if (r->state != REQUEST_DEAD)
			n++;
	return n;
}

const char *http_library_version(void)
{
	return curl_version();
}

/* --- a request ------------------------------------------------------------ */

static int check_spec(const struct http_spec *spec, struct err *e)
{
	if (spec->has_range && spec->from >= spec->to)
		return ERR_BUG_HERE(e, "an empty range");
	if (spec->on_done == NULL)
		return ERR_BUG_HERE(e, "nobody waits for the answer");
	return 0;
}

struct http_request *http_request_start(struct http_client *client,
    const struct http_spec *spec, struct err *e)
{
	struct http_request *r;
	char *url;

	if (check_spec(spec, e) == -1)
		return NULL;
	r = calloc(1, sizeof(*r));
	url = text_dup(spec->url);
	if (r == NULL || url == NULL) {
		free(r);
		free(url);
		err_nomem(e);
		return NULL;
	}
	r->client = client;
	r->spec = *spec;
	r->spec.url = NULL;
	r->has_origin = spec->origin != NULL;
	if (r->has_origin)
		r->origin = *spec->origin;
	r->spec.origin = NULL;
	/* The cap on the lines is HTTP_HEADER_BYTES_MAX; ours are shorter. */
	http_headers_init(&r->response.headers, HTTP_HEADER_BYTES_MAX);
	strbuf_init(&r->error_body, HTTP_ERROR_BODY_MAX);
	r->started = clock_mono();
	r->next = client->requests;
	client->requests = r;
	r->easy = get_easy(client);
	if (r->easy == NULL) {
		free(url);
		err_nomem(e);
		destroy(r);
		return NULL;
	}
	if (http_request_hop(r, url, r->started, e) == -1) {
		destroy(r);
		return NULL;
	}
	return r;
}

void http_request_cancel(struct http_request *request)
{
	if (request->client->inside)
		request->state = REQUEST_DEAD;
	else
		destroy(request);
}

void http_request_pause(struct http_request *request, bool pause)
{
	if (request->paused && !pause) {
		request->moved = request->window = clock_mono();
		request->window_bytes = 0;
	}
	request->paused = pause;
}

void http_request_shorten(struct http_request *request, uint64_t bytes)
{
	request->enough = bytes;
}

/* --- the loop ------------------------------------------------------------- */

/* Tell the user, then forget the request. */
static void finish(struct http_request *r)
{
	struct http_client *client = r->client;
	struct http_result result = {
		.status = r->response.status,
		.failed = r->failed,
		.error = r->error,
		.at_origin = r->response.at_origin,
		.response = r->response.status != 0 ? &r->response : NULL,
		.error_body = strbuf_text(&r->error_body),
		.body_bytes = r->body_bytes,
		.final_url = r->response.url,
	};

	unlink_request(r);
	put_easy(client, r->easy);
	r->easy = NULL;
	client->events++;
	r->spec.on_done(r->spec.cookie, &result);
	http_request_release(r);
	free(r);
}

static struct http_request *find(const struct http_client *client,
    enum request_state state)
{
	struct http_request *r = client->requests;

	while (r != NULL && r->state != state)
		r = r->next;
	return r;
}

/* Callbacks of on_done may start and cancel requests: look anew each time. */
static void finish_ended(struct http_client *client)
{
	struct http_request *r;

	while ((r = find(client, REQUEST_DEAD)) != NULL)
		destroy(r);
	while ((r = find(client, REQUEST_ENDED)) != NULL)
		finish(r);
}

static void end_with_bug(struct http_request *r, CURLMcode code)
{
	struct err e = ERR_INIT;

	if (code == CURLM_OUT_OF_MEMORY)
		err_nomem(&e);
	else
		err_set(&e, ERR_BUG, "bug: libcurl refuses a request: %s",
		    curl_multi_strerror(code));
	http_request_fail(r, &e);
	r->state = REQUEST_ENDED;
}

static void start_queued(struct http_client *client)
{
	struct http_request *r;

	while ((r = find(client, REQUEST_QUEUED)) != NULL) {
		CURLMcode code = curl_multi_add_handle(client->multi, r->easy);

		r->state = REQUEST_RUNNING;
		if (code != CURLM_OK)
			end_with_bug(r, code);
	}
}

/* The request whose turn it is to go on; NULL: none that may. */
static struct http_request *next_held(const struct http_client *client)
{
	struct http_request *r, *first = NULL;

	for (r = client->requests; r != NULL; r = r->next)
		if (r->state == REQUEST_RUNNING && !r->paused && r->held &&
		    (first == NULL || r->held_turn < first->held_turn))
			first = r;
	return first;
}

/* libcurl hands out what it kept back, by our callbacks, at once; these may
 * hold it again. */
static void resume_held(struct http_client *client)
{
	uint64_t turns = client->turns;
	struct http_request *r;

	while ((r = next_held(client)) != NULL && r->held_turn < turns) {
		struct mono now = clock_mono();
		CURLcode code;

		if (!http_bucket_is_open(&client->bucket, now))
			return;
		http_request_unhold(r, now);
		client->inside = true;
		code = curl_easy_pause(r->easy, CURLPAUSE_CONT);
		client->inside = false;
		if (code == CURLE_OK || r->state != REQUEST_RUNNING)
			continue;
		(void)curl_multi_remove_handle(client->multi, r->easy);
		(void)http_request_hop_done(r, code, clock_mono());
	}
}

/* How long requests that are held must be left alone. */
static int64_t limit_wait_ms(struct http_client *client)
{
	int64_t wait;

	if (client->bucket.rate == 0 || next_held(client) == NULL)
		return SLICE_MS;
	wait = http_bucket_wait_ms(&client->bucket, clock_mono());
	if (wait < TURN_MS)
		return TURN_MS;
	return wait < SLICE_MS ? wait : SLICE_MS;
}

static void take_messages(struct http_client *client)
{
	struct CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		struct http_request *r = NULL;
		CURLcode code = message->data.result;
		CURL *easy = message->easy_handle;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &r);
		if (r == NULL || r->state != REQUEST_RUNNING)
			continue;
		(void)curl_multi_remove_handle(client->multi, easy);
		if (http_request_hop_done(r, code, clock_mono()))
			client->events++;
	}
}

static struct mono later(struct mono t, int64_t ms, struct mono limit)
{
	t.ms += ms;
	return t.ms > limit.ms ? limit : t;
}

static void check_times(struct http_client *client)
{
	struct mono now = clock_mono();
	int64_t gap = now.ms - client->driven.ms;
	struct http_request *r;

	client->driven = now;
	for (r = client->requests; r != NULL; r = r->next) {
		if (gap > GAP_MS) {
			r->moved = later(r->moved, gap, now);
			r->window = later(r->window, gap, now);
		}
		http_request_check_time(r, now);
	}
}

/* One round: everything that can be done without waiting. */
static int drive(struct http_client *client, struct err *e)
{
	CURLMcode code;
	int running;

	start_queued(client);
	resume_held(client);
	client->inside = true;
	code = curl_multi_perform(client->multi, &running);
	client->inside = false;
	if (code == CURLM_OUT_OF_MEMORY)
		return err_nomem(e);
	if (code != CURLM_OK)
		return err_set(e, ERR_BUG, "bug: libcurl's loop: %s",
		    curl_multi_strerror(code));
	take_messages(client);
	check_times(client);
	finish_ended(client);
	return 0;
}

static bool tick_cancels(const struct http_client *client)
{
	const struct http_options *o = &client->options;

	return o->tick != NULL && o->tick(o->tick_cookie) != 0;
}

static void wait_for_sockets(struct http_client *client, int64_t ms)
{
	struct curl_waitfd wake = { (curl_socket_t)client->options.wake_fd,
		CURL_WAIT_POLLIN, 0 };
	bool with_wake = client->options.wake_fd >= 0 && !client->wake_fd_seen;

	if (curl_multi_poll(client->multi, with_wake ? &wake : NULL,
		with_wake ? 1 : 0, (int)ms, NULL) != CURLM_OK)
		clock_sleep_ms(10); /* no busy loop, whatever is wrong */
	if (with_wake && wake.revents != 0)
		client->wake_fd_seen = true;
}

/* Large bodies come in small parts: nobody waits for one of these. */
static bool is_trickle(const struct http_client *client)
{
	if (client->requests == NULL || client->stepped == 0 ||
	    client->stepped >= TRICKLE_BYTES)
		return false;
	for (const struct http_request *r = client->requests; r != NULL;
	     r = r->next)
		if (r->spec.is_small || r->state != REQUEST_RUNNING ||
		    r->response.status == 0)
			return false;
	return true;
}

static int step(struct http_client *client, int64_t timeout_ms, struct err *e)
{
	int64_t deadline = clock_mono().ms + timeout_ms;
	uint64_t events = client->events;

	if (timeout_ms > 0 && is_trickle(client))
		clock_sleep_ms(TRICKLE_MS);
	client->stepped = 0;
	for (;;) {
		int64_t left, wait;

		if (tick_cancels(client))
			return err_set(e, ERR_CANCELLED, "interrupted");
		if (drive(client, e) == -1)
			return -1;
		left = deadline - clock_mono().ms;
		if (client->events != events || left <= 0 ||
		    atomic_exchange(&client->woken, false))
			return 0;
		/* A hop or a request that a callback has added. */
		if (find(client, REQUEST_QUEUED) != NULL)
			continue;
		wait = limit_wait_ms(client);
		wait_for_sockets(client, left < wait ? left : wait);
	}
}

int http_client_step(struct http_client *client, int64_t timeout_ms,
    struct err *e)
{
	int rc;

	if (client->stepping)
		return ERR_BUG_HERE(e, "a step inside a callback");
	client->stepping = true;
	rc = step(client, timeout_ms, e);
	client->stepping = false;
	return rc;
}
