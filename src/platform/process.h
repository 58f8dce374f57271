/* process.h - this process, asking another one to stop, running a program. */
#ifndef HFCRON_PLATFORM_PROCESS_H
#define HFCRON_PLATFORM_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

/*
 * What main was given, as UTF-8; *argv is replaced where the system gives main
 * something else.  Call it first; what it makes lives as long as the process.
 */
void process_arguments(int *argc, char ***argv);
int64_t process_id(void);
/* Who files made now would belong to; 0 is root. */
uint32_t process_user_id(void);
/* Ask it to stop as a person would (SIGTERM).  ERR_USAGE if it may not be
 * asked, or is gone. */
int process_ask_to_stop(int64_t pid, struct err *e);
/* The file this program was started from, written to buf; "" if the system does
 * not tell.  Returns buf. */
const char *process_self(char *buf, unsigned long size);
/* The name of the user this process acts as; borrowed until the next call,
 * NULL if it has none. */
const char *process_user_name(void);

/* A program to run to its end.  Standard input is empty. */
struct process_spec {
	const char *const *argv; /* all borrowed; argv[0] is looked up in this
				    process's PATH */
	const char *const *env;	 /* NAME=VALUE, NULL-terminated; NULL: ours */
	const char *dir;	 /* where it works; NULL: here */
	int64_t limit_ms;	 /* killed after so long; > 0 */
};

struct process_result {
	int status;	   /* of exit(3); -1 if a signal ended it */
	int signal;	   /* 0 if none did */
	bool timed_out;	   /* it was killed after limit_ms */
	struct strbuf out; /* what it wrote to both streams, up to the
			      buffer's maximum; the rest is dropped */
};

/*
 * Run it and wait.  result->out is initialised by the caller and filled here.
 * -1 with ERR_USAGE if it could not be started (os_code tells why).  Not while a
 * store is open for writing: the child would inherit it for a moment.
 */
int process_run(const struct process_spec *spec, struct process_result *result,
    struct err *e);

/* Leave at once, without clean-up that could wait for a thread. */
void process_leave(int status) __attribute__((noreturn));

#endif
