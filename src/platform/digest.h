/*
 * digest.h - SHA-256 and SHA-1 whose SHA-256 state can be kept.
 *
 * Blobs are named by SHA-256 of their content (LFS files) or by the git blob
 * hash: SHA-1 of "blob <decimal size>\0" and the content (hub.md section 11).
 */
#ifndef HFCRON_PLATFORM_DIGEST_H
#define HFCRON_PLATFORM_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum digest_kind { DIGEST_SHA256, DIGEST_GIT_SHA1 };

enum {
	DIGEST_HEX_MAX = 65,	/* 64 digits and a terminator */
	DIGEST_STATE_BYTES = 40 /* eight 32-bit words, 64-bit length; LE */
};

struct digest;

/* `size` is the content's length: the git form needs it first.
 * Returns owned (digest_free), NULL with ERR_NOMEM. */
struct digest *digest_new(enum digest_kind kind, uint64_t size, struct err *e);
void digest_free(struct digest *d);
void digest_update(struct digest *d, const void *bytes, size_t n);
/* Content bytes hashed so far. */
uint64_t digest_length(const struct digest *d);
/* Lower-case hex into out; the digest may then only be freed. */
void digest_final(struct digest *d, char out[DIGEST_HEX_MAX]);

/*
 * The state after the last whole 64-byte block, as documented bytes, and the
 * content length it stands for in *length (<= digest_length).  Only SHA-256;
 * false for others, and on platforms that cannot export it.
 */
bool digest_save(const struct digest *d, uint8_t state[DIGEST_STATE_BYTES],
    uint64_t *length);
/* Go on from a saved state; false if it cannot be (kind, malformed). */
bool digest_restore(struct digest *d, const uint8_t state[DIGEST_STATE_BYTES]);

/* SHA-256 of a buffer at once; for keys and fingerprints.  32 bytes. */
void digest_sha256(const void *bytes, size_t n, uint8_t out[32]);

#endif
