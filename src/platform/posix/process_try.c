/* process_try.c - work that may die, done where it kills nobody else. */
#include "platform/process_try.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "platform/clock.h"

/* The address space in use; 0: unknown. */
static uint64_t address_bytes(void)
{
	char text[64];
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t pages = 0;
	ssize_t n;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	/* Sanitizers reserve terabytes: more pages than 32 bits can count. */
	if (num_parse_u64(text, strcspn(text, " "), (uint64_t)INT64_MAX / page,
		&pages) == -1)
		return 0;
	return pages * page;
}

static void lower_limit(int resource, uint64_t value)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) == -1 || value >= limit.rlim_cur)
		return;
	limit.rlim_cur = (rlim_t)value;
	(void)setrlimit(resource, &limit);
}

/* It dies where the parent would have a handler, and leaves no core. */
static void become_child(int64_t limit_ms, uint64_t memory_bytes)
{
	static const int deadly[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV,
		SIGHUP, SIGINT, SIGTERM, SIGXCPU };
	struct sigaction action;
	uint64_t in_use = address_bytes();
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		(void)sigaction(deadly[i], &action, NULL);
	lower_limit(RLIMIT_CORE, 0);
	/* Should the parent be gone by then. */
	lower_limit(RLIMIT_CPU, (uint64_t)limit_ms / 1000 + 2);
	if (in_use > 0)
		lower_limit(RLIMIT_AS, in_use + memory_bytes);
	if (null == -1)
		return;
	(void)dup2(null, STDOUT_FILENO);
	(void)dup2(null, STDERR_FILENO);
}

/* The one byte that the child has to say; false: it ended without, or *late. */
static bool read_result(int fd, int64_t limit_ms, uint8_t *result, bool *late)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	const int64_t until = clock_mono().ms + limit_ms;
	int64_t left = limit_ms;
	ssize_t n;
	int rc;

	*late = false;
	do {
		rc = poll(&ready, 1, (int)left);
		left = until - clock_mono().ms;
	} while (rc == -1 && errno == EINTR && left > 0);
	*late = rc <= 0;
	if (*late)
		return false;
	do
		n = read(fd, result, 1);
	while (n == -1 && errno == EINTR);
	return n == 1;
}

/* The signal that ended it, 0 if none did. */
static int reap(pid_t child)
{
	int status = 0;

	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static enum process_end end_of(bool told, bool late, int signal)
{
	if (told)
		return PROCESS_RETURNED;
	if (late)
		return PROCESS_LATE;
	/* Not its own doing. */
	if (signal == SIGKILL || signal == SIGTERM || signal == SIGINT ||
	    signal == SIGHUP)
		return PROCESS_KILLED;
	return PROCESS_DIED;
}

void process_try_serve(int argc, char **argv,
    const struct process_work *const *works)
{
	/* A child is a copy here, and never gets so far. */
	(void)argc;
	(void)argv;
	(void)works;
}

int process_try(const struct process_work *work, const char *const *args,
    int64_t limit_ms, uint64_t memory_bytes, enum process_end *end, int *result,
    struct err *e)
{
	int ends[2];
	uint8_t byte = 0;
	int ended_by;
	bool late, told;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return err_errno(e, ERR_STATE, "cannot make a pipe");
	child = fork();
	if (child == -1) {
		(void)err_errno(e, ERR_STATE, "cannot start a process");
		(void)close(ends[0]);
		(void)close(ends[1]);
		return -1;
	}
	if (child == 0) {
		become_child(limit_ms, memory_bytes);
		byte = (uint8_t)work->run(args);
		_exit(write(ends[1], &byte, 1) == 1 ? 0 : 1);
	}
	(void)close(ends[1]);
	told = read_result(ends[0], limit_ms, &byte, &late);
	if (late)
		(void)kill(child, SIGKILL);
	ended_by = reap(child);
	(void)close(ends[0]);
	*end = end_of(told, late, ended_by);
	*result = told ? byte : 0;
	return 0;
}
