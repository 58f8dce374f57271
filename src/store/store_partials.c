/*
 * store_partials.c - what is durable of unfinished files.
 *
 *	partial	hash of blobs directory and blob name -> extents, hash state
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_codec.h"
#include "store/store_txn.h"

void partial_state_release(struct partial_state *p)
{
	free(p->extents);
	memset(p, 0, sizeof(*p));
}

uint64_t partial_state_bytes(const struct partial_state *p)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < p->n_extents; i++)
		sum += p->extents[i].to - p->extents[i].from;
	return sum;
}

static bool is_valid(const struct partial_state *p)
{
	uint64_t end = 0;
	size_t i;

	if (p->n_extents > STORE_EXTENTS_MAX || p->digest_at > p->size)
		return false;
	for (i = 0; i < p->n_extents; i++) {
		if (p->extents[i].from < end ||
		    p->extents[i].from >= p->extents[i].to ||
		    p->extents[i].to > p->size)
			return false;
		end = p->extents[i].to;
	}
	return true;
}

void store_partial_encode(struct record_out *out, const struct partial_state *p)
{
	size_t i;

	if (!is_valid(p)) {
		out->bad = true;
		return;
	}
	record_put_u64(out, p->size);
	record_put_u64(out, p->device);
	record_put_u64(out, p->inode);
	record_put_u64(out, (uint64_t)p->mtime_s);
	record_put_u32(out, (uint32_t)p->mtime_ns);
	record_put_wall(out, p->updated_at);
	record_put_u64(out, p->digest_at);
	if (p->digest_at > 0)
		record_put_bytes(out, p->digest_state, DIGEST_STATE_BYTES);
	record_put_u32(out, (uint32_t)p->n_extents);
	for (i = 0; i < p->n_extents; i++) {
		record_put_u64(out, p->extents[i].from);
		record_put_u64(out, p->extents[i].to);
	}
}

static void get_extents(struct record_in *in, struct partial_state *p)
{
	uint32_t i, n = record_u32(in);

	if (n > STORE_EXTENTS_MAX || in->left != (size_t)n * 16) {
		in->bad = true;
		return;
	}
	if (n == 0)
		return;
	p->extents = calloc(n, sizeof(*p->extents));
	if (p->extents == NULL) {
		in->nomem = true;
		in->left = 0;
		return;
	}
	for (i = 0; i < n; i++) {
		p->extents[i].from = record_u64(in);
		p->extents[i].to = record_u64(in);
	}
	p->n_extents = n;
}

int store_partial_decode(struct record_in *in, struct partial_state *p)
{
	int rc;

	memset(p, 0, sizeof(*p));
	p->size = record_u64(in);
	p->device = record_u64(in);
	p->inode = record_u64(in);
	p->mtime_s = (int64_t)record_u64(in);
	p->mtime_ns = (int32_t)record_u32(in);
	p->updated_at = record_wall(in);
	p->digest_at = record_u64(in);
	if (p->digest_at > 0)
		record_bytes(in, p->digest_state, DIGEST_STATE_BYTES);
	get_extents(in, p);
	rc = record_end(in);
	if (rc == 0 && !is_valid(p))
		rc = EINVAL;
	if (rc != 0)
		partial_state_release(p);
	return rc;
}

struct partial_call {
	const uint8_t *key;
	struct partial_state *get;
	bool found;
	const struct partial_state *put;
};

static int partial_get_work(struct store_txn *t, void *arg)
{
	struct partial_call *call = arg;
	struct record_in in;
	int rc;

	rc = store_txn_get(t, TABLE_PARTIAL, call->key, STORE_KEY_BYTES, &in);
	if (rc == 0) {
		rc = store_partial_decode(&in, call->get);
		if (rc == EINVAL) {
			t->store->damaged++;
			rc = MDB_NOTFOUND;
		}
	}
	call->found = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_partial_get(struct store *store, const uint8_t key[STORE_KEY_BYTES],
    struct partial_state *partial, bool *found, struct err *e)
{
	struct partial_call call = { .key = key, .get = partial };

	memset(partial, 0, sizeof(*partial));
	*found = false;
	if (store_txn_read(store, partial_get_work, &call, e) == -1)
		return -1;
	*found = call.found;
	return 0;
}

static int partial_put_work(struct store_txn *t, void *arg)
{
	const struct partial_call *call = arg;
	struct record_out out;
	int rc;

	record_out_init(&out);
	store_partial_encode(&out, call->put);
	rc = store_txn_put(t, TABLE_PARTIAL, call->key, STORE_KEY_BYTES, &out,
	    0);
	record_out_release(&out);
	return rc;
}

int store_partial_put(struct store *store, const uint8_t key[STORE_KEY_BYTES],
    const struct partial_state *partial, struct err *e)
{
	struct partial_call call = { .key = key, .put = partial };

	return store_txn_write(store, partial_put_work, &call, e);
}

static int partial_delete_work(struct store_txn *t, void *arg)
{
	const struct partial_call *call = arg;

	return store_txn_del(t, TABLE_PARTIAL, call->key, STORE_KEY_BYTES);
}

int store_partial_delete(struct store *store,
    const uint8_t key[STORE_KEY_BYTES], struct err *e)
{
	struct partial_call call = { .key = key };

	return store_txn_write(store, partial_delete_work, &call, e);
}

/* Of what is damaged nothing is known; the sweep takes it. */
static bool is_old(const uint8_t *key, size_t key_n, struct record_in *in,
    void *cookie)
{
	const struct wall *before = cookie;
	struct partial_state partial;
	bool old;

	(void)key;
	(void)key_n;
	if (in == NULL || store_partial_decode(in, &partial) != 0)
		return false;
	old = partial.updated_at.s < before->s;
	partial_state_release(&partial);
	return old;
}

int store_partials_forget(struct store *store, struct wall before,
    struct err *e)
{
	return store_txn_prune(store, TABLE_PARTIAL, NULL, 0, is_old, &before,
	    e);
}
