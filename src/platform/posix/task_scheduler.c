/* task_scheduler.c - there is none here. */
#include "platform/task_scheduler.h"

#include <stddef.h>

bool task_scheduler_is_here(void)
{
	return false;
}

void task_scheduler_list(task_scheduler_visit *visit, void *cookie)
{
	(void)visit;
	(void)cookie;
}

bool task_scheduler_is_us(const char *account)
{
	(void)account;
	return false;
}

char **task_scheduler_environment(void)
{
	return NULL;
}

char *task_scheduler_dir(void)
{
	return NULL;
}
