/*
 * test_platform.c - digests, locks, clocks, zones, directories, signals,
 * terminals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/text.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/dirs.h"
#include "platform/entropy.h"
#include "platform/fs.h"
#include "platform/lock.h"
#include "platform/process.h"
#include "platform/process_try.h"
#include "platform/signals.h"
#include "platform/terminal.h"
#include "platform/zone.h"
#include "support/small.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PATH_TEXT_MAX = 512, CHILD_LIMIT_S = 20 };

static char root[PATH_TEXT_MAX];

static int make_root(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)umask(022);
	(void)snprintf(root, sizeof(root), "%s/hfcron-platform-XXXXXX",
	    tmp == NULL ? "/tmp" : tmp);
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int remove_root(void **state)
{
	static const char *const names[] = { "lock", "lock-link", "fifo" };
	char path[PATH_TEXT_MAX + 16];
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", root, names[i]);
		(void)unlink(path);
	}
	return rmdir(root);
}

/* Exit status of a child, 1000 + signal if one ended it. */
static int outcome(pid_t child)
{
	int status = 0;

	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

/* fork of a child that cannot outlive a broken test. */
static pid_t start_child(void)
{
	pid_t child = fork();

	assert_int_not_equal(child, -1);
	if (child == 0)
		(void)alarm(CHILD_LIMIT_S);
	return child;
}

/* digest */

static void digest_of(enum digest_kind kind, const void *bytes, size_t n,
    size_t step, char out[DIGEST_HEX_MAX])
{
	struct err e = ERR_INIT;
	struct digest *d = digest_new(kind, n, &e);
	size_t at, part;

	assert_non_null(d);
	for (at = 0; at < n; at += part) {
		part = n - at < step ? n - at : step;
		digest_update(d, (const char *)bytes + at, part);
	}
	digest_update(d, NULL, 0);
	assert_int_equal(digest_length(d), n);
	digest_final(d, out);
	digest_free(d);
}

static void digest_known_answers(void **state)
{
	/* FIPS 180 examples, and what git hash-object says. */
	static const struct {
		enum digest_kind kind;
		const char *text, *hex;
	} cases[] = {
		{ DIGEST_SHA256, "",
		    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"
		    "52b855" },
		{ DIGEST_SHA256, "abc",
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
		    "0015ad" },
		{ DIGEST_SHA256,
		    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419"
		    "db06c1" },
		{ DIGEST_GIT_SHA1, "",
		    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" },
		{ DIGEST_GIT_SHA1, "hello\n",
		    "ce013625030ba8dba906f756967f9e9ca394464a" },
		{ DIGEST_GIT_SHA1, "what is up, doc?",
		    "bd9dbf5aae1a3862dd1526723246b20206e5fc37" },
	};
	char out[DIGEST_HEX_MAX], *million;
	size_t i, step;
	uint8_t sum[32];

	(void)state;
	for (i = 0; i < COUNT(cases); i++)
		for (step = 1; step < 4; step++) {
			digest_of(cases[i].kind, cases[i].text,
			    strlen(cases[i].text), step, out);
			assert_string_equal(out, cases[i].hex);
		}
	million = malloc(1000000);
	assert_non_null(million);
	memset(million, 'a', 1000000);
	digest_of(DIGEST_SHA256, million, 1000000, 4099, out);
	assert_string_equal(out,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	digest_sha256(million, 1000000, sum);
	hex_encode(sum, sizeof(sum), out);
	assert_string_equal(out,
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
	free(million);
	digest_sha256(NULL, 0, sum);
	hex_encode(sum, sizeof(sum), out);
	assert_string_equal(out, cases[0].hex);
}

/* Save after every byte count, go on in another digest from the block. */
static void digest_state_at_every_boundary(void **state)
{
	uint8_t data[300], saved[DIGEST_STATE_BYTES];
	char expected[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];
	struct err e = ERR_INIT;
	struct digest *a, *b;
	uint64_t length;
	size_t cut, i;

	(void)state;
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + 3);
	digest_of(DIGEST_SHA256, data, sizeof(data), sizeof(data), expected);
	for (cut = 0; cut <= sizeof(data); cut++) {
		a = digest_new(DIGEST_SHA256, sizeof(data), &e);
		b = digest_new(DIGEST_SHA256, sizeof(data), &e);
		digest_update(a, data, cut);
		length = UINT64_MAX;
		assert_true(digest_save(a, saved, &length));
		assert_int_equal(length, cut - cut % 64);
		digest_update(b, "leftover", 8); /* restore forgets this */
		assert_true(digest_restore(b, saved));
		assert_int_equal(digest_length(b), length);
		digest_update(b, data + length, sizeof(data) - length);
		digest_final(b, got);
		assert_string_equal(got, expected);
		/* Saving changes nothing. */
		digest_update(a, data + cut, sizeof(data) - cut);
		digest_final(a, got);
		assert_string_equal(got, expected);
		digest_free(a);
		digest_free(b);
	}
}

static void digest_state_is_as_documented(void **state)
{
	/* The initial words of FIPS 180, little-endian, and a length of 0. */
	static const char initial[] = "67e6096a85ae67bb72f36e3c3af54fa5"
				      "7f520e518c68059babd9831f19cde05b"
				      "0000000000000000";
	uint8_t saved[DIGEST_STATE_BYTES], again[DIGEST_STATE_BYTES];
	char hex[2 * DIGEST_STATE_BYTES + 1];
	struct err e = ERR_INIT;
	struct digest *d = digest_new(DIGEST_SHA256, 0, &e);
	struct digest *git = digest_new(DIGEST_GIT_SHA1, 0, &e);
	uint64_t length = 4711;

	(void)state;
	assert_true(digest_save(d, saved, &length));
	hex_encode(saved, sizeof(saved), hex);
	assert_string_equal(hex, initial);
	assert_int_equal(length, 0);
	assert_false(digest_save(git, saved, &length));
	assert_false(digest_restore(git, saved));

	/* Above 2^32 bits and at the limit; beyond it and odd: refused. */
	saved[32 + 4] = 0x12;
	assert_true(digest_restore(d, saved));
	assert_int_equal(digest_length(d), UINT64_C(0x1200000000));
	digest_update(d, saved, 40);
	assert_true(digest_save(d, again, &length));
	assert_memory_equal(saved, again, sizeof(saved));
	saved[32] = 63;
	assert_false(digest_restore(d, saved));
	saved[32] = 0xc0;
	memset(saved + 33, 0xff, 6);
	saved[39] = 0x1f;
	assert_true(digest_restore(d, saved));
	saved[39] = 0x20;
	assert_false(digest_restore(d, saved));
	digest_free(d);
	digest_free(git);
	digest_free(NULL);
}

/* The bit count goes on correctly beyond 32 bits. */
static void digest_beyond_half_a_gigabyte(void **state)
{
	enum { CHUNK = 1 << 20 };
	const size_t chunks = all_or(513, 3);
	uint8_t saved[DIGEST_STATE_BYTES];
	char expected[DIGEST_HEX_MAX], got[DIGEST_HEX_MAX];
	struct err e = ERR_INIT;
	struct digest *a = digest_new(DIGEST_SHA256, 0, &e);
	struct digest *b = digest_new(DIGEST_SHA256, 0, &e);
	char *zeros = calloc(1, CHUNK);
	uint64_t length = 0;
	size_t i;

	(void)state;
	assert_non_null(zeros);
	for (i = 0; i < chunks; i++)
		digest_update(a, zeros, CHUNK);
	assert_true(digest_save(a, saved, &length));
	assert_int_equal(length, (uint64_t)CHUNK * chunks);
	assert_true(digest_restore(b, saved));
	digest_update(a, "end", 3);
	digest_update(b, "end", 3);
	digest_final(a, expected);
	digest_final(b, got);
	assert_string_equal(got, expected);
	digest_free(a);
	digest_free(b);
	free(zeros);
}

/* lock */

static void lock_path(char *buf, size_t size, const char *name)
{
	(void)snprintf(buf, size, "%s/%s", root, name);
}

/* Holds the lock until it is killed; says so on `ready`. */
static void hold_lock(const char *path, int ready)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char answer = lock_try(&lock, path, 0666, &e) == 0 ? 'y' : 'n';

	(void)!write(ready, &answer, 1);
	for (;;)
		(void)pause();
}

static void lock_between_processes(void **state)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16], answer = 0;
	int ready[2];
	pid_t child;

	(void)state;
	lock_path(path, sizeof(path), "lock");
	assert_int_equal(pipe(ready), 0);
	child = start_child();
	if (child == 0)
		hold_lock(path, ready[1]);
	assert_int_equal(read(ready[0], &answer, 1), 1);
	assert_int_equal(answer, 'y');
	assert_int_equal(lock_try(&lock, path, 0666, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	assert_non_null(strstr(e.text, path));
	assert_int_equal(lock.fd, -1);
	lock_release(&lock); /* legal when not held */
	/* It dies with its owner, however that dies. */
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(outcome(child), 1000 + SIGKILL);
	assert_int_equal(lock_try(&lock, path, 0666, &e), 0);
	assert_int_equal(fcntl(lock.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	lock_release(&lock);
	assert_int_equal(lock.fd, -1);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void lock_release_frees_despite_children(void **state)
{
	struct file_lock lock = FILE_LOCK_INIT, other = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16];
	struct fs_stat st;
	pid_t child;

	(void)state;
	lock_path(path, sizeof(path), "lock");
	assert_int_equal(lock_try(&lock, path, 0666, &e), 0);
	assert_int_equal(fs_stat(path, &st, &e), 0);
	assert_int_equal(st.mode, 0644);
	assert_int_equal(lock_try(&other, path, 0666, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	child = start_child();
	if (child == 0)
		for (;;)
			(void)pause();
	lock_release(&lock);
	assert_int_equal(lock_try(&other, path, 0666, &e), 0);
	lock_release(&other);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(outcome(child), 1000 + SIGKILL);
}

static void lock_of_a_deleted_file_is_another(void **state)
{
	struct file_lock old = FILE_LOCK_INIT, fresh = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16];

	(void)state;
	lock_path(path, sizeof(path), "lock");
	assert_int_equal(lock_try(&old, path, 0600, &e), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(lock_try(&fresh, path, 0600, &e), 0);
	lock_release(&old);
	/* Releasing the old one freed nothing of the new one. */
	assert_int_equal(lock_try(&old, path, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_BUSY);
	lock_release(&fresh);
}

static void lock_write_replaces_the_text(void **state)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16], *text = NULL;
	size_t n = 0;

	(void)state;
	lock_path(path, sizeof(path), "lock");
	assert_int_equal(lock_write(&lock, "x", &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(lock_try(&lock, path, 0600, &e), 0);
	assert_int_equal(lock_write(&lock, "pid 123456\n", &e), 0);
	assert_int_equal(lock_write(&lock, "pid 7\n", &e), 0);
	lock_release(&lock);
	assert_int_equal(fs_read_file(path, 100, &text, &n, &e), 0);
	assert_string_equal(text, "pid 7\n");
	free(text);
}

static void lock_refuses_other_things(void **state)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err e = ERR_INIT;
	char path[PATH_TEXT_MAX + 16];

	(void)state;
	lock_path(path, sizeof(path), "none/lock");
	assert_int_equal(lock_try(&lock, path, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(e.os_code, ENOENT);
	lock_path(path, sizeof(path), "lock-link");
	assert_int_equal(symlink("lock", path), 0);
	assert_int_equal(lock_try(&lock, path, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	lock_path(path, sizeof(path), "fifo");
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(lock_try(&lock, path, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(lock_try(&lock, root, 0600, &e), -1);
	assert_int_equal(e.kind, ERR_DISK);
	assert_int_equal(lock.fd, -1);
}

/* clock, entropy */

static void clocks_go_forward(void **state)
{
	struct mono before = clock_mono(), after;

	(void)state;
	assert_true(clock_wall().s > INT64_C(1700000000));
	clock_sleep_ms(20);
	clock_sleep_ms(0);
	clock_sleep_ms(-5);
	after = clock_mono();
	assert_true(after.ms - before.ms >= 19);
	assert_true(after.ms - before.ms < 5000);
}

static void sleep_ends_at_a_signal(void **state)
{
	struct mono before = clock_mono();
	int ready[2];
	char c;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = start_child();
	if (child == 0) {
		signals_install();
		(void)!write(ready[1], "x", 1);
		/* Also ends if the signal came before the sleep began. */
		while (signals_pending() == 0)
			clock_sleep_ms(CHILD_LIMIT_S * 250);
		_exit(signals_pending() == SIGTERM ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	clock_sleep_ms(50);
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(outcome(child), 0);
	assert_true(clock_mono().ms - before.ms < CHILD_LIMIT_S * 250);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void entropy_differs(void **state)
{
	uint8_t a[600], b[600];
	double u, low = 1, high = 0;
	int i;

	(void)state;
	memset(a, 0, sizeof(a));
	memset(b, 0, sizeof(b));
	assert_int_equal(entropy_fill(a, sizeof(a)), 0);
	assert_int_equal(entropy_fill(b, sizeof(b)), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	/* The end is filled too. */
	assert_memory_not_equal(a + 580, b + 580, 20);
	assert_int_equal(entropy_fill(a, 0), 0);
	for (i = 0; i < 1000; i++) {
		u = entropy_unit();
		assert_true(u >= 0 && u < 1);
		low = u < low ? u : low;
		high = u > high ? u : high;
	}
	assert_true(low < 0.1 && high > 0.9);
}

/* zone */

static int64_t utc(int year, int month, int day, int hour, int minute)
{
	struct civil c = { year, month, day, hour, minute, 0, 0 };

	return instant_from_civil(&c);
}

static void need_zone_files(void)
{
	if (zone_exists("Europe/Berlin"))
		return;
	print_message("no zone files here (Debian, Ubuntu: tzdata)\n");
	skip();
}

static void zone_names(void **state)
{
	static const struct {
		const char *name;
		bool exists;
	} cases[] = {
		{ "local", true },
		{ "UTC", true },
		{ "Europe/Berlin", true },
		{ "America/Argentina/Buenos_Aires", true },
		{ "Etc/GMT+3", true },
		{ "Europe/Atlantis", false },
		{ "europe/berlin/", false },
		{ "Europe", false }, /* a directory */
		{ "", false },
		{ "../zoneinfo/Europe/Berlin", false },
		{ "Europe/../Europe/Berlin", false },
		{ "/usr/share/zoneinfo/Europe/Berlin", false },
		{ "zone.tab", false },
		{ "Europe/Berlin\n", false },
		{ "Europe Berlin", false },
		{ ":Europe/Berlin", false },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", false },
		{ "LOCAL", false },
		{ "A23456789012345678901234567890123456789012345678901234567890"
		  "12345",
		    false },
	};
	char buf[PATH_TEXT_MAX];
	size_t i;

	(void)state;
	need_zone_files();
	for (i = 0; i < COUNT(cases); i++) {
		assert_int_equal(zone_exists(cases[i].name), cases[i].exists);
		if (!cases[i].exists) {
			assert_int_equal(zone_offset_s(cases[i].name,
					     utc(2026, 7, 1, 0, 0)),
			    0);
			assert_null(zone_file(cases[i].name, buf, sizeof(buf)));
		}
	}
	assert_null(zone_file("UTC", buf, sizeof(buf)));
	assert_ptr_equal(zone_file("Europe/Berlin", buf, sizeof(buf)), buf);
	assert_true(text_ends(buf, "/Europe/Berlin"));
	assert_null(zone_file("Europe/Berlin", buf, 10));
}

static void zone_offsets(void **state)
{
	/* Both changes of 2026 to the second, and places with odd rules. */
	static const struct {
		const char *name;
		int year, month, day, hour, minute, before_s;
		int32_t offset_s;
		const char *abbreviation;
	} cases[] = {
		{ "UTC", 2026, 7, 1, 0, 0, 0, 0, "UTC" },
		{ "Europe/Berlin", 2026, 3, 29, 1, 0, 1, 3600, "CET" },
		{ "Europe/Berlin", 2026, 3, 29, 1, 0, 0, 7200, "CEST" },
		{ "Europe/Berlin", 2026, 10, 25, 1, 0, 1, 7200, "CEST" },
		{ "Europe/Berlin", 2026, 10, 25, 1, 0, 0, 3600, "CET" },
		{ "America/New_York", 2026, 3, 8, 7, 0, 1, -18000, "EST" },
		{ "America/New_York", 2026, 3, 8, 7, 0, 0, -14400, "EDT" },
		{ "America/New_York", 2026, 11, 1, 6, 0, 1, -14400, "EDT" },
		{ "America/New_York", 2026, 11, 1, 6, 0, 0, -18000, "EST" },
		{ "Australia/Lord_Howe", 2026, 1, 1, 0, 0, 0, 39600, "+11" },
		{ "Australia/Lord_Howe", 2026, 7, 1, 0, 0, 0, 37800, "+1030" },
		{ "Asia/Kathmandu", 2026, 1, 1, 0, 0, 0, 20700, "+0545" },
		{ "Pacific/Kiritimati", 2026, 1, 1, 0, 0, 0, 50400, "+14" },
		{ "Etc/GMT+3", 2026, 1, 1, 0, 0, 0, -10800, "-03" },
		{ "Europe/Berlin", 2050, 7, 1, 0, 0, 0, 7200, "CEST" },
		{ "Europe/Berlin", 2150, 1, 1, 0, 0, 0, 3600, "CET" },
	};
	size_t i;

	(void)state;
	need_zone_files();
	for (i = 0; i < COUNT(cases); i++) {
		int64_t t = utc(cases[i].year, cases[i].month, cases[i].day,
				cases[i].hour, cases[i].minute) -
		    cases[i].before_s;

		assert_int_equal(zone_offset_s(cases[i].name, t),
		    cases[i].offset_s);
		assert_string_equal(zone_abbreviation(cases[i].name, t),
		    cases[i].abbreviation);
	}
	assert_int_equal(zone_offset_s("Europe/Berlin", INT64_MAX), 0);
	assert_string_equal(zone_abbreviation("Europe/Atlantis", 0), "UTC");
}

static void zone_local_is_what_tz_says(void **state)
{
	const int64_t summer = utc(2026, 7, 1, 0, 0);
	char buf[PATH_TEXT_MAX];

	(void)state;
	need_zone_files();
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	assert_int_equal(zone_offset_s("local", summer), 32400);
	assert_non_null(zone_file("local", buf, sizeof(buf)));
	assert_true(text_ends(buf, "/Asia/Tokyo"));
	/* Asking for another zone leaves TZ as it is. */
	assert_int_equal(zone_offset_s("Europe/Berlin", summer), 7200);
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	assert_int_equal(zone_offset_s("local", summer), 32400);
	assert_int_equal(setenv("TZ", "XYZ-2", 1), 0);
	assert_int_equal(zone_offset_s("local", summer), 7200);
	assert_string_equal(zone_abbreviation("local", summer), "XYZ");
	assert_null(zone_file("local", buf, sizeof(buf)));
	assert_int_equal(setenv("TZ", "", 1), 0);
	assert_int_equal(zone_offset_s("local", summer), 0);
	assert_null(zone_file("local", buf, sizeof(buf)));
	assert_int_equal(setenv("TZ", ":/dev/null", 1), 0);
	assert_null(zone_file("local", buf, sizeof(buf)));
	assert_int_equal(unsetenv("TZ"), 0);
	assert_int_equal(zone_offset_s("Asia/Tokyo", summer), 32400);
	assert_null(getenv("TZ"));
	(void)zone_file("local", buf, sizeof(buf));
	/* A folder with other zone files, here none. */
	assert_int_equal(setenv("TZDIR", root, 1), 0);
	assert_false(zone_exists("Europe/Berlin"));
	assert_true(zone_exists("UTC"));
	assert_int_equal(unsetenv("TZDIR"), 0);
}

/* dirs */

static void assert_owned(char *got, const char *expected)
{
	assert_non_null(got);
	assert_string_equal(got, expected);
	free(got);
}

static void dirs_follow_the_standard(void **state)
{
	char *paths[4];

	(void)state;
	assert_int_equal(setenv("HOME", "/home/me", 1), 0);
	assert_int_equal(setenv("XDG_CONFIG_HOME", "", 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", "relative", 1), 0);
	assert_int_equal(unsetenv("XDG_CACHE_HOME"), 0);
	assert_null(dirs_env("XDG_CONFIG_HOME"));
	assert_null(dirs_env("HFCRON_SURELY_UNSET"));
	assert_string_equal(dirs_env("HOME"), "/home/me");
	assert_int_equal(dirs_config_candidates(paths, 4), 2);
	assert_owned(paths[0], "/home/me/.config/hfcron/hfcron.yaml");
	assert_owned(paths[1], "/etc/hfcron/hfcron.yaml");
	assert_owned(dirs_default_state(), "/home/me/.local/state/hfcron");
	assert_owned(dirs_cache_home(), "/home/me/.cache");

	assert_int_equal(setenv("XDG_CONFIG_HOME", "/x/c", 1), 0);
	assert_int_equal(setenv("XDG_STATE_HOME", "/x/s", 1), 0);
	assert_int_equal(setenv("XDG_CACHE_HOME", "/x/k/", 1), 0);
	assert_int_equal(dirs_config_candidates(paths, 1), 1);
	assert_owned(paths[0], "/x/c/hfcron/hfcron.yaml");
	assert_int_equal(dirs_config_candidates(paths, 0), 0);
	assert_owned(dirs_default_state(), "/x/s/hfcron");
	assert_owned(dirs_cache_home(), "/x/k/");

	/* Without HOME the password database answers, or nothing does. */
	assert_int_equal(unsetenv("HOME"), 0);
	if (dirs_home() != NULL)
		assert_true(dirs_home()[0] != '\0');
}

static void dirs_expand_cases(void **state)
{
	static const struct {
		const char *in;
		int vars;
		const char *out;
	} cases[] = {
		{ "", 1, "" }, { "/a/b", 1, "/a/b" }, { "~", 0, "/home/me" },
		{ "~/x", 0, "/home/me/x" }, { "~other/x", 0, "~other/x" },
		{ "a/~/x", 0, "a/~/x" }, { "$HF_TEST_A/b", 1, "one/b" },
		{ "${HF_TEST_A}b", 1, "oneb" },
		{ "$HF_TEST_Ab", 1, "$HF_TEST_Ab" },
		{ "~/$HF_TEST_A", 1, "/home/me/one" },
		{ "$HF_TEST_A", 0, "$HF_TEST_A" },
		{ "${HF_TEST_A", 1, "${HF_TEST_A" }, { "${}", 1, "${}" },
		{ "$", 1, "$" }, { "$$1", 1, "$$1" },
		{ "a$HF_TEST_EMPTY-", 1, "a-" },
		{ "$HF_TEST_DOLLAR", 1, "$HF_TEST_A" }, /* once only */
	};
	size_t i;
	char *longer;

	(void)state;
	assert_int_equal(setenv("HOME", "/home/me", 1), 0);
	assert_int_equal(setenv("HF_TEST_A", "one", 1), 0);
	assert_int_equal(setenv("HF_TEST_EMPTY", "", 1), 0);
	assert_int_equal(setenv("HF_TEST_DOLLAR", "$HF_TEST_A", 1), 0);
	for (i = 0; i < COUNT(cases); i++)
		assert_owned(dirs_expand(cases[i].in, cases[i].vars),
		    cases[i].out);
	longer = calloc(1, 70000);
	assert_non_null(longer);
	memset(longer, 'a', 69999);
	assert_null(dirs_expand(longer, 1));
	free(longer);
}

/* signals: each in a child of its own */

static bool readable(int fd, int wait_ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int rc;

	do {
		rc = poll(&p, 1, wait_ms);
	} while (rc == -1 && errno == EINTR);
	return rc == 1;
}

/* What a careless parent leaves to its children. */
static void spoil_signals(void)
{
	sigset_t all;

	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
}

static void signals_are_noted(void **state)
{
	static const int stop[] = { SIGTERM, SIGINT, SIGHUP, SIGXCPU };
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(stop); i++) {
		pid_t child = start_child();

		if (child == 0) {
			spoil_signals();
			signals_install();
			if (signals_pending() != 0 || readable(signals_fd(), 0))
				_exit(1);
			(void)raise(stop[i]);
			if (signals_pending() != stop[i] ||
			    !readable(signals_fd(), 0))
				_exit(2);
			if ((fcntl(signals_fd(), F_GETFD) & FD_CLOEXEC) == 0)
				_exit(3);
			signals_reraise(stop[i]);
		}
		assert_int_equal(outcome(child), 1000 + stop[i]);
	}
}

static void signals_second_ends_at_once(void **state)
{
	pid_t child = start_child();

	(void)state;
	if (child == 0) {
		signals_install();
		(void)raise(SIGTERM);
		if (signals_pending() != SIGTERM)
			_exit(1);
		(void)raise(SIGINT);
		_exit(2);
	}
	assert_int_equal(outcome(child), 1000 + SIGINT);
}

static void signals_wake_a_waiting_poll(void **state)
{
	int ready[2];
	char c;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	child = start_child();
	if (child == 0) {
		signals_install();
		(void)!write(ready[1], "x", 1);
		_exit(readable(signals_fd(), CHILD_LIMIT_S * 1000) ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(kill(child, SIGTERM), 0);
	assert_int_equal(outcome(child), 0);
	(void)close(ready[0]);
	(void)close(ready[1]);
}

static void signals_ignored_ones(void **state)
{
	pid_t child = start_child();

	(void)state;
	if (child == 0) {
		int broken[2];

		(void)signal(SIGHUP, SIG_IGN); /* nohup */
		signals_install();
		(void)raise(SIGHUP);
		(void)raise(SIGPIPE);
		(void)raise(SIGXFSZ);
		if (signals_pending() != 0 || pipe(broken) == -1)
			_exit(1);
		(void)close(broken[0]);
		_exit(write(broken[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2);
	}
	assert_int_equal(outcome(child), 0);
}

/* process */

static void process_is_asked_kindly(void **state)
{
	static const int64_t nobody[] = { INT64_MIN, -7, -1, 0, 1,
		INT64_C(1) << 32, INT64_C(4294967296) + 7, INT64_MAX };
	struct err e = ERR_INIT;
	pid_t child = start_child();
	size_t i;

	(void)state;
	if (child == 0)
		for (;;)
			(void)pause();
	assert_int_equal(process_id(), getpid());
	for (i = 0; i < COUNT(nobody); i++) {
		assert_int_equal(process_ask_to_stop(nobody[i], &e), -1);
		assert_int_equal(e.kind, ERR_USAGE);
	}
	assert_int_equal(process_ask_to_stop(child, &e), 0);
	assert_int_equal(outcome(child), 1000 + SIGTERM);
	assert_int_equal(process_ask_to_stop(child, &e), -1);
	assert_int_equal(e.kind, ERR_USAGE);
	assert_int_equal(e.os_code, ESRCH);
	child = start_child();
	if (child == 0)
		process_leave(7);
	assert_int_equal(outcome(child), 7);
}

/* Work for children: its arguments are all it may depend on. */
static int changed = 41;

static int join_lengths(const char *const *args)
{
	(void)puts("not to be seen");
	changed++;
	return (int)(strlen(args[0]) * 10 + strlen(args[1])) +
	    (args[2] != NULL);
}

static int die(const char *const *args)
{
	(void)args;
	return raise(SIGABRT);
}

static int never_end(const char *const *args)
{
	(void)args;
	while (clock_wall().s != 0)
		clock_sleep_ms(1000);
	return 0;
}

static int leave(const char *const *args)
{
	(void)args;
	process_leave(0);
}

static const struct process_work works[] = {
	{ "join-lengths", join_lengths },
	{ "die", die },
	{ "never-end", never_end },
	{ "leave", leave },
};

static enum process_end try_work(const struct process_work *work,
    const char *const *args, int64_t limit_ms, int *result)
{
	enum process_end end = PROCESS_LATE;
	struct err e = ERR_INIT;

	assert_int_equal(process_try(work, args, limit_ms, 1 << 28, &end,
			     result, &e),
	    0);
	return end;
}

static void what_dies_in_a_child_kills_nobody(void **state)
{
	const char *const args[] = { "a \"b\" c\\", "", NULL };
	struct mono start = clock_mono();
	int result;

	(void)state;
	assert_int_equal(try_work(&works[0], args, 5000, &result),
	    PROCESS_RETURNED);
	assert_int_equal(result, 80);
	assert_int_equal(changed, 41);
	assert_int_equal(try_work(&works[1], NULL, 5000, &result),
	    PROCESS_DIED);
	assert_int_equal(result, 0);
	assert_int_equal(try_work(&works[3], NULL, 5000, &result),
	    PROCESS_DIED);
	assert_true(clock_mono().ms - start.ms < 5000);
	assert_int_equal(try_work(&works[2], NULL, 100, &result), PROCESS_LATE);
	assert_int_equal(result, 0);
}

static int eat_memory(const char *const *args)
{
	void *much = mmap(NULL, (size_t)1 << 30, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)args;
	return much == MAP_FAILED ? 3 : 4;
}

static void a_child_has_its_limits(void **state)
{
	const struct process_work work = { "eat-memory", eat_memory };
	enum process_end end;
	struct err e = ERR_INIT;
	int result;

	(void)state;
	assert_int_equal(process_try(&work, NULL, 5000, 1 << 28, &end, &result,
			     &e),
	    0);
	assert_int_equal(end, PROCESS_RETURNED);
	assert_int_equal(result, 3);
	assert_int_equal(process_try(&work, NULL, 5000, UINT64_C(3) << 30, &end,
			     &result, &e),
	    0);
	assert_int_equal(result, 4);
}

/* terminal */

static void terminal_guards_closed_streams(void **state)
{
	pid_t child = start_child();

	(void)state;
	if (child == 0) {
		struct stat null, st;
		int fd, bad = stat("/dev/null", &null);

		for (fd = 0; fd < 3; fd++)
			(void)close(fd);
		terminal_guard_streams();
		for (fd = 0; fd < 3; fd++)
			if (fstat(fd, &st) == -1 || st.st_rdev != null.st_rdev)
				bad = 1;
		fd = open("/dev/null", O_RDONLY);
		_exit(bad != 0 ? 1 : fd < 3 ? 2 : 0);
	}
	assert_int_equal(outcome(child), 0);
	/* Open ones stay what they are. */
	child = start_child();
	if (child == 0) {
		struct stat before, after;

		(void)close(0);
		if (open("/", O_RDONLY) != 0 || fstat(0, &before) == -1)
			_exit(1);
		terminal_guard_streams();
		_exit(fstat(0, &after) == 0 && before.st_ino == after.st_ino
			? 0
			: 2);
	}
	assert_int_equal(outcome(child), 0);
}

static void terminal_questions(void **state)
{
	struct winsize size = { 40, 123, 0, 0 };
	const char *name;
	int plain[2], master, slave;

	(void)state;
	assert_int_equal(pipe(plain), 0);
	assert_int_equal(setenv("TERM", "xterm", 1), 0);
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_false(terminal_is_tty(plain[0]));
	assert_false(terminal_has_colour(plain[0]));
	assert_int_equal(terminal_columns(plain[0]), 80);
	assert_false(terminal_is_tty(-1));
	(void)close(plain[0]);
	(void)close(plain[1]);

	master = posix_openpt(O_RDWR | O_NOCTTY);
	if (master == -1 || grantpt(master) == -1 || unlockpt(master) == -1) {
		print_message("no pseudo terminals here\n");
		skip();
	}
	name = ptsname(master);
	assert_non_null(name);
	slave = open(name, O_RDWR | O_NOCTTY);
	assert_int_not_equal(slave, -1);
	assert_true(terminal_is_tty(slave));
	assert_int_equal(terminal_columns(slave), 80);
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	assert_int_equal(terminal_columns(slave), 123);
	assert_true(terminal_has_colour(slave));
	assert_int_equal(setenv("NO_COLOR", "", 1), 0);
	assert_true(terminal_has_colour(slave));
	assert_int_equal(setenv("NO_COLOR", "1", 1), 0);
	assert_false(terminal_has_colour(slave));
	assert_int_equal(unsetenv("NO_COLOR"), 0);
	assert_int_equal(setenv("TERM", "dumb", 1), 0);
	assert_false(terminal_has_colour(slave));
	assert_int_equal(unsetenv("TERM"), 0);
	assert_false(terminal_has_colour(slave));
	(void)close(slave);
	(void)close(master);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digest_known_answers),
		cmocka_unit_test(digest_state_at_every_boundary),
		cmocka_unit_test(digest_state_is_as_documented),
		cmocka_unit_test(digest_beyond_half_a_gigabyte),
		cmocka_unit_test(lock_between_processes),
		cmocka_unit_test(lock_release_frees_despite_children),
		cmocka_unit_test(lock_of_a_deleted_file_is_another),
		cmocka_unit_test(lock_write_replaces_the_text),
		cmocka_unit_test(lock_refuses_other_things),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(sleep_ends_at_a_signal),
		cmocka_unit_test(entropy_differs),
		cmocka_unit_test(zone_names),
		cmocka_unit_test(zone_offsets),
		cmocka_unit_test(zone_local_is_what_tz_says),
		cmocka_unit_test(dirs_follow_the_standard),
		cmocka_unit_test(dirs_expand_cases),
		cmocka_unit_test(signals_are_noted),
		cmocka_unit_test(signals_second_ends_at_once),
		cmocka_unit_test(signals_wake_a_waiting_poll),
		cmocka_unit_test(signals_ignored_ones),
		cmocka_unit_test(process_is_asked_kindly),
		cmocka_unit_test(what_dies_in_a_child_kills_nobody),
		cmocka_unit_test(a_child_has_its_limits),
		cmocka_unit_test(terminal_guards_closed_streams),
		cmocka_unit_test(terminal_questions),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
