/* test_store_record.c - the frame and the fields of a stored value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_codec.h"
#include "store/store_record.h"

static const char KEY[] = "a key";

enum { KEY_BYTES = sizeof(KEY) - 1 };

/* RFC 3720, appendix B.4, and the common check value. */
static void crc_is_castagnoli(void **state)
{
	uint8_t bytes[32];
	size_t i;

	(void)state;
	assert_int_equal(record_crc(0, "", 0), 0);
	assert_int_equal(record_crc(0, "123456789", 9), 0xE3069283);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(record_crc(0, bytes, 32), 0x8A9136AA);
	memset(bytes, 0xFF, sizeof(bytes));
	assert_int_equal(record_crc(0, bytes, 32), 0x62A8AB43);
	for (i = 0; i < 32; i++)
		bytes[i] = (uint8_t)i;
	assert_int_equal(record_crc(0, bytes, 32), 0x46DD794E);
	assert_int_equal(record_crc(record_crc(0, bytes, 7), bytes + 7, 25),
	    0x46DD794E);
}

static void put_all(struct record_out *out)
{
	const struct wall never = { WALL_NONE }, then = { 1795273800 };

	record_out_init(out);
	record_put_u8(out, 0xA5);
	record_put_u32(out, 0x89ABCDEF);
	record_put_u64(out, UINT64_C(0xFEDCBA9876543210));
	record_put_wall(out, never);
	record_put_wall(out, then);
	record_put_text(out, NULL);
	record_put_text(out, "");
	record_put_text(out, "some text");
	record_put_hex(out, "");
	record_put_hex(out, "00ff7e");
	record_put_u8(out, 1);
	record_put_bytes(out, "tail", 4);
}

static void fields_come_back(void **state)
{
	struct record_out out;
	struct record_in in;
	const void *value;
	char *text, hex[7], bytes[4];
	size_t n;

	(void)state;
	put_all(&out);
	assert_int_equal(record_seal(&out, 7, KEY, KEY_BYTES, &value, &n), 0);
	assert_int_equal(record_open(&in, KEY, KEY_BYTES, value, n), 7);
	assert_int_equal(record_u8(&in), 0xA5);
	assert_int_equal(record_u32(&in), 0x89ABCDEF);
	assert_true(record_u64(&in) == UINT64_C(0xFEDCBA9876543210));
	assert_true(record_wall(&in).s == WALL_NONE);
	assert_int_equal(record_wall(&in).s, 1795273800);
	assert_null(record_text(&in));
	text = record_text(&in);
	assert_string_equal(text, "");
	free(text);
	text = record_text(&in);
	assert_string_equal(text, "some text");
	free(text);
	record_hex_into(&in, hex, sizeof(hex));
	assert_string_equal(hex, "");
	record_hex_into(&in, hex, sizeof(hex));
	assert_string_equal(hex, "00ff7e");
	assert_true(record_bool(&in));
	assert_int_equal(record_end(&in), EINVAL); /* not yet at the end */
	record_bytes(&in, bytes, sizeof(bytes));
	assert_memory_equal(bytes, "tail", 4);
	assert_int_equal(record_end(&in), 0);
	(void)record_u8(&in);
	assert_int_equal(record_end(&in), EINVAL); /* beyond it */
	record_out_release(&out);
}

static void every_flipped_bit_is_seen(void **state)
{
	struct record_out out;
	struct record_in in;
	const void *value;
	uint8_t *copy, key[KEY_BYTES];
	size_t n, i;

	(void)state;
	put_all(&out);
	assert_int_equal(record_seal(&out, 1, KEY, KEY_BYTES, &value, &n), 0);
	copy = malloc(n + 1);
	assert_non_null(copy);
	memcpy(copy, value, n);
	copy[n] = 0;
	for (i = 0; i < n * 8; i++) {
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(record_open(&in, KEY, KEY_BYTES, copy, n), -1);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 0; i < n; i++)
		assert_int_equal(record_open(&in, KEY, KEY_BYTES, copy, i), -1);
	assert_int_equal(record_open(&in, KEY, KEY_BYTES, copy, n + 1), -1);
	/* Under another key. */
	memcpy(key, KEY, sizeof(key));
	for (i = 0; i < sizeof(key) * 8; i++) {
		key[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(record_open(&in, key, sizeof(key), copy, n),
		    -1);
		key[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	assert_int_equal(record_open(&in, key, sizeof(key) - 1, copy, n), -1);
	assert_int_equal(record_open(&in, key, sizeof(key), copy, n), 1);
	free(copy);
	record_out_release(&out);
}

static void what_does_not_fit_is_refused(void **state)
{
	static const char *const no_hex[] = { "a", "0G", "AB", "zz" };
	char *huge = malloc(RECORD_MAX + 1);
	struct record_out out;
	const void *value;
	size_t n, i;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'x', RECORD_MAX);
	huge[RECORD_MAX] = '\0';
	for (i = 0; i < sizeof(no_hex) / sizeof(no_hex[0]); i++) {
		record_out_init(&out);
		record_put_hex(&out, no_hex[i]);
		assert_int_equal(record_seal(&out, 1, KEY, KEY_BYTES, &value,
				     &n),
		    EINVAL);
		record_out_release(&out);
	}
	record_out_init(&out);
	record_put_text(&out, huge);
	assert_int_equal(record_seal(&out, 1, KEY, KEY_BYTES, &value, &n),
	    EINVAL);
	record_out_release(&out);
	/* The largest payload, and one byte more. */
	for (i = 0; i < 2; i++) {
		record_out_init(&out);
		record_put_bytes(&out, huge,
		    RECORD_MAX - RECORD_FRAME_BYTES + i);
		assert_int_equal(record_seal(&out, 1, KEY, KEY_BYTES, &value,
				     &n),
		    i == 0 ? 0 : EINVAL);
		record_out_release(&out);
	}
	free(huge);
}

/* One malformed field each; all that follows stays harmless. */
static void malformed_fields_are_seen(void **state)
{
	static const uint8_t long_text[] = { 0xFF, 0xFF, 0, 0, 'x' };
	static const uint8_t huge_text[] = { 1, 0, 1, 0, 'x' };
	static const uint8_t nul_text[] = { 3, 0, 0, 0, 'a', 0, 'b' };
	static const uint8_t null_text[] = { 0, 0, 1, 0 };
	static const uint8_t fits_not[] = { 3, 0, 0, 0, 'a', 'b', 'c' };
	static const uint8_t two[] = { 2 };
	struct record_in in;
	char text[3];

	(void)state;
	record_in_init(&in, long_text, sizeof(long_text));
	assert_null(record_text(&in));
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, huge_text, sizeof(huge_text));
	assert_null(record_text(&in));
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, nul_text, sizeof(nul_text));
	assert_null(record_text(&in));
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, null_text, sizeof(null_text));
	record_text_into(&in, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, fits_not, sizeof(fits_not));
	record_text_into(&in, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, two, sizeof(two));
	assert_false(record_bool(&in));
	assert_int_equal(record_end(&in), EINVAL);
	record_in_init(&in, two, sizeof(two));
	record_hex_into(&in, text, sizeof(text));
	assert_string_equal(text, "");
	assert_int_equal(record_end(&in), EINVAL);
}

static void odd_times_are_never(void **state)
{
	static const int64_t odd[] = { -1, INT64_MAX, INT64_MIN,
		INT64_C(253402300800) };
	struct record_out out;
	struct record_in in;
	struct wall t = { INT64_C(253402300799) };
	size_t i;

	(void)state;
	for (i = 0; i <= sizeof(odd) / sizeof(odd[0]); i++) {
		record_out_init(&out);
		record_put_wall(&out, t);
		record_in_init(&in, out.buf.text + 5, 8);
		assert_true(record_wall(&in).s == (i == 0 ? t.s : WALL_NONE));
		record_out_release(&out);
		if (i < sizeof(odd) / sizeof(odd[0]))
			t.s = odd[i];
	}
}

/* A payload with a sound checksum that no hfcron would have written. */
static void overlapping_extents_are_refused(void **state)
{
	struct extent extents[] = { { 0, 50 }, { 50, 100 } };
	struct partial_state p, got;
	struct record_out out;
	struct record_in in;
	int i;

	(void)state;
	memset(&p, 0, sizeof(p));
	p.size = 100;
	p.extents = extents;
	p.n_extents = 2;
	record_out_init(&out);
	store_partial_encode(&out, &p);
	assert_false(out.bad);
	for (i = 0; i < 2; i++) {
		record_in_init(&in, out.buf.text + 5, out.buf.len - 5);
		assert_int_equal(store_partial_decode(&in, &got),
		    i == 0 ? 0 : EINVAL);
		assert_int_equal(partial_state_bytes(&got), i == 0 ? 100 : 0);
		partial_state_release(&got);
		/* where the last one begins */
		out.buf.text[out.buf.len - 16] = 49;
	}
	record_out_release(&out);
	/* Nor is it written. */
	extents[1].from = 49;
	record_out_init(&out);
	store_partial_encode(&out, &p);
	assert_true(out.bad);
	record_out_release(&out);
}

static void an_unknown_phase_is_refused(void **state)
{
	struct record_out out;
	struct job_state job;

	(void)state;
	job_state_init(&job);
	job.phase = (enum job_phase)99;
	record_out_init(&out);
	store_job_encode(&out, &job);
	assert_true(out.bad);
	record_out_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_castagnoli),
		cmocka_unit_test(fields_come_back),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(malformed_fields_are_seen),
		cmocka_unit_test(odd_times_are_never),
		cmocka_unit_test(overlapping_extents_are_refused),
		cmocka_unit_test(an_unknown_phase_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
