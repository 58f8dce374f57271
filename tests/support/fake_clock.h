/*
 * fake_clock.h - platform/clock.h whose time only the test moves.  Linked
 * before the library, its symbols stand in for the real ones.
 */
#ifndef HFCRON_TESTS_FAKE_CLOCK_H
#define HFCRON_TESTS_FAKE_CLOCK_H

#include <stdint.h>

/* The wall clock shows this when the monotonic one shows 0. */
enum { FAKE_CLOCK_WALL_S = 1800000000 };

void fake_clock_set(int64_t ms);
int64_t fake_clock_ms(void);
void fake_clock_move(int64_t ms);

#endif
