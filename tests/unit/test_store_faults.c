/*
 * test_store_faults.c - the store when system calls or memory fail, each in
 * its turn, once and for ever.
 *
 * The program's own definitions of these calls come before the C library's,
 * for LMDB too.  Whatever fails: what was acknowledged before and meanwhile is
 * there afterwards, nothing is damaged, and the store goes on to work.
 */
#include "test_store_fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

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

enum call {
	NO_CALL,
	PWRITE,
	WRITEV,
	FDATASYNC,
	FSYNC,
	FTRUNCATE,
	MMAP,
	MEMORY
};
enum { SHORT = -1, MAP_BYTES = 192 * 1024 };

static struct {
	enum call call;
	int code;      /* errno, or SHORT */
	unsigned turn; /* this call fails; the first is 1 */
	unsigned seen;
	bool for_ever; /* and so do all later ones */
} plan;

/* What this call is to do: 0 as usual, else plan.code. */
static int fault(enum call call)
{
	if (plan.call != call)
		return 0;
	plan.seen++;
	if (plan.seen != plan.turn && (!plan.for_ever || plan.seen < plan.turn))
		return 0;
	if (plan.code > 0)
		errno = plan.code;
	return plan.code;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	const int code = fault(PWRITE);

	if (code > 0)
		return -1;
	if (code == SHORT)
		n /= 2;
	return (ssize_t)syscall(SYS_pwrite64, fd, bytes, n, offset);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
	const int code = fault(WRITEV);

	if (code > 0)
		return -1;
	if (code == SHORT)
		n = 1;
	return (ssize_t)syscall(SYS_writev, fd, parts, n);
}

int fdatasync(int fd)
{
	return fault(FDATASYNC) != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int fsync(int fd)
{
	return fault(FSYNC) != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int ftruncate(int fd, off_t n)
{
	return fault(FTRUNCATE) != 0 ? -1 : (int)syscall(SYS_ftruncate, fd, n);
}

/* Only of files as large as a store. */
void *mmap(void *at, size_t n, int access, int flags, int fd, off_t offset)
{
	if (fd != -1 && n >= MAP_BYTES && fault(MMAP) != 0)
		return MAP_FAILED;
	return (void *)syscall(SYS_mmap, at, n, access, flags, fd, offset);
}

#if defined(__GLIBC__) && !HAVE_ASAN
#define CAN_FAIL_MEMORY 1
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t n);

void *malloc(size_t n)
{
	return fault(MEMORY) != 0 ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	return fault(MEMORY) != 0 ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t n)
{
	return fault(MEMORY) != 0 ? NULL : __libc_realloc(old, n);
}
#else
#define CAN_FAIL_MEMORY 0
#endif

/* --- one run under a fault ------------------------------------------------ */

static struct job_state early, late;
static struct partial_state partial;
static struct extent extents[STORE_EXTENTS_MAX];
static uint8_t partial_key[STORE_KEY_BYTES];

static void make_records(void)
{
	static char early_id[] = "early", late_id[] = "late";
	size_t i;

	job_state_init(&early);
	job_state_init(&late);
	early.id = early_id;
	late.id = late_id;
	store_job_key("early", early.key);
	store_job_key("late", late.key);
	early.due.s = 5;
	late.due.s = 6;
	for (i = 0; i < STORE_EXTENTS_MAX; i++) {
		extents[i].from = 2 * i;
		extents[i].to = 2 * i + 1;
	}
	memset(&partial, 0, sizeof(partial));
	partial.size = UINT64_MAX;
	partial.extents = extents;
	partial.n_extents = STORE_EXTENTS_MAX;
	store_partial_key("/blobs", "blob", partial_key);
}

struct done {
	bool opened, late, partial, read_wrong;
	enum err_kind kind;
};

static struct store *open_small(struct err *e, char warning[ERR_TEXT_MAX])
{
	return store_open_sized(state_dir, STORE_WRITE, OWNER, test_now,
	    MAP_BYTES, warning, e);
}

static void check_reading(struct store *s, struct done *done)
{
	struct job_state *jobs = NULL, got;
	struct err e = ERR_INIT;
	bool found = false;
	size_t n = 0, i;

	if (store_jobs_all(s, &jobs, &n, &e) == 0) {
		for (i = 0; i < n; i++)
			job_state_release(&jobs[i]);
		free(jobs);
		done->read_wrong |= done->late && n == 0;
	}
	if (store_job_get(s, late.key, &got, &found, &e) == 0 && !found)
		done->read_wrong |= done->late;
	job_state_release(&got);
}

static void work(struct done *done)
{
	const struct job_state *one = &late;
	struct err e = ERR_INIT;
	struct store *s = open_small(&e, NULL);

	memset(done, 0, sizeof(*done));
	done->opened = s != NULL;
	done->kind = e.kind;
	if (s == NULL)
		return;
	done->late = store_jobs_put(s, &one, 1, &e) == 0;
	/* Large enough for the map to grow, when it is overwritten. */
	done->partial = store_partial_put(s, partial_key, &partial, &e) == 0 &&
	    store_partial_put(s, partial_key, &partial, &e) == 0;
	check_reading(s, done);
	done->kind = e.kind;
	/* The same open store works again once the trouble is over. */
	plan.call = NO_CALL;
	must(store_jobs_put(s, &one, 1, &e), &e);
	done->late = true;
	check_reading(s, done);
	store_close(s);
}

static void check_afterwards(const struct done *done, bool existed,
    const char *what)
{
	char warning[ERR_TEXT_MAX];
	struct partial_state got;
	struct err e = ERR_INIT;
	struct store *s = open_small(&e, warning);
	bool found;

	if (s == NULL)
		fail_msg("%s, turn %u: %s", what, plan.turn, e.text);
	if (existed && warning[0] != '\0')
		fail_msg("%s, turn %u: %s", what, plan.turn, warning);
	if (existed && !has_job(s, "early"))
		fail_msg("%s, turn %u: an old record is lost", what, plan.turn);
	if (done->late && !has_job(s, "late"))
		fail_msg("%s, turn %u: a new record is lost", what, plan.turn);
	must(store_partial_get(s, partial_key, &got, &found, &e), &e);
	if (done->partial)
		assert_true(found);
	if (found)
		assert_int_equal(partial_state_bytes(&got), STORE_EXTENTS_MAX);
	partial_state_release(&got);
	assert_int_equal(store_damaged(s), 0);
	assert_false(done->read_wrong);
	put_job(s, "afterwards", 7);
	assert_true(has_job(s, "afterwards"));
	store_close(s);
}

static void start_over(bool existing)
{
	const struct job_state *one = &early;
	struct err e = ERR_INIT;
	struct store *s;

	assert_int_equal(fixture_teardown(NULL), 0);
	assert_int_equal(fixture_setup(NULL), 0);
	if (!existing)
		return;
	s = open_small(&e, NULL);
	if (s == NULL)
		fail_msg("%s", e.text);
	must(store_jobs_put(s, &one, 1, &e), &e);
	store_close(s);
}

/* Every turn until there is no such call any more; how many there were. */
static unsigned campaign(enum call call, int code, bool for_ever, bool existing,
    const char *what)
{
	struct done done;
	unsigned turn;

	for (turn = 1; turn < 2000; turn++) {
		start_over(existing);
		plan.call = call;
		plan.code = code;
		plan.turn = turn;
		plan.seen = 0;
		plan.for_ever = for_ever;
		work(&done);
		plan.call = NO_CALL;
		if (done.kind == ERR_BUG)
			fail_msg("%s, turn %u: called a bug", what, turn);
		if (plan.seen < turn) {
			assert_true(done.opened && done.late && done.partial);
			return turn - 1;
		}
		check_afterwards(&done, existing, what);
	}
	fail_msg("%s: no end", what);
	return 0;
}

static void all_ways(enum call call, int code, unsigned at_least,
    const char *what)
{
	unsigned n = 0;
	int way;

	make_records();
	for (way = 0; way < 4; way++)
		n += campaign(call, code, way % 2 == 1, way / 2 == 1, what);
	print_message("%s: %u faults\n", what, n);
	assert_true(n >= at_least);
}

static void writing_fails(void **state)
{
	(void)state;
	all_ways(PWRITE, EIO, 10, "pwrite EIO");
	all_ways(PWRITE, ENOSPC, 10, "pwrite ENOSPC");
	all_ways(PWRITE, SHORT, 10, "pwrite short");
	all_ways(WRITEV, EIO, 4, "writev EIO");
	all_ways(WRITEV, ENOSPC, 4, "writev ENOSPC");
	all_ways(WRITEV, SHORT, 4, "writev short");
}

static void syncing_fails(void **state)
{
	(void)state;
	all_ways(FDATASYNC, EIO, 8, "fdatasync EIO");
	all_ways(FSYNC, EIO, 2, "fsync EIO");
}

static void lengthening_fails(void **state)
{
	(void)state;
	all_ways(FTRUNCATE, EFBIG, 4, "ftruncate EFBIG");
	all_ways(FTRUNCATE, EIO, 4, "ftruncate EIO");
}

static void mapping_fails(void **state)
{
	(void)state;
	all_ways(MMAP, ENOMEM, 4, "mmap ENOMEM");
}

static void memory_fails(void **state)
{
	(void)state;
	if (!CAN_FAIL_MEMORY) {
		print_message("SKIP: malloc belongs to the sanitizer\n");
		skip();
	}
	skip_if_wrapped();
	all_ways(MEMORY, ENOMEM, 100, "malloc");
}

int main(void)
{
#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(writing_fails),
		TEST(syncing_fails),
		TEST(lengthening_fails),
		TEST(mapping_fails),
		TEST(memory_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
