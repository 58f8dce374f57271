/*
 * test_store_crash.c - the store among several processes, in want of room, and
 * under kill -9.
 */
#include "test_store_fixture.h"

#include <inttypes.h>

#include "platform/map_file.h"
#include "store/store_walk.h"

#ifndef _WIN32
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifndef HAVE_ASAN
#define HAVE_ASAN 0
#endif

enum { SMALL_MAP = 256 * 1024, N_EXTENTS = 4000 };

/* --- room in the map ----------------------------------------------------- */

/* Where a file takes the space of its map, no map begins with less. */
static size_t small_map(void)
{
	return map_file_takes_space() ? (size_t)STORE_MAP_BYTES_SMALL
				      : (size_t)SMALL_MAP;
}

static struct store *open_small(void)
{
	struct err e = ERR_INIT;
	struct store *s = store_open_sized(state_dir, STORE_WRITE, OWNER,
	    test_now, SMALL_MAP, NULL, &e);

	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static void number_key(int i, uint8_t key[STORE_KEY_BYTES])
{
	char name[16];

	(void)snprintf(name, sizeof(name), "%d", i);
	store_partial_key("/blobs", name, key);
}

/* 64 KB each. */
static int put_partial(struct store *s, int i, struct err *e)
{
	static struct extent extents[N_EXTENTS];
	struct partial_state p = { .size = UINT64_MAX,
		.extents = extents,
		.n_extents = N_EXTENTS,
		.inode = (uint64_t)i };
	uint8_t key[STORE_KEY_BYTES];
	size_t k;

	for (k = 0; k < N_EXTENTS; k++) {
		extents[k].from = 3 * k;
		extents[k].to = 3 * k + 1 + (uint64_t)i % 2;
	}
	number_key(i, key);
	return store_partial_put(s, key, &p, e);
}

static bool has_partial(struct store *s, int i)
{
	struct partial_state p;
	struct err e = ERR_INIT;
	uint8_t key[STORE_KEY_BYTES];
	bool found;

	number_key(i, key);
	must(store_partial_get(s, key, &p, &found, &e), &e);
	if (found) {
		assert_int_equal(p.inode, i);
		assert_int_equal(partial_state_bytes(&p),
		    N_EXTENTS * (1 + i % 2));
	}
	partial_state_release(&p);
	return found;
}

static size_t map_size(struct store *s)
{
	MDB_envinfo info;

	assert_int_equal(mdb_env_info(s->env, &info), 0);
	return info.me_mapsize;
}

static void the_map_grows(void **state)
{
	struct store *s = open_small();
	struct err e = ERR_INIT;
	int i;

	(void)state;
	assert_int_equal(map_size(s), small_map());
	for (i = 0; i < 80; i++)
		must(put_partial(s, i, &e), &e);
	assert_true(map_size(s) >= 80 * 64000 && map_size(s) < 1 << 24);
	for (i = 0; i < 80; i++)
		assert_true(has_partial(s, i));
	store_close(s);
	/* It is larger than what we ask for now. */
	s = open_small();
	for (i = 0; i < 80; i++)
		assert_true(has_partial(s, i));
	must(put_partial(s, 80, &e), &e);
	store_close(s);
}

static int fill_much(const char *const *args)
{
	struct store *s;
	struct err e = ERR_INIT;
	int i;

	use_state_dir(args);
	s = open_small();
	for (i = 0; i < 40; i++)
		CHILD_CHECK(put_partial(s, i, &e) == 0);
	store_close(s);
	return 0;
}

static const struct process_work work_fill_much = { "fill-much", fill_much };

static void another_process_lets_the_map_grow(void **state)
{
	struct store *s = open_small();
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(in_state_child(&work_fill_much, NULL), 0);
	assert_int_equal(map_size(s), small_map());
	assert_true(has_partial(s, 39)); /* reading */
	assert_true(map_size(s) > small_map());
	assert_int_equal(in_state_child(&work_fill_much, NULL), 0);
	store_close(s);
	s = open_small();
	must(put_partial(s, 100, &e), &e); /* writing */
	assert_true(has_partial(s, 100));
	assert_true(has_partial(s, 0));
	store_close(s);
}

/* --- Unix: limits and file systems of our own ---------------------------- */

#ifndef _WIN32

static int in_small_address_space(const char *const *args)
{
	struct rlimit limit = { 0, 0 };
	struct err e = ERR_INIT;
	struct store *s;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	(void)args;
	CHILD_CHECK(f != NULL && fscanf(f, "%lu", &pages) == 1);
	(void)fclose(f);
	/* Less than the map; more than what is used besides. */
	limit.rlim_cur = limit.rlim_max = pages *
		(rlim_t)sysconf(_SC_PAGESIZE) +
	    40 * 1024 * 1024;
	CHILD_CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL);
	CHILD_CHECK(map_size(s) < STORE_MAP_BYTES);
	CHILD_CHECK(put_partial(s, 1, &e) == 0);
	CHILD_CHECK(has_partial(s, 1));
	store_close(s);
	return 0;
}

static const struct process_work work_small_address_space = {
	"small-address-space", in_small_address_space
};

static void little_address_space_is_enough(void **state)
{
	(void)state;
	if (HAVE_ASAN || is_wrapped() || !is_there("/proc/self/statm")) {
		print_message("SKIP: the address space is not ours to limit\n");
		skip();
	}
	assert_int_equal(in_state_child(&work_small_address_space, NULL), 0);
}

/* --- room on the disk ---------------------------------------------------- */

/*
 * Write until there is no room.  All that was acknowledged is there then, a
 * small record still fits or fails in the same way, and nothing is damaged.
 */
static int fill_up(void)
{
	struct err e = ERR_INIT;
	struct store *s;
	int i, n;

	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL);
	for (n = 0; n < 1000; n++)
		if (put_partial(s, n, &e) == -1)
			break;
	CHILD_CHECK(n > 2 && n < 1000);
	if (e.kind != ERR_DISK)
		(void)fprintf(stderr, "%s\n", e.text);
	CHILD_CHECK(e.kind == ERR_DISK);
	for (i = 0; i < n; i++)
		CHILD_CHECK(has_partial(s, i));
	CHILD_CHECK(!has_partial(s, n));
	for (i = 0; i < n; i += 2)
		if (store_partial_delete(s, (const uint8_t *)"0123456789abcdef",
			&e) == -1)
			CHILD_CHECK(e.kind == ERR_DISK);
	store_close(s);
	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL && store_id(s)[0] != '\0');
	for (i = 0; i < n; i++)
		CHILD_CHECK(has_partial(s, i));
	CHILD_CHECK(store_damaged(s) == 0);
	store_close(s);
	return 0;
}

static int with_file_size_limit(const char *const *args)
{
	struct rlimit limit = { 600 * 1024, 600 * 1024 };

	(void)args;
	CHILD_CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	return fill_up();
}

static const struct process_work work_file_size_limit = { "file-size-limit",
	with_file_size_limit };

static void a_limited_file_size_is_no_space(void **state)
{
	struct store *s;

	(void)state;
	assert_int_equal(in_state_child(&work_file_size_limit, NULL), 0);
	s = must_open(STORE_WRITE);
	assert_true(has_partial(s, 0));
	store_close(s);
}

enum { CANNOT = 77 };

/* A tmpfs of our own over the state directory, gone with the child. */
static int mount_small(const char *options)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("none", state_dir, "tmpfs", 0, options) == -1)
		return CANNOT;
	return 0;
}

static int on_small_disk(const char *const *args)
{
	return mount_small(args[1]) != 0 ? CANNOT : fill_up();
}

static const struct process_work work_small_disk = { "small-disk",
	on_small_disk };

static void skip_if_cannot(int result)
{
	if (result == CANNOT) {
		print_message("SKIP: file systems cannot be mounted here\n");
		skip();
	}
	assert_int_equal(result, 0);
}

static void a_full_disk_is_no_space(void **state)
{
	char options[64];
	int kib;

	(void)state;
	for (kib = 400; kib < 600; kib += 20) {
		(void)snprintf(options, sizeof(options), "mode=700,size=%dk",
		    kib);
		skip_if_cannot(in_state_child(&work_small_disk, options));
	}
}

/* Not even a new store fits: it fails, and is made when there is room. */
static int on_no_disk(const char *const *args)
{
	char options[64];
	struct err e = ERR_INIT;
	struct store *s;
	int kib;

	if (mount_small(args[1]) != 0)
		return CANNOT;
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s == NULL && e.kind == ERR_DISK);
	s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL);
	store_close(s);
	for (kib = 16; kib <= 256; kib += 4) {
		(void)snprintf(options, sizeof(options), "size=%dk", kib);
		CHILD_CHECK(mount("none", state_dir, "tmpfs", MS_REMOUNT,
				options) == 0);
		s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL,
		    &e);
		if (s != NULL)
			break;
		CHILD_CHECK(e.kind == ERR_DISK);
	}
	CHILD_CHECK(s != NULL);
	store_close(s);
	return 0;
}

static const struct process_work work_no_disk = { "no-disk", on_no_disk };

static void a_store_without_room_is_made_later(void **state)
{
	(void)state;
	skip_if_cannot(in_state_child(&work_no_disk, "mode=700,size=12k"));
}

static int on_read_only_disk(const char *const *args)
{
	struct err e = ERR_INIT;
	struct store *s;
	int i;

	if (mount_small(args[1]) != 0)
		return CANNOT;
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL && put_partial(s, 1, &e) == 0);
	store_close(s);
	for (i = 0; i < 2; i++) { /* with and without a lock file */
		CHILD_CHECK(mount("none", state_dir, "tmpfs",
				MS_REMOUNT | MS_RDONLY, "") == 0);
		s = store_open(state_dir, STORE_READ_ONLY, OWNER, test_now,
		    NULL, &e);
		CHILD_CHECK(s != NULL && has_partial(s, 1));
		store_close(s);
		s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL,
		    &e);
		CHILD_CHECK(s == NULL && e.kind == ERR_STATE);
		CHILD_CHECK(mount("none", state_dir, "tmpfs", MS_REMOUNT, "") ==
		    0);
		CHILD_CHECK(unlink(in_state("store/lock.mdb")) == 0 || i == 1);
	}
	return 0;
}

static const struct process_work work_read_only_disk = { "read-only-disk",
	on_read_only_disk };

static void a_read_only_disk_can_be_read(void **state)
{
	(void)state;
	skip_if_cannot(in_state_child(&work_read_only_disk,
	    "mode=700,size=2m"));
}

#endif

/* --- two at once --------------------------------------------------------- */

enum { EACH = 150, WRITERS = 3 };

static int write_own_jobs(const char *const *args)
{
	const int me = args[1][0] - '0';
	struct store *s = NULL;
	struct err e = ERR_INIT;
	char id[32];
	int i;

	use_state_dir(args);
	for (i = 0; i < EACH; i++) {
		/* Opening and closing is part of it. */
		if (i % 10 == 0) {
			s = store_open_sized(state_dir, STORE_WRITE, OWNER,
			    test_now, SMALL_MAP, NULL, &e);
			if (s == NULL)
				(void)fprintf(stderr, "%s\n", e.text);
			CHILD_CHECK(s != NULL);
		}
		(void)snprintf(id, sizeof(id), "%d-%d", me, i);
		put_job(s, id, 1000 + me * EACH + i);
		CHILD_CHECK(has_job(s, id));
		if (i % 10 == 9)
			store_close(s);
	}
	return 0;
}

static const struct process_work work_write_own_jobs = { "write-own-jobs",
	write_own_jobs };

static void several_write_at_once(void **state)
{
	struct child children[WRITERS];
	struct store *s;
	struct err e = ERR_INIT;
	struct wall due;
	char id[32];
	int i, k;

	(void)state;
	store_close(must_open(STORE_WRITE));
	for (i = 0; i < WRITERS; i++) {
		(void)snprintf(id, sizeof(id), "%d", i);
		start_child(&children[i], &work_write_own_jobs, id);
	}
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(child_wait(&children[i]), 0);
	s = must_open(STORE_WRITE);
	for (i = 0; i < WRITERS; i++) {
		for (k = 0; k < EACH; k++) {
			(void)snprintf(id, sizeof(id), "%d-%d", i, k);
			assert_true(has_job(s, id));
		}
	}
	must(store_next_due(s, &due, &e), &e);
	assert_int_equal(due.s, 1000);
	assert_int_equal(store_damaged(s), 0);
	store_close(s);
}

/* --- kill -9 ------------------------------------------------------------- */

enum { KILLS = 50, GROUP = 3 };

/* All jobs of the group carry the same number, in one transaction each. */
static int write_for_ever(const char *const *args)
{
	uint64_t number = strtoull(args[1], NULL, 10);
	struct job_state jobs[GROUP];
	const struct job_state *all[GROUP];
	struct err e = ERR_INIT;
	struct store *s;
	FILE *acknowledge;
	char id[32];
	int i;

	use_state_dir(args);
	acknowledge = fs_append(in_state("acknowledged"), &e);
	s = store_open(state_dir, STORE_WRITE, OWNER, test_now, NULL, &e);
	CHILD_CHECK(s != NULL && acknowledge != NULL);
	for (i = 0; i < GROUP; i++) {
		job_state_init(&jobs[i]);
		(void)snprintf(id, sizeof(id), "job-%d", i);
		jobs[i].id = text_dup(id);
		store_job_key(id, jobs[i].key);
		all[i] = &jobs[i];
	}
	for (;;) {
		number++;
		for (i = 0; i < GROUP; i++) {
			jobs[i].bytes_done = number;
			jobs[i].due.s = (int64_t)number * 10 + i;
		}
		CHILD_CHECK(store_jobs_put(s, all, GROUP, &e) == 0);
		CHILD_CHECK(put_partial(s, (int)(number % 8), &e) == 0);
		CHILD_CHECK(fwrite(&number, sizeof(number), 1, acknowledge) ==
		    1);
	}
}

static const struct process_work work_write_for_ever = { "write-for-ever",
	write_for_ever };

static int do_nothing(const char *const *args)
{
	(void)args;
	return 0;
}

static const struct process_work work_nothing = { "nothing", do_nothing };

/* How long it takes to start a child: not what is to be killed. */
static int64_t starting_ms(void)
{
	const struct mono before = clock_mono();

	assert_int_equal(in_state_child(&work_nothing, NULL), 0);
	return clock_mono().ms - before.ms;
}

/* The last one that was written whole; `none` if none was. */
static uint64_t last_acknowledged(uint64_t none)
{
	uint64_t number = none;
	char *bytes;
	size_t n;

	if (!is_there(in_state("acknowledged")))
		return none;
	bytes = read_all(in_state("acknowledged"), &n);
	n /= sizeof(number);
	if (n > 0)
		memcpy(&number, bytes + (n - 1) * sizeof(number),
		    sizeof(number));
	free(bytes);
	assert_int_equal(unlink(in_state("acknowledged")), 0);
	return number;
}

/* The number that all jobs carry; fails if they differ. */
static uint64_t number_of_group(struct store *s)
{
	struct job_state *jobs;
	struct err e = ERR_INIT;
	struct wall due;
	uint64_t number = 0;
	size_t n, i;

	must(store_jobs_all(s, &jobs, &n, &e), &e);
	assert_true(n == 0 || n == GROUP);
	for (i = 0; i < n; i++) {
		assert_true(i == 0 || jobs[i].bytes_done == number);
		number = jobs[i].bytes_done;
		job_state_release(&jobs[i]);
	}
	free(jobs);
	must(store_next_due(s, &due, &e), &e);
	if (n > 0)
		assert_true(due.s == (int64_t)number * 10);
	return number;
}

static void kill_9_loses_nothing_acknowledged(void **state)
{
	const int64_t starting = starting_ms();
	uint64_t acknowledged, number = 0, got;
	unsigned seed = 7;
	struct store *s;
	struct child child;
	char text[24];
	int i, k, worked = 0;

	(void)state;
	for (i = 0; i < KILLS; i++) {
		(void)snprintf(text, sizeof(text), "%" PRIu64, number);
		start_child(&child, &work_write_for_ever, text);
		seed = seed * 1103515245 + 12345;
		clock_sleep_ms(starting + (int64_t)(seed >> 8) % 60);
		assert_true(child_kill(&child));
		acknowledged = last_acknowledged(number);
		s = must_open(STORE_WRITE); /* without a warning */
		got = number_of_group(s);
		assert_true(got >= acknowledged && got <= acknowledged + 1);
		worked += got > number;
		number = got;
		for (k = 0; k < 8; k++)
			(void)has_partial(s, k);
		assert_int_equal(store_damaged(s), 0);
		store_close(s);
	}
	print_message("%d kills, %llu commits\n", KILLS,
	    (unsigned long long)number);
	assert_true(worked > KILLS / 4);
}

static const struct process_work *const works[] = { &store_walk_work,
	&work_fill_much, &work_write_own_jobs, &work_write_for_ever,
	&work_nothing, NULL };

int main(int argc, char **argv)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_map_grows),
		TEST(another_process_lets_the_map_grow),
#ifndef _WIN32
		TEST(little_address_space_is_enough),
		TEST(a_limited_file_size_is_no_space),
		TEST(a_full_disk_is_no_space),
		TEST(a_store_without_room_is_made_later),
		TEST(a_read_only_disk_can_be_read),
#endif
		TEST(several_write_at_once),
		TEST(kill_9_loses_nothing_acknowledged),
	};

	process_arguments(&argc, &argv);
	process_try_serve(argc, argv, works);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
