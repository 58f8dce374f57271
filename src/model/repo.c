/* repo.c - names of repositories and revisions, by the Hub's own rules. */
#include "model/repo.h"

#include <string.h>

#include "base/hex.h"
#include "base/text.h"

enum { PART_MAX = 96, REVISION_MAX = 255, COMMIT_DIGITS = 40 };

static const struct {
	const char *name;
	const char *folder_prefix;
} types[] = {
	[REPO_MODEL] = { "model", "models--" },
	[REPO_DATASET] = { "dataset", "datasets--" },
	[REPO_SPACE] = { "space", "spaces--" },
};

enum { TYPE_COUNT = sizeof(types) / sizeof(types[0]) };

const char *repo_type_name(enum repo_type type)
{
	return types[type].name;
}

int repo_type_parse(const char *text, enum repo_type *type)
{
	int i;

	for (i = 0; i < TYPE_COUNT; i++) {
		if (strcmp(text, types[i].name) == 0) {
			*type = (enum repo_type)i;
			return 0;
		}
	}
	return -1;
}

const char *repo_type_folder_prefix(enum repo_type type)
{
	return types[type].folder_prefix;
}

/* Letter, digit or underscore: what a part may begin and end with. */
static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static const char *part_problem(const char *part, size_t n)
{
	size_t i;

	if (n == 0)
		return "neither the namespace nor the name may be empty";
	for (i = 0; i < n; i++)
		if (!is_word(part[i]) && part[i] != '.' && part[i] != '-')
			return "only letters, digits, \"_\", \".\" and \"-\" "
			       "are allowed, and one \"/\"";
	/* The Hub limits the name only; a folder name limits the rest. */
	if (n > PART_MAX)
		return "namespace and name have at most 96 characters each";
	if (!is_word(part[0]) || !is_word(part[n - 1]))
		return "namespace and name begin and end with a letter, "
		       "a digit or \"_\"";
	return NULL;
}

const char *repo_id_problem(const char *id)
{
	const char *slash = strchr(id, '/');
	const char *name = slash == NULL ? id : slash + 1;
	const char *problem;

	if (id[0] == '\0')
		return "a repository id may not be empty";
	if (strchr(name, '/') != NULL)
		return "at most one \"/\" is allowed (namespace/name)";
	if (slash != NULL) {
		problem = part_problem(id, (size_t)(slash - id));
		if (problem != NULL)
			return problem;
	}
	problem = part_problem(name, strlen(name));
	if (problem != NULL)
		return problem;
	if (strstr(id, "--") != NULL || strstr(id, "..") != NULL)
		return "\"--\" and \"..\" are not allowed";
	if (text_ends(id, ".git"))
		return "an id may not end in \".git\"";
	return NULL;
}

static bool segment_ends(const char *segment, size_t n, const char *suffix)
{
	size_t m = strlen(suffix);

	return n >= m && memcmp(segment + n - m, suffix, m) == 0;
}

static const char *revision_segment_problem(const char *segment, size_t n)
{
	if (n == 0)
		return "a revision has no empty segment";
	if (n == 1 && segment[0] == '.')
		return "a revision has no \".\" segment";
	if (segment_ends(segment, n, ".lock") ||
	    segment_ends(segment, n, ".tmp"))
		return "no segment of a revision ends in \".lock\" or \".tmp\"";
	return NULL;
}

const char *repo_revision_problem(const char *revision)
{
	size_t n = strlen(revision), i, start = 0;

	if (n == 0)
		return "a revision may not be empty";
	if (n > REVISION_MAX)
		return "a revision has at most 255 bytes";
	if (revision[0] == '-')
		return "a revision does not begin with \"-\"";
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)revision[i];

		if (c < 0x20 || c == 0x7f)
			return "a revision has no control characters";
		if (strchr(" \\~^:?*[", c) != NULL)
			return "a revision has none of space \\ ~ ^ : ? * [";
	}
	if (!text_is_utf8(revision, n))
		return "a revision is UTF-8 text";
	if (strstr(revision, "..") != NULL)
		return "a revision has no \"..\"";
	for (i = 0; i <= n; i++) {
		const char *problem;

		if (i < n && revision[i] != '/')
			continue;
		problem = revision_segment_problem(revision + start, i - start);
		if (problem != NULL)
			return problem;
		start = i + 1;
	}
	return NULL;
}

bool repo_is_commit(const char *revision)
{
	return hex_is_lower(revision, COMMIT_DIGITS);
}

char *repo_cache_folder(enum repo_type type, const char *id)
{
	const char *slash = strchr(id, '/');
	const char *prefix = repo_type_folder_prefix(type);

	if (slash == NULL)
		return text_format("%s%s", prefix, id);
	return text_format("%s%.*s--%s", prefix, (int)(slash - id), id,
	    slash + 1);
}
