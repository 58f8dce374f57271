/* secret.c - a token in memory. */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void secret_init(struct secret *s)
{
	s->bytes = NULL;
	s->len = 0;
}

int secret_set(struct secret *s, const char *bytes, size_t n)
{
	char *copy = NULL;

	if (n > SECRET_MAX)
		return -1;
	if (n > 0) {
		copy = malloc(n);
		if (copy == NULL)
			return -1;
		memcpy(copy, bytes, n);
	}
	secret_release(s);
	s->bytes = copy;
	s->len = n;
	return 0;
}

void secret_release(struct secret *s)
{
	if (s->bytes != NULL)
		secret_wipe(s->bytes, s->len);
	free(s->bytes);
	secret_init(s);
}

bool secret_is_set(const struct secret *s)
{
	return s->len > 0;
}

void secret_wipe(void *bytes, size_t n)
{
	volatile unsigned char *p = bytes;

	while (n-- > 0)
		*p++ = 0;
}
