/* store_walk.c - reading a whole store where that can kill nobody. */
#include "store/store_walk.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/fs.h"
#include "platform/process_try.h"
#include "store/store_txn.h"

enum {
	LIMIT_MS = 10000,
	BYTES_PER_MS = 20000,	 /* a slow disk, on top of that */
	COPY_BYTES = 1024 * 1024 /* at once */
};

/* What the child has to say. */
enum { WALK_SOUND, WALK_DAMAGED, WALK_UNKNOWN };

/* --- in the child -------------------------------------------------------- */

struct table_walk {
	size_t n;
	uint8_t last[STORE_TABLE_KEY_MAX];
	size_t last_n;
};

static int visit(struct store_txn *t, const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	struct table_walk *walk = cookie;
	size_t common = key_n < walk->last_n ? key_n : walk->last_n;
	int order;

	(void)t;
	(void)in; /* its checksum was made: every byte was read */
	if (key_n == 0 || key_n > sizeof(walk->last))
		return MDB_CORRUPTED;
	order = memcmp(walk->last, key, common);
	if (order > 0 || (order == 0 && walk->last_n >= key_n))
		return MDB_CORRUPTED;
	memcpy(walk->last, key, key_n);
	walk->last_n = key_n;
	walk->n++;
	return 0;
}

static int walk_table(struct store_txn *t, enum store_table table)
{
	struct table_walk walk = { .n = 0 };
	MDB_stat st;
	int rc;

	rc = mdb_stat(t->mdb, t->store->dbi[table], &st);
	if (rc == 0)
		rc = store_txn_each(t, table, NULL, 0, false, visit, &walk);
	return rc == 0 && walk.n != st.ms_entries ? MDB_CORRUPTED : rc;
}

/* One entry: a number, and so many page numbers, descending. */
static bool pages_are_sound(const MDB_val *v, size_t last_page)
{
	const uint8_t *at = v->mv_data;
	size_t i, n, page, above = last_page + 1;

	if (v->mv_size < sizeof(n))
		return false;
	memcpy(&n, at, sizeof(n));
	if (n >= v->mv_size / sizeof(n))
		return false;
	for (i = 1; i <= n; i++) {
		memcpy(&page, at + i * sizeof(page), sizeof(page));
		if (page < 2 || page >= above)
			return false;
		above = page;
	}
	return true;
}

/* LMDB's own table, number 0: pages to use again. */
static int walk_free_pages(struct store_txn *t)
{
	MDB_envinfo info;
	MDB_cursor *cursor;
	MDB_val k, v;
	int rc = mdb_env_info(t->store->env, &info);

	if (rc == 0)
		rc = mdb_cursor_open(t->mdb, 0, &cursor);
	if (rc != 0)
		return rc;
	do {
		rc = mdb_cursor_get(cursor, &k, &v, MDB_NEXT);
		if (rc == 0 && !pages_are_sound(&v, info.me_last_pgno))
			rc = MDB_CORRUPTED;
	} while (rc == 0);
	mdb_cursor_close(cursor);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

struct walk_arg {
	const char *data, *trial; /* trial: NULL for none */
	size_t used_bytes;	  /* of data, found by the first walk */
	bool newer;		  /* not ours to judge */
};

static int walk_all(struct store_txn *t, void *arg)
{
	struct walk_arg *w = arg;
	MDB_envinfo info;
	MDB_stat st;
	bool empty;
	int i, rc, schema;

	rc = mdb_env_info(t->store->env, &info);
	if (rc == 0)
		rc = mdb_env_stat(t->store->env, &st);
	if (rc != 0)
		return rc;
	w->used_bytes = (info.me_last_pgno + 1) * st.ms_psize;
	rc = store_txn_is_empty(t, &empty);
	if (rc != 0 || empty)
		return rc;
	rc = store_txn_table(t, TABLE_META, false);
	if (rc == 0)
		rc = store_txn_schema(t, &schema);
	if (rc != 0)
		return rc;
	w->newer = schema > STORE_SCHEMA;
	if (w->newer)
		return 0;
	rc = store_txn_tables(t, false);
	for (i = 0; rc == 0 && i < STORE_TABLES; i++)
		rc = walk_table(t, (enum store_table)i);
	if (rc == 0)
		rc = walk_free_pages(t);
	return rc == 0 ? store_txn_check_count(t) : rc;
}

/* A record more in each table, in two steps: pages are taken and given back. */
static int write_all(struct store_txn *t, void *arg)
{
	static const uint8_t key[] = "~trial";
	struct record_out out;
	int i, rc = store_txn_tables(t, true);

	for (i = 0; rc == 0 && i < STORE_TABLES; i++) {
		record_out_init(&out);
		record_put_u64(&out, 0);
		rc = arg == NULL
		    ? store_txn_put(t, (enum store_table)i, key, sizeof(key),
			  &out, 0)
		    : store_txn_del(t, (enum store_table)i, key, sizeof(key));
		record_out_release(&out);
	}
	return rc;
}

static int verdict_of(int code)
{
	if (code == 0)
		return WALK_SOUND;
	return store_txn_is_corruption(code) ? WALK_DAMAGED : WALK_UNKNOWN;
}

static int walk_file(struct walk_arg *w, const char *path, enum store_mode mode)
{
	struct store s;
	int i, rc;

	memset(&s, 0, sizeof(s));
	s.mode = mode;
	s.is_copy = true;
	s.map_bytes = STORE_MAP_BYTES;
	s.now.s = WALL_NONE;
	s.paths.data = s.paths.dir = s.paths.state_dir = (char *)(uintptr_t)
	    path;
	rc = store_env_open(&s);
	for (i = 0; rc == 0 && mode == STORE_WRITE && i < 2; i++)
		rc = store_txn_run(&s, true, write_all, i == 0 ? NULL : w);
	if (rc == 0)
		rc = store_txn_run(&s, false, walk_all, w);
	store_env_close(&s);
	return verdict_of(rc);
}

/* The pages in use; the rest of the file is a hole. */
static int copy_used(const struct walk_arg *w, struct err *e)
{
	char *buf = malloc(COPY_BYTES);
	int from = -1, to = -1, rc = -1;
	uint64_t at = 0;
	size_t want, got;

	if (buf == NULL)
		return err_nomem(e);
	if (fs_open_read(w->data, &from, e) == -1 ||
	    fs_open_rw(w->trial, true, &to, e) == -1)
		goto out;
	while (at < w->used_bytes) {
		want = w->used_bytes - at < COPY_BYTES
		    ? (size_t)(w->used_bytes - at)
		    : COPY_BYTES;
		if (fs_pread(from, buf, want, at, &got, w->data, e) == -1 ||
		    fs_pwrite(to, buf, got, at, w->trial, e) == -1)
			goto out;
		if (got < want)
			break;
		at += got;
	}
	rc = 0;
out:
	fs_close(&from);
	fs_close(&to);
	free(buf);
	return rc;
}

/* `args`: the file, and where a copy may be. */
static int walk_in_child(const char *const *args)
{
	struct walk_arg w = { .data = args[0], .trial = args[1] };
	struct err e = ERR_INIT;
	int verdict = walk_file(&w, w.data, STORE_READ_ONLY);

	if (verdict != WALK_SOUND || w.trial == NULL || w.newer)
		return verdict;
	if (copy_used(&w, &e) == -1)
		return WALK_UNKNOWN;
	return walk_file(&w, w.trial, STORE_WRITE);
}

const struct process_work store_walk_work = { "walk-store", walk_in_child };

/* --- in the parent ------------------------------------------------------- */

void store_walk(const char *data, const char *trial, const char **why)
{
	const char *args[] = { data, trial, NULL };
	struct err ignored = ERR_INIT;
	enum process_end end;
	struct fs_stat st;
	int64_t limit_ms = LIMIT_MS;
	int result, rc;

	*why = NULL;
	if (fs_stat(data, &st, &ignored) == 0 && st.type == FS_FILE)
		limit_ms += (int64_t)(st.allocated_bytes / BYTES_PER_MS);
	if (trial != NULL)
		(void)fs_unlink(trial, &ignored);
	rc = process_try(&store_walk_work, args, limit_ms,
	    2 * (uint64_t)STORE_MAP_MAX_BYTES, &end, &result, &ignored);
	if (trial != NULL)
		(void)fs_unlink(trial, &ignored);
	if (rc == -1)
		return;
	if (end == PROCESS_LATE)
		*why = "reading it does not end";
	else if (end == PROCESS_DIED)
		*why = "reading it ends in a crash";
	else if (result == WALK_DAMAGED)
		*why = "its tables do not fit together";
}
