/* command_line.c - starting a program. */
#include "platform/win32/command_line.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "platform/win32/wide.h"

enum { LINE_MAX = 32767 * 3 }; /* CreateProcess' limit, as UTF-8 */

/* Of Windows 10. */
#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x2000D
#endif

/* Backslashes mean themselves, but not before a quotation mark. */
static void add_quoted(struct strbuf *line, const char *arg)
{
	size_t backslashes = 0, i;

	strbuf_putc(line, '"');
	for (;; arg++) {
		if (*arg == '\\') {
			backslashes++;
			continue;
		}
		if (*arg == '"' || *arg == '\0')
			backslashes *= 2;
		for (i = 0; i < backslashes; i++)
			strbuf_putc(line, '\\');
		backslashes = 0;
		if (*arg == '\0')
			break;
		if (*arg == '"')
			strbuf_putc(line, '\\');
		strbuf_putc(line, *arg);
	}
	strbuf_putc(line, '"');
}

wchar_t *command_line_from(const char *const *argv)
{
	wchar_t *wide = NULL;
	struct strbuf line;
	size_t i;

	strbuf_init(&line, LINE_MAX);
	for (i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			strbuf_putc(&line, ' ');
		add_quoted(&line, argv[i]);
	}
	if (!strbuf_failed(&line))
		wide = wide_from_utf8(strbuf_text(&line));
	strbuf_release(&line);
	return wide;
}

HANDLE command_line_job(uint64_t memory_bytes)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;
	HANDLE job = CreateJobObjectW(NULL, NULL);

	if (job == NULL)
		return NULL;
	memset(&limits, 0, sizeof(limits));
	limits.BasicLimitInformation
	    .LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE |
	    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
	if (memory_bytes > 0) {
		limits.BasicLimitInformation
		    .LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
		limits.ProcessMemoryLimit = (SIZE_T)memory_bytes;
	}
	(void)SetInformationJobObject(job, JobObjectExtendedLimitInformation,
	    &limits, sizeof(limits));
	return job;
}

void command_line_streams(STARTUPINFOW *startup, HANDLE out, HANDLE *null)
{
	SECURITY_ATTRIBUTES inherit = { sizeof(inherit), NULL, TRUE };

	*null = CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE,
	    FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit, OPEN_EXISTING, 0,
	    NULL);
	memset(startup, 0, sizeof(*startup));
	startup->cb = sizeof(*startup);
	startup->dwFlags = STARTF_USESTDHANDLES;
	startup->hStdInput = *null;
	startup->hStdOutput = out == NULL ? *null : out;
	startup->hStdError = startup->hStdOutput;
}

/* With the job's name on it; NULL: not known here.  Owned: release_list. */
static LPPROC_THREAD_ATTRIBUTE_LIST job_list(HANDLE *job)
{
	LPPROC_THREAD_ATTRIBUTE_LIST list;
	SIZE_T n = 0;

	(void)InitializeProcThreadAttributeList(NULL, 1, 0, &n);
	list = malloc(n);
	if (list == NULL ||
	    !InitializeProcThreadAttributeList(list, 1, 0, &n)) {
		free(list);
		return NULL;
	}
	if (UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST,
		job, sizeof(*job), NULL, NULL))
		return list;
	DeleteProcThreadAttributeList(list);
	free(list);
	return NULL;
}

static void release_list(LPPROC_THREAD_ATTRIBUTE_LIST list)
{
	if (list != NULL)
		DeleteProcThreadAttributeList(list);
	free(list);
}

/* Before Windows 10 there is a moment in which it is in no job: it does nothing
 * in that moment, but who kills us just then leaves it behind. */
static BOOL start_stopped(const wchar_t *program, wchar_t *line, DWORD flags,
    wchar_t *env, const wchar_t *dir, const STARTUPINFOW *startup, HANDLE job,
    PROCESS_INFORMATION *info)
{
	STARTUPINFOW plain = *startup;

	if (!CreateProcessW(program, line, NULL, NULL, TRUE,
		flags | CREATE_SUSPENDED, env, dir, &plain, info))
		return FALSE;
	(void)AssignProcessToJobObject(job, info->hProcess);
	(void)ResumeThread(info->hThread);
	return TRUE;
}

BOOL command_line_start(const wchar_t *program, wchar_t *line, DWORD flags,
    wchar_t *env, const wchar_t *dir, const STARTUPINFOW *startup, HANDLE job,
    PROCESS_INFORMATION *info)
{
	STARTUPINFOEXW extended;
	BOOL started;
	DWORD code;

	memset(&extended, 0, sizeof(extended));
	extended.StartupInfo = *startup;
	extended.StartupInfo.cb = sizeof(extended);
	extended.lpAttributeList = job_list(&job);
	if (extended.lpAttributeList == NULL)
		return start_stopped(program, line, flags, env, dir, startup,
		    job, info);
	started = CreateProcessW(program, line, NULL, NULL, TRUE,
	    flags | EXTENDED_STARTUPINFO_PRESENT, env, dir,
	    &extended.StartupInfo, info);
	code = GetLastError();
	release_list(extended.lpAttributeList);
	SetLastError(code);
	return started;
}
