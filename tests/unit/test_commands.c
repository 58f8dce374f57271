/* test_commands.c - the command line, exit codes, and what is told to people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands/cli.h"
#include "commands/exit_status.h"
#include "commands/progress.h"
#include "commands/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Split at spaces; argv[0] is the program. */
static int parse(const char *line, const struct command **command,
    struct cli *cli, struct err *e)
{
	static char buffer[512];
	static char *argv[32];
	int argc = 0;
	char *save = NULL;

	snprintf(buffer, sizeof(buffer), "hfcron %s", line);
	for (char *word = strtok_r(buffer, " ", &save); word != NULL;
	     word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	return cli_parse(argc, argv, command, cli, e);
}

static void cli_accepts(void **state)
{
	const struct command *command;
	struct err e = ERR_INIT;
	struct cli cli;

	(void)state;
	assert_int_equal(parse("-c a.yaml run --all x y --max-duration 90m",
			     &command, &cli, &e),
	    0);
	assert_string_equal(command->name, "run");
	assert_string_equal(cli.config, "a.yaml");
	assert_true(cli.all);
	assert_false(cli.recheck);
	assert_int_equal(cli.max_duration_ms, 90 * 60 * 1000);
	assert_int_equal(cli.n_words, 2);
	assert_string_equal(cli.words[1], "y");
	cli_release(&cli);

	assert_int_equal(parse("run --config=b.yaml --format json", &command,
			     &cli, &e),
	    0);
	assert_string_equal(cli.config, "b.yaml");
	assert_true(cli.json);
	cli_release(&cli);

	assert_int_equal(parse("get o/n f1 f2 --type dataset --revision "
			       "refs/pr/1 --local-dir d",
			     &command, &cli, &e),
	    0);
	assert_int_equal(cli.type, REPO_DATASET);
	assert_string_equal(cli.revision, "refs/pr/1");
	assert_string_equal(cli.local_dir, "d");
	assert_int_equal(cli.n_words, 3);
	cli_release(&cli);

	assert_int_equal(parse("get o/n --include *.json --include a/ "
			       "--exclude b",
			     &command, &cli, &e),
	    0);
	assert_int_equal(cli.include.n, 2);
	assert_int_equal(cli.exclude.n, 1);
	cli_release(&cli);

	assert_int_equal(parse("plan --at 2026-03-29T02:30", &command, &cli,
			     &e),
	    0);
	assert_true(cli.has_at);
	assert_false(cli.at_has_offset);
	cli_release(&cli);

	assert_int_equal(parse("history x -n 7", &command, &cli, &e), 0);
	assert_int_equal(cli.count, 7);
	assert_int_equal(cli.n_words, 1);
	cli_release(&cli);
	assert_int_equal(parse("history --count=10000", &command, &cli, &e), 0);
	assert_int_equal(cli.count, 10000);
	cli_release(&cli);

	assert_int_equal(parse("--help", &command, &cli, &e), 0);
	assert_null(command);
	assert_true(cli.help);
	cli_release(&cli);
	assert_int_equal(parse("get --help", &command, &cli, &e), 0);
	assert_true(cli.help);
	cli_release(&cli);
}

/* Each wrong word is named, and the nearest right one where there is one. */
static void cli_refuses(void **state)
{
	static const struct {
		const char *line, *says;
	} rows[] = {
		{ "", "no command" },
		{ "rnu", "did you mean \"run\"?" },
		{ "run --al", "did you mean \"--all\"?" },
		{ "run --max-dur 5m", "did you mean" },
		{ "run --max-dur=5m", "did you mean" },
		{ "run --recehck", "did you mean \"--recheck\"?" },
		{ "run --problems", "unknown option \"--problems\"" },
		{ "run --max-duration", "needs a value" },
		{ "run --max-duration 5", "is no duration" },
		{ "run --max-duration 0s", "is no duration" },
		{ "run --format xml", "text or json" },
		{ "plan --at yesterday", "is no time" },
		{ "history -n 0", "1 to 10000" },
		{ "history -n -1", "1 to 10000" },
		{ "history --count 10001", "1 to 10000" },
		{ "run -n", "unknown option" },
		{ "plan x", "unexpected \"x\"" },
		{ "get", "get needs REPO" },
		{ "get a/b --type bucket", "model, dataset or space" },
		{ "get a/b --revision ../x", "--revision \"../x\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct command *command;
		struct err e = ERR_INIT;
		struct cli cli;
		int rc = parse(rows[i].line, &command, &cli, &e);

		cli_release(&cli);
		assert_int_equal(rc, -1);
		assert_int_equal(e.kind, ERR_USAGE);
		if (strstr(e.text, rows[i].says) == NULL)
			fail_msg("\"%s\" says: %s", rows[i].line, e.text);
	}
}

/* Every command's help shows its options and an example that parses. */
static void cli_help_is_whole(void **state)
{
	(void)state;
	for (const struct command *c = cli_commands; c->name != NULL; c++) {
		char text[16384], wanted[64];
		FILE *out = tmpfile();
		size_t n;

		assert_non_null(out);
		cli_print_help(c, out);
		rewind(out);
		n = fread(text, 1, sizeof(text) - 1, out);
		text[n] = '\0';
		assert_true(feof(out));
		fclose(out);
		snprintf(wanted, sizeof(wanted), "usage: hfcron %s", c->name);
		assert_non_null(strstr(text, wanted));
		assert_non_null(strstr(text, "--config FILE"));
		snprintf(wanted, sizeof(wanted), "  hfcron %s", c->name);
		assert_non_null(strstr(text, wanted));
	}
}

static void exit_order(void **state)
{
	static const struct {
		enum exit_status a, b, want;
	} rows[] = {
		{ EXIT_DONE, EXIT_DONE, EXIT_DONE },
		{ EXIT_DONE, EXIT_RETRY, EXIT_RETRY },
		{ EXIT_RETRY, EXIT_PERSON, EXIT_PERSON },
		{ EXIT_PERSON, EXIT_DISK, EXIT_DISK },
		{ EXIT_DISK, EXIT_CONFIG, EXIT_CONFIG },
		{ EXIT_CONFIG, EXIT_BUG, EXIT_BUG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(exit_status_worse(rows[i].a, rows[i].b),
		    rows[i].want);
		assert_int_equal(exit_status_worse(rows[i].b, rows[i].a),
		    rows[i].want);
	}
	assert_int_equal(exit_status_of(ERR_AUTH), 3);
	assert_int_equal(exit_status_of(ERR_PERMANENT), 3);
	assert_int_equal(exit_status_of(ERR_DISK), 4);
	assert_int_equal(exit_status_of(ERR_STATE), 4);
	assert_int_equal(exit_status_of(ERR_UNREACHABLE), 1);
	assert_int_equal(exit_status_of(ERR_BUG), 70);
	assert_int_equal(exit_status_of(ERR_CONFIG), 2);
	assert_int_equal(exit_status_of(ERR_NONE), 0);
}

static void eta(void **state)
{
	(void)state;
	assert_int_equal(progress_eta_s(0, 0), 0);
	assert_int_equal(progress_eta_s(100, 0), -1);
	assert_int_equal(progress_eta_s(100, 50), 2);
	assert_int_equal(progress_eta_s(101, 50), 3);
	assert_int_equal(progress_eta_s(1, 50), 1);
	assert_int_equal(progress_eta_s(UINT64_MAX, 1), -1);
}

static int32_t one_hour(void *cookie, const char *zone, int64_t utc_s)
{
	(void)cookie;
	(void)zone;
	(void)utc_s;
	return 3600;
}

static void times_for_people(void **state)
{
	static const struct {
		int64_t s;
		const char *want;
	} rows[] = {
		{ WALL_NONE, "never" },
		{ 1774746000 + 3600, "03:00" }, /* the same local day */
		{ 1774746000 + 86400, "Mon 02:00" },
		{ 1774746000 + 8 * 86400, "2026-04-06 02:00" },
		{ 1774746000 - 86400, "2026-03-28 02:00" },
	};
	struct session s;
	char buf[INSTANT_TEXT_MAX];

	(void)state;
	memset(&s, 0, sizeof(s));
	s.now.s = 1774746000; /* Sunday 2026-03-29 01:00 UTC */
	s.calendar.offset_s = one_hour;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct wall t = { rows[i].s };

		assert_string_equal(report_time(&s, "x", t, buf), rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cli_accepts),
		cmocka_unit_test(cli_refuses),
		cmocka_unit_test(cli_help_is_whole),
		cmocka_unit_test(exit_order),
		cmocka_unit_test(eta),
		cmocka_unit_test(times_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
