/* store_env.c - opening and closing the LMDB environment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "platform/map_file.h"
#include "platform/process.h"
#include "store/store_txn.h"

enum {
	MAP_BYTES_MIN = 1024 * 1024, /* below it, want of memory is final */
	EXIT_UNUSABLE = 4	     /* the exit status for a bad store */
};

/*
 * LMDB found a page that cannot be.  It cannot go on, nor can it be left; the
 * default is abort().  What can be rebuilt is put out of the way for the next
 * run.
 */
static void on_assert(MDB_env *env, const char *msg)
{
	struct store *s = mdb_env_get_userctx(env);
	struct err e = ERR_INIT;
	char name[ERR_TEXT_MAX] = "";

	if (s->mode == STORE_WRITE && !s->is_copy &&
	    store_set_aside(&s->paths, s->now, true, name, &e) == -1)
		(void)fprintf(stderr, "hfcron: %s\n", e.text);
	(void)fprintf(stderr, "hfcron: the store %s is damaged (%s)%s%s\n",
	    s->paths.dir, msg, name[0] == '\0' ? "" : "; set aside as ", name);
	process_leave(EXIT_UNUSABLE);
}

static int env_configure(struct store *s, size_t map_bytes)
{
	int rc;

	rc = mdb_env_set_userctx(s->env, s);
	if (rc == 0)
		rc = mdb_env_set_assert(s->env, on_assert);
	if (rc == 0)
		rc = mdb_env_set_maxdbs(s->env, STORE_TABLES);
	if (rc == 0)
		rc = mdb_env_set_mapsize(s->env, map_bytes);
	return rc;
}

/* LMDB leaves the data descriptor to be inherited. */
static int close_on_exec(MDB_env *env)
{
	mdb_filehandle_t file;
	int rc = mdb_env_get_fd(env, &file);

	return rc != 0 ? rc : map_file_keep((intptr_t)file);
}

static int open_path(MDB_env *env, const char *path, unsigned flags)
{
	char *file = map_file_path(path);
	int rc = file == NULL ? ENOMEM : mdb_env_open(env, file, flags, 0600);

	free(file);
	return rc;
}

/* The code is LMDB's. */
static int try_open(struct store *s, unsigned flags, size_t map_bytes)
{
	int dead, rc;

	rc = mdb_env_create(&s->env);
	if (rc != 0) {
		s->env = NULL;
		return rc;
	}
	rc = env_configure(s, map_bytes);
	if (rc == 0)
		rc = open_path(s->env,
		    s->is_copy ? s->paths.data : s->paths.dir, flags);
	if (rc == 0)
		rc = close_on_exec(s->env);
	/* Readers that were killed keep old pages alive for ever. */
	if (rc == 0)
		rc = mdb_reader_check(s->env, &dead);
	if (rc != 0)
		store_env_close(s);
	return rc;
}

static bool has_lock_file(const struct store *s)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	return fs_lstat(s->paths.lock, &st, &ignored) == 0 &&
	    st.type == FS_FILE;
}

/* On Windows LMDB's first user makes its mutexes and the others open them by
 * name, which the last user may have closed just then.  A copy has no locks. */
static int open_once(struct store *s, unsigned flags, size_t map_bytes)
{
	int rc, tries = 0;

	do
		rc = try_open(s, flags, map_bytes);
	while (rc != 0 && (flags & MDB_NOLOCK) == 0 && has_lock_file(s) &&
	    map_file_wait_if_closing(rc, tries++));
	return map_file_errno(rc);
}

/*
 * Where a file takes the space of its whole map, the map begins small, and no
 * smaller than the file: others may have that in use, and cannot lose its end.
 */
static size_t first_map(const struct store *s)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	if (!map_file_takes_space())
		return s->map_bytes;
	if (fs_lstat(s->paths.data, &st, &ignored) == -1 ||
	    st.size < STORE_MAP_BYTES_SMALL)
		return STORE_MAP_BYTES_SMALL;
	return st.size < STORE_MAP_MAX_BYTES ? (size_t)st.size
					     : STORE_MAP_MAX_BYTES;
}

int store_env_open(struct store *s)
{
	const unsigned flags = MDB_NOTLS |
	    (s->mode == STORE_READ_ONLY ? MDB_RDONLY : 0);
	struct err ignored = ERR_INIT;
	size_t map_bytes = first_map(s);
	struct fs_stat st;
	int rc;

	if (s->is_peek)
		return open_once(s, flags | MDB_NOLOCK, map_bytes);
	if (s->is_copy)
		return open_once(s,
		    flags | MDB_NOSUBDIR | MDB_NOLOCK |
			(s->mode == STORE_WRITE ? MDB_NOSYNC : 0),
		    map_bytes);
	/* Without a lock file nobody else is at it, and none is left behind. */
	if (s->mode == STORE_READ_ONLY &&
	    (fs_lstat(s->paths.lock, &st, &ignored) == -1 ||
		st.type == FS_ABSENT))
		return open_once(s, flags | MDB_NOLOCK, map_bytes);
	for (;;) {
		rc = open_once(s, flags, map_bytes);
		if (rc != ENOMEM || map_bytes / 2 < MAP_BYTES_MIN)
			break;
		map_bytes /= 2; /* an address space limit */
	}
	if (s->mode == STORE_READ_ONLY && (rc == EACCES || rc == EROFS))
		rc = open_once(s, flags | MDB_NOLOCK, map_bytes);
	return rc;
}

void store_env_close(struct store *s)
{
	if (s->env != NULL)
		mdb_env_close(s->env);
	s->env = NULL;
}
