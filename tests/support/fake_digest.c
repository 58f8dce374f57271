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

static uint64_t turned(uint64_t x)
{
	return x << 29 | x >> 35;
}

/*
 * Few instructions for each word, as valgrind makes many of one.  MIX is odd: a
 * word that differs makes a lane that differs.
 */
static void mix(struct digest *d, const unsigned char *from, size_t blocks)
{
	uint64_t lanes[LANES], words[LANES];

	memcpy(lanes, d->lanes, sizeof(lanes));
	for (size_t i = 0; i < blocks * (BLOCK / sizeof(words)); i++) {
		memcpy(words, from, sizeof(words));
		lanes[0] = turned((lanes[0] ^ words[0]) * MIX);
		lanes[1] = turned((lanes[1] ^ words[1]) * MIX);
		lanes[2] = turned((lanes[2] ^ words[2]) * MIX);
		lanes[3] = turned((lanes[3] ^ words[3]) * MIX);
		from += sizeof(words);
	}
	memcpy(d->lanes, lanes, sizeof(lanes));
}

void digest_update(struct digest *d, const void *bytes, size_t n)
{
	const unsigned char *from = bytes;

	while (n > 0) {
		size_t at = (size_t)(d->length % BLOCK);
		size_t part = n < BLOCK - at ? n : BLOCK - at;

		if (part == BLOCK) {
			part = n - n % BLOCK;
			mix(d, from, part / BLOCK);
		} else {
			memcpy(d->tail + at, from, part);
			if (at + part == BLOCK)
				mix(d, d->tail, 1);
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
	mix(d, d->tail, 1);
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
