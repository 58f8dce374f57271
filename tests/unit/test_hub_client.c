/* test_hub_client.c - asking a Hub that has its moods. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub_client.h"
#include "platform/clock.h"
#include "unit/test_http_server.h"

#ifndef _WIN32
#include <signal.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TOKEN "hf_canary0123456789"
#define C1 "0123456789abcdef0123456789abcdef01234567"
#define C2 "76543210fedcba9876543210fedcba9876543210"
#define MASK "****************************************************************"

/* --- the one who asks ----------------------------------------------------- */

static struct http_client *client;
static struct hub hub;
static struct secret token;
static int64_t cancel_at;	/* 0: never */
static int64_t asked_waits[16]; /* server_s of each failure */
static unsigned n_waits;
static unsigned retry_limit;
static int64_t retry_wait_ms;

static int tick(void *cookie)
{
	(void)cookie;
	return cancel_at != 0 && clock_mono().ms >= cancel_at;
}

static int64_t wait_ms(void *cookie, unsigned failures, int64_t server_s)
{
	(void)cookie;
	assert_true(n_waits < COUNT(asked_waits));
	asked_waits[n_waits++] = server_s;
	assert_int_equal(failures, n_waits);
	return failures > retry_limit ? -1 : retry_wait_ms;
}

/* A Hub that answers by `handle`, and one who asks it. */
static struct server *begin(void (*handle)(struct exchange *x))
{
	static const struct hub_retry retry = { wait_ms, NULL };
	const struct http_options o = {
		.user_agent = "hfcron/test",
		.connect_timeout_ms = 3000,
		.stall_timeout_ms = 5000,
		.max_connections = 4,
		.tick = tick,
		.wake_fd = -1,
	};
	struct server *s = server_start(handle, NULL);
	struct err e = ERR_INIT;

	client = http_client_new(&o, &e);
	assert_non_null(client);
	assert_int_equal(hub_init(&hub, client, s->url, &token, "HF_TOKEN",
			     &retry, &e),
	    0);
	cancel_at = 0;
	n_waits = 0;
	retry_limit = 2;
	retry_wait_ms = 5;
	return s;
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

static int ask_revision(const char *revision, struct hub_revision *out,
    struct err *e)
{
	static const struct err none = ERR_INIT;
	struct hub_question *q;
	int rc;

	*e = none;
	q = hub_revision_ask(&hub, REPO_MODEL, "org/name", revision, false, e);
	rc = q == NULL ? -1 : hub_revision_answer(q, out, e);
	hub_question_free(q);
	if (rc == -1)
		print_message("  %s\n", e->text);
	assert_null(strstr(e->text, TOKEN));
	return rc;
}

static int ask_listing(struct remote_listing *out, struct err *e)
{
	static const struct err none = ERR_INIT;
	int rc;

	*e = none;
	rc = hub_listing(&hub, REPO_MODEL, "org/name", C1, out, e);
	if (rc == -1)
		print_message("  %s\n", e->text);
	assert_null(strstr(e->text, TOKEN));
	return rc;
}

/* --- set-up --------------------------------------------------------------- */

static void bad_endpoints_are_a_matter_of_configuration(void **state)
{
	static const char *const endpoints[] = { "", "huggingface.co",
		"ftp://hub", "https://user:pw@hub", "https://hub?x=1",
		"https://hub#x", "https://hub:0", "https://hub/\n" };
	static const struct hub_retry retry = { wait_ms, NULL };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(endpoints); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(hub_init(&hub, NULL, endpoints[i], &token,
				     "HF_TOKEN", &retry, &e),
		    -1);
		print_message("%s\n", e.text);
		assert_int_equal(e.kind, ERR_CONFIG);
		assert_null(strstr(e.text, "pw"));
	}
}

static void the_token_stays_at_home_without_tls(void **state)
{
	static const struct {
		const char *endpoint;
		bool kept;
	} cases[] = {
		{ "https://huggingface.co", true },
		{ "http://127.0.0.1:8080", true },
		{ "http://localhost", true },
		{ "http://huggingface.co", false },
		{ "http://10.0.0.1", false },
	};
	static const struct hub_retry retry = { wait_ms, NULL };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;

		assert_int_equal(hub_init(&hub, NULL, cases[i].endpoint, &token,
				     "HF_TOKEN", &retry, &e),
		    0);
		assert_int_equal(hub.token != NULL, cases[i].kept);
		assert_int_equal(hub.token_where != NULL, cases[i].kept);
	}
}

/* --- a revision ----------------------------------------------------------- */

static void answer_revision(struct exchange *x)
{
	static const char old[] = "/api/models/org/name/";
	const char *at = strstr(x->request, old);
	char location[256];

	if (at != NULL && strstr(x->request, "/moved?") != NULL) {
		at += strlen(old);
		(void)snprintf(location, sizeof(location),
		    "Location: /api/models/new/name/%.*s\r\n",
		    (int)strcspn(at, " "), at);
		server_reply(x, 307, location, "Temporary Redirect");
	} else if (strstr(x->request, "/new/name/") != NULL)
		server_reply(x, 200, "",
		    "{\"id\":\"new/name\",\"sha\":\"" C1 "\"}");
	else if (strstr(x->request, "/strange-id?") != NULL)
		server_reply(x, 200, "",
		    "{\"id\":\"../../x\",\"sha\":\"" C1 "\"}");
	else
		server_reply(x, 200, "",
		    "{\"_id\":\"1\",\"id\":\"org/name\",\"sha\":\"" C1
		    "\",\"private\":true,\"gated\":\"manual\","
		    "\"disabled\":false}");
}

static void a_revision_becomes_a_commit(void **state)
{
	struct server *s = begin(answer_revision);
	struct hub_revision r;
	struct err e;

	(void)state;
	assert_int_equal(ask_revision("refs/pr/1", &r, &e), 0);
	assert_string_equal(r.commit, C1);
	assert_string_equal(r.id, "org/name");
	assert_true(r.gated);
	assert_true(r.is_private);
	assert_false(r.disabled);
	assert_true(server_saw(s,
	    "GET /api/models/org/name/revision/refs%2Fpr%2F1?expand=sha"));
	assert_true(server_saw(s, "Authorization: Bearer " TOKEN));
	assert_int_equal(hub.requests, 1);
	assert_int_equal(hub.retries, 0);
	assert_int_equal(ask_revision(C1, &r, &e), 0);
	server_stop(s);
}

/* The first one fails once, which is noticed in its turn only; the third one's
 * answer is not waited for. */
static void answer_ahead(struct exchange *x)
{
	static atomic_bool refused;

	if (strstr(x->request, "/r0?") != NULL &&
	    !atomic_exchange(&refused, true))
		server_reply(x, 503, "", "later");
	else
		answer_revision(x);
}

static void questions_are_under_way_together(void **state)
{
	struct server *s = begin(answer_ahead);
	struct hub_question *q[3];
	struct hub_revision r;
	struct err e = ERR_INIT;
	char revision[16];

	(void)state;
	for (int i = 0; i < 3; i++) {
		(void)snprintf(revision, sizeof(revision), "r%d", i);
		assert_true(hub_may_ask_ahead(&hub, (unsigned)i));
		q[i] = hub_revision_ask(&hub, REPO_MODEL, "org/name", revision,
		    true, &e);
		assert_non_null(q[i]);
	}
	assert_int_equal(hub.requests, 3);
	assert_int_equal(hub_revision_answer(q[1], &r, &e), 0);
	assert_string_equal(r.commit, C1);
	assert_int_equal(hub.retries, 0);
	assert_int_equal(hub_revision_answer(q[0], &r, &e), 0);
	assert_int_equal(hub.retries, 1);
	hub_question_free(q[0]);
	hub_question_free(q[1]);
	hub_question_free(q[2]);
	assert_int_equal(http_client_active(client), 0);
	hub_question_free(NULL);
	server_stop(s);
}

/* The second one tells what was true before the first. */
static void answer_with_some_left(struct exchange *x)
{
	server_reply(x, 200,
	    x->ordinal == 0	  ? "RateLimit: \"api\";r=2;t=100\r\n"
		: x->ordinal == 1 ? "RateLimit: \"api\";r=3;t=100\r\n"
				  : "RateLimit: \"api\";r=9;t=300\r\n",
	    "{\"id\":\"org/name\",\"sha\":\"" C1 "\"}");
}

static void no_more_is_asked_ahead_than_is_left(void **state)
{
	struct server *s = begin(answer_with_some_left);
	struct hub_revision r;
	struct err e;

	(void)state;
	assert_true(hub_may_ask_ahead(&hub, 1000));
	assert_int_equal(ask_revision("main", &r, &e), 0);
	for (int i = 0; i < 2; i++) {
		assert_true(hub_may_ask_ahead(&hub, 1));
		assert_false(hub_may_ask_ahead(&hub, 2));
		assert_int_equal(ask_revision("main", &r, &e), 0);
	}
	/* a new window */
	assert_true(hub_may_ask_ahead(&hub, 8));
	assert_false(hub_may_ask_ahead(&hub, 9));
	server_stop(s);
}

static void a_moved_repository_is_followed(void **state)
{
	struct server *s = begin(answer_revision);
	struct hub_revision r;
	struct err e;

	(void)state;
	assert_int_equal(ask_revision("moved", &r, &e), 0);
	assert_string_equal(r.id, "new/name");
	assert_string_equal(r.commit, C1);
	assert_false(r.gated || r.is_private || r.disabled);
	assert_true(server_saw(s, "GET /api/models/new/name/revision/moved?"));
	/* a name that is none is not taken over */
	assert_int_equal(ask_revision("strange-id", &r, &e), 0);
	assert_string_equal(r.id, "org/name");
	server_stop(s);
}

static void another_commit_than_asked_for_is_refused(void **state)
{
	struct server *s = begin(answer_revision);
	struct hub_revision r;
	struct err e;

	(void)state;
	assert_int_equal(ask_revision(C2, &r, &e), -1);
	assert_int_equal(e.kind, ERR_INTEGRITY);
	assert_int_equal(hub.requests, 1);
	server_stop(s);
}

static const char *const strange_answers[] = {
	"<!DOCTYPE html><html>Please accept our terms \x1b[31m</html>",
	"{\"sha\":\"" C1,
	"",
	"[]",
	"null",
	"{}",
	"{\"sha\":null}",
	"{\"sha\":\"main\"}",
	"{\"sha\":\"0123456789ABCDEF0123456789ABCDEF01234567\"}",
	"{\"sha\":\"" C1 "0\"}",
};

/* Strange twice, then as it should be. */
static void answer_strangely(struct exchange *x)
{
	size_t i = strtoul(strstr(x->request, "/revision/") + 11, NULL, 10);

	if (x->ordinal % 3 == 2)
		server_reply(x, 200, "", "{\"sha\":\"" C1 "\"}");
	else
		server_reply(x, 200, "", strange_answers[i]);
}

static void strange_answers_are_asked_for_again(void **state)
{
	struct server *s = begin(answer_strangely);
	struct hub_revision r;
	struct err e;
	char revision[16];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(strange_answers); i++) {
		(void)snprintf(revision, sizeof(revision), "v%zu", i);
		n_waits = 0;
		hub.retries = 0;
		assert_int_equal(ask_revision(revision, &r, &e), 0);
		assert_string_equal(r.commit, C1);
		assert_int_equal(hub.retries, 2);
		/* no patience: the strange answer is shown */
		n_waits = 0;
		retry_limit = 1;
		assert_int_equal(ask_revision(revision, &r, &e), -1);
		assert_int_equal(e.kind, ERR_TRANSIENT);
		assert_non_null(strstr(e.text, "unexpected answer"));
		assert_null(strchr(e.text, '\x1b'));
		retry_limit = 2;
		atomic_store(&s->n_requests, 0);
	}
	server_stop(s);
}

/* --- trouble -------------------------------------------------------------- */

struct trouble {
	int status;
	const char *headers;
};

/* cookie: what the first request gets; all others are fine. */
static void answer_trouble(struct exchange *x)
{
	const struct trouble *t = x->server->cookie;

	if (x->ordinal == 0)
		server_reply(x, t->status, t->headers, "");
	else
		server_reply(x, 200, "", "{\"sha\":\"" C1 "\"}");
}

static void transient_trouble_is_tried_again(void **state)
{
	static const struct {
		struct trouble trouble;
		int64_t server_s;
	} cases[] = {
		{ { 500, "" }, -1 },
		{ { 502, "" }, -1 },
		{ { 503, "Retry-After: 3\r\n" }, 3 },
		{ { 429, "Retry-After: 60\r\n" }, 60 },
		{ { 429, "RateLimit: \"api\";r=0;t=4\r\n" }, 5 },
		{ { 408, "Retry-After: -1\r\n" }, -1 },
		{ { 302, "" }, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct trouble trouble = cases[i].trouble;
		struct server *s = begin(answer_trouble);
		struct hub_revision r;
		struct err e;

		s->cookie = &trouble;
		assert_int_equal(ask_revision("main", &r, &e), 0);
		assert_int_equal(hub.retries, 1);
		assert_int_equal(hub.requests, 2);
		assert_int_equal(n_waits, 1);
		assert_int_equal(asked_waits[0], cases[i].server_s);
		server_stop(s);
		http_client_free(client);
		client = NULL;
	}
}

static void other_trouble_is_not(void **state)
{
	static const struct {
		struct trouble trouble;
		enum err_kind kind;
		int64_t retry_after_s;
	} cases[] = {
		{ { 401, "" }, ERR_AUTH, -1 },
		{ { 403, "X-Error-Code: GatedRepo\r\n" }, ERR_AUTH, -1 },
		{ { 404, "X-Error-Code: RevisionNotFound\r\n" }, ERR_PERMANENT,
		    -1 },
		{ { 400, "" }, ERR_PERMANENT, -1 },
		/* the server asks for more patience than a run has */
		{ { 429, "Retry-After: 61\r\n" }, ERR_TRANSIENT, 61 },
		{ { 503, "Retry-After: 100000\r\n" }, ERR_TRANSIENT, 3600 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct trouble trouble = cases[i].trouble;
		struct server *s = begin(answer_trouble);
		struct hub_revision r;
		struct err e;

		s->cookie = &trouble;
		assert_int_equal(ask_revision("main", &r, &e), -1);
		assert_int_equal(e.kind, cases[i].kind);
		assert_int_equal(e.retry_after_s, cases[i].retry_after_s);
		assert_int_equal(hub.requests, 1);
		assert_int_equal(hub.retries, 0);
		server_stop(s);
		http_client_free(client);
		client = NULL;
	}
}

static void an_unreachable_hub_is_named(void **state)
{
	struct server *s = begin(answer_revision);
	struct hub_revision r;
	struct err e;

	(void)state;
	hub.endpoint = "http://127.0.0.1:1";
	assert_int_equal(ask_revision("main", &r, &e), -1);
	assert_int_equal(e.kind, ERR_UNREACHABLE);
	assert_non_null(strstr(e.text, "cannot reach http://127.0.0.1:1/"));
	assert_int_equal(hub.retries, 2);
	server_stop(s);
}

/* cookie: the RateLimit header of all answers. */
static void answer_with_rate_limit(struct exchange *x)
{
	server_reply(x, 200, x->server->cookie, "{\"sha\":\"" C1 "\"}");
}

static void a_used_up_rate_limit_is_waited_for(void **state)
{
	static char more[] = "RateLimit: \"api\";r=1;t=300\r\n";
	static char soon[] = "RateLimit: \"api\";r=0;t=0\r\n";
	static char late[] = "RateLimit: \"api\";r=0;t=200\r\n";
	struct server *s = begin(answer_with_rate_limit);
	struct hub_revision r;
	struct err e;
	int64_t before = clock_mono().ms;

	(void)state;
	s->cookie = more;
	assert_int_equal(ask_revision("main", &r, &e), 0);
	s->cookie = soon;
	assert_int_equal(ask_revision("main", &r, &e), 0);
	assert_true(clock_mono().ms - before < 900);
	/* t + 1 seconds */
	before = clock_mono().ms;
	s->cookie = late;
	assert_int_equal(ask_revision("main", &r, &e), 0);
	assert_true(clock_mono().ms - before >= 900);
	/* nobody waits that long, and nobody asks */
	assert_int_equal(ask_revision("main", &r, &e), -1);
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_true(e.retry_after_s > 190 && e.retry_after_s <= 201);
	assert_int_equal(atomic_load(&s->n_requests), 3);
	assert_int_equal(hub.requests, 3);
	assert_int_equal(n_waits, 0);
	server_stop(s);
}

static void answer_nothing(struct exchange *x)
{
	server_wait(x, 60000);
	x->close = true;
}

static void waits_and_calls_can_be_cancelled(void **state)
{
	static const struct trouble trouble = { 503, "" };
	struct server *s = begin(answer_trouble);
	struct hub_revision r;
	struct err e;

	(void)state;
	s->cookie = (void *)&trouble;
	retry_wait_ms = 60000;
	cancel_at = clock_mono().ms + 200;
	assert_int_equal(ask_revision("main", &r, &e), -1);
	assert_int_equal(e.kind, ERR_CANCELLED);
	assert_true(clock_mono().ms - cancel_at < 10000);
	server_stop(s);
	http_client_free(client);

	s = begin(answer_nothing);
	cancel_at = clock_mono().ms + 200;
	assert_int_equal(ask_revision("main", &r, &e), -1);
	assert_int_equal(e.kind, ERR_CANCELLED);
	assert_true(clock_mono().ms - cancel_at < 10000);
	assert_int_equal(http_client_active(client), 0);
	assert_int_equal(hub.retries, 0);
	server_stop(s);
}

/* --- a listing ------------------------------------------------------------ */

#define FILE_OF(path)                                                       \
	"{\"type\":\"file\",\"oid\":\"" C2 "\",\"size\":1,\"path\":\"" path \
	"\"}"

/* Three pages of org/name, which has moved to new/name; the second one is
 * broken at its first try. */
static void answer_pages(struct exchange *x)
{
	const char *path = "/api/models/new/name/tree/" C1;
	char link[512];

	if (strstr(x->request, "/org/name/") != NULL) {
		(void)snprintf(link, sizeof(link),
		    "Location: %s?recursive=true&expand=false\r\n", path);
		server_reply(x, 307, link, "");
	} else if (strstr(x->request, "cursor=2%3D") != NULL) {
		server_reply(x, 200, "Link: <x>; rel=\"prev\"\r\n",
		    "[" FILE_OF("a/z") "]");
	} else if (strstr(x->request, "cursor=1%3D") != NULL) {
		static atomic_int tries;

		(void)snprintf(link, sizeof(link),
		    "Link: <x>; rel=\"xet-auth\"\r\n"
		    "Link: <%s%s?cursor=2%%3D>; rel=\"next\"\r\n",
		    x->server->url, path);
		server_reply(x, 200, link,
		    atomic_fetch_add(&tries, 1) % 2 == 0
			? "[" FILE_OF("b") ",{\"ty"
			: "[" FILE_OF("b") "," FILE_OF("a/y") "]");
	} else {
		(void)snprintf(link, sizeof(link),
		    "Link: <%s%s?cursor=1%%3D>; rel=\"next\"\r\n",
		    x->server->url, path);
		server_reply(x, 200, link, "[" FILE_OF("c") "]");
	}
}

static void all_pages_become_one_listing(void **state)
{
	static const char *const paths[] = { "a/y", "a/z", "b", "c" };
	struct server *s = begin(answer_pages);
	struct remote_listing l;
	struct err e;
	size_t i;

	(void)state;
	assert_int_equal(ask_listing(&l, &e), 0);
	assert_string_equal(l.commit, C1);
	assert_int_equal(l.n, COUNT(paths));
	for (i = 0; i < COUNT(paths); i++)
		assert_string_equal(l.files[i].path, paths[i]);
	/* three pages, one of them twice; the redirect is no call of ours */
	assert_int_equal(hub.requests, 4);
	assert_int_equal(hub.retries, 1);
	assert_true(server_saw(s, "?recursive=true&expand=false"));
	remote_listing_release(&l);
	server_stop(s);
}

/* cookie: the value of Link on every page. */
static void answer_with_link(struct exchange *x)
{
	char link[512];

	(void)snprintf(link, sizeof(link), "Link: <%s>; rel=\"next\"\r\n",
	    (const char *)x->server->cookie);
	server_reply(x, 200, link, "[]");
}

static void next_pages_elsewhere_are_refused(void **state)
{
	struct server *s = begin(answer_with_link);
	struct server *other = server_start(answer_with_link, (void *)"/x");
	const char *path = "/api/models/org/name/tree/" C1;
	char links[9][256];
	size_t i;

	(void)state;
	(void)snprintf(links[0], 256, "%s%s?cursor=1", other->url, path);
	(void)snprintf(links[1], 256, "http://localhost:%u%s?cursor=1", s->port,
	    path);
	(void)snprintf(links[2], 256, "https://127.0.0.1:%u%s?cursor=1",
	    s->port, path);
	(void)snprintf(links[3], 256, "%s/api/models/org/other/tree/%s", s->url,
	    C1);
	(void)snprintf(links[4], 256, "%s/api/models/org/name/tree/%s", s->url,
	    C2);
	(void)snprintf(links[5], 256, "//127.0.0.1:%u%s?cursor=1", other->port,
	    path);
	(void)snprintf(links[6], 256, "/elsewhere?cursor=1");
	(void)snprintf(links[7], 256, "ftp://127.0.0.1%s", path);
	(void)snprintf(links[8], 256, "%s%s/../x?cursor=1", s->url, path);
	for (i = 0; i < COUNT(links); i++) {
		struct remote_listing l;
		struct err e;

		s->cookie = links[i];
		print_message("%s\n", links[i]);
		atomic_store(&s->n_requests, 0);
		assert_int_equal(ask_listing(&l, &e), -1);
		assert_int_equal(e.kind, ERR_PERMANENT);
		assert_int_equal(atomic_load(&s->n_requests), 1);
		remote_listing_release(&l);
	}
	assert_int_equal(atomic_load(&other->n_connections), 0);
	server_stop(other);
	server_stop(s);
}

static void pages_in_a_circle_are_refused(void **state)
{
	static const char *const links[] = { "?recursive=true&expand=false",
		"?cursor=x" };
	struct server *s = begin(answer_with_link);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(links); i++) {
		struct remote_listing l;
		struct err e;

		s->cookie = (void *)links[i];
		assert_int_equal(ask_listing(&l, &e), -1);
		assert_int_equal(e.kind, ERR_PERMANENT);
		assert_non_null(strstr(e.text, "circle"));
		/* the link of the first leads to itself at once */
		assert_int_equal(hub.requests, i + 1);
		hub.requests = 0;
		remote_listing_release(&l);
	}
	server_stop(s);
}

/* cookie: the page. */
static void answer_page(struct exchange *x)
{
	server_reply(x, 200, "", x->server->cookie);
}

static void bad_listings_are_refused_with_the_repository_named(void **state)
{
	static const struct {
		const char *page;
		enum err_kind kind;
		const char *words;
	} cases[] = {
		{ "[" FILE_OF("a") "," FILE_OF("a") "]", ERR_PERMANENT,
		    "twice" },
		{ "[" FILE_OF("a") "," FILE_OF("a/b") "]", ERR_PERMANENT,
		    "a folder" },
		{ "[" FILE_OF("../x") "]", ERR_PERMANENT, "../x" },
		{ "[{\"type\":\"file\",\"oid\":\"" C2
		  "\",\"size\":1,\"lfs\":{\"oid\":\"" MASK
		  "\",\"size\":1},\"path\":\"a\"}]",
		    ERR_AUTH, "ask for access at http://127.0.0.1:" },
		{ "<html>", ERR_TRANSIENT, "<html>" },
	};
	struct server *s = begin(answer_page);
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct remote_listing l;
		struct err e;

		s->cookie = (void *)cases[i].page;
		n_waits = 0;
		assert_int_equal(ask_listing(&l, &e), -1);
		assert_int_equal(e.kind, cases[i].kind);
		assert_non_null(strstr(e.text, cases[i].words));
		assert_non_null(strstr(e.text, "model org/name"));
		assert_int_equal(n_waits,
		    cases[i].kind == ERR_TRANSIENT ? 3 : 0);
		remote_listing_release(&l);
	}
	server_stop(s);
}

static void an_empty_listing_is_a_listing(void **state)
{
	static char page[] = "[]";
	struct server *s = begin(answer_page);
	struct remote_listing l;
	struct err e;

	(void)state;
	s->cookie = page;
	assert_int_equal(ask_listing(&l, &e), 0);
	assert_int_equal(l.n, 0);
	assert_string_equal(l.commit, C1);
	remote_listing_release(&l);
	assert_int_equal(hub_listing(&hub, REPO_MODEL, "org/name", "main", &l,
			     &e),
	    -1);
	assert_int_equal(e.kind, ERR_BUG);
	server_stop(s);
}

enum { PAGE = 15 * 1024 * 1024 };

/* Pages without end, each of them allowed. */
static void answer_too_much(struct exchange *x)
{
	static char blanks[64 * 1024];
	size_t n;

	memset(blanks, ' ', sizeof(blanks));
	(void)server_sendf(x,
	    "HTTP/1.1 200 x\r\nLink: <?cursor=%u>; rel=\"next\"\r\n"
	    "Content-Length: %d\r\n\r\n[]",
	    x->ordinal, PAGE + 2);
	for (n = 0; n < PAGE; n += sizeof(blanks))
		if (!server_send(x, blanks, sizeof(blanks)))
			return;
}

static void a_listing_over_64_mib_is_refused(void **state)
{
	struct server *s = begin(answer_too_much);
	struct remote_listing l;
	struct err e;

	(void)state;
	assert_int_equal(ask_listing(&l, &e), -1);
	assert_int_equal(e.kind, ERR_PERMANENT);
	assert_non_null(strstr(e.text, "over 64 MiB"));
	assert_int_equal(hub.requests, 5);
	remote_listing_release(&l);
	server_stop(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bad_endpoints_are_a_matter_of_configuration),
		TEST(the_token_stays_at_home_without_tls),
		TEST(a_revision_becomes_a_commit),
		TEST(questions_are_under_way_together),
		TEST(no_more_is_asked_ahead_than_is_left),
		TEST(a_moved_repository_is_followed),
		TEST(another_commit_than_asked_for_is_refused),
		TEST(strange_answers_are_asked_for_again),
		TEST(transient_trouble_is_tried_again),
		TEST(other_trouble_is_not),
		TEST(an_unreachable_hub_is_named),
		TEST(a_used_up_rate_limit_is_waited_for),
		TEST(waits_and_calls_can_be_cancelled),
		TEST(all_pages_become_one_listing),
		TEST(next_pages_elsewhere_are_refused),
		TEST(pages_in_a_circle_are_refused),
		TEST(bad_listings_are_refused_with_the_repository_named),
		TEST(an_empty_listing_is_a_listing),
		TEST(a_listing_over_64_mib_is_refused),
	};

#ifndef _WIN32
	(void)signal(SIGPIPE, SIG_IGN);
#endif
	return cmocka_run_group_tests(tests, NULL, NULL);
}
