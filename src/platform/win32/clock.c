/* clock.c - the only place that reads time. */
#include "platform/clock.h"

#include <windows.h>

#include "platform/win32/stop.h"

#define EPOCH_S INT64_C(11644473600) /* from 1601 to 1970 */

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

void clock_sleep_ms(int64_t ms)
{
	HANDLE asked = stop_event();

	if (ms <= 0)
		return;
	if (ms > INT32_MAX)
		ms = INT32_MAX;
	if (asked == NULL)
		Sleep((DWORD)ms);
	else
		(void)WaitForSingleObject(asked, (DWORD)ms);
}
