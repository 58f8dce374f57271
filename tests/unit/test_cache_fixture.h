/* test_cache_fixture.h - a folder of its own for each test of the layouts. */
#ifndef HFCRON_TEST_CACHE_FIXTURE_H
#define HFCRON_TEST_CACHE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "cache/destination.h"
#include "cache/put.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define TEN(d) d d d d d d d d d d
#define COMMIT_A TEN("a1a1")
#define COMMIT_B TEN("b2b2")
#define GIT_1 TEN("1010")
#define GIT_2 TEN("2020")
#define GIT_3 TEN("3030")
#define SHA_1 TEN("123456") "cafe"
#define SHA_2 TEN("fedcba") "beef"
#define STORE_ID "0badcafe"

enum { PATH_TEXT_MAX = 512 };

static char root[PATH_TEXT_MAX];

/* A path below the test's folder; eight may be in use at once. */
static inline const char *at(const char *name)
{
	static char paths[8][PATH_TEXT_MAX * 4];
	static unsigned next;
	char *path = paths[next++ % 8];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", root, name);
	return path;
}

static inline int fixture_setup(void **state)
{
	(void)state;
	(void)umask(022);
	return scratch_make(root, sizeof(root), "cache");
}

static inline void remove_tree(const char *path)
{
	assert_int_equal(scratch_remove(path), 0);
}

static inline int fixture_teardown(void **state)
{
	(void)state;
	(void)umask(022);
	return scratch_remove(root);
}

static inline struct wall now(void)
{
	struct wall t = { (int64_t)time(NULL) };

	return t;
}

static inline void must(int rc, const struct err *e)
{
	if (rc != 0)
		fail_msg("%s", e->text);
}

/* It failed in this way, and the text says so. */
static inline void must_fail(int rc, const struct err *e, enum err_kind kind,
    const char *text)
{
	assert_int_equal(rc, -1);
	if (e->kind != kind || strstr(e->text, text) == NULL)
		fail_msg("%s \"%s\" is not %s \"%s\"", err_kind_name(e->kind),
		    e->text, err_kind_name(kind), text);
}

/* With the folders that lead there. */
static inline void put(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	char *dir = fs_dirname(path);

	must(fs_mkdirs(dir, 0777, &e), &e);
	must(fs_write_file(path, NULL, 0666, text, strlen(text), &e), &e);
	free(dir);
}

static inline void put_dir(const char *path)
{
	struct err e = ERR_INIT;

	must(fs_mkdirs(path, 0777, &e), &e);
}

static inline bool is_there(const char *path)
{
	return scratch_is_there(path);
}

/* Of what is at the path itself. */
static inline uint64_t inode_of(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	must(fs_lstat(path, &st, &e), &e);
	assert_int_not_equal(st.type, FS_ABSENT);
	return st.inode;
}

static inline void must_hold(const char *path, const char *text)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n;

	must(fs_read_file(path, 1 << 20, &bytes, &n, &e), &e);
	assert_string_equal(bytes, text);
	assert_int_equal(n, strlen(text));
	free(bytes);
}

/* Can there be symbolic links here?  On Unix there can. */
static inline bool have_links(void)
{
	const bool work = put_links_work(root);

#ifndef _WIN32
	assert_true(work);
#endif
	return work;
}

/* For tests that are about them alone. */
static inline void need_links(void)
{
	if (have_links())
		return;
	print_message("SKIP: no symbolic links here\n");
	skip();
}

static inline void plant_link(const char *target, const char *path)
{
	struct err e = ERR_INIT;

	assert_false(is_there(path));
	must(fs_symlink_replace(target, path, &e), &e);
}

/* The snapshot's file: a link, or another name of the blob where links cannot
 * be. */
static inline void must_link(const char *path, const char *target)
{
	struct err e = ERR_INIT;
	char *text, *dir = fs_dirname(path), *blob = fs_join(dir, target);

	if (put_links_work(root)) {
		text = fs_readlink(path, &e);
		if (text == NULL)
			fail_msg("%s", e.text);
		assert_string_equal(text, target);
		free(text);
	} else {
		assert_int_equal(inode_of(path), inode_of(blob));
	}
	free(blob);
	free(dir);
}

static inline void must_have_mode(const char *path, unsigned mode)
{
	if (!scratch_mode_is(path, mode))
		fail_msg("%s has not the mode %04o", path, mode);
}

static inline int count_one(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	(void)name;
	(void)type;
	(void)e;
	++*(size_t *)cookie;
	return 0;
}

static inline size_t entries_in(const char *path)
{
	struct err e = ERR_INIT;
	size_t n = 0;

	must(fs_list_dir(path, count_one, &n, &e), &e);
	return n;
}

/* The path and the SHA-256 ("": none) are lent. */
static inline struct remote_file file_of(const char *path, uint64_t size,
    const char *oid, const char *sha256)
{
	struct remote_file f;

	memset(&f, 0, sizeof(f));
	f.path = (char *)(uintptr_t)path;
	f.size = size;
	(void)snprintf(f.oid, sizeof(f.oid), "%s", oid);
	f.sha256 = sha256[0] != '\0' ? sha256 : NULL;
	return f;
}

/* What the engine does: a partial file with these bytes, then accept. */
static inline void fetch(struct destination *d, const struct remote_file *f,
    const char *text)
{
	struct err e = ERR_INIT;
	char *path = destination_partial_path(d, f);
	int fd;

	assert_non_null(path);
	must(fs_unlink(path, &e), &e);
	must(fs_open_rw(path, true, &fd, &e), &e);
	must(fs_pwrite(fd, text, strlen(text), 0, path, &e), &e);
	must(fs_sync_data(fd, path, &e), &e);
	fs_close(&fd);
	must(destination_accept(d, f, &e), &e);
	assert_false(is_there(path));
	free(path);
}

static inline void place(struct destination *d, const char *commit,
    const struct remote_file *f)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	must(destination_place(d, commit, f, now(), &st, &e), &e);
	assert_int_equal(st.type, FS_FILE);
	assert_int_equal(st.size, f->size);
}

/* What is there for the file: "in place", "present" or "absent". */
static inline const char *state_of(struct destination *d, const char *commit,
    const struct remote_file *f)
{
	struct err e = ERR_INIT;
	struct local_file local;
	struct fs_stat st;
	char *path;

	memset(&local, 0xff, sizeof(local));
	must(destination_inspect(d, commit, f, &local, &st, &e), &e);
	assert_false(local.blob_verified);
	path = destination_content_path(d, commit, f);
	if (!local.in_place && !local.blob_present) {
		assert_null(path);
		return "absent";
	}
	assert_non_null(path);
	assert_int_equal(st.size, f->size);
	free(path);
	return local.in_place ? "in place" : "present";
}

static inline void publish(struct destination *d, const char *commit,
    struct remote_file *files, size_t n, const char *revision)
{
	struct remote_listing listing = { "", files, n, n };
	struct err e = ERR_INIT;

	memcpy(listing.commit, commit, sizeof(listing.commit));
	must(destination_publish(d, &listing, revision, &e), &e);
}

#endif
