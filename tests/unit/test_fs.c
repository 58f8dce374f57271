/* test_fs.c - what platform/fs.h promises.  Holds for every platform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/fs.h"
#include "platform/posix/fs_error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PATH_TEXT_MAX = 512 };

static char root[PATH_TEXT_MAX];

/* A path below the test's own directory; four may be in use at once. */
static const char *in_root(const char *name)
{
	static char paths[4][PATH_TEXT_MAX * 2];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static int remove_one(const char *path, const struct stat *st, int flag,
    struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static int make_root(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)umask(022);
	(void)snprintf(root, sizeof(root), "%s/hfcron-fs-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void put_file(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(fs_write_file(path, NULL, 0644, text, strlen(text),
			     &e),
	    0);
}

static void assert_content(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;

	assert_int_equal(fs_read_file(path, 1 << 20, &bytes, &n, &e), 0);
	assert_int_equal(n, strlen(text));
	assert_string_equal(bytes, text);
	free(bytes);
}

static enum fs_type type_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	assert_int_equal(fs_lstat(path, &st, &e), 0);
	return st.type;
}

static unsigned mode_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	assert_int_equal(fs_stat(path, &st, &e), 0);
	return st.mode;
}

static int count_entry(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	(void)name;
	(void)type;
	(void)e;
	(*(int *)cookie)++;
	return 0;
}

static int entries_in(const char *dir)
{
	struct err e = ERR_INIT;
	int n = 0;

	assert_int_equal(fs_list_dir(dir, count_entry, &n, &e), 0);
	return n;
}

/* names */

static void path_pieces(void **state)
{
	static const struct {
		const char *path, *dir, *base;
	} cases[] = {
		{ "a", ".", "a" },
		{ "a/b", "a", "b" },
		{ "a/b/c", "a/b", "c" },
		{ "a//b", "a", "b" },
		{ "/a", "/", "a" },
		{ "//a", "/", "a" },
		{ "/", "/", "" },
		{ "a/b/", "a", "" },
		{ "a/", ".", "" },
		{ "", ".", "" },
		{ "../x", "..", "x" },
	};
	static const struct {
		const char *dir, *name, *joined;
	} joins[] = {
		{ "a", "b", "a/b" },
		{ "a/", "b", "a/b" },
		{ "/", "b", "/b" },
		{ "", "b", "b" },
		{ "a", "/b", "/b" },
		{ "a", "", "a/" },
	};
	char *p;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		p = fs_dirname(cases[i].path);
		assert_string_equal(p, cases[i].dir);
		free(p);
		assert_string_equal(fs_basename(cases[i].path), cases[i].base);
	}
	for (i = 0; i < COUNT(joins); i++) {
		p = fs_join(joins[i].dir, joins[i].name);
		assert_string_equal(p, joins[i].joined);
		free(p);
	}
	assert_true(fs_is_absolute("/a"));
	assert_false(fs_is_absolute("a"));
	assert_false(fs_is_absolute(""));
}

static void realpath_keeps_what_is_absent(void **state)
{
	struct err e = ERR_INIT;
	char *real = realpath(root, NULL), *p, *expected;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("rp/dir"), 0755, &e), 0);
	assert_int_equal(fs_symlink_replace("dir", in_root("rp/link"), &e), 0);
	assert_int_equal(fs_symlink_replace("nowhere", in_root("rp/dangling"),
			     &e),
	    0);
	put_file(in_root("rp/file"), "x");

	p = fs_realpath(in_root("rp/link/new/er"), &e);
	expected = text_format("%s/rp/dir/new/er", real);
	assert_string_equal(p, expected);
	free(p);
	free(expected);

	p = fs_realpath(in_root("rp/../rp/link"), &e);
	expected = text_format("%s/rp/dir", real);
	assert_string_equal(p, expected);
	free(p);
	free(expected);

	p = fs_realpath(in_root("rp/dangling"), &e);
	expected = text_format("%s/rp/dangling", real);
	assert_string_equal(p, expected);
	free(p);
	free(expected);

	p = fs_realpath("surely-not-here/x", &e);
	assert_true(fs_is_absolute(p));
	assert_true(text_ends(p, "/surely-not-here/x"));
	free(p);

	assert_null(fs_realpath(in_root("rp/file/x"), &e));
	assert_int_equal(e.os_code, ENOTDIR);
	assert_null(fs_realpath("", &e));
	assert_int_equal(e.os_code, ENOENT);
	free(real);
}

static void stat_types(void **state)
{
	struct err e = ERR_INIT;
	struct fs_stat st;
	int fd = -1;

	(void)state;
	put_file(in_root("s-file"), "12345");
	assert_int_equal(fs_symlink_replace("s-file", in_root("s-link"), &e),
	    0);
	assert_int_equal(fs_symlink_replace("s-none", in_root("s-bad"), &e), 0);
	assert_int_equal(mkfifo(in_root("s-fifo"), 0600), 0);

	assert_int_equal(type_of(in_root("s-file")), FS_FILE);
	assert_int_equal(type_of(in_root("s-link")), FS_LINK);
	assert_int_equal(type_of(in_root("s-bad")), FS_LINK);
	assert_int_equal(type_of(in_root("s-fifo")), FS_OTHER);
	assert_int_equal(type_of(root), FS_DIR);
	assert_int_equal(type_of(in_root("s-none")), FS_ABSENT);
	assert_int_equal(type_of(in_root("s-file/x")), FS_ABSENT);

	assert_int_equal(fs_stat(in_root("s-link"), &st, &e), 0);
	assert_int_equal(st.type, FS_FILE);
	assert_int_equal(st.size, 5);
	assert_int_equal(st.links, 1);
	assert_int_equal(st.mode, 0644);
	assert_int_equal(st.uid, geteuid());
	assert_int_equal(fs_stat(in_root("s-bad"), &st, &e), 0);
	assert_int_equal(st.type, FS_ABSENT);

	assert_int_equal(symlink("s-loop", in_root("s-loop")), 0);
	assert_int_equal(fs_stat(in_root("s-loop"), &st, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ELOOP);

	assert_int_equal(fs_open_read(in_root("s-link"), &fd, &e), 0);
	assert_int_equal(fs_fstat(fd, &st, &e), 0);
	assert_int_equal(st.size, 5);
	fs_close(&fd);
	assert_int_equal(fd, -1);
	fs_close(&fd);
	assert_int_equal(fs_fstat(-1, &st, &e), -1);
	assert_int_equal(e.os_code, EBADF);
}

/* directories */

static void mkdirs_like_the_command(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("m/a//b/c/"), 0777, &e), 0);
	assert_int_equal(type_of(in_root("m/a/b/c")), FS_DIR);
	assert_int_equal(mode_of(in_root("m/a")), 0755);
	assert_int_equal(fs_mkdirs(in_root("m/a/b/c"), 0777, &e), 0);
	assert_int_equal(fs_mkdirs(in_root("m/p/q"), 0700, &e), 0);
	assert_int_equal(mode_of(in_root("m/p")), 0700);
	assert_int_equal(mode_of(in_root("m/p/q")), 0700);
	/* A link to a directory is as good. */
	assert_int_equal(fs_symlink_replace("a", in_root("m/l"), &e), 0);
	assert_int_equal(fs_mkdirs(in_root("m/l/new"), 0777, &e), 0);
	assert_int_equal(type_of(in_root("m/a/new")), FS_DIR);

	put_file(in_root("m/file"), "x");
	assert_int_equal(fs_mkdirs(in_root("m/file"), 0777, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ENOTDIR);
	assert_int_equal(fs_mkdirs(in_root("m/file/x"), 0777, &e), -1);
	assert_int_equal(e.os_code, ENOTDIR);
	assert_int_equal(fs_mkdirs("", 0777, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
}

static void mkdirs_beneath_follows_nothing(void **state)
{
	static const struct {
		const char *rel;
		enum err_kind kind;
	} cases[] = {
		{ "plain", ERR_NONE },
		{ "x/y/z/file", ERR_NONE },
		{ "x/y/z/file", ERR_NONE },
		{ "link/file", ERR_PERMANENT },
		{ "x/link/deep/file", ERR_PERMANENT },
		{ "dangling/file", ERR_PERMANENT },
		{ "plainfile/file", ERR_PERMANENT },
		{ "../out/file", ERR_PERMANENT },
		{ "x/../../out/file", ERR_PERMANENT },
		{ "./file", ERR_PERMANENT },
		{ "/abs/file", ERR_PERMANENT },
		{ "x//file", ERR_PERMANENT },
	};
	char longer[300];
	struct err e = ERR_INIT;
	char beneath[PATH_TEXT_MAX * 2];
	size_t i;

	(void)state;
	(void)snprintf(beneath, sizeof(beneath), "%s", in_root("b/tree"));
	assert_int_equal(fs_mkdirs(in_root("b/tree/x"), 0755, &e), 0);
	assert_int_equal(fs_mkdirs(in_root("b/away"), 0755, &e), 0);
	put_file(in_root("b/tree/plainfile"), "x");
	assert_int_equal(fs_symlink_replace("../away", in_root("b/tree/link"),
			     &e),
	    0);
	assert_int_equal(fs_symlink_replace("../../away",
			     in_root("b/tree/x/link"), &e),
	    0);
	assert_int_equal(fs_symlink_replace("none", in_root("b/tree/dangling"),
			     &e),
	    0);
	for (i = 0; i < COUNT(cases); i++) {
		struct err f = ERR_INIT;
		int rc = fs_mkdirs_beneath(beneath, cases[i].rel, 0777, &f);

		assert_int_equal(f.kind, cases[i].kind);
		assert_int_equal(rc, cases[i].kind == ERR_NONE ? 0 : -1);
	}
	assert_int_equal(type_of(in_root("b/tree/x/y/z")), FS_DIR);
	assert_int_equal(mode_of(in_root("b/tree/x/y/z")), 0755);
	assert_int_equal(type_of(in_root("b/tree/x/y/z/file")), FS_ABSENT);
	assert_int_equal(type_of(in_root("b/out")), FS_ABSENT);
	assert_int_equal(entries_in(in_root("b/away")), 0);

	(void)fs_mkdirs_beneath(beneath, "x/link/f", 0777, &e);
	assert_non_null(strstr(e.text, "symbolic link"));
	assert_non_null(strstr(e.text, "\"link\""));
	memset(longer, 'n', sizeof(longer));
	memcpy(longer + sizeof(longer) - 3, "/f", 3);
	assert_int_equal(fs_mkdirs_beneath(beneath, longer, 0777, &e), -1);
	assert_int_equal(e.os_code, ENAMETOOLONG);
	assert_int_equal(fs_mkdirs_beneath(in_root("b/none"), "a/f", 0777, &e),
	    -1);
	assert_int_equal(e.os_code, ENOENT);
}

struct seen {
	char names[128];
	int stop_after;
};

static int note_entry(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct seen *seen = cookie;
	size_t n = strlen(seen->names);

	(void)snprintf(seen->names + n, sizeof(seen->names) - n, "%s:%d ", name,
	    (int)type);
	if (--seen->stop_after == 0)
		return err_set(e, ERR_CANCELLED, "enough");
	return 0;
}

static void list_dir_is_sorted(void **state)
{
	struct seen seen = { "", 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("l/c"), 0755, &e), 0);
	put_file(in_root("l/b"), "");
	put_file(in_root("l/.a"), "");
	assert_int_equal(fs_symlink_replace("b", in_root("l/d"), &e), 0);
	assert_int_equal(mkfifo(in_root("l/e"), 0600), 0);
	assert_int_equal(fs_list_dir(in_root("l"), note_entry, &seen, &e), 0);
	assert_string_equal(seen.names, ".a:1 b:1 c:2 d:3 e:4 ");

	memset(&seen, 0, sizeof(seen));
	seen.stop_after = 2;
	assert_int_equal(fs_list_dir(in_root("l"), note_entry, &seen, &e), -1);
	assert_string_equal(seen.names, ".a:1 b:1 ");
	assert_int_equal(e.kind, ERR_CANCELLED);

	memset(&seen, 0, sizeof(seen));
	assert_int_equal(fs_list_dir(in_root("none"), note_entry, &seen, &e),
	    0);
	assert_string_equal(seen.names, "");
	assert_int_equal(fs_list_dir(in_root("l/b"), note_entry, &seen, &e),
	    -1);
	assert_int_equal(e.os_code, ENOTDIR);
}

/* whole files */

static void read_file_is_bounded(void **state)
{
	struct err e = ERR_INIT;
	char *bytes = NULL, big[5000];
	size_t n = 0;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	put_file(in_root("r"), big);
	assert_int_equal(fs_read_file(in_root("r"), 4999, &bytes, &n, &e), 0);
	assert_int_equal(n, 4999);
	assert_string_equal(bytes, big);
	free(bytes);
	bytes = NULL;
	assert_int_equal(fs_read_file(in_root("r"), 4998, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, EFBIG);
	assert_int_equal(fs_read_file(in_root("r"), 0, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, EFBIG);
	assert_null(bytes);

	put_file(in_root("r0"), "");
	assert_int_equal(fs_read_file(in_root("r0"), 0, &bytes, &n, &e), 0);
	assert_int_equal(n, 0);
	assert_string_equal(bytes, "");
	free(bytes);

	/* Its stat says 0 bytes, and it has more than any first guess. */
	assert_int_equal(fs_read_file("/proc/self/status", SIZE_MAX, &bytes, &n,
			     &e),
	    0);
	assert_true(n > 100);
	assert_int_equal(strlen(bytes), n);
	free(bytes);
}

static void read_file_refuses_what_is_no_file(void **state)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;
	int fd = -1;

	(void)state;
	assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
	(void)alarm(10); /* a FIFO would hold us for ever */
	assert_int_equal(fs_read_file(in_root("fifo"), 9, &bytes, &n, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(fs_open_rw(in_root("fifo"), false, &fd, &e), -1);
	(void)alarm(0);
	assert_int_equal(fs_read_file("/dev/zero", 9, &bytes, &n, &e), -1);
	assert_int_equal(fs_read_file(root, 9, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, EISDIR);
	assert_int_equal(fs_read_file(in_root("none"), 9, &bytes, &n, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ENOENT);
	assert_non_null(strstr(e.text, "none"));
	assert_null(bytes);
	assert_int_equal(fd, -1);
}

static void write_file_replaces_whole(void **state)
{
	struct err e = ERR_INIT;
	char name[256], path[PATH_TEXT_MAX * 2];

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("w/tmp"), 0755, &e), 0);
	put_file(in_root("w/f"), "one, the longer");
	put_file(in_root("w/f"), "two");
	assert_content(in_root("w/f"), "two");
	assert_int_equal(mode_of(in_root("w/f")), 0644);
	assert_int_equal(fs_write_file(in_root("w/g"), in_root("w/tmp"), 0666,
			     "3", 1, &e),
	    0);
	assert_int_equal(mode_of(in_root("w/g")), 0644);
	assert_int_equal(fs_write_file(in_root("w/s"), NULL, 0600, "", 0, &e),
	    0);
	assert_int_equal(mode_of(in_root("w/s")), 0600);
	/* The link goes, what it named stays. */
	assert_int_equal(fs_symlink_replace("f", in_root("w/l"), &e), 0);
	put_file(in_root("w/l"), "four");
	assert_int_equal(type_of(in_root("w/l")), FS_FILE);
	assert_content(in_root("w/f"), "two");
	/* The temporary name of the longest name is not too long. */
	memset(name, 'n', 255);
	name[255] = '\0';
	(void)snprintf(path, sizeof(path), "%s/w/%s", root, name);
	put_file(path, "long");
	assert_content(path, "long");
	assert_int_equal(entries_in(in_root("w/tmp")), 0);
	assert_int_equal(entries_in(in_root("w")), 6);
}

static void write_file_leaves_nothing_behind(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("wf/dir/full"), 0755, &e), 0);
	/* Rename fails: a directory is in the way. */
	assert_int_equal(fs_write_file(in_root("wf/dir"), NULL, 0644, "x", 1,
			     &e),
	    -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(entries_in(in_root("wf")), 1);
	assert_int_equal(fs_write_file(in_root("wf/none/f"), NULL, 0644, "x", 1,
			     &e),
	    -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(fs_write_file(in_root("wf/f"), in_root("wf/none"),
			     0644, "x", 1, &e),
	    -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(entries_in(in_root("wf")), 1);
}

/* In a child, so that the limit ends with it. */
static void write_error_removes_the_temporary(void **state)
{
	static char big[256 * 1024];
	struct rlimit limit = { 64 * 1024, 64 * 1024 };
	struct err e = ERR_INIT;
	int status = 0;
	pid_t child;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("we"), 0755, &e), 0);
	put_file(in_root("we/f"), "old");
	child = fork();
	assert_int_not_equal(child, -1);
	if (child == 0) {
		int ok;

		(void)signal(SIGXFSZ, SIG_IGN);
		(void)setrlimit(RLIMIT_FSIZE, &limit);
		ok = fs_write_file(in_root("we/f"), NULL, 0644, big,
			 sizeof(big), &e) == -1 &&
		    e.os_code == EFBIG && e.kind == ERR_DISK &&
		    fs_copy_file("/proc/self/exe", in_root("we/copy"), 0644,
			&e) == -1 &&
		    e.os_code == EFBIG;
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_content(in_root("we/f"), "old");
	assert_int_equal(entries_in(in_root("we")), 1);
}

/* descriptors */

static void open_rw_is_exclusive(void **state)
{
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	assert_int_equal(fs_open_rw(in_root("o"), false, &fd, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(fs_open_rw(in_root("o"), true, &fd, &e), 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	fs_close(&fd);
	assert_int_equal(mode_of(in_root("o")), 0600);
	assert_int_equal(fs_open_rw(in_root("o"), true, &fd, &e), -1);
	assert_int_equal(e.os_code, EEXIST);
	assert_int_equal(fs_open_rw(in_root("o"), false, &fd, &e), 0);
	fs_close(&fd);
	assert_int_equal(fs_symlink_replace("o", in_root("o-link"), &e), 0);
	assert_int_equal(fs_open_rw(in_root("o-link"), false, &fd, &e), -1);
	assert_int_equal(e.os_code, ELOOP);
	assert_int_equal(fs_symlink_replace("o-new", in_root("o-link"), &e), 0);
	assert_int_equal(fs_open_rw(in_root("o-link"), true, &fd, &e), -1);
	assert_int_equal(type_of(in_root("o-new")), FS_ABSENT);
	assert_int_equal(fd, -1);
}

static void positioned_input_and_output(void **state)
{
	struct err e = ERR_INIT;
	const char *path = in_root("p");
	struct fs_stat st;
	char buf[16] = "";
	size_t got = 99;
	int fd = -1, ro = -1;

	(void)state;
	assert_int_equal(fs_open_rw(path, true, &fd, &e), 0);
	assert_int_equal(fs_reserve(fd, 1 << 20, path, &e), 0);
	assert_int_equal(fs_fstat(fd, &st, &e), 0);
	assert_int_equal(st.size, 0); /* reserved, not lengthened */
	assert_int_equal(fs_reserve(fd, 0, path, &e), 0);
	assert_int_equal(fs_pwrite(fd, "world", 5, 100, path, &e), 0);
	assert_int_equal(fs_pwrite(fd, "", 0, 0, path, &e), 0);
	fs_start_writeback(fd, 0, 105);
	fs_start_writeback(fd, UINT64_MAX, UINT64_MAX);
	fs_start_writeback(-1, 0, 1);
	assert_int_equal(fs_pread(fd, buf, 16, 98, &got, path, &e), 0);
	assert_int_equal(got, 7);
	assert_memory_equal(buf, "\0\0world", 7);
	assert_int_equal(fs_pread(fd, buf, 16, 1000, &got, path, &e), 0);
	assert_int_equal(got, 0);
	assert_int_equal(fs_truncate(fd, 102, path, &e), 0);
	assert_int_equal(fs_sync_data(fd, path, &e), 0);
	assert_int_equal(fs_sync(fd, path, &e), 0);
	assert_int_equal(fs_fstat(fd, &st, &e), 0);
	assert_int_equal(st.size, 102);

	/* Sizes beyond what a file can have are refused, not wrapped. */
	assert_int_equal(fs_pwrite(fd, "x", 1, INT64_MAX, path, &e), -1);
	assert_int_equal(e.os_code, EFBIG);
	assert_int_equal(fs_pread(fd, buf, 1, UINT64_MAX, &got, path, &e), -1);
	assert_int_equal(fs_truncate(fd, UINT64_MAX, path, &e), -1);
	assert_int_equal(fs_reserve(fd, UINT64_MAX, path, &e), -1);

	assert_int_equal(fs_open_read(path, &ro, &e), 0);
	assert_int_equal(fs_pwrite(ro, "x", 1, 0, path, &e), -1);
	assert_int_equal(e.os_code, EBADF);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(fs_truncate(ro, 0, path, &e), -1);
	assert_int_equal(fs_pread(-1, buf, 1, 0, &got, path, &e), -1);
	assert_int_equal(fs_sync(-1, path, &e), -1);
	assert_int_equal(fs_sync_data(-1, path, &e), -1);
	assert_int_equal(fs_sync_dir(path, &e), -1);
	assert_int_equal(e.os_code, ENOTDIR);
	assert_int_equal(fs_sync_dir(root, &e), 0);
	fs_close(&ro);
	fs_close(&fd);
}

static void chmod_heeds_the_umask(void **state)
{
	static const struct {
		unsigned mask, mode, expected;
	} cases[] = {
		{ 022, 0666, 0644 },
		{ 077, 0666, 0600 },
		{ 002, 0777, 0775 },
		{ 0, 0666, 0666 },
	};
	struct err e = ERR_INIT;
	int fd = -1;
	size_t i;

	(void)state;
	assert_int_equal(fs_open_rw(in_root("cm"), true, &fd, &e), 0);
	for (i = 0; i < COUNT(cases); i++) {
		(void)umask((mode_t)cases[i].mask);
		assert_int_equal(fs_chmod_umask(fd, cases[i].mode, "cm", &e),
		    0);
		assert_int_equal(umask(022), cases[i].mask);
		assert_int_equal(mode_of(in_root("cm")), cases[i].expected);
	}
	fs_close(&fd);
	assert_int_equal(fs_chmod_umask(-1, 0644, "cm", &e), -1);
	assert_int_equal(e.os_code, EBADF);
}

/* names that change */

static void rename_and_remove(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("n/d/full"), 0755, &e), 0);
	put_file(in_root("n/a"), "a");
	put_file(in_root("n/b"), "b");
	assert_int_equal(fs_rename(in_root("n/a"), in_root("n/b"), &e), 0);
	assert_content(in_root("n/b"), "a");
	assert_int_equal(fs_rename(in_root("n/a"), in_root("n/c"), &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_non_null(strstr(e.text, "n/c"));
	assert_int_equal(fs_unlink(in_root("n/b"), &e), 0);
	assert_int_equal(fs_unlink(in_root("n/b"), &e), 0);
	assert_int_equal(fs_unlink(in_root("n/d"), &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(fs_rmdir(in_root("n/d"), &e), 0);
	assert_int_equal(type_of(in_root("n/d/full")), FS_DIR);
	assert_int_equal(fs_rmdir(in_root("n/d/full"), &e), 0);
	assert_int_equal(fs_rmdir(in_root("n/d"), &e), 0);
	assert_int_equal(type_of(in_root("n/d")), FS_ABSENT);
	assert_int_equal(fs_rmdir(in_root("n/d"), &e), 0);
	put_file(in_root("n/f"), "");
	assert_int_equal(fs_rmdir(in_root("n/f"), &e), -1);
	assert_int_equal(e.os_code, ENOTDIR);
}

static void assert_link(const char *path, const char *target)
{
	struct err e = ERR_INIT;
	char *text = fs_readlink(path, &e);

	assert_non_null(text);
	assert_string_equal(text, target);
	free(text);
}

static void symlink_replaces(void **state)
{
	struct err e = ERR_INIT;
	char target[1200];

	(void)state;
	assert_int_equal(fs_mkdirs(in_root("y/dir"), 0755, &e), 0);
	assert_int_equal(fs_symlink_replace("../one", in_root("y/l"), &e), 0);
	assert_link(in_root("y/l"), "../one");
	assert_int_equal(fs_symlink_replace("two", in_root("y/l"), &e), 0);
	assert_link(in_root("y/l"), "two");
	put_file(in_root("y/f"), "x");
	assert_int_equal(fs_symlink_replace("three", in_root("y/f"), &e), 0);
	assert_link(in_root("y/f"), "three");
	assert_int_equal(fs_symlink_replace("x", in_root("y/dir"), &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(type_of(in_root("y/dir")), FS_DIR);
	assert_int_equal(fs_symlink_replace("x", in_root("y/none/l"), &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	/* Longer than the first guess of its reader. */
	memset(target, 't', sizeof(target) - 1);
	target[sizeof(target) - 1] = '\0';
	assert_int_equal(fs_symlink_replace(target, in_root("y/long"), &e), 0);
	assert_link(in_root("y/long"), target);
	assert_int_equal(entries_in(in_root("y")), 4);
	put_file(in_root("y/plain"), "x");
	assert_null(fs_readlink(in_root("y/plain"), &e));
	assert_int_equal(e.os_code, EINVAL);
	assert_null(fs_readlink(in_root("y/none"), &e));
	assert_int_equal(e.os_code, ENOENT);
}

static void copy_file_copies(void **state)
{
	struct err e = ERR_INIT;
	char *exe = NULL, *copy = NULL;
	size_t n = 0, m = 0;

	(void)state;
	assert_int_equal(fs_copy_file("/proc/self/exe", in_root("copy"), 0666,
			     &e),
	    0);
	assert_int_equal(mode_of(in_root("copy")), 0644);
	assert_int_equal(fs_read_file("/proc/self/exe", 1 << 28, &exe, &n, &e),
	    0);
	assert_int_equal(fs_read_file(in_root("copy"), 1 << 28, &copy, &m, &e),
	    0);
	assert_int_equal(n, m);
	assert_memory_equal(exe, copy, n);
	free(exe);
	free(copy);
	/* The kernel copies nothing of these: all by hand. */
	assert_int_equal(fs_copy_file("/proc/self/limits", in_root("limits"),
			     0600, &e),
	    0);
	assert_int_equal(fs_read_file(in_root("limits"), 1 << 16, &copy, &m,
			     &e),
	    0);
	assert_true(text_starts(copy, "Limit"));
	free(copy);
	assert_int_equal(fs_copy_file(in_root("copy"), in_root("limits"), 0600,
			     &e),
	    -1);
	assert_int_equal(e.os_code, EEXIST);
	assert_int_equal(type_of(in_root("limits")), FS_FILE);
	assert_int_equal(fs_copy_file(in_root("no"), in_root("no2"), 0600, &e),
	    -1);
	assert_int_equal(type_of(in_root("no2")), FS_ABSENT);
}

/* space and errors */

static void space_of_the_nearest_parent(void **state)
{
	struct err e = ERR_INIT;
	struct fs_space here, below;

	(void)state;
	assert_int_equal(fs_space(root, &here, &e), 0);
	assert_true(here.total_bytes > 0);
	assert_true(here.free_bytes <= here.total_bytes);
	assert_true(here.type_name[0] != '\0');
	put_file(in_root("sp"), "");
	assert_int_equal(fs_space(in_root("none/of/these"), &below, &e), 0);
	assert_int_equal(below.total_bytes, here.total_bytes);
	assert_int_equal(fs_space(in_root("sp/x"), &below, &e), 0);
	assert_int_equal(below.total_bytes, here.total_bytes);
	assert_int_equal(fs_space("none/of/these", &below, &e), 0);
	assert_int_equal(fs_space("", &below, &e), 0);
	assert_int_equal(symlink("sp-loop", in_root("sp-loop")), 0);
	assert_int_equal(fs_space(in_root("sp-loop"), &below, &e), -1);
	assert_int_equal(e.os_code, ELOOP);
#ifdef __linux__
	assert_int_equal(fs_space("/dev/shm", &below, &e), 0);
	assert_false(below.network);
#endif
}

static void full_disks_are_told_apart(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	errno = ENOSPC;
	assert_int_equal(fs_error(&e, "write", in_root("f")), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ENOSPC);
	assert_non_null(strstr(e.text, "is full"));
	assert_non_null(strstr(e.text, root));
	errno = EDQUOT;
	(void)fs_error(&e, "write", in_root("f"));
	assert_int_equal(e.os_code, EDQUOT);
	assert_non_null(strstr(e.text, "quota"));
	errno = EIO;
	(void)fs_error(&e, "read", "x\ny");
	assert_string_equal(e.text, "cannot read x\\x0ay: Input/output error");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_pieces),
		cmocka_unit_test(realpath_keeps_what_is_absent),
		cmocka_unit_test(stat_types),
		cmocka_unit_test(mkdirs_like_the_command),
		cmocka_unit_test(mkdirs_beneath_follows_nothing),
		cmocka_unit_test(list_dir_is_sorted),
		cmocka_unit_test(read_file_is_bounded),
		cmocka_unit_test(read_file_refuses_what_is_no_file),
		cmocka_unit_test(write_file_replaces_whole),
		cmocka_unit_test(write_file_leaves_nothing_behind),
		cmocka_unit_test(write_error_removes_the_temporary),
		cmocka_unit_test(open_rw_is_exclusive),
		cmocka_unit_test(positioned_input_and_output),
		cmocka_unit_test(chmod_heeds_the_umask),
		cmocka_unit_test(rename_and_remove),
		cmocka_unit_test(symlink_replaces),
		cmocka_unit_test(copy_file_copies),
		cmocka_unit_test(space_of_the_nearest_parent),
		cmocka_unit_test(full_disks_are_told_apart),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
