/* hub_verdict.c - what the Hub's errors mean. */
#include "hub/hub_verdict.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "formats/json_tree.h"
#include "http/http_verdict.h"

enum { SAID_MAX = 160 };

/* The parts of an answer that decide. */
struct answer {
	int status;
	const char *code;    /* X-Error-Code, "" if absent */
	char said[SAID_MAX]; /* the Hub's own words, escaped, "" if none */
};

static const char *header(const struct http_result *result, const char *name)
{
	const char *value = NULL;

	if (result->response != NULL)
		value = http_response_header(result->response, name);
	return value != NULL ? value : "";
}

/* {"error": "..."}, as the API answers; false if it is something else. */
static bool said_in_json(const char *body, char said[SAID_MAX])
{
	const struct json_limits limits = {
		.bytes_max = HTTP_ERROR_BODY_MAX,
		.depth_max = 8,
		.kind = ERR_TRANSIENT,
		.unique_keys = false,
	};
	struct err ignored = ERR_INIT;
	const struct tree_node *error;
	struct tree *tree;

	if (body[0] != '{')
		return false;
	tree = json_tree_parse(body, strlen(body), &limits, &ignored);
	if (tree == NULL)
		return false;
	error = tree_get(tree_root(tree), "error");
	if (error != NULL && error->type == TREE_STRING)
		(void)text_escape(error->text, strlen(error->text), false, said,
		    SAID_MAX);
	tree_free(tree);
	return said[0] != '\0';
}

static void read_answer(const struct http_result *result, struct answer *a)
{
	const char *message = header(result, "X-Error-Message");

	a->status = result->status;
	a->code = header(result, "X-Error-Code");
	a->said[0] = '\0';
	if (message[0] != '\0')
		(void)text_escape(message, strlen(message), false, a->said,
		    SAID_MAX);
	else if (result->error_body != NULL)
		(void)said_in_json(result->error_body, a->said);
}

static bool has_code(const struct answer *a, const char *code)
{
	return strcmp(a->code, code) == 0;
}

/* How to get in, by whether there was a token. */
static void access_advice(const struct hub_subject *subject, char *out,
    size_t size)
{
	if (subject->token_where != NULL)
		(void)snprintf(out, size,
		    " with the account whose token is in %s",
		    subject->token_where);
	else
		(void)snprintf(out, size,
		    ", then set HF_TOKEN (no token was "
		    "sent)");
}

static int gated(const struct hub_subject *subject, const struct answer *a,
    struct err *e)
{
	char how[300];

	access_advice(subject, how, sizeof(how));
	return err_set(e, ERR_AUTH, "%s is gated: ask for access%s%s%s%s%s%s",
	    subject->repo, subject->page != NULL ? " at " : "",
	    subject->page != NULL ? subject->page : "", how,
	    a->said[0] != '\0' ? " (the Hub says: " : "", a->said,
	    a->said[0] != '\0' ? ")" : "");
}

static int not_found(const struct hub_subject *subject, struct err *e)
{
	if (subject->token_where != NULL)
		return err_set(e, ERR_AUTH,
		    "%s does not exist, or it is private and the token in %s "
		    "may not read it: check the name and the token",
		    subject->repo, subject->token_where);
	return err_set(e, ERR_AUTH,
	    "%s does not exist, or it is private: check the name, or set "
	    "HF_TOKEN (no token was sent)",
	    subject->repo);
}

static int bad_token(const struct hub_subject *subject, struct err *e)
{
	return err_set(e, ERR_AUTH,
	    "the Hub refuses the token%s%s: it is wrong, expired or revoked; "
	    "make a new one in the settings of your account",
	    subject->token_where != NULL ? " in " : "",
	    subject->token_where != NULL ? subject->token_where : "");
}

static int no_permission(const struct hub_subject *subject,
    const struct answer *a, struct err *e)
{
	return err_set(e, ERR_AUTH, "no access to %s%s%s%s%s%s", subject->repo,
	    subject->token_where != NULL ? ": the token in " : "",
	    subject->token_where != NULL ? subject->token_where : "",
	    subject->token_where != NULL ? " lacks the permission" : "",
	    a->said[0] != '\0' ? ": " : "", a->said);
}

static int no_revision(const struct hub_subject *subject, struct err *e)
{
	return err_set(e, ERR_PERMANENT,
	    "%s has no revision \"%s\": check the branch, tag or commit",
	    subject->repo,
	    subject->revision != NULL ? subject->revision : "main");
}

static int no_entry(const struct hub_subject *subject, struct err *e)
{
	return err_set(e, ERR_PERMANENT, "%s has no file \"%s\" at %s",
	    subject->repo, subject->path != NULL ? subject->path : "",
	    subject->revision != NULL ? subject->revision : "this revision");
}

/* Codes and texts first, then statuses that mean something here.  0: not
 * one of those, *e is untouched. */
static int by_code(const struct hub_subject *subject, const struct answer *a,
    struct err *e)
{
	if (has_code(a, "RevisionNotFound"))
		return no_revision(subject, e);
	if (has_code(a, "EntryNotFound"))
		return no_entry(subject, e);
	if (has_code(a, "GatedRepo"))
		return gated(subject, a, e);
	if (strcmp(a->said, "Access to this resource is disabled.") == 0)
		return err_set(e, ERR_AUTH,
		    "%s is disabled by the Hub: nobody can download it",
		    subject->repo);
	if (has_code(a, "RepoNotFound"))
		return not_found(subject, e);
	if (a->status == 401 &&
	    strcmp(a->said, "Invalid credentials in Authorization header") == 0)
		return bad_token(subject, e);
	if (a->status == 401)
		return not_found(subject, e);
	if (a->status == 403)
		return no_permission(subject, a, e);
	return 0;
}

/* What the Hub's people need to find it in their logs. */
static const char *request_id(const struct http_result *result)
{
	static const char *const names[] = { "X-Request-Id", "X-Amzn-Trace-Id",
		"X-Amz-Cf-Id" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = header(result, names[i]);

		if (value[0] != '\0')
			return value;
	}
	return "";
}

/* Put what the general table said into the Hub's context. */
static void add_context(const struct http_result *result,
    const struct hub_subject *subject, const struct answer *a, struct err *e)
{
	const char *id = request_id(result);
	struct err general = *e;

	err_set(e, general.kind, "%s: %s%s%s%s%.80s%s", subject->repo,
	    general.text, a->said[0] != '\0' ? ": " : "", a->said,
	    id[0] != '\0' ? " (request " : "", id, id[0] != '\0' ? ")" : "");
	e->os_code = general.os_code;
	e->rate_limited = general.rate_limited;
	e->retry_after_s = general.retry_after_s;
}

int hub_verdict(const struct http_result *result,
    const struct hub_subject *subject, struct wall now, bool *renew,
    struct err *e)
{
	struct answer a;

	if (renew != NULL)
		*renew = false;
	if (http_verdict(result, now, e) == 0)
		return 0;
	if (result->failed) {
		struct err cause = *e;

		err_wrap(e, "%s", subject->repo);
		e->retry_after_s = cause.retry_after_s;
		return -1;
	}
	if (!result->at_origin) {
		/* A signature that has expired, not a lack of rights. */
		if (result->status == 400 || result->status == 403) {
			if (renew != NULL)
				*renew = true;
			e->kind = ERR_TRANSIENT;
		}
		return err_wrap(e, "%s", subject->repo);
	}
	read_answer(result, &a);
	if (a.status >= 400 && by_code(subject, &a, e) == -1)
		return -1;
	add_context(result, subject, &a, e);
	return -1;
}
