/* url_check.c - the form of configured URLs. */
#include "config/url_check.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

enum { URL_MAX = 2000, PORT_MAX = 65535 };

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* After "scheme://"; NULL if the scheme is none of `schemes`. */
static const char *skip_scheme(const char *url, const char *const *schemes)
{
	const char *end = strstr(url, "://");
	char scheme[8];

	if (end == NULL || (size_t)(end - url) >= sizeof(scheme))
		return NULL;
	memcpy(scheme, url, (size_t)(end - url));
	scheme[end - url] = '\0';
	for (; *schemes != NULL; schemes++)
		if (text_equal_nocase(scheme, *schemes))
			return end + 3;
	return NULL;
}

static const char *check_port(const char *port, size_t n)
{
	uint64_t value;

	if (num_parse_u64(port, n, PORT_MAX, &value) == -1 || value == 0)
		return "has a bad port";
	return NULL;
}

/* "host", "host:port", "[v6]" or "[v6]:port", n bytes. */
static const char *check_host(const char *host, size_t n)
{
	size_t i = 0;

	if (n > 0 && host[0] == '[') {
		for (i = 1; i < n && host[i] != ']'; i++)
			if (!is_alnum(host[i]) && strchr(":.", host[i]) == NULL)
				return "has a bad host";
		if (i < 3 || i == n)
			return "has a bad host";
		i++;
	} else {
		while (i < n &&
		    (is_alnum(host[i]) || strchr(".-_", host[i]) != NULL))
			i++;
	}
	if (i == 0)
		return n == 0 || host[0] == ':' ? "has no host"
						: "has a bad host";
	if (i == n)
		return NULL;
	if (host[i] != ':')
		return "has a bad host";
	return check_port(host + i + 1, n - i - 1);
}

static const char *check_characters(const char *url)
{
	if (strlen(url) > URL_MAX)
		return "is too long";
	for (; *url != '\0'; url++)
		if (*url <= ' ' || *url == 0x7f || (*url & 0x80) != 0 ||
		    strchr("\"<>\\^`{|}", *url) != NULL)
			return "has a character that no URL has";
	return NULL;
}

const char *url_check_endpoint(const char *url)
{
	static const char *const schemes[] = { "https", "http", NULL };
	const char *problem = check_characters(url);

	if (problem != NULL)
		return problem;
	const char *host = skip_scheme(url, schemes);
	if (host == NULL)
		return "does not begin with https:// or http://";
	size_t n = strcspn(host, "/?#");
	if (memchr(host, '@', n) != NULL)
		return "has a user name or password";
	if (strchr(host, '?') != NULL)
		return "has a query";
	if (strchr(host, '#') != NULL)
		return "has a fragment";
	return check_host(host, n);
}

const char *url_check_proxy(const char *url)
{
	static const char *const schemes[] = { "http", "https", "socks5",
		NULL };
	const char *problem = check_characters(url);

	if (problem != NULL)
		return problem;
	const char *host = skip_scheme(url, schemes);
	if (host == NULL)
		return "does not begin with http://, https:// or socks5://";
	size_t n = strcspn(host, "/?#");
	if (host[n] != '\0' && strcmp(host + n, "/") != 0)
		return "has more than a host and a port";
	for (size_t i = n; i > 0; i--)
		if (host[i - 1] == '@')
			return check_host(host + i, n - i);
	return check_host(host, n);
}

void url_check_normalize(char *endpoint)
{
	char *host = strstr(endpoint, "://");
	size_t n = strlen(endpoint);

	if (host == NULL)
		return;
	host += 3;
	while (n > (size_t)(host - endpoint) && endpoint[n - 1] == '/')
		endpoint[--n] = '\0';
	host += strcspn(host, "/");
	for (char *c = endpoint; c < host; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
}
