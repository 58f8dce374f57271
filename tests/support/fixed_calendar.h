/*
 * fixed_calendar.h - a calendar from a table, so that tests neither need zone
 * files nor change with them.  UTC at any time; Europe/Berlin, America/New_York
 * and Australia/Lord_Howe 2023-2031; America/Havana, Africa/Cairo (changes at
 * midnight) and Antarctica/Troll (two hours) 2023-2028; Asia/Kolkata;
 * America/St_Johns 2010 (a minute past midnight back to the day before);
 * Pacific/Apia 2011-2012 (30 December 2011 did not take place).
 */
#ifndef HFCRON_TESTS_FIXED_CALENDAR_H
#define HFCRON_TESTS_FIXED_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>

#include "model/calendar.h"

/* `local` (borrowed) is the zone that "local" means. */
struct calendar fixed_calendar(char *local);
bool fixed_calendar_knows(const char *zone);
int32_t fixed_calendar_offset_s(void *cookie, const char *zone, int64_t utc_s);

#endif
