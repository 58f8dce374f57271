/*
 * task_entry.h - a task of Windows' Task Scheduler, read from its XML (MS-TSCH,
 * section 2.5) as far as it takes to tell what it starts, as whom and when.
 * Pure.
 */
#ifndef HFCRON_FORMATS_TASK_ENTRY_H
#define HFCRON_FORMATS_TASK_ENTRY_H

#include <stdbool.h>

enum { TASK_WORDS_MAX = 256 };

struct task_entry {
	char *program;	 /* own; without quotes around it */
	char *arguments; /* own; "" if there are none */
	char *dir;	 /* own; where it works; NULL: not said */
	char *user;	 /* own; NAME, DOMAIN\NAME or a SID; NULL: not said */
	char *when;	 /* own; "every 5m"; "" if nothing ever starts it */
	bool disabled;
};

/*
 * The first action that starts `word` (or WORD.exe, in small letters or capital
 * ones), itself or through a shell.  `xml` is UTF-8, whatever it says of
 * itself.  1; 0 with an empty entry if there is none or this is no task; -1 (no
 * memory).  Release it in any case.
 */
int task_entry_read(const char *xml, const char *word,
    struct task_entry *entry);
void task_entry_release(struct task_entry *entry);

/*
 * The program and the words of its arguments, as a program of Windows reads
 * them: owned, NULL at the end.  NULL: no memory, or more than TASK_WORDS_MAX.
 */
char **task_entry_words(const struct task_entry *entry);
void task_entry_words_free(char **words);

#endif
