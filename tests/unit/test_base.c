/* test_base.c - the ground floor: errors, text, numbers, instants, log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hex.h"
#include "base/instant.h"
#include "base/log.h"
#include "base/num.h"
#include "base/secret.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/vec.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* err */

static void err_kinds_have_names(void **state)
{
	int i;

	(void)state;
	for (i = ERR_NONE; i <= ERR_BUG; i++) {
		const char *name = err_kind_name((enum err_kind)i);

		assert_int_equal(err_kind_from_name(name), i);
	}
	assert_string_equal(err_kind_name(ERR_UNREACHABLE), "unreachable");
	assert_string_equal(err_kind_name((enum err_kind)99), "bug");
	assert_int_equal(err_kind_from_name("nonsense"), ERR_NONE);
	assert_int_equal(err_kind_from_name(""), ERR_NONE);
}

static void err_set_escapes_and_resets(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	e.os_code = 5;
	e.retry_after_s = 7;
	assert_int_equal(err_set(&e, ERR_AUTH, "no \x1b[31m%s\n", "Zürich\xff"),
	    -1);
	assert_string_equal(e.text, "no \\x1b[31mZürich\\xff\\x0a");
	assert_int_equal(e.kind, ERR_AUTH);
	assert_int_equal(e.os_code, 0);
	assert_int_equal(e.retry_after_s, -1);
}

static void err_cuts_at_whole_characters(void **state)
{
	/* 479 bytes fit: not a multiple of the two bytes of this letter. */
	char text[2 * ERR_TEXT_MAX + 1];
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i += 2)
		memcpy(text + i, "ü", 2);
	text[sizeof(text) - 1] = '\0';
	(void)err_set(&e, ERR_BUG, "%s", text);
	assert_int_equal(strlen(e.text), 478);
	assert_true(text_is_utf8(e.text, strlen(e.text)));
	(void)err_set(&e, ERR_BUG, "x%s", text);
	assert_int_equal(strlen(e.text), 479);
	assert_true(text_is_utf8(e.text, strlen(e.text)));
}

static void err_errno_keeps_the_reason(void **state)
{
	struct err e = ERR_INIT;
	char path[1024];

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&e, ERR_DISK, "cannot open %s", "x"), -1);
	assert_string_equal(e.text, "cannot open x: No such file or directory");
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(e.kind, ERR_DISK);
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	errno = EIO;
	(void)err_errno(&e, ERR_DISK, "%s", path);
	assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
	assert_true(text_ends(e.text, "p: Input/output error"));
}

static void err_wrap_puts_context_first(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = EACCES;
	(void)err_errno(&e, ERR_DISK, "a\\b\x01");
	assert_int_equal(err_wrap(&e, "job %d", 3), -1);
	/* Wrapping does not escape what is escaped already. */
	assert_string_equal(e.text, "job 3: a\\b\\x01: Permission denied");
	assert_int_equal(e.os_code, EACCES);
	(void)err_wrap(&e, "%s", e.text);
	assert_string_equal(e.text,
	    "job 3: a\\b\\x01: Permission denied: "
	    "job 3: a\\b\\x01: Permission denied");
	assert_int_equal(err_nomem(&e), -1);
	assert_int_equal(e.kind, ERR_NOMEM);
	assert_int_equal(ERR_BUG_HERE(&e, "odd"), -1);
	assert_non_null(strstr(e.text, "test_base.c:"));
}

/* text */

static void text_escape_cases(void **state)
{
	static const struct {
		const char *in;
		bool quote;
		const char *out;
	} cases[] = {
		{ "", false, "" },
		{ "plain ~", false, "plain ~" },
		{ "a\tb\r\n", false, "a\\x09b\\x0d\\x0a" },
		{ "\x1b[2J\x7f", false, "\\x1b[2J\\x7f" },
		{ "\xc2\x9b", false, "\\xc2\\x9b" },	      /* C1 CSI */
		{ "\xe2\x80\xae", false, "\\xe2\\x80\\xae" }, /* bidi */
		{ "\xe2\x81\xa6", false, "\\xe2\\x81\\xa6" },
		{ "\xe2\x80\x8b", false, "\\xe2\\x80\\x8b" }, /* zero width */
		{ "\xe2\x80\xa8", false, "\\xe2\\x80\\xa8" }, /* line */
		{ "\xef\xbb\xbf", false, "\\xef\\xbb\\xbf" }, /* BOM */
		{ "\xf3\xa0\x80\x81", false, "\\xf3\\xa0\\x80\\x81" },
		{ "é 漢 🙂", false, "é 漢 🙂" },
		{ "\xc0\xaf", false, "\\xc0\\xaf" },	      /* overlong */
		{ "\xed\xa0\x80", false, "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xe6\xbc", false, "\\xe6\\xbc" },	      /* cut short */
		{ "a\\b", false, "a\\b" },
		{ "a\\b\n", true, "a\\\\b\\x0a" },
	};
	char out[64];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		n = text_escape(cases[i].in, strlen(cases[i].in),
		    cases[i].quote, out, sizeof(out));
		assert_string_equal(out, cases[i].out);
		assert_int_equal(n, strlen(cases[i].out));
	}
	n = text_escape("a\0b", 3, false, out, sizeof(out));
	assert_string_equal(out, "a\\x00b");
	assert_int_equal(n, 6);
}

static void text_escape_cuts(void **state)
{
	static const char in[] = "é\x01\\ü";
	/* What is left at each capacity: é = 2, \x01 = 4, \\ = 2, ü = 2. */
	static const size_t lengths[] = { 0, 0, 0, 2, 2, 2, 2, 6, 6, 8, 8, 10,
		10 };
	char out[16];
	size_t size;

	(void)state;
	for (size = 1; size < COUNT(lengths); size++) {
		memset(out, '#', sizeof(out));
		assert_int_equal(text_escape(in, sizeof(in) - 1, true, out,
				     size),
		    lengths[size]);
		assert_int_equal(strlen(out), lengths[size]);
		assert_int_equal(out[size], '#');
	}
	out[0] = '#';
	assert_int_equal(text_escape(in, 2, true, out, 0), 0);
	assert_int_equal(out[0], '#');
}

/* Every byte, alone: what comes out is printable ASCII. */
static void text_escape_of_all_bytes(void **state)
{
	char in[1], out[8];
	int b;
	size_t i, n;

	(void)state;
	for (b = 0; b < 256; b++) {
		in[0] = (char)b;
		n = text_escape(in, 1, false, out, sizeof(out));
		assert_int_equal(n, b >= 0x20 && b < 0x7f ? 1 : 4);
		for (i = 0; i < n; i++)
			assert_true(out[i] >= 0x20 && out[i] < 0x7f);
	}
}

static void text_utf8_cases(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} cases[] = {
		{ "", true },
		{ "abc", true },
		{ "\xc2\x80", true },
		{ "\xdf\xbf", true },
		{ "\xe0\xa0\x80", true },
		{ "\xed\x9f\xbf", true },
		{ "\xee\x80\x80", true },
		{ "\xf0\x90\x80\x80", true },
		{ "\xf4\x8f\xbf\xbf", true },
		{ "\x80", false },
		{ "\xc1\xbf", false },
		{ "\xc2", false },
		{ "\xc2\x41", false },
		{ "\xe0\x9f\xbf", false },
		{ "\xed\xa0\x80", false },
		{ "\xe2\x82", false },
		{ "\xf0\x8f\xbf\xbf", false },
		{ "\xf4\x90\x80\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xff", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		assert_int_equal(text_is_utf8(cases[i].text,
				     strlen(cases[i].text)),
		    cases[i].valid);
}

/* Whatever can be written is read as the same. */
static void text_put_is_text_next_backwards(void **state)
{
	(void)state;
	for (uint32_t cp = 1; cp <= 0x10FFFF; cp += cp < 0x900 ? 1 : 61) {
		char bytes[4];
		size_t n, pos = 0;

		if (cp >= 0xD800 && cp < 0xE000)
			continue;
		n = text_put(cp, bytes);
		assert_int_equal(text_next(bytes, n, &pos), cp);
		assert_int_equal(pos, n);
	}
}

static void text_next_walks(void **state)
{
	static const char in[] =
	    "a\xc3\xa9\xff\xe6\xbc\xa2\xf0\x9f\x99\x82\xe2";
	static const uint32_t expected[] = { 'a', 0xe9, 0xfffd, 0x6f22, 0x1f642,
		0xfffd };
	static const size_t after[] = { 1, 3, 4, 7, 11, 12 };
	size_t i, pos = 0;

	(void)state;
	for (i = 0; i < COUNT(expected); i++) {
		assert_int_equal(text_next(in, sizeof(in) - 1, &pos),
		    expected[i]);
		assert_int_equal(pos, after[i]);
	}
	assert_int_equal(pos, sizeof(in) - 1);
}

static void text_nearest_cases(void **state)
{
	static const char *const known[] = { "retry", "models", "cache_dir",
		"state_dir", "log" };
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "retry", "retry" },
		{ "retrys", "retry" },
		{ "rtery", "retry" }, /* one transposition */
		{ "model", "models" },
		{ "cachedir", "cache_dir" },
		{ "state_dri", "state_dir" },
		{ "logs", "log" },
		{ "lgo", "log" },
		{ "dog", "log" },
		{ "lag_", NULL },
		{ "zebra", NULL },
		{ "", NULL },
	};
	char longer[66];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const char *got = text_nearest(cases[i].word, known,
		    COUNT(known));

		if (cases[i].nearest == NULL)
			assert_null(got);
		else
			assert_string_equal(got, cases[i].nearest);
	}
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	{
		const char *const one[] = { longer };

		assert_null(text_nearest(longer, one, 1));
		/* 64 bytes are words still, and the candidate may be longer. */
		assert_ptr_equal(text_nearest(longer + 1, one, 1), longer);
	}
	assert_null(text_nearest("x", known, 0));
}

static void text_helpers(void **state)
{
	char *p;

	(void)state;
	assert_null(text_dup(NULL));
	assert_null(text_ndup(NULL, 3));
	assert_null(text_ndup("x", SIZE_MAX));
	p = text_dup("abc");
	assert_string_equal(p, "abc");
	free(p);
	p = text_ndup("abc", 2);
	assert_string_equal(p, "ab");
	free(p);
	p = text_format("%s-%d", "x", 42);
	assert_string_equal(p, "x-42");
	free(p);
	assert_true(text_starts("abc", "ab"));
	assert_true(text_starts("abc", ""));
	assert_false(text_starts("ab", "abc"));
	assert_true(text_ends("abc", "bc"));
	assert_true(text_ends("abc", ""));
	assert_false(text_ends("c", "bc"));
	assert_true(text_equal_nocase("X-Linked-ETag", "x-linked-etag"));
	assert_false(text_equal_nocase("abc", "abcd"));
	assert_false(text_equal_nocase("\xc3\x84", "\xc3\xa4"));
	assert_false(text_equal_nocase("@", "`"));
}

/* strbuf, vec, secret, hex */

static void strbuf_grows_to_its_maximum(void **state)
{
	struct strbuf s;
	char *text;
	int i;

	(void)state;
	strbuf_init(&s, 1000);
	assert_string_equal(strbuf_text(&s), "");
	for (i = 0; i < 100; i++)
		strbuf_puts(&s, "0123456789");
	assert_false(strbuf_failed(&s));
	assert_int_equal(s.len, 1000);
	strbuf_putc(&s, 'x');
	assert_true(strbuf_failed(&s));
	strbuf_clear(&s);
	assert_false(strbuf_failed(&s));
	assert_string_equal(strbuf_text(&s), "");
	strbuf_printf(&s, "%s=%d", "a", 7);
	strbuf_add(&s, "\0b", 2);
	assert_int_equal(s.len, 5);
	assert_memory_equal(strbuf_text(&s), "a=7\0b", 6);
	text = strbuf_detach(&s);
	assert_memory_equal(text, "a=7\0b", 6);
	free(text);
	assert_int_equal(s.len, 0);
	assert_string_equal(strbuf_text(&s), "");
	strbuf_release(&s);
}

static void strbuf_errors_stick(void **state)
{
	struct strbuf s;
	char *text;

	(void)state;
	strbuf_init(&s, 4);
	strbuf_printf(&s, "%s", "12345");
	assert_true(strbuf_failed(&s));
	strbuf_puts(&s, "a");
	assert_string_equal(strbuf_text(&s), "");
	assert_null(strbuf_detach(&s));
	assert_false(strbuf_failed(&s));
	text = strbuf_detach(&s); /* empty is no failure */
	assert_string_equal(text, "");
	free(text);
	strbuf_init(&s, SIZE_MAX);
	strbuf_puts(&s, "x");
	assert_false(strbuf_failed(&s));
	strbuf_release(&s);
}

static void vec_grows_zeroed(void **state)
{
	struct item {
		int64_t a, b;
	} *items = NULL, *before;
	size_t cap = 0, n, i;

	(void)state;
	for (n = 0; n < 100; n++) {
		assert_int_equal(vec_grow((void **)&items, &cap, n + 1,
				     sizeof(*items), 100),
		    0);
		assert_true(cap > n && cap <= 100);
		assert_int_equal(items[n].a, 0);
		items[n].a = (int64_t)n;
	}
	for (i = 0; i < n; i++)
		assert_int_equal(items[i].a, i);
	before = items;
	assert_int_equal(vec_grow((void **)&items, &cap, 101, sizeof(*items),
			     100),
	    -1);
	assert_int_equal(vec_grow((void **)&items, &cap, SIZE_MAX,
			     sizeof(*items), SIZE_MAX),
	    -1);
	assert_ptr_equal(items, before);
	assert_int_equal(cap, 100);
	assert_int_equal(vec_grow((void **)&items, &cap, 3, sizeof(*items),
			     100),
	    0);
	assert_int_equal(cap, 100);
	free(items);
	/* Doubling 16 would pass the maximum. */
	items = NULL;
	cap = 0;
	assert_int_equal(vec_grow((void **)&items, &cap, 16, sizeof(*items),
			     30),
	    0);
	assert_int_equal(vec_grow((void **)&items, &cap, 17, sizeof(*items),
			     30),
	    0);
	assert_true(cap >= 17 && cap <= 30);
	free(items);
}

static void secret_is_wiped(void **state)
{
	char big[SECRET_MAX + 1] = "";
	struct secret s;

	(void)state;
	secret_init(&s);
	assert_false(secret_is_set(&s));
	assert_int_equal(secret_set(&s, "hf_x", 4), 0);
	assert_true(secret_is_set(&s));
	assert_memory_equal(s.bytes, "hf_x", 4);
	assert_int_equal(secret_set(&s, big, sizeof(big)), -1);
	assert_int_equal(s.len, 4);
	assert_int_equal(secret_set(&s, big, SECRET_MAX), 0);
	assert_int_equal(secret_set(&s, "", 0), 0);
	assert_false(secret_is_set(&s));
	secret_release(&s);
	memset(big, 'x', sizeof(big));
	secret_wipe(big + 1, sizeof(big) - 2);
	assert_int_equal(big[0], 'x');
	assert_int_equal(big[1], 0);
	assert_int_equal(big[sizeof(big) - 2], 0);
	assert_int_equal(big[sizeof(big) - 1], 'x');
}

static void hex_both_ways(void **state)
{
	uint8_t bytes[256], back[256];
	char text[513];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	hex_encode(bytes, sizeof(bytes), text);
	assert_true(text_starts(text, "000102"));
	assert_true(hex_is_lower(text, 512));
	assert_int_equal(hex_decode(text, back, sizeof(back)), 0);
	assert_memory_equal(bytes, back, sizeof(bytes));
	assert_int_equal(hex_decode("aBFf", back, 2), 0);
	assert_int_equal(back[0], 0xab);
	assert_int_equal(hex_decode("abf", back, 2), -1);
	assert_int_equal(hex_decode("abfff", back, 2), -1);
	assert_int_equal(hex_decode("abxf", back, 2), -1);
	assert_int_equal(hex_decode("", back, 1), -1);
	assert_int_equal(hex_decode("", back, 0), 0);
	assert_true(hex_is_lower("09af", 4));
	assert_false(hex_is_lower("09aF", 4));
	assert_false(hex_is_lower("09a", 4));
	assert_false(hex_is_lower("09aff", 4));
	assert_false(hex_is_lower("09ag", 4));
}

/* num */

static void num_u64_cases(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "007", 7, 0, 7 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -1, 0 },
		{ "99999999999999999999999", UINT64_MAX, -1, 0 },
		{ "100", 100, 0, 100 },
		{ "101", 100, -1, 0 },
		{ "5", 4, -1, 0 },
		{ "", 9, -1, 0 },
		{ "-1", 9, -1, 0 },
		{ "+1", 9, -1, 0 },
		{ " 1", 9, -1, 0 },
		{ "1 ", 9, -1, 0 },
		{ "0x1", 99, -1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint64_t v = 4711;

		assert_int_equal(num_parse_u64(cases[i].text,
				     strlen(cases[i].text), cases[i].max, &v),
		    cases[i].rc);
		assert_int_equal(v, cases[i].rc == 0 ? cases[i].value : 4711);
	}
}

static void num_duration_cases(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} cases[] = {
		{ "0s", 0 },
		{ "10ms", 10 },
		{ "1s", 1000 },
		{ "90m", 5400000 },
		{ "1h30m", 5400000 },
		{ "1m1ms", 60001 },
		{ "1w2d3h4m5s6ms", 788645006 },
		{ "3653d", 3653 * INT64_C(86400000) },
		{ "3653d1ms", -1 },
		{ "3654d", -1 },
		{ "522w", -1 },
		{ "99999999999999999999s", -1 },
		{ "315619200000ms", 315619200000 },
		{ "315619200001ms", -1 },
		{ "", -1 },
		{ "1", -1 },
		{ "s", -1 },
		{ "1x", -1 },
		{ "1h 30m", -1 },
		{ "30m1h", -1 },
		{ "1h1h", -1 },
		{ "-1s", -1 },
		{ "1.5h", -1 },
		{ "1H", -1 },
		{ "1h30", -1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		int64_t ms = 4711;

		assert_int_equal(num_parse_duration_ms(cases[i].text, &ms),
		    cases[i].ms == -1 ? -1 : 0);
		assert_int_equal(ms, cases[i].ms == -1 ? 4711 : cases[i].ms);
	}
}

static void num_size_cases(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t bytes;
	} cases[] = {
		{ "0", 0, 0 },
		{ "1234", 0, 1234 },
		{ "1 B", 0, 1 },
		{ "5kB", 0, 5000 },
		{ "5KB", 0, 5000 },
		{ "5 KiB", 0, 5120 },
		{ "1.5 GB", 0, 1500000000 },
		{ "0.1KiB", 0, 102 },
		{ "1.0000000000000000000000000000001 TB", 0, 1000000000000 },
		{ "1.999999999999999999999 kB", 0, 1999 },
		{ "1024 PiB", 0, UINT64_C(1) << 60 },
		{ "1024.1 PiB", -1, 0 },
		{ "1025 PiB", -1, 0 },
		{ "1152921504606846976", 0, UINT64_C(1) << 60 },
		{ "1152921504606846977", -1, 0 },
		{ "99999999999999999999999 GB", -1, 0 },
		{ "", -1, 0 },
		{ "GB", -1, 0 },
		{ "1.5", -1, 0 },
		{ "1.5 B", -1, 0 },
		{ "1. GB", -1, 0 },
		{ ".5 GB", -1, 0 },
		{ "1  GB", -1, 0 },
		{ "1 ", -1, 0 },
		{ " 1", -1, 0 },
		{ "1gb", -1, 0 },
		{ "1G", -1, 0 },
		{ "1 GBx", -1, 0 },
		{ "-1 GB", -1, 0 },
		{ "1,5 GB", -1, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		uint64_t bytes = 4711;

		assert_int_equal(num_parse_size(cases[i].text, &bytes),
		    cases[i].rc);
		assert_int_equal(bytes,
		    cases[i].rc == 0 ? cases[i].bytes : 4711);
	}
}

static void num_parse_rate_cases(void **state)
{
	static const struct {
		const char *text;
		uint64_t rate;
	} cases[] = {
		{ "40MB/s", 40000000 },
		{ "1.5 MB/s", 1500000 },
		{ "512KiB/s", 524288 },
		{ "200kB/s", 200000 },
		{ "1000B/s", 1000 },
		{ "7/s", 7 },
		{ "5000", 5000 },
		{ "0", 0 },
		{ "40MB", 4711 },
		{ "40MB/h", 4711 },
		{ "40Mbit/s", 4711 },
		{ "40 MB /s", 4711 },
		{ "/s", 4711 },
		{ "s", 4711 },
		{ "", 4711 },
		{ "-1MB/s", 4711 },
		{ "1MB/s ", 4711 },
		{ "1.5", 4711 },
		{ "00000000000000000000000000000000000000000000000000000000000"
		  "00000001MB/s",
		    4711 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t rate = 4711;

		assert_int_equal(num_parse_rate(cases[i].text, &rate),
		    cases[i].rate == 4711 ? -1 : 0);
		assert_int_equal(rate, cases[i].rate);
	}
}

static void num_format_cases(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1 kB" },
		{ 1234, "1.23 kB" },
		{ 1235, "1.24 kB" },
		{ 9994, "9.99 kB" },
		{ 9995, "10 kB" },
		{ 99949, "99.9 kB" },
		{ 99950, "100 kB" },
		{ 999499, "999 kB" },
		{ 999500, "1 MB" },
		{ 1500000000, "1.5 GB" },
		{ UINT64_MAX, "18.4 EB" },
	};
	static const struct {
		int64_t ms;
		const char *text;
	} durations[] = {
		{ 0, "0ms" },
		{ 350, "350ms" },
		{ 1000, "1s" },
		{ 45999, "45s" },
		{ 60000, "1m" },
		{ 61000, "1m01s" },
		{ 600000, "10m" },
		{ 3599999, "59m59s" },
		{ 3600000, "1h" },
		{ 3659999, "1h" },
		{ 7500000, "2h05m" },
		{ 273600000, "3d04h" },
		{ INT64_C(8640000000), "100d" },
		{ INT64_C(31622400000), "366d" },
		{ -45000, "-45s" },
	};
	char buf[NUM_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(sizes); i++)
		assert_string_equal(num_format_size(sizes[i].bytes, buf),
		    sizes[i].text);
	for (i = 0; i < COUNT(durations); i++)
		assert_string_equal(num_format_duration(durations[i].ms, buf),
		    durations[i].text);
	assert_int_equal(num_format_duration(INT64_MIN, buf)[0], '-');
	assert_true(strlen(num_format_duration(INT64_MAX, buf)) <
	    NUM_TEXT_MAX - 1);
}

/* instant */

static void instant_known_days(void **state)
{
	static const struct {
		int64_t year;
		int month, day;
		int64_t days;
		int wday;
	} cases[] = {
		{ 1970, 1, 1, 0, 4 },
		{ 1969, 12, 31, -1, 3 },
		{ 2000, 2, 29, 11016, 2 },
		{ 2000, 3, 1, 11017, 3 },
		{ 2024, 2, 29, 19782, 4 },
		{ 2026, 11, 22, 20779, 0 },
		{ 2038, 1, 19, 24855, 2 },
		{ 2100, 3, 1, 47541, 1 },
		{ 9999, 12, 31, 2932896, 5 },
		{ 1, 1, 1, -719162, 1 },
		{ 0, 3, 1, -719468, 3 },
		{ -400, 3, 1, -865565, 3 },
	};
	struct civil c;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(instant_days_from_civil(cases[i].year,
				     cases[i].month, cases[i].day),
		    cases[i].days);
		instant_civil_from_days(cases[i].days, &c);
		assert_int_equal(c.year, cases[i].year);
		assert_int_equal(c.month, cases[i].month);
		assert_int_equal(c.day, cases[i].day);
		assert_int_equal(c.wday, cases[i].wday);
	}
}

/* Every day of eight centuries follows the one before. */
static void instant_every_day(void **state)
{
	int64_t day, first = instant_days_from_civil(1600, 1, 1);
	struct civil c, next;

	(void)state;
	instant_civil_from_days(first, &c);
	for (day = first + 1; day < first + 2 * 146097; day++) {
		instant_civil_from_days(day, &next);
		assert_int_equal(next.wday, (c.wday + 1) % 7);
		if (c.day == instant_days_in_month(c.year, c.month)) {
			assert_int_equal(next.day, 1);
			assert_int_equal(next.month, c.month % 12 + 1);
		} else {
			assert_int_equal(next.day, c.day + 1);
			assert_int_equal(next.month, c.month);
		}
		assert_int_equal(instant_days_from_civil(next.year, next.month,
				     next.day),
		    day);
		c = next;
	}
	assert_int_equal(instant_days_in_month(1900, 2), 28);
	assert_int_equal(instant_days_in_month(2000, 2), 29);
	assert_int_equal(instant_days_in_month(2026, 0), 0);
	assert_int_equal(instant_days_in_month(2026, 13), 0);
}

static void instant_text(void **state)
{
	static const struct {
		const char *text;
		int64_t s; /* -1: refused */
		bool has_offset;
	} cases[] = {
		{ "2026-11-22T15:10:00Z", 1795360200, true },
		{ "2026-11-22 15:10:00Z", 1795360200, true },
		{ "2026-11-22t15:10z", 1795360200, true },
		{ "2026-11-22T16:10:00+01:00", 1795360200, true },
		{ "2026-11-22T16:10:00+0100", 1795360200, true },
		{ "2026-11-22T09:40:00-05:30", 1795360200, true },
		{ "2026-11-22T15:10", 1795360200, false },
		{ "2026-11-22T15:10:00.000Z", 1795360200, true },
		{ "2026-11-22T15:10:00.999999999", 1795360200, false },
		{ "2016-12-31T23:59:60Z", 1483228800, true },
		{ "1970-01-01T00:00:00Z", 0, true },
		{ "2038-01-19T03:14:08Z", INT64_C(2147483648), true },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799), true },
		{ "2024-02-29T00:00Z", 1709164800, true },
		{ "2025-02-29T00:00Z", -1, false },
		{ "1969-12-31T23:59:59Z", -1, false },
		{ "1970-01-01T00:00:00+01:00", -1, false },
		{ "2026-11-22", -1, false },
		{ "2026-11-22T", -1, false },
		{ "2026-11-22T15", -1, false },
		{ "2026-11-22T24:00", -1, false },
		{ "2026-11-22T15:60", -1, false },
		{ "2026-11-22T15:10:61Z", -1, false },
		{ "2026-11-22T15:10:00.Z", -1, false },
		{ "2026-11-22T15:10:00 Z", -1, false },
		{ "2026-11-22T15:10:00+1", -1, false },
		{ "2026-11-22T15:10:00+24:00", -1, false },
		{ "2026-11-22T15:10:00+01:60", -1, false },
		{ "2026-13-22T15:10Z", -1, false },
		{ "2026-00-22T15:10Z", -1, false },
		{ "2026-11-31T15:10Z", -1, false },
		{ "2026-11-00T15:10Z", -1, false },
		{ "26-11-22T15:10Z", -1, false },
		{ " 2026-11-22T15:10Z", -1, false },
		{ "2026-11-22T15:10Zx", -1, false },
		{ "+026-11-22T15:10Z", -1, false },
		{ "", -1, false },
	};
	char buf[INSTANT_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct wall t = { 4711 };
		bool has_offset = !cases[i].has_offset;
		int rc = instant_parse(cases[i].text, &t, &has_offset);

		assert_int_equal(rc, cases[i].s == -1 ? -1 : 0);
		if (rc == -1) {
			assert_int_equal(t.s, 4711);
			continue;
		}
		assert_int_equal(t.s, cases[i].s);
		assert_int_equal(has_offset, cases[i].has_offset);
	}
	assert_string_equal(instant_format((struct wall){ 1795360200 }, buf),
	    "2026-11-22T15:10:00Z");
	assert_string_equal(instant_format((struct wall){ -1 }, buf),
	    "1969-12-31T23:59:59Z");
	assert_string_equal(instant_format((struct wall){ WALL_NONE }, buf),
	    "never");
	/* Nonsense from a damaged record must not overflow. */
	(void)instant_format((struct wall){ INT64_MAX }, buf);
	(void)instant_format((struct wall){ INT64_MIN + 1 }, buf);
}

/* log */

struct capture {
	char text[8192];
	size_t n;
	int lines;
};

static void capture_line(void *cookie, enum log_level level, const char *line,
    size_t n)
{
	struct capture *c = cookie;

	(void)level;
	assert_int_equal(strlen(line), n);
	assert_true(n < sizeof(c->text));
	memcpy(c->text, line, n + 1);
	c->n = n;
	c->lines++;
}

static long long fixed_now(void *cookie)
{
	(void)cookie;
	return 1795360200;
}

static void log_line_format(void **state)
{
	static struct capture c;
	struct log log = { LOG_INFO, capture_line, fixed_now, &c };
	char big[3000];

	(void)state;
	log_event(&log, LOG_WARN, "will retry", "job", "a/b", "wait_s", "4",
	    "none", NULL, "text", "two words", "empty", "", NULL);
	assert_string_equal(c.text,
	    "2026-11-22T15:10:00Z warn  will retry job=a/b wait_s=4 "
	    "text=\"two words\" empty=\"\"\n");
	log_event(&log, LOG_ERROR, "a\nb\x1b", "k", "say \"x\"\\\n", "u",
	    "Zürich", "c", "\x01", NULL);
	assert_string_equal(c.text,
	    "2026-11-22T15:10:00Z error a\\x0ab\\x1b "
	    "k=\"say \\\"x\\\"\\\\\\x0a\" u=Zürich c=\"\\x01\"\n");
	assert_int_equal(c.lines, 2);
	log_event(&log, LOG_DEBUG, "dropped", NULL);
	log_event(NULL, LOG_ERROR, "dropped", NULL);
	assert_int_equal(c.lines, 2);
	/* Cut values, and pairs that do not fit any more are left out. */
	memset(big, 'v', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_event(&log, LOG_INFO, "big", "a", big, "b", big, "c", big, "d", big,
	    "e", "1", NULL);
	assert_true(c.n < 4096);
	assert_int_equal(c.text[c.n - 1], '\n');
	assert_non_null(strstr(c.text, " c="));
	assert_null(strstr(c.text, " d="));
	assert_non_null(strstr(c.text, " e=1\n"));
	memset(big, '"', sizeof(big) - 1);
	log_event(&log, LOG_INFO, big, "a", big, NULL);
	log_event(&log, LOG_INFO, big, "a", big, "b", big, "c", big, NULL);
	assert_int_equal(c.text[c.n - 1], '\n');
}

static void log_level_words(void **state)
{
	enum log_level level = LOG_WARN;

	(void)state;
	assert_int_equal(log_level_parse("debug", &level), 0);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse("error", &level), 0);
	assert_int_equal(level, LOG_ERROR);
	assert_int_equal(log_level_parse("Error", &level), -1);
	assert_int_equal(log_level_parse("", &level), -1);
	assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_kinds_have_names),
		cmocka_unit_test(err_set_escapes_and_resets),
		cmocka_unit_test(err_cuts_at_whole_characters),
		cmocka_unit_test(err_errno_keeps_the_reason),
		cmocka_unit_test(err_wrap_puts_context_first),
		cmocka_unit_test(text_escape_cases),
		cmocka_unit_test(text_escape_cuts),
		cmocka_unit_test(text_escape_of_all_bytes),
		cmocka_unit_test(text_utf8_cases),
		cmocka_unit_test(text_next_walks),
		cmocka_unit_test(text_put_is_text_next_backwards),
		cmocka_unit_test(text_nearest_cases),
		cmocka_unit_test(text_helpers),
		cmocka_unit_test(strbuf_grows_to_its_maximum),
		cmocka_unit_test(strbuf_errors_stick),
		cmocka_unit_test(vec_grows_zeroed),
		cmocka_unit_test(secret_is_wiped),
		cmocka_unit_test(hex_both_ways),
		cmocka_unit_test(num_u64_cases),
		cmocka_unit_test(num_duration_cases),
		cmocka_unit_test(num_size_cases),
		cmocka_unit_test(num_parse_rate_cases),
		cmocka_unit_test(num_format_cases),
		cmocka_unit_test(instant_known_days),
		cmocka_unit_test(instant_every_day),
		cmocka_unit_test(instant_text),
		cmocka_unit_test(log_line_format),
		cmocka_unit_test(log_level_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
