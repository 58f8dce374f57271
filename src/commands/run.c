/*
 * run.c - the batch: lock, load, decide, check all due jobs, then fetch them
 * (design section 5).  Alone samples the wall clock for decisions.
 */
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "commands/ask_ahead.h"
#include "commands/backup_set.h"
#include "commands/job_fetch.h"
#include "commands/progress.h"
#include "commands/report.h"
#include "commands/run_idle.h"
#include "commands/stop_request.h"
#include "commands/verbs.h"
#include "plan/staleness.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "platform/signals.h"

enum { BUDGET_GRACE_MS = 1000, LOOK_PAUSED_MS = 1000, SAY_AGAIN_S = 24 * 3600 };

struct run {
	struct session session;
	struct job_entries entries;
	struct plan plan;
	struct job_work *works; /* own; due jobs, in plan order */
	size_t n;
	struct progress progress;
	struct mono deadline; /* of max_duration; ms 0: none */
	struct run_idle idle;
	struct mono look_at;		/* when to look who is paused */
	const struct job_work *current; /* being checked or hashed; NULL */
	enum exit_status status;
	bool unreachable; /* the Hub was not reached by a job */
};

/* --- stopping ------------------------------------------------------------ */

static bool budget_is_over(const struct run *run, int64_t grace_ms)
{
	return run->deadline.ms != 0 &&
	    clock_mono().ms >= run->deadline.ms + grace_ms;
}

static bool window_is_over(const struct job_work *w)
{
	return w->closes.s != WALL_NONE && clock_wall().s >= w->closes.s;
}

/* `hfcron pause` speaks to a run at work through the store. */
static void look_paused(struct run *run)
{
	struct mono now = clock_mono();
	struct err e = ERR_INIT;

	if (now.ms < run->look_at.ms)
		return;
	run->look_at.ms = now.ms + LOOK_PAUSED_MS;
	if (job_entries_look_paused(&run->entries, &run->session, &e) == -1)
		log_event(&run->session.log, LOG_WARN, e.text, NULL);
}

/* HTTP and hashing ask a few times a second whether to go on. */
static int tick(void *cookie)
{
	struct run *run = cookie;

	progress_tick(&run->progress);
	look_paused(run);
	/* Pieces under way end by themselves within the grace; this is for
	 * all else that waits. */
	return signals_pending() != 0 || budget_is_over(run, BUDGET_GRACE_MS) ||
	    (run->current != NULL &&
		(window_is_over(run->current) ||
		    job_work_is_paused(run->current)));
}

static enum outcome_kind why_stopped(void *cookie)
{
	struct run *run = cookie;

	if (signals_pending() != 0 && !stop_request_is_there(&run->session))
		return OUTCOME_INTERRUPTED;
	return OUTCOME_BUDGET_END;
}

static bool must_end(struct run *run)
{
	return signals_pending() != 0 || budget_is_over(run, 0);
}

/* --- telling ------------------------------------------------------------- */

/*
 * Off a terminal, stderr is cron's mail: only what needs a person, and the
 * same trouble not at every tick again.
 */
static bool needs_saying(const struct run *run, const struct job_work *w)
{
	const struct job_state *state = &w->entry->state;

	/* Not tried, because of another one that has said why. */
	if (run->session.cli->json ||
	    (w->started.s == WALL_NONE && !w->entry->named))
		return false;
	if (session_is_live(&run->session) || w->entry->named)
		return true;
	/* Asked again at its slot, and no better: that was said before. */
	if (state->phase == PHASE_PARKED)
		return w->phase_before != PHASE_PARKED ||
		    w->error_before != w->error.kind;
	if (w->error.kind == ERR_DISK || w->error.kind == ERR_STATE)
		return w->error_before != w->error.kind;
	return state->phase == PHASE_FAILED && w->phase_before != PHASE_FAILED;
}

static void say_success(const struct run *run, const struct job_work *w)
{
	char bytes[NUM_TEXT_MAX], took[NUM_TEXT_MAX];

	if (!session_is_live(&run->session) || w->started.s == WALL_NONE)
		return;
	session_wipe_display(&run->session);
	switch (w->outcome) {
	case OUTCOME_UPDATED:
		fprintf(stderr, "updated    %s  commit %.12s, %s in %s\n",
		    w->job->id, w->commit,
		    num_format_size(w->bytes_received, bytes),
		    num_format_duration(clock_mono().ms - w->started_mono.ms,
			took));
		break;
	case OUTCOME_UNCHANGED:
		fprintf(stderr, "unchanged  %s  commit %.12s\n", w->job->id,
		    w->commit);
		break;
	default:
		fprintf(stderr, "partial    %s  progress is kept\n",
		    w->job->id);
		break;
	}
}

/* A work has its outcome: remember it, say it. */
static void ended(void *cookie, struct job_work *w)
{
	struct run *run = cookie;
	job_work_finish(w, &run->session);
	if (w->outcome == OUTCOME_FAILED || w->outcome == OUTCOME_BUSY) {
		run->status = exit_status_worse(run->status,
		    w->outcome == OUTCOME_BUSY ? EXIT_RETRY
					       : exit_status_of(w->error.kind));
		if (!needs_saying(run, w))
			return;
		session_wipe_display(&run->session);
		fprintf(stderr, "hfcron: %s: %s\n", w->job->id, w->error.text);
		return;
	}
	say_success(run, w);
}

/* --- the steps ----------------------------------------------------------- */

static void stop_work(struct run *run, struct job_work *w,
    enum outcome_kind kind)
{
	w->stopped = true;
	w->outcome = kind;
	w->phase = WORK_ENDED;
	ended(run, w);
}

/* A Hub that one job could not reach is not knocked at by each of the others:
 * a thousand jobs would wait a thousand times. */
static void skip_unreachable(struct run *run, struct job_work *w)
{
	struct err e = ERR_INIT;

	err_set(&e, ERR_UNREACHABLE,
	    "the Hub could not be reached by the job before; not tried");
	job_work_fail(w, &e);
	ended(run, w);
}

/* Whatever ends a job before its bytes are asked for; false: nothing does. */
static bool is_stopped(struct run *run, struct job_work *w)
{
	if (must_end(run))
		stop_work(run, w, why_stopped(run));
	else if (window_is_over(w))
		stop_work(run, w, OUTCOME_WINDOW_END);
	else if (job_work_is_paused(w))
		stop_work(run, w, OUTCOME_PAUSED);
	else
		return false;
	return true;
}

/* The tick cut it short. */
static void end_cancelled(struct run *run, struct job_work *w)
{
	if (!is_stopped(run, w))
		stop_work(run, w, OUTCOME_INTERRUPTED);
}

/* News first: one huge job never starves the others. */
static void check_all(struct run *run)
{
	struct ask_ahead ahead;

	ask_ahead_init(&ahead, &run->session, run->works, run->n);
	for (size_t i = 0; i < run->n; i++) {
		struct job_work *w = &run->works[i];

		if (is_stopped(run, w))
			continue;
		if (run->unreachable) {
			skip_unreachable(run, w);
			continue;
		}
		w->recheck = run->session.cli->recheck;
		ask_ahead_before(&ahead, i);
		run->current = w;
		job_work_check(w, &run->session);
		run->current = NULL;
		ask_ahead_after(&ahead, i);
		if (w->phase == WORK_UNCHANGED) {
			w->outcome = OUTCOME_UNCHANGED;
			w->phase = WORK_ENDED;
		}
		if (w->phase != WORK_ENDED)
			continue;
		if (w->error.kind == ERR_CANCELLED) {
			end_cancelled(run, w);
			continue;
		}
		/* Offline, what is pinned and there needs no Hub. */
		run->unreachable = w->error.kind == ERR_UNREACHABLE &&
		    !run->session.config.offline;
		ended(run, w);
	}
}

/* Before bytes move, which may take all night. */
static void save_checked(struct run *run)
{
	struct session *s = &run->session;
	struct err e = ERR_INIT;

	job_work_flush_quiet(s);
	if (job_entries_save_changed(&run->entries, s, clock_wall(), &e) == -1)
		session_fail(s, &e);
}

/* Room on the disk, and proof of what is there already. */
static void admit_all(struct run *run)
{
	struct disk_budget budget;

	memset(&budget, 0, sizeof(budget));
	for (size_t i = 0; i < run->n; i++) {
		struct job_work *w = &run->works[i];

		if (w->phase != WORK_READY)
			continue;
		if (is_stopped(run, w))
			continue;
		run->current = w;
		job_work_adopt(w, &run->session);
		run->current = NULL;
		if (w->phase == WORK_READY)
			job_work_admit(w, &run->session, &budget);
		if (w->phase != WORK_ENDED)
			continue;
		if (w->error.kind == ERR_CANCELLED)
			end_cancelled(run, w);
		else
			ended(run, w);
	}
}

static void fetch_all(struct run *run)
{
	struct job_fetch fetch;
	struct err e = ERR_INIT;

	memset(&fetch, 0, sizeof(fetch));
	fetch.session = &run->session;
	fetch.works = run->works;
	fetch.n = run->n;
	fetch.deadline = run->deadline;
	fetch.max_bytes = run->session.cli->max_bytes;
	fetch.ended = ended;
	fetch.cookie = run;
	if (job_fetch(&fetch, why_stopped, run, &e) == -1)
		session_fail(&run->session, &e);
}

/* Named jobs only, if any are named. */
static int make_works(struct run *run, struct err *e)
{
	bool only_named = run->session.cli->n_words > 0;

	run->works = calloc(run->plan.n_due + 1, sizeof(*run->works));
	if (run->works == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < run->plan.n_due; i++) {
		const struct plan_decision *d = &run->plan.decisions[i];
		struct job_entry *entry = &run->entries.items[d->index];
		struct job_work *w;

		if (only_named && !entry->named)
			continue;
		w = &run->works[run->n++];
		job_work_init(w, entry->job, entry);
		w->phase_before = entry->state.phase;
		w->error_before = entry->state.error_kind;
		w->slot = d->slot;
		w->closes = d->closes;
	}
	return 0;
}

/* Jobs that were named but may not run now, and why. */
static void say_waiting(const struct run *run)
{
	for (size_t i = 0; i < run->plan.n; i++) {
		const struct plan_decision *d = &run->plan.decisions[i];

		if (d->verdict != PLAN_DUE &&
		    run->entries.items[d->index].named &&
		    !run->session.cli->json)
			fprintf(stderr, "hfcron: %s: %s\n",
			    run->entries.items[d->index].job->id, d->reason);
	}
}

static void say_nothing_due(const struct session *s, size_t parked,
    struct wall next)
{
	char when[INSTANT_TEXT_MAX];

	if (!session_is_live(s))
		return;
	if (parked > 0)
		fprintf(stderr,
		    "%zu parked job%s wait%s for you: see hfcron "
		    "status --problems\n",
		    parked, parked == 1 ? "" : "s", parked == 1 ? "s" : "");
	if (next.s == WALL_NONE)
		fputs("nothing is due\n", stderr);
	else
		fprintf(stderr, "nothing due until %s\n",
		    report_time(s, "local", next, when));
}

static void print_json(struct run *run)
{
	struct strbuf out;
	struct json_writer w;

	report_begin(&w, &out, "run");
	json_write_key(&w, "jobs");
	json_write_begin_array(&w);
	for (size_t i = 0; i < run->n; i++)
		report_job_json(&w, &run->session, run->works[i].entry);
	json_write_end_array(&w);
	report_time_json(&w, "next_due", run->plan.next);
	json_write_key(&w, "exit");
	json_write_i64(&w, run->status);
	run->status = report_end(&w, &out, run->status);
}

static void set_deadline(struct run *run)
{
	int64_t ms = run->session.config.transfer.max_duration_ms;
	int64_t ours = run->session.cli->max_duration_ms;

	if (ours > 0 && (ms == 0 || ours < ms))
		ms = ours;
	if (ms > 0)
		run->deadline.ms = clock_mono().ms + ms;
}

/* What a run that died may have left: nobody is to take it for ours. */
static void forget_last_run(struct session *s)
{
	stop_request_forget_others(s);
	progress_forget(s);
}

/* --- the beginning ------------------------------------------------------- */

static bool is_idle(struct run *run)
{
	struct idle_record record;

	if (!run_idle_look(&run->idle, &run->session, &record))
		return false;
	say_nothing_due(&run->session, record.parked, record.next_due);
	return true;
}

/* Once there was a run, the lock comes before the lists, which may be long: the
 * others leave at once.  Before that nothing is made for a wrong configuration. */
static int load_and_lock(struct run *run)
{
	struct session *s = &run->session;
	char *path = s->config_rc == 0 ? session_state_path(s, "lock") : NULL;
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	bool early = path != NULL && fs_lstat(path, &st, &ignored) == 0 &&
	    st.type == FS_FILE;

	free(path);
	if (early && session_lock(s) == -1)
		return -1;
	if (session_load_rest(s, true) == -1)
		return -1;
	return early ? 0 : session_lock(s);
}

static int open_all(struct run *run)
{
	struct session *s = &run->session;

	session_load_config(s);
	if (is_idle(run))
		return -1; /* with status 0 */
	if (load_and_lock(run) == -1)
		return -1;
	forget_last_run(s);
	if (session_open_log(s) == -1 ||
	    session_open_store(s, STORE_WRITE) == -1 ||
	    session_open_token(s) == -1)
		return -1;
	return 0;
}

/* Off a terminal a lasting trouble is said once a day, not at each tick. */
static bool is_news(struct session *s, const char *name)
{
	struct err ignored = ERR_INIT;
	struct wall said = { WALL_NONE };

	if (session_is_live(s))
		return true;
	if (store_meta_get_wall(s->store, name, &said, &ignored) == 0 &&
	    said.s != WALL_NONE && s->now.s >= said.s &&
	    s->now.s - said.s < SAY_AGAIN_S)
		return false;
	(void)store_meta_put_wall(s->store, name, s->now, &ignored);
	return true;
}

/* So that what a slip of the editor destroyed can be had again.  No reason to
 * leave the work undone. */
static void back_up_changes(struct session *s)
{
	struct err e = ERR_INIT;

	if (backup_if_changed(s, &e) == 0)
		return;
	log_event(&s->log, LOG_WARN, "configuration not backed up", "why",
	    e.text, NULL);
	if (e.kind != ERR_BUSY && is_news(s, "backup_said"))
		fprintf(stderr, "hfcron: configuration not backed up: %s\n",
		    e.text);
}

/* Lost records cost history or a fresh look; a disk that loses them may lose
 * more. */
static void say_damage(struct session *s)
{
	size_t n = store_damaged(s->store);

	if (n == 0)
		return;
	fprintf(stderr,
	    "hfcron: %zu damaged record%s of the store in %s "
	    "dropped; check the disk\n",
	    n, n == 1 ? " was" : "s were", s->config.state_dir);
	log_event(&s->log, LOG_WARN, "damaged records of the store dropped",
	    NULL);
}

/*
 * What was not confirmed for too long needs a person, who may not have heard of
 * it: a job that cannot be checked for a week fails in silence each night.
 */
static void say_stale(struct run *run)
{
	struct session *s = &run->session;
	bool news = false, asked = false;
	char text[STALENESS_TEXT_MAX];

	s->now = clock_wall(); /* what this run confirmed is not stale */
	for (size_t i = 0; i < run->entries.n; i++) {
		const struct job_entry *entry = &run->entries.items[i];

		if (!report_is_stale(s, entry))
			continue;
		run->status = exit_status_worse(run->status, EXIT_PERSON);
		if (s->cli->json)
			continue;
		if (!asked)
			news = is_news(s, "stale_said");
		asked = true;
		if (news)
			fprintf(stderr, "hfcron: %s is stale: %s\n",
			    entry->job->id,
			    report_staleness(s, entry->job, &entry->state, text,
				sizeof(text)));
	}
}

static int decide(struct run *run, struct err *e)
{
	struct session *s = &run->session;

	if (job_entries_load(&run->entries, s, e) == -1 ||
	    job_entries_save(&run->entries, s, e) == -1 ||
	    job_entries_plan(&run->entries, s, s->now, &run->plan, e) == -1)
		return -1;
	if (run->plan.notice[0] != '\0') {
		if (is_news(s, "clock_said"))
			fprintf(stderr, "hfcron: %s\n", run->plan.notice);
		log_event(&s->log, LOG_WARN, run->plan.notice, NULL);
	}
	return make_works(run, e);
}

static void work_all(struct run *run)
{
	struct session *s = &run->session;
	struct err e = ERR_INIT;

	if (session_open_hub(s) == -1)
		return;
	progress_init(&run->progress, s, run->works, run->n, true);
	s->tick = tick;
	s->tick_cookie = run;
	check_all(run);
	save_checked(run);
	qsort(run->works, run->n, sizeof(*run->works), job_work_compare);
	admit_all(run);
	fetch_all(run);
	progress_end(&run->progress);
	s->tick = NULL;
	job_work_flush_quiet(s);
	if (session_save_budgets(s, &e) == -1 ||
	    job_entries_save_changed(&run->entries, s, clock_wall(), &e) ==
		-1 ||
	    store_meta_put_wall(s->store, "last_run", clock_wall(), &e) == -1)
		session_fail(s, &e);
}

static void run_release(struct run *run)
{
	for (size_t i = 0; i < run->n; i++)
		job_work_release(&run->works[i]);
	free(run->works);
	plan_release(&run->plan);
	job_entries_release(&run->entries);
	session_close(&run->session);
}

static void run_all(struct run *run)
{
	struct session *s = &run->session;
	struct err e = ERR_INIT;

	set_deadline(run);
	back_up_changes(s);
	if (decide(run, &e) == -1)
		session_fail(s, &e);
	else if (run->n > 0)
		work_all(run);
	else if (s->cli->n_words == 0)
		say_nothing_due(s, run_idle_parked(&run->entries),
		    run->plan.next);
	say_waiting(run);
	say_stale(run);
	say_damage(s);
	/* Stopped by `hfcron stop`: that is an orderly end. */
	if (signals_pending() != 0 && stop_request_is_there(s))
		signals_forget();
	if (run->entries.items != NULL && s->store != NULL)
		run_idle_remember(&run->idle, s, &run->entries);
}

int verb_run(const struct cli *cli)
{
	struct run *run;
	int status;

	if (cli->dry_run)
		return verb_plan(cli);
	run = calloc(1, sizeof(*run));
	if (run == NULL) {
		fputs("hfcron: out of memory\n", stderr);
		return EXIT_RETRY;
	}
	session_init(&run->session, cli);
	run->plan.next.s = WALL_NONE;
	if (open_all(run) == 0)
		run_all(run);
	run->status = exit_status_worse(run->status, run->session.status);
	if (cli->json && run->status != EXIT_CONFIG)
		print_json(run);
	status = (int)run->status;
	run_release(run);
	free(run);
	return status;
}
