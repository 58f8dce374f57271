/*
 * http_address.h - which addresses a public server has no business sending
 * us to: loopback, private, link-local, shared, reserved, multicast.  Pure.
 */
#ifndef HFCRON_HTTP_HTTP_ADDRESS_H
#define HFCRON_HTTP_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* n is 4 or 16, in network order; anything else is taken for private.  An
 * IPv4 address inside an IPv6 one (mapped, NAT64, 6to4) counts. */
bool http_address_is_private(const uint8_t *bytes, size_t n);

/* Of an address as text, "10.0.0.1" or "fe80::1%eth0". */
bool http_address_text_is_private(const char *text);

#endif
