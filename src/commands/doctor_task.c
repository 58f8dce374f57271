/*
 * doctor_task.c - the installed task of Windows' Task Scheduler: found, and
 * tried as the scheduler starts it.
 */
#include "commands/doctor_task.h"

#include <stdlib.h>
#include <string.h>

#include "commands/doctor_trial.h"
#include "formats/task_entry.h"
#include "platform/fs.h"
#include "platform/task_scheduler.h"

struct search {
	struct session *s;
	struct findings *f;
	bool as_cron;
	size_t found;
};

static void bare_fill(struct bare *bare)
{
	char **texts = task_scheduler_environment();

	memset(bare, 0, sizeof(*bare));
	bare->failed = texts == NULL;
	for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) {
		bare_put_text(bare, texts[i]);
		free(texts[i]);
	}
	free(texts);
}

/* Its words up to "run", which becomes a check; false: it does not run. */
static bool make_check(char *const *words, const char **check)
{
	size_t n = 0;

	while (words[n] != NULL && (n == 0 || strcmp(words[n], "run") != 0)) {
		check[n] = words[n];
		n++;
	}
	if (words[n] == NULL)
		return false;
	check[n++] = "check";
	check[n++] = "--format";
	check[n++] = "json";
	check[n] = NULL;
	return true;
}

static void run_task(struct search *search, const struct task_entry *entry)
{
	char **words = task_entry_words(entry);
	const char *check[TASK_WORDS_MAX + 8];
	char *dir = entry->dir == NULL ? task_scheduler_dir() : NULL;
	struct trial trial = { .argv = (const char *const *)words,
		.dir = entry->dir == NULL ? dir : entry->dir };
	struct bare bare;

	bare_fill(&bare);
	trial.bare = &bare;
	if (words != NULL && make_check(words, check))
		trial.check = check;
	if (words != NULL)
		doctor_trial(search->s, &trial, search->f);
	else
		search->f->failed = true;
	bare_release(&bare);
	task_entry_words_free(words);
	free(dir);
}

static bool is_missing(const char *program)
{
	char *path = fs_from_native(program);
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	/* What is looked for in PATH is the scheduler's business. */
	bool missing = path != NULL && fs_is_absolute(path) &&
	    fs_stat(path, &st, &ignored) == 0 && st.type != FS_FILE;

	free(path);
	return missing;
}

static void tell_state(struct search *search, const char *name,
    const struct task_entry *entry)
{
	if (entry->disabled)
		findings_add(search->f, FINDING_WARN, DOCTOR_SCHEDULE,
		    "switch it on with schtasks /change /enable /tn NAME",
		    "the task %s is switched off", name);
	if (entry->when[0] == '\0')
		findings_add(search->f, FINDING_WARN, DOCTOR_SCHEDULE,
		    "register it again with install-task.cmd",
		    "the task %s has nothing that starts it", name);
	if (is_missing(entry->program))
		findings_add(search->f, FINDING_FAIL, DOCTOR_SCHEDULE,
		    "register it again with install-task.cmd",
		    "there is no program %s", entry->program);
}

static void visit(void *cookie, const char *name, const char *xml)
{
	struct search *search = cookie;
	struct task_entry entry;
	const int rc = task_entry_read(xml, "hfcron", &entry);

	if (rc == -1)
		search->f->failed = true;
	if (rc == 1) {
		search->found++;
		findings_add(search->f, FINDING_OK, DOCTOR_SCHEDULE, NULL,
		    "task %s: %s%s\"%s\"%s%s", name, entry.when,
		    entry.when[0] ? " " : "", entry.program,
		    entry.arguments[0] ? " " : "", entry.arguments);
		tell_state(search, name, &entry);
	}
	if (rc == 1 && search->as_cron) {
		if (entry.user == NULL || task_scheduler_is_us(entry.user))
			run_task(search, &entry);
		else
			findings_add(search->f, FINDING_NOTE, DOCTOR_SCHEDULE,
			    "call doctor as that user",
			    "it is run as %s, which you are not", entry.user);
	}
	task_entry_release(&entry);
}

size_t doctor_task(struct session *s, bool as_cron, struct findings *f)
{
	struct search search = { s, f, as_cron, 0 };

	task_scheduler_list(visit, &search);
	return search.found;
}
