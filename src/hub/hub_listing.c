/* hub_listing.c - what has pages: a commit's files, and its history. */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"
#include "formats/tree.h"
#include "hub/hub_call.h"
#include "hub/hub_tree.h"
#include "hub/hub_url.h"

enum {
	LISTING_BYTES_MAX = 64 * 1024 * 1024,
	PAGES_MAX = 20000,
	URL_SHOWN_MAX = 200
};

/* --- pages --------------------------------------------------------------- */

/* Fingerprints of the page URLs seen; equal ones are the same cursor. */
struct seen {
	uint64_t *items; /* own */
	size_t n, cap;
};

static uint64_t fingerprint(const char *text)
{
	uint64_t h = 0xcbf29ce484222325U; /* FNV-1a */

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3U;
	return h;
}

/* Add a page; refuse one that was there, and too many. */
static int see(struct seen *seen, const char *url,
    const struct hub_subject *subject, struct err *e)
{
	uint64_t h = fingerprint(url);
	size_t i;

	for (i = 0; i < seen->n; i++)
		if (seen->items[i] == h)
			return err_set(e, ERR_PERMANENT,
			    "%s: the Hub's list of files is refused: its pages "
			    "go round in a circle",
			    subject->repo);
	if (seen->n >= PAGES_MAX)
		return err_set(e, ERR_PERMANENT,
		    "%s: the Hub's list of files is refused: it has more than "
		    "%d pages",
		    subject->repo, PAGES_MAX);
	if (vec_grow((void **)&seen->items, &seen->cap, seen->n + 1,
		sizeof(*seen->items), PAGES_MAX) == -1)
		return err_nomem(e);
	seen->items[seen->n++] = h;
	return 0;
}

/* It is sent the token: only the page's own origin and path will do. */
static int check_next(const struct hub_call *call, const char *next,
    struct err *e)
{
	struct err why = ERR_INIT;
	char shown[URL_SHOWN_MAX];
	int same = http_url_same_place(call->final_url, next, &why);

	if (same == 1)
		return 0;
	if (same == -1 && why.kind == ERR_NOMEM)
		return err_nomem(e);
	return err_set(e, ERR_PERMANENT,
	    "%s: the Hub's list of files is refused: its next page is "
	    "elsewhere (%s)",
	    call->subject.repo, http_url_display(next, shown, sizeof(shown)));
}

/* The Hub lists gated files without their hashes. */
static int gated(const struct hub_call *call, struct err *e)
{
	const struct hub_subject *s = &call->subject;
	const char *page = s->page != NULL ? s->page : "its page";

	if (s->token_where != NULL)
		return err_set(e, ERR_AUTH,
		    "%s is gated: ask for access at %s with the account whose "
		    "token is in %s",
		    s->repo, page, s->token_where);
	return err_set(e, ERR_AUTH,
	    "%s is gated: ask for access at %s, then set HF_TOKEN (no token "
	    "was sent)",
	    s->repo, page);
}

struct listing_cookie {
	struct remote_listing *out;
	size_t bytes;
};

static int take_page(void *cookie, const struct hub_call *call, struct err *e)
{
	struct listing_cookie *c = cookie;
	struct err why = ERR_INIT;

	if (call->body.len > LISTING_BYTES_MAX - c->bytes)
		return err_set(e, ERR_PERMANENT,
		    "%s: the Hub's list of files is refused: it is over %d "
		    "MiB",
		    call->subject.repo, LISTING_BYTES_MAX / (1024 * 1024));
	if (hub_tree_page(strbuf_text(&call->body), call->body.len, c->out,
		&why) == -1) {
		if (why.kind == ERR_AUTH)
			return gated(call, e);
		*e = why;
		return why.kind == ERR_NOMEM
		    ? -1
		    : err_wrap(e, "%s", call->subject.repo);
	}
	c->bytes += call->body.len;
	return 0;
}

/* All pages, beginning with `url` (taken), but no more than `max`, and only until
 * *enough (NULL: never). */
static int take_pages(struct hub_call *call, char *url, size_t max,
    const bool *enough, struct err *e)
{
	struct seen seen = { 0 };
	int rc = -1;

	while (url != NULL && seen.n < max) {
		char *next;

		call->url = url;
		if (see(&seen, url, &call->subject, e) == -1 ||
		    hub_call_ask(call, e) == -1)
			goto out;
		if (call->next == NULL || (enough != NULL && *enough))
			break;
		next = http_url_resolve(call->final_url, call->next, e);
		if (next == NULL)
			goto out;
		free(url);
		url = next;
		if (check_next(call, url, e) == -1)
			goto out;
	}
	rc = 0;
out:
	free(url);
	free(seen.items);
	return rc;
}

int hub_listing(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, struct remote_listing *out, struct err *e)
{
	struct listing_cookie cookie = { out, 0 };
	struct hub_call call;
	char *url;
	int rc = -1;

	remote_listing_init(out);
	if (!repo_is_commit(commit))
		return ERR_BUG_HERE(e, "a listing of what is no commit");
	hub_call_init(&call, hub, type, id, commit, take_page, &cookie);
	url = hub_url_tree(hub->endpoint, type, id, commit);
	if (url == NULL)
		err_nomem(e);
	else
		rc = take_pages(&call, url, SIZE_MAX, NULL, e);
	if (rc == 0) {
		memcpy(out->commit, commit, sizeof(out->commit));
		rc = remote_listing_finish(out, e);
		if (rc == -1 && e->kind != ERR_NOMEM)
			err_wrap(e, "%s", call.repo);
	}
	hub_call_release(&call);
	return rc;
}

/* --- history --------------------------------------------------------------- */

struct history_cookie {
	const char *wanted;
	bool found;
	bool is_history; /* so far */
};

static int take_history(void *cookie, const struct hub_call *call,
    struct err *e)
{
	struct history_cookie *c = cookie;
	const struct tree_node *root;
	struct tree *tree;

	tree = hub_call_json(call, e);
	if (tree == NULL)
		return err_wrap(e, "%s: its history", call->subject.repo);
	root = tree_root(tree);
	if (root == NULL || root->type != TREE_LIST)
		c->is_history = false;
	for (size_t i = 0; c->is_history && i < root->n; i++) {
		const char *sha = root->children[i].type == TREE_MAP
		    ? tree_get_string(&root->children[i], "id")
		    : NULL;

		if (sha == NULL || !repo_is_commit(sha))
			c->is_history = false;
		else if (strcmp(sha, c->wanted) == 0)
			c->found = true;
	}
	tree_free(tree);
	return 0;
}

int hub_lineage(struct hub *hub, enum repo_type type, const char *id,
    const char *commit, const char *ancestor, enum hub_lineage *lineage,
    struct err *e)
{
	struct history_cookie cookie = { ancestor, false, true };
	struct hub_call call;
	struct err why = ERR_INIT;
	bool complete;
	char *url;
	int rc = -1;

	hub_call_init(&call, hub, type, id, commit, take_history, &cookie);
	url = hub_url_commits(hub->endpoint, type, id, commit);
	if (url == NULL)
		err_nomem(&why);
	else
		rc = take_pages(&call, url, HUB_HISTORY_PAGES, &cookie.found,
		    &why);
	complete = call.next == NULL;
	hub_call_release(&call);
	*lineage = HUB_UNKNOWN;
	/* A server without this question is not a rewritten history. */
	if (rc == -1 && why.kind != ERR_AUTH && why.kind != ERR_PERMANENT) {
		*e = why;
		return -1;
	}
	if (rc == 0 && cookie.found)
		*lineage = HUB_DESCENDS;
	else if (rc == 0 && cookie.is_history && complete)
		*lineage = HUB_UNRELATED;
	return 0;
}
