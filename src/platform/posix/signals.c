/* signals.c - being asked to stop. */
#include "platform/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const int stop_signals[] = { SIGTERM, SIGINT, SIGHUP, SIGXCPU };

enum { STOP_COUNT = sizeof(stop_signals) / sizeof(stop_signals[0]) };

static volatile sig_atomic_t pending;
static int wake[2] = { -1, -1 }; /* read end, write end */

static void set_action(int signal, void (*handler)(int))
{
	struct sigaction sa;
	size_t i;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = handler;
	sa.sa_flags = SA_RESTART;
	(void)sigemptyset(&sa.sa_mask);
	for (i = 0; i < STOP_COUNT; i++)
		(void)sigaddset(&sa.sa_mask, stop_signals[i]);
	(void)sigaction(signal, &sa, NULL);
}

static void on_stop(int signal)
{
	const int code = errno;

	if (pending != 0) {
		/* Asked twice: it takes effect when this handler returns. */
		set_action(signal, SIG_DFL);
		(void)raise(signal);
	} else {
		pending = signal;
		if (wake[1] != -1)
			(void)!write(wake[1], "", 1);
	}
	errno = code;
}

static void open_wake(void)
{
	int i;

	if (wake[0] != -1 || pipe(wake) == -1)
		return;
	for (i = 0; i < 2; i++) {
		(void)fcntl(wake[i], F_SETFD, FD_CLOEXEC);
		(void)fcntl(wake[i], F_SETFL, O_NONBLOCK);
	}
}

void signals_install(void)
{
	struct sigaction inherited;
	sigset_t none;
	size_t i;

	pending = 0;
	open_wake();
	for (i = 0; i < STOP_COUNT; i++) {
		/* nohup(1) means it. */
		if (stop_signals[i] == SIGHUP &&
		    sigaction(SIGHUP, NULL, &inherited) == 0 &&
		    inherited.sa_handler == SIG_IGN)
			continue;
		set_action(stop_signals[i], on_stop);
	}
	set_action(SIGPIPE, SIG_IGN);
	set_action(SIGXFSZ, SIG_IGN);
	set_action(SIGCHLD, SIG_DFL);
	set_action(SIGALRM, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

int signals_pending(void)
{
	return (int)pending;
}

int signals_fd(void)
{
	return wake[0];
}

void signals_forget(void)
{
	pending = 0;
}

void signals_reraise(int signal)
{
	sigset_t only;

	set_action(signal, SIG_DFL);
	(void)sigemptyset(&only);
	(void)sigaddset(&only, signal);
	(void)sigprocmask(SIG_UNBLOCK, &only, NULL);
	(void)raise(signal);
	_exit(128 + signal);
}
