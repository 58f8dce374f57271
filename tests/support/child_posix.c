/* child_posix.c - work done in another process: a copy of this one. */
#include "support/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT_S = 60, LIMIT_WRAPPED_S = 1200 };

/* A wrapper (valgrind) has its own exit status for children, and time. */
static bool is_wrapped(void)
{
	const char *wrapper = getenv("TEST_WRAPPER");

	return wrapper != NULL && wrapper[0] != '\0';
}

/*
 * End a child.  valgrind takes what the parent holds for leaks of the child,
 * but not of the program that the child turns into.
 */
static void leave(int status)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%d", status);
	if (is_wrapped())
		(void)execl("/bin/sh", "sh", "-c", "exit $0", text,
		    (char *)NULL);
	_exit(status);
}

/* cmocka catches signals and would go on with the next test in a child. */
static void die_by_signals(void)
{
	static const int caught[] = { SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS };

	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		(void)signal(caught[i], SIG_DFL);
}

static int result_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_DIED;
}

static int reap(struct child *c)
{
	int status = 0;

	if (waitpid((pid_t)c->id, &status, 0) != (pid_t)c->id)
		abort();
	return status;
}

void child_start(struct child *c, const struct process_work *work,
    const char *const *args)
{
	pid_t pid = fork();

	if (pid == -1)
		abort();
	if (pid == 0) {
		die_by_signals();
		(void)alarm(is_wrapped() ? LIMIT_WRAPPED_S : LIMIT_S);
		leave(work->run(args));
	}
	c->id = pid;
}

int child_wait(struct child *c)
{
	return result_of(reap(c));
}

bool child_ended(struct child *c, int *result)
{
	int status = 0;

	if (waitpid((pid_t)c->id, &status, WNOHANG) != (pid_t)c->id)
		return false;
	*result = result_of(status);
	return true;
}

bool child_kill(struct child *c)
{
	int status;

	if (kill((pid_t)c->id, SIGKILL) == -1)
		abort();
	status = reap(c);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}
