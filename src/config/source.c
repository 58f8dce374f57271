/* source.c - reading and parsing the user's files. */
#include "config/source.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "formats/json_tree.h"
#include "formats/yaml_tree.h"
#include "platform/fs.h"
#include "platform/process.h"

static const struct text_pos whole_file = { 0, 0 };

/* Root does what the file says, so only root may say it. */
static bool check_owner(const char *path, const struct fs_stat *st,
    struct problems *problems)
{
	const uint32_t others_write = 022;

	if (process_user_id() != 0)
		return true;
	if (st->uid != 0) {
		problems_add(problems, path, whole_file,
		    "belongs to user %u; root obeys only files of its own "
		    "(chown root)",
		    (unsigned)st->uid);
		return false;
	}
	if ((st->mode & others_write) != 0) {
		problems_add(problems, path, whole_file,
		    "others than root may write it (mode %04o); take that "
		    "away (chmod go-w)",
		    (unsigned)(st->mode & 07777));
		return false;
	}
	return true;
}

static void unreadable(const char *path, const struct err *e, size_t bytes_max,
    struct problems *problems)
{
	char size[NUM_TEXT_MAX];

	if (e->kind == ERR_NOMEM)
		problems->out_of_memory = true;
	else if (e->os_code == EFBIG)
		problems_add(problems, path, whole_file,
		    "cannot read: larger than %s",
		    num_format_size(bytes_max, size));
	else if (e->os_code != 0)
		problems_add(problems, path, whole_file, "cannot read: %s",
		    strerror(e->os_code));
	else
		problems_add(problems, path, whole_file, "cannot read: %s",
		    e->text);
}

char *source_read(const char *path, enum source_format format, size_t *n,
    bool *absent, struct problems *problems)
{
	size_t bytes_max = format == SOURCE_YAML ? TREE_YAML_BYTES_MAX
						 : TREE_JSON_BYTES_MAX;
	struct err e = ERR_INIT;
	struct fs_stat st;
	char *bytes;

	if (fs_stat(path, &st, &e) == -1) {
		unreadable(path, &e, bytes_max, problems);
		return NULL;
	}
	if (st.type == FS_ABSENT && absent != NULL) {
		*absent = true;
		return NULL;
	}
	if (st.type != FS_ABSENT && st.type != FS_FILE) {
		problems_add(problems, path, whole_file, "cannot read: %s",
		    st.type == FS_DIR ? "a directory" : "not a regular file");
		return NULL;
	}
	if (st.type == FS_FILE && !check_owner(path, &st, problems))
		return NULL;
	if (fs_read_file(path, bytes_max, &bytes, n, &e) == -1) {
		unreadable(path, &e, bytes_max, problems);
		return NULL;
	}
	return bytes;
}

/* "12:3: " at the start of a parser's text, NULL if there is none. */
static const char *take_pos(const char *text, struct text_pos *pos)
{
	uint64_t line, column;
	size_t n = strspn(text, "0123456789");

	if (num_parse_u64(text, n, INT32_MAX, &line) == -1 || text[n] != ':')
		return NULL;
	text += n + 1;
	n = strspn(text, "0123456789");
	if (num_parse_u64(text, n, INT32_MAX, &column) == -1 ||
	    text[n] != ':' || text[n + 1] != ' ')
		return NULL;
	pos->line = (int)line;
	pos->column = (int)column;
	return text + n + 2;
}

static void add_parse_problem(const char *file, const struct err *e,
    struct problems *problems)
{
	struct text_pos pos = whole_file;
	const char *message = take_pos(e->text, &pos);

	problems_add(problems, file, pos, "%s",
	    message != NULL ? message : e->text);
}

/* Reported like any other problem, so that those beside them show as well. */
static bool check_duplicates(const char *file, const struct tree *tree,
    struct problems *problems)
{
	struct tree_duplicate found[PROBLEMS_MAX];
	size_t n;

	if (tree_duplicates(tree, found, PROBLEMS_MAX, &n) == -1) {
		problems->out_of_memory = true;
		return false;
	}
	for (size_t i = 0; i < n && i < PROBLEMS_MAX; i++)
		problems_add(problems, file, found[i].again->key_pos,
		    "duplicate key \"%s\" (first on line %d)",
		    found[i].again->key, found[i].first->key_pos.line);
	/* By now they are only counted. */
	for (size_t i = PROBLEMS_MAX; i < n; i++)
		problems_add(problems, file, whole_file, "duplicate key");
	return true;
}

bool source_parse(const char *file, enum source_format format, const char *text,
    size_t n, struct tree **tree, struct problems *problems)
{
	static const struct json_limits limits = { TREE_JSON_BYTES_MAX,
		TREE_JSON_DEPTH_MAX, ERR_CONFIG, false };
	struct err e = ERR_INIT;

	*tree = format == SOURCE_YAML ? yaml_tree_parse(text, n, &e)
				      : json_tree_parse(text, n, &limits, &e);
	if (*tree != NULL && check_duplicates(file, *tree, problems))
		return true;
	if (*tree != NULL)
		tree_free(*tree);
	else if (e.kind == ERR_NOMEM)
		problems->out_of_memory = true;
	else
		add_parse_problem(file, &e, problems);
	return false;
}
