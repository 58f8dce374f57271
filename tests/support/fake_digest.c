/*
 * fake_digest.c - platform/digest.h with cheap sums instead of SHA: tests that
 * move gigabytes through the engine spend their time elsewhere, above all under
 * valgrind.  Sees every changed, missing or moved byte; keeps the real ones'
 * habits (a state at whole blocks of 64, none for git's kind).
 */
#include "platform/digest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LANES = 4, BLOCK = 64 };

#define MIX UINT64_C(0x9E3779B97F4A7C15)

struct digest {
	enum digest_kind kind;
	uint64_t length;
	uint64_t lanes[LANES];
	unsigned char tail[BLOCK];
};

static void begin(struct digest *d, enum digest_kind kind, uint64_t size)
{
	memset(d, 0, sizeof(*d));
	d->kind = kind;
	for (unsigned i = 0; i < LANES; i++)
		d->lanes[i] = MIX * (i + 1) + kind;
	if (kind == DIGEST_GIT_SHA1)
		d->lanes[0] += size;
}

struct digest *digest_new(enum digest_kind kind, uint64_t size, struct err *e)
{
	struct digest *d = malloc(sizeof(*d));

	if (d == NULL)
		err_nomem(e);
	else
		begin(d, kind, size);
	return d;
}

void digest_free(struct digest *d)
{
	free(d);
}

static void mix(struct digest *d, const unsigned char *block)
{
	uint64_t words[BLOCK / 8];

	memcpy(words, block, BLOCK);
	for (unsigned i = 0; i < BLOCK / 8; i++) {
		uint64_t *lane = &d->lanes[i % LANES];

		*lane = (*lane ^ words[i]) * MIX;
		*lane ^= *lane >> 29;
	}
}

void digest_update(struct digest *d, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;

	while (n > 0) {
		size_t at = (size_t)(d->length % BLOCK);
		size_t part = n < BLOCK - at ? n : BLOCK - at;

		if (part == BLOCK) {
			mix(d, from);
		} else {
			memcpy(d->tail + at, from, part);
			if (at + part == BLOCK)
				mix(d, d->tail);
		}
		d->length += part;
		from += part;
		n -= part;
	}
}

uint64_t digest_length(const struct digest *d)
{
	return d->length;
}

void digest_final(struct digest *d, char out[DIGEST_HEX_MAX])
{
	size_t at = (size_t)(d->length % BLOCK);

	memset(d->tail + at, 0, BLOCK - at);
	mix(d, d->tail);
	/* Git's kind shows the first lanes only. */
	for (unsigned i = 1; i < LANES; i++)
		d->lanes[0] = (d->lanes[0] ^ d->lanes[i]) * MIX;
	for (unsigned i = 0; i < LANES; i++)
		(void)snprintf(out + 16 * i, 17, "%016" PRIx64,
		    d->lanes[i] ^ d->length * MIX);
	if (d->kind == DIGEST_GIT_SHA1)
		out[40] = '\0';
}

bool digest_save(const struct digest *d, uint8_t state[DIGEST_STATE_BYTES],
    uint64_t *length)
{
	if (d->kind != DIGEST_SHA256)
		return false;
	*length = d->length - d->length % BLOCK;
	memcpy(state, d->lanes, sizeof(d->lanes));
	memcpy(state + sizeof(d->lanes), length, sizeof(*length));
	return true;
}

bool digest_restore(struct digest *d, const uint8_t state[DIGEST_STATE_BYTES])
{
	if (d->kind != DIGEST_SHA256)
		return false;
	memcpy(d->lanes, state, sizeof(d->lanes));
	memcpy(&d->length, state + sizeof(d->lanes), sizeof(d->length));
	return true;
}

void digest_sha256(const void *bytes, size_t n, uint8_t out[32])
{
	struct digest d;

	begin(&d, DIGEST_SHA256, n);
	digest_update(&d, bytes, n);
	memcpy(out, d.lanes, sizeof(d.lanes));
}
