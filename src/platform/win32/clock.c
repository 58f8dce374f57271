/* clock.c - the only place that reads time. */
#include "platform/clock.h"

#include <windows.h>

#include "platform/win32/stop.h"

#define EPOCH_S INT64_C(11644473600) /* from 1601 to 1970 */

enum { TICK_MS = 16 };

/* Headers of before 2018 do not have it. */
#ifndef CREATE_WAITABLE_TIMER_HIGH_RESOLUTION
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002
#endif

struct wall clock_wall(void)
{
	struct wall now;
	FILETIME ft;

	GetSystemTimeAsFileTime(&ft);
	now.s = (int64_t)((uint64_t)ft.dwHighDateTime << 32 |
		    ft.dwLowDateTime) /
		10000000 -
	    EPOCH_S;
	return now;
}

/* It goes on during suspend, and is finer than GetTickCount64's 16 ms. */
struct mono clock_mono(void)
{
	static LARGE_INTEGER per_s;
	LARGE_INTEGER ticks;
	struct mono now;

	if (per_s.QuadPart == 0)
		(void)QueryPerformanceFrequency(&per_s);
	(void)QueryPerformanceCounter(&ticks);
	/* In two steps: ticks * 1000 would overflow after some weeks. */
	now.ms = ticks.QuadPart / per_s.QuadPart * 1000 +
	    ticks.QuadPart % per_s.QuadPart * 1000 / per_s.QuadPart;
	return now;
}

/* Ordinary waits end with the system's tick, which is up to 16 ms late: too much
 * for one who only wants to wait for some more packets.  NULL before Windows 10
 * 1803. */
static HANDLE fine_timer(int64_t ms)
{
	LARGE_INTEGER due;
	HANDLE timer;

	timer = CreateWaitableTimerExW(NULL, NULL,
	    CREATE_WAITABLE_TIMER_HIGH_RESOLUTION,
	    SYNCHRONIZE | TIMER_MODIFY_STATE);
	due.QuadPart = -ms * 10000;
	if (timer != NULL &&
	    !SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE)) {
		(void)CloseHandle(timer);
		return NULL;
	}
	return timer;
}

void clock_sleep_ms(int64_t ms)
{
	HANDLE both[2], asked = stop_event();
	DWORD n = 0;

	if (ms <= 0)
		return;
	if (ms > INT32_MAX)
		ms = INT32_MAX;
	if (asked != NULL)
		both[n++] = asked;
	both[n] = ms < TICK_MS ? fine_timer(ms) : NULL;
	if (both[n] != NULL)
		(void)WaitForMultipleObjects(n + 1, both, FALSE,
		    (DWORD)ms + TICK_MS);
	else if (asked == NULL)
		Sleep((DWORD)ms);
	else
		(void)WaitForSingleObject(asked, (DWORD)ms);
	if (both[n] != NULL)
		(void)CloseHandle(both[n]);
}
