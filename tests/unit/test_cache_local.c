/* test_cache_local.c - local_dir: real files and the official books. */
#include "test_cache_fixture.h"

#include <utime.h>

#include "cache/local_metadata.h"

#define BOOKS "dir/.cache/huggingface"
#define DOWNLOAD BOOKS "/download/"
#define CACHED "hub/models--org--name/blobs/"

static struct destination *open_dir(void)
{
	struct err e = ERR_INIT;
	struct destination *d = destination_new(at("hub"), at("dir"),
	    REPO_MODEL, "org/name", STORE_ID, &e);

	if (d == NULL)
		fail_msg("%s", e.text);
	return d;
}

static struct destination *prepared_dir(void)
{
	struct destination *d = open_dir();
	struct err e = ERR_INIT;

	must(destination_prepare(d, &e), &e);
	return d;
}

static void set_mtime(const char *path, int64_t s)
{
	struct utimbuf times = { (time_t)s, (time_t)s };

	assert_int_equal(utime(path, &times), 0);
}

/* A book of the official client's. */
static void put_book(const char *path, const char *commit, const char *etag,
    int64_t s)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "%s\n%s\n%lld.123\n", commit, etag,
	    (long long)s);
	put(path, text);
}

static void must_book(const char *path, const char *commit, const char *etag)
{
	struct local_metadata m;
	struct err e = ERR_INIT;
	char *text;
	size_t n;

	must(fs_read_file(path, 4096, &text, &n, &e), &e);
	assert_int_equal(local_metadata_parse(text, n, &m), 0);
	free(text);
	assert_string_equal(m.commit, commit);
	assert_string_equal(m.etag, etag);
	assert_true(m.time_s >= now().s - 60);
}

static void paths_are_the_official_ones(void **state)
{
	struct remote_file f = file_of("a/b", 3, GIT_1, SHA_1);
	struct destination *d = open_dir();
	struct err e = ERR_INIT;
	char commit[41], *path;

	(void)state;
	assert_true(destination_is_local_dir(d));
	assert_string_equal(destination_root(d), at("dir"));
	assert_string_equal(destination_partial_dir(d), at(BOOKS "/download"));
	path = destination_partial_path(d, &f);
	assert_string_equal(path,
	    at(DOWNLOAD SHA_1 "." STORE_ID ".hfcron.incomplete"));
	free(path);
	path = destination_snapshot_path(d, COMMIT_A);
	assert_string_equal(path, at("dir"));
	free(path);
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	must(destination_ref(d, "main", commit, &e), &e);
	assert_string_equal(commit, "");
	assert_false(is_there(at("dir"))); /* looking writes nothing */
	destination_free(d);
}

static void whole_way(void **state)
{
	struct remote_file files[] = {
		file_of("a/b.bin", 5, GIT_1, SHA_1),
		file_of("top.txt", 0, GIT_2, ""),
	};
	struct file_lock lock = FILE_LOCK_INIT;
	struct destination *d = prepared_dir();
	struct remote_listing back;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	must_hold(at(BOOKS "/.gitignore"), "*");
	assert_true(is_there(at(BOOKS "/CACHEDIR.TAG")));
	must(destination_lock(d, &files[0], &lock, &e), &e);
	assert_true(is_there(at(DOWNLOAD "a/b.bin.lock")));
	fetch(d, &files[0], "hello");
	fetch(d, &files[1], "");
	lock_release(&lock);
	/* Verified, but nothing shows before it is placed. */
	assert_int_equal(entries_in(at("dir")), 1);
	assert_string_equal(state_of(d, COMMIT_A, &files[0]), "present");
	place(d, COMMIT_A, &files[0]);
	place(d, COMMIT_A, &files[1]);
	publish(d, COMMIT_A, files, COUNT(files), "main");
	must_hold(at("dir/a/b.bin"), "hello");
	must_hold(at("dir/top.txt"), "");
	must_have_mode(at("dir/a/b.bin"), 0644);
	must_book(at(DOWNLOAD "a/b.bin.metadata"), COMMIT_A, SHA_1);
	must_book(at(DOWNLOAD "top.txt.metadata"), COMMIT_A, GIT_2);
	must_have_mode(at(DOWNLOAD "top.txt.metadata"), 0644);
	assert_string_equal(state_of(d, COMMIT_A, &files[0]), "in place");
	must(destination_read_tree(d, COMMIT_A, &back, &found, &e), &e);
	assert_true(found);
	assert_int_equal(back.n, 2);
	remote_listing_release(&back);
	/* a/, top.txt.metadata, top.txt.lock: nothing of ours stays */
	assert_int_equal(entries_in(at(BOOKS "/download")), 3);
	assert_int_equal(entries_in(at("dir")), 3);
	assert_false(is_there(at("hub")));
	/* once more, by another process */
	destination_free(d);
	d = prepared_dir();
	place(d, COMMIT_A, &files[0]);
	publish(d, COMMIT_A, files, COUNT(files), "main");
	assert_string_equal(state_of(d, COMMIT_A, &files[0]), "in place");
	destination_free(d);
}

static void books_of_others_are_kept(void **state)
{
	(void)state;
	put(at(BOOKS "/.gitignore"), "mine");
	put(at(BOOKS "/CACHEDIR.TAG"), "mine");
	destination_free(prepared_dir());
	must_hold(at(BOOKS "/.gitignore"), "mine");
	must_hold(at(BOOKS "/CACHEDIR.TAG"), "mine");
}

static void what_is_found(void **state)
{
	enum {
		NO_BOOK,
		RIGHT_BOOK,
		OTHER_COMMIT,
		OTHER_ETAG,
		OLD_BOOK,
		BAD_BOOK
	};
	static const struct {
		const char *text; /* of the file, NULL: none */
		int book;
		bool is_cached;
		const char *state;
	} table[] = {
		{ NULL, NO_BOOK, false, "absent" },
		{ NULL, RIGHT_BOOK, false, "absent" },
		{ NULL, NO_BOOK, true, "present" },
		{ "hello", RIGHT_BOOK, false, "in place" },
		/* Its book is to be renewed. */
		{ "hello", OTHER_COMMIT, false, "present" },
		{ "hello", NO_BOOK, false, "present" },
		{ "hello", BAD_BOOK, false, "present" },
		{ "hello", OLD_BOOK, false, "present" },
		/* The book says that it is something else. */
		{ "HELLO", OTHER_ETAG, false, "absent" },
		{ "HELLO", OTHER_ETAG, true, "present" },
		{ "hell", RIGHT_BOOK, false, "absent" },
		{ "hell", RIGHT_BOOK, true, "present" },
	};
	struct remote_file f = file_of("a/f", 5, GIT_1, "");

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *book = at(DOWNLOAD "a/f.metadata");
		struct destination *d = prepared_dir();
		const char *got;

		if (table[i].text != NULL) {
			put(at("dir/a/f"), table[i].text);
			set_mtime(at("dir/a/f"), 1700000000);
		}
		if (table[i].is_cached)
			put(at(CACHED GIT_1), "hello");
		if (table[i].book == BAD_BOOK)
			put(book, "x\n");
		else if (table[i].book != NO_BOOK)
			put_book(book,
			    table[i].book == OTHER_COMMIT ? COMMIT_B : COMMIT_A,
			    table[i].book == OTHER_ETAG ? GIT_2 : GIT_1,
			    table[i].book == OLD_BOOK ? 1699999998
						      : 1700000000);
		got = state_of(d, COMMIT_A, &f);
		if (strcmp(got, table[i].state) != 0)
			fail_msg("row %zu: %s", i, got);
		if (strcmp(got, "absent") != 0) {
			place(d, COMMIT_A, &f);
			must_hold(at("dir/a/f"), "hello");
			assert_string_equal(state_of(d, COMMIT_A, &f),
			    "in place");
		}
		destination_free(d);
		remove_tree(at("dir"));
		remove_tree(at("hub"));
	}
}

static void old_file_stays_until_the_new_one_is_there(void **state)
{
	struct remote_file old = file_of("f", 3, GIT_1, "");
	struct remote_file new = file_of("f", 3, GIT_2, "");
	struct destination *d = prepared_dir();
	struct err e = ERR_INIT;
	struct fs_stat st;

	(void)state;
	fetch(d, &old, "old");
	place(d, COMMIT_A, &old);
	assert_string_equal(state_of(d, COMMIT_B, &new), "absent");
	must_fail(destination_place(d, COMMIT_B, &new, now(), &st, &e), &e,
	    ERR_BUSY, "f");
	must_hold(at("dir/f"), "old");
	fetch(d, &new, "new");
	must_hold(at("dir/f"), "old");
	assert_string_equal(state_of(d, COMMIT_A, &old), "in place");
	place(d, COMMIT_B, &new);
	must_hold(at("dir/f"), "new");
	must_book(at(DOWNLOAD "f.metadata"), COMMIT_B, GIT_2);
	destination_free(d);
}

/* Same content, new commit: the book alone is written. */
static void unchanged_file_of_a_new_commit(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = prepared_dir();
	uint64_t before, after;

	(void)state;
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	before = inode_of(at("dir/f"));
	assert_string_equal(state_of(d, COMMIT_B, &f), "present");
	place(d, COMMIT_B, &f);
	assert_string_equal(state_of(d, COMMIT_B, &f), "in place");
	after = inode_of(at("dir/f"));
	assert_int_equal(before, after);
	destination_free(d);
}

/* The time in the book is never before the file's own. */
static void file_from_the_future(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = prepared_dir();

	(void)state;
	put(at("dir/f"), "hello");
	set_mtime(at("dir/f"), now().s + 86400);
	place(d, COMMIT_A, &f);
	assert_string_equal(state_of(d, COMMIT_A, &f), "in place");
	destination_free(d);
}

static void links_are_replaced_or_refused(void **state)
{
	static const char *const folders[] = { "dir/a", "dir/.cache", BOOKS,
		BOOKS "/download", BOOKS "/download/a" };
	struct remote_file f = file_of("a/f", 5, GIT_1, "");
	struct destination *d = prepared_dir();

	(void)state;
	need_links();
	/* As old clients left it. */
	put(at("outside/f"), "other");
	put_dir(at("dir/a"));
	plant_link(at("outside/f"), at("dir/a/f"));
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	must_hold(at("outside/f"), "other");
	must_hold(at("dir/a/f"), "hello");
	destination_free(d);
	for (size_t i = 0; i < COUNT(folders); i++) {
		struct err e = ERR_INIT;
		char *parent = fs_dirname(at(folders[i]));
		struct fs_stat st;
		int rc;

		remove_tree(at("dir"));
		put_dir(parent);
		free(parent);
		put(at(CACHED GIT_1), "hello");
		plant_link(at("outside"), at(folders[i]));
		d = open_dir();
		rc = destination_prepare(d, &e);
		if (rc == 0)
			rc = destination_place(d, COMMIT_A, &f, now(), &st, &e);
		must_fail(rc, &e, ERR_PERMANENT, "symbolic link");
		must_hold(at("outside/f"), "other");
		assert_int_equal(entries_in(at("outside")), 1);
		destination_free(d);
	}
}

static void directories_in_the_way(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct remote_file below = file_of("g/f", 5, GIT_1, "");
	struct destination *d = prepared_dir();
	struct err e = ERR_INIT;
	struct local_file local;
	struct fs_stat st;

	(void)state;
	put(at("dir/f/mine"), "keep");
	fetch(d, &f, "hello");
	must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e), &e,
	    ERR_PERMANENT, "dir/f");
	must_hold(at("dir/f/mine"), "keep");
	assert_int_equal(unlink(at("dir/f/mine")), 0);
	place(d, COMMIT_A, &f);
	must_hold(at("dir/f"), "hello");
	/* a file where a folder belongs */
	put(at("dir/g"), "keep");
	must_fail(destination_inspect(d, COMMIT_A, &below, &local, &st, &e), &e,
	    ERR_PERMANENT, "dir/g");
	must_hold(at("dir/g"), "keep");
	destination_free(d);
}

static void shared_content_is_copied(void **state)
{
	struct remote_file files[] = {
		file_of("a", 5, GIT_1, ""),
		file_of("b", 5, GIT_1, ""),
		file_of("c", 5, GIT_1, ""),
		file_of("d", 5, GIT_1, ""),
	};
	struct destination *d = prepared_dir();
	uint64_t a, b, c;

	(void)state;
	/* Never proven, whatever its size or its book says. */
	put(at("dir/c"), "HELLO");
	put(at("dir/d"), "HELLO");
	set_mtime(at("dir/d"), 1700000000);
	put_book(at(DOWNLOAD "d.metadata"), COMMIT_A, GIT_1, 1700000000);
	fetch(d, &files[0], "hello");
	for (size_t i = 0; i < COUNT(files); i++)
		place(d, COMMIT_A, &files[i]);
	for (size_t i = 0; i < COUNT(files); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "dir/%s", files[i].path);
		must_hold(at(path), "hello");
		assert_string_equal(state_of(d, COMMIT_A, &files[i]),
		    "in place");
	}
	/* Not one inode: the user may edit one of them. */
	a = inode_of(at("dir/a"));
	b = inode_of(at("dir/b"));
	assert_int_not_equal(a, b);
	/* What is right already stays. */
	b = inode_of(at("dir/c"));
	place(d, COMMIT_A, &files[2]);
	c = inode_of(at("dir/c"));
	assert_int_equal(b, c);
	destination_free(d);
}

static void cached_content_is_copied(void **state)
{
	struct remote_file f = file_of("a/f", 5, GIT_1, SHA_1);
	struct destination *d = prepared_dir();
	uint64_t blob, file;
	char *path;

	(void)state;
	put(at(CACHED SHA_1), "hello");
	path = destination_content_path(d, COMMIT_A, &f);
	assert_string_equal(path, at(CACHED SHA_1));
	free(path);
	/* what a kill left */
	put(at(DOWNLOAD SHA_1 "." STORE_ID ".copy.hfcron.incomplete"), "he");
	place(d, COMMIT_A, &f);
	must_hold(at("dir/a/f"), "hello");
	blob = inode_of(at(CACHED SHA_1));
	file = inode_of(at("dir/a/f"));
	assert_int_not_equal(blob, file);
	assert_int_equal(entries_in(at(BOOKS "/download")), 1);
	destination_free(d);
}

static void bad_content_is_not_offered_again(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, SHA_1);
	struct wall t = { 1795273800 };
	struct destination *d = prepared_dir();
	struct err e = ERR_INIT;

	(void)state;
	must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	put(at(CACHED SHA_1), "cache");
	put(at("dir/f"), "user!");
	fetch(d, &f, "stage");
	/* staged first, then the file itself, then the cache */
	must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	must_hold(at(DOWNLOAD SHA_1 ".1795273800.bad.hfcron.incomplete"),
	    "stage");
	for (int i = 0; i < 2; i++) {
		char *path = destination_content_path(d, COMMIT_A, &f);

		assert_string_equal(path,
		    i == 0 ? at("dir/f") : at(CACHED SHA_1));
		free(path);
		must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	}
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	must_hold(at("dir/f"), "user!");
	must_hold(at(CACHED SHA_1), "cache");
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	must_hold(at("dir/f"), "hello");
	assert_string_equal(state_of(d, COMMIT_A, &f), "in place");
	destination_free(d);
}

static void names_at_the_limit(void **state)
{
	/* .metadata makes it 9 bytes longer */
	static const size_t lengths[] = { 246, 247, 250, 251, 255 };

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct file_lock lock = FILE_LOCK_INIT;
		struct err e = ERR_INIT;
		struct destination *d = prepared_dir();
		struct remote_file f, other;
		char path[300], twin[300];

		(void)snprintf(path, sizeof(path), "d/%0*d", (int)lengths[i],
		    1);
		(void)snprintf(twin, sizeof(twin), "d/%0*d", (int)lengths[i],
		    2);
		f = file_of(path, 5, GIT_1, "");
		other = file_of(twin, 5, GIT_2, "");
		must(destination_lock(d, &f, &lock, &e), &e);
		lock_release(&lock);
		fetch(d, &f, "hello");
		fetch(d, &other, "other");
		place(d, COMMIT_A, &f);
		place(d, COMMIT_A, &other);
		assert_string_equal(state_of(d, COMMIT_A, &f), "in place");
		assert_string_equal(state_of(d, COMMIT_A, &other), "in place");
		destination_free(d);
		remove_tree(at("dir"));
	}
}

static void lock_of_another_is_respected(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = prepared_dir(), *other = open_dir();
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	struct fs_stat st;

	(void)state;
	fetch(d, &f, "hello");
	must(destination_lock(other, &f, &lock, &e), &e);
	must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e), &e,
	    ERR_BUSY, "f.lock");
	assert_false(is_there(at("dir/f")));
	lock_release(&lock);
	place(d, COMMIT_A, &f);
	must_hold(at("dir/f"), "hello");
	destination_free(other);
	destination_free(d);
}

int main(void)
{
#define IN_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(paths_are_the_official_ones),
		IN_FOLDER(whole_way),
		IN_FOLDER(books_of_others_are_kept),
		IN_FOLDER(what_is_found),
		IN_FOLDER(old_file_stays_until_the_new_one_is_there),
		IN_FOLDER(unchanged_file_of_a_new_commit),
		IN_FOLDER(file_from_the_future),
		IN_FOLDER(links_are_replaced_or_refused),
		IN_FOLDER(directories_in_the_way),
		IN_FOLDER(shared_content_is_copied),
		IN_FOLDER(cached_content_is_copied),
		IN_FOLDER(bad_content_is_not_offered_again),
		IN_FOLDER(names_at_the_limit),
		IN_FOLDER(lock_of_another_is_respected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
