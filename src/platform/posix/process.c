/* process.c - this process, and asking another one to stop. */
#include "platform/process.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

int64_t process_id(void)
{
	return (int64_t)getpid();
}

uint32_t process_user_id(void)
{
	return (uint32_t)geteuid();
}

int process_ask_to_stop(int64_t pid, struct err *e)
{
	/* 0 and negative numbers mean whole groups of processes. */
	if (pid <= 1 || (int64_t)(pid_t)pid != pid)
		return err_set(e, ERR_USAGE, "no process has the number %lld",
		    (long long)pid);
	if (kill((pid_t)pid, SIGTERM) == -1)
		return err_errno(e, ERR_USAGE, "cannot stop process %lld",
		    (long long)pid);
	return 0;
}

void process_leave(int status)
{
	_exit(status);
}
