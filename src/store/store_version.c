#include <lmdb.h>
#include <stddef.h>

#include "store/store.h"

const char *store_library_version(void)
{
	return mdb_version(NULL, NULL, NULL);
}
