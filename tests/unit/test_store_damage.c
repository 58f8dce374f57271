/* test_store_damage.c - a store that is broken, planted or not ours. */
#include "test_store_fixture.h"

#include "platform/map_file.h"
#include "store/store_walk.h"
#include "support/small.h"

#ifndef _WIN32
#include <sys/stat.h>
#endif

enum { N_JOBS = 40, N_FILES = 400, PAGE = 4096 };

static const uint8_t the_job[JOB_KEY_BYTES] = "the job";

/* --- a store to break ---------------------------------------------------- */

static void job_name(char name[32], int i)
{
	(void)snprintf(name, 32, "model/org/name-%d@main", i);
}

static void fill_file(struct stored_file *f, char path[32], int i)
{
	memset(f, 0, sizeof(*f));
	(void)snprintf(path, 32, "path/to/file-%d.bin", i);
	f->path = path;
	f->size = (uint64_t)i * 1000003;
	(void)snprintf(f->blob, sizeof(f->blob), "%064x", i);
	(void)snprintf(f->commit, sizeof(f->commit), "%040x", i);
	f->verified_at.s = 1000 + i;
	f->inode = (uint64_t)i + 7;
}

/* The file's size and the used part of it, behind which is only a hole. */
static size_t made_bytes, made_used;

/* Used bytes of the file. */
static size_t make_store(void)
{
	static char paths[N_FILES][32];
	static struct stored_file files[N_FILES];
	struct extent extents[300];
	struct partial_state p = {
		.size = 1 << 20, .extents = extents, .n_extents = COUNT(extents)
	};
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	MDB_envinfo info;
	char name[32];
	uint8_t key[STORE_KEY_BYTES];
	int i;

	for (i = 0; i < N_JOBS; i++) {
		job_name(name, i);
		put_job(s, name, 1000 + i);
	}
	for (i = 0; i < N_FILES; i++)
		fill_file(&files[i], paths[i], i);
	must(store_files_put(s, the_job, files, N_FILES, &e), &e);
	for (i = 0; i < (int)COUNT(extents); i++) {
		extents[i].from = (uint64_t)i * 100;
		extents[i].to = (uint64_t)i * 100 + 50;
	}
	store_partial_key("/blobs", "blob", key);
	must(store_partial_put(s, key, &p, &e), &e);
	assert_int_equal(mdb_env_info(s->env, &info), 0);
	store_close(s);
	made_bytes = (size_t)size_of(in_state("store/data.mdb"));
	made_used = (info.me_last_pgno + 1) * PAGE;
	assert_true(made_used <= made_bytes);
	return made_used;
}

/* The used part of what make_store made. */
static char *read_made(void)
{
	char *bytes = malloc(made_used);
	FILE *f = fopen(in_state("store/data.mdb"), "rb");

	assert_non_null(bytes);
	assert_non_null(f);
	assert_int_equal(fread(bytes, 1, made_used, f), made_used);
	(void)fclose(f);
	return bytes;
}

/* The hole is made and not written: it is sixty times as much. */
static void write_made(const char *path, const char *bytes)
{
	write_all(path, bytes, made_used);
	assert_int_equal(truncate(path, (off_t)made_bytes), 0);
}

/* How many of the records are there; -1 if one of them is wrong. */
static int count_right(struct store *s)
{
	struct job_state *jobs;
	struct stored_file *files, want;
	struct partial_state p;
	struct wall due;
	struct err e = ERR_INIT;
	char name[32];
	uint8_t key[STORE_KEY_BYTES];
	size_t n, i;
	int number, right = 0;
	bool found;

	if (store_jobs_all(s, &jobs, &n, &e) == -1)
		return 0;
	for (i = 0; i < n; i++) {
		number = (int)jobs[i].due.s - 1000;
		job_name(name, number);
		if (number < 0 || number >= N_JOBS ||
		    strcmp(name, jobs[i].id) != 0)
			return -1;
		job_state_release(&jobs[i]);
		right++;
	}
	free(jobs);
	if (store_files_all(s, the_job, &files, &n, &e) == -1)
		return 0;
	for (i = 0; i < n; i++) {
		number = (int)files[i].inode - 7;
		fill_file(&want, name, number);
		if (strcmp(want.path, files[i].path) != 0 ||
		    strcmp(want.blob, files[i].blob) != 0 ||
		    strcmp(want.commit, files[i].commit) != 0 ||
		    want.size != files[i].size ||
		    want.verified_at.s != files[i].verified_at.s)
			return -1;
		stored_file_release(&files[i]);
		right++;
	}
	free(files);
	if (store_next_due(s, &due, &e) == -1)
		return 0;
	if (due.s != WALL_NONE && (due.s < 1000 || due.s >= 1000 + N_JOBS))
		return -1;
	store_partial_key("/blobs", "blob", key);
	if (store_partial_get(s, key, &p, &found, &e) == -1)
		return 0;
	if (found && partial_state_bytes(&p) != 300 * 50)
		return -1;
	right += found;
	partial_state_release(&p);
	return right;
}

static char *bad_name(void)
{
	return text_format("%s/store.bad-20261121T151000Z", state_dir);
}

/* The data file is set aside and a new store works. */
static void expect_replaced(const char *what)
{
	char warning[ERR_TEXT_MAX], *bad = bad_name();
	struct err e = ERR_INIT;
	struct store *s;

	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, warning,
	    &e);
	if (s == NULL)
		fail_msg("%s: %s", what, e.text);
	if (strstr(warning, "is damaged") == NULL)
		fail_msg("%s: read-only says \"%s\"", what, warning);
	assert_string_equal(store_id(s), "");
	assert_int_equal(count_right(s), 0);
	store_close(s);
	assert_false(is_there(bad));
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, warning, &e);
	if (s == NULL)
		fail_msg("%s: %s", what, e.text);
	if (strstr(warning, bad) == NULL)
		fail_msg("%s: \"%s\" does not name %s", what, warning, bad);
	assert_true(is_there(bad));
	assert_int_equal(count_right(s), 0);
	put_job(s, "new", 1);
	assert_true(has_job(s, "new"));
	store_close(s);
	assert_int_equal(unlink(bad), 0);
	free(bad);
}

/* --- the check before opening -------------------------------------------- */

static void a_cut_off_file_is_replaced(void **state)
{
	size_t used = make_store(), at, step = all_or(512, 16 * 512);
	const char *data;
	char *bytes, what[64];
	struct store *s;

	(void)state;
	bytes = read_made();
	assert_true(used > 20 * PAGE);
	for (at = 512; at < used; at += step) {
		data = in_state("store/data.mdb");
		write_all(data, bytes, at);
		(void)snprintf(what, sizeof(what), "%zu of %zu bytes", at,
		    used);
		expect_replaced(what);
	}
	for (at = 1; at < 512; at += 73) {
		write_all(in_state("store/data.mdb"), bytes, at);
		expect_replaced("less than a sector");
	}
	/* What is cut off of the hole behind it is no loss. */
	write_all(in_state("store/data.mdb"), bytes, used);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), N_JOBS + N_FILES + 1);
	store_close(s);
	/* Zero bytes are no store. */
	write_all(in_state("store/data.mdb"), bytes, 0);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), 0);
	store_close(s);
	free(bytes);
}

static void garbage_is_replaced(void **state)
{
	char *bytes = malloc(10 * PAGE);
	size_t i;

	(void)state;
	assert_non_null(bytes);
	store_close(must_open(STORE_WRITE));
	for (i = 0; i < 10 * PAGE; i++)
		bytes[i] = (char)(i * 2654435761u >> 13);
	write_all(in_state("store/data.mdb"), bytes, 10 * PAGE);
	expect_replaced("garbage");
	memset(bytes, 0, 10 * PAGE);
	write_all(in_state("store/data.mdb"), bytes, 2 * PAGE);
	expect_replaced("zeros");
	memset(bytes, 0xFF, 10 * PAGE);
	write_all(in_state("store/data.mdb"), bytes, 3 * PAGE);
	expect_replaced("ones");
	memcpy(bytes, "---\nschedules:\n", 16);
	write_all(in_state("store/data.mdb"), bytes, 15);
	expect_replaced("text");
	free(bytes);
}

/* One field of a meta page each; offsets of 64-bit machines. */
static void impossible_meta_pages_are_replaced(void **state)
{
	static const struct {
		const char *what;
		size_t at, n;
		uint64_t value;
	} cases[] = {
		{ "page flags", 10, 2, 0x02 }, { "magic", 16, 4, 0xBEEFC0DF },
		{ "version", 20, 4, 999 },
		{ "map of 2^62", 32, 8, UINT64_C(1) << 62 },
		{ "page size 0", 40, 4, 0 }, { "page size 4097", 40, 4, 4097 },
		{ "page size 2^31", 40, 4, UINT64_C(1) << 31 },
		{ "page size 256", 40, 4, 256 },
		{ "page size 8192", 40, 4, 8192 }, { "fixed map", 44, 2, 9 },
		{ "depth", 46, 2, 60000 }, { "free list's root", 80, 8, 1 },
		{ "duplicates in the main table", 92, 2, 4 },
		{ "main root", 128, 8, 1 << 30 },
		{ "last page", 136, 8, 1 << 30 },
		{ "last page that overflows", 136, 8, UINT64_MAX },
		{ "last page 0", 136, 8, 0 },
		{ "parity", 144, 8, 0 }, /* see below */
	};
	size_t i, k, newest;
	uint64_t txn[2];
	char *bytes, *copy;

	(void)state;
	if (sizeof(size_t) != 8 || *(const uint8_t *)&(uint16_t){ 1 } != 1)
		skip();
	(void)make_store();
	bytes = read_made();
	copy = malloc(made_used);
	assert_non_null(copy);
	memcpy(&txn[0], bytes + 144, 8);
	memcpy(&txn[1], bytes + PAGE + 144, 8);
	newest = txn[1] > txn[0];
	for (i = 0; i < COUNT(cases); i++) {
		memcpy(copy, bytes, made_used);
		k = newest * PAGE;
		memcpy(copy + k + cases[i].at, &cases[i].value, cases[i].n);
		if (strcmp(cases[i].what, "parity") == 0)
			memcpy(copy + k + 144, &txn[1 - newest], 8);
		write_made(in_state("store/data.mdb"), copy);
		expect_replaced(cases[i].what);
	}
	/* The other one may hold the rest of a failed commit. */
	memcpy(copy, bytes, made_used);
	memset(copy + (1 - newest) * PAGE + 128, 0x7F, 4);
	write_made(in_state("store/data.mdb"), copy);
	store_close(must_open(STORE_WRITE));
	free(copy);
	free(bytes);
}

static void only_three_are_kept(void **state)
{
	struct wall now = test_now;
	struct err e = ERR_INIT;
	struct store *s;
	char name[64];
	int i;

	(void)state;
	store_close(must_open(STORE_WRITE));
	for (i = 0; i < 6; i++) {
		write_all(in_state("store/data.mdb"), "bad", 3);
		now.s = test_now.s + i;
		s = store_open(state_dir, STORE_WRITE, OWNER, now, NULL, &e);
		if (s == NULL)
			fail_msg("%s", e.text);
		store_close(s);
	}
	for (i = 0; i < 6; i++) {
		(void)snprintf(name, sizeof(name),
		    "store.bad-20261121T15100%dZ", i);
		assert_int_equal(is_there(in_state(name)), i >= 3);
	}
}

/* --- damage that only LMDB and the checksums see ------------------------- */

static int drop_header(struct store_txn *t, void *arg)
{
	(void)arg;
	return store_txn_del(t, TABLE_META, ".header", 7);
}

/* The next place that has these bytes, NULL: none. */
static char *find_bytes(char *from, const char *end, const char *needle,
    size_t length)
{
	for (; (size_t)(end - from) >= length; from++)
		if (memcmp(from, needle, length) == 0)
			return from;
	return NULL;
}

/* Flip one bit of every place that has these bytes; how many there are. */
static size_t flip_at(const char *needle, size_t length, size_t offset)
{
	const char *data = in_state("store/data.mdb");
	char *bytes, *at;
	size_t flips = 0;

	bytes = read_made();
	for (at = bytes;
	     (at = find_bytes(at, bytes + made_used, needle, length)) != NULL;
	     at += length) {
		at[offset] ^= 0x10;
		flips++;
	}
	write_made(data, bytes);
	free(bytes);
	return flips;
}

static void a_store_without_its_header_is_replaced(void **state)
{
	struct store *s;
	struct err e = ERR_INIT;

	(void)state;
	(void)make_store();
	assert_true(flip_at(".header", 7, 3) > 0);
	expect_replaced("the header's key");
	(void)make_store();
	assert_true(flip_at(OWNER, sizeof(OWNER) - 1, 3) > 0);
	expect_replaced("the header");
	(void)make_store();
	assert_true(flip_at(".records", 8, 3) > 0);
	expect_replaced("the count's key");
	(void)make_store();
	s = must_open(STORE_WRITE);
	must(store_txn_write(s, drop_header, NULL, &e), &e);
	store_close(s);
	expect_replaced("no header");
}

/* A count that does not agree: one table is lost as a whole. */
static void a_lost_table_is_noticed(void **state)
{
	(void)state;
	(void)make_store();
	assert_true(flip_at("partial", 7, 0) > 0);
	expect_replaced("the name of a table");
}

/* A record that went without its number: an older page came back, say. */
static void a_lost_record_is_noticed(void **state)
{
	uint8_t key[JOB_KEY_BYTES];
	MDB_val k = { sizeof(key), key };
	MDB_txn *txn;
	struct store *s;
	char name[32];

	(void)state;
	(void)make_store();
	s = must_open(STORE_WRITE);
	job_name(name, 3);
	store_job_key(name, key);
	assert_int_equal(mdb_txn_begin(s->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_del(txn, s->dbi[TABLE_JOB], &k, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	store_close(s);
	expect_replaced("a record that went");
}

static void a_damaged_record_is_as_absent(void **state)
{
	static const char name[] = "model/org/name-0@main";
	struct store *s;
	struct wall due;
	struct err e = ERR_INIT;

	(void)state;
	(void)make_store();
	assert_true(flip_at(name, sizeof(name) - 1, 5) > 0);
	s = must_open(STORE_READ_ONLY);
	assert_int_equal(count_right(s), N_JOBS - 1 + N_FILES + 1);
	assert_false(has_job(s, name));
	assert_int_equal(store_damaged(s), 2);
	store_close(s);
	/* Read-only mends nothing; writing does, once it has met it. */
	s = must_open(STORE_WRITE);
	assert_int_equal(store_damaged(s), 0);
	assert_false(has_job(s, name));
	must(store_next_due(s, &due, &e), &e);
	assert_int_equal(due.s, 1000); /* of the lost job */
	assert_int_equal(store_damaged(s), 1);
	store_close(s);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), N_JOBS - 1 + N_FILES + 1);
	must(store_next_due(s, &due, &e), &e);
	assert_int_equal(due.s, 1001);
	assert_int_equal(store_damaged(s), 0);
	put_job(s, name, 1000);
	assert_int_equal(count_right(s), N_JOBS + N_FILES + 1);
	store_close(s);
}

enum { WRONG_RECORD = 3, UNUSABLE = 4 };

/* Whatever LMDB makes of the file, no record it yields is wrong. */
static int read_flipped(const char *const *args)
{
	struct err e = ERR_INIT;
	struct store *s;
	int right;

	use_state_dir(args);
	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, NULL, &e);
	if (s == NULL)
		return 0;
	right = count_right(s);
	store_close(s);
	return right < 0 ? WRONG_RECORD : 0;
}

static const struct process_work work_read_flipped = { "read-flipped",
	read_flipped };

static void flipped_bits_yield_no_wrong_record(void **state)
{
	const int rounds = (int)all_or(600, 60);
	enum process_end end;
	struct err e = ERR_INIT;
	const char *const args[] = { state_dir, NULL };
	size_t used, at;
	char *bytes;
	unsigned seed = 1, died = 0;
	uint8_t old;
	FILE *f;
	int i, result;

	(void)state;
	skip_if_wrapped();
	used = make_store();
	bytes = read_made();
	f = fopen(in_state("store/data.mdb"), "r+b");
	assert_non_null(f);
	setbuf(f, NULL);
	for (i = 0; i < rounds; i++) {
		seed = seed * 1103515245 + 12345;
		at = 2 * PAGE + (seed >> 4) % (used - 2 * PAGE);
		old = (uint8_t)bytes[at];
		assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
		assert_true(fputc(old ^ 1 << (seed >> 28) % 8, f) != EOF);
		must(process_try(&work_read_flipped, args, 20000,
			 UINT64_C(1) << 30, &end, &result, &e),
		    &e);
		if (end == PROCESS_RETURNED && result == WRONG_RECORD)
			fail_msg("byte %zu: a wrong record", at);
		died += end != PROCESS_RETURNED;
		assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
		assert_true(fputc(old, f) != EOF);
	}
	(void)fclose(f);
	free(bytes);
	print_message("%d flips, %u ended in LMDB\n", rounds, died);
	assert_true(died < (unsigned)rounds / 10);
}

/* While the store is open. */
static void write_zeros(uint64_t from, size_t n)
{
	const char *data = in_state("store/data.mdb");
	char *zeros = calloc(1, n);
	struct err e = ERR_INIT;
	int fd = -1;

	assert_non_null(zeros);
	must(fs_open_rw(data, false, &fd, &e), &e);
	must(fs_pwrite(fd, zeros, n, from, data, &e), &e);
	fs_close(&fd);
	free(zeros);
}

/* All pages become zeros while the store is open: the run fails, and the next
 * one begins anew. */
static int write_over_zeros(const char *const *args)
{
	const struct job_state *one;
	struct job_state job;
	struct err e = ERR_INIT;
	struct store *s;
	size_t n;
	int rc;

	use_state_dir(args);
	n = strtoul(args[1], NULL, 10);
	s = must_open(STORE_WRITE);
	write_zeros(2 * PAGE, n);
	(void)close(2);
	job_state_init(&job);
	job.id = text_dup("x");
	one = &job;
	rc = store_jobs_put(s, &one, 1, &e);
	CHILD_CHECK(rc == -1 && e.kind == ERR_STATE);
	job_state_release(&job);
	store_close(s);
	return UNUSABLE;
}

static const struct process_work work_write_over_zeros = { "write-over-zeros",
	write_over_zeros };

static void damage_found_later_is_set_aside(void **state)
{
	char *bad, used[24];
	struct store *s;

	(void)state;
	skip_if_wrapped();
	(void)snprintf(used, sizeof(used), "%zu", make_store() - 2 * PAGE);
	bad = bad_name();
	assert_int_equal(in_state_child(&work_write_over_zeros, used),
	    UNUSABLE);
	assert_true(is_there(bad));
	assert_false(is_there(in_state("store/data.mdb")));
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), 0);
	store_close(s);
	free(bad);
}

/* One page becomes zeros; LMDB may stop the process by its assertion. */
static int change_all(const char *const *args)
{
	static char paths[N_FILES][32];
	static struct stored_file files[N_FILES];
	struct err e = ERR_INIT;
	struct store *s;
	int i;

	use_state_dir(args);
	s = must_open(STORE_WRITE);
	write_zeros(strtoul(args[1], NULL, 10) * PAGE, PAGE);
	(void)close(2);
	for (i = 0; i < N_FILES; i++)
		fill_file(&files[i], paths[i], i);
	(void)store_files_put(s, the_job, files, N_FILES, &e);
	(void)store_files_keep(s, the_job, files[5].commit, &e);
	if (count_right(s) < 0)
		return WRONG_RECORD;
	store_close(s);
	return 0;
}

static const struct process_work work_change_all = { "change-all", change_all };

/* Where a mapped file cannot be renamed, the next run's child meets it. */
static void set_aside_by_next(const char *bad)
{
	char warning[ERR_TEXT_MAX];
	struct store *s = must_open_telling(STORE_WRITE, warning);

	if (strstr(warning, bad) == NULL)
		fail_msg("\"%s\" does not name %s", warning, bad);
	store_close(s);
	assert_int_equal(unlink(in_state("store/data.mdb")), 0);
}

static void an_assertion_of_lmdb_ends_in_order(void **state)
{
	char *bad, *bytes, number[24];
	size_t pages, page;
	int result, asserted = 0;

	(void)state;
	skip_if_wrapped();
	pages = make_store() / PAGE;
	bad = bad_name();
	bytes = read_made();
	for (page = 2; page < pages; page++) {
		write_all(in_state("store/data.mdb"), bytes, pages * PAGE);
		assert_int_equal(chmod(in_state("store/data.mdb"), 0600), 0);
		(void)snprintf(number, sizeof(number), "%zu", page);
		result = in_state_child(&work_change_all, number);
		if (result == CHILD_DIED)
			continue; /* LMDB by itself */
		assert_int_not_equal(result, WRONG_RECORD);
		if (result != UNUSABLE) {
			(void)unlink(bad);
			continue;
		}
		asserted++;
		if (map_file_takes_space())
			set_aside_by_next(bad);
		assert_true(is_there(bad));
		assert_false(is_there(in_state("store/data.mdb")));
		assert_int_equal(unlink(bad), 0);
	}
	print_message("%d assertions in %zu pages\n", asserted, pages);
	assert_true(asserted > 0);
	free(bytes);
	free(bad);
}

/* --- another process has it open ----------------------------------------- */

static void a_store_in_use_is_not_set_aside(void **state)
{
	const char *data;
	struct err e = ERR_INIT;
	struct child other;
	char byte;
	int fd = -1;

	(void)state;
	(void)make_store();
	start_holder(&other);
	/* Only a byte that the other one does not read. */
	data = in_state("store/data.mdb");
	must(fs_open_rw(data, false, &fd, &e), &e);
	must(fs_pread(fd, &byte, 1, 16, &(size_t){ 0 }, data, &e), &e);
	byte ^= 1;
	must(fs_pwrite(fd, &byte, 1, 16, data, &e), &e);
	fs_close(&fd);
	assert_null(store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL,
	    &e));
	assert_int_equal(e.kind, ERR_BUSY);
	assert_true(is_there(in_state("store/data.mdb")));
	end_holder(&other);
	expect_replaced("after the other one left");
}

/* --- what is not ours alone ---------------------------------------------- */

static void other_things_in_its_place_are_refused(void **state)
{
	const char *data;
	struct err e = ERR_INIT;

	(void)state;
	store_close(must_open(STORE_WRITE));
	data = in_state("store/data.mdb");
	must(fs_rename(data, in_state("real"), &e), &e);
	must(fs_mkdirs(data, 0700, &e), &e);
	must_refuse(STORE_WRITE, OWNER, "not a regular file");
	data = in_state("store/data.mdb");
	must(fs_rmdir(data, &e), &e);
	must(fs_link(in_state("real"), data, &e), &e);
	must_refuse(STORE_WRITE, OWNER, "more than one name");
	assert_int_equal(unlink(in_state("real")), 0);
	store_close(must_open(STORE_WRITE));
	must(fs_rename(in_state("store"), in_state("real"), &e), &e);
	write_all(in_state("store"), "x", 1);
	must_refuse(STORE_WRITE, OWNER, "not a directory");
}

#ifndef _WIN32
static void planted_files_are_refused(void **state)
{
	const char *data;
	struct store *s;

	(void)state;
	store_close(must_open(STORE_WRITE));
	data = in_state("store/data.mdb");
	assert_int_equal(rename(data, in_state("real")), 0);
	assert_int_equal(symlink(in_state("real"), data), 0);
	must_refuse(STORE_WRITE, OWNER, "symbolic link");
	must_refuse(STORE_READ_ONLY, OWNER, "symbolic link");
	data = in_state("store/data.mdb");
	assert_int_equal(unlink(data), 0);
	assert_int_equal(symlink(in_state("nowhere"), data), 0);
	must_refuse(STORE_WRITE, OWNER, "symbolic link");
	assert_false(is_there(in_state("nowhere")));
	data = in_state("store/data.mdb");
	assert_int_equal(unlink(data), 0);
	assert_int_equal(mkfifo(data, 0600), 0);
	must_refuse(STORE_WRITE, OWNER, "not a regular file");
	must_refuse(STORE_READ_ONLY, OWNER, "not a regular file");
	data = in_state("store/data.mdb");
	assert_int_equal(unlink(data), 0);
	assert_int_equal(rename(in_state("real"), data), 0);
	assert_int_equal(chmod(in_state("store/data.mdb"), 0660), 0);
	must_refuse(STORE_WRITE, OWNER, "others may write");
	assert_int_equal(chmod(in_state("store/data.mdb"), 0600), 0);
	assert_int_equal(unlink(in_state("store/lock.mdb")), 0);
	assert_int_equal(mkfifo(in_state("store/lock.mdb"), 0600), 0);
	must_refuse(STORE_WRITE, OWNER, "not a regular file");
	must_refuse(STORE_READ_ONLY, OWNER, "not a regular file");
	assert_int_equal(unlink(in_state("store/lock.mdb")), 0);
	s = must_open(STORE_WRITE);
	store_close(s);
}

static void planted_folders_are_refused(void **state)
{
	(void)state;
	store_close(must_open(STORE_WRITE));
	assert_int_equal(chmod(in_state("store"), 0770), 0);
	must_refuse(STORE_WRITE, OWNER, "others may write");
	assert_int_equal(chmod(in_state("store"), 0702), 0);
	must_refuse(STORE_READ_ONLY, OWNER, "others may write");
	assert_int_equal(chmod(in_state("store"), 0755), 0);
	store_close(must_open(STORE_WRITE));
	assert_int_equal(chmod(state_dir, 0777), 0);
	must_refuse(STORE_WRITE, OWNER, "everybody may write");
	assert_int_equal(chmod(state_dir, 0770), 0);
	store_close(must_open(STORE_WRITE));
	assert_int_equal(chmod(state_dir, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(in_state("store"), 12345, 0), 0);
		must_refuse(STORE_WRITE, OWNER, "another user");
		assert_int_equal(chown(in_state("store"), 0, 0), 0);
		assert_int_equal(chown(in_state("store/data.mdb"), 12345, 0),
		    0);
		must_refuse(STORE_WRITE, OWNER, "another user");
		assert_int_equal(chown(in_state("store/data.mdb"), 0, 0), 0);
		assert_int_equal(chown(state_dir, 12345, 0), 0);
		must_refuse(STORE_WRITE, OWNER, "another user");
		assert_int_equal(chown(state_dir, 0, 0), 0);
	}
	assert_int_equal(rename(in_state("store"), in_state("real")), 0);
	assert_int_equal(symlink("real", in_state("store")), 0);
	must_refuse(STORE_WRITE, OWNER, "symbolic link");
	must_refuse(STORE_READ_ONLY, OWNER, "symbolic link");
}
#endif

static void a_bad_lock_file_is_made_anew(void **state)
{
	struct store *s;

	(void)state;
	(void)make_store();
	write_all(in_state("store/lock.mdb"), "x", 1);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), N_JOBS + N_FILES + 1);
	store_close(s);
	write_all(in_state("store/lock.mdb"), state_dir, sizeof(state_dir));
	s = must_open(STORE_READ_ONLY);
	assert_int_equal(count_right(s), N_JOBS + N_FILES + 1);
	store_close(s);
}

static const struct process_work *const works[] = { &store_walk_work,
	&work_hold_open, &work_read_flipped, &work_write_over_zeros,
	&work_change_all, NULL };

int main(int argc, char **argv)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_cut_off_file_is_replaced),
		TEST(garbage_is_replaced),
		TEST(impossible_meta_pages_are_replaced),
		TEST(only_three_are_kept),
		TEST(a_store_without_its_header_is_replaced),
		TEST(a_lost_table_is_noticed),
		TEST(a_lost_record_is_noticed),
		TEST(a_damaged_record_is_as_absent),
		TEST(flipped_bits_yield_no_wrong_record),
		TEST(damage_found_later_is_set_aside),
		TEST(an_assertion_of_lmdb_ends_in_order),
		TEST(a_store_in_use_is_not_set_aside),
		TEST(other_things_in_its_place_are_refused),
#ifndef _WIN32
		TEST(planted_files_are_refused),
		TEST(planted_folders_are_refused),
#endif
		TEST(a_bad_lock_file_is_made_anew),
	};

	process_arguments(&argc, &argv);
	process_try_serve(argc, argv, works);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
