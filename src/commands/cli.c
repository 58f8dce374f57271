#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/cli.h"
#include "commands/verbs.h"

enum { OPTIONS_MAX = 32, COMMANDS_MAX = 32, COUNT_MAX = 10000 };

/* One row per option: all that parsing, help and the manual's check need. */
static const struct option_row {
	char letter; /* of the table; printed only if short_too */
	bool short_too;
	const char *name, *argument, *text;
} option_rows[] = {
	{ 'c', true, "config", "FILE", "the configuration to use" },
	{ 'f', false, "format", "FORMAT", "text (default) or json" },
	{ 'v', true, "verbose", NULL, "say more on standard error" },
	{ 'q', true, "quiet", NULL, "no progress, only what needs a person" },
	{ 'h', true, "help", NULL, "this text" },
	{ 'V', false, "version", NULL,
	    "versions of the program and its "
	    "libraries" },
	{ 'a', false, "all", NULL, "treat all jobs as due" },
	{ 'r', false, "recheck", NULL, "hash again what is on disk" },
	{ 'w', false, "ignore-window", NULL, "move bytes outside windows too" },
	{ 'y', false, "dry-run", NULL, "only say what would be done" },
	{ 'd', false, "max-duration", "TIME",
	    "end in good order after TIME "
	    "(30m, 6h)" },
	{ 'M', false, "max-bytes", "SIZE",
	    "end in good order after SIZE "
	    "(500MB, 20GB)" },
	{ 't', false, "at", "TIME",
	    "as if it were TIME "
	    "(2026-03-29T02:30, Z for UTC)" },
	{ 'u', false, "until", "TIME",
	    "until TIME instead of hfcron resume (as --at takes it)" },
	{ 'o', false, "online", NULL,
	    "ask the Hub, too: bytes, disk, and when it will be finished" },
	{ 'p', false, "problems", NULL,
	    "only jobs with problems; exit 3 if "
	    "there are any" },
	{ 'n', true, "count", "N", "how many to show" },
	{ 'C', false, "as-cron", NULL,
	    "run the installed entry as the scheduler does" },
	{ 'L', false, "list", NULL, "show the backups there are" },
	{ 'T', false, "type", "TYPE", "model (default), dataset or space" },
	{ 'R', false, "revision", "REV", "branch, tag, commit or refs/pr/N" },
	{ 'i', false, "include", "PATTERN",
	    "only matching files (repeatable)" },
	{ 'x', false, "exclude", "PATTERN", "not these files (repeatable)" },
	{ 'l', false, "local-dir", "DIR", "real files in DIR, not the cache" },
};

enum { N_ROWS = sizeof(option_rows) / sizeof(option_rows[0]) };

#define EVERYWHERE "cfvqh"

const struct command cli_commands[] = {
	{ "run", "[JOB...]", "fetch what is due, or the named jobs now",
	    EVERYWHERE "arwydM",
	    "  hfcron run                         what a crontab line calls\n"
	    "  hfcron run --all                   everything, due or not\n"
	    "  hfcron run Qwen/Qwen3-0.6B         one job now\n"
	    "  hfcron run --max-duration 6h       stop in good order after 6 "
	    "hours\n"
	    "  hfcron run --max-bytes 20GB        or after so many bytes\n",
	    0, -1, verb_run },
	{ "plan", "", "say what a run would do, and why", EVERYWHERE "taow",
	    "  hfcron plan\n"
	    "  hfcron plan --online\n"
	    "  hfcron plan --at 2026-03-29T02:30\n",
	    0, 0, verb_plan },
	{ "next", "[JOB...]", "the coming slots and windows", EVERYWHERE "nt",
	    "  hfcron next\n"
	    "  hfcron next -n 3 Qwen/Qwen3-0.6B\n"
	    "  hfcron next --at 2027-03-28T00:00\n",
	    0, -1, verb_next },
	{ "status", "[JOB...]", "every job: state, freshness, next, last error",
	    EVERYWHERE "p",
	    "  hfcron status\n"
	    "  hfcron status --problems\n"
	    "  hfcron status --format json\n",
	    0, -1, verb_status },
	{ "history", "[JOB...]", "past attempts, the newest first",
	    EVERYWHERE "n",
	    "  hfcron history\n"
	    "  hfcron history -n 5 Qwen/Qwen3-0.6B\n"
	    "  hfcron history --format json\n",
	    0, -1, verb_history },
	{ "get", "REPO [FILE...]", "fetch one repository now; prints its path",
	    EVERYWHERE "TRixl",
	    "  hfcron get Qwen/Qwen3-0.6B\n"
	    "  hfcron get Qwen/Qwen3-0.6B config.json\n"
	    "  hfcron get org/data --type dataset --include '*.parquet' "
	    "--local-dir ./data\n",
	    1, -1, verb_get },
	{ "check", "", "validate configuration and model list", EVERYWHERE,
	    "  hfcron check\n"
	    "  hfcron --config ./hfcron.yaml check\n",
	    0, 0, verb_check },
	{ "doctor", "", "is all there that a run at night needs?",
	    EVERYWHERE "C",
	    "  hfcron doctor\n"
	    "  hfcron doctor --as-cron            what the scheduler would "
	    "see\n",
	    0, 0, verb_doctor },
	{ "pause", "[JOB...]", "hold the named jobs, or everything",
	    EVERYWHERE "u",
	    "  hfcron pause                       nothing moves until resume\n"
	    "  hfcron pause --until 2030-01-07T08:00\n"
	    "  hfcron pause Qwen/Qwen3-0.6B\n",
	    0, -1, verb_pause },
	{ "resume", "[JOB...]", "release the named jobs, or everything",
	    EVERYWHERE,
	    "  hfcron resume\n"
	    "  hfcron resume Qwen/Qwen3-0.6B\n",
	    0, -1, verb_resume },
	{ "retry", "JOB...", "forget failures, unpark; due at the next run",
	    EVERYWHERE, "  hfcron retry Qwen/Qwen3-0.6B\n", 1, -1, verb_retry },
	{ "backup", "", "copy the store, the configuration and the lists",
	    EVERYWHERE "L",
	    "  hfcron backup\n"
	    "  hfcron backup --list\n",
	    0, 0, verb_backup },
	{ "restore", "[N|FOLDER]", "put a backup back; lists them without one",
	    EVERYWHERE "y",
	    "  hfcron restore\n"
	    "  hfcron restore --dry-run 7\n"
	    "  hfcron restore 7\n",
	    0, 1, verb_restore },
	{ "stop", "", "ask the run at work to end in good order, and wait",
	    EVERYWHERE, "  hfcron stop\n", 0, 0, verb_stop },
	{ NULL, NULL, NULL, NULL, NULL, 0, 0, NULL }
};

static const struct command *find_command(const char *name)
{
	for (const struct command *c = cli_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

static int unknown_command(const char *name, struct err *e)
{
	const char *names[COMMANDS_MAX], *nearest;
	size_t n = 0;

	for (const struct command *c = cli_commands; c->name != NULL; c++)
		names[n++] = c->name;
	nearest = text_nearest(name, names, n);
	return err_set(e, ERR_USAGE,
	    "unknown command \"%s\"%s%s%s; see "
	    "hfcron --help",
	    name, nearest ? " (did you mean \"" : "", nearest ? nearest : "",
	    nearest ? "\"?)" : "");
}

/* The option that was meant: its beginning was typed, or something near. */
static const char *nearest_option(const struct command *command,
    const char *word)
{
	const char *names[N_ROWS], *nearest = NULL;
	size_t n = 0, length;
	char *typed;

	if (!text_starts(word, "--"))
		return NULL;
	word += 2;
	length = strcspn(word, "=");
	for (size_t i = 0; i < N_ROWS; i++) {
		if (command != NULL &&
		    strchr(command->options, option_rows[i].letter) == NULL)
			continue;
		if (length > 1 &&
		    strncmp(option_rows[i].name, word, length) == 0)
			return option_rows[i].name;
		names[n++] = option_rows[i].name;
	}
	typed = text_ndup(word, length);
	if (typed != NULL)
		nearest = text_nearest(typed, names, n);
	free(typed);
	return nearest;
}

static int unknown_option(const struct command *command, const char *word,
    struct err *e)
{
	const char *nearest = nearest_option(command, word);

	return err_set(e, ERR_USAGE,
	    "unknown option \"%.*s\"%s%s%s; see hfcron %s%s--help",
	    (int)strcspn(word, "="), word, nearest ? " (did you mean \"--" : "",
	    nearest ? nearest : "", nearest ? "\"?)" : "",
	    command ? command->name : "", command ? " " : "");
}

static int add_pattern(struct pattern_list *list, const char *text,
    const char *option, struct err *e)
{
	const char *problem = pattern_problem(text);

	if (problem != NULL)
		return err_set(e, ERR_USAGE, "%s \"%s\": %s", option, text,
		    problem);
	if (pattern_list_add(list, text) == -1)
		return err_nomem(e);
	return 0;
}

static int set_format(struct cli *cli, const char *text, struct err *e)
{
	if (strcmp(text, "json") == 0)
		cli->json = true;
	else if (strcmp(text, "text") == 0)
		cli->json = false;
	else
		return err_set(e, ERR_USAGE,
		    "--format is text or json, not "
		    "\"%s\"",
		    text);
	return 0;
}

static int set_value(struct cli *cli, char letter, const char *value,
    struct err *e)
{
	const char *problem;

	switch (letter) {
	case 'c':
		cli->config = value;
		return 0;
	case 'f':
		return set_format(cli, value, e);
	case 'd':
		if (num_parse_duration_ms(value, &cli->max_duration_ms) == -1 ||
		    cli->max_duration_ms == 0)
			return err_set(e, ERR_USAGE,
			    "--max-duration \"%s\" is "
			    "no duration; write 30m, 6h or 1h30m",
			    value);
		return 0;
	case 'M':
		if (num_parse_size(value, &cli->max_bytes) == -1 ||
		    cli->max_bytes == 0)
			return err_set(e, ERR_USAGE,
			    "--max-bytes \"%s\" is no size; write 500MB, "
			    "20GB or 10GiB",
			    value);
		return 0;
	case 'n':
		if (num_parse_u64(value, strlen(value), COUNT_MAX,
			&cli->count) == -1 ||
		    cli->count == 0)
			return err_set(e, ERR_USAGE,
			    "--count \"%s\" is no number from 1 to %d", value,
			    COUNT_MAX);
		return 0;
	case 't':
	case 'u':
		if (instant_parse(value, &cli->at, &cli->at_has_offset) == -1)
			return err_set(e, ERR_USAGE,
			    "--%s \"%s\" is no time; "
			    "write 2026-03-29T02:30 (local) or "
			    "2026-03-29T01:30:00Z",
			    letter == 't' ? "at" : "until", value);
		cli->has_at = true;
		return 0;
	case 'T':
		if (repo_type_parse(value, &cli->type) == -1)
			return err_set(e, ERR_USAGE,
			    "--type is model, dataset "
			    "or space, not \"%s\"",
			    value);
		cli->has_type = true;
		return 0;
	case 'R':
		problem = repo_revision_problem(value);
		if (problem != NULL)
			return err_set(e, ERR_USAGE, "--revision \"%s\": %s",
			    value, problem);
		cli->revision = value;
		return 0;
	case 'i':
		return add_pattern(&cli->include, value, "--include", e);
	case 'x':
		return add_pattern(&cli->exclude, value, "--exclude", e);
	default:
		if (value[0] == '\0')
			return err_set(e, ERR_USAGE, "--local-dir is empty");
		cli->local_dir = value;
		return 0;
	}
}

static void set_flag(struct cli *cli, char letter)
{
	switch (letter) {
	case 'v':
		cli->verbose = true;
		break;
	case 'q':
		cli->quiet = true;
		break;
	case 'h':
		cli->help = true;
		break;
	case 'o':
		cli->online = true;
		break;
	case 'V':
		cli->version = true;
		break;
	case 'a':
		cli->all = true;
		break;
	case 'r':
		cli->recheck = true;
		break;
	case 'w':
		cli->ignore_window = true;
		break;
	case 'L':
		cli->list = true;
		break;
	case 'y':
		cli->dry_run = true;
		break;
	case 'C':
		cli->as_cron = true;
		break;
	default:
		cli->problems = true;
		break;
	}
}

/* getopt's tables for the options whose letters are in `letters`. */
static void make_tables(const char *letters, const char *prefix,
    struct option *longs, char *shorts)
{
	size_t n = 0, s = 0;

	while (*prefix != '\0')
		shorts[s++] = *prefix++;
	for (size_t i = 0; i < N_ROWS; i++) {
		const struct option_row *row = &option_rows[i];

		if (strchr(letters, row->letter) == NULL)
			continue;
		longs[n].name = row->name;
		longs[n].has_arg = row->argument ? required_argument
						 : no_argument;
		longs[n].flag = NULL;
		longs[n].val = (unsigned char)row->letter;
		n++;
		if (!row->short_too)
			continue;
		shorts[s++] = row->letter;
		if (row->argument != NULL)
			shorts[s++] = ':';
	}
	memset(&longs[n], 0, sizeof(longs[n]));
	shorts[s] = '\0';
}

/* getopt takes "--al" for "--all"; what is unambiguous today would be another
 * option's name tomorrow, in somebody's crontab. */
static bool is_abbreviated(const char *word, char letter)
{
	if (!text_starts(word, "--"))
		return false;
	for (size_t i = 0; i < N_ROWS; i++)
		if (option_rows[i].letter == letter)
			return strcspn(word + 2, "=") !=
			    strlen(option_rows[i].name);
	return false;
}

/* `prefix` "+:" stops at the first operand, ":" permutes. */
static int parse_options(int argc, char **argv, const char *letters,
    const char *prefix, const struct command *command, struct cli *cli,
    struct err *e)
{
	struct option longs[OPTIONS_MAX];
	char shorts[2 * OPTIONS_MAX];
	int letter;

	make_tables(letters, prefix, longs, shorts);
	opterr = 0;
	optind = 0; /* glibc: scan anew */
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];

		if (letter == '?')
			return unknown_option(command, word, e);
		if (letter == ':')
			return err_set(e, ERR_USAGE, "%s needs a value", word);
		if (optarg != NULL && optarg == word && optind >= 2)
			word = argv[optind - 2];
		if (is_abbreviated(word, (char)letter))
			return unknown_option(command, word, e);
		if (optarg == NULL)
			set_flag(cli, (char)letter);
		else if (set_value(cli, (char)letter, optarg, e) == -1)
			return -1;
	}
	return 0;
}

static int check_operands(const struct command *command, const struct cli *cli,
    struct err *e)
{
	if (cli->help)
		return 0;
	if (cli->n_words < command->min_words)
		return err_set(e, ERR_USAGE,
		    "%s needs %s; see hfcron %s "
		    "--help",
		    command->name, command->operands, command->name);
	if (command->max_words >= 0 && cli->n_words > command->max_words)
		return err_set(e, ERR_USAGE,
		    "unexpected \"%s\"; see hfcron %s "
		    "--help",
		    cli->words[command->max_words], command->name);
	return 0;
}

int cli_parse(int argc, char **argv, const struct command **command,
    struct cli *cli, struct err *e)
{
	memset(cli, 0, sizeof(*cli));
	*command = NULL;
	if (argc < 1)
		return err_set(e, ERR_USAGE, "no arguments at all were given");
	if (parse_options(argc, argv, EVERYWHERE "V", "+:", NULL, cli, e) == -1)
		return -1;
	argc -= optind;
	argv += optind;
	if (argc == 0) {
		if (cli->help || cli->version)
			return 0;
		return err_set(e, ERR_USAGE, "no command; see hfcron --help");
	}
	*command = find_command(argv[0]);
	if (*command == NULL)
		return unknown_command(argv[0], e);
	if (parse_options(argc, argv, (*command)->options, ":", *command, cli,
		e) == -1)
		return -1;
	cli->words = argv + optind;
	cli->n_words = argc - optind;
	return check_operands(*command, cli, e);
}

void cli_release(struct cli *cli)
{
	pattern_list_release(&cli->include);
	pattern_list_release(&cli->exclude);
}

static void print_option(const struct option_row *row, FILE *out)
{
	char left[64];

	snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
	    row->short_too ? "-" : " ", row->short_too ? row->letter : ' ',
	    row->short_too ? ", " : "  ", row->name, row->argument ? " " : "",
	    row->argument ? row->argument : "");
	fprintf(out, "  %-26s %s\n", left, row->text);
}

void cli_print_help(const struct command *command, FILE *out)
{
	const char *letters = command ? command->options : EVERYWHERE "V";

	if (command == NULL) {
		fputs("hfcron keeps Hugging Face repositories on disk up to "
		      "date, unattended.\n\nusage: hfcron [OPTIONS] COMMAND "
		      "[OPTIONS]\n\ncommands:\n",
		    out);
		for (const struct command *c = cli_commands; c->name != NULL;
		     c++)
			fprintf(out, "  %-8s %s\n", c->name, c->summary);
		fputs("\noptions:\n", out);
	} else {
		fprintf(out,
		    "hfcron %s - %s\n\nusage: hfcron %s [OPTIONS]%s%s"
		    "\n\noptions:\n",
		    command->name, command->summary, command->name,
		    command->operands[0] ? " " : "", command->operands);
	}
	for (size_t i = 0; i < N_ROWS; i++)
		if (strchr(letters, option_rows[i].letter) != NULL)
			print_option(&option_rows[i], out);
	fprintf(out, "\nexamples:\n%s",
	    command
		? command->examples
		: "  hfcron check                       is the configuration right?\n"
		  "  hfcron run --all                   fetch everything now\n"
		  "  */5 * * * * /usr/local/bin/hfcron run    as a crontab line\n");
	if (command == NULL)
		fputs("\nhfcron COMMAND --help says more; the manuals are "
		      "hfcron(1),\nhfcron.yaml(5) and hfcron-models(5).\n",
		    out);
}
