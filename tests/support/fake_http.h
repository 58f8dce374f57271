/*
 * fake_http.h - http/http_client.h without a network: a scripted server, and
 * steps that move the fake clock.  Linked before the library, it stands in
 * for http_client.c and all of libcurl's transfers.
 *
 * One step gives each request one thing: the headers of a hop, a chunk of the
 * body, or its end.  If no request has anything, the clock goes on to the next
 * one that will, or by the step's time.
 */
#ifndef HFCRON_TESTS_FAKE_HTTP_H
#define HFCRON_TESTS_FAKE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/http_client.h"

/* What a request asks for. */
struct fake_ask {
	unsigned ordinal; /* of all requests; the first is 0 */
	int64_t at_ms;
	char url[200];
	bool has_range;
	uint64_t from, to;
};

/* What the server does with it. */
struct fake_reply {
	int64_t delay_ms;     /* until anything comes */
	struct err error;     /* not ERR_NONE: this instead of an answer */
	const char *redirect; /* first a 302 to this; borrowed; NULL */
	int status;
	/* Headers; "": not sent. */
	char content_range[80], content_length[40], retry_after[40];
	uint64_t from, n;   /* the body: n bytes of the content at `from` */
	uint64_t breaks_at; /* after so many of them; UINT64_MAX: never */
	bool stalls;	    /* then silence, not a reset */
	bool flips;	    /* the body's first bit is wrong */
	size_t chunk;	    /* bytes a step */
};

struct fake_server {
	/* The reply is zeroed but for breaks_at and chunk. */
	void (*serve)(void *cookie, const struct fake_ask *ask,
	    struct fake_reply *reply);
	/* The bytes of what a URL names; offsets beyond its end too. */
	void (*content)(void *cookie, const char *url, uint64_t offset,
	    void *bytes, size_t n);
	/* The user took n bytes at `offset` without complaint.  May be NULL. */
	void (*taken)(void *cookie, const char *url, uint64_t offset, size_t n);
	/* Before each step; may be NULL. */
	void (*stepping)(void *cookie);
	void *cookie;
	int64_t step_ms; /* of a step that moved something */
	/* Pass on what exceeds max_body, as the real client never would. */
	bool no_body_limit;
	bool shares;  /* all over one connection */
	bool limited; /* says http_client_is_limited */
};

enum { FAKE_STALL_MS = 30000 };

void fake_http_script(struct http_client *client,
    const struct fake_server *server);
/* All requests so far, in order; borrowed until the next one. */
const struct fake_ask *fake_http_asks(const struct http_client *client,
    size_t *n);
/* The most that were under way at the same time. */
unsigned fake_http_most_active(const struct http_client *client);
unsigned long fake_http_steps(const struct http_client *client);

/* Fill in the right answer for a content of `size` bytes, which honours the
 * range or ignores it. */
void fake_reply_right(struct fake_reply *reply, const struct fake_ask *ask,
    uint64_t size, bool honour_range);

#endif
