/*
 * test_every_platform.c - what platform/ promises on every system: one file for
 * Unix and Windows.  What only Unix has is in test_fs.c and
 * test_platform.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/dirs.h"
#include "platform/entropy.h"
#include "platform/fs.h"
#include "platform/lock.h"
#include "platform/map_file.h"
#include "platform/net.h"
#include "platform/process.h"
#include "platform/process_try.h"
#include "platform/thread.h"
#include "platform/zone.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PATH_TEXT_MAX = 2048, LONG_PATH = 300 };

/* With a space and letters outside ASCII in it. */
static char root[PATH_TEXT_MAX];

static const char *in_root(const char *name)
{
	static char paths[4][2 * PATH_TEXT_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static void must(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

/* --- a folder of our own -------------------------------------------------- */

static int make_root(void **state)
{
	const char *tmp = dirs_env("TMPDIR");
	struct err e = ERR_INIT;
	uint8_t random[8];
	char hex[17];
	char *here;

	(void)state;
	if (entropy_fill(random, sizeof(random)) == -1)
		return -1;
	hex_encode(random, sizeof(random), hex);
	here = fs_realpath(tmp == NULL ? "/tmp" : tmp, &e);
	if (here == NULL)
		return -1;
	(void)snprintf(root, sizeof(root),
	    "%s/hfcron pl\xc3\xa4tze \xe2\x82\xac.%s", here, hex);
	free(here);
	return fs_mkdirs(root, 0755, &e);
}

static int remove_entry(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	char *path = fs_join(cookie, name);
	int rc = 0;

	if (type == FS_DIR) {
		rc = fs_list_dir(path, remove_entry, path, e);
		if (rc == 0)
			rc = fs_rmdir(path, e);
	} else {
		rc = fs_unlink(path, e);
	}
	free(path);
	return rc;
}

static int remove_root(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	if (fs_list_dir(root, remove_entry, root, &e) == 0 &&
	    fs_rmdir(root, &e) == 0)
		return 0;
	(void)fprintf(stderr, "%s\n", e.text);
	return -1;
}

static void put(const char *path, const char *text)
{
	struct err e = ERR_INIT;

	must(fs_write_file(path, NULL, 0644, text, strlen(text), &e), &e);
}

static void assert_content(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;

	must(fs_read_file(path, 1 << 20, &bytes, &n, &e), &e);
	assert_int_equal(n, strlen(text));
	assert_string_equal(bytes, text);
	free(bytes);
}

static struct fs_stat stat_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	must(fs_lstat(path, &st, &e), &e);
	return st;
}

static int count(void *cookie, const char *name, enum fs_type type,
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

	must(fs_list_dir(dir, count, &n, &e), &e);
	return n;
}

/* --- files ---------------------------------------------------------------- */

static void names_and_folders(void **state)
{
	struct err e = ERR_INIT;
	char *path;

	(void)state;
	assert_true(fs_is_absolute(root));
	assert_true(fs_root_length(root) > 0);
	assert_int_equal(fs_root_length("a/b"), 0);
	assert_string_equal(fs_basename("a/b"), "b");
	path = fs_dirname("a/b/c");
	assert_string_equal(path, "a/b");
	free(path);
	must(fs_mkdirs(in_root("n/a//b/c/"), 0777, &e), &e);
	must(fs_mkdirs(in_root("n/a/b/c"), 0777, &e), &e);
	assert_int_equal(stat_of(in_root("n/a/b/c")).type, FS_DIR);
	path = fs_realpath(in_root("n/a/../a/./b/none/x"), &e);
	assert_non_null(path);
	assert_string_equal(path, in_root("n/a/b/none/x"));
	free(path);
	must(fs_mkdirs_beneath(root, "n/x/y/file", 0777, &e), &e);
	assert_int_equal(stat_of(in_root("n/x/y")).type, FS_DIR);
	assert_int_equal(stat_of(in_root("n/x/y/file")).type, FS_ABSENT);
	assert_int_equal(fs_mkdirs_beneath(root, "n/../out/f", 0777, &e), -1);
	assert_int_equal(e.kind, ERR_PERMANENT);
	put(in_root("n/file"), "x");
	assert_int_equal(fs_mkdirs_beneath(root, "n/file/f", 0777, &e), -1);
	assert_int_equal(e.kind, ERR_PERMANENT);
	assert_int_equal(fs_mkdirs(in_root("n/file"), 0777, &e), -1);
	assert_int_equal(e.os_code, ENOTDIR);
	assert_int_equal(fs_rmdir(in_root("n"), &e), 0);
	assert_int_equal(stat_of(in_root("n")).type, FS_DIR);
	assert_int_equal(fs_rmdir(in_root("none"), &e), 0);
}

struct seen {
	char names[128];
};

static int note(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct seen *seen = cookie;
	size_t n = strlen(seen->names);

	(void)e;
	(void)snprintf(seen->names + n, sizeof(seen->names) - n, "%s:%d ", name,
	    (int)type);
	return 0;
}

static void folders_are_listed_in_order(void **state)
{
	struct seen seen = { "" };
	struct err e = ERR_INIT;

	(void)state;
	must(fs_mkdirs(in_root("l/c"), 0755, &e), &e);
	put(in_root("l/b"), "");
	put(in_root("l/.a"), "");
	put(in_root("l/\xc3\xbc"), "");
	must(fs_list_dir(in_root("l"), note, &seen, &e), &e);
	assert_string_equal(seen.names, ".a:1 b:1 c:2 \xc3\xbc:1 ");
	assert_int_equal(entries_in(in_root("none")), 0);
}

static void whole_files(void **state)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;

	(void)state;
	must(fs_mkdirs(in_root("w/tmp"), 0755, &e), &e);
	put(in_root("w/f"), "one, the longer");
	put(in_root("w/f"), "two\n");
	assert_content(in_root("w/f"), "two\n");
	must(fs_write_file(in_root("w/g"), in_root("w/tmp"), 0666, "", 0, &e),
	    &e);
	assert_content(in_root("w/g"), "");
	assert_int_equal(entries_in(in_root("w/tmp")), 0);
	assert_int_equal(entries_in(in_root("w")), 3);
	/* A folder is in the way: nothing is left behind. */
	assert_int_equal(fs_write_file(in_root("w/tmp"), NULL, 0644, "x", 1,
			     &e),
	    -1);
	assert_int_equal(entries_in(in_root("w")), 3);
	assert_int_equal(fs_read_file(in_root("w/f"), 3, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, EFBIG);
	assert_int_equal(fs_read_file(in_root("w"), 3, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, EISDIR);
	assert_int_equal(fs_read_file(in_root("none"), 3, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_non_null(strstr(e.text, "none"));
	must(fs_copy_file(in_root("w/f"), in_root("w/copy"), 0600, &e), &e);
	assert_content(in_root("w/copy"), "two\n");
	assert_int_equal(fs_copy_file(in_root("w/f"), in_root("w/copy"), 0600,
			     &e),
	    -1);
	assert_int_equal(e.os_code, EEXIST);
}

static void positions(void **state)
{
	const char *path = in_root("p");
	struct err e = ERR_INIT;
	struct fs_stat st;
	char buf[16] = "";
	size_t got = 99;
	int fd = -1, ro = -1;

	(void)state;
	must(fs_open_rw(path, true, &fd, &e), &e);
	must(fs_reserve(fd, 1 << 20, path, &e), &e);
	must(fs_fstat(fd, &st, &e), &e);
	assert_int_equal(st.size, 0); /* reserved, not lengthened */
	must(fs_pwrite(fd, "world", 5, 100, path, &e), &e);
	/* Less than there is: nothing is cut off. */
	must(fs_reserve(fd, 10, path, &e), &e);
	must(fs_pread(fd, buf, 16, 98, &got, path, &e), &e);
	assert_int_equal(got, 7);
	assert_memory_equal(buf, "\0\0world", 7);
	must(fs_pread(fd, buf, 16, 1000, &got, path, &e), &e);
	assert_int_equal(got, 0);
	must(fs_truncate(fd, 102, path, &e), &e);
	must(fs_sync_data(fd, path, &e), &e);
	must(fs_sync(fd, path, &e), &e);
	must(fs_sync_dir(root, &e), &e);
	/* Who only reads may sync what others wrote. */
	must(fs_open_read(path, &ro, &e), &e);
	must(fs_sync_data(ro, path, &e), &e);
	assert_int_equal(fs_pwrite(ro, "x", 1, 0, path, &e), -1);
	must(fs_fstat(ro, &st, &e), &e);
	assert_int_equal(st.size, 102);
	assert_int_equal(st.type, FS_FILE);
	assert_int_equal(st.links, 1);
	assert_int_equal(st.inode, stat_of(path).inode);
	assert_true(llabs((long long)(st.mtime_s - clock_wall().s)) < 60);
	fs_close(&ro);
	fs_close(&fd);
	assert_int_equal(fd, -1);
	fs_close(&fd);
	assert_int_equal(fs_open_rw(path, true, &fd, &e), -1);
	assert_int_equal(e.os_code, EEXIST);
	assert_int_equal(fs_open_rw(in_root("none"), false, &fd, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(fs_fstat(-1, &st, &e), -1);
}

static void beyond_four_gigabytes(void **state)
{
	const char *path = in_root("big");
	const uint64_t far = UINT64_C(5) << 30;
	struct err e = ERR_INIT;
	char c = 0;
	size_t got;
	int fd = -1;

	(void)state;
	must(fs_open_rw(path, true, &fd, &e), &e);
	must(fs_truncate(fd, far, path, &e), &e);
	assert_true(stat_of(path).size == far);
	must(fs_pread(fd, &c, 1, far - 1, &got, path, &e), &e);
	assert_int_equal(got, 1);
	fs_close(&fd);
	must(fs_unlink(path, &e), &e);
}

static void what_is_not_written_takes_no_space(void **state)
{
	const char *path = in_root("holes");
	const uint64_t far = UINT64_C(64) << 20;
	struct err e = ERR_INIT;
	struct fs_stat st;
	char buf[2] = "xx";
	size_t got;
	int fd = -1;

	(void)state;
	must(fs_open_rw(path, true, &fd, &e), &e);
	fs_leave_holes(fd);
	must(fs_pwrite(fd, "1", 1, far, path, &e), &e);
	must(fs_pwrite(fd, "2", 1, 0, path, &e), &e);
	must(fs_sync_data(fd, path, &e), &e);
	must(fs_pread(fd, buf, 2, far - 1, &got, path, &e), &e);
	assert_memory_equal(buf, "\0001", 2);
	must(fs_fstat(fd, &st, &e), &e);
	assert_int_equal(st.size, far + 1);
	assert_true(st.allocated_bytes < far / 2);
	/* A hint at the wrong time harms nobody. */
	fs_leave_holes(fd);
	must(fs_reserve(fd, far + 2, path, &e), &e);
	must(fs_truncate(fd, 1, path, &e), &e);
	fs_leave_holes(-1);
	fs_close(&fd);
	assert_content(path, "2");
}

static void renaming_and_removing(void **state)
{
	struct err e = ERR_INIT;
	int fd = -1;

	(void)state;
	must(fs_mkdirs(in_root("r/d/full"), 0755, &e), &e);
	put(in_root("r/a"), "a");
	put(in_root("r/b"), "b");
	must(fs_rename(in_root("r/a"), in_root("r/b"), &e), &e);
	assert_content(in_root("r/b"), "a");
	assert_int_equal(fs_rename(in_root("r/a"), in_root("r/c"), &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	assert_int_equal(fs_rename(in_root("r/b"), in_root("r/d"), &e), -1);
	assert_int_equal(e.os_code, EISDIR);
	/* A file that somebody reads can be renamed. */
	must(fs_open_read(in_root("r/b"), &fd, &e), &e);
	must(fs_rename(in_root("r/b"), in_root("r/moved"), &e), &e);
	fs_close(&fd);
	assert_content(in_root("r/moved"), "a");
	must(fs_unlink(in_root("r/moved"), &e), &e);
	must(fs_unlink(in_root("r/moved"), &e), &e);
	assert_int_equal(fs_unlink(in_root("r/d"), &e), -1);
	must(fs_rmdir(in_root("r/d"), &e), &e);
	assert_int_equal(stat_of(in_root("r/d/full")).type, FS_DIR);
}

static void second_names(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	put(in_root("h1"), "h");
	must(fs_link(in_root("h1"), in_root("h2"), &e), &e);
	assert_int_equal(stat_of(in_root("h1")).inode,
	    stat_of(in_root("h2")).inode);
	assert_int_equal(stat_of(in_root("h1")).links, 2);
	assert_int_equal(fs_link(in_root("h1"), in_root("h2"), &e), -1);
	assert_int_equal(e.os_code, EEXIST);
	assert_int_equal(fs_link(in_root("none"), in_root("h3"), &e), -1);
	assert_int_equal(e.os_code, ENOENT);
}

/* Made and as it should be, or refused and nothing there: never a lie. */
static void symbolic_links_or_none(void **state)
{
	struct err e = ERR_INIT;
	char *text;

	(void)state;
	must(fs_mkdirs(in_root("y"), 0755, &e), &e);
	put(in_root("y/f"), "x");
	if (fs_symlink_replace("f", in_root("y/l"), &e) == -1) {
		assert_int_equal(stat_of(in_root("y/l")).type, FS_ABSENT);
		assert_int_equal(entries_in(in_root("y")), 1);
		print_message("no symbolic links here: %s\n", e.text);
		return;
	}
	assert_int_equal(stat_of(in_root("y/l")).type, FS_LINK);
	text = fs_readlink(in_root("y/l"), &e);
	assert_string_equal(text, "f");
	free(text);
	assert_null(fs_readlink(in_root("y/f"), &e));
	assert_int_equal(e.os_code, EINVAL);
}

static void a_path_of_300_characters(void **state)
{
	char path[PATH_TEXT_MAX * 2], *file;
	struct err e = ERR_INIT;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", root);
	while (strlen(path) < LONG_PATH)
		(void)strcat(path, "/a folder with a long name");
	must(fs_mkdirs(path, 0755, &e), &e);
	file = fs_join(path, "file");
	put(file, "one");
	put(file, "two");
	assert_content(file, "two");
	assert_int_equal(entries_in(path), 1);
	free(file);
	/* By its whole names: a volume need not have short ones. */
	file = map_file_path(path);
	assert_non_null(file);
	assert_true(strlen(file) >= strlen(path));
	free(file);
}

static void a_log_is_appended_to(void **state)
{
	const char *path = in_root("log");
	struct err e = ERR_INIT;
	FILE *a = fs_append(path, &e), *b;

	(void)state;
	assert_non_null(a);
	b = fs_append(path, &e);
	assert_non_null(b);
	assert_int_equal(fwrite("one\n", 1, 4, a), 4);
	assert_int_equal(fwrite("two\n", 1, 4, b), 4);
	assert_int_equal(fwrite("three\n", 1, 6, a), 6);
	assert_content(path, "one\ntwo\nthree\n");
	(void)fclose(a);
	(void)fclose(b);
}

static void space(void **state)
{
	struct err e = ERR_INIT;
	struct fs_space here, below;

	(void)state;
	must(fs_space(root, &here, &e), &e);
	assert_true(here.total_bytes > 0);
	assert_true(here.free_bytes <= here.total_bytes);
	assert_true(here.type_name[0] != '\0');
	must(fs_space(in_root("none/of/these"), &below, &e), &e);
	assert_true(below.total_bytes == here.total_bytes);
	assert_true(fs_is_full(ENOSPC));
	assert_false(fs_is_full(EACCES));
}

/* What a library is told about a file it maps. */
static void files_for_libraries(void **state)
{
	const char *path = in_root("map");
	struct err e = ERR_INIT;
	char *native = map_file_path(path);
	int fd = -1;

	(void)state;
	assert_non_null(native);
	free(native);
	put(path, "12345");
	must(fs_open_rw(path, false, &fd, &e), &e);
	assert_int_equal(map_file_keep(map_file_of(fd)), 0);
	map_file_cover(map_file_of(fd), 4096);
	if (!map_file_takes_space())
		assert_int_equal(stat_of(path).size, 4096);
	assert_int_equal(map_file_restart(fd), 0);
	assert_int_equal(stat_of(path).size, 0);
	assert_int_equal(map_file_errno(0), 0);
	assert_int_equal(map_file_errno(-30798), -30798);
	assert_int_equal(map_file_errno(ENOMEM), ENOMEM);
	fs_close(&fd);
}

/* --- digests -------------------------------------------------------------- */

static void sum(enum digest_kind kind, const char *text, size_t step,
    const char *hex)
{
	const size_t n = strlen(text);
	struct err e = ERR_INIT;
	struct digest *d = digest_new(kind, n, &e);
	char out[DIGEST_HEX_MAX];
	size_t at;

	assert_non_null(d);
	for (at = 0; at < n; at += step)
		digest_update(d, text + at, n - at < step ? n - at : step);
	assert_int_equal(digest_length(d), n);
	digest_final(d, out);
	assert_string_equal(out, hex);
	digest_free(d);
}

static void known_sums(void **state)
{
	static const char sha256_abc[] = "ba7816bf8f01cfea414140de5dae2223"
					 "b00361a396177a9cb410ff61f20015ad";
	uint8_t raw[32];
	char hex[65];

	(void)state;
	sum(DIGEST_SHA256, "", 1,
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sum(DIGEST_SHA256, "abc", 1, sha256_abc);
	sum(DIGEST_SHA256, "abc", 3, sha256_abc);
	sum(DIGEST_GIT_SHA1, "", 1, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
	sum(DIGEST_GIT_SHA1, "hello\n", 2,
	    "ce013625030ba8dba906f756967f9e9ca394464a");
	digest_sha256("abc", 3, raw);
	hex_encode(raw, 32, hex);
	assert_string_equal(hex, sha256_abc);
}

/* --- locks ---------------------------------------------------------------- */

static int try_lock(const char *const *args)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;

	if (lock_try(&lock, args[0], 0600, &e) == 0)
		return 1;
	return e.kind == ERR_BUSY ? 2 : 3;
}

static int hold_and_die(const char *const *args)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;

	if (lock_try(&lock, args[0], 0600, &e) == -1)
		return 3;
	abort();
}

static int take_first_byte(const char *const *args)
{
	struct err e = ERR_INIT;
	int fd = -1;

	if (lock_first_byte(args[0], &fd, &e) == 0)
		return 1;
	return e.kind == ERR_BUSY ? 2 : 3;
}

/* Texts in, the length of what arrived out. */
static int join_lengths(const char *const *args)
{
	(void)puts("not to be seen");
	return (int)(strlen(args[0]) * 10 + strlen(args[1])) +
	    (args[2] != NULL);
}

static int leave(const char *const *args)
{
	(void)args;
	process_leave(0);
}

static int never_end(const char *const *args)
{
	(void)args;
	while (clock_wall().s != 0)
		clock_sleep_ms(1000);
	return 0;
}

static const struct process_work work_try_lock = { "try-lock", try_lock };
static const struct process_work work_hold = { "hold", hold_and_die };
static const struct process_work work_byte = { "byte", take_first_byte };
static const struct process_work work_join = { "join", join_lengths };
static const struct process_work work_leave = { "leave", leave };
static const struct process_work work_never = { "never", never_end };
static const struct process_work *const works[] = { &work_try_lock, &work_hold,
	&work_byte, &work_join, &work_leave, &work_never, NULL };

static enum process_end child(const struct process_work *work,
    const char *const *args, int64_t limit_ms, int *result)
{
	enum process_end end = PROCESS_LATE;
	struct err e = ERR_INIT;

	must(process_try(work, args, limit_ms, 1 << 28, &end, result, &e), &e);
	return end;
}

static int lock_in_child(const char *path)
{
	const char *args[] = { path, NULL };
	int result = -1;

	assert_int_equal(child(&work_try_lock, args, 20000, &result),
	    PROCESS_RETURNED);
	return result;
}

static void locks_between_processes(void **state)
{
	char path[2 * PATH_TEXT_MAX];
	const char *args[] = { path, NULL };
	struct file_lock lock = FILE_LOCK_INIT, again = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	bool held = true;
	int result;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", in_root("lock"));
	must(lock_is_held(path, &held, &e), &e);
	assert_false(held);
	must(lock_try(&lock, path, 0644, &e), &e);
	assert_int_equal(lock_try(&again, path, 0644, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_int_equal(lock_in_child(path), 2);
	/* Its text can be read by all, and the lock still holds. */
	must(lock_write(&lock, "4711 then\n", &e), &e);
	assert_content(path, "4711 then\n");
	must(lock_write(&lock, "42\n", &e), &e);
	assert_content(path, "42\n");
	assert_int_equal(lock_in_child(path), 2);
	lock_mark(&lock);
	must(lock_is_held(path, &held, &e), &e);
	assert_true(held);
	lock_release(&lock);
	lock_release(&lock);
	must(lock_is_held(path, &held, &e), &e);
	assert_false(held);
	assert_int_equal(lock_in_child(path), 1);
	/* Dead owners hold nothing. */
	assert_int_equal(child(&work_hold, args, 20000, &result), PROCESS_DIED);
	must(lock_try(&lock, path, 0644, &e), &e);
	lock_release(&lock);
	assert_int_equal(stat_of(path).type, FS_FILE);
}

static void the_first_byte(void **state)
{
	char path[2 * PATH_TEXT_MAX];
	const char *args[] = { path, NULL };
	struct err e = ERR_INIT;
	int fd = -1, result = -1;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s", in_root("byte"));
	must(lock_first_byte(path, &fd, &e), &e);
	(void)child(&work_byte, args, 20000, &result);
	assert_int_equal(result, 2);
	fs_close(&fd);
	(void)child(&work_byte, args, 20000, &result);
	assert_int_equal(result, 1);
}

/* --- processes, threads --------------------------------------------------- */

static void what_dies_in_a_child_kills_nobody(void **state)
{
	const char *const args[] = { "a \"b\" c\\", "", NULL };
	int result;

	(void)state;
	assert_int_equal(child(&work_join, args, 20000, &result),
	    PROCESS_RETURNED);
	assert_int_equal(result, 80);
	assert_int_equal(child(&work_leave, NULL, 20000, &result),
	    PROCESS_DIED);
	assert_int_equal(child(&work_never, NULL, 100, &result), PROCESS_LATE);
	assert_int_equal(result, 0);
}

static void oneself(void **state)
{
	struct err e = ERR_INIT;
	char self[PATH_TEXT_MAX];
	struct fs_stat st;

	(void)state;
	assert_true(process_id() > 0);
	must(fs_stat(process_self(self, sizeof(self)), &st, &e), &e);
	assert_int_equal(st.type, FS_FILE);
	assert_int_equal(process_ask_to_stop(INT64_MAX, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
}

static void programs_that_are_not_there(void **state)
{
	static const char *const argv[] = { "hfcron-is-no-such-program", NULL };
	struct process_spec spec = { argv, NULL, NULL, 5000 };
	struct process_result result;
	struct err e = ERR_INIT;

	(void)state;
	strbuf_init(&result.out, 1024);
	assert_int_equal(process_run(&spec, &result, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(e.os_code, ENOENT);
	strbuf_release(&result.out);
}

struct counter {
	struct thread_mutex *mutex;
	struct thread_cond *changed;
	int n;
};

static void count_up(void *arg)
{
	struct counter *c = arg;
	int i;

	for (i = 0; i < 1000; i++) {
		thread_mutex_lock(c->mutex);
		c->n++;
		thread_mutex_unlock(c->mutex);
	}
	thread_cond_wake_one(c->changed);
}

static void threads_count_together(void **state)
{
	struct counter c = { thread_mutex_new(), thread_cond_new(), 0 };
	struct thread *a = thread_new(count_up, &c);
	struct thread *b = thread_new(count_up, &c);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	thread_mutex_lock(c.mutex);
	while (c.n < 1000)
		thread_cond_wait(c.changed, c.mutex);
	thread_mutex_unlock(c.mutex);
	thread_join(a);
	thread_join(b);
	thread_join(NULL);
	assert_int_equal(c.n, 2000);
	thread_cond_wake_all(c.changed);
	thread_cond_free(c.changed);
	thread_mutex_free(c.mutex);
}

/* --- time, chance, network, folders --------------------------------------- */

static void clocks_go_forward(void **state)
{
	struct mono before = clock_mono(), after;

	(void)state;
	clock_sleep_ms(30);
	after = clock_mono();
	assert_in_range(after.ms - before.ms, 25, 5000);
	assert_true(clock_wall().s > 1700000000);
}

static void chance(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	assert_int_equal(entropy_fill(a, sizeof(a)), 0);
	assert_int_equal(entropy_fill(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(entropy_unit() >= 0 && entropy_unit() < 1);
}

static void addresses(void **state)
{
	static const struct {
		const char *text;
		size_t n;
		uint8_t first, last;
	} cases[] = {
		{ "127.0.0.1", 4, 127, 1 },
		{ "255.1.2.254", 4, 255, 254 },
		{ "::1", 16, 0, 1 },
		{ "fe80::2", 16, 0xfe, 2 },
		{ "127.1", 0, 0, 0 },
		{ "1.2.3.4.5", 0, 0, 0 },
		{ "0x7f.0.0.1", 0, 0, 0 },
		{ "1.2.3.4 ", 0, 0, 0 },
		{ "host", 0, 0, 0 },
		{ "", 0, 0, 0 },
		{ "[::1]", 0, 0, 0 },
	};
	uint8_t bytes[NET_ADDRESS_MAX];
	size_t i, n;

	(void)state;
	for (i = 0; i < COUNT(cases); i++) {
		n = net_address_parse(cases[i].text, bytes);
		if (n != cases[i].n)
			fail_msg("%s: %d bytes", cases[i].text, (int)n);
		if (n == 0)
			continue;
		assert_int_equal(bytes[0], cases[i].first);
		assert_int_equal(bytes[n - 1], cases[i].last);
	}
	assert_int_equal(net_address_of(-1, bytes, sizeof(bytes), bytes), 0);
}

static void zones(void **state)
{
	char one[256], two[256];

	(void)state;
	assert_true(zone_exists("local"));
	assert_true(zone_exists("UTC"));
	assert_false(zone_exists("Europe/Nowhere"));
	assert_false(zone_exists("../etc/passwd"));
	assert_false(zone_exists(""));
	assert_int_equal(zone_offset_s("UTC", 1700000000), 0);
	assert_string_equal(zone_abbreviation("UTC", 0), "UTC");
	assert_true(abs(zone_offset_s("local", 1700000000)) <= 14 * 3600);
	assert_string_equal(zone_state("local", one, sizeof(one)),
	    zone_state("local", two, sizeof(two)));
	if (!zone_exists("Europe/Berlin")) {
		assert_non_null(zone_lack());
		print_message("no IANA names here\n");
		return;
	}
	assert_null(zone_lack());
	assert_int_equal(zone_offset_s("Europe/Berlin", 1700000000), 3600);
	assert_int_equal(zone_offset_s("Europe/Berlin", 1690000000), 7200);
}

static void standard_folders(void **state)
{
	char *paths[4], *path;
	int i, n = dirs_config_candidates(paths, 4);

	(void)state;
	assert_int_equal(n, 2);
	for (i = 0; i < n; i++) {
		assert_true(fs_is_absolute(paths[i]));
		assert_true(text_ends(paths[i], "/hfcron/hfcron.yaml"));
		free(paths[i]);
	}
	path = dirs_default_state();
	assert_true(fs_is_absolute(path));
	assert_true(text_ends(path, "/hfcron"));
	free(path);
	path = dirs_expand("~/x", 0);
	assert_true(fs_is_absolute(path));
	assert_true(text_ends(path, "/x"));
	free(path);
	assert_null(dirs_env("HFCRON_SURELY_NOT_SET"));
	assert_non_null(dirs_environment()[0]);
	assert_non_null(strchr(dirs_environment()[0], '='));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_folders),
		cmocka_unit_test(folders_are_listed_in_order),
		cmocka_unit_test(whole_files),
		cmocka_unit_test(positions),
		cmocka_unit_test(beyond_four_gigabytes),
		cmocka_unit_test(what_is_not_written_takes_no_space),
		cmocka_unit_test(renaming_and_removing),
		cmocka_unit_test(second_names),
		cmocka_unit_test(symbolic_links_or_none),
		cmocka_unit_test(a_path_of_300_characters),
		cmocka_unit_test(a_log_is_appended_to),
		cmocka_unit_test(space),
		cmocka_unit_test(files_for_libraries),
		cmocka_unit_test(known_sums),
		cmocka_unit_test(locks_between_processes),
		cmocka_unit_test(the_first_byte),
		cmocka_unit_test(what_dies_in_a_child_kills_nobody),
		cmocka_unit_test(oneself),
		cmocka_unit_test(programs_that_are_not_there),
		cmocka_unit_test(threads_count_together),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(chance),
		cmocka_unit_test(addresses),
		cmocka_unit_test(zones),
		cmocka_unit_test(standard_folders),
	};

	process_arguments(&argc, &argv);
	process_try_serve(argc, argv, works);
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
