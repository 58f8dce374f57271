/* fuzz_cron.c - cron expressions, and what else stands in a schedule. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "formats/http_date.h"
#include "model/cron_expr.h"
#include "model/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In 400 years every date has been on every day of the week it can be on. */
static bool fires(const struct cron_expr *e)
{
	int64_t first = instant_days_from_civil(2000, 1, 1), day;

	for (day = first; day < first + 146097; day++) {
		struct civil c;

		instant_civil_from_days(day, &c);
		if (cron_expr_day_matches(e, c.year, c.month, c.day))
			return true;
	}
	return false;
}

static void check_cron(const char *text)
{
	const char *problem = NULL;
	struct cron_expr e;
	size_t at = 0;

	if (cron_expr_parse(text, &e, &problem, &at) == -1) {
		if (problem == NULL || at > strlen(text))
			abort();
		return;
	}
	if (e.minutes == 0 || e.minutes >> 60 != 0 || e.hours == 0 ||
	    e.hours >> 24 != 0 || e.mdays == 0 || (e.mdays & 1) != 0 ||
	    e.months == 0 || (e.months & ~0x1ffe) != 0 || e.wdays == 0 ||
	    e.wdays >> 7 != 0 || !fires(&e))
		abort();
}

static void check_window(const char *text)
{
	const char *problem = NULL;
	struct window w;

	if (schedule_parse_window(text, &w, &problem) == -1) {
		if (problem == NULL)
			abort();
		return;
	}
	if (w.days == 0 || w.days > SCHEDULE_ALL_DAYS || w.from_min < 0 ||
	    w.from_min > 1439 || w.to_min < 0 || w.to_min > 1440 ||
	    w.from_min == w.to_min)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = text_ndup((const char *)data, size);
	struct wall t;
	uint8_t days;
	int minutes;

	if (text == NULL)
		return 0;
	check_cron(text);
	check_window(text);
	if (schedule_parse_days(text, &days) == 0 &&
	    (days == 0 || days > SCHEDULE_ALL_DAYS))
		abort();
	if (schedule_parse_time(text, true, &minutes) == 0 &&
	    (minutes < 0 || minutes > 1440))
		abort();
	(void)http_date_parse(text, &t);
	free(text);
	return 0;
}
