/*
 * signals.c - being asked to stop: Ctrl-C and the closing of the console, the
 * end of the session, and a named event that `hfcron stop` sets.
 */
#include "platform/signals.h"

#include <signal.h>
#include <stdlib.h>
#include <wchar.h>
#include <windows.h>

#include "platform/win32/console.h"
#include "platform/win32/stop.h"

#ifndef STATUS_CONTROL_C_EXIT
#define STATUS_CONTROL_C_EXIT 0xC000013A
#endif

static volatile LONG pending; /* a signal's number */
static HANDLE asked;	      /* manual reset */

HANDLE stop_event(void)
{
	return pending == 0 ? asked : NULL;
}

void stop_event_name(int64_t pid, wchar_t name[STOP_NAME_MAX])
{
	/* Global: a task may run in another session than its user's shell. */
	(void)swprintf(name, STOP_NAME_MAX, L"Global\\hfcron-stop-%lld",
	    (long long)pid);
}

/* In a thread of Windows' own.  The system ends the process when it returns
 * from all but the first two, and after five seconds anyway. */
static BOOL WINAPI on_control(DWORD event)
{
	const LONG signal = event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT
	    ? SIGINT
	    : SIGTERM;

	if (InterlockedCompareExchange(&pending, signal, 0) != 0 &&
	    signal == SIGINT) {
		console_restore();
		(void)TerminateProcess(GetCurrentProcess(),
		    STATUS_CONTROL_C_EXIT);
	}
	if (asked != NULL)
		(void)SetEvent(asked);
	if (signal == SIGTERM)
		Sleep(INFINITE); /* until main returns */
	return TRUE;
}

void signals_install(void)
{
	wchar_t name[STOP_NAME_MAX];

	stop_event_name((int64_t)GetCurrentProcessId(), name);
	if (asked == NULL)
		asked = CreateEventW(NULL, TRUE, FALSE, name);
	pending = 0;
	if (asked != NULL)
		(void)ResetEvent(asked);
	/* A parent may have had it ignored. */
	(void)SetConsoleCtrlHandler(NULL, FALSE);
	(void)SetConsoleCtrlHandler(on_control, TRUE);
	/* No box that waits for a click that nobody makes. */
	(void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX |
	    SEM_NOOPENFILEERRORBOX);
}

int signals_pending(void)
{
	if (pending == 0 && asked != NULL &&
	    WaitForSingleObject(asked, 0) == WAIT_OBJECT_0)
		(void)InterlockedCompareExchange(&pending, SIGTERM, 0);
	return (int)pending;
}

int signals_fd(void)
{
	return -1; /* libcurl waits for sockets only; the loop looks often */
}

void signals_forget(void)
{
	pending = 0;
	if (asked != NULL)
		(void)ResetEvent(asked);
}

void signals_reraise(int signal)
{
	console_restore();
	ExitProcess(signal == SIGINT ? STATUS_CONTROL_C_EXIT
				     : 128 + (UINT)signal);
}
