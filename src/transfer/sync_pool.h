/*
 * sync_pool.h - fdatasync away from the loop: a few threads, jobs in, jobs
 * out.  The loop's thread makes all calls.
 */
#ifndef HFCRON_TRANSFER_SYNC_POOL_H
#define HFCRON_TRANSFER_SYNC_POOL_H

#include "base/err.h"

struct sync_pool;

/* One job; the caller's, untouched by the caller from submit until taken. */
struct sync_job {
	int fd;		  /* open until taken back */
	const char *path; /* for the error's text */
	void *cookie;	  /* the caller's */
	int rc;		  /* result: 0, or -1 with e */
	struct err e;
	struct sync_job *next; /* the pool's */
};

/* `wake(cookie)` is called from a pool thread when a job is ready to be taken.
 * Owned; NULL with *e. */
struct sync_pool *sync_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e);
/* Waits for jobs under way. */
void sync_pool_free(struct sync_pool *pool);
void sync_pool_submit(struct sync_pool *pool, struct sync_job *job);
/* A finished job, NULL if there is none; `wait`: until one finishes (NULL only
 * if none was submitted). */
struct sync_job *sync_pool_take(struct sync_pool *pool, int wait);

#endif
