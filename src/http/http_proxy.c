/* http_proxy.c - which proxy a request goes through. */
#include "http/http_proxy.h"

#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "platform/dirs.h"
#include "platform/net.h"

enum { ITEM_MAX = 256, PROXY_MAX = 512 };

static const char *either(const char *lower, const char *upper)
{
	const char *value = dirs_env(lower);

	return value != NULL ? value : dirs_env(upper);
}

/* Kept until the next call: libcurl copies it. */
static const char *from_settings(const struct http_origin *origin)
{
	static char proxy[PROXY_MAX];

	return net_user_proxy(origin->host, origin->https, proxy, sizeof(proxy))
	    ? proxy
	    : NULL;
}

const char *http_proxy_environment(const struct http_origin *origin)
{
	const char *list = either("no_proxy", "NO_PROXY");
	const char *proxy;

	if (list != NULL && http_proxy_excluded(list, origin))
		return NULL;
	if (origin->https)
		proxy = either("https_proxy", "HTTPS_PROXY");
	else if (dirs_env("REQUEST_METHOD") == NULL)
		proxy = either("http_proxy", "HTTP_PROXY");
	else /* under CGI, HTTP_PROXY is what a client sent as Proxy: */
		proxy = dirs_env("http_proxy");
	if (proxy == NULL)
		proxy = either("all_proxy", "ALL_PROXY");
	return proxy != NULL ? proxy : from_settings(origin);
}

/* Cut ":PORT" off; false if it names another port. */
static bool match_port(char *item, unsigned port)
{
	char *colon = strrchr(item, ':');
	uint64_t number;

	/* More than one colon and no bracket before the last: IPv6. */
	if (colon == NULL || (strchr(item, ':') != colon && colon[-1] != ']'))
		return true;
	if (num_parse_u64(colon + 1, strlen(colon + 1), 65535, &number) == -1)
		return false;
	*colon = '\0';
	return number == port;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a, b, whole) != 0)
		return false;
	return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

/* An address or a network; false for names. */
static bool match_network(char *item, const char *host)
{
	char *slash = strchr(item, '/');
	uint8_t net[NET_ADDRESS_MAX], address[NET_ADDRESS_MAX];
	size_t n = net_address_parse(host, address);
	uint64_t bits = 8 * n;

	if (n == 0)
		return false;
	if (slash != NULL) {
		if (num_parse_u64(slash + 1, strlen(slash + 1), bits, &bits) ==
		    -1)
			return false;
		*slash = '\0';
	}
	return net_address_parse(item, net) == n &&
	    same_bits(net, address, (unsigned)bits);
}

static bool match_name(const char *item, const char *host)
{
	size_t n, m = strlen(host);

	while (*item == '.')
		item++;
	n = strlen(item);
	if (n == 0 || n > m)
		return false;
	/* 1.2.3.4 is no subdomain of 3.4 */
	if (n < m && (host[m - n - 1] != '.' || host[m - 1] <= '9'))
		return false;
	return text_equal_nocase(item, host + m - n);
}

static bool match_item(char *item, const struct http_origin *origin)
{
	size_t n;

	if (strcmp(item, "*") == 0)
		return true;
	if (!match_port(item, origin->port))
		return false;
	n = strlen(item);
	if (n >= 2 && item[0] == '[' && item[n - 1] == ']') {
		item[n - 1] = '\0';
		item++;
	}
	return match_name(item, origin->host) ||
	    match_network(item, origin->host);
}

bool http_proxy_excluded(const char *list, const struct http_origin *origin)
{
	static const char gaps[] = ", \t";
	char item[ITEM_MAX];

	while (*list != '\0') {
		size_t n = strcspn(list, gaps);

		if (n > 0 && n < sizeof(item)) {
			memcpy(item, list, n);
			item[n] = '\0';
			if (match_item(item, origin))
				return true;
		}
		list += n;
		list += strspn(list, gaps);
	}
	return false;
}
