/* fuzz_config.c - any bytes as hfcron.yaml: problems or a usable value. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "platform/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check(const struct config *config)
{
	for (size_t i = 0; i < config->n_model_files; i++)
		require(config->model_files[i][0] == '/' ||
		    fs_is_absolute(config->model_files[i]));
	for (size_t i = 0; i < config->n_schedules; i++) {
		const struct schedule *s = &config->schedules[i];

		require(s->name != NULL && s->zone != NULL);
		require(config_schedule(config, s->name) == s);
		switch (s->kind) {
		case SCHEDULE_AT:
			require(s->n_at > 0 && s->days != 0);
			break;
		case SCHEDULE_EVERY:
			require(s->every_s > 0);
			break;
		case SCHEDULE_CRON:
			require(s->cron_text != NULL && s->cron.minutes != 0);
			break;
		case SCHEDULE_WINDOW:
			require(s->n_windows > 0);
			break;
		}
	}
	require(config->transfer.connections > 0);
	require(config->transfer.stall_timeout_ms > 0);
	require(config->retry.n_waits > 0 && config->retry.waits_s[0] > 0);
	require((config->transfer.proxy_url != NULL) ==
	    (config->transfer.proxy_mode == PROXY_URL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_marks marks = { .default_schedule = NULL };
	struct problems problems;
	struct config config;
	char line[4096];

	problems_init(&problems);
	require(config_set_defaults(&config) == 0);
	config.dir = text_dup("/nonexistent");
	require(config.dir != NULL);
	config_read_text(&config, "c.yaml", (const char *)data, size, &marks,
	    &problems);
	problems_sort(&problems, 0);
	for (size_t i = 0; i < problems.n; i++)
		(void)problems_line(&problems.items[i], line, sizeof(line));
	if (problems.n_errors == 0)
		check(&config);
	problems_release(&problems);
	config_release(&config);
	return 0;
}
