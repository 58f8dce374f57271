/* test_formats.c - positions, dates of HTTP, writing JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "base/strbuf.h"
#include "formats/http_date.h"
#include "formats/json_write.h"
#include "formats/text_pos.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* text_pos */

static void positions(void **state)
{
	static const char text[] = "ab\n\xc3\xa9x\n\n\xf0\x9f\x98\x80z";
	static const struct {
		size_t offset;
		int line, column;
	} cases[] = {
		{ 0, 1, 1 },
		{ 1, 1, 2 },
		{ 2, 1, 3 },
		{ 3, 2, 1 },
		{ 5, 2, 2 },
		{ 6, 2, 3 },
		{ 7, 3, 1 },
		{ 8, 4, 1 },
		{ 12, 4, 2 },
		{ 13, 4, 3 },
		{ 999, 4, 3 },
	};
	struct text_pos moved = { 1, 1 };
	size_t i, at = 0;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct text_pos pos = text_pos_at(text, sizeof(text) - 1,
		    cases[i].offset);

		if (pos.line != cases[i].line || pos.column != cases[i].column)
			fail_msg("%zu: %d:%d", cases[i].offset, pos.line,
			    pos.column);
		if (cases[i].offset > sizeof(text) - 1)
			continue;
		moved = text_pos_move(moved, text, at, cases[i].offset);
		at = cases[i].offset;
		assert_int_equal(moved.line, pos.line);
		assert_int_equal(moved.column, pos.column);
	}
	assert_int_equal(text_pos_at("", 0, 0).line, 1);
}

/* http_date */

static void dates_are_read(void **state)
{
	static const struct {
		const char *text, *utc;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z" },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", "1994-11-06T08:49:37Z" },
		{ "Sun Nov  6 08:49:37 1994", "1994-11-06T08:49:37Z" },
		{ "Sun Nov 16 08:49:37 1994", "1994-11-16T08:49:37Z" },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", "1970-01-01T00:00:00Z" },
		{ "Tue, 29 Feb 2028 23:59:59 GMT", "2028-02-29T23:59:59Z" },
		{ "Mon, 22 Nov 2106 00:00:00 GMT", "2106-11-22T00:00:00Z" },
		{ "Sat, 31 Dec 2016 23:59:60 GMT", "2017-01-01T00:00:00Z" },
		{ "Wednesday, 01-Jan-69 00:00:00 GMT", "2069-01-01T00:00:00Z" },
		{ "Wednesday, 01-Jan-70 00:00:00 GMT", "1970-01-01T00:00:00Z" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char text[INSTANT_TEXT_MAX];
		struct wall t = { 0 };

		assert_int_equal(http_date_parse(cases[i].text, &t), 0);
		assert_string_equal(instant_format(t, text), cases[i].utc);
	}
}

static void other_dates_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"Sun",
		"Sun,",
		"120",
		"Sun, 06 Nov 1994",
		"Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 GMT ",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 94 08:49:37 GMT",
		"Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sum, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT",
		"Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:61 GMT",
		"Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 31 Nov 1994 08:49:37 GMT",
		"Sun, 29 Feb 1994 08:49:37 GMT",
		"Sun, 06 Nox 1994 08:49:37 GMT",
		"Sun, -6 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun Nov 06 08:49:37 94",
		"Sun Nov 6 08:49:37 1994",
		"Sun Nov  6 08:49:37 1994 GMT",
		"Sun Nov    08:49:37 1994",
		"1994-11-06T08:49:37Z",
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct wall t = { 7 };

		if (http_date_parse(cases[i], &t) != -1)
			fail_msg("\"%s\" is accepted", cases[i]);
		assert_int_equal(t.s, 7);
	}
}

/* json_write */

static void write_sample(struct json_writer *w)
{
	json_write_begin_object(w);
	json_write_key(w, "a");
	json_write_u64(w, UINT64_MAX);
	json_write_key(w, "b");
	json_write_begin_array(w);
	json_write_i64(w, INT64_MIN);
	json_write_bool(w, true);
	json_write_bool(w, false);
	json_write_null(w);
	json_write_begin_object(w);
	json_write_end_object(w);
	json_write_begin_array(w);
	json_write_end_array(w);
	json_write_end_array(w);
	json_write_key(w, "c");
	json_write_string(w, NULL);
	json_write_end_object(w);
}

static void json_layout(void **state)
{
	struct strbuf out;
	struct json_writer w;

	(void)state;
	strbuf_init(&out, 1000);
	json_write_init(&w, &out, -1);
	write_sample(&w);
	assert_string_equal(strbuf_text(&out),
	    "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,"
	    "true,false,null,{},[]],\"c\":null}");
	strbuf_clear(&out);
	json_write_init(&w, &out, 2);
	write_sample(&w);
	assert_string_equal(strbuf_text(&out),
	    "{\n"
	    "  \"a\": 18446744073709551615,\n"
	    "  \"b\": [\n"
	    "    -9223372036854775808,\n"
	    "    true,\n"
	    "    false,\n"
	    "    null,\n"
	    "    {},\n"
	    "    []\n"
	    "  ],\n"
	    "  \"c\": null\n"
	    "}");
	strbuf_release(&out);
}

static void json_strings(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "", "\"\"" },
		{ "a/b", "\"a/b\"" },
		{ "\"\\\n\r\t", "\"\\\"\\\\\\n\\r\\t\"" },
		{ "\b\x1b\x7f", "\"\\u0008\\u001b\\u007f\"" },
		{ "\xc3\xa9\xe2\x80\xae", "\"\\u00e9\\u202e\"" },
		{ "\xf0\x9f\x98\x80", "\"\\ud83d\\ude00\"" },
		{ "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"" },
		{ "a\xff\xc3", "\"a\\ufffd\\ufffd\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct strbuf out;
		struct json_writer w;

		strbuf_init(&out, 100);
		json_write_init(&w, &out, -1);
		json_write_string(&w, cases[i].text);
		assert_string_equal(strbuf_text(&out), cases[i].json);
		strbuf_release(&out);
	}
}

static void json_reals(void **state)
{
	static const struct {
		double value;
		const char *json;
	} cases[] = {
		{ 0, "0.000" },
		{ -0.0, "0.000" },
		{ 1.5, "1.500" },
		{ -1.0005, "-1.001" },
		{ 0.0004, "0.000" },
		{ -0.0004, "0.000" },
		{ 0.9996, "1.000" },
		{ 999999999999.5, "999999999999.500" },
		{ 1e15, "1000000000000000" },
		{ -1e15, "-1000000000000000" },
		{ HUGE_VAL, "null" },
		{ -HUGE_VAL, "null" },
		{ NAN, "null" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct strbuf out;
		struct json_writer w;

		strbuf_init(&out, 100);
		json_write_init(&w, &out, -1);
		json_write_real(&w, cases[i].value);
		assert_string_equal(strbuf_text(&out), cases[i].json);
		strbuf_release(&out);
	}
}

static void json_misuse_sticks(void **state)
{
	struct strbuf out;
	struct json_writer w;
	int i;

	(void)state;
	strbuf_init(&out, 1000);
	json_write_init(&w, &out, -1);
	for (i = 0; i < JSON_WRITE_DEPTH_MAX; i++)
		json_write_begin_array(&w);
	assert_false(strbuf_failed(&out));
	json_write_begin_array(&w);
	assert_true(strbuf_failed(&out));
	strbuf_clear(&out);
	json_write_init(&w, &out, -1);
	json_write_end_object(&w);
	assert_true(strbuf_failed(&out));
	strbuf_release(&out);
	strbuf_init(&out, 3);
	json_write_init(&w, &out, 4);
	write_sample(&w);
	assert_true(strbuf_failed(&out));
	strbuf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positions),
		cmocka_unit_test(dates_are_read),
		cmocka_unit_test(other_dates_are_refused),
		cmocka_unit_test(json_layout),
		cmocka_unit_test(json_strings),
		cmocka_unit_test(json_reals),
		cmocka_unit_test(json_misuse_sticks),
	};

	return cmocka_run_group_tests_name("formats", tests, NULL, NULL);
}
