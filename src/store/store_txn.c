/* store_txn.c - transactions and tables. */
#include "store/store_txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "platform/map_file.h"

enum { REPEATS_MAX = 40 }; /* of one transaction; growing takes 14 */

#define FULL_BELOW_BYTES UINT64_C(1048576)

static const char COUNT_KEY[] = ".records";

/* --- errors -------------------------------------------------------------- */

/* A transaction is only bad after LMDB swallowed what it met in a page. */
bool store_txn_is_corruption(int code)
{
	return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ||
	    code == MDB_INVALID || code == MDB_INCOMPATIBLE ||
	    code == MDB_CURSOR_FULL || code == MDB_BAD_TXN;
}

/* A limit of the process that the file has come up to. */
static bool at_size_limit(const struct store *s)
{
	const uint64_t limit = map_file_limit();
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	return limit != UINT64_MAX &&
	    fs_lstat(s->paths.data, &st, &ignored) == 0 &&
	    st.size + FULL_BELOW_BYTES > limit;
}

/* A commit on a full disk says EIO: LMDB does so for every short write. */
static bool is_full(const struct store *s, int code)
{
	struct fs_space space;
	struct err ignored = ERR_INIT;

	if (fs_is_full(code) || code == EFBIG)
		return true;
	if (code != EIO)
		return false;
	return at_size_limit(s) ||
	    (fs_space(s->paths.state_dir, &space, &ignored) == 0 &&
		space.free_bytes < FULL_BELOW_BYTES);
}

int store_txn_error(struct store *s, int code, struct err *e)
{
	if (code == ENOMEM)
		return err_nomem(e);
	if (is_full(s, code)) {
		(void)err_set(e, ERR_DISK, "no space for the store %s: %s",
		    s->paths.dir, strerror(code));
		e->os_code = code;
		return -1;
	}
	if (code == EINVAL)
		return ERR_BUG_HERE(e, "a record that the store cannot hold");
	if (code == MDB_MAP_FULL)
		return err_set(e, ERR_STATE, "the store %s is full (%zu MiB)",
		    s->paths.dir, STORE_MAP_MAX_BYTES >> 20);
	if (store_txn_is_corruption(code)) {
		s->corrupt = true;
		return err_set(e, ERR_STATE, "the store %s is damaged (%s)",
		    s->paths.dir, mdb_strerror(code));
	}
	(void)err_set(e, ERR_STATE, "cannot use the store %s: %s", s->paths.dir,
	    code > 0 ? strerror(code) : mdb_strerror(code));
	if (code > 0)
		e->os_code = code;
	return -1;
}

/* --- transactions -------------------------------------------------------- */

/*
 * LMDB does not write a page that was allocated and given back in one
 * transaction, so that the file may end before the last page it counts
 * (measured: 700 of 20,000 commits).  The check before opening could not tell
 * that from a file cut off, so the file covers the map from the start, as LMDB
 * itself has it on Windows; the rest is a hole and takes no space.  Only under
 * the writer's lock, where nobody else can make it longer meanwhile.  A file
 * system that will not is no reason to stop.
 */
static void cover_map(struct store *s)
{
	mdb_filehandle_t file;
	MDB_envinfo info;

	if (mdb_env_info(s->env, &info) == 0 &&
	    mdb_env_get_fd(s->env, &file) == 0)
		map_file_cover((intptr_t)file, info.me_mapsize);
}

static int count_records(struct store_txn *t, uint64_t *n)
{
	MDB_stat st;
	int i, rc;

	*n = 0;
	for (i = 0; i < STORE_TABLES; i++) {
		rc = mdb_stat(t->mdb, t->store->dbi[i], &st);
		if (rc != 0)
			return rc;
		*n += st.ms_entries;
	}
	return 0;
}

static int put_count(struct store_txn *t, uint64_t n)
{
	struct record_out out;
	int rc;

	record_out_init(&out);
	record_put_u64(&out, n);
	rc = store_txn_put(t, TABLE_META, COUNT_KEY, sizeof(COUNT_KEY) - 1,
	    &out, 0);
	record_out_release(&out);
	return rc;
}

static int get_count(struct store_txn *t, uint64_t *n)
{
	struct record_in in;
	int rc;

	rc = store_txn_get(t, TABLE_META, COUNT_KEY, sizeof(COUNT_KEY) - 1,
	    &in);
	if (rc != 0)
		return rc;
	*n = record_u64(&in);
	return record_end(&in) == 0 ? 0 : MDB_NOTFOUND;
}

/* The number of records is part of every transaction that changes it. */
static int update_count(struct store_txn *t)
{
	uint64_t stored = 0, n;
	int rc;

	rc = get_count(t, &stored);
	if (rc == MDB_NOTFOUND)
		rc = put_count(t, 0); /* it counts itself */
	if (rc == 0)
		rc = count_records(t, &n);
	if (rc == 0 && n != stored)
		rc = put_count(t, n);
	return rc;
}

int store_txn_check_count(struct store_txn *t)
{
	uint64_t stored, n;
	int rc;

	rc = count_records(t, &n);
	if (rc != 0)
		return rc;
	rc = get_count(t, &stored);
	if (rc == MDB_NOTFOUND || (rc == 0 && stored != n))
		return MDB_CORRUPTED;
	return rc;
}

static int run_once(struct store *s, bool write,
    int (*work)(struct store_txn *t, void *arg), void *arg)
{
	struct store_txn t = { .store = s };
	int rc;

	rc = mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, &t.mdb);
	if (rc != 0)
		return map_file_errno(rc);
	rc = work(&t, arg);
	if (rc == 0 && write)
		rc = update_count(&t);
	if (rc != 0) {
		mdb_txn_abort(t.mdb);
		return map_file_errno(rc);
	}
	if (write)
		cover_map(s);
	/* Also of a read transaction: it keeps the tables it opened. */
	return map_file_errno(mdb_txn_commit(t.mdb));
}

/* After a failure the old map is gone, and with it the environment. */
static int set_map(struct store *s, size_t bytes)
{
	int rc = map_file_errno(mdb_env_set_mapsize(s->env, bytes));

	if (rc != 0)
		store_env_close(s);
	return rc;
}

static int grow(struct store *s)
{
	MDB_envinfo info;
	int rc = mdb_env_info(s->env, &info);

	if (rc != 0)
		return rc;
	if (info.me_mapsize > STORE_MAP_MAX_BYTES / 2)
		return MDB_MAP_FULL;
	return set_map(s, info.me_mapsize * 2);
}

static int open_tables(struct store_txn *t, void *arg)
{
	(void)arg;
	return store_txn_tables(t, false);
}

/* After a failed write of a meta page LMDB will not go on with this
 * environment (MDB_PANIC): look at the file again and take a new one. */
static int reopen(struct store *s)
{
	enum store_verdict verdict = STORE_DAMAGED;
	const char *why;
	struct err ignored = ERR_INIT;
	int rc;

	store_env_close(s);
	if (store_check_data(&s->paths, &verdict, &why, &ignored) == -1 ||
	    verdict != STORE_SOUND)
		return MDB_CORRUPTED;
	rc = store_env_open(s);
	if (rc == 0)
		rc = run_once(s, s->mode == STORE_WRITE, open_tables, NULL);
	if (rc != 0)
		store_env_close(s);
	return rc;
}

/* What can be done about a code, so that the transaction may run again; else
 * the code itself. */
static int remedy(struct store *s, int code)
{
	int dead;

	switch (code) {
	case MDB_MAP_FULL:
		return grow(s);
	case MDB_MAP_RESIZED: /* another process grew it */
		return set_map(s, 0);
	case MDB_PANIC:
		return reopen(s);
	case MDB_READERS_FULL:
		return mdb_reader_check(s->env, &dead) == 0 && dead > 0 ? 0
									: code;
	default:
		return code;
	}
}

/*
 * The pages that were looked at stay in our memory, as far as others see, until
 * they are mapped anew: with a record for each of very many files that would be
 * the most of it.
 */
static void forget_pages(struct store *s)
{
	MDB_envinfo info;

	if (s->touched < STORE_TOUCHED_MAX || s->mode != STORE_WRITE)
		return;
	s->touched = 0;
	if (mdb_env_info(s->env, &info) == 0)
		(void)set_map(s, info.me_mapsize);
}

int store_txn_run(struct store *s, bool write,
    int (*work)(struct store_txn *t, void *arg), void *arg)
{
	int panics = 0, repeats, rc;

	for (repeats = 0;; repeats++) {
		rc = run_once(s, write, work, arg);
		if (rc == 0)
			forget_pages(s);
		if (rc == 0 || repeats == REPEATS_MAX)
			return rc;
		if (rc == MDB_PANIC && panics++ > 0)
			return rc;
		rc = remedy(s, rc);
		if (rc != 0)
			return rc;
	}
}

/* An environment that was lost on the way. */
static int need_env(struct store *s, struct err *e)
{
	int rc = s->env == NULL ? reopen(s) : 0;

	return rc == 0 ? 0 : store_txn_error(s, rc, e);
}

int store_txn_read(struct store *s, int (*work)(struct store_txn *t, void *arg),
    void *arg, struct err *e)
{
	int rc;

	if (s->mode == STORE_READ_ONLY && s->env == NULL)
		return 0;
	if (need_env(s, e) == -1)
		return -1;
	rc = store_txn_run(s, false, work, arg);
	return rc == 0 ? 0 : store_txn_error(s, rc, e);
}

int store_txn_write(struct store *s,
    int (*work)(struct store_txn *t, void *arg), void *arg, struct err *e)
{
	int rc;

	if (s->mode == STORE_READ_ONLY)
		return ERR_BUG_HERE(e, "writing to a store opened read-only");
	if (need_env(s, e) == -1)
		return -1;
	rc = store_txn_run(s, true, work, arg);
	return rc == 0 ? 0 : store_txn_error(s, rc, e);
}

/* --- tables -------------------------------------------------------------- */

int store_txn_is_empty(struct store_txn *t, bool *empty)
{
	MDB_dbi names;
	MDB_stat st;
	int rc;

	rc = mdb_dbi_open(t->mdb, NULL, 0, &names);
	if (rc == 0)
		rc = mdb_stat(t->mdb, names, &st);
	*empty = rc == 0 && st.ms_entries == 0;
	return rc;
}

int store_txn_table(struct store_txn *t, enum store_table table, bool create)
{
	static const char *const names[STORE_TABLES] = { "meta", "job", "due",
		"file", "partial", "attempt" };
	MDB_dbi *dbi = &t->store->dbi[table];
	unsigned flags = 0;
	int rc;

	rc = mdb_dbi_open(t->mdb, names[table], create ? MDB_CREATE : 0, dbi);
	if (rc == 0)
		rc = mdb_dbi_flags(t->mdb, *dbi, &flags);
	return rc == MDB_NOTFOUND || flags != 0 ? MDB_CORRUPTED : rc;
}

int store_txn_tables(struct store_txn *t, bool create)
{
	int i, rc = 0;

	for (i = 0; rc == 0 && i < STORE_TABLES; i++)
		rc = store_txn_table(t, (enum store_table)i, create);
	return rc;
}

/* Start on a value; false: damaged. */
static bool open_value(struct record_in *in, const MDB_val *key,
    const MDB_val *value)
{
	return record_open(in, key->mv_data, key->mv_size, value->mv_data,
		   value->mv_size) == STORE_SCHEMA;
}

int store_txn_get(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n, struct record_in *in)
{
	MDB_val k = { key_n, (void *)(uintptr_t)key }, v;
	int rc;

	t->store->touched++;
	rc = mdb_get(t->mdb, t->store->dbi[table], &k, &v);
	if (rc == 0 && !open_value(in, &k, &v)) {
		t->store->damaged++;
		rc = MDB_NOTFOUND;
	}
	return rc;
}

int store_txn_put(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n, struct record_out *out, unsigned flags)
{
	MDB_val k = { key_n, (void *)(uintptr_t)key }, v;
	const void *value;
	size_t n;
	int rc;

	rc = record_seal(out, STORE_SCHEMA, key, key_n, &value, &n);
	if (rc != 0)
		return rc;
	v.mv_data = (void *)(uintptr_t)value;
	v.mv_size = n;
	t->store->touched++;
	return mdb_put(t->mdb, t->store->dbi[table], &k, &v, flags);
}

int store_txn_del(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n)
{
	MDB_val k = { key_n, (void *)(uintptr_t)key };
	int rc;

	rc = mdb_del(t->mdb, t->store->dbi[table], &k, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static bool has_prefix(const MDB_val *key, const void *prefix, size_t n)
{
	return key->mv_size >= n &&
	    (n == 0 || memcmp(key->mv_data, prefix, n) == 0);
}

int store_txn_each(struct store_txn *t, enum store_table table,
    const void *prefix, size_t prefix_n, bool backward,
    int (*visit)(struct store_txn *t, const uint8_t *key, size_t key_n,
	struct record_in *in, void *cookie),
    void *cookie)
{
	const MDB_cursor_op step = backward ? MDB_PREV : MDB_NEXT;
	MDB_val k = { prefix_n, (void *)(uintptr_t)prefix }, v;
	MDB_cursor *cursor;
	struct record_in in;
	bool sound;
	int rc;

	rc = mdb_cursor_open(t->mdb, t->store->dbi[table], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v,
	    backward		? MDB_LAST
		: prefix_n == 0 ? MDB_FIRST
				: MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, step)) {
		if (!has_prefix(&k, prefix, prefix_n)) {
			if (backward)
				continue;
			break;
		}
		sound = open_value(&in, &k, &v);
		t->store->touched++;
		t->store->damaged += !sound;
		rc = visit(t, k.mv_data, k.mv_size, sound ? &in : NULL, cookie);
		if (rc != 0)
			break;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND || rc == STORE_WALK_END ? 0 : rc;
}

struct prune {
	enum store_table table;
	const void *prefix;
	size_t prefix_n;
	bool (*doomed)(const uint8_t *key, size_t key_n, struct record_in *in,
	    void *cookie);
	void *cookie;
	uint8_t from[STORE_TABLE_KEY_MAX]; /* go on here */
	size_t from_n;			   /* 0: all is done */
	uint8_t next[STORE_TABLE_KEY_MAX];
	size_t next_n;
	uint8_t (*keys)[STORE_TABLE_KEY_MAX]; /* own, STORE_GROUP of them */
	size_t *key_n;			      /* own */
	size_t n;
};

/* Gather up to STORE_GROUP keys from p->from on. */
static int prune_gather(struct store_txn *t, struct prune *p)
{
	MDB_val k = { p->from_n, p->from }, v;
	MDB_cursor *cursor;
	struct record_in in;
	int rc;

	p->n = 0;
	p->next_n = 0;
	rc = mdb_cursor_open(t->mdb, t->store->dbi[p->table], &cursor);
	if (rc != 0)
		return rc;
	rc = mdb_cursor_get(cursor, &k, &v, MDB_SET_RANGE);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT)) {
		if (!has_prefix(&k, p->prefix, p->prefix_n))
			break;
		if (k.mv_size > STORE_TABLE_KEY_MAX) {
			rc = MDB_CORRUPTED;
			break;
		}
		if (p->n == STORE_GROUP) {
			memcpy(p->next, k.mv_data, k.mv_size);
			p->next_n = k.mv_size;
			break;
		}
		if (!p->doomed(k.mv_data, k.mv_size,
			open_value(&in, &k, &v) ? &in : NULL, p->cookie))
			continue;
		memcpy(p->keys[p->n], k.mv_data, k.mv_size);
		p->key_n[p->n++] = k.mv_size;
	}
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int prune_group(struct store_txn *t, void *arg)
{
	struct prune *p = arg;
	size_t i;
	int rc = prune_gather(t, p);

	for (i = 0; rc == 0 && i < p->n; i++)
		rc = store_txn_del(t, p->table, p->keys[i], p->key_n[i]);
	return rc;
}

int store_txn_prune(struct store *s, enum store_table table, const void *prefix,
    size_t prefix_n,
    bool (*doomed)(const uint8_t *key, size_t key_n, struct record_in *in,
	void *cookie),
    void *cookie, struct err *e)
{
	struct prune p = { .table = table,
		.prefix = prefix,
		.prefix_n = prefix_n,
		.doomed = doomed,
		.cookie = cookie };
	int rc = 0;

	/* An empty key is none: one zero byte comes before all of ours. */
	p.from_n = prefix_n == 0 ? 1 : prefix_n;
	if (prefix_n != 0)
		memcpy(p.from, prefix, prefix_n);
	p.keys = malloc(STORE_GROUP * sizeof(*p.keys));
	p.key_n = malloc(STORE_GROUP * sizeof(*p.key_n));
	if (p.keys == NULL || p.key_n == NULL)
		rc = err_nomem(e);
	while (rc == 0 && p.from_n > 0) {
		rc = store_txn_write(s, prune_group, &p, e);
		memcpy(p.from, p.next, sizeof(p.from));
		p.from_n = p.next_n;
	}
	free(p.keys);
	free(p.key_n);
	return rc;
}

void store_txn_time_key(struct wall t, uint8_t key[8])
{
	const uint64_t v = (uint64_t)t.s ^ (UINT64_C(1) << 63);
	int i;

	for (i = 0; i < 8; i++)
		key[i] = (uint8_t)(v >> (56 - 8 * i));
}

struct wall store_txn_time_of(const uint8_t key[8])
{
	struct wall t;
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | key[i];
	v ^= UINT64_C(1) << 63;
	memcpy(&t.s, &v, sizeof(t.s));
	return t;
}
