/*
 * store_jobs.c - jobs and the due index.
 *
 *	job	key of the job -> its state
 *	due	due time (big-endian, sorting like the time), key of the job ->
 *		an empty record
 *
 * Every due entry is sealed too: a flipped bit in its key would be a wrong
 * time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/store_codec.h"
#include "store/store_txn.h"

enum { JOBS_MAX = 1 << 20, DUE_KEY_BYTES = 8 + JOB_KEY_BYTES };

/* What stands in the store for each phase; the enum may change its order,
 * this list only grows. */
static const enum job_phase phases[] = { PHASE_NEW, PHASE_CURRENT,
	PHASE_WAITING, PHASE_FETCHING, PHASE_PARTIAL, PHASE_RETRYING,
	PHASE_FAILED, PHASE_PARKED, PHASE_DISABLED };

enum { N_PHASES = sizeof(phases) / sizeof(phases[0]) };

static void put_phase(struct record_out *out, enum job_phase phase)
{
	uint8_t i = 0;

	while (i < N_PHASES && phases[i] != phase)
		i++;
	if (i == N_PHASES)
		out->bad = true;
	record_put_u8(out, i);
}

static enum job_phase get_phase(struct record_in *in)
{
	uint8_t code = record_u8(in);

	if (code >= N_PHASES) {
		in->bad = true;
		return PHASE_NEW;
	}
	return phases[code];
}

/* `due` comes first: the index needs only that of the old record. */
void store_job_encode(struct record_out *out, const struct job_state *s)
{
	record_put_wall(out, s->due);
	record_put_text(out, s->id);
	record_put_bytes(out, s->spec_hash, sizeof(s->spec_hash));
	record_put_bytes(out, s->schedule_hash, sizeof(s->schedule_hash));
	record_put_bytes(out, s->access_hash, sizeof(s->access_hash));
	put_phase(out, s->phase);
	record_put_u8(out, s->due_now);
	record_put_wall(out, s->created);
	record_put_wall(out, s->considered);
	record_put_wall(out, s->anchor);
	record_put_wall(out, s->next_try);
	record_put_u64(out, (uint64_t)s->retry_wait_s);
	record_put_u32(out, s->failures);
	record_put_u32(out, s->retries);
	record_put_wall(out, s->failed_since);
	record_put_text(out, s->commit);
	record_put_text(out, s->target);
	record_put_wall(out, s->confirmed_at);
	record_put_wall(out, s->changed_at);
	record_put_wall(out, s->unreachable_since);
	record_put_wall(out, s->last_run);
	record_put_u64(out, s->bytes_total);
	record_put_u64(out, s->bytes_done);
	record_put_u64(out, s->files_total);
	record_put_u64(out, s->files_done);
	record_put_text(out, err_kind_name(s->error_kind));
	record_put_text(out, s->error_text);
	record_put_wall(out, s->removed_at);
}

static enum err_kind get_kind(struct record_in *in)
{
	char word[32];

	record_text_into(in, word, sizeof(word));
	return err_kind_from_name(word);
}

/* A wait that makes no sense is none. */
static int64_t get_wait(struct record_in *in)
{
	uint64_t v = record_u64(in);

	return v <= INT64_MAX ? (int64_t)v : 0;
}

static void decode_hashes(struct record_in *in, struct job_state *s)
{
	record_bytes(in, s->spec_hash, sizeof(s->spec_hash));
	record_bytes(in, s->schedule_hash, sizeof(s->schedule_hash));
	record_bytes(in, s->access_hash, sizeof(s->access_hash));
}

int store_job_decode(struct record_in *in, struct job_state *s)
{
	int rc;

	job_state_init(s);
	s->due = record_wall(in);
	s->id = record_text(in);
	decode_hashes(in, s);
	s->phase = get_phase(in);
	s->due_now = record_bool(in);
	s->created = record_wall(in);
	s->considered = record_wall(in);
	s->anchor = record_wall(in);
	s->next_try = record_wall(in);
	s->retry_wait_s = get_wait(in);
	s->failures = record_u32(in);
	s->retries = record_u32(in);
	s->failed_since = record_wall(in);
	record_text_into(in, s->commit, sizeof(s->commit));
	record_text_into(in, s->target, sizeof(s->target));
	s->confirmed_at = record_wall(in);
	s->changed_at = record_wall(in);
	s->unreachable_since = record_wall(in);
	s->last_run = record_wall(in);
	s->bytes_total = record_u64(in);
	s->bytes_done = record_u64(in);
	s->files_total = record_u64(in);
	s->files_done = record_u64(in);
	s->error_kind = get_kind(in);
	s->error_text = record_text(in);
	s->removed_at = record_wall(in);
	rc = record_end(in);
	if (rc == 0 && s->id == NULL)
		rc = EINVAL;
	if (rc != 0)
		job_state_release(s);
	return rc;
}

/* --- the due index ------------------------------------------------------- */

static void due_key(struct wall due, const uint8_t job[JOB_KEY_BYTES],
    uint8_t key[DUE_KEY_BYTES])
{
	store_txn_time_key(due, key);
	memcpy(key + 8, job, JOB_KEY_BYTES);
}

static int due_add(struct store_txn *t, struct wall due,
    const uint8_t job[JOB_KEY_BYTES])
{
	struct record_out out;
	uint8_t key[DUE_KEY_BYTES];
	int rc;

	due = record_wall_clean(due); /* as due_remove will read it */
	if (due.s == WALL_NONE)
		return 0;
	due_key(due, job, key);
	record_out_init(&out);
	rc = store_txn_put(t, TABLE_DUE, key, sizeof(key), &out, 0);
	record_out_release(&out);
	return rc;
}

/* Remove the entry that the stored state of the job put there.  One that is
 * left because that state is damaged goes when the store is swept. */
static int due_remove(struct store_txn *t, const uint8_t job[JOB_KEY_BYTES])
{
	struct record_in in;
	struct wall due;
	uint8_t key[DUE_KEY_BYTES];
	int rc;

	rc = store_txn_get(t, TABLE_JOB, job, JOB_KEY_BYTES, &in);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	due = record_wall(&in);
	if (due.s == WALL_NONE)
		return 0;
	due_key(due, job, key);
	return store_txn_del(t, TABLE_DUE, key, sizeof(key));
}

static int first_due(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct wall *due = cookie;

	(void)t;
	if (in == NULL || key_n != DUE_KEY_BYTES)
		return 0;
	*due = store_txn_time_of(key);
	return STORE_WALK_END;
}

static int next_due_work(struct store_txn *t, void *arg)
{
	return store_txn_each(t, TABLE_DUE, NULL, 0, false, first_due, arg);
}

int store_next_due(struct store *store, struct wall *due, struct err *e)
{
	due->s = WALL_NONE;
	return store_txn_read(store, next_due_work, due, e);
}

/* Adding while a cursor reads another table is fine. */
static int reindex_one(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	(void)cookie;
	if (in == NULL || key_n != JOB_KEY_BYTES)
		return 0;
	return due_add(t, record_wall(in), key);
}

static int reindex_work(struct store_txn *t, void *arg)
{
	int rc;

	(void)arg;
	rc = mdb_drop(t->mdb, t->store->dbi[TABLE_DUE], 0);
	if (rc != 0)
		return rc;
	return store_txn_each(t, TABLE_JOB, NULL, 0, false, reindex_one, NULL);
}

int store_jobs_reindex(struct store *s, struct err *e)
{
	return store_txn_write(s, reindex_work, NULL, e);
}

/* --- jobs ---------------------------------------------------------------- */

struct job_get {
	const uint8_t *key;
	struct job_state *state;
	bool found;
};

/* 0, MDB_NOTFOUND (malformed: as absent, counted) or ENOMEM. */
static int decode_job(struct store_txn *t, const uint8_t key[JOB_KEY_BYTES],
    struct record_in *in, struct job_state *state)
{
	int rc = store_job_decode(in, state);

	if (rc == EINVAL) {
		t->store->damaged++;
		return MDB_NOTFOUND;
	}
	if (rc == 0)
		memcpy(state->key, key, JOB_KEY_BYTES);
	return rc;
}

static int job_get_work(struct store_txn *t, void *arg)
{
	struct job_get *get = arg;
	struct record_in in;
	int rc;

	rc = store_txn_get(t, TABLE_JOB, get->key, JOB_KEY_BYTES, &in);
	if (rc == 0)
		rc = decode_job(t, get->key, &in, get->state);
	get->found = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_job_get(struct store *store, const uint8_t key[JOB_KEY_BYTES],
    struct job_state *state, bool *found, struct err *e)
{
	struct job_get get = { .key = key, .state = state };

	job_state_init(state);
	*found = false;
	if (store_txn_read(store, job_get_work, &get, e) == -1)
		return -1;
	*found = get.found;
	return 0;
}

struct jobs_put {
	const struct job_state *const *states;
	size_t n;
};

static int put_job(struct store_txn *t, const struct job_state *state)
{
	struct record_out out;
	int rc = due_remove(t, state->key);

	if (rc != 0)
		return rc;
	record_out_init(&out);
	store_job_encode(&out, state);
	rc = store_txn_put(t, TABLE_JOB, state->key, JOB_KEY_BYTES, &out, 0);
	record_out_release(&out);
	return rc == 0 ? due_add(t, state->due, state->key) : rc;
}

static int jobs_put_work(struct store_txn *t, void *arg)
{
	const struct jobs_put *put = arg;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < put->n; i++)
		rc = put_job(t, put->states[i]);
	return rc;
}

int store_jobs_put(struct store *store, const struct job_state *const *states,
    size_t n, struct err *e)
{
	struct jobs_put put = { .states = states, .n = n };

	return n == 0 ? 0 : store_txn_write(store, jobs_put_work, &put, e);
}

static bool every_record(const uint8_t *key, size_t key_n, struct record_in *in,
    void *cookie)
{
	(void)key;
	(void)key_n;
	(void)in;
	(void)cookie;
	return true;
}

static int job_delete_work(struct store_txn *t, void *arg)
{
	const uint8_t *key = arg;
	int rc = due_remove(t, key);

	if (rc == 0)
		rc = store_request_forget(t, key);
	return rc == 0 ? store_txn_del(t, TABLE_JOB, key, JOB_KEY_BYTES) : rc;
}

int store_job_delete(struct store *store, const uint8_t key[JOB_KEY_BYTES],
    struct err *e)
{
	uint8_t copy[JOB_KEY_BYTES];

	memcpy(copy, key, sizeof(copy));
	/* The job last: until then it can be deleted again. */
	if (store_txn_prune(store, TABLE_FILE, key, JOB_KEY_BYTES, every_record,
		NULL, e) == -1)
		return -1;
	return store_txn_write(store, job_delete_work, copy, e);
}

struct jobs_all {
	struct job_state *states; /* own */
	size_t n, cap;
};

static void jobs_all_release(struct jobs_all *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		job_state_release(&all->states[i]);
	free(all->states);
	memset(all, 0, sizeof(*all));
}

static int jobs_all_visit(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct jobs_all *all = cookie;
	int rc;

	if (in == NULL || key_n != JOB_KEY_BYTES)
		return 0;
	if (vec_grow((void **)&all->states, &all->cap, all->n + 1,
		sizeof(*all->states), JOBS_MAX) == -1)
		return ENOMEM;
	rc = decode_job(t, key, in, &all->states[all->n]);
	if (rc == 0)
		all->n++;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int jobs_all_work(struct store_txn *t, void *arg)
{
	jobs_all_release(arg);
	return store_txn_each(t, TABLE_JOB, NULL, 0, false, jobs_all_visit,
	    arg);
}

int store_jobs_all(struct store *store, struct job_state **states, size_t *n,
    struct err *e)
{
	struct jobs_all all = { NULL, 0, 0 };

	*states = NULL;
	*n = 0;
	if (store_txn_read(store, jobs_all_work, &all, e) == -1) {
		jobs_all_release(&all);
		return -1;
	}
	*states = all.states;
	*n = all.n;
	return 0;
}
