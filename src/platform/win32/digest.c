/*
 * digest.c - SHA-256 and SHA-1 by Windows' CNG.
 *
 * Its hash objects can be duplicated but not written down, so a file that is
 * finished in another run is read again up to where it stopped.
 */
#include "platform/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>
/* After windows.h. */
#include <bcrypt.h>

#include "base/hex.h"

enum { SHA256_BYTES = 32, SHA1_BYTES = 20 };

struct digest {
	enum digest_kind kind;
	uint64_t length; /* of the content, without git's prefix */
	BCRYPT_HASH_HANDLE hash;
	bool failed; /* CNG said no: the sum will be no blob's name */
};

/* Opened once and kept: it costs as much as hashing a small file. */
static BCRYPT_ALG_HANDLE provider(enum digest_kind kind)
{
	static BCRYPT_ALG_HANDLE handles[2];
	const int i = kind == DIGEST_SHA256 ? 0 : 1;

	if (handles[i] == NULL &&
	    !BCRYPT_SUCCESS(BCryptOpenAlgorithmProvider(&handles[i],
		i == 0 ? BCRYPT_SHA256_ALGORITHM : BCRYPT_SHA1_ALGORITHM, NULL,
		0)))
		handles[i] = NULL;
	return handles[i];
}

static void add(struct digest *d, const void *bytes, size_t n)
{
	unsigned char *p = (unsigned char *)(uintptr_t)bytes;

	while (n > 0) {
		ULONG part = n < (1U << 30) ? (ULONG)n : 1U << 30;

		if (!BCRYPT_SUCCESS(BCryptHashData(d->hash, p, part, 0)))
			d->failed = true;
		p += part;
		n -= part;
	}
}

struct digest *digest_new(enum digest_kind kind, uint64_t size, struct err *e)
{
	struct digest *d = calloc(1, sizeof(*d));
	BCRYPT_ALG_HANDLE algorithm = provider(kind);
	char prefix[32];
	int n;

	/* CNG allocates the object, and has no other reason to refuse. */
	if (d == NULL || algorithm == NULL ||
	    !BCRYPT_SUCCESS(BCryptCreateHash(algorithm, &d->hash, NULL, 0, NULL,
		0, 0))) {
		free(d);
		(void)err_nomem(e);
		return NULL;
	}
	d->kind = kind;
	if (kind == DIGEST_SHA256)
		return d;
	n = snprintf(prefix, sizeof(prefix), "blob %" PRIu64, size);
	/* With its terminator: the NUL is part of git's prefix. */
	add(d, prefix, (size_t)n + 1);
	return d;
}

void digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	(void)BCryptDestroyHash(d->hash);
	free(d);
}

void digest_update(struct digest *d, const void *bytes, size_t n)
{
	add(d, bytes, n);
	d->length += n;
}

uint64_t digest_length(const struct digest *d)
{
	return d->length;
}

void digest_final(struct digest *d, char out[DIGEST_HEX_MAX])
{
	const ULONG n = d->kind == DIGEST_SHA256 ? SHA256_BYTES : SHA1_BYTES;
	uint8_t sum[SHA256_BYTES] = { 0 };

	/* All zeros: the content is then refused, never taken for good. */
	if (!BCRYPT_SUCCESS(BCryptFinishHash(d->hash, sum, n, 0)) || d->failed)
		ZeroMemory(sum, sizeof(sum));
	hex_encode(sum, n, out);
}

bool digest_save(const struct digest *d, uint8_t state[DIGEST_STATE_BYTES],
    uint64_t *length)
{
	(void)d;
	(void)state;
	(void)length;
	return false;
}

bool digest_restore(struct digest *d, const uint8_t state[DIGEST_STATE_BYTES])
{
	(void)d;
	(void)state;
	return false;
}

void digest_sha256(const void *bytes, size_t n, uint8_t out[32])
{
	struct err ignored = ERR_INIT;
	struct digest *d = digest_new(DIGEST_SHA256, n, &ignored);

	ZeroMemory(out, SHA256_BYTES);
	if (d == NULL)
		return;
	add(d, bytes, n);
	(void)BCryptFinishHash(d->hash, out, SHA256_BYTES, 0);
	digest_free(d);
}
