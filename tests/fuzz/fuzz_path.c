/* fuzz_path.c - names from outside: no accepted one leaves its folder. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/pattern.h"
#include "model/remote_file.h"
#include "model/repo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Written apart from the validators, and simpler. */
static void check_is_relative(const char *path)
{
	const char *p = path;

	if (*p == '\0' || *p == '/')
		abort();
	for (;;) {
		size_t n = strcspn(p, "/");

		if (n == 0 || n > 255 || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			abort();
		if (p[n] == '\0')
			return;
		p += n + 1;
	}
}

static void check_id(const char *id)
{
	char *folder;

	if (repo_id_problem(id) != NULL)
		return;
	check_is_relative(id);
	folder = repo_cache_folder(REPO_DATASET, id);
	if (folder != NULL &&
	    (strchr(folder, '/') != NULL || strlen(folder) > 255))
		abort();
	free(folder);
}

/* The first line is a pattern, the rest a path. */
static void check_pattern(char *text)
{
	char *path = strchr(text, '\n');

	if (path == NULL)
		return;
	*path++ = '\0';
	if (pattern_match(text, path) && text[0] == '\0')
		abort();
	if (!pattern_match("*", path) || pattern_match("", path))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_ndup((const char *)data, size);

	if (text == NULL)
		return 0;
	if (remote_path_problem(text, size) == NULL) {
		if (strlen(text) != size || size > REMOTE_PATH_MAX)
			abort();
		check_is_relative(text);
	}
	if (repo_revision_problem(text) == NULL)
		check_is_relative(text);
	check_id(text);
	check_pattern(text);
	free(text);
	return 0;
}
