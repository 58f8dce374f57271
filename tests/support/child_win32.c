/* child_win32.c - work done in another process: this program started anew. */
#include "support/child.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "platform/process.h"
#include "platform/win32/command_line.h"
#include "platform/win32/wide.h"

enum {
	LIMIT_MS = 120000,
	SELF_MAX = 4096,
	OURS = 3,
	/* As in platform/win32/process_try.c, whose other end does the work. */
	RETURNED = 0x4846 << 8,
	RESULT_MASK = 0xff,
	ABORTED = 3,
	KILLED = 9
};

/* All end with this process. */
static void join_job(HANDLE process)
{
	static HANDLE job;

	if (job == NULL)
		job = command_line_job(0);
	if (job != NULL)
		(void)AssignProcessToJobObject(job, process);
}

void child_start(struct child *c, const struct process_work *work,
    const char *const *args)
{
	const char *argv[OURS + PROCESS_ARGS_MAX + 1] = { NULL };
	STARTUPINFOW startup = { .cb = sizeof(startup) };
	PROCESS_INFORMATION info;
	wchar_t *line, *program;
	char self[SELF_MAX];
	size_t n = OURS;

	argv[0] = process_self(self, sizeof(self));
	argv[1] = "--process-try";
	argv[2] = work->name;
	while (args != NULL && *args != NULL && n < OURS + PROCESS_ARGS_MAX)
		argv[n++] = *args++;
	line = command_line_from(argv);
	program = wide_path(self);
	if (line == NULL || program == NULL ||
	    !CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL,
		&startup, &info)) {
		(void)fprintf(stderr, "cannot start a child\n");
		abort();
	}
	join_job(info.hProcess);
	(void)CloseHandle(info.hThread);
	free(program);
	free(line);
	c->id = (intptr_t)info.hProcess;
}

/* Of one that has ended. */
static DWORD code_of(struct child *c)
{
	DWORD code = 0;

	(void)GetExitCodeProcess((HANDLE)c->id, &code);
	(void)CloseHandle((HANDLE)c->id);
	return code;
}

/* It returned, or left by process_leave; abort(3) leaves with ABORTED. */
static int result_of(DWORD code)
{
	const DWORD high = code & ~(DWORD)RESULT_MASK;

	return (high == RETURNED || high == 0) && code != ABORTED
	    ? (int)(code & RESULT_MASK)
	    : CHILD_DIED;
}

int child_wait(struct child *c)
{
	if (WaitForSingleObject((HANDLE)c->id, LIMIT_MS) == WAIT_TIMEOUT) {
		(void)child_kill(c);
		return CHILD_DIED;
	}
	return result_of(code_of(c));
}

bool child_ended(struct child *c, int *result)
{
	if (WaitForSingleObject((HANDLE)c->id, 0) == WAIT_TIMEOUT)
		return false;
	*result = result_of(code_of(c));
	return true;
}

bool child_kill(struct child *c)
{
	(void)TerminateProcess((HANDLE)c->id, KILLED);
	(void)WaitForSingleObject((HANDLE)c->id, INFINITE);
	return code_of(c) == KILLED;
}
