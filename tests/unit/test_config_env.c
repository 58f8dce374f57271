/* test_config_env.c - environment, precedence, and where the token is from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "unit/test_config_fixture.h"

/* Loads `yaml`, or no file at all if it is NULL. */
static int load(const char *yaml, struct config *config, char **said)
{
	char path[2 * PATH_SIZE];
	struct problems problems;
	struct err e = ERR_INIT;
	int rc;

	if (yaml != NULL)
		put("c.yaml", yaml, strlen(yaml));
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	problems_init(&problems);
	rc = config_load(yaml != NULL ? path : NULL, config, &problems, &e);
	*said = lines(&problems);
	problems_release(&problems);
	return rc;
}

static void load_good(const char *yaml, struct config *config)
{
	char *said;

	if (load(yaml, config, &said) == -1)
		fail_msg("%s", said);
	free(said);
}

/* Where the cache is, for one environment. */
static void cache_dir_sources(void **state)
{
	static const struct {
		const char *hub_cache, *legacy, *hf_home, *xdg, *yaml, *want;
	} cases[] = {
		{ NULL, NULL, NULL, NULL, NULL,
		    "T/home/.cache/huggingface/hub" },
		{ NULL, NULL, NULL, DRIVE "/x", NULL,
		    DRIVE "/x/huggingface/hub" },
		/* XDG_CACHE_HOME counts only where HF_HOME is unset */
		{ NULL, NULL, DRIVE "/h", DRIVE "/x", NULL, DRIVE "/h/hub" },
		{ NULL, NULL, "~/h", NULL, NULL, "T/home/h/hub" },
		{ NULL, NULL, "$" HOME_VARIABLE "/h/", NULL, NULL,
		    "T/home/h/hub" },
		{ NULL, NULL, "${" HOME_VARIABLE "}/$NO_SUCH_VAR", NULL, NULL,
		    "T/home/$NO_SUCH_VAR/hub" },
		{ NULL, DRIVE "/l", DRIVE "/h", NULL, NULL, DRIVE "/l" },
		{ DRIVE "/c", DRIVE "/l", DRIVE "/h", NULL, NULL, DRIVE "/c" },
		{ "~/c//d/", DRIVE "/l", DRIVE "/h", NULL, NULL, "T/home/c/d" },
		/* set but empty is unset */
		{ "", "", "", "", NULL, "T/home/.cache/huggingface/hub" },
		{ "", DRIVE "/l", DRIVE "/h", DRIVE "/x", NULL, DRIVE "/l" },
		/* the file wins */
		{ DRIVE "/c", DRIVE "/l", DRIVE "/h", DRIVE "/x",
		    "cache_dir: " DRIVE "/file\n", DRIVE "/file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *const set[][2] = {
			{ "HF_HUB_CACHE", cases[i].hub_cache },
			{ "HUGGINGFACE_HUB_CACHE", cases[i].legacy },
			{ "HF_HOME", cases[i].hf_home },
			{ "XDG_CACHE_HOME", cases[i].xdg },
		};
		struct config c;

		unset_all();
		for (size_t k = 0; k < COUNT(set); k++)
			if (set[k][1] != NULL)
				setenv(set[k][0], set[k][1], 1);
		load_good(cases[i].yaml, &c);
		if (cases[i].want[0] == 'T')
			assert_path(c.cache_dir, cases[i].want);
		else
			assert_string_equal(c.cache_dir, cases[i].want);
		config_release(&c);
	}
}

static void state_and_config_dirs(void **state)
{
	struct config c;
	char path[2 * PATH_SIZE];

	(void)state;
	setenv(STATE_VARIABLE, DRIVE "/x/state", 1);
	snprintf(path, sizeof(path), "%s/xdg", top);
	setenv(CONFIG_VARIABLE, path, 1);
	load_good(NULL, &c);
	assert_string_equal(c.state_dir, DRIVE "/x/state/hfcron");
	assert_string_equal(c.log.file, DRIVE "/x/state/hfcron/hfcron.log");
	assert_path(c.dir, "T/xdg/hfcron");
	config_release(&c);
	load_good("state_dir: s\n", &c);
	assert_path(c.state_dir, "T/s");
	assert_path(c.log.file, "T/s/hfcron.log");
	config_release(&c);
}

static void endpoint_sources(void **state)
{
	static const struct {
		const char *endpoint, *staging, *yaml, *want;
		bool is_default;
	} cases[] = {
		{ NULL, NULL, NULL, "https://huggingface.co", true },
		{ "", "", NULL, "https://huggingface.co", true },
		{ "http://127.0.0.1:1//", NULL, NULL, "http://127.0.0.1:1",
		    false },
		{ "https://M.example/Hub/", NULL, NULL, "https://m.example/Hub",
		    false },
		{ NULL, "yes", NULL, "https://hub-ci.huggingface.co", false },
		{ "http://h", "1", NULL, "https://hub-ci.huggingface.co",
		    false },
		{ "http://h", "2", NULL, "http://h", false },
		{ "http://h", " 1", NULL, "http://h", false },
		{ "http://h", "1", "endpoint: https://f/\n", "https://f",
		    false },
		/* what does not count is not looked at */
		{ "nonsense", NULL, "endpoint: https://f/\n", "https://f",
		    false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config c;

		unset_all();
		if (cases[i].endpoint != NULL)
			setenv("HF_ENDPOINT", cases[i].endpoint, 1);
		if (cases[i].staging != NULL)
			setenv("HUGGINGFACE_CO_STAGING", cases[i].staging, 1);
		load_good(cases[i].yaml, &c);
		assert_string_equal(c.endpoint, cases[i].want);
		assert_int_equal(c.endpoint_is_default, cases[i].is_default);
		assert_int_equal(c.endpoint_from_file, cases[i].yaml != NULL);
		config_release(&c);
	}
}

static void bad_environment(void **state)
{
	struct config c;
	char *said;

	(void)state;
	setenv("HF_ENDPOINT", "https://u:canary@h", 1);
	setenv("HF_HUB_USER_AGENT_ORIGIN", "a\r\nX-Evil: 1", 1);
	assert_int_equal(load(NULL, &c, &said), -1);
	assert_string_equal(said,
	    "HF_ENDPOINT: the URL has a user name or password\n"
	    "HF_HUB_USER_AGENT_ORIGIN: expected at most 256 printable ASCII "
	    "characters\n");
	assert_null(c.user_agent_origin);
	free(said);
	config_release(&c);
}

/* A folder that cannot be found is said, not replaced by another. */
#ifndef _WIN32
static void unresolvable_folders(void **state)
{
	enum token_source source;
	struct err e = ERR_INIT;
	char path[2 * PATH_SIZE], inner[2 * PATH_SIZE], where[256];
	struct secret token;
	struct config c;
	char *said;

	(void)state;
	snprintf(path, sizeof(path), "%s/loop", top);
	snprintf(inner, sizeof(inner), "%s/loop/../x", top);
	assert_int_equal(fs_symlink_replace("loop", path, &e), 0);
	setenv("HF_HUB_CACHE", inner, 1);
	setenv("SSL_CERT_FILE", inner, 1);
	assert_int_equal(load(NULL, &c, &said), -1);
	assert_string_equal(said,
	    "environment: HF_HUB_CACHE: cannot resolve T/loop/../x: Too many "
	    "levels of symbolic links; set cache_dir\n"
	    "environment: SSL_CERT_FILE: cannot resolve T/loop/../x: Too many "
	    "levels of symbolic links\n");
	assert_null(c.cache_dir);
	free(said);
	config_release(&c);

	unset_all();
	setenv("HF_TOKEN_PATH", inner, 1);
	load_good(NULL, &c);
	secret_init(&token);
	assert_int_equal(config_token(&c, &token, &source, where, &e), 0);
	assert_int_equal(source, TOKEN_NONE);
	assert_string_equal(where, "");
	config_release(&c);
}
#endif

static void offline_words(void **state)
{
	static const struct {
		const char *hub, *transformers;
		bool want;
	} cases[] = {
		{ NULL, NULL, false },
		{ "1", NULL, true },
		{ "oN", NULL, true },
		{ "Yes", NULL, true },
		{ "TRUE", NULL, true },
		{ "0", NULL, false },
		{ "2", NULL, false },
		{ "true ", NULL, false },
		{ NULL, "1", true },
		{ "", "1", true },
		{ "0", "1", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config c;

		unset_all();
		if (cases[i].hub != NULL)
			setenv("HF_HUB_OFFLINE", cases[i].hub, 1);
		if (cases[i].transformers != NULL)
			setenv("TRANSFORMERS_OFFLINE", cases[i].transformers,
			    1);
		load_good(NULL, &c);
		if (c.offline != cases[i].want)
			fail_msg("case %zu", i);
		config_release(&c);
	}
}

static void ca_variables(void **state)
{
	struct config c;

	(void)state;
	setenv("SSL_CERT_FILE", "~/ssl.pem", 1);
	setenv("SSL_CERT_DIR", DRIVE "/certs", 1);
	load_good(NULL, &c);
	assert_path(c.ca_file, "T/home/ssl.pem");
	assert_string_equal(c.ca_dir, DRIVE "/certs");
	config_release(&c);

	setenv("REQUESTS_CA_BUNDLE", DRIVE "/requests.pem", 1);
	load_good(NULL, &c);
	assert_string_equal(c.ca_file, DRIVE "/requests.pem");
	config_release(&c);

	setenv("CURL_CA_BUNDLE", DRIVE "/curl.pem", 1);
	load_good(NULL, &c);
	assert_string_equal(c.ca_file, DRIVE "/curl.pem");
	config_release(&c);

	/* a folder is one wherever it is named */
	setenv("CURL_CA_BUNDLE", top, 1);
	load_good(NULL, &c);
	assert_null(c.ca_file);
	assert_string_equal(c.ca_dir, top);
	config_release(&c);

	setenv("HF_HUB_USER_AGENT_ORIGIN", "lab/1", 1);
	load_good(NULL, &c);
	assert_string_equal(c.user_agent_origin, "lab/1");
	config_release(&c);
}

/* Token tables: files are put into the folder, then one configuration. */
struct token_case {
	const char *hf_token, *second, *token_path, *disable;
	const char *home_file;	/* content of $HF_HOME/token */
	const char *path_file;	/* content of T/path */
	const char *named_file; /* content of T/named */
	const char *yaml;
	enum token_source source;
	const char *want;  /* NULL: refused */
	const char *where; /* or the error's text */
	bool absent;	   /* and what the system says of absent files */
};

#define NAMED "token_file: named\n"

static const struct token_case token_cases[] = {
	{ .source = TOKEN_NONE, .want = "", .where = "" },
	{ .hf_token = "a",
	    .second = "b",
	    .home_file = "c",
	    .source = TOKEN_ENV,
	    .want = "a",
	    .where = "HF_TOKEN" },
	{ .hf_token = "",
	    .second = "b",
	    .source = TOKEN_ENV,
	    .want = "b",
	    .where = "HUGGING_FACE_HUB_TOKEN" },
	/* cleaned as the official client does */
	{ .hf_token = "\r\n a\r\nb \t\n",
	    .source = TOKEN_ENV,
	    .want = "ab",
	    .where = "HF_TOKEN" },
	/* white space alone: none from the environment, then the file */
	{ .hf_token = " \n",
	    .second = "b",
	    .home_file = "c\n",
	    .source = TOKEN_HOME_FILE,
	    .want = "c",
	    .where = "token file T/hf/token" },
	{ .token_path = "T/path",
	    .path_file = " p\r\n",
	    .home_file = "c",
	    .source = TOKEN_HOME_FILE,
	    .want = "p",
	    .where = "token file T/path" },
	/* a path that leads nowhere is not replaced by the default one */
	{ .token_path = "T/absent",
	    .home_file = "c",
	    .source = TOKEN_NONE,
	    .want = "",
	    .where = "" },
	{ .home_file = "\n", .source = TOKEN_NONE, .want = "", .where = "" },
	{ .hf_token = "a",
	    .home_file = "c",
	    .disable = "1",
	    .source = TOKEN_NONE,
	    .want = "",
	    .where = "" },
	{ .hf_token = "a",
	    .disable = "0",
	    .source = TOKEN_ENV,
	    .want = "a",
	    .where = "HF_TOKEN" },
	/* the configuration's file beats all */
	{ .hf_token = "a",
	    .home_file = "c",
	    .disable = "1",
	    .named_file = "n\n",
	    .yaml = NAMED,
	    .source = TOKEN_CONFIG_FILE,
	    .want = "n",
	    .where = "token file T/named" },
	{ .hf_token = "a",
	    .yaml = "token_file: none\n",
	    .source = TOKEN_ENV,
	    .want = "a",
	    .where = "HF_TOKEN" },
	/* refused */
	{ .hf_token = "a",
	    .yaml = NAMED,
	    .absent = true,
	    .where = "token_file: cannot read T/named: " },
	{ .hf_token = "a",
	    .named_file = " \n",
	    .yaml = NAMED,
	    .where = "token file T/named is empty" },
	{ .hf_token = "a\tb",
	    .where = "HF_TOKEN holds bytes that no token has" },
	{ .hf_token = "a\x7f",
	    .where = "HF_TOKEN holds bytes that no token has" },
	{ .home_file = "\xef\xbb\xbfx",
	    .where = "token file T/hf/token holds bytes that no token has" },
	{ .named_file = "a\033b",
	    .yaml = NAMED,
	    .where = "token file T/named holds bytes that no token has" },
};

/* `text` with T/ for the folder; borrowed until the next call. */
static const char *with_top(const char *text)
{
	static char buf[4 * PATH_SIZE];
	const char *at = strstr(text, "T/");

	/* "HF_TOKEN/" does not occur, "T/" stands for the folder only. */
	if (at == NULL)
		return text;
	snprintf(buf, sizeof(buf), "%.*s%s%s", (int)(at - text), text, top,
	    at + 1);
	return buf;
}

static void put_token(const char *name, const char *text)
{
	char path[2 * PATH_SIZE];
	struct err e = ERR_INIT;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	assert_int_equal(fs_unlink(path, &e), 0);
	if (text != NULL)
		put(name, text, strlen(text));
}

static bool is_refusal(const struct token_case *t, const char *text)
{
	const char *want = with_top(t->where);
	char path[2 * PATH_SIZE], *bytes;
	struct err e = ERR_INIT;
	size_t n;

	if (!t->absent)
		return strcmp(text, want) == 0;
	snprintf(path, sizeof(path), "%s/named", top);
	assert_int_equal(fs_read_file(path, 1, &bytes, &n, &e), -1);
	assert_int_equal(e.os_code, ENOENT);
	return text_starts(text, want) && text_ends(text, e.text);
}

static void check_token(const struct token_case *t, size_t n)
{
	char where[256], hf_home[2 * PATH_SIZE];
	struct err e = ERR_INIT;
	struct secret token;
	enum token_source source;
	struct config c;

	unset_all();
	snprintf(hf_home, sizeof(hf_home), "%s/hf", top);
	setenv("HF_HOME", hf_home, 1);
	if (t->hf_token != NULL)
		setenv("HF_TOKEN", t->hf_token, 1);
	if (t->second != NULL)
		setenv("HUGGING_FACE_HUB_TOKEN", t->second, 1);
	if (t->token_path != NULL)
		setenv("HF_TOKEN_PATH", with_top(t->token_path), 1);
	if (t->disable != NULL)
		setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", t->disable, 1);
	put_token("hf/token", t->home_file);
	put_token("path", t->path_file);
	put_token("named", t->named_file);
	load_good(t->yaml, &c);

	secret_init(&token);
	int rc = config_token(&c, &token, &source, where, &e);
	if (t->want == NULL) {
		if (rc != -1 || e.kind != ERR_AUTH || !is_refusal(t, e.text))
			fail_msg("case %zu: %d %s", n, rc, e.text);
		assert_false(secret_is_set(&token));
	} else {
		if (rc != 0 || source != t->source ||
		    token.len != strlen(t->want) ||
		    (token.len > 0 &&
			memcmp(token.bytes, t->want, token.len) != 0) ||
		    strcmp(where, with_top(t->where)) != 0)
			fail_msg("case %zu: %d %s %s", n, rc, where, e.text);
	}
	secret_release(&token);
	config_release(&c);
}

static void token_sources(void **state)
{
	struct err e = ERR_INIT;
	char dir[2 * PATH_SIZE];

	(void)state;
	snprintf(dir, sizeof(dir), "%s/hf", top);
	assert_int_equal(fs_mkdirs(dir, 0700, &e), 0);
	for (size_t i = 0; i < COUNT(token_cases); i++)
		check_token(&token_cases[i], i);
}

static void token_lengths(void **state)
{
	static const size_t sizes[] = { SECRET_MAX, SECRET_MAX + 1,
		100 * 1000 };
	char *text = malloc(100 * 1000 + 1), where[256];
	enum token_source source;
	struct secret token;
	struct config c;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (int named = 0; named < 2; named++) {
			struct err e = ERR_INIT;

			memset(text, 'x', sizes[i]);
			text[sizes[i]] = '\0';
			put("named", text, sizes[i]);
			char path[2 * PATH_SIZE];
			snprintf(path, sizeof(path), "%s/named", top);
			setenv("HF_TOKEN_PATH", path, 1);
			load_good(named ? NAMED : NULL, &c);
			secret_init(&token);
			int rc = config_token(&c, &token, &source, where, &e);
			assert_int_equal(rc, sizes[i] <= SECRET_MAX ? 0 : -1);
			if (rc == -1)
				assert_int_equal(e.kind, ERR_AUTH);
			else
				assert_int_equal(token.len, sizes[i]);
			secret_release(&token);
			config_release(&c);
		}
	}
	free(text);
}

/* What cannot be read is an error only if the configuration names it. */
static void unreadable_tokens(void **state)
{
	enum token_source source;
	struct err e = ERR_INIT;
	struct secret token;
	char where[256];
	struct config c;

	(void)state;
	setenv("HF_TOKEN_PATH", top, 1); /* a folder */
	load_good(NULL, &c);
	secret_init(&token);
	assert_int_equal(config_token(&c, &token, &source, where, &e), 0);
	assert_int_equal(source, TOKEN_NONE);
	config_release(&c);
	load_good("token_file: .\n", &c);
	assert_int_equal(config_token(&c, &token, &source, where, &e), -1);
	assert_int_equal(e.kind, ERR_AUTH);
	config_release(&c);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(cache_dir_sources),
		TEST(state_and_config_dirs),
		TEST(endpoint_sources),
		TEST(bad_environment),
#ifndef _WIN32
		TEST(unresolvable_folders),
#endif
		TEST(offline_words),
		TEST(ca_variables),
		TEST(token_sources),
		TEST(token_lengths),
		TEST(unreadable_tokens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
