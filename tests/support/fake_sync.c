/* fake_sync.c - one queue, no thread. */
#include "support/fake_sync.h"

#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "support/fake_clock.h"

enum { JOBS_MAX = 1024 };

struct fake_sync fake_sync;

struct work_pool {
	void (*wake)(void *cookie);
	void *cookie;
	struct {
		struct work_job *job;
		int64_t due_ms;
	} queue[JOBS_MAX];
	unsigned n;
};

enum { POOLS_MAX = 8 };

/* Those that live, for fake_sync_pending. */
static const struct work_pool *pools[POOLS_MAX];

static bool has_sync(const struct work_pool *pool, const char *path)
{
	for (unsigned i = 0; i < pool->n; i++)
		if (pool->queue[i].job->run == work_sync &&
		    strcmp(pool->queue[i].job->path, path) == 0)
			return true;
	return false;
}

bool fake_sync_pending(const char *path)
{
	for (unsigned i = 0; i < POOLS_MAX; i++)
		if (pools[i] != NULL && has_sync(pools[i], path))
			return true;
	return false;
}

/* Stands for itself: what it does is in work_pool_take. */
int work_sync(struct work_job *job)
{
	(void)job;
	abort();
}

struct work_pool *work_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e)
{
	struct work_pool *pool = calloc(1, sizeof(*pool));

	(void)threads;
	if (pool == NULL) {
		err_nomem(e);
		return NULL;
	}
	pool->wake = wake;
	pool->cookie = cookie;
	for (unsigned i = 0; i < POOLS_MAX; i++)
		if (pools[i] == NULL) {
			pools[i] = pool;
			return pool;
		}
	abort();
}

void work_pool_free(struct work_pool *pool)
{
	for (unsigned i = 0; i < POOLS_MAX; i++)
		if (pools[i] == pool)
			pools[i] = NULL;
	free(pool);
}

void work_pool_submit(struct work_pool *pool, struct work_job *job)
{
	if (pool->n == JOBS_MAX)
		abort();
	/* Done at once, but not told before its time. */
	if (job->run != work_sync) {
		int64_t from = fake_clock_ms();

		if (pool->n > 0 && pool->queue[pool->n - 1].due_ms > from)
			from = pool->queue[pool->n - 1].due_ms;
		job->rc = job->run(job);
		pool->queue[pool->n].job = job;
		pool->queue[pool->n++].due_ms = from + fake_sync.block_takes_ms;
		if (fake_sync.block_takes_ms == 0)
			pool->wake(pool->cookie);
		return;
	}
	if (fake_sync.begins != NULL)
		fake_sync.begins(fake_sync.cookie, job);
	pool->queue[pool->n].job = job;
	pool->queue[pool->n].due_ms = fake_clock_ms() + fake_sync.takes_ms;
	pool->n++;
	fake_sync.begun++;
	if (fake_sync.takes_ms == 0)
		pool->wake(pool->cookie);
}

struct work_job *work_pool_take(struct work_pool *pool, int wait)
{
	struct work_job *job;
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
	if (job->run != work_sync)
		return job;
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
