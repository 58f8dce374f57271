/* test_store_fixture.h - a folder of its own for each test of the store. */
#ifndef HFCRON_TEST_STORE_FIXTURE_H
#define HFCRON_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "store/store.h"
#include "store/store_txn.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define OWNER "/etc/hfcron/hfcron.yaml"

enum { PATH_TEXT_MAX = 512 };

static const struct wall test_now = { 1795273800 }; /* 2026-11-21T15:10Z */

static char state_dir[PATH_TEXT_MAX];

/* A path below the state directory; four may be in use at once. */
static inline const char *in_state(const char *name)
{
	static char paths[4][PATH_TEXT_MAX * 2];
	static unsigned next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", state_dir, name);
	return path;
}

static inline int fixture_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(state_dir, sizeof(state_dir), "%s/hfcron-store.XXXXXX",
	    tmp == NULL || tmp[0] == '\0' ? "/tmp" : tmp);
	return mkdtemp(state_dir) == NULL ? -1 : 0;
}

static inline int fixture_remove_one(const char *path, const struct stat *st,
    int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	return nftw(state_dir, fixture_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Opening that must succeed. */
static inline struct store *must_open(enum store_mode mode)
{
	char warning[ERR_TEXT_MAX];
	struct err e = ERR_INIT;
	struct store *s;

	s = store_open(state_dir, mode, OWNER, test_now, warning, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	assert_string_equal(warning, "");
	return s;
}

/* Opening that must fail. */
static inline void must_refuse(enum store_mode mode, const char *owner,
    const char *text)
{
	struct err e = ERR_INIT;
	struct store *s;

	s = store_open(state_dir, mode, owner, test_now, NULL, &e);
	assert_null(s);
	assert_int_equal(e.kind, ERR_STATE);
	if (strstr(e.text, text) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", e.text, text);
}

static inline void must(int rc, const struct err *e)
{
	if (rc == -1)
		fail_msg("%s", e->text);
}

static inline void put_job(struct store *s, const char *id, int64_t due)
{
	struct job_state job;
	const struct job_state *one = &job;
	struct err e = ERR_INIT;

	job_state_init(&job);
	job.id = text_dup(id);
	assert_non_null(job.id);
	store_job_key(id, job.key);
	job.due.s = due;
	must(store_jobs_put(s, &one, 1, &e), &e);
	job_state_release(&job);
}

static inline bool has_job(struct store *s, const char *id)
{
	uint8_t key[JOB_KEY_BYTES];
	struct job_state job;
	struct err e = ERR_INIT;
	bool found;

	store_job_key(id, key);
	must(store_job_get(s, key, &job, &found, &e), &e);
	if (found) {
		assert_string_equal(job.id, id);
		assert_memory_equal(job.key, key, sizeof(key));
	}
	job_state_release(&job);
	return found;
}

static inline bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static inline char *read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *bytes;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	bytes = malloc((size_t)st.st_size + 1);
	assert_non_null(bytes);
	*n = fread(bytes, 1, (size_t)st.st_size, f);
	assert_int_equal(*n, st.st_size);
	(void)fclose(f);
	return bytes;
}

static inline void write_all(const char *path, const void *bytes, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* A wrapper (valgrind) has its own memory, and exit status for children. */
static inline bool is_wrapped(void)
{
	const char *wrapper = getenv("TEST_WRAPPER");

	return wrapper != NULL && wrapper[0] != '\0';
}

static inline void skip_if_wrapped(void)
{
	if (!is_wrapped())
		return;
	print_message("SKIP: not under a wrapper\n");
	skip();
}

/*
 * End a child.  valgrind takes what the parent holds for leaks of the child,
 * but not of the program that the child turns into.
 */
static inline void leave_child(int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	if (is_wrapped())
		(void)execl("/bin/sh", "sh", "-c", "exit $0", text,
		    (char *)NULL);
	_exit(status);
}

/* cmocka catches signals and would go on with the next test in a child. */
static inline void die_by_signals(void)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };
	size_t i;

	for (i = 0; i < COUNT(caught); i++)
		(void)signal(caught[i], SIG_DFL);
}

/* Run in a child, which shares nothing of LMDB's with us; its status. */
static inline int in_child(int (*work)(void *arg), void *arg)
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		die_by_signals();
		leave_child(work(arg));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

/* In a child: 0, or the exit status that says in which line it stopped. */
#define CHILD_CHECK(condition)                                         \
	do {                                                           \
		if (!(condition)) {                                    \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, \
			    __LINE__, #condition);                     \
			return 1;                                      \
		}                                                      \
	} while (0)

#endif
