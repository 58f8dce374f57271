/* store_copy.c - hot copies of the store, and putting one in place. */
#include <stdlib.h>

#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/map_file.h"
#include "store/store_txn.h"

enum { LOCK_TRIES = 40, LOCK_WAIT_MS = 50 };

static int copy_env(struct store *s, int fd)
{
	mdb_filehandle_t file = (mdb_filehandle_t)map_file_of(fd);
	int rc = mdb_env_copyfd2(s->env, file, MDB_CP_COMPACT);

	/* It counts pages and wants none to be missing; all else is well then,
	 * and a copy of every page is as good. */
	if (rc != MDB_INCOMPATIBLE)
		return rc;
	rc = map_file_restart(fd);
	return rc != 0 ? rc : mdb_env_copyfd2(s->env, file, 0);
}

static int nothing(struct store_txn *t, void *arg)
{
	(void)t;
	(void)arg;
	return 0;
}

int store_copy(struct store *s, const char *to, struct err *e)
{
	struct err ignored = ERR_INIT;
	int code, fd = -1, rc = -1;

	if (s->id[0] == '\0')
		return ERR_BUG_HERE(e, "copying an absent store");
	/* For the remedies: another process may have made it larger. */
	if (store_txn_read(s, nothing, NULL, e) == -1)
		return -1;
	if (fs_open_rw(to, true, &fd, e) == -1)
		return -1;
	code = copy_env(s, fd);
	if (code != 0)
		rc = store_txn_error(s, code, e);
	else
		rc = fs_sync(fd, to, e);
	fs_close(&fd);
	if (rc == 0)
		rc = store_copy_check(to, s->owner, e);
	if (rc == -1)
		(void)fs_unlink(to, &ignored);
	return rc;
}

/* `status` and `plan` have it open for a moment. */
static int wait_alone(const struct store_paths *p, int *fd, struct err *e)
{
	int tries;

	for (tries = 1;; tries++) {
		struct err why = ERR_INIT;

		if (store_lock_alone(p, fd, &why) == 0)
			return 0;
		if (why.kind != ERR_BUSY || tries == LOCK_TRIES) {
			*e = why;
			return -1;
		}
		clock_sleep_ms(LOCK_WAIT_MS);
	}
}

static int put_in_place(const struct store_paths *p, const char *from,
    const char *tmp, struct err *e)
{
	struct err ignored = ERR_INIT;
	int fd = -1, rc;

	if (fs_unlink(tmp, e) == -1 || fs_copy_file(from, tmp, 0600, e) == -1)
		return -1;
	rc = wait_alone(p, &fd, e);
	if (rc == 0)
		rc = fs_rename(tmp, p->data, e);
	if (rc == 0 &&
	    (fs_sync_dir(p->dir, e) == -1 ||
		fs_sync_dir(p->state_dir, e) == -1))
		rc = -1;
	fs_close(&fd);
	if (rc == -1)
		(void)fs_unlink(tmp, &ignored);
	return rc;
}

int store_copy_restore(const char *from, const char *state_dir,
    const char *owner, struct err *e)
{
	struct store_paths p;
	char *tmp = NULL;
	int rc = -1;

	if (store_paths_init(&p, state_dir, e) == -1)
		return -1;
	if (store_check_owner(&p, e) == -1 || fs_mkdirs(p.dir, 0700, e) == -1 ||
	    store_check_owner(&p, e) == -1 ||
	    store_copy_check(from, owner, e) == -1)
		goto out;
	tmp = fs_join(p.dir, "restore.tmp");
	rc = tmp == NULL ? err_nomem(e) : put_in_place(&p, from, tmp, e);
out:
	free(tmp);
	store_paths_release(&p);
	return rc;
}
