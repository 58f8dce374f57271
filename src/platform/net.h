/*
 * net.h - addresses, sockets and the user's proxy, as http/ needs them.
 * libcurl does all the talking.
 */
#ifndef HFCRON_PLATFORM_NET_H
#define HFCRON_PLATFORM_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NET_ADDRESS_MAX = 16 };

/*
 * The bytes of an address in its usual text ("10.0.0.1", "fe80::1"), in the
 * network's order: 4 or 16; 0 if it is none.
 */
size_t net_address_parse(const char *text, uint8_t bytes[NET_ADDRESS_MAX]);

/* The same of a struct sockaddr of n bytes; 0 if it is of another family. */
size_t net_address_of(int family, const void *sockaddr, size_t n,
    uint8_t bytes[NET_ADDRESS_MAX]);

/* socket(2) that no child inherits; the system's number, -1 if it refuses. */
intptr_t net_socket(int family, int type, int protocol);

/*
 * The proxy that the user chose in the system's own settings for requests to
 * `host`, "host:port" or a URL, into `proxy`.  false: none, or the system has no
 * such settings (Unix).  A script that chooses (PAC) is fetched and run, for
 * which the first call for a host may take five seconds.  Not thread-safe.
 */
bool net_user_proxy(const char *host, bool https, char *proxy, size_t size);

#endif
