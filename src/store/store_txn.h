/*
 * store_txn.h - transactions and tables; private to the room.
 *
 * A transaction runs a closure, `work`, which returns 0 or a code of LMDB or
 * errno.  It may be run again from the start (the map grew), so it resets what
 * it fills.  No transaction is open when a call here returns.
 */
#ifndef HFCRON_STORE_STORE_TXN_H
#define HFCRON_STORE_STORE_TXN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lmdb.h>

#include "base/err.h"
#include "store/store.h"
#include "store/store_check.h"
#include "store/store_record.h"

enum store_table {
	TABLE_META,
	TABLE_JOB,
	TABLE_DUE,
	TABLE_FILE,
	TABLE_PARTIAL,
	TABLE_ATTEMPT,
	STORE_TABLES
};

struct store {
	struct store_paths paths;
	enum store_mode mode;
	char *owner;	  /* own */
	struct wall now;  /* names what is set aside */
	size_t map_bytes; /* to start with */
	size_t attempts_max;
	bool is_peek; /* store_peek: no lock */
	bool is_copy; /* a bare file that nobody else is at */
	MDB_env *env; /* NULL: absent, all reads find nothing */
	MDB_dbi dbi[STORE_TABLES];
	char id[STORE_ID_MAX];
	size_t damaged; /* records met whose checksum is wrong */
	size_t touched; /* records since the file was mapped */
	bool marked;	/* paths.mark was put */
	bool corrupt;	/* LMDB says so: set aside at the end */
};

struct store_txn {
	struct store *store;
	MDB_txn *mdb;
};

enum {
	STORE_MAP_BYTES = 64 * 1024 * 1024,
	STORE_TOUCHED_MAX = 8192,
	STORE_MAP_BYTES_SMALL = 1024 * 1024, /* where a map takes space */
	STORE_TABLE_KEY_MAX = 64,	     /* bytes of any key of ours */
	STORE_META_BYTES_MAX = 65536,
	STORE_GROUP = 4096 /* records changed per transaction: bounds
					   LMDB's dirty pages to 16 MiB */
};

/* store_open() with another first map size. */
struct store *store_open_sized(const char *state_dir, enum store_mode mode,
    const char *owner, struct wall now, size_t map_bytes,
    char warning[ERR_TEXT_MAX], struct err *e);

/* Open and close s->env; the tables are the caller's.  0 or a code.  Of a copy
 * it is paths.data alone; what is written to one is not synced. */
int store_env_open(struct store *s);
void store_env_close(struct store *s);

/* 0, also without a store (nothing is run then); or -1. */
int store_txn_read(struct store *s, int (*work)(struct store_txn *t, void *arg),
    void *arg, struct err *e);
int store_txn_write(struct store *s,
    int (*work)(struct store_txn *t, void *arg), void *arg, struct err *e);
/* The same, but the code is returned; for store.c. */
int store_txn_run(struct store *s, bool write,
    int (*work)(struct store_txn *t, void *arg), void *arg);
/* The code says that the file is not as LMDB makes them. */
bool store_txn_is_corruption(int code);
/* Tell a code; always -1. */
int store_txn_error(struct store *s, int code, struct err *e);

/* 0 and *empty if nothing was ever stored. */
int store_txn_is_empty(struct store_txn *t, bool *empty);
/* Open one table, or all; MDB_CORRUPTED if they are not as we make them. */
int store_txn_table(struct store_txn *t, enum store_table table, bool create);
int store_txn_tables(struct store_txn *t, bool create);
/* Does the stored number of records agree with the tables?  MDB_CORRUPTED. */
int store_txn_check_count(struct store_txn *t);

/* The schema of the header's frame, which no later schema changes; the table
 * of meta values must be open.  MDB_CORRUPTED if there is none. */
int store_txn_schema(struct store_txn *t, int *schema);

/* MDB_NOTFOUND if absent or damaged (which is counted). */
int store_txn_get(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n, struct record_in *in);
/* Seal and store; releases nothing.  `flags`: 0 or MDB_NOOVERWRITE. */
int store_txn_put(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n, struct record_out *out, unsigned flags);
/* With the job that is forgotten. */
int store_request_forget(struct store_txn *t, const uint8_t job[JOB_KEY_BYTES]);
/* Absent is success. */
int store_txn_del(struct store_txn *t, enum store_table table, const void *key,
    size_t key_n);

enum { STORE_WALK_END = -1 }; /* from visit: enough, and no failure */

/*
 * Visit the records whose key begins with `prefix`, in order of keys, or all
 * (prefix_n 0), backwards if asked.  `in` is NULL for a damaged record, which
 * is counted.  Nothing may be changed meanwhile.
 */
int store_txn_each(struct store_txn *t, enum store_table table,
    const void *prefix, size_t prefix_n, bool backward,
    int (*visit)(struct store_txn *t, const uint8_t *key, size_t key_n,
	struct record_in *in, void *cookie),
    void *cookie);

/*
 * Delete the records below `prefix` that `doomed` names, STORE_GROUP per
 * transaction; `in` as above.
 */
int store_txn_prune(struct store *s, enum store_table table, const void *prefix,
    size_t prefix_n,
    bool (*doomed)(const uint8_t *key, size_t key_n, struct record_in *in,
	void *cookie),
    void *cookie, struct err *e);

/* A time as key bytes that sort like the time, and back. */
void store_txn_time_key(struct wall t, uint8_t key[8]);
struct wall store_txn_time_of(const uint8_t key[8]);

#endif
