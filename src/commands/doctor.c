/*
 * doctor.c - is everything there that a run at night will need?  Looks and
 * asks, changes nothing.
 */
#include "commands/doctor.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "formats/http_date.h"
#include "platform/clock.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "platform/terminal.h"
#include "platform/zone.h"

enum {
	FINDINGS_MAX = 4096,
	FINDING_TEXT_MAX = 1024,
	ASK_LIMIT_MS = 30 * 1000,
	STEP_MS = 500,
	CLOCK_NOTE_S = 60, /* certificates and slots bear that much */
	CLOCK_WRONG_S = 3600,
	ANSWER_BYTES_MAX = 1024 * 1024
};

/* --- findings ------------------------------------------------------------ */

void findings_add(struct findings *f, enum finding_level level,
    const char *topic, const char *advice, const char *fmt, ...)
{
	char raw[FINDING_TEXT_MAX], text[FINDING_TEXT_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(raw))
		n = (int)sizeof(raw) - 1;
	(void)text_escape(raw, n > 0 ? (size_t)n : 0, false, text,
	    sizeof(text));
	if (vec_grow((void **)&f->items, &f->cap, f->n + 1, sizeof(*f->items),
		FINDINGS_MAX) == -1 ||
	    (f->items[f->n].text = text_dup(text)) == NULL) {
		f->failed = true;
		return;
	}
	f->items[f->n].level = level;
	f->items[f->n].topic = topic;
	f->items[f->n++].advice = advice;
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->items[i].text);
	free(f->items);
	memset(f, 0, sizeof(*f));
}

/* --- files --------------------------------------------------------------- */

static void look_at_configuration(const struct session *s, struct findings *f)
{
	findings_add(f, FINDING_OK, "configuration", NULL, "%s, %zu job%s",
	    s->config.file ? s->config.file : "none; defaults and environment",
	    s->list.n, s->list.n == 1 ? "" : "s");
	if (s->list.n == 0)
		findings_add(f, FINDING_WARN, "models",
		    "list something in models.json",
		    "the model list names nothing to fetch");
}

static void look_at_token(struct session *s, struct findings *f)
{
	static const char *const prefix = "token file ";
	enum token_source source;
	struct err e = ERR_INIT;
	struct fs_stat st;
	const char *path;

	if (config_token(&s->config, &s->token, &source, s->token_where, &e) ==
	    -1) {
		findings_add(f, FINDING_FAIL, "token",
		    "mend the file or the variable that it names", "%s",
		    e.text);
		return;
	}
	if (source == TOKEN_NONE) {
		findings_add(f, FINDING_NOTE, "token", NULL,
		    "none: public repositories only");
		return;
	}
	if (source == TOKEN_ENV) {
		findings_add(f, FINDING_WARN, "token",
		    "put it into a file of mode 0600 and name that as "
		    "token_file: a scheduler does not have this variable",
		    "from %s of this shell", s->token_where);
		return;
	}
	path = text_starts(s->token_where, prefix)
	    ? s->token_where + strlen(prefix)
	    : s->token_where;
	if (fs_stat(path, &st, &e) == 0 && st.type == FS_FILE &&
	    (st.mode & 077) != 0)
		findings_add(f, FINDING_WARN, "token",
		    "chmod 600 it: others can read it", "%s has mode %04o",
		    s->token_where, (unsigned)st.mode & 07777);
	else
		findings_add(f, FINDING_OK, "token", NULL, "%s",
		    s->token_where);
}

/* A folder in which hfcron makes files; made by the first run. */
static bool look_at_folder(const char *topic, const char *path,
    struct findings *f)
{
	char *probe = fs_join(path, ".hfcron.doctor.tmp");
	struct err e = ERR_INIT;
	struct fs_stat st;
	int fd = -1;

	if (probe == NULL || fs_stat(path, &st, &e) == -1) {
		findings_add(f, FINDING_FAIL, topic, "mend the path", "%s",
		    probe == NULL ? "out of memory" : e.text);
	} else if (st.type == FS_ABSENT) {
		findings_add(f, FINDING_NOTE, topic, NULL,
		    "%s is not there yet; the first run makes it", path);
	} else if (st.type != FS_DIR) {
		findings_add(f, FINDING_FAIL, topic, "name another folder",
		    "%s is no folder", path);
	} else if (fs_open_rw(probe, true, &fd, &e) == -1) {
		findings_add(f, FINDING_FAIL, topic,
		    "give the user that the scheduler acts as the right to "
		    "write there",
		    "cannot write in %s: %s", path, e.text);
	} else {
		fs_close(&fd);
		(void)fs_unlink(probe, &e);
		free(probe);
		return true;
	}
	free(probe);
	return false;
}

static void look_at_state(struct session *s, struct findings *f)
{
	struct err e = ERR_INIT;
	struct fs_space space;
	struct fs_stat st;

	if (!look_at_folder("state", s->config.state_dir, f))
		return;
	if (fs_space(s->config.state_dir, &space, &e) == 0 && space.network) {
		findings_add(f, FINDING_FAIL, "state",
		    "name a state_dir on a local disk",
		    "%s lies on %s, where locks do not hold",
		    s->config.state_dir, space.type_name);
		return;
	}
	if (fs_stat(s->config.state_dir, &st, &e) == 0 &&
	    (st.mode & 022) != 0) {
		findings_add(f, FINDING_FAIL, "state",
		    "chmod go-w it: others could alter what is remembered",
		    "%s may be written by others", s->config.state_dir);
		return;
	}
	findings_add(f, FINDING_OK, "state", NULL, "%s", s->config.state_dir);
}

static void look_at_store(struct session *s, struct findings *f)
{
	char warning[ERR_TEXT_MAX] = "";
	struct err e = ERR_INIT;
	char *owner = NULL;

	if (s->config.file != NULL)
		owner = fs_realpath(s->config.file, &e);
	s->store = store_open(s->config.state_dir, STORE_READ_ONLY,
	    owner ? owner : "", s->now, warning, &e);
	free(owner);
	if (s->store == NULL)
		findings_add(f, FINDING_FAIL, "store", "see hfcron(1)", "%s",
		    e.text);
	else if (warning[0] != '\0')
		findings_add(f, FINDING_WARN, "store", NULL, "%s", warning);
	else if (store_id(s->store)[0] == '\0')
		findings_add(f, FINDING_NOTE, "store", NULL,
		    "not there yet; the first run makes it");
	else
		findings_add(f, FINDING_OK, "store", NULL, "sound");
	store_close(s->store);
	s->store = NULL;
}

static void look_at_space(const struct session *s, struct findings *f)
{
	char have[NUM_TEXT_MAX], keep[NUM_TEXT_MAX];
	struct err e = ERR_INIT;
	struct fs_space space;
	uint64_t keep_free;

	if (fs_space(s->config.cache_dir, &space, &e) == -1) {
		findings_add(f, FINDING_FAIL, "disk", NULL, "%s", e.text);
		return;
	}
	keep_free = storage_keep_free(&s->config.storage, space.total_bytes);
	num_format_size(space.free_bytes, have);
	num_format_size(keep_free, keep);
	if (space.free_bytes <= keep_free)
		findings_add(f, FINDING_FAIL, "disk",
		    "free some space or lower storage.keep_free",
		    "%s is free at %s, where %s is kept: nothing can be "
		    "fetched",
		    have, s->config.cache_dir, keep);
	else
		findings_add(f, FINDING_OK, "disk", NULL,
		    "%s is free at %s, of which %s is kept", have,
		    s->config.cache_dir, keep);
}

/* --- clock and zones ----------------------------------------------------- */

static void look_at_clock(const struct session *s, struct findings *f)
{
	char text[INSTANT_TEXT_MAX];

	if (s->now.s < BUILD_EPOCH)
		findings_add(f, FINDING_FAIL, "clock", "set it",
		    "%s is before this program was built",
		    instant_format(s->now, text));
	else
		findings_add(f, FINDING_OK, "clock", NULL, "%s",
		    instant_format(s->now, text));
}

static void look_at_zones(const struct session *s, struct findings *f)
{
	char file[512];

	/* Zones that schedules name were looked for with the configuration. */
	if (zone_source("local", file, sizeof(file)) == NULL)
		findings_add(f, FINDING_WARN, "zone",
		    "install tzdata, or name a timezone in the schedules",
		    "no zone file for the local time: it is taken as UTC");
	else
		findings_add(f, FINDING_OK, "zone", NULL,
		    "local time is %s, from %s",
		    zone_abbreviation("local", s->now.s), file);
}

/* --- the run lock -------------------------------------------------------- */

static void look_at_lock(struct session *s, struct findings *f)
{
	char *path = session_state_path(s, "lock"), *text = NULL;
	struct err e = ERR_INIT;
	struct fs_stat st;
	bool held;
	size_t n;

	if (path == NULL || fs_lstat(path, &st, &e) == -1) {
		findings_add(f, FINDING_FAIL, "lock", NULL, "%s",
		    path == NULL ? "out of memory" : e.text);
	} else if (st.type == FS_ABSENT) {
		findings_add(f, FINDING_NOTE, "lock", NULL,
		    "no run was ever started");
	} else if (lock_is_held(path, &held, &e) == -1) {
		findings_add(f, FINDING_FAIL, "lock",
		    "remove what stands in its place", "%s", e.text);
	} else if (!held) {
		findings_add(f, FINDING_OK, "lock", NULL, "no run is at work");
	} else {
		(void)fs_read_file(path, 256, &text, &n, &e);
		findings_add(f, FINDING_NOTE, "lock", NULL,
		    "a run is at work: process %.*s",
		    (int)strcspn(text ? text : "", "\n"), text ? text : "");
	}
	free(text);
	free(path);
}

/* --- certificates -------------------------------------------------------- */

static void look_at_certificates(const struct session *s, struct findings *f)
{
	if (s->config.ca_dir != NULL && !http_client_takes_ca_folder())
		findings_add(f, FINDING_WARN, "certificates",
		    "name a file with all of them in SSL_CERT_FILE",
		    "the folder %s means nothing: the TLS library here takes "
		    "files only",
		    s->config.ca_dir);
}

/* --- the Hub ------------------------------------------------------------- */

struct answer {
	bool done;
	int status;
	struct err error;
	struct wall date; /* of its clock; WALL_NONE */
};

static int drop_body(void *cookie, const void *bytes, size_t n, struct err *e)
{
	(void)cookie;
	(void)bytes;
	(void)n;
	(void)e;
	return 0;
}

static void on_done(void *cookie, const struct http_result *result)
{
	struct answer *answer = cookie;
	const char *date = result->response == NULL
	    ? NULL
	    : http_response_header(result->response, "Date");

	answer->done = true;
	answer->status = result->status;
	if (result->failed)
		answer->error = result->error;
	if (date == NULL || http_date_parse(date, &answer->date) == -1)
		answer->date.s = WALL_NONE;
}

/* With a token, the one question that only the token's owner may ask. */
static int ask(struct session *s, struct answer *answer, struct err *e)
{
	struct http_spec spec;
	char *url = text_format("%s/api/%s", s->config.endpoint,
	    s->hub.token != NULL ? "whoami-v2" : "models?limit=1");

	if (url == NULL)
		return err_nomem(e);
	memset(&spec, 0, sizeof(spec));
	spec.url = url;
	spec.origin = &s->hub.origin;
	spec.token = s->hub.token;
	spec.max_body = ANSWER_BYTES_MAX;
	spec.time_limit_ms = ASK_LIMIT_MS;
	spec.on_body = drop_body;
	spec.on_done = on_done;
	spec.cookie = answer;
	if (http_request_start(s->http, &spec, e) == NULL) {
		free(url);
		return -1;
	}
	free(url);
	while (!answer->done)
		if (http_client_step(s->http, STEP_MS, e) == -1)
			return -1;
	return 0;
}

static void judge_answer(const struct session *s, const struct answer *answer,
    struct findings *f)
{
	if (answer->error.kind != ERR_NONE) {
		findings_add(f, FINDING_FAIL, "endpoint",
		    "see to the network, the proxy or the certificates",
		    "%s: %s", s->config.endpoint, answer->error.text);
	} else if (s->hub.token != NULL &&
	    (answer->status == 401 || answer->status == 403)) {
		findings_add(f, FINDING_FAIL, "token",
		    "make a new one in the settings of your account",
		    "the Hub does not accept the token from %s",
		    s->token_where);
	} else if (answer->status >= 500 || answer->status == 429) {
		findings_add(f, FINDING_WARN, "endpoint", "try again later",
		    "%s answers with status %d", s->config.endpoint,
		    answer->status);
	} else {
		findings_add(f, FINDING_OK, "endpoint", NULL, "%s answers%s",
		    s->config.endpoint,
		    s->hub.token != NULL && answer->status == 200
			? " and accepts the token"
			: "");
	}
}

static void compare_clocks(const struct answer *answer, struct findings *f)
{
	char text[NUM_TEXT_MAX];
	int64_t apart;

	if (answer->date.s == WALL_NONE)
		return;
	apart = clock_wall().s - answer->date.s;
	num_format_duration((apart < 0 ? -apart : apart) * 1000, text);
	if (apart > CLOCK_NOTE_S || apart < -CLOCK_NOTE_S)
		findings_add(f,
		    apart > CLOCK_WRONG_S || apart < -CLOCK_WRONG_S
			? FINDING_FAIL
			: FINDING_WARN,
		    "clock", "let the system keep it right (NTP)",
		    "%s %s the Hub's", text, apart < 0 ? "behind" : "before");
}

static void look_at_hub(struct session *s, struct findings *f)
{
	struct answer answer = { .error = ERR_INIT };
	struct err e = ERR_INIT;

	answer.date.s = WALL_NONE;
	if (s->config.offline) {
		findings_add(f, FINDING_WARN, "endpoint",
		    "unset HF_HUB_OFFLINE where the scheduler sets it",
		    "HF_HUB_OFFLINE is set: the Hub is not asked");
		return;
	}
	if (session_open_hub(s) == -1)
		return;
	if (secret_is_set(&s->token) && s->hub.token == NULL)
		findings_add(f, FINDING_WARN, "token",
		    "use an endpoint with https",
		    "it is not sent over plain http to %s", s->config.endpoint);
	if (ask(s, &answer, &e) == -1)
		answer.error = e;
	judge_answer(s, &answer, f);
	compare_clocks(&answer, f);
}

/* --- printing ------------------------------------------------------------ */

static const char *level_name(enum finding_level level)
{
	static const char *const names[] = { "ok", "note", "warn", "fail" };

	return names[level];
}

static void print_json(const struct findings *f, int status)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "doctor");
	json_write_key(&w, "findings");
	json_write_begin_array(&w);
	for (size_t i = 0; i < f->n; i++) {
		json_write_begin_object(&w);
		json_write_key(&w, "level");
		json_write_string(&w, level_name(f->items[i].level));
		json_write_key(&w, "topic");
		json_write_string(&w, f->items[i].topic);
		json_write_key(&w, "text");
		json_write_string(&w, f->items[i].text);
		json_write_key(&w, "advice");
		json_write_string(&w, f->items[i].advice);
		json_write_end_object(&w);
	}
	json_write_end_array(&w);
	json_write_key(&w, "exit");
	json_write_i64(&w, status);
	(void)report_end(&w, &out, status);
}

static void print_text(const struct findings *f)
{
	static const char *const colours[] = { "\033[32m", "", "\033[33m",
		"\033[31m" };
	bool colour = terminal_is_tty(1);

	for (size_t i = 0; i < f->n; i++) {
		const struct finding *one = &f->items[i];
		const char *paint = colour ? colours[one->level] : "";

		printf("%s%-5s%s%-14s %s\n", paint, level_name(one->level),
		    paint[0] ? "\033[0m" : "", one->topic, one->text);
		if (one->advice != NULL)
			printf("%-19s -> %s\n", "", one->advice);
	}
}

static int verdict(const struct findings *f)
{
	if (f->failed)
		return EXIT_RETRY;
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].level == FINDING_FAIL)
			return EXIT_PERSON;
	return EXIT_DONE;
}

int verb_doctor(const struct cli *cli)
{
	struct findings f = { NULL, 0, 0, false };
	struct session s;
	int status;

	session_init(&s, cli);
	if (session_load(&s, true) == 0) {
		look_at_configuration(&s, &f);
		look_at_token(&s, &f);
		look_at_clock(&s, &f);
		look_at_zones(&s, &f);
		look_at_state(&s, &f);
		look_at_store(&s, &f);
		look_at_lock(&s, &f);
		(void)look_at_folder("cache", s.config.cache_dir, &f);
		look_at_space(&s, &f);
		look_at_certificates(&s, &f);
		look_at_hub(&s, &f);
		doctor_entry(&s, cli->as_cron, &f);
		s.status = exit_status_worse(s.status,
		    (enum exit_status)verdict(&f));
		if (cli->json)
			print_json(&f, (int)s.status);
		else
			print_text(&f);
	}
	status = (int)s.status;
	findings_release(&f);
	session_close(&s);
	return status;
}
