/*
 * http_request_internal.h - what http_client.c (the loop), http_request.c (one
 * hop and its callbacks) and http_failure.c (words for failures) share.
 */
#ifndef HFCRON_HTTP_HTTP_REQUEST_INTERNAL_H
#define HFCRON_HTTP_HTTP_REQUEST_INTERNAL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/err.h"
#include "base/instant.h"
#include "base/strbuf.h"
#include "http/http_bucket.h"
#include "http/http_client.h"
#include "http/http_headers.h"
#include "http/http_url.h"

enum {
	HTTP_IDLE_MAX = 16, /* easy handles kept for their TLS sessions */
	/* A body nobody wants is read so far, to keep the connection; then
	 * the connection is cut. */
	HTTP_DRAIN_MAX = 64 * 1024
};

struct http_response {
	int status; /* 0: headers not complete */
	unsigned hop;
	bool at_origin;
	bool shared; /* HTTP/2 */
	char *url;   /* own */
	struct http_headers headers;
};

enum request_state {
	REQUEST_QUEUED, /* the hop is to be handed to libcurl */
	REQUEST_RUNNING,
	REQUEST_ENDED, /* on_done is due */
	REQUEST_DEAD   /* cancelled in a callback; swept later */
};

struct http_request {
	struct http_request *next;
	struct http_client *client; /* foreign */
	struct http_spec spec;	    /* its url, origin: see below */
	bool has_origin;
	struct http_origin origin; /* the credential's */
	enum request_state state;
	CURL *easy;		  /* own */
	struct curl_slist *lines; /* own; may hold the credential */
	char curl_text[CURL_ERROR_SIZE];

	struct http_response response;
	struct http_origin first; /* origin of hop 0 */
	struct http_origin here;  /* of this hop */
	bool proxied;
	bool first_private;   /* hop 0 used a private address */
	bool refused_private; /* this hop met one it may not use */
	bool connected;	      /* this hop has a connection */
	bool cut;	      /* nobody wants more of the body */
	uint64_t enough;      /* bytes of the body; 0: all of it */
	size_t header_bytes;  /* of this hop, 1xx included */
	uint64_t body_bytes;  /* of this hop */
	struct strbuf error_body;

	struct mono started;
	struct mono moved;  /* the last byte of this hop */
	struct mono window; /* where the average begins */
	uint64_t window_bytes;
	bool paused; /* wanted */
	bool held;   /* libcurl keeps data back, for that or for the limit */
	struct mono held_at;
	uint64_t held_turn; /* first held, first resumed */

	bool failed;
	struct err error;
};

struct http_client {
	struct http_options options;
	CURLM *multi;		   /* own */
	CURL *idle[HTTP_IDLE_MAX]; /* own */
	size_t n_idle;
	struct http_request *requests; /* own */
	/* A callback of libcurl may be on the stack. */
	bool inside;
	bool stepping;
	bool wake_fd_seen;	   /* it was readable: it stays so */
	atomic_bool woken;	   /* by another thread */
	struct http_bucket bucket; /* what all of them may receive */
	uint64_t turns;		   /* given to held requests so far */
	struct mono driven;
	uint64_t events;  /* callbacks to users so far */
	uint64_t stepped; /* bytes received since the last step began */
};

/* http_request.c */

/* Prepare the hop to `url` (taken) and its easy handle.  0 or -1 with *e. */
int http_request_hop(struct http_request *r, char *url, struct mono now,
    struct err *e);
/* libcurl is done with the hop.  true if another one is prepared (state
 * QUEUED), else the request has ended. */
bool http_request_hop_done(struct http_request *r, CURLcode code,
    struct mono now);
/* End it if it took too long or stalls. */
void http_request_check_time(struct http_request *r, struct mono now);
/* What libcurl held back is about to be handed out. */
void http_request_unhold(struct http_request *r, struct mono now);
/* Remember the failure; the first one counts. */
void http_request_fail(struct http_request *r, const struct err *e);
/* Free what hop and request own; the easy handle must be NULL. */
void http_request_release(struct http_request *r);

/* http_failure.c */

/* What libcurl's code means for this hop. */
void http_failure(const struct http_request *r, CURLcode code, struct err *e);

#endif
