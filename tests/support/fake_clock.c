/* fake_clock.c - time as the test wants it. */
#include "support/fake_clock.h"

#include "platform/clock.h"

static int64_t now_ms;

void fake_clock_set(int64_t ms)
{
	now_ms = ms;
}

int64_t fake_clock_ms(void)
{
	return now_ms;
}

void fake_clock_move(int64_t ms)
{
	now_ms += ms;
}

struct mono clock_mono(void)
{
	struct mono now = { now_ms };

	return now;
}

struct wall clock_wall(void)
{
	struct wall now = { FAKE_CLOCK_WALL_S + now_ms / 1000 };

	return now;
}

void clock_sleep_ms(int64_t ms)
{
	now_ms += ms;
}
