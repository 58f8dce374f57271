/* remote_file.c - files as the Hub lists them, and what names are safe. */
#include "model/remote_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/vec.h"

const char *remote_file_blob(const struct remote_file *f)
{
	return f->sha256 != NULL ? f->sha256 : f->oid;
}

void remote_listing_init(struct remote_listing *l)
{
	memset(l, 0, sizeof(*l));
}

void remote_listing_release(struct remote_listing *l)
{
	remote_listing_cut(l, 0);
	free(l->files);
	remote_listing_init(l);
}

/* Where the copy of a hash begins, or NULL if there is none. */
static const char *put_hash(char **out, const char *hash, size_t n)
{
	const char *start = *out;

	if (n == 0)
		return NULL;
	memcpy(*out, hash, n + 1);
	*out += n + 1;
	return start;
}

int remote_listing_add(struct remote_listing *l, const char *path,
    uint64_t size, const struct remote_hashes *hashes, struct err *e)
{
	size_t n = strlen(path) + 1, sha = strlen(hashes->sha256),
	       xet = strlen(hashes->xet_hash);
	struct remote_file *f;
	char *block;

	if (l->n >= REMOTE_FILES_MAX)
		return err_set(e, ERR_PERMANENT,
		    "the repository has more than %d files", REMOTE_FILES_MAX);
	if (vec_grow((void **)&l->files, &l->cap, l->n + 1, sizeof(*l->files),
		REMOTE_FILES_MAX) == -1)
		return err_nomem(e);
	/* The path and, behind it, the hashes it has. */
	block = malloc(n + sha + 1 + xet + 1);
	if (block == NULL)
		return err_nomem(e);
	f = &l->files[l->n++];
	f->path = block;
	memcpy(block, path, n);
	block += n;
	f->sha256 = put_hash(&block, hashes->sha256, sha);
	f->xet_hash = put_hash(&block, hashes->xet_hash, xet);
	f->size = size;
	memcpy(f->oid, hashes->oid, sizeof(f->oid));
	return 0;
}

void remote_listing_cut(struct remote_listing *l, size_t n)
{
	while (l->n > n)
		free(l->files[--l->n].path);
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

/* --- what Windows cannot hold --------------------------------------------- */

/* Is the segment, up to its first dot and without spaces at its end, this? */
static bool is_device(const char *segment, size_t n, const char *device,
    bool with_digit)
{
	const char *dot = memchr(segment, '.', n);
	size_t m = strlen(device),
	       stem = dot == NULL ? n : (size_t)(dot - segment);
	char head[8];

	while (stem > 0 && segment[stem - 1] == ' ')
		stem--;
	if (stem < m || m >= sizeof(head))
		return false;
	memcpy(head, segment, m);
	head[m] = '\0';
	if (!text_equal_nocase(head, device))
		return false;
	if (!with_digit)
		return stem == m;
	/* COM1, and COM with a superscript one: U+00B9, U+00B2, U+00B3. */
	if (stem == m + 1)
		return segment[m] >= '0' && segment[m] <= '9';
	return stem == m + 2 && memcmp(segment + m, "\xc2", 1) == 0 &&
	    strchr("\xb9\xb2\xb3", segment[m + 1]) != NULL;
}

static bool is_any_device(const char *segment, size_t n)
{
	static const char *const plain[] = { "CON", "PRN", "AUX", "NUL",
		"CONIN$", "CONOUT$" };
	size_t i;

	for (i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (is_device(segment, n, plain[i], false))
			return true;
	return is_device(segment, n, "COM", true) ||
	    is_device(segment, n, "LPT", true);
}

static const char *segment_unfit(const char *segment, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strchr("<>:\"|?*\\", segment[i]) != NULL)
			return "has a character that Windows allows in no name "
			       "(<>:\"|?*\\)";
	if (n > 0 && (segment[n - 1] == '.' || segment[n - 1] == ' '))
		return "has a segment that ends in a dot or a space, which "
		       "Windows drops";
	if (is_any_device(segment, n))
		return "has a segment that names a device of Windows";
	return NULL;
}

const char *remote_path_unfit(enum remote_system on, const char *path, size_t n)
{
	size_t i, start = 0;
	const char *problem;

	if (on == REMOTE_ON_UNIX)
		return NULL;
	for (i = 0; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		problem = segment_unfit(path + start, i - start);
		if (problem != NULL)
			return problem;
		start = i + 1;
	}
	return NULL;
}

/* Capital letters.  add 0: the small one is the next, from `first` on every
 * second; else so many code points further. */
static const struct {
	uint16_t first, last, add;
} capitals[] = {
	{ 'A', 'Z', 32 },
	{ 0x00c0, 0x00d6, 32 },
	{ 0x00d8, 0x00de, 32 },
	{ 0x0100, 0x012e, 0 },
	{ 0x0132, 0x0136, 0 },
	{ 0x0139, 0x0147, 0 },
	{ 0x014a, 0x0176, 0 },
	{ 0x0179, 0x017d, 0 },
	{ 0x0386, 0x0386, 38 },
	{ 0x0388, 0x038a, 37 },
	{ 0x038c, 0x038c, 64 },
	{ 0x038e, 0x038f, 63 },
	{ 0x0391, 0x03a1, 32 },
	{ 0x03a3, 0x03ab, 32 },
	{ 0x03c2, 0x03c2, 1 }, /* both small sigmas have one capital */
	{ 0x0400, 0x040f, 80 },
	{ 0x0410, 0x042f, 32 },
	{ 0x0460, 0x0480, 0 },
	{ 0x048a, 0x04be, 0 },
	{ 0x04c0, 0x04c0, 15 },
	{ 0x04c1, 0x04cd, 0 },
	{ 0x04d0, 0x052e, 0 },
	{ 0x0531, 0x0556, 48 },
	{ 0x1e00, 0x1e94, 0 },
	{ 0x1ea0, 0x1efe, 0 },
	{ 0xff21, 0xff3a, 32 },
};

static uint32_t fold(uint32_t cp)
{
	size_t i;

	if (cp == 0x0178) /* its small letter was there before it */
		return 0x00ff;
	for (i = 0; i < sizeof(capitals) / sizeof(capitals[0]); i++) {
		if (cp < capitals[i].first || cp > capitals[i].last)
			continue;
		if (capitals[i].add > 0)
			return cp + capitals[i].add;
		return (cp - capitals[i].first) % 2 == 0 ? cp + 1 : cp;
	}
	return cp;
}

/* As names are compared there; "/" before all else, so that what is in a folder
 * follows its name directly. */
static int compare_folded(const char *a, const char *b)
{
	const size_t an = strlen(a), bn = strlen(b);
	size_t ai = 0, bi = 0;

	while (ai < an && bi < bn) {
		uint32_t x = fold(text_next(a, an, &ai));
		uint32_t y = fold(text_next(b, bn, &bi));

		if (x != y)
			return x == '/' ? -1 : y == '/' ? 1 : x < y ? -1 : 1;
	}
	return (ai < an) - (bi < bn);
}

static int by_folded_path(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	const int order = compare_folded(x, y);

	return order != 0 ? order : strcmp(x, y);
}

/* Of two neighbours: are they the same, or is one the other's folder? */
static bool is_twin(const char *a, const char *b)
{
	const size_t an = strlen(a), bn = strlen(b);
	size_t ai = 0, bi = 0;

	while (ai < an && bi < bn)
		if (fold(text_next(a, an, &ai)) != fold(text_next(b, bn, &bi)))
			return false;
	return ai == an && (bi == bn || b[bi] == '/');
}

static int check_twins(const struct remote_file *const *files, size_t n,
    struct err *e)
{
	const char **paths = calloc(n + 1, sizeof(*paths));
	size_t i;
	int rc = 0;

	if (paths == NULL)
		return err_nomem(e);
	for (i = 0; i < n; i++)
		paths[i] = files[i]->path;
	if (n > 1)
		qsort(paths, n, sizeof(*paths), by_folded_path);
	for (i = 1; rc == 0 && i < n; i++)
		if (is_twin(paths[i - 1], paths[i]))
			rc = err_set(e, ERR_PERMANENT,
			    "the names \"%.160s\" and \"%.160s\" are the same "
			    "on Windows; exclude one of them",
			    paths[i - 1], paths[i]);
	free(paths);
	return rc;
}

int remote_files_fit(enum remote_system on,
    const struct remote_file *const *files, size_t n, struct err *e)
{
	const char *path, *problem;
	size_t i;

	if (on == REMOTE_ON_UNIX)
		return 0;
	for (i = 0; i < n; i++) {
		path = files[i]->path;
		problem = remote_path_unfit(on, path, strlen(path));
		if (problem != NULL)
			return err_set(e, ERR_PERMANENT,
			    "the name \"%.200s\" %s; exclude it to have the "
			    "others",
			    path, problem);
	}
	return check_twins(files, n, e);
}
