/* test_cache_hub.c - the official cache: adopting, placing, publishing. */
#include "test_cache_fixture.h"

#define REPO "hub/models--org--name"
#define BLOBS REPO "/blobs/"
#define SNAPSHOT REPO "/snapshots/" COMMIT_A
#define REF REPO "/refs/main"
#define LOCKS "hub/.locks/models--org--name"

static struct destination *open_cache(void)
{
	struct err e = ERR_INIT;
	struct destination *d = destination_new(at("hub"), NULL, REPO_MODEL,
	    "org/name", STORE_ID, &e);

	if (d == NULL)
		fail_msg("%s", e.text);
	return d;
}

static struct destination *prepared_cache(void)
{
	struct destination *d = open_cache();
	struct err e = ERR_INIT;

	must(destination_prepare(d, &e), &e);
	return d;
}

static void paths_are_the_official_ones(void **state)
{
	struct remote_file f = file_of("a/b", 3, GIT_1, SHA_1);
	struct destination *d = open_cache();
	char *path;

	(void)state;
	assert_false(destination_is_local_dir(d));
	assert_string_equal(destination_root(d), at("hub"));
	assert_string_equal(destination_partial_dir(d), at(REPO "/blobs"));
	path = destination_partial_path(d, &f);
	assert_string_equal(path,
	    at(BLOBS SHA_1 "." STORE_ID ".hfcron.incomplete"));
	free(path);
	path = destination_snapshot_path(d, COMMIT_A);
	assert_string_equal(path, at(SNAPSHOT));
	free(path);
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	assert_false(is_there(at("hub"))); /* looking writes nothing */
	destination_free(d);
	destination_free(NULL);
}

static void broken_callers_are_named(void **state)
{
	struct remote_file f = file_of("a", 3, "../../x", "");
	struct remote_listing listing = { "main", NULL, 0, 0 };
	struct destination *d = open_cache();
	struct file_lock lock = FILE_LOCK_INIT;
	struct local_file local;
	struct err e = ERR_INIT;
	struct fs_stat st;
	char commit[41];
	bool found;

	(void)state;
	assert_null(destination_new("/x", NULL, REPO_MODEL, "../x", STORE_ID,
	    &e));
	assert_int_equal(e.kind, ERR_PERMANENT);
	assert_null(destination_new("/x", NULL, REPO_MODEL, "a/b", "", &e));
	assert_int_equal(e.kind, ERR_BUG);
	assert_null(destination_partial_path(d, &f));
	assert_null(destination_content_path(d, COMMIT_A, &f));
	must_fail(destination_inspect(d, COMMIT_A, &f, &local, &st, &e), &e,
	    ERR_BUG, "blob");
	must_fail(destination_inspect(d, "main", &f, &local, &st, &e), &e,
	    ERR_BUG, "commit");
	must_fail(destination_lock(d, &f, &lock, &e), &e, ERR_BUG, "blob");
	must_fail(destination_accept(d, &f, &e), &e, ERR_BUG, "blob");
	must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e), &e,
	    ERR_BUG, "blob");
	must_fail(destination_set_aside(d, COMMIT_A, &f, now(), &e), &e,
	    ERR_BUG, "blob");
	must_fail(destination_publish(d, &listing, "main", &e), &e, ERR_BUG,
	    "commit");
	memcpy(listing.commit, COMMIT_A, sizeof(listing.commit));
	must_fail(destination_publish(d, &listing, "../x", &e), &e, ERR_BUG,
	    "revision");
	must_fail(destination_ref(d, "../x", commit, &e), &e, ERR_BUG,
	    "revision");
	must_fail(destination_read_tree(d, "x", &listing, &found, &e), &e,
	    ERR_BUG, "commit");
	destination_free(d);
}

static void whole_way(void **state)
{
	struct remote_file files[] = {
		file_of("a/b/c.bin", 5, GIT_1, SHA_1),
		file_of("a/same.bin", 5, GIT_1, SHA_1),
		file_of("top.txt", 0, GIT_2, ""),
	};
	struct destination *d = open_cache();
	struct err e = ERR_INIT;
	uint64_t before, after;
	char commit[41];

	(void)state;
	for (int round = 0; round < 2; round++) {
		must(destination_prepare(d, &e), &e);
		fetch(d, &files[0], "hello");
		fetch(d, &files[2], "");
		/* A link leads to the new blob, a second name does not. */
		assert_string_equal(state_of(d, COMMIT_A, &files[0]),
		    round == 0 || !have_links() ? "present" : "in place");
		for (size_t i = 0; i < COUNT(files); i++)
			place(d, COMMIT_A, &files[i]);
		if (round == 0) {
			assert_false(is_there(at(REF)));
			must(destination_ref(d, "main", commit, &e), &e);
			assert_string_equal(commit, "");
		}
		publish(d, COMMIT_A, files, COUNT(files), "main");
		*(round == 0 ? &before : &after) = inode_of(at(REF));
	}
	assert_int_equal(before, after); /* not rewritten */
	must_link(at(SNAPSHOT "/a/b/c.bin"), "../../../../blobs/" SHA_1);
	must_link(at(SNAPSHOT "/a/same.bin"), "../../../blobs/" SHA_1);
	must_link(at(SNAPSHOT "/top.txt"), "../../blobs/" GIT_2);
	must_hold(at(SNAPSHOT "/a/b/c.bin"), "hello");
	must_hold(at(SNAPSHOT "/a/same.bin"), "hello");
	must_hold(at(SNAPSHOT "/top.txt"), "");
	must_hold(at(REF), COMMIT_A);
	must(destination_ref(d, "main", commit, &e), &e);
	assert_string_equal(commit, COMMIT_A);
	assert_true(is_there(at(REPO "/trees/" COMMIT_A ".json")));
	assert_int_equal(entries_in(at("hub")), 2);
	assert_int_equal(entries_in(at(REPO)), 4);
	assert_int_equal(entries_in(at(BLOBS)), 2);
	assert_int_equal(entries_in(at(SNAPSHOT)), 2);
	assert_int_equal(entries_in(at(REPO "/refs")), 1);
	destination_free(d);
}

static void modes_follow_the_umask(void **state)
{
	static const unsigned masks[] = { 022, 027, 002, 077 };
	struct remote_file f = file_of("a/b", 1, GIT_1, "");

	(void)state;
	for (size_t i = 0; i < COUNT(masks); i++) {
		unsigned dir = 0777 & ~masks[i], file = 0666 & ~masks[i];
		struct file_lock lock = FILE_LOCK_INIT;
		struct err e = ERR_INIT;
		struct destination *d;

		(void)umask(masks[i]);
		d = prepared_cache();
		must(destination_lock(d, &f, &lock, &e), &e);
		lock_release(&lock);
		fetch(d, &f, "x");
		place(d, COMMIT_A, &f);
		publish(d, COMMIT_A, &f, 1, "refs/pr/1");
		must_have_mode(at("hub"), dir);
		must_have_mode(at(LOCKS), dir);
		must_have_mode(at(REPO), dir);
		must_have_mode(at(BLOBS), dir);
		must_have_mode(at(SNAPSHOT "/a"), dir);
		must_have_mode(at(REPO "/trees"), dir);
		must_have_mode(at(REPO "/refs/refs/pr"), dir);
		must_have_mode(at(LOCKS "/" GIT_1 ".lock"), 0664 & ~masks[i]);
		must_have_mode(at(BLOBS GIT_1), file);
		must_have_mode(at("hub/CACHEDIR.TAG"), file);
		must_have_mode(at(REPO "/refs/refs/pr/1"), file);
		must_have_mode(at(REPO "/trees/" COMMIT_A ".json"), file);
		destination_free(d);
		(void)umask(022);
		remove_tree(at("hub"));
	}
}

static void tag_is_exact_and_kept(void **state)
{
	static const char tag[] =
	    "Signature: 8a477f597d28d172789f06886806bc55\n"
	    "# This file is a cache directory tag created by "
	    "huggingface_hub.\n"
	    "# For information about cache directory tags, see:\n"
	    "#\thttps://bford.info/cachedir/\n";

	(void)state;
	assert_int_equal(sizeof(tag) - 1, 191);
	destination_free(prepared_cache());
	must_hold(at("hub/CACHEDIR.TAG"), tag);
	put(at("hub/CACHEDIR.TAG"), "mine");
	destination_free(prepared_cache());
	must_hold(at("hub/CACHEDIR.TAG"), "mine");
	if (!have_links())
		return;
	assert_int_equal(unlink(at("hub/CACHEDIR.TAG")), 0);
	plant_link("nowhere", at("hub/CACHEDIR.TAG"));
	destination_free(prepared_cache());
	assert_false(is_there(at("hub/nowhere")));
}

/* What may stand at the snapshot's path and at the blob's, and what we make
 * of it. */
static void what_is_found(void **state)
{
	enum {
		NOTHING,
		RIGHT,
		OTHER_TEXT,
		WRONG_SIZE,
		LINK_RIGHT,
		LINK_DANGLING,
		LINK_OUT,
		LINK_ABSOLUTE,
		DIRECTORY
	};
	static const struct {
		int blob, snapshot;
		const char *state;
	} table[] = {
		{ NOTHING, NOTHING, "absent" },
		{ RIGHT, NOTHING, "present" },
		{ RIGHT, LINK_RIGHT, "in place" },
		{ WRONG_SIZE, LINK_RIGHT, "absent" },
		{ NOTHING, LINK_RIGHT, "absent" },
		{ LINK_OUT, LINK_RIGHT, "absent" },
		{ DIRECTORY, LINK_RIGHT, "absent" },
		{ RIGHT, LINK_DANGLING, "present" },
		{ RIGHT, LINK_OUT, "present" },
		{ RIGHT, LINK_ABSOLUTE, "present" },
		{ RIGHT, DIRECTORY, "present" },
		{ RIGHT, WRONG_SIZE, "present" },
		{ RIGHT, RIGHT, "present" },
		{ RIGHT, OTHER_TEXT, "present" }, /* the blob counts */
		{ NOTHING, RIGHT, "present" },
		{ WRONG_SIZE, RIGHT, "present" },
		{ NOTHING, WRONG_SIZE, "absent" },
		{ NOTHING, LINK_OUT, "absent" },
		{ NOTHING, DIRECTORY, "absent" },
	};
	struct remote_file f = file_of("a/f", 5, GIT_1, SHA_1);

	(void)state;
	need_links();
	put(at("outside"), "hello");
	for (size_t i = 0; i < COUNT(table); i++) {
		struct destination *d = prepared_cache();
		struct err e = ERR_INIT;
		struct fs_stat st;
		const char *got;
		int rc;

		for (int j = 0; j < 2; j++) {
			const char *path = j == 0 ? at(BLOBS SHA_1)
						  : at(SNAPSHOT "/a/f");
			int what = j == 0 ? table[i].blob : table[i].snapshot;
			const char *target = what == LINK_RIGHT
			    ? "../../../blobs/" SHA_1
			    : what == LINK_DANGLING ? "nowhere"
			    : what == LINK_ABSOLUTE ? at(BLOBS SHA_1)
						    : at("outside");

			put_dir(at(SNAPSHOT "/a"));
			if (what == RIGHT || what == OTHER_TEXT)
				put(path, what == RIGHT ? "hello" : "HELLO");
			else if (what == WRONG_SIZE)
				put(path, "hell");
			else if (what == DIRECTORY)
				put_dir(path);
			else if (what != NOTHING)
				plant_link(target, path);
		}
		got = state_of(d, COMMIT_A, &f);
		if (strcmp(got, table[i].state) != 0)
			fail_msg("row %zu: %s", i, got);
		rc = destination_place(d, COMMIT_A, &f, now(), &st, &e);
		if (strcmp(got, "absent") == 0) {
			must_fail(rc, &e, ERR_BUSY, "a/f");
		} else {
			must(rc, &e);
			assert_string_equal(state_of(d, COMMIT_A, &f),
			    "in place");
			must_link(at(SNAPSHOT "/a/f"), "../../../blobs/" SHA_1);
			must_hold(at(BLOBS SHA_1), "hello");
			assert_int_equal(entries_in(at(SNAPSHOT "/a")), 1);
			assert_int_equal(entries_in(at(REPO)), 2);
		}
		must_hold(at("outside"), "hello");
		destination_free(d);
		remove_tree(at("hub"));
	}
}

static void full_directory_in_the_way(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = prepared_cache();
	struct err e = ERR_INIT;
	struct fs_stat st;

	(void)state;
	put(at(SNAPSHOT "/f/x"), "mine");
	fetch(d, &f, "hello");
	must_fail(destination_place(d, COMMIT_A, &f, now(), &st, &e), &e,
	    ERR_PERMANENT, "snapshots/" COMMIT_A "/f");
	must_hold(at(SNAPSHOT "/f/x"), "mine");
	destination_free(d);
}

static void planted_links_are_refused(void **state)
{
	static const struct {
		const char *path;
		bool at_look; /* else only when written */
	} table[] = {
		{ REPO, true },
		{ REPO "/blobs", true },
		{ REPO "/snapshots", true },
		{ SNAPSHOT, true },
		{ SNAPSHOT "/a", true },
		{ REPO "/refs", false },
		{ REPO "/trees", false },
		{ "hub/.locks", false },
		{ LOCKS, false },
	};
	struct remote_file f = file_of("a/f", 5, GIT_1, "");
	struct remote_listing listing = { COMMIT_A, &f, 1, 1 };

	(void)state;
	need_links();
	for (size_t i = 0; i < COUNT(table); i++) {
		struct file_lock lock = FILE_LOCK_INIT;
		struct destination *d = open_cache();
		struct err e = ERR_INIT;
		struct local_file local;
		struct fs_stat st;
		char *dir = fs_dirname(at(table[i].path));
		int rc;

		put_dir(at("outside"));
		put_dir(dir);
		free(dir);
		plant_link(at("outside"), at(table[i].path));
		rc = destination_inspect(d, COMMIT_A, &f, &local, &st, &e);
		if (table[i].at_look)
			must_fail(rc, &e, ERR_PERMANENT, at(table[i].path));
		else
			must(rc, &e);
		e = (struct err)ERR_INIT;
		rc = destination_prepare(d, &e);
		if (rc == 0)
			rc = destination_lock(d, &f, &lock, &e);
		lock_release(&lock);
		if (rc == 0) {
			char *partial = destination_partial_path(d, &f);

			put(partial, "hello");
			free(partial);
			must(destination_accept(d, &f, &e), &e);
			rc = destination_place(d, COMMIT_A, &f, now(), &st, &e);
		}
		if (rc == 0)
			rc = destination_publish(d, &listing, "main", &e);
		must_fail(rc, &e, ERR_PERMANENT, "symbolic link");
		assert_int_equal(entries_in(at("outside")), 0);
		assert_false(is_there(at(REF)));
		destination_free(d);
		remove_tree(at("hub"));
	}
}

static void root_may_be_a_link(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d;

	(void)state;
	need_links();
	put_dir(at("elsewhere"));
	plant_link("elsewhere", at("hub"));
	d = prepared_cache();
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	publish(d, COMMIT_A, &f, 1, "main");
	must_hold(at("elsewhere/models--org--name/refs/main"), COMMIT_A);
	destination_free(d);
}

/* --- refs ---------------------------------------------------------------- */

static struct destination *with_snapshot(struct remote_file *f)
{
	struct destination *d = prepared_cache();

	*f = file_of("f", 1, GIT_1, "");
	fetch(d, f, "x");
	place(d, COMMIT_A, f);
	return d;
}

static void refs_of_every_form(void **state)
{
	static const char *const revisions[] = { "main", "v1.0", "feature/x/y",
		"refs/pr/1", "refs/convert/parquet" };
	struct remote_file f;
	struct destination *d = with_snapshot(&f);
	struct err e = ERR_INIT;
	char commit[41], path[256];

	(void)state;
	for (size_t i = 0; i < COUNT(revisions); i++) {
		publish(d, COMMIT_A, &f, 1, revisions[i]);
		must(destination_ref(d, revisions[i], commit, &e), &e);
		assert_string_equal(commit, COMMIT_A);
		(void)snprintf(path, sizeof(path), REPO "/refs/%s",
		    revisions[i]);
		must_hold(at(path), COMMIT_A);
	}
	/* main, v1.0, feature, refs: no temporary file */
	assert_int_equal(entries_in(at(REPO "/refs")), 4);
	assert_int_equal(entries_in(at(REPO "/refs/refs/pr")), 1);
	/* A commit needs none. */
	publish(d, COMMIT_A, &f, 1, COMMIT_A);
	assert_int_equal(entries_in(at(REPO "/refs")), 4);
	destination_free(d);
}

static void refs_that_exclude_each_other(void **state)
{
	struct remote_file f;
	struct destination *d = with_snapshot(&f);
	struct remote_listing listing = { COMMIT_A, &f, 1, 1 };
	struct err e = ERR_INIT;
	char commit[41];

	(void)state;
	put(at(REPO "/refs/a"), COMMIT_B);
	must_fail(destination_ref(d, "a/b", commit, &e), &e, ERR_PERMANENT,
	    "a/b");
	must_fail(destination_publish(d, &listing, "a/b", &e), &e,
	    ERR_PERMANENT, "refs/a");
	must_hold(at(REPO "/refs/a"), COMMIT_B);
	assert_int_equal(unlink(at(REPO "/refs/a")), 0);
	put(at(REPO "/refs/a/b"), COMMIT_B);
	must_fail(destination_ref(d, "a", commit, &e), &e, ERR_PERMANENT,
	    "refs/a");
	must_fail(destination_publish(d, &listing, "a", &e), &e, ERR_PERMANENT,
	    "another branch");
	must_hold(at(REPO "/refs/a/b"), COMMIT_B);
	destination_free(d);
}

static void refs_that_are_damaged(void **state)
{
	static const char *const texts[] = { "", COMMIT_B "\n", "main",
		"gggggggggggggggggggggggggggggggggggggggg", COMMIT_B COMMIT_B };
	struct remote_file f;
	struct destination *d = with_snapshot(&f);
	struct err e = ERR_INIT;
	char commit[41];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		put(at(REF), texts[i]);
		must(destination_ref(d, "main", commit, &e), &e);
		assert_string_equal(commit, "");
		publish(d, COMMIT_A, &f, 1, "main");
		must_hold(at(REF), COMMIT_A);
	}
	/* a link is replaced, not followed */
	put(at("outside"), COMMIT_B);
	assert_int_equal(unlink(at(REF)), 0);
	if (have_links())
		plant_link(at("outside"), at(REF));
	must(destination_ref(d, "main", commit, &e), &e);
	assert_string_equal(commit, "");
	publish(d, COMMIT_A, &f, 1, "main");
	must_hold(at("outside"), COMMIT_B);
	must_hold(at(REF), COMMIT_A);
	must_have_mode(at(REF), 0644);
	destination_free(d);
}

static void ref_stays_if_anything_before_it_fails(void **state)
{
	struct remote_file f;
	struct destination *d = with_snapshot(&f);
	struct remote_listing listing = { COMMIT_A, &f, 1, 1 };
	struct err e = ERR_INIT;

	(void)state;
	put(at(REF), COMMIT_B);
	/* the tree file */
	put(at(REPO "/trees"), "");
	must_fail(destination_publish(d, &listing, "main", &e), &e,
	    ERR_PERMANENT, "trees");
	must_hold(at(REF), COMMIT_B);
	assert_int_equal(unlink(at(REPO "/trees")), 0);
	/* syncing the links */
	place(d, COMMIT_A, &f);
	remove_tree(at(SNAPSHOT));
	must_fail(destination_publish(d, &listing, "main", &e), &e, ERR_DISK,
	    "snapshots");
	must_hold(at(REF), COMMIT_B);
	destination_free(d);
	/* the snapshot as a whole */
	d = prepared_cache();
	must_fail(destination_publish(d, &listing, "main", &e), &e, ERR_BUSY,
	    "snapshots");
	must_hold(at(REF), COMMIT_B);
	/* and then it goes */
	place(d, COMMIT_A, &f);
	publish(d, COMMIT_A, &f, 1, "main");
	must_hold(at(REF), COMMIT_A);
	destination_free(d);
}

/* --- locks, partials, bad content ---------------------------------------- */

static void lock_is_the_official_one(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, SHA_1);
	struct file_lock one = FILE_LOCK_INIT, two = FILE_LOCK_INIT;
	struct destination *d = open_cache(), *other = open_cache();
	struct err e = ERR_INIT;

	(void)state;
	must(destination_lock(d, &f, &one, &e), &e);
	assert_true(is_there(at(LOCKS "/" SHA_1 ".lock")));
	must_fail(destination_lock(other, &f, &two, &e), &e, ERR_BUSY,
	    SHA_1 ".lock");
	lock_release(&one);
	e = (struct err)ERR_INIT;
	must(destination_lock(other, &f, &two, &e), &e);
	lock_release(&two);
	/* Somebody tidied up in the meantime. */
	remove_tree(at("hub"));
	must(destination_lock(d, &f, &one, &e), &e);
	assert_true(is_there(at(LOCKS "/" SHA_1 ".lock")));
	lock_release(&one);
	destination_free(other);
	destination_free(d);
}

static void accept_replaces_what_is_there(void **state)
{
	struct remote_file f = file_of("f", 5, GIT_1, "");
	struct destination *d = prepared_cache();
	struct err e = ERR_INIT;
	char *partial = destination_partial_path(d, &f);

	(void)state;
	put(at("outside"), "keep");
	put(at(BLOBS GIT_1), "rotten");
	fetch(d, &f, "hello");
	must_hold(at(BLOBS GIT_1), "hello");
	assert_int_equal(unlink(at(BLOBS GIT_1)), 0);
	if (have_links())
		plant_link(at("outside"), at(BLOBS GIT_1));
	fetch(d, &f, "hello");
	must_hold(at(BLOBS GIT_1), "hello");
	must_hold(at("outside"), "keep");
	assert_int_equal(entries_in(at(BLOBS)), 1);
	/* the partial file was pruned, or swapped for a link */
	must_fail(destination_accept(d, &f, &e), &e, ERR_BUSY, partial);
	if (have_links()) {
		plant_link(at("outside"), partial);
		must_fail(destination_accept(d, &f, &e), &e, ERR_DISK, partial);
		must_have_mode(at("outside"), 0644);
		assert_int_equal(unlink(partial), 0);
	}
	/* a directory in its place */
	assert_int_equal(unlink(at(BLOBS GIT_1)), 0);
	put(at(BLOBS GIT_1 "/x"), "");
	put(partial, "hello");
	must_fail(destination_accept(d, &f, &e), &e, ERR_PERMANENT, GIT_1);
	must_hold(partial, "hello");
	free(partial);
	destination_free(d);
}

static void bad_content_is_set_aside(void **state)
{
	const char *aside = at(BLOBS SHA_1 ".1795273800.bad.hfcron.incomplete");
	struct remote_file f = file_of("f", 5, GIT_1, SHA_1);
	struct wall t = { 1795273800 };
	struct destination *d = prepared_cache();
	struct err e = ERR_INIT;

	(void)state;
	must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	fetch(d, &f, "hellO");
	place(d, COMMIT_A, &f);
	must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	must_hold(aside, "hellO");
	/* the same for a file where the link belongs */
	assert_int_equal(is_there(at(SNAPSHOT "/f")), have_links());
	must(fs_unlink(at(SNAPSHOT "/f"), &e), &e);
	put(at(SNAPSHOT "/f"), "hel1o");
	must(destination_set_aside(d, COMMIT_A, &f, t, &e), &e);
	assert_string_equal(state_of(d, COMMIT_A, &f), "absent");
	must_hold(aside, "hel1o");
	assert_false(is_there(at(SNAPSHOT "/f")));
	destination_free(d);
}

/* Another program prunes while we work. */
static void pruned_in_mid_run(void **state)
{
	struct remote_file f = file_of("a/f", 5, GIT_1, "");
	struct remote_file g = file_of("a/g", 5, GIT_1, "");
	struct destination *d = prepared_cache();
	struct err e = ERR_INIT;
	struct fs_stat st;

	(void)state;
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	remove_tree(at(SNAPSHOT));
	place(d, COMMIT_A, &g);
	must_hold(at(SNAPSHOT "/a/g"), "hello");
	assert_int_equal(unlink(at(BLOBS GIT_1)), 0);
	/* A second name of the content is still the content. */
	if (have_links())
		must_fail(destination_place(d, COMMIT_A, &g, now(), &st, &e),
		    &e, ERR_BUSY, "a/g");
	else
		place(d, COMMIT_A, &g);
	remove_tree(at("hub"));
	must(destination_prepare(d, &e), &e);
	fetch(d, &f, "hello");
	place(d, COMMIT_A, &f);
	publish(d, COMMIT_A, &f, 1, "main");
	must_hold(at(SNAPSHOT "/a/f"), "hello");
	destination_free(d);
}

static void tree_goes_both_ways(void **state)
{
	struct remote_file f;
	struct destination *d = with_snapshot(&f);
	struct remote_listing back;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	must(destination_read_tree(d, COMMIT_A, &back, &found, &e), &e);
	assert_false(found);
	publish(d, COMMIT_A, &f, 1, "main");
	must(destination_read_tree(d, COMMIT_A, &back, &found, &e), &e);
	assert_true(found);
	assert_int_equal(back.n, 1);
	assert_string_equal(back.files[0].path, "f");
	assert_string_equal(back.commit, COMMIT_A);
	remote_listing_release(&back);
	must(destination_read_tree(d, COMMIT_B, &back, &found, &e), &e);
	assert_false(found);
	destination_free(d);
}

int main(void)
{
#define IN_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(paths_are_the_official_ones),
		IN_FOLDER(broken_callers_are_named),
		IN_FOLDER(whole_way),
		IN_FOLDER(modes_follow_the_umask),
		IN_FOLDER(tag_is_exact_and_kept),
		IN_FOLDER(what_is_found),
		IN_FOLDER(full_directory_in_the_way),
		IN_FOLDER(planted_links_are_refused),
		IN_FOLDER(root_may_be_a_link),
		IN_FOLDER(refs_of_every_form),
		IN_FOLDER(refs_that_exclude_each_other),
		IN_FOLDER(refs_that_are_damaged),
		IN_FOLDER(ref_stays_if_anything_before_it_fails),
		IN_FOLDER(lock_is_the_official_one),
		IN_FOLDER(accept_replaces_what_is_there),
		IN_FOLDER(bad_content_is_set_aside),
		IN_FOLDER(pruned_in_mid_run),
		IN_FOLDER(tree_goes_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
