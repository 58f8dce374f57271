/* test_cache.c - the parts that both layouts are made of. */
#include "test_cache_fixture.h"

#include "base/strbuf.h"
#include "cache/local_metadata.h"
#include "cache/name_map.h"
#include "cache/put.h"
#include "cache/tree_file.h"
#include "cache/walk.h"

/* --- tree file ----------------------------------------------------------- */

#define FOUR(d) d d d d
#define HEX_40(d) FOUR(TEN(d))
#define HEX_64(d) FOUR(TEN(d) d d d d d d)

/* As huggingface_hub 2.4.0's write_tree_cache wrote it. */
static const char official_tree[] =
    "{\n \"format_version\": 1,\n \"files\": {\n"
    "  \"README.md\": {\n   \"size\": 0,\n"
    "   \"blob_id\": \"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\"\n  },\n"
    "  \"caf\\u00e9 \\\"q\\\" \\\\ ~.txt\": {\n   \"size\": 2,\n"
    "   \"blob_id\": \"" HEX_40(
	"5") "\"\n  },\n"
	     "  \"config.json\": {\n   \"size\": 519,\n"
	     "   \"blob_id\": \"" HEX_40(
		 "a") "\"\n  },\n"
		      "  \"data-x\": {\n   \"size\": 1,\n"
		      "   \"blob_id\": \"" HEX_40(
			  "4") "\"\n  },\n"
			       "  \"data/x!.txt\": {\n   \"size\": 1,\n"
			       "   \"blob_id\": \"" HEX_40(
				   "3") "\"\n  },\n"
					"  \"data/x.bin\": {\n   \"size\": 7,\n"
					"   \"blob_id\": \"" HEX_40(
					    "1") "\",\n"
						 "   \"lfs_sha256\": \"" HEX_64(
						     "2") "\",\n   \"lfs_size\": 7\n  },\n"
							  "  \"model.safetensors\": {\n   \"size\": 9007199254740993,\n"
							  "   \"blob_id\": \"" HEX_40(
							      "b") "\",\n"
								   "   \"lfs_sha256\": \"" HEX_64(
								       "c") "\",\n"
									    "   \"lfs_size\": 9007199254740993,\n"
									    "   \"xet_hash\": \"" HEX_64(
										"d") "\"\n  },\n"
										     "  \"xet.txt\": {\n   \"size\": 5,\n"
										     "   \"blob_id\": \"" HEX_40(
											 "8") "\",\n"
											      "   \"xet_hash\": \"" HEX_64(
												  "9") "\"\n  },\n"
												       "  \"\\ufffd.bin\": {\n   \"size\": 3,\n"
												       "   \"blob_id\": \"" HEX_40(
													   "6") "\"\n  },\n"
														"  \"\\ud83e\\udd17/emoji\": {\n   \"size\": 4,\n"
														"   \"blob_id\": \"" HEX_40(
														    "7") "\"\n  }\n }\n}";

static const struct {
	const char *path;
	uint64_t size;
	const char *oid, *sha256, *xet_hash;
} tree_rows[] = {
	{ "README.md", 0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "", "" },
	{ "caf\xc3\xa9 \"q\" \\ ~.txt", 2, HEX_40("5"), "", "" },
	{ "config.json", 519, HEX_40("a"), "", "" },
	{ "data-x", 1, HEX_40("4"), "", "" },
	{ "data/x!.txt", 1, HEX_40("3"), "", "" },
	{ "data/x.bin", 7, HEX_40("1"), HEX_64("2"), "" },
	{ "model.safetensors", 9007199254740993U, HEX_40("b"), HEX_64("c"),
	    HEX_64("d") },
	{ "xet.txt", 5, HEX_40("8"), "", HEX_64("9") },
	{ "\xef\xbf\xbd.bin", 3, HEX_40("6"), "", "" },
	{ "\xf0\x9f\xa4\x97/emoji", 4, HEX_40("7"), "", "" },
};

static void fill_rows(struct remote_file *files)
{
	for (size_t i = 0; i < COUNT(tree_rows); i++) {
		files[i] = file_of(tree_rows[i].path, tree_rows[i].size,
		    tree_rows[i].oid, tree_rows[i].sha256);
		if (tree_rows[i].xet_hash[0] != '\0')
			files[i].xet_hash = tree_rows[i].xet_hash;
	}
}

static int collect(void *cookie, const char *bytes, size_t n, struct err *e)
{
	(void)e;
	strbuf_add(cookie, bytes, n);
	return 0;
}

static void expect_text(const struct remote_listing *listing, const char *text)
{
	struct err e = ERR_INIT;
	struct strbuf all;

	strbuf_init(&all, SIZE_MAX);
	must(tree_file_format(listing, collect, &all, &e), &e);
	assert_string_equal(strbuf_text(&all), text);
	strbuf_release(&all);
}

static void tree_is_written_as_the_official_client_does(void **state)
{
	struct remote_file files[COUNT(tree_rows)];
	struct remote_listing listing = { COMMIT_A, files, COUNT(tree_rows),
		COUNT(tree_rows) };

	(void)state;
	fill_rows(files);
	expect_text(&listing, official_tree);
	listing.n = 0;
	expect_text(&listing, "{\n \"format_version\": 1,\n \"files\": {}\n}");
}

static void expect_hash(const char *hash, const char *text)
{
	if (text[0] == '\0')
		assert_null(hash);
	else
		assert_string_equal(hash, text);
}

static void tree_is_read_as_it_was_written(void **state)
{
	struct remote_listing listing;
	struct err e = ERR_INIT;
	bool found;

	(void)state;
	must(tree_file_parse(official_tree, sizeof(official_tree) - 1, COMMIT_A,
		 &listing, &found, &e),
	    &e);
	assert_true(found);
	assert_string_equal(listing.commit, COMMIT_A);
	assert_int_equal(listing.n, COUNT(tree_rows));
	for (size_t i = 0; i < listing.n; i++) {
		const struct remote_file *f = &listing.files[i];

		assert_string_equal(f->path, tree_rows[i].path);
		assert_int_equal(f->size, tree_rows[i].size);
		assert_string_equal(f->oid, tree_rows[i].oid);
		expect_hash(f->sha256, tree_rows[i].sha256);
		expect_hash(f->xet_hash, tree_rows[i].xet_hash);
	}
	remote_listing_release(&listing);
}

#define ENTRY(text) "{\"format_version\":1,\"files\":{" text "}}"
#define OID "\"blob_id\":\"" GIT_1 "\""
#define LFS ",\"lfs_sha256\":\"" SHA_1 "\""

static void tree_that_is_odd(void **state)
{
	static const struct {
		const char *text;
		size_t n; /* files, 99: not found */
	} table[] = {
		{ ENTRY(""), 0 },
		{ ENTRY("\"a\":{\"size\":1," OID "}"), 1 },
		/* what a later version may add, and what it may write out */
		{ ENTRY("\"a\":{\"size\":1," OID ",\"new\":[1]}"), 1 },
		{ ENTRY("\"a\":{\"size\":1," OID ",\"lfs_sha256\":null,"
			"\"lfs_size\":null,\"xet_hash\":null}"),
		    1 },
		{ ENTRY("\"b\":{\"size\":1," OID "},\"a\":{\"size\":1," OID
			"}"),
		    2 },
		{ ENTRY("\"a\":{\"size\":1," OID LFS ",\"lfs_size\":1}"), 1 },
		{ ENTRY("\"a\":{\"size\":1," OID LFS ",\"lfs_size\":2}"), 99 },
		{ ENTRY("\"a\":{\"size\":1," OID LFS "}"), 99 },
		{ "", 99 },
		{ "[]", 99 },
		{ "{}", 99 },
		{ "{\"format_version\":2,\"files\":{}}", 99 },
		{ "{\"format_version\":\"1\",\"files\":{}}", 99 },
		{ "{\"format_version\":1}", 99 },
		{ "{\"format_version\":1,\"files\":[]}", 99 },
		{ "{\"format_version\":1,\"format_version\":1,\"files\":{}}",
		    99 },
		{ "{\"format_version\":1,\"files\":{},\"files\":{}}", 99 },
		{ "{\"format_version\":1,\"files\":{},\"files\":[]}", 99 },
		{ "{\"files\":{},\"format_version\":1}", 0 },
		{ "{\"format_version\":1,\"files\":{}", 99 },
		{ ENTRY("\"a\":1"), 99 },
		{ ENTRY("\"a\":{" OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":-1," OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":1.5," OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":\"1\"," OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":9223372036854775808," OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":1}"), 99 },
		{ ENTRY("\"a\":{\"size\":1,\"blob_id\":\"../../x\"}"), 99 },
		{ ENTRY("\"a\":{\"size\":1," OID ",\"xet_hash\":\"****\"}"),
		    99 },
		{ ENTRY("\"../a\":{\"size\":1," OID "}"), 99 },
		{ ENTRY("\"/a\":{\"size\":1," OID "}"), 99 },
		{ ENTRY("\"a\\u001b\":{\"size\":1," OID "}"), 99 },
		{ ENTRY("\"\":{\"size\":1," OID "}"), 99 },
		{ ENTRY("\"a\":{\"size\":1," OID "},\"a\":{\"size\":1," OID
			"}"),
		    99 },
		{ ENTRY("\"a\":{\"size\":1," OID "},\"a/b\":{\"size\":1," OID
			"}"),
		    99 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct remote_listing listing;
		struct err e = ERR_INIT;
		bool found;

		must(tree_file_parse(table[i].text, strlen(table[i].text),
			 COMMIT_A, &listing, &found, &e),
		    &e);
		if (found != (table[i].n != 99))
			fail_msg("%s: found is %d", table[i].text, found);
		assert_int_equal(listing.n, found ? table[i].n : 0);
		if (listing.n == 2)
			assert_string_equal(listing.files[0].path, "a");
		remote_listing_release(&listing);
	}
}

static void tree_file_is_kept_or_replaced(void **state)
{
	struct remote_file files[COUNT(tree_rows)];
	struct remote_listing listing = { COMMIT_A, files, COUNT(tree_rows),
		COUNT(tree_rows) },
			      back;
	const char *path = at("base/trees/" COMMIT_A ".json");
	struct err e = ERR_INIT;
	uint64_t before, after;
	struct walk w;
	bool found;

	(void)state;
	fill_rows(files);
	put_dir(at("base"));
	walk_init(&w, root);
	must(tree_file_read(&w, "base", COMMIT_A, &back, &found, &e), &e);
	assert_false(found);
	must(tree_file_write(&w, "base", at("base"), &listing, &e), &e);
	must_hold(path, official_tree);
	must_have_mode(path, 0644);
	before = inode_of(path);
	must(tree_file_write(&w, "base", at("base"), &listing, &e), &e);
	after = inode_of(path);
	assert_int_equal(before, after);
	must(tree_file_read(&w, "base", COMMIT_A, &back, &found, &e), &e);
	assert_true(found);
	assert_int_equal(back.n, COUNT(tree_rows));
	remote_listing_release(&back);

	put(path, "{");
	must(tree_file_read(&w, "base", COMMIT_A, &back, &found, &e), &e);
	assert_false(found);
	must(tree_file_write(&w, "base", at("base"), &listing, &e), &e);
	must_hold(path, official_tree);
	assert_int_equal(entries_in(at("base/trees")), 1);
	assert_int_equal(entries_in(at("base")), 1);

	/* a masked hash: not at all */
	assert_int_equal(unlink(path), 0);
	files[6].xet_hash = HEX_64("*");
	must(tree_file_write(&w, "base", at("base"), &listing, &e), &e);
	assert_false(is_there(path));
	walk_release(&w);
}

static void tree_file_that_cannot_be_read_counts_as_absent(void **state)
{
	const char *path = at("base/trees/" COMMIT_A ".json");
	struct remote_listing listing = { COMMIT_A, NULL, 0, 0 }, back;
	struct err e = ERR_INIT;
	struct walk w;
	bool found;

	(void)state;
	put_dir(path);
	walk_init(&w, root);
	must(tree_file_read(&w, "base", COMMIT_A, &back, &found, &e), &e);
	assert_false(found);
	/* an empty directory gives way, a full one is said */
	must(tree_file_write(&w, "base", root, &listing, &e), &e);
	assert_int_equal(unlink(path), 0);
	put(at("base/trees/" COMMIT_A ".json/x"), "");
	must_fail(tree_file_write(&w, "base", root, &listing, &e), &e,
	    ERR_PERMANENT, "a directory is in the way");
	walk_release(&w);
}

/* --- metadata ------------------------------------------------------------ */

static void metadata_parse(void **state)
{
	static const struct {
		const char *text;
		int64_t s;
		int32_t us;
		int rc;
	} table[] = {
		{ COMMIT_A "\n" GIT_1 "\n1712656091.123\n", 1712656091, 123000,
		    0 },
		{ COMMIT_A "\n" SHA_1 "\n1712656091.1234567\n", 1712656091,
		    123456, 0 },
		{ COMMIT_A "\n" GIT_1 "\n1712656091", 1712656091, 0, 0 },
		{ COMMIT_A "\r\n " GIT_1 "\r\n\t0.5 \r\nmore", 0, 500000, 0 },
		{ COMMIT_A "\n" GIT_1 "\n5.\n", 5, 0, 0 },
		{ "", 0, 0, -1 },
		{ "\n\n\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1, 0, 0, -1 },
		{ COMMIT_A, 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n-1\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\nnan\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n1e9\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n1.2.3\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n1.1234567x\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "\n99999999999999999999\n", 0, 0, -1 },
		{ COMMIT_A "\n" GIT_1 "0\n1\n", 0, 0, -1 },
		{ COMMIT_A "0\n" GIT_1 "\n1\n", 0, 0, -1 },
		{ "main\n" GIT_1 "\n1\n", 0, 0, -1 },
		{ COMMIT_A "\n\"" GIT_1 "\"\n1\n", 0, 0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *text = table[i].text;
		struct local_metadata m;

		if (local_metadata_parse(text, strlen(text), &m) != table[i].rc)
			fail_msg("%s: not %d", text, table[i].rc);
		if (table[i].rc == -1)
			continue;
		assert_string_equal(m.commit, COMMIT_A);
		assert_int_equal(m.time_s, table[i].s);
		assert_int_equal(m.time_us, table[i].us);
	}
	/* NUL bytes, as a power cut may leave them */
	{
		char zeros[128] = { 0 };
		struct local_metadata m;

		assert_int_equal(local_metadata_parse(zeros, sizeof(zeros), &m),
		    -1);
	}
}

static void metadata_format(void **state)
{
	struct local_metadata m = { COMMIT_A, SHA_1, 1712656091, 5 }, back;
	char text[LOCAL_METADATA_TEXT_MAX];
	size_t n = local_metadata_format(&m, text);

	(void)state;
	assert_string_equal(text, COMMIT_A "\n" SHA_1 "\n1712656091.000005\n");
	assert_int_equal(n, strlen(text));
	assert_int_equal(local_metadata_parse(text, n, &back), 0);
	assert_string_equal(back.etag, SHA_1);
	assert_int_equal(back.time_us, 5);
}

static void metadata_covers(void **state)
{
	static const struct {
		int64_t file_s;
		int32_t file_ns;
		int64_t s;
		int32_t us;
		bool covers;
	} table[] = {
		{ 100, 0, 100, 0, true },
		{ 100, 999999999, 100, 0, true },
		{ 101, 0, 100, 0, true },
		{ 101, 1, 100, 0, false },
		{ 101, 1000, 100, 1, true },
		{ 101, 1001, 100, 1, false },
		{ 102, 0, 100, 999999, false },
		{ INT32_MAX * INT64_C(4), 0, 100, 0, false },
		{ -5, 0, 0, 0, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct local_metadata m = { "", "", table[i].s, table[i].us };
		struct fs_stat st;

		memset(&st, 0, sizeof(st));
		st.mtime_s = table[i].file_s;
		st.mtime_ns = table[i].file_ns;
		if (local_metadata_covers(&m, &st) != table[i].covers)
			fail_msg("row %zu", i);
	}
}

/* --- map, walk, put ------------------------------------------------------ */

static void map_holds_what_was_put(void **state)
{
	struct name_map m;
	char key[32], value[32];

	(void)state;
	name_map_init(&m);
	assert_null(name_map_get(&m, "a"));
	assert_int_equal(name_map_put(&m, "a", NULL), 0);
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(key, sizeof(key), "key %d", i % 2500);
		(void)snprintf(value, sizeof(value), "value %d", i);
		assert_int_equal(name_map_put(&m, key, value), 0);
	}
	assert_int_equal(m.n, 2500);
	assert_string_equal(name_map_get(&m, "key 7"), "value 2507");
	assert_null(name_map_get(&m, "key 2500"));
	assert_int_equal(name_map_put(&m, "key 7", NULL), 0);
	assert_int_equal(name_map_put(&m, "never", NULL), 0);
	assert_null(name_map_get(&m, "key 7"));
	assert_null(name_map_get(&m, "never"));
	assert_string_equal(name_map_get(&m, "key 8"), "value 2508");
	assert_int_equal(name_map_put(&m, "key 7", "again"), 0);
	assert_string_equal(name_map_get(&m, "key 7"), "again");
	assert_int_equal(m.n, 2500);
	name_map_release(&m);
}

static void walk_refuses_links_and_files(void **state)
{
	struct err e = ERR_INIT;
	struct walk w;
	bool there;

	(void)state;
	need_links();
	put_dir(at("real/dir/sub"));
	put(at("real/file"), "");
	plant_link("dir", at("real/link"));
	/* The root itself may be one. */
	plant_link("real", at("root"));
	walk_init(&w, at("root"));
	must(walk_look(&w, "dir/sub/x", &there, &e), &e);
	assert_true(there);
	must(walk_look(&w, "dir/none/x", &there, &e), &e);
	assert_false(there);
	must(walk_look(&w, "dir/none/sub/x", &there, &e), &e);
	assert_false(there);
	must(walk_look(&w, "x", &there, &e), &e);
	assert_true(there);
	must_fail(walk_look(&w, "link/sub/x", &there, &e), &e, ERR_PERMANENT,
	    "root/link");
	must_fail(walk_look(&w, "file/x", &there, &e), &e, ERR_PERMANENT,
	    "a file is in the way");
	must_fail(walk_make(&w, "link/new/x", &e), &e, ERR_PERMANENT,
	    "symbolic link");
	assert_false(is_there(at("real/dir/new")));
	must(walk_make(&w, "new/a/x", &e), &e);
	assert_true(is_there(at("real/new/a")));
	/* The memory is of that very directory. */
	must(walk_look(&w, "new/a/y", &there, &e), &e);
	assert_true(there);
	must(walk_look(&w, "new/b", &there, &e), &e);
	assert_true(there);
	must(walk_look(&w, "new/a/b/y", &there, &e), &e);
	assert_false(there);
	walk_release(&w);
}

static void walk_syncs_what_was_touched(void **state)
{
	struct err e = ERR_INIT;
	struct walk w;

	(void)state;
	walk_init(&w, root);
	must(walk_make(&w, "a/x", &e), &e);
	must(walk_make(&w, "b/x", &e), &e);
	must(walk_touch(&w, "a/x", &e), &e);
	must(walk_touch(&w, "a/y", &e), &e);
	must(walk_touch(&w, "b/x", &e), &e);
	must(walk_touch(&w, "a/z", &e), &e);
	must(walk_touch(&w, "top", &e), &e);
	assert_int_equal(w.n_touched, 4);
	must(walk_sync(&w, &e), &e);
	assert_int_equal(w.n_touched, 0);
	must(walk_touch(&w, "b/x", &e), &e);
	must(fs_rmdir(at("b"), &e), &e);
	assert_false(is_there(at("b")));
	must_fail(walk_sync(&w, &e), &e, ERR_DISK, "/b");
	walk_release(&w);
}

static void put_link_takes_the_place_of_everything(void **state)
{
	struct err e = ERR_INIT;
	uint64_t before, after;

	(void)state;
	need_links();
	put_dir(at("temp"));
	put(at("outside"), "keep");
	put(at("dir/file"), "old");
	put_dir(at("dir/empty"));
	put(at("dir/full/x"), "");
	plant_link("nowhere", at("dir/dangling"));
	plant_link("../outside", at("dir/wrong"));
	must(put_link("t", at("dir/absent"), at("temp"), &e), &e);
	must(put_link("t", at("dir/file"), at("temp"), &e), &e);
	must(put_link("t", at("dir/empty"), at("temp"), &e), &e);
	must(put_link("t", at("dir/dangling"), at("temp"), &e), &e);
	must(put_link("t", at("dir/wrong"), at("temp"), &e), &e);
	must_link(at("dir/absent"), "t");
	must_link(at("dir/file"), "t");
	must_link(at("dir/empty"), "t");
	must_link(at("dir/dangling"), "t");
	must_link(at("dir/wrong"), "t");
	must_hold(at("outside"), "keep");
	must_fail(put_link("t", at("dir/full"), at("temp"), &e), &e,
	    ERR_PERMANENT, "dir/full");
	assert_true(is_there(at("dir/full/x")));
	assert_int_equal(entries_in(at("temp")), 0);
	before = inode_of(at("dir/file"));
	must(put_link("t", at("dir/file"), at("temp"), &e), &e);
	after = inode_of(at("dir/file"));
	assert_int_equal(before, after);
}

static void put_hint_obeys_the_umask(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)umask(027);
	must(put_hint(at("hint"), root, "abc", 3, &e), &e);
	must_hold(at("hint"), "abc");
	must_have_mode(at("hint"), 0640);
	must(put_hint(at("hint"), root, "d", 1, &e), &e);
	must_hold(at("hint"), "d");
	put(at("full/x"), "");
	must_fail(put_hint(at("full"), root, "d", 1, &e), &e, ERR_PERMANENT,
	    "full");
	must_fail(put_hint(at("hint"), at("none"), "d", 1, &e), &e, ERR_DISK,
	    "none");
	assert_int_equal(entries_in(root), 2);
}

int main(void)
{
#define IN_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_is_written_as_the_official_client_does),
		cmocka_unit_test(tree_is_read_as_it_was_written),
		cmocka_unit_test(tree_that_is_odd),
		IN_FOLDER(tree_file_is_kept_or_replaced),
		IN_FOLDER(tree_file_that_cannot_be_read_counts_as_absent),
		cmocka_unit_test(metadata_parse),
		cmocka_unit_test(metadata_format),
		cmocka_unit_test(metadata_covers),
		cmocka_unit_test(map_holds_what_was_put),
		IN_FOLDER(walk_refuses_links_and_files),
		IN_FOLDER(walk_syncs_what_was_touched),
		IN_FOLDER(put_link_takes_the_place_of_everything),
		IN_FOLDER(put_hint_obeys_the_umask),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
