/*
 * store_requests.c - what people asked for between runs: pause and retry.
 *
 *	meta	".request" and the key of the job (zeros: all jobs) -> flags,
 *		end of the pause
 *
 * Apart from the jobs' states, so that a run that writes those at its end does
 * not undo what was asked for meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/store.h"
#include "store/store_txn.h"

enum {
	PREFIX_BYTES = 8,
	REQUEST_KEY_BYTES = PREFIX_BYTES + JOB_KEY_BYTES,
	REQUESTS_MAX = 1 << 20
};

static const char PREFIX[PREFIX_BYTES + 1] = ".request";

static void request_key(const uint8_t job[JOB_KEY_BYTES],
    uint8_t key[REQUEST_KEY_BYTES])
{
	memcpy(key, PREFIX, PREFIX_BYTES);
	memcpy(key + PREFIX_BYTES, job, JOB_KEY_BYTES);
}

static int decode(struct record_in *in, const uint8_t *key,
    struct job_request *r)
{
	memcpy(r->key, key + PREFIX_BYTES, JOB_KEY_BYTES);
	r->retry = record_bool(in);
	r->paused = record_bool(in);
	r->paused_until = record_wall(in);
	return record_end(in);
}

static int get(struct store_txn *t, const uint8_t job[JOB_KEY_BYTES],
    struct job_request *r)
{
	uint8_t key[REQUEST_KEY_BYTES];
	struct record_in in;
	int rc;

	memset(r, 0, sizeof(*r));
	memcpy(r->key, job, JOB_KEY_BYTES);
	r->paused_until.s = WALL_NONE;
	request_key(job, key);
	rc = store_txn_get(t, TABLE_META, key, sizeof(key), &in);
	if (rc == 0 && decode(&in, key, r) != 0)
		rc = MDB_NOTFOUND;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Nothing asked for is no record. */
static int put(struct store_txn *t, const struct job_request *r)
{
	uint8_t key[REQUEST_KEY_BYTES];
	struct record_out out;
	int rc;

	request_key(r->key, key);
	if (!r->retry && !r->paused)
		return store_txn_del(t, TABLE_META, key, sizeof(key));
	record_out_init(&out);
	record_put_u8(&out, r->retry);
	record_put_u8(&out, r->paused);
	record_put_wall(&out, r->paused_until);
	rc = store_txn_put(t, TABLE_META, key, sizeof(key), &out, 0);
	record_out_release(&out);
	return rc;
}

struct change {
	const uint8_t (*keys)[JOB_KEY_BYTES];
	size_t n;
	enum job_request_kind kind;
	struct wall until;
};

static const char SERIAL[] = ".serial";

static int get_serial(struct store_txn *t, uint64_t *serial)
{
	struct record_in in;
	int rc;

	*serial = 0;
	rc = store_txn_get(t, TABLE_META, SERIAL, sizeof(SERIAL) - 1, &in);
	if (rc == 0)
		*serial = record_u64(&in);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

/* A run that is at work, or was idle, must look again. */
static int count_up(struct store_txn *t)
{
	struct record_out out;
	uint64_t serial;
	int rc = get_serial(t, &serial);

	if (rc != 0)
		return rc;
	record_out_init(&out);
	record_put_u64(&out, serial + 1);
	rc = store_txn_put(t, TABLE_META, SERIAL, sizeof(SERIAL) - 1, &out, 0);
	record_out_release(&out);
	return rc != 0
	    ? rc
	    : store_txn_del(t, TABLE_META, STORE_IDLE, sizeof(STORE_IDLE) - 1);
}

static int change_work(struct store_txn *t, void *arg)
{
	const struct change *change = arg;
	int rc = change->kind == REQUEST_RETRIED ? 0 : count_up(t);

	for (size_t i = 0; rc == 0 && i < change->n; i++) {
		struct job_request r;

		rc = get(t, change->keys[i], &r);
		if (rc != 0)
			break;
		switch (change->kind) {
		case REQUEST_PAUSE:
			r.paused = true;
			r.paused_until = change->until;
			break;
		case REQUEST_RESUME:
			r.paused = false;
			r.paused_until.s = WALL_NONE;
			break;
		case REQUEST_RETRY:
			r.retry = true;
			break;
		case REQUEST_RETRIED:
			r.retry = false;
			break;
		}
		rc = put(t, &r);
	}
	return rc;
}

int store_request(struct store *store, enum job_request_kind kind,
    const uint8_t (*keys)[JOB_KEY_BYTES], size_t n, struct wall until,
    struct err *e)
{
	struct change change = { keys, n, kind, until };

	return n == 0 ? 0 : store_txn_write(store, change_work, &change, e);
}

int store_request_forget(struct store_txn *t, const uint8_t job[JOB_KEY_BYTES])
{
	uint8_t key[REQUEST_KEY_BYTES];

	request_key(job, key);
	return store_txn_del(t, TABLE_META, key, sizeof(key));
}

struct idle_put {
	const void *bytes;
	size_t n;
	uint64_t serial;
};

static int idle_put_work(struct store_txn *t, void *arg)
{
	const struct idle_put *put = arg;
	struct record_out out;
	uint64_t serial;
	int rc = get_serial(t, &serial);

	if (rc != 0)
		return rc;
	if (serial != put->serial)
		return store_txn_del(t, TABLE_META, STORE_IDLE,
		    sizeof(STORE_IDLE) - 1);
	record_out_init(&out);
	record_put_bytes(&out, put->bytes, put->n);
	rc = store_txn_put(t, TABLE_META, STORE_IDLE, sizeof(STORE_IDLE) - 1,
	    &out, 0);
	record_out_release(&out);
	return rc;
}

int store_idle_put(struct store *store, const void *bytes, size_t n,
    uint64_t serial, struct err *e)
{
	struct idle_put put = { bytes, n, serial };

	return store_txn_write(store, idle_put_work, &put, e);
}

struct requests_all {
	uint64_t serial;
	struct job_request *items; /* own */
	size_t n, cap;
};

static int visit(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct requests_all *all = cookie;

	if (in == NULL || key_n != REQUEST_KEY_BYTES)
		return 0;
	if (vec_grow((void **)&all->items, &all->cap, all->n + 1,
		sizeof(*all->items), REQUESTS_MAX) == -1)
		return ENOMEM;
	if (decode(in, key, &all->items[all->n]) == 0)
		all->n++;
	else
		t->store->damaged++;
	return 0;
}

static int all_work(struct store_txn *t, void *arg)
{
	struct requests_all *all = arg;
	int rc = get_serial(t, &all->serial);

	all->n = 0;
	if (rc != 0)
		return rc;
	return store_txn_each(t, TABLE_META, PREFIX, PREFIX_BYTES, false, visit,
	    all);
}

int store_requests_all(struct store *store, struct job_request **requests,
    size_t *n, uint64_t *serial, struct err *e)
{
	struct requests_all all = { 0, NULL, 0, 0 };

	*requests = NULL;
	*n = 0;
	if (store_txn_read(store, all_work, &all, e) == -1) {
		free(all.items);
		return -1;
	}
	*requests = all.items;
	*n = all.n;
	if (serial != NULL)
		*serial = all.serial;
	return 0;
}
