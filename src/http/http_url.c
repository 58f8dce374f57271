/* http_url.c - URLs as libcurl reads them. */
#include "http/http_url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"

enum { URL_MAX = 64 * 1024 };

static bool has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return true;
	return false;
}

/* Why nobody should give it to libcurl, NULL if it may be tried. */
static const char *text_problem(const char *url)
{
	if (strlen(url) > URL_MAX)
		return "a URL over 64 KiB";
	if (has_control(url))
		return "a URL with control bytes";
	return NULL;
}

/* A part as libcurl gives it; freed with curl_free, NULL if it is absent. */
static char *part_of(CURLU *u, CURLUPart part, unsigned flags)
{
	char *text = NULL;

	if (curl_url_get(u, part, &text, flags) != CURLUE_OK)
		return NULL;
	return text;
}

/* 0, or -1 if the host does not fit. */
static int take_host(const char *host, struct http_origin *origin)
{
	size_t i, n = strlen(host);

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(origin->host))
		return -1;
	for (i = 0; i < n; i++) {
		char c = host[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		origin->host[i] = c;
	}
	origin->host[n] = '\0';
	return 0;
}

static int take_origin(CURLU *u, struct http_origin *origin, struct err *e)
{
	char *scheme = part_of(u, CURLUPART_SCHEME, 0);
	char *host = part_of(u, CURLUPART_HOST, 0);
	char *port = part_of(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
	uint64_t number = 0;
	int rc = -1;

	memset(origin, 0, sizeof(*origin));
	if (scheme == NULL) {
		err_nomem(e);
		goto out;
	}
	origin->https = strcmp(scheme, "https") == 0;
	if (!origin->https && strcmp(scheme, "http") != 0) {
		err_set(e, ERR_PERMANENT,
		    "a URL of the scheme \"%s\": only http and https are used",
		    scheme);
		goto out;
	}
	/* URLs of these schemes have both. */
	if (host == NULL || port == NULL) {
		err_nomem(e);
		goto out;
	}
	if (take_host(host, origin) == -1) {
		err_set(e, ERR_PERMANENT, "a URL whose host is too long");
		goto out;
	}
	if (num_parse_u64(port, strlen(port), 65535, &number) == -1 ||
	    number == 0) {
		err_set(e, ERR_PERMANENT, "a URL with an impossible port");
		goto out;
	}
	origin->port = (unsigned)number;
	rc = 0;
out:
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	return rc;
}

int http_origin_parse(const char *url, struct http_origin *origin,
    struct err *e)
{
	const char *problem = text_problem(url);
	CURLU *u;
	CURLUcode code;
	int rc = -1;

	if (problem != NULL)
		return err_set(e, ERR_PERMANENT, "%s", problem);
	u = curl_url();
	if (u == NULL)
		return err_nomem(e);
	code = curl_url_set(u, CURLUPART_URL, url,
	    CURLU_DISALLOW_USER | CURLU_PATH_AS_IS);
	if (code == CURLUE_OUT_OF_MEMORY)
		err_nomem(e);
	else if (code == CURLUE_USER_NOT_ALLOWED)
		err_set(e, ERR_PERMANENT, "a URL with a user name in it");
	else if (code != CURLUE_OK)
		err_set(e, ERR_PERMANENT, "not a URL (%s)",
		    curl_url_strerror(code));
	else
		rc = take_origin(u, origin, e);
	curl_url_cleanup(u);
	return rc;
}

bool http_origin_equal(const struct http_origin *a, const struct http_origin *b)
{
	return a->https == b->https && a->port == b->port &&
	    strcmp(a->host, b->host) == 0;
}

bool http_origin_is_loopback(const struct http_origin *o)
{
	const char *p = o->host;
	int dots = 0;

	if (strcmp(p, "localhost") == 0 || strcmp(p, "::1") == 0)
		return true;
	if (!text_starts(p, "127."))
		return false;
	/* libcurl has brought all spellings of IPv4 into four numbers; a name
	 * such as 127.example.org is none. */
	for (; *p != '\0'; p++) {
		if (*p == '.')
			dots++;
		else if (*p < '0' || *p > '9')
			return false;
	}
	return dots == 3 && p[-1] != '.';
}

/* What a Location may not carry along. */
static void drop_private_parts(CURLU *u)
{
	(void)curl_url_set(u, CURLUPART_USER, NULL, 0);
	(void)curl_url_set(u, CURLUPART_PASSWORD, NULL, 0);
	(void)curl_url_set(u, CURLUPART_OPTIONS, NULL, 0);
	(void)curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0);
}

static char *resolve(const char *base, const char *location, struct err *e)
{
	char *text = NULL, *url = NULL;
	CURLU *u = curl_url();
	CURLUcode code;

	if (u == NULL) {
		err_nomem(e);
		return NULL;
	}
	code = curl_url_set(u, CURLUPART_URL, base, CURLU_PATH_AS_IS);
	/* Spaces and bytes beyond ASCII become %XX; the rest stays. */
	if (code == CURLUE_OK)
		code = curl_url_set(u, CURLUPART_URL, location,
		    CURLU_URLENCODE);
	if (code == CURLUE_OK) {
		drop_private_parts(u);
		code = curl_url_get(u, CURLUPART_URL, &text, 0);
	}
	if (code == CURLUE_OK)
		url = text_dup(text);
	if (code == CURLUE_OUT_OF_MEMORY || (code == CURLUE_OK && url == NULL))
		err_nomem(e);
	else if (code != CURLUE_OK)
		err_set(e, ERR_PERMANENT, "not a URL (%s)",
		    curl_url_strerror(code));
	curl_free(text);
	curl_url_cleanup(u);
	return url;
}

char *http_url_resolve(const char *base, const char *location, struct err *e)
{
	const char *problem = text_problem(location);
	char *url;

	if (problem == NULL && location[0] == '\0')
		problem = "an empty URL";
	if (problem != NULL) {
		err_set(e, ERR_PERMANENT, "%s", problem);
		return NULL;
	}
	url = resolve(base, location, e);
	/* Short of memory, libcurl 7.88 takes a relative URL for an absolute
	 * one without a scheme.  A URL that is bad stays bad. */
	if (url == NULL && e->kind != ERR_NOMEM)
		url = resolve(base, location, e);
	return url;
}

/* Returns owned; NULL with *e. */
static char *path_of(const char *url, struct err *e)
{
	CURLU *u = curl_url();
	char *text = NULL, *path = NULL;

	if (u != NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) == CURLUE_OK)
		text = part_of(u, CURLUPART_PATH, 0);
	if (text != NULL)
		path = text_dup(text);
	/* Its origin has been read before. */
	if (path == NULL)
		err_nomem(e);
	curl_free(text);
	curl_url_cleanup(u);
	return path;
}

int http_url_same_place(const char *a, const char *b, struct err *e)
{
	struct http_origin x = { 0 }, y = { 0 };
	char *p, *q = NULL;
	int rc = -1;

	if (http_origin_parse(a, &x, e) == -1 ||
	    http_origin_parse(b, &y, e) == -1)
		return -1;
	if (!http_origin_equal(&x, &y))
		return 0;
	p = path_of(a, e);
	if (p != NULL)
		q = path_of(b, e);
	if (q != NULL)
		rc = text_equal_nocase(p, q);
	free(p);
	free(q);
	return rc;
}

const char *http_url_display(const char *url, char *buf, size_t size)
{
	CURLU *u = curl_url();
	char *text = NULL;

	if (u != NULL && text_problem(url) == NULL &&
	    curl_url_set(u, CURLUPART_URL, url, CURLU_PATH_AS_IS) ==
		CURLUE_OK) {
		drop_private_parts(u);
		(void)curl_url_set(u, CURLUPART_QUERY, NULL, 0);
		text = part_of(u, CURLUPART_URL, 0);
	}
	(void)snprintf(buf, size, "%s",
	    text == NULL ? "(unreadable URL)" : text);
	curl_free(text);
	curl_url_cleanup(u);
	return buf;
}

char *http_url_encode(const char *text, bool keep_slash)
{
	static const char hex[] = "0123456789ABCDEF";
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789_.~-";
	struct strbuf s;

	strbuf_init(&s, URL_MAX);
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (strchr(plain, c) != NULL || (keep_slash && c == '/')) {
			strbuf_putc(&s, (char)c);
		} else {
			strbuf_putc(&s, '%');
			strbuf_putc(&s, hex[c >> 4]);
			strbuf_putc(&s, hex[c & 15]);
		}
	}
	return strbuf_detach(&s);
}
