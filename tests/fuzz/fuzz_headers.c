/* fuzz_headers.c - any bytes as the headers of an answer, and as the value of
 * each header that we read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "http/http_headers.h"
#include "http/http_url.h"
#include "http/http_verdict.h"
#include "hub/hub_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int holds)
{
	if (!holds)
		abort();
}

static void check_plain(const char *value)
{
	for (; *value != '\0'; value++)
		check(*value == '\t' ||
		    ((unsigned char)*value >= 0x20 && *value != 0x7f));
}

/* Line by line, as libcurl hands them over. */
static void read_lines(const char *text, size_t n)
{
	static const char *const names[] = { "ETag", "Link", "Location",
		"X-Repo-Commit", "" };
	struct http_headers h;
	size_t i, j, start = 0;

	http_headers_init(&h, 4096);
	for (i = 0; i < n; i++) {
		if (text[i] != '\n' && i + 1 < n)
			continue;
		(void)http_headers_add(&h, text + start, i + 1 - start);
		start = i + 1;
	}
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value;

		for (j = 0; (value = http_headers_get(&h, names[i], j)) != NULL;
		     j++)
			check_plain(value);
	}
	http_headers_release(&h);
}

static void read_values(const char *text)
{
	const struct wall now = { 784111777 };
	struct http_content_range range;
	struct http_rate_limit limit;
	char etag[REMOTE_BLOB_MAX];
	const char *next;
	size_t n;
	int64_t s;

	s = http_retry_after_s(text, now);
	check(s == -1 || (s >= 1 && s <= 3600));
	if (http_content_range_parse(text, &range) == 0)
		check(range.from < range.to && range.to <= range.total);
	if (http_rate_limit_parse(text, &limit) == 0)
		check(limit.left >= 0 && limit.reset_s >= 0);
	if (hub_etag_normalise(text, etag) == 0)
		check(hex_is_lower(etag, strlen(etag)));
	next = hub_link_next(text, &n);
	check(next == NULL ||
	    (next > text && next[-1] == '<' && next[n] == '>'));
}

/* Whatever a redirect says: what comes out can be read again, and what is
 * shown has no query. */
static void read_url(const char *text)
{
	static const char base[] = "https://hub.example/a/b?c";
	struct http_origin origin;
	struct err e = ERR_INIT;
	char shown[256];
	char *url;

	(void)http_origin_parse(text, &origin, &e);
	check(strchr(http_url_display(text, shown, sizeof(shown)), '?') ==
	    NULL);
	url = http_url_resolve(base, text, &e);
	if (url == NULL) {
		check(e.kind != ERR_NONE);
		return;
	}
	check_plain(url);
	(void)http_origin_parse(url, &origin, &e);
	free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	read_lines(text, size);
	read_values(text);
	read_url(text);
	free(text);
	return 0;
}
