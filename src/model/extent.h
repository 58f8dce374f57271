/* extent.h - a byte range known to be on disk.  Plain data. */
#ifndef HFCRON_MODEL_EXTENT_H
#define HFCRON_MODEL_EXTENT_H

#include <stdint.h>

struct extent {
	uint64_t from, to; /* [from, to), from < to */
};

#endif
