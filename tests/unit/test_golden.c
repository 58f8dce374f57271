/*
 * test_golden.c - the plans of tests/golden, letter by letter.
 *
 * A file holds cases.  A case is a few lines of set-up and, for each `plan`
 * line, the text expected up to a line with a lone dot:
 *
 *	case NAME
 *	local ZONE			what "local" means; UTC at first
 *	now TIME
 *	all | ignore_window | build TIME | last_run TIME | dice NUMBER
 *	schedule NAME: TEXT		see plan_fixture.h
 *	job ID: SCHEDULE; KEY VALUE; ...	see set_state and set_job
 *	plan
 *	due      2026-11-22T22:00:00Z  ...
 *	.
 *
 * A `next N` line instead of `plan` is answered by what comes next.
 *
 * `now` and the lines under it may come again within a case.
 * `test_golden --print FILE` prints the file with the plans as they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"
#include "plan/plan.h"
#include "plan/plan_text.h"
#include "plan/upcoming_text.h"
#include "platform/fs.h"
#include "support/fixed_calendar.h"
#include "support/plan_fixture.h"

enum { LINE_MAX_BYTES = 1024, JOBS_MAX = 20, SCHEDULES_MAX = 12 };

struct golden {
	const char *file;
	int line;
	char name[LINE_MAX_BYTES];
	char local[64];
	struct plan_config config;
	struct wall now;
	double dice;
	struct schedule schedules[SCHEDULES_MAX];
	size_t n_schedules;
	struct job jobs[JOBS_MAX];
	struct job_state states[JOBS_MAX];
	struct plan_job plan_jobs[JOBS_MAX];
	size_t n_jobs;
	int n_plans, n_wrong;
	FILE *print; /* not NULL: here go the plans as they are */
};

static int complain(const struct golden *g, const char *what)
{
	fprintf(stderr, "%s:%d: %s\n", g->file, g->line, what);
	return -1;
}

static void start_case(struct golden *g, const char *name)
{
	size_t i;

	for (i = 0; i < g->n_jobs; i++) {
		job_release(&g->jobs[i]);
		job_state_release(&g->states[i]);
	}
	for (i = 0; i < g->n_schedules; i++)
		schedule_release(&g->schedules[i]);
	g->n_jobs = g->n_schedules = 0;
	(void)snprintf(g->name, sizeof(g->name), "%s", name);
	(void)snprintf(g->local, sizeof(g->local), "UTC");
	memset(&g->config, 0, sizeof(g->config));
	g->config.build_time.s = WALL_NONE;
	g->config.last_run.s = WALL_NONE;
	g->dice = 0;
}

static double unit(void *cookie, const uint8_t key[JOB_KEY_BYTES])
{
	(void)key;
	return *(const double *)cookie;
}

static int set_phase(struct job_state *state, const char *name)
{
	int p;

	for (p = PHASE_NEW; p <= PHASE_DISABLED; p++) {
		if (strcmp(job_phase_name((enum job_phase)p), name) == 0) {
			state->phase = (enum job_phase)p;
			return 0;
		}
	}
	return -1;
}

static int set_error(struct job_state *state, char *value)
{
	struct err e = ERR_INIT;
	char *kind = fixture_cut(&value, ' ');

	(void)err_set(&e, err_kind_from_name(kind), "%s",
	    value == NULL ? "" : value);
	if (e.kind == ERR_NONE)
		return -1;
	return job_state_set_error(state, &e);
}

static int set_number(const char *text, uint64_t *value)
{
	return num_parse_u64(text, strlen(text), INT64_MAX, value);
}

static int set_state(struct job_state *state, const char *key, char *value)
{
	uint64_t n = 0;

	if (strcmp(key, "phase") == 0)
		return set_phase(state, value);
	if (strcmp(key, "error") == 0)
		return set_error(state, value);
	if (strcmp(key, "considered") == 0)
		state->considered = fixture_time(value);
	else if (strcmp(key, "anchor") == 0)
		state->anchor = fixture_time(value);
	else if (strcmp(key, "next_try") == 0)
		state->next_try = fixture_time(value);
	else if (strcmp(key, "due_now") == 0)
		state->due_now = true;
	else if (strcmp(key, "commit") == 0)
		memset(state->commit, 'a', sizeof(state->commit) - 1);
	else if (set_number(value, &n) == -1)
		return -1;
	else if (strcmp(key, "wait") == 0)
		state->retry_wait_s = (int64_t)n;
	else if (strcmp(key, "failures") == 0)
		state->failures = (uint32_t)n;
	else if (strcmp(key, "done") == 0)
		state->bytes_done = n;
	else if (strcmp(key, "total") == 0)
		state->bytes_total = n;
	else
		return -1;
	return 0;
}

static int set_job(struct plan_job *pj, struct job *job,
    struct job_state *state, const char *key, char *value)
{
	if (strcmp(key, "priority") == 0)
		return job_priority_parse(value, &job->priority);
	if (strcmp(key, "disabled") == 0) {
		job->enabled = false;
		job->file = "/etc/hfcron/models.json";
	} else if (strcmp(key, "named") == 0) {
		pj->named = true;
	} else if (strcmp(key, "paused") == 0) {
		pj->paused = true;
		pj->paused_until.s = WALL_NONE;
		if (value[0] != '\0')
			pj->paused_until = fixture_time(value);
	} else if (strcmp(key, "not_before") == 0) {
		pj->not_before = fixture_time(value);
	} else if (strcmp(key, "stateless") == 0) {
		pj->state = NULL;
	} else {
		return set_state(state, key, value);
	}
	return 0;
}

static const struct schedule *find_schedule(const struct golden *g,
    const char *name)
{
	size_t i;

	for (i = 0; i < g->n_schedules; i++)
		if (strcmp(g->schedules[i].name, name) == 0)
			return &g->schedules[i];
	return NULL;
}

static int add_schedule(struct golden *g, char *rest)
{
	char *name = fixture_cut(&rest, ':');
	struct schedule *s = &g->schedules[g->n_schedules];

	if (rest == NULL || g->n_schedules == SCHEDULES_MAX)
		return complain(g, "schedule NAME: TEXT, and not too many");
	g->n_schedules++;
	if (fixture_schedule(rest, s) == -1)
		return complain(g, "a bad schedule");
	s->name = text_dup(name);
	if (s->zone != NULL && !fixed_calendar_knows(s->zone))
		return complain(g, "a zone without a table");
	return 0;
}

static int add_job(struct golden *g, char *rest)
{
	char *id = fixture_cut(&rest, ':'), *item;
	struct job *job = &g->jobs[g->n_jobs];
	struct job_state *state = &g->states[g->n_jobs];
	struct plan_job *pj = &g->plan_jobs[g->n_jobs];

	if (rest == NULL || g->n_jobs == JOBS_MAX)
		return complain(g, "job ID: SCHEDULE; ..., and not too many");
	memset(job, 0, sizeof(*job));
	memset(pj, 0, sizeof(*pj));
	job_state_init(state);
	g->n_jobs++;
	job->id = text_dup(id);
	job->enabled = true;
	job->priority = JOB_MEDIUM;
	job->schedule = find_schedule(g, fixture_cut(&rest, ';'));
	if (job->schedule == NULL)
		return complain(g, "no such schedule");
	pj->job = job;
	pj->state = state;
	while ((item = fixture_cut(&rest, ';')) != NULL) {
		char *value = item + strcspn(item, " ");

		if (*value != '\0')
			*value++ = '\0';
		if (set_job(pj, job, state, item, value) == -1)
			return complain(g, item);
	}
	return 0;
}

static void make_plan(const struct golden *g, struct strbuf *out)
{
	struct plan_dice dice = { unit, (void *)&g->dice };
	struct calendar cal = fixed_calendar((char *)g->local);
	struct err e = ERR_INIT;
	struct plan plan;

	assert_int_equal(0,
	    plan_build(&g->config, g->plan_jobs, g->n_jobs, g->now, &cal, &dice,
		&plan, &e));
	if (plan.notice[0] != '\0')
		strbuf_printf(out, "notice: %s\n", plan.notice);
	plan_text(&plan, g->plan_jobs, out);
	plan_release(&plan);
}

static void make_next(const struct golden *g, size_t max, struct strbuf *out)
{
	struct plan_dice dice = { unit, (void *)&g->dice };
	struct calendar cal = fixed_calendar((char *)g->local);
	struct upcoming_list list;
	struct err e = ERR_INIT;

	assert_int_equal(0,
	    upcoming_build(g->plan_jobs, g->n_jobs, max, g->now, &cal, &dice,
		&list, &e));
	upcoming_text(&list, g->plan_jobs, &cal, out);
	upcoming_release(&list);
}

/* What comes next, if next > 0, or else the plan. */
static int check_plan(struct golden *g, FILE *in, size_t next)
{
	char line[LINE_MAX_BYTES];
	struct strbuf expected, actual;
	bool ended = false;
	int first = g->line;

	strbuf_init(&expected, 1U << 20);
	strbuf_init(&actual, 1U << 20);
	while (!ended && fgets(line, sizeof(line), in) != NULL) {
		g->line++;
		ended = strcmp(line, ".\n") == 0;
		if (!ended)
			strbuf_puts(&expected, line);
	}
	if (next > 0)
		make_next(g, next, &actual);
	else
		make_plan(g, &actual);
	g->n_plans++;
	if (g->print != NULL) {
		fprintf(g->print, "%s.\n", strbuf_text(&actual));
	} else if (strcmp(strbuf_text(&expected), strbuf_text(&actual)) != 0) {
		g->n_wrong++;
		fprintf(stderr, "%s:%d: %s: expected\n%sgot\n%s", g->file,
		    first, g->name, strbuf_text(&expected),
		    strbuf_text(&actual));
	}
	strbuf_release(&expected);
	strbuf_release(&actual);
	return ended ? 0 : complain(g, "no dot after the plan");
}

static int obey(struct golden *g, FILE *in, char *line)
{
	char *value = line + strcspn(line, " ");

	if (*value != '\0')
		*value++ = '\0';
	if (strcmp(line, "case") == 0)
		start_case(g, value);
	else if (strcmp(line, "local") == 0)
		(void)snprintf(g->local, sizeof(g->local), "%s", value);
	else if (strcmp(line, "now") == 0)
		g->now = fixture_time(value);
	else if (strcmp(line, "build") == 0)
		g->config.build_time = fixture_time(value);
	else if (strcmp(line, "last_run") == 0)
		g->config.last_run = fixture_time(value);
	else if (strcmp(line, "all") == 0)
		g->config.all = true;
	else if (strcmp(line, "ignore_window") == 0)
		g->config.ignore_window = true;
	else if (strcmp(line, "dice") == 0)
		g->dice = strtod(value, NULL);
	else if (strcmp(line, "schedule") == 0)
		return add_schedule(g, value);
	else if (strcmp(line, "job") == 0)
		return add_job(g, value);
	else if (strcmp(line, "plan") == 0)
		return check_plan(g, in, 0);
	else if (strcmp(line, "next") == 0)
		return check_plan(g, in, strtoul(value, NULL, 10));
	else if (line[0] != '\0' && line[0] != '#')
		return complain(g, "what is this?");
	return 0;
}

/* The number of plans in the file, all as expected; -1 otherwise. */
static int check_file(const char *path, FILE *print)
{
	struct golden *g = calloc(1, sizeof(*g));
	char line[LINE_MAX_BYTES];
	FILE *in = fopen(path, "r");
	int status = 0, n;

	if (g == NULL || in == NULL) {
		perror(path);
		free(g);
		return -1;
	}
	g->file = path;
	g->print = print;
	start_case(g, "");
	while (status == 0 && fgets(line, sizeof(line), in) != NULL) {
		g->line++;
		if (print != NULL)
			fputs(line, print);
		line[strcspn(line, "\n")] = '\0';
		status = obey(g, in, line);
	}
	n = status == 0 && g->n_wrong == 0 ? g->n_plans : -1;
	start_case(g, "");
	(void)fclose(in);
	free(g);
	return n;
}

struct count {
	const char *folder;
	int plans, bad;
};

static int check_case(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct count *count = cookie;
	char *path;
	int found;

	(void)type;
	(void)e;
	if (!text_ends(name, ".txt"))
		return 0;
	path = text_format("%s/%s", count->folder, name);
	found = check_file(path, NULL);
	if (found <= 0)
		count->bad++;
	else
		count->plans += found;
	free(path);
	return 0;
}

static void test_golden(void **state)
{
	const char *srcdir = getenv("srcdir");
	char *folder = text_format("%s/tests/golden",
	    srcdir == NULL ? "." : srcdir);
	struct count count = { folder, 0, 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(fs_list_dir(folder, check_case, &count, &e), 0);
	free(folder);
	assert_int_equal(0, count.bad);
	assert_true(count.plans >= 60); /* they were there, and were read */
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
	};

	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return check_file(argv[2], stdout) == -1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
