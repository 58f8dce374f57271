/* hex.c - lower-case hexadecimal. */
#include "base/hex.h"

void hex_encode(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 0x0F];
	}
	out[2 * n] = '\0';
}

/* -1 for what is no digit, which includes the terminator. */
static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int hex_decode(const char *text, uint8_t *bytes, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int high = digit(text[2 * i]);
		int low = high == -1 ? -1 : digit(text[2 * i + 1]);

		if (low == -1)
			return -1;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return text[2 * n] == '\0' ? 0 : -1;
}

bool hex_is_lower(const char *text, size_t digits)
{
	size_t i;

	for (i = 0; i < digits; i++)
		if (digit(text[i]) == -1 || (text[i] >= 'A' && text[i] <= 'F'))
			return false;
	return text[digits] == '\0';
}
