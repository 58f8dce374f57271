/* test_http_client.c - the HTTP client against a server that misbehaves. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http_bucket.h"
#include "http/http_client.h"
#include "http/http_request_internal.h"
#include "platform/clock.h"
#include "support/small.h"
#include "unit/test_http_server.h"

#ifndef _WIN32
#include <netdb.h>
#include <signal.h>
#include <unistd.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Wine on a busy machine has the pace of valgrind. */
#ifdef _WIN32
#define PACE_MS(quick, slow) ((int64_t)(slow))
#else
#define PACE_MS(quick, slow) ((int64_t)all_or((quick), (slow)))
#endif

#define TOKEN "hf_canary0123456789"

/* --- a resolver of our own ------------------------------------------------ */

/*
 * What has to come soon comes before this, in ms, on the busiest machine and
 * under Valgrind, where the first TLS connection alone may take seconds; and
 * what must not be waited for takes twice as long.
 */
#define LATE_MS 30000

#ifndef _WIN32
static atomic_bool resolver_hangs;
static atomic_int resolvers;

/*
 * Replaces the C library's for libcurl too: "hang.invalid" takes as long as
 * the test wants, all others end in "no such name".  Numbers and localhost are
 * libcurl's own business.
 */
int getaddrinfo(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out)
{
	int ms = 0;

	(void)service;
	(void)hints;
	(void)out;
	atomic_fetch_add(&resolvers, 1);
	if (name != NULL && strcmp(name, "hang.invalid") == 0)
		for (; ms < 2 * LATE_MS && atomic_load(&resolver_hangs);
		     ms += 10)
			clock_sleep_ms(10);
	atomic_fetch_sub(&resolvers, 1);
	return EAI_NONAME;
}
#endif

/* --- asking --------------------------------------------------------------- */

static struct http_client *client;

struct fetch {
	struct http_request *request;
	bool done;
	int status;
	bool failed, at_origin;
	struct err error;
	char error_body[HTTP_ERROR_BODY_MAX + 1];
	char final_url[512];
	uint64_t body_bytes;
	char seen_header[128]; /* X-Test of the last hop */
	unsigned hops;	       /* on_response calls */
	int statuses[32];
	bool origins[32];
	char body[65536]; /* its beginning */
	size_t body_n;
	uint64_t body_total;
	int64_t took_ms;
	/* what the callbacks are to do */
	bool refuse_response, refuse_body, cancel_in_body, pause_in_body;
	int block_ms;
	struct http_request **cancel_other;
	struct http_spec *start_next;
};

static int on_response(void *cookie, const struct http_response *r,
    struct err *e)
{
	struct fetch *f = cookie;

	assert_true(f->hops < COUNT(f->statuses));
	assert_int_equal(http_response_hop(r), f->hops);
	f->statuses[f->hops] = http_response_status(r);
	f->origins[f->hops] = http_response_at_origin(r);
	f->hops++;
	if (f->refuse_response)
		return err_set(e, ERR_INTEGRITY, "not what I want");
	return 0;
}

static int on_body(void *cookie, const void *bytes, size_t n, struct err *e)
{
	struct fetch *f = cookie;

	if (f->body_n + n <= sizeof(f->body)) {
		memcpy(f->body + f->body_n, bytes, n);
		f->body_n += n;
	}
	f->body_total += n;
	if (f->refuse_body)
		return err_set(e, ERR_DISK, "no room");
	if (f->cancel_in_body)
		http_request_cancel(f->request);
	if (f->pause_in_body) {
		f->pause_in_body = false;
		http_request_pause(f->request, true);
	}
	if (f->cancel_other != NULL && *f->cancel_other != NULL) {
		http_request_cancel(*f->cancel_other);
		*f->cancel_other = NULL;
	}
	if (f->start_next != NULL) {
		assert_non_null(http_request_start(client, f->start_next, e));
		f->start_next = NULL;
	}
	if (f->block_ms > 0) {
		clock_sleep_ms(f->block_ms);
		f->block_ms = 0;
	}
	return 0;
}

static void on_done(void *cookie, const struct http_result *result)
{
	struct fetch *f = cookie;

	assert_false(f->done);
	f->done = true;
	f->status = result->status;
	f->failed = result->failed;
	f->at_origin = result->at_origin;
	f->error = result->error;
	f->body_bytes = result->body_bytes;
	assert_int_equal(result->response != NULL, result->status != 0);
	(void)snprintf(f->error_body, sizeof(f->error_body), "%s",
	    result->error_body);
	(void)snprintf(f->final_url, sizeof(f->final_url), "%s",
	    result->final_url);
	if (result->response != NULL) {
		const char *x = http_response_header(result->response,
		    "X-Test");

		(void)snprintf(f->seen_header, sizeof(f->seen_header), "%s",
		    x != NULL ? x : "");
	}
}

static struct secret token;
static struct http_origin origin;

static struct http_options options(void)
{
	struct http_options o = {
		.user_agent = "hfcron/test",
		.connect_timeout_ms = 2 * LATE_MS,
		.stall_timeout_ms = 2 * LATE_MS,
		.max_connections = 8,
		.wake_fd = -1,
	};

	return o;
}

static void use_client(const struct http_options *o)
{
	struct err e = ERR_INIT;

	client = http_client_new(o, &e);
	assert_non_null(client);
}

/* The credential belongs to this server. */
static void use_origin(const char *url)
{
	struct err e = ERR_INIT;

	assert_int_equal(http_origin_parse(url, &origin, &e), 0);
}

static struct http_spec spec_for(struct fetch *f, const char *url)
{
	struct http_spec spec = {
		.url = url,
		.origin = &origin,
		.token = &token,
		.on_response = on_response,
		.on_body = on_body,
		.on_done = on_done,
		.cookie = f,
	};

	return spec;
}

/* Step until it is done, at most ten seconds. */
static void finish(struct fetch *f)
{
	int64_t start = clock_mono().ms;
	struct err e = ERR_INIT;

	while (!f->done && clock_mono().ms - start < 10000)
		assert_int_equal(http_client_step(client, 1000, &e), 0);
	assert_true(f->done);
	f->took_ms = clock_mono().ms - start;
	if (f->failed)
		print_message("  %s\n", f->error.text);
}

static void start(struct fetch *f, const struct http_spec *spec)
{
	struct err e = ERR_INIT;

	f->done = false;
	f->request = http_request_start(client, spec, &e);
	if (f->request == NULL)
		print_message("  %s\n", e.text);
	assert_non_null(f->request);
}

/* Ask for path of the server and wait. */
static void get(struct fetch *f, const struct server *s, const char *path)
{
	char url[512];
	struct http_spec spec;

	(void)snprintf(url, sizeof(url), "%s%s", s->url, path);
	spec = spec_for(f, url);
	start(f, &spec);
	finish(f);
}

static void assert_failed(const struct fetch *f, enum err_kind kind,
    const char *words)
{
	assert_true(f->failed);
	assert_int_equal(f->error.kind, kind);
	assert_non_null(strstr(f->error.text, words));
	assert_null(strstr(f->error.text, TOKEN));
	assert_null(strstr(f->error.text, "SECRET"));
}

static int setup(void **state)
{
	(void)state;
	client = NULL;
	assert_int_equal(secret_set(&token, TOKEN, strlen(TOKEN)), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	http_client_free(client);
	secret_release(&token);
	return 0;
}

/* A server and a client with ordinary options. */
static struct server *begin(void (*handle)(struct exchange *x))
{
	struct http_options o = options();
	struct server *s = server_start(handle, NULL);

	use_client(&o);
	use_origin(s->url);
	return s;
}

/* --- answers that are as they should be ----------------------------------- */

static void answer_plain(struct exchange *x)
{
	if (server_asked(x, "/empty"))
		server_reply(x, 204, "", "");
	else if (server_asked(x, "/missing"))
		server_reply(x, 404, "X-Test: gone\r\n", "no such thing");
	else if (strncmp(x->request, "HEAD", 4) == 0)
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nX-Test: head\r\n"
		    "Content-Length: 5\r\n\r\n");
	else
		server_reply(x, 200, "X-Test: one\r\nX-Test: two\r\n", "hello");
}

static void a_body_comes_whole(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_plain);

	(void)state;
	get(&f, s, "/x?q=%2F");
	assert_false(f.failed);
	assert_int_equal(f.status, 200);
	assert_int_equal(f.hops, 1);
	assert_true(f.at_origin);
	assert_int_equal(f.body_n, 5);
	assert_memory_equal(f.body, "hello", 5);
	assert_int_equal(f.body_bytes, 5);
	assert_string_equal(f.seen_header, "two");
	assert_non_null(strstr(f.final_url, "/x?q=%2F"));
	assert_true(server_saw(s, "GET /x?q=%2F HTTP/1.1"));
	assert_true(server_saw(s, "Authorization: Bearer " TOKEN "\r\n"));
	assert_true(server_saw(s, "User-Agent: hfcron/test\r\n"));
	assert_true(server_saw(s, "Accept-Encoding: identity\r\n"));
	assert_false(server_saw(s, "Range:"));
	assert_int_equal(http_client_active(client), 0);
	server_stop(s);
}

static void a_connection_is_used_again(void **state)
{
	struct server *s = begin(answer_plain);
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		struct fetch f = { 0 };

		get(&f, s, i == 2 ? "/missing" : "/x");
		assert_false(f.failed);
	}
	assert_int_equal(atomic_load(&s->n_requests), 5);
	assert_int_equal(atomic_load(&s->n_connections), 1);
	server_stop(s);
}

static void an_error_has_its_text_and_no_body(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_plain);

	(void)state;
	get(&f, s, "/missing");
	assert_false(f.failed);
	assert_int_equal(f.status, 404);
	assert_string_equal(f.error_body, "no such thing");
	assert_string_equal(f.seen_header, "gone");
	assert_int_equal(f.body_total, 0);
	server_stop(s);
}

static void head_and_empty_answers_work(void **state)
{
	struct fetch f = { 0 }, g = { 0 };
	struct server *s = begin(answer_plain);
	struct http_spec spec;

	(void)state;
	get(&f, s, "/empty");
	assert_false(f.failed);
	assert_int_equal(f.status, 204);
	spec = spec_for(&g, s->url);
	spec.head = true;
	start(&g, &spec);
	finish(&g);
	assert_false(g.failed);
	assert_int_equal(g.status, 200);
	assert_int_equal(g.body_total, 0);
	assert_string_equal(g.seen_header, "head");
	server_stop(s);
}

static void answer_range(struct exchange *x)
{
	(void)server_sendf(x,
	    "HTTP/1.1 206 x\r\nContent-Range: bytes 2-4/10\r\n"
	    "Content-Length: 3\r\n\r\nllo");
}

static void a_range_is_asked_for(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_range);
	struct http_spec spec = spec_for(&f, s->url);
	struct err e = ERR_INIT;

	(void)state;
	spec.has_range = true;
	spec.from = 2;
	spec.to = 5;
	start(&f, &spec);
	finish(&f);
	assert_int_equal(f.status, 206);
	assert_memory_equal(f.body, "llo", 3);
	assert_true(server_saw(s, "Range: bytes=2-4\r\n"));
	/* offsets beyond 4 GiB */
	spec.from = 5000000000;
	spec.to = 5000000001;
	f.done = false;
	f.hops = 0;
	start(&f, &spec);
	finish(&f);
	assert_true(server_saw(s, "Range: bytes=5000000000-5000000000\r\n"));
	spec.to = spec.from;
	assert_null(http_request_start(client, &spec, &e));
	assert_int_equal(e.kind, ERR_BUG);
	server_stop(s);
}

static void answer_interim(struct exchange *x)
{
	(void)server_sendf(x,
	    "HTTP/1.1 100 Continue\r\nX-Test: early\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\nX-Test: hint\r\n"
	    "Link: </x>; rel=preload\r\n\r\n");
	server_reply(x, 200, "", "ok");
}

static void interim_answers_are_discarded(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_interim);

	(void)state;
	get(&f, s, "/");
	assert_false(f.failed);
	assert_int_equal(f.hops, 1);
	assert_int_equal(f.statuses[0], 200);
	assert_string_equal(f.seen_header, "");
	assert_memory_equal(f.body, "ok", 2);
	server_stop(s);
}

/* --- redirects and the token ---------------------------------------------- */

/* cookie: URL of another server. */
static void answer_redirects(struct exchange *x)
{
	const char *other = x->server->cookie;
	char location[256];

	if (server_asked(x, "/relative"))
		server_reply(x, 307, "Location: /a%2Fb?x=%2F&y=\"e\"\r\n",
		    "Temporary Redirect");
	else if (server_asked(x, "/other")) {
		(void)snprintf(location, sizeof(location),
		    "Location: %s/data\r\n", other);
		server_reply(x, 302, location, "elsewhere");
	} else if (server_asked(x, "/localhost")) {
		(void)snprintf(location, sizeof(location),
		    "Location: http://localhost:%u/x\r\n", x->server->port);
		server_reply(x, 302, location, "elsewhere");
	} else if (server_asked(x, "/userinfo")) {
		(void)snprintf(location, sizeof(location),
		    "Location: http://u:SECRET@127.0.0.1:%u/x\r\n",
		    x->server->port);
		server_reply(x, 301, location, "");
	} else if (server_asked(x, "/loop"))
		server_reply(x, 302, "Location: /loop\r\n", "");
	else if (server_asked(x, "/nowhere"))
		server_reply(x, 302, "", "");
	else if (server_asked(x, "/empty"))
		server_reply(x, 302, "Location:\r\n", "");
	else if (server_asked(x, "/not-modified"))
		server_reply(x, 304, "Location: /x\r\n", "");
	else if (server_asked(x, "/choices"))
		server_reply(x, 300, "Location: /x\r\n", "");
	else if (strncmp(x->request, "GET /down", 9) == 0) {
		int left = atoi(x->request + 9);

		if (left == 0)
			server_reply(x, 200, "", "bottom");
		else {
			(void)snprintf(location, sizeof(location),
			    "Location: /down%d\r\n", left - 1);
			server_reply(x, 308, location, "");
		}
	} else if (strncmp(x->request, "GET /to:", 8) == 0) {
		(void)snprintf(location, sizeof(location), "Location: %.*s\r\n",
		    (int)strcspn(x->request + 8, " "), x->request + 8);
		server_reply(x, 302, location, "");
	} else
		server_reply(x, 200, "", "here");
}

static void relative_redirects_keep_bytes_and_token(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_redirects);

	(void)state;
	get(&f, s, "/relative");
	assert_false(f.failed);
	assert_int_equal(f.status, 200);
	assert_int_equal(f.hops, 2);
	assert_int_equal(f.statuses[0], 307);
	assert_int_equal(f.statuses[1], 200);
	assert_true(f.origins[0] && f.origins[1]);
	/* the redirect's text is no body */
	assert_int_equal(f.body_total, 4);
	assert_int_equal(f.body_bytes, 4);
	assert_true(server_saw(s, "GET /a%2Fb?x=%2F&y=\"e\" HTTP/1.1\r\n"));
	assert_non_null(strstr(strstr(s->log, "/a%2Fb"), TOKEN));
	server_stop(s);
}

static void another_port_gets_no_token(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_redirects);
	struct server *cdn = server_start(answer_plain, NULL);

	(void)state;
	s->cookie = cdn->url;
	get(&f, s, "/other");
	assert_false(f.failed);
	assert_int_equal(f.status, 200);
	assert_memory_equal(f.body, "hello", 5);
	assert_true(f.origins[0]);
	assert_false(f.origins[1]);
	assert_false(f.at_origin);
	assert_true(server_saw(s, TOKEN));
	assert_true(server_saw(cdn, "GET /data HTTP/1.1"));
	assert_false(server_saw(cdn, "uthorization"));
	assert_false(server_saw(cdn, TOKEN));
	server_stop(cdn);
	server_stop(s);
}

static void another_name_of_the_host_gets_no_token(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_redirects);

	(void)state;
	get(&f, s, "/localhost");
	assert_false(f.failed);
	assert_int_equal(f.hops, 2);
	assert_false(f.at_origin);
	assert_non_null(strstr(s->log, "GET /x "));
	assert_null(strstr(strstr(s->log, "GET /x "), TOKEN));
	server_stop(s);
}

static void the_origin_gets_its_token_back(void **state)
{
	struct fetch f = { 0 };
	struct server *hub = begin(answer_redirects);
	struct server *first = server_start(answer_redirects, hub->url);

	(void)state;
	get(&f, first, "/other");
	assert_false(f.failed);
	assert_true(f.at_origin);
	assert_false(server_saw(first, TOKEN));
	assert_true(server_saw(hub, TOKEN));
	server_stop(first);
	server_stop(hub);
}

static void user_names_in_redirects_are_dropped(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_redirects);

	(void)state;
	get(&f, s, "/userinfo");
	assert_false(f.failed);
	assert_int_equal(f.status, 200);
	assert_false(server_saw(s, "Basic"));
	assert_null(strstr(f.final_url, "SECRET"));
	server_stop(s);
}

static void no_token_without_an_origin(void **state)
{
	struct fetch f = { 0 }, g = { 0 };
	struct server *s = begin(answer_redirects);
	struct http_spec spec = spec_for(&f, s->url);

	(void)state;
	spec.origin = NULL;
	start(&f, &spec);
	finish(&f);
	assert_false(f.at_origin);
	spec = spec_for(&g, s->url);
	spec.token = NULL;
	start(&g, &spec);
	finish(&g);
	assert_true(g.at_origin);
	assert_false(server_saw(s, "uthorization"));
	server_stop(s);
}

static void ten_redirects_are_followed_and_no_more(void **state)
{
	struct fetch f = { 0 }, g = { 0 }, h = { 0 };
	struct server *s = begin(answer_redirects);

	(void)state;
	get(&f, s, "/down10");
	assert_false(f.failed);
	assert_int_equal(f.hops, 11);
	assert_memory_equal(f.body, "bottom", 6);
	get(&g, s, "/down11");
	assert_failed(&g, ERR_TRANSIENT, "more than 10 redirects");
	get(&h, s, "/loop");
	assert_failed(&h, ERR_TRANSIENT, "more than 10 redirects");
	assert_int_equal(h.hops, 11);
	server_stop(s);
}

static void what_is_no_redirect_is_not_followed(void **state)
{
	static const struct {
		const char *path;
		int status;
	} cases[] = { { "/nowhere", 302 }, { "/empty", 302 },
		{ "/not-modified", 304 }, { "/choices", 300 } };
	struct server *s = begin(answer_redirects);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct fetch f = { 0 };

		get(&f, s, cases[i].path);
		assert_false(f.failed);
		assert_int_equal(f.status, cases[i].status);
		assert_int_equal(f.hops, 1);
		assert_int_equal(f.body_total, 0);
	}
	server_stop(s);
}

static void bad_redirects_are_refused(void **state)
{
	static const char *const locations[] = { "ftp://127.0.0.1/SECRET",
		"file:///etc/passwd?SECRET", "gopher://127.0.0.1/",
		"data:text/plain,SECRET", "http://", "http://h:99999/",
		"https://u:SECRET@:1/" };
	struct server *s = begin(answer_redirects);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(locations); i++) {
		struct fetch f = { 0 };
		char path[128];

		(void)snprintf(path, sizeof(path), "/to:%s", locations[i]);
		get(&f, s, path);
		print_message("%s\n", locations[i]);
		assert_true(f.failed);
		assert_int_equal(f.error.kind, ERR_PERMANENT);
		assert_null(strstr(f.error.text + strlen("the redirect from ") +
			strlen(s->url) + strlen(path),
		    "SECRET"));
	}
	server_stop(s);
}

/* Hops that need TLS are decided without moving a byte. */
static bool would_follow(const char *from, const char *first, const char *to,
    bool *has_token, struct err *e)
{
	struct fetch f = { 0 };
	struct http_spec spec = spec_for(&f, from);
	struct http_request *r = http_request_start(client, &spec, e);
	struct curl_slist *line;
	char location[256];
	bool followed;

	assert_non_null(r);
	(void)snprintf(location, sizeof(location), "Location: %s", to);
	r->response.status = 302;
	if (first != NULL) {
		assert_int_equal(http_origin_parse(first, &r->first, e), 0);
	}
	(void)http_headers_add(&r->response.headers, location,
	    strlen(location));
	followed = http_request_hop_done(r, CURLE_OK, clock_mono());
	*e = r->error;
	*has_token = false;
	for (line = r->lines; line != NULL; line = line->next)
		if (strstr(line->data, TOKEN) != NULL)
			*has_token = true;
	http_request_cancel(r);
	return followed;
}

static void schemes_never_get_worse(void **state)
{
	static const struct {
		const char *from, *first, *to;
		bool follow, has_token;
	} cases[] = {
		{ "https://hub/x", NULL, "https://hub/y", true, true },
		{ "https://hub/x", NULL, "/y", true, true },
		{ "https://hub/x", NULL, "https://HUB:443/y", true, true },
		{ "https://hub/x", NULL, "https://hub:444/y", true, false },
		{ "https://hub/x", NULL, "https://hub./y", true, false },
		{ "https://hub/x", NULL, "https://cdn/y", true, false },
		{ "https://hub/x", NULL, "https://u:p@hub/y", true, true },
		{ "https://hub/x", NULL, "http://hub/y", false, false },
		{ "https://hub/x", NULL, "http://cdn/y", false, false },
		{ "https://hub/x", NULL, "http://127.0.0.1/y", false, false },
		/* a hop over https in between changes nothing */
		{ "https://cdn/x", "http://hub", "http://hub/y", false, false },
		{ "http://cdn/x", "https://hub", "http://hub/y", false, false },
		{ "http://hub/x", NULL, "http://cdn/y", true, false },
		{ "http://hub/x", NULL, "https://hub/y", true, true },
	};
	struct http_options o = options();
	size_t i;

	(void)state;
	use_client(&o);
	use_origin("https://hub");
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		bool has_token;

		print_message("%s %s\n", cases[i].from, cases[i].to);
		assert_int_equal(would_follow(cases[i].from, cases[i].first,
				     cases[i].to, &has_token, &e),
		    cases[i].follow);
		if (cases[i].follow)
			assert_int_equal(has_token, cases[i].has_token);
		else
			assert_int_equal(e.kind, ERR_PERMANENT);
	}
}

/* --- proxies and private addresses ---------------------------------------- */

/* A proxy: sees whole URLs.  cookie: where /redirect leads. */
static void answer_proxy(struct exchange *x)
{
	char location[256];

	if (strncmp(x->request, "CONNECT", 7) == 0) {
		server_reply(x, 407, "X-Test: proxy\r\n", "who are you");
		x->close = true;
	} else if (strstr(x->request, "/redirect ") != NULL) {
		(void)snprintf(location, sizeof(location),
		    "Location: %s/inside\r\n", (char *)x->server->cookie);
		server_reply(x, 302, location, "");
	} else
		server_reply(x, 200, "", "by proxy");
}

static void clear_environment(void)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY",
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"no_proxy", "NO_PROXY" };
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

static void a_proxy_of_the_environment_is_used(void **state)
{
	struct server *proxy = server_start(answer_proxy, NULL);
	struct server *s = server_start(answer_plain, NULL);
	struct http_options o = options();
	struct fetch f = { 0 }, g = { 0 }, h = { 0 };
	struct http_spec spec;

	(void)state;
	clear_environment();
	setenv("HTTP_PROXY", proxy->url, 1);
	setenv("HTTPS_PROXY", proxy->url, 1);
	o.proxy_from_environment = true;
	use_client(&o);
	/* the token is not for the eyes of a proxy: not to another host ... */
	use_origin("http://hub.invalid");
	spec = spec_for(&f, "http://hub.invalid/x");
	start(&f, &spec);
	finish(&f);
	assert_false(f.failed);
	assert_memory_equal(f.body, "by proxy", 8);
	assert_true(server_saw(proxy, "GET http://hub.invalid/x HTTP/1.1"));
	/* ... and not even to what looks like this machine */
	use_origin(s->url);
	get(&g, s, "/y");
	assert_memory_equal(g.body, "by proxy", 8);
	assert_true(g.at_origin);
	assert_false(server_saw(proxy, "uthorization"));
	/* NO_PROXY goes directly, with the token */
	setenv("NO_PROXY", "10.0.0.0/8, 127.0.0.1", 1);
	get(&h, s, "/z");
	assert_memory_equal(h.body, "hello", 5);
	assert_true(server_saw(s, TOKEN));
	clear_environment();
	server_stop(s);
	server_stop(proxy);
}

static void a_proxy_that_refuses_is_named(void **state)
{
	struct server *proxy = server_start(answer_proxy, NULL);
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec;

	(void)state;
	o.proxy_url = proxy->url;
	use_client(&o);
	use_origin("https://hub.invalid");
	spec = spec_for(&f, "https://hub.invalid/x");
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_UNREACHABLE, "HTTP 407");
	assert_int_equal(f.status, 0);
	assert_int_equal(f.hops, 0);
	assert_true(server_saw(proxy, "CONNECT hub.invalid:443"));
	assert_false(server_saw(proxy, TOKEN));
	server_stop(proxy);
}

static void proxies_can_be_switched_off(void **state)
{
	struct server *s = begin(answer_plain);
	struct fetch f = { 0 };

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("all_proxy", "http://127.0.0.1:1", 1);
	get(&f, s, "/x");
	clear_environment();
	assert_false(f.failed);
	server_stop(s);
}

/* What comes through a proxy counts as public; then loopback is private. */
static void redirects_to_private_addresses_are_refused(void **state)
{
	struct server *inside = server_start(answer_plain, NULL);
	struct server *proxy = server_start(answer_proxy, inside->url);
	struct http_options o = options();
	struct fetch f = { 0 }, g = { 0 }, h = { 0 }, i = { 0 };
	struct http_spec spec;

	(void)state;
	clear_environment();
	setenv("HTTP_PROXY", proxy->url, 1);
	setenv("NO_PROXY", "127.0.0.1", 1);
	o.proxy_from_environment = true;
	use_client(&o);
	use_origin("http://hub.invalid");
	spec = spec_for(&f, "http://hub.invalid/redirect");
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_PERMANENT, "private address");
	assert_int_equal(atomic_load(&inside->n_connections), 0);
	/* it is fine as a first hop ... */
	get(&g, inside, "/x");
	assert_false(g.failed);
	assert_int_equal(atomic_load(&inside->n_requests), 1);
	/* ... whose connection is no way in */
	spec = spec_for(&h, "http://hub.invalid/redirect");
	start(&h, &spec);
	finish(&h);
	assert_failed(&h, ERR_PERMANENT, "private address");
	assert_int_equal(atomic_load(&inside->n_requests), 1);
	/* through a proxy the address is the proxy's business */
	unsetenv("NO_PROXY");
	spec = spec_for(&i, "http://hub.invalid/redirect");
	start(&i, &spec);
	finish(&i);
	assert_false(i.failed);
	clear_environment();
	server_stop(proxy);
	server_stop(inside);
}

/* --- answers that are not as they should be ------------------------------- */

static void answer_badly(struct exchange *x)
{
	static const char zeros[8192];
	int i;

	x->close = true;
	if (server_asked(x, "/endless")) {
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n");
		while (server_sendf(x, "2000\r\n") &&
		    server_send(x, zeros, sizeof(zeros)) &&
		    server_sendf(x, "\r\n"))
			;
	} else if (server_asked(x, "/endless-error") ||
	    server_asked(x, "/endless-redirect")) {
		bool error = server_asked(x, "/endless-error");

		(void)server_sendf(x,
		    "HTTP/1.1 %d x\r\nLocation: /fine\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n",
		    error ? 500 : 302);
		while (server_sendf(x, "2000\r\n%08191d ", 1) &&
		    server_sendf(x, "\r\n"))
			;
	} else if (server_asked(x, "/stall-first"))
		server_wait(x, 2 * LATE_MS);
	else if (server_asked(x, "/stall-body")) {
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nhalf");
		server_wait(x, 2 * LATE_MS);
	} else if (server_asked(x, "/drip")) {
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: 100000\r\n\r\n");
		while (server_alive(x) && server_send(x, zeros, 1))
			server_wait(x, 20);
	} else if (server_asked(x, "/short"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nhalf");
	else if (server_asked(x, "/short-chunk"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nTransfer-Encoding: "
		    "chunked\r\n\r\n9\r\nhalf");
	else if (server_asked(x, "/reset")) {
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\nhalf");
		server_wait(x, 100);
		x->reset = true;
	} else if (server_asked(x, "/nothing"))
		;
	else if (server_asked(x, "/one-long-header")) {
		(void)server_sendf(x, "HTTP/1.1 200 x\r\nX: ");
		for (i = 0; i < 13; i++)
			(void)server_sendf(x, "%08000d", 1);
		(void)server_sendf(x, "\r\n\r\nbody");
	} else if (server_asked(x, "/many-headers")) {
		(void)server_sendf(x, "HTTP/1.1 200 x\r\n");
		for (i = 0; i < 2000; i++)
			(void)server_sendf(x, "X-%d: %050d\r\n", i, i);
		(void)server_sendf(x, "\r\nbody");
	} else if (server_asked(x, "/endless-interim"))
		while (server_sendf(x, "HTTP/1.1 100 x\r\nX: %0500d\r\n\r\n",
		    1))
			;
	else if (server_asked(x, "/switch"))
		(void)server_sendf(x,
		    "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\nbody");
	else if (server_asked(x, "/control"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nX-Error-Message: "
		    "\x1b]0;x\x07\r\n\r\nbody");
	else if (server_asked(x, "/gzip"))
		server_reply(x, 200, "Content-Encoding: gzip\r\n", "zzz");
	else if (server_asked(x, "/gzip-transfer"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nTransfer-Encoding: "
		    "gzip, chunked\r\n\r\n0\r\n\r\n");
	else if (server_asked(x, "/two-lengths"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: 9\r\n"
		    "Content-Length: 4\r\n\r\nhalf");
	else if (server_asked(x, "/negative-length"))
		(void)server_sendf(x,
		    "HTTP/1.1 200 x\r\nContent-Length: -9\r\n\r\nhalf");
	else if (server_asked(x, "/no-http"))
		(void)server_sendf(x, "<html>welcome</html>\n");
	else if (server_asked(x, "/status-zero"))
		(void)server_sendf(x, "HTTP/1.1 000 x\r\n\r\n");
	else
		server_reply(x, 200, "", "fine");
}

static void bad_answers_are_transient(void **state)
{
	static const struct {
		const char *path, *words;
		unsigned hops;
	} cases[] = {
		{ "/short", "broke off", 1 },
		{ "/short-chunk", "broke off", 1 },
		{ "/reset", "broke off", 1 },
		{ "/nothing", "broke off", 0 },
		{ "/one-long-header", "", 0 },
		{ "/many-headers", "64 KiB of headers", 0 },
		{ "/endless-interim", "64 KiB of headers", 0 },
		{ "/switch", "", 0 },
		{ "/control", "control bytes", 0 },
		{ "/gzip", "server compressed", 0 },
		{ "/gzip-transfer", "server compressed", 0 },
		{ "/two-lengths", "two different lengths", 0 },
		{ "/negative-length", "", 0 },
		{ "/no-http", "did not answer in HTTP", 0 },
		{ "/status-zero", "", 0 },
	};
	struct server *s = begin(answer_badly);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct fetch f = { 0 };

		print_message("%s\n", cases[i].path);
		get(&f, s, cases[i].path);
		assert_failed(&f, ERR_TRANSIENT, cases[i].words);
		assert_int_equal(f.hops, cases[i].hops);
		assert_non_null(strstr(f.error.text, s->url));
	}
	server_stop(s);
}

static void an_endless_body_is_cut_off(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_badly);
	struct http_spec spec;
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "%s/endless", s->url);
	spec = spec_for(&f, url);
	spec.max_body = 100000;
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_TRANSIENT, "more than the 100000 bytes");
	assert_true(f.body_total <= 100000);
	assert_true(f.body_total > 0);
	server_stop(s);
}

static void a_body_may_be_as_long_as_allowed(void **state)
{
	struct fetch f = { 0 }, g = { 0 };
	struct server *s = begin(answer_badly);
	struct http_spec spec = spec_for(&f, s->url);

	(void)state;
	spec.max_body = 4;
	start(&f, &spec);
	finish(&f);
	assert_false(f.failed);
	spec = spec_for(&g, s->url);
	spec.max_body = 3;
	start(&g, &spec);
	finish(&g);
	assert_true(g.failed);
	server_stop(s);
}

/* Somebody else fetches the rest: what was wanted came, and that is no failure. */
static void a_body_may_be_shortened(void **state)
{
	static const struct {
		const char *path;
		uint64_t bytes;
	} cases[] = { { "/endless", 50001 }, { "/", 3 }, { "/", 4 } };
	struct server *s = begin(answer_badly);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fetch f = { 0 };
		struct http_spec spec;
		char url[128];

		(void)snprintf(url, sizeof(url), "%s%s", s->url, cases[i].path);
		spec = spec_for(&f, url);
		spec.max_body = 100000;
		start(&f, &spec);
		http_request_shorten(f.request, cases[i].bytes);
		finish(&f);
		assert_false(f.failed);
		assert_int_equal(f.body_total, cases[i].bytes);
	}
	server_stop(s);
}

static void nobody_waits_for_the_text_of_errors_and_redirects(void **state)
{
	struct fetch f = { 0 }, g = { 0 };
	struct server *s = begin(answer_badly);

	(void)state;
	get(&f, s, "/endless-error");
	assert_false(f.failed);
	assert_int_equal(f.status, 500);
	assert_int_equal(strlen(f.error_body), HTTP_ERROR_BODY_MAX);
	assert_int_equal(f.body_total, 0);
	get(&g, s, "/endless-redirect");
	assert_false(g.failed);
	assert_int_equal(g.hops, 2);
	assert_memory_equal(g.body, "fine", 4);
	assert_int_equal(g.body_total, 4);
	server_stop(s);
}

static void stalls_are_cut_off(void **state)
{
	static const struct {
		const char *path, *words;
		unsigned hops;
	} cases[] = {
		{ "/stall-first", "stalled", 0 },
		{ "/stall-body", "stalled", 1 },
		{ "/drip", "less than 1 KiB/s", 1 },
	};
	struct server *s = server_start(answer_badly, NULL);
	struct http_options o = options();
	size_t i;

	(void)state;
	o.stall_timeout_ms = 400;
	use_client(&o);
	use_origin(s->url);
	for (i = 0; i < COUNT(cases); i++) {
		struct fetch f = { 0 };

		print_message("%s\n", cases[i].path);
		get(&f, s, cases[i].path);
		assert_failed(&f, ERR_TRANSIENT, cases[i].words);
		assert_int_equal(f.hops, cases[i].hops);
		assert_true(f.took_ms >= 390 && f.took_ms < LATE_MS);
	}
	server_stop(s);
}

static void a_request_has_a_time_limit(void **state)
{
	struct fetch f = { 0 };
	struct server *s = begin(answer_badly);
	struct http_spec spec;
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "%s/drip", s->url);
	spec = spec_for(&f, url);
	spec.time_limit_ms = 300;
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_TRANSIENT, "did not finish within 300ms");
	assert_true(f.took_ms >= 290 && f.took_ms < LATE_MS);
	server_stop(s);
}

static void answer_in_two_halves(struct exchange *x)
{
	(void)server_sendf(x,
	    "HTTP/1.1 200 x\r\nContent-Length: 8\r\n\r\nhalf");
	server_wait(x, 2700);
	(void)server_sendf(x, "half");
}

/* The server is slow, but so were we: it had no chance to be heard. */
static void our_own_slowness_is_no_stall(void **state)
{
	struct server *s = server_start(answer_in_two_halves, NULL);
	struct http_options o = options();
	struct fetch f = { .block_ms = 2500 };

	(void)state;
	o.stall_timeout_ms = 1500; /* a busy machine is late, too */
	use_client(&o);
	use_origin(s->url);
	get(&f, s, "/");
	assert_false(f.failed);
	assert_int_equal(f.body_total, 8);
	server_stop(s);
}

/* --- no connection -------------------------------------------------------- */

static void unreachable_hosts_are_told_apart(void **state)
{
	struct server *s = begin(answer_badly);
	struct fetch f = { 0 }, g = { 0 }, h = { 0 };
	struct http_spec spec;
	char url[128];

	(void)state;
	spec = spec_for(&f, "http://nowhere.invalid/?SECRET");
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_UNREACHABLE, "nowhere.invalid");
	/* a port that was free a moment ago */
	spec = spec_for(&g, "http://127.0.0.1:1/?SECRET");
	start(&g, &spec);
	finish(&g);
	assert_failed(&g, ERR_UNREACHABLE, "cannot reach http://127.0.0.1:1/");
	/* TLS to a server that does not speak it */
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/?SECRET",
	    s->port);
	spec = spec_for(&h, url);
	start(&h, &spec);
	finish(&h);
	assert_failed(&h, ERR_UNREACHABLE, "no TLS connection");
	assert_int_equal(h.status, 0);
	server_stop(s);
}

/* Schannel reads it after a hand-shake, which this server has not. */
#ifndef _WIN32
static void a_missing_ca_file_is_named(void **state)
{
	struct server *s = server_start(answer_badly, NULL);
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec;
	char url[128];

	(void)state;
	o.ca_file = "/nonexistent/ca.pem";
	use_client(&o);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", s->port);
	use_origin(url);
	spec = spec_for(&f, url);
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_UNREACHABLE, "/nonexistent/ca.pem");
	assert_non_null(strstr(f.error.text, "SSL_CERT_FILE"));
	server_stop(s);
}
#endif

/* A TCP port that takes connections and says nothing: no TLS hand-shake. */
static void a_connection_has_a_time_limit(void **state)
{
	struct server *s = server_start(answer_badly, NULL);
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec;
	unsigned port;
	intptr_t fd = socket_listen(&port);
	char url[128];

	(void)state;
	assert_int_not_equal(fd, -1);
	o.connect_timeout_ms = 300;
	use_client(&o);
	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%u/", port);
	use_origin(url);
	spec = spec_for(&f, url);
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_UNREACHABLE, "cannot reach");
	assert_true(f.took_ms < LATE_MS);
	socket_close(fd);
	server_stop(s);
}

#ifndef _WIN32
static void a_resolver_that_hangs_holds_nobody_up(void **state)
{
	struct http_options o = options();
	struct fetch f = { 0 }, g = { 0 }, h = { 0 };
	struct http_spec spec;
	struct err e = ERR_INIT;
	int64_t before;

	(void)state;
	atomic_store(&resolver_hangs, true);
	o.connect_timeout_ms = 300;
	use_client(&o);
	use_origin("http://hang.invalid");
	spec = spec_for(&f, "http://hang.invalid/");
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_UNREACHABLE, "hang.invalid");
	assert_true(f.took_ms < LATE_MS);

	before = clock_mono().ms;
	spec = spec_for(&g, "http://hang.invalid/");
	start(&g, &spec);
	assert_int_equal(http_client_step(client, 50, &e), 0);
	http_request_cancel(g.request);
	assert_int_equal(http_client_active(client), 0);
	assert_true(clock_mono().ms - before < LATE_MS);
	assert_false(g.done);

	spec = spec_for(&h, "http://hang.invalid/");
	start(&h, &spec);
	assert_int_equal(http_client_step(client, 50, &e), 0);
	before = clock_mono().ms;
	http_client_free(client);
	client = NULL;
	assert_true(clock_mono().ms - before < LATE_MS);
	assert_false(h.done);
	/* they were left behind, and clean up after themselves */
	assert_int_equal(atomic_load(&resolvers), 3);
	atomic_store(&resolver_hangs, false);
	while (atomic_load(&resolvers) > 0)
		clock_sleep_ms(10);
	clock_sleep_ms(100);
}
#endif

/* --- callbacks that interfere --------------------------------------------- */

static void callbacks_can_refuse(void **state)
{
	struct server *s = begin(answer_plain);
	struct fetch f = { .refuse_response = true };
	struct fetch g = { .refuse_body = true };

	(void)state;
	get(&f, s, "/");
	assert_failed(&f, ERR_INTEGRITY, "not what I want");
	assert_int_equal(f.body_total, 0);
	get(&g, s, "/");
	assert_failed(&g, ERR_DISK, "no room");
	server_stop(s);
}

static void requests_can_be_cancelled_anywhere(void **state)
{
	struct server *s = begin(answer_badly);
	struct fetch quiet = { 0 }, self = { .cancel_in_body = true };
	struct fetch other = { 0 }, next = { 0 };
	struct http_spec spec, next_spec;
	struct err e = ERR_INIT;
	char url[128];
	int i;

	(void)state;
	(void)snprintf(url, sizeof(url), "%s/stall-first", s->url);
	spec = spec_for(&quiet, url);
	start(&quiet, &spec);
	spec = spec_for(&self, s->url);
	start(&self, &spec);
	/* one that cancels `quiet` and starts another from its callback */
	next_spec = spec_for(&next, s->url);
	spec = spec_for(&other, s->url);
	other.cancel_other = &quiet.request;
	other.start_next = &next_spec;
	start(&other, &spec);
	assert_int_equal(http_client_active(client), 3);
	for (i = 0; i < 50 && http_client_active(client) > 0; i++)
		assert_int_equal(http_client_step(client, 200, &e), 0);
	assert_int_equal(http_client_active(client), 0);
	assert_false(quiet.done);
	assert_false(self.done);
	assert_int_equal(self.body_total, 4);
	assert_true(other.done && !other.failed);
	assert_true(next.done && !next.failed);
	/* before any byte has moved */
	memset(&quiet, 0, sizeof(quiet));
	start(&quiet, &spec);
	http_request_cancel(quiet.request);
	assert_int_equal(http_client_active(client), 0);
	server_stop(s);
}

static void freeing_drops_requests(void **state)
{
	struct server *s = begin(answer_badly);
	struct fetch f = { 0 };
	struct http_spec spec;
	struct err e = ERR_INIT;
	char url[128];

	(void)state;
	(void)snprintf(url, sizeof(url), "%s/drip", s->url);
	spec = spec_for(&f, url);
	start(&f, &spec);
	while (f.body_total == 0)
		assert_int_equal(http_client_step(client, 200, &e), 0);
	http_client_free(client);
	client = NULL;
	assert_false(f.done);
	server_stop(s);
}

enum { BIG = 16 * 1024 * 1024 };

/* BIG bytes, or what the server's cookie says. */
static void answer_big(struct exchange *x)
{
	static const char zeros[65536];
	const int *cookie = x->server->cookie;
	const int size = cookie == NULL ? BIG : *cookie;
	int n;

	(void)server_sendf(x, "HTTP/1.1 200 x\r\nContent-Length: %d\r\n\r\n",
	    size);
	for (n = 0; n < size; n += (int)sizeof(zeros))
		if (!server_send(x, zeros, sizeof(zeros)))
			return;
}

static void a_pause_holds_the_bytes_back(void **state)
{
	struct server *s = server_start(answer_big, NULL);
	struct http_options o = options();
	struct fetch f = { .pause_in_body = true };
	struct http_spec spec;
	struct err e = ERR_INIT;
	uint64_t held;
	int64_t until;

	(void)state;
	o.stall_timeout_ms = 400;
	use_client(&o);
	use_origin(s->url);
	spec = spec_for(&f, s->url);
	start(&f, &spec);
	while (f.body_total == 0)
		assert_int_equal(http_client_step(client, 200, &e), 0);
	held = f.body_total;
	assert_true(held <= 65536);
	/* longer than a stall */
	until = clock_mono().ms + 1000;
	while (clock_mono().ms < until)
		assert_int_equal(http_client_step(client, 100, &e), 0);
	assert_false(f.done);
	assert_int_equal(f.body_total, held);
	http_request_pause(f.request, false);
	finish(&f);
	assert_false(f.failed);
	assert_int_equal(f.body_total, BIG);
	assert_int_equal(f.body_bytes, BIG);
	server_stop(s);
}

static void a_paused_request_can_be_cancelled(void **state)
{
	struct server *s = begin(answer_big);
	struct fetch f = { .pause_in_body = true };
	struct fetch g = { .pause_in_body = true, .block_ms = 0 };
	struct http_spec spec = spec_for(&f, s->url);
	struct err e = ERR_INIT;
	int i;

	(void)state;
	start(&f, &spec);
	spec = spec_for(&g, s->url);
	start(&g, &spec);
	for (i = 0; i < 5; i++)
		assert_int_equal(http_client_step(client, 50, &e), 0);
	http_request_cancel(f.request);
	/* what was held back makes the callback refuse */
	g.refuse_body = true;
	http_request_pause(g.request, false);
	finish(&g);
	assert_failed(&g, ERR_DISK, "no room");
	server_stop(s);
}

/* --- so many bytes a second ------------------------------------------------ */

enum { LIMITED = 8 };

static void drop_limited(struct fetch *fetches)
{
	for (int i = 0; i < LIMITED; i++)
		if (!fetches[i].done)
			http_request_cancel(fetches[i].request);
}

/* Bytes over all of them in `ms`, from the step with the first one on. */
static uint64_t receive_for(struct fetch *fetches, int64_t ms, int64_t *took_ms)
{
	int64_t began = -1, now = clock_mono().ms, give_up = now + 10000;
	int64_t before;
	uint64_t total = 0;
	struct err e = ERR_INIT;

	while (now < give_up && (began == -1 || now < began + ms)) {
		before = now;
		assert_int_equal(http_client_step(client, 50, &e), 0);
		now = clock_mono().ms;
		total = 0;
		for (int i = 0; i < LIMITED; i++)
			total += fetches[i].body_total;
		/* The step that brought it is a part of it: under valgrind a
		 * long one. */
		if (total > 0 && began == -1)
			began = before;
	}
	*took_ms = now - began;
	return total;
}

static void all_requests_share_a_limit(void **state)
{
	static const uint64_t limits[] = { 200 * 1000, 20 * 1000 * 1000 };

	(void)state;
	for (size_t k = 0; k < COUNT(limits); k++) {
		struct server *s = begin(answer_big);
		struct fetch fetches[LIMITED] = { 0 };
		struct http_spec spec;
		uint64_t total, fair;
		int64_t took;

		http_client_limit(client, limits[k]);
		for (int i = 0; i < LIMITED; i++) {
			spec = spec_for(&fetches[i], s->url);
			start(&fetches[i], &spec);
		}
		total = receive_for(fetches, 1500, &took);
		print_message("limit %" PRIu64 ": %" PRIu64 " bytes in %" PRId64
			      " ms, %.1f %%\n",
		    limits[k], total, took,
		    100.0 * (double)total * 1000 /
			((double)limits[k] * (double)took));
		/* never above it, but for the first chunk and what may be
		 * saved up to it; below it only for want of a processor */
		assert_true(total <=
		    limits[k] * (uint64_t)(took + HTTP_BUCKET_KEEP_MS) / 1000 +
			16384);
		assert_true(total >= limits[k] * (uint64_t)took / 1000 / 2);
		fair = total / LIMITED;
		for (int i = 0; i < LIMITED; i++)
			/* but for a chunk: few come in all at the low rate */
			assert_true(fetches[i].body_total + 16384 >= fair / 2);
		drop_limited(fetches);
		http_client_free(client);
		client = NULL;
		server_stop(s);
	}
}

/* 16 KiB each, in turn: one waits for its own longer than a stall takes, for
 * less than 1 KiB a second, and longer than its time. */
static void a_turn_is_no_stall(void **state)
{
	/* Much more than what comes under the limit. */
	int size = BIG / 8;
	struct server *s = server_start(answer_big, &size);
	struct http_options o = options();
	struct fetch fetches[LIMITED] = { 0 };
	/* What is left of it has to do for all that comes after the wait. */
	const int64_t limit_ms = PACE_MS(700, 2500);
	int64_t took;

	(void)state;
	/* Less than a turn takes, which is 1.3 s. */
	o.stall_timeout_ms = PACE_MS(200, 800);
	use_client(&o);
	use_origin(s->url);
	http_client_limit(client, 100 * 1000);
	for (int i = 0; i < LIMITED; i++) {
		struct http_spec spec = spec_for(&fetches[i], s->url);

		spec.time_limit_ms = limit_ms;
		start(&fetches[i], &spec);
	}
	(void)receive_for(fetches, limit_ms + 700, &took);
	for (int i = 0; i < LIMITED; i++)
		if (fetches[i].done)
			fail_msg("ended early: %s", fetches[i].error.text);
	/* and without the limit they go on */
	http_client_limit(client, 0);
	for (int i = 0; i < LIMITED; i++) {
		finish(&fetches[i]);
		assert_false(fetches[i].failed);
		assert_int_equal(fetches[i].body_total, size);
	}
	server_stop(s);
}

static void answer_and_stall(struct exchange *x)
{
	static const char zeros[16384];

	(void)server_sendf(x,
	    "HTTP/1.1 200 x\r\nContent-Length: 99999999\r\n"
	    "\r\n");
	if (server_send(x, zeros, sizeof(zeros)))
		server_wait(x, 2 * LATE_MS);
}

/* Nothing is held back, as nothing comes: that is the server's fault. */
static void a_stall_under_a_limit_is_one(void **state)
{
	struct server *s = server_start(answer_and_stall, NULL);
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec;

	(void)state;
	o.stall_timeout_ms = 300;
	use_client(&o);
	use_origin(s->url);
	http_client_limit(client, 1000 * 1000);
	spec = spec_for(&f, s->url);
	start(&f, &spec);
	finish(&f);
	assert_failed(&f, ERR_TRANSIENT, "stalled");
	server_stop(s);
}

static void a_limited_request_can_be_paused_and_cancelled(void **state)
{
	struct server *s = begin(answer_big);
	struct fetch f = { .pause_in_body = true }, g = { 0 };
	struct http_spec spec = spec_for(&f, s->url);
	struct err e = ERR_INIT;
	uint64_t held;

	(void)state;
	http_client_limit(client, 1000 * 1000);
	start(&f, &spec);
	spec = spec_for(&g, s->url);
	start(&g, &spec);
	while (f.body_total == 0 || g.body_total < 100000)
		assert_int_equal(http_client_step(client, 50, &e), 0);
	held = f.body_total;
	assert_true(held <= 65536);
	http_request_pause(f.request, false);
	while (f.body_total == held)
		assert_int_equal(http_client_step(client, 50, &e), 0);
	http_request_cancel(f.request);
	http_client_limit(client, 0);
	finish(&g);
	assert_false(g.failed);
	assert_int_equal(g.body_total, BIG);
	server_stop(s);
}

/* --- the loop ------------------------------------------------------------- */

static int64_t cancel_at;
static unsigned ticks;

static int tick(void *cookie)
{
	(void)cookie;
	ticks++;
	return clock_mono().ms >= cancel_at;
}

static void tick_cancels_a_step(void **state)
{
	struct server *s = server_start(answer_badly, NULL);
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec;
	struct err e = ERR_INIT;
	char url[128];
	int64_t before = clock_mono().ms;
	int rc;

	(void)state;
	o.tick = tick;
	cancel_at = before + 300;
	ticks = 0;
	use_client(&o);
	use_origin(s->url);
	(void)snprintf(url, sizeof(url), "%s/stall-first", s->url);
	spec = spec_for(&f, url);
	start(&f, &spec);
	do
		rc = http_client_step(client, 10000, &e);
	while (rc == 0);
	assert_int_equal(e.kind, ERR_CANCELLED);
	assert_true(clock_mono().ms - cancel_at < 300);
	assert_true(ticks >= 2);
	assert_false(f.done);
	server_stop(s);
}

#ifndef _WIN32
static void a_readable_wake_fd_calls_tick_at_once(void **state)
{
	struct http_options o = options();
	struct err e = ERR_INIT;
	int64_t before = clock_mono().ms;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	o.tick = tick;
	o.wake_fd = fds[0];
	cancel_at = before + 100000;
	ticks = 0;
	use_client(&o);
	/* the first wait ends at once; later ones must not spin */
	assert_int_equal(http_client_step(client, 500, &e), 0);
	assert_true(clock_mono().ms - before >= 490);
	assert_true(ticks >= 4 && ticks < 10);
	(void)close(fds[0]);
	(void)close(fds[1]);
}
#endif

static void wake_later(void *cookie)
{
	clock_sleep_ms(200);
	http_client_wake(cookie);
}

static void a_thread_can_wake_a_step(void **state)
{
	struct http_options o = options();
	struct err e = ERR_INIT;
	int64_t before = clock_mono().ms;
	struct thread *thread;

	(void)state;
	use_client(&o);
	thread = thread_new(wake_later, client);
	assert_non_null(thread);
	assert_int_equal(http_client_step(client, 5000, &e), 0);
	assert_true(clock_mono().ms - before < 3000);
	thread_join(thread);
	/* a wake before the step is not lost, and counts once */
	http_client_wake(client);
	before = clock_mono().ms;
	assert_int_equal(http_client_step(client, 5000, &e), 0);
	assert_true(clock_mono().ms - before < 3000);
	before = clock_mono().ms;
	assert_int_equal(http_client_step(client, 300, &e), 0);
	assert_true(clock_mono().ms - before >= 290);
}

static void a_step_inside_a_callback_is_a_bug(void **state)
{
	struct http_options o = options();
	struct err e = ERR_INIT;

	(void)state;
	use_client(&o);
	client->stepping = true;
	assert_int_equal(http_client_step(client, 0, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	client->stepping = false;
}

static void bad_specs_are_refused(void **state)
{
	struct http_options o = options();
	struct fetch f = { 0 };
	struct http_spec spec = spec_for(&f, "ftp://h/SECRET");
	struct err e = ERR_INIT;

	(void)state;
	use_client(&o);
	assert_null(http_request_start(client, &spec, &e));
	assert_int_equal(e.kind, ERR_PERMANENT);
	spec.url = "http://h/";
	spec.on_done = NULL;
	assert_null(http_request_start(client, &spec, &e));
	assert_int_equal(e.kind, ERR_BUG);
	assert_int_equal(http_client_active(client), 0);
}

static void many_requests_share_few_connections(void **state)
{
	static struct fetch f[40];
	struct server *s = server_start(answer_plain, NULL);
	struct http_options o = options();
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	o.max_connections = 4;
	use_client(&o);
	use_origin(s->url);
	for (i = 0; i < COUNT(f); i++) {
		struct http_spec spec = spec_for(&f[i], s->url);

		start(&f[i], &spec);
	}
	for (i = 0; i < 500 && http_client_active(client) > 0; i++)
		assert_int_equal(http_client_step(client, 1000, &e), 0);
	for (i = 0; i < COUNT(f); i++)
		assert_true(f[i].done && !f[i].failed && f[i].status == 200);
	assert_true(atomic_load(&s->n_connections) <= 4);
	server_stop(s);
}

static void the_library_names_its_version(void **state)
{
	(void)state;
	assert_non_null(strstr(http_library_version(), "libcurl/"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_body_comes_whole),
		TEST(a_connection_is_used_again),
		TEST(an_error_has_its_text_and_no_body),
		TEST(head_and_empty_answers_work),
		TEST(a_range_is_asked_for),
		TEST(interim_answers_are_discarded),
		TEST(relative_redirects_keep_bytes_and_token),
		TEST(another_port_gets_no_token),
		TEST(another_name_of_the_host_gets_no_token),
		TEST(the_origin_gets_its_token_back),
		TEST(user_names_in_redirects_are_dropped),
		TEST(no_token_without_an_origin),
		TEST(ten_redirects_are_followed_and_no_more),
		TEST(what_is_no_redirect_is_not_followed),
		TEST(bad_redirects_are_refused),
		TEST(schemes_never_get_worse),
		TEST(a_proxy_of_the_environment_is_used),
		TEST(a_proxy_that_refuses_is_named),
		TEST(proxies_can_be_switched_off),
		TEST(redirects_to_private_addresses_are_refused),
		TEST(bad_answers_are_transient),
		TEST(an_endless_body_is_cut_off),
		TEST(a_body_may_be_as_long_as_allowed),
		TEST(a_body_may_be_shortened),
		TEST(nobody_waits_for_the_text_of_errors_and_redirects),
		TEST(stalls_are_cut_off),
		TEST(a_request_has_a_time_limit),
		TEST(our_own_slowness_is_no_stall),
		TEST(unreachable_hosts_are_told_apart),
#ifndef _WIN32
		TEST(a_missing_ca_file_is_named),
#endif
		TEST(a_connection_has_a_time_limit),
		TEST(callbacks_can_refuse),
		TEST(requests_can_be_cancelled_anywhere),
		TEST(freeing_drops_requests),
		TEST(a_pause_holds_the_bytes_back),
		TEST(a_paused_request_can_be_cancelled),
		TEST(all_requests_share_a_limit),
		TEST(a_turn_is_no_stall),
		TEST(a_stall_under_a_limit_is_one),
		TEST(a_limited_request_can_be_paused_and_cancelled),
		TEST(tick_cancels_a_step),
#ifndef _WIN32
		TEST(a_readable_wake_fd_calls_tick_at_once),
#endif
		TEST(a_thread_can_wake_a_step),
		TEST(a_step_inside_a_callback_is_a_bug),
		TEST(bad_specs_are_refused),
		TEST(many_requests_share_few_connections),
		TEST(the_library_names_its_version),
#ifndef _WIN32
		TEST(a_resolver_that_hangs_holds_nobody_up),
#endif
	};

#ifndef _WIN32
	(void)signal(SIGPIPE, SIG_IGN);
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
