/*
 * store_attempts.c - history, bounded.
 *
 *	attempt	start time (big-endian, sorting like the time), a number that
 *		tells attempts of one second apart -> the attempt
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/store_codec.h"
#include "store/store_txn.h"

enum { ATTEMPT_KEY_BYTES = 8 + 4 };

void attempt_release(struct attempt *a)
{
	free(a->id);
	free(a->outcome);
	free(a->error_text);
	memset(a, 0, sizeof(*a));
}

void store_attempt_encode(struct record_out *out, const struct attempt *a)
{
	record_put_bytes(out, a->job, JOB_KEY_BYTES);
	record_put_wall(out, a->started);
	record_put_wall(out, a->ended);
	record_put_text(out, a->id);
	record_put_text(out, a->outcome);
	record_put_text(out, a->commit);
	record_put_u64(out, a->bytes);
	record_put_u64(out, a->files);
	record_put_u32(out, a->retries);
	record_put_text(out, err_kind_name(a->error_kind));
	record_put_text(out, a->error_text);
}

int store_attempt_decode(struct record_in *in, struct attempt *a)
{
	char word[32];
	int rc;

	memset(a, 0, sizeof(*a));
	record_bytes(in, a->job, JOB_KEY_BYTES);
	a->started = record_wall(in);
	a->ended = record_wall(in);
	a->id = record_text(in);
	a->outcome = record_text(in);
	record_text_into(in, a->commit, sizeof(a->commit));
	a->bytes = record_u64(in);
	a->files = record_u64(in);
	a->retries = record_u32(in);
	record_text_into(in, word, sizeof(word));
	a->error_kind = err_kind_from_name(word);
	a->error_text = record_text(in);
	rc = record_end(in);
	if (rc == 0 && (a->id == NULL || a->outcome == NULL))
		rc = EINVAL;
	if (rc != 0)
		attempt_release(a);
	return rc;
}

/* --- add ----------------------------------------------------------------- */

static int count(struct store_txn *t, size_t *n)
{
	MDB_stat st;
	int rc = mdb_stat(t->mdb, t->store->dbi[TABLE_ATTEMPT], &st);

	*n = st.ms_entries;
	return rc;
}

static void put_number(uint8_t key[ATTEMPT_KEY_BYTES], uint32_t number)
{
	for (int i = 0; i < 4; i++)
		key[8 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static uint32_t get_number(const uint8_t *key)
{
	uint32_t number = 0;

	for (int i = 0; i < 4; i++)
		number = number << 8 | key[8 + i];
	return number;
}

/* On the last attempt of that second, or of an earlier one. */
static int seek_last_of(MDB_cursor *cursor, uint8_t key[ATTEMPT_KEY_BYTES],
    MDB_val *k)
{
	MDB_val v;
	int rc;

	put_number(key, UINT32_MAX);
	k->mv_size = ATTEMPT_KEY_BYTES;
	k->mv_data = key;
	rc = mdb_cursor_get(cursor, k, &v, MDB_SET_RANGE);
	if (rc == MDB_NOTFOUND)
		return mdb_cursor_get(cursor, k, &v, MDB_LAST);
	return rc == 0 ? mdb_cursor_get(cursor, k, &v, MDB_PREV) : rc;
}

/* The number after the last one of that second: a thousand jobs that are up to
 * date end within one. */
static int free_key(struct store_txn *t, struct wall started,
    uint8_t key[ATTEMPT_KEY_BYTES])
{
	MDB_cursor *cursor;
	uint32_t number = 0;
	MDB_val k;
	int rc;

	store_txn_time_key(started, key);
	rc = mdb_cursor_open(t->mdb, t->store->dbi[TABLE_ATTEMPT], &cursor);
	if (rc != 0)
		return rc;
	rc = seek_last_of(cursor, key, &k);
	if (rc == 0 && k.mv_size == ATTEMPT_KEY_BYTES &&
	    memcmp(k.mv_data, key, 8) == 0)
		number = get_number(k.mv_data) + 1;
	mdb_cursor_close(cursor);
	put_number(key, number);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Attempts by job, for choosing those to drop. */
struct job_count {
	uint8_t job[JOB_KEY_BYTES];
	size_t n;
};

struct trim {
	uint8_t (*keys)[ATTEMPT_KEY_BYTES]; /* own; the oldest first */
	uint8_t (*jobs)[JOB_KEY_BYTES];	    /* own; of keys[i] */
	size_t n, cap;
	struct job_count *counts; /* own; sorted by job */
	size_t n_counts;
};

static int trim_visit(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct trim *trim = cookie;

	(void)t;
	if (key_n != ATTEMPT_KEY_BYTES || trim->n == trim->cap)
		return MDB_CORRUPTED;
	memcpy(trim->keys[trim->n], key, key_n);
	memset(trim->jobs[trim->n], 0, JOB_KEY_BYTES);
	if (in != NULL)
		record_bytes(in, trim->jobs[trim->n], JOB_KEY_BYTES);
	trim->n++;
	return 0;
}

static int compare_counts(const void *a, const void *b)
{
	const struct job_count *x = a, *y = b;

	return memcmp(x->job, y->job, JOB_KEY_BYTES);
}

static void trim_count(struct trim *trim)
{
	struct job_count *c = trim->counts;
	size_t i, n = 0;

	for (i = 0; i < trim->n; i++) {
		memcpy(c[i].job, trim->jobs[i], JOB_KEY_BYTES);
		c[i].n = 1;
	}
	qsort(c, trim->n, sizeof(*c), compare_counts);
	for (i = 0; i < trim->n; i++) {
		if (n > 0 && compare_counts(&c[n - 1], &c[i]) == 0)
			c[n - 1].n++;
		else
			c[n++] = c[i];
	}
	trim->n_counts = n;
}

/* First of jobs that have many, then of any; the oldest in each case. */
static int trim_drop(struct store_txn *t, struct trim *trim, size_t drop)
{
	struct job_count wanted = { .n = 0 }, *count;
	size_t i, kept = 0;
	int rc = 0;

	for (i = 0; rc == 0 && i < trim->n; i++) {
		memcpy(wanted.job, trim->jobs[i], JOB_KEY_BYTES);
		count = bsearch(&wanted, trim->counts, trim->n_counts,
		    sizeof(wanted), compare_counts);
		if (drop == 0 || count->n <= STORE_ATTEMPTS_OF_JOB) {
			memcpy(trim->keys[kept++], trim->keys[i],
			    ATTEMPT_KEY_BYTES);
			continue;
		}
		count->n--;
		drop--;
		rc = store_txn_del(t, TABLE_ATTEMPT, trim->keys[i],
		    ATTEMPT_KEY_BYTES);
	}
	for (i = 0; rc == 0 && i < kept && drop > 0; i++, drop--)
		rc = store_txn_del(t, TABLE_ATTEMPT, trim->keys[i],
		    ATTEMPT_KEY_BYTES);
	return rc;
}

/* A hundredth at once, so that the counting is rare. */
static int trim_attempts(struct store_txn *t, size_t n)
{
	const size_t max = t->store->attempts_max;
	struct trim trim = { .cap = n };
	int rc = ENOMEM;

	trim.keys = calloc(n, sizeof(*trim.keys));
	trim.jobs = calloc(n, sizeof(*trim.jobs));
	trim.counts = calloc(n, sizeof(*trim.counts));
	if (trim.keys != NULL && trim.jobs != NULL && trim.counts != NULL)
		rc = store_txn_each(t, TABLE_ATTEMPT, NULL, 0, false,
		    trim_visit, &trim);
	if (rc == 0) {
		trim_count(&trim);
		rc = trim_drop(t, &trim, n - max + max / 100);
	}
	free(trim.keys);
	free(trim.jobs);
	free(trim.counts);
	return rc;
}

struct additions {
	const struct attempt *items;
	size_t n;
};

static int add_one(struct store_txn *t, const struct attempt *a)
{
	struct record_out out;
	uint8_t key[ATTEMPT_KEY_BYTES];
	size_t n;
	int rc = free_key(t, a->started, key);

	if (rc != 0)
		return rc;
	record_out_init(&out);
	store_attempt_encode(&out, a);
	rc = store_txn_put(t, TABLE_ATTEMPT, key, sizeof(key), &out, 0);
	record_out_release(&out);
	if (rc == 0)
		rc = count(t, &n);
	if (rc == 0 && n > t->store->attempts_max)
		rc = trim_attempts(t, n);
	return rc;
}

static int add_work(struct store_txn *t, void *arg)
{
	const struct additions *a = arg;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < a->n; i++)
		rc = add_one(t, &a->items[i]);
	return rc;
}

int store_attempts_add(struct store *store, const struct attempt *attempts,
    size_t n, struct err *e)
{
	struct additions a = { attempts, n };

	return store_txn_write(store, add_work, &a, e);
}

int store_attempt_add(struct store *store, const struct attempt *attempt,
    struct err *e)
{
	return store_attempts_add(store, attempt, 1, e);
}

/* --- list ---------------------------------------------------------------- */

struct attempts_list {
	const uint8_t *job; /* NULL: all */
	size_t max;
	struct attempt *items; /* own */
	size_t n, cap;
};

static void list_release(struct attempts_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		attempt_release(&list->items[i]);
	free(list->items);
	list->items = NULL;
	list->n = list->cap = 0;
}

static int list_visit(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct attempts_list *list = cookie;
	struct attempt a;
	int rc;

	(void)key;
	(void)key_n;
	if (list->n == list->max)
		return STORE_WALK_END;
	if (in == NULL)
		return 0;
	rc = store_attempt_decode(in, &a);
	if (rc == EINVAL)
		t->store->damaged++;
	if (rc != 0)
		return rc == EINVAL ? 0 : rc;
	if (list->job != NULL && memcmp(a.job, list->job, JOB_KEY_BYTES) != 0) {
		attempt_release(&a);
		return 0;
	}
	if (vec_grow((void **)&list->items, &list->cap, list->n + 1, sizeof(a),
		SIZE_MAX / sizeof(a)) == -1) {
		attempt_release(&a);
		return ENOMEM;
	}
	list->items[list->n++] = a;
	return 0;
}

static int list_work(struct store_txn *t, void *arg)
{
	list_release(arg);
	return store_txn_each(t, TABLE_ATTEMPT, NULL, 0, true, list_visit, arg);
}

int store_attempts(struct store *store, const uint8_t *job, size_t max,
    struct attempt **attempts, size_t *n, struct err *e)
{
	struct attempts_list list = { .job = job, .max = max };

	*attempts = NULL;
	*n = 0;
	if (store_txn_read(store, list_work, &list, e) == -1) {
		list_release(&list);
		return -1;
	}
	*attempts = list.items;
	*n = list.n;
	return 0;
}
