/* store_record.c - how one value of the store looks. */
#include "store/store_record.h"

#include <errno.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"

enum {
	HEADER_BYTES = 5, /* schema and length */
	CRC_BYTES = 4,
	TEXT_NULL = 0x10000, /* a length no text has */
	HEX_BYTES_MAX = 255
};

/* 9999-12-31T23:59:59Z */
#define WALL_MAX INT64_C(253402300799)

uint32_t record_crc(uint32_t crc, const void *bytes, size_t n)
{
	/* Four bits at a time, reflected polynomial 0x82f63b78. */
	static const uint32_t table[16] = {
		0x00000000,
		0x105ec76f,
		0x20bd8ede,
		0x30e349b1,
		0x417b1dbc,
		0x5125dad3,
		0x61c69362,
		0x7198540d,
		0x82f63b78,
		0x92a8fc17,
		0xa24bb5a6,
		0xb21572c9,
		0xc38d26c4,
		0xd3d3e1ab,
		0xe330a81a,
		0xf36e6f75,
	};
	const uint8_t *p = bytes;

	crc = ~crc;
	while (n-- > 0) {
		crc ^= *p++;
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

static void store_le(uint8_t *to, uint64_t v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t load_le(const uint8_t *from, size_t n)
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < n; i++)
		v |= (uint64_t)from[i] << (8 * i);
	return v;
}

static uint32_t frame_crc(const void *key, size_t key_n, const void *value,
    size_t n)
{
	return record_crc(record_crc(0, key, key_n), value, n);
}

void record_out_init(struct record_out *out)
{
	static const uint8_t header[HEADER_BYTES];

	strbuf_init(&out->buf, RECORD_MAX);
	out->bad = false;
	strbuf_add(&out->buf, header, sizeof(header));
}

void record_out_release(struct record_out *out)
{
	strbuf_release(&out->buf);
}

static void put_le(struct record_out *out, uint64_t v, size_t n)
{
	uint8_t bytes[8];

	store_le(bytes, v, n);
	record_put_bytes(out, bytes, n);
}

void record_put_u8(struct record_out *out, uint8_t v)
{
	put_le(out, v, 1);
}

void record_put_u32(struct record_out *out, uint32_t v)
{
	put_le(out, v, 4);
}

void record_put_u64(struct record_out *out, uint64_t v)
{
	put_le(out, v, 8);
}

void record_put_wall(struct record_out *out, struct wall t)
{
	put_le(out, (uint64_t)t.s, 8);
}

void record_put_bytes(struct record_out *out, const void *bytes, size_t n)
{
	/* Told apart from memory that is short. */
	if (n > RECORD_MAX - HEADER_BYTES - CRC_BYTES ||
	    out->buf.len > RECORD_MAX - CRC_BYTES - n)
		out->bad = true;
	else
		strbuf_add(&out->buf, bytes, n);
}

void record_put_text(struct record_out *out, const char *text)
{
	size_t n;

	if (text == NULL) {
		record_put_u32(out, TEXT_NULL);
		return;
	}
	n = strlen(text);
	if (n > RECORD_TEXT_MAX) {
		out->bad = true;
		return;
	}
	record_put_u32(out, (uint32_t)n);
	record_put_bytes(out, text, n);
}

void record_put_hex(struct record_out *out, const char *hex)
{
	uint8_t bytes[HEX_BYTES_MAX];
	size_t digits = strlen(hex);

	if (digits % 2 != 0 || digits / 2 > sizeof(bytes) ||
	    !hex_is_lower(hex, digits) ||
	    hex_decode(hex, bytes, digits / 2) == -1) {
		out->bad = true;
		return;
	}
	record_put_u8(out, (uint8_t)(digits / 2));
	record_put_bytes(out, bytes, digits / 2);
}

int record_seal(struct record_out *out, uint8_t schema, const void *key,
    size_t key_n, const void **value, size_t *n)
{
	uint8_t *text, crc[CRC_BYTES];

	if (out->bad)
		return EINVAL;
	if (strbuf_failed(&out->buf))
		return ENOMEM;
	text = (uint8_t *)out->buf.text;
	text[0] = schema;
	store_le(text + 1, out->buf.len - HEADER_BYTES, 4);
	store_le(crc, frame_crc(key, key_n, text, out->buf.len), sizeof(crc));
	strbuf_add(&out->buf, crc, sizeof(crc));
	if (strbuf_failed(&out->buf))
		return ENOMEM;
	*value = out->buf.text;
	*n = out->buf.len;
	return 0;
}

int record_open(struct record_in *in, const void *key, size_t key_n,
    const void *value, size_t n)
{
	const uint8_t *bytes = value;

	if (n < RECORD_FRAME_BYTES || n > RECORD_MAX ||
	    load_le(bytes + 1, 4) != n - RECORD_FRAME_BYTES ||
	    load_le(bytes + n - CRC_BYTES, 4) !=
		frame_crc(key, key_n, bytes, n - CRC_BYTES))
		return -1;
	record_in_init(in, bytes + HEADER_BYTES, n - RECORD_FRAME_BYTES);
	return bytes[0];
}

void record_in_init(struct record_in *in, const void *payload, size_t n)
{
	in->at = payload;
	in->left = n;
	in->bad = false;
	in->nomem = false;
}

/* The next n bytes, NULL if there are not so many. */
static const uint8_t *take(struct record_in *in, size_t n)
{
	const uint8_t *at = in->at;

	if (in->bad || n > in->left) {
		in->bad = true;
		return NULL;
	}
	in->at += n;
	in->left -= n;
	return at;
}

static uint64_t take_le(struct record_in *in, size_t n)
{
	const uint8_t *at = take(in, n);

	return at == NULL ? 0 : load_le(at, n);
}

uint8_t record_u8(struct record_in *in)
{
	return (uint8_t)take_le(in, 1);
}

uint32_t record_u32(struct record_in *in)
{
	return (uint32_t)take_le(in, 4);
}

uint64_t record_u64(struct record_in *in)
{
	return take_le(in, 8);
}

bool record_bool(struct record_in *in)
{
	uint8_t v = record_u8(in);

	if (v > 1)
		in->bad = true;
	return v == 1;
}

struct wall record_wall_clean(struct wall t)
{
	if (t.s < 0 || t.s > WALL_MAX)
		t.s = WALL_NONE;
	return t;
}

struct wall record_wall(struct record_in *in)
{
	uint64_t v = take_le(in, 8);
	struct wall t = { WALL_NONE };

	if (!in->bad && v <= INT64_MAX)
		t.s = (int64_t)v;
	return record_wall_clean(t);
}

void record_bytes(struct record_in *in, void *bytes, size_t n)
{
	const uint8_t *at = take(in, n);

	if (at == NULL)
		memset(bytes, 0, n);
	else
		memcpy(bytes, at, n);
}

/* NULL with *n = 0 for a text that is NULL or malformed. */
static const uint8_t *take_text(struct record_in *in, size_t *n)
{
	const uint8_t *at;
	uint32_t length = record_u32(in);

	*n = 0;
	if (in->bad || length == TEXT_NULL)
		return NULL;
	if (length > RECORD_TEXT_MAX) {
		in->bad = true;
		return NULL;
	}
	at = take(in, length);
	if (at == NULL)
		return NULL;
	if (memchr(at, '\0', length) != NULL) {
		in->bad = true;
		return NULL;
	}
	*n = length;
	return at;
}

char *record_text(struct record_in *in)
{
	size_t n;
	const uint8_t *at = take_text(in, &n);
	char *text;

	if (at == NULL)
		return NULL;
	text = text_ndup((const char *)at, n);
	if (text == NULL)
		in->nomem = true;
	return text;
}

void record_text_into(struct record_in *in, char *text, size_t size)
{
	size_t n;
	const uint8_t *at = take_text(in, &n);

	if (at == NULL || n >= size) {
		in->bad = true;
		n = 0;
	} else {
		memcpy(text, at, n);
	}
	text[n] = '\0';
}

void record_hex_into(struct record_in *in, char *hex, size_t size)
{
	size_t n = record_u8(in);
	const uint8_t *at = take(in, n);

	if (at == NULL || 2 * n >= size) {
		in->bad = true;
		hex[0] = '\0';
	} else {
		hex_encode(at, n, hex);
	}
}

int record_end(const struct record_in *in)
{
	if (in->bad || in->left != 0)
		return EINVAL;
	return in->nomem ? ENOMEM : 0;
}
