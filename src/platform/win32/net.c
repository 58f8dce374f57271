/* net.c - addresses, sockets, and the proxy of the user's settings. */
#include "platform/net.h"

#include <stdlib.h>
#include <string.h>
#include <winsock2.h>
/* After winsock2.h. */
#include <ws2tcpip.h>
/* After ws2tcpip.h. */
#include <mstcpip.h>
#include <winhttp.h>

#include "base/text.h"
#include "platform/win32/pac.h"
#include "platform/win32/wide.h"

/* Of mstcpip.h, where older MinGWs have only its sister. */
LONG NTAPI RtlIpv6StringToAddressA(PCSTR text, LPSTR *end,
    struct in6_addr *address);

/* Of ntdll, and not inet_pton, which wants Winsock to have been started. */
size_t net_address_parse(const char *text, uint8_t bytes[NET_ADDRESS_MAX])
{
	struct in_addr v4;
	struct in6_addr v6;
	char *end = NULL;

	if (RtlIpv4StringToAddressA(text, TRUE, &end, &v4) == 0 &&
	    *end == '\0') {
		memcpy(bytes, &v4, 4);
		return 4;
	}
	if (RtlIpv6StringToAddressA(text, &end, &v6) == 0 && *end == '\0') {
		memcpy(bytes, &v6, 16);
		return 16;
	}
	return 0;
}

size_t net_address_of(int family, const void *sockaddr, size_t n,
    uint8_t bytes[NET_ADDRESS_MAX])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (family == AF_INET && n >= sizeof(v4)) {
		memcpy(&v4, sockaddr, sizeof(v4));
		memcpy(bytes, &v4.sin_addr, 4);
		return 4;
	}
	if (family == AF_INET6 && n >= sizeof(v6)) {
		memcpy(&v6, sockaddr, sizeof(v6));
		memcpy(bytes, &v6.sin6_addr, 16);
		return 16;
	}
	return 0;
}

intptr_t net_socket(int family, int type, int protocol)
{
	SOCKET s = WSASocketW(family, type, protocol, NULL, 0,
	    WSA_FLAG_OVERLAPPED);

	if (s == INVALID_SOCKET)
		return -1;
	(void)SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
	return (intptr_t)s;
}

/* --- the user's proxy ----------------------------------------------------- */

/* "*.example.com" of the list of exceptions; one "*" at either end or none. */
static bool matches(const char *pattern, size_t n, const char *host)
{
	const size_t m = strlen(host);
	char item[256];

	if (n == 0 || n >= sizeof(item))
		return false;
	memcpy(item, pattern, n);
	item[n] = '\0';
	if (text_equal_nocase(item, "<local>"))
		return strchr(host, '.') == NULL && strchr(host, ':') == NULL;
	if (item[0] == '*')
		return m >= n - 1 &&
		    text_equal_nocase(item + 1, host + m - (n - 1));
	if (item[n - 1] == '*') {
		char head[256];

		item[n - 1] = '\0';
		if (m < n - 1)
			return false;
		memcpy(head, host, n - 1);
		head[n - 1] = '\0';
		return text_equal_nocase(item, head);
	}
	return text_equal_nocase(item, host);
}

static bool is_excepted(const char *list, const char *host)
{
	size_t n;

	for (; list != NULL && *list != '\0'; list += n) {
		list += strspn(list, "; ");
		n = strcspn(list, "; ");
		if (matches(list, n, host))
			return true;
	}
	return false;
}

/* One proxy for all, or "http=a:1;https=b:2". */
static bool choose(const char *list, bool https, char *proxy, size_t size)
{
	static const char *const schemes[] = { "http=", "https=" };
	const char *scheme = schemes[https];
	size_t n;

	for (; list != NULL && *list != '\0'; list += n) {
		const char *item;
		size_t length;

		list += strspn(list, "; ");
		n = strcspn(list, "; ");
		item = list;
		length = n;
		if (memchr(item, '=', n) != NULL) {
			if (!text_starts(item, scheme))
				continue;
			item += strlen(scheme);
			length -= strlen(scheme);
		}
		if (length == 0 || length >= size)
			continue;
		memcpy(proxy, item, length);
		proxy[length] = '\0';
		return true;
	}
	return false;
}

/* The one proxy for all, but for the exceptions. */
static bool fixed_proxy(const WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *config,
    const char *host, bool https, char *proxy, size_t size)
{
	char *list, *exceptions;
	bool found;

	list = config->lpszProxy == NULL ? NULL
					 : wide_to_utf8(config->lpszProxy);
	exceptions = config->lpszProxyBypass == NULL
	    ? NULL
	    : wide_to_utf8(config->lpszProxyBypass);
	found = list != NULL && !is_excepted(exceptions, host) &&
	    choose(list, https, proxy, size);
	free(exceptions);
	free(list);
	return found;
}

/* In the order in which Windows' own programs try them. */
static bool configured_proxy(const WINHTTP_CURRENT_USER_IE_PROXY_CONFIG *config,
    const char *host, bool https, char *proxy, size_t size)
{
	char list[PAC_LIST_MAX];

	if (config->fAutoDetect || config->lpszAutoConfigUrl != NULL)
		switch (pac_ask(config->lpszAutoConfigUrl,
		    config->fAutoDetect != FALSE, host, https, list)) {
		case PAC_DIRECT:
			return false;
		case PAC_PROXY:
			return choose(list, https, proxy, size);
		case PAC_NONE:
			break;
		}
	return fixed_proxy(config, host, https, proxy, size);
}

/* This machine itself, which no proxy leads to, says Windows as well. */
static bool is_here(const char *host)
{
	uint8_t bytes[NET_ADDRESS_MAX];
	const size_t n = net_address_parse(host, bytes);

	if (n == 4)
		return bytes[0] == 127;
	return text_equal_nocase(host, "localhost") || strcmp(host, "::1") == 0;
}

bool net_user_proxy(const char *host, bool https, char *proxy, size_t size)
{
	WINHTTP_CURRENT_USER_IE_PROXY_CONFIG config;
	bool found;

	memset(&config, 0, sizeof(config));
	if (is_here(host) || !WinHttpGetIEProxyConfigForCurrentUser(&config))
		return false;
	found = configured_proxy(&config, host, https, proxy, size);
	(void)GlobalFree(config.lpszProxy);
	(void)GlobalFree(config.lpszProxyBypass);
	(void)GlobalFree(config.lpszAutoConfigUrl);
	return found;
}
