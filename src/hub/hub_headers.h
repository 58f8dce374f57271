/*
 * hub_headers.h - what the Hub's resolve answers say (hub.md section 5).
 */
#ifndef HFCRON_HUB_HUB_HEADERS_H
#define HFCRON_HUB_HUB_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "http/http_client.h"
#include "model/remote_file.h"

/* Remove leading W and "/", then quotes.  40 or 64 lower-case hex digits into
 * out, else -1: nothing else may become a file name. */
int hub_etag_normalise(const char *value, char out[REMOTE_BLOB_MAX]);

/*
 * Proof that an answer of the Hub's own origin is about the same object as
 * the listing: X-Repo-Commit is absent or `commit`, X-Linked-ETag (else, unless
 * it is a redirect, ETag) is absent, not a hash, or the blob's name or git
 * oid; X-Linked-Size is absent or the size.  Answers of other origins prove
 * nothing and are passed.  0, or -1 with ERR_INTEGRITY (`the Hub answered
 * about another object`).
 */
int hub_check_identity(const struct http_response *r,
    const struct remote_file *file, const char *commit, struct err *e);

/* The URL of rel="next" in a Link header value: *n bytes within `value`; NULL
 * if there is none. */
const char *hub_link_next(const char *value, size_t *n);

#endif
