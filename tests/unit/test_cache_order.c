/*
 * test_cache_order.c - in which order names are put on disk, and what a kill
 * at any point leaves.
 *
 * A child does the work under ptrace(2): every system call that changes the
 * test's folder is noted before it is made, and the child may be killed there.
 */
#include "test_cache_fixture.h"

#ifdef __linux__
#include <sys/ptrace.h>
#endif

#ifdef PTRACE_GET_SYSCALL_INFO

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <utime.h>

#include "base/strbuf.h"
#include "cache/local_metadata.h"

enum { EVENTS_MAX = 1000, TRACE_BYTES_MAX = 1 << 20, NEVER = -1 };

/* --- the tracer ---------------------------------------------------------- */

/* Where the call's path or descriptor is; -1: it has none. */
struct call {
	long nr;
	const char *name;
	int dir_fd, path, fd, to_dir_fd, to_path;
	int flags; /* argument that must have O_CREAT */
};

static const struct call calls[] = {
#ifdef SYS_rename
	{ SYS_rename, "rename", -1, 0, -1, -1, 1, -1 },
#endif
#ifdef SYS_renameat
	{ SYS_renameat, "rename", 0, 1, -1, 2, 3, -1 },
#endif
#ifdef SYS_renameat2
	{ SYS_renameat2, "rename", 0, 1, -1, 2, 3, -1 },
#endif
#ifdef SYS_symlink
	{ SYS_symlink, "link", -1, 1, -1, -1, -1, -1 },
#endif
	{ SYS_symlinkat, "link", 1, 2, -1, -1, -1, -1 },
#ifdef SYS_mkdir
	{ SYS_mkdir, "mkdir", -1, 0, -1, -1, -1, -1 },
#endif
	{ SYS_mkdirat, "mkdir", 0, 1, -1, -1, -1, -1 },
#ifdef SYS_unlink
	{ SYS_unlink, "unlink", -1, 0, -1, -1, -1, -1 },
#endif
#ifdef SYS_rmdir
	{ SYS_rmdir, "unlink", -1, 0, -1, -1, -1, -1 },
#endif
	{ SYS_unlinkat, "unlink", 0, 1, -1, -1, -1, -1 },
#ifdef SYS_open
	{ SYS_open, "create", -1, 0, -1, -1, -1, 1 },
#endif
	{ SYS_openat, "create", 0, 1, -1, -1, -1, 2 },
	{ SYS_pwrite64, "write", -1, -1, 0, -1, -1, -1 },
	{ SYS_write, "write", -1, -1, 0, -1, -1, -1 },
	{ SYS_ftruncate, "write", -1, -1, 0, -1, -1, -1 },
	{ SYS_fchmod, "chmod", -1, -1, 0, -1, -1, -1 },
	{ SYS_fsync, "sync", -1, -1, 0, -1, -1, -1 },
	{ SYS_fdatasync, "sync", -1, -1, 0, -1, -1, -1 },
};

struct trace {
	char *events[EVENTS_MAX]; /* own; "sync hub/x", paths below root */
	int n;
	bool finished; /* not killed */
	int status;
};

static void trace_release(struct trace *t)
{
	for (int i = 0; i < t->n; i++)
		free(t->events[i]);
	t->n = 0;
}

/* What the descriptor is of, "" if none. */
static void path_of_fd(pid_t child, int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		(void)snprintf(link, sizeof(link), "/proc/%d/cwd", (int)child);
	else
		(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)child,
		    fd);
	n = readlink(link, path, PATH_MAX - 1);
	path[n < 0 ? 0 : n] = '\0';
}

static void path_of_argument(pid_t child, int dir_fd, uint64_t address,
    char path[PATH_MAX])
{
	char name[PATH_MAX] = "", mem[64];
	size_t n;
	int fd;

	(void)snprintf(mem, sizeof(mem), "/proc/%d/mem", (int)child);
	fd = open(mem, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (n = 0; n < sizeof(name) - 1; n++)
		if (pread(fd, &name[n], 1, (off_t)(address + n)) != 1 ||
		    name[n] == '\0')
			break;
	name[n] = '\0';
	(void)close(fd);
	path[0] = '\0';
	if (name[0] != '/') {
		path_of_fd(child, dir_fd, path);
		n = strlen(path);
		(void)snprintf(path + n, PATH_MAX - n, "/");
	}
	n = strlen(path);
	(void)snprintf(path + n, PATH_MAX - n, "%.*s", (int)(PATH_MAX - n - 1),
	    name);
}

/* Below root?  Then relative to it, without a "/" at its end. */
static const char *in_root(char *path)
{
	size_t n = strlen(root), m = strlen(path);

	if (strncmp(path, root, n) != 0 || path[n] != '/')
		return NULL;
	while (m > n && path[m - 1] == '/')
		path[--m] = '\0';
	return path + n + 1;
}

/* The call as an event, or NULL if it does not change the folder. */
static char *event_of(pid_t child, const struct __ptrace_syscall_info *info)
{
	const struct call *c = NULL;
	char path[PATH_MAX], to[PATH_MAX];
	const __typeof__(info->entry.args[0]) *args = info->entry.args;
	const char *rel, *to_rel = NULL;

	for (size_t i = 0; i < COUNT(calls); i++)
		if (calls[i].nr == (long)info->entry.nr)
			c = &calls[i];
	if (c == NULL || (c->flags >= 0 && (args[c->flags] & O_CREAT) == 0))
		return NULL;
	if (c->fd >= 0)
		path_of_fd(child, (int)args[c->fd], path);
	else
		path_of_argument(child,
		    c->dir_fd < 0 ? AT_FDCWD : (int)args[c->dir_fd],
		    args[c->path], path);
	rel = in_root(path);
	if (rel == NULL)
		return NULL;
	if (c->to_path >= 0) {
		path_of_argument(child,
		    c->to_dir_fd < 0 ? AT_FDCWD : (int)args[c->to_dir_fd],
		    args[c->to_path], to);
		to_rel = in_root(to);
	}
	return text_format("%s %s%s%s", c->name, rel, to_rel == NULL ? "" : " ",
	    to_rel == NULL ? "" : to_rel);
}

/* One stop of the child; false once it is gone. */
static bool step(pid_t child, struct trace *t, int kill_at)
{
	struct __ptrace_syscall_info info;
	char *event;

	if (ptrace(PTRACE_SYSCALL, child, NULL, NULL) == -1)
		return false;
	assert_int_equal(waitpid(child, &t->status, 0), child);
	if (WIFEXITED(t->status) || WIFSIGNALED(t->status)) {
		t->finished = WIFEXITED(t->status);
		return false;
	}
	memset(&info, 0, sizeof(info));
	if (WSTOPSIG(t->status) != (SIGTRAP | 0x80) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) <= 0 ||
	    info.op != PTRACE_SYSCALL_INFO_ENTRY)
		return true;
	event = event_of(child, &info);
	if (event == NULL)
		return true;
	assert_true(t->n < EVENTS_MAX);
	t->events[t->n++] = event;
	if (t->n - 1 == kill_at)
		(void)kill(child, SIGKILL);
	return true;
}

/*
 * Do the work in a child, killed before its change number `kill_at` (NEVER:
 * not at all).  Skips the test where tracing is forbidden.
 */
static void run_traced(int (*work)(void), int kill_at, struct trace *t)
{
	pid_t child = fork();

	memset(t, 0, sizeof(*t));
	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1)
			_exit(99);
		(void)raise(SIGSTOP);
		_exit(work() == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &t->status, 0), child);
	if (!WIFSTOPPED(t->status))
		skip();
	if (ptrace(PTRACE_SETOPTIONS, child, NULL,
		PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) == -1) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, &t->status, 0);
		skip();
	}
	while (step(child, t, kill_at))
		;
	if (t->finished && WEXITSTATUS(t->status) != 0)
		fail_msg("the work failed");
}

/* The first event of that text from `from` on; what is asked for must be. */
static int event_at(const struct trace *t, int from, const char *text)
{
	for (int i = from; i < t->n; i++)
		if (strcmp(t->events[i], text) == 0)
			return i;
	for (int i = 0; i < t->n; i++)
		print_message("%3d %s\n", i, t->events[i]);
	fail_msg("no \"%s\" from %d on", text, from);
	return -1;
}

/* The first that begins and ends so: temporary names are between. */
static int event_like(const struct trace *t, int from, const char *start,
    const char *end)
{
	for (int i = from; i < t->n; i++)
		if (text_starts(t->events[i], start) &&
		    text_ends(t->events[i], end))
			return i;
	for (int i = 0; i < t->n; i++)
		print_message("%3d %s\n", i, t->events[i]);
	fail_msg("no \"%s...%s\" from %d on", start, end, from);
	return -1;
}

static bool has_event(const struct trace *t, const char *text)
{
	for (int i = 0; i < t->n; i++)
		if (strcmp(t->events[i], text) == 0)
			return true;
	return false;
}

/* --- the work ------------------------------------------------------------ */

#define REPO "hub/models--org--name"
#define SNAPSHOTS REPO "/snapshots/"
#define BLOB_OLD REPO "/blobs/" GIT_1
#define BLOB_NEW REPO "/blobs/" GIT_2
#define PARTIAL_NEW REPO "/blobs/" GIT_2 "." STORE_ID ".hfcron.incomplete"
#define DOWNLOAD "dir/.cache/huggingface/download"

/* Commit A has "same" and "sub/x" (old); commit B the same and a new x. */
struct version {
	const char *commit, *oid, *text;
};
static const struct version version_a = { COMMIT_A, GIT_1, "old" };
static const struct version version_b = { COMMIT_B, GIT_2, "new" };

/* No assertions of cmocka's: this runs in the child. */
static int bring(struct destination *d, const struct remote_file *f,
    const char *commit, const char *text, struct err *e)
{
	struct local_file local;
	struct fs_stat st;
	char *partial;
	int fd = -1, rc = -1;

	if (destination_inspect(d, commit, f, &local, &st, e) == -1)
		return -1;
	if (local.in_place)
		return 0;
	partial = destination_partial_path(d, f);
	if (partial == NULL)
		return -1;
	if (local.blob_present ||
	    (fs_unlink(partial, e) == 0 &&
		fs_open_rw(partial, true, &fd, e) == 0 &&
		fs_pwrite(fd, text, strlen(text), 0, partial, e) == 0 &&
		fs_sync_data(fd, partial, e) == 0 &&
		destination_accept(d, f, e) == 0))
		rc = destination_place(d, commit, f, now(), &st, e);
	fs_close(&fd);
	free(partial);
	return rc;
}

static int update(const char *local_dir, const struct version *v)
{
	struct remote_file files[] = {
		file_of("same", 4, GIT_3, ""),
		file_of("sub/x", 3, v->oid, ""),
	};
	struct remote_listing listing = { "", files, 2, 2 };
	struct err e = ERR_INIT;
	struct destination *d = destination_new(at("hub"), local_dir,
	    REPO_MODEL, "org/name", STORE_ID, &e);
	int rc = -1;

	memcpy(listing.commit, v->commit, sizeof(listing.commit));
	if (d != NULL && destination_prepare(d, &e) == 0 &&
	    bring(d, &files[0], v->commit, "same", &e) == 0 &&
	    bring(d, &files[1], v->commit, v->text, &e) == 0)
		rc = destination_publish(d, &listing, "main", &e);
	if (rc == -1)
		(void)fprintf(stderr, "%s\n", e.text);
	destination_free(d);
	return rc;
}

static int update_cache(void)
{
	return update(NULL, &version_b);
}

static int update_dir(void)
{
	return update(at("dir"), &version_b);
}

/* --- the cache ----------------------------------------------------------- */

/* Commit A published, and in B's folder a link to the wrong blob. */
static void old_cache(void)
{
	remove_tree(at("hub"));
	assert_int_equal(update(NULL, &version_a), 0);
	put_dir(at(SNAPSHOTS COMMIT_B "/sub"));
	assert_int_equal(symlink("../../../blobs/" GIT_1,
			     at(SNAPSHOTS COMMIT_B "/sub/x")),
	    0);
}

/* Only these names, so nothing temporary. */
static int known_name(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	const char *known = cookie;

	(void)type;
	if (strstr(known, name) == NULL)
		return err_set(e, ERR_BUG, "%s is not of \"%s\"", name, known);
	return 0;
}

static void must_know(const char *path, const char *names)
{
	char known[200];
	struct err e = ERR_INIT;

	(void)snprintf(known, sizeof(known), "%s", names);
	must(fs_list_dir(path, known_name, known, &e), &e);
}

/* What a reader finds: one revision, whole. */
static void read_cache(const char *commit)
{
	const struct version *v;
	struct err e = ERR_INIT;
	char path[256], *ref;
	size_t n;

	must(fs_read_file(at(REPO "/refs/main"), 41, &ref, &n, &e), &e);
	v = strcmp(ref, COMMIT_A) == 0 ? &version_a : &version_b;
	assert_string_equal(ref, v->commit);
	if (commit != NULL)
		assert_string_equal(ref, commit);
	free(ref);
	(void)snprintf(path, sizeof(path), SNAPSHOTS "%s/same", v->commit);
	must_hold(at(path), "same");
	(void)snprintf(path, sizeof(path), SNAPSHOTS "%s/sub/x", v->commit);
	must_hold(at(path), v->text);
	must_know(at(REPO "/refs"), "main");
	must_know(at("hub"), "CACHEDIR.TAG models--org--name .locks");
	must_know(at(SNAPSHOTS), COMMIT_A " " COMMIT_B);
	must_know(at(SNAPSHOTS COMMIT_A), "same sub");
	must_know(at(SNAPSHOTS COMMIT_B), "same sub");
	must_know(at(SNAPSHOTS COMMIT_A "/sub"), "x");
	must_know(at(SNAPSHOTS COMMIT_B "/sub"), "x");
	must_hold(at(BLOB_OLD), "old");
	if (is_there(at(BLOB_NEW)))
		must_hold(at(BLOB_NEW), "new");
}

static void cache_is_whole_after_any_kill(void **state)
{
	struct trace t;
	int kills = 0;

	(void)state;
	do {
		old_cache();
		run_traced(update_cache, kills, &t);
		read_cache(t.finished ? COMMIT_B : NULL);
		assert_int_equal(update_cache(), 0);
		read_cache(COMMIT_B);
		must_have_mode(at(BLOB_NEW), 0644);
		trace_release(&t);
	} while (!t.finished && ++kills < EVENTS_MAX);
	/* as many changes as there must be at the least */
	assert_in_range(kills, 20, EVENTS_MAX - 1);
}

static void cache_is_synced_in_order(void **state)
{
	struct trace t;
	int i;

	(void)state;
	old_cache();
	run_traced(update_cache, NEVER, &t);
	/* content under its partial name, */
	i = event_at(&t, 0, "write " PARTIAL_NEW);
	i = event_at(&t, i, "sync " PARTIAL_NEW);
	i = event_at(&t, i, "chmod " PARTIAL_NEW);
	/* then under its own, */
	i = event_at(&t, i, "rename " PARTIAL_NEW " " BLOB_NEW);
	i = event_at(&t, i, "sync " REPO "/blobs");
	/* then the link, by rename since there was a wrong one, */
	i = event_like(&t, i, "link " REPO "/.hfcron.", ".tmp");
	i = event_like(&t, i, "rename " REPO "/.hfcron.",
	    ".tmp " SNAPSHOTS COMMIT_B "/sub/x");
	assert_true(event_at(&t, 0, "link " SNAPSHOTS COMMIT_B "/same") < i);
	(void)event_at(&t, i, "sync " SNAPSHOTS COMMIT_B);
	i = event_at(&t, i, "sync " SNAPSHOTS COMMIT_B "/sub");
	assert_true(event_at(&t, 0, "sync " SNAPSHOTS COMMIT_B) < i);
	/* then the tree file, */
	i = event_like(&t, i, "sync " REPO "/.", ".tmp");
	i = event_like(&t, i, "rename " REPO "/.",
	    ".tmp " REPO "/trees/" COMMIT_B ".json");
	i = event_at(&t, i, "sync " REPO "/trees");
	/* and last the ref. */
	i = event_like(&t, i, "sync " REPO "/.main.", ".tmp");
	i = event_like(&t, i, "rename " REPO "/.main.",
	    ".tmp " REPO "/refs/main");
	i = event_at(&t, i, "sync " REPO "/refs");
	assert_int_equal(i, t.n - 1);
	trace_release(&t);
	/* Nothing to do: nothing is written. */
	run_traced(update_cache, NEVER, &t);
	for (i = 0; i < t.n; i++)
		if (!text_starts(t.events[i], "sync ") &&
		    !text_starts(t.events[i], "mkdir "))
			fail_msg("%s", t.events[i]);
	/* But links that others may have made are synced all the same. */
	(void)event_at(&t, 0, "sync " SNAPSHOTS COMMIT_B "/sub");
	trace_release(&t);
}

/* Who wrote it may not have synced it; what is old is on disk. */
static void adopted_content_is_synced(void **state)
{
	struct utimbuf old = { 1700000000, 1700000000 };
	struct trace t;
	int i;

	(void)state;
	for (int is_old = 0; is_old < 2; is_old++) {
		old_cache();
		put(at(BLOB_NEW), "new");
		if (is_old)
			assert_int_equal(utime(at(BLOB_NEW), &old), 0);
		run_traced(update_cache, NEVER, &t);
		i = event_like(&t, 0, "rename ", COMMIT_B "/sub/x");
		if (is_old)
			assert_false(has_event(&t, "sync " BLOB_NEW));
		else
			assert_true(event_at(&t, 0, "sync " BLOB_NEW) < i);
		(void)event_at(&t, i, "sync " REPO "/blobs");
		trace_release(&t);
		read_cache(COMMIT_B);
	}
}

/* --- local_dir ----------------------------------------------------------- */

static void old_dir(void)
{
	remove_tree(at("dir"));
	assert_int_equal(update(at("dir"), &version_a), 0);
}

/* Whole files, and no book that tells a lie about them. */
static void read_dir(void)
{
	struct local_metadata m;
	struct err e = ERR_INIT;
	struct fs_stat st;
	char *book, *text;
	size_t n, text_n;

	must_hold(at("dir/same"), "same");
	must(fs_read_file(at("dir/sub/x"), 100, &text, &text_n, &e), &e);
	must(fs_read_file(at(DOWNLOAD "/sub/x.metadata"), 1000, &book, &n, &e),
	    &e);
	must(fs_lstat(at("dir/sub/x"), &st, &e), &e);
	assert_int_equal(local_metadata_parse(book, n, &m), 0);
	assert_true(strcmp(text, "old") == 0 || strcmp(text, "new") == 0);
	/* The book follows the file: it may be the older one for a moment. */
	if (strcmp(m.etag, GIT_2) == 0)
		assert_string_equal(text, "new");
	free(book);
	free(text);
	must_know(at("dir"), ".cache same sub");
	must_know(at("dir/sub"), "x");
}

static void dir_is_whole_after_any_kill(void **state)
{
	struct trace t;
	int kills = 0;

	(void)state;
	do {
		old_dir();
		run_traced(update_dir, kills, &t);
		read_dir();
		assert_int_equal(update_dir(), 0);
		read_dir();
		must_hold(at("dir/sub/x"), "new");
		must_have_mode(at("dir/sub/x"), 0644);
		trace_release(&t);
	} while (!t.finished && ++kills < EVENTS_MAX);
	assert_in_range(kills, 20, EVENTS_MAX - 1);
}

static void dir_is_synced_in_order(void **state)
{
	static const char partial[] = DOWNLOAD "/" GIT_2 "." STORE_ID
					       ".hfcron.incomplete";
	static const char staged[] = DOWNLOAD "/" GIT_2 "." STORE_ID
					      ".staged.hfcron.incomplete";
	char text[512];
	struct trace t;
	int i;

	(void)state;
	old_dir();
	run_traced(update_dir, NEVER, &t);
	(void)snprintf(text, sizeof(text), "sync %s", partial);
	i = event_at(&t, 0, text);
	(void)snprintf(text, sizeof(text), "rename %s %s", partial, staged);
	i = event_at(&t, i, text);
	i = event_at(&t, i, "sync " DOWNLOAD);
	(void)snprintf(text, sizeof(text), "rename %s dir/sub/x", staged);
	i = event_at(&t, i, text);
	i = event_like(&t, i, "rename " DOWNLOAD "/.hfcron.",
	    ".tmp " DOWNLOAD "/sub/x.metadata");
	i = event_at(&t, i, "sync dir/sub");
	i = event_at(&t, i, "sync " DOWNLOAD "/sub");
	(void)event_like(&t, i, "rename dir/.cache/huggingface/.",
	    COMMIT_B ".json");
	/* The old file is never away. */
	assert_false(has_event(&t, "unlink dir/sub/x"));
	trace_release(&t);
}

static int setup(void **state)
{
	char *real;

	if (fixture_setup(state) == -1)
		return -1;
	/* As /proc names it. */
	real = realpath(root, NULL);
	if (real == NULL)
		return -1;
	(void)snprintf(root, sizeof(root), "%s", real);
	free(real);
	return 0;
}

int main(void)
{
#define IN_FOLDER(test) \
	cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		IN_FOLDER(cache_is_whole_after_any_kill),
		IN_FOLDER(cache_is_synced_in_order),
		IN_FOLDER(adopted_content_is_synced),
		IN_FOLDER(dir_is_whole_after_any_kill),
		IN_FOLDER(dir_is_synced_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* skipped: no such tracing on this system */
}

#endif
