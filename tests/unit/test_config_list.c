/* test_config_list.c - the model lists: values, refusals, clashes, size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "platform/clock.h"
#include "support/small.h"
#include "unit/test_config_fixture.h"

static const char default_yaml[] =
    "cache_dir: cache\nstate_dir: state\ntoken_file: secret/token\n"
    "schedules: { nightly: { at: '22:00' } }\n";

struct loaded {
	struct config config;
	struct model_list list;
	struct err e;
	char *said; /* own */
	int rc;
};

static void load_config(const char *yaml, struct config *config)
{
	char path[2 * PATH_SIZE];
	struct problems problems;
	struct err e = ERR_INIT;

	put("c.yaml", yaml, strlen(yaml));
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	problems_init(&problems);
	if (config_load(path, config, &problems, &e) == -1)
		fail_msg("%s", e.text);
	problems_release(&problems);
}

static void load_lists(const char *yaml, struct loaded *l)
{
	const struct err none = ERR_INIT;
	struct problems problems;

	load_config(yaml, &l->config);
	l->e = none;
	problems_init(&problems);
	l->rc = model_list_load(&l->config, &l->list, &problems, &l->e);
	l->said = lines(&problems);
	assert_int_equal(l->rc == -1, problems.n_errors > 0);
	problems_release(&problems);
}

static void load_list(const char *json, struct loaded *l)
{
	put("models.json", json, strlen(json));
	load_lists(default_yaml, l);
}

static void unload(struct loaded *l)
{
	free(l->said);
	model_list_release(&l->list);
	config_release(&l->config);
}

static void load_good(const char *json, struct loaded *l)
{
	load_list(json, l);
	if (l->rc == -1)
		fail_msg("%s: %s", l->e.text, l->said);
}

static void every_key(void **state)
{
	struct loaded l;

	(void)state;
	load_good("{ \"models\": [\n"
		  "  \"Qwen/Qwen3-0.6B\",\n"
		  "  { \"name\": \"org/data\", \"type\": \"dataset\",\n"
		  "    \"revision\": \"refs/pr/1\", \"follow\": false,\n"
		  "    \"include\": [\"*.parquet\", \"*.json\"],\n"
		  "    \"exclude\": \"tmp/*\", \"schedule\": \"nightly\",\n"
		  "    \"priority\": \"high\", \"enabled\": false,\n"
		  "    \"local_dir\": \"data//org/\", \"id\": \"data-v2\",\n"
		  "    \"note\": \"für alle\", \"status\": {\"any\": 1} } ],\n"
		  "  \"metadata\": {\"version\": \"1.0\", \"x\": [1]} }\n",
	    &l);
	assert_string_equal(l.said, "");
	assert_int_equal(l.list.n, 2);

	const struct job *job = &l.list.jobs[0];
	assert_string_equal(job->id, "model/Qwen/Qwen3-0.6B@main");
	assert_int_equal(job->type, REPO_MODEL);
	assert_string_equal(job->name, "Qwen/Qwen3-0.6B");
	assert_string_equal(job->revision, "main");
	assert_true(job->follow);
	assert_true(job->enabled);
	assert_int_equal(job->priority, JOB_MEDIUM);
	assert_int_equal(job->include.n, 0);
	assert_int_equal(job->exclude.n, 0);
	assert_null(job->local_dir);
	assert_null(job->note);
	assert_string_equal(job->schedule->name, "daily");
	assert_path(job->file, "T/models.json");
	assert_int_equal(job->line, 2);

	job = &l.list.jobs[1];
	assert_string_equal(job->id, "data-v2");
	assert_int_equal(job->type, REPO_DATASET);
	assert_string_equal(job->revision, "refs/pr/1");
	assert_false(job->follow);
	assert_false(job->enabled);
	assert_int_equal(job->priority, JOB_HIGH);
	assert_int_equal(job->include.n, 2);
	assert_string_equal(job->include.items[1], "*.json");
	assert_int_equal(job->exclude.n, 1);
	assert_string_equal(job->exclude.items[0], "tmp/*");
	assert_path(job->local_dir, "T/data/org");
	assert_string_equal(job->note, "für alle");
	assert_string_equal(job->schedule->name, "nightly");
	assert_int_equal(job->line, 3);
	unload(&l);
}

static void defaults_and_their_order(void **state)
{
	struct loaded l;

	(void)state;
	load_good("{ \"models\": [ \"a/b\",\n"
		  "  { \"name\": \"a/c\", \"type\": \"model\",\n"
		  "    \"revision\": \"v2\", \"follow\": true,\n"
		  "    \"enabled\": true, \"priority\": \"high\",\n"
		  "    \"include\": [], \"exclude\": [\"z\"],\n"
		  "    \"schedule\": \"hourly\", \"note\": \"\" } ],\n"
		  "  \"settings\": { \"check_frequency\": \"weekly\" },\n"
		  "  \"defaults\": { \"type\": \"space\",\n"
		  "    \"revision\": \"v1\", \"follow\": false,\n"
		  "    \"enabled\": false, \"priority\": \"low\",\n"
		  "    \"include\": [\"i\"], \"exclude\": [\"x\", \"y\"],\n"
		  "    \"schedule\": \"nightly\", \"note\": \"n\",\n"
		  "    \"status\": 1 } }",
	    &l);
	const struct job *job = &l.list.jobs[0];
	assert_string_equal(job->id, "space/a/b@v1");
	assert_false(job->follow);
	assert_false(job->enabled);
	assert_int_equal(job->priority, JOB_LOW);
	assert_int_equal(job->include.n, 1);
	assert_int_equal(job->exclude.n, 2);
	assert_string_equal(job->schedule->name, "nightly");
	assert_string_equal(job->note, "n");
	job = &l.list.jobs[1];
	assert_string_equal(job->id, "model/a/c@v2");
	assert_true(job->follow);
	assert_true(job->enabled);
	assert_int_equal(job->priority, JOB_HIGH);
	assert_int_equal(job->include.n, 0);
	assert_int_equal(job->exclude.n, 1);
	assert_string_equal(job->schedule->name, "hourly");
	assert_string_equal(job->note, "");
	unload(&l);

	load_good("{ \"models\": [ \"a/b\" ],\n"
		  "  \"settings\": { \"check_frequency\": \"weekly\" } }",
	    &l);
	assert_string_equal(l.list.jobs[0].schedule->name, "weekly");
	unload(&l);

	put("models.json", "[\"a/b\"]", 7);
	load_lists("default_schedule: hourly\n", &l);
	assert_string_equal(l.list.jobs[0].schedule->name, "hourly");
	unload(&l);
}

/* Settings and defaults are those of the list they stand in. */
static void several_lists(void **state)
{
	static const char one[] =
	    "{\"models\": [\"a/b\"], \"defaults\": {\"revision\": \"v1\"},"
	    " \"settings\": {\"check_frequency\": \"weekly\"}}";
	static const char two[] = "[\"a/b\",\n \"a/c\"]";
	struct loaded l;

	(void)state;
	put("one.json", one, strlen(one));
	put("two.json", two, strlen(two));
	load_lists("models: [one.json, two.json]\n", &l);
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.list.n, 3);
	assert_string_equal(l.list.jobs[0].id, "model/a/b@v1");
	assert_string_equal(l.list.jobs[0].schedule->name, "weekly");
	assert_string_equal(l.list.jobs[1].id, "model/a/b@main");
	assert_string_equal(l.list.jobs[1].schedule->name, "daily");
	assert_path(l.list.jobs[1].file, "T/two.json");
	unload(&l);

	load_lists("models: [two.json, three.json]\n", &l);
	assert_int_equal(l.rc, -1);
	assert_string_equal(l.said,
	    "T/three.json: there is no such model list\n");
	assert_string_equal(l.e.text, "1 problem in the model lists");
	unload(&l);

	put("three.json", "[\"a/c\"]", 7);
	load_lists("models: [two.json, three.json]\n", &l);
	assert_int_equal(l.rc, -1);
	assert_string_equal(l.said,
	    "T/three.json:1:2: the same repository, revision and destination "
	    "as at T/two.json:2: a/c\n");
	unload(&l);
}

static void settings_have_notes(void **state)
{
	struct loaded l;

	(void)state;
	load_good("{ \"models\": [\"a/b\"], \"settings\": {\n"
		  "\"max_total_size\": \"2048GB\",\n"
		  "\"auto_cleanup\": false,\n"
		  "\"cleanup_age_days\": 30,\n"
		  "\"check_frequency\": \"daily\" } }",
	    &l);
	assert_string_equal(l.said,
	    "note: T/models.json:2:1: max_total_size: accepted, has no effect "
	    "yet\n"
	    "note: T/models.json:3:1: auto_cleanup: accepted, has no effect "
	    "yet\n"
	    "note: T/models.json:4:1: cleanup_age_days: accepted, has no "
	    "effect yet\n");
	unload(&l);
}

static void empty_lists(void **state)
{
	struct loaded l;

	(void)state;
	load_good("[]", &l);
	assert_int_equal(l.list.n, 0);
	assert_string_equal(l.said,
	    "note: T/models.json:1:1: no models are listed\n");
	unload(&l);
	load_good("\xef\xbb\xbf{\"models\": []}\n", &l);
	assert_string_equal(l.said,
	    "note: T/models.json:1:12: no models are listed\n");
	unload(&l);
	load_lists("models: absent.json\n", &l);
	assert_string_equal(l.said,
	    "T/absent.json: there is no such model list\n");
	unload(&l);
}

static void no_list_at_all(void **state)
{
	struct loaded l;

	(void)state;
	load_lists("log:\n", &l);
	assert_int_equal(l.rc, -1);
	assert_int_equal(l.e.kind, ERR_CONFIG);
	assert_string_equal(l.said,
	    "T/models.json: there is no model list: write one, such as "
	    "{\"models\": [\"Qwen/Qwen3-0.6B\"]}\n");
	unload(&l);
}

struct refusal {
	const char *json, *said;
};

#define AT "T/models.json:"
#define SYSTEM " belongs to the system; name a folder of its own\n"

static const struct refusal refusals[] = {
	{ "5",
	    AT "1:1: expected a list of models, or a map with \"models\", "
	       "found 5\n" },
	{ "null",
	    AT "1:1: expected a list of models, or a map with "
	       "\"models\", found nothing\n" },
	{ "{}", AT "1:1: there is no \"models\" here\n" },
	{ "{\"modles\": []}",
	    AT "1:1: there is no \"models\" here\n" AT
	       "1:2: unknown key \"modles\" (did you mean \"models\"?)\n" },
	{ "{\"models\": {}}",
	    AT "1:12: models: expected a list of models, found a map\n" },
	{ "[5, null, [], {}]",
	    AT "1:2: expected a repository name or a map, found 5\n" AT
	       "1:5: expected a repository name or a map, found nothing\n" AT
	       "1:11: expected a repository name or a map, found a list\n" AT
	       "1:15: this entry has no \"name\"\n" },
	{ "{\"models\": [{\"name\": \"a\", \"include\": [\"x\"],\n"
	  "\"include\": \"y\", \"note\": \"n\", \"note\": 5}],\n"
	  "\"models\": [{\"name\": \"b\", \"name\": \"c\",\n"
	  "\"local_dir\": \"/srv/x\", \"local_dir\": \"/srv/y\"}, 5],\n"
	  "\"nope\": 1}",
	    AT "2:1: duplicate key \"include\" (first on line 1)\n" AT
	       "2:30: duplicate key \"note\" (first on line 2)\n" AT
	       "3:1: duplicate key \"models\" (first on line 1)\n" AT
	       "3:26: duplicate key \"name\" (first on line 3)\n" AT
	       "4:24: duplicate key \"local_dir\" (first on line 4)\n" AT
	       "4:48: expected a repository name or a map, found 5\n" AT
	       "5:1: unknown key \"nope\"\n" },
	{ "[{\"name\": 5}, {\"nam\": \"a\"}]",
	    AT "1:11: name: expected a repository such as org/name, found "
	       "5\n" AT "1:15: this entry has no \"name\"\n" AT
	       "1:16: unknown key \"nam\" (did you mean \"name\"?)\n" },
	{ "[{\"name\": \"a\", \"type\": \"modell\", \"priority\": 1,\n"
	  "\"enabled\": \"yes\", \"follow\": null, \"note\": 1,\n"
	  "\"schedule\": \"nigthly\", \"local_dir\": false,\n"
	  "\"retention\": 1}]",
	    AT "1:24: type: expected model, dataset or space, found "
	       "\"modell\"\n" AT
	       "1:46: priority: expected high, medium or low, found 1\n" AT
	       "2:12: enabled: expected true or false, found \"yes\"\n" AT
	       "2:29: follow: expected true or false, found nothing\n" AT
	       "2:43: note: expected text, found 1\n" AT
	       "3:13: schedule: unknown schedule \"nigthly\" (did you mean "
	       "\"nightly\"?)\n" AT
	       "3:37: local_dir: expected a path, found false\n" AT
	       "4:1: unknown key \"retention\"\n" },
	{ "[{\"name\": \"a\", \"include\": 5, \"exclude\": [5, {}]}]",
	    AT "1:27: include: expected a list of patterns, found 5\n" AT
	       "1:42: expected a pattern, found 5\n" AT
	       "1:45: expected a pattern, found a map\n" },
	{ "[{\"name\": \"a\", \"id\": \"\"}, {\"name\": \"b\", \"id\": "
	  "\"-x\"},\n{\"name\": \"c\", \"id\": \"a b\"}, {\"name\": \"d\", "
	  "\"id\": \"\\u001b\"}]",
#define BAD_ID                                                              \
	"id: an id has 1 to 512 letters, digits or _ . - / @ + : and does " \
	"not begin with -\n"
	    AT "1:22: " BAD_ID AT "1:47: " BAD_ID AT "2:21: " BAD_ID AT
	       "2:49: " BAD_ID },
	{ "{\"models\":[1], \"defaults\": {\"name\": \"a\", \"id\": \"b\", "
	  "\"local_dir\": \"c\"}}",
	    AT "1:12: expected a repository name or a map, found 1\n" AT
	       "1:29: \"name\" cannot be a default: every entry has its "
	       "own\n" AT
	       "1:42: \"id\" cannot be a default: every entry has its "
	       "own\n" AT
	       "1:53: \"local_dir\" cannot be a default: every entry has its "
	       "own\n" },
	{ "{\"models\": [\"a\"], \"defaults\": 5, \"metadata\": [], "
	  "\"settings\": {\"max_total_size\": \"big\",\n"
	  "\"auto_cleanup\": 1, \"cleanup_age_days\": -1,\n"
	  "\"check_frequency\": \"never\"}}",
	    AT "1:31: defaults: expected a map, found 5\n" AT
	       "1:46: metadata: expected a map, found a list\n" AT
	       "1:81: max_total_size: expected a size such as 20GB or "
	       "512MiB, found \"big\"\n" AT
	       "2:17: auto_cleanup: expected true or false, found 1\n" AT
	       "2:40: cleanup_age_days: expected a whole number from 0 to "
	       "36500, found -1\n" AT
	       "3:20: check_frequency: unknown schedule \"never\" (there "
	       "are hourly, daily, weekly, nightly)\n" },
	{ "{\"models\": [\"a\"], \"status\": 1}",
	    AT "1:19: unknown key \"status\" (it belongs in an entry of "
	       "\"models\")\n" },
	/* paths */
	{ "[{\"name\": \"a\", \"local_dir\": \"$HOME/x\"}, {\"name\": \"b\", "
	  "\"local_dir\": \"D:\\\\models\"},\n{\"name\": \"c\", "
	  "\"local_dir\": \"D:\\new\"}, {\"name\": \"d\", \"local_dir\": "
	  "\"\"}]",
	    AT "1:29: local_dir: variables are not expanded in \"$HOME/x\"; "
	       "write it out, or begin it with ~/\n" AT
	       "1:68: local_dir: a path has no backslashes; write "
	       "D:/models\n" AT
	       "2:28: local_dir: the path has a control character (a "
	       "backslash in double quotes begins an escape; write "
	       "D:/models)\n" AT "2:66: local_dir: the path is empty\n" },
#ifndef _WIN32
	{ "[{\"name\": \"a\", \"local_dir\": \"/\"}, {\"name\": \"b\", "
	  "\"local_dir\": \"/etc\"},\n{\"name\": \"c\", \"local_dir\": "
	  "\"/usr/lib/x\"}]",
	    AT "1:29: local_dir: /" SYSTEM AT
	       "1:35: local_dir /etc lies in that of line 1\n" AT
	       "1:62: local_dir: /etc" SYSTEM AT
	       "2:1: local_dir /usr/lib/x lies in that of line 1\n" AT
	       "2:28: local_dir: /usr/lib/x" SYSTEM },
#endif
	{ "[{\"name\": \"a\", \"local_dir\": \"cache/x\"},\n"
	  "{\"name\": \"b\", \"local_dir\": \"cache\"}]",
	    AT "1:2: local_dir T/cache/x lies in cache_dir T/cache\n" AT
	       "2:1: local_dir T/cache lies in cache_dir T/cache\n" AT
	       "2:1: local_dir T/cache holds that of line 1\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \"state\"}]",
	    AT "1:2: local_dir T/state would hold state_dir too (T/state)\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \"secret\"}]",
	    AT "1:2: local_dir T/secret would hold token_file too "
	       "(T/secret/token)\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \"~\"}]",
	    AT "1:2: local_dir T/home would hold the home directory too "
	       "(T/home)\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \".\"}]",
	    AT "1:2: local_dir T would hold cache_dir too (T/cache)\n" },
	/* clashes: the later one is at fault and names the earlier line */
	{ "[\"a/b\",\n{\"name\": \"a/b\", \"priority\": \"high\"},\n\"a/b\"]",
	    AT "2:1: the same repository, revision and destination as at line "
	       "1: a/b\n" AT
	       "3:1: the same repository, revision and destination as at line "
	       "2: a/b\n" },
	{ "[{\"name\": \"a\", \"id\": \"x\"},\n{\"name\": \"b\", \"id\": "
	  "\"x\"}]",
	    AT "2:1: the same id as at line 1: x\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m/x/y\"},\n"
	  "{\"name\": \"b\", \"local_dir\": \"" DRIVE "/srv/m/x\"},\n"
	  "{\"name\": \"c\", \"local_dir\": \"" DRIVE "/srv/m/x y\"},\n"
	  "{\"name\": \"d\", \"local_dir\": \"" DRIVE "/srv/m/x/z\"},\n"
	  "{\"name\": \"e\", \"local_dir\": \"" DRIVE "/srv/./m/x\"}]",
	    AT "2:1: local_dir " DRIVE "/srv/m/x holds that of line 1\n" AT
	       "4:1: local_dir " DRIVE "/srv/m/x/z lies in that of line 2\n" AT
	       "5:1: local_dir " DRIVE "/srv/m/x is that of line 2\n" },
	{ "[{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m\"},\n"
	  "{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m\"}]",
	    AT "2:1: the same repository, revision and destination as at line "
	       "1: a\n" },
};

/* Same type, name and revision at another place is another job. */
static void no_clash(void **state)
{
	struct loaded l;

	(void)state;
	load_good("[\"a\", {\"name\": \"a\", \"type\": \"dataset\"},\n"
		  "{\"name\": \"a\", \"revision\": \"v1\"},\n"
		  "{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m/a\"},\n"
		  "{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m/b\"},\n"
		  "{\"name\": \"a\", \"local_dir\": \"" DRIVE "/srv/m/a b\",\n"
		  " \"id\": \"mine\"}]",
	    &l);
	assert_int_equal(l.list.n, 6);
	assert_true(text_starts(l.list.jobs[3].id, "model/a@main+"));
	assert_int_equal(strlen(l.list.jobs[3].id), 13 + 8);
	assert_string_not_equal(l.list.jobs[3].id, l.list.jobs[4].id);
	unload(&l);
}

static void every_refusal(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct loaded l;

		load_list(refusals[i].json, &l);
		if (l.rc != -1 || l.e.kind != ERR_CONFIG ||
		    strcmp(l.said, refusals[i].said) != 0) {
			print_error("%s\nsaid:\n%s\nwanted:\n%s\n",
			    refusals[i].json, l.said, refusals[i].said);
			wrong++;
		}
		unload(&l);
	}
	assert_int_equal(wrong, 0);
}

/* The Hub's rules are model/repo's; here only that they are applied. */
static void names_and_revisions(void **state)
{
	static const char *const names[] = { "../x", "a/b/c", "-rf", "a..b",
		"a--b", "a/b.git", "", "a b", "a\\n", "a\\u202eb",
		("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") };
	static const char *const revisions[] = { "../x", "", "a\\nb", "a b",
		"-x", "a..b", "x.lock" };
	static const char *const good[] = { "refs/pr/1", "v1.0", "feature/x",
		"0123456789012345678901234567890123456789" };
	char json[512];
	struct loaded l;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(json, sizeof(json), "[\"%s\"]", names[i]);
		load_list(json, &l);
		if (!text_starts(l.said, AT "1:2: bad repository id \""))
			fail_msg("%s: %s", names[i], l.said);
		unload(&l);
	}
	for (size_t i = 0; i < COUNT(revisions); i++) {
		snprintf(json, sizeof(json),
		    "[{\"name\": \"a\", \"revision\": \"%s\"}]", revisions[i]);
		load_list(json, &l);
		if (!text_starts(l.said, AT "1:28: revision: bad revision \""))
			fail_msg("%s: %s", revisions[i], l.said);
		unload(&l);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		snprintf(json, sizeof(json),
		    "[{\"name\": \"a\", \"revision\": \"%s\"}]", good[i]);
		load_good(json, &l);
		assert_string_equal(l.list.jobs[0].revision, good[i]);
		unload(&l);
	}
}

/* What is no JSON is one problem with a place. */
static void not_json(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
#define BYTES(text) { text, sizeof(text) - 1 }
		BYTES(""),
		BYTES("[\"a\"] x"),
		BYTES("[\"a\"] [\"b\"]"),
		BYTES("{\"a\" \"b\"}"),
		BYTES("[\"a\" \"b\"]"),
		BYTES("[\"a\",,\"b\"]"),
		BYTES("[\"a\",]"),
		BYTES("[truex]"),
		BYTES("[01]"),
		BYTES("[-]"),
		BYTES("[1.2.3]"),
		BYTES("[1e999"),
		BYTES("[NaN]"),
		BYTES("{\"models\"}"),
		BYTES("[\"a\"]\0[\"b\"]"),
		BYTES("[\"a\x01\"]"),
		BYTES("[\"\\ud800\"]"),
		BYTES("[\"a\\u0000\"]"),
		BYTES("[\"\xff\"]"),
		BYTES("[\"D:\\models\"]"),
#undef BYTES
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct loaded l;

		put("models.json", cases[i].bytes, cases[i].n);
		load_lists(default_yaml, &l);
		if (l.rc != -1 || !text_starts(l.said, AT) ||
		    strchr(l.said, '\n') != l.said + strlen(l.said) - 1)
			fail_msg("case %zu: %s", i, l.said);
		assert_int_equal(l.list.n, 0);
		unload(&l);
	}
}

static void lookups(void **state)
{
	struct loaded l;
	size_t found[4];

	(void)state;
	load_good("[\"a/b\", {\"name\": \"a/b\", \"revision\": \"v1\"},\n"
		  "{\"name\": \"c\", \"id\": \"mine\"},\n"
		  "{\"name\": \"mine\"}]",
	    &l);
	assert_int_equal(model_list_find(&l.list, "a/b", found), 2);
	assert_int_equal(found[0], 0);
	assert_int_equal(found[1], 1);
	assert_int_equal(model_list_find(&l.list, "model/a/b@v1", found), 1);
	assert_int_equal(found[0], 1);
	/* an id wins over a name */
	assert_int_equal(model_list_find(&l.list, "mine", found), 1);
	assert_int_equal(found[0], 2);
	assert_int_equal(model_list_find(&l.list, "A/b", found), 0);
	unload(&l);
}

static void single_jobs(void **state)
{
	static const struct {
		const char *name;
		enum repo_type type;
		const char *revision;
		const char *id; /* or the error's text */
		bool good;
	} cases[] = {
		{ "gpt2", REPO_MODEL, NULL, "model/gpt2@main", true },
		{ "a/b", REPO_DATASET, "v1", "dataset/a/b@v1", true },
		{ "hf://a/b", REPO_MODEL, NULL, "model/a/b@main", true },
		{ "hf://models/a/b", REPO_SPACE, NULL, "model/a/b@main", true },
		{ "hf://datasets/a/b@refs/pr/1", REPO_MODEL, NULL,
		    "dataset/a/b@refs/pr/1", true },
		{ "hf://spaces/a/b@v1", REPO_MODEL, "v2", "space/a/b@v2",
		    true },
		{ "hf://gpt2", REPO_MODEL, NULL,
		    "\"hf://gpt2\": write hf://namespace/name", false },
		{ "../x", REPO_MODEL, NULL,
		    "bad repository id \"../x\": ", false },
		{ "hf://a/b/c", REPO_MODEL, NULL,
		    "bad repository id \"a/b/c\": ", false },
		{ "a", REPO_MODEL, "a b", "bad revision \"a b\": ", false },
		{ "", REPO_MODEL, NULL, "bad repository id \"\": ", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct job job;
		int rc = model_list_adhoc(cases[i].name, cases[i].type,
		    cases[i].revision, &job, &e);

		assert_int_equal(rc, cases[i].good ? 0 : -1);
		if (cases[i].good) {
			assert_string_equal(job.id, cases[i].id);
			assert_true(job.follow && job.enabled);
			assert_null(job.schedule);
			job_release(&job);
		} else {
			assert_int_equal(e.kind, ERR_USAGE);
			if (!text_starts(e.text, cases[i].id))
				fail_msg("%s: %s", cases[i].name, e.text);
		}
	}
}

static void many_jobs(struct strbuf *json, int n)
{
	strbuf_puts(json,
	    "{\"defaults\": {\"exclude\": [\"*.bin\"]},"
	    "\"models\": [\n");
	for (int i = 0; i < n; i++)
		strbuf_printf(json,
		    "%s{\"name\": \"org%d/m%d\", \"schedule\": \"nightly\", "
		    "\"local_dir\": \"/srv/big/d%d/m%d\"}",
		    i > 0 ? ",\n" : "", i % 100, i, i % 300, i);
	strbuf_puts(json, "]}\n");
	assert_false(strbuf_failed(json));
}

/* Quadratic work would take minutes here; the limit leaves room for slow
 * machines and sanitizers. */
static void hundred_thousand_jobs(void **state)
{
	const int n = (int)all_or(100000, 5000);
	struct strbuf json;
	struct loaded l;

	(void)state;
	strbuf_init(&json, 64 << 20);
	many_jobs(&json, n);
	put("models.json", json.text, json.len);
	strbuf_release(&json);
	struct mono start = clock_mono();
	load_lists(default_yaml, &l);
	int64_t took_ms = clock_mono().ms - start.ms;
	assert_int_equal(l.rc, 0);
	assert_int_equal(l.list.n, n);
	unload(&l);
	if (took_ms > 15000)
		fail_msg("%d jobs took %d ms", n, (int)took_ms);
}

/* All wrong: what is only counted must not be explained a million times. */
static void hundred_thousand_problems(void **state)
{
	const int n = (int)all_or(100000, 5000);
	struct strbuf json;
	char text[40];
	struct loaded l;

	(void)state;
	strbuf_init(&json, 64 << 20);
	strbuf_puts(&json, "[{}");
	for (int i = 0; i < n; i++)
		strbuf_puts(&json, ",\n{\"nam\": 1}");
	strbuf_puts(&json, "]");
	put("models.json", json.text, json.len);
	strbuf_release(&json);
	struct mono start = clock_mono();
	load_lists(default_yaml, &l);
	int64_t took_ms = clock_mono().ms - start.ms;
	assert_int_equal(l.rc, -1);
	(void)snprintf(text, sizeof(text), "%d problems in ", 2 * n + 1);
	assert_true(text_starts(l.e.text, text));
	unload(&l);
	if (took_ms > 15000)
		fail_msg("took %d ms", (int)took_ms);
}

#ifndef _WIN32
static void root_is_careful(void **state)
{
	char path[2 * PATH_SIZE];
	struct loaded l;

	(void)state;
	put("models.json", "[\"a\"]", 5);
	snprintf(path, sizeof(path), "%s/models.json", top);
	assert_int_equal(chmod(path, 0664), 0);
	load_lists(default_yaml, &l);
	if (geteuid() == 0)
		assert_string_equal(l.said,
		    AT " others than root may write it (mode 0664); take that "
		       "away (chmod go-w)\n");
	else
		assert_int_equal(l.rc, 0);
	unload(&l);
}
#endif

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_key),
		TEST(defaults_and_their_order),
		TEST(several_lists),
		TEST(settings_have_notes),
		TEST(empty_lists),
		TEST(no_list_at_all),
		TEST(no_clash),
		TEST(every_refusal),
		TEST(names_and_revisions),
		TEST(not_json),
		TEST(lookups),
		TEST(single_jobs),
		TEST(hundred_thousand_jobs),
		TEST(hundred_thousand_problems),
#ifndef _WIN32
		TEST(root_is_careful),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
