/* job.c - one entry of the model list. */
#include "model/job.h"

#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"

enum { JOB_TEXT_MAX = 64 * 1024 * 1024, ID_HASH_DIGITS = 8 };

static const char *const priority_names[] = {
	[JOB_HIGH] = "high",
	[JOB_MEDIUM] = "medium",
	[JOB_LOW] = "low",
};

enum { PRIORITY_COUNT = sizeof(priority_names) / sizeof(priority_names[0]) };

void job_release(struct job *job)
{
	free(job->id);
	free(job->name);
	free(job->revision);
	pattern_list_release(&job->include);
	pattern_list_release(&job->exclude);
	free(job->local_dir);
	free(job->note);
	memset(job, 0, sizeof(*job));
}

const char *job_priority_name(enum job_priority p)
{
	return priority_names[p];
}

int job_priority_parse(const char *text, enum job_priority *p)
{
	int i;

	for (i = 0; i < PRIORITY_COUNT; i++) {
		if (strcmp(text, priority_names[i]) == 0) {
			*p = (enum job_priority)i;
			return 0;
		}
	}
	return -1;
}

/* Quoted such that no two values look alike and no line is broken. */
static void add_field(struct strbuf *out, const char *key, const char *value)
{
	const char *p;

	strbuf_printf(out, " %s=\"", key);
	for (p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if (c < 0x20 || c == 0x7f)
			strbuf_printf(out, "\\x%02x", c);
		else if (c == '"' || c == '\\')
			strbuf_printf(out, "\\%c", c);
		else
			strbuf_putc(out, (char)c);
	}
	strbuf_putc(out, '"');
}

char *job_text(const struct job *job, const char *cache_dir,
    const char *endpoint)
{
	struct strbuf out;
	size_t i;

	strbuf_init(&out, JOB_TEXT_MAX);
	strbuf_puts(&out, repo_type_name(job->type));
	add_field(&out, "name", job->name);
	add_field(&out, "revision", job->revision);
	add_field(&out, "follow", job->follow ? "yes" : "no");
	for (i = 0; i < job->include.n; i++)
		add_field(&out, "include", job->include.items[i]);
	for (i = 0; i < job->exclude.n; i++)
		add_field(&out, "exclude", job->exclude.items[i]);
	if (job->local_dir != NULL)
		add_field(&out, "local_dir", job->local_dir);
	else
		add_field(&out, "cache_dir", cache_dir);
	add_field(&out, "endpoint", endpoint);
	return strbuf_detach(&out);
}

char *job_default_id(enum repo_type type, const char *name,
    const char *revision, const char *local_dir_hash)
{
	if (local_dir_hash == NULL)
		return text_format("%s/%s@%s", repo_type_name(type), name,
		    revision);
	return text_format("%s/%s@%s+%.*s", repo_type_name(type), name,
	    revision, ID_HASH_DIGITS, local_dir_hash);
}
