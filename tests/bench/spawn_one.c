/*
 * spawn_one.c - spawn_one PROGRAM [ARGUMENT...]: runs it once and prints
 * "exit-status wall-us cpu-us resident-KiB".  Processes that it waited for count
 * too: their time is added, and the memory is that of the largest one.
 *
 * The kernel counts the memory of whoever starts a program as the program's
 * own until it has more, so this one is small, as Python is not.
 */
#include <inttypes.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static int64_t now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us(struct timeval t)
{
	return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	int64_t start, wall_us;
	int status, rc;
	pid_t pid;

	if (argc < 2) {
		fputs("usage: spawn_one PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	start = now_us();
	rc = posix_spawn(&pid, argv[1], NULL, NULL, argv + 1, environ);
	if (rc != 0) {
		fprintf(stderr, "spawn_one: %s: %s\n", argv[1], strerror(rc));
		return 2;
	}
	if (waitpid(pid, &status, 0) == -1 ||
	    getrusage(RUSAGE_CHILDREN, &usage) == -1) {
		perror("spawn_one");
		return 2;
	}
	wall_us = now_us() - start;
	printf("%d %" PRId64 " %" PRId64 " %ld\n",
	    WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
	    wall_us, us(usage.ru_utime) + us(usage.ru_stime), usage.ru_maxrss);
	return 0;
}
