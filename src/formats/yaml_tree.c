/* yaml_tree.c - the only user of libyaml. */
#include "formats/yaml_tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/text.h"
#include "base/vec.h"
#include "formats/tree_build.h"

enum { EXCERPT_MAX = 60 };

/* A container that is open, and the key that waits for its value. */
struct frame {
	size_t node; /* index into reader.nodes */
	bool is_map;
	const char *key; /* the tree's; NULL: a key comes next */
	struct text_pos key_pos;
};

/* What stands in the document, in its order; tree_build makes it a tree. */
struct reader {
	const char *text;
	size_t n;
	yaml_parser_t parser;
	struct tree *tree;
	struct tree_node *nodes; /* own */
	size_t n_nodes, cap;
	struct frame open[TREE_YAML_DEPTH_MAX];
	int depth;
	int documents;
	bool done;
	struct err *e;
};

static int fail_at(struct err *e, struct text_pos pos, const char *what)
{
	return err_set(e, ERR_CONFIG, "%d:%d: %s", pos.line, pos.column, what);
}

static struct text_pos mark_pos(const yaml_mark_t *mark)
{
	struct text_pos pos = { (int)mark->line + 1, (int)mark->column + 1 };

	return pos;
}

/* What libyaml would let through, or would take for another encoding. */
static int check_characters(const char *text, size_t n, struct err *e)
{
	size_t pos = 0, at;

	while (pos < n) {
		const char *problem = NULL;
		uint32_t cp;

		at = pos;
		cp = text_next(text, n, &pos);
		if (pos == at + 1 && (unsigned char)text[at] >= 0x80)
			problem = "this is not UTF-8";
		else if (cp == 0)
			problem = "a NUL byte is not allowed (is the file "
				  "UTF-16?)";
		else if ((cp < 0x20 && cp != '\t' && cp != '\n' &&
			     cp != '\r') ||
		    (cp >= 0x7f && cp <= 0x9f))
			problem = "a control character is not allowed";
		else if (cp == 0x2028 || cp == 0x2029 || cp == 0xfeff)
			problem = "an invisible line separator or byte-order "
				  "mark is not allowed";
		if (problem != NULL)
			return fail_at(e, text_pos_at(text, n, at), problem);
	}
	return 0;
}

/* The line that holds `offset`, without blanks around it, cut. */
static void excerpt(const struct reader *r, size_t line,
    char out[EXCERPT_MAX + 1])
{
	const char *p = r->text, *end = r->text + r->n;
	size_t len;

	for (; line > 0; line--) {
		const char *next = memchr(p, '\n', (size_t)(end - p));

		if (next == NULL)
			break;
		p = next + 1;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (len = 0; p + len < end && len < EXCERPT_MAX; len++)
		if (p[len] == '\n' || p[len] == '\r')
			break;
	/* Not through the middle of a character. */
	while (len > 0 && p + len < end &&
	    ((unsigned char)p[len] & 0xC0) == 0x80)
		len--;
	memcpy(out, p, len);
	out[len] = '\0';
}

static const char *hint(const struct reader *r, const char *problem)
{
	size_t at = r->parser.problem_mark.index;

	/* libyaml misspells what it says of "\x", "\u" and "\U". */
	if (strstr(problem, "escape character") != NULL ||
	    strstr(problem, "hexdecimal number") != NULL)
		return "; in a path write \"/\" for the backslash "
		       "(D:/models)";
	if (at < r->n && strstr(problem, "cannot start any token") != NULL &&
	    memchr(r->text, '\t', r->n) != NULL)
		return "; a tab cannot indent";
	return "";
}

/* libyaml's own problem, with its context and the line. */
static int fail_parser(const struct reader *r)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem != NULL ? p->problem : "not YAML";
	struct text_pos pos = mark_pos(&p->problem_mark);
	char line[EXCERPT_MAX + 1];

	if (p->error == YAML_MEMORY_ERROR)
		return err_nomem(r->e);
	if (p->error == YAML_READER_ERROR)
		return fail_at(r->e,
		    text_pos_at(r->text, r->n, p->problem_offset), problem);
	excerpt(r, p->problem_mark.line, line);
	if (p->context == NULL)
		return err_set(r->e, ERR_CONFIG, "%d:%d: %s%s, near \"%s\"",
		    pos.line, pos.column, problem, hint(r, problem), line);
	return err_set(r->e, ERR_CONFIG,
	    "%d:%d: %s (%s, from line %d)%s, near \"%s\"", pos.line, pos.column,
	    problem, p->context, mark_pos(&p->context_mark).line,
	    hint(r, problem), line);
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* [-] digits [. digits], without a leading zero. */
static bool is_number(const char *text)
{
	size_t digits;

	if (*text == '-')
		text++;
	digits = count_digits(text);
	if (digits == 0 || (digits > 1 && text[0] == '0'))
		return false;
	text += digits;
	if (*text != '.')
		return *text == '\0';
	digits = count_digits(text + 1);
	return digits > 0 && text[1 + digits] == '\0';
}

/* Sets the node's type and text by YAML's core schema. */
static void type_scalar(struct tree_node *node, const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };

	node->text = text;
	node->type = TREE_STRING;
	if (node->quoted)
		return;
	if (is_one_of(text, nulls)) {
		node->type = TREE_NULL;
	} else if (is_one_of(text, trues)) {
		node->type = TREE_BOOL;
		node->text = "true";
	} else if (is_one_of(text, falses)) {
		node->type = TREE_BOOL;
		node->text = "false";
	} else if (is_number(text)) {
		node->type = TREE_NUMBER;
	}
}

/* A copy that lives with the tree, NULL with *e set. */
static const char *keep_text(struct reader *r, const yaml_event_t *event,
    struct text_pos pos)
{
	size_t n = event->data.scalar.length;
	char *copy;

	if (memchr(event->data.scalar.value, '\0', n) != NULL) {
		(void)fail_at(r->e, pos, "a text with a NUL is not allowed");
		return NULL;
	}
	copy = tree_alloc(r->tree, n + 1);
	if (copy == NULL) {
		(void)err_nomem(r->e);
		return NULL;
	}
	memcpy(copy, event->data.scalar.value, n);
	copy[n] = '\0';
	return copy;
}

/* The next node of the document, with the key that waits for it. */
static struct tree_node *add_node(struct reader *r, enum tree_type type,
    struct text_pos pos)
{
	struct frame *top = r->depth > 0 ? &r->open[r->depth - 1] : NULL;
	struct tree_node *node;

	if (vec_grow((void **)&r->nodes, &r->cap, r->n_nodes + 1,
		sizeof(*r->nodes), TREE_YAML_BYTES_MAX + 1) == -1) {
		(void)err_nomem(r->e);
		return NULL;
	}
	node = &r->nodes[r->n_nodes++];
	node->type = type;
	node->pos = pos;
	if (top != NULL) {
		r->nodes[top->node].n++;
		if (top->is_map) {
			node->key = top->key;
			node->key_pos = top->key_pos;
			top->key = NULL;
		}
	}
	return node;
}

static bool wants_key(const struct reader *r)
{
	return r->depth > 0 && r->open[r->depth - 1].is_map &&
	    r->open[r->depth - 1].key == NULL;
}

static int read_key(struct reader *r, const yaml_event_t *event,
    const char *text, struct text_pos pos)
{
	struct frame *top = &r->open[r->depth - 1];

	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		if (strcmp(text, "<<") == 0)
			return fail_at(r->e, pos,
			    "merge keys (<<) are not supported");
		if (text[0] == '\0')
			return fail_at(r->e, pos, "a key is missing here");
	}
	top->key = text;
	top->key_pos = pos;
	return 0;
}

static int read_scalar(struct reader *r, const yaml_event_t *event)
{
	struct text_pos pos = mark_pos(&event->start_mark);
	const char *text;
	struct tree_node *node;

	if (event->data.scalar.anchor != NULL)
		return fail_at(r->e, pos, "anchors (&) are not supported");
	if (event->data.scalar.tag != NULL)
		return fail_at(r->e, pos, "tags (!) are not supported");
	text = keep_text(r, event, pos);
	if (text == NULL)
		return -1;
	if (wants_key(r))
		return read_key(r, event, text, pos);
	node = add_node(r, TREE_STRING, pos);
	if (node == NULL)
		return -1;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	type_scalar(node, text);
	return 0;
}

static int open_container(struct reader *r, enum tree_type type,
    const yaml_mark_t *mark, const void *anchor, const void *tag)
{
	struct text_pos pos = mark_pos(mark);
	struct frame *frame;

	if (anchor != NULL)
		return fail_at(r->e, pos, "anchors (&) are not supported");
	if (tag != NULL)
		return fail_at(r->e, pos, "tags (!) are not supported");
	if (wants_key(r))
		return fail_at(r->e, pos, "a key must be a plain word or text");
	if (r->depth == TREE_YAML_DEPTH_MAX)
		return fail_at(r->e, pos, "this is nested too deeply");
	if (add_node(r, type, pos) == NULL)
		return -1;
	frame = &r->open[r->depth++];
	frame->node = r->n_nodes - 1;
	frame->is_map = type == TREE_MAP;
	frame->key = NULL;
	return 0;
}

static int start_document(struct reader *r, const yaml_event_t *event)
{
	struct text_pos pos = mark_pos(&event->start_mark);

	if (r->documents++ > 0)
		return fail_at(r->e, pos, "only one document is allowed");
	if (event->data.document_start.version_directive != NULL ||
	    event->data.document_start.tag_directives.start !=
		event->data.document_start.tag_directives.end)
		return fail_at(r->e, pos, "directives (%) are not supported");
	return 0;
}

static int read_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(r, event);
	case YAML_SCALAR_EVENT:
		return read_scalar(r, event);
	case YAML_ALIAS_EVENT:
		return fail_at(r->e, mark_pos(&event->start_mark),
		    "aliases (*) are not supported");
	case YAML_SEQUENCE_START_EVENT:
		return open_container(r, TREE_LIST, &event->start_mark,
		    event->data.sequence_start.anchor,
		    event->data.sequence_start.tag);
	case YAML_MAPPING_START_EVENT:
		return open_container(r, TREE_MAP, &event->start_mark,
		    event->data.mapping_start.anchor,
		    event->data.mapping_start.tag);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		r->depth--;
		return 0;
	case YAML_STREAM_END_EVENT:
		r->done = true;
		return 0;
	default:
		return 0;
	}
}

static int read_events(struct reader *r)
{
	while (!r->done) {
		yaml_event_t event;
		int rc;

		if (yaml_parser_parse(&r->parser, &event) == 0)
			return fail_parser(r);
		rc = read_event(r, &event);
		yaml_event_delete(&event);
		if (rc == -1)
			return -1;
	}
	return 0;
}

/* From the nodes in document order to a tree with siblings side by side. */
static int build(struct reader *r)
{
	struct tree_builder b;
	size_t i;

	if (r->n_nodes == 0)
		return 0;
	if (tree_builder_init(&b, r->tree, r->n_nodes) == -1)
		return err_nomem(r->e);
	for (i = 0; i < r->n_nodes; i++) {
		const struct tree_node *from = &r->nodes[i];
		struct tree_node *to = tree_builder_add(&b, from->type,
		    from->n);
		const struct tree_node *children;

		if (to == NULL)
			return ERR_BUG_HERE(r->e, "YAML nodes miscounted");
		children = to->children;
		*to = *from;
		to->children = children;
	}
	return 0;
}

struct tree *yaml_tree_parse(const char *text, size_t n, struct err *e)
{
	static const char mark[] = "\xEF\xBB\xBF";
	struct reader r = { 0 };
	int rc;

	if (n > TREE_YAML_BYTES_MAX) {
		(void)err_set(e, ERR_CONFIG,
		    "1:1: the file is larger than %d bytes",
		    (int)TREE_YAML_BYTES_MAX);
		return NULL;
	}
	if (n >= sizeof(mark) - 1 &&
	    memcmp(text, mark, sizeof(mark) - 1) == 0) {
		text += sizeof(mark) - 1;
		n -= sizeof(mark) - 1;
	}
	if (check_characters(text, n, e) == -1)
		return NULL;
	r.text = text;
	r.n = n;
	r.e = e;
	r.tree = tree_new();
	if (r.tree == NULL || yaml_parser_initialize(&r.parser) == 0) {
		tree_free(r.tree);
		(void)err_nomem(e);
		return NULL;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
	rc = read_events(&r);
	if (rc == 0)
		rc = build(&r);
	yaml_parser_delete(&r.parser);
	free(r.nodes);
	if (rc == 0)
		return r.tree;
	tree_free(r.tree);
	return NULL;
}
