/* test_store_copy.c - hot copies, putting one in place, walking a file. */
#include "test_store_fixture.h"

#include "store/store_walk.h"

enum { N_JOBS = 300, PAGE = 4096 };

static void fill(struct store *s, int from, int to)
{
	char name[32];
	int i;

	for (i = from; i < to; i++) {
		(void)snprintf(name, sizeof(name), "model/a/n-%d@main", i);
		put_job(s, name, 1000 + i);
	}
}

static size_t count_jobs(struct store *s)
{
	struct job_state *jobs;
	struct err e = ERR_INIT;
	size_t n, i;

	must(store_jobs_all(s, &jobs, &n, &e), &e);
	for (i = 0; i < n; i++)
		job_state_release(&jobs[i]);
	free(jobs);
	return n;
}

static size_t jobs_in_store(void)
{
	struct store *s = must_open(STORE_READ_ONLY);
	size_t n = count_jobs(s);

	store_close(s);
	return n;
}

static void must_copy(const char *to)
{
	struct store *s = must_open(STORE_READ_ONLY);
	struct err e = ERR_INIT;

	must(store_copy(s, to, &e), &e);
	store_close(s);
}

/* --- copies -------------------------------------------------------------- */

/* Another process writes; what is copied is one whole state of its. */
static int write_on(const char *const *args)
{
	struct store *s;
	int i;

	use_state_dir(args);
	s = must_open(STORE_WRITE);
	for (i = 0; i < 2; i++)
		fill(s, 0, N_JOBS);
	store_close(s);
	return 0;
}

static const struct process_work work_write_on = { "write-on", write_on };

static void a_store_is_copied_while_it_is_written(void **state)
{
	struct err e = ERR_INIT;
	char id[STORE_ID_MAX];
	int result, copies = 0;
	struct child child;
	struct store *s = must_open(STORE_WRITE);

	(void)state;
	fill(s, 0, N_JOBS);
	memcpy(id, store_id(s), sizeof(id));
	store_close(s);
	start_child(&child, &work_write_on, NULL);
	while (!child_ended(&child, &result)) {
		must_copy(in_state("copy"));
		assert_true(scratch_mode_is(in_state("copy"), 0600));
		assert_int_equal(unlink(in_state("copy")), 0);
		copies++;
	}
	assert_int_equal(result, 0);
	assert_true(copies > 0);
	must_copy(in_state("copy"));
	s = must_open(STORE_WRITE);
	fill(s, N_JOBS, N_JOBS + 50);
	store_close(s);
	must(store_copy_restore(in_state("copy"), state_dir, OWNER, &e), &e);
	assert_false(is_there(in_state("store/restore.tmp")));
	s = must_open(STORE_WRITE);
	assert_string_equal(store_id(s), id);
	assert_int_equal(count_jobs(s), N_JOBS);
	fill(s, N_JOBS, N_JOBS + 1);
	store_close(s);
	assert_int_equal(jobs_in_store(), N_JOBS + 1);
}

static void a_copy_goes_where_no_store_is(void **state)
{
	struct err e = ERR_INIT;
	struct store *s = must_open(STORE_WRITE);

	(void)state;
	fill(s, 0, 5);
	store_close(s);
	must_copy(in_state("copy"));
	assert_int_equal(unlink(in_state("store/data.mdb")), 0);
	assert_int_equal(unlink(in_state("store/lock.mdb")), 0);
	must(fs_rmdir(in_state("store"), &e), &e);
	assert_false(is_there(in_state("store")));
	must(store_copy_restore(in_state("copy"), state_dir, OWNER, &e), &e);
	assert_int_equal(jobs_in_store(), 5);
}

static void a_copy_overwrites_nothing(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	struct err e = ERR_INIT;

	(void)state;
	write_all(in_state("copy"), "mine", 4);
	assert_int_equal(store_copy(s, in_state("copy"), &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	store_close(s);
	assert_true(is_there(in_state("copy")));
}

static void check_refused(const char *path, const char *owner, const char *text)
{
	struct err e = ERR_INIT;

	assert_int_equal(store_copy_check(path, owner, &e), -1);
	assert_int_equal(e.kind, ERR_STATE);
	if (strstr(e.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
	e = (struct err)ERR_INIT;
	assert_int_equal(store_copy_restore(path, state_dir, owner, &e), -1);
}

static void a_wrong_copy_is_refused(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	char *bytes;
	size_t n, i;

	(void)state;
	fill(s, 0, N_JOBS);
	store_close(s);
	must_copy(in_state("copy"));
	check_refused(in_state("copy"), "/other.yaml", "belongs to");
	bytes = read_all(in_state("copy"), &n);
	write_all(in_state("bad"), bytes, n - PAGE);
	check_refused(in_state("bad"), OWNER, "cut off");
	write_all(in_state("bad"), bytes, 0);
	check_refused(in_state("bad"), OWNER, "is empty");
	/* Past the meta pages: LMDB would die of this one. */
	for (i = 2; i < n / PAGE; i++)
		memset(bytes + i * PAGE, 0xff, PAGE);
	write_all(in_state("bad"), bytes, n);
	check_refused(in_state("bad"), OWNER, "is damaged");
	free(bytes);
	/* And the store is what it was. */
	assert_int_equal(jobs_in_store(), N_JOBS);
}

/* --- another process has it open ----------------------------------------- */

static void a_store_in_use_is_not_replaced(void **state)
{
	struct child other;
	struct err e = ERR_INIT;
	struct store *s = must_open(STORE_WRITE);

	(void)state;
	fill(s, 0, 3);
	store_close(s);
	must_copy(in_state("copy"));
	start_holder(&other);
	assert_int_equal(store_copy_restore(in_state("copy"), state_dir, OWNER,
			     &e),
	    -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_false(is_there(in_state("store/restore.tmp")));
	end_holder(&other);
	assert_int_equal(jobs_in_store(), 3);
}

/* --- the walk ------------------------------------------------------------ */

static const char *walked(const char *path)
{
	const char *why;

	store_walk(path, in_state("trial"), &why);
	assert_false(is_there(in_state("trial")));
	return why;
}

/*
 * Each page in turn becomes rubbish: either nothing of the store is in it, or
 * the walk says so; it never harms us.
 */
static void damaged_pages_are_found_by_a_child(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	const char *why;
	char *bytes, page[PAGE];
	size_t n, i, found = 0;

	(void)state;
	fill(s, 0, N_JOBS);
	store_close(s);
	must_copy(in_state("copy"));
	assert_null(walked(in_state("copy")));
	assert_null(walked(in_state("store/data.mdb")));
	bytes = read_all(in_state("copy"), &n);
	for (i = 2; i < n / PAGE; i++) {
		memcpy(page, bytes + i * PAGE, PAGE);
		memset(bytes + i * PAGE, i % 2 == 0 ? 0 : 0x5a, PAGE);
		write_all(in_state("broken"), bytes, n);
		why = walked(in_state("broken"));
		if (why == NULL)
			fail_msg("page %zu of %zu is rubbish", i, n / PAGE);
		found++;
		memcpy(bytes + i * PAGE, page, PAGE);
	}
	assert_true(found > 10);
	free(bytes);
}

static size_t word_at(const char *bytes, size_t at)
{
	size_t word;

	memcpy(&word, bytes + at, sizeof(word));
	return word;
}

/* In the newer meta page: a header of 16 bytes, the magic and three numbers,
 * two tables whose last number is the root, the last page, the transaction. */
static size_t root_of_free_list(const char *bytes)
{
	const size_t root = 16 + 24 + 40, txn = 16 + 24 + 2 * 48 + 8;
	bool second = word_at(bytes, PAGE + txn) > word_at(bytes, txn);

	return word_at(bytes, (second ? PAGE : 0) + root);
}

/* A list of free pages that names one that cannot be: it would show on some
 * later write. */
static void a_wrong_free_list_is_found(void **state)
{
	struct store *s = must_open(STORE_WRITE);
	const size_t header = 16, node = 8, key = 8;
	size_t n, page, at, wrong;
	uint16_t offset;
	char *bytes;

	(void)state;
	fill(s, 0, 20);
	store_close(s);
	bytes = read_all(in_state("store/data.mdb"), &n);
	assert_null(walked(in_state("store/data.mdb")));
	page = root_of_free_list(bytes);
	assert_in_range(page, 2, n / PAGE - 1);
	memcpy(&offset, bytes + page * PAGE + header, sizeof(offset));
	at = page * PAGE + offset + node + key;
	assert_in_range(word_at(bytes, at), 1, 100); /* so many pages */
	wrong = n / PAGE;
	memcpy(bytes + at + 8, &wrong, sizeof(wrong));
	write_all(in_state("broken"), bytes, n);
	assert_string_equal(walked(in_state("broken")),
	    "its tables do not fit together");
	free(bytes);
}

/* --- after an unclean exit ----------------------------------------------- */

/* What it wrote is there, and nothing is in order. */
static int leave_it_open(const char *const *args)
{
	use_state_dir(args);
	fill(must_open(STORE_WRITE), 0, N_JOBS);
	announce("opened");
	while (is_there(state_dir))
		clock_sleep_ms(100);
	return 1;
}

static const struct process_work work_leave_it_open = { "leave-it-open",
	leave_it_open };

static void make_unclean(void)
{
	struct child child;

	start_child(&child, &work_leave_it_open, NULL);
	wait_until_there("opened");
	assert_true(child_kill(&child));
	assert_int_equal(unlink(in_state("opened")), 0);
	assert_true(is_there(in_state("store/writing")));
}

static void a_writer_leaves_a_mark_until_it_ends(void **state)
{
	struct store *s = must_open(STORE_WRITE);

	(void)state;
	assert_true(is_there(in_state("store/writing")));
	store_close(s);
	assert_false(is_there(in_state("store/writing")));
	s = must_open(STORE_READ_ONLY);
	assert_false(is_there(in_state("store/writing")));
	store_close(s);
	/* A kill alone does no harm. */
	make_unclean();
	assert_int_equal(jobs_in_store(), N_JOBS);
	assert_true(is_there(in_state("store/writing")));
	s = must_open(STORE_WRITE);
	assert_int_equal(count_jobs(s), N_JOBS);
	assert_false(is_there(in_state("store/trial.tmp")));
	store_close(s);
	assert_false(is_there(in_state("store/writing")));
}

/* Which page is the first with entries of a table: LMDB dies of it. */
static void break_a_page(void)
{
	size_t n, i;
	uint16_t flags;
	char *bytes = read_all(in_state("store/data.mdb"), &n);

	for (i = 2 * PAGE; i < n; i += PAGE) {
		memcpy(&flags, bytes + i + 10, sizeof(flags));
		if (flags == 2) /* a leaf */
			memset(bytes + i + 10, 0x5a, PAGE - 10);
	}
	write_all(in_state("store/data.mdb"), bytes, n);
	free(bytes);
}

static void a_damaged_tree_kills_nobody_after_an_unclean_exit(void **state)
{
	char warning[ERR_TEXT_MAX], byte;
	struct err e = ERR_INIT;
	struct store *s;
	size_t n;

	(void)state;
	make_unclean();
	break_a_page();
	assert_int_equal(store_peek(state_dir, "any", &byte, 1, &n), -1);
	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, warning,
	    &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	assert_non_null(strstr(warning, "is damaged"));
	assert_string_equal(store_id(s), "");
	store_close(s);
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, warning, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	assert_non_null(strstr(warning, "store.bad-20261121T151000Z"));
	assert_int_equal(count_jobs(s), 0);
	fill(s, 0, 3);
	store_close(s);
	assert_true(is_there(in_state("store.bad-20261121T151000Z")));
	assert_false(is_there(in_state("store/writing")));
	assert_int_equal(jobs_in_store(), 3);
}

static void others_at_work_have_looked_already(void **state)
{
	struct child other;
	struct store *s;

	(void)state;
	make_unclean();
	start_holder(&other);
	s = must_open(STORE_WRITE);
	assert_int_equal(count_jobs(s), N_JOBS);
	store_close(s);
	/* It is still at work. */
	assert_true(is_there(in_state("store/writing")));
	end_holder(&other);
	assert_false(is_there(in_state("store/writing")));
}

static const struct process_work *const works[] = { &store_walk_work,
	&work_hold_open, &work_write_on, &work_leave_it_open, NULL };

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_store_is_copied_while_it_is_written, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(a_copy_goes_where_no_store_is,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_copy_overwrites_nothing,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_copy_is_refused,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_store_in_use_is_not_replaced,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    damaged_pages_are_found_by_a_child, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(a_wrong_free_list_is_found,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_writer_leaves_a_mark_until_it_ends, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_damaged_tree_kills_nobody_after_an_unclean_exit,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    others_at_work_have_looked_already, fixture_setup,
		    fixture_teardown),
	};

	process_arguments(&argc, &argv);
	process_try_serve(argc, argv, works);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
