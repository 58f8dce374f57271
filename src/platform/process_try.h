/* process_try.h - work that may die, done where it kills nobody else. */
#ifndef HFCRON_PLATFORM_PROCESS_TRY_H
#define HFCRON_PLATFORM_PROCESS_TRY_H

#include <stdint.h>

#include "base/err.h"

enum process_end {
	PROCESS_RETURNED, /* its work came to an end */
	PROCESS_DIED,	  /* by a signal, or it left in the middle */
	PROCESS_LATE	  /* it had to be killed */
};

/*
 * Do work(arg) in a child: for at most limit_ms, with memory_bytes more of
 * address space than there are now, and with its output discarded.  The child
 * is a copy that vanishes: what it changes in memory is lost but for *result,
 * 0 to 255, which is what `work` returned; of one that died, the signal, 0 if
 * there was none.  To be called before there are threads.  -1 with ERR_STATE if
 * there can be no child.
 */
int process_try(int (*work)(void *arg), void *arg, int64_t limit_ms,
    uint64_t memory_bytes, enum process_end *end, int *result, struct err *e);

#endif
