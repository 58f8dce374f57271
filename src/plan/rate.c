#include "plan/rate.h"

#include <string.h>

#include "plan/slots.h"

struct rate rate_at(const struct bandwidth *b, const struct calendar *cal,
    struct wall t)
{
	struct rate rate = { 0, { WALL_NONE } };

	for (size_t i = 0; i < b->n; i++) {
		const struct bandwidth_rule *rule = &b->rules[i];
		struct window_state state;
		struct schedule s;

		memset(&s, 0, sizeof(s)); /* of the local zone */
		s.windows = rule->windows;
		s.n_windows = rule->n_windows;
		state = window_at(&s, cal, t);
		/* Of the rules before it, the first to begin ends it too. */
		if (state.until.s != WALL_NONE &&
		    (rate.until.s == WALL_NONE || state.until.s < rate.until.s))
			rate.until = state.until;
		if (state.open) {
			rate.limit = rule->limit;
			break;
		}
	}
	return rate;
}
