/* backoff.c - how long to wait before trying again. */
#include "plan/backoff.h"

enum { DOUBLINGS_MAX = 4, DICE_SHARE = 4 };

int64_t backoff_wait_ms(const struct backoff_policy *policy, unsigned failures,
    int64_t server_s, double dice)
{
	unsigned doublings = failures > 1 ? failures - 1 : 0;
	int64_t wait_ms, jitter_ms;

	if (failures > policy->limit)
		return -1;
	if (doublings > DOUBLINGS_MAX)
		doublings = DOUBLINGS_MAX;
	wait_ms = policy->first_ms * (INT64_C(1) << doublings);
	jitter_ms = (int64_t)((double)wait_ms * dice / DICE_SHARE);
	if (server_s >= 0) {
		if (server_s < 1)
			server_s = 1;
		if (server_s > BACKOFF_SERVER_MAX_S)
			server_s = BACKOFF_SERVER_MAX_S;
		if (wait_ms < server_s * 1000)
			wait_ms = server_s * 1000;
	}
	return wait_ms + jitter_ms;
}

int64_t backoff_run_wait_s(const int64_t *waits_s, unsigned long n_waits,
    unsigned failures)
{
	unsigned long i = failures > 0 ? failures - 1 : 0;

	if (n_waits == 0)
		return 0;
	return waits_s[i < n_waits ? i : n_waits - 1];
}
