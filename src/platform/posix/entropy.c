/* entropy.c - random bytes from the system. */
#include "platform/entropy.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/random.h>
#endif

enum { CALL_MAX = 256 }; /* getentropy gives no more at once */

int entropy_fill(void *bytes, size_t n)
{
	unsigned char *p = bytes;

	while (n > 0) {
		size_t part = n < CALL_MAX ? n : CALL_MAX;

		if (getentropy(p, part) == -1) {
			if (errno == EINTR)
				continue;
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
