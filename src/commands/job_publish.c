#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/job_work.h"
#include "platform/clock.h"

/* File records are committed in groups. */
enum { RECORD_GROUP = 1000, PROVEN_GROUP = 64 };

/* Reading that much again costs more than a commit. */
#define PROVEN_AT_ONCE_BYTES ((uint64_t)32 * 1024 * 1024)

struct record_group {
	struct session *session;
	struct job_work *work;
	struct stored_file items[RECORD_GROUP];
	size_t n;
};

static int flush_records(struct record_group *group, struct err *e)
{
	int rc = 0;

	if (group->n > 0 && group->session->store != NULL)
		rc = store_files_put(group->session->store, group->work->key,
		    group->items, group->n, e);
	group->n = 0;
	return rc;
}

static void fill_record(struct stored_file *record, const struct job_work *w,
    const struct remote_file *file, const struct fs_stat *content)
{
	memset(record, 0, sizeof(*record));
	record->path = file->path; /* lent: the store copies */
	record->size = file->size;
	snprintf(record->blob, sizeof(record->blob), "%s",
	    remote_file_blob(file));
	memcpy(record->commit, w->commit, sizeof(record->commit));
	record->verified_at = clock_wall();
	record->device = content->device;
	record->inode = content->inode;
	record->mtime_s = content->mtime_s;
	record->mtime_ns = content->mtime_ns;
}

static int add_record(struct record_group *group,
    const struct remote_file *file, const struct fs_stat *content,
    struct err *e)
{
	fill_record(&group->items[group->n++], group->work, file, content);
	return group->n == RECORD_GROUP ? flush_records(group, e) : 0;
}

void job_work_flush_proven(struct job_work *w, struct session *s)
{
	struct err e = ERR_INIT;

	/* Without the records the files are hashed once more: no failure. */
	if (w->n_proven > 0 && s->store != NULL &&
	    (destination_settle(w->destination, &e) == -1 ||
		store_files_put(s->store, w->key, w->proven, w->n_proven, &e) ==
		    -1))
		log_event(&s->log, LOG_WARN, e.text, "job", w->job->id, NULL);
	w->n_proven = 0;
}

void job_work_proved(struct job_work *w, struct session *s, size_t i)
{
	struct err ignored = ERR_INIT;
	struct local_file local;
	struct fs_stat content;

	if (s->store == NULL)
		return;
	if (w->proven == NULL)
		w->proven = calloc(PROVEN_GROUP, sizeof(*w->proven));
	if (w->proven == NULL ||
	    destination_inspect(w->destination, w->commit, w->wanted[i], &local,
		&content, &ignored) == -1 ||
	    !(local.in_place || local.blob_present))
		return;
	fill_record(&w->proven[w->n_proven++], w, w->wanted[i], &content);
	if (w->n_proven == PROVEN_GROUP ||
	    w->wanted[i]->size >= PROVEN_AT_ONCE_BYTES)
		job_work_flush_proven(w, s);
}

/* Every wanted file under its final name, then its record. */
static int place_all(struct job_work *w, struct session *s, struct err *e)
{
	struct record_group *group = calloc(1, sizeof(*group));
	int rc = -1;

	if (group == NULL)
		return err_nomem(e);
	group->session = s;
	group->work = w;
	for (size_t i = 0; i < w->n; i++) {
		struct fs_stat content;

		if (w->decisions[i].action == FILE_KEEP) {
			struct local_file local;

			if (destination_inspect(w->destination, w->commit,
				w->wanted[i], &local, &content, e) == -1)
				goto out;
			if (!local.in_place) {
				err_set(e, ERR_BUSY,
				    "%s was taken away by "
				    "another program",
				    w->wanted[i]->path);
				goto out;
			}
		} else if (destination_place(w->destination, w->commit,
			       w->wanted[i], clock_wall(), &content, e) == -1) {
			goto out;
		}
		if (add_record(group, w->wanted[i], &content, e) == -1)
			goto out;
	}
	rc = flush_records(group, e);
out:
	free(group);
	return rc;
}

/* Nothing of it is new: it was only proven anew. */
static bool was_all_in_place(const struct job_work *w)
{
	if (w->entry == NULL || !w->ref_is_right ||
	    strcmp(w->entry->state.commit, w->commit) != 0)
		return false;
	for (size_t i = 0; i < w->n; i++)
		if (!w->local[i].in_place ||
		    w->decisions[i].action == FILE_FETCH)
			return false;
	return true;
}

void job_work_publish(struct job_work *w, struct session *s)
{
	struct err e = ERR_INIT;

	if (destination_prepare(w->destination, &e) == -1 ||
	    place_all(w, s, &e) == -1 ||
	    destination_publish(w->destination, &w->listing, w->job->revision,
		&e) == -1) {
		err_wrap(&e, "publishing");
		job_work_fail(w, &e);
		return;
	}
	/* Records of other commits are of no use any more; should this fail,
	 * they only take space. */
	if (s->store != NULL &&
	    store_files_keep(s->store, w->key, w->commit, &e) == -1)
		log_event(&s->log, LOG_WARN, e.text, "job", w->job->id, NULL);
	w->bytes_done = w->sums.bytes_total;
	w->files_done = w->n;
	w->outcome = was_all_in_place(w) ? OUTCOME_UNCHANGED : OUTCOME_UPDATED;
	w->phase = WORK_ENDED;
}

static const char *outcome_name(const struct job_work *w)
{
	switch (w->outcome) {
	case OUTCOME_UNCHANGED:
		return "unchanged";
	case OUTCOME_UPDATED:
		return "updated";
	case OUTCOME_WINDOW_END:
		return "window end";
	case OUTCOME_BUDGET_END:
		return "budget end";
	case OUTCOME_INTERRUPTED:
		return "interrupted";
	case OUTCOME_PAUSED:
		return "paused";
	case OUTCOME_BUSY:
		return "busy";
	case OUTCOME_FAILED:
		break;
	}
	return "failed";
}

/* `name`: its outcome's; lent, as are the other texts. */
static void fill_attempt(struct attempt *attempt, struct job_work *w,
    char *name)
{
	memset(attempt, 0, sizeof(*attempt));
	attempt->started = w->started;
	attempt->ended = clock_wall();
	memcpy(attempt->job, w->key, sizeof(attempt->job));
	attempt->id = w->entry->state.id;
	attempt->outcome = name;
	memcpy(attempt->commit, w->commit, sizeof(attempt->commit));
	attempt->bytes = w->bytes_received;
	attempt->files = w->files_done;
	attempt->retries = w->retries;
	if (w->outcome == OUTCOME_FAILED || w->outcome == OUTCOME_BUSY) {
		attempt->error_kind = w->error.kind;
		attempt->error_text = w->error.text;
	}
}

static void write_attempt(struct job_work *w, struct session *s)
{
	struct attempt attempt;
	struct err e = ERR_INIT;
	char name[32];

	snprintf(name, sizeof(name), "%s", outcome_name(w));
	fill_attempt(&attempt, w, name);
	if (store_attempt_add(s->store, &attempt, &e) == -1)
		session_fail(s, &e);
}

void job_work_flush_quiet(struct session *s)
{
	struct err e = ERR_INIT;

	if (s->n_quiet > 0 && s->store != NULL &&
	    store_attempts_add(s->store, s->quiet, s->n_quiet, &e) == -1)
		session_fail(s, &e);
	s->n_quiet = 0;
}

/* A thousand of them are one night's rule, and two commits each would cost more
 * than the question. */
static void keep_quiet_attempt(struct job_work *w, struct session *s)
{
	static char unchanged[] = "unchanged";

	fill_attempt(&s->quiet[s->n_quiet++], w, unchanged);
	if (s->n_quiet == SESSION_QUIET_MAX)
		job_work_flush_quiet(s);
}

static void write_log(const struct job_work *w, const struct session *s)
{
	char bytes[NUM_TEXT_MAX], took[NUM_TEXT_MAX];
	bool failed = w->outcome == OUTCOME_FAILED;

	log_event(&s->log, failed ? LOG_WARN : LOG_INFO,
	    failed ? w->error.text : outcome_name(w), "job", w->job->id,
	    "commit", w->commit[0] ? w->commit : NULL, "kind",
	    failed ? err_kind_name(w->error.kind) : NULL, "received",
	    num_format_size(w->bytes_received, bytes), "took",
	    num_format_duration(clock_mono().ms - w->started_mono.ms, took),
	    NULL);
}

static bool was_refused(const struct job_work *w)
{
	return w->outcome == OUTCOME_FAILED && w->error.kind == ERR_PERMANENT;
}

static void set_amounts(struct job_state *state, const struct job_work *w)
{
	/* Refused for what is in it: not looked at again before it changes. */
	if (was_refused(w) && w->commit[0] != '\0')
		memcpy(state->target, w->commit, sizeof(state->target));
	/* It was not compared, or is not wanted: keep what is known. */
	if (w->n == 0 || was_refused(w))
		return;
	state->bytes_total = w->sums.bytes_total;
	state->bytes_done = w->bytes_done;
	state->files_total = w->n;
	state->files_done = w->files_done;
	memcpy(state->target, w->commit, sizeof(state->target));
	if (w->outcome == OUTCOME_UPDATED || w->outcome == OUTCOME_UNCHANGED)
		state->target[0] = '\0';
}

void job_work_finish(struct job_work *w, struct session *s)
{
	const struct retry_config *retry = &s->config.retry;
	struct outcome_policy policy = { retry->waits_s, retry->n_waits,
		retry->runs, retry->reset_after_s };
	struct job_entry *entry = w->entry;
	struct err e = ERR_INIT;
	struct outcome outcome;

	memset(&outcome, 0, sizeof(outcome));
	outcome.kind = w->outcome;
	outcome.error = &w->error;
	outcome.commit = w->commit;
	outcome.slot = w->slot;
	outcome.planned = s->now;
	outcome.retries = w->retries;
	set_amounts(&entry->state, w);
	session_access_hash(s, entry->state.access_hash);
	if (outcome_apply(&entry->state, entry->job, &outcome, &policy,
		clock_wall(), &s->calendar) == -1) {
		err_nomem(&e);
		session_fail(s, &e);
		return;
	}
	if (w->started.s == WALL_NONE || (w->stopped && !w->begun)) {
		entry->changed = true;
		return;
	}
	if (w->outcome == OUTCOME_UNCHANGED) {
		entry->changed = true;
		keep_quiet_attempt(w, s);
	} else {
		if (job_entry_save(entry, s, &e) == -1)
			session_fail(s, &e);
		write_attempt(w, s);
	}
	write_log(w, s);
}
