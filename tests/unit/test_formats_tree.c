/* test_formats_tree.c - YAML and JSON: what becomes a tree, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/strbuf.h"
#include "formats/json_each.h"
#include "formats/json_tree.h"
#include "formats/yaml_tree.h"
#include "support/small.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A text with NULs in it, and its length. */
#define BYTES(literal) (literal), sizeof(literal) - 1

static const struct json_limits json_limits = { TREE_JSON_BYTES_MAX,
	TREE_JSON_DEPTH_MAX, ERR_CONFIG, true };

/* "KEY(l:c)=" TYPE "(l:c)" TEXT, and children in brackets. */
static void show(const struct tree_node *n, struct strbuf *out)
{
	static const char types[] = "0b#sLM";
	size_t i;

	if (n->key != NULL)
		strbuf_printf(out, "%s(%d:%d)=", n->key, n->key_pos.line,
		    n->key_pos.column);
	strbuf_printf(out, "%c%s(%d:%d)", types[n->type], n->quoted ? "q" : "",
	    n->pos.line, n->pos.column);
	if (n->text != NULL)
		strbuf_puts(out, n->text);
	if (n->type != TREE_LIST && n->type != TREE_MAP)
		return;
	assert_null(n->text);
	strbuf_putc(out, '[');
	for (i = 0; i < n->n; i++) {
		if (i > 0)
			strbuf_putc(out, ' ');
		show(&n->children[i], out);
	}
	strbuf_putc(out, ']');
}

/* The tree as shown, or the error's text. */
static char *result(struct tree *t, const struct err *e)
{
	struct strbuf out;
	char *text;

	strbuf_init(&out, 10000);
	if (t == NULL)
		strbuf_printf(&out, "!%s", e->text);
	else if (tree_root(t) == NULL)
		strbuf_puts(&out, "empty");
	else
		show(tree_root(t), &out);
	text = strbuf_detach(&out);
	assert_non_null(text);
	tree_free(t);
	return text;
}

static void check_yaml(const char *text, size_t n, const char *expected)
{
	struct err e = ERR_INIT;
	/* Exactly as large as the text, so that one byte too far is seen. */
	char *copy = malloc(n > 0 ? n : 1), *got;

	assert_non_null(copy);
	memcpy(copy, text, n);
	got = result(yaml_tree_parse(copy, n, &e), &e);
	if (expected[0] == '!' && got[0] == '!') {
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strncmp(got, expected, strlen(expected)) != 0)
			fail_msg("%s: %s", text, got);
	} else if (strcmp(got, expected) != 0) {
		fail_msg("%s: %s", text, got);
	}
	free(got);
	free(copy);
}

static void yaml_trees(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ "", "empty" },
		{ "# only a comment\n\n", "empty" },
		{ "null\n", "0(1:1)null" },
		{ "---\n", "0(2:1)" },
		{ "--- a\n...\n", "s(1:5)a" },
		{ "\xef\xbb\xbf"
		  "a: b",
		    "M(1:1)[a(1:1)=s(1:4)b]" },
		{ "a: b\r\nc: d\r\n", "M(1:1)[a(1:1)=s(1:4)b c(2:1)=s(2:4)d]" },
		{ "a: 1\nb: [x, \"y\", {c: d}]\ne:\n  - f\n  - g: h\n",
		    "M(1:1)[a(1:1)=#(1:4)1 b(2:1)=L(2:4)[s(2:5)x sq(2:8)y "
		    "M(2:13)[c(2:14)=s(2:17)d]] e(3:1)=L(4:3)[s(4:5)f "
		    "M(5:5)[g(5:5)=s(5:8)h]]]" },
		{ "{}", "M(1:1)[]" },
		{ "[]", "L(1:1)[]" },
		{ "[[], {}, [a]]",
		    "L(1:1)[L(1:2)[] M(1:6)[] L(1:10)"
		    "[s(1:11)a]]" },
		{ "\xc3\xa9: \xc3\xa9",
		    "M(1:1)[\xc3\xa9(1:1)=s(1:4)"
		    "\xc3\xa9]" },
		{ "a: |\n  x\n  y\n", "M(1:1)[a(1:1)=sq(1:4)x\ny\n]" },
		{ "\"\": ''", "M(1:1)[(1:1)=sq(1:5)]" },
		{ "\"<<\": x", "M(1:1)[<<(1:1)=s(1:7)x]" },
		{ "? a\n: b\n", "M(1:1)[a(1:3)=s(2:3)b]" },
		{ "1: x", "M(1:1)[1(1:1)=s(1:4)x]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_yaml(cases[i].text, strlen(cases[i].text), cases[i].tree);
}

static void yaml_scalars(void **state)
{
	static const struct {
		const char *text;
		enum tree_type type;
		const char *value;
	} cases[] = {
		{ "~", TREE_NULL, "~" },
		{ "", TREE_NULL, "" },
		{ "null", TREE_NULL, "null" },
		{ "NULL", TREE_NULL, "NULL" },
		{ "nULL", TREE_STRING, "nULL" },
		{ "true", TREE_BOOL, "true" },
		{ "True", TREE_BOOL, "true" },
		{ "FALSE", TREE_BOOL, "false" },
		{ "tRUE", TREE_STRING, "tRUE" },
		{ "yes", TREE_STRING, "yes" },
		{ "on", TREE_STRING, "on" },
		{ "0", TREE_NUMBER, "0" },
		{ "-5", TREE_NUMBER, "-5" },
		{ "1.50", TREE_NUMBER, "1.50" },
		{ "99999999999999999999", TREE_NUMBER, "99999999999999999999" },
		{ "010", TREE_STRING, "010" },
		{ "0x10", TREE_STRING, "0x10" },
		{ "1:30", TREE_STRING, "1:30" },
		{ "1_000", TREE_STRING, "1_000" },
		{ "+1", TREE_STRING, "+1" },
		{ "1e3", TREE_STRING, "1e3" },
		{ ".5", TREE_STRING, ".5" },
		{ "5.", TREE_STRING, "5." },
		{ "1.2.3", TREE_STRING, "1.2.3" },
		{ "-x", TREE_STRING, "-x" },
		{ "20GB", TREE_STRING, "20GB" },
		{ ".nan", TREE_STRING, ".nan" },
		{ "\"5\"", TREE_STRING, "5" },
		{ "'true'", TREE_STRING, "true" },
		{ "\"\"", TREE_STRING, "" },
		{ "\"a\\tb\"", TREE_STRING, "a\tb" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char text[64];
		struct err e = ERR_INIT;
		struct tree *t;
		const struct tree_node *v;
		int n = snprintf(text, sizeof(text), "v: %s", cases[i].text);

		t = yaml_tree_parse(text, (size_t)n, &e);
		if (t == NULL)
			fail_msg("%s: %s", text, e.text);
		v = tree_get(tree_root(t), "v");
		if (v->type != cases[i].type ||
		    strcmp(v->text, cases[i].value) != 0)
			fail_msg("%s: %s \"%s\"", text, tree_type_name(v->type),
			    v->text);
		tree_free(t);
	}
}

static void yaml_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *problem;
	} cases[] = {
		/* bytes */
		{ BYTES("a: b\0c"), "!1:5: a NUL" },
		{ BYTES("a\0:\0 \0b\0"), "!1:2: a NUL" },
		{ BYTES("\xff\xfe"
			"a\0"),
		    "!1:1: this is not UTF-8" },
		{ BYTES("a: x\nb: \xff"), "!2:4: this is not UTF-8" },
		{ BYTES("a: \xc0\xae"), "!1:4: this is not UTF-8" },
		{ BYTES("a: \xed\xa0\x80"), "!1:4: this is not UTF-8" },
		{ BYTES("a: \x1b"), "!1:4: a control" },
		{ BYTES("a: \x7f"), "!1:4: a control" },
		{ BYTES("a: x\xc2\x85y"), "!1:5: a control" },
		{ BYTES("a: x\xe2\x80\xa8y"), "!1:5: an invisible" },
		{ BYTES("a: x\xef\xbb\xbfy"), "!1:5: an invisible" },
		{ BYTES("a: \xef\xbf\xbe"), "!1:4: control characters" },
		{ BYTES("a: \"x\\0y\""), "!1:4: a text with a NUL" },
		{ BYTES("\"a\\0\": b"), "!1:1: a text with a NUL" },
		/* syntax, as libyaml says it */
		{ BYTES("a:\n\tb: 1"),
		    "!2:1: found character that cannot "
		    "start any token (while scanning for the next token, "
		    "from line 2); a tab cannot indent, near \"b: 1\"" },
		{ BYTES("a: @x"),
		    "!1:4: found character that cannot start "
		    "any token (while scanning for the next token, from "
		    "line 1), near \"a: @x\"" },
		{ BYTES("a: \"x\nb: c\n"),
		    "!3:1: found unexpected end of "
		    "stream (while scanning a quoted scalar, from line 1)" },
		{ BYTES("a:\n b: 1\n  c: 2\n"),
		    "!3:4: mapping values are "
		    "not allowed in this context, near \"c: 2\"" },
		{ BYTES("p: \"D:\\xen\""),
		    "!1:9: did not find expected hexdecimal number (while "
		    "parsing a quoted scalar, from line 1); in a path write "
		    "\"/\" for the backslash (D:/models), near" },
		{ BYTES("p: \"D:\\users\""),
		    "!1:9: did not find expected hexdecimal number (while "
		    "parsing a quoted scalar, from line 1); in a path write "
		    "\"/\" for the backslash (D:/models), near" },
		{ BYTES("p: \"D:\\models\""),
		    "!1:7: found unknown escape "
		    "character (while parsing a quoted scalar, from line 1); "
		    "in a path write \"/\" for the backslash (D:/models), "
		    "near" },
		{ BYTES("a: [b"), "!2:1: did not find" },
		{ BYTES("a: [b]]"), "!1:7: did not find" },
		{ BYTES("]"), "!1:1: did not find" },
		{ BYTES("- a\nb: c"), "!2:1: did not find" },
		/* what YAML has and a configuration does not need */
		{ BYTES("a: &x b"), "!1:4: anchors" },
		{ BYTES("a: &x [b]"), "!1:4: anchors" },
		{ BYTES("a: &x {b: *x}"), "!1:4: anchors" },
		{ BYTES("a: *x"), "!1:4: aliases" },
		{ BYTES("*x : a"), "!1:1: aliases" },
		{ BYTES("<<: {a: b}"), "!1:1: merge" },
		{ BYTES("a: !!binary x"), "!1:4: tags" },
		{ BYTES("a: !x [b]"), "!1:4: tags" },
		{ BYTES("a: !!python/object:x {}"), "!1:4: tags" },
		{ BYTES("!!str a: b"), "!1:1: tags" },
		{ BYTES("a: b\n---\nc: d"), "!2:1: only one document" },
		{ BYTES("--- \n--- \n"), "!2:1: only one document" },
		{ BYTES("%YAML 9.9\n---\na"), "!1:1: found incompatible" },
		{ BYTES("%YAML 1.1\n---\na"), "!1:1: directives" },
		{ BYTES("%TAG ! tag:x:\n---\na"), "!1:1: directives" },
		{ BYTES("? [a]\n: b"), "!1:3: a key must be" },
		{ BYTES("? {a: b}\n: c"), "!1:3: a key must be" },
		{ BYTES("? \n: a"), "!1:2: a key is missing" },
		{ BYTES("{? : a}"), "!1:4: a key is missing" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_yaml(cases[i].text, cases[i].n, cases[i].problem);
}

static void duplicates_are_found(void **state)
{
	static const struct {
		const char *yaml, *said;
	} cases[] = {
		{ "", "0" },
		{ "a: 1\nb: {a: 1}\nc: {a: 1, b: 2}", "0" },
		{ "a: 1\nb: 2\na: 3", "1 a 3:1/1" },
		{ "x:\n  - {a: 1, \"a\": 2}", "1 a 2:12/2" },
		/* each names the first, also among many keys */
		{ "a: 1\na: 2\na: 3\nb: {c: 1,\n c: 2}\nb: 1",
		    "4 a 2:1/1 a 3:1/1 b 6:1/4 c 5:2/4" },
		{ "{b: 0, a: 0, c: 0, d: 0, e: 0, f: 0, g: 0, h: 0,\n"
		  "i: 0, j: 0, k: 0, l: 0, m: 0, h: 0,\nb: 0,\na: 0, h: 0}",
		    "4 h 2:31/1 b 3:1/1 a 4:1/1 h 4:7/1" },
		/* more than there is room for */
		{ "a: 1\na: 2\na: 3\na: 4\na: 5\na: 6",
		    "5 a 2:1/1 a 3:1/1 a 4:1/1 a 5:1/1" },
	};
	struct tree_duplicate d[4];
	struct err e = ERR_INIT;
	size_t i, k, n;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct tree *t = yaml_tree_parse(cases[i].yaml,
		    strlen(cases[i].yaml), &e);
		struct strbuf out;

		assert_non_null(t);
		assert_int_equal(tree_duplicates(t, d, COUNT(d), &n), 0);
		strbuf_init(&out, 1000);
		strbuf_printf(&out, "%zu", n);
		for (k = 0; k < n && k < COUNT(d); k++)
			strbuf_printf(&out, " %s %d:%d/%d", d[k].again->key,
			    d[k].again->key_pos.line,
			    d[k].again->key_pos.column,
			    d[k].first->key_pos.line);
		assert_string_equal(strbuf_text(&out), cases[i].said);
		strbuf_release(&out);
		tree_free(t);
	}
}

static void yaml_excerpt_is_cut_and_harmless(void **state)
{
	char text[200];
	struct err e = ERR_INIT;
	size_t i;

	(void)state;
	/* The cut would go through the middle of an e with an accent. */
	memcpy(text, "  @", 3);
	for (i = 3; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	assert_null(yaml_tree_parse(text, i, &e));
	assert_non_null(strstr(e.text, "near \"@\xc3\xa9"));
	assert_null(strstr(e.text, "\\x"));
	assert_true(strlen(e.text) < 200);
}

/* `n` times `unit`. */
static char *repeat(const char *unit, size_t n, size_t *len)
{
	size_t m = strlen(unit), i;
	char *text = malloc(n * m + 1);

	assert_non_null(text);
	for (i = 0; i < n; i++)
		memcpy(text + i * m, unit, m);
	*len = n * m;
	return text;
}

static void yaml_depth(void **state)
{
	char text[2 * TREE_YAML_DEPTH_MAX + 2];
	struct err e = ERR_INIT;
	struct tree *t;

	(void)state;
	memset(text, '[', TREE_YAML_DEPTH_MAX);
	memset(text + TREE_YAML_DEPTH_MAX, ']', TREE_YAML_DEPTH_MAX);
	t = yaml_tree_parse(text, (size_t)2 * TREE_YAML_DEPTH_MAX, &e);
	assert_non_null(t);
	tree_free(t);
	memset(text, '[', TREE_YAML_DEPTH_MAX + 1);
	memset(text + TREE_YAML_DEPTH_MAX + 1, ']', TREE_YAML_DEPTH_MAX + 1);
	assert_null(yaml_tree_parse(text, (size_t)2 * TREE_YAML_DEPTH_MAX + 2,
	    &e));
	assert_string_equal(e.text, "1:33: this is nested too deeply");
}

/*
 * The bound is far above what is needed (a few ms, more under a sanitizer) and
 * far below what reading to the end takes (minutes).
 */
static void hostile_nesting_is_quick(void **state)
{
	static const char *const units[] = { "[", "{", "- ", "? ", "[\n",
		"{a: ", "a: [", "{? " };
	clock_t start = clock();
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(units); i++) {
		struct err e = ERR_INIT;
		size_t n;
		char *text = repeat(units[i],
		    TREE_YAML_BYTES_MAX / strlen(units[i]), &n);

		assert_null(yaml_tree_parse(text, n, &e));
		assert_int_equal(e.kind, ERR_CONFIG);
		free(text);
		text = repeat("[", 1024 * 1024, &n);
		assert_null(yaml_tree_parse(text, n, &e));
		assert_string_equal(e.text,
		    "1:1: the file is larger than 262144 bytes");
		assert_null(json_tree_parse(text, n, &json_limits, &e));
		assert_string_equal(e.text, "1:65: this is nested too deeply");
		free(text);
	}
	assert_true(clock() - start < 5 * CLOCKS_PER_SEC);
}

static void check_json(const char *text, size_t n, const char *expected)
{
	struct err e = ERR_INIT;
	char *copy = malloc(n > 0 ? n : 1), *got;

	assert_non_null(copy);
	memcpy(copy, text, n);
	got = result(json_tree_parse(copy, n, &json_limits, &e), &e);
	if (expected[0] == '!' && got[0] == '!') {
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strncmp(got, expected, strlen(expected)) != 0)
			fail_msg("%s: %s", text, got);
	} else if (strcmp(got, expected) != 0) {
		fail_msg("%s: %s", text, got);
	}
	free(got);
	free(copy);
}

static void json_trees(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{ "[]", "L(1:1)[]" },
		{ " { } ", "M(1:2)[]" },
		{ "\xef\xbb\xbf[]", "L(1:1)[]" },
		{ "0", "#(1:1)0" },
		{ "-1.5e+3", "#(1:1)-1.5e+3" },
		{ "\n true\n", "b(2:2)true" },
		{ "null", "0(1:1)null" },
		{ "\"\"", "s(1:1)" },
		{ "[1,-0,1E9,0.5,1e999]",
		    "L(1:1)[#(1:2)1 #(1:4)-0 #(1:7)1E9 "
		    "#(1:11)0.5 #(1:15)1e999]" },
		{ "{\"a\": [true, {\"b\": null}],\n \"c\": \"\xc3\xa9\", "
		  "\"d\": {}}",
		    "M(1:1)[a(1:2)=L(1:7)[b(1:8)true M(1:14)[b(1:15)="
		    "0(1:20)null]] c(2:2)=s(2:7)\xc3\xa9 d(2:12)=M(2:17)[]]" },
		{ "[[[]],[[],[1]],{}]",
		    "L(1:1)[L(1:2)[L(1:3)[]] L(1:7)"
		    "[L(1:8)[] L(1:11)[#(1:12)1]] M(1:16)[]]" },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s(1:1)\"\\/\b\f\n\r\t" },
		{ "\"\\u0041\\u00e9\\u20ac\\uD83D\\ude00\\u001b\"",
		    "s(1:1)A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x1b" },
		{ "\"\\udbff\\udfff\\uffff\"",
		    "s(1:1)\xf4\x8f\xbf\xbf\xef\xbf\xbf" },
		{ "{\"\": 1, \"\\u0061\": 2}",
		    "M(1:1)[(1:2)=#(1:6)1 a(1:9)=#(1:19)2]" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_json(cases[i].text, strlen(cases[i].text), cases[i].tree);
}

static void json_refusals(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		const char *problem;
	} cases[] = {
		{ BYTES(""), "!1:1: there is nothing" },
		{ BYTES(" \n"), "!1:1: there is nothing" },
		{ BYTES("\xef\xbb\xbf"), "!1:1: there is nothing" },
		/* what jsmn lets through */
		{ BYTES("[] x"), "!1:4: nothing may follow" },
		{ BYTES("{}{}"), "!1:3: nothing may follow" },
		{ BYTES("1 2"), "!1:3: nothing may follow" },
		{ BYTES("{\"a\" \"b\"}"), "!1:6: a colon" },
		{ BYTES("{\"a\", \"b\"}"), "!1:5: a colon" },
		{ BYTES("{\"a\"}"), "!1:5: a colon" },
		{ BYTES("{\"a\":}"), "!1:6: a value" },
		{ BYTES("{\"a\":1 \"b\":2}"), "!1:8: \",\" or \"}\"" },
		{ BYTES("{\"a\":1,}"), "!1:8: no comma" },
		{ BYTES("{\"a\":1:2}"), "!1:7: \",\" or \"}\"" },
		{ BYTES("{1:2}"), "!1:2: a key" },
		{ BYTES("{a:2}"), "!1:2: a key" },
		{ BYTES("{[]:2}"), "!1:2: a key" },
		{ BYTES("{,}"), "!1:2: a key" },
		{ BYTES("{\"a\":1,,}"), "!1:8: a key" },
		{ BYTES("[1 2]"), "!1:4: \",\" or \"]\"" },
		{ BYTES("[1,,2]"), "!1:4: a value" },
		{ BYTES("[,1]"), "!1:2: a value" },
		{ BYTES("[1,]"), "!1:4: no comma" },
		{ BYTES("[1}"), "!1:3: \",\" or \"]\"" },
		{ BYTES("{\"a\":1]"), "!1:7: \",\" or \"}\"" },
		{ BYTES("[\"a\":1]"), "!1:5: \",\" or \"]\"" },
		{ BYTES("]"), "!1:1: a value" },
		{ BYTES("[truex]"), "!1:6: \",\" or \"]\"" },
		{ BYTES("[True]"), "!1:2: a value" },
		{ BYTES("[NaN]"), "!1:2: a value" },
		{ BYTES("[Infinity]"), "!1:2: a value" },
		{ BYTES("['a']"), "!1:2: a value" },
		{ BYTES("[01]"), "!1:2: a number has no leading zero" },
		{ BYTES("[-01]"), "!1:2: a number has no leading zero" },
		{ BYTES("[-]"), "!1:3: a digit" },
		{ BYTES("[+1]"), "!1:2: a value" },
		{ BYTES("[.5]"), "!1:2: a value" },
		{ BYTES("[1.]"), "!1:4: a digit" },
		{ BYTES("[1.2.3]"), "!1:5: \",\" or \"]\"" },
		{ BYTES("[1e]"), "!1:4: a digit" },
		{ BYTES("[1e+]"), "!1:5: a digit" },
		{ BYTES("[0x10]"), "!1:3: \",\" or \"]\"" },
		{ BYTES("[1] // x"), "!1:5: nothing may follow" },
		/* cut short */
		{ BYTES("["), "!1:2: the text ends" },
		{ BYTES("[1"), "!1:3: the text ends" },
		{ BYTES("[1,"), "!1:4: the text ends" },
		{ BYTES("{"), "!1:2: the text ends" },
		{ BYTES("{\"a\""), "!1:5: the text ends" },
		{ BYTES("{\"a\":"), "!1:6: the text ends" },
		{ BYTES("-"), "!1:2: the text ends" },
		{ BYTES("tru"), "!1:1: a value" },
		{ BYTES("[\n \"ab"), "!2:2: this string is not closed" },
		{ BYTES("[\"a\\"), "!1:5: the text ends" },
		{ BYTES("[\"\\u00"), "!1:3: \\u needs" },
		{ BYTES("[\"\\ud83d\\u"), "!1:3: half" },
		/* bytes and escapes */
		{ BYTES("[1]\0"), "!1:4: a NUL" },
		{ BYTES("[1,\0 2]"), "!1:4: a NUL" },
		{ BYTES("[\"a\0b\"]"), "!1:4: a control" },
		{ BYTES("[\"a\tb\"]"), "!1:4: a control" },
		{ BYTES("[\"a\nb\"]"), "!1:2: this string is not closed on" },
		{ BYTES("[\"\\u0000\"]"), "!1:3: \\u0000" },
		{ BYTES("[\"\\ud800\"]"), "!1:3: half" },
		{ BYTES("[\"\\ud800x\"]"), "!1:3: half" },
		{ BYTES("[\"\\ud800\\u0041\"]"), "!1:3: half" },
		{ BYTES("[\"\\ud800\\ud800\"]"), "!1:3: half" },
		{ BYTES("[\"\\udc00\"]"), "!1:3: half" },
		{ BYTES("[\"\\u12g4\"]"), "!1:3: \\u needs" },
		{ BYTES("[\"\\x41\"]"), "!1:3: unknown escape" },
		{ BYTES("[\"\\\0\"]"), "!1:3: unknown escape" },
		{ BYTES("[\"D:\\models\"]"),
		    "!1:5: unknown escape; in a "
		    "path write \"/\"" },
		{ BYTES("[\"\xc3\xa9\xff\"]"), "!1:4: this is not UTF-8" },
		{ BYTES("[\"\xc0\xae\"]"), "!1:3: this is not UTF-8" },
		{ BYTES("[\"\xed\xa0\x80\"]"), "!1:3: this is not UTF-8" },
		{ BYTES("[\xc3\xa9]"), "!1:2: a value" },
		{ BYTES("[\x0b"
			"1]"),
		    "!1:2: a value" },
		{ BYTES("{\"a\":1,\n\"b\":2,\n\"a\":3}"),
		    "!3:1: duplicate key \"a\" (first on line 1)" },
		{ BYTES("[{\"a\":1,\"\\u0061\":3}]"),
		    "!1:9: duplicate key \"a\" (first on line 1)" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_json(cases[i].text, cases[i].n, cases[i].problem);
}

static void json_limits_hold(void **state)
{
	struct json_limits limits = { 10, 2, ERR_TRANSIENT, false };
	struct err e = ERR_INIT;
	struct tree *t;

	(void)state;
	t = json_tree_parse(BYTES("[[1,2,34]]"), &limits, &e);
	assert_non_null(t);
	tree_free(t);
	assert_null(json_tree_parse(BYTES("[[1,2,345]]"), &limits, &e));
	assert_string_equal(e.text, "1:1: the text is larger than 10 bytes");
	assert_int_equal(e.kind, ERR_TRANSIENT);
	assert_null(json_tree_parse(BYTES("[[[]]]"), &limits, &e));
	assert_string_equal(e.text, "1:3: this is nested too deeply");
	limits.bytes_max = 100;
	t = json_tree_parse(BYTES("{\"a\":1,\"b\":2,\"a\":3}"), &limits, &e);
	assert_non_null(t);
	assert_string_equal(tree_get(tree_root(t), "a")->text, "3");
	assert_null(tree_get(tree_root(t), "c"));
	assert_null(tree_get(tree_get(tree_root(t), "a"), "a"));
	tree_free(t);
}

static void json_depth(void **state)
{
	char text[2 * TREE_JSON_DEPTH_MAX];
	struct json_limits limits = json_limits;
	struct err e = ERR_INIT;
	struct tree *t;

	(void)state;
	limits.depth_max = 1000;
	memset(text, '[', TREE_JSON_DEPTH_MAX);
	memset(text + TREE_JSON_DEPTH_MAX, ']', TREE_JSON_DEPTH_MAX);
	t = json_tree_parse(text, sizeof(text), &limits, &e);
	assert_non_null(t);
	tree_free(t);
	memset(text, '[', sizeof(text));
	assert_null(json_tree_parse(text, sizeof(text), &limits, &e));
	assert_string_equal(e.text, "1:65: this is nested too deeply");
}

/* Without jsmn's parent links this takes 43 s; a quadratic search for
 * duplicate keys would take as long. */
static void large_json_is_quick(void **state)
{
	const size_t n = all_or(200000, 20000);
	char text[80];
	struct err e = ERR_INIT;
	struct strbuf out;
	struct tree *t;
	clock_t start = clock();
	size_t i;

	(void)state;
	strbuf_init(&out, 16 * 1024 * 1024);
	strbuf_putc(&out, '[');
	for (i = 0; i < n; i++)
		strbuf_printf(&out, "%s{\"name\": \"org/m%06zu\"}",
		    i == 0 ? "" : ",", i);
	strbuf_putc(&out, ']');
	t = json_tree_parse(strbuf_text(&out), out.len, &json_limits, &e);
	assert_non_null(t);
	assert_int_equal(tree_root(t)->n, n);
	(void)snprintf(text, sizeof(text), "org/m%06zu", n - 1);
	assert_string_equal(tree_get(&tree_root(t)->children[n - 1], "name")
				->text,
	    text);
	tree_free(t);
	strbuf_clear(&out);
	strbuf_putc(&out, '{');
	for (i = 0; i < n; i++)
		strbuf_printf(&out, "\"k%zu\": %zu,\n", i, i);
	strbuf_puts(&out, "\"k77\": 0}");
	assert_null(json_tree_parse(strbuf_text(&out), out.len, &json_limits,
	    &e));
	(void)snprintf(text, sizeof(text),
	    "%zu:1: duplicate key \"k77\" (first on line 78)", n + 1);
	assert_string_equal(e.text, text);
	strbuf_release(&out);
	assert_true(clock() - start < 20 * CLOCKS_PER_SEC);
}

static void json_values_are_counted(void **state)
{
	struct err e = ERR_INIT;
	size_t n;
	char *text = repeat("1,", 4000001, &n);

	(void)state;
	text[0] = '[';
	text[1] = ' ';
	assert_null(json_tree_parse(text, n, &json_limits, &e));
	assert_non_null(strstr(e.text, "too many values"));
	free(text);
}

/* --- one entry at a time -------------------------------------------------- */

struct seen {
	struct strbuf text;
	unsigned left; /* entries that are taken */
};

static int see(void *cookie, bool inside, const struct tree_node *entry,
    struct err *e)
{
	struct seen *s = cookie;

	if (s->left-- == 0)
		return err_set(e, ERR_DISK, "enough");
	strbuf_putc(&s->text, inside ? '+' : '-');
	show(entry, &s->text);
	strbuf_putc(&s->text, '\n');
	return 0;
}

static int each(const char *text, size_t n, struct seen *s, unsigned most,
    bool *found, struct err *e)
{
	const struct json_limits limits = { 300, 5, ERR_CONFIG, true };

	strbuf_init(&s->text, 100000);
	s->left = most;
	return json_each(text, n, &limits, "files", found, see, s, e);
}

static void json_entries(void **state)
{
	static const struct {
		const char *text, *seen;
		bool found;
		const char *problem; /* NULL: none */
	} rows[] = {
		{ "{}", "", false, NULL },
		{ " {\"files\": {}}\n", "", true, NULL },
		{ "\xEF\xBB\xBF{\"a\":1}", "-a(1:2)=#(1:6)1\n", false, NULL },
		{ "{\"a\":{\"files\":{\"x\":1}},\"b\":[[],{}],\n\"files\":[1]}",
		    "-a(1:2)=M(1:6)[files(1:7)=M(1:15)[x(1:16)=#(1:20)1]]\n"
		    "-b(1:2)=L(1:6)[L(1:7)[] M(1:10)[]]\n"
		    "-files(1:2)=L(1:10)[#(1:11)1]\n",
		    false, NULL },
		{ "{\"v\":null,\"files\":{\"a\\u00e9\":{\"n\":[true]},"
		  "\n \"b\" : {} ,\"c\":2},\"w\":\"\"}",
		    "-v(1:2)=0(1:6)null\n"
		    "+a\xC3\xA9(1:2)=M(1:12)[n(1:13)=L(1:17)[b(1:18)true]]\n"
		    "+b(1:2)=M(1:8)[]\n+c(1:2)=#(1:6)2\n-w(1:2)=s(1:6)\n",
		    true, NULL },
		{ "{\"files\":{\"files\":{\"files\":{}}}}",
		    "+files(1:2)=M(1:10)[files(1:11)=M(1:19)[]]\n", true,
		    NULL },
		{ "[{\"files\":{}}]", "", false, "1:1: the document is no" },
		{ "1", "", false, "1:1: the document is no" },
		{ "", "", false, "1:1: there is nothing" },
		{ "{\"files\":{},\"files\":{}}", "", true, "twice" },
		{ "{\"files\":{\"a\":{\"b\":1,\"b\":2}}}", "", true,
		    "duplicate key \"b\"" },
		{ "{\"files\":{\"a\":1},}", "+a(1:2)=#(1:6)1\n", true,
		    "1:18: no comma" },
		{ "{\"files\":{\"a\":1}}}", "+a(1:2)=#(1:6)1\n", true,
		    "1:18: nothing may follow" },
		{ "{\"files\":{\"a\":[[[[1]]]]}}", "", true, "too deeply" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct err e = ERR_INIT;
		struct seen s;
		bool found;
		int rc = each(rows[i].text, strlen(rows[i].text), &s, 100,
		    &found, &e);

		print_message("%s: %s\n", rows[i].text, e.text);
		assert_string_equal(strbuf_text(&s.text), rows[i].seen);
		assert_int_equal(rc, rows[i].problem == NULL ? 0 : -1);
		assert_int_equal(found, rows[i].found);
		if (rc == -1) {
			assert_int_equal(e.kind, ERR_CONFIG);
			assert_non_null(strstr(e.text, rows[i].problem));
		}
		strbuf_release(&s.text);
	}
}

static void json_entries_can_be_refused(void **state)
{
	static const char text[] =
	    "{\"a\":1,\"files\":{\"b\":2,\"c\":3},\"d\":[]}";

	(void)state;
	for (unsigned most = 0; most <= 4; most++) {
		struct err e = ERR_INIT;
		struct seen s;
		bool found;
		int rc = each(BYTES(text), &s, most, &found, &e);

		assert_int_equal(rc, most < 4 ? -1 : 0);
		assert_int_equal(e.kind, most < 4 ? ERR_DISK : ERR_NONE);
		strbuf_release(&s.text);
	}
}

/* What has been cut off anywhere, and what is too long. */
static void json_entries_need_the_whole(void **state)
{
	static const char text[] =
	    "{\"a\":[0],\"files\":{\"b\":{\"c\":\"d\"}}}";
	char *copy, much[302];

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct err e = ERR_INIT;
		struct seen s;
		bool found;

		/* Of just that size, for the tools that watch the bounds. */
		copy = malloc(n + (n == 0));
		assert_non_null(copy);
		memcpy(copy, text, n);
		assert_int_equal(each(copy, n, &s, 100, &found, &e),
		    n == sizeof(text) - 1 ? 0 : -1);
		strbuf_release(&s.text);
		free(copy);
	}
	memset(much, ' ', sizeof(much));
	memcpy(much, "{}", 2);
	for (size_t n = 300; n <= 301; n++) {
		struct err e = ERR_INIT;
		struct seen s;
		bool found;

		assert_int_equal(each(much, n, &s, 100, &found, &e),
		    n == 300 ? 0 : -1);
		strbuf_release(&s.text);
	}
}

static void tree_helpers(void **state)
{
	(void)state;
	assert_string_equal(tree_type_name(TREE_NULL), "null");
	assert_string_equal(tree_type_name(TREE_MAP), "a map");
	tree_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(yaml_trees),
		cmocka_unit_test(yaml_scalars),
		cmocka_unit_test(yaml_refusals),
		cmocka_unit_test(duplicates_are_found),
		cmocka_unit_test(yaml_excerpt_is_cut_and_harmless),
		cmocka_unit_test(yaml_depth),
		cmocka_unit_test(hostile_nesting_is_quick),
		cmocka_unit_test(json_trees),
		cmocka_unit_test(json_refusals),
		cmocka_unit_test(json_limits_hold),
		cmocka_unit_test(json_depth),
		cmocka_unit_test(large_json_is_quick),
		cmocka_unit_test(json_values_are_counted),
		cmocka_unit_test(json_entries),
		cmocka_unit_test(json_entries_can_be_refused),
		cmocka_unit_test(json_entries_need_the_whole),
		cmocka_unit_test(tree_helpers),
	};

	return cmocka_run_group_tests_name("formats_tree", tests, NULL, NULL);
}
