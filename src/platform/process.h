/* process.h - this process, and asking another one to stop. */
#ifndef HFCRON_PLATFORM_PROCESS_H
#define HFCRON_PLATFORM_PROCESS_H

#include <stdint.h>

#include "base/err.h"

int64_t process_id(void);
/* Who files made now would belong to; 0 is root. */
uint32_t process_user_id(void);
/* Ask it to stop as a person would (SIGTERM).  ERR_USAGE if it may not be
 * asked, or is gone. */
int process_ask_to_stop(int64_t pid, struct err *e);
/* Leave at once, without clean-up that could wait for a thread. */
void process_leave(int status) __attribute__((noreturn));

#endif
