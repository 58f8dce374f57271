/*
 * work_pool.h - slow work away from the loop: a few threads, jobs in, jobs
 * out.  The loop's thread makes all calls.
 */
#ifndef HFCRON_TRANSFER_WORK_POOL_H
#define HFCRON_TRANSFER_WORK_POOL_H

#include "base/err.h"

struct work_pool;

/* One job; the caller's, untouched by the caller from submit until taken. */
struct work_job {
	/* In a pool's thread: 0, or -1 with job->e. */
	int (*run)(struct work_job *job);
	int fd;		  /* open until taken back */
	const char *path; /* for the error's text */
	void *cookie;	  /* the caller's */
	int rc;		  /* result */
	struct err e;
	struct work_job *next; /* the pool's */
};

/* A job whose work is fdatasync of `fd`. */
int work_sync(struct work_job *job);

/* Jobs begin in the order of their submission; with one thread they end in
 * it, too.  `wake(cookie)` is called from a pool thread when a job is ready to
 * be taken.  Owned; NULL with *e. */
struct work_pool *work_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e);
/* Waits for all jobs submitted; none can be taken any more. */
void work_pool_free(struct work_pool *pool);
void work_pool_submit(struct work_pool *pool, struct work_job *job);
/* A finished job, NULL if there is none; `wait`: until one finishes (NULL only
 * if none was submitted). */
struct work_job *work_pool_take(struct work_pool *pool, int wait);

#endif
