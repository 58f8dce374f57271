/* reader.c - typed readers with one form of message. */
#include "config/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "config/paths.h"

enum {
	SHOWN_MAX = 64,
	ELSEWHERE_MAX = 128,
	TEXT_MAX = 700,
	CANDIDATES_MAX = 64
};

void reader_problem(const struct reader *r, const struct tree_node *node,
    const char *fmt, ...)
{
	char text[TEXT_MAX], key[SHOWN_MAX];
	va_list ap;

	va_start(ap, fmt);
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	if (node->key == NULL) {
		problems_add(r->problems, r->file, node->pos, "%s", text);
		return;
	}
	text_escape(node->key, strlen(node->key), false, key, sizeof(key));
	problems_add(r->problems, r->file, node->pos, "%s: %s", key, text);
}

void reader_expected(const struct reader *r, const struct tree_node *node,
    const char *what)
{
	char shown[SHOWN_MAX];

	switch (node->type) {
	case TREE_STRING:
		text_escape(node->text, strlen(node->text), false, shown,
		    sizeof(shown));
		reader_problem(r, node, "expected %s, found \"%s\"", what,
		    shown);
		break;
	case TREE_NUMBER:
	case TREE_BOOL:
		reader_problem(r, node, "expected %s, found %.60s", what,
		    node->text);
		break;
	case TREE_NULL:
		reader_problem(r, node, "expected %s, found nothing", what);
		break;
	default:
		reader_problem(r, node, "expected %s, found %s", what,
		    tree_type_name(node->type));
		break;
	}
}

/* The key's own name if `path` is directly under `prefix`, else NULL. */
static const char *leaf(const char *path, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0 || strchr(path + n, '.') != NULL)
		return NULL;
	return path + n;
}

/* A key of this map that is spelt alike. */
static const char *suggest(const struct reader *r, const char *prefix,
    const char *key)
{
	const char *names[CANDIDATES_MAX] = { NULL };
	size_t n = 0;

	for (size_t i = 0; i < r->n_keys && n < CANDIDATES_MAX; i++) {
		names[n] = leaf(r->keys[i].path, prefix);
		if (names[n] != NULL)
			n++;
	}
	const char *near = text_nearest(key, names, n);
	if (near != NULL)
		return near;
	/* A token in the file itself is what we do not want to see there. */
	for (size_t i = 0; i < n; i++)
		if (strstr(key, "token") != NULL &&
		    strcmp(names[i], "token_file") == 0)
			return names[i];
	return NULL;
}

/* " (it belongs under "transfer")" if another map has this key, or "". */
static void belongs(const struct reader *r, const char *key, char *out,
    size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < r->n_keys; i++) {
		const char *path = r->keys[i].path, *dot = strrchr(path, '.');
		const char *in = "under";
		size_t n;

		if (strcmp(dot != NULL ? dot + 1 : path, key) != 0)
			continue;
		if (dot == NULL) {
			snprintf(out, size, " (it belongs at the top level)");
			return;
		}
		n = (size_t)(dot - path);
		if (n > 2 && strncmp(dot - 2, ".*", 2) == 0) {
			n -= 2;
			in = "in an entry of";
		}
		snprintf(out, size, " (it belongs %s \"%.*s\")", in, (int)n,
		    path);
		return;
	}
}

static void unknown(const struct reader *r, const char *prefix,
    const struct tree_node *node)
{
	char shown[SHOWN_MAX], elsewhere[ELSEWHERE_MAX] = "";
	const char *near = NULL;

	/* What is only counted need not be explained: there may be millions. */
	if (r->problems->n < PROBLEMS_MAX)
		near = suggest(r, prefix, node->key);
	if (near == NULL && r->problems->n < PROBLEMS_MAX)
		belongs(r, node->key, elsewhere, sizeof(elsewhere));
	text_escape(node->key, strlen(node->key), false, shown, sizeof(shown));
	if (near != NULL)
		problems_add(r->problems, r->file, node->key_pos,
		    "unknown key \"%s\" (did you mean \"%s\"?)", shown, near);
	else
		problems_add(r->problems, r->file, node->key_pos,
		    "unknown key \"%s\"%s", shown, elsewhere);
}

void reader_map(const struct reader *r, const struct tree_node *map,
    const char *prefix, void *into)
{
	if (map->type == TREE_NULL)
		return;
	if (map->type != TREE_MAP) {
		reader_expected(r, map, "a map");
		return;
	}
	for (size_t i = 0; i < map->n; i++) {
		const struct tree_node *node = &map->children[i];
		const struct reader_key *found = NULL;

		for (size_t k = 0; k < r->n_keys && found == NULL; k++) {
			const char *name = leaf(r->keys[k].path, prefix);
			if (name != NULL && strcmp(name, node->key) == 0)
				found = &r->keys[k];
		}
		if (found != NULL)
			found->read(r, node, into);
		else
			unknown(r, prefix, node);
	}
}

const struct tree_node *reader_items(const struct reader *r,
    const struct tree_node *node, const char *what, size_t max, size_t *n)
{
	if (node->type == TREE_STRING) {
		*n = 1;
		return node;
	}
	if (node->type != TREE_LIST) {
		reader_expected(r, node, what);
		return NULL;
	}
	if (node->n == 0) {
		reader_problem(r, node, "expected %s, found an empty list",
		    what);
		return NULL;
	}
	if (node->n > max) {
		reader_problem(r, node, "%zu items, at most %zu are possible",
		    node->n, max);
		return NULL;
	}
	*n = node->n;
	return node->children;
}

bool reader_bool(const struct reader *r, const struct tree_node *node,
    bool *value)
{
	if (node->type != TREE_BOOL) {
		reader_expected(r, node, "true or false");
		return false;
	}
	*value = strcmp(node->text, "true") == 0;
	return true;
}

bool reader_unsigned(const struct reader *r, const struct tree_node *node,
    unsigned min, unsigned max, unsigned *value)
{
	char what[64];
	uint64_t v;

	if (node->type == TREE_NUMBER &&
	    num_parse_u64(node->text, strlen(node->text), max, &v) == 0 &&
	    v >= min) {
		*value = (unsigned)v;
		return true;
	}
	snprintf(what, sizeof(what), "a whole number from %u to %u", min, max);
	reader_expected(r, node, what);
	return false;
}

bool reader_string(const struct reader *r, const struct tree_node *node,
    const char *what, const char **value)
{
	if (node->type != TREE_STRING) {
		reader_expected(r, node, what);
		return false;
	}
	*value = node->text;
	return true;
}

bool reader_word(const struct reader *r, const struct tree_node *node,
    const char *const *words, int *index)
{
	struct strbuf what;

	for (int i = 0; node->type == TREE_STRING && words[i] != NULL; i++) {
		if (strcmp(node->text, words[i]) == 0) {
			*index = i;
			return true;
		}
	}
	strbuf_init(&what, 256);
	for (int i = 0; words[i] != NULL; i++)
		strbuf_printf(&what, "%s%s",
		    i == 0		       ? ""
			: words[i + 1] == NULL ? " or "
					       : ", ",
		    words[i]);
	reader_expected(r, node, strbuf_text(&what));
	strbuf_release(&what);
	return false;
}

bool reader_is_none(const struct tree_node *node)
{
	return node->type == TREE_STRING && strcmp(node->text, "none") == 0;
}

bool reader_duration(const struct reader *r, const struct tree_node *node,
    int64_t min_ms, int64_t max_ms, int64_t *ms)
{
	char what[128], from[NUM_TEXT_MAX], to[NUM_TEXT_MAX];
	int64_t v;

	if (node->type == TREE_STRING &&
	    num_parse_duration_ms(node->text, &v) == 0 && v >= min_ms &&
	    v <= max_ms) {
		*ms = v;
		return true;
	}
	snprintf(what, sizeof(what),
	    "a duration with a unit (ms s m h d w) from %s to %s",
	    num_format_duration(min_ms, from), num_format_duration(max_ms, to));
	reader_expected(r, node, what);
	return false;
}

bool reader_size(const struct reader *r, const struct tree_node *node,
    uint64_t *bytes)
{
	if ((node->type == TREE_STRING || node->type == TREE_NUMBER) &&
	    num_parse_size(node->text, bytes) == 0)
		return true;
	reader_expected(r, node, "a size such as 20GB or 512MiB");
	return false;
}

bool reader_path(const struct reader *r, const struct tree_node *node,
    char **path)
{
	struct err e = ERR_INIT;
	const char *text;

	if (!reader_string(r, node, "a path", &text))
		return false;
	char *resolved = paths_resolve(r->dir, text, &e);
	if (resolved == NULL) {
		if (e.kind == ERR_NOMEM)
			r->problems->out_of_memory = true;
		else
			reader_problem(r, node, "%s", e.text);
		return false;
	}
	free(*path);
	*path = resolved;
	return true;
}

bool reader_keep(const struct reader *r, const char *text, char **to)
{
	char *copy = text_dup(text);

	if (copy == NULL) {
		r->problems->out_of_memory = true;
		return false;
	}
	free(*to);
	*to = copy;
	return true;
}
