/* remote_file.c - files as the Hub lists them, and what names are safe. */
#include "model/remote_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

const char *remote_file_blob(const struct remote_file *f)
{
	return f->sha256[0] != '\0' ? f->sha256 : f->oid;
}

void remote_listing_init(struct remote_listing *l)
{
	memset(l, 0, sizeof(*l));
}

void remote_listing_release(struct remote_listing *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->files[i].path);
	free(l->files);
	remote_listing_init(l);
}

static int compare_files(const void *a, const void *b)
{
	const struct remote_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

/* Is there a file whose path is the first n bytes of `path`? */
static bool has_file(const struct remote_listing *l, const char *path, size_t n)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *other = l->files[middle].path;
		int order = strncmp(other, path, n);

		if (order == 0 && other[n] == '\0')
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Length of the folder part that both paths share, with its last "/". */
static size_t shared_folder(const char *a, const char *b)
{
	size_t i, n = 0;

	for (i = 0; a[i] != '\0' && a[i] == b[i]; i++)
		if (a[i] == '/')
			n = i + 1;
	return n;
}

int remote_listing_finish(struct remote_listing *l, struct err *e)
{
	size_t i;

	if (l->n > 1)
		qsort(l->files, l->n, sizeof(*l->files), compare_files);
	for (i = 1; i < l->n; i++) {
		const char *before = l->files[i - 1].path;
		const char *path = l->files[i].path;
		const char *slash;

		if (strcmp(before, path) == 0)
			return err_set(e, ERR_PERMANENT,
			    "the Hub lists \"%s\" twice", path);
		/* The folders it shares with its neighbour were looked at. */
		slash = strchr(path + shared_folder(before, path), '/');
		for (; slash != NULL; slash = strchr(slash + 1, '/'))
			if (has_file(l, path, (size_t)(slash - path)))
				return err_set(e, ERR_PERMANENT,
				    "the Hub lists \"%.*s\" as a file and as "
				    "a folder",
				    (int)(slash - path), path);
	}
	return 0;
}

static bool is_invisible(uint32_t cp)
{
	return cp == 0x061c || cp == 0x180e || (cp >= 0x200b && cp <= 0x200f) ||
	    (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2060 && cp <= 0x2069) ||
	    cp == 0xfeff;
}

static const char *characters_problem(const char *path, size_t n)
{
	size_t pos = 0;

	if (!text_is_utf8(path, n))
		return "is not UTF-8";
	while (pos < n) {
		uint32_t cp = text_next(path, n, &pos);

		if (cp < 0x20 || (cp >= 0x7f && cp <= 0x9f))
			return "has a control character";
		if (is_invisible(cp))
			return "has a character that hides or reorders text";
	}
	return NULL;
}

/* true if the segment has a ".." between backslashes: a way up on Windows. */
static bool goes_up(const char *segment, size_t n)
{
	size_t i, start = 0;

	for (i = 0; i <= n; i++) {
		if (i < n && segment[i] != '\\')
			continue;
		if (i - start == 2 && memcmp(segment + start, "..", 2) == 0)
			return true;
		start = i + 1;
	}
	return false;
}

static const char *segment_problem(const char *segment, size_t n)
{
	static const char partial[] = ".hfcron.incomplete";
	size_t m = sizeof(partial) - 1, first = 0;

	if (n == 0)
		return "has an empty segment";
	if (n == 1 && segment[0] == '.')
		return "has a \".\" segment";
	if (n > REMOTE_SEGMENT_MAX)
		return "has a segment over 255 bytes";
	if (goes_up(segment, n))
		return "leaves its folder with \"..\"";
	if (segment[0] == '\\')
		return "has a segment that begins with a backslash";
	(void)text_next(segment, n, &first);
	if (first < n && segment[first] == ':')
		return "has a drive letter";
	if (n >= m && memcmp(segment + n - m, partial, m) == 0)
		return "is the name of a partial file of ours";
	return NULL;
}

/* Is the path `folder` or something in it?  Some file systems fold case. */
static bool is_beneath(const char *path, size_t n, const char *folder)
{
	char head[sizeof(".cache/huggingface")];
	size_t m = strlen(folder);

	if (n < m || (n > m && path[m] != '/'))
		return false;
	memcpy(head, path, m);
	head[m] = '\0';
	return text_equal_nocase(head, folder);
}

const char *remote_path_problem(const char *path, size_t n)
{
	size_t i, start = 0;
	const char *problem;

	if (n == 0)
		return "is empty";
	if (n > REMOTE_PATH_MAX)
		return "is over 1024 bytes long";
	problem = characters_problem(path, n);
	if (problem != NULL)
		return problem;
	if (path[0] == '/')
		return "is absolute";
	for (i = 0; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		problem = segment_problem(path + start, i - start);
		if (problem != NULL)
			return problem;
		start = i + 1;
	}
	if (is_beneath(path, n, ".cache/huggingface") ||
	    is_beneath(path, n, ".hfcron"))
		return "lies in a folder kept for bookkeeping";
	return NULL;
}
