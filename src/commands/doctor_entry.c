/*
 * doctor_entry.c - the installed schedule entry: found, run as its scheduler
 * runs it, compared with this shell.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/doctor.h"
#include "formats/json_tree.h"
#include "formats/schedule_entry.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/process.h"

enum {
	FILE_BYTES_MAX = 1024 * 1024,
	OUTPUT_BYTES_MAX = 64 * 1024,
	LIST_LIMIT_MS = 10 * 1000,
	RUN_LIMIT_MS = 10 * 60 * 1000,
	ENV_MAX = 16 + SCHEDULE_ENTRY_VARIABLES_MAX,
	SHOWN_MAX = 200
};

static const char TOPIC[] = "schedule";
static const char PROGRAM[] = "hfcron";

/* What of a shell's environment changes what hfcron does. */
static const char *const variables[] = { "HFCRON_CONFIG", "XDG_CONFIG_HOME",
	"XDG_STATE_HOME", "XDG_CACHE_HOME", "HF_ENDPOINT", "HF_HOME",
	"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN",
	"HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HUB_OFFLINE",
	"TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN", "TZ",
	"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
	"no_proxy", "NO_PROXY", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
	"SSL_CERT_FILE", "SSL_CERT_DIR" };

enum place_kind { PLACE_CRON, PLACE_UNIT };

/* One file (or `crontab -l`) with entries of ours. */
struct place {
	enum place_kind kind;
	char *name; /* own; a path, or what it is */
	struct schedule_entries entries;
};

struct search {
	struct session *s;
	struct findings *f;
	bool as_cron;
	size_t found;
	char *dir; /* being listed; own */
	enum place_kind kind;
};

/* --- running ------------------------------------------------------------- */

/* Names and values of the bare environment; the entry's own come last, so that
 * they count. */
struct bare {
	char *items[ENV_MAX + 1]; /* own; NULL at the end */
	size_t n;
	bool failed;
};

static void bare_add(struct bare *bare, const char *name, const char *value)
{
	size_t length = strlen(name);
	char *text;

	if (value == NULL)
		return;
	text = text_format("%s=%s", name, value);
	if (text == NULL || bare->n == ENV_MAX) {
		free(text);
		bare->failed = true;
		return;
	}
	for (size_t i = 0; i < bare->n; i++)
		if (strncmp(bare->items[i], text, length + 1) == 0) {
			free(bare->items[i]);
			bare->items[i] = text;
			return;
		}
	bare->items[bare->n++] = text;
}

static const char *bare_get(const struct bare *bare, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < bare->n; i++)
		if (strncmp(bare->items[i], name, n) == 0 &&
		    bare->items[i][n] == '=')
			return bare->items[i] + n + 1;
	return NULL;
}

static void bare_release(struct bare *bare)
{
	for (size_t i = 0; i < bare->n; i++)
		free(bare->items[i]);
}

/* cron(8) and systemd.exec(5) say what there is without further settings. */
static void bare_fill(struct bare *bare, const struct place *place,
    const struct schedule_entry *entry)
{
	const char *user = process_user_name();

	memset(bare, 0, sizeof(*bare));
	bare_add(bare, "HOME", dirs_home());
	bare_add(bare, "LOGNAME", user);
	bare_add(bare, "SHELL", "/bin/sh");
	if (place->kind == PLACE_CRON) {
		bare_add(bare, "PATH", "/usr/bin:/bin");
	} else {
		bare_add(bare, "USER", user);
		bare_add(bare, "PATH",
		    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
	}
	for (size_t i = 0; i < entry->n_env; i++) {
		char *name = text_dup(entry->env[i]), *equals;

		equals = name == NULL ? NULL : strchr(name, '=');
		if (equals == NULL) {
			bare->failed = true;
		} else {
			*equals = '\0';
			bare_add(bare, name, equals + 1);
		}
		free(name);
	}
}

static int run_command(const char *command, const struct bare *bare,
    struct process_result *result, struct err *e)
{
	const char *shell = bare_get(bare, "SHELL");
	const char *argv[] = { shell != NULL ? shell : "/bin/sh", "-c", command,
		NULL };
	struct process_spec spec = { argv, (const char *const *)bare->items,
		bare_get(bare, "HOME"), RUN_LIMIT_MS };

	strbuf_init(&result->out, OUTPUT_BYTES_MAX);
	if (bare->failed)
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
		findings_add(f, FINDING_NOTE, TOPIC, NULL,
		    "it was still at work after ten minutes and was ended; "
		    "what it fetched is kept");
	else if (result->signal != 0)
		findings_add(f, FINDING_FAIL, TOPIC, NULL,
		    "it was ended by signal %d", result->signal);
	else if (result->status == 126 || result->status == 127)
		findings_add(f, FINDING_FAIL, TOPIC,
		    "write absolute paths: PATH is short there",
		    "the shell does not find what it is to run: %s", line);
	else if (result->status == EXIT_DONE)
		findings_add(f, FINDING_OK, TOPIC, NULL,
		    "it ran there and ended with status 0%s%s",
		    said ? ": " : "", line);
	else
		findings_add(f,
		    result->status == EXIT_RETRY ? FINDING_WARN : FINDING_FAIL,
		    TOPIC, "see hfcron status and EXIT STATUS in hfcron(1)",
		    "it ran there and ended with status %d%s%s", result->status,
		    said ? ": " : "", line);
}

/* --- comparing ----------------------------------------------------------- */

static const char *text_of(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = map ? tree_get(map, key) : NULL;

	return node != NULL && node->type == TREE_STRING ? node->text : NULL;
}

static void compare(const char *what, const char *here, const char *there,
    struct findings *f)
{
	here = here != NULL && here[0] != '\0' ? here : "none";
	there = there != NULL && there[0] != '\0' ? there : "none";
	if (strcmp(here, there) != 0)
		findings_add(f, FINDING_WARN, TOPIC,
		    "name it in the configuration, and name that with "
		    "--config in the entry",
		    "%s differs: there %s, here %s", what, there, here);
}

/* Values of variables may be secrets; their names are not. */
static void compare_variables(const struct bare *bare, struct findings *f)
{
	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		const char *here = dirs_env(variables[i]);
		const char *there = bare_get(bare, variables[i]);

		if (here != NULL && there == NULL)
			findings_add(f, FINDING_NOTE, TOPIC, NULL,
			    "%s is set in this shell, not there", variables[i]);
		else if (here == NULL && there != NULL)
			findings_add(f, FINDING_NOTE, TOPIC, NULL,
			    "%s is set there, not in this shell", variables[i]);
		else if (here != NULL && strcmp(here, there) != 0)
			findings_add(f, FINDING_NOTE, TOPIC, NULL,
			    "%s has another value there", variables[i]);
	}
}

/* The entry's own program and options, asked to check instead of to run;
 * owned, NULL: the entry does not run. */
static char *check_command(const char *command)
{
	const char *program = schedule_entry_find_word(command, PROGRAM), *run;

	run = program == NULL ? NULL : schedule_entry_find_word(program, "run");
	return run == NULL ? NULL
			   : text_format("%.*scheck --format json 2>/dev/null",
				 (int)(run - command), command);
}

static void compare_configurations(struct session *s, const char *command,
    const struct bare *bare, struct findings *f)
{
	struct json_limits limits = { OUTPUT_BYTES_MAX, 8, ERR_STATE, false };
	struct process_result result;
	struct err e = ERR_INIT;
	struct tree *tree = NULL;
	const struct tree_node *root;
	char *check = check_command(command);

	if (check == NULL)
		return;
	if (run_command(check, bare, &result, &e) == 0 &&
	    !strbuf_failed(&result.out))
		tree = json_tree_parse(strbuf_text(&result.out), result.out.len,
		    &limits, &e);
	if (tree == NULL) {
		findings_add(f, FINDING_WARN, TOPIC, NULL,
		    "what it would read there cannot be told");
	} else {
		root = tree_root(tree);
		compare("the configuration", s->config.file,
		    text_of(root, "config"), f);
		compare("cache_dir", s->config.cache_dir,
		    text_of(root, "cache_dir"), f);
		compare("state_dir", s->config.state_dir,
		    text_of(root, "state_dir"), f);
		compare("the endpoint", s->config.endpoint,
		    text_of(root, "endpoint"), f);
		compare("the token", s->token_where,
		    text_of(root, "token_from"), f);
	}
	tree_free(tree);
	strbuf_release(&result.out);
	free(check);
}

static void run_entry(struct search *search, const struct place *place,
    const struct schedule_entry *entry)
{
	struct process_result result;
	struct err e = ERR_INIT;
	struct bare bare;

	bare_fill(&bare, place, entry);
	if (run_command(entry->command, &bare, &result, &e) == -1)
		findings_add(search->f, FINDING_FAIL, TOPIC, NULL, "%s",
		    e.text);
	else
		tell_run(&result, search->f);
	strbuf_release(&result.out);
	compare_configurations(search->s, entry->command, &bare, search->f);
	compare_variables(&bare, search->f);
	bare_release(&bare);
}

/* --- finding ------------------------------------------------------------- */

/* cron.d names the user; a unit without one is its manager's user's. */
static bool is_ours(const struct schedule_entry *entry)
{
	const char *user = process_user_name();

	return entry->user == NULL ||
	    (user != NULL && strcmp(entry->user, user) == 0);
}

static void tell_place(struct search *search, const struct place *place)
{
	for (size_t i = 0; i < place->entries.n; i++) {
		const struct schedule_entry *entry = &place->entries.items[i];

		search->found++;
		findings_add(search->f, FINDING_OK, TOPIC, NULL,
		    "%s:%d: %s%s%s", place->name, entry->line, entry->when,
		    entry->when[0] ? " " : "", entry->command);
		if (!search->as_cron)
			continue;
		if (is_ours(entry))
			run_entry(search, place, entry);
		else
			findings_add(search->f, FINDING_NOTE, TOPIC,
			    "call doctor as that user",
			    "it is run as %s, which you are not", entry->user);
	}
}

/* Takes nothing; `text` may have NULs, which end it. */
static void read_place(struct search *search, enum place_kind kind,
    const char *name, const char *text, bool with_user)
{
	struct place place = { kind, text_dup(name), { NULL, 0, 0 } };
	int rc = kind == PLACE_CRON ? schedule_entries_from_crontab(text,
					  with_user, PROGRAM, &place.entries)
				    : schedule_entries_from_unit(text,
					  dirs_home(), PROGRAM, &place.entries);

	if (rc == -1 || place.name == NULL)
		search->f->failed = true;
	else
		tell_place(search, &place);
	schedule_entries_release(&place.entries);
	free(place.name);
}

static void read_file(struct search *search, enum place_kind kind,
    const char *path)
{
	struct err ignored = ERR_INIT;
	char *text = NULL;
	size_t n;

	/* What cannot be read is not what this user has installed. */
	if (fs_read_file(path, FILE_BYTES_MAX, &text, &n, &ignored) == 0)
		read_place(search, kind, path, text, true);
	free(text);
}

static int visit(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct search *search = cookie;
	char *path;

	(void)e;
	if (type == FS_DIR ||
	    (search->kind == PLACE_UNIT && !text_ends(name, ".service")))
		return 0;
	path = fs_join(search->dir, name);
	if (path != NULL)
		read_file(search, search->kind, path);
	free(path);
	return 0;
}

/* Takes `dir`. */
static void read_dir(struct search *search, enum place_kind kind, char *dir)
{
	struct err ignored = ERR_INIT;

	search->kind = kind;
	search->dir = dir;
	if (dir != NULL)
		(void)fs_list_dir(dir, visit, search, &ignored);
	search->dir = NULL;
	free(dir);
}

static void read_own_crontab(struct search *search)
{
	static const char *const argv[] = { "crontab", "-l", NULL };
	struct process_spec spec = { argv, NULL, NULL, LIST_LIMIT_MS };
	struct process_result result;
	struct err ignored = ERR_INIT;

	strbuf_init(&result.out, FILE_BYTES_MAX);
	if (process_run(&spec, &result, &ignored) == 0 && result.status == 0)
		read_place(search, PLACE_CRON, "crontab",
		    strbuf_text(&result.out), false);
	strbuf_release(&result.out);
}

void doctor_entry(struct session *s, bool as_cron, struct findings *f)
{
	struct search search = { .s = s, .f = f, .as_cron = as_cron };
	const char *home = dirs_home();

	read_own_crontab(&search);
	read_file(&search, PLACE_CRON, "/etc/crontab");
	read_dir(&search, PLACE_CRON, text_dup("/etc/cron.d"));
	if (home != NULL)
		read_dir(&search, PLACE_UNIT,
		    fs_join(home, ".config/systemd/user"));
	read_dir(&search, PLACE_UNIT, text_dup("/etc/systemd/system"));
	if (search.found == 0)
		findings_add(f, as_cron ? FINDING_FAIL : FINDING_WARN, TOPIC,
		    "install one with scripts/install-cron or "
		    "scripts/install-systemd",
		    "no entry of a scheduler that starts hfcron was found");
}
