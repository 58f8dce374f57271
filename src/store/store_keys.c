/* store_keys.c - names too long for keys, as hashes. */
#include <stdint.h>
#include <string.h>

#include "store/store.h"

enum { HASH_BYTES = 32 };

void store_job_key(const char *id, uint8_t key[JOB_KEY_BYTES])
{
	uint8_t hash[HASH_BYTES];

	digest_sha256(id, strlen(id), hash);
	memcpy(key, hash, JOB_KEY_BYTES);
}

/* Hash of two hashes: no directory and blob run into another pair. */
void store_partial_key(const char *dir, const char *blob,
    uint8_t key[STORE_KEY_BYTES])
{
	uint8_t both[2 * HASH_BYTES], hash[HASH_BYTES];

	digest_sha256(dir, strlen(dir), both);
	digest_sha256(blob, strlen(blob), both + HASH_BYTES);
	digest_sha256(both, sizeof(both), hash);
	memcpy(key, hash, STORE_KEY_BYTES);
}
