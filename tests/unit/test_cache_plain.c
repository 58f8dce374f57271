/*
 * test_cache_plain.c - the official cache where there are no symbolic links.
 *
 * On Unix link(2) and symlink(2) of this program are found before the C library's,
 * and fail as the test says.
 */
#include "test_cache_fixture.h"

#ifndef _WIN32
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#endif

#define REPO "hub/models--org--name"
#define BLOBS REPO "/blobs/"
#define SNAPSHOT REPO "/snapshots/" COMMIT_A
#define NEXT REPO "/snapshots/" COMMIT_B

#ifndef _WIN32
static int symlink_fails, link_fails; /* with this errno */

int symlink(const char *target, const char *path)
{
	if (symlink_fails != 0) {
		errno = symlink_fails;
		return -1;
	}
	return (int)syscall(SYS_symlinkat, target, AT_FDCWD, path);
}

int link(const char *from, const char *to)
{
	if (link_fails != 0) {
		errno = link_fails;
		return -1;
	}
	return (int)syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int setup(void **state)
{
	symlink_fails = EPERM;
	link_fails = 0;
	(void)unsetenv("HF_HUB_DISABLE_SYMLINKS");
	return fixture_setup(state);
}
#else
static int setup(void **state)
{
	if (setenv("HF_HUB_DISABLE_SYMLINKS", "1", 1) != 0)
		return -1;
	return fixture_setup(state);
}
#endif

static struct destination *open_cache(void)
{
	struct err e = ERR_INIT;
	struct destination *d = destination_new(at("hub"), NULL, REPO_MODEL,
	    "org/name", STORE_ID, &e);

	if (d == NULL)
		fail_msg("%s", e.text);
	must(destination_prepare(d, &e), &e);
	return d;
}

static struct fs_stat stat_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	must(fs_lstat(path, &st, &e), &e);
	assert_int_not_equal(st.type, FS_ABSENT);
	return st;
}

static void must_be_same_file(const char *a, const char *b)
{
	assert_int_equal(inode_of(a), inode_of(b));
	assert_int_equal(stat_of(a).device, stat_of(b).device);
	assert_int_equal(stat_of(a).type, FS_FILE);
}

/* Nothing of ours lies about. */
static void must_be_tidy(void)
{
	assert_int_equal(entries_in(at("hub")), 2);
	assert_true(entries_in(at(REPO)) <= 4);
}

static void files_are_second_names_of_blobs(void **state)
{
	struct remote_file files[] = {
		file_of("a/b/c.bin", 5, GIT_1, SHA_1),
		file_of("same.bin", 5, GIT_1, SHA_1),
		file_of("top.txt", 0, GIT_2, ""),
	};
	struct destination *d = open_cache();

	(void)state;
	fetch(d, &files[0], "hello");
	fetch(d, &files[2], "");
	for (size_t i = 0; i < COUNT(files); i++) {
		assert_string_equal(state_of(d, COMMIT_A, &files[i]),
		    "present");
		place(d, COMMIT_A, &files[i]);
		assert_string_equal(state_of(d, COMMIT_A, &files[i]),
		    "in place");
		place(d, COMMIT_A, &files[i]); /* again is nothing new */
	}
	publish(d, COMMIT_A, files, COUNT(files), "main");
	must_be_same_file(at(SNAPSHOT "/a/b/c.bin"), at(BLOBS SHA_1));
	must_be_same_file(at(SNAPSHOT "/same.bin"), at(BLOBS SHA_1));
	must_be_same_file(at(SNAPSHOT "/top.txt"), at(BLOBS GIT_2));
	must_hold(at(SNAPSHOT "/a/b/c.bin"), "hello");
	must_be_tidy();
	destination_free(d);

	/* The next run knows it, and the next commit needs no bytes. */
	d = open_cache();
	assert_string_equal(state_of(d, COMMIT_A, &files[0]), "in place");
	assert_string_equal(state_of(d, COMMIT_B, &files[0]), "present");
	place(d, COMMIT_B, &files[0]);
	must_be_same_file(at(NEXT "/a/b/c.bin"), at(BLOBS SHA_1));
	destination_free(d);
}

static void files_are_replaced_whole(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = open_cache();

	(void)state;
	fetch(d, &f, "right");
	put(at(SNAPSHOT "/f"), "other content");
	place(d, COMMIT_A, &f);
	must_hold(at(SNAPSHOT "/f"), "right");
	/* A copy of the official client's: the space is given back. */
	assert_int_equal(unlink(at(SNAPSHOT "/f")), 0);
	put(at(SNAPSHOT "/f"), "right");
	assert_string_equal(state_of(d, COMMIT_A, &f), "present");
	place(d, COMMIT_A, &f);
	must_be_same_file(at(SNAPSHOT "/f"), at(BLOBS GIT_1));
	must_be_tidy();
	destination_free(d);
}

/* The official client moves new content there: adopted, and stays. */
static void moved_files_are_adopted(void **state)
{
	struct remote_file f = file_of("d/f", 5, GIT_1, SHA_1);
	struct destination *d = open_cache();
	uint64_t before;

	(void)state;
	put(at(SNAPSHOT "/d/f"), "hello");
	before = inode_of(at(SNAPSHOT "/d/f"));
	assert_string_equal(state_of(d, COMMIT_A, &f), "in place");
	place(d, COMMIT_A, &f);
	assert_string_equal(state_of(d, COMMIT_A, &f), "in place");
	must_be_same_file(at(SNAPSHOT "/d/f"), at(BLOBS SHA_1));
	assert_int_equal(inode_of(at(SNAPSHOT "/d/f")), before);
	must_be_tidy();
	destination_free(d);
}

#ifndef _WIN32

static void with_links_it_becomes_one(void **state)
{
	struct remote_file f = file_of("d/f", 5, GIT_1, SHA_1);

	(void)state;
	symlink_fails = 0;
	for (int round = 0; round < 2; round++) {
		struct destination *d = open_cache();

		link_fails = round == 0 ? 0 : EPERM;
		put(at(SNAPSHOT "/d/f"), "hello");
		place(d, COMMIT_A, &f);
		must_link(at(SNAPSHOT "/d/f"), "../../../blobs/" SHA_1);
		assert_int_equal(stat_of(at(BLOBS SHA_1)).links, 1);
		must_be_tidy();
		destination_free(d);
		remove_tree(at("hub"));
	}
}

/* No links of any kind (exFAT): the blob moves, its twins are copies. */
static void without_second_names_blobs_move(void **state)
{
	struct remote_file files[] = {
		file_of("a.bin", 5, GIT_1, SHA_1),
		file_of("b.bin", 5, GIT_1, SHA_1),
	};
	static const int codes[] = { EPERM, EOPNOTSUPP, EMLINK };
	struct destination *d;

	(void)state;
	for (size_t i = 0; i < COUNT(codes); i++) {
		link_fails = codes[i];
		d = open_cache();
		fetch(d, &files[0], "hello");
		place(d, COMMIT_A, &files[0]);
		assert_false(is_there(at(BLOBS SHA_1)));
		assert_string_equal(state_of(d, COMMIT_A, &files[1]),
		    "present");
		place(d, COMMIT_A, &files[1]);
		for (size_t k = 0; k < COUNT(files); k++)
			assert_string_equal(state_of(d, COMMIT_A, &files[k]),
			    "in place");
		publish(d, COMMIT_A, files, COUNT(files), "main");
		must_hold(at(SNAPSHOT "/a.bin"), "hello");
		must_hold(at(SNAPSHOT "/b.bin"), "hello");
		must_be_tidy();
		destination_free(d);
		/* A new process finds out without moving anything. */
		d = open_cache();
		for (int round = 0; round < 2; round++) {
			assert_string_equal(state_of(d, COMMIT_A, &files[0]),
			    "in place");
			assert_false(is_there(at(BLOBS SHA_1)));
			place(d, COMMIT_A, &files[0]);
		}
		destination_free(d);
		remove_tree(at("hub"));
	}
}

static void bad_content_is_set_aside(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d;
	struct err e = ERR_INIT;

	(void)state;
	link_fails = EPERM;
	d = open_cache();
	fetch(d, &f, "wrong");
	place(d, COMMIT_A, &f);
	must(destination_set_aside(d, COMMIT_A, &f, now(), &e), &e);
	assert_false(is_there(at(SNAPSHOT "/f")));
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	assert_int_equal(entries_in(at(BLOBS)), 1);
	destination_free(d);
}

/* Only what says "never" changes the way. */
static void other_failures_are_told(void **state)
{
	static const int codes[] = { ENOSPC, EACCES, EIO, EDQUOT, EROFS };
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = open_cache();
	struct err e = ERR_INIT;
	struct fs_stat st;

	(void)state;
	fetch(d, &f, "hello");
	for (size_t i = 0; i < COUNT(codes); i++) {
		e = (struct err)ERR_INIT;
		symlink_fails = codes[i];
		must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e),
		    &e, ERR_DISK, "make the link");
		assert_false(is_there(at(SNAPSHOT "/f")));
		symlink_fails = 0;
	}
	e = (struct err)ERR_INIT;
	symlink_fails = EPERM;
	link_fails = ENOSPC;
	must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e), &e,
	    ERR_DISK, "make the hard link");
	must_hold(at(BLOBS GIT_1), "hello");
	destination_free(d);
}

static void the_variable_is_heeded(void **state)
{
	static const struct {
		const char *value;
		bool plain;
	} cases[] = { { "1", true }, { "true", true }, { "Yes", true },
		{ "ON", true }, { "0", false }, { "false", false },
		{ "", false } };
	struct remote_file f = file_of("f", 5, GIT_1, "");

	(void)state;
	symlink_fails = 0;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct destination *d;

		assert_int_equal(setenv("HF_HUB_DISABLE_SYMLINKS",
				     cases[i].value, 1),
		    0);
		d = open_cache();
		fetch(d, &f, "hello");
		place(d, COMMIT_A, &f);
		assert_int_equal(stat_of(at(SNAPSHOT "/f")).type == FS_FILE,
		    cases[i].plain);
		destination_free(d);
		remove_tree(at("hub"));
	}
	(void)unsetenv("HF_HUB_DISABLE_SYMLINKS");
}

#endif

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(files_are_second_names_of_blobs),
		TEST(files_are_replaced_whole),
		TEST(moved_files_are_adopted),
#ifndef _WIN32
		TEST(with_links_it_becomes_one),
		TEST(without_second_names_blobs_move),
		TEST(bad_content_is_set_aside),
		TEST(other_failures_are_told),
		TEST(the_variable_is_heeded),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
