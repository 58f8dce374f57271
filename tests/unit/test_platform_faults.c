/*
 * test_platform_faults.c - what the file system's promises are worth when
 * system calls fail.
 *
 * The program's own definitions of these calls come before the C library's;
 * a plan says which of them fails, how, and at which turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/entropy.h"
#include "platform/fs.h"
#include "platform/lock.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum call {
	NO_CALL,
	FSYNC,
	FDATASYNC,
	PWRITE,
	CLOSE,
	FALLOCATE,
	FLOCK,
	RANDOM
};
enum {
	SHORT = -1,
	NOTHING = -2,
	DROP_PATH = -3,
	SWAP_PATH = -4,
	PATH_TEXT_MAX = 512
};

static struct {
	enum call call;
	int code;      /* errno, or one of the above */
	unsigned turn; /* this call fails; the first is 1 */
	unsigned seen;
	bool for_ever; /* and so do all later ones */
} plan;

static char root[PATH_TEXT_MAX];

static void fail_at(enum call call, int code, unsigned turn, bool for_ever)
{
	plan.call = call;
	plan.code = code;
	plan.turn = turn;
	plan.seen = 0;
	plan.for_ever = for_ever;
}

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

int fsync(int fd)
{
	return fault(FSYNC) != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	return fault(FDATASYNC) != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t offset)
{
	const int code = fault(PWRITE);

	if (code == NOTHING)
		return 0;
	if (code == SHORT && n > 1)
		n = 1;
	else if (code > 0)
		return -1;
	return (ssize_t)syscall(SYS_pwrite64, fd, bytes, n, offset);
}

int close(int fd)
{
	const int code = fault(CLOSE), saved = errno;
	const int rc = (int)syscall(SYS_close, fd);

	/* As the kernel does: the descriptor is gone all the same. */
	if (code == 0)
		return rc;
	errno = saved;
	return -1;
}

int fallocate(int fd, int mode, off_t offset, off_t n)
{
	if (fault(FALLOCATE) != 0)
		return -1;
	return (int)syscall(SYS_fallocate, fd, mode, offset, n);
}

int flock(int fd, int operation)
{
	const int code = (operation & LOCK_UN) != 0 ? 0 : fault(FLOCK);
	char path[PATH_TEXT_MAX + 16];

	if (code == DROP_PATH || code == SWAP_PATH) {
		/* The holder deleted it between our open and our lock. */
		(void)snprintf(path, sizeof(path), "%s/lock", root);
		(void)unlink(path);
		if (code == SWAP_PATH) /* and made it anew */
			(void)mknod(path, S_IFREG | 0600, 0);
	} else if (code != 0) {
		return -1;
	}
	return (int)syscall(SYS_flock, fd, operation);
}

int getentropy(void *bytes, size_t n)
{
	if (fault(RANDOM) != 0)
		return -1;
	return syscall(SYS_getrandom, bytes, n, 0) == (long)n ? 0 : -1;
}

static int make_root(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(root, sizeof(root), "%s/hfcron-faults-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
	char path[PATH_TEXT_MAX + 16];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", root);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/lock", root);
	(void)unlink(path);
	return rmdir(root);
}

static int count_entry(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	(void)name;
	(void)type;
	(void)e;
	(*(int *)cookie)++;
	return 0;
}

/* The root holds exactly the file "f" with this content. */
static void assert_only_f(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;
	int entries = 0;

	assert_int_equal(fs_list_dir(root, count_entry, &entries, &e), 0);
	assert_int_equal(entries, 1);
	assert_int_equal(fs_read_file(path, 100, &bytes, &n, &e), 0);
	assert_string_equal(bytes, text);
	free(bytes);
}

static void write_file_survives_each_fault(void **state)
{
	/* `kept`: what is under the name afterwards. */
	static const struct {
		enum call call;
		int code;
		unsigned turn;
		bool for_ever;
		int rc;
		const char *kept;
	} cases[] = {
		{ PWRITE, EIO, 1, true, -1, "old" },
		{ PWRITE, ENOSPC, 1, true, -1, "old" },
		{ PWRITE, EDQUOT, 1, false, -1, "old" },
		{ PWRITE, NOTHING, 1, false, -1, "old" },
		{ PWRITE, EINTR, 1, false, 0, "new content" },
		{ PWRITE, SHORT, 1, true, 0, "new content" },
		{ FSYNC, EIO, 1, false, -1, "old" },
		{ FSYNC, ENOSPC, 1, true, -1, "old" },
		{ FSYNC, EINTR, 1, false, 0, "new content" },
		/* The directory's: the name is there, but is not proven. */
		{ FSYNC, EIO, 2, false, -1, "new content" },
		{ FSYNC, EINVAL, 2, false, 0, "new content" },
		{ CLOSE, EDQUOT, 1, false, -1, "old" },
		{ CLOSE, EINTR, 1, false, 0, "new content" },
		{ RANDOM, EIO, 1, true, -1, "old" },
		{ RANDOM, EINTR, 1, false, 0, "new content" },
	};
	char path[PATH_TEXT_MAX + 16];
	size_t i;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", root);
	for (i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		int rc;

		fail_at(NO_CALL, 0, 0, false);
		assert_int_equal(fs_write_file(path, NULL, 0644, "old", 3, &e),
		    0);
		fail_at(cases[i].call, cases[i].code, cases[i].turn,
		    cases[i].for_ever);
		rc = fs_write_file(path, NULL, 0644, "new content", 11, &e);
		assert_true(plan.seen >= cases[i].turn);
		fail_at(NO_CALL, 0, 0, false);
		assert_int_equal(rc, cases[i].rc);
		if (rc == -1) {
			assert_int_equal(e.kind, ERR_DISK);
			assert_int_equal(e.os_code,
			    cases[i].code > 0 ? cases[i].code : EIO);
		}
		assert_only_f(path, cases[i].kept);
	}
}

static void sync_is_never_tried_twice(void **state)
{
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16];
	int fd = -1;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", root);
	assert_int_equal(fs_open_rw(path, false, &fd, &e), 0);
	fail_at(FDATASYNC, EIO, 1, false);
	assert_int_equal(fs_sync_data(fd, path, &e), -1);
	assert_int_equal(plan.seen, 1);
	assert_int_equal(e.os_code, EIO);
	fail_at(FSYNC, EIO, 1, false);
	assert_int_equal(fs_sync(fd, path, &e), -1);
	assert_int_equal(plan.seen, 1);
	assert_int_equal(fs_sync_dir(root, &e), 0);
	fail_at(FSYNC, EIO, 1, false);
	assert_int_equal(fs_sync_dir(root, &e), -1);
	assert_int_equal(e.os_code, EIO);
	fail_at(NO_CALL, 0, 0, false);
	fs_close(&fd);
}

static void reserve_where_it_cannot(void **state)
{
	static const struct {
		int code, rc;
	} cases[] = {
		{ EOPNOTSUPP, 0 },
		{ ENOSYS, 0 },
		{ EINTR, 0 },
		{ ENOSPC, -1 },
		{ EDQUOT, -1 },
		{ EIO, -1 },
	};
	char path[PATH_TEXT_MAX + 16];
	struct err e = ERR_INIT;
	int fd = -1;
	size_t i;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/f", root);
	assert_int_equal(fs_open_rw(path, false, &fd, &e), 0);
	for (i = 0; i < COUNT(cases); i++) {
		fail_at(FALLOCATE, cases[i].code, 1, false);
		assert_int_equal(fs_reserve(fd, 4096, path, &e), cases[i].rc);
		assert_true(plan.seen >= 1);
		if (cases[i].rc == -1)
			assert_int_equal(e.os_code, cases[i].code);
	}
	fail_at(NO_CALL, 0, 0, false);
	fs_close(&fd);
}

static void lock_of_a_vanishing_file(void **state)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16];
	struct fs_stat st;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/lock", root);
	/* Deleted under our hands once, then held. */
	fail_at(FLOCK, DROP_PATH, 1, false);
	assert_int_equal(lock_try(&lock, path, 0600, &e), 0);
	assert_int_equal(plan.seen, 2);
	assert_int_equal(fs_stat(path, &st, &e), 0);
	assert_int_equal(st.type, FS_FILE);
	lock_release(&lock);
	fail_at(FLOCK, SWAP_PATH, 1, false);
	assert_int_equal(lock_try(&lock, path, 0600, &e), 0);
	assert_int_equal(plan.seen, 2);
	lock_release(&lock);
	/* For ever: given up after ten. */
	fail_at(FLOCK, DROP_PATH, 1, true);
	assert_int_equal(lock_try(&lock, path, 0600, &e), -1);
	assert_int_equal(plan.seen, 10);
	assert_int_equal(e.kind, ERR_BUSY);
	fail_at(FLOCK, EINTR, 1, false);
	assert_int_equal(lock_try(&lock, path, 0600, &e), 0);
	lock_release(&lock);
	/* A file system without locks is no busy one. */
	fail_at(FLOCK, ENOLCK, 1, true);
	assert_int_equal(lock_try(&lock, path, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ENOLCK);
	assert_int_equal(lock.fd, -1);
	fail_at(NO_CALL, 0, 0, false);
}

static void entropy_without_a_source(void **state)
{
	double u;
	char c;

	(void)state;
	fail_at(RANDOM, ENOSYS, 1, true);
	assert_int_equal(entropy_fill(&c, 1), -1);
	u = entropy_unit();
	assert_true(u >= 0 && u < 1);
	fail_at(NO_CALL, 0, 0, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_file_survives_each_fault),
		cmocka_unit_test(sync_is_never_tried_twice),
		cmocka_unit_test(reserve_where_it_cannot),
		cmocka_unit_test(lock_of_a_vanishing_file),
		cmocka_unit_test(entropy_without_a_source),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
