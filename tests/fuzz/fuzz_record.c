/*
 * fuzz_record.c - the records of the store: frame and payloads.
 *
 * The first byte says what the rest is: j job, f file, p partial, a attempt
 * (payloads, as behind a sound checksum), anything else a whole record.  What
 * can be read must be written back such that it reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char KEY[] = "key";

enum { KEY_BYTES = sizeof(KEY) - 1, HEADER_BYTES = 5 };

union any {
	struct job_state job;
	struct stored_file file;
	struct partial_state partial;
	struct attempt attempt;
};

static int decode(uint8_t kind, struct record_in *in, union any *v)
{
	switch (kind) {
	case 'j':
		return store_job_decode(in, &v->job);
	case 'f':
		return store_file_decode(in, &v->file);
	case 'p':
		return store_partial_decode(in, &v->partial);
	default:
		return store_attempt_decode(in, &v->attempt);
	}
}

static void encode(uint8_t kind, struct record_out *out, const union any *v)
{
	record_out_init(out);
	switch (kind) {
	case 'j':
		store_job_encode(out, &v->job);
		break;
	case 'f':
		store_file_encode(out, &v->file);
		break;
	case 'p':
		store_partial_encode(out, &v->partial);
		break;
	default:
		store_attempt_encode(out, &v->attempt);
	}
}

static void release(uint8_t kind, union any *v)
{
	switch (kind) {
	case 'j':
		job_state_release(&v->job);
		break;
	case 'f':
		stored_file_release(&v->file);
		break;
	case 'p':
		partial_state_release(&v->partial);
		break;
	default:
		attempt_release(&v->attempt);
	}
}

static void payload(uint8_t kind, const uint8_t *data, size_t size)
{
	struct record_out first, second;
	struct record_in in;
	const void *value;
	union any v;
	size_t n;

	record_in_init(&in, data, size);
	if (decode(kind, &in, &v) != 0)
		return;
	encode(kind, &first, &v);
	release(kind, &v);
	if (record_seal(&first, STORE_SCHEMA, KEY, KEY_BYTES, &value, &n) != 0)
		abort();
	if (record_open(&in, KEY, KEY_BYTES, value, n) != STORE_SCHEMA)
		abort();
	if (decode(kind, &in, &v) != 0)
		abort();
	encode(kind, &second, &v);
	release(kind, &v);
	/* The first one is sealed: without its checksum. */
	n -= RECORD_FRAME_BYTES;
	if (second.buf.len != HEADER_BYTES + n ||
	    memcmp(first.buf.text + HEADER_BYTES,
		second.buf.text + HEADER_BYTES, n) != 0)
		abort();
	record_out_release(&first);
	record_out_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct record_in in;

	if (size == 0 || size > RECORD_MAX)
		return 0;
	if (data[0] == 'j' || data[0] == 'f' || data[0] == 'p' ||
	    data[0] == 'a')
		payload(data[0], data + 1, size - 1);
	else if (record_open(&in, KEY, KEY_BYTES, data + 1, size - 1) >= 0 &&
	    in.left != size - 1 - RECORD_FRAME_BYTES)
		abort();
	return 0;
}
