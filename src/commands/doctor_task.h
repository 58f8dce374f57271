/* doctor_task.h - the tasks of Windows.  Belongs to doctor_*.c. */
#ifndef HFCRON_COMMANDS_DOCTOR_TASK_H
#define HFCRON_COMMANDS_DOCTOR_TASK_H

#include "commands/doctor.h"

/* As doctor_entry, for the Task Scheduler; how many tasks start hfcron. */
size_t doctor_task(struct session *s, bool as_cron, struct findings *f);

#endif
