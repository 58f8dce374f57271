/*
 * hub_verdict.h - http_verdict for answers of the Hub: its error codes and
 * texts decide before the status does (hub.md section 7).
 */
#ifndef HFCRON_HUB_HUB_VERDICT_H
#define HFCRON_HUB_HUB_VERDICT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/instant.h"
#include "http/http_client.h"

/* What the request was about, for the text. */
struct hub_subject {
	const char *repo;	 /* "model org/name" */
	const char *revision;	 /* or NULL */
	const char *path;	 /* or NULL */
	const char *page;	 /* URL to ask for access at, or NULL */
	const char *token_where; /* "HF_TOKEN", NULL if no token was sent */
};

/*
 * 0 for a complete 2xx, else -1 and *e with a text that says what happened
 * and what to do next.  RepoNotFound, GatedRepo, disabled, bad token, missing
 * permission -> AUTH; RevisionNotFound, EntryNotFound -> PERMANENT; a 403 or
 * 400 from another origin than the Hub's (an expired signature) -> TRANSIENT
 * with *renew set: ask resolve again.  renew may be NULL.
 */
int hub_verdict(const struct http_result *result,
    const struct hub_subject *subject, struct wall now, bool *renew,
    struct err *e);

#endif
