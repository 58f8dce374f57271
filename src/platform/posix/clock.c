/* clock.c - the only place that reads time. */
#include "platform/clock.h"

#include <time.h>

/* The monotonic clock of Linux stands still during suspend; this does not. */
#ifdef CLOCK_BOOTTIME
#define MONO_CLOCK CLOCK_BOOTTIME
#else
#define MONO_CLOCK CLOCK_MONOTONIC
#endif

struct wall clock_wall(void)
{
	struct timespec ts = { 0, 0 };
	struct wall now;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	now.s = ts.tv_sec;
	return now;
}

struct mono clock_mono(void)
{
	struct timespec ts = { 0, 0 };
	struct mono now;

	if (clock_gettime(MONO_CLOCK, &ts) == -1)
		(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	now.ms = (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
	return now;
}

void clock_sleep_ms(int64_t ms)
{
	struct timespec ts;

	if (ms <= 0)
		return;
	ts.tv_sec = (time_t)(ms / 1000);
	ts.tv_nsec = (long)(ms % 1000) * 1000000;
	(void)nanosleep(&ts, NULL);
}
