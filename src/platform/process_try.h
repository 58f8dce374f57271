/*
 * process_try.h - work that may die, done where it kills nobody else.
 *
 * Where a process can be copied (Unix) the child is a copy of this one; where it
 * cannot (Windows) this program is started again, told the name of the work, and
 * process_try_serve does it.  So that both mean the same, work depends on its
 * arguments alone.
 */
#ifndef HFCRON_PLATFORM_PROCESS_TRY_H
#define HFCRON_PLATFORM_PROCESS_TRY_H

#include <stdint.h>

#include "base/err.h"

enum { PROCESS_ARGS_MAX = 8 };

struct process_work {
	const char *name;
	/* `args`: texts, NULL at the end.  Returns 0 to 255. */
	int (*run)(const char *const *args);
};

enum process_end {
	PROCESS_RETURNED, /* its work came to an end */
	PROCESS_DIED,	  /* of what it did, or it left in the middle */
	PROCESS_KILLED,	  /* somebody else ended it: SIGKILL, SIGTERM, ... */
	PROCESS_LATE	  /* it had to be killed */
};

/*
 * Do the work in a child: for at most limit_ms, with memory_bytes more of
 * address space than there are now (on Windows: with so much memory), and with
 * its output discarded.  What it changes in memory is lost but for *result,
 * which is what it returned; 0 if it did not.  To be called before there are
 * threads, with at most PROCESS_ARGS_MAX arguments.  -1 with ERR_STATE if there
 * can be no child.
 */
int process_try(const struct process_work *work, const char *const *args,
    int64_t limit_ms, uint64_t memory_bytes, enum process_end *end, int *result,
    struct err *e);

/*
 * In a child that was started so: does its work, which is one of `works` (NULL
 * at the end), and leaves.  Returns in every other process.  Call it before the
 * command line is read.
 */
void process_try_serve(int argc, char **argv,
    const struct process_work *const *works);

#endif
