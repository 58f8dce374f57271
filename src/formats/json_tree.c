/*
 * json_tree.c - the only user of jsmn.
 *
 * check_document() is the grammar: it refuses all that is not JSON, counts
 * what there is and bounds the depth (jsmn walks up all open containers at
 * each closing bracket).  jsmn then cuts known good text into tokens.
 */
#include "formats/json_tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/text.h"
#include "formats/tree_build.h"

enum { VALUES_MAX = 4000000 };

struct checker {
	const char *text;
	size_t n, at;
	int depth, depth_max;
	bool in_map[TREE_JSON_DEPTH_MAX];
	size_t values, keys;
	bool root_is_word; /* a number, true, false or null alone */
	size_t root_start, root_end;
	const char *problem;
	size_t problem_at;
};

static int fail(struct checker *c, size_t at, const char *problem)
{
	c->problem = problem;
	c->problem_at = at;
	return -1;
}

/* The byte at `at`, or NUL behind the end (a NUL inside fits nowhere). */
static char peek(const struct checker *c)
{
	return c->at < c->n ? c->text[c->at] : '\0';
}

static void skip_space(struct checker *c)
{
	while (c->at < c->n &&
	    (c->text[c->at] == ' ' || c->text[c->at] == '\t' ||
		c->text[c->at] == '\n' || c->text[c->at] == '\r'))
		c->at++;
}

static int fail_here(struct checker *c, const char *problem)
{
	if (c->at >= c->n)
		return fail(c, c->n, "the text ends too early");
	if (c->text[c->at] == '\0')
		return fail(c, c->at, "a NUL byte is not allowed");
	return fail(c, c->at, problem);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The four digits of a \u escape, or -1. */
static int32_t hex4(const char *text, size_t n)
{
	int32_t value = 0;
	int i;

	if (n < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		int digit = hex_value(text[i]);

		if (digit == -1)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static bool is_high(int32_t unit)
{
	return unit >= 0xD800 && unit <= 0xDBFF;
}

static bool is_low(int32_t unit)
{
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* At the backslash of an escape. */
static int check_escape(struct checker *c)
{
	size_t start = c->at, left = c->n - start;
	const char *p = c->text + start;
	int32_t unit, low = -1;

	if (left < 2)
		return fail(c, c->n, "the text ends too early");
	if (p[1] != 'u') {
		if (p[1] == '\0' || strchr("\"\\/bfnrt", p[1]) == NULL)
			return fail(c, start,
			    "unknown escape; in a path "
			    "write \"/\" for the backslash (D:/models)");
		c->at += 2;
		return 0;
	}
	unit = hex4(p + 2, left - 2);
	if (unit == -1)
		return fail(c, start, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return fail(c, start, "\\u0000 is not allowed");
	c->at += 6;
	if (is_high(unit)) {
		if (left >= 12 && p[6] == '\\' && p[7] == 'u')
			low = hex4(p + 8, left - 8);
		if (!is_low(low))
			return fail(c, start, "half of a surrogate pair");
		c->at += 6;
	} else if (is_low(unit)) {
		return fail(c, start, "half of a surrogate pair");
	}
	return 0;
}

/* At the opening quote. */
static int check_string(struct checker *c)
{
	size_t start = c->at++;

	while (c->at < c->n) {
		unsigned char b = (unsigned char)c->text[c->at];
		size_t before = c->at;

		if (b == '"') {
			c->at++;
			return 0;
		}
		if (b == '\n' || b == '\r')
			return fail(c, start,
			    "this string is not closed on "
			    "its line");
		if (b < 0x20)
			return fail(c, before,
			    "a control character in a "
			    "string must be escaped");
		if (b == '\\') {
			if (check_escape(c) == -1)
				return -1;
		} else if (b < 0x80) {
			c->at++;
		} else {
			(void)text_next(c->text, c->n, &c->at);
			if (c->at == before + 1)
				return fail(c, before, "this is not UTF-8");
		}
	}
	return fail(c, start, "this string is not closed");
}

static size_t skip_digits(struct checker *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at - start;
}

static int check_number(struct checker *c)
{
	size_t start = c->at, digits;
	bool zero;

	if (peek(c) == '-')
		c->at++;
	zero = peek(c) == '0';
	digits = skip_digits(c);
	if (digits == 0)
		return fail_here(c, "a digit is expected here");
	if (zero && digits > 1)
		return fail(c, start, "a number has no leading zero");
	if (peek(c) == '.') {
		c->at++;
		if (skip_digits(c) == 0)
			return fail_here(c, "a digit is expected here");
	}
	if (peek(c) == 'e' || peek(c) == 'E') {
		c->at++;
		if (peek(c) == '+' || peek(c) == '-')
			c->at++;
		if (skip_digits(c) == 0)
			return fail_here(c, "a digit is expected here");
	}
	return 0;
}

static int check_word(struct checker *c)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (c->n - c->at >= n &&
		    memcmp(c->text + c->at, words[i], n) == 0) {
			c->at += n;
			return 0;
		}
	}
	return fail_here(c, "a value is expected here");
}

static int open_container(struct checker *c, bool map)
{
	if (c->depth == c->depth_max)
		return fail(c, c->at, "this is nested too deeply");
	c->in_map[c->depth++] = map;
	c->at++;
	return 0;
}

/* A value, of a container only its opening bracket. */
static int check_value(struct checker *c)
{
	char first = peek(c);

	if (++c->values > VALUES_MAX)
		return fail(c, c->at, "there are too many values");
	if (first == '{' || first == '[')
		return open_container(c, first == '{');
	if (first == '"')
		return check_string(c);
	if (first == '-' || (first >= '0' && first <= '9'))
		return check_number(c);
	return check_word(c);
}

static int check_key(struct checker *c)
{
	if (peek(c) != '"')
		return fail_here(c, "a key in double quotes is expected here");
	if (check_string(c) == -1)
		return -1;
	c->keys++;
	skip_space(c);
	if (peek(c) != ':')
		return fail_here(c, "a colon is expected after the key");
	c->at++;
	skip_space(c);
	return 0;
}

/*
 * Between the items of the open container: 0 if its closing bracket was here,
 * 1 if a value follows (behind the comma and the key), -1 on failure.
 */
static int check_gap(struct checker *c, bool first)
{
	bool map = c->in_map[c->depth - 1];

	if (peek(c) == (map ? '}' : ']')) {
		c->at++;
		c->depth--;
		return 0;
	}
	if (!first) {
		if (peek(c) != ',')
			return fail_here(c,
			    map ? "\",\" or \"}\" is expected "
				  "here"
				: "\",\" or \"]\" is expected here");
		c->at++;
		skip_space(c);
		if (peek(c) == '}' || peek(c) == ']')
			return fail(c, c->at,
			    "no comma is allowed before "
			    "the closing bracket");
	}
	if (map && check_key(c) == -1)
		return -1;
	return 1;
}

static int check_root(struct checker *c)
{
	char first = peek(c);

	c->root_is_word = first != '{' && first != '[' && first != '"';
	c->root_start = c->at;
	if (check_value(c) == -1)
		return -1;
	c->root_end = c->at;
	return 0;
}

static int check_document(struct checker *c)
{
	bool first = true; /* nothing stands in the container yet */

	skip_space(c);
	if (c->at == c->n)
		return fail(c, 0, "there is nothing here");
	if (check_root(c) == -1)
		return -1;
	skip_space(c);
	while (c->depth > 0) {
		int depth = c->depth, rc = check_gap(c, first);

		if (rc == -1 || (rc == 1 && check_value(c) == -1))
			return -1;
		first = c->depth > depth;
		skip_space(c);
	}
	if (c->at != c->n)
		return fail_here(c,
		    "nothing may follow the end of the document");
	return 0;
}

static char *put_utf8(char *out, int32_t cp)
{
	if (cp < 0x80) {
		*out++ = (char)cp;
		return out;
	}
	if (cp < 0x800) {
		*out++ = (char)(0xC0 | cp >> 6);
	} else {
		if (cp < 0x10000) {
			*out++ = (char)(0xE0 | cp >> 12);
		} else {
			*out++ = (char)(0xF0 | cp >> 18);
			*out++ = (char)(0x80 | (cp >> 12 & 0x3F));
		}
		*out++ = (char)(0x80 | (cp >> 6 & 0x3F));
	}
	*out++ = (char)(0x80 | (cp & 0x3F));
	return out;
}

static char plain_escape(char c)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* Checked text without its escapes, terminated; never longer than it was. */
static char *unescape(char *out, const char *p, const char *end)
{
	while (p < end) {
		int32_t cp;

		if (*p != '\\') {
			*out++ = *p++;
			continue;
		}
		if (p[1] != 'u') {
			*out++ = plain_escape(p[1]);
			p += 2;
			continue;
		}
		cp = hex4(p + 2, 4);
		p += 6;
		if (is_high(cp)) {
			cp = 0x10000 + (cp - 0xD800) * 0x400 +
			    (hex4(p + 2, 4) - 0xDC00);
			p += 6;
		}
		out = put_utf8(out, cp);
	}
	*out++ = '\0';
	return out;
}

/* Where the builder is in the text and in the memory for texts. */
struct maker {
	const char *text;
	struct tree_builder *builder;
	char *out;
	struct text_pos pos;
	size_t pos_at;
};

static struct text_pos advance(struct maker *m, size_t to)
{
	m->pos = text_pos_move(m->pos, m->text, m->pos_at, to);
	m->pos_at = to;
	return m->pos;
}

static const char *take_text(struct maker *m, const jsmntok_t *tok)
{
	const char *start = m->out;

	m->out = unescape(m->out, m->text + tok->start, m->text + tok->end);
	return start;
}

static enum tree_type type_of(const struct maker *m, const jsmntok_t *tok)
{
	switch (tok->type) {
	case JSMN_OBJECT:
		return TREE_MAP;
	case JSMN_ARRAY:
		return TREE_LIST;
	case JSMN_STRING:
		return TREE_STRING;
	default:
		break;
	}
	switch (m->text[tok->start]) {
	case 'n':
		return TREE_NULL;
	case 't':
	case 'f':
		return TREE_BOOL;
	default:
		return TREE_NUMBER;
	}
}

/* The tokens of one value and, in a map, of its key; returns how many. */
static size_t make_node(struct maker *m, const jsmntok_t *tok, size_t left)
{
	struct text_pos key_pos = { 0, 0 };
	const char *key = NULL;
	enum tree_type type;
	struct tree_node *node;
	bool in_map = tree_builder_in_map(m->builder);
	size_t n;

	if (in_map) {
		if (left < 2)
			return 0;
		key_pos = advance(m, (size_t)tok->start - 1);
		key = take_text(m, tok++);
	}
	type = type_of(m, tok);
	n = type == TREE_MAP || type == TREE_LIST ? (size_t)tok->size : 0;
	node = tree_builder_add(m->builder, type, n);
	if (node == NULL)
		return 0;
	node->pos = advance(m,
	    (size_t)tok->start - (type == TREE_STRING ? 1 : 0));
	node->key = key;
	node->key_pos = key_pos;
	if (type != TREE_MAP && type != TREE_LIST)
		node->text = take_text(m, tok);
	return in_map ? 2 : 1;
}

/* Cuts the text into the tokens that the checker counted. */
static int cut_tokens(const struct checker *c, jsmntok_t *tokens, size_t total,
    struct err *e)
{
	jsmn_parser parser;

	if (c->root_is_word) { /* strict jsmn wants something behind it */
		tokens[0].type = JSMN_PRIMITIVE;
		tokens[0].start = (int)c->root_start;
		tokens[0].end = (int)c->root_end;
		return 0;
	}
	jsmn_init(&parser);
	if (jsmn_parse(&parser, c->text, c->n, tokens, (unsigned)total) !=
	    (int)total)
		return ERR_BUG_HERE(e, "jsmn counts other tokens");
	return 0;
}

static int make_nodes(const struct checker *c, struct tree *t,
    const jsmntok_t *tokens, struct tree_builder *b, struct err *e)
{
	size_t total = c->values + c->keys, i, step;
	struct maker m = { c->text, b, NULL, { 1, 1 }, 0 };

	/* A text is never longer than in its quotes, and what has none is
	 * followed by something, but for the end. */
	m.out = tree_alloc(t, c->n + 1);
	if (m.out == NULL || tree_builder_init(b, t, c->values) == -1)
		return err_nomem(e);
	for (i = 0; i < total; i += step) {
		step = make_node(&m, &tokens[i], total - i);
		if (step == 0)
			return ERR_BUG_HERE(e, "JSON nodes miscounted");
	}
	return 0;
}

static int make_tree(const struct checker *c, struct tree *t,
    const struct json_limits *limits, struct err *e)
{
	size_t total = c->values + c->keys;
	jsmntok_t *tokens = calloc(total + 1, sizeof(*tokens));
	struct tree_duplicate d;
	struct tree_builder b;
	size_t duplicates;
	int rc;

	if (tokens == NULL)
		return err_nomem(e);
	rc = cut_tokens(c, tokens, total, e);
	if (rc == 0)
		rc = make_nodes(c, t, tokens, &b, e);
	free(tokens);
	if (rc == -1 || !limits->unique_keys)
		return rc;
	if (tree_duplicates(t, &d, 1, &duplicates) == -1)
		return err_nomem(e);
	if (duplicates == 0)
		return 0;
	return err_set(e, limits->kind,
	    "%d:%d: duplicate key \"%s\" (first on line %d)",
	    d.again->key_pos.line, d.again->key_pos.column, d.again->key,
	    d.first->key_pos.line);
}

static int check(struct checker *c, const struct json_limits *limits,
    struct err *e)
{
	struct text_pos pos;

	if (c->n > limits->bytes_max || c->n > TREE_JSON_BYTES_MAX)
		return err_set(e, limits->kind,
		    "1:1: the text is larger than %zu bytes",
		    limits->bytes_max);
	if (check_document(c) == 0)
		return 0;
	pos = text_pos_at(c->text, c->n, c->problem_at);
	return err_set(e, limits->kind, "%d:%d: %s", pos.line, pos.column,
	    c->problem);
}

struct tree *json_tree_parse(const char *text, size_t n,
    const struct json_limits *limits, struct err *e)
{
	static const char mark[] = "\xEF\xBB\xBF";
	struct checker c = { 0 };
	struct tree *t;

	if (n >= sizeof(mark) - 1 &&
	    memcmp(text, mark, sizeof(mark) - 1) == 0) {
		text += sizeof(mark) - 1;
		n -= sizeof(mark) - 1;
	}
	c.text = text;
	c.n = n;
	c.depth_max = limits->depth_max < TREE_JSON_DEPTH_MAX
	    ? limits->depth_max
	    : TREE_JSON_DEPTH_MAX;
	if (check(&c, limits, e) == -1)
		return NULL;
	t = tree_new();
	if (t == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	if (make_tree(&c, t, limits, e) == -1) {
		tree_free(t);
		return NULL;
	}
	return t;
}
