/* clock.h - the only place that reads time. */
#ifndef HFCRON_PLATFORM_CLOCK_H
#define HFCRON_PLATFORM_CLOCK_H

#include "base/instant.h"

struct wall clock_wall(void);
/* Milliseconds that include suspend where the system has such a clock. */
struct mono clock_mono(void);
/* Sleep at most `ms`; returns early on a signal. */
void clock_sleep_ms(int64_t ms);

#endif
