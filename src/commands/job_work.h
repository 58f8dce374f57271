/*
 * job_work.h - one job during one run: asked about, compared with the disk,
 * fetched, published, remembered.
 *
 *   job_work_check    commit, listing, comparison (job_check.c)
 *   job_work_admit    disk space (job_check.c)
 *   job_fetch         bytes, for many works at once (job_fetch.c)
 *   job_work_publish  links, tree, ref, file records (job_publish.c)
 *   job_work_finish   outcome into the state, attempt into the history
 *                     (job_publish.c)
 *
 * One job's failure never stops the others: errors stay in the work.
 */
#ifndef HFCRON_COMMANDS_JOB_WORK_H
#define HFCRON_COMMANDS_JOB_WORK_H

#include <stdbool.h>

#include "cache/destination.h"
#include "commands/job_entries.h"
#include "commands/session.h"
#include "model/local_file.h"
#include "plan/file_diff.h"
#include "plan/outcome.h"

enum work_phase {
	WORK_WAITING,	/* not looked at yet */
	WORK_UNCHANGED, /* checked: nothing to do */
	WORK_READY,	/* checked: there is work, and it fits */
	WORK_FETCHING,
	WORK_FETCHED, /* all content is there: to be published */
	WORK_ENDED    /* outcome is known */
};

enum file_progress {
	FILE_TODO,
	FILE_IN_FLIGHT,
	FILE_BUSY, /* its lock is held by another program */
	FILE_DONE,
	FILE_LOST /* failed in this run */
};

struct job_work {
	struct job_entry *entry;     /* foreign; NULL for `get` */
	const struct job *job;	     /* foreign */
	uint8_t key[JOB_KEY_BYTES];  /* of the job's id: file records */
	enum job_phase phase_before; /* as the run found it */
	enum err_kind error_before;
	struct wall slot, closes; /* from the plan */
	enum work_phase phase;
	struct hub_question *question;	   /* own; its commit, asked ahead */
	struct destination *destination;   /* own */
	char commit[41];		   /* to be published */
	struct remote_listing listing;	   /* own; all files of the commit */
	const struct remote_file **wanted; /* own; into listing */
	struct local_file *local;	   /* own; per wanted file */
	struct file_decision *decisions;   /* own; per wanted file */
	enum file_progress *progress;	   /* own; per wanted file */
	size_t n;			   /* wanted files */
	size_t next;			   /* first that may be TODO */
	size_t in_flight, busy, lost;
	struct mono busy_since, busy_poll;
	struct file_sums sums;
	struct stored_file *proven; /* own; not yet in the store */
	size_t n_proven;
	bool recheck;
	bool wants_each; /* every include pattern must match */
	bool ref_is_right;
	bool begun;	   /* its bytes were asked for */
	bool no_shortcuts; /* the Hub serves its files through resolve only */
	bool stopped;	   /* window, budget or signal ended it */
	enum outcome_kind stop_kind; /* which of them */
	/* results */
	enum outcome_kind outcome; /* once ENDED */
	struct err error;	   /* first failure; kind NONE: none */
	struct mono started_mono;
	struct wall started;	 /* WALL_NONE: never looked at */
	uint64_t bytes_received; /* over the network, this run */
	uint64_t bytes_done;	 /* towards sums.bytes_total */
	size_t files_done;
	unsigned retries;
};

void job_work_init(struct job_work *w, const struct job *job,
    struct job_entry *entry);
void job_work_release(struct job_work *w);

/* A person holds it; one that was named goes on. */
bool job_work_is_paused(const struct job_work *w);

/* Ends the work with this error (kind decides the outcome). */
void job_work_fail(struct job_work *w, const struct err *e);

/* Does its check begin with the question for its commit?  It may then be sent
 * ahead of the check, which will wait for the answer. */
bool job_work_asks_commit(const struct job_work *w, const struct session *s);
int job_work_ask_ahead(struct job_work *w, struct session *s, struct err *e);

/*
 * Ask the Hub (one request for an unchanged job), list, filter, compare with
 * the disk.  Afterwards UNCHANGED, READY or ENDED.
 */
void job_work_check(struct job_work *w, struct session *s);

/* For qsort, once checked: by priority, then oldest due, then smallest
 * remaining, which only the check has told; then by id. */
int job_work_compare(const void *a, const void *b);

/*
 * Is there room?  `budget` counts what works admitted before will take on
 * the same file system and is raised by this one's need.  Ends the work with
 * ERR_DISK if not.
 */
struct disk_share { /* of one file system */
	uint64_t device;
	const char *root;    /* borrowed from the first work on it */
	uint64_t free_bytes; /* as found then */
	uint64_t keep_free_bytes;
	uint64_t reserved_bytes; /* admitted */
	uint64_t needed_bytes;	 /* admitted and refused */
};
struct disk_budget {
	struct disk_share items[64];
	size_t n;
};
void job_work_admit(struct job_work *w, struct session *s,
    struct disk_budget *budget);

/*
 * Remember that a file's content is proven, so that a run that goes on with
 * the job need not hash it again.  Kept back until some came together; the
 * second writes what is left.
 */
void job_work_proved(struct job_work *w, struct session *s, size_t i);
void job_work_flush_proven(struct job_work *w, struct session *s);

/* Hash what is on disk unproven (adopt); wrong content is set aside and will
 * be fetched.  May be cancelled by the tick. */
void job_work_adopt(struct job_work *w, struct session *s);

void job_work_publish(struct job_work *w, struct session *s);

/*
 * Outcome into state, store, history and log; not for `get`.  A job that was
 * put off before its bytes were asked for has no attempt, and its entry is
 * only marked `changed`: there may be very many of them when a signal comes.
 * So is that of one that was up to date, whose attempt waits for others, until
 * job_work_flush_quiet: a run that dies before asks once more.
 */
void job_work_finish(struct job_work *w, struct session *s);
void job_work_flush_quiet(struct session *s);

/* Digest that proves a file, and what it must be. */
enum digest_kind job_work_digest(const struct remote_file *f);

/* "model org/name@revision" */
const char *job_work_title(const struct job *job, char *buf, size_t size);

#endif
