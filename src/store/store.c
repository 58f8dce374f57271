/* store.c - what hfcron remembers between runs: opening, meta. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "platform/entropy.h"
#include "platform/fs.h"
#include "store/store_sweep.h"
#include "store/store_txn.h"
#include "store/store_walk.h"

enum {
	META_NAME_MAX = STORE_TABLE_KEY_MAX,
	OPEN_REFUSED = -2 /* beside LMDB's codes: not ours to use */
};

static const char HEADER_KEY[] = ".header";

/* --- opening ------------------------------------------------------------- */

/* What the header says, or why the store is not to be used. */
struct opening {
	bool fresh;  /* nothing is in it */
	int schema;  /* newer than ours, or 0 */
	char *owner; /* own */
};

static int put_header(struct store_txn *t)
{
	struct record_out out;
	int rc;

	record_out_init(&out);
	record_put_text(&out, t->store->id);
	record_put_text(&out, t->store->owner);
	rc = store_txn_put(t, TABLE_META, HEADER_KEY, sizeof(HEADER_KEY) - 1,
	    &out, 0);
	record_out_release(&out);
	return rc;
}

/* Past store_txn_get: the frame of another schema is no damage here. */
static int open_header(struct store_txn *t, struct record_in *in, int *schema)
{
	MDB_val k = { sizeof(HEADER_KEY) - 1, (void *)(uintptr_t)HEADER_KEY };
	MDB_val v;
	int rc = mdb_get(t->mdb, t->store->dbi[TABLE_META], &k, &v);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	*schema = record_open(in, k.mv_data, k.mv_size, v.mv_data, v.mv_size);
	return *schema == -1 ? MDB_CORRUPTED : 0;
}

int store_txn_schema(struct store_txn *t, int *schema)
{
	struct record_in in;

	return open_header(t, &in, schema);
}

static int read_header(struct store_txn *t, struct opening *o)
{
	struct store *s = t->store;
	struct record_in in;
	int rc, schema;

	rc = open_header(t, &in, &schema);
	if (rc != 0)
		return rc;
	if (schema > STORE_SCHEMA) {
		o->schema = schema;
		return 0;
	}
	if (schema != STORE_SCHEMA)
		return MDB_CORRUPTED;
	record_text_into(&in, s->id, sizeof(s->id));
	o->owner = record_text(&in);
	rc = record_end(&in);
	if (rc == ENOMEM)
		return rc;
	if (rc != 0 || o->owner == NULL ||
	    !hex_is_lower(s->id, STORE_ID_MAX - 1))
		return MDB_CORRUPTED;
	return 0;
}

/* Codes other than 0 end the transaction without a trace. */
static int open_work(struct store_txn *t, void *arg)
{
	struct store *s = t->store;
	struct opening *o = arg;
	const bool write = s->mode == STORE_WRITE;
	int rc;

	free(o->owner);
	memset(o, 0, sizeof(*o));
	rc = store_txn_is_empty(t, &o->fresh);
	if (rc != 0 || (o->fresh && !write))
		return rc;
	if (o->fresh) {
		rc = store_txn_tables(t, true);
		return rc == 0 ? put_header(t) : rc;
	}
	/* The schema first: a newer one may have other tables. */
	rc = store_txn_table(t, TABLE_META, false);
	if (rc == 0)
		rc = read_header(t, o);
	if (rc == 0 && o->schema != 0)
		return OPEN_REFUSED;
	if (rc == 0)
		rc = store_txn_tables(t, false);
	if (rc == 0)
		rc = store_txn_check_count(t);
	if (rc != 0 || strcmp(o->owner, s->owner) == 0)
		return rc;
	if (o->owner[0] != '\0')
		return OPEN_REFUSED;
	/* It was made without a configuration; the first one takes it. */
	return write ? put_header(t) : 0;
}

static const char *owner_text(const char *owner)
{
	return owner == NULL || owner[0] == '\0' ? "no configuration" : owner;
}

static int refuse_other(const struct store *s, const struct opening *o,
    struct err *e)
{
	if (o->schema != 0)
		return err_set(e, ERR_STATE,
		    "the store %s has schema %d, this "
		    "hfcron knows %d: it was written by a newer one",
		    s->paths.dir, o->schema, STORE_SCHEMA);
	return err_set(e, ERR_STATE,
	    "the store %s belongs to %s, not to %s; "
	    "give each configuration its own state_dir",
	    s->paths.dir, owner_text(o->owner), owner_text(s->owner));
}

static int new_id(struct store *s, struct err *e)
{
	uint8_t bytes[(STORE_ID_MAX - 1) / 2];

	if (entropy_fill(bytes, sizeof(bytes)) == -1)
		return err_errno(e, ERR_STATE, "no random bytes");
	hex_encode(bytes, sizeof(bytes), s->id);
	return 0;
}

/* New entries in a directory are durable only with the directory. */
static int sync_dirs(struct store *s, struct err *e)
{
	return fs_sync_dir(s->paths.dir, e) == -1 ||
		fs_sync_dir(s->paths.state_dir, e) == -1
	    ? -1
	    : 0;
}

/* Why a store is not used: damaged, as we or as LMDB found. */
struct damage {
	const char *why; /* NULL: it is sound */
	bool inside;	 /* past the check of the meta pages */
};

static bool is_damage(int code)
{
	return code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ||
	    code == MDB_INVALID || code == MDB_INCOMPATIBLE;
}

/* The file passed the check. */
static int open_sound(struct store *s, bool created, struct damage *damage,
    struct err *e)
{
	struct opening o = { .owner = NULL };
	int code, rc = 0;

	if (new_id(s, e) == -1)
		return -1;
	code = store_env_open(s);
	if (code == 0 && created)
		rc = sync_dirs(s, e);
	if (code == 0 && rc == 0)
		code = store_txn_run(s, s->mode == STORE_WRITE, open_work, &o);
	if (code == OPEN_REFUSED) {
		rc = refuse_other(s, &o, e);
	} else if (is_damage(code)) {
		damage->why = "its tables do not fit together";
		damage->inside = true;
	} else if (code != 0) {
		rc = store_txn_error(s, code, e);
	}
	if (rc != 0 || damage->why != NULL ||
	    (s->mode == STORE_READ_ONLY && o.fresh)) {
		store_env_close(s);
		s->id[0] = '\0';
	}
	free(o.owner);
	return rc;
}

/*
 * Whoever left the mark did not end in order.  A crash and a damaged page have
 * causes in common, so a child reads it all before we do; nobody may write
 * meanwhile.  If another process has it open, that one has done so.
 */
static void walk_if_unclean(struct store *s, struct damage *damage)
{
	const char *trial = s->mode == STORE_WRITE ? s->paths.trial : NULL;
	struct err why = ERR_INIT;
	struct fs_stat st;
	int fd = -1;

	if (fs_lstat(s->paths.mark, &st, &why) == -1 || st.type == FS_ABSENT)
		return;
	/* Where it cannot be locked, nobody can write. */
	if (store_lock_alone(&s->paths, &fd, &why) == 0 || why.kind != ERR_BUSY)
		store_walk(s->paths.data, trial, &damage->why);
	fs_close(&fd);
	damage->inside = damage->why != NULL;
}

/* After opening, so that who takes the mark away does not take ours.  Without
 * one the store is as good. */
static void put_mark(struct store *s)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	int fd = -1;

	s->marked = true;
	if (fs_lstat(s->paths.mark, &st, &ignored) == 0 && st.type != FS_ABSENT)
		return;
	if (fs_open_rw(s->paths.mark, true, &fd, &ignored) == 0)
		(void)fs_sync_dir(s->paths.dir, &ignored);
	fs_close(&fd);
}

/* The last one out; the environment is closed. */
static void take_mark(const struct store *s)
{
	struct err ignored = ERR_INIT;
	int fd = -1;

	if (store_lock_alone(&s->paths, &fd, &ignored) == 0)
		(void)fs_unlink(s->paths.mark, &ignored);
	fs_close(&fd);
}

static int open_checked(struct store *s, struct damage *damage, struct err *e)
{
	enum store_verdict verdict;

	damage->why = NULL;
	damage->inside = false;
	if (store_check_data(&s->paths, &verdict, &damage->why, e) == -1)
		return -1;
	if (verdict == STORE_DAMAGED ||
	    (verdict == STORE_ABSENT && s->mode == STORE_READ_ONLY))
		return 0;
	if (verdict == STORE_SOUND)
		walk_if_unclean(s, damage);
	if (damage->why != NULL)
		return 0;
	if (open_sound(s, verdict == STORE_ABSENT, damage, e) == -1)
		return -1;
	if (s->mode == STORE_WRITE && damage->why == NULL)
		put_mark(s);
	return 0;
}

/* Escaped and cut like an error. */
static void warn(char warning[ERR_TEXT_MAX], const struct err *e)
{
	memcpy(warning, e->text, ERR_TEXT_MAX);
}

static int open_or_replace(struct store *s, char warning[ERR_TEXT_MAX],
    struct err *e)
{
	struct err told = ERR_INIT;
	char name[ERR_TEXT_MAX];
	struct damage damage;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		if (open_checked(s, &damage, e) == -1)
			return -1;
		if (damage.why == NULL)
			return 0;
		if (s->mode == STORE_READ_ONLY) {
			(void)err_set(&told, ERR_STATE,
			    "the store %s is damaged (%s) and left out; the "
			    "next run makes a new one",
			    s->paths.dir, damage.why);
			warn(warning, &told);
			return 0;
		}
		if (store_set_aside(&s->paths, s->now, damage.inside, name,
			e) == -1)
			return -1;
		if (name[0] == '\0') /* another process was faster */
			continue;
		(void)err_set(&told, ERR_STATE,
		    "the store %s was damaged (%s) and is made anew; the old "
		    "one is kept as %s",
		    s->paths.dir, damage.why, name);
		warn(warning, &told);
	}
	return err_set(e, ERR_STATE, "the store %s is damaged again (%s)",
	    s->paths.dir, damage.why);
}

static int prepare(struct store *s, const char *state_dir, const char *owner,
    struct err *e)
{
	if (store_paths_init(&s->paths, state_dir, e) == -1)
		return -1;
	s->owner = text_dup(owner);
	if (s->owner == NULL)
		return err_nomem(e);
	if (store_check_owner(&s->paths, e) == -1)
		return -1;
	if (s->mode == STORE_READ_ONLY)
		return 0;
	if (fs_mkdirs(s->paths.dir, 0700, e) == -1) {
		if (e->kind == ERR_DISK && !fs_is_full(e->os_code))
			e->kind = ERR_STATE;
		return -1;
	}
	/* Again: it may have been made with a mask that lets others in. */
	return store_check_owner(&s->paths, e);
}

struct store *store_open_sized(const char *state_dir, enum store_mode mode,
    const char *owner, struct wall now, size_t map_bytes,
    char warning[ERR_TEXT_MAX], struct err *e)
{
	char own_warning[ERR_TEXT_MAX];
	struct store *s = calloc(1, sizeof(*s));

	if (warning == NULL)
		warning = own_warning;
	warning[0] = '\0';
	if (s == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	s->mode = mode;
	s->now = now;
	s->map_bytes = map_bytes;
	s->attempts_max = STORE_ATTEMPTS_MAX;
	if (prepare(s, state_dir, owner, e) == -1 ||
	    open_or_replace(s, warning, e) == -1) {
		store_close(s);
		return NULL;
	}
	return s;
}

struct store *store_open(const char *state_dir, enum store_mode mode,
    const char *owner, struct wall now, char warning[ERR_TEXT_MAX],
    struct err *e)
{
	return store_open_sized(state_dir, mode, owner, now, STORE_MAP_BYTES,
	    warning, e);
}

int store_copy_check(const char *path, const char *owner, struct err *e)
{
	struct store *s = calloc(1, sizeof(*s));
	struct damage damage = { .why = NULL };
	enum store_verdict verdict;
	int rc = -1;

	if (s == NULL)
		return err_nomem(e);
	s->mode = STORE_READ_ONLY;
	s->is_copy = true;
	s->map_bytes = STORE_MAP_BYTES;
	s->now.s = WALL_NONE;
	s->owner = text_dup(owner);
	s->paths.data = text_dup(path);
	s->paths.dir = text_dup(path);
	if (s->owner == NULL || s->paths.data == NULL || s->paths.dir == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (store_check_data(&s->paths, &verdict, &damage.why, e) == -1)
		goto out;
	if (verdict == STORE_ABSENT)
		damage.why = "it is empty";
	if (damage.why == NULL)
		store_walk(path, NULL, &damage.why);
	if (damage.why == NULL && open_sound(s, false, &damage, e) == -1)
		goto out;
	if (damage.why != NULL) {
		(void)err_set(e, ERR_STATE, "%s is damaged (%s)", path,
		    damage.why);
		goto out;
	}
	rc = 0;
out:
	store_close(s);
	return rc;
}

void store_close(struct store *s)
{
	struct err ignored = ERR_INIT;
	char name[ERR_TEXT_MAX];

	if (s == NULL)
		return;
	if (s->env != NULL && s->mode == STORE_WRITE && s->damaged > 0 &&
	    !s->corrupt)
		(void)store_sweep(s, &ignored);
	store_env_close(s);
	if (s->marked && !s->corrupt)
		take_mark(s);
	/* Nobody can mend it; the next run starts with a new one. */
	if (s->corrupt && s->mode == STORE_WRITE)
		(void)store_set_aside(&s->paths, s->now, true, name, &ignored);
	store_paths_release(&s->paths);
	free(s->owner);
	free(s);
}

const char *store_id(const struct store *store)
{
	return store->id;
}

size_t store_damaged(const struct store *store)
{
	return store->damaged;
}

/* --- meta ---------------------------------------------------------------- */

struct meta_call {
	const char *name;
	void *to; /* get */
	size_t size;
	const void *from; /* put */
	size_t n;
};

/* Names with a dot are the room's own. */
static int check_name(const char *name, struct err *e)
{
	if (name[0] == '\0' || name[0] == '.' || strlen(name) > META_NAME_MAX)
		return ERR_BUG_HERE(e, "the name of a meta value");
	return 0;
}

static int meta_get_work(struct store_txn *t, void *arg)
{
	struct meta_call *call = arg;
	struct record_in in;
	int rc;

	rc = store_txn_get(t, TABLE_META, call->name, strlen(call->name), &in);
	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : rc;
	call->n = in.left;
	record_bytes(&in, call->to,
	    in.left < call->size ? in.left : call->size);
	return 0;
}

int store_meta_get(struct store *store, const char *name, void *bytes,
    size_t size, size_t *n, struct err *e)
{
	struct meta_call call = { .name = name, .to = bytes, .size = size };

	if (check_name(name, e) == -1 ||
	    store_txn_read(store, meta_get_work, &call, e) == -1)
		return -1;
	*n = call.n;
	return 0;
}

static int meta_put_work(struct store_txn *t, void *arg)
{
	const struct meta_call *call = arg;
	struct record_out out;
	int rc;

	record_out_init(&out);
	record_put_bytes(&out, call->from, call->n);
	rc = store_txn_put(t, TABLE_META, call->name, strlen(call->name), &out,
	    0);
	record_out_release(&out);
	return rc;
}

int store_meta_put(struct store *store, const char *name, const void *bytes,
    size_t n, struct err *e)
{
	struct meta_call call = { .name = name, .from = bytes, .n = n };

	if (check_name(name, e) == -1)
		return -1;
	if (n > STORE_META_BYTES_MAX)
		return ERR_BUG_HERE(e, "the size of a meta value");
	return store_txn_write(store, meta_put_work, &call, e);
}

int store_meta_get_wall(struct store *store, const char *name, struct wall *t,
    struct err *e)
{
	struct record_in in;
	uint8_t bytes[8];
	size_t n;

	if (store_meta_get(store, name, bytes, sizeof(bytes), &n, e) == -1)
		return -1;
	record_in_init(&in, bytes, n <= sizeof(bytes) ? n : 0);
	*t = record_wall(&in);
	return 0;
}

int store_meta_put_wall(struct store *store, const char *name, struct wall t,
    struct err *e)
{
	uint8_t bytes[8];
	int i;

	for (i = 0; i < 8; i++)
		bytes[i] = (uint8_t)((uint64_t)t.s >> (8 * i));
	return store_meta_put(store, name, bytes, sizeof(bytes), e);
}
