/*
 * hub_call.h - one question to the Hub, with its retries and the waits that a
 * rate limit asks for.  Inside this room.
 */
#ifndef HFCRON_HUB_HUB_CALL_H
#define HFCRON_HUB_HUB_CALL_H

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "formats/tree.h"
#include "hub/hub_client.h"

enum {
	HUB_LABEL_MAX = 160,
	HUB_ANSWER_BYTES_MAX = 16 * 1024 * 1024 /* of one answer */
};

struct hub_call {
	struct hub *hub;	    /* foreign */
	const char *url;	    /* foreign */
	struct hub_subject subject; /* its texts: */
	char repo[HUB_LABEL_MAX];   /* "model org/name" */
	char *page;		    /* own; NULL for want of memory */
	/* Makes sense of a whole answer; ERR_TRANSIENT: ask again. */
	int (*take)(void *cookie, const struct hub_call *call, struct err *e);
	void *cookie;
	/* The answer. */
	struct strbuf body;
	char *next;	 /* own: rel="next" of it */
	char *final_url; /* own */
	/* Private: */
	struct http_request *request; /* under way */
	bool begun;		      /* and its answer not yet looked at */
	bool done;
	int rc;
	struct err error;
};

/* Nothing is sent.  The call must stay where it is. */
void hub_call_init(struct hub_call *call, struct hub *hub, enum repo_type type,
    const char *id, const char *revision,
    int (*take)(void *cookie, const struct hub_call *call, struct err *e),
    void *cookie);
/* Cancels what is under way. */
void hub_call_release(struct hub_call *call);

/* The answer as JSON, owned by the caller (tree_free); NULL with *e: ERR_TRANSIENT
 * if it is none. */
struct tree *hub_call_json(const struct hub_call *call, struct err *e);

/* Send it; hub_call_ask will find it under way. */
int hub_call_begin(struct hub_call *call, struct err *e);
/* Wait for the answer, ask again as the policy says, and `take` it. */
int hub_call_ask(struct hub_call *call, struct err *e);

#endif
