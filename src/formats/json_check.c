/* json_check.c - the grammar of JSON: refuses all that is not. */
#include "formats/json_check.h"

#include <string.h>

#include "base/hex.h"
#include "base/text.h"

enum { VALUES_MAX = 4000000 };

static int fail(struct json_check *c, size_t at, const char *problem)
{
	c->problem = problem;
	c->problem_at = at;
	return -1;
}

/* The byte at `at`, or NUL behind the end (a NUL inside fits nowhere). */
static char peek(const struct json_check *c)
{
	return c->at < c->n ? c->text[c->at] : '\0';
}

static void skip_space(struct json_check *c)
{
	while (c->at < c->n &&
	    (c->text[c->at] == ' ' || c->text[c->at] == '\t' ||
		c->text[c->at] == '\n' || c->text[c->at] == '\r'))
		c->at++;
}

static int fail_here(struct json_check *c, const char *problem)
{
	if (c->at >= c->n)
		return fail(c, c->n, "the text ends too early");
	if (c->text[c->at] == '\0')
		return fail(c, c->at, "a NUL byte is not allowed");
	return fail(c, c->at, problem);
}

int32_t json_check_hex4(const char *text, size_t n)
{
	char digits[5] = "";
	uint8_t bytes[2];

	if (n < 4)
		return -1;
	memcpy(digits, text, 4);
	return hex_decode(digits, bytes, 2) == -1 ? -1
						  : bytes[0] << 8 | bytes[1];
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
static int check_escape(struct json_check *c)
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
	unit = json_check_hex4(p + 2, left - 2);
	if (unit == -1)
		return fail(c, start, "\\u needs four hexadecimal digits");
	if (unit == 0)
		return fail(c, start, "\\u0000 is not allowed");
	c->at += 6;
	if (is_high(unit)) {
		if (left >= 12 && p[6] == '\\' && p[7] == 'u')
			low = json_check_hex4(p + 8, left - 8);
		if (!is_low(low))
			return fail(c, start, "half of a surrogate pair");
		c->at += 6;
	} else if (is_low(unit)) {
		return fail(c, start, "half of a surrogate pair");
	}
	return 0;
}

/* At the opening quote. */
static int check_string(struct json_check *c)
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

static size_t skip_digits(struct json_check *c)
{
	size_t start = c->at;

	while (peek(c) >= '0' && peek(c) <= '9')
		c->at++;
	return c->at - start;
}

static int check_number(struct json_check *c)
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

static int check_word(struct json_check *c)
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

static int open_container(struct json_check *c, bool map)
{
	if (c->depth == c->depth_max)
		return fail(c, c->at, "this is nested too deeply");
	c->in_map[c->depth++] = map;
	c->at++;
	return 0;
}

/* A value, of a container only its opening bracket. */
static int check_value(struct json_check *c)
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

static int check_key(struct json_check *c)
{
	if (peek(c) != '"')
		return fail_here(c, "a key in double quotes is expected here");
	c->key_start = c->at;
	if (check_string(c) == -1)
		return -1;
	c->key_end = c->at;
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
static int check_gap(struct json_check *c, bool first)
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

static int check_root(struct json_check *c)
{
	char first = peek(c);

	c->root_is_word = first != '{' && first != '[' && first != '"';
	c->root_start = c->at;
	if (check_value(c) == -1)
		return -1;
	c->root_end = c->at;
	return 0;
}

/* -1 with "LINE:COL: problem", 0 if there is none. */
static int tell(const struct json_check *c, struct err *e)
{
	struct text_pos pos;

	if (c->problem == NULL)
		return 0;
	pos = text_pos_at(c->text, c->n, c->problem_at);
	return err_set(e, c->kind, "%d:%d: %s", pos.line, pos.column,
	    c->problem);
}

int json_check_begin(struct json_check *c, const char *text, size_t n,
    const struct json_limits *limits, struct err *e)
{
	static const char mark[] = "\xEF\xBB\xBF";

	memset(c, 0, sizeof(*c));
	c->kind = limits->kind;
	if (n > limits->bytes_max || n > TREE_JSON_BYTES_MAX)
		return err_set(e, c->kind,
		    "1:1: the text is larger than %zu bytes",
		    limits->bytes_max);
	if (n >= sizeof(mark) - 1 &&
	    memcmp(text, mark, sizeof(mark) - 1) == 0) {
		text += sizeof(mark) - 1;
		n -= sizeof(mark) - 1;
	}
	c->text = text;
	c->n = n;
	c->depth_max = limits->depth_max < TREE_JSON_DEPTH_MAX
	    ? limits->depth_max
	    : TREE_JSON_DEPTH_MAX;
	c->first = true;
	skip_space(c);
	if (c->at == c->n)
		(void)fail(c, 0, "there is nothing here");
	else if (check_root(c) == 0)
		skip_space(c);
	return tell(c, e);
}

int json_check_step(struct json_check *c, struct err *e)
{
	int depth = c->depth, rc = check_gap(c, c->first);

	if (rc == -1 || (rc == 1 && check_value(c) == -1))
		return tell(c, e);
	c->value_end = c->at;
	c->first = c->depth > depth;
	skip_space(c);
	return 0;
}

int json_check_end(struct json_check *c, struct err *e)
{
	if (c->at != c->n)
		(void)fail_here(c,
		    "nothing may follow the end of the document");
	return tell(c, e);
}
