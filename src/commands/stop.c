/*
 * stop.c - ask the run at work to checkpoint and exit, and wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/session.h"
#include "commands/stop_request.h"
#include "commands/verbs.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "platform/signals.h"

enum { POLL_MS = 50, GIVE_UP_MS = 60 * 1000, ASKED_ALREADY_MS = 5000 };

/* 1: a run holds the lock, 0: none, -1 with *e. */
static int is_at_work(const char *path, struct err *e)
{
	bool held;

	if (lock_is_held(path, &held, e) == -1)
		return -1;
	return held;
}

static int read_pid(const char *path, int64_t *pid, struct err *e)
{
	char *text = NULL;
	size_t n;
	uint64_t value;
	int rc;

	if (fs_read_file(path, 256, &text, &n, e) == -1)
		return -1;
	rc = num_parse_u64(text, strcspn(text, " "), INT32_MAX, &value);
	free(text);
	if (rc == -1)
		return err_set(e, ERR_TRANSIENT,
		    "%s does not name a process "
		    "yet; try again",
		    path);
	*pid = (int64_t)value;
	return 0;
}

/* As is_at_work, at the end or after so long. */
static int wait_for_end(const char *path, int64_t limit_ms, struct err *e)
{
	struct mono start = clock_mono();
	int busy;

	while ((busy = is_at_work(path, e)) == 1) {
		if (signals_pending() != 0)
			return err_set(e, ERR_CANCELLED, "not waited for");
		if (clock_mono().ms - start.ms > limit_ms)
			break;
		clock_sleep_ms(POLL_MS);
	}
	return busy;
}

/* Unless another `hfcron stop` has just done so. */
static int ask(struct session *s, const char *path, struct file_lock *mark,
    struct err *e)
{
	int64_t pid = 0;
	bool was_there = false;
	struct err why = ERR_INIT;

	if (read_pid(path, &pid, e) == -1)
		return -1;
	if (stop_request_make(s, pid, mark, &was_there, &why) == -1) {
		if (why.kind == ERR_BUSY)
			return 0;
		*e = why;
		return -1;
	}
	if (was_there) {
		int busy = wait_for_end(path, ASKED_ALREADY_MS, e);

		if (busy != 1)
			return busy;
	}
	if (process_ask_to_stop(pid, &why) == 0 || is_at_work(path, e) == 0)
		return 0;
	*e = why;
	return -1;
}

static int stop(struct session *s, const char *path, bool *was_at_work,
    struct err *e)
{
	struct file_lock mark = FILE_LOCK_INIT;
	int busy = is_at_work(path, e);

	*was_at_work = busy == 1;
	if (busy != 1)
		return busy;
	busy = ask(s, path, &mark, e);
	if (busy == 0)
		busy = wait_for_end(path, GIVE_UP_MS, e);
	lock_release(&mark);
	if (busy == 1)
		return err_set(e, ERR_TRANSIENT,
		    "the run was asked to stop but is still at work after a "
		    "minute");
	return busy;
}

int verb_stop(const struct cli *cli)
{
	struct session s;
	struct err e = ERR_INIT;
	char *path = NULL;
	bool was_at_work = false;
	int status;

	session_init(&s, cli);
	if (session_load(&s, false) == 0) {
		path = session_state_path(&s, "lock");
		if (path == NULL) {
			err_nomem(&e);
			session_fail(&s, &e);
		} else if (stop(&s, path, &was_at_work, &e) == -1) {
			session_fail(&s, &e);
		}
	}
	status = (int)s.status;
	if (status == EXIT_DONE && cli->json)
		printf("{\"schema\":1,\"command\":\"stop\",\"stopped\":%s}\n",
		    was_at_work ? "true" : "false");
	else if (status == EXIT_DONE && !cli->quiet)
		puts(was_at_work ? "the run has ended; progress is kept"
				 : "no run is at work");
	free(path);
	session_close(&s);
	return status;
}
