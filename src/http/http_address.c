/* http_address.c - which addresses are not of the public network. */
#include "http/http_address.h"

#include <string.h>

#include "platform/net.h"

enum { ADDRESS_TEXT_MAX = 46 }; /* an IPv4 address inside an IPv6 one */

struct range {
	uint8_t bytes[16];
	unsigned bits;
};

static const struct range ipv4[] = {
	{ { 0 }, 8 },	       /* this host */
	{ { 10 }, 8 },	       /* private */
	{ { 100, 64 }, 10 },   /* behind a carrier's NAT */
	{ { 127 }, 8 },	       /* loopback */
	{ { 169, 254 }, 16 },  /* link-local: metadata services */
	{ { 172, 16 }, 12 },   /* private */
	{ { 192, 0, 0 }, 24 }, /* protocols */
	{ { 192, 168 }, 16 },  /* private */
	{ { 198, 18 }, 15 },   /* benchmarks */
	{ { 224 }, 3 },	       /* multicast, reserved, broadcast */
};

static const struct range ipv6[] = {
	{ { 0 }, 96 },		/* ::, ::1, ::a.b.c.d */
	{ { 0xfc }, 7 },	/* private */
	{ { 0xfe, 0x80 }, 10 }, /* link-local */
	{ { 0xfe, 0xc0 }, 10 }, /* site-local, of old */
	{ { 0xff }, 8 },	/* multicast */
};

static bool lies_in(const uint8_t *bytes, const struct range *r)
{
	unsigned whole = r->bits / 8, rest = r->bits % 8;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (memcmp(bytes, r->bytes, whole) != 0)
		return false;
	return rest == 0 || ((bytes[whole] ^ r->bytes[whole]) & mask) == 0;
}

static bool lies_in_any(const uint8_t *bytes, const struct range *r, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (lies_in(bytes, &r[i]))
			return true;
	return false;
}

/* The IPv4 address inside, NULL if there is none. */
static const uint8_t *inner_ipv4(const uint8_t *bytes)
{
	static const struct range mapped = {
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96
	};
	static const struct range nat64 = { { 0, 0x64, 0xff, 0x9b }, 96 };
	static const struct range six_to_four = { { 0x20, 0x02 }, 16 };

	if (lies_in(bytes, &mapped) || lies_in(bytes, &nat64))
		return bytes + 12;
	if (lies_in(bytes, &six_to_four))
		return bytes + 2;
	return NULL;
}

bool http_address_is_private(const uint8_t *bytes, size_t n)
{
	const uint8_t *inner;

	if (n == 4)
		return lies_in_any(bytes, ipv4, sizeof(ipv4) / sizeof(*ipv4));
	if (n != 16)
		return true;
	inner = inner_ipv4(bytes);
	if (inner != NULL)
		return http_address_is_private(inner, 4);
	return lies_in_any(bytes, ipv6, sizeof(ipv6) / sizeof(*ipv6));
}

bool http_address_text_is_private(const char *text)
{
	uint8_t bytes[NET_ADDRESS_MAX];
	char plain[ADDRESS_TEXT_MAX];
	size_t n = strcspn(text, "%");

	if (n >= sizeof(plain))
		return true;
	memcpy(plain, text, n);
	plain[n] = '\0';
	return http_address_is_private(bytes, net_address_parse(plain, bytes));
}
