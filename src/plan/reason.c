/* reason.c - the sentence that goes with a decision. */
#include "plan/reason.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

/* So near that the day of the week is clear. */
#define NEAR_S (INT64_C(6) * 86400)
/* Year 9999 is nearer; a stamp beyond it is damage. */
#define FAR_S (INT64_C(1) << 40)

void reason_init(struct reason *r, const struct calendar *cal, const char *zone,
    struct wall now)
{
	r->text[0] = '\0';
	r->len = 0;
	r->cal = cal;
	r->zone = zone;
	r->now = now;
	r->zone_said = zone == NULL || strcmp(zone, "local") == 0;
}

void reason_add(struct reason *r, const char *fmt, ...)
{
	size_t room = sizeof(r->text) - r->len;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(r->text + r->len, room, fmt, args);
	va_end(args);
	if (n > 0)
		r->len += (size_t)n < room ? (size_t)n : room - 1;
}

void reason_add_time(struct reason *r, struct wall t)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu",
		"Fri", "Sat" };
	struct civil c;

	if (t.s < -FAR_S || t.s > FAR_S) {
		reason_add(r, "no sane time");
		return;
	}
	calendar_local(r->cal, r->zone == NULL ? "local" : r->zone, t, &c);
	if (t.s > r->now.s - NEAR_S && t.s < r->now.s + NEAR_S)
		reason_add(r, "%s %02d:%02d", days[c.wday], c.hour, c.minute);
	else
		reason_add(r, "%04" PRId64 "-%02d-%02d %02d:%02d", c.year,
		    c.month, c.day, c.hour, c.minute);
	if (!r->zone_said)
		reason_add(r, " %s", r->zone);
	r->zone_said = true;
}

void reason_add_duration(struct reason *r, int64_t s)
{
	char text[NUM_TEXT_MAX];

	reason_add(r, "%s", num_format_duration(s * 1000, text));
}

void reason_finish(const struct reason *r, char out[PLAN_REASON_MAX])
{
	(void)text_escape(r->text, r->len, false, out, PLAN_REASON_MAX);
}
