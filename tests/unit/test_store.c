/* test_store.c - what store/store.h promises while nothing is broken. */
#include "test_store_fixture.h"

#include "platform/map_file.h"
#include "support/small.h"

#ifndef _WIN32
#include <fcntl.h>
#endif

static const uint8_t job_a[JOB_KEY_BYTES] = "job a";
static const uint8_t job_b[JOB_KEY_BYTES] = "job b";

/* --- opening ------------------------------------------------------------- */

static void a_store_is_made_once(void **state)
{
	struct err e = ERR_INIT;
	struct fs_stat st;
	struct store *s;
	char id[STORE_ID_MAX];

	(void)state;
	s = must_open(STORE_WRITE);
	assert_int_equal(strlen(store_id(s)), STORE_ID_MAX - 1);
	assert_int_equal(strspn(store_id(s), "0123456789abcdef"), 8);
	memcpy(id, store_id(s), sizeof(id));
	assert_int_equal(store_damaged(s), 0);
	store_close(s);
	assert_true(scratch_mode_is(in_state("store"), 0700));
	assert_true(scratch_mode_is(in_state("store/data.mdb"), 0600));
	must(fs_stat(in_state("store/data.mdb"), &st, &e), &e);
	/* The rest is a hole, or not there yet. */
	if (map_file_takes_space())
		assert_in_range(st.size, 1, STORE_MAP_BYTES_SMALL);
	else
		assert_true(st.allocated_bytes < 1024 * 1024);
	s = must_open(STORE_WRITE);
	assert_string_equal(store_id(s), id);
	store_close(s);
	s = must_open(STORE_READ_ONLY);
	assert_string_equal(store_id(s), id);
	store_close(s);
	store_close(NULL);
}

static void an_absent_store_reads_as_empty(void **state)
{
	struct job_state *jobs;
	struct stored_file file;
	struct partial_state partial;
	struct attempt *attempts;
	struct store *s;
	struct wall t;
	struct err e = ERR_INIT;
	char bytes[4];
	bool found;
	size_t n;
	int i;

	(void)state;
	/* without and with its folder; an empty file is none */
	for (i = 0; i < 3; i++) {
		if (i == 1)
			must(fs_mkdirs(in_state("store"), 0700, &e), &e);
		if (i == 2)
			write_all(in_state("store/data.mdb"), "", 0);
		s = must_open(STORE_READ_ONLY);
		assert_string_equal(store_id(s), "");
		assert_false(has_job(s, "x"));
		must(store_jobs_all(s, &jobs, &n, &e), &e);
		assert_int_equal(n, 0);
		assert_null(jobs);
		must(store_next_due(s, &t, &e), &e);
		assert_true(t.s == WALL_NONE);
		must(store_file_get(s, job_a, "x", &file, &found, &e), &e);
		assert_false(found);
		must(store_partial_get(s, job_a, &partial, &found, &e), &e);
		assert_false(found);
		must(store_attempts(s, NULL, 5, &attempts, &n, &e), &e);
		assert_int_equal(n, 0);
		must(store_meta_get(s, "x", bytes, 4, &n, &e), &e);
		assert_int_equal(n, 0);
		must(store_meta_get_wall(s, "x", &t, &e), &e);
		assert_true(t.s == WALL_NONE);
		assert_int_equal(store_meta_put(s, "x", "y", 1, &e), -1);
		assert_int_equal(e.kind, ERR_BUG);
		store_close(s);
		assert_int_equal(is_there(in_state("store")), i > 0);
		assert_false(is_there(in_state("store/lock.mdb")));
	}
}

static void reading_leaves_no_file_behind(void **state)
{
	struct store *s;

	(void)state;
	s = must_open(STORE_WRITE);
	put_job(s, "x", 5);
	store_close(s);
	assert_int_equal(unlink(in_state("store/lock.mdb")), 0);
	s = must_open(STORE_READ_ONLY);
	assert_true(has_job(s, "x"));
	store_close(s);
	assert_false(is_there(in_state("store/lock.mdb")));
}

static void another_configuration_is_refused(void **state)
{
	struct store *s;
	struct err e = ERR_INIT;

	(void)state;
	/* made without one: the first named one takes it */
	s = store_open(state_dir, STORE_WRITE, "", test_now, NULL, &e);
	assert_non_null(s);
	store_close(s);
	s = must_open(STORE_READ_ONLY);
	store_close(s);
	s = store_open(state_dir, STORE_WRITE, "", test_now, NULL, &e);
	assert_non_null(s);
	store_close(s);
	s = must_open(STORE_WRITE);
	store_close(s);
	must_refuse(STORE_WRITE, "/home/me/other.yaml", OWNER);
	must_refuse(STORE_WRITE, "/home/me/other.yaml", "/home/me/other.yaml");
	must_refuse(STORE_READ_ONLY, "/home/me/other.yaml", OWNER);
	must_refuse(STORE_WRITE, "", "no configuration");
	s = must_open(STORE_WRITE);
	store_close(s);
}

static int write_newer_header(struct store_txn *t, void *arg)
{
	MDB_val k = { 7, (void *)(uintptr_t) ".header" }, v;
	struct record_out out;
	const void *value;
	int rc;

	(void)arg;
	record_out_init(&out);
	record_put_text(&out, "whatever a newer one has there");
	rc = record_seal(&out, STORE_SCHEMA + 1, k.mv_data, k.mv_size, &value,
	    &v.mv_size);
	v.mv_data = (void *)(uintptr_t)value;
	if (rc == 0)
		rc = mdb_put(t->mdb, t->store->dbi[TABLE_META], &k, &v, 0);
	record_out_release(&out);
	return rc;
}

static void a_newer_schema_is_refused_untouched(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	char *before, *after;
	size_t n, m;

	(void)state;
	must(store_txn_write(s, write_newer_header, NULL, &e), &e);
	store_close(s);
	before = read_all(in_state("store/data.mdb"), &n);
	must_refuse(STORE_WRITE, OWNER, "schema 2");
	must_refuse(STORE_WRITE, "/another", "newer");
	must_refuse(STORE_READ_ONLY, OWNER, "schema 2");
	after = read_all(in_state("store/data.mdb"), &m);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
	free(before);
	free(after);
}

#ifndef _WIN32
static void descriptors_are_not_inherited(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	char name[64], target[PATH_TEXT_MAX];
	ssize_t n;
	int fd, seen = 0;

	(void)state;
	for (fd = 0; fd < 64; fd++) {
		(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		n = readlink(name, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strstr(target, "hfcron-store.") == NULL)
			continue;
		seen++;
		assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	}
	store_close(s);
	if (!is_there("/proc/self/fd"))
		skip();
	assert_true(seen >= 2);
}
#endif

/* --- meta ---------------------------------------------------------------- */

/* Pause and retry of one job, of several, of all; each undone by itself. */
static void requests_come_back(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	const uint8_t keys[3][JOB_KEY_BYTES] = { { 0 }, { 1 }, { 2 } };
	struct wall until = { 1795273900 }, none = { WALL_NONE };
	struct job_request *all;
	struct err e = ERR_INIT;
	size_t n;

	(void)state;
	must(store_requests_all(s, &all, &n, NULL, &e), &e);
	assert_int_equal(n, 0);
	free(all);
	must(store_request(s, REQUEST_PAUSE, keys, 1, none, &e), &e);
	must(store_request(s, REQUEST_PAUSE, &keys[1], 2, until, &e), &e);
	must(store_request(s, REQUEST_RETRY, &keys[2], 1, none, &e), &e);
	store_close(s);
	s = must_open(STORE_WRITE);
	must(store_requests_all(s, &all, &n, NULL, &e), &e);
	assert_int_equal(n, 3);
	assert_memory_equal(all[0].key, keys[0], JOB_KEY_BYTES);
	assert_true(all[0].paused && !all[0].retry);
	assert_int_equal(all[0].paused_until.s, WALL_NONE);
	assert_true(all[1].paused && !all[1].retry);
	assert_int_equal(all[1].paused_until.s, until.s);
	assert_true(all[2].paused && all[2].retry);
	free(all);
	must(store_request(s, REQUEST_RESUME, keys, 2, none, &e), &e);
	must(store_request(s, REQUEST_RETRIED, &keys[2], 1, none, &e), &e);
	must(store_requests_all(s, &all, &n, NULL, &e), &e);
	assert_int_equal(n, 1);
	assert_memory_equal(all[0].key, keys[2], JOB_KEY_BYTES);
	assert_true(all[0].paused && !all[0].retry);
	free(all);
	/* What is asked of a job goes with it. */
	must(store_job_delete(s, keys[2], &e), &e);
	must(store_requests_all(s, &all, &n, NULL, &e), &e);
	assert_int_equal(n, 0);
	free(all);
	store_close(s);
}

static void meta_values_come_back(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	struct wall t = { 1795273800 };
	char bytes[16], *big = calloc(1, STORE_META_BYTES_MAX + 1);
	size_t n;

	(void)state;
	assert_non_null(big);
	must(store_meta_put(s, "name", "0123456789", 10, &e), &e);
	must(store_meta_put(s, "empty", NULL, 0, &e), &e);
	must(store_meta_put(s, "big", big, STORE_META_BYTES_MAX, &e), &e);
	must(store_meta_put_wall(s, "time", t, &e), &e);
	store_close(s);
	s = must_open(STORE_READ_ONLY);
	memset(bytes, '-', sizeof(bytes));
	must(store_meta_get(s, "name", bytes, 4, &n, &e), &e);
	assert_int_equal(n, 10);
	assert_memory_equal(bytes, "0123----", 8);
	must(store_meta_get(s, "empty", bytes, 4, &n, &e), &e);
	assert_int_equal(n, 0);
	must(store_meta_get(s, "big", bytes, 4, &n, &e), &e);
	assert_int_equal(n, STORE_META_BYTES_MAX);
	must(store_meta_get_wall(s, "time", &t, &e), &e);
	assert_int_equal(t.s, 1795273800);
	must(store_meta_get_wall(s, "name", &t, &e), &e);
	assert_true(t.s == WALL_NONE);
	/* the room's own names, and none */
	assert_int_equal(store_meta_get(s, ".header", bytes, 4, &n, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	assert_int_equal(store_meta_get(s, "", bytes, 4, &n, &e), -1);
	store_close(s);
	s = must_open(STORE_WRITE);
	assert_int_equal(store_meta_put(s, "big", big, STORE_META_BYTES_MAX + 1,
			     &e),
	    -1);
	assert_int_equal(store_meta_put(s, ".records", "", 0, &e), -1);
	store_close(s);
	free(big);
}

/* --- jobs ---------------------------------------------------------------- */

static void fill_job(struct job_state *job, const char *id)
{
	struct err e = ERR_INIT;

	job_state_init(job);
	job->id = text_dup(id);
	assert_non_null(job->id);
	store_job_key(id, job->key);
	memset(job->spec_hash, 0x11, sizeof(job->spec_hash));
	memset(job->schedule_hash, 0x22, sizeof(job->schedule_hash));
	memset(job->access_hash, 0x33, sizeof(job->access_hash));
	job->phase = PHASE_RETRYING;
	job->due_now = true;
	job->created.s = 101;
	job->considered.s = 102;
	job->anchor.s = 103;
	job->next_try.s = 104;
	job->retry_wait_s = 3600;
	job->due.s = 106;
	job->failures = 3;
	job->retries = 7;
	job->failed_since.s = 107;
	(void)snprintf(job->commit, sizeof(job->commit), "%040d", 1);
	(void)snprintf(job->target, sizeof(job->target), "%040d", 2);
	job->confirmed_at.s = 108;
	job->changed_at.s = 109;
	job->unreachable_since.s = 110;
	job->last_run.s = 111;
	job->bytes_total = UINT64_MAX;
	job->bytes_done = UINT64_C(1) << 40;
	job->files_total = 200;
	job->files_done = 199;
	(void)err_set(&e, ERR_TRANSIENT, "the server said 503");
	assert_int_equal(job_state_set_error(job, &e), 0);
	job->removed_at.s = 112;
}

static void assert_job_equal(struct job_state *a, struct job_state *b)
{
	assert_string_equal(a->id, b->id);
	if (a->error_text == NULL)
		assert_null(b->error_text);
	else
		assert_string_equal(a->error_text, b->error_text);
	assert_memory_equal(a->key, b->key, sizeof(a->key));
	assert_memory_equal(a->spec_hash, b->spec_hash, JOB_HASH_BYTES);
	assert_memory_equal(a->schedule_hash, b->schedule_hash, JOB_HASH_BYTES);
	assert_memory_equal(a->access_hash, b->access_hash, JOB_HASH_BYTES);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->due_now, b->due_now);
	assert_true(a->created.s == b->created.s);
	assert_true(a->considered.s == b->considered.s);
	assert_true(a->anchor.s == b->anchor.s);
	assert_true(a->next_try.s == b->next_try.s);
	assert_true(a->retry_wait_s == b->retry_wait_s);
	assert_true(a->due.s == b->due.s);
	assert_int_equal(a->failures, b->failures);
	assert_int_equal(a->retries, b->retries);
	assert_true(a->failed_since.s == b->failed_since.s);
	assert_string_equal(a->commit, b->commit);
	assert_string_equal(a->target, b->target);
	assert_true(a->confirmed_at.s == b->confirmed_at.s);
	assert_true(a->changed_at.s == b->changed_at.s);
	assert_true(a->unreachable_since.s == b->unreachable_since.s);
	assert_true(a->last_run.s == b->last_run.s);
	assert_true(a->bytes_total == b->bytes_total);
	assert_true(a->bytes_done == b->bytes_done);
	assert_true(a->files_total == b->files_total);
	assert_true(a->files_done == b->files_done);
	assert_int_equal(a->error_kind, b->error_kind);
	assert_true(a->removed_at.s == b->removed_at.s);
}

static void jobs_come_back(void **state)
{
	struct job_state jobs[2], *all, got;
	const struct job_state *both[2] = { &jobs[0], &jobs[1] };
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	bool found;
	size_t n, i, k;
	int phase;

	(void)state;
	fill_job(&jobs[0], "model/org/one@main");
	job_state_init(&jobs[1]);
	jobs[1].id = text_dup("model/org/two@main");
	store_job_key(jobs[1].id, jobs[1].key);
	must(store_jobs_put(s, both, 2, &e), &e);
	must(store_jobs_put(s, both, 0, &e), &e);
	store_close(s);
	s = must_open(STORE_READ_ONLY);
	for (i = 0; i < 2; i++) {
		must(store_job_get(s, jobs[i].key, &got, &found, &e), &e);
		assert_true(found);
		assert_job_equal(&jobs[i], &got);
		job_state_release(&got);
	}
	must(store_jobs_all(s, &all, &n, &e), &e);
	assert_int_equal(n, 2);
	for (i = 0; i < 2; i++) {
		k = strcmp(all[i].id, jobs[0].id) == 0 ? 0 : 1;
		assert_job_equal(&jobs[k], &all[i]);
		job_state_release(&all[i]);
	}
	free(all);
	assert_false(has_job(s, "model/org/three@main"));
	store_close(s);
	/* every phase is kept */
	s = must_open(STORE_WRITE);
	for (phase = PHASE_NEW; phase <= PHASE_DISABLED; phase++) {
		jobs[0].phase = (enum job_phase)phase;
		must(store_jobs_put(s, both, 1, &e), &e);
		must(store_job_get(s, jobs[0].key, &got, &found, &e), &e);
		assert_int_equal(got.phase, phase);
		job_state_release(&got);
	}
	store_close(s);
	job_state_release(&jobs[0]);
	job_state_release(&jobs[1]);
}

static int64_t next_due(struct store *s)
{
	struct err e = ERR_INIT;
	struct wall t;

	must(store_next_due(s, &t, &e), &e);
	return t.s;
}

static size_t table_size(struct store *s, enum store_table table)
{
	MDB_txn *txn;
	MDB_stat st;

	assert_int_equal(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_stat(txn, s->dbi[table], &st), 0);
	mdb_txn_abort(txn);
	return st.ms_entries;
}

static void the_due_index_follows(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	uint8_t key[JOB_KEY_BYTES];

	(void)state;
	assert_true(next_due(s) == WALL_NONE);
	put_job(s, "late", INT64_C(40000000000));
	assert_int_equal(next_due(s), INT64_C(40000000000));
	put_job(s, "early", 1000);
	put_job(s, "never", WALL_NONE);
	put_job(s, "nonsense", -5);
	put_job(s, "nonsense", INT64_MAX);
	assert_int_equal(next_due(s), 1000);
	put_job(s, "early", 2000);
	assert_int_equal(next_due(s), 2000);
	assert_int_equal(table_size(s, TABLE_DUE), 2);
	put_job(s, "early", WALL_NONE);
	assert_int_equal(next_due(s), INT64_C(40000000000));
	put_job(s, "early", 0);
	assert_int_equal(next_due(s), 0);
	store_job_key("early", key);
	must(store_job_delete(s, key, &e), &e);
	must(store_job_delete(s, key, &e), &e);
	assert_false(has_job(s, "early"));
	assert_int_equal(next_due(s), INT64_C(40000000000));
	store_job_key("late", key);
	must(store_job_delete(s, key, &e), &e);
	assert_true(next_due(s) == WALL_NONE);
	assert_int_equal(table_size(s, TABLE_DUE), 0);
	store_close(s);
}

/* --- files --------------------------------------------------------------- */

static char hex_a[41], hex_b[41], blob[65];

static void fill_file(struct stored_file *f, char *path, const char *commit)
{
	memset(f, 0, sizeof(*f));
	f->path = path;
	f->size = UINT64_C(5) << 32;
	memcpy(f->blob, blob, sizeof(blob));
	memcpy(f->commit, commit, 41);
	f->verified_at.s = 1795273800;
	f->device = 64769;
	f->inode = UINT64_MAX;
	f->mtime_s = -3;
	f->mtime_ns = 999999999;
}

static void assert_file_equal(const struct stored_file *a,
    const struct stored_file *b)
{
	assert_string_equal(a->path, b->path);
	assert_true(a->size == b->size);
	assert_string_equal(a->blob, b->blob);
	assert_string_equal(a->commit, b->commit);
	assert_true(a->verified_at.s == b->verified_at.s);
	assert_true(a->device == b->device && a->inode == b->inode);
	assert_true(a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns);
}

static void make_hex(void)
{
	(void)snprintf(hex_a, sizeof(hex_a), "%040x", 0xa);
	(void)snprintf(hex_b, sizeof(hex_b), "%040x", 0xb);
	(void)snprintf(blob, sizeof(blob), "%064x", 0xc0ffee);
}

static size_t count_files(struct store *s, const uint8_t job[JOB_KEY_BYTES])
{
	struct stored_file *files;
	struct err e = ERR_INIT;
	size_t n, i;

	must(store_files_all(s, job, &files, &n, &e), &e);
	for (i = 0; i < n; i++) {
		if (i > 0)
			assert_true(strcmp(files[i - 1].path, files[i].path) <
			    0);
	}
	for (i = 0; i < n; i++)
		stored_file_release(&files[i]);
	free(files);
	return n;
}

static void files_come_back(void **state)
{
	static char one[] = "config.json", two[] = "a/\xc3\xa9t\xc3\xa9.bin",
		    three[] = "z";
	struct stored_file files[3], got;
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	bool found;
	size_t i;

	(void)state;
	make_hex();
	fill_file(&files[0], one, hex_a);
	fill_file(&files[1], two, hex_b);
	fill_file(&files[2], three, hex_b);
	files[2].commit[0] = files[2].blob[0] = '\0';
	must(store_files_put(s, job_a, files, 3, &e), &e);
	must(store_files_put(s, job_b, files, 1, &e), &e);
	must(store_files_put(s, job_b, NULL, 0, &e), &e);
	for (i = 0; i < 3; i++) {
		must(store_file_get(s, job_a, files[i].path, &got, &found, &e),
		    &e);
		assert_true(found);
		assert_file_equal(&files[i], &got);
		stored_file_release(&got);
	}
	must(store_file_get(s, job_b, "z", &got, &found, &e), &e);
	assert_false(found);
	assert_int_equal(count_files(s, job_a), 3);
	assert_int_equal(count_files(s, job_b), 1);
	/* of one path twice the last one counts */
	files[1] = files[0];
	files[1].size = 77;
	must(store_files_put(s, job_b, files, 2, &e), &e);
	must(store_file_get(s, job_b, one, &got, &found, &e), &e);
	assert_int_equal(got.size, 77);
	stored_file_release(&got);
	must(store_files_keep(s, job_a, hex_b, &e), &e);
	assert_int_equal(count_files(s, job_a), 1);
	assert_int_equal(count_files(s, job_b), 1);
	must(store_job_delete(s, job_a, &e), &e);
	assert_int_equal(count_files(s, job_a), 0);
	assert_int_equal(count_files(s, job_b), 1);
	/* what is no hash is a bug of ours, and harms nothing */
	memcpy(files[0].blob, "no hex", 7);
	assert_int_equal(store_files_put(s, job_a, files, 1, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	assert_int_equal(count_files(s, job_a), 0);
	store_close(s);
}

static double seconds(void)
{
	return (double)clock_mono().ms / 1e3;
}

/* More than go into one transaction and, of fewer, into the map. */
static void many_files_take_seconds(void **state)
{
	const size_t n = all_or(REMOTE_FILES_MAX, 20000);
	struct stored_file *files = calloc(n, sizeof(*files)), got;
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	double start, put, all, keep;
	MDB_envinfo before, after;
	bool found;
	size_t i;

	(void)state;
	make_hex();
	/* With fewer files, a map that is less, too. */
	if (n < REMOTE_FILES_MAX)
		assert_int_equal(mdb_env_set_mapsize(s->env, 4 << 20), 0);
	assert_int_equal(mdb_env_info(s->env, &before), 0);
	assert_non_null(files);
	for (i = 0; i < n; i++)
		fill_file(&files[i],
		    text_format("data/train/part-%03zu/%08zu.parquet", i % 1000,
			i),
		    i % 10 == 0 ? hex_a : hex_b);
	start = seconds();
	must(store_files_put(s, job_a, files, n, &e), &e);
	put = seconds() - start;
	assert_int_equal(mdb_env_info(s->env, &after), 0);
	assert_true(n == REMOTE_FILES_MAX ||
	    after.me_mapsize > before.me_mapsize);
	start = seconds();
	assert_int_equal(count_files(s, job_a), n);
	all = seconds() - start;
	must(store_file_get(s, job_a, files[n / 2].path, &got, &found, &e), &e);
	assert_true(found);
	assert_file_equal(&files[n / 2], &got);
	stored_file_release(&got);
	start = seconds();
	must(store_files_keep(s, job_a, hex_a, &e), &e);
	keep = seconds() - start;
	assert_int_equal(count_files(s, job_a), n / 10);
	store_close(s);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_files(s, job_a), n / 10);
	store_close(s);
	print_message("%zu files: put %.2f s, all %.2f s, keep %.2f s\n", n,
	    put, all, keep);
	/* far above what it takes, far below what is quadratic */
	assert_true(put < 60 && all < 20 && keep < 60);
	for (i = 0; i < n; i++)
		free(files[i].path);
	free(files);
}

/* --- partials ------------------------------------------------------------ */

static void partials_come_back(void **state)
{
	struct extent extents[] = { { 0, 64 }, { 64, 100 }, { 200, 1000 } };
	struct partial_state p, got;
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;
	uint8_t key[STORE_KEY_BYTES], other[STORE_KEY_BYTES];
	bool found;
	size_t i;

	(void)state;
	memset(&p, 0, sizeof(p));
	p.size = 1000;
	p.device = 1;
	p.inode = 2;
	p.mtime_s = -7;
	p.mtime_ns = 999999999;
	p.extents = extents;
	p.n_extents = COUNT(extents);
	p.digest_at = 64;
	memset(p.digest_state, 0x5A, sizeof(p.digest_state));
	p.updated_at.s = 1795273800;
	store_partial_key("/cache/blobs", "abc", key);
	store_partial_key("/cache/blobsa", "bc", other);
	assert_memory_not_equal(key, other, sizeof(key));
	must(store_partial_put(s, key, &p, &e), &e);
	must(store_partial_get(s, key, &got, &found, &e), &e);
	assert_true(found);
	assert_true(got.size == 1000 && got.device == 1 && got.inode == 2);
	assert_true(got.mtime_s == -7 && got.mtime_ns == 999999999);
	assert_int_equal(got.n_extents, COUNT(extents));
	assert_memory_equal(got.extents, extents, sizeof(extents));
	assert_int_equal(got.digest_at, 64);
	assert_memory_equal(got.digest_state, p.digest_state,
	    sizeof(p.digest_state));
	assert_int_equal(got.updated_at.s, 1795273800);
	assert_int_equal(partial_state_bytes(&got), 900);
	partial_state_release(&got);
	/* nothing yet */
	p.n_extents = 0;
	p.extents = NULL;
	p.digest_at = 0;
	must(store_partial_put(s, key, &p, &e), &e);
	must(store_partial_get(s, key, &got, &found, &e), &e);
	assert_true(found);
	assert_int_equal(partial_state_bytes(&got), 0);
	assert_null(got.extents);
	partial_state_release(&got);
	must(store_partial_get(s, other, &got, &found, &e), &e);
	assert_false(found);
	must(store_partial_delete(s, key, &e), &e);
	must(store_partial_delete(s, key, &e), &e);
	must(store_partial_get(s, key, &got, &found, &e), &e);
	assert_false(found);
	/* the most extents, and one more */
	p.n_extents = STORE_EXTENTS_MAX;
	p.size = 4 * STORE_EXTENTS_MAX;
	p.extents = calloc(STORE_EXTENTS_MAX + 1, sizeof(*p.extents));
	assert_non_null(p.extents);
	for (i = 0; i <= STORE_EXTENTS_MAX; i++) {
		p.extents[i].from = 2 * i;
		p.extents[i].to = 2 * i + 1;
	}
	must(store_partial_put(s, key, &p, &e), &e);
	must(store_partial_get(s, key, &got, &found, &e), &e);
	assert_int_equal(partial_state_bytes(&got), STORE_EXTENTS_MAX);
	partial_state_release(&got);
	p.n_extents++;
	assert_int_equal(store_partial_put(s, key, &p, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	p.n_extents = 2;
	p.extents[1].from = 0; /* overlaps */
	assert_int_equal(store_partial_put(s, key, &p, &e), -1);
	free(p.extents);
	store_close(s);
}

/* --- attempts ------------------------------------------------------------ */

static void add_attempt(struct store *s, const uint8_t job[JOB_KEY_BYTES],
    int64_t started, uint64_t bytes)
{
	static char id[] = "model/org/name@main", outcome[] = "updated",
		    text[] = "why";
	struct attempt a;
	struct err e = ERR_INIT;

	memset(&a, 0, sizeof(a));
	a.started.s = started;
	a.ended.s = started + 5;
	memcpy(a.job, job, JOB_KEY_BYTES);
	a.id = id;
	a.outcome = outcome;
	(void)snprintf(a.commit, sizeof(a.commit), "%040x", 7);
	a.bytes = bytes;
	a.files = 3;
	a.retries = 2;
	a.error_kind = bytes % 2 == 0 ? ERR_NONE : ERR_AUTH;
	a.error_text = bytes % 2 == 0 ? NULL : text;
	must(store_attempt_add(s, &a, &e), &e);
}

static void release_attempts(struct attempt *items, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		attempt_release(&items[i]);
	free(items);
}

static void attempts_come_newest_first(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct attempt *got;
	struct err e = ERR_INIT;
	size_t n;

	(void)state;
	add_attempt(s, job_a, 200, 2);
	add_attempt(s, job_a, 100, 1);
	add_attempt(s, job_b, 300, 4);
	add_attempt(s, job_a, 200, 3); /* within the same second */
	must(store_attempts(s, NULL, 10, &got, &n, &e), &e);
	assert_int_equal(n, 4);
	assert_int_equal(got[0].bytes, 4);
	assert_int_equal(got[1].bytes, 3);
	assert_int_equal(got[2].bytes, 2);
	assert_int_equal(got[3].bytes, 1);
	assert_int_equal(got[1].started.s, 200);
	assert_int_equal(got[1].ended.s, 205);
	assert_memory_equal(got[1].job, job_a, JOB_KEY_BYTES);
	assert_string_equal(got[1].id, "model/org/name@main");
	assert_string_equal(got[1].outcome, "updated");
	assert_int_equal(strlen(got[1].commit), 40);
	assert_int_equal(got[1].files, 3);
	assert_int_equal(got[1].retries, 2);
	assert_int_equal(got[1].error_kind, ERR_AUTH);
	assert_string_equal(got[1].error_text, "why");
	assert_int_equal(got[0].error_kind, ERR_NONE);
	assert_null(got[0].error_text);
	release_attempts(got, n);
	must(store_attempts(s, job_a, 2, &got, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_int_equal(got[0].bytes, 3);
	assert_int_equal(got[1].bytes, 2);
	release_attempts(got, n);
	must(store_attempts(s, NULL, 0, &got, &n, &e), &e);
	assert_int_equal(n, 0);
	release_attempts(got, n);
	store_close(s);
}

static void old_partials_are_forgotten(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct partial_state p = { .size = 10 }, got;
	struct err e = ERR_INIT;
	uint8_t key[STORE_KEY_BYTES];
	char name[24];
	bool found;
	int i;

	(void)state;
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "blob-%d", i);
		store_partial_key("/blobs", name, key);
		p.updated_at.s = 1000 + i;
		must(store_partial_put(s, key, &p, &e), &e);
	}
	must(store_partials_forget(s, (struct wall){ 1004 }, &e), &e);
	for (i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "blob-%d", i);
		store_partial_key("/blobs", name, key);
		must(store_partial_get(s, key, &got, &found, &e), &e);
		assert_int_equal(found, i >= 4);
		partial_state_release(&got);
	}
	store_close(s);
}

static void attempts_are_bounded(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct attempt *got;
	struct err e = ERR_INIT;
	size_t n, i;

	(void)state;
	assert_int_equal(s->attempts_max, STORE_ATTEMPTS_MAX);
	s->attempts_max = 20;
	for (i = 0; i < 50; i++)
		add_attempt(s, job_a, (int64_t)(1000 + i / 3), i);
	must(store_attempts(s, NULL, 1000, &got, &n, &e), &e);
	assert_int_equal(n, 20);
	for (i = 0; i < n; i++)
		assert_int_equal(got[i].bytes, 49 - i);
	release_attempts(got, n);
	store_close(s);
}

static size_t attempts_of(struct store *s, const uint8_t *job)
{
	struct attempt *got;
	struct err e = ERR_INIT;
	size_t n;

	must(store_attempts(s, job, SIZE_MAX, &got, &n, &e), &e);
	release_attempts(got, n);
	return n;
}

/* One that fails all the time leaves the others their history. */
static void a_noisy_job_pushes_out_no_other(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	size_t i;

	(void)state;
	s->attempts_max = 60;
	for (i = 0; i < 10; i++)
		add_attempt(s, job_b, (int64_t)(1000 + i), i);
	for (i = 0; i < 300; i++)
		add_attempt(s, job_a, (int64_t)(2000 + i), i);
	assert_int_equal(attempts_of(s, job_b), 10);
	assert_int_equal(attempts_of(s, job_a), 50);
	store_close(s);
}

/* Ten thousand runs of one job: history is bounded and space is used again. */
static void the_file_does_not_grow_for_ever(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	size_t pages = 0, i;
	MDB_envinfo info;

	(void)state;
	/* What is on the disk in the end is what counts. */
	assert_int_equal(mdb_env_set_flags(s->env, MDB_NOSYNC, 1), 0);
	s->attempts_max = 1000;
	for (i = 0; i < all_or(10000, 2000); i++) {
		put_job(s, "model/a/b@main", (int64_t)i);
		add_attempt(s, job_a, (int64_t)(1000 + i), i);
		assert_int_equal(mdb_env_info(s->env, &info), 0);
		if (i == all_or(3000, 1500))
			pages = info.me_last_pgno;
	}
	assert_in_range(attempts_of(s, job_a), 990, 1000);
	if (info.me_last_pgno > pages + pages / 10)
		fail_msg("%zu pages became %zu", pages, info.me_last_pgno);
	store_close(s);
}

int main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_store_is_made_once),
		TEST(an_absent_store_reads_as_empty),
		TEST(reading_leaves_no_file_behind),
		TEST(another_configuration_is_refused),
		TEST(a_newer_schema_is_refused_untouched),
#ifndef _WIN32
		TEST(descriptors_are_not_inherited),
#endif
		TEST(requests_come_back),
		TEST(meta_values_come_back),
		TEST(jobs_come_back),
		TEST(the_due_index_follows),
		TEST(files_come_back),
		TEST(many_files_take_seconds),
		TEST(partials_come_back),
		TEST(old_partials_are_forgotten),
		TEST(attempts_come_newest_first),
		TEST(attempts_are_bounded),
		TEST(a_noisy_job_pushes_out_no_other),
		TEST(the_file_does_not_grow_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
