/*
 * history.c - past attempts, the newest first.  Writes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"
#include "commands/report.h"
#include "commands/verbs.h"

enum { SHOWN_DEFAULT = 20, ID_SHOWN_MAX = 400, ERROR_SHOWN_MAX = 1024 };

/* The jobs asked for: all if none is named. */
struct wanted_jobs {
	uint8_t (*keys)[JOB_KEY_BYTES]; /* own; sorted */
	size_t n, cap;
};

struct history {
	struct attempt *attempts; /* own; newest first */
	size_t n;
};

/* --- which jobs ---------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, JOB_KEY_BYTES);
}

static bool is_wanted(const struct wanted_jobs *wanted, const uint8_t *key)
{
	return wanted->n > 0 &&
	    bsearch(key, wanted->keys, wanted->n, sizeof(*wanted->keys),
		compare_keys) != NULL;
}

static int want_id(struct wanted_jobs *wanted, const char *id, struct err *e)
{
	if (vec_grow((void **)&wanted->keys, &wanted->cap, wanted->n + 1,
		sizeof(*wanted->keys), SIZE_MAX / sizeof(*wanted->keys)) == -1)
		return err_nomem(e);
	store_job_key(id, wanted->keys[wanted->n++]);
	return 0;
}

/* No list has it; but it may have been listed once. */
static int want_unlisted(struct wanted_jobs *wanted, struct session *s,
    const char *word, struct err *e)
{
	uint8_t key[JOB_KEY_BYTES];
	struct attempt *attempts = NULL;
	struct job_state state;
	bool known = false;
	size_t n = 0;

	store_job_key(word, key);
	if (store_job_get(s->store, key, &state, &known, e) == -1)
		return -1;
	if (known)
		job_state_release(&state);
	else if (store_attempts(s->store, key, 1, &attempts, &n, e) == -1)
		return -1;
	if (n > 0)
		attempt_release(&attempts[0]);
	free(attempts);
	if (!known && n == 0)
		return err_set(e, ERR_USAGE,
		    "no job is named \"%s\", and no attempt of a job with that "
		    "id is remembered; hfcron history shows all",
		    word);
	return want_id(wanted, word, e);
}

static int want_word(struct wanted_jobs *wanted, struct session *s,
    const char *word, size_t *found, struct err *e)
{
	size_t n = model_list_find(&s->list, word, found);

	if (n == 0)
		return want_unlisted(wanted, s, word, e);
	while (n > 0)
		if (want_id(wanted, s->list.jobs[found[--n]].id, e) == -1)
			return -1;
	return 0;
}

static int want_words(struct wanted_jobs *wanted, struct session *s,
    struct err *e)
{
	size_t *found = calloc(s->list.n + 1, sizeof(*found));
	int rc = 0;

	if (found == NULL)
		return err_nomem(e);
	for (int i = 0; rc == 0 && i < s->cli->n_words; i++)
		rc = want_word(wanted, s, s->cli->words[i], found, e);
	free(found);
	if (rc == 0 && wanted->n > 0)
		qsort(wanted->keys, wanted->n, sizeof(*wanted->keys),
		    compare_keys);
	return rc;
}

/* --- reading ------------------------------------------------------------- */

static void keep_wanted(struct history *h, const struct wanted_jobs *wanted,
    size_t max)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (kept < max && is_wanted(wanted, h->attempts[i].job))
			h->attempts[kept++] = h->attempts[i];
		else
			attempt_release(&h->attempts[i]);
	}
	h->n = kept;
}

static int read_history(struct history *h, struct session *s, struct err *e)
{
	size_t max = s->cli->count > 0 ? (size_t)s->cli->count : SHOWN_DEFAULT;
	struct wanted_jobs wanted = { NULL, 0, 0 };
	bool all = s->cli->n_words == 0;
	int rc;

	rc = want_words(&wanted, s, e);
	if (rc == 0)
		rc = store_attempts(s->store, NULL, all ? max : SIZE_MAX,
		    &h->attempts, &h->n, e);
	if (rc == 0 && !all)
		keep_wanted(h, &wanted, max);
	free(wanted.keys);
	return rc;
}

static void history_release(struct history *h)
{
	for (size_t i = 0; i < h->n; i++)
		attempt_release(&h->attempts[i]);
	free(h->attempts);
}

/* --- telling ------------------------------------------------------------- */

/* -1 if the clock was set back meanwhile. */
static int64_t duration_s(const struct attempt *a)
{
	if (a->started.s == WALL_NONE || a->ended.s < a->started.s)
		return -1;
	return a->ended.s - a->started.s;
}

/* false: it took no measurable time, or nothing came. */
static bool rate_of(const struct attempt *a, uint64_t *bytes_per_s)
{
	int64_t s = duration_s(a);

	if (s <= 0 || a->bytes == 0)
		return false;
	*bytes_per_s = a->bytes / (uint64_t)s;
	return true;
}

static const char *local_or_null(const struct session *s, struct wall t,
    char buf[INSTANT_TEXT_MAX])
{
	return t.s == WALL_NONE ? NULL : report_local(s, "local", t, buf);
}

static void attempt_json(struct json_writer *w, const struct session *s,
    const struct attempt *a)
{
	char local[INSTANT_TEXT_MAX];
	uint64_t rate;

	json_write_begin_object(w);
	json_write_key(w, "id");
	json_write_string(w, a->id);
	report_time_json(w, "started", a->started);
	json_write_key(w, "started_local");
	json_write_string(w, local_or_null(s, a->started, local));
	report_time_json(w, "ended", a->ended);
	json_write_key(w, "duration_s");
	if (duration_s(a) < 0)
		json_write_null(w);
	else
		json_write_i64(w, duration_s(a));
	json_write_key(w, "outcome");
	json_write_string(w, a->outcome);
	json_write_key(w, "commit");
	json_write_string(w, a->commit[0] ? a->commit : NULL);
	json_write_key(w, "bytes");
	json_write_u64(w, a->bytes);
	json_write_key(w, "bytes_per_s");
	if (rate_of(a, &rate))
		json_write_u64(w, rate);
	else
		json_write_null(w);
	json_write_key(w, "files_done");
	json_write_u64(w, a->files);
	json_write_key(w, "retries");
	json_write_u64(w, a->retries);
	json_write_key(w, "error");
	report_error_json(w, a->error_kind, a->error_text);
	json_write_end_object(w);
}

static void print_json(const struct session *s, const struct history *h)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "history");
	json_write_key(&w, "attempts");
	json_write_begin_array(&w);
	for (size_t i = 0; i < h->n; i++)
		attempt_json(&w, s, &h->attempts[i]);
	json_write_end_array(&w);
	(void)report_end(&w, &out, EXIT_DONE);
}

static void print_attempt(const struct session *s, const struct attempt *a)
{
	char when[INSTANT_TEXT_MAX] = "?", took[NUM_TEXT_MAX] = "?";
	char bytes[NUM_TEXT_MAX], rate_text[NUM_TEXT_MAX] = "-";
	char id[ID_SHOWN_MAX], why[ERROR_SHOWN_MAX];
	uint64_t rate;

	if (local_or_null(s, a->started, when) != NULL)
		when[10] = ' '; /* the T */
	if (duration_s(a) == 0)
		snprintf(took, sizeof(took), "<1s"); /* stamps are seconds */
	else if (duration_s(a) > 0)
		num_format_duration(duration_s(a) * 1000, took);
	if (rate_of(a, &rate))
		num_format_size(rate, rate_text);
	(void)text_escape(a->id, strlen(a->id), false, id, sizeof(id));
	printf("%s  %-11s  %7s  %8s  %9s%s  %5llu %-5s  %s%s%.12s\n", when,
	    a->outcome, took, num_format_size(a->bytes, bytes), rate_text,
	    rate_text[0] == '-' ? "  " : "/s", (unsigned long long)a->files,
	    a->files == 1 ? "file" : "files", id,
	    a->commit[0] ? "  commit " : "", a->commit);
	if (a->retries > 0)
		printf("    %lu request%s tried again\n",
		    (unsigned long)a->retries, a->retries == 1 ? "" : "s");
	if (a->error_kind == ERR_NONE)
		return;
	why[0] = '\0';
	if (a->error_text != NULL)
		(void)text_escape(a->error_text, strlen(a->error_text), false,
		    why, sizeof(why));
	printf("    %s: %s\n", err_kind_name(a->error_kind), why);
}

static void print_history(const struct session *s, const struct history *h)
{
	if (s->cli->json) {
		print_json(s, h);
		return;
	}
	for (size_t i = 0; i < h->n; i++)
		print_attempt(s, &h->attempts[i]);
	if (h->n == 0)
		puts("no attempt is remembered yet");
}

int verb_history(const struct cli *cli)
{
	struct history h = { NULL, 0 };
	struct err e = ERR_INIT;
	struct session s;
	int status;

	session_init(&s, cli);
	if (session_load(&s, true) == 0 &&
	    session_open_store(&s, STORE_READ_ONLY) == 0) {
		if (read_history(&h, &s, &e) == -1)
			session_fail(&s, &e);
		else
			print_history(&s, &h);
	}
	status = (int)s.status;
	history_release(&h);
	session_close(&s);
	return status;
}
