/* plan_fixture.h - schedules and times from short texts, for tests. */
#ifndef HFCRON_TESTS_PLAN_FIXTURE_H
#define HFCRON_TESTS_PLAN_FIXTURE_H

#include "base/instant.h"
#include "model/schedule.h"

/*
 * "at 02:00,14:00; days sat,sun; zone UTC; window 22:00-07:00; catch_up skip;
 * splay SECONDS"
 * with `at`, `every SECONDS`, `cron EXPRESSION` or `opening` first.  Prints why
 * and returns -1 if it is not one.  Release with schedule_release.
 */
int fixture_schedule(const char *text, struct schedule *s);

/* RFC 3339; prints and returns WALL_NONE if it is not. */
struct wall fixture_time(const char *text);

/*
 * Cut the next item from *rest, which are separated by `mark`; blanks around
 * it are dropped.  NULL at the end.
 */
char *fixture_cut(char **rest, char mark);

#endif
