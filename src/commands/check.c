/*
 * check.c - validate configuration and model list.
 */
#include <stdio.h>

#include "commands/report.h"
#include "commands/session.h"
#include "commands/verbs.h"

static void print_json(const struct session *s, int status)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "check");
	json_write_key(&w, "config");
	json_write_string(&w, s->config.file);
	json_write_key(&w, "cache_dir");
	json_write_string(&w, s->config.cache_dir);
	json_write_key(&w, "state_dir");
	json_write_string(&w, s->config.state_dir);
	json_write_key(&w, "log_file");
	json_write_string(&w, s->config.log.file);
	json_write_key(&w, "models");
	json_write_begin_array(&w);
	for (size_t i = 0; i < s->config.n_model_files; i++)
		json_write_string(&w, s->config.model_files[i]);
	json_write_end_array(&w);
	json_write_key(&w, "endpoint");
	json_write_string(&w, s->config.endpoint);
	/* Where it comes from, never the token. */
	json_write_key(&w, "token_from");
	json_write_string(&w, s->token_where[0] ? s->token_where : NULL);
	json_write_key(&w, "local_dirs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < s->list.n; i++)
		if (s->list.jobs[i].local_dir != NULL)
			json_write_string(&w, s->list.jobs[i].local_dir);
	json_write_end_array(&w);
	json_write_key(&w, "jobs");
	json_write_u64(&w, s->list.n);
	json_write_key(&w, "problems");
	json_write_begin_array(&w);
	for (size_t i = 0; i < s->problems.n; i++) {
		const struct problem *p = &s->problems.items[i];

		json_write_begin_object(&w);
		json_write_key(&w, "file");
		json_write_string(&w, p->file);
		json_write_key(&w, "line");
		json_write_i64(&w, p->pos.line);
		json_write_key(&w, "column");
		json_write_i64(&w, p->pos.column);
		json_write_key(&w, "text");
		json_write_string(&w, p->text);
		json_write_key(&w, "note");
		json_write_bool(&w, p->note);
		json_write_end_object(&w);
	}
	json_write_end_array(&w);
	(void)report_end(&w, &out, status);
}

static void print_text(const struct session *s, int status)
{
	char line[1024];

	for (size_t i = 0; i < s->problems.n; i++)
		if (s->problems.items[i].note)
			printf("note: %s\n",
			    problems_line(&s->problems.items[i], line,
				sizeof(line)));
	if (status != EXIT_DONE)
		return;
	printf("configuration: %s\n",
	    s->config.file ? s->config.file : "none; defaults and environment");
	for (size_t i = 0; i < s->config.n_model_files; i++)
		printf("models:        %s\n", s->config.model_files[i]);
	printf("cache_dir:     %s\nstate_dir:     %s\nendpoint:      %s\n",
	    s->config.cache_dir, s->config.state_dir, s->config.endpoint);
	printf("jobs:          %zu\n", s->list.n);
	puts("all is well");
}

int verb_check(const struct cli *cli)
{
	struct session s;
	struct err e = ERR_INIT;
	int status;

	session_init(&s, cli);
	if (session_load(&s, true) == 0) {
		enum token_source source;

		if (config_token(&s.config, &s.token, &source, s.token_where,
			&e) == -1)
			session_fail(&s, &e);
	}
	status = (int)s.status;
	if (cli->json)
		print_json(&s, status);
	else if (!cli->quiet)
		print_text(&s, status);
	session_close(&s);
	return status;
}
