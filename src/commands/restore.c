/*
 * restore.c - put a backup back: lists and configuration where they were, and
 * the store.  What they replace becomes a backup first.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/backup_set.h"
#include "commands/report.h"
#include "commands/verbs.h"
#include "platform/fs.h"

struct restore {
	struct session session;
	struct backup backup;
	char *owner;   /* own; of the store: the configuration's real path */
	bool *same;    /* own; of backup.files: already so on disk */
	uint64_t kept; /* the backup of what was replaced; 0: none */
};

/* --- which one ----------------------------------------------------------- */

static int find_number(struct restore *r, uint64_t number, struct err *e)
{
	struct backup *all;
	uint64_t highest;
	size_t n, i = 0;

	if (backups_all(&r->session, &all, &n, &highest, e) == -1)
		return -1;
	while (i < n && all[i].number != number)
		i++;
	if (i < n) {
		r->backup = all[i]; /* takes its memory */
		all[i] = all[--n];
	} else {
		(void)err_set(e, ERR_USAGE,
		    "there is no backup %llu in %s/backups; hfcron restore "
		    "lists them",
		    (unsigned long long)number, r->session.config.state_dir);
	}
	backups_free(all, n);
	return r->backup.dir == NULL ? -1 : 0;
}

static int find_backup(struct restore *r, const char *word, struct err *e)
{
	uint64_t number;

	if (num_parse_u64(word, strlen(word), UINT32_MAX, &number) == 0)
		return find_number(r, number, e);
	return backup_read(word, &r->backup, e);
}

/* --- may it go there ----------------------------------------------------- */

static bool is_path(const char *path, const char *real)
{
	struct err ignored = ERR_INIT;
	char *own = fs_realpath(path, &ignored);
	bool same = own != NULL && strcmp(own, real) == 0;

	free(own);
	return same;
}

static bool is_configured(const struct config *c, const struct backup_file *f)
{
	if (f->role == BACKUP_CONFIGURATION)
		return c->file != NULL && is_path(c->file, f->path);
	for (size_t i = 0; i < c->n_model_files; i++)
		if (is_path(c->model_files[i], f->path))
			return true;
	return false;
}

static int check_paths(const struct restore *r, struct err *e)
{
	const struct config *c = &r->session.config;
	const struct backup *b = &r->backup;

	if (!is_path(c->state_dir, b->state_dir) &&
	    strcmp(c->state_dir, b->state_dir) != 0)
		return err_set(e, ERR_CONFIG,
		    "the backup %s was made for the state_dir %s, the "
		    "configuration now names %s; nothing was restored",
		    b->dir, b->state_dir, c->state_dir);
	for (size_t i = 0; i < b->n; i++)
		if (b->files[i].role != BACKUP_STORE &&
		    !is_configured(c, &b->files[i]))
			return err_set(e, ERR_CONFIG,
			    "the backup's %s %s is not one that is configured "
			    "now; nothing was restored.  By hand: cp %s/%s %s",
			    backup_role_name(b->files[i].role),
			    b->files[i].path, b->dir, b->files[i].name,
			    b->files[i].path);
	return 0;
}

static char *file_path(const struct backup *b, const struct backup_file *f)
{
	return fs_join(b->dir, f->name);
}

static int check_store(const struct restore *r, struct err *e)
{
	const struct backup_file *f = backup_find(&r->backup, BACKUP_STORE);
	char *path;
	int rc;

	if (f == NULL)
		return 0;
	path = file_path(&r->backup, f);
	rc = path == NULL ? err_nomem(e) : store_copy_check(path, r->owner, e);
	free(path);
	return rc;
}

/* Which files are already as they were backed up; a store never is. */
static int compare(struct restore *r, struct err *e)
{
	const struct backup *b = &r->backup;
	char sha256[65];
	uint64_t size;

	r->same = calloc(b->n, sizeof(*r->same));
	if (r->same == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < b->n; i++) {
		struct err absent = ERR_INIT;

		if (b->files[i].role == BACKUP_STORE)
			continue;
		r->same[i] = backup_hash_file(b->files[i].path, sha256, &size,
				 &absent) == 0 &&
		    strcmp(sha256, b->files[i].sha256) == 0;
	}
	return 0;
}

/* --- putting back -------------------------------------------------------- */

/* With the mode of what it replaces. */
static int put_file(const struct backup *b, const struct backup_file *f,
    struct err *e)
{
	char *from = file_path(b, f), *bytes = NULL, *dir = NULL;
	struct fs_stat st;
	size_t n;
	int rc = -1;

	if (from == NULL || (dir = fs_dirname(f->path)) == NULL)
		err_nomem(e);
	else if (fs_stat(f->path, &st, e) == 0 &&
	    fs_mkdirs(dir, 0777, e) == 0 &&
	    fs_read_file(from, (size_t)f->size, &bytes, &n, e) == 0)
		rc = fs_write_file(f->path, NULL,
		    st.type == FS_FILE ? st.mode : 0644, bytes, n, e);
	free(bytes);
	free(dir);
	free(from);
	return rc;
}

static int put_store(const struct restore *r, const struct backup_file *f,
    struct err *e)
{
	char *from = file_path(&r->backup, f);
	int rc;

	if (from == NULL)
		return err_nomem(e);
	rc = store_copy_restore(from, r->session.config.state_dir, r->owner, e);
	free(from);
	return rc;
}

static int put_all(const struct restore *r, struct err *e)
{
	const struct backup *b = &r->backup;

	for (size_t i = 0; i < b->n; i++) {
		int rc = 0;

		if (b->files[i].role == BACKUP_STORE)
			rc = put_store(r, &b->files[i], e);
		else if (!r->same[i])
			rc = put_file(b, &b->files[i], e);
		if (rc == -1)
			return err_wrap(e,
			    "restoring stopped (what was there is backup %llu)",
			    (unsigned long long)r->kept);
	}
	return 0;
}

/* The store is closed again: it is to be replaced. */
static int keep_present(struct restore *r, struct err *e)
{
	struct session *s = &r->session;
	struct backup kept;

	if (session_open_store(s, STORE_READ_ONLY) == -1)
		return -1;
	if (backup_make(s, BACKUP_RESTORE, true, r->backup.number, &kept, e) ==
	    -1)
		return session_fail(s, e);
	r->kept = kept.number;
	backup_release(&kept);
	store_close(s->store);
	s->store = NULL;
	return 0;
}

static int lock_run(struct restore *r)
{
	struct err e = ERR_INIT;

	if (session_lock(&r->session) == 0)
		return 0;
	if (r->session.status != EXIT_DONE)
		return -1;
	(void)err_set(&e, ERR_TRANSIENT,
	    "a run is at work; restore when it has ended, or after hfcron "
	    "stop");
	return session_fail(&r->session, &e);
}

/* --- telling ------------------------------------------------------------- */

static const char *action(const struct restore *r, size_t i)
{
	if (r->backup.files[i].role != BACKUP_STORE && r->same[i])
		return "unchanged";
	return r->session.cli->dry_run ? "would be replaced" : "replaced";
}

static void say_json(const struct restore *r)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "restore");
	json_write_key(&w, "dry_run");
	json_write_bool(&w, r->session.cli->dry_run);
	json_write_key(&w, "backup");
	backup_json(&w, &r->backup);
	json_write_key(&w, "kept_as");
	if (r->kept > 0)
		json_write_u64(&w, r->kept);
	else
		json_write_null(&w);
	json_write_key(&w, "replaced");
	json_write_begin_array(&w);
	for (size_t i = 0; i < r->backup.n; i++)
		if (r->backup.files[i].role == BACKUP_STORE || !r->same[i])
			json_write_string(&w, r->backup.files[i].path);
	json_write_end_array(&w);
	(void)report_end(&w, &out, EXIT_DONE);
}

static void say(const struct restore *r)
{
	char when[INSTANT_TEXT_MAX];

	if (r->session.cli->json) {
		say_json(r);
		return;
	}
	if (r->session.cli->quiet && !r->session.cli->dry_run)
		return;
	printf("backup %s of %s\n", r->backup.dir,
	    report_local(&r->session, "local", r->backup.made_at, when));
	for (size_t i = 0; i < r->backup.n; i++)
		printf("  %-17s  %s\n", action(r, i), r->backup.files[i].path);
	if (r->kept > 0)
		printf("what was there is backup %llu\n",
		    (unsigned long long)r->kept);
}

/* --- the verb ------------------------------------------------------------ */

static int restore(struct restore *r, const char *word, struct err *e)
{
	struct session *s = &r->session;

	if (find_backup(r, word, e) == -1)
		return -1;
	r->owner = s->config.file == NULL ? text_dup("")
					  : fs_realpath(s->config.file, e);
	if (r->owner == NULL)
		return e->kind == ERR_NONE ? err_nomem(e) : -1;
	if (check_paths(r, e) == -1 || backup_verify(&r->backup, e) == -1 ||
	    check_store(r, e) == -1 || compare(r, e) == -1)
		return -1;
	if (s->cli->dry_run) {
		say(r);
		return 0;
	}
	/* Said already. */
	if (lock_run(r) == -1 || keep_present(r, e) == -1)
		return 0;
	if (put_all(r, e) == -1)
		return -1;
	say(r);
	return 0;
}

int verb_restore(const struct cli *cli)
{
	struct restore *r = calloc(1, sizeof(*r));
	struct err e = ERR_INIT;
	int status;

	if (r == NULL) {
		fputs("hfcron: out of memory\n", stderr);
		return EXIT_RETRY;
	}
	session_init(&r->session, cli);
	if (session_load(&r->session, false) == 0) {
		if (cli->n_words == 0)
			(void)backup_list(&r->session, "restore");
		else if (restore(r, cli->words[0], &e) == -1) {
			if (e.kind == ERR_BUSY)
				e.kind = ERR_TRANSIENT;
			(void)session_fail(&r->session, &e);
		}
	} else if (cli->n_words > 0) {
		/* Which state_dir it meant, nobody knows. */
		fputs("hfcron: to have an older configuration back, copy "
		      "hfcron.yaml from one of the folders in\n"
		      "state_dir/backups by hand\n",
		    stderr);
	}
	status = (int)r->session.status;
	backup_release(&r->backup);
	free(r->owner);
	free(r->same);
	session_close(&r->session);
	free(r);
	return status;
}
