/* fake_sync.c - one queue, no thread. */
#include "support/fake_sync.h"

#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "support/fake_clock.h"

enum { JOBS_MAX = 256 };

struct fake_sync fake_sync;

struct sync_pool {
	void (*wake)(void *cookie);
	void *cookie;
	struct {
		struct sync_job *job;
		int64_t due_ms;
	} queue[JOBS_MAX];
	unsigned n;
};

/* The one that lives, for fake_sync_pending. */
static const struct sync_pool *the_pool;

bool fake_sync_pending(const char *path)
{
	for (unsigned i = 0; the_pool != NULL && i < the_pool->n; i++)
		if (strcmp(the_pool->queue[i].job->path, path) == 0)
			return true;
	return false;
}

struct sync_pool *sync_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e)
{
	struct sync_pool *pool = calloc(1, sizeof(*pool));

	(void)threads;
	if (pool == NULL) {
		err_nomem(e);
		return NULL;
	}
	pool->wake = wake;
	pool->cookie = cookie;
	the_pool = pool;
	return pool;
}

void sync_pool_free(struct sync_pool *pool)
{
	the_pool = NULL;
	free(pool);
}

void sync_pool_submit(struct sync_pool *pool, struct sync_job *job)
{
	if (pool->n == JOBS_MAX)
		abort();
	if (fake_sync.begins != NULL)
		fake_sync.begins(fake_sync.cookie, job);
	pool->queue[pool->n].job = job;
	pool->queue[pool->n].due_ms = fake_clock_ms() + fake_sync.takes_ms;
	pool->n++;
	fake_sync.begun++;
	if (fake_sync.takes_ms == 0)
		pool->wake(pool->cookie);
}

struct sync_job *sync_pool_take(struct sync_pool *pool, int wait)
{
	struct sync_job *job;
	struct fs_stat st;
	int64_t left;

	if (pool->n == 0)
		return NULL;
	left = pool->queue[0].due_ms - fake_clock_ms();
	if (left > 0 && !wait)
		return NULL;
	if (left > 0)
		fake_clock_move(left);
	job = pool->queue[0].job;
	pool->n--;
	for (unsigned i = 0; i < pool->n; i++)
		pool->queue[i] = pool->queue[i + 1];
	fake_sync.ended++;
	/* Not synced, as that is slow; but one closed meanwhile fails. */
	job->rc = fs_fstat(job->fd, &st, &job->e);
	if (fake_sync.fails_from != 0 &&
	    (fake_sync.ended == fake_sync.fails_from ||
		(fake_sync.ended > fake_sync.fails_from &&
		    !fake_sync.fails_once)))
		job->rc = err_set(&job->e, ERR_DISK, "cannot sync %s",
		    job->path);
	return job;
}
