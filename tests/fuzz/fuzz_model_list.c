/* fuzz_model_list.c - any bytes as models.json: problems or usable jobs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "platform/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(int condition)
{
	if (!condition)
		abort();
}

static void check(const struct model_list *list)
{
	size_t *found = calloc(list->n + 1, sizeof(*found));

	require(found != NULL);
	for (size_t i = 0; i < list->n; i++) {
		const struct job *job = &list->jobs[i];

		require(repo_id_problem(job->name) == NULL);
		require(repo_revision_problem(job->revision) == NULL);
		require(job->schedule != NULL && job->line > 0);
		require(job->local_dir == NULL ||
		    fs_is_absolute(job->local_dir));
		/* Looking all of them up in a long list is quadratic. */
		if (i < 16) {
			require(model_list_find(list, job->id, found) == 1);
			require(found[0] == i);
		}
	}
	free(found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct model_list list = { NULL, 0, 0 };
	struct model_list_marks marks = { NULL, 0 };
	struct problems problems;
	struct config config;
	char line[4096];

	problems_init(&problems);
	require(config_set_defaults(&config) == 0);
	config.dir = text_dup("/nonexistent");
	config.cache_dir = text_dup("/nonexistent/cache");
	config.state_dir = text_dup("/nonexistent/state");
	require(config.dir != NULL && config.cache_dir != NULL &&
	    config.state_dir != NULL);
	config.default_schedule = config_schedule(&config, "daily");
	model_list_read_text(&config, "/nonexistent/models.json",
	    (const char *)data, size, &list, &marks, &problems);
	model_clash_check(&config, &list, &marks, &problems);
	problems_sort(&problems, 0);
	for (size_t i = 0; i < problems.n; i++)
		(void)problems_line(&problems.items[i], line, sizeof(line));
	if (problems.n_errors == 0)
		check(&list);
	free(marks.pos);
	model_list_release(&list);
	problems_release(&problems);
	config_release(&config);
	return 0;
}
