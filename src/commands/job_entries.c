#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "cache/destination.h"
#include "commands/job_entries.h"
#include "platform/clock.h"
#include "platform/digest.h"

/* A file that is fetched in a monthly window is touched that rarely. */
enum { PARTIALS_KEPT_S = 90 * 86400 };

enum {
	SAVE_GROUP = 4000,   /* jobs per transaction; bounds its memory */
	DELETE_MAX = 1000,   /* a transaction or two each: the rest next time */
	SAY_REMOVED_MAX = 50 /* log lines; more are counted */
};

static int hash_text(char *text, uint8_t hash[JOB_HASH_BYTES])
{
	uint8_t whole[32];

	if (text == NULL)
		return -1;
	digest_sha256(text, strlen(text), whole);
	memcpy(hash, whole, JOB_HASH_BYTES);
	free(text);
	return 0;
}

/* Schedules are few and shared, so their hashes are made once. */
static int schedule_hash(const struct session *s, const struct job *job,
    uint8_t (*cache)[JOB_HASH_BYTES], bool *known, uint8_t hash[JOB_HASH_BYTES])
{
	size_t i = (size_t)(job->schedule - s->config.schedules);

	if (!known[i]) {
		if (hash_text(schedule_text(job->schedule), cache[i]) == -1)
			return -1;
		known[i] = true;
	}
	memcpy(hash, cache[i], JOB_HASH_BYTES);
	return 0;
}

static int compare_states(const void *a, const void *b)
{
	return memcmp(((const struct job_state *)a)->key,
	    ((const struct job_state *)b)->key, JOB_KEY_BYTES);
}

/*
 * Of a job that a lost store knew: what its ref says, which was written when
 * all of that commit was there.  Slots count from then on, so that none is
 * lost; the files are proven by the next run.  A folder has no ref.  What
 * cannot be read is told by the run that needs it.
 */
static void recall_from_disk(struct job_entry *entry, struct session *s)
{
	const struct job *job = entry->job;
	struct job_state *state = &entry->state;
	struct err ignored = ERR_INIT;
	struct wall changed = { WALL_NONE };
	struct destination *d = destination_new(s->config.cache_dir,
	    job->local_dir, job->type, job->name, "00000000", &ignored);

	if (d == NULL)
		return;
	if (destination_ref(d, job->revision, state->commit, &ignored) == 0 &&
	    state->commit[0] != '\0' &&
	    destination_ref_time(d, job->revision, &changed, &ignored) == 0 &&
	    changed.s != WALL_NONE) {
		if (changed.s > s->now.s)
			changed = s->now;
		state->changed_at = changed;
		state->considered = changed;
	}
	destination_free(d);
}

static int join_one(struct job_entry *entry, struct session *s,
    struct reconcile_hashes *hashes, struct job_state *states, size_t n)
{
	struct job_state wanted = { .id = NULL }, *found;
	bool failed = false;

	store_job_key(entry->job->id, hashes->key);
	if (hash_text(job_text(entry->job, s->config.cache_dir,
			  s->config.endpoint),
		hashes->spec) == -1)
		return -1;
	memcpy(wanted.key, hashes->key, JOB_KEY_BYTES);
	found = n == 0
	    ? NULL
	    : bsearch(&wanted, states, n, sizeof(*states), compare_states);
	if (found != NULL && found->id != NULL) {
		entry->state = *found; /* takes its memory */
		job_state_init(found);
		memcpy(found->key, hashes->key, JOB_KEY_BYTES);
	} else {
		job_state_init(&entry->state);
	}
	/* Asked from another shell, a job is not shown as if its token had
	 * changed. */
	if (s->keep_access && entry->state.id != NULL)
		memcpy(hashes->access, entry->state.access_hash,
		    JOB_HASH_BYTES);
	entry->changed = reconcile_job(&entry->state, entry->job, hashes,
	    s->now, &failed);
	/* No job is known at all: the store is new, or was lost. */
	if (n == 0 && !failed)
		recall_from_disk(entry, s);
	return failed ? -1 : 0;
}

static int join_all(struct job_entries *entries, struct session *s,
    struct job_state *states, size_t n_states)
{
	struct reconcile_hashes hashes;
	uint8_t(*cache)[JOB_HASH_BYTES];
	bool *known;
	int rc = -1;

	cache = calloc(s->config.n_schedules + 1, sizeof(*cache));
	known = calloc(s->config.n_schedules + 1, sizeof(*known));
	if (cache == NULL || known == NULL)
		goto out;
	session_access_hash(s, hashes.access);
	for (size_t i = 0; i < entries->n; i++) {
		struct job_entry *entry = &entries->items[i];

		if (schedule_hash(s, entry->job, cache, known,
			hashes.schedule) == -1 ||
		    join_one(entry, s, &hashes, states, n_states) == -1)
			goto out;
	}
	rc = 0;
out:
	free(cache);
	free(known);
	return rc;
}

static int mark_named(struct job_entries *entries, struct session *s,
    struct err *e)
{
	size_t *found;

	found = calloc(s->list.n + 1, sizeof(*found));
	if (found == NULL)
		return err_nomem(e);
	for (int w = 0; w < s->cli->n_words; w++) {
		size_t n = model_list_find(&s->list, s->cli->words[w], found);

		if (n == 0) {
			free(found);
			return err_set(e, ERR_USAGE,
			    "no job is named \"%s\"; "
			    "hfcron status lists them",
			    s->cli->words[w]);
		}
		while (n > 0)
			entries->items[found[--n]].named = true;
	}
	free(found);
	return 0;
}

/* --- what people asked for ----------------------------------------------- */

static int compare_requests(const void *a, const void *b)
{
	return memcmp(((const struct job_request *)a)->key,
	    ((const struct job_request *)b)->key, JOB_KEY_BYTES);
}

/* The later end of two pauses; WALL_NONE has none. */
static void pause_entry(struct job_entry *entry, const struct job_request *r,
    struct wall now)
{
	if (r == NULL || !r->paused ||
	    (r->paused_until.s != WALL_NONE && r->paused_until.s <= now.s))
		return;
	if (!entry->paused ||
	    (entry->paused_until.s != WALL_NONE &&
		(r->paused_until.s == WALL_NONE ||
		    r->paused_until.s > entry->paused_until.s)))
		entry->paused_until = r->paused_until;
	entry->paused = true;
}

static const struct job_request *find_request(const struct job_request *all,
    size_t n, const uint8_t key[JOB_KEY_BYTES])
{
	struct job_request wanted = { .retry = false };

	if (n == 0)
		return NULL;
	memcpy(wanted.key, key, JOB_KEY_BYTES);
	return bsearch(&wanted, all, n, sizeof(*all), compare_requests);
}

/* `retries`: those too; else only pauses. */
static int apply_requests(struct job_entries *entries, struct session *s,
    bool retries, struct err *e)
{
	static const uint8_t everything[JOB_KEY_BYTES];
	const struct job_request *of_all;
	struct job_request *all;
	size_t n;

	if (store_requests_all(s->store, &all, &n, &entries->serial, e) == -1)
		return -1;
	entries->retries_wait = false;
	of_all = find_request(all, n, everything);
	for (size_t i = 0; i < entries->n; i++) {
		struct job_entry *entry = &entries->items[i];
		const struct job_request *r = find_request(all, n,
		    entry->state.key);

		entry->paused = false;
		entry->paused_until.s = WALL_NONE;
		pause_entry(entry, of_all, s->now);
		pause_entry(entry, r, s->now);
		if (r == NULL || !r->retry)
			continue;
		if (!retries) {
			entries->retries_wait = true;
			continue;
		}
		entry->retry = entry->changed = true;
		reconcile_retry(&entry->state, entry->job);
	}
	free(all);
	return 0;
}

int job_entries_look_paused(struct job_entries *entries, struct session *s,
    struct err *e)
{
	return apply_requests(entries, s, false, e);
}

/* The jobs' states have been written: what was asked for is done. */
static int retries_are_done(struct job_entries *entries, struct session *s,
    struct err *e)
{
	uint8_t(*keys)[JOB_KEY_BYTES];
	struct wall none = { WALL_NONE };
	size_t n = 0;
	int rc;

	keys = calloc(entries->n + 1, sizeof(*keys));
	if (keys == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < entries->n; i++)
		if (entries->items[i].retry)
			memcpy(keys[n++], entries->items[i].state.key,
			    sizeof(*keys));
	rc = store_request(s->store, REQUEST_RETRIED,
	    (const uint8_t(*)[JOB_KEY_BYTES])keys, n, none, e);
	free(keys);
	return rc;
}

/* What no listed job has taken; the array is then theirs. */
static void keep_unlisted(struct job_entries *entries, struct job_state *states,
    size_t n)
{
	struct job_state *fewer;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (states[i].id != NULL)
			states[kept++] = states[i];
	fewer = kept == 0 ? NULL : realloc(states, kept * sizeof(*states));
	if (kept == 0)
		free(states);
	entries->unlisted = fewer == NULL && kept > 0 ? states : fewer;
	entries->n_unlisted = kept;
}

int job_entries_load(struct job_entries *entries, struct session *s,
    struct err *e)
{
	struct job_state *states = NULL;
	size_t n_states = 0;
	int rc = -1;

	memset(entries, 0, sizeof(*entries));
	entries->items = calloc(s->list.n + 1, sizeof(*entries->items));
	entries->plan_jobs = calloc(s->list.n + 1, sizeof(*entries->plan_jobs));
	if (entries->items == NULL || entries->plan_jobs == NULL)
		return err_nomem(e);
	entries->n = s->list.n;
	for (size_t i = 0; i < entries->n; i++)
		entries->items[i].job = &s->list.jobs[i];
	if (session_load_budgets(s, s->keep_access, e) == -1 ||
	    store_jobs_all(s->store, &states, &n_states, e) == -1)
		return -1;
	/* They come sorted by key, which join_one relies on. */
	if (join_all(entries, s, states, n_states) == -1)
		err_nomem(e);
	else
		rc = mark_named(entries, s, e);
	if (rc == 0)
		rc = apply_requests(entries, s, true, e);
	keep_unlisted(entries, states, n_states);
	return rc;
}

void job_entries_release(struct job_entries *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		job_state_release(&entries->items[i].state);
	for (size_t i = 0; i < entries->n_unlisted; i++)
		job_state_release(&entries->unlisted[i]);
	free(entries->unlisted);
	free(entries->items);
	free(entries->plan_jobs);
	memset(entries, 0, sizeof(*entries));
}

/* --- writing ------------------------------------------------------------- */

static int compare_pointers(const void *a, const void *b)
{
	return memcmp((*(const struct job_state *const *)a)->key,
	    (*(const struct job_state *const *)b)->key, JOB_KEY_BYTES);
}

/*
 * In groups, in the order of the keys: neighbours share a page of the store, so
 * that each page is written once and not for every group.
 */
static int put_states(struct session *s, const struct job_state **states,
    size_t n, struct err *e)
{
	size_t group;

	if (n > 0)
		qsort(states, n, sizeof(const struct job_state *),
		    compare_pointers);
	for (size_t i = 0; i < n; i += group) {
		group = n - i < SAVE_GROUP ? n - i : SAVE_GROUP;
		if (store_jobs_put(s->store, states + i, group, e) == -1)
			return -1;
	}
	return 0;
}

static void log_removed(struct session *s, const struct job_state **removed,
    size_t n)
{
	char more[NUM_TEXT_MAX];

	for (size_t i = 0; i < n && i < SAY_REMOVED_MAX; i++)
		log_event(&s->log, LOG_INFO,
		    "job is no longer listed; its "
		    "files stay",
		    "job", removed[i]->id, NULL);
	if (n <= SAY_REMOVED_MAX)
		return;
	snprintf(more, sizeof(more), "%zu", n - SAY_REMOVED_MAX);
	log_event(&s->log, LOG_INFO, "more jobs are no longer listed", "count",
	    more, NULL);
}

/* Jobs of the store that no list names. */
static int retire_unlisted(struct job_entries *entries, struct session *s,
    struct err *e)
{
	const struct job_state **removed;
	size_t n = 0, deleted = 0;
	int rc = 0;

	removed = calloc(entries->n_unlisted + 1,
	    sizeof(const struct job_state *));
	if (removed == NULL)
		return err_nomem(e);
	for (size_t i = 0; rc == 0 && i < entries->n_unlisted; i++) {
		struct job_state *state = &entries->unlisted[i];

		if (state->removed_at.s == WALL_NONE) {
			state->removed_at = s->now;
			state->due.s = WALL_NONE;
			removed[n++] = state;
		} else if (s->now.s - state->removed_at.s >
			RECONCILE_KEEP_REMOVED_S &&
		    deleted++ < DELETE_MAX) {
			rc = store_job_delete(s->store, state->key, e);
		}
	}
	log_removed(s, removed, n);
	if (rc == 0)
		rc = put_states(s, removed, n, e);
	free(removed);
	return rc;
}

static void fill_plan_job(const struct job_entry *entry, struct wall not_before,
    struct plan_job *pj)
{
	pj->job = entry->job;
	pj->state = &entry->state;
	pj->named = entry->named;
	pj->paused = entry->paused;
	pj->paused_until = entry->paused_until;
	pj->not_before = not_before;
}

static void fill_plan_jobs(struct job_entries *entries, const struct session *s,
    bool as_named)
{
	for (size_t i = 0; i < entries->n; i++) {
		fill_plan_job(&entries->items[i], s->rate_reset,
		    &entries->plan_jobs[i]);
		entries->plan_jobs[i].named = as_named &&
		    entries->items[i].named;
	}
}

int job_entries_set_due(struct job_entries *entries, struct session *s,
    struct wall now, struct err *e)
{
	struct wall *due = calloc(entries->n + 1, sizeof(*due));

	if (due == NULL)
		return err_nomem(e);
	fill_plan_jobs(entries, s, false);
	plan_next_due_all(entries->plan_jobs, entries->n, now, &s->calendar,
	    &s->dice, due);
	for (size_t i = 0; i < entries->n; i++) {
		struct job_entry *entry = &entries->items[i];

		if (due[i].s == entry->state.due.s)
			continue;
		entry->state.due = due[i];
		entry->changed = true;
	}
	free(due);
	return 0;
}

int job_entries_save_changed(struct job_entries *entries, struct session *s,
    struct wall now, struct err *e)
{
	const struct job_state **changed;
	size_t n = 0;
	int rc;

	if (job_entries_set_due(entries, s, now, e) == -1)
		return -1;
	changed = calloc(entries->n + 1, sizeof(const struct job_state *));
	if (changed == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < entries->n; i++) {
		struct job_entry *entry = &entries->items[i];

		if (entry->changed)
			changed[n++] = &entry->state;
		entry->changed = false;
	}
	rc = put_states(s, changed, n, e);
	free(changed);
	return rc;
}

int job_entries_save(struct job_entries *entries, struct session *s,
    struct err *e)
{
	struct wall before;

	if (job_entries_save_changed(entries, s, s->now, e) == -1 ||
	    retries_are_done(entries, s, e) == -1)
		return -1;
	if (retire_unlisted(entries, s, e) == -1)
		return -1;
	before.s = s->now.s - PARTIALS_KEPT_S;
	return store_partials_forget(s->store, before, e);
}

int job_entry_save(struct job_entry *entry, struct session *s, struct err *e)
{
	const struct job_state *state = &entry->state;
	struct plan_job pj;

	fill_plan_job(entry, s->rate_reset, &pj);
	pj.named = false;
	entry->state.due = plan_next_due(&pj, clock_wall(), &s->calendar,
	    &s->dice);
	entry->changed = false;
	return store_jobs_put(s->store, &state, 1, e);
}

int job_entries_plan(struct job_entries *entries, struct session *s,
    struct wall now, struct plan *plan, struct err *e)
{
	struct plan_config config;

	memset(&config, 0, sizeof(config));
	config.all = s->cli->all;
	config.ignore_window = s->cli->ignore_window;
	/* What --at asks about is no clock that could be wrong. */
	config.build_time.s = s->cli->has_at ? WALL_NONE : BUILD_EPOCH;
	if (store_meta_get_wall(s->store, "last_run", &config.last_run, e) ==
	    -1)
		return -1;
	fill_plan_jobs(entries, s, true);
	return plan_build(&config, entries->plan_jobs, entries->n, now,
	    &s->calendar, &s->dice, plan, e);
}

int job_entries_upcoming(struct job_entries *entries, struct session *s,
    struct wall now, size_t max, struct upcoming_list *upcoming, struct err *e)
{
	size_t n = 0;

	fill_plan_jobs(entries, s, false);
	for (size_t i = 0; i < entries->n; i++)
		if (s->cli->n_words == 0 || entries->items[i].named)
			entries->plan_jobs[n++] = entries->plan_jobs[i];
	return upcoming_build(entries->plan_jobs, n, max, now, &s->calendar,
	    &s->dice, upcoming, e);
}
