/* test_store_fixture.h - a folder of its own for each test of the store. */
#ifndef HFCRON_TEST_STORE_FIXTURE_H
#define HFCRON_TEST_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "store/store.h"
#include "store/store_txn.h"
#include "support/child.h"
#include "support/scratch.h"

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
	(void)state;
	return scratch_make(state_dir, sizeof(state_dir), "store");
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	return scratch_remove(state_dir);
}

/* Opening that must succeed, whatever it warns of. */
static inline struct store *must_open_telling(enum store_mode mode,
    char warning[ERR_TEXT_MAX])
{
	struct err e = ERR_INIT;
	struct store *s;

	s = store_open(state_dir, mode, OWNER, test_now, warning, &e);
	if (s == NULL)
		fail_msg("%s", e.text);
	return s;
}

static inline struct store *must_open(enum store_mode mode)
{
	char warning[ERR_TEXT_MAX];
	struct store *s = must_open_telling(mode, warning);

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
	return scratch_is_there(path);
}

static inline uint64_t size_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	must(fs_lstat(path, &st, &e), &e);
	assert_int_equal(st.type, FS_FILE);
	return st.size;
}

static inline char *read_all(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	const size_t size = (size_t)size_of(path);
	char *bytes = malloc(size + 1);

	assert_non_null(f);
	assert_non_null(bytes);
	*n = fread(bytes, 1, size, f);
	assert_int_equal(*n, size);
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

/* A wrapper (valgrind) has its own memory, and is slow to start children. */
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

/* A child has the state directory as its first argument. */
static inline void use_state_dir(const char *const *args)
{
	/* It is there already if the child is a copy. */
	if (args[0] != state_dir)
		(void)snprintf(state_dir, sizeof(state_dir), "%s", args[0]);
}

static inline void start_child(struct child *c, const struct process_work *work,
    const char *argument)
{
	const char *const args[] = { state_dir, argument, NULL };

	child_start(c, work, args);
}

static inline int in_state_child(const struct process_work *work,
    const char *argument)
{
	const char *const args[] = { state_dir, argument, NULL };

	return in_child(work, args);
}

/* How parent and child tell each other: by a file that comes to be there. */
static inline void announce(const char *name)
{
	write_all(in_state(name), "", 0);
}

static inline void wait_until_there(const char *name)
{
	while (!is_there(in_state(name)))
		clock_sleep_ms(2);
}

/* A child's work: hold the store open until the file "leave" is there. */
static inline int hold_open(const char *const *args)
{
	struct store *s;

	use_state_dir(args);
	s = must_open(STORE_WRITE);
	announce("opened");
	wait_until_there("leave");
	store_close(s);
	return 0;
}

static const struct process_work work_hold_open = { "hold-open", hold_open };

static inline void start_holder(struct child *c)
{
	start_child(c, &work_hold_open, NULL);
	wait_until_there("opened");
}

static inline void end_holder(struct child *c)
{
	announce("leave");
	assert_int_equal(child_wait(c), 0);
	assert_int_equal(unlink(in_state("opened")), 0);
	assert_int_equal(unlink(in_state("leave")), 0);
}

#endif
