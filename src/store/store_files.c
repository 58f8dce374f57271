/*
 * store_files.c - files that were verified in place.
 *
 *	file	key of the job, beginning of the path, hash of the path -> path
 *		and what was seen
 *
 * The beginning keeps the files of a folder together: they are fetched in that
 * order, and a group of them is to touch few pages of a large store.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "store/store_codec.h"
#include "store/store_txn.h"

enum {
	FILES_MAX = 1 << 23,
	PATH_BEGIN_BYTES = 32, /* padded with NUL */
	PATH_HASH_BYTES = 16,
	FILE_KEY_BYTES = JOB_KEY_BYTES + PATH_BEGIN_BYTES + PATH_HASH_BYTES
};

void stored_file_release(struct stored_file *f)
{
	free(f->path);
	memset(f, 0, sizeof(*f));
}

void store_file_encode(struct record_out *out, const struct stored_file *f)
{
	record_put_text(out, f->path);
	record_put_u64(out, f->size);
	record_put_hex(out, f->blob);
	record_put_hex(out, f->commit);
	record_put_wall(out, f->verified_at);
	record_put_u64(out, f->device);
	record_put_u64(out, f->inode);
	record_put_u64(out, (uint64_t)f->mtime_s);
	record_put_u32(out, (uint32_t)f->mtime_ns);
}

static int64_t signed_64(uint64_t v)
{
	int64_t s;

	memcpy(&s, &v, sizeof(s));
	return s;
}

int store_file_decode(struct record_in *in, struct stored_file *f)
{
	uint32_t ns;
	int rc;

	memset(f, 0, sizeof(*f));
	f->path = record_text(in);
	f->size = record_u64(in);
	record_hex_into(in, f->blob, sizeof(f->blob));
	record_hex_into(in, f->commit, sizeof(f->commit));
	f->verified_at = record_wall(in);
	f->device = record_u64(in);
	f->inode = record_u64(in);
	f->mtime_s = signed_64(record_u64(in));
	ns = record_u32(in);
	rc = record_end(in);
	if (rc == 0 && (f->path == NULL || ns > 999999999))
		rc = EINVAL;
	f->mtime_ns = rc == 0 ? (int32_t)ns : 0;
	if (rc != 0)
		stored_file_release(f);
	return rc;
}

static void file_key(const uint8_t job[JOB_KEY_BYTES], const char *path,
    uint8_t key[FILE_KEY_BYTES])
{
	const size_t n = strlen(path);
	uint8_t hash[32];

	digest_sha256(path, n, hash);
	memset(key, 0, FILE_KEY_BYTES);
	memcpy(key, job, JOB_KEY_BYTES);
	key += JOB_KEY_BYTES;
	memcpy(key, path, n < PATH_BEGIN_BYTES ? n : PATH_BEGIN_BYTES);
	memcpy(key + PATH_BEGIN_BYTES, hash, PATH_HASH_BYTES);
}

/* --- put ----------------------------------------------------------------- */

struct keyed_file {
	uint8_t key[FILE_KEY_BYTES];
	const struct stored_file *file;
};

struct files_put {
	const struct keyed_file *files;
	size_t n;
};

static int files_put_work(struct store_txn *t, void *arg)
{
	const struct files_put *put = arg;
	struct record_out out;
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < put->n; i++) {
		record_out_init(&out);
		store_file_encode(&out, put->files[i].file);
		rc = store_txn_put(t, TABLE_FILE, put->files[i].key,
		    FILE_KEY_BYTES, &out, 0);
		record_out_release(&out);
	}
	return rc;
}

/* Of equal keys the later one of the caller's array stays the later. */
static int compare_keyed(const void *a, const void *b)
{
	const struct keyed_file *left = a, *right = b;
	int order = memcmp(left->key, right->key, FILE_KEY_BYTES);

	if (order != 0)
		return order;
	return (left->file > right->file) - (left->file < right->file);
}

/*
 * Sorted by key, so that a group of many touches few pages: each page that is
 * touched is written anew.
 */
int store_files_put(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const struct stored_file *files, size_t n, struct err *e)
{
	struct files_put put;
	struct keyed_file *keyed;
	size_t i;
	int rc = 0;

	if (n == 0)
		return 0;
	if (n > FILES_MAX)
		return ERR_BUG_HERE(e, "the number of files");
	keyed = calloc(n, sizeof(*keyed));
	if (keyed == NULL)
		return err_nomem(e);
	for (i = 0; i < n; i++) {
		file_key(job, files[i].path, keyed[i].key);
		keyed[i].file = &files[i];
	}
	qsort(keyed, n, sizeof(*keyed), compare_keyed);
	for (i = 0; rc == 0 && i < n; i += put.n) {
		put.files = keyed + i;
		put.n = n - i < STORE_GROUP ? n - i : STORE_GROUP;
		rc = store_txn_write(store, files_put_work, &put, e);
	}
	free(keyed);
	return rc;
}

/* --- get ----------------------------------------------------------------- */

struct file_get {
	uint8_t key[FILE_KEY_BYTES];
	const char *path;
	struct stored_file *file;
	bool found;
};

/* 0, MDB_NOTFOUND (malformed: as absent, counted) or ENOMEM. */
static int decode_file(struct store_txn *t, struct record_in *in,
    struct stored_file *file)
{
	int rc = store_file_decode(in, file);

	if (rc != EINVAL)
		return rc;
	t->store->damaged++;
	return MDB_NOTFOUND;
}

static int file_get_work(struct store_txn *t, void *arg)
{
	struct file_get *get = arg;
	struct record_in in;
	int rc;

	get->found = false;
	rc = store_txn_get(t, TABLE_FILE, get->key, FILE_KEY_BYTES, &in);
	if (rc == 0)
		rc = decode_file(t, &in, get->file);
	if (rc == 0 && strcmp(get->file->path, get->path) != 0)
		stored_file_release(get->file);
	else
		get->found = rc == 0;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

int store_file_get(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const char *path, struct stored_file *file, bool *found, struct err *e)
{
	struct file_get get = { .path = path, .file = file };

	memset(file, 0, sizeof(*file));
	*found = false;
	file_key(job, path, get.key);
	if (store_txn_read(store, file_get_work, &get, e) == -1)
		return -1;
	*found = get.found;
	return 0;
}

struct files_all {
	const uint8_t *job;
	struct stored_file *files; /* own */
	size_t n, cap;
};

static void files_all_release(struct files_all *all)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		stored_file_release(&all->files[i]);
	free(all->files);
	all->files = NULL;
	all->n = all->cap = 0;
}

static int files_all_visit(struct store_txn *t, const uint8_t *key,
    size_t key_n, struct record_in *in, void *cookie)
{
	struct files_all *all = cookie;
	int rc;

	(void)key;
	if (in == NULL || key_n != FILE_KEY_BYTES)
		return 0;
	if (vec_grow((void **)&all->files, &all->cap, all->n + 1,
		sizeof(*all->files), FILES_MAX) == -1)
		return ENOMEM;
	rc = decode_file(t, in, &all->files[all->n]);
	if (rc == 0)
		all->n++;
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int files_all_work(struct store_txn *t, void *arg)
{
	struct files_all *all = arg;

	files_all_release(all);
	return store_txn_each(t, TABLE_FILE, all->job, JOB_KEY_BYTES, false,
	    files_all_visit, all);
}

static int compare_path(const void *a, const void *b)
{
	const struct stored_file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

int store_files_all(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    struct stored_file **files, size_t *n, struct err *e)
{
	struct files_all all = { .job = job };

	*files = NULL;
	*n = 0;
	if (store_txn_read(store, files_all_work, &all, e) == -1) {
		files_all_release(&all);
		return -1;
	}
	if (all.n > 1)
		qsort(all.files, all.n, sizeof(*all.files), compare_path);
	*files = all.files;
	*n = all.n;
	return 0;
}

/* --- forget -------------------------------------------------------------- */

/* Damaged ones are of no commit; nor are those under a key of an older form. */
static bool of_other_commit(const uint8_t *key, size_t key_n,
    struct record_in *in, void *cookie)
{
	const char *commit = cookie;
	struct stored_file file;
	bool other;

	(void)key;
	if (in == NULL || key_n != FILE_KEY_BYTES)
		return true;
	switch (store_file_decode(in, &file)) {
	case 0:
		break;
	case ENOMEM:
		return false;
	default:
		return true;
	}
	other = strcmp(file.commit, commit) != 0;
	stored_file_release(&file);
	return other;
}

int store_files_keep(struct store *store, const uint8_t job[JOB_KEY_BYTES],
    const char *commit, struct err *e)
{
	char copy[sizeof(((struct stored_file *)NULL)->commit)];
	size_t n = strlen(commit);

	if (n >= sizeof(copy))
		return ERR_BUG_HERE(e, "the length of a commit");
	memcpy(copy, commit, n + 1);
	return store_txn_prune(store, TABLE_FILE, job, JOB_KEY_BYTES,
	    of_other_commit, copy, e);
}
