/* http_request.c - one request: its hops, libcurl's callbacks, its timers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "http/http_address.h"
#include "http/http_proxy.h"
#include "http/http_request_internal.h"
#include "platform/clock.h"
#include "platform/net.h"

enum {
	DRIP_BYTES_PER_S = 1024,
	URL_TEXT = 200,
	/* Below it libcurl is not to read far ahead of what may be used. */
	LOW_RATE = 4 * 1000 * 1000
};

/* --- ends ----------------------------------------------------------------- */

void http_request_fail(struct http_request *r, const struct err *e)
{
	if (r->failed)
		return;
	r->failed = true;
	r->error = *e;
}

/* A failure in words that name this hop's URL: "<url> <what>". */
static void fail_here(struct http_request *r, enum err_kind kind,
    const char *what)
{
	char url[URL_TEXT];
	struct err e = ERR_INIT;

	(void)http_url_display(r->response.url, url, sizeof(url));
	err_set(&e, kind, "%s %s", url, what);
	http_request_fail(r, &e);
}

static void wipe_lines(struct http_request *r)
{
	struct curl_slist *line;

	for (line = r->lines; line != NULL; line = line->next)
		secret_wipe(line->data, strlen(line->data));
	curl_slist_free_all(r->lines);
	r->lines = NULL;
}

void http_request_release(struct http_request *r)
{
	wipe_lines(r);
	http_headers_release(&r->response.headers);
	free(r->response.url);
	r->response.url = NULL;
	strbuf_release(&r->error_body);
}

/* --- what libcurl calls --------------------------------------------------- */

static void note_bytes(struct http_request *r, size_t n)
{
	r->moved = clock_mono();
	r->window_bytes += n;
	r->client->stepped += n;
	r->client->events++;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	    status == 307 || status == 308;
}

/* Lengths that contradict each other: libcurl 7.88 takes the last one. */
static bool lengths_differ(const struct http_headers *h)
{
	const char *first = http_headers_get(h, "Content-Length", 0);
	const char *other;
	size_t i;

	for (i = 1; first != NULL; i++) {
		other = http_headers_get(h, "Content-Length", i);
		if (other == NULL)
			return false;
		if (strcmp(first, other) != 0)
			return true;
	}
	return false;
}

/* Compressed, though identity was asked for and ranges count real bytes. */
static bool is_encoded(const struct http_headers *h)
{
	const char *value = http_headers_get(h, "Content-Encoding", 0);

	if (value != NULL && value[0] != '\0' &&
	    !text_equal_nocase(value, "identity"))
		return true;
	value = http_headers_get(h, "Transfer-Encoding", 0);
	return value != NULL && !text_equal_nocase(value, "chunked") &&
	    !text_equal_nocase(value, "identity");
}

/* The empty line: 0, or -1 if the request is to end. */
static int end_of_headers(struct http_request *r)
{
	struct http_response *response = &r->response;
	struct err e = ERR_INIT;
	long status = 0, version = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(r->easy, CURLINFO_HTTP_VERSION, &version);
	if (status >= 100 && status < 200 && status != 101)
		return 0;
	if (status < 200 || status > 999) {
		fail_here(r, ERR_TRANSIENT,
		    "answered with a status that makes no sense");
		return -1;
	}
	response->status = (int)status;
	response->shared = version == CURL_HTTP_VERSION_2_0;
	if (lengths_differ(&response->headers)) {
		fail_here(r, ERR_TRANSIENT, "sent two different lengths");
		return -1;
	}
	if (status < 300 && is_encoded(&response->headers)) {
		fail_here(r, ERR_TRANSIENT,
		    "sent compressed data (server compressed) though it was "
		    "asked not to");
		return -1;
	}
	if (r->spec.on_response != NULL &&
	    r->spec.on_response(r->spec.cookie, response, &e) == -1) {
		http_request_fail(r, &e);
		return -1;
	}
	return r->state == REQUEST_RUNNING ? 0 : -1;
}

static size_t on_header(char *line, size_t size, size_t n, void *cookie)
{
	struct http_request *r = cookie;

	n *= size;
	if (r->state != REQUEST_RUNNING || r->failed)
		return CURL_WRITEFUNC_ERROR;
	note_bytes(r, n);
	http_bucket_take(&r->client->bucket, n, r->moved);
	r->header_bytes += n;
	if (r->header_bytes > HTTP_HEADER_BYTES_MAX) {
		fail_here(r, ERR_TRANSIENT, "sent more than 64 KiB of headers");
		return CURL_WRITEFUNC_ERROR;
	}
	if (r->response.status != 0) /* a trailer */
		return n;
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		http_headers_clear(&r->response.headers);
		return n;
	}
	if (line[0] == '\r' || line[0] == '\n')
		return end_of_headers(r) == 0 ? n : CURL_WRITEFUNC_ERROR;
	switch (http_headers_add(&r->response.headers, line, n)) {
	case HTTP_HEADERS_FINE:
		return n;
	case HTTP_HEADERS_CONTROL:
		fail_here(r, ERR_TRANSIENT, "sent a header with control bytes");
		break;
	case HTTP_HEADERS_FULL:
		fail_here(r, ERR_TRANSIENT, "sent headers that do not fit");
		break;
	}
	return CURL_WRITEFUNC_ERROR;
}

/* Of a redirect or an error: keep the beginning, read on a little. */
static int drain(struct http_request *r, const char *bytes, size_t n)
{
	size_t left = HTTP_ERROR_BODY_MAX - r->error_body.len;

	if (r->response.status >= 400)
		strbuf_add(&r->error_body, bytes, n < left ? n : left);
	if (r->body_bytes <= HTTP_DRAIN_MAX)
		return 0;
	r->cut = true;
	return -1;
}

static int deliver(struct http_request *r, const char *bytes, size_t n)
{
	struct err e = ERR_INIT;

	if (r->enough != 0 && r->body_bytes >= r->enough) {
		uint64_t beyond = r->body_bytes - r->enough;

		n = beyond < n ? n - (size_t)beyond : 0;
		r->body_bytes = r->enough;
		r->cut = true;
	}
	if (r->spec.max_body != 0 && r->body_bytes > r->spec.max_body) {
		char what[80];

		(void)snprintf(what, sizeof(what),
		    "sent more than the %" PRIu64 " bytes that were expected",
		    r->spec.max_body);
		fail_here(r, ERR_TRANSIENT, what);
		return -1;
	}
	if (r->spec.on_body != NULL && n > 0 &&
	    r->spec.on_body(r->spec.cookie, bytes, n, &e) == -1) {
		http_request_fail(r, &e);
		return -1;
	}
	return r->state == REQUEST_RUNNING && !r->cut ? 0 : -1;
}

static void hold(struct http_request *r)
{
	r->held = true;
	r->held_at = clock_mono();
	r->held_turn = r->client->turns++;
}

static size_t on_write(char *bytes, size_t size, size_t n, void *cookie)
{
	struct http_request *r = cookie;
	int rc;

	n *= size;
	if (r->state != REQUEST_RUNNING || r->failed || r->cut)
		return CURL_WRITEFUNC_ERROR;
	if (r->paused ||
	    !http_bucket_is_open(&r->client->bucket, clock_mono())) {
		hold(r);
		return CURL_WRITEFUNC_PAUSE;
	}
	note_bytes(r, n);
	http_bucket_take(&r->client->bucket, n, r->moved);
	r->body_bytes += n;
	if (r->response.status >= 200 && r->response.status < 300)
		rc = deliver(r, bytes, n);
	else
		rc = drain(r, bytes, n);
	return rc == 0 ? n : CURL_WRITEFUNC_ERROR;
}

/* May this hop use such an address?  Only a redirect to elsewhere is asked. */
static bool address_allowed(struct http_request *r, bool is_private)
{
	if (r->proxied || r->response.hop == 0 || r->first_private ||
	    !is_private || http_origin_equal(&r->here, &r->first))
		return true;
	r->refused_private = true;
	return false;
}

static bool socket_is_private(const struct curl_sockaddr *a)
{
	/* libcurl allocates addrlen bytes, whatever a->addr's type */
	const char *addr = (const char *)a +
	    offsetof(struct curl_sockaddr, addr);
	uint8_t bytes[NET_ADDRESS_MAX];

	return http_address_is_private(bytes,
	    net_address_of(a->family, addr, a->addrlen, bytes));
}

static curl_socket_t on_open_socket(void *cookie, curlsocktype purpose,
    struct curl_sockaddr *a)
{
	struct http_request *r = cookie;

	if (purpose == CURLSOCKTYPE_IPCXN &&
	    !address_allowed(r, socket_is_private(a)))
		return CURL_SOCKET_BAD;
	return (curl_socket_t)net_socket(a->family, a->socktype, a->protocol);
}

/* Right before the request is sent, on a connection that may be an old one. */
static int on_connected(void *cookie, char *remote, char *local,
    int remote_port, int local_port)
{
	struct http_request *r = cookie;
	bool is_private = http_address_text_is_private(remote);

	(void)local;
	(void)remote_port;
	(void)local_port;
	if (!address_allowed(r, is_private))
		return CURL_PREREQFUNC_ABORT;
	/* Another address of the name may have been refused before. */
	r->refused_private = false;
	if (r->response.hop == 0)
		r->first_private = is_private && !r->proxied;
	r->connected = true;
	r->moved = r->window = clock_mono();
	r->window_bytes = 0;
	return CURL_PREREQFUNC_OK;
}

/* --- a hop ---------------------------------------------------------------- */

#define SET(option, value)                                                   \
	do {                                                                 \
		if (code == CURLE_OK)                                        \
			code = curl_easy_setopt(r->easy, (option), (value)); \
	} while (0)

/* What no redirect changes.  The handle may come from another request. */
static CURLcode set_common(struct http_request *r)
{
	const struct http_options *o = &r->client->options;
	uint64_t rate = r->client->bucket.rate;
	CURLcode code = CURLE_OK;

	curl_easy_reset(r->easy);
	SET(CURLOPT_PRIVATE, r);
	SET(CURLOPT_ERRORBUFFER, r->curl_text);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* Without it, ending a request joins a thread inside getaddrinfo. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_UNRESTRICTED_AUTH, 0L);
	SET(CURLOPT_AUTOREFERER, 0L);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_CONTENT_DECODING, 0L);
	/* Refused by a libcurl that was built without HTTP/2. */
	if (!r->spec.is_small ||
	    curl_easy_setopt(r->easy, CURLOPT_HTTP_VERSION,
		(long)CURL_HTTP_VERSION_2TLS) != CURLE_OK)
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_USERAGENT, o->user_agent);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_timeout_ms);
	SET(CURLOPT_MAXLIFETIME_CONN, 600L);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	/* Refused where the handle still has a buffer from its last request,
	 * which is then good enough. */
	(void)curl_easy_setopt(r->easy, CURLOPT_BUFFERSIZE,
	    rate > 0 && rate < LOW_RATE ? 16L * 1024 : 256L * 1024);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	/* Schannel alone asks whether a certificate was revoked, and refuses
	 * all where nobody answers: behind the proxies of companies. */
	SET(CURLOPT_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
	SET(CURLOPT_PROXY_SSL_OPTIONS, (long)CURLSSLOPT_REVOKE_BEST_EFFORT);
	if (o->ca_file != NULL)
		SET(CURLOPT_CAINFO, o->ca_file);
	/* Schannel takes no folder, and has the system's own certificates. */
	if (o->ca_dir != NULL &&
	    curl_easy_setopt(r->easy, CURLOPT_CAPATH, o->ca_dir) ==
		CURLE_OUT_OF_MEMORY)
		code = CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, r);
	SET(CURLOPT_WRITEFUNCTION, on_write);
	SET(CURLOPT_WRITEDATA, r);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, r);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, r);
	if (r->spec.head)
		SET(CURLOPT_NOBODY, 1L);
	return code;
}

static CURLcode set_proxy(struct http_request *r)
{
	const struct http_options *o = &r->client->options;
	const char *proxy = o->proxy_url;
	CURLcode code = CURLE_OK;

	if (proxy == NULL && o->proxy_from_environment)
		proxy = http_proxy_environment(&r->here);
	r->proxied = proxy != NULL;
	/* "" and not NULL: libcurl is not to look at the environment itself,
	 * and whom the proxy is not for has been decided. */
	SET(CURLOPT_PROXY, proxy != NULL ? proxy : "");
	SET(CURLOPT_NOPROXY, "");
	/* Proxies over TLS: unknown to a libcurl that was built without. */
	if (o->ca_file != NULL)
		(void)curl_easy_setopt(r->easy, CURLOPT_PROXY_CAINFO,
		    o->ca_file);
	if (o->ca_dir != NULL)
		(void)curl_easy_setopt(r->easy, CURLOPT_PROXY_CAPATH,
		    o->ca_dir);
	return code;
}

static int add_line(struct http_request *r, const char *line)
{
	struct curl_slist *longer = curl_slist_append(r->lines, line);

	if (longer == NULL)
		return -1;
	r->lines = longer;
	return 0;
}

/*
 * The token goes to the origin it is for and to no other, over TLS or to this
 * very machine; a proxy that reads along is not this machine.
 */
static bool token_allowed(const struct http_request *r)
{
	if (r->spec.token == NULL || !secret_is_set(r->spec.token))
		return false;
	if (!r->response.at_origin)
		return false;
	return r->here.https ||
	    (http_origin_is_loopback(&r->here) && !r->proxied);
}

/* Our own lines, made anew for each hop. */
static CURLcode set_lines(struct http_request *r)
{
	static const char bearer[] = "Authorization: Bearer ";
	CURLcode code = CURLE_OK;
	int rc = 0;

	SET(CURLOPT_HTTPHEADER, NULL);
	wipe_lines(r);
	if (add_line(r, "Accept-Encoding: identity") == -1)
		return CURLE_OUT_OF_MEMORY;
	if (token_allowed(r)) {
		size_t n = sizeof(bearer) - 1, m = r->spec.token->len;
		char *line = malloc(n + m + 1);

		if (line == NULL)
			return CURLE_OUT_OF_MEMORY;
		memcpy(line, bearer, n);
		memcpy(line + n, r->spec.token->bytes, m);
		line[n + m] = '\0';
		rc = add_line(r, line);
		secret_wipe(line, n + m);
		free(line);
	}
	if (rc == -1)
		return CURLE_OUT_OF_MEMORY;
	SET(CURLOPT_HTTPHEADER, r->lines);
	return code;
}

static CURLcode set_target(struct http_request *r)
{
	CURLcode code = CURLE_OK;
	char range[64];

	SET(CURLOPT_URL, r->response.url);
	if (r->spec.has_range) {
		(void)snprintf(range, sizeof(range), "%" PRIu64 "-%" PRIu64,
		    r->spec.from, r->spec.to - 1);
		SET(CURLOPT_RANGE, range);
	}
	return code;
}

static void begin_answer(struct http_request *r, char *url, struct mono now)
{
	free(r->response.url);
	r->response.url = url;
	r->response.status = 0;
	http_headers_clear(&r->response.headers);
	strbuf_clear(&r->error_body);
	r->curl_text[0] = '\0';
	r->refused_private = false;
	r->connected = false;
	r->cut = false;
	r->held = false;
	r->header_bytes = 0;
	r->body_bytes = 0;
	r->window_bytes = 0;
	r->moved = r->window = now;
	r->state = REQUEST_QUEUED;
}

int http_request_hop(struct http_request *r, char *url, struct mono now,
    struct err *e)
{
	CURLcode code;

	begin_answer(r, url, now);
	if (http_origin_parse(url, &r->here, e) == -1)
		return -1;
	if (r->response.hop == 0)
		r->first = r->here;
	r->response.at_origin = r->has_origin &&
	    http_origin_equal(&r->here, &r->origin);
	code = r->response.hop == 0 ? set_common(r) : CURLE_OK;
	if (code == CURLE_OK)
		code = set_proxy(r);
	if (code == CURLE_OK)
		code = set_lines(r);
	if (code == CURLE_OK)
		code = set_target(r);
	if (code == CURLE_OK)
		return 0;
	if (code == CURLE_OUT_OF_MEMORY)
		return err_nomem(e);
	return err_set(e, ERR_BUG, "bug: libcurl refuses an option: %s",
	    curl_easy_strerror(code));
}

/* Prepare the hop that Location names; -1 with *e if it is refused. */
static int follow(struct http_request *r, const char *location, struct mono now,
    struct err *e)
{
	char from[URL_TEXT];
	struct http_origin next;
	char *url;

	(void)http_url_display(r->response.url, from, sizeof(from));
	if (r->response.hop >= HTTP_HOPS_MAX)
		return err_set(e, ERR_TRANSIENT,
		    "%s: more than %d redirects in a row", from, HTTP_HOPS_MAX);
	url = http_url_resolve(r->response.url, location, e);
	if (url == NULL || http_origin_parse(url, &next, e) == -1) {
		free(url);
		return e->kind == ERR_NOMEM
		    ? -1
		    : err_wrap(e, "the redirect from %s is refused", from);
	}
	if (!next.https && (r->here.https || r->first.https)) {
		free(url);
		return err_set(e, ERR_PERMANENT,
		    "the redirect from %s to plain http is refused", from);
	}
	r->response.hop++;
	return http_request_hop(r, url, now, e);
}

bool http_request_hop_done(struct http_request *r, CURLcode code,
    struct mono now)
{
	struct err e = ERR_INIT;
	const char *location;

	if (!r->failed && code != CURLE_OK && !r->cut) {
		http_failure(r, code, &e);
		http_request_fail(r, &e);
	} else if (!r->failed && r->response.status == 0) {
		fail_here(r, ERR_TRANSIENT, "ended without an answer");
	}
	if (!r->failed && is_redirect(r->response.status)) {
		location = http_headers_get(&r->response.headers, "Location",
		    0);
		if (location != NULL && location[0] != '\0') {
			if (follow(r, location, now, &e) == 0)
				return true;
			http_request_fail(r, &e);
		}
	}
	r->state = REQUEST_ENDED;
	return false;
}

/* --- time ----------------------------------------------------------------- */

static int64_t since(struct mono t, struct mono now)
{
	return now.ms - t.ms;
}

static void fail_slow(struct http_request *r, const char *what, int64_t ms)
{
	char span[NUM_TEXT_MAX], text[120];

	(void)snprintf(text, sizeof(text), "%s %s", what,
	    num_format_duration(ms, span));
	fail_here(r, ERR_TRANSIENT, text);
	r->state = REQUEST_ENDED;
}

/* It was there in time: the wait is no server's fault. */
void http_request_unhold(struct http_request *r, struct mono now)
{
	int64_t span = since(r->held_at, now);

	r->held = false;
	r->moved = now;
	r->started.ms += span;
	r->window.ms += span;
	if (r->window.ms > now.ms)
		r->window = now;
}

void http_request_check_time(struct http_request *r, struct mono now)
{
	int64_t stall = r->client->options.stall_timeout_ms;
	int64_t span;

	if (r->state != REQUEST_RUNNING || (r->held && !r->paused))
		return;
	if (r->spec.time_limit_ms > 0 &&
	    since(r->started, now) >= r->spec.time_limit_ms) {
		fail_slow(r, "did not finish within", r->spec.time_limit_ms);
		return;
	}
	if (r->paused || !r->connected || stall <= 0)
		return;
	if (since(r->moved, now) >= stall) {
		fail_slow(r, "stalled: no byte for", stall);
		return;
	}
	span = since(r->window, now);
	if (span < stall)
		return;
	if (r->window_bytes < (uint64_t)span * DRIP_BYTES_PER_S / 1000) {
		fail_slow(r, "stalled: less than 1 KiB/s for", span);
		return;
	}
	r->window = now;
	r->window_bytes = 0;
}
