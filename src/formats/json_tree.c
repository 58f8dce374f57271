/*
 * json_tree.c - the only user of jsmn.
 *
 * json_check is the grammar: it refuses all that is not JSON, counts what
 * there is and bounds the depth (jsmn walks up all open containers at each
 * closing bracket).  jsmn then cuts known good text into tokens.
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
#include "formats/json_check.h"
#include "formats/tree_build.h"

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
		cp = json_check_hex4(p + 2, 4);
		p += 6;
		if (cp >= 0xD800 && cp <= 0xDBFF) { /* a pair follows */
			cp = 0x10000 + (cp - 0xD800) * 0x400 +
			    (json_check_hex4(p + 2, 4) - 0xDC00);
			p += 6;
		}
		out += text_put((uint32_t)cp, out);
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
static int cut_tokens(const struct json_check *c, jsmntok_t *tokens,
    size_t total, struct err *e)
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

static int make_nodes(const struct json_check *c, struct tree *t,
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

static int make_tree(const struct json_check *c, struct tree *t,
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

/* Known good text, as json_check counted it. */
static int check(struct json_check *c, const char *text, size_t n,
    const struct json_limits *limits, struct err *e)
{
	if (json_check_begin(c, text, n, limits, e) == -1)
		return -1;
	while (c->depth > 0)
		if (json_check_step(c, e) == -1)
			return -1;
	return json_check_end(c, e);
}

struct tree *json_tree_parse(const char *text, size_t n,
    const struct json_limits *limits, struct err *e)
{
	struct json_check c = { 0 };
	struct tree *t;

	if (check(&c, text, n, limits, e) == -1)
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
