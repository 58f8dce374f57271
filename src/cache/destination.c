/* destination.c - one of two layouts; what both rely on is checked here. */
#include "cache/destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cache/hub_cache.h"
#include "cache/local_dir.h"

enum { STORE_ID_DIGITS = 8 };

struct destination {
	bool is_local;
	struct hub_cache cache; /* this one */
	struct local_dir dir;	/* or, if is_local, that one */
};

struct destination *destination_new(const char *cache_dir,
    const char *local_dir, enum repo_type type, const char *id,
    const char *store_id, struct err *e)
{
	const char *problem = repo_id_problem(id);
	struct destination *d;
	int rc;

	if (problem != NULL) {
		(void)err_set(e, ERR_PERMANENT, "the name \"%s\": %s", id,
		    problem);
		return NULL;
	}
	if (!hex_is_lower(store_id, STORE_ID_DIGITS)) {
		(void)ERR_BUG_HERE(e, "a store's id is 8 hex digits");
		return NULL;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL) {
		(void)err_nomem(e);
		return NULL;
	}
	d->is_local = local_dir != NULL;
	rc = d->is_local
	    ? local_dir_init(&d->dir, local_dir, cache_dir, type, id, store_id,
		  e)
	    : hub_cache_init(&d->cache, cache_dir, type, id, store_id, e);
	if (rc == -1) {
		free(d);
		return NULL;
	}
	return d;
}

void destination_free(struct destination *d)
{
	if (d == NULL)
		return;
	if (d->is_local)
		local_dir_release(&d->dir);
	else
		hub_cache_release(&d->cache);
	free(d);
}

const char *destination_root(const struct destination *d)
{
	return d->is_local ? d->dir.root : d->cache.root;
}

const char *destination_partial_dir(const struct destination *d)
{
	return d->is_local ? d->dir.download : d->cache.blobs;
}

bool destination_is_local_dir(const struct destination *d)
{
	return d->is_local;
}

/* Hashes become names: nothing else may (hub.md section 12). */
static bool is_blob(const struct remote_file *file)
{
	const char *blob = remote_file_blob(file);

	return hex_is_lower(blob, 40) || hex_is_lower(blob, 64);
}

static int check(const char *commit, const struct remote_file *file,
    struct err *e)
{
	if (!repo_is_commit(commit))
		return ERR_BUG_HERE(e, "not a commit");
	return is_blob(file) ? 0 : ERR_BUG_HERE(e, "not a blob's name");
}

int destination_prepare(struct destination *d, struct err *e)
{
	return d->is_local ? local_dir_prepare(&d->dir, e)
			   : hub_cache_prepare(&d->cache, e);
}

int destination_inspect(struct destination *d, const char *commit,
    const struct remote_file *file, struct local_file *local,
    struct fs_stat *content, struct err *e)
{
	if (check(commit, file, e) == -1)
		return -1;
	return d->is_local
	    ? local_dir_inspect(&d->dir, commit, file, local, content, e)
	    : hub_cache_inspect(&d->cache, commit, file, local, content, e);
}

char *destination_content_path(struct destination *d, const char *commit,
    const struct remote_file *file)
{
	if (!repo_is_commit(commit) || !is_blob(file))
		return NULL;
	return d->is_local ? local_dir_content_path(&d->dir, commit, file)
			   : hub_cache_content_path(&d->cache, commit, file);
}

char *destination_partial_path(struct destination *d,
    const struct remote_file *file)
{
	if (!is_blob(file))
		return NULL;
	return d->is_local ? local_dir_partial_path(&d->dir, file)
			   : hub_cache_partial_path(&d->cache, file);
}

int destination_lock(struct destination *d, const struct remote_file *file,
    struct file_lock *lock, struct err *e)
{
	if (!is_blob(file))
		return ERR_BUG_HERE(e, "not a blob's name");
	return d->is_local ? local_dir_lock(&d->dir, file, lock, e)
			   : hub_cache_lock(&d->cache, file, lock, e);
}

int destination_accept(struct destination *d, const struct remote_file *file,
    struct err *e)
{
	if (!is_blob(file))
		return ERR_BUG_HERE(e, "not a blob's name");
	return d->is_local ? local_dir_accept(&d->dir, file, e)
			   : hub_cache_accept(&d->cache, file, e);
}

int destination_settle(struct destination *d, struct err *e)
{
	return d->is_local ? local_dir_settle(&d->dir, e)
			   : hub_cache_settle(&d->cache, e);
}

int destination_set_aside(struct destination *d, const char *commit,
    const struct remote_file *file, struct wall now, struct err *e)
{
	if (check(commit, file, e) == -1)
		return -1;
	return d->is_local
	    ? local_dir_set_aside(&d->dir, commit, file, now, e)
	    : hub_cache_set_aside(&d->cache, commit, file, now, e);
}

int destination_place(struct destination *d, const char *commit,
    const struct remote_file *file, struct wall now, struct fs_stat *content,
    struct err *e)
{
	if (check(commit, file, e) == -1)
		return -1;
	return d->is_local
	    ? local_dir_place(&d->dir, commit, file, now, content, e)
	    : hub_cache_place(&d->cache, commit, file, now, content, e);
}

/* It becomes the name of a file below refs/. */
static int check_revision(const char *revision, struct err *e)
{
	const char *problem;

	if (repo_revision_problem(revision) != NULL)
		return ERR_BUG_HERE(e, "a revision that is no safe name");
	problem = remote_path_unfit(fs_names_are_windows() ? REMOTE_ON_WINDOWS
							   : REMOTE_ON_UNIX,
	    revision, strlen(revision));
	return problem == NULL
	    ? 0
	    : err_set(e, ERR_PERMANENT, "the revision \"%s\" %s", revision,
		  problem);
}

int destination_publish(struct destination *d,
    const struct remote_listing *listing, const char *revision, struct err *e)
{
	if (!repo_is_commit(listing->commit))
		return ERR_BUG_HERE(e, "a listing without its commit");
	if (check_revision(revision, e) == -1)
		return -1;
	return d->is_local ? local_dir_publish(&d->dir, listing, e)
			   : hub_cache_publish(&d->cache, listing, revision, e);
}

int destination_ref(struct destination *d, const char *revision,
    char commit[41], struct err *e)
{
	commit[0] = '\0';
	if (d->is_local)
		return 0;
	if (check_revision(revision, e) == -1)
		return -1;
	return hub_cache_ref(&d->cache, revision, commit, e);
}

int destination_ref_time(struct destination *d, const char *revision,
    struct wall *changed, struct err *e)
{
	changed->s = WALL_NONE;
	if (d->is_local)
		return 0;
	if (check_revision(revision, e) == -1)
		return -1;
	return hub_cache_ref_time(&d->cache, revision, changed, e);
}

char *destination_snapshot_path(const struct destination *d, const char *commit)
{
	return d->is_local ? text_dup(d->dir.root)
			   : hub_cache_snapshot_path(&d->cache, commit);
}

int destination_read_tree(struct destination *d, const char *commit,
    struct remote_listing *out, bool *found, struct err *e)
{
	*found = false;
	if (!repo_is_commit(commit))
		return ERR_BUG_HERE(e, "not a commit");
	return d->is_local
	    ? local_dir_read_tree(&d->dir, commit, out, found, e)
	    : hub_cache_read_tree(&d->cache, commit, out, found, e);
}
