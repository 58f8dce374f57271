/* upstream.c - has a repository lost what made it worth having? */
#include "plan/upstream.h"

enum { FILES_SHARE = 2, BYTES_SHARE = 10 };

bool upstream_has_lost(const struct upstream_amount *before,
    const struct upstream_amount *now)
{
	/* Divided, not multiplied: sizes may be anything. */
	return now->files <
	    before->files / FILES_SHARE + before->files % FILES_SHARE ||
	    now->bytes < before->bytes / BYTES_SHARE;
}
