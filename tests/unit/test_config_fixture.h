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
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What an absolute path begins with; where the home and the user's folders are
 * named. */
#ifdef _WIN32
#define DRIVE "C:"
#define HOME_VARIABLE "USERPROFILE"
#define CONFIG_VARIABLE "APPDATA"
#define STATE_VARIABLE "LOCALAPPDATA"
#else
#define DRIVE ""
#define HOME_VARIABLE "HOME"
#define CONFIG_VARIABLE "XDG_CONFIG_HOME"
#define STATE_VARIABLE "XDG_STATE_HOME"
#endif

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
	struct err e = ERR_INIT;

	(void)state;
	if (scratch_make(top, sizeof(top), "config") == -1)
		return -1;
	snprintf(home, sizeof(home), "%s/home", top);
	unset_all();
	setenv(HOME_VARIABLE, home, 1);
#ifdef _WIN32 /* where Unix has them below the home */
	char folder[3 * PATH_SIZE];

	snprintf(folder, sizeof(folder), "%s/.config", home);
	setenv(CONFIG_VARIABLE, folder, 1);
	snprintf(folder, sizeof(folder), "%s/.local/state", home);
	setenv(STATE_VARIABLE, folder, 1);
#endif
	return fs_mkdirs(home, 0700, &e);
}

static int teardown(void **state)
{
	(void)state;
	unset_all();
	return scratch_remove(top);
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
