/* net.c - addresses and sockets. */
#include "platform/net.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SOCK_CLOEXEC
#define SOCK_CLOEXEC 0
#endif

size_t net_address_parse(const char *text, uint8_t bytes[NET_ADDRESS_MAX])
{
	if (inet_pton(AF_INET, text, bytes) == 1)
		return 4;
	return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
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
	return socket(family, type | SOCK_CLOEXEC, protocol);
}

bool net_user_proxy(const char *host, bool https, char *proxy, size_t size)
{
	(void)host;
	(void)https;
	(void)proxy;
	(void)size;
	return false;
}
