/* store_sweep.c - mending after records were found damaged. */
#include "store/store_sweep.h"

#include "store/store_codec.h"
#include "store/store_txn.h"

static bool is_damaged(const uint8_t *key, size_t key_n, struct record_in *in,
    void *cookie)
{
	(void)key_n;
	(void)cookie;
	/* Without its header the whole store would be in doubt. */
	return in == NULL && key[0] != '.';
}

int store_sweep(struct store *s, struct err *e)
{
	int i;

	for (i = 0; i < STORE_TABLES; i++)
		if (store_txn_prune(s, (enum store_table)i, NULL, 0, is_damaged,
			NULL, e) == -1)
			return -1;
	return store_jobs_reindex(s, e);
}
