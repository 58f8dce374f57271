/*
 * test_config_fixture.h - a fresh folder with a home in it and an environment
 * that says nothing, for the tests of src/config.  Include after cmocka.h.
 */
#ifndef HFCRON_TEST_CONFIG_FIXTURE_H
#define HFCRON_TEST_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "config/config.h"
#include "platform/fs.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { PATH_SIZE = 256 };

static char top[PATH_SIZE]; /* a fresh folder; the home is in it */

static void put(const char *name, const char *text, size_t n)
{
	char path[2 * PATH_SIZE];
	struct err e = ERR_INIT;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	if (fs_write_file(path, NULL, 0644, text, n, &e) == -1)
		fail_msg("%s", e.text);
}

/* All problems, one per line, "T/" for the folder, "note: " before notes. */
static char *lines(const struct problems *p)
{
	char line[4096], *at;
	struct strbuf all;

	strbuf_init(&all, 1 << 20);
	for (size_t i = 0; i < p->n; i++) {
		const char *rest = problems_line(&p->items[i], line,
		    sizeof(line));

		if (p->items[i].note)
			strbuf_puts(&all, "note: ");
		while ((at = strstr(rest, top)) != NULL) {
			strbuf_add(&all, rest, (size_t)(at - rest));
			strbuf_putc(&all, 'T');
			rest = at + strlen(top);
		}
		strbuf_printf(&all, "%s\n", rest);
	}
	if (all.text == NULL)
		strbuf_puts(&all, "");
	assert_false(strbuf_failed(&all));
	return strbuf_detach(&all);
}

static void unset_all(void)
{
	static const char *const names[] = { "HF_ENDPOINT", "HF_HOME",
		"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME",
		"XDG_CONFIG_HOME", "XDG_STATE_HOME", "HFCRON_CONFIG",
		"HUGGINGFACE_CO_STAGING", "HF_HUB_OFFLINE",
		"TRANSFORMERS_OFFLINE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "HF_HUB_USER_AGENT_ORIGIN",
		"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
		"HF_HUB_DISABLE_IMPLICIT_TOKEN" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

static int setup(void **state)
{
	char home[2 * PATH_SIZE];

	(void)state;
	snprintf(top, sizeof(top), "/tmp/hfcron-config.XXXXXX");
	if (mkdtemp(top) == NULL)
		return -1;
	snprintf(home, sizeof(home), "%s/home", top);
	unset_all();
	setenv("HOME", home, 1);
	return mkdir(home, 0700);
}

static int remove_one(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	char path[4 * PATH_SIZE];

	snprintf(path, sizeof(path), "%s/%s", (const char *)cookie, name);
	if (type == FS_DIR &&
	    (fs_list_dir(path, remove_one, path, e) == -1 ||
		fs_rmdir(path, e) == -1))
		return -1;
	return type == FS_DIR ? 0 : fs_unlink(path, e);
}

static int teardown(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	unset_all();
	if (fs_list_dir(top, remove_one, top, &e) == -1)
		return -1;
	return fs_rmdir(top, &e);
}

/* `want` begins with "T/" for the folder. */
static void assert_path(const char *path, const char *want)
{
	char full[4 * PATH_SIZE];

	assert_non_null(path);
	snprintf(full, sizeof(full), "%s%s", top, want + 1);
	assert_string_equal(path, full);
}

#endif
