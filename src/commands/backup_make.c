/* backup_make.c - making a backup, and removing what is too old. */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "commands/backup_set.h"
#include "commands/report.h"
#include "formats/tree.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/entropy.h"
#include "platform/fs.h"

enum {
	SOURCE_BYTES_MAX = TREE_JSON_BYTES_MAX,
	LOCK_TRIES = 40,
	LOCK_WAIT_MS = 50
};

#define NEW_PREFIX ".new-"

/* What is to be backed up, in memory, with its hashes; the store is not. */
struct sources {
	struct backup_file files[CONFIG_LISTS_MAX + 2];
	char *bytes[CONFIG_LISTS_MAX + 2]; /* own */
	size_t n;
};

static void sources_release(struct sources *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->files[i].path);
		free(s->bytes[i]);
	}
	free(s);
}

static void set_hash(struct backup_file *f, const void *bytes, size_t n)
{
	uint8_t hash[32];

	digest_sha256(bytes, n, hash);
	hex_encode(hash, sizeof(hash), f->sha256);
	f->size = n;
}

/* An absent one is left out. */
static int add_source(struct sources *s, enum backup_role role,
    const char *path, const char *name, struct err *e)
{
	struct backup_file *f = &s->files[s->n];
	struct fs_stat st;
	size_t n;

	if (fs_stat(path, &st, e) == -1)
		return -1;
	if (st.type == FS_ABSENT)
		return 0;
	if (fs_read_file(path, SOURCE_BYTES_MAX, &s->bytes[s->n], &n, e) == -1)
		return -1;
	f->role = role;
	f->path = fs_realpath(path, e);
	snprintf(f->name, sizeof(f->name), "%s", name);
	set_hash(f, s->bytes[s->n], n);
	if (f->path == NULL) {
		free(s->bytes[s->n]);
		return -1;
	}
	s->n++;
	return 0;
}

/* Returns owned (sources_release). */
static struct sources *read_sources(const struct session *session,
    struct err *e)
{
	const struct config *c = &session->config;
	struct sources *s = calloc(1, sizeof(*s));
	char name[BACKUP_NAME_MAX];

	if (s == NULL) {
		err_nomem(e);
		return NULL;
	}
	if (c->file != NULL &&
	    add_source(s, BACKUP_CONFIGURATION, c->file, "hfcron.yaml", e) ==
		-1) {
		sources_release(s);
		return NULL;
	}
	for (size_t i = 0; i < c->n_model_files; i++) {
		snprintf(name, sizeof(name), "models-%zu.json", i + 1);
		if (add_source(s, BACKUP_LIST, c->model_files[i], name, e) ==
		    -1) {
			sources_release(s);
			return NULL;
		}
	}
	return s;
}

/* --- removing ------------------------------------------------------------ */

/* The manifest last: until then it is a backup, and removed next time. */
static void remove_backup(const struct backup *b)
{
	struct err ignored = ERR_INIT;
	char *path;

	for (size_t i = 0; i < b->n; i++) {
		path = fs_join(b->dir, b->files[i].name);
		if (path != NULL)
			(void)fs_unlink(path, &ignored);
		free(path);
	}
	path = fs_join(b->dir, "manifest.json");
	if (path != NULL)
		(void)fs_unlink(path, &ignored);
	free(path);
	(void)fs_rmdir(b->dir, &ignored);
}

static void prune(const struct session *s, const char *reason, uint64_t spared)
{
	struct backup *all;
	size_t n, same = 0;
	uint64_t highest;
	struct err ignored = ERR_INIT;

	if (backups_all(s, &all, &n, &highest, &ignored) == -1)
		return;
	for (size_t i = n; i-- > 0;)
		if (strcmp(all[i].reason, reason) == 0 &&
		    all[i].number != spared && ++same > s->config.backup.keep)
			remove_backup(&all[i]);
	backups_free(all, n);
}

static int remove_entry(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	char *path = fs_join(cookie, name);

	if (path == NULL)
		return err_nomem(e);
	if (type == FS_FILE)
		(void)fs_unlink(path, e);
	free(path);
	return 0;
}

/* What a backup that was cut short has left; the lock is held. */
static int remove_unfinished(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	char *path;

	if (type != FS_DIR || !text_starts(name, NEW_PREFIX))
		return 0;
	path = fs_join(cookie, name);
	if (path == NULL)
		return err_nomem(e);
	(void)fs_list_dir(path, remove_entry, path, e);
	(void)fs_rmdir(path, e);
	free(path);
	return 0;
}

/* --- making -------------------------------------------------------------- */

static int write_into(const char *dir, const char *name, const void *bytes,
    size_t n, struct err *e)
{
	char *path = fs_join(dir, name);
	int rc = path == NULL ? err_nomem(e)
			      : fs_write_file(path, NULL, 0600, bytes, n, e);

	free(path);
	return rc;
}

static int write_manifest(const char *dir, const struct backup *b,
    struct err *e)
{
	struct strbuf out;
	struct json_writer w;
	int rc;

	strbuf_init(&out, REPORT_BYTES_MAX);
	json_write_init(&w, &out, 1);
	json_write_begin_object(&w);
	json_write_key(&w, "hfcron_backup");
	json_write_u64(&w, 1);
	report_time_json(&w, "made_at", b->made_at);
	json_write_key(&w, "reason");
	json_write_string(&w, b->reason);
	json_write_key(&w, "program");
	json_write_string(&w, PACKAGE_VERSION);
	json_write_key(&w, "state_dir");
	json_write_string(&w, b->state_dir);
	json_write_key(&w, "files");
	json_write_begin_array(&w);
	for (size_t i = 0; i < b->n; i++) {
		json_write_begin_object(&w);
		json_write_key(&w, "role");
		json_write_string(&w, backup_role_name(b->files[i].role));
		json_write_key(&w, "name");
		json_write_string(&w, b->files[i].name);
		json_write_key(&w, "path");
		json_write_string(&w, b->files[i].path);
		json_write_key(&w, "size");
		json_write_u64(&w, b->files[i].size);
		json_write_key(&w, "sha256");
		json_write_string(&w, b->files[i].sha256);
		json_write_end_object(&w);
	}
	json_write_end_array(&w);
	json_write_end_object(&w);
	strbuf_putc(&out, '\n');
	rc = strbuf_failed(&out)
	    ? err_nomem(e)
	    : write_into(dir, "manifest.json", out.text, out.len, e);
	strbuf_release(&out);
	return rc;
}

static int copy_store(struct session *s, const char *dir, struct backup_file *f,
    struct err *e)
{
	char *path = fs_join(dir, "store.mdb");
	int rc;

	if (path == NULL)
		return err_nomem(e);
	rc = store_copy(s->store, path, e);
	if (rc == 0)
		rc = backup_hash_file(path, f->sha256, &f->size, e);
	free(path);
	if (rc == -1)
		return -1;
	f->role = BACKUP_STORE;
	snprintf(f->name, sizeof(f->name), "store.mdb");
	f->path = session_state_path(s, "store");
	return f->path == NULL ? err_nomem(e) : 0;
}

/* Everything of it durable in the folder `dir`. */
static int fill(struct session *s, struct backup *b, struct sources *sources,
    bool with_store, const char *dir, struct err *e)
{
	b->files = calloc(sources->n + 1, sizeof(*b->files));
	if (b->files == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < sources->n; i++) {
		struct backup_file *f = &b->files[b->n++];

		*f = sources->files[i]; /* takes its memory */
		sources->files[i].path = NULL;
		if (write_into(dir, f->name, sources->bytes[i], (size_t)f->size,
			e) == -1)
			return -1;
	}
	if (with_store && copy_store(s, dir, &b->files[b->n], e) == -1)
		return -1;
	b->n += with_store;
	if (b->n == 0)
		return err_set(e, ERR_USAGE,
		    "there is nothing to back up: no configuration, no list, "
		    "no store");
	if (write_manifest(dir, b, e) == -1)
		return -1;
	return fs_sync_dir(dir, e);
}

static int give_number(const struct session *s, const char *root,
    const char *tmp, struct backup *b, struct err *e)
{
	struct backup *all;
	uint64_t highest;
	size_t n;

	if (backups_all(s, &all, &n, &highest, e) == -1)
		return -1;
	backups_free(all, n);
	b->number = highest + 1;
	b->dir = text_format("%s/%04llu", root, (unsigned long long)b->number);
	if (b->dir == NULL)
		return err_nomem(e);
	return fs_rename(tmp, b->dir, e) == -1 || fs_sync_dir(root, e) == -1
	    ? -1
	    : 0;
}

static int lock_set(const char *root, struct file_lock *lock, struct err *e)
{
	char *path = fs_join(root, ".lock");
	int rc = -1;

	if (path == NULL)
		return err_nomem(e);
	for (int tries = 1; tries <= LOCK_TRIES; tries++) {
		struct err why = ERR_INIT;

		rc = lock_try(lock, path, 0600, &why);
		*e = why;
		if (rc == 0 || why.kind != ERR_BUSY)
			break;
		clock_sleep_ms(LOCK_WAIT_MS);
	}
	free(path);
	return rc == -1 && e->kind == ERR_BUSY
	    ? err_set(e, ERR_BUSY, "another backup is being made in %s", root)
	    : rc;
}

static int make_in(struct session *s, const char *root, bool with_store,
    struct backup *b, struct err *e)
{
	struct sources *sources = read_sources(s, e);
	uint8_t random[8] = { 0 };
	char hex[17], *tmp;
	int rc = -1;

	if (sources == NULL)
		return -1;
	(void)entropy_fill(random, sizeof(random));
	hex_encode(random, sizeof(random), hex);
	tmp = text_format("%s/" NEW_PREFIX "%s", root, hex);
	if (tmp == NULL)
		err_nomem(e);
	else if (fs_mkdirs(tmp, 0700, e) == 0 &&
	    fill(s, b, sources, with_store, tmp, e) == 0)
		rc = give_number(s, root, tmp, b, e);
	if (rc == -1 && tmp != NULL) {
		struct err ignored = ERR_INIT;

		(void)fs_list_dir(tmp, remove_entry, tmp, &ignored);
		(void)fs_rmdir(tmp, &ignored);
	}
	free(tmp);
	sources_release(sources);
	return rc;
}

int backup_make(struct session *s, const char *reason, bool with_store,
    uint64_t spared, struct backup *made, struct err *e)
{
	struct file_lock lock = FILE_LOCK_INIT;
	struct err ignored = ERR_INIT;
	char *root = session_state_path(s, "backups");
	int rc = -1;

	memset(made, 0, sizeof(*made));
	made->made_at = clock_wall();
	snprintf(made->reason, sizeof(made->reason), "%s", reason);
	made->state_dir = text_dup(s->config.state_dir);
	if (root == NULL || made->state_dir == NULL) {
		err_nomem(e);
		goto out;
	}
	with_store = with_store && s->store != NULL &&
	    store_id(s->store)[0] != '\0';
	if (fs_mkdirs(root, 0700, e) == -1 || lock_set(root, &lock, e) == -1)
		goto out;
	(void)fs_list_dir(root, remove_unfinished, root, &ignored);
	rc = make_in(s, root, with_store, made, e);
	if (rc == 0)
		prune(s, reason, spared);
out:
	lock_release(&lock);
	free(root);
	if (rc == -1)
		backup_release(made);
	return rc;
}

/* --- only if something changed ------------------------------------------- */

static bool has_same(const struct backup *b, const struct sources *sources)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		if (b->files[i].role == BACKUP_STORE)
			continue;
		if (n == sources->n ||
		    strcmp(b->files[i].path, sources->files[n].path) != 0 ||
		    strcmp(b->files[i].sha256, sources->files[n].sha256) != 0)
			return false;
		n++;
	}
	return n == sources->n;
}

int backup_if_changed(struct session *s, struct err *e)
{
	struct sources *sources = read_sources(s, e);
	struct backup *all = NULL, made = { .files = NULL };
	uint64_t highest;
	size_t n = 0;
	int rc;

	if (sources == NULL)
		return -1;
	rc = backups_all(s, &all, &n, &highest, e);
	if (rc == 0 && sources->n > 0 &&
	    (n == 0 || !has_same(&all[n - 1], sources))) {
		rc = backup_make(s, BACKUP_CHANGED, false, 0, &made, e);
		backup_release(&made);
	}
	backups_free(all, n);
	sources_release(sources);
	return rc;
}
