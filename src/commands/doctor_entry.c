/*
 * doctor_entry.c - the installed schedule entry of cron or systemd: found, and
 * tried as its scheduler runs it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "commands/doctor_task.h"
#include "commands/doctor_trial.h"
#include "formats/schedule_entry.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "platform/task_scheduler.h"

enum { FILE_BYTES_MAX = 1024 * 1024, LIST_LIMIT_MS = 10 * 1000 };

static const char PROGRAM[] = "hfcron";

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

/* cron(8) and systemd.exec(5) say what there is without further settings. */
static void bare_fill(struct bare *bare, const struct place *place,
    const struct schedule_entry *entry)
{
	const char *user = process_user_name();

	memset(bare, 0, sizeof(*bare));
	bare_put(bare, "HOME", dirs_home());
	bare_put(bare, "LOGNAME", user);
	bare_put(bare, "SHELL", "/bin/sh");
	if (place->kind == PLACE_CRON) {
		bare_put(bare, "PATH", "/usr/bin:/bin");
	} else {
		bare_put(bare, "USER", user);
		bare_put(bare, "PATH",
		    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin");
	}
	for (size_t i = 0; i < entry->n_env; i++)
		bare_put_text(bare, entry->env[i]);
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

static void run_entry(struct search *search, const struct place *place,
    const struct schedule_entry *entry)
{
	char *check = check_command(entry->command);
	const char *run_argv[] = { NULL, "-c", entry->command, NULL };
	const char *check_argv[] = { NULL, "-c", check, NULL };
	struct trial trial = { run_argv, check ? check_argv : NULL, NULL,
		NULL };
	struct bare bare;

	bare_fill(&bare, place, entry);
	run_argv[0] = bare_get(&bare, "SHELL");
	if (run_argv[0] == NULL)
		run_argv[0] = "/bin/sh";
	check_argv[0] = run_argv[0];
	trial.dir = bare_get(&bare, "HOME");
	trial.bare = &bare;
	doctor_trial(search->s, &trial, search->f);
	bare_release(&bare);
	free(check);
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
		findings_add(search->f, FINDING_OK, DOCTOR_SCHEDULE, NULL,
		    "%s:%d: %s%s%s", place->name, entry->line, entry->when,
		    entry->when[0] ? " " : "", entry->command);
		if (!search->as_cron)
			continue;
		if (is_ours(entry))
			run_entry(search, place, entry);
		else
			findings_add(search->f, FINDING_NOTE, DOCTOR_SCHEDULE,
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

/* Of every scheduler that this system may have; how many there are. */
static size_t look_everywhere(struct search *search)
{
	const char *home = dirs_home();

	read_own_crontab(search);
	read_file(search, PLACE_CRON, "/etc/crontab");
	read_dir(search, PLACE_CRON, text_dup("/etc/cron.d"));
	if (home != NULL)
		read_dir(search, PLACE_UNIT,
		    fs_join(home, ".config/systemd/user"));
	read_dir(search, PLACE_UNIT, text_dup("/etc/systemd/system"));
	return search->found;
}

void doctor_entry(struct session *s, bool as_cron, struct findings *f)
{
	struct search search = { .s = s, .f = f, .as_cron = as_cron };
	const bool tasks = task_scheduler_is_here();

	if ((tasks ? doctor_task(s, as_cron, f) : look_everywhere(&search)) > 0)
		return;
	findings_add(f, as_cron ? FINDING_FAIL : FINDING_WARN, DOCTOR_SCHEDULE,
	    tasks ? "install one with install-task.cmd"
		  : "install one with scripts/install-cron or "
		    "scripts/install-systemd",
	    "no entry of a scheduler that starts hfcron was found");
}
