/* test_config.c - the YAML configuration: values, defaults, every refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include <errno.h>

#include "base/text.h"
#include "config/config_internal.h"
#include "config/paths.h"
#include "config/url_check.h"
#include "unit/test_config_fixture.h"

static int load_bytes(const char *text, size_t n, struct config *config,
    char **said, struct err *e)
{
	char path[2 * PATH_SIZE];
	struct problems problems;
	int rc;

	put("c.yaml", text, n);
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	problems_init(&problems);
	rc = config_load(path, config, &problems, e);
	*said = lines(&problems);
	assert_int_equal(rc == -1, problems.n_errors > 0);
	problems_release(&problems);
	return rc;
}

static void load(const char *text, struct config *config)
{
	struct err e = ERR_INIT;
	char *said;

	if (load_bytes(text, strlen(text), config, &said, &e) == -1)
		fail_msg("%s: %s", e.text, said);
	free(said);
}

static void every_default(void **state)
{
	struct problems problems;
	struct err e = ERR_INIT;
	struct config c;

	(void)state;
	problems_init(&problems);
	assert_int_equal(config_load(NULL, &c, &problems, &e), 0);
	assert_int_equal(problems.n, 0);
	assert_null(c.file);
	assert_path(c.dir, "T/home/.config/hfcron");
	assert_int_equal(c.n_model_files, 1);
	assert_path(c.model_files[0], "T/home/.config/hfcron/models.json");
	assert_false(c.model_files_named);
	assert_path(c.cache_dir, "T/home/.cache/huggingface/hub");
	assert_path(c.state_dir, "T/home/.local/state/hfcron");
	assert_path(c.log.file, "T/home/.local/state/hfcron/hfcron.log");
	assert_string_equal(c.endpoint, "https://huggingface.co");
	assert_true(c.endpoint_is_default);
	assert_false(c.endpoint_from_file);
	assert_null(c.token_file);
	assert_null(c.ca_file);
	assert_null(c.ca_dir);
	assert_null(c.user_agent_origin);
	assert_false(c.offline);
	assert_int_equal(c.n_schedules, 3);
	assert_string_equal(c.default_schedule->name, "daily");
	assert_int_equal(c.transfer.parallel_jobs, 2);
	assert_int_equal(c.transfer.connections, 8);
	assert_int_equal(c.transfer.connect_timeout_ms, 15000);
	assert_int_equal(c.transfer.stall_timeout_ms, 30000);
	assert_int_equal(c.transfer.max_duration_ms, 0);
	assert_int_equal(c.transfer.bandwidth.n, 0);
	assert_int_equal(c.transfer.proxy_mode, PROXY_ENVIRONMENT);
	assert_int_equal(c.retry.attempts, 5);
	assert_int_equal(c.retry.first_wait_ms, 1000);
	assert_int_equal(c.retry.n_waits, 3);
	assert_int_equal(c.retry.waits_s[2], 3600);
	assert_int_equal(c.retry.runs, 3);
	assert_int_equal(c.retry.reset_after_s, 86400);
	assert_false(c.storage.keep_free_set);
	assert_true(c.storage.keep_free_bytes == UINT64_C(20000000000));
	assert_int_equal(c.log.level, LOG_INFO);
	config_release(&c);
	problems_release(&problems);
}

static void built_in_schedules(void **state)
{
	struct config c;

	(void)state;
	load("transfer:\n", &c);
	const struct schedule *s = config_schedule(&c, "hourly");
	assert_int_equal(s->kind, SCHEDULE_CRON);
	assert_string_equal(s->cron_text, "0 * * * *");
	s = config_schedule(&c, "daily");
	assert_int_equal(s->kind, SCHEDULE_AT);
	assert_int_equal(s->days, SCHEDULE_ALL_DAYS);
	assert_int_equal(s->n_at, 1);
	assert_int_equal(s->at_min[0], 120);
	s = config_schedule(&c, "weekly");
	assert_int_equal(s->days, 1);
	assert_int_equal(s->at_min[0], 120);
	assert_string_equal(s->zone, "local");
	assert_int_equal(s->catch_up, CATCH_UP_ONCE);
	assert_null(config_schedule(&c, "nightly"));
	config_release(&c);
}

static void every_key(void **state)
{
	struct config c;

	(void)state;
	load("default_schedule: nightly\n"
	     "models: [one.json, sub/../two.json, " DRIVE "/srv/three.json, "
	     "~/4.json]\n"
	     "cache_dir: cache//x/./y/\n"
	     "state_dir: ~/state\n"
	     "endpoint: HTTP://Mirror.Example:8080/Hub//\n"
	     "token_file: token\n"
	     "transfer:\n"
	     "  parallel_jobs: 64\n"
	     "  connections: 1\n"
	     "  connect_timeout: 10ms\n"
	     "  stall_timeout: 1m30s\n"
	     "  max_duration: 2h\n"
	     "  bandwidth:\n"
	     "    - { during: ['mon-fri 08:00-12:00', '13:00-18:00'],\n"
	     "        limit: 512KiB/s }\n"
	     "    - { limit: none, during: 'sun 00:00-24:00' }\n"
	     "    - { limit: 40MB/s }\n"
	     "  proxy: socks5://u:p@proxy:1080\n"
	     "retry:\n"
	     "  attempts: 0\n"
	     "  first_wait: 1ms\n"
	     "  failed_jobs: { waits: 1s, runs: 1, reset_after: 1w }\n"
	     "storage: { keep_free: 1.5GiB }\n"
	     "log: { level: debug, file: logs/x.log }\n"
	     "backup: { keep: 17 }\n"
	     "schedules:\n"
	     "  nightly: { at: '22:00', window: '22:00-07:00' }\n"
	     "  weekend: { at: ['14:00', '2:00'], days: [sat, sun],\n"
	     "             timezone: UTC, catch_up: skip, splay: 1h,\n"
	     "             max_staleness: 7d }\n"
	     "  mornings: { cron: '30 3 * * mon-fri' }\n"
	     "  often: { every: 6h }\n"
	     "  offpeak: { window: ['22:00-07:00', 'sat,sun 0:00-24:00'] }\n"
	     "  daily: { at: '04:30' }\n",
	    &c);
	assert_true(c.model_files_named);
	assert_int_equal(c.n_model_files, 4);
	assert_path(c.model_files[0], "T/one.json");
	assert_path(c.model_files[1], "T/two.json");
	assert_string_equal(c.model_files[2], DRIVE "/srv/three.json");
	assert_path(c.model_files[3], "T/home/4.json");
	assert_path(c.cache_dir, "T/cache/x/y");
	assert_path(c.state_dir, "T/home/state");
	assert_string_equal(c.endpoint, "http://mirror.example:8080/Hub");
	assert_true(c.endpoint_from_file);
	assert_false(c.endpoint_is_default);
	assert_path(c.token_file, "T/token");
	assert_int_equal(c.backup.keep, 17);
	assert_int_equal(c.transfer.parallel_jobs, 64);
	assert_int_equal(c.transfer.connections, 1);
	assert_int_equal(c.transfer.connect_timeout_ms, 10);
	assert_int_equal(c.transfer.stall_timeout_ms, 90000);
	assert_int_equal(c.transfer.max_duration_ms, 7200000);
	assert_int_equal(c.transfer.bandwidth.n, 3);
	assert_int_equal(c.transfer.bandwidth.rules[0].limit, 524288);
	assert_int_equal(c.transfer.bandwidth.rules[0].n_windows, 2);
	assert_int_equal(c.transfer.bandwidth.rules[0].windows[0].days, 0x3e);
	assert_int_equal(c.transfer.bandwidth.rules[0].windows[1].to_min, 1080);
	assert_int_equal(c.transfer.bandwidth.rules[1].limit, 0);
	assert_int_equal(c.transfer.bandwidth.rules[1].n_windows, 1);
	assert_int_equal(c.transfer.bandwidth.rules[2].limit, 40000000);
	assert_int_equal(c.transfer.bandwidth.rules[2].n_windows, 0);
	assert_int_equal(c.transfer.proxy_mode, PROXY_URL);
	assert_string_equal(c.transfer.proxy_url, "socks5://u:p@proxy:1080");
	assert_int_equal(c.retry.attempts, 0);
	assert_int_equal(c.retry.first_wait_ms, 1);
	assert_int_equal(c.retry.n_waits, 1);
	assert_int_equal(c.retry.waits_s[0], 1);
	assert_int_equal(c.retry.runs, 1);
	assert_int_equal(c.retry.reset_after_s, 604800);
	assert_true(c.storage.keep_free_set);
	assert_true(c.storage.keep_free_bytes == UINT64_C(1610612736));
	assert_int_equal(c.log.level, LOG_DEBUG);
	assert_path(c.log.file, "T/logs/x.log");

	assert_int_equal(c.n_schedules, 8);
	assert_string_equal(c.default_schedule->name, "nightly");
	const struct schedule *s = config_schedule(&c, "nightly");
	assert_int_equal(s->kind, SCHEDULE_AT);
	assert_int_equal(s->days, SCHEDULE_ALL_DAYS);
	assert_int_equal(s->n_windows, 1);
	s = config_schedule(&c, "weekend");
	assert_int_equal(s->n_at, 2);
	assert_int_equal(s->at_min[0], 120);
	assert_int_equal(s->at_min[1], 840);
	assert_int_equal(s->days, 0x41);
	assert_string_equal(s->zone, "UTC");
	assert_int_equal(s->catch_up, CATCH_UP_SKIP);
	assert_int_equal(s->splay_s, 3600);
	assert_int_equal(s->max_staleness_s, 7 * 86400);
	s = config_schedule(&c, "mornings");
	assert_int_equal(s->kind, SCHEDULE_CRON);
	assert_int_equal(s->cron.wdays, 0x3e);
	s = config_schedule(&c, "often");
	assert_int_equal(s->kind, SCHEDULE_EVERY);
	assert_int_equal(s->every_s, 21600);
	s = config_schedule(&c, "offpeak");
	assert_int_equal(s->kind, SCHEDULE_WINDOW);
	assert_int_equal(s->n_windows, 2);
	assert_int_equal(s->windows[1].days, 0x41);
	s = config_schedule(&c, "daily");
	assert_int_equal(s->at_min[0], 270);
	config_release(&c);
}

static void other_words(void **state)
{
	struct config c;

	(void)state;
	load("token_file: none\nmodels: x.json\n"
	     "transfer: { proxy: none, max_duration: none }\n"
	     "storage: { keep_free: none }\nretry:\n",
	    &c);
	assert_null(c.token_file);
	assert_int_equal(c.backup.keep, 5);
	assert_int_equal(c.transfer.proxy_mode, PROXY_NONE);
	assert_true(c.storage.keep_free_set);
	assert_true(c.storage.keep_free_bytes == 0);
	config_release(&c);
	load("transfer: { proxy: environment }\nstorage: { keep_free: 0 }\n",
	    &c);
	assert_int_equal(c.transfer.proxy_mode, PROXY_ENVIRONMENT);
	assert_true(c.storage.keep_free_set);
	config_release(&c);
}

struct refusal {
	const char *yaml, *said;
};

#define DURATION "expected a duration with a unit (ms s m h d w) from "

static const struct refusal refusals[] = {
	/* keys */
	{ "retrys: {}\n",
	    "T/c.yaml:1:1: unknown key \"retrys\" (did you mean "
	    "\"retry\"?)\n" },
	{ "connections: 4\n",
	    "T/c.yaml:1:1: unknown key \"connections\" (it belongs "
	    "under \"transfer\")\n" },
	{ "window: '01:00-02:00'\ntransfer: { endpoint: x, runs: 1 }\n",
	    "T/c.yaml:1:1: unknown key \"window\" (it belongs in an entry of "
	    "\"schedules\")\n"
	    "T/c.yaml:2:13: unknown key \"endpoint\" (it belongs at the top "
	    "level)\n"
	    "T/c.yaml:2:26: unknown key \"runs\" (it belongs under "
	    "\"retry.failed_jobs\")\n" },
	{ "token: hf_canary\n",
	    "T/c.yaml:1:1: unknown key \"token\" (did you mean "
	    "\"token_file\"?)\n" },
	{ "zzz: 1\n\"a\\tb\\e[31m\": 1\n",
	    "T/c.yaml:1:1: unknown key \"zzz\"\n"
	    "T/c.yaml:2:1: unknown key \"a\\x09b\\x1b[31m\"\n" },
	/* keys of later changes do not exist */
	{ "transfer: { burst: none }\nretention: {}\nnotify: {}\n"
	  "backup: { keep: 0 }\nlog: { format: text, max_size: 1MB, keep: 5 }\n"
	  "storage: { max_total_size: none, max_repo_size: none }\n"
	  "schedules: { a: { every: 1h, keep: 7d } }\n",
	    "T/c.yaml:1:13: unknown key \"burst\"\n"
	    "T/c.yaml:2:1: unknown key \"retention\"\n"
	    "T/c.yaml:3:1: unknown key \"notify\"\n"
	    "T/c.yaml:4:17: keep: expected a whole number from 1 to 1000, found 0\n"
	    "T/c.yaml:5:8: unknown key \"format\"\n"
	    "T/c.yaml:5:22: unknown key \"max_size\"\n"
	    "T/c.yaml:5:37: unknown key \"keep\" (it belongs under "
	    "\"backup\")\n"
	    "T/c.yaml:6:12: unknown key \"max_total_size\"\n"
	    "T/c.yaml:6:34: unknown key \"max_repo_size\"\n"
	    "T/c.yaml:7:30: unknown key \"keep\" (it belongs under "
	    "\"backup\")\n" },
	/* types */
	{ "[a]\n", "T/c.yaml:1:1: expected a map, found a list\n" },
	{ "word\n", "T/c.yaml:1:1: expected a map, found \"word\"\n" },
	{ "transfer: 5\nretry: [1]\nschedules: x\n",
	    "T/c.yaml:1:11: transfer: expected a map, found 5\n"
	    "T/c.yaml:2:8: retry: expected a map, found a list\n"
	    "T/c.yaml:3:12: schedules: expected a map of schedules, found "
	    "\"x\"\n" },
	{ "cache_dir: 5\nstate_dir:\nendpoint: true\nmodels: {a: b}\n",
	    "T/c.yaml:1:12: cache_dir: expected a path, found 5\n"
	    "T/c.yaml:2:11: state_dir: expected a path, found nothing\n"
	    "T/c.yaml:3:11: endpoint: expected a URL such as "
	    "https://huggingface.co, found true\n"
	    "T/c.yaml:4:9: models: expected a file or a list of files, found "
	    "a map\n" },
	/* numbers */
	{ "transfer: { parallel_jobs: 0, connections: 257 }\n"
	  "retry: { attempts: -1, failed_jobs: { runs: '3' } }\n",
	    "T/c.yaml:1:28: parallel_jobs: expected a whole number from 1 to "
	    "64, found 0\n"
	    "T/c.yaml:1:44: connections: expected a whole number from 1 to "
	    "256, found 257\n"
	    "T/c.yaml:2:20: attempts: expected a whole number from 0 to 100, "
	    "found -1\n"
	    "T/c.yaml:2:45: runs: expected a whole number from 1 to 1000, "
	    "found \"3\"\n" },
	{ "transfer: { connections: 99999999999999999999 }\n",
	    "T/c.yaml:1:26: connections: expected a whole number from 1 to "
	    "256, found 99999999999999999999\n" },
	{ "transfer: { connections: 8.0 }\n",
	    "T/c.yaml:1:26: connections: expected a whole number from 1 to "
	    "256, found 8.0\n" },
	/* durations and sizes */
	{ "transfer: { connect_timeout: 15, stall_timeout: 9ms }\n",
	    "T/c.yaml:1:30: connect_timeout: " DURATION
	    "10ms to 10m, found 15\n"
	    "T/c.yaml:1:49: stall_timeout: " DURATION
	    "10ms to 1h, found \"9ms\"\n" },
	{ "transfer: { bandwidth: 40MB }\n",
	    "T/c.yaml:1:24: bandwidth: expected none, bytes a second such as "
	    "40MB/s or 512KiB/s, at least 1kB/s, or a list of { during, limit "
	    "}, found \"40MB\"\n" },
	{ "transfer: { bandwidth: 999 }\n",
	    "T/c.yaml:1:24: bandwidth: expected none, bytes a second such as "
	    "40MB/s or 512KiB/s, at least 1kB/s, or a list of { during, limit "
	    "}, found 999\n" },
	{ "transfer:\n"
	  "  bandwidth:\n"
	  "    - { during: '8-18', limit: fast }\n"
	  "    - { durring: 1, during: '08:00-18:00', limit: 5MB/s }\n"
	  "    - 5MB/s\n"
	  "    - { during: '08:00-18:00' }\n",
	    "T/c.yaml:3:17: during: a window opens at 00:00 to 23:59 in "
	    "\"8-18\"\n"
	    "T/c.yaml:3:32: limit: expected none, or bytes a second such as "
	    "40MB/s or 512KiB/s, at least 1kB/s, found \"fast\"\n"
	    "T/c.yaml:4:9: unknown key \"durring\" (did you mean "
	    "\"during\"?)\n"
	    "T/c.yaml:5:7: expected a map such as { during: \"08:00-18:00\", "
	    "limit: 5MB/s }, found \"5MB/s\"\n"
	    "T/c.yaml:6:7: an entry needs a \"limit\"\n" },
	{ "transfer: { bandwidth: [ { limit: 5MB/s }, { limit: 6MB/s } ] }\n",
	    "T/c.yaml:1:44: this entry never counts: one before it has no "
	    "\"during\", so it always matches\n" },
	{ "transfer: { bandwidth: [] }\n",
	    "T/c.yaml:1:24: bandwidth: expected bytes a second or a "
	    "timetable, found an empty list\n" },
	{ "limit: 5\n",
	    "T/c.yaml:1:1: unknown key \"limit\" (it belongs under "
	    "\"transfer.bandwidth\")\n" },
	{ "retry: { first_wait: 2 hours, failed_jobs: { waits: [] } }\n",
	    "T/c.yaml:1:22: first_wait: " DURATION
	    "1ms to 1h, found \"2 hours\"\n"
	    "T/c.yaml:1:53: waits: expected a list of durations such as [5m, "
	    "15m, 1h], found an empty list\n" },
	{ "retry: { failed_jobs: { waits: [1s, 1500ms] } }\n",
	    "T/c.yaml:1:37: expected whole seconds, found \"1500ms\"\n" },
	{ "retry: { failed_jobs: { waits: [1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,1s,"
	  "1s,1s,1s,1s,1s,1s] } }\n",
	    "T/c.yaml:1:32: waits: 17 items, at most 16 are possible\n" },
	{ "storage: { keep_free: 10 GBs }\n",
	    "T/c.yaml:1:23: keep_free: expected a size such as 20GB or "
	    "512MiB, found \"10 GBs\"\n" },
	/* words */
	{ "log: { level: warning, file: none }\n",
	    "T/c.yaml:1:15: level: expected error, warn, info or debug, found "
	    "\"warning\"\n"
	    "T/c.yaml:1:30: file: expected a path, found \"none\"\n" },
	/* paths */
	{ "cache_dir: $HOME/x\nstate_dir: ${X}\n",
	    "T/c.yaml:1:12: cache_dir: variables are not expanded in "
	    "\"$HOME/x\"; write it out, or begin it with ~/\n"
	    "T/c.yaml:2:12: state_dir: variables are not expanded in "
	    "\"${X}\"; write it out, or begin it with ~/\n" },
	{ "cache_dir: \"D:\\new\"\n",
	    "T/c.yaml:1:12: cache_dir: the path has a control character (a "
	    "backslash in double quotes begins an escape; write D:/models)\n" },
	{ "cache_dir: ~bob/x\nlog: { file: <state_dir>/x.log }\n",
	    "T/c.yaml:1:12: cache_dir: \"~bob/x\": only ~/ is expanded, not "
	    "the home of another user\n"
	    "T/c.yaml:2:14: file: \"<state_dir>/x.log\" is no path; write it "
	    "out\n" },
	{ "cache_dir: " DRIVE "/srv/c\nstate_dir: " DRIVE "/srv/c/s\n",
	    "T/c.yaml:2:12: state_dir " DRIVE
	    "/srv/c/s lies in cache_dir " DRIVE "/srv/c; the "
	    "state needs a folder outside the cache\n" },
	{ "models: [a.json, ./a.json]\n",
	    "T/c.yaml:1:18: T/a.json stands here twice\n" },
	{ "token_file: hf_canary\n",
	    "T/c.yaml:1:13: token_file: this looks like a token; write it "
	    "into a file of mode 0600 and name that file here\n" },
#ifndef _WIN32
	{ "cache_dir: 'D:\\a\\\\b'\nstate_dir: D:/x\nmodels: ''\n",
	    "T/c.yaml:1:12: cache_dir: a path has no backslashes; write "
	    "D:/a/b\n"
	    "T/c.yaml:2:12: state_dir: \"D:/x\" has a drive letter, which "
	    "this system has not\n"
	    "T/c.yaml:3:9: models: the path is empty\n" },
	{ "cache_dir: /lib\nstate_dir: /etc/../etc/x\n",
	    "T/c.yaml:1:12: cache_dir: /lib belongs to the system; name a "
	    "folder of its own\n"
	    "T/c.yaml:2:12: state_dir: /etc/x belongs to the system; name a "
	    "folder of its own\n" },
#endif
	{ "cache_dir: ~/.local\n",
	    "T/c.yaml:1:12: state_dir T/home/.local/state/hfcron lies in "
	    "cache_dir T/home/.local; the state needs a folder outside the "
	    "cache\n" },
	/* URLs; what may hold a password is not repeated */
	{ "endpoint: https://u:canary@h\n",
	    "T/c.yaml:1:11: endpoint: the URL has a user name or password\n" },
	{ "transfer: { proxy: 'ftp://u:canary@h' }\n",
	    "T/c.yaml:1:20: proxy: expected environment, none or a URL; the "
	    "URL does not begin with http://, https:// or socks5://\n" },
	/* schedules */
	{ "schedules:\n  a: { at: '22:00', every: 1h }\n  b: {}\n  c: 5\n"
	  "  'd e': { every: 1h }\n  f: { days: mon, cron: '0 0 * * *' }\n",
	    "T/c.yaml:2:21: \"every\" beside \"at\" (line 2): a schedule has "
	    "one of at, every and cron\n"
	    "T/c.yaml:3:6: b: a schedule needs one of at, every, cron and "
	    "window\n"
	    "T/c.yaml:4:6: c: expected a map such as { at: \"22:00\" }, found "
	    "5\n"
	    "T/c.yaml:5:3: a schedule's name has 1 to 64 letters, digits, _ . "
	    "-\n"
	    "T/c.yaml:6:8: \"days\" goes with \"at\" only; a cron expression "
	    "has its own\n" },
	{ "schedules: { a: { days: mon, window: '1:00-2:00' },\n"
	  "  b: { at: [], days: 5 }, c: { at: ['24:00', 5, '1:00', '01:00'] "
	  "} }\n",
	    "T/c.yaml:1:19: \"days\" goes with \"at\" only; windows name "
	    "theirs, as in \"sat,sun 00:00-24:00\"\n"
	    "T/c.yaml:2:12: at: expected a time such as \"22:00\", or a list "
	    "of times, found an empty list\n"
	    "T/c.yaml:2:22: days: expected days such as mon-fri or [sat, "
	    "sun], found 5\n"
	    "T/c.yaml:2:37: expected a time such as \"22:00\", found "
	    "\"24:00\"\n"
	    "T/c.yaml:2:46: expected a time such as \"22:00\", found 5\n"
	    "T/c.yaml:2:57: 01:00 stands here twice\n" },
	{ "schedules: { a: { at: '1:00', days: [mon, xx, 5] },\n"
	  "  b: { every: 500ms }, c: { every: 1s500ms }, d: { every: 6 } }\n",
	    "T/c.yaml:1:43: expected days such as sat or mon-fri, found "
	    "\"xx\"\n"
	    "T/c.yaml:1:47: expected days such as sat or mon-fri, found 5\n"
	    "T/c.yaml:2:15: every: " DURATION "1s to 366d, found \"500ms\"\n"
	    "T/c.yaml:2:36: every: expected whole seconds, found "
	    "\"1s500ms\"\n"
	    "T/c.yaml:2:59: every: " DURATION "1s to 366d, found 6\n" },
	{ "schedules: { a: { window: ['1:00-2:00', 5], catch_up: maybe } }\n",
	    "T/c.yaml:1:41: expected a window such as \"22:00-07:00\", found "
	    "5\n"
	    "T/c.yaml:1:55: catch_up: expected once or skip, found "
	    "\"maybe\"\n" },
	{ "schedules: { a: { every: 1h, splay: 25h } }\n",
	    "T/c.yaml:1:37: splay: " DURATION "0ms to 1d, found \"25h\"\n" },
	{ "schedules: { a: { every: 1h, timezone: Europa/Berlin },\n"
	  "  b: { every: 1h, timezone: ../../etc/passwd } }\n",
	    "T/c.yaml:1:40: timezone: no time zone \"Europa/Berlin\" on this "
	    "system (local, UTC or a name such as Europe/Berlin)\n"
	    "T/c.yaml:2:29: timezone: no time zone \"../../etc/passwd\" on "
	    "this system (local, UTC or a name such as Europe/Berlin)\n" },
	{ "schedules: { nightly: { every: 1h } }\ndefault_schedule: nightyl\n",
	    "T/c.yaml:2:19: default_schedule: unknown schedule \"nightyl\" "
	    "(did you mean \"nightly\"?)\n" },
	{ "schedules: { nightly: { every: 1h } }\ndefault_schedule: never\n",
	    "T/c.yaml:2:19: default_schedule: unknown schedule \"never\" "
	    "(there are hourly, daily, weekly, nightly)\n" },
	{ "schedules: { a1: { every: 1h }, a2: { every: 1h },\n"
	  "a3: { every: 1h }, a4: { every: 1h }, a5: { every: 1h },\n"
	  "a6: { every: 1h } }\ndefault_schedule: never\n",
	    "T/c.yaml:4:19: default_schedule: unknown schedule \"never\"\n" },
	/* duplicate keys, and all that is wrong beside them */
	{ "retry: { attempts: 1 }\nretry: { attempts: x, attempts: y }\n"
	  "nope: 1\n",
	    "T/c.yaml:2:1: duplicate key \"retry\" (first on line 1)\n"
	    "T/c.yaml:2:20: attempts: expected a whole number from 0 to 100, "
	    "found \"x\"\n"
	    "T/c.yaml:2:23: duplicate key \"attempts\" (first on line 2)\n"
	    "T/c.yaml:2:33: attempts: expected a whole number from 0 to 100, "
	    "found \"y\"\n"
	    "T/c.yaml:3:1: unknown key \"nope\"\n" },
	{ "models: [a, b]\nmodels: [c]\ncache_dir: a\ncache_dir: b\n"
	  "schedules:\n  a: { at: ['01:00', '02:00'], at: '03:00' }\n"
	  "  a: { window: ['01:00-02:00'], window: '03:00-04:00' }\n"
	  "  b: { cron: '0 * * * *', cron: '1 * * * *' }\n"
	  "schedules: { c: { every: 1h, every: 2h } }\n"
	  "default_schedule: b\ndefault_schedule: c\n"
	  "transfer: { proxy: http://a, proxy: http://b }\n",
	    "T/c.yaml:2:1: duplicate key \"models\" (first on line 1)\n"
	    "T/c.yaml:4:1: duplicate key \"cache_dir\" (first on line 3)\n"
	    "T/c.yaml:6:32: duplicate key \"at\" (first on line 6)\n"
	    "T/c.yaml:7:3: duplicate key \"a\" (first on line 6)\n"
	    "T/c.yaml:7:33: duplicate key \"window\" (first on line 7)\n"
	    "T/c.yaml:8:27: duplicate key \"cron\" (first on line 8)\n"
	    "T/c.yaml:9:1: duplicate key \"schedules\" (first on line 5)\n"
	    "T/c.yaml:9:30: duplicate key \"every\" (first on line 9)\n"
	    "T/c.yaml:11:1: duplicate key \"default_schedule\" (first on "
	    "line 10)\n"
	    "T/c.yaml:12:30: duplicate key \"proxy\" (first on line 12)\n" },
	{ "default_schedule: 5\n",
	    "T/c.yaml:1:19: default_schedule: expected the name of a "
	    "schedule, found 5\n" },
};

static void every_refusal(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const char *yaml = refusals[i].yaml;
		struct err e = ERR_INIT;
		struct config c;
		char *said;

		assert_int_equal(load_bytes(yaml, strlen(yaml), &c, &said, &e),
		    -1);
		assert_int_equal(e.kind, ERR_CONFIG);
		if (strcmp(said, refusals[i].said) != 0) {
			print_error("%s\nsaid:\n%s\nwanted:\n%s\n", yaml, said,
			    refusals[i].said);
			wrong++;
		}
		/* What follows may go on to look for more problems. */
		assert_non_null(c.default_schedule);
		assert_non_null(c.cache_dir);
		free(said);
		config_release(&c);
	}
	assert_int_equal(wrong, 0);
}

/* The words of the expression's problem belong to model/cron_expr. */
static void cron_columns(void **state)
{
	static const struct {
		const char *yaml, *prefix;
	} cases[] = {
		{ "schedules: { a: { cron: '61 * * * *' } }\n",
		    "T/c.yaml:1:26: cron: " },
		{ "schedules: { a: { cron: 1 */0 * * * } }\n", "T/c.yaml:1:" },
		{ "schedules: { a: { cron: '1 2 3 4 5-2' } }\n",
		    "T/c.yaml:1:34: cron: " },
		{ "schedules: { a: { cron: '0 0 30 2 *' } }\n", "T/c.yaml:1:" },
		{ "schedules: { a: { cron: '* * * *' } }\n", "T/c.yaml:1:" },
		{ "schedules: { a: { cron: 5 } }\n",
		    "T/c.yaml:1:25: cron: expected a cron expression such as "
		    "\"30 3 * * *\", found 5\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct config c;
		char *said;

		assert_int_equal(load_bytes(cases[i].yaml,
				     strlen(cases[i].yaml), &c, &said, &e),
		    -1);
		if (!text_starts(said, cases[i].prefix))
			fail_msg("%s\nsaid: %s", cases[i].yaml, said);
		free(said);
		config_release(&c);
	}
}

/* What the parser refuses comes as one problem with a position. */
static void not_yaml(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *part;
	} cases[] = {
#define BYTES(text) text, sizeof(text) - 1
		{ BYTES("\tmodels: x\n"), "T/c.yaml:1:" },
		{ BYTES("models: 'x\n"), "T/c.yaml:" },
		{ BYTES("log:\n  level: info\n file: x\n"), "T/c.yaml:3:" },
		{ BYTES("models: &a x\ncache_dir: *a\n"), "T/c.yaml:1:" },
		{ BYTES("<<: x\n"), "T/c.yaml:1:" },
		{ BYTES("models: !!binary x\n"), "T/c.yaml:1:" },
		{ BYTES("a: 1\n---\nb: 2\n"), "T/c.yaml:2:" },
		{ BYTES("%YAML 9.9\n---\n{}\n"), "T/c.yaml:1:" },
		{ BYTES("models: x\nmodels: y\n"), "T/c.yaml:2:" },
		{ BYTES("models: a\0b\n"), "T/c.yaml:1:" },
		{ BYTES("models: \xff\n"), "T/c.yaml:1:" },
		{ BYTES("\xff\xfem\0o\0"), "T/c.yaml:1:" },
		{ BYTES("cache_dir: \"D:\\models\"\n"), "D:/models" },
#undef BYTES
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err e = ERR_INIT;
		struct config c;
		char *said;

		assert_int_equal(load_bytes(cases[i].bytes, cases[i].n, &c,
				     &said, &e),
		    -1);
		if (strstr(said, cases[i].part) == NULL ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("case %zu said: %s", i, said);
		free(said);
		config_release(&c);
	}
}

static void empty_files(void **state)
{
	static const char *const texts[] = { "", "# only this\n", "null\n",
		"~\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct err e = ERR_INIT;
		struct config c;
		char *said;

		assert_int_equal(load_bytes(texts[i], strlen(texts[i]), &c,
				     &said, &e),
		    0);
		assert_string_equal(said,
		    "note: T/c.yaml: says nothing: all defaults apply\n");
		assert_string_equal(c.default_schedule->name, "daily");
		free(said);
		config_release(&c);
	}
}

static void deep_and_large(void **state)
{
	const size_t large = 256 * 1024 + 1, deep = 200 * 1024;
	char *text = malloc(large);
	struct err e = ERR_INIT;
	struct config c;
	char *said;

	(void)state;
	assert_non_null(text);
	memset(text, '#', large);
	assert_int_equal(load_bytes(text, large, &c, &said, &e), -1);
	assert_non_null(strstr(said, "T/c.yaml: cannot read: larger than"));
	free(said);
	config_release(&c);
	memset(text, '[', deep);
	assert_int_equal(load_bytes(text, deep, &c, &said, &e), -1);
	assert_true(text_starts(said, "T/c.yaml:1:"));
	free(said);
	config_release(&c);
	free(text);
}

/* 300 KB of unknown keys: counted, not kept, and quick. */
static void many_problems(void **state)
{
	struct problems problems;
	struct err e = ERR_INIT;
	struct strbuf text;
	char path[2 * PATH_SIZE], line[64];
	struct config c;

	(void)state;
	strbuf_init(&text, 1 << 20);
	for (int i = 0; i < 5000; i++)
		strbuf_printf(&text, "key_%d: 1\n", i);
	put("c.yaml", text.text, text.len);
	strbuf_release(&text);
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	problems_init(&problems);
	assert_int_equal(config_load(path, &c, &problems, &e), -1);
	assert_int_equal(problems.n, PROBLEMS_MAX);
	assert_int_equal(problems.n_errors, 5000);
	snprintf(line, sizeof(line), "5000 problems in ");
	assert_true(text_starts(e.text, line));
	config_release(&c);
	problems_release(&problems);
}

static int load_path(const char *path, char **said)
{
	struct problems problems;
	struct err e = ERR_INIT;
	struct config c;
	int rc;

	problems_init(&problems);
	rc = config_load(path, &c, &problems, &e);
	*said = lines(&problems);
	/* Lists that nobody could name are not looked for. */
	assert_int_equal(c.default_schedule == NULL, rc == -1);
	config_release(&c);
	problems_release(&problems);
	return rc;
}

static void unreadable_files(void **state)
{
	char path[2 * PATH_SIZE];
	char *said, *want;

	(void)state;
	snprintf(path, sizeof(path), "%s/none.yaml", top);
	assert_int_equal(load_path(path, &said), -1);
	want = text_format("T/none.yaml: cannot read: %s\n", strerror(ENOENT));
	assert_string_equal(said, want);
	free(want);
	free(said);

	assert_int_equal(load_path(top, &said), -1);
	assert_string_equal(said, "T: cannot read: a directory\n");
	free(said);

	put("c.yaml", "models: [a\n", 11);
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	assert_int_equal(load_path(path, &said), -1);
	assert_true(text_starts(said, "T/c.yaml:2:1: did not find"));
	free(said);
}

#ifndef _WIN32
static void files_that_cannot_be_read(void **state)
{
	char path[2 * PATH_SIZE];
	char *said;

	(void)state;
	snprintf(path, sizeof(path), "%s/pipe.yaml", top);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load_path(path, &said), -1);
	assert_string_equal(said,
	    "T/pipe.yaml: cannot read: not a regular file\n");
	free(said);

	put("c.yaml", "log:\n", 5);
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() == 0) {
		assert_int_equal(load_path(path, &said), 0);
	} else {
		assert_int_equal(load_path(path, &said), -1);
		assert_string_equal(said,
		    "T/c.yaml: cannot read: Permission denied\n");
	}
	free(said);
}
#endif

/* A list where the configuration should be. */
static void list_named_as_configuration(void **state)
{
	static const char text[] = "{\"models\": [{\"name\": \"org/x\"}]}";
	static const char hint[] =
	    "; a model list is named by \"models:\" in a YAML file";
	struct problems problems;
	struct err e = ERR_INIT;
	struct config c;
	char path[2 * PATH_SIZE];

	(void)state;
	put("m.json", text, sizeof(text) - 1);
	snprintf(path, sizeof(path), "%s/m.json", top);
	problems_init(&problems);
	assert_int_equal(config_load(path, &c, &problems, &e), -1);
	assert_true(text_starts(e.text, "1 problem in "));
	assert_true(text_ends(e.text, hint));
	problems_release(&problems);
	config_release(&c);
	assert_string_equal(config_json_hint("/x/hfcron.yaml"), "");
	assert_string_equal(config_json_hint(NULL), "");
}

#ifndef _WIN32
/* Others must not be able to tell root what to do. */
static void root_is_careful(void **state)
{
	const bool root = geteuid() == 0;
	char path[2 * PATH_SIZE];
	char *said;

	(void)state;
	put("c.yaml", "log:\n", 5);
	snprintf(path, sizeof(path), "%s/c.yaml", top);
	for (unsigned mode = 0620; mode >= 0602; mode -= 016) {
		assert_int_equal(chmod(path, mode), 0);
		assert_int_equal(load_path(path, &said), root ? -1 : 0);
		if (root)
			assert_non_null(strstr(said,
			    "others than root may write it"));
		free(said);
	}
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(load_path(path, &said), 0);
	free(said);
	if (!root)
		return;
	assert_int_equal(chown(path, 1000, 0), 0);
	assert_int_equal(load_path(path, &said), -1);
	assert_string_equal(said,
	    "T/c.yaml: belongs to user 1000; root obeys only files of its own "
	    "(chown root)\n");
	free(said);
}
#endif

/* Each key exists: with a null value it is known, or refused for its type. */
static void keys_are_known(void **state)
{
	const char *const *keys = config_keys();
	size_t n = 0;

	(void)state;
	for (; keys[n] != NULL; n++) {
		struct err e = ERR_INIT;
		struct strbuf yaml;
		struct config c;
		char *said, *copy = text_dup(keys[n]), *part = copy, *dot;

		strbuf_init(&yaml, 1024);
		while ((dot = strchr(part, '.')) != NULL) {
			*dot = '\0';
			strbuf_printf(&yaml,
			    "{ %s: ", strcmp(part, "*") == 0 ? "name" : part);
			part = dot + 1;
		}
		strbuf_printf(&yaml, "{ %s: ", part);
		for (const char *at = keys[n]; at != NULL;
		     at = strchr(at + 1, '.'))
			strbuf_puts(&yaml, " }");
		strbuf_putc(&yaml, '\n');
		(void)load_bytes(yaml.text, yaml.len, &c, &said, &e);
		if (strstr(said, "unknown key") != NULL ||
		    strstr(said, "expected a map") != NULL)
			fail_msg("%s: %s", yaml.text, said);
		strbuf_release(&yaml);
		config_release(&c);
		free(said);
		free(copy);
	}
	assert_true(n >= 37); /* not cut short */
}

static void finding(void **state)
{
	struct err e = ERR_INIT;
	char path[2 * PATH_SIZE], *found;

	(void)state;
	/* A machine may have one in /etc; it is not ours to remove. */
	assert_int_equal(config_find(NULL, &found, &e), 0);
	if (found != NULL)
		assert_string_equal(found, "/etc/hfcron/hfcron.yaml");
	free(found);

	snprintf(path, sizeof(path), "%s/xdg/hfcron", top);
	assert_int_equal(fs_mkdirs(path, 0755, &e), 0);
	put("xdg/hfcron/hfcron.yaml", "", 0);
	snprintf(path, sizeof(path), "%s/xdg", top);
	setenv(CONFIG_VARIABLE, path, 1);
	assert_int_equal(config_find(NULL, &found, &e), 0);
	assert_path(found, "T/xdg/hfcron/hfcron.yaml");
	free(found);

	put("home/mine.yaml", "", 0);
	setenv("HFCRON_CONFIG", "~/mine.yaml", 1);
	assert_int_equal(config_find(NULL, &found, &e), 0);
	assert_path(found, "T/home/mine.yaml");
	free(found);

	put("named.yaml", "", 0);
	snprintf(path, sizeof(path), "%s/named.yaml", top);
	assert_int_equal(config_find(path, &found, &e), 0);
	assert_string_equal(found, path);
	free(found);

	assert_int_equal(config_find(DRIVE "/nonexistent.yaml", &found, &e),
	    -1);
	assert_int_equal(e.kind, ERR_CONFIG);
	assert_string_equal(e.text,
	    "--config: there is no file " DRIVE "/nonexistent.yaml");
	assert_null(found);
	setenv("HFCRON_CONFIG", DRIVE "/nonexistent.yaml", 1);
	assert_int_equal(config_find(NULL, &found, &e), -1);
	assert_string_equal(e.text,
	    "HFCRON_CONFIG: there is no file " DRIVE "/nonexistent.yaml");
}

/* A configuration named relative to the working directory. */
static void relative_name(void **state)
{
	struct problems problems;
	struct err e = ERR_INIT;
	struct config c;
	char *before = getcwd(NULL, 0), *real;

	(void)state;
	put("c.yaml", "models: m.json\nnope: 1\n", 23);
	assert_int_equal(chdir(top), 0);
	problems_init(&problems);
	assert_int_equal(config_load("c.yaml", &c, &problems, &e), -1);
	assert_int_equal(chdir(before), 0);
	char *said = lines(&problems);
	assert_string_equal(said, "c.yaml:2:1: unknown key \"nope\"\n");
	assert_string_equal(e.text, "1 problem in c.yaml");
	real = fs_realpath(top, &e);
	assert_string_equal(c.dir, real);
	assert_true(text_starts(c.model_files[0], real));
	free(real);
	free(said);
	free(before);
	config_release(&c);
	problems_release(&problems);
}

static void url_rules(void **state)
{
	static const struct {
		const char *url, *endpoint, *proxy;
	} cases[] = {
		{ "https://huggingface.co", NULL, NULL },
		{ "http://127.0.0.1:8000/", NULL, NULL },
		{ "https://[::1]:8443", NULL, NULL },
		{ "https://[::1]", NULL, NULL },
		{ "https://m.example/api/hub", NULL,
		    "has more than a host and a port" },
		{ "socks5://h:1080", "does not begin with https:// or http://",
		    NULL },
		{ "http://u:p@h:80", "has a user name or password", NULL },
		{ "https://h?x", "has a query",
		    "has more than a host and a port" },
		{ "https://h#x", "has a fragment",
		    "has more than a host and a port" },
		{ "https://", "has no host", "has no host" },
		{ "https://:80", "has no host", "has no host" },
		{ "https://h:", "has a bad port", "has a bad port" },
		{ "https://h:0", "has a bad port", "has a bad port" },
		{ "https://h:65536", "has a bad port", "has a bad port" },
		{ "https://h:8x", "has a bad port", "has a bad port" },
		{ "https://h!", "has a bad host", "has a bad host" },
		{ "https://[::1", "has a bad host", "has a bad host" },
		{ "https://[]", "has a bad host", "has a bad host" },
		{ "https://[::1]x", "has a bad host", "has a bad host" },
		{ "https://a b", "has a character that no URL has",
		    "has a character that no URL has" },
		{ "https://h\xc3\xa9", "has a character that no URL has",
		    "has a character that no URL has" },
		{ "huggingface.co", "does not begin with https:// or http://",
		    "does not begin with http://, https:// or socks5://" },
		{ "file:///etc/passwd",
		    "does not begin with https:// or http://",
		    "does not begin with http://, https:// or socks5://" },
		{ "", "does not begin with https:// or http://",
		    "does not begin with http://, https:// or socks5://" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *endpoint = url_check_endpoint(cases[i].url);
		const char *proxy = url_check_proxy(cases[i].url);

		if ((endpoint == NULL) != (cases[i].endpoint == NULL) ||
		    (endpoint != NULL &&
			strcmp(endpoint, cases[i].endpoint) != 0))
			fail_msg("%s: %s", cases[i].url,
			    endpoint != NULL ? endpoint : "accepted");
		if ((proxy == NULL) != (cases[i].proxy == NULL) ||
		    (proxy != NULL && strcmp(proxy, cases[i].proxy) != 0))
			fail_msg("proxy %s: %s", cases[i].url,
			    proxy != NULL ? proxy : "accepted");
	}
}

static void path_rules(void **state)
{
	static const struct {
		const char *text, *clean;
	} good[] = {
		{ "a", DRIVE "/nonexistent/a" },
		{ ".", DRIVE "/nonexistent" },
		{ "./a/./b//c/", DRIVE "/nonexistent/a/b/c" },
		{ "../a", DRIVE "/a" },
		{ "x/../../../..", DRIVE "/" },
		{ "/a/b/../c", DRIVE "/a/c" },
		{ "/...", DRIVE "/..." },
		{ "/a/..b/c..", DRIVE "/a/..b/c.." },
#ifndef _WIN32 /* where it is a share */
		{ "//a", "/a" },
#endif
		{ "/", DRIVE "/" },
		{ "a$", DRIVE "/nonexistent/a$" },
		{ "a~", DRIVE "/nonexistent/a~" },
	};
	static const char *const sorted[] = { "/a", "/a/b", "/a/b/c", "/a b",
		"/a-b", "/ab" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct err e = ERR_INIT;
		char *path = paths_resolve(DRIVE "/nonexistent", good[i].text,
		    &e);

		if (path == NULL || strcmp(path, good[i].clean) != 0)
			fail_msg("%s: %s", good[i].text,
			    path != NULL ? path : e.text);
		free(path);
	}
	for (size_t i = 0; i < COUNT(sorted); i++)
		for (size_t k = 0; k < COUNT(sorted); k++) {
			int order = paths_compare(sorted[i], sorted[k]);

			assert_int_equal((order > 0) - (order < 0),
			    (i > k) - (i < k));
		}
	assert_true(paths_within("/", "/x"));
	assert_true(paths_within("/a", "/a"));
	assert_true(paths_within("/a", "/a/b"));
	assert_false(paths_within("/a", "/ab"));
	assert_false(paths_within("/a/b", "/a"));
}

#ifndef _WIN32
static void folders_of_the_system(void **state)
{
	(void)state;
	assert_true(paths_is_system("/"));
	assert_true(paths_is_system("/home"));
	assert_false(paths_is_system("/home/u"));
	assert_true(paths_is_system("/usr/lib/x"));
	assert_false(paths_is_system("/usr/local/models"));
	assert_false(paths_is_system("/library"));
}
#endif

static void problem_lines(void **state)
{
	struct problems p;
	char line[64], file[] = "a\033b";

	(void)state;
	problems_init(&p);
	problems_add(&p, file, (struct text_pos){ 2, 3 }, "x\n%s", "\xff");
	problems_add(&p, file, (struct text_pos){ 0, 0 }, "whole");
	problems_note(&p, "other", (struct text_pos){ 1, 1 }, "n");
	assert_int_equal(p.n_errors, 2);
	problems_sort(&p, 0);
	assert_string_equal(problems_line(&p.items[0], line, sizeof(line)),
	    "a\\x1bb: whole");
	assert_string_equal(problems_line(&p.items[1], line, sizeof(line)),
	    "a\\x1bb:2:3: x\\x0a\\xff");
	assert_string_equal(problems_line(&p.items[1], line, 6), "a\\x1b");
	assert_true(p.items[2].note);
	problems_release(&p);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_default),
		TEST(built_in_schedules),
		TEST(every_key),
		TEST(other_words),
		TEST(every_refusal),
		TEST(cron_columns),
		TEST(not_yaml),
		TEST(empty_files),
		TEST(deep_and_large),
		TEST(many_problems),
		TEST(unreadable_files),
		TEST(list_named_as_configuration),
#ifndef _WIN32
		TEST(files_that_cannot_be_read),
		TEST(root_is_careful),
		cmocka_unit_test(folders_of_the_system),
#endif
		TEST(keys_are_known),
		TEST(finding),
		TEST(relative_name),
		TEST(url_rules),
		TEST(path_rules),
		TEST(problem_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
