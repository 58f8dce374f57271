/* model_list.c - all lists of the configuration as one, and single jobs. */
#include "config/model_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "config/source.h"

static const struct text_pos whole_file = { 0, 0 };

static void read_list(const struct config *config, const char *file,
    struct model_list *list, struct model_list_marks *marks,
    struct problems *problems)
{
	bool absent = false;
	size_t n;
	char *text = source_read(file, SOURCE_JSON, &n, &absent, problems);

	if (absent)
		problems_add(problems, file, whole_file, "%s%s",
		    config->model_files_named
			? "there is no such model list"
			: "there is no model list: write one, such as "
			  "{\"models\": [\"Qwen/Qwen3-0.6B\"]}",
		    config_json_hint(config->file));
	if (text != NULL)
		model_list_read_text(config, file, text, n, list, marks,
		    problems);
	free(text);
}

int model_list_load(const struct config *config, struct model_list *list,
    struct problems *problems, struct err *e)
{
	struct model_list_marks marks = { NULL, 0 };
	size_t first = problems->n, errors_before = problems->n_errors;

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < config->n_model_files; i++)
		read_list(config, config->model_files[i], list, &marks,
		    problems);
	model_clash_check(config, list, &marks, problems);
	free(marks.pos);
	problems_sort(problems, first);
	if (problems->out_of_memory)
		return err_nomem(e);

	size_t errors = problems->n_errors - errors_before;
	if (errors > 0)
		return err_set(e, ERR_CONFIG, "%zu problem%s in %s", errors,
		    errors == 1 ? "" : "s",
		    config->n_model_files == 1 ? config->model_files[0]
					       : "the model lists");
	return 0;
}

void model_list_release(struct model_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		job_release(&list->jobs[i]);
	free(list->jobs);
	memset(list, 0, sizeof(*list));
}

size_t model_list_find(const struct model_list *list, const char *word,
    size_t *found)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->jobs[i].id, word) == 0) {
			found[0] = i;
			return 1;
		}
		if (strcmp(list->jobs[i].name, word) == 0)
			found[n++] = i;
	}
	return n;
}

/*
 * "hf://[models/|datasets/|spaces/]namespace/name[@revision]" to its parts;
 * *name and *revision are owned.  The official form has no single-word names.
 */
static int parse_uri(const char *uri, enum repo_type *type, char **name,
    char **revision, struct err *e)
{
	static const struct {
		const char *prefix;
		enum repo_type type;
	} kinds[] = { { "models/", REPO_MODEL }, { "datasets/", REPO_DATASET },
		{ "spaces/", REPO_SPACE } };
	const char *text = uri + strlen("hf://"), *at;
	bool typed = false;

	for (size_t i = 0; i < 3 && !typed; i++) {
		typed = text_starts(text, kinds[i].prefix);
		if (typed) {
			*type = kinds[i].type;
			text += strlen(kinds[i].prefix);
		}
	}
	at = strchr(text, '@');
	*name = at == NULL ? text_dup(text)
			   : text_ndup(text, (size_t)(at - text));
	if (at != NULL)
		*revision = text_dup(at + 1);
	if (*name == NULL || (at != NULL && *revision == NULL))
		return err_nomem(e);
	if (strchr(*name, '/') == NULL)
		return err_set(e, ERR_USAGE,
		    "\"%.200s\": write hf://namespace/name", uri);
	return 0;
}

static int check_adhoc(const struct job *job, struct err *e)
{
	const char *problem = repo_id_problem(job->name);

	if (problem != NULL)
		return err_set(e, ERR_USAGE, "bad repository id \"%.200s\": %s",
		    job->name, problem);
	problem = repo_revision_problem(job->revision);
	if (problem != NULL)
		return err_set(e, ERR_USAGE, "bad revision \"%.200s\": %s",
		    job->revision, problem);
	return 0;
}

int model_list_adhoc(const char *name, enum repo_type type,
    const char *revision, struct job *job, struct err *e)
{
	int rc = 0;

	memset(job, 0, sizeof(*job));
	job->type = type;
	job->follow = true;
	job->enabled = true;
	job->priority = JOB_MEDIUM;
	if (text_starts(name, "hf://"))
		rc = parse_uri(name, &job->type, &job->name, &job->revision, e);
	else if ((job->name = text_dup(name)) == NULL)
		rc = err_nomem(e);
	if (rc == 0 && revision != NULL) {
		free(job->revision);
		job->revision = text_dup(revision);
		if (job->revision == NULL)
			rc = err_nomem(e);
	}
	if (rc == 0 && !model_entry_complete(job))
		rc = err_nomem(e);
	if (rc == 0)
		rc = check_adhoc(job, e);
	if (rc == -1)
		job_release(job);
	return rc;
}
