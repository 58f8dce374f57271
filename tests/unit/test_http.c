/* test_http.c - what of HTTP needs no network: URLs, headers, addresses,
 * proxies, verdicts. */
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
#include "http/http_address.h"
#include "http/http_bucket.h"
#include "http/http_headers.h"
#include "http/http_proxy.h"
#include "http/http_request_internal.h"
#include "http/http_url.h"
#include "http/http_verdict.h"
#include "platform/fs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- URLs ----------------------------------------------------------------- */

static void origins_are_taken_apart(void **state)
{
	static const struct {
		const char *url, *host;
		bool https;
		unsigned port;
	} cases[] = {
		{ "https://huggingface.co", "huggingface.co", true, 443 },
		{ "https://HuggingFace.CO/a?b#c", "huggingface.co", true, 443 },
		{ "http://127.0.0.1:8080/x", "127.0.0.1", false, 8080 },
		{ "http://0x7f.1/", "127.0.0.1", false, 80 },
		{ "https://[::1]:1/x", "::1", true, 1 },
		{ "https://huggingface.co./x", "huggingface.co.", true, 443 },
		{ "HTTPS://h:443/", "h", true, 443 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin o;

		print_message("%s\n", cases[i].url);
		assert_int_equal(http_origin_parse(cases[i].url, &o, &e), 0);
		assert_string_equal(o.host, cases[i].host);
		assert_int_equal(o.https, cases[i].https);
		assert_int_equal(o.port, cases[i].port);
		assert_int_equal(e.kind, ERR_NONE);
	}
}

static void bad_urls_are_refused_without_their_query(void **state)
{
	static const char *const cases[] = {
		"",
		"huggingface.co?t=SECRET",
		"ftp://h/?SECRET",
		"file:///etc/passwd?SECRET",
		"gopher://h/SECRET",
		"data:text/plain,SECRET",
		"unknown://h/SECRET",
		"https://user:SECRET@h/",
		"https://user@h/SECRET",
		"https://h/\nSECRET",
		"https://h/\x7fSECRET",
		"https://h:99999/?SECRET",
		"https://h:0/?SECRET",
		"https://h /?SECRET",
		"https://\\h\\SECRET",
		"https:///?SECRET",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin o;

		print_message("%s\n", cases[i]);
		assert_int_equal(http_origin_parse(cases[i], &o, &e), -1);
		assert_int_equal(e.kind, ERR_PERMANENT);
		assert_null(strstr(e.text, "SECRET"));
		assert_true(e.text[0] != '\0');
	}
}

static void a_url_over_64_kib_is_refused(void **state)
{
	struct err e = ERR_INIT;
	struct http_origin o;
	char *url = malloc(70001);

	(void)state;
	assert_non_null(url);
	memset(url, 'a', 70000);
	memcpy(url, "https://h/", 10);
	url[70000] = '\0';
	assert_int_equal(http_origin_parse(url, &o, &e), -1);
	assert_null(http_url_resolve("https://h/", url, &e));
	url[60000] = '\0';
	assert_int_equal(http_origin_parse(url, &o, &e), 0);
	free(url);
}

static void origins_differ_by_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "https://h/x", "https://H:443/y?z", true },
		{ "https://h", "http://h", false },
		{ "https://h", "https://h:444", false },
		{ "https://h", "https://h.", false },
		{ "https://h", "https://hh", false },
		/* a Cyrillic letter that looks like one of ours */
		{ "https://a.co", "https://\xd0\xb0.co", false },
		{ "http://127.0.0.1", "http://2130706433", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin a, b;

		assert_int_equal(http_origin_parse(cases[i].a, &a, &e), 0);
		assert_int_equal(http_origin_parse(cases[i].b, &b, &e), 0);
		print_message("%s %s\n", cases[i].a, cases[i].b);
		assert_int_equal(http_origin_equal(&a, &b), cases[i].equal);
	}
}

static void loopback_is_known_by_its_spelling(void **state)
{
	static const struct {
		const char *url;
		bool loopback;
	} cases[] = {
		{ "http://localhost:8080", true },
		{ "http://LOCALHOST", true },
		{ "http://127.0.0.1", true },
		{ "http://127.255.3.4", true },
		{ "http://0x7f.1", true },
		{ "http://[::1]", true },
		{ "http://[0:0:0:0:0:0:0:1]", true },
		{ "http://localhost.", false },
		{ "http://localhost.example.org", false },
		{ "http://127.0.0.1.example.org", false },
		{ "http://127.example.org", false },
		{ "http://128.0.0.1", false },
		{ "http://10.0.0.1", false },
		{ "http://[::2]", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin o;

		print_message("%s\n", cases[i].url);
		assert_int_equal(http_origin_parse(cases[i].url, &o, &e), 0);
		assert_int_equal(http_origin_is_loopback(&o),
		    cases[i].loopback);
	}
}

static void locations_are_resolved(void **state)
{
	static const char base[] = "https://h/a/b/c?q=1";
	static const struct {
		const char *location, *url;
	} cases[] = {
		{ "https://cdn/x%2Fy?Signature=a%2Bb~&Key=%7e",
		    "https://cdn/x%2Fy?Signature=a%2Bb~&Key=%7e" },
		{ "/api/resolve-cache/models/o/n/abc/a%2Fb%20c?%2Fx=&etag=%22e%22",
		    "https://h/api/resolve-cache/models/o/n/abc/a%2Fb%20c"
		    "?%2Fx=&etag=%22e%22" },
		{ "d", "https://h/a/b/d" },
		{ "./d", "https://h/a/b/d" },
		{ "../d", "https://h/a/d" },
		{ "../../../../d", "https://h/d" },
		{ "d/../e", "https://h/a/b/e" },
		{ "?x=2", "https://h/a/b/c?x=2" },
		{ "//other/x", "https://other/x" },
		{ "http://h/x", "http://h/x" },
		{ "https://u:p@cdn/x", "https://cdn/x" },
		{ "//u:p@cdn/x", "https://cdn/x" },
		{ "https://cdn/x#frag", "https://cdn/x" },
		{ "/a b", "https://h/a%20b" },
		{ "/\xc3\xa9", "https://h/%c3%a9" },
		{ "https://h:8443/x", "https://h:8443/x" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		char *url = http_url_resolve(base, cases[i].location, &e);

		print_message("%s\n", cases[i].location);
		assert_non_null(url);
		assert_string_equal(url, cases[i].url);
		free(url);
	}
}

static void bad_locations_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"/a\tb",
		"/a\nb",
		"\x1b",
		"https://",
		"https://a b/",
		"https://h:99999/",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;

		print_message("\"%s\"\n", cases[i]);
		assert_null(http_url_resolve("https://h/", cases[i], &e));
		assert_int_equal(e.kind, ERR_PERMANENT);
	}
}

static void places_are_compared(void **state)
{
	static const struct {
		const char *a, *b;
		int same;
	} cases[] = {
		{ "https://h/a/b?x", "https://h/a/b?y", 1 },
		{ "https://h/A/b", "https://H:443/a/B?y#z", 1 },
		{ "https://h", "https://h/?x", 1 },
		{ "https://h/a", "https://h/a/", 0 },
		{ "https://h/a", "https://h/b", 0 },
		{ "https://h/a", "http://h/a", 0 },
		{ "https://h/a", "https://g/a", 0 },
		{ "https://h/a%2Fb", "https://h/a/b", 0 },
		{ "https://h/a", "ftp://h/a", -1 },
		{ "https://h/a", "https://u@h/a", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;

		print_message("%s %s\n", cases[i].a, cases[i].b);
		assert_int_equal(http_url_same_place(cases[i].a, cases[i].b,
				     &e),
		    cases[i].same);
		assert_int_equal(e.kind != ERR_NONE, cases[i].same == -1);
	}
}

static void urls_are_shown_without_secrets(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ "https://u:p@h:8443/a%2Fb?Signature=x#f",
		    "https://h:8443/a%2Fb" },
		{ "https://h", "https://h/" },
		{ "no url?SECRET", "(unreadable URL)" },
		{ "https://h/a\x1b?SECRET", "(unreadable URL)" },
	};
	char buf[64], tiny[8];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_string_equal(http_url_display(cases[i].url, buf,
					sizeof(buf)),
		    cases[i].shown);
	assert_string_equal(http_url_display("https://host/x", tiny,
				sizeof(tiny)),
	    "https:/");
}

static void text_is_percent_encoded(void **state)
{
	char *s;

	(void)state;
	s = http_url_encode("to?/awful?filename%you:should,never.give", true);
	assert_string_equal(s,
	    "to%3F/awful%3Ffilename%25you%3Ashould%2Cnever.give");
	free(s);
	s = http_url_encode("refs/pr/1", false);
	assert_string_equal(s, "refs%2Fpr%2F1");
	free(s);
	s = http_url_encode("A-z_0.9~ \xc3\xa9", false);
	assert_string_equal(s, "A-z_0.9~%20%C3%A9");
	free(s);
	s = http_url_encode("", true);
	assert_string_equal(s, "");
	free(s);
}

/* --- headers -------------------------------------------------------------- */

static void add(struct http_headers *h, const char *line)
{
	assert_int_equal(http_headers_add(h, line, strlen(line)),
	    HTTP_HEADERS_FINE);
}

static void headers_are_found_in_any_case(void **state)
{
	struct http_headers h;

	(void)state;
	http_headers_init(&h, 4096);
	assert_null(http_headers_get(&h, "ETag", 0));
	add(&h, "ETag: \"abc\"\r\n");
	add(&h, "X-Linked-Etag:\t one \t\r\n");
	add(&h, "x-linked-etag:two\n");
	add(&h, "Empty:\r\n");
	add(&h, "Long: a\r\n");
	add(&h, " b \r\n");
	add(&h, "\tc\r\n");
	add(&h, "no header at all\r\n");
	add(&h, "bad name: x\r\n");
	add(&h, ": x\r\n");
	add(&h, "ETag : x\r\n");
	assert_string_equal(http_headers_get(&h, "etag", 0), "\"abc\"");
	assert_null(http_headers_get(&h, "ETAG", 1));
	assert_string_equal(http_headers_get(&h, "X-Linked-ETag", 0), "one");
	assert_string_equal(http_headers_get(&h, "X-Linked-ETag", 1), "two");
	assert_null(http_headers_get(&h, "X-Linked-ETag", 2));
	assert_string_equal(http_headers_get(&h, "empty", 0), "");
	assert_string_equal(http_headers_get(&h, "long", 0), "a b c");
	assert_null(http_headers_get(&h, "bad name", 0));
	/* a value is no name */
	assert_null(http_headers_get(&h, "two", 0));
	http_headers_clear(&h);
	assert_null(http_headers_get(&h, "etag", 0));
	/* nothing to go on with */
	add(&h, " folded\r\n");
	assert_null(http_headers_get(&h, "folded", 0));
	http_headers_release(&h);
}

static void headers_with_control_bytes_are_refused(void **state)
{
	static const char *const lines[] = {
		"X: a\x1b[31m\r\n",
		"X: a\rb\r\n",
		"X\x01: a\r\n",
		"X: \x7f\r\n",
		" \x02\r\n",
	};
	struct http_headers h;
	size_t i;

	(void)state;
	http_headers_init(&h, 4096);
	for (i = 0; i < COUNT(lines); i++)
		assert_int_equal(http_headers_add(&h, lines[i],
				     strlen(lines[i])),
		    HTTP_HEADERS_CONTROL);
	assert_int_equal(http_headers_add(&h, "X: a\0b\r\n", 8),
	    HTTP_HEADERS_CONTROL);
	assert_null(http_headers_get(&h, "X", 0));
	http_headers_release(&h);
}

static void headers_have_a_cap(void **state)
{
	struct http_headers h;

	(void)state;
	http_headers_init(&h, 16);
	add(&h, "A: 12345\r\n");
	assert_int_equal(http_headers_add(&h, "B: 1234567", 10),
	    HTTP_HEADERS_FULL);
	assert_null(http_headers_get(&h, "A", 0));
	http_headers_release(&h);
}

/* --- addresses ------------------------------------------------------------ */

static void addresses_are_public_or_private(void **state)
{
	static const struct {
		const char *text;
		bool is_private;
	} cases[] = {
		{ "8.8.8.8", false },
		{ "1.0.0.0", false },
		{ "9.255.255.255", false },
		{ "10.0.0.0", true },
		{ "10.255.255.255", true },
		{ "11.0.0.0", false },
		{ "100.63.255.255", false },
		{ "100.64.0.0", true },
		{ "100.127.255.255", true },
		{ "100.128.0.0", false },
		{ "127.0.0.1", true },
		{ "169.253.255.255", false },
		{ "169.254.169.254", true },
		{ "169.255.0.0", false },
		{ "172.15.255.255", false },
		{ "172.16.0.0", true },
		{ "172.31.255.255", true },
		{ "172.32.0.0", false },
		{ "192.168.1.1", true },
		{ "192.169.0.0", false },
		{ "198.17.255.255", false },
		{ "198.19.255.255", true },
		{ "198.20.0.0", false },
		{ "223.255.255.255", false },
		{ "224.0.0.1", true },
		{ "255.255.255.255", true },
		{ "0.0.0.0", true },
		{ "2606:4700::1111", false },
		{ "::", true },
		{ "::1", true },
		{ "::7f00:1", true },
		{ "fc00::1", true },
		{ "fdff::1", true },
		{ "fe00::1", false },
		{ "fe80::1", true },
		{ "fe80::1%eth0", true },
		{ "febf::1", true },
		{ "fec0::1", true },
		{ "ff02::1", true },
		{ "::ffff:127.0.0.1", true },
		{ "::ffff:8.8.8.8", false },
		{ "64:ff9b::a00:1", true },
		{ "64:ff9b::808:808", false },
		{ "2002:7f00:1::", true },
		{ "2002:808:808::", false },
		{ "not an address", true },
		{ "", true },
	};
	uint8_t bytes[16] = { 8, 8, 8, 8 };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].text);
		assert_int_equal(http_address_text_is_private(cases[i].text),
		    cases[i].is_private);
	}
	assert_false(http_address_is_private(bytes, 4));
	assert_true(http_address_is_private(bytes, 5));
}

/* --- proxies -------------------------------------------------------------- */

static void no_proxy_lists_are_obeyed(void **state)
{
	static const struct {
		const char *list, *url;
		bool excluded;
	} cases[] = {
		{ "", "https://h", false },
		{ "*", "https://h", true },
		{ "a,h", "https://h", true },
		{ "a h", "https://h", true },
		{ ",, h ,", "https://h", true },
		{ "H.example", "https://h.EXAMPLE", true },
		{ "example.org", "https://a.example.org", true },
		{ ".example.org", "https://a.example.org", true },
		{ ".example.org", "https://example.org", true },
		{ "example.org", "https://badexample.org", false },
		{ "a.example.org", "https://example.org", false },
		{ "example.org:443", "https://example.org", true },
		{ "example.org:8443", "https://example.org", false },
		{ "example.org:x", "https://example.org", false },
		{ "127.0.0.1", "http://127.0.0.1:80", true },
		{ "0.0.1", "http://127.0.0.1", false },
		{ "10.0.0.0/8", "http://10.1.2.3", true },
		{ "10.0.0.0/8", "http://11.1.2.3", false },
		{ "10.1.2.0/23", "http://10.1.3.9", true },
		{ "10.1.2.0/23", "http://10.1.4.9", false },
		{ "10.0.0.0/33", "http://10.0.0.0", false },
		{ "0.0.0.0/0", "http://8.8.8.8", true },
		{ "::1", "http://[::1]", true },
		{ "[::1]", "http://[::1]", true },
		{ "[::1]:80", "http://[::1]", true },
		{ "[::1]:81", "http://[::1]", false },
		{ "fc00::/7", "http://[fd00::1]", true },
		{ "::1", "http://127.0.0.1", false },
		{ ":", "http://h", false },
		{ ".", "http://h", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin o;

		print_message("%s %s\n", cases[i].list, cases[i].url);
		assert_int_equal(http_origin_parse(cases[i].url, &o, &e), 0);
		assert_int_equal(http_proxy_excluded(cases[i].list, &o),
		    cases[i].excluded);
	}
}

static void clear_environment(void)
{
	static const char *const names[] = { "http_proxy", "HTTP_PROXY",
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"no_proxy", "NO_PROXY", "REQUEST_METHOD" };
	size_t i;

	for (i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

static void proxies_come_from_the_environment(void **state)
{
	static const struct {
		const char *name, *other, *url;
		bool found;
	} cases[] = {
		{ "http_proxy", NULL, "http://h", true },
		{ "HTTP_PROXY", NULL, "http://h", true },
		{ "HTTP_PROXY", "REQUEST_METHOD", "http://h", false },
		{ "http_proxy", "REQUEST_METHOD", "http://h", true },
		{ "HTTPS_PROXY", "REQUEST_METHOD", "https://h", true },
		{ "https_proxy", NULL, "https://h", true },
		{ "HTTPS_PROXY", NULL, "https://h", true },
		{ "all_proxy", NULL, "https://h", true },
		{ "ALL_PROXY", NULL, "http://h", true },
		{ "http_proxy", NULL, "https://h", false },
		{ "https_proxy", NULL, "http://h", false },
		{ "no_proxy", NULL, "http://h", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_origin o;
		const char *proxy;

		/* Windows takes both spellings for one variable. */
		if (cases[i].other != NULL && fs_fold('A') == 'a')
			continue;
		clear_environment();
		setenv(cases[i].name, "http://proxy:3128", 1);
		if (cases[i].other != NULL)
			setenv(cases[i].other, "GET", 1);
		assert_int_equal(http_origin_parse(cases[i].url, &o, &e), 0);
		proxy = http_proxy_environment(&o);
		print_message("%s %s\n", cases[i].name, cases[i].url);
		assert_int_equal(proxy != NULL, cases[i].found);
		setenv(i % 2 == 0 ? "no_proxy" : "NO_PROXY", "x,h", 1);
		assert_null(http_proxy_environment(&o));
	}
	clear_environment();
}

/* --- verdicts ------------------------------------------------------------- */

/* Sunday, 6 November 1994, 08:49:37 */
static const struct wall now = { 784111777 };

static void retry_after_is_read_in_both_forms(void **state)
{
	static const struct {
		const char *value;
		int64_t s;
	} cases[] = {
		{ NULL, -1 },
		{ "", -1 },
		{ "0", 1 },
		{ "1", 1 },
		{ "120", 120 },
		{ "3600", 3600 },
		{ "3601", 3600 },
		{ "1000000000", 3600 },
		{ "99999999999999999999999999", 3600 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ "1.5", -1 },
		{ "1e9", -1 },
		{ " 1", -1 },
		{ "soon", -1 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT", 1 },
		{ "Sun, 06 Nov 1994 08:50:37 GMT", 60 },
		{ "Sunday, 06-Nov-94 08:50:37 GMT", 60 },
		{ "Sun Nov  6 08:50:37 1994", 60 },
		{ "Sun, 06 Nov 1994 08:49:36 GMT", -1 },
		{ "Fri, 06 Nov 2195 08:49:37 GMT", 3600 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		print_message("%s\n", cases[i].value ? cases[i].value : "-");
		assert_int_equal(http_retry_after_s(cases[i].value, now),
		    cases[i].s);
	}
}

static void rate_limits_are_read_leniently(void **state)
{
	static const struct {
		const char *value;
		int rc;
		int64_t left, reset_s;
	} cases[] = {
		{ "\"resolvers\";r=2999;t=172", 0, 2999, 172 },
		{ "\"api\"; r = 0 ; t = 55", 0, 0, 55 },
		{ "\"a\";r=1, \"b\";r=2;t=3", 0, 2, 3 },
		{ "\"api\";r=0;t=9;x=1", 0, 0, 9 },
		{ NULL, -1, 0, 0 },
		{ "", -1, 0, 0 },
		{ "\"api", -1, 0, 0 },
		{ "\"api\"", -1, 0, 0 },
		{ "\"api\";r=;t=1", -1, 0, 0 },
		{ "\"api\";r=-1;t=1", -1, 0, 0 },
		{ "\"api\";r=1", -1, 0, 0 },
		{ "api;r=1;t=1", -1, 0, 0 },
		{ "\"api\";r=99999999999999999999;t=1", -1, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct http_rate_limit limit = { .left = -7, .reset_s = -7 };

		print_message("%s\n", cases[i].value ? cases[i].value : "-");
		assert_int_equal(http_rate_limit_parse(cases[i].value, &limit),
		    cases[i].rc);
		if (cases[i].rc == 0) {
			assert_int_equal(limit.left, cases[i].left);
			assert_int_equal(limit.reset_s, cases[i].reset_s);
		}
	}
}

static void content_ranges_are_read_strictly(void **state)
{
	static const struct {
		const char *value;
		int rc;
		uint64_t from, to, total;
	} cases[] = {
		{ "bytes 0-0/1", 0, 0, 1, 1 },
		{ "bytes 5-9/10", 0, 5, 10, 10 },
		{ "Bytes 5-9/100", 0, 5, 10, 100 },
		{ "bytes  5-9/100", 0, 5, 10, 100 },
		{ "bytes 4294967296-4294967297/9223372036854775807", 0,
		    4294967296, 4294967298, INT64_MAX },
		{ NULL, -1, 0, 0, 0 },
		{ "", -1, 0, 0, 0 },
		{ "bytes", -1, 0, 0, 0 },
		{ "bytes ", -1, 0, 0, 0 },
		{ "bytes */10", -1, 0, 0, 0 },
		{ "bytes 0-9/*", -1, 0, 0, 0 },
		{ "bytes 0-9", -1, 0, 0, 0 },
		{ "bytes 0-9/", -1, 0, 0, 0 },
		{ "bytes 0-10/10", -1, 0, 0, 0 },
		{ "bytes 9-5/10", -1, 0, 0, 0 },
		{ "bytes -5/10", -1, 0, 0, 0 },
		{ "bytes 0-9/10x", -1, 0, 0, 0 },
		{ "bytes 0-9/10 ", -1, 0, 0, 0 },
		{ "bits 0-9/10", -1, 0, 0, 0 },
		{ "bytes=0-9/10", -1, 0, 0, 0 },
		{ "bytes 0-18446744073709551615/99", -1, 0, 0, 0 },
		{ "bytes 0-9223372036854775807/9223372036854775807", -1, 0, 0,
		    0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct http_content_range range = { 7, 7, 7 };

		print_message("%s\n", cases[i].value ? cases[i].value : "-");
		assert_int_equal(http_content_range_parse(cases[i].value,
				     &range),
		    cases[i].rc);
		if (cases[i].rc == 0) {
			assert_int_equal(range.from, cases[i].from);
			assert_int_equal(range.to, cases[i].to);
			assert_int_equal(range.total, cases[i].total);
		}
	}
}

static void statuses_become_kinds(void **state)
{
	static const struct {
		int status;
		enum err_kind kind;
	} cases[] = {
		{ 200, ERR_NONE },
		{ 206, ERR_NONE },
		{ 299, ERR_NONE },
		{ 300, ERR_TRANSIENT },
		{ 302, ERR_TRANSIENT },
		{ 304, ERR_TRANSIENT },
		{ 400, ERR_PERMANENT },
		{ 401, ERR_AUTH },
		{ 403, ERR_AUTH },
		{ 404, ERR_PERMANENT },
		{ 407, ERR_AUTH },
		{ 408, ERR_TRANSIENT },
		{ 410, ERR_PERMANENT },
		{ 416, ERR_INTEGRITY },
		{ 418, ERR_PERMANENT },
		{ 425, ERR_TRANSIENT },
		{ 429, ERR_TRANSIENT },
		{ 451, ERR_AUTH },
		{ 500, ERR_TRANSIENT },
		{ 501, ERR_TRANSIENT },
		{ 502, ERR_TRANSIENT },
		{ 503, ERR_TRANSIENT },
		{ 504, ERR_TRANSIENT },
		{ 599, ERR_TRANSIENT },
		{ 600, ERR_TRANSIENT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct http_result result = {
			.status = cases[i].status,
			.final_url = "https://h/p?Signature=SECRET",
		};
		int rc = http_verdict(&result, now, &e);

		print_message("%d\n", cases[i].status);
		assert_int_equal(e.kind, cases[i].kind);
		assert_int_equal(rc, cases[i].kind == ERR_NONE ? 0 : -1);
		assert_int_equal(e.retry_after_s, -1);
		if (rc == -1) {
			assert_non_null(strstr(e.text, "https://h/p"));
			assert_null(strstr(e.text, "SECRET"));
		}
	}
}

static void waits_come_from_headers(void **state)
{
	static const struct {
		int status;
		const char *retry_after, *rate_limit;
		int64_t s;
	} cases[] = {
		{ 429, "7", NULL, 7 },
		{ 503, "7", NULL, 7 },
		{ 429, "7", "\"api\";r=0;t=20", 21 },
		{ 429, "7", "\"api\";r=5;t=20", 7 },
		{ 429, NULL, "\"api\";r=5;t=20", -1 },
		{ 429, NULL, "\"api\";r=0;t=99999", 3600 },
		{ 503, NULL, "\"api\";r=0;t=20", -1 },
		{ 429, "junk", NULL, -1 },
		{ 404, "7", NULL, -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct http_response r = { .status = cases[i].status };
		struct http_result result = {
			.status = cases[i].status,
			.response = &r,
		};
		struct err e = ERR_INIT;
		char line[80];

		http_headers_init(&r.headers, 4096);
		if (cases[i].retry_after != NULL) {
			(void)snprintf(line, sizeof(line), "Retry-After: %s",
			    cases[i].retry_after);
			add(&r.headers, line);
		}
		if (cases[i].rate_limit != NULL) {
			(void)snprintf(line, sizeof(line), "RateLimit: %s",
			    cases[i].rate_limit);
			add(&r.headers, line);
		}
		assert_int_equal(http_verdict(&result, now, &e), -1);
		print_message("case %zu: %s\n", i, e.text);
		assert_int_equal(e.retry_after_s, cases[i].s);
		http_headers_release(&r.headers);
	}
}

static void a_failure_is_its_own_verdict(void **state)
{
	struct http_result result = { .status = 200, .failed = true };
	struct err e = ERR_INIT;

	(void)state;
	err_set(&result.error, ERR_UNREACHABLE, "no route");
	assert_int_equal(http_verdict(&result, now, &e), -1);
	assert_int_equal(e.kind, ERR_UNREACHABLE);
	assert_string_equal(e.text, "no route");
}

/* --- so many bytes a second ------------------------------------------------ */

static struct mono at_ms(int64_t ms)
{
	struct mono t = { ms };

	return t;
}

/* Whoever asks whenever it is open gets the rate, to a chunk. */
static void a_bucket_keeps_the_rate(void **state)
{
	static const uint64_t rates[] = { 1000, 200000, 33333333,
		HTTP_BUCKET_RATE_MAX };
	static const uint64_t chunks[] = { 1, 700, 16384 };

	(void)state;
	for (size_t i = 0; i < COUNT(rates); i++) {
		for (size_t k = 0; k < COUNT(chunks); k++) {
			struct http_bucket b = { 0, 0, { 50 } };
			uint64_t taken = 0, most = rates[i] * 60;
			int64_t ms = 50;

			if (rates[i] > chunks[k] * 100000)
				continue; /* too many turns */
			http_bucket_set(&b, rates[i], at_ms(ms));
			while (ms < 60050) {
				int64_t wait;

				while (http_bucket_is_open(&b, at_ms(ms))) {
					http_bucket_take(&b, chunks[k],
					    at_ms(ms));
					taken += chunks[k];
				}
				wait = http_bucket_wait_ms(&b, at_ms(ms));
				assert_true(wait > 0);
				assert_false(http_bucket_is_open(&b,
				    at_ms(ms + wait - 1 > ms ? ms + wait - 2
							     : ms)));
				ms += wait;
				assert_true(http_bucket_is_open(&b, at_ms(ms)));
			}
			assert_true(taken <= most + chunks[k]);
			/* a millisecond is the least that can be waited */
			assert_true(taken + chunks[k] + rates[i] / 500 >= most);
		}
	}
}

static void a_bucket_saves_little(void **state)
{
	struct http_bucket b = { 0, 0, { 0 } };
	uint64_t taken = 0;

	(void)state;
	http_bucket_set(&b, 1000000, at_ms(0));
	assert_false(http_bucket_is_open(&b, at_ms(0)));
	/* an hour in which nobody came */
	while (http_bucket_is_open(&b, at_ms(3600000))) {
		http_bucket_take(&b, 1000, at_ms(3600000));
		taken += 1000;
	}
	assert_int_equal(taken, 1000000 * HTTP_BUCKET_KEEP_MS / 1000);
}

static void a_bucket_without_a_limit_is_open(void **state)
{
	struct http_bucket b = { 0, 0, { 0 } };

	(void)state;
	http_bucket_take(&b, UINT64_MAX, at_ms(1));
	assert_true(http_bucket_is_open(&b, at_ms(1)));
	http_bucket_set(&b, HTTP_BUCKET_RATE_MAX + 1, at_ms(1));
	assert_true(http_bucket_is_open(&b, at_ms(1)));
}

static void a_bucket_changes_its_rate(void **state)
{
	struct http_bucket b = { 0, 0, { 0 } };

	(void)state;
	http_bucket_set(&b, 1000, at_ms(0));
	http_bucket_take(&b, 10000, at_ms(0));
	assert_int_equal(http_bucket_wait_ms(&b, at_ms(0)), 10001);
	/* half of the debt is paid, the rest at ten times the rate */
	http_bucket_set(&b, 10000, at_ms(5000));
	assert_int_equal(http_bucket_wait_ms(&b, at_ms(5000)), 501);
	/* no limit forgets it */
	http_bucket_set(&b, 0, at_ms(5001));
	assert_true(http_bucket_is_open(&b, at_ms(5001)));
	http_bucket_set(&b, 1000, at_ms(5002));
	assert_int_equal(http_bucket_wait_ms(&b, at_ms(5002)), 1);
	/* a clock that goes back gives nothing */
	http_bucket_take(&b, 1000, at_ms(4000));
	assert_int_equal(http_bucket_wait_ms(&b, at_ms(4000)), 1001);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(origins_are_taken_apart),
		cmocka_unit_test(bad_urls_are_refused_without_their_query),
		cmocka_unit_test(a_url_over_64_kib_is_refused),
		cmocka_unit_test(origins_differ_by_scheme_host_and_port),
		cmocka_unit_test(loopback_is_known_by_its_spelling),
		cmocka_unit_test(locations_are_resolved),
		cmocka_unit_test(bad_locations_are_refused),
		cmocka_unit_test(places_are_compared),
		cmocka_unit_test(urls_are_shown_without_secrets),
		cmocka_unit_test(text_is_percent_encoded),
		cmocka_unit_test(headers_are_found_in_any_case),
		cmocka_unit_test(headers_with_control_bytes_are_refused),
		cmocka_unit_test(headers_have_a_cap),
		cmocka_unit_test(addresses_are_public_or_private),
		cmocka_unit_test(no_proxy_lists_are_obeyed),
		cmocka_unit_test(proxies_come_from_the_environment),
		cmocka_unit_test(retry_after_is_read_in_both_forms),
		cmocka_unit_test(rate_limits_are_read_leniently),
		cmocka_unit_test(content_ranges_are_read_strictly),
		cmocka_unit_test(statuses_become_kinds),
		cmocka_unit_test(waits_come_from_headers),
		cmocka_unit_test(a_failure_is_its_own_verdict),
		cmocka_unit_test(a_bucket_keeps_the_rate),
		cmocka_unit_test(a_bucket_saves_little),
		cmocka_unit_test(a_bucket_without_a_limit_is_open),
		cmocka_unit_test(a_bucket_changes_its_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
