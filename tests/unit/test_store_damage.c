/* test_store_damage.c - a store that is broken, planted or not ours. */
#include "test_store_fixture.h"

#include "support/small.h"

#include <fcntl.h>
#include <signal.h>

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
	return (info.me_last_pgno + 1) * PAGE;
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
	size_t used = make_store(), n, at, step = all_or(512, 16 * 512);
	const char *data;
	char *bytes, what[64];
	struct store *s;

	(void)state;
	bytes = read_all(in_state("store/data.mdb"), &n);
	assert_true(used <= n && used > 20 * PAGE);
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
	size_t n, i, k, newest;
	uint64_t txn[2];
	char *bytes, *copy;

	(void)state;
	if (sizeof(size_t) != 8 || *(const uint8_t *)&(uint16_t){ 1 } != 1)
		skip();
	(void)make_store();
	bytes = read_all(in_state("store/data.mdb"), &n);
	copy = malloc(n);
	assert_non_null(copy);
	memcpy(&txn[0], bytes + 144, 8);
	memcpy(&txn[1], bytes + PAGE + 144, 8);
	newest = txn[1] > txn[0];
	for (i = 0; i < COUNT(cases); i++) {
		memcpy(copy, bytes, n);
		k = newest * PAGE;
		memcpy(copy + k + cases[i].at, &cases[i].value, cases[i].n);
		if (strcmp(cases[i].what, "parity") == 0)
			memcpy(copy + k + 144, &txn[1 - newest], 8);
		write_all(in_state("store/data.mdb"), copy, n);
		expect_replaced(cases[i].what);
	}
	/* The other one may hold the rest of a failed commit. */
	memcpy(copy, bytes, n);
	memset(copy + (1 - newest) * PAGE + 128, 0x7F, 4);
	write_all(in_state("store/data.mdb"), copy, n);
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

/* Flip one bit of every place that has these bytes; how many there are. */
static size_t flip_at(const char *needle, size_t length, size_t offset)
{
	const char *data = in_state("store/data.mdb");
	char *bytes, *at;
	size_t n, flips = 0;

	bytes = read_all(data, &n);
	for (at = bytes; (at = memmem(at, n - (size_t)(at - bytes), needle,
			      length)) != NULL;
	     at += length) {
		at[offset] ^= 0x10;
		flips++;
	}
	write_all(data, bytes, n);
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
static int read_flipped(void *arg)
{
	struct err e = ERR_INIT;
	struct store *s;
	int right;

	(void)arg;
	(void)close(2);
	(void)alarm(20);
	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, NULL, &e);
	if (s == NULL)
		return 0;
	right = count_right(s);
	store_close(s);
	return right < 0 ? WRONG_RECORD : 0;
}

static void flipped_bits_yield_no_wrong_record(void **state)
{
	enum { ROUNDS = 600 };
	size_t used, n, at;
	char *bytes;
	unsigned seed = 1, died = 0;
	uint8_t old;
	FILE *f;
	int i, status;

	(void)state;
	skip_if_wrapped();
	used = make_store();
	bytes = read_all(in_state("store/data.mdb"), &n);
	f = fopen(in_state("store/data.mdb"), "r+b");
	assert_non_null(f);
	setbuf(f, NULL);
	for (i = 0; i < ROUNDS; i++) {
		seed = seed * 1103515245 + 12345;
		at = 2 * PAGE + (seed >> 4) % (used - 2 * PAGE);
		old = (uint8_t)bytes[at];
		assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
		assert_true(fputc(old ^ 1 << (seed >> 28) % 8, f) != EOF);
		status = in_child(read_flipped, NULL);
		if (WIFEXITED(status) && WEXITSTATUS(status) == WRONG_RECORD)
			fail_msg("byte %zu: a wrong record", at);
		died += status != 0;
		assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
		assert_true(fputc(old, f) != EOF);
	}
	(void)fclose(f);
	free(bytes);
	print_message("%d flips, %u ended in LMDB\n", ROUNDS, died);
	assert_true(died < ROUNDS / 10);
}

/* All pages become zeros while the store is open: the run fails, and the next
 * one begins anew. */
static int write_over_zeros(void *arg)
{
	struct store *s = must_open(STORE_WRITE);
	const struct job_state *one;
	struct job_state job;
	struct err e = ERR_INIT;
	char *zeros = calloc(1, *(size_t *)arg);
	int fd = open(in_state("store/data.mdb"), O_WRONLY);
	int rc;

	CHILD_CHECK(fd != -1 && zeros != NULL);
	CHILD_CHECK(pwrite(fd, zeros, *(size_t *)arg, 2 * PAGE) > 0);
	(void)close(2);
	job_state_init(&job);
	job.id = text_dup("x");
	one = &job;
	rc = store_jobs_put(s, &one, 1, &e);
	CHILD_CHECK(rc == -1 && e.kind == ERR_STATE);
	job_state_release(&job);
	store_close(s);
	free(zeros);
	return UNUSABLE;
}

static void damage_found_later_is_set_aside(void **state)
{
	char *bad;
	size_t used;
	struct store *s;
	int status;

	(void)state;
	skip_if_wrapped();
	used = make_store() - 2 * PAGE;
	bad = bad_name();
	status = in_child(write_over_zeros, &used);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), UNUSABLE);
	assert_true(is_there(bad));
	assert_false(is_there(in_state("store/data.mdb")));
	s = must_open(STORE_WRITE);
	assert_int_equal(count_right(s), 0);
	store_close(s);
	free(bad);
}

/* One page becomes zeros; LMDB may stop the process by its assertion. */
static int change_all(void *arg)
{
	static char paths[N_FILES][32];
	static struct stored_file files[N_FILES];
	static const char zeros[PAGE];
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	int fd = open(in_state("store/data.mdb"), O_WRONLY);
	int i;

	CHILD_CHECK(fd != -1);
	CHILD_CHECK(pwrite(fd, zeros, PAGE, *(size_t *)arg * PAGE) == PAGE);
	(void)close(2);
	for (i = 0; i < N_FILES; i++)
		fill_file(&files[i], paths[i], i);
	(void)alarm(20);
	(void)store_files_put(s, the_job, files, N_FILES, &e);
	(void)store_files_keep(s, the_job, files[5].commit, &e);
	if (count_right(s) < 0)
		return WRONG_RECORD;
	store_close(s);
	return 0;
}

static void an_assertion_of_lmdb_ends_in_order(void **state)
{
	char *bad, *bytes;
	size_t pages, page, n;
	int status, asserted = 0;

	(void)state;
	skip_if_wrapped();
	pages = make_store() / PAGE;
	bad = bad_name();
	bytes = read_all(in_state("store/data.mdb"), &n);
	for (page = 2; page < pages; page++) {
		write_all(in_state("store/data.mdb"), bytes, pages * PAGE);
		assert_int_equal(chmod(in_state("store/data.mdb"), 0600), 0);
		status = in_child(change_all, &page);
		if (!WIFEXITED(status))
			continue; /* LMDB by itself */
		assert_int_not_equal(WEXITSTATUS(status), WRONG_RECORD);
		if (WEXITSTATUS(status) != UNUSABLE) {
			(void)unlink(bad);
			continue;
		}
		asserted++;
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

static int hold_open(void *arg)
{
	int *pipes = arg;
	struct store *s = must_open(STORE_WRITE);
	char c = 'x';

	CHILD_CHECK(write(pipes[1], &c, 1) == 1);
	CHILD_CHECK(read(pipes[2], &c, 1) == 1);
	store_close(s);
	return 0;
}

static void a_store_in_use_is_not_set_aside(void **state)
{
	int pipes[4], status;
	struct err e = ERR_INIT;
	pid_t child;
	char c, *bytes;
	size_t n;

	(void)state;
	(void)make_store();
	bytes = read_all(in_state("store/data.mdb"), &n);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pipe(pipes + 2), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		leave_child(hold_open(pipes));
	assert_int_equal(read(pipes[0], &c, 1), 1);
	/* Only a byte that the other one does not read. */
	bytes[16] ^= 1;
	write_all(in_state("copy"), bytes, n);
	assert_int_equal(rename(in_state("copy"), in_state("store/data.mdb")),
	    0);
	assert_int_equal(chmod(in_state("store/data.mdb"), 0600), 0);
	assert_null(store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL,
	    &e));
	assert_int_equal(e.kind, ERR_BUSY);
	assert_true(is_there(in_state("store/data.mdb")));
	assert_int_equal(write(pipes[3], &c, 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	expect_replaced("after the other one left");
	for (n = 0; n < 4; n++)
		(void)close(pipes[n]);
	free(bytes);
}

/* --- what is not ours alone ---------------------------------------------- */

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
	assert_int_equal(mkdir(data, 0700), 0);
	must_refuse(STORE_WRITE, OWNER, "not a regular file");
	data = in_state("store/data.mdb");
	assert_int_equal(rmdir(data), 0);
	assert_int_equal(link(in_state("real"), data), 0);
	must_refuse(STORE_WRITE, OWNER, "more than one name");
	assert_int_equal(unlink(in_state("real")), 0);
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
	assert_int_equal(unlink(in_state("store")), 0);
	write_all(in_state("store"), "x", 1);
	must_refuse(STORE_WRITE, OWNER, "not a directory");
}

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

int main(void)
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
		TEST(planted_files_are_refused),
		TEST(planted_folders_are_refused),
		TEST(a_bad_lock_file_is_made_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
