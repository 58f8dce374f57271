/*
 * cron_expr.h - five-field cron expressions with Vixie's rules.  Pure.
 *
 * minute hour day-of-month month day-of-week; lists, ranges, steps, names
 * jan..dec and sun..sat in any case, 7 = Sunday; @hourly @daily @midnight
 * @weekly @monthly @yearly @annually.  If both day fields are restricted (do
 * not begin with "*"), a day matches if either does; else both must.
 */
#ifndef HFCRON_MODEL_CRON_EXPR_H
#define HFCRON_MODEL_CRON_EXPR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cron_expr {
	uint64_t minutes; /* bit 0..59 */
	uint32_t hours;	  /* bit 0..23 */
	uint32_t mdays;	  /* bit 1..31 */
	uint16_t months;  /* bit 1..12 */
	uint8_t wdays;	  /* bit 0..6, 0 = Sunday */
	bool mday_star, wday_star;
};

/*
 * 0, or -1 with a static text in *problem and the byte offset within `text`
 * in *at.  An expression that can never fire (30 February) is a problem.
 */
int cron_expr_parse(const char *text, struct cron_expr *expr,
    const char **problem, size_t *at);

bool cron_expr_day_matches(const struct cron_expr *expr, int64_t year,
    int month, int day);

#endif
