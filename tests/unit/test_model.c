/* test_model.c - the nouns: names, patterns, listings, jobs and their state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "model/job.h"
#include "model/job_state.h"
#include "model/pattern.h"
#include "model/remote_file.h"
#include "model/repo.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TEN "abcdefghij"
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* The reason holds `part`, or there is none if `part` is NULL. */
static void check_reason(const char *subject, const char *reason,
    const char *part)
{
	if (part == NULL && reason != NULL)
		fail_msg("\"%s\" is refused: %s", subject, reason);
	if (part != NULL && reason == NULL)
		fail_msg("\"%s\" is accepted", subject);
	if (part != NULL && strstr(reason, part) == NULL)
		fail_msg("\"%s\": \"%s\" lacks \"%s\"", subject, reason, part);
}

/* repo */

static void repo_types(void **state)
{
	static const char *const names[] = { "model", "dataset", "space" };
	static const char *const folders[] = { "models--", "datasets--",
		"spaces--" };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		enum repo_type type = REPO_MODEL;

		assert_int_equal(repo_type_parse(names[i], &type), 0);
		assert_int_equal(type, i);
		assert_string_equal(repo_type_name(type), names[i]);
		assert_string_equal(repo_type_folder_prefix(type), folders[i]);
	}
}

static void repo_type_unknown(void **state)
{
	enum repo_type type = REPO_SPACE;

	(void)state;
	assert_int_equal(repo_type_parse("Model", &type), -1);
	assert_int_equal(repo_type_parse("models", &type), -1);
	assert_int_equal(repo_type_parse("", &type), -1);
	assert_int_equal(type, REPO_SPACE);
}

static void repo_ids(void **state)
{
	static const struct {
		const char *id, *reason;
	} cases[] = {
		{ "gpt2", NULL },
		{ "Qwen/Qwen3-0.6B", NULL },
		{ "_a/b_", NULL },
		{ "a/0", NULL },
		{ "a.b-c_d/e.f-g_h", NULL },
		{ NINETY "123456", NULL },
		{ "org/" NINETY "123456", NULL },
		{ "a.gitx/b", NULL },
		{ "a.git/b", NULL },
		{ "", "empty" },
		{ "/", "empty" },
		{ "a/", "empty" },
		{ "/a", "empty" },
		{ "a/b/c", "at most one" },
		{ "../x", "begin and end" },
		{ "-rf", "begin and end" },
		{ "a/-b", "begin and end" },
		{ "a-/b", "begin and end" },
		{ "a/b.", "begin and end" },
		{ "a..b", "\"--\"" },
		{ "a--b", "\"--\"" },
		{ "a--b/c", "\"--\"" },
		{ "a/b.git", ".git" },
		{ NINETY "1234567", "96" },
		{ "org/" NINETY "1234567", "96" },
		{ NINETY "1234567/x", "96" },
		{ "a b", "only letters" },
		{ "a\n", "only letters" },
		{ "org/mod\xc3\xa8le", "only letters" },
		{ "a\\b", "only letters" },
		{ "a:b", "only letters" },
		{ "hf://a/b", "at most one" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_reason(cases[i].id, repo_id_problem(cases[i].id),
		    cases[i].reason);
}

static void repo_revisions(void **state)
{
	static const struct {
		const char *revision, *reason;
	} cases[] = {
		{ "main", NULL },
		{ "v2.1", NULL },
		{ "feature/x", NULL },
		{ "refs/pr/1", NULL },
		{ "refs/convert/parquet", NULL },
		{ "0123456789012345678901234567890123456789", NULL },
		{ ".hidden", NULL },
		{ "lock", NULL },
		{ "a.lock.b", NULL },
		{ "\xc3\xbc", NULL },
		{ "a-", NULL },
		{ "", "empty" },
		{ "../x", "\"..\"" },
		{ "a/../b", "\"..\"" },
		{ "a..b", "\"..\"" },
		{ ".", "\".\"" },
		{ "a/./b", "\".\"" },
		{ "/main", "empty segment" },
		{ "main/", "empty segment" },
		{ "a//b", "empty segment" },
		{ "-x", "\"-\"" },
		{ "a b", "none of" },
		{ "a\\b", "none of" },
		{ "a~1", "none of" },
		{ "a^", "none of" },
		{ "a:b", "none of" },
		{ "a?", "none of" },
		{ "a*", "none of" },
		{ "a[b", "none of" },
		{ "a\n", "control" },
		{ "a\x7f", "control" },
		{ "a\t", "control" },
		{ "a.lock", ".lock" },
		{ "a.lock/b", ".lock" },
		{ "a.tmp", ".tmp" },
		{ "a\xff", "UTF-8" },
	};
	char longest[257];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_reason(cases[i].revision,
		    repo_revision_problem(cases[i].revision), cases[i].reason);
	memset(longest, 'a', sizeof(longest));
	longest[255] = '\0';
	check_reason("255", repo_revision_problem(longest), NULL);
	longest[255] = 'a';
	longest[256] = '\0';
	check_reason("256", repo_revision_problem(longest), "255");
}

static void repo_commits(void **state)
{
	(void)state;
	assert_true(repo_is_commit("0123456789abcdef0123456789abcdef01234567"));
	assert_false(
	    repo_is_commit("0123456789ABCDEF0123456789abcdef01234567"));
	assert_false(repo_is_commit("0123456789abcdef0123456789abcdef0123456"));
	assert_false(
	    repo_is_commit("0123456789abcdef0123456789abcdef012345678"));
	assert_false(repo_is_commit("main"));
}

static void repo_folders(void **state)
{
	static const struct {
		enum repo_type type;
		const char *id, *folder;
	} cases[] = {
		{ REPO_MODEL, "gpt2", "models--gpt2" },
		{ REPO_DATASET, "org/data", "datasets--org--data" },
		{ REPO_SPACE, "a/b-c", "spaces--a--b-c" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char *folder = repo_cache_folder(cases[i].type, cases[i].id);

		assert_string_equal(folder, cases[i].folder);
		free(folder);
	}
}

/* pattern: expected values are those of Python's fnmatch.fnmatchcase() */

static void patterns_match(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} cases[] = {
		{ "a", "a", true },
		{ "a", "A", false },
		{ "a", "ab", false },
		{ "ab", "a", false },
		{ "*", "a/b/.c", true },
		{ "**", "a/b", true },
		{ "*.bin", "x/y.bin", true },
		{ "*.bin", "y.bin.txt", false },
		{ "*.bin", ".bin", true },
		{ "a/*", "a/b/c", true },
		{ "a/**/c", "a/b/c", true },
		{ "a/**/c", "a/c", false },
		{ "?", "\xc3\xa9", true },
		{ "?", "\xf0\x9f\x98\x80", true },
		{ "??", "\xc3\xa9", false },
		{ "a?b", "a/b", true },
		{ "?", "", false },
		{ "*", "", true },
		/* classes */
		{ "[abc]", "b", true },
		{ "[abc]", "d", false },
		{ "[!abc]", "d", true },
		{ "[!abc]", "b", false },
		{ "[!abc]", "", false },
		{ "[a-c]x", "bx", true },
		{ "[a-c]", "-", false },
		{ "[a-]", "-", true },
		{ "[-a]", "-", true },
		{ "[!-a]", "-", false },
		{ "[--/]", ".", true },
		{ "[a-c-e]", "d", false },
		{ "[a-c-e]", "-", true },
		{ "[]]", "]", true },
		{ "[]a]", "a", true },
		{ "[!]]", "]", false },
		{ "[!]]", "a", true },
		{ "[^a]", "^", true },
		{ "[^a]", "b", false },
		{ "[*]", "*", true },
		{ "[*]", "a", false },
		{ "[?]", "?", true },
		{ "[[]", "[", true },
		{ "[\xc3\xa0-\xc3\xa9]", "\xc3\xa8", true },
		{ "[!/]", "/", false },
		/* no closing bracket: literal */
		{ "[", "[", true },
		{ "[a", "[a", true },
		{ "[]", "[]", true },
		{ "[!]", "[!]", true },
		{ "[!", "[!", true },
		{ "a[b*", "a[bcd", true },
		/* an empty range holds nothing, and drops out */
		{ "[z-a]", "z", false },
		{ "[z-a]", "-", false },
		{ "[!z-a]", "q", true },
		{ "[z-ax]", "x", true },
		{ "[z-a-c]", "-", true },
		/* ... before fnmatch looks for the negation */
		{ "[z-a!]", "q", true },
		{ "[z-a!b]", "b", false },
		{ "[z-a!b]", "c", true },
		{ "[z-a!-c]", "b", true },
		{ "[z-a!-c]", "-", false },
		{ "[z-a!-c]", "c", false },
		{ "[!z-a!b]", "!", false },
		/* the backslash is a slash on both sides, and no escape */
		{ "a\\b", "a/b", true },
		{ "a/b", "a\\b", true },
		{ "\\*", "/x", true },
		{ "[\\]", "/", true },
		/* a folder is all that is in it */
		{ "dir/", "dir/a/b", true },
		{ "dir/", "dir/", true },
		{ "dir/", "dir", false },
		{ "dir\\", "dir/a", true },
		{ "dir", "dir/a", false },
		{ "", "", false },
		{ "", "a", false },
		/* only the last star is tried again */
		{ "*a*b*c", "xaxbxbxc", true },
		{ "*a*b*c", "xaxcxb", false },
		{ "*ab", "aab", true },
		{ "*aab", "aaab", true },
		{ "a*b?", "abbc", true },
		{ "*[ab]?", "xxbc", true },
		{ "*\xc3\xa9", "\xc3\xa8\xc3\xa9", true },
		{ "x\n", "x", false },
		{ "x", "x\n", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		if (pattern_match(cases[i].pattern, cases[i].path) !=
		    cases[i].match)
			fail_msg("\"%s\" on \"%s\" is not %d", cases[i].pattern,
			    cases[i].path, cases[i].match);
}

/* Backtracking into every star would take longer than the universe has. */
static void pattern_time_is_bounded(void **state)
{
	char pattern[PATTERN_MAX + 1], path[REMOTE_PATH_MAX + 1];
	size_t i;

	(void)state;
	memset(path, 'a', REMOTE_PATH_MAX);
	path[REMOTE_PATH_MAX] = '\0';
	for (i = 0; i < PATTERN_MAX; i++)
		pattern[i] = i % 2 == 0 ? '*' : 'a';
	pattern[PATTERN_MAX - 1] = 'b';
	pattern[PATTERN_MAX] = '\0';
	assert_false(pattern_match(pattern, path));
	memset(pattern, '[', PATTERN_MAX);
	pattern[0] = '*';
	memset(path, '[', REMOTE_PATH_MAX);
	assert_true(pattern_match(pattern, path));
}

static void pattern_problems(void **state)
{
	static const struct {
		const char *pattern, *reason;
	} cases[] = {
		{ "*.bin", NULL },
		{ "[", NULL },
		{ "\xc3\xa9", NULL },
		{ "", "empty" },
		{ "a\nb", "control" },
		{ "\x7f", "control" },
		{ "\xff", "UTF-8" },
	};
	char longest[PATTERN_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_reason(cases[i].pattern,
		    pattern_problem(cases[i].pattern), cases[i].reason);
	memset(longest, 'a', sizeof(longest));
	longest[PATTERN_MAX + 1] = '\0';
	check_reason("1025", pattern_problem(longest), "1024");
	assert_false(pattern_match(longest, longest));
	longest[PATTERN_MAX] = '\0';
	check_reason("1024", pattern_problem(longest), NULL);
	longest[PATTERN_MAX - 1] = '/';
	assert_true(pattern_match(longest, longest));
}

static void patterns_keep(void **state)
{
	struct pattern_list include = { NULL, 0 }, exclude = { NULL, 0 };
	struct pattern_list copy;

	(void)state;
	assert_true(pattern_keeps(&include, &exclude, "a"));
	assert_int_equal(pattern_list_add(&exclude, "*.bin"), 0);
	assert_true(pattern_keeps(&include, &exclude, "a"));
	assert_false(pattern_keeps(&include, &exclude, "a.bin"));
	assert_int_equal(pattern_list_add(&include, "a*"), 0);
	assert_int_equal(pattern_list_add(&include, "b*"), 0);
	assert_true(pattern_keeps(&include, &exclude, "bx"));
	assert_false(pattern_keeps(&include, &exclude, "c"));
	assert_false(pattern_keeps(&include, &exclude, "a.bin"));
	assert_int_equal(pattern_list_copy(&copy, &include), 0);
	pattern_list_release(&include);
	assert_int_equal(include.n, 0);
	assert_int_equal(copy.n, 2);
	assert_string_equal(copy.items[1], "b*");
	pattern_list_release(&copy);
	assert_int_equal(pattern_list_copy(&copy, &include), 0);
	assert_null(copy.items);
	pattern_list_release(&exclude);
}

/* remote_file */

static void remote_paths(void **state)
{
	static const struct {
		const char *path, *reason;
	} cases[] = {
		{ "config.json", NULL },
		{ "a/b/c.bin", NULL },
		{ ".gitattributes", NULL },
		{ "-x", NULL },
		{ "~", NULL },
		{ "a b", NULL },
		{ "...", NULL },
		{ "..a/b..", NULL },
		{ "\xc3\xa9", NULL },
		{ "\xe2\x9d\xa4\xef\xb8\x8f.md", NULL },
		{ "file:stream", NULL },
		{ "aux.txt", NULL },
		{ "a\\b", NULL },
		{ "x.incomplete", NULL },
		{ ".cache/other", NULL },
		{ ".cache/huggingfaces", NULL },
		{ ".cache", NULL },
		{ "x/.hfcron", NULL },
		{ ".git/config", NULL },
		{ "", "empty" },
		{ "..", "\"..\"" },
		{ "../x", "\"..\"" },
		{ "a/../../x", "\"..\"" },
		{ "a/..", "\"..\"" },
		{ "..\\x", "\"..\"" },
		{ "a\\..\\..\\x", "\"..\"" },
		{ "a/b\\..", "\"..\"" },
		{ "/etc/passwd", "absolute" },
		{ ".", "\".\"" },
		{ "./a", "\".\"" },
		{ "a/./b", "\".\"" },
		{ "a//b", "empty segment" },
		{ "a/", "empty segment" },
		{ "C:\\x", "drive" },
		{ "D:x", "drive" },
		{ "a/C:x", "drive" },
		{ "C:", "drive" },
		{ "\xc3\xa9:x", "drive" },
		{ "\\x", "backslash" },
		{ "\\\\host\\share", "backslash" },
		{ "a/\\x", "backslash" },
		{ "a\nb", "control" },
		{ "a\tb", "control" },
		{ "a\x1b[31m", "control" },
		{ "a\x7f", "control" },
		{ "a\xc2\x85", "control" },
		{ "a\xff", "UTF-8" },
		{ "\xc0\xae\xc0\xae/x", "UTF-8" },
		{ "\xed\xa0\x80", "UTF-8" },
		{ "a\xe2\x80\xae"
		  "b",
		    "hides" },
		{ "a\xe2\x80\x8b"
		  "b",
		    "hides" },
		{ "\xef\xbb\xbf"
		  "a",
		    "hides" },
		{ "a\xe2\x81\xa6", "hides" },
		{ ".cache/huggingface", "bookkeeping" },
		{ ".cache/huggingface/download/x", "bookkeeping" },
		{ ".CACHE/HuggingFace/x", "bookkeeping" },
		{ ".hfcron", "bookkeeping" },
		{ ".hfcron/x", "bookkeeping" },
		{ "a/0123.ab.hfcron.incomplete", "partial" },
		{ "x.hfcron.incomplete/a", "partial" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_reason(cases[i].path,
		    remote_path_problem(cases[i].path, strlen(cases[i].path)),
		    cases[i].reason);
	check_reason("NUL", remote_path_problem("a\0b", 3), "control");
	/* The length counts, not a terminator. */
	check_reason("cut", remote_path_problem("ab/..", 2), NULL);
}

static void remote_path_lengths(void **state)
{
	char path[REMOTE_PATH_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(path); i++)
		path[i] = i % 2 == 0 ? 'a' : '/';
	path[REMOTE_PATH_MAX - 1] = 'a';
	check_reason("1024", remote_path_problem(path, REMOTE_PATH_MAX), NULL);
	check_reason("1025", remote_path_problem(path, REMOTE_PATH_MAX + 1),
	    "1024");
	memset(path, 'a', sizeof(path));
	check_reason("255", remote_path_problem(path, REMOTE_SEGMENT_MAX),
	    NULL);
	check_reason("256", remote_path_problem(path, REMOTE_SEGMENT_MAX + 1),
	    "255");
}

static void fill_listing(struct remote_listing *l, const char *const *paths,
    size_t n)
{
	size_t i;

	remote_listing_init(l);
	l->files = calloc(n + 1, sizeof(*l->files));
	assert_non_null(l->files);
	l->cap = n + 1;
	for (i = 0; i < n; i++) {
		l->files[l->n].path = text_dup(paths[i]);
		assert_non_null(l->files[l->n++].path);
	}
}

static void listings_sort_and_refuse(void **state)
{
	static const struct {
		const char *paths[6];
		const char *reason;
	} cases[] = {
		{ { NULL }, NULL },
		{ { "a" }, NULL },
		{ { "b", "a", "a/x", NULL }, "\"a\"" },
		{ { "c", "b", "\xc3\xa9", "a" }, NULL },
		{ { "a", "b", "a" }, "twice" },
		{ { "a", "a-b", "a.b", "a/b" }, "\"a\" as a file" },
		{ { "x/a", "x/a-b", "x/a/b/c" }, "\"x/a\" as a file" },
		{ { "x/a/b", "x/a-b", "x/ab" }, NULL },
		{ { "x/y/z/1", "x/y/z/2", "x/y" }, "\"x/y\" as a file" },
		{ { "x/y/z", "x/y/z/w" }, "\"x/y/z\" as a file" },
		{ { "ab/c", "a" }, NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		struct remote_listing l;
		struct err e = ERR_INIT;
		size_t n = 0, j;
		int rc;

		while (cases[i].paths[n] != NULL)
			n++;
		fill_listing(&l, cases[i].paths, n);
		rc = remote_listing_finish(&l, &e);
		check_reason(n == 0 ? "" : cases[i].paths[0],
		    rc == 0 ? NULL : e.text, cases[i].reason);
		assert_int_equal(e.kind, rc == 0 ? ERR_NONE : ERR_PERMANENT);
		for (j = 1; rc == 0 && j < l.n; j++)
			assert_true(strcmp(l.files[j - 1].path,
					l.files[j].path) < 0);
		remote_listing_release(&l);
		assert_null(l.files);
	}
}

static void names_that_windows_cannot_hold(void **state)
{
	static const struct {
		const char *path, *reason;
	} cases[] = {
		{ "a", NULL },
		{ "a/b/c.bin", NULL },
		{ ".gitattributes", NULL },
		{ "-x", NULL },
		{ " lead", NULL },
		{ "console", NULL },
		{ "com", NULL },
		{ "com10.txt", NULL },
		{ "lpt1x", NULL },
		{ "a.con", NULL },
		{ "xaux.c", NULL },
		{ "nul-file", NULL },
		{ "\xc3\xa9/\xe6\x97\xa5", NULL },
		{ "a&b=c;d#e$%~^{}[]!'`+,@()", NULL },
		{ "com\xc2\xb4", NULL },
		{ "con", "device" },
		{ "CON", "device" },
		{ "x/Aux", "device" },
		{ "aux/x", "device" },
		{ "aux.txt", "device" },
		{ "nul.tar.gz", "device" },
		{ "nul .txt", "device" },
		{ "prn", "device" },
		{ "com1", "device" },
		{ "COM9.c", "device" },
		{ "LPT1", "device" },
		{ "lpt\xc2\xb3.x", "device" },
		{ "conin$", "device" },
		{ "CONOUT$", "device" },
		{ "a.", "dot" },
		{ "a ", "dot" },
		{ "a./b", "dot" },
		{ "a /b", "dot" },
		{ "...", "dot" },
		{ "file:stream", "allows in no name" },
		{ "a<b", "allows in no name" },
		{ "a>b", "allows in no name" },
		{ "a\"b", "allows in no name" },
		{ "a|b", "allows in no name" },
		{ "a?b", "allows in no name" },
		{ "a*b", "allows in no name" },
		{ "a\\b", "allows in no name" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		check_reason(cases[i].path,
		    remote_path_unfit(REMOTE_ON_WINDOWS, cases[i].path,
			strlen(cases[i].path)),
		    cases[i].reason);
}

static void must_fit_unix(const struct remote_file *const *files, size_t n)
{
	struct err e = ERR_INIT;

	assert_int_equal(remote_files_fit(REMOTE_ON_UNIX, files, n, &e), 0);
	for (size_t i = 0; i < n; i++)
		assert_null(remote_path_unfit(REMOTE_ON_UNIX, files[i]->path,
		    strlen(files[i]->path)));
}

static void names_that_windows_takes_for_one(void **state)
{
	static const struct {
		const char *paths[5];
		const char *reason;
	} cases[] = {
		{ { NULL }, NULL },
		{ { "a" }, NULL },
		{ { "a", "b", "ab", "a-b" }, NULL },
		{ { "D/a", "d/b" }, NULL }, /* one folder will do for both */
		{ { "x", "a", "A" }, "\"A\" and \"a\"" },
		{ { "D/a", "x", "d/A" }, "\"D/a\" and \"d/A\"" },
		{ { "a", "A/b" }, "\"a\" and \"A/b\"" },
		{ { "x/A", "x/a-b", "X/a/b/c" }, "\"x/A\" and \"X/a/b/c\"" },
		{ { "ab/c", "A" }, NULL },
		{ { "\xc3\x84", "\xc3\xa4" }, "the same" },
		{ { "\xc5\xb8", "\xc3\xbf" }, "the same" },
		{ { "\xc4\x80", "\xc4\x81" }, "the same" },
		{ { "\xc4\x81", "\xc4\x82" }, NULL },
		{ { "\xc5\xbd", "\xc5\xbe" }, "the same" },
		{ { "\xce\xa3", "\xcf\x83" }, "the same" },
		{ { "\xcf\x82", "\xcf\x83" }, "the same" },
		{ { "\xce\x86", "\xce\xac" }, "the same" },
		{ { "\xd0\x96", "\xd0\xb6" }, "the same" },
		{ { "\xd0\x81", "\xd1\x91" }, "the same" },
		{ { "\xd4\xb1", "\xd5\xa1" }, "the same" },
		{ { "\xef\xbc\xa1", "\xef\xbd\x81" }, "the same" },
		{ { "\xc3\x97", "\xc3\xb7" }, NULL }, /* times, divided by */
		{ { "nul", "x" }, "names a device" },
	};
	size_t i, k, n;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		const struct remote_file *files[COUNT(cases[0].paths)];
		struct remote_listing l;
		struct err e = ERR_INIT;
		int rc;

		for (n = 0; cases[i].paths[n] != NULL; n++)
			continue;
		fill_listing(&l, cases[i].paths, n);
		for (k = 0; k < n; k++)
			files[k] = &l.files[k];
		rc = remote_files_fit(REMOTE_ON_WINDOWS, files, n, &e);
		check_reason(n == 0 ? "" : cases[i].paths[0],
		    rc == 0 ? NULL : e.text, cases[i].reason);
		assert_int_equal(e.kind, rc == 0 ? ERR_NONE : ERR_PERMANENT);
		must_fit_unix(files, n);
		remote_listing_release(&l);
	}
}

static void remote_blobs(void **state)
{
	struct remote_file f = { 0 };

	(void)state;
	(void)snprintf(f.oid, sizeof(f.oid), "%s", "0a");
	assert_string_equal(remote_file_blob(&f), "0a");
	f.sha256 = "ff";
	assert_string_equal(remote_file_blob(&f), "ff");
}

/* job */

static void job_priorities(void **state)
{
	static const char *const names[] = { "high", "medium", "low" };
	enum job_priority p = JOB_HIGH;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		assert_int_equal(job_priority_parse(names[i], &p), 0);
		assert_int_equal(p, i);
		assert_string_equal(job_priority_name(p), names[i]);
	}
	assert_int_equal(job_priority_parse("High", &p), -1);
	assert_int_equal(job_priority_parse("", &p), -1);
	assert_int_equal(p, JOB_LOW);
}

static void job_ids(void **state)
{
	char *id = job_default_id(REPO_MODEL, "org/name", "main", NULL);

	(void)state;
	assert_string_equal(id, "model/org/name@main");
	free(id);
	id = job_default_id(REPO_DATASET, "d", "v1", "0123456789abcdef");
	assert_string_equal(id, "dataset/d@v1+01234567");
	free(id);
}

static char *text_of(const char *include, const char *exclude,
    const char *local_dir, bool follow)
{
	struct job job = { 0 };
	char *text;

	job.name = text_dup("org/name");
	job.revision = text_dup("main");
	job.local_dir = text_dup(local_dir);
	job.follow = follow;
	if (include != NULL)
		assert_int_equal(pattern_list_add(&job.include, include), 0);
	if (exclude != NULL)
		assert_int_equal(pattern_list_add(&job.exclude, exclude), 0);
	text = job_text(&job, "/cache", "https://hub");
	assert_non_null(text);
	job_release(&job);
	assert_null(job.name);
	return text;
}

static void job_texts(void **state)
{
	static const struct {
		const char *include, *exclude, *local_dir;
		bool follow;
		const char *text;
	} cases[] = {
		{ NULL, NULL, NULL, true,
		    "model name=\"org/name\" revision=\"main\" "
		    "follow=\"yes\" cache_dir=\"/cache\" "
		    "endpoint=\"https://hub\"" },
		{ "a b", "*.bin", "/x", false,
		    "model name=\"org/name\" revision=\"main\" "
		    "follow=\"no\" include=\"a b\" exclude=\"*.bin\" "
		    "local_dir=\"/x\" endpoint=\"https://hub\"" },
		{ "a\" exclude=\"b", NULL, "/\n\\", true,
		    "model name=\"org/name\" revision=\"main\" "
		    "follow=\"yes\" include=\"a\\\" exclude=\\\"b\" "
		    "local_dir=\"/\\x0a\\\\\" endpoint=\"https://hub\"" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		char *text = text_of(cases[i].include, cases[i].exclude,
		    cases[i].local_dir, cases[i].follow);

		assert_string_equal(text, cases[i].text);
		free(text);
	}
}

/* job_state */

static void job_states_are_copied(void **state)
{
	struct job_state s, copy;
	struct err e = ERR_INIT;

	(void)state;
	job_state_init(&s);
	assert_int_equal(s.next_try.s, WALL_NONE);
	assert_int_equal(s.removed_at.s, WALL_NONE);
	assert_int_equal(s.phase, PHASE_NEW);
	s.id = text_dup("model/a@main");
	s.phase = PHASE_PARTIAL;
	s.bytes_done = 7;
	(void)err_set(&e, ERR_AUTH, "no entry");
	assert_int_equal(job_state_set_error(&s, &e), 0);
	assert_int_equal(job_state_copy(&copy, &s), 0);
	assert_ptr_not_equal(copy.id, s.id);
	assert_int_equal(job_state_set_error(&s, NULL), 0);
	assert_null(s.error_text);
	assert_int_equal(s.error_kind, ERR_NONE);
	job_state_release(&s);
	assert_null(s.id);
	assert_string_equal(copy.id, "model/a@main");
	assert_string_equal(copy.error_text, "no entry");
	assert_int_equal(copy.error_kind, ERR_AUTH);
	assert_int_equal(copy.bytes_done, 7);
	(void)err_set(&e, ERR_DISK, "full");
	assert_int_equal(job_state_set_error(&copy, &e), 0);
	assert_string_equal(copy.error_text, "full");
	job_state_release(&copy);
}

static void job_phases_have_names(void **state)
{
	static const char *const names[] = { "new", "current", "waiting",
		"fetching", "partial", "retrying", "failed", "parked",
		"disabled" };
	size_t i;

	(void)state;
	assert_int_equal(COUNT(names), PHASE_DISABLED + 1);
	for (i = 0; i < COUNT(names); i++)
		assert_string_equal(job_phase_name((enum job_phase)i),
		    names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repo_types),
		cmocka_unit_test(repo_type_unknown),
		cmocka_unit_test(repo_ids),
		cmocka_unit_test(repo_revisions),
		cmocka_unit_test(repo_commits),
		cmocka_unit_test(repo_folders),
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(pattern_time_is_bounded),
		cmocka_unit_test(pattern_problems),
		cmocka_unit_test(patterns_keep),
		cmocka_unit_test(remote_paths),
		cmocka_unit_test(remote_path_lengths),
		cmocka_unit_test(listings_sort_and_refuse),
		cmocka_unit_test(names_that_windows_cannot_hold),
		cmocka_unit_test(names_that_windows_takes_for_one),
		cmocka_unit_test(remote_blobs),
		cmocka_unit_test(job_priorities),
		cmocka_unit_test(job_ids),
		cmocka_unit_test(job_texts),
		cmocka_unit_test(job_states_are_copied),
		cmocka_unit_test(job_phases_have_names),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
