/*
 * store_record.h - how one value of the store looks: versioned, bounded,
 * checksummed.  Pure; knows nothing of LMDB.  Names begin with record_.
 *
 *	1 byte	schema
 *	4 bytes	length of the payload, little-endian
 *	n bytes	payload
 *	4 bytes	CRC-32C over key, schema, length and payload, little-endian
 *
 * The key is inside the checksum, so that a value that turns up under another
 * key (a swapped page) is as wrong as a flipped bit.  This frame is the same
 * in every schema: an older program can at least read a newer schema's number.
 *
 * Errors stick, on both sides: check once at the end.
 */
#ifndef HFCRON_STORE_STORE_RECORD_H
#define HFCRON_STORE_STORE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/instant.h"
#include "base/strbuf.h"

enum {
	RECORD_FRAME_BYTES = 9,	 /* what is added to a payload */
	RECORD_TEXT_MAX = 65535, /* of one text */
	RECORD_MAX = 256 * 1024	 /* of a whole record */
};

/* CRC-32C (Castagnoli), continued from `crc`; start with 0. */
uint32_t record_crc(uint32_t crc, const void *bytes, size_t n);

/* --- writing ------------------------------------------------------------- */

struct record_out {
	struct strbuf buf; /* own */
	bool bad;	   /* something cannot be expressed */
};

void record_out_init(struct record_out *out);
void record_out_release(struct record_out *out);

void record_put_u8(struct record_out *out, uint8_t v);
void record_put_u32(struct record_out *out, uint32_t v);
void record_put_u64(struct record_out *out, uint64_t v);
void record_put_wall(struct record_out *out, struct wall t);
void record_put_bytes(struct record_out *out, const void *bytes, size_t n);
/* NULL is not "": it comes back as NULL.  At most RECORD_TEXT_MAX. */
void record_put_text(struct record_out *out, const char *text);
/* An even number of lower-case hex digits, at most 510; half the space. */
void record_put_hex(struct record_out *out, const char *hex);

/*
 * Frame the payload for `key`.  *value is borrowed from `out`.  0, or ENOMEM,
 * or EINVAL if something could not be expressed.
 */
int record_seal(struct record_out *out, uint8_t schema, const void *key,
    size_t key_n, const void **value, size_t *n);

/* --- reading ------------------------------------------------------------- */

struct record_in {
	const uint8_t *at; /* borrowed */
	size_t left;
	bool bad; /* malformed: all further reads yield nothing */
	bool nomem;
};

/*
 * Check the frame of a stored value and start reading its payload.  Returns
 * the schema byte, or -1 if the value is damaged.
 */
int record_open(struct record_in *in, const void *key, size_t key_n,
    const void *value, size_t n);
/* Read a bare payload. */
void record_in_init(struct record_in *in, const void *payload, size_t n);

uint8_t record_u8(struct record_in *in);
uint32_t record_u32(struct record_in *in);
uint64_t record_u64(struct record_in *in);
bool record_bool(struct record_in *in); /* only 0 and 1 are valid */
/* What is not within the years 1970..9999 is WALL_NONE: never. */
struct wall record_wall_clean(struct wall t);
struct wall record_wall(struct record_in *in);
void record_bytes(struct record_in *in, void *bytes, size_t n);
/* Owned copy, or NULL (which may be what was written). */
char *record_text(struct record_in *in);
/* Into an array of `size`; NULL, or a text that does not fit, is malformed. */
void record_text_into(struct record_in *in, char *text, size_t size);
void record_hex_into(struct record_in *in, char *hex, size_t size);

/* All read and nothing left over: 0; ENOMEM; EINVAL if malformed. */
int record_end(const struct record_in *in);

#endif
