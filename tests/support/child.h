/*
 * child.h - work done in another process while the test goes on.
 *
 * As in platform/process_try.h the child is a copy of this process on Unix, and
 * on Windows this program started anew: main calls process_arguments and
 * process_try_serve first, and work depends on its arguments alone.  Unlike
 * there the child's output is seen, and there may be several.
 */
#ifndef HFCRON_TESTS_SUPPORT_CHILD_H
#define HFCRON_TESTS_SUPPORT_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/process_try.h"

enum { CHILD_DIED = -1 }; /* or was killed */

struct child {
	intptr_t id;
};

/* Starts it, or ends this program.  A child that takes minutes is ended. */
void child_start(struct child *c, const struct process_work *work,
    const char *const *args);
/* What it returned or left with (0 to 255), or CHILD_DIED. */
int child_wait(struct child *c);
/* Has it ended?  Then *result is that, and the child forgotten. */
bool child_ended(struct child *c, int *result);
/* As kill -9; false if it had ended before. */
bool child_kill(struct child *c);

/* Start and wait. */
static inline int in_child(const struct process_work *work,
    const char *const *args)
{
	struct child c;

	child_start(&c, work, args);
	return child_wait(&c);
}

/* In a child: returns 1 after it has said where. */
#define CHILD_CHECK(condition)                                         \
	do {                                                           \
		if (!(condition)) {                                    \
			(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, \
			    __LINE__, #condition);                     \
			return 1;                                      \
		}                                                      \
	} while (0)

#endif
