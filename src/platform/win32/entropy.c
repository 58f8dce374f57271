/* entropy.c - random bytes from the system. */
#include "platform/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <windows.h>
/* After windows.h. */
#include <bcrypt.h>

int entropy_fill(void *bytes, size_t n)
{
	unsigned char *p = bytes;

	while (n > 0) {
		ULONG part = n < 65536 ? (ULONG)n : 65536;

		if (!BCRYPT_SUCCESS(BCryptGenRandom(NULL, p, part,
			BCRYPT_USE_SYSTEM_PREFERRED_RNG))) {
			errno = EIO;
			return -1;
		}
		p += part;
		n -= part;
	}
	return 0;
}

double entropy_unit(void)
{
	uint64_t bits;

	/* Jitter may do without; callers have no better answer either. */
	if (entropy_fill(&bits, sizeof(bits)) == -1)
		return 0.5;
	return (double)(bits >> 11) / 9007199254740992.0; /* 2^53 */
}
