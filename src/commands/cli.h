/*
 * cli.h - the command line as data: which command, which options, help.
 */
#ifndef HFCRON_COMMANDS_CLI_H
#define HFCRON_COMMANDS_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "base/instant.h"
#include "model/pattern.h"
#include "model/repo.h"

struct cli {
	const char *config; /* --config, NULL */
	bool json, verbose, quiet, help, version;
	/* run */
	bool all, recheck, ignore_window, dry_run;
	int64_t max_duration_ms; /* 0: none */
	uint64_t max_bytes;	 /* 0: none */
	/* plan */
	bool online;
	bool has_at;
	struct wall at;
	bool at_has_offset; /* else it is local time */
	/* status */
	bool problems;
	/* history */
	uint64_t count; /* 0: the command's own default */
	/* doctor */
	bool as_cron;
	/* backup */
	bool list;
	/* get */
	enum repo_type type;
	bool has_type;
	const char *revision, *local_dir;
	struct pattern_list include, exclude; /* own */
	/* operands: JOB..., REPO FILE... */
	char **words; /* argv's */
	int n_words;
};

struct command {
	const char *name;
	const char *operands; /* "[JOB...]" */
	const char *summary;  /* one line */
	const char *options;  /* letters of cli.c's option table */
	const char *examples;
	int min_words, max_words;	   /* -1: any number */
	int (*run)(const struct cli *cli); /* returns the exit code */
};

/* NULL-terminated by name. */
extern const struct command cli_commands[];

/*
 * Parse.  *command is NULL for bare --help and --version.  0, or -1 with
 * ERR_USAGE whose text says what to type instead.  Release in both cases.
 */
int cli_parse(int argc, char **argv, const struct command **command,
    struct cli *cli, struct err *e);
void cli_release(struct cli *cli);

void cli_print_help(const struct command *command, FILE *out);

#endif
