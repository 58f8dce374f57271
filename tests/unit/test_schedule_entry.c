/* test_schedule_entry.c - crontabs and service units, read for our entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <string.h>

#include "formats/schedule_entry.h"

static void finds_words(void **state)
{
	static const struct {
		const char *command;
		int at; /* -1: not there */
	} cases[] = {
		{ "hfcron run", 0 },
		{ "/usr/bin/hfcron run", 9 },
		{ "'/a b/hfcron' run", 6 },
		{ "nice hfcron;true", 5 },
		{ "hfcronic; hfcron", 10 },
		{ "myhfcron run", -1 },
		{ "hfcron-next run", -1 },
		{ "hfcron.sh", -1 },
		{ "", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *p = schedule_entry_find_word(cases[i].command,
		    "hfcron");

		if ((p == NULL ? -1 : (int)(p - cases[i].command)) !=
		    cases[i].at)
			fail_msg("%s", cases[i].command);
	}
}

static void reads_crontab(void **state)
{
	static const char text[] =
	    "# hfcron run\r\n"
	    "MAILTO=me\n"
	    " HF_HOME = \"/a b\" \n"
	    "\n"
	    "*/5 1,2 * * mon-fri\t/x/hfcron run --x='50\\%' >l%stdin\n"
	    "HF_HOME=/c\n"
	    "@hourly A=b hfcron run\n"
	    "0 3 * * * other\n"
	    "1 2 3\n"
	    "5 * * * * hfcron";
	struct schedule_entries all = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(schedule_entries_from_crontab(text, false, "hfcron",
			     &all),
	    0);
	assert_int_equal(all.n, 3);
	assert_int_equal(all.items[0].line, 5);
	assert_string_equal(all.items[0].when, "*/5 1,2 * * mon-fri");
	assert_string_equal(all.items[0].command, "/x/hfcron run --x='50%' >l");
	assert_null(all.items[0].user);
	assert_int_equal(all.items[0].n_env, 2);
	assert_string_equal(all.items[0].env[0], "MAILTO=me");
	assert_string_equal(all.items[0].env[1], "HF_HOME=/a b");
	assert_string_equal(all.items[1].when, "@hourly");
	assert_string_equal(all.items[1].command, "A=b hfcron run");
	assert_string_equal(all.items[1].env[1], "HF_HOME=/c");
	assert_string_equal(all.items[2].command, "hfcron");
	schedule_entries_release(&all);
	assert_int_equal(all.n, 0);
}

static void reads_system_crontab(void **state)
{
	struct schedule_entries all = { NULL, 0, 0 };

	(void)state;
	/* The user's name is no command. */
	assert_int_equal(
	    schedule_entries_from_crontab("1 * * * * lab  /b/hfcron run\n"
					  "@daily hfcron /bin/true\n",
		true, "hfcron", &all),
	    0);
	assert_int_equal(all.n, 1);
	assert_string_equal(all.items[0].user, "lab");
	assert_string_equal(all.items[0].when, "1 * * * *");
	assert_string_equal(all.items[0].command, "/b/hfcron run");
	schedule_entries_release(&all);
}

static void reads_unit(void **state)
{
	static const char text[] =
	    "[Service]\n"
	    "User=lab\n"
	    "Environment=\"HF_HOME=/a b\" TZ=UTC X=50%%\n"
	    "Environment=TZ=Europe/Berlin\n"
	    "ExecStartPre=/bin/hfcron check\n"
	    "ExecStart=-\"/opt/hf cron/hfcron\" --config %h/x$$.yaml run\n";
	struct schedule_entries all = { NULL, 0, 0 };

	(void)state;
	assert_int_equal(schedule_entries_from_unit(text, "/home/me", "hfcron",
			     &all),
	    0);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.items[0].line, 6);
	assert_string_equal(all.items[0].user, "lab");
	assert_string_equal(all.items[0].command,
	    "\"/opt/hf cron/hfcron\" --config /home/me/x$.yaml run");
	assert_int_equal(all.items[0].n_env, 3);
	assert_string_equal(all.items[0].env[0], "HF_HOME=/a b");
	assert_string_equal(all.items[0].env[1], "TZ=Europe/Berlin");
	assert_string_equal(all.items[0].env[2], "X=50%");
	schedule_entries_release(&all);
	assert_int_equal(
	    schedule_entries_from_unit("ExecStart=/bin/true\nUser=x\n", NULL,
		"hfcron", &all),
	    0);
	assert_int_equal(all.n, 0);
	schedule_entries_release(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_words),
		cmocka_unit_test(reads_crontab),
		cmocka_unit_test(reads_system_crontab),
		cmocka_unit_test(reads_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
