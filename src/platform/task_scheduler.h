/*
 * task_scheduler.h - the Task Scheduler of Windows, asked what it has and how it
 * would start it.  Elsewhere there is none, and none of this says anything.
 */
#ifndef HFCRON_PLATFORM_TASK_SCHEDULER_H
#define HFCRON_PLATFORM_TASK_SCHEDULER_H

#include <stdbool.h>

/* Is this a system that has one, instead of cron and systemd? */
bool task_scheduler_is_here(void);

/* `name`: with its folder, if it is in one.  `xml`: UTF-8.  Borrowed. */
typedef void task_scheduler_visit(void *cookie, const char *name,
    const char *xml);

/* Every task that this user may see. */
void task_scheduler_list(task_scheduler_visit *visit, void *cookie);

/* Is `account` (NAME, DOMAIN\NAME or a SID) who this process acts as? */
bool task_scheduler_is_us(const char *account);

/* What it gives a task of this user and nothing else: NAME=VALUE, NULL at the
 * end.  Owned, each and all; NULL: it cannot be told. */
char **task_scheduler_environment(void);

/* Where it starts what is not told where.  Owned or NULL. */
char *task_scheduler_dir(void);

#endif
