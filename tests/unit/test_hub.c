/* test_hub.c - what of the Hub needs no network: URLs, headers, pages of a
 * listing, verdicts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "http/http_request_internal.h"
#include "hub/hub_headers.h"
#include "hub/hub_tree.h"
#include "hub/hub_url.h"
#include "hub/hub_verdict.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OID "0123456789abcdef0123456789abcdef01234567"
#define OID2 "76543210fedcba9876543210fedcba9876543210"
#define SHA "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define XET "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MASK "****************************************************************"

/* --- URLs ----------------------------------------------------------------- */

static void check_url(char *url, const char *expected)
{
	assert_non_null(url);
	assert_string_equal(url, expected);
	free(url);
}

static void urls_are_the_hubs(void **state)
{
	static const char e[] = "https://hub";

	(void)state;
	check_url(hub_url_revision(e, REPO_MODEL, "o/n", "main"),
	    "https://hub/api/models/o/n/revision/main"
	    "?expand=sha&expand=private&expand=disabled&expand=gated");
	check_url(hub_url_revision(e, REPO_DATASET, "n", "refs/pr/1"),
	    "https://hub/api/datasets/n/revision/refs%2Fpr%2F1"
	    "?expand=sha&expand=private&expand=disabled&expand=gated");
	/* the Hub answers 400 to a space's "gated" */
	check_url(hub_url_revision(e, REPO_SPACE, "o/n", "feature/x"),
	    "https://hub/api/spaces/o/n/revision/feature%2Fx"
	    "?expand=sha&expand=private&expand=disabled");
	check_url(hub_url_tree(e, REPO_DATASET, "o/n", OID),
	    "https://hub/api/datasets/o/n/tree/" OID
	    "?recursive=true&expand=false");
	check_url(hub_url_resolve(e, REPO_MODEL, "o/n", OID, "a b/c%d#?.bin"),
	    "https://hub/o/n/resolve/" OID "/a%20b/c%25d%23%3F.bin");
	check_url(hub_url_resolve(e, REPO_DATASET, "o/n", "refs/pr/1", "x"),
	    "https://hub/datasets/o/n/resolve/refs%2Fpr%2F1/x");
	check_url(hub_url_page(e, REPO_SPACE, "o/n"), "https://hub/spaces/o/n");
	check_url(hub_url_page(e, REPO_MODEL, "gpt2"), "https://hub/gpt2");
}

/* --- headers -------------------------------------------------------------- */

static void etags_are_normalised(void **state)
{
	static const struct {
		const char *value, *out;
	} cases[] = {
		{ OID, OID },
		{ "\"" OID "\"", OID },
		{ "W/\"" OID "\"", OID },
		{ "W/\"" SHA "\"", SHA },
		{ "\"" SHA "\"", SHA },
		{ "\"" SHA, SHA },
		{ "", NULL },
		{ "\"", NULL },
		{ "\"\"", NULL },
		{ "W/", NULL },
		{ "\"0123456789ABCDEF0123456789abcdef01234567\"", NULL },
		{ "\"../../../../../../../../../../../../etc/pas\"", NULL },
		{ "\"" OID "0\"", NULL },
		{ "\"" MASK "\"", NULL },
		{ "\"" SHA "-12\"", NULL },
	};
	char out[REMOTE_BLOB_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		int rc = hub_etag_normalise(cases[i].value, out);

		print_message("%s\n", cases[i].value);
		assert_int_equal(rc, cases[i].out == NULL ? -1 : 0);
		if (rc == 0)
			assert_string_equal(out, cases[i].out);
	}
}

static void next_links_are_found(void **state)
{
	static const struct {
		const char *value, *next;
	} cases[] = {
		{ "<https://h/p?cursor=a%3D>; rel=\"next\"",
		    "https://h/p?cursor=a%3D" },
		{ "<https://h/p>; rel=next", "https://h/p" },
		{ "<https://h/p> ; REL = \"NEXT\"", "https://h/p" },
		{ "<a>; rel=\"prev\", <b>; rel=\"next\"", "b" },
		{ "<a,b;c>; title=\"x, <z>; rel=next\"; rel=\"next\"",
		    "a,b;c" },
		{ "<a>; rel=\"prev next\"", "a" },
		{ "<a>; rel=\"xet-auth\", <b>; rel=\"xet-info\"", NULL },
		{ "<a>; rel=\"nextpage\"", NULL },
		{ "<a>; rels=\"next\"", NULL },
		{ "<a>", NULL },
		{ "<a; rel=\"next\"", NULL },
		{ "a; rel=\"next\"", NULL },
		{ "<a>; rel=", NULL },
		{ "<a>;", NULL },
		{ "<a>; rel=\"next", "a" },
		{ "<>; rel=\"next\"", "" },
		{ "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		size_t n = 99;
		const char *next = hub_link_next(cases[i].value, &n);

		print_message("%s\n", cases[i].value);
		if (cases[i].next == NULL) {
			assert_null(next);
			continue;
		}
		assert_non_null(next);
		assert_int_equal(n, strlen(cases[i].next));
		assert_memory_equal(next, cases[i].next, n);
	}
}

/* A response with up to four header lines. */
static void make_response(struct http_response *r, int status, bool at_origin,
    const char *const lines[4])
{
	int i;

	memset(r, 0, sizeof(*r));
	r->status = status;
	r->at_origin = at_origin;
	http_headers_init(&r->headers, 4096);
	for (i = 0; i < 4 && lines[i] != NULL; i++)
		assert_int_equal(http_headers_add(&r->headers, lines[i],
				     strlen(lines[i])),
		    HTTP_HEADERS_FINE);
}

static void answers_must_be_about_the_same_object(void **state)
{
	static const struct {
		int status;
		bool elsewhere, lfs;
		const char *lines[4];
		bool refused;
	} cases[] = {
		{ 200, false, false, { NULL }, false },
		{ 200, false, false, { "X-Repo-Commit: " OID2 }, false },
		{ 200, false, false, { "X-Repo-Commit: " OID }, true },
		{ 200, false, false, { "X-Repo-Commit: ../../x" }, true },
		{ 200, false, false, { "ETag: \"" OID "\"" }, false },
		{ 200, false, false, { "ETag: W/\"" OID "\"" }, false },
		{ 200, false, false, { "ETag: \"" OID2 "\"" }, true },
		{ 206, false, false, { "ETag: \"" SHA "\"" }, true },
		/* no hash: no proof against it */
		{ 200, false, false, { "ETag: \"x-12\"" }, false },
		{ 200, false, false, { "ETag: \"../x\"" }, false },
		/* a redirect's ETag is that of its text */
		{ 302, false, true, { "ETag: \"" OID2 "\"" }, false },
		{ 302, false, true, { "X-Linked-ETag: \"" SHA "\"" }, false },
		{ 302, false, true, { "X-Linked-Etag: \"" OID "\"" }, false },
		{ 302, false, true, { "X-Linked-ETag: \"" XET "\"" }, true },
		{ 200, false, true,
		    { "X-Linked-ETag: \"" SHA "\"", "ETag: \"" XET "\"" },
		    false },
		{ 302, false, true, { "X-Linked-Size: 7" }, false },
		{ 302, false, true, { "X-Linked-Size: 8" }, true },
		{ 302, false, true, { "X-Linked-Size: many" }, false },
		/* other hosts prove nothing */
		{ 200, true, true, { "ETag: \"" XET "\"" }, false },
		{ 200, true, true, { "X-Repo-Commit: " OID }, false },
		/* nor do errors */
		{ 404, false, true, { "ETag: \"" XET "\"" }, false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct remote_file file = {
			.path = (char[]){ "f" }, .size = 7, .oid = OID
		};
		struct http_response r;
		struct err e = ERR_INIT;
		int rc;

		if (cases[i].lfs)
			file.sha256 = SHA;
		make_response(&r, cases[i].status, !cases[i].elsewhere,
		    cases[i].lines);
		rc = hub_check_identity(&r, &file, OID2, &e);
		print_message("case %zu %s\n", i, e.text);
		assert_int_equal(rc, cases[i].refused ? -1 : 0);
		assert_int_equal(e.kind,
		    cases[i].refused ? ERR_INTEGRITY : ERR_NONE);
		http_headers_release(&r.headers);
	}
}

/* --- pages of a listing --------------------------------------------------- */

#define FILE_A \
	"{\"type\":\"file\",\"oid\":\"" OID "\",\"size\":3,\"path\":\"a\"}"

static void a_page_becomes_files(void **state)
{
	static const char page[] =
	    "\xef\xbb\xbf[" FILE_A ",{\"type\":\"directory\",\"oid\":\"" OID2
	    "\",\"size\":0,\"path\":\"../d\"},"
	    "{\"type\":\"submodule\",\"path\":\"x\"},"
	    "{\"type\":\"file\",\"oid\":\"" OID2
	    "\",\"size\":9223372036854775807,"
	    "\"lfs\":{\"oid\":\"" SHA "\",\"size\":9223372036854775807,"
	    "\"pointerSize\":134},\"xetHash\":\"" XET
	    "\",\"path\":\"d/m\\u00e9.bin\",\"new\":[1,{}]},"
	    "{\"type\":\"file\",\"oid\":\"" OID
	    "\",\"size\":0,\"lfs\":null,\"xetHash\":null,\"path\":\"~x\"}]\n";
	struct remote_listing l;
	struct err e = ERR_INIT;

	(void)state;
	remote_listing_init(&l);
	assert_int_equal(hub_tree_page(page, sizeof(page) - 1, &l, &e), 0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.files[0].path, "a");
	assert_string_equal(l.files[0].oid, OID);
	assert_null(l.files[0].sha256);
	assert_null(l.files[0].xet_hash);
	assert_int_equal(l.files[0].size, 3);
	assert_string_equal(l.files[1].path, "d/m\xc3\xa9.bin");
	assert_string_equal(l.files[1].sha256, SHA);
	assert_string_equal(l.files[1].xet_hash, XET);
	assert_int_equal(l.files[1].size, INT64_MAX);
	assert_string_equal(remote_file_blob(&l.files[1]), SHA);
	assert_string_equal(l.files[2].path, "~x");
	assert_int_equal(l.files[2].size, 0);
	assert_int_equal(hub_tree_page("[]", 2, &l, &e), 0);
	assert_int_equal(l.n, 3);
	assert_int_equal(e.kind, ERR_NONE);
	remote_listing_release(&l);
}

#define FILE_WITH(oid, size, more)                                    \
	"[{\"type\":\"file\",\"oid\":\"" oid "\",\"size\":" size more \
	",\"path\":\"b\"}]"
#define LFS(oid, size) ",\"lfs\":{\"oid\":\"" oid "\",\"size\":" size "}"
#define NAMED(path)                                                           \
	"[{\"type\":\"file\",\"oid\":\"" OID "\",\"size\":1,\"path\":\"" path \
	"\"}]"

static void bad_pages_are_refused_whole(void **state)
{
	static const struct {
		const char *page;
		enum err_kind kind;
	} cases[] = {
		/* H01, H02: not the Hub, or cut off */
		{ "", ERR_TRANSIENT },
		{ "<!DOCTYPE html><html>\x1b[31m</html>", ERR_TRANSIENT },
		{ "[{\"type\":\"fi", ERR_TRANSIENT },
		{ "[" FILE_A ",]", ERR_TRANSIENT },
		{ "[" FILE_A "] []", ERR_TRANSIENT },
		/* H03: something else */
		{ "null", ERR_TRANSIENT },
		{ "{}", ERR_TRANSIENT },
		{ "{\"error\":\"busy\"}", ERR_TRANSIENT },
		{ "\"x\"", ERR_TRANSIENT },
		{ "[1]", ERR_TRANSIENT },
		{ "[" FILE_A ",null]", ERR_TRANSIENT },
		{ "[{}]", ERR_TRANSIENT },
		{ "[{\"type\":7}]", ERR_TRANSIENT },
		/* H05: no name */
		{ "[{\"type\":\"file\",\"oid\":\"" OID "\",\"size\":1}]",
		    ERR_TRANSIENT },
		{ "[{\"type\":\"file\",\"oid\":\"" OID
		  "\",\"size\":1,\"path\":7}]",
		    ERR_TRANSIENT },
		{ NAMED("a\\u0000b"), ERR_TRANSIENT },
		/* names */
		{ NAMED(""), ERR_PERMANENT },
		{ NAMED("../x"), ERR_PERMANENT },
		{ NAMED("a/../../x"), ERR_PERMANENT },
		{ NAMED("/etc/passwd"), ERR_PERMANENT },
		{ NAMED("a//b"), ERR_PERMANENT },
		{ NAMED("a/"), ERR_PERMANENT },
		{ NAMED("./a"), ERR_PERMANENT },
		{ NAMED("C:x"), ERR_PERMANENT },
		{ NAMED("..\\\\x"), ERR_PERMANENT },
		{ NAMED("\\u001b[31m"), ERR_PERMANENT },
		{ NAMED("a\\nb"), ERR_PERMANENT },
		{ NAMED("\\u202egpj.exe"), ERR_PERMANENT },
		{ NAMED(".cache/huggingface/x"), ERR_PERMANENT },
		/* H08: sizes */
		{ FILE_WITH(OID, "-1", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "1.5", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "1e3", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "\"1\"", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "null", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "9223372036854775808", ""), ERR_PERMANENT },
		{ FILE_WITH(OID, "99999999999999999999999", ""),
		    ERR_PERMANENT },
		{ "[{\"type\":\"file\",\"oid\":\"" OID "\",\"path\":\"b\"}]",
		    ERR_PERMANENT },
		/* H09: hashes */
		{ FILE_WITH("", "1", ""), ERR_PERMANENT },
		{ FILE_WITH("zz", "1", ""), ERR_PERMANENT },
		{ FILE_WITH(SHA, "1", ""), ERR_PERMANENT },
		{ FILE_WITH("0123456789ABCDEF0123456789ABCDEF01234567", "1",
		      ""),
		    ERR_PERMANENT },
		{ "[{\"type\":\"file\",\"size\":1,\"path\":\"b\"}]",
		    ERR_PERMANENT },
		{ FILE_WITH(OID, "1", LFS("", "1")), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", LFS(OID, "1")), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", ",\"lfs\":{\"size\":1}"), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", ",\"lfs\":[]"), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", ",\"lfs\":\"" SHA "\""), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", ",\"xetHash\":\"abc\""), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", ",\"xetHash\":7"), ERR_PERMANENT },
		/* H10: sizes that differ */
		{ FILE_WITH(OID, "1", LFS(SHA, "2")), ERR_PERMANENT },
		{ FILE_WITH(OID, "1", LFS(SHA, "-1")), ERR_PERMANENT },
		/* gated */
		{ FILE_WITH(OID, "1", LFS(MASK, "1")), ERR_AUTH },
		{ FILE_WITH(OID, "1",
		      LFS(SHA, "1") ",\"xetHash\":\"" MASK "\""),
		    ERR_AUTH },
	};
	struct remote_listing l;
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	remote_listing_init(&l);
	assert_int_equal(hub_tree_page("[" FILE_A "]", sizeof(FILE_A) + 1, &l,
			     &e),
	    0);
	for (i = 0; i < COUNT(cases); i++) {
		const char *p;

		assert_int_equal(hub_tree_page(cases[i].page,
				     strlen(cases[i].page), &l, &e),
		    -1);
		print_message("%s\n", e.text);
		assert_int_equal(e.kind, cases[i].kind);
		/* what was there stays, nothing of the page is added */
		assert_int_equal(l.n, 1);
		for (p = e.text; *p != '\0'; p++)
			assert_true((unsigned char)*p >= 0x20);
	}
	remote_listing_release(&l);
}

static void little_of_a_strange_answer_is_shown(void **state)
{
	struct remote_listing l;
	struct err e = ERR_INIT;
	char page[4096];

	(void)state;
	memset(page, '\x1b', sizeof(page));
	remote_listing_init(&l);
	assert_int_equal(hub_tree_page(page, sizeof(page), &l, &e), -1);
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_non_null(strstr(e.text, "\\x1b\\x1b"));
	assert_true(strlen(e.text) < 300);
	remote_listing_release(&l);
}

static void a_listing_has_a_maximum(void **state)
{
	struct remote_listing l;
	struct err e = ERR_INIT;

	(void)state;
	remote_listing_init(&l);
	l.n = REMOTE_FILES_MAX;
	assert_int_equal(hub_tree_page("[" FILE_A "]", sizeof(FILE_A) + 1, &l,
			     &e),
	    -1);
	assert_int_equal(e.kind, ERR_PERMANENT);
	assert_non_null(strstr(e.text, "more than 200000 files"));
	assert_int_equal(l.n, REMOTE_FILES_MAX);
}

/* --- verdicts ------------------------------------------------------------- */

static const struct wall now = { 784111777 };

static const struct hub_subject with_token = { .repo = "model org/name",
	.revision = "v2",
	.path = "a.bin",
	.page = "https://hub/org/name",
	.token_where = "HF_TOKEN" };

static const struct hub_subject anonymous = { .repo = "model org/name",
	.page = "https://hub/org/name" };

static void errors_are_told_apart_by_code_then_text(void **state)
{
	static const struct {
		int status;
		const char *lines[4];
		const char *body;
		enum err_kind kind;
		const char *words[2]; /* with a token */
		const char *anonymous_words[2];
	} cases[] = {
		{ 404, { "X-Error-Code: RevisionNotFound" }, "", ERR_PERMANENT,
		    { "no revision \"v2\"", "tag or commit" },
		    { "no revision \"main\"" } },
		{ 404, { "X-Error-Code: EntryNotFound" }, "", ERR_PERMANENT,
		    { "no file \"a.bin\" at v2" }, { "no file" } },
		{ 401, { "X-Error-Code: GatedRepo" }, "", ERR_AUTH,
		    { "is gated",
			"https://hub/org/name with the account "
			"whose token is in HF_TOKEN" },
		    { "https://hub/org/name, then set HF_TOKEN" } },
		{ 403,
		    { "X-Error-Code: GatedRepo",
			"X-Error-Message: Your request is pending" },
		    "", ERR_AUTH,
		    { "is gated", "the Hub says: Your request is pending" },
		    { "pending" } },
		{ 403,
		    { "X-Error-Message: Access to this resource is disabled." },
		    "", ERR_AUTH, { "disabled" }, { "disabled" } },
		{ 404, { "X-Error-Code: RepoNotFound" }, "", ERR_AUTH,
		    { "does not exist, or it is private", "HF_TOKEN" },
		    { "no token was sent" } },
		{ 401,
		    { "X-Error-Message: Invalid credentials in Authorization "
		      "header" },
		    "", ERR_AUTH, { "refuses the token in HF_TOKEN" },
		    { "refuses the token" } },
		{ 401, { NULL },
		    "{\"error\":\"Invalid credentials in Authorization "
		    "header\"}",
		    ERR_AUTH, { "refuses the token in HF_TOKEN" },
		    { "refuses the token" } },
		{ 401, { NULL }, "Invalid username or password.", ERR_AUTH,
		    { "does not exist, or it is private" },
		    { "set HF_TOKEN" } },
		{ 403, { NULL }, "{\"error\":\"You have read access but not\"}",
		    ERR_AUTH,
		    { "token in HF_TOKEN lacks the permission",
			"You have read access" },
		    { "no access to model org/name" } },
		/* all else by status */
		{ 400, { "X-Request-Id: Root=1-abc" }, "", ERR_PERMANENT,
		    { "HTTP 400", "(request Root=1-abc)" }, { "HTTP 400" } },
		{ 404, { NULL }, "{\"error\":\"no such route\"}", ERR_PERMANENT,
		    { "HTTP 404", "no such route" }, { "HTTP 404" } },
		{ 429, { "RateLimit: \"api\";r=0;t=9" }, "", ERR_TRANSIENT,
		    { "too many requests" }, { "HTTP 429" } },
		{ 500, { "X-Amzn-Trace-Id: t1" }, "<html>", ERR_TRANSIENT,
		    { "HTTP 500", "(request t1)" }, { "HTTP 500" } },
		{ 503, { NULL }, "{\"error\":[\"a\"]}", ERR_TRANSIENT,
		    { "HTTP 503" }, { "HTTP 503" } },
		{ 302, { NULL }, "", ERR_TRANSIENT, { "redirect" },
		    { "redirect" } },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct http_response r;
		struct http_result result = {
			.status = cases[i].status,
			.at_origin = true,
			.response = &r,
			.error_body = cases[i].body,
			.final_url = "https://hub/x?SECRET",
		};
		struct err e = ERR_INIT, f = ERR_INIT;
		bool renew = true;

		make_response(&r, cases[i].status, true, cases[i].lines);
		assert_int_equal(hub_verdict(&result, &with_token, now, &renew,
				     &e),
		    -1);
		print_message("%s\n", e.text);
		assert_int_equal(e.kind, cases[i].kind);
		assert_false(renew);
		assert_null(strstr(e.text, "SECRET"));
		assert_int_equal(e.retry_after_s,
		    cases[i].status == 429 ? 10 : -1);
		assert_int_equal(hub_verdict(&result, &anonymous, now, NULL,
				     &f),
		    -1);
		print_message("  %s\n", f.text);
		assert_int_equal(f.kind, cases[i].kind);
		for (j = 0; j < 2; j++) {
			if (cases[i].words[j] != NULL)
				assert_non_null(strstr(e.text,
				    cases[i].words[j]));
			if (cases[i].anonymous_words[j] != NULL)
				assert_non_null(strstr(f.text,
				    cases[i].anonymous_words[j]));
		}
		http_headers_release(&r.headers);
	}
}

static void elsewhere_a_refusal_means_renew(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
		bool renew;
	} cases[] = {
		{ 403, ERR_TRANSIENT, true },
		{ 400, ERR_TRANSIENT, true },
		{ 404, ERR_PERMANENT, false },
		{ 503, ERR_TRANSIENT, false },
		{ 416, ERR_INTEGRITY, false },
	};
	static const char *const lines[4] = { "X-Error-Code: GatedRepo" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct http_response r;
		struct http_result result = {
			.status = cases[i].status,
			.response = &r,
			.error_body =
			    "<Error><Code>AccessDenied</Code></Error>",
			.final_url = "https://cdn/x?Signature=SECRET",
		};
		struct err e = ERR_INIT;
		bool renew;

		make_response(&r, cases[i].status, false, lines);
		assert_int_equal(hub_verdict(&result, &with_token, now, &renew,
				     &e),
		    -1);
		assert_int_equal(e.kind, cases[i].kind);
		assert_int_equal(renew, cases[i].renew);
		assert_non_null(strstr(e.text, "model org/name"));
		assert_null(strstr(e.text, "SECRET"));
		http_headers_release(&r.headers);
	}
}

static void success_and_failure_pass_through(void **state)
{
	struct http_result result = { .status = 206, .at_origin = true };
	struct err e = ERR_INIT;
	bool renew = true;

	(void)state;
	assert_int_equal(hub_verdict(&result, &with_token, now, &renew, &e), 0);
	assert_false(renew);
	assert_int_equal(e.kind, ERR_NONE);
	result.failed = true;
	err_set(&result.error, ERR_UNREACHABLE, "no route");
	assert_int_equal(hub_verdict(&result, &anonymous, now, NULL, &e), -1);
	assert_int_equal(e.kind, ERR_UNREACHABLE);
	assert_string_equal(e.text, "model org/name: no route");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_the_hubs),
		cmocka_unit_test(etags_are_normalised),
		cmocka_unit_test(next_links_are_found),
		cmocka_unit_test(answers_must_be_about_the_same_object),
		cmocka_unit_test(a_page_becomes_files),
		cmocka_unit_test(bad_pages_are_refused_whole),
		cmocka_unit_test(little_of_a_strange_answer_is_shown),
		cmocka_unit_test(a_listing_has_a_maximum),
		cmocka_unit_test(errors_are_told_apart_by_code_then_text),
		cmocka_unit_test(elsewhere_a_refusal_means_renew),
		cmocka_unit_test(success_and_failure_pass_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
