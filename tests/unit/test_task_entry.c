/* test_task_entry.c - tasks of the Task Scheduler, read for ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "formats/task_entry.h"

/* As install-task.cmd writes one and as Windows gives it back. */
#define TASK(settings, triggers, action)                                   \
	"<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n"                  \
	"<Task version=\"1.2\" xmlns=\"http://x/2004/02/mit/task\">\r\n"   \
	"  <RegistrationInfo>\r\n    <URI>\\hfcron-me</URI>\r\n"           \
	"  </RegistrationInfo>\r\n  <Triggers>" triggers "</Triggers>\r\n" \
	"  <Principals><Principal id=\"Author\">\r\n"                      \
	"    <UserId>PC\\me</UserId></Principal></Principals>\r\n"         \
	"  <Settings>" settings "</Settings>\r\n"                          \
	"  <Actions Context=\"Author\">" action "</Actions>\r\n</Task>\r\n"
#define EXEC(command, rest) \
	"<Exec><Command>" command "</Command>" rest "</Exec>"
#define EVERY(interval)                                                   \
	"<TimeTrigger><StartBoundary>2020-01-01T00:03:05</StartBoundary>" \
	"<Repetition><Interval>" interval "</Interval>"                   \
	"<StopAtDurationEnd>false</StopAtDurationEnd></Repetition>"       \
	"</TimeTrigger>"

static void reads_our_own(void **state)
{
	static const char xml[] = TASK("<Enabled>true</Enabled>", EVERY("PT5M"),
	    EXEC("&quot;C:\\\xc3\xa4 &amp; b\\hfcron.exe&quot;",
		"<Arguments>--config &quot;C:\\it&apos;s.yaml&quot; run"
		"</Arguments>"));
	struct task_entry entry;

	(void)state;
	assert_int_equal(task_entry_read(xml, "hfcron", &entry), 1);
	assert_string_equal(entry.program, "C:\\\xc3\xa4 & b\\hfcron.exe");
	assert_string_equal(entry.arguments, "--config \"C:\\it's.yaml\" run");
	assert_string_equal(entry.user, "PC\\me");
	assert_string_equal(entry.when, "every 5m");
	assert_null(entry.dir);
	assert_false(entry.disabled);
	task_entry_release(&entry);
	assert_null(entry.program);
}

static void tells_when(void **state)
{
	static const struct {
		const char *triggers, *when;
	} cases[] = {
		{ "", "" },
		{ EVERY("PT1H"), "every 1h" },
		{ EVERY("P1DT2H"), "every 1d02h" },
		{ EVERY("PT90S"), "every 1m30s" },
		{ EVERY("5"), "TimeTrigger at 00:03" },
		{ EVERY("P1Y"), "TimeTrigger at 00:03" },
		{ EVERY("PT"), "TimeTrigger at 00:03" },
		{ EVERY("PT99999999999M"), "TimeTrigger at 00:03" },
		{ EVERY("PT5M") "<BootTrigger/>", "every 5m, BootTrigger" },
		{ "<BootTrigger><Enabled>false</Enabled></BootTrigger>", "" },
		{ "<LogonTrigger><StartBoundary>soon</StartBoundary>"
		  "</LogonTrigger>",
		    "LogonTrigger" },
		{ "<CalendarTrigger>"
		  "<StartBoundary>2020-01-01T02:00:00Z</StartBoundary>"
		  "<ScheduleByDay><DaysInterval>1</DaysInterval>"
		  "</ScheduleByDay></CalendarTrigger>",
		    "every day at 02:00" },
		{ "<CalendarTrigger>"
		  "<StartBoundary>2020-01-01T02:00:00</StartBoundary>"
		  "<ScheduleByDay><DaysInterval>3</DaysInterval>"
		  "</ScheduleByDay></CalendarTrigger>",
		    "every 3 days at 02:00" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *xml = text_format(TASK("", "%s", "%s"), cases[i].triggers,
		    EXEC("hfcron", ""));
		struct task_entry entry;

		assert_non_null(xml);
		assert_int_equal(task_entry_read(xml, "hfcron", &entry), 1);
		assert_string_equal(entry.when, cases[i].when);
		task_entry_release(&entry);
		free(xml);
	}
}

static void knows_what_starts_it(void **state)
{
	static const struct {
		const char *action;
		int found;
	} cases[] = {
		{ EXEC("hfcron", ""), 1 },
		{ EXEC("C:\\x\\HFCron.EXE", ""), 1 },
		{ EXEC("\n \"C:/x/hfcron.exe\" \n", ""), 1 },
		{ EXEC("C:\\hfcron\\other.exe", ""), 0 },
		{ EXEC("C:\\x\\myhfcron.exe", ""), 0 },
		{ EXEC("C:\\x\\hfcron.exe.old", ""), 0 },
		{ EXEC("cmd", "<Arguments>/c hfcron run &gt;log</Arguments>"),
		    1 },
		{ EXEC("cmd",
		      "<Arguments>/c \"\"C:\\a b\\hfcron.exe\" run\""
		      "</Arguments>"),
		    1 },
		{ EXEC("robocopy", "<Arguments>C:\\hfcron D:\\</Arguments>"),
		    0 },
		{ EXEC("notepad", "<Arguments>C:\\hfcron.yaml</Arguments>"),
		    0 },
		{ EXEC("other", "") EXEC("hfcron", ""), 1 },
		{ "<ComHandler><ClassId>hfcron</ClassId></ComHandler>", 0 },
		{ EXEC("<![CDATA[C:\\<x>\\hfcron.exe]]>", ""), 1 },
		{ EXEC("C:\\&#228;&#x1F600;\\hfcron", ""), 1 },
		{ "<t:Exec><t:Command>hfcron</t:Command></t:Exec>", 1 },
		{ "<Exec><Arguments>hfcron</Arguments></Exec>", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *xml = text_format(TASK("", "%s", "%s"), "",
		    cases[i].action);
		struct task_entry entry;

		assert_non_null(xml);
		if (task_entry_read(xml, "hfcron", &entry) != cases[i].found)
			fail_msg("%s", cases[i].action);
		task_entry_release(&entry);
		free(xml);
	}
}

static void decodes_references(void **state)
{
	static const char xml[] = TASK("<Enabled>0</Enabled>", "",
	    EXEC("hfcron",
		"<Arguments>&#228;&#x20AC;&#x1f600;&lt;&gt;&amp;amp;&no;&#0;"
		"&#xd800;&#x110000;& &amp</Arguments>"
		"<WorkingDirectory>D:\\</WorkingDirectory>"));
	struct task_entry entry;

	(void)state;
	assert_int_equal(task_entry_read(xml, "hfcron", &entry), 1);
	assert_string_equal(entry.arguments,
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80<>&amp;&no;&#0;"
	    "&#xd800;&#x110000;& &amp");
	assert_string_equal(entry.dir, "D:\\");
	assert_true(entry.disabled);
	task_entry_release(&entry);
}

static void refuses_what_is_no_task(void **state)
{
	static const char *const cases[] = { "", "x", "<", "<Task", "<Task>",
		"</Task>", "<Task></Task", "<Task/>", "<?xml", "<!--",
		"<!DOCTYPE x><Task/>", "<Task><Actions></Task></Actions>",
		"<Task a=\">\"/>", "<Task a='/>", "<Task><![CDATA[</Task>",
		"<Task><Actions><Exec><Command>hfcron</Command></Exec>",
		("<Other><Actions><Exec><Command>hfcron</Command></Exec>"
		 "</Actions></Other>") };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct task_entry entry;

		assert_int_equal(task_entry_read(cases[i], "hfcron", &entry),
		    0);
		assert_null(entry.program);
	}
}

static void bears_deep_elements(void **state)
{
	struct task_entry entry;
	char xml[4096];

	(void)state;
	for (size_t i = 0; i + 4 < sizeof(xml); i += 3)
		memcpy(xml + i, "<a>", 4);
	assert_int_equal(task_entry_read(xml, "hfcron", &entry), 0);
}

static void splits_words(void **state)
{
	static const struct {
		const char *arguments;
		const char *words[5];
	} cases[] = {
		{ "", { NULL } },
		{ "run", { "run", NULL } },
		{ "--config \"C:\\a b\\c.yaml\"   run",
		    { "--config", "C:\\a b\\c.yaml", "run", NULL } },
		{ "C:\\x\\ \"C:\\x\\\\\" a\\\"b",
		    { "C:\\x\\", "C:\\x\\", "a\"b", NULL } },
		{ "\"a\"\"b\" \"\" c\"d e\"f", { "a\"b", "", "cd ef", NULL } },
		{ "\\\\server\\x\t\"unended a",
		    { "\\\\server\\x", "unended a", NULL } },
		{ "\\\\\\\"x \\\\\"y z\"", { "\\\"x", "\\y z", NULL } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *arguments = text_dup(cases[i].arguments);
		struct task_entry entry = { .arguments = arguments };
		char **words;
		size_t k;

		entry.program = text_dup("C:\\p q.exe");
		words = task_entry_words(&entry);
		assert_non_null(words);
		assert_string_equal(words[0], "C:\\p q.exe");
		for (k = 0; cases[i].words[k] != NULL; k++) {
			assert_non_null(words[k + 1]);
			assert_string_equal(words[k + 1], cases[i].words[k]);
		}
		assert_null(words[k + 1]);
		task_entry_words_free(words);
		task_entry_release(&entry);
	}
}

static void bounds_words(void **state)
{
	char arguments[2 * TASK_WORDS_MAX + 3];
	struct task_entry entry = { .program = arguments,
		.arguments = arguments };
	char **words;

	(void)state;
	for (size_t i = 0; i < TASK_WORDS_MAX; i++)
		memcpy(arguments + 2 * i, "x ", 3);
	words = task_entry_words(&entry);
	assert_non_null(words);
	assert_null(words[TASK_WORDS_MAX + 1]);
	task_entry_words_free(words);
	memcpy(arguments + 2 * TASK_WORDS_MAX, "x", 2);
	assert_null(task_entry_words(&entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_our_own),
		cmocka_unit_test(tells_when),
		cmocka_unit_test(knows_what_starts_it),
		cmocka_unit_test(decodes_references),
		cmocka_unit_test(refuses_what_is_no_task),
		cmocka_unit_test(bears_deep_elements),
		cmocka_unit_test(splits_words),
		cmocka_unit_test(bounds_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
