/* store_check.c - is it safe to show this file to LMDB? */
#include "store/store_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "platform/fs.h"
#include "platform/lock.h"
#include "platform/process.h"

/*
 * The meta page of LMDB's data format 1, as its mdb.c lays it out: numbers in
 * the machine's own size and byte order.
 */
struct meta_db {
	uint32_t pad; /* of the free list: the page size */
	uint16_t flags;
	uint16_t depth;
	size_t branch_pages, leaf_pages, overflow_pages;
	size_t entries;
	size_t root;
};

struct meta_page {
	size_t page_number;
	uint16_t page_pad;
	uint16_t page_flags;
	uint32_t page_bounds;
	uint32_t magic;
	uint32_t version;
	size_t address;
	size_t map_bytes;
	struct meta_db free_list, main;
	size_t last_page;
	size_t txn;
};

enum {
	META_FLAG = 0x08,
	META_VERSION = 1,
	FREE_LIST_FLAGS = 0x08, /* MDB_INTEGERKEY; MDB_FIXEDMAP would be 1 */
	PAGE_BYTES_MIN = 512,
	PAGE_BYTES_MAX = 32768,
	DEPTH_MAX = 32 /* LMDB's cursor stack */
};

#define META_MAGIC UINT32_C(0xBEEFC0DE)

/* fs.h says ERR_DISK; of the store only a full disk is that. */
static int as_state(struct err *e)
{
	if (e->kind == ERR_DISK && !fs_is_full(e->os_code))
		e->kind = ERR_STATE;
	return -1;
}

int store_paths_init(struct store_paths *p, const char *state_dir,
    struct err *e)
{
	p->state_dir = text_dup(state_dir);
	p->dir = fs_join(state_dir, "store");
	p->data = fs_join(state_dir, "store/data.mdb");
	p->lock = fs_join(state_dir, "store/lock.mdb");
	p->mark = fs_join(state_dir, "store/writing");
	p->trial = fs_join(state_dir, "store/trial.tmp");
	if (p->state_dir != NULL && p->dir != NULL && p->data != NULL &&
	    p->lock != NULL && p->mark != NULL && p->trial != NULL)
		return 0;
	store_paths_release(p);
	return err_nomem(e);
}

void store_paths_release(struct store_paths *p)
{
	free(p->state_dir);
	free(p->dir);
	free(p->data);
	free(p->lock);
	free(p->mark);
	free(p->trial);
	memset(p, 0, sizeof(*p));
}

static int refuse(const char *path, const char *why, struct err *e)
{
	return err_set(e, ERR_STATE, "refusing to use %s: %s", path, why);
}

static int check_dir(const char *path, struct err *e)
{
	struct fs_stat st;

	if (fs_lstat(path, &st, e) == -1)
		return as_state(e);
	if (st.type == FS_ABSENT)
		return 0;
	if (st.type != FS_DIR)
		return refuse(path,
		    st.type == FS_LINK ? "it is a symbolic link"
				       : "it is not a directory",
		    e);
	if (st.uid != process_user_id())
		return refuse(path, "it belongs to another user", e);
	if ((st.mode & 022) != 0)
		return refuse(path, "others may write to it", e);
	return 0;
}

static int check_file(const char *path, struct err *e)
{
	struct fs_stat st;

	if (fs_lstat(path, &st, e) == -1)
		return as_state(e);
	if (st.type == FS_ABSENT)
		return 0;
	if (st.type != FS_FILE)
		return refuse(path,
		    st.type == FS_LINK ? "it is a symbolic link"
				       : "it is not a regular file",
		    e);
	if (st.links != 1)
		return refuse(path, "it has more than one name", e);
	if (st.uid != process_user_id())
		return refuse(path, "it belongs to another user", e);
	if ((st.mode & 022) != 0)
		return refuse(path, "others may write to it", e);
	return 0;
}

int store_check_owner(const struct store_paths *p, struct err *e)
{
	struct fs_space space;
	struct fs_stat st;

	if (fs_stat(p->state_dir, &st, e) == -1)
		return as_state(e);
	if (st.type != FS_ABSENT && st.type != FS_DIR)
		return refuse(p->state_dir, "it is not a directory", e);
	/* Whoever may rename in it can give us another store.  A group may,
	 * where each user has one (umask 002). */
	if (st.type == FS_DIR && st.uid != process_user_id() && st.uid != 0)
		return refuse(p->state_dir, "it belongs to another user", e);
	if (st.type == FS_DIR && (st.mode & 002) != 0)
		return refuse(p->state_dir, "everybody may write to it", e);
	if (fs_space(p->state_dir, &space, e) == -1)
		return as_state(e);
	if (space.network)
		return err_set(e, ERR_STATE,
		    "refusing to use %s: it is on a "
		    "network file system (%s), which LMDB cannot work on; set "
		    "state_dir to a local one",
		    p->dir, space.type_name);
	if (check_dir(p->dir, e) == -1 || check_file(p->data, e) == -1 ||
	    check_file(p->lock, e) == -1)
		return -1;
	return 0;
}

static const char *meta_problem(const struct meta_page *m, unsigned index,
    uint32_t page_bytes)
{
	if ((m->page_flags & META_FLAG) == 0 || m->magic != META_MAGIC)
		return "it is not an LMDB file";
	if (m->version != META_VERSION)
		return "it has another format of LMDB";
	if (page_bytes < PAGE_BYTES_MIN || page_bytes > PAGE_BYTES_MAX ||
	    (page_bytes & (page_bytes - 1)) != 0 ||
	    m->free_list.pad != page_bytes)
		return "its page size is impossible";
	if (m->map_bytes > STORE_MAP_MAX_BYTES)
		return "its map size is impossible";
	if (m->free_list.flags != FREE_LIST_FLAGS || m->main.flags != 0)
		return "its flags are impossible";
	/* A transaction goes to the page that its number's parity names. */
	if (m->txn != 0 && (m->txn & 1) != index)
		return "its transaction numbers are impossible";
	return NULL;
}

static bool root_is_bad(const struct meta_db *db, size_t last_page)
{
	return db->depth > DEPTH_MAX ||
	    (db->root != SIZE_MAX && (db->root < 2 || db->root > last_page));
}

/* `meta`: both pages; file_bytes: taken after they were read. */
static const char *file_problem(const struct meta_page meta[2],
    uint64_t file_bytes)
{
	const uint32_t page_bytes = meta[0].free_list.pad;
	const struct meta_page *newest;
	const char *why;
	unsigned i;

	for (i = 0; i < 2; i++) {
		why = meta_problem(&meta[i], i, page_bytes);
		if (why != NULL)
			return why;
		if (meta[i].last_page < 1 ||
		    meta[i].last_page >= file_bytes / page_bytes)
			return "it is cut off";
	}
	/* Only of the one in use: the other may be half of a failed commit. */
	newest = &meta[meta[1].txn > meta[0].txn];
	if (root_is_bad(&newest->free_list, newest->last_page) ||
	    root_is_bad(&newest->main, newest->last_page))
		return "its roots are impossible";
	return NULL;
}

/* Both meta pages; *why says so if they are not there. */
static int read_meta(int fd, const char *path, struct meta_page meta[2],
    const char **why, struct err *e)
{
	uint64_t at = 0;
	size_t got;
	int i;

	for (i = 0; i < 2; i++) {
		if (fs_pread(fd, &meta[i], sizeof(meta[i]), at, &got, path,
			e) == -1)
			return as_state(e);
		if (got < sizeof(meta[i])) {
			*why = "it is cut off";
			return 0;
		}
		at = meta[0].free_list.pad;
		if (at < PAGE_BYTES_MIN || at > PAGE_BYTES_MAX)
			at = PAGE_BYTES_MIN; /* told by meta_problem */
	}
	return 0;
}

int store_check_data(const struct store_paths *p, enum store_verdict *verdict,
    const char **why, struct err *e)
{
	struct meta_page meta[2];
	struct fs_stat st;
	const char *problem = NULL;
	int fd = -1, rc = -1;

	memset(meta, 0, sizeof(meta));
	if (fs_lstat(p->data, &st, e) == -1)
		return as_state(e);
	*verdict = STORE_ABSENT;
	if (st.type == FS_ABSENT || st.size == 0)
		return 0;
	if (fs_open_read(p->data, &fd, e) == -1) {
		(void)as_state(e);
		goto out;
	}
	if (read_meta(fd, p->data, meta, &problem, e) == -1)
		goto out;
	/* The size after the pages: a writer only ever adds. */
	if (fs_fstat(fd, &st, e) == -1) {
		(void)as_state(e);
		goto out;
	}
	if (problem == NULL)
		problem = file_problem(meta, st.size);
	*verdict = problem == NULL ? STORE_SOUND : STORE_DAMAGED;
	if (problem != NULL)
		*why = problem;
	rc = 0;
out:
	fs_close(&fd);
	return rc;
}

/* --- setting aside ------------------------------------------------------- */

#define BAD_PREFIX "store.bad-"

/*
 * The byte that every process with the store open holds a shared lock on; for
 * ourselves alone if nobody has.  The descriptor is the caller's.
 */
int store_lock_alone(const struct store_paths *p, int *fd, struct err *e)
{
	if (lock_first_byte(p->lock, fd, e) == 0)
		return 0;
	if (e->kind == ERR_BUSY)
		return err_set(e, ERR_BUSY, "another process uses the store %s",
		    p->dir);
	e->kind = ERR_STATE;
	return -1;
}

struct bad_names {
	const struct store_paths *paths;
	char *kept[STORE_BAD_KEPT]; /* own; the latest seen */
};

/* Names come sorted, and they sort by time. */
static int keep_latest(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct bad_names *b = cookie;
	char *path;
	int rc = 0;

	if (type != FS_FILE || !text_starts(name, BAD_PREFIX))
		return 0;
	path = fs_join(b->paths->state_dir, name);
	if (path == NULL)
		return err_nomem(e);
	if (b->kept[0] != NULL)
		rc = fs_unlink(b->kept[0], e);
	free(b->kept[0]);
	memmove(b->kept, b->kept + 1,
	    (STORE_BAD_KEPT - 1) * sizeof(b->kept[0]));
	b->kept[STORE_BAD_KEPT - 1] = path;
	return rc;
}

/* What cannot be removed is in nobody's way. */
static void drop_oldest(const struct store_paths *p)
{
	struct bad_names b = { .paths = p };
	struct err ignored = ERR_INIT;
	int i;

	(void)fs_list_dir(p->state_dir, keep_latest, &b, &ignored);
	for (i = 0; i < STORE_BAD_KEPT; i++)
		free(b.kept[i]);
}

static char *bad_path(const struct store_paths *p, struct wall now)
{
	struct civil c;

	instant_to_civil(now.s == WALL_NONE ? 0 : now.s, &c);
	return text_format("%s/" BAD_PREFIX "%04lld%02d%02dT%02d%02d%02dZ",
	    p->state_dir, (long long)c.year, c.month, c.day, c.hour, c.minute,
	    c.second);
}

int store_set_aside(const struct store_paths *p, struct wall now, bool anyway,
    char name[ERR_TEXT_MAX], struct err *e)
{
	enum store_verdict verdict = STORE_DAMAGED;
	const char *why = "";
	char *to = NULL;
	int fd = -1, rc = -1;

	name[0] = '\0';
	if (store_lock_alone(p, &fd, e) == -1)
		return e->kind == ERR_BUSY ? err_wrap(e, "the store is damaged")
					   : -1;
	if (!anyway && store_check_data(p, &verdict, &why, e) == -1)
		goto out;
	if (verdict != STORE_DAMAGED) {
		rc = 0;
		goto out;
	}
	to = bad_path(p, now);
	if (to == NULL) {
		(void)err_nomem(e);
		goto out;
	}
	if (fs_rename(p->data, to, e) == -1 || fs_sync_dir(p->dir, e) == -1 ||
	    fs_sync_dir(p->state_dir, e) == -1) {
		(void)as_state(e);
		goto out;
	}
	(void)snprintf(name, ERR_TEXT_MAX, "%s", to);
	drop_oldest(p);
	rc = 0;
out:
	free(to);
	fs_close(&fd);
	return rc;
}
