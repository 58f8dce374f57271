/*
 * doctor_trial.c - a command in the bare surroundings that its scheduler gives
 * it: run, and compared with this shell.
 */
#include "commands/doctor_trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/json_tree.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/process.h"

enum {
	OUTPUT_BYTES_MAX = 64 * 1024,
	RUN_LIMIT_MS = 10 * 60 * 1000,
	SHOWN_MAX = 200
};

/* What of a shell's environment changes what hfcron does. */
static const char *const variables[] = { "HFCRON_CONFIG", "XDG_CONFIG_HOME",
	"XDG_STATE_HOME", "XDG_CACHE_HOME", "HF_ENDPOINT", "HF_HOME",
	"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN",
	"HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE",
	"TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "TZ",
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	"no_proxy", "NO_PROXY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
	"SSL_CERT_FILE", "SSL_CERT_DIR" };

/* --- variables ------------------------------------------------------------ */

/* Names of variables are compared as those of files are: on Windows "path" is
 * "PATH". */
static bool is_same(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fs_fold(a[i]) != fs_fold(b[i]))
			return false;
	return true;
}

/* Is `text` NAME=VALUE of that name? */
static bool has_name(const char *text, const char *name)
{
	size_t n = strlen(name);

	return strcspn(text, "=") == n && is_same(text, name, n);
}

void bare_put(struct bare *bare, const char *name, const char *value)
{
	char *text;

	if (value == NULL)
		return;
	text = text_format("%s=%s", name, value);
	if (text == NULL || bare->n == BARE_MAX) {
		free(text);
		bare->failed = true;
		return;
	}
	for (size_t i = 0; i < bare->n; i++)
		if (has_name(bare->items[i], name)) {
			free(bare->items[i]);
			bare->items[i] = text;
			return;
		}
	bare->items[bare->n++] = text;
}

void bare_put_text(struct bare *bare, const char *text)
{
	char *name = text_dup(text);
	char *equals = name == NULL ? NULL : strchr(name, '=');

	if (equals == NULL) {
		bare->failed = true;
	} else {
		*equals = '\0';
		bare_put(bare, name, equals + 1);
	}
	free(name);
}

const char *bare_get(const struct bare *bare, const char *name)
{
	for (size_t i = 0; i < bare->n; i++)
		if (has_name(bare->items[i], name))
			return bare->items[i] + strlen(name) + 1;
	return NULL;
}

void bare_release(struct bare *bare)
{
	for (size_t i = 0; i < bare->n; i++)
		free(bare->items[i]);
}

/* --- running -------------------------------------------------------------- */

static int run(const struct trial *t, const char *const *argv,
    struct process_result *result, struct err *e)
{
	struct process_spec spec = { argv, (const char *const *)t->bare->items,
		t->dir, RUN_LIMIT_MS };

	strbuf_init(&result->out, OUTPUT_BYTES_MAX);
	if (t->bare->failed)
		return err_nomem(e);
	return process_run(&spec, result, e);
}

/* The last line of what it wrote says best what is wrong. */
static const char *last_line(struct process_result *result, char *buf,
    size_t size)
{
	const char *text = strbuf_text(&result->out), *line = text;
	size_t n = strlen(text);

	while (n > 0 && text[n - 1] == '\n')
		n--;
	for (size_t i = 0; i < n; i++)
		if (text[i] == '\n')
			line = text + i + 1;
	snprintf(buf, size, "%.*s", (int)(text + n - line), line);
	return buf;
}

static void tell_run(struct process_result *result, struct findings *f)
{
	char line[SHOWN_MAX];
	bool said = result->out.len > 0;

	last_line(result, line, sizeof(line));
	if (result->timed_out)
		findings_add(f, FINDING_NOTE, DOCTOR_SCHEDULE, NULL,
		    "it was still at work after ten minutes and was ended; "
		    "what it fetched is kept");
	else if (result->signal != 0)
		findings_add(f, FINDING_FAIL, DOCTOR_SCHEDULE, NULL,
		    "it was ended by signal %d", result->signal);
	else if (result->status == 126 || result->status == 127)
		findings_add(f, FINDING_FAIL, DOCTOR_SCHEDULE,
		    "write absolute paths: PATH is short there",
		    "the shell does not find what it is to run: %s", line);
	else if (result->status == EXIT_DONE)
		findings_add(f, FINDING_OK, DOCTOR_SCHEDULE, NULL,
		    "it ran there and ended with status 0%s%s",
		    said ? ": " : "", line);
	else
		findings_add(f,
		    result->status == EXIT_RETRY ? FINDING_WARN : FINDING_FAIL,
		    DOCTOR_SCHEDULE,
		    "see hfcron status and EXIT STATUS in hfcron(1)",
		    "it ran there and ended with status %d%s%s", result->status,
		    said ? ": " : "", line);
}

/* --- comparing ----------------------------------------------------------- */

static void compare(const char *what, const char *here, const char *there,
    struct findings *f)
{
	here = here != NULL && here[0] != '\0' ? here : "none";
	there = there != NULL && there[0] != '\0' ? there : "none";
	if (strcmp(here, there) != 0)
		findings_add(f, FINDING_WARN, DOCTOR_SCHEDULE,
		    "name it in the configuration, and name that with "
		    "--config in the entry",
		    "%s differs: there %s, here %s", what, there, here);
}

/* The same variable under another name of the list. */
static bool is_told(size_t at)
{
	const size_t n = strlen(variables[at]);

	for (size_t i = 0; i < at; i++)
		if (strlen(variables[i]) == n &&
		    is_same(variables[i], variables[at], n))
			return true;
	return false;
}

/* Values of variables may be secrets; their names are not. */
static void compare_variables(const struct bare *bare, struct findings *f)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *here = dirs_env(variables[i]);
		const char *there = bare_get(bare, variables[i]);

		if (is_told(i))
			continue;
		if (here != NULL && there == NULL)
			findings_add(f, FINDING_NOTE, DOCTOR_SCHEDULE, NULL,
			    "%s is set in this shell, not there", variables[i]);
		else if (here == NULL && there != NULL)
			findings_add(f, FINDING_NOTE, DOCTOR_SCHEDULE, NULL,
			    "%s is set there, not in this shell", variables[i]);
		else if (here != NULL && strcmp(here, there) != 0)
			findings_add(f, FINDING_NOTE, DOCTOR_SCHEDULE, NULL,
			    "%s has another value there", variables[i]);
	}
}

static void compare_paths(const struct session *s, const struct tree_node *root,
    struct findings *f)
{
	compare("the configuration", s->config.file,
	    tree_get_string(root, "config"), f);
	compare("cache_dir", s->config.cache_dir,
	    tree_get_string(root, "cache_dir"), f);
	compare("state_dir", s->config.state_dir,
	    tree_get_string(root, "state_dir"), f);
	compare("the endpoint", s->config.endpoint,
	    tree_get_string(root, "endpoint"), f);
	compare("the token", s->token_where,
	    tree_get_string(root, "token_from"), f);
}

static void compare_configurations(const struct session *s,
    const struct trial *t, struct findings *f)
{
	struct json_limits limits = { OUTPUT_BYTES_MAX, 8, ERR_STATE, false };
	struct process_result result;
	struct err e = ERR_INIT;
	struct tree *tree = NULL;
	const char *begin = NULL, *end = NULL;

	if (t->check == NULL)
		return;
	/* What it says beside the JSON is in the same text. */
	if (run(t, t->check, &result, &e) == 0 && !strbuf_failed(&result.out)) {
		begin = strchr(strbuf_text(&result.out), '{');
		end = strrchr(strbuf_text(&result.out), '}');
	}
	if (begin != NULL && end > begin)
		tree = json_tree_parse(begin, (size_t)(end + 1 - begin),
		    &limits, &e);
	if (tree == NULL)
		findings_add(f, FINDING_WARN, DOCTOR_SCHEDULE, NULL,
		    "what it would read there cannot be told");
	else
		compare_paths(s, tree_root(tree), f);
	tree_free(tree);
	strbuf_release(&result.out);
}

void doctor_trial(const struct session *s, const struct trial *t,
    struct findings *f)
{
	struct process_result result;
	struct err e = ERR_INIT;

	if (run(t, t->argv, &result, &e) == -1)
		findings_add(f, FINDING_FAIL, DOCTOR_SCHEDULE, NULL, "%s",
		    e.text);
	else
		tell_run(&result, f);
	strbuf_release(&result.out);
	compare_configurations(s, t, f);
	compare_variables(t->bare, f);
}
