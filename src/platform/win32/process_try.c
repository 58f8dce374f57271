/*
 * process_try.c - work that may die, done in this program started anew.
 *
 * The child says what came of it by its exit code, which it shares with no
 * crash: Windows' own have their highest bits set.
 */
#include "platform/process_try.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "platform/process.h"
#include "platform/win32/command_line.h"
#include "platform/win32/wide.h"

enum {
	SELF_MAX = 4096,
	KILLED_MS = 10 * 1000,	/* a driver may keep the dead that long */
	RETURNED = 0x4846 << 8, /* and the result below */
	RESULT_MASK = 0xff,
	OURS = 3 /* program, mark, name: before the work's arguments */
};

#define MARK "--process-try"

static void become_child(void)
{
	/* No report, no window, no debugger. */
	(void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX |
	    SEM_NOOPENFILEERRORBOX);
}

void process_try_serve(int argc, char **argv,
    const struct process_work *const *works)
{
	if (argc < OURS || strcmp(argv[1], MARK) != 0)
		return;
	become_child();
	for (; *works != NULL; works++)
		if (strcmp((*works)->name, argv[2]) == 0)
			process_leave(RETURNED |
			    ((*works)->run((const char *const *)argv + OURS) &
				RESULT_MASK));
	process_leave(1);
}

static BOOL start(const char *const *argv, HANDLE job,
    PROCESS_INFORMATION *info)
{
	wchar_t *line = command_line_from(argv);
	wchar_t *program = wide_path(argv[0]);
	HANDLE null = INVALID_HANDLE_VALUE;
	STARTUPINFOW startup;
	BOOL started = FALSE;
	DWORD code;

	SetLastError(ERROR_NOT_ENOUGH_MEMORY);
	command_line_streams(&startup, NULL, &null);
	if (line != NULL && program != NULL)
		started = command_line_start(program, line, CREATE_NO_WINDOW,
		    NULL, NULL, &startup, job, info);
	code = GetLastError();
	(void)CloseHandle(null);
	free(program);
	free(line);
	SetLastError(code);
	return started;
}

static enum process_end wait_for(HANDLE process, int64_t limit_ms, int *result)
{
	DWORD code = 0;

	if (limit_ms > INT32_MAX)
		limit_ms = INT32_MAX;
	*result = 0;
	if (WaitForSingleObject(process, (DWORD)limit_ms) != WAIT_OBJECT_0) {
		(void)TerminateProcess(process, 1);
		(void)WaitForSingleObject(process, KILLED_MS);
		return PROCESS_LATE;
	}
	if (!GetExitCodeProcess(process, &code) ||
	    (code & ~(DWORD)RESULT_MASK) != RETURNED)
		return code == STATUS_CONTROL_C_EXIT ? PROCESS_KILLED
						     : PROCESS_DIED;
	*result = (int)(code & RESULT_MASK);
	return PROCESS_RETURNED;
}

int process_try(const struct process_work *work, const char *const *args,
    int64_t limit_ms, uint64_t memory_bytes, enum process_end *end, int *result,
    struct err *e)
{
	const char *argv[OURS + PROCESS_ARGS_MAX + 1] = { NULL };
	PROCESS_INFORMATION info;
	char self[SELF_MAX];
	HANDLE job;
	size_t n = OURS;

	argv[0] = process_self(self, sizeof(self));
	argv[1] = MARK;
	argv[2] = work->name;
	for (; args != NULL && *args != NULL; args++) {
		if (n == OURS + PROCESS_ARGS_MAX)
			return ERR_BUG_HERE(e, "too many arguments for work");
		argv[n++] = *args;
	}
	job = command_line_job(memory_bytes);
	if (job == NULL || !start(argv, job, &info)) {
		const DWORD code = GetLastError();

		if (job != NULL)
			(void)CloseHandle(job);
		return wide_error_text(e, ERR_STATE, code,
		    "cannot start a process");
	}
	*end = wait_for(info.hProcess, limit_ms, result);
	(void)CloseHandle(info.hThread);
	(void)CloseHandle(info.hProcess);
	(void)CloseHandle(job);
	return 0;
}
