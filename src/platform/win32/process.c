/* process.c - this process, asking another one to stop, running a program. */
#include "platform/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "platform/clock.h"
#include "platform/win32/command_line.h"
#include "platform/win32/console.h"
#include "platform/win32/stop.h"
#include "platform/win32/wide.h"

enum {
	POLL_MS = 20,
	KILLED_MS = 10 * 1000, /* a driver may keep the dead that long */
	USER_NAME_MAX = 257,
	PROGRAM_MAX = 32768,
	BLOCK_MAX = 1 << 20 /* characters of an environment */
};

/* Of the C library, which has no header for it. */
int __cdecl __wgetmainargs(int *argc, wchar_t ***argv, wchar_t ***env, int glob,
    int *new_mode);

/* Not CommandLineToArgvW: with shell32 comes user32, and a console's program
 * that has that one is not told of the end of the session. */
void process_arguments(int *argc, char ***argv)
{
	wchar_t **wide = NULL, **env;
	int n = 0, new_mode = 0, i;
	char **made;

	(void)__wgetmainargs(&n, &wide, &env, 0, &new_mode);
	made = wide == NULL ? NULL : calloc((size_t)n + 1, sizeof(*made));
	for (i = 0; made != NULL && i < n; i++) {
		made[i] = wide_to_utf8(wide[i]);
		if (made[i] == NULL)
			break;
	}
	/* What the C library made of it is better than nothing. */
	if (made != NULL && i == n) {
		*argc = n;
		*argv = made;
	}
}

int64_t process_id(void)
{
	return (int64_t)GetCurrentProcessId();
}

uint32_t process_user_id(void)
{
	return 0; /* nobody's files are told apart: see fs_lstat */
}

int process_ask_to_stop(int64_t pid, struct err *e)
{
	wchar_t name[STOP_NAME_MAX];
	HANDLE event;
	DWORD code;
	BOOL set;

	if (pid <= 0 || pid > UINT32_MAX)
		return err_set(e, ERR_USAGE, "no process has the number %lld",
		    (long long)pid);
	stop_event_name(pid, name);
	event = OpenEventW(EVENT_MODIFY_STATE, FALSE, name);
	set = event != NULL && SetEvent(event);
	code = GetLastError();
	if (event != NULL)
		(void)CloseHandle(event);
	if (set)
		return 0;
	(void)wide_error_text(e, ERR_USAGE, code, "cannot stop process %lld",
	    (long long)pid);
	if (code == ERROR_FILE_NOT_FOUND)
		e->os_code = ESRCH;
	return -1;
}

const char *process_self(char *buf, unsigned long size)
{
	wchar_t *wide = malloc(PROGRAM_MAX * sizeof(*wide));
	DWORD n = wide == NULL ? 0
			       : GetModuleFileNameW(NULL, wide, PROGRAM_MAX);
	char *path = n > 0 && n < PROGRAM_MAX ? wide_to_path(wide) : NULL;

	buf[0] = '\0';
	if (path != NULL && strlen(path) < size)
		memcpy(buf, path, strlen(path) + 1);
	free(path);
	free(wide);
	return buf;
}

const char *process_user_name(void)
{
	static char name[3 * USER_NAME_MAX];
	wchar_t wide[USER_NAME_MAX];
	DWORD n = USER_NAME_MAX;
	char *utf8 = GetUserNameW(wide, &n) ? wide_to_utf8(wide) : NULL;

	if (utf8 == NULL)
		return NULL;
	memcpy(name, utf8, strlen(utf8) + 1);
	free(utf8);
	return name;
}

/* The texts one after the other, each with its NUL, and one more. */
static wchar_t *environment_block(const char *const *env)
{
	wchar_t *block = malloc(BLOCK_MAX * sizeof(*block));
	size_t n = 0;

	for (; block != NULL && *env != NULL; env++) {
		int put = MultiByteToWideChar(CP_UTF8, 0, *env, -1, block + n,
		    (int)(BLOCK_MAX - n - 2));

		if (put <= 0) {
			free(block);
			return NULL;
		}
		n += (size_t)put;
	}
	if (block != NULL)
		block[n] = block[n + 1] = L'\0';
	return block;
}

/* What there is to read; false: its writers have all closed it. */
static bool drain(HANDLE pipe, struct process_result *result)
{
	char buf[4096];
	DWORD there = 0, n;

	while (PeekNamedPipe(pipe, NULL, 0, NULL, &there, NULL)) {
		if (there == 0)
			return true;
		if (!ReadFile(pipe, buf, sizeof(buf), &n, NULL))
			break;
		if (result->out.len + n < result->out.max_bytes)
			strbuf_add(&result->out, buf, n);
	}
	return false;
}

/* With all that it has started, or at least it itself: it may be in no job, for
 * before Windows 8 there is only one, which may be somebody else's. */
static void end(HANDLE process, HANDLE job)
{
	(void)TerminateJobObject(job, 1);
	(void)TerminateProcess(process, 1);
	(void)WaitForSingleObject(process, KILLED_MS);
}

/* Until it ends or the time is over. */
static void collect(HANDLE process, HANDLE job, HANDLE pipe,
    const struct process_spec *spec, struct process_result *result)
{
	const struct mono start = clock_mono();
	DWORD status = 0;

	while (WaitForSingleObject(process, POLL_MS) == WAIT_TIMEOUT) {
		(void)drain(pipe, result);
		if (clock_mono().ms - start.ms <= spec->limit_ms)
			continue;
		result->timed_out = true;
		end(process, job);
		break;
	}
	(void)drain(pipe, result);
	if (!result->timed_out && GetExitCodeProcess(process, &status))
		result->status = (int)status;
}

/*
 * Where PATH has it: CreateProcess would look in the current folder first, which
 * may be anybody's.  *program is owned; NULL: the name is a path.  0, or -1 with
 * SetLastError.
 */
static int find_program(const char *name, wchar_t **program)
{
	wchar_t *wide, *path = NULL, *found = NULL;
	DWORD n;
	int rc = -1;

	*program = NULL;
	if (strpbrk(name, "/\\") != NULL)
		return 0;
	wide = wide_from_utf8(name);
	n = GetEnvironmentVariableW(L"PATH", NULL, 0);
	if (wide != NULL && n > 0)
		path = malloc((size_t)n * sizeof(*path));
	if (path != NULL)
		found = malloc(PROGRAM_MAX * sizeof(*found));
	SetLastError(ERROR_FILE_NOT_FOUND);
	if (found != NULL &&
	    GetEnvironmentVariableW(L"PATH", path, n) == n - 1 &&
	    SearchPathW(path, wide, L".exe", PROGRAM_MAX, found, NULL) > 0)
		rc = 0;
	free(path);
	free(wide);
	if (rc == 0)
		*program = found;
	else
		free(found);
	return rc;
}

static BOOL start(const struct process_spec *spec, HANDLE out, HANDLE job,
    PROCESS_INFORMATION *info)
{
	wchar_t *program = NULL;
	const int is_there = find_program(spec->argv[0], &program);
	const DWORD why = GetLastError();
	wchar_t *line = command_line_from(spec->argv);
	wchar_t *dir = spec->dir == NULL ? NULL : wide_from_utf8(spec->dir);
	wchar_t *env = spec->env == NULL ? NULL : environment_block(spec->env);
	HANDLE null = INVALID_HANDLE_VALUE;
	STARTUPINFOW startup;
	BOOL started = FALSE;
	DWORD code;

	command_line_streams(&startup, out, &null);
	SetLastError(is_there == -1 ? why : ERROR_NOT_ENOUGH_MEMORY);
	if (is_there == 0 && line != NULL &&
	    (spec->dir == NULL || dir != NULL) &&
	    (spec->env == NULL || env != NULL))
		started = command_line_start(program, line,
		    CREATE_UNICODE_ENVIRONMENT | CREATE_NO_WINDOW, env, dir,
		    &startup, job, info);
	code = GetLastError();
	(void)CloseHandle(null);
	free(env);
	free(dir);
	free(line);
	free(program);
	SetLastError(code);
	return started;
}

int process_run(const struct process_spec *spec, struct process_result *result,
    struct err *e)
{
	SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };
	HANDLE from = NULL, to = NULL, job = command_line_job(0);
	PROCESS_INFORMATION info;
	BOOL started = FALSE;
	DWORD code;

	result->status = -1;
	result->signal = 0;
	result->timed_out = false;
	if (job != NULL && CreatePipe(&from, &to, &inherit, 0)) {
		(void)SetHandleInformation(from, HANDLE_FLAG_INHERIT, 0);
		started = start(spec, to, job, &info);
	}
	code = GetLastError();
	if (to != NULL)
		(void)CloseHandle(to);
	if (started) {
		collect(info.hProcess, job, from, spec, result);
		(void)CloseHandle(info.hThread);
		(void)CloseHandle(info.hProcess);
	}
	if (from != NULL)
		(void)CloseHandle(from);
	if (job != NULL)
		(void)CloseHandle(job);
	if (started)
		return 0;
	return wide_error_text(e, ERR_USAGE, code, "cannot run %s",
	    spec->argv[0]);
}

void process_leave(int status)
{
	console_restore();
	(void)TerminateProcess(GetCurrentProcess(), (UINT)status);
	abort(); /* which cannot be reached */
}
