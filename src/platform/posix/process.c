/* process.c - this process, asking another one to stop, running a program. */
#include "platform/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/clock.h"

enum { POLL_MS = 100, CANNOT_START = 127 };

extern char **environ;

void process_arguments(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
}

int64_t process_id(void)
{
	return (int64_t)getpid();
}

uint32_t process_user_id(void)
{
	return (uint32_t)geteuid();
}

int process_ask_to_stop(int64_t pid, struct err *e)
{
	/* 0 and negative numbers mean whole groups of processes. */
	if (pid <= 1 || (int64_t)(pid_t)pid != pid)
		return err_set(e, ERR_USAGE, "no process has the number %lld",
		    (long long)pid);
	if (kill((pid_t)pid, SIGTERM) == -1)
		return err_errno(e, ERR_USAGE, "cannot stop process %lld",
		    (long long)pid);
	return 0;
}

const char *process_self(char *buf, unsigned long size)
{
	ssize_t n = readlink("/proc/self/exe", buf, size);

	buf[n > 0 && (unsigned long)n < size ? n : 0] = '\0';
	return buf;
}

const char *process_user_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw != NULL ? pw->pw_name : NULL;
}

/* Only what is safe between fork and exec. */
static void be_the_child(const struct process_spec *spec, int out, int told)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
	int null = open("/dev/null", O_RDONLY), code;
	struct sigaction plain;
	sigset_t none;

	/* A group of its own, so that a shell's children are killed with it. */
	(void)setpgid(0, 0);
	memset(&plain, 0, sizeof(plain));
	plain.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaction(signals[i], &plain, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null != -1 && dup2(null, 0) != -1 && dup2(out, 1) != -1 &&
	    dup2(out, 2) != -1 &&
	    (spec->dir == NULL || chdir(spec->dir) == 0)) {
		if (spec->env != NULL)
			environ = (char **)(uintptr_t)spec->env;
		(void)execvp(spec->argv[0],
		    (char *const *)(uintptr_t)spec->argv);
	}
	code = errno;
	(void)!write(told, &code, sizeof(code));
	_exit(CANNOT_START);
}

/* Until it closes its end or the time is over. */
static void collect(int fd, const struct process_spec *spec, pid_t pid,
    struct process_result *result)
{
	struct mono start = clock_mono();
	char buf[4096];

	for (;;) {
		struct pollfd p = { fd, POLLIN, 0 };
		ssize_t n;

		if (poll(&p, 1, POLL_MS) > 0) {
			n = read(fd, buf, sizeof(buf));
			if (n == 0 || (n == -1 && errno != EINTR))
				return;
			if (n > 0 &&
			    result->out.len + (size_t)n < result->out.max_bytes)
				strbuf_add(&result->out, buf, (size_t)n);
		}
		if (clock_mono().ms - start.ms > spec->limit_ms) {
			result->timed_out = true;
			(void)kill(-pid, SIGKILL);
			return;
		}
	}
}

static void wait_for(pid_t pid, struct process_result *result)
{
	int status = 0;

	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	result->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static int make_pipes(int out[2], int told[2], struct err *e)
{
	if (pipe(out) == -1)
		return err_errno(e, ERR_USAGE, "no pipe");
	if (pipe(told) == -1) {
		(void)close(out[0]);
		(void)close(out[1]);
		return err_errno(e, ERR_USAGE, "no pipe");
	}
	for (int i = 0; i < 2; i++) {
		(void)fcntl(out[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(told[i], F_SETFD, FD_CLOEXEC);
	}
	return 0;
}

int process_run(const struct process_spec *spec, struct process_result *result,
    struct err *e)
{
	int out[2] = { -1, -1 }, told[2] = { -1, -1 }, code = 0, failure = 0;
	pid_t pid;

	result->status = -1;
	result->signal = 0;
	result->timed_out = false;
	if (make_pipes(out, told, e) == -1)
		return -1;
	pid = fork();
	if (pid == 0)
		be_the_child(spec, out[1], told[1]);
	failure = errno;
	(void)close(out[1]);
	(void)close(told[1]);
	if (pid > 0) {
		collect(out[0], spec, pid, result);
		wait_for(pid, result);
		failure = read(told[0], &code, sizeof(code)) ==
			(ssize_t)sizeof(code)
		    ? code
		    : 0;
	}
	(void)close(out[0]);
	(void)close(told[0]);
	if (failure == 0)
		return 0;
	errno = failure;
	return err_errno(e, ERR_USAGE, "cannot run %s", spec->argv[0]);
}

void process_leave(int status)
{
	_exit(status);
}
