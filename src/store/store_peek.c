/*
 * store_peek.c - one small value, read without leaving a trace: no lock file is
 * touched, nothing is written.
 *
 * Without LMDB's lock a writer may reuse pages under the reader.  It would have
 * to commit twice within some microseconds; the value is checksummed with its
 * key, so what is then read is no value, not a wrong one.
 */
#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "store/store.h"
#include "store/store_txn.h"

struct peek {
	const char *name;
	void *bytes;
	size_t size, n;
};

static int peek_work(struct store_txn *t, void *arg)
{
	struct peek *peek = arg;
	struct record_in in;
	int rc;

	rc = store_txn_table(t, TABLE_META, false);
	if (rc == 0)
		rc = store_txn_get(t, TABLE_META, peek->name,
		    strlen(peek->name), &in);
	if (rc != 0)
		return rc;
	peek->n = in.left;
	if (in.left <= peek->size)
		record_bytes(&in, peek->bytes, in.left);
	return 0;
}

static int peek(struct store *s, struct peek *peek)
{
	enum store_verdict verdict;
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	const char *why;

	/* A writer is at work or did not end in order: then it is to be walked
	 * before anybody follows its pages. */
	if (fs_lstat(s->paths.mark, &st, &ignored) == -1 ||
	    st.type != FS_ABSENT)
		return -1;
	if (store_check_owner(&s->paths, &ignored) == -1 ||
	    store_check_data(&s->paths, &verdict, &why, &ignored) == -1 ||
	    verdict != STORE_SOUND || store_env_open(s) != 0)
		return -1;
	return store_txn_run(s, false, peek_work, peek) == 0 ? 0 : -1;
}

int store_peek(const char *state_dir, const char *name, void *bytes,
    size_t size, size_t *n)
{
	struct peek call = { name, bytes, size, 0 };
	struct store *s = calloc(1, sizeof(*s));
	struct err ignored = ERR_INIT;
	int rc = -1;

	*n = 0;
	if (s == NULL)
		return -1;
	s->mode = STORE_READ_ONLY;
	s->is_peek = true;
	s->map_bytes = STORE_MAP_BYTES;
	if (store_paths_init(&s->paths, state_dir, &ignored) == 0)
		rc = peek(s, &call);
	store_env_close(s);
	store_paths_release(&s->paths);
	free(s);
	if (rc == 0)
		*n = call.n;
	return rc;
}
