/*
 * digest.c - SHA-256 and SHA-1 by libcrypto.
 *
 * The low-level functions are deprecated in favour of EVP, which hides the
 * state that we must keep between runs; they use the same accelerated code.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "platform/digest.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

enum { BLOCK_BYTES = SHA256_CBLOCK, WORDS = 8 };

/* SHA-256 counts bits in 64 bits. */
#define LENGTH_MAX (UINT64_MAX / 8)

struct digest {
	enum digest_kind kind;
	uint64_t length; /* of the content, without git's prefix */
	union {
		SHA256_CTX sha256;
		SHA_CTX sha1;
	} c;
};

struct digest *digest_new(enum digest_kind kind, uint64_t size, struct err *e)
{
	struct digest *d = calloc(1, sizeof(*d));
	char prefix[32];
	int n;

	if (d == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	d->kind = kind;
	if (kind == DIGEST_SHA256) {
		(void)SHA256_Init(&d->c.sha256);
		return d;
	}
	(void)SHA1_Init(&d->c.sha1);
	n = snprintf(prefix, sizeof(prefix), "blob %" PRIu64, size);
	/* With its terminator: the NUL is part of git's prefix. */
	(void)SHA1_Update(&d->c.sha1, prefix, (size_t)n + 1);
	return d;
}

void digest_free(struct digest *d)
{
	free(d);
}

void digest_update(struct digest *d, const void *bytes, size_t n)
{
	if (n == 0)
		return;
	if (d->kind == DIGEST_SHA256)
		(void)SHA256_Update(&d->c.sha256, bytes, n);
	else
		(void)SHA1_Update(&d->c.sha1, bytes, n);
	d->length += n;
}

uint64_t digest_length(const struct digest *d)
{
	return d->length;
}

void digest_final(struct digest *d, char out[DIGEST_HEX_MAX])
{
	uint8_t sum[SHA256_DIGEST_LENGTH];

	if (d->kind == DIGEST_SHA256) {
		(void)SHA256_Final(sum, &d->c.sha256);
		hex_encode(sum, SHA256_DIGEST_LENGTH, out);
	} else {
		(void)SHA1_Final(sum, &d->c.sha1);
		hex_encode(sum, SHA_DIGEST_LENGTH, out);
	}
}

static void put_le(uint8_t *to, uint64_t value, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get_le(const uint8_t *from, size_t n)
{
	uint64_t value = 0;
	size_t i;

	for (i = 0; i < n; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return value;
}

bool digest_save(const struct digest *d, uint8_t state[DIGEST_STATE_BYTES],
    uint64_t *length)
{
	const SHA256_CTX *c = &d->c.sha256;
	uint64_t whole;
	size_t i;

	if (d->kind != DIGEST_SHA256)
		return false;
	/* libcrypto works whole blocks off at once and keeps only a tail. */
	if (c->num >= BLOCK_BYTES || c->num != d->length % BLOCK_BYTES)
		return false;
	whole = d->length - c->num;
	for (i = 0; i < WORDS; i++)
		put_le(state + 4 * i, c->h[i], 4);
	put_le(state + 4 * WORDS, whole, 8);
	*length = whole;
	return true;
}

bool digest_restore(struct digest *d, const uint8_t state[DIGEST_STATE_BYTES])
{
	SHA256_CTX *c = &d->c.sha256;
	const uint64_t length = get_le(state + 4 * WORDS, 8);
	size_t i;

	if (d->kind != DIGEST_SHA256 || length % BLOCK_BYTES != 0 ||
	    length > LENGTH_MAX)
		return false;
	(void)SHA256_Init(c);
	for (i = 0; i < WORDS; i++)
		c->h[i] = (SHA_LONG)get_le(state + 4 * i, 4);
	c->Nl = (SHA_LONG)(length * 8 & 0xFFFFFFFFU);
	c->Nh = (SHA_LONG)(length * 8 >> 32);
	d->length = length;
	return true;
}

void digest_sha256(const void *bytes, size_t n, uint8_t out[32])
{
	SHA256_CTX c;

	(void)SHA256_Init(&c);
	if (n > 0)
		(void)SHA256_Update(&c, bytes, n);
	(void)SHA256_Final(out, &c);
}
