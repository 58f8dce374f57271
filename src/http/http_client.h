/*
 * http_client.h - many requests on one thread; the only user of libcurl.
 *
 * Redirects are followed here, hop by hop (at most HTTP_HOPS_MAX): https never
 * leads to http; plain http is followed only if the request began with it; a
 * hop to another origin whose address is private or link-local is refused
 * unless the first hop's address was private too (the address really used is
 * checked).  The credential goes to the exact origin it belongs to, and over
 * plain http to loopback only; it is decided anew for each hop and appears in
 * no text.
 *
 * No method but GET and HEAD.  Bodies are never decoded (Accept-Encoding:
 * identity).  Headers are capped (64 KiB a response), error bodies too.
 */
#ifndef HFCRON_HTTP_HTTP_CLIENT_H
#define HFCRON_HTTP_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/secret.h"
#include "http/http_url.h"

enum {
	HTTP_HOPS_MAX = 10,
	HTTP_HEADER_BYTES_MAX = 64 * 1024,
	HTTP_ERROR_BODY_MAX = 4096
};

struct http_options {
	const char *user_agent; /* all borrowed while the client lives */
	int64_t connect_timeout_ms;
	/* Less than 1 KiB/s on average for so long, or no answer: cut off. */
	int64_t stall_timeout_ms;
	const char *ca_file, *ca_dir; /* NULL: the system's */
	/* http_proxy https_proxy all_proxy no_proxy, in both cases */
	bool proxy_from_environment;
	/* For all hosts; NULL: none, or the environment's. */
	const char *proxy_url;
	unsigned max_connections;
	/*
	 * Called at least every 200 ms while http_client_step waits.  Nonzero
	 * cancels: step returns -1 with ERR_CANCELLED.  May be NULL.
	 */
	int (*tick)(void *cookie);
	void *tick_cookie;
	int wake_fd; /* readable: call tick at once; -1 */
};

struct http_client;

/* false: the TLS library has no use for a ca_dir (Windows' own), and the
 * system's certificates count as if there were none. */
bool http_client_takes_ca_folder(void);

/* Owned (http_client_free); NULL with *e.  Sets up libcurl at first use. */
struct http_client *http_client_new(const struct http_options *options,
    struct err *e);
/*
 * Requests still under way are dropped without on_done.  Never waits: a
 * resolver thread that hangs in getaddrinfo is left behind.
 */
void http_client_free(struct http_client *client);

/* --- what a response says ------------------------------------------------ */

struct http_response; /* valid during the callback only */

int http_response_status(const struct http_response *r);
unsigned http_response_hop(const struct http_response *r); /* from 0 */
/* true if this hop's origin is the credential's origin (request.origin). */
bool http_response_at_origin(const struct http_response *r);
/* Over a connection that serves several requests at the same time (HTTP/2). */
bool http_response_is_shared(const struct http_response *r);
/* This hop's URL, query included: not for messages. */
const char *http_response_url(const struct http_response *r);
/* The last header of that name (any case), NULL if absent.  Control bytes in
 * header values make the request fail before anybody sees them. */
const char *http_response_header(const struct http_response *r,
    const char *name);
/* All of that name: i = 0, 1, ... until NULL. */
const char *http_response_header_at(const struct http_response *r,
    const char *name, size_t i);

/* --- a request ------------------------------------------------------------ */

struct http_result {
	int status;  /* of the last hop, 0 if none came */
	bool failed; /* no complete answer: see error */
	/*
	 * failed: ERR_TRANSIENT (stall, reset, short body, bad framing, more
	 * than max_body, too many redirects), ERR_UNREACHABLE (no name, no
	 * route, refused, TLS set-up, certificate, connect time-out),
	 * ERR_PERMANENT (refused redirect), or what a callback said.
	 */
	struct err error;
	/* The last hop's origin is the credential's origin. */
	bool at_origin;
	const struct http_response *response; /* last hop, NULL if none */
	/* Of a status >= 400: its text, cut, "" if none; not escaped. */
	const char *error_body;
	uint64_t body_bytes;   /* of the last hop, as received */
	const char *final_url; /* last hop; not for messages */
};

struct http_spec {
	bool head;
	/* One of many whose answers are small: it may share a connection with
	 * others (HTTP/2, where the server has it).  Else HTTP/1.1, and a
	 * connection of its own. */
	bool is_small;
	const char *url; /* copied */
	/* The credential's, and what at_origin means; copied. */
	const struct http_origin *origin;
	/* NULL: none; borrowed while the request lives. */
	const struct secret *token;
	bool has_range;
	uint64_t from, to;     /* [from, to) */
	uint64_t max_body;     /* more is an error; 0: no limit */
	int64_t time_limit_ms; /* of all hops; 0: no limit */
	/*
	 * After the headers of every hop (redirects too).  -1 ends the
	 * request with *e as result.  May be NULL.
	 */
	int (*on_response)(void *cookie, const struct http_response *r,
	    struct err *e);
	/* Body bytes of a 2xx last hop.  -1 ends the request.  */
	int (*on_body)(void *cookie, const void *bytes, size_t n,
	    struct err *e);
	/* Exactly once unless cancelled; the request is gone afterwards. */
	void (*on_done)(void *cookie, const struct http_result *result);
	void *cookie;
};

struct http_request;

/* Starts (no byte moves before step).  NULL with *e; on_done is not called. */
struct http_request *http_request_start(struct http_client *client,
    const struct http_spec *spec, struct err *e);
/* No further callback.  Legal inside callbacks, but not in its own on_done:
 * then it is gone already. */
void http_request_cancel(struct http_request *request);
/* Stop and go on reading from the socket (back-pressure).  Legal inside
 * callbacks; a paused request does not stall. */
void http_request_pause(struct http_request *request, bool pause);
/*
 * No more than the first so many bytes of the body are wanted after all: more
 * than were handed out so far, and no more than max_body.  The request ends
 * well with the last of them, and with it the connection, if it is its own.
 */
void http_request_shorten(struct http_request *request, uint64_t bytes);

/*
 * Move bytes and call back, waiting at most timeout_ms for something to
 * happen.  0, or -1 with ERR_CANCELLED when tick said so.
 */
int http_client_step(struct http_client *client, int64_t timeout_ms,
    struct err *e);
/* Make the step that waits, or the next one, return at once.  The only call
 * that any thread may make. */
void http_client_wake(struct http_client *client);
/*
 * From now on at most so many requests over one shared connection before
 * another one is made, of which there are max_connections; 100 at first.
 */
void http_client_share(struct http_client *client, unsigned requests);
/*
 * From now on so many bytes a second at most, headers and bodies of all
 * requests together; 0: no limit.  After a pause a tenth of a second's worth may
 * come at once.  Requests that wait for their turn do not stall, and the wait
 * does not count for their time_limit_ms.  What the system has buffered for a
 * connection (some 64 KiB) counts when it is taken from there.
 */
void http_client_limit(struct http_client *client, uint64_t bytes_per_s);
/* There is such a limit now. */
bool http_client_is_limited(const struct http_client *client);
/* Requests that are started and not done. */
unsigned http_client_active(const struct http_client *client);

/* "libcurl/7.88.1 OpenSSL/3.0.x ..." for --version. */
const char *http_library_version(void);

#endif
