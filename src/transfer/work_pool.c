#include <stdbool.h>
#include <stdlib.h>

#include "platform/fs.h"
#include "platform/thread.h"
#include "transfer/work_pool.h"

enum { THREADS_MAX = 8 };

struct work_pool {
	struct thread *threads[THREADS_MAX];
	unsigned n_threads;
	struct thread_mutex *mutex;
	struct thread_cond *has_work, *has_result;
	struct work_job *todo, **todo_end; /* under mutex */
	struct work_job *done, **done_end; /* under mutex */
	unsigned pending; /* submitted and not taken; under mutex */
	bool quit;	  /* under mutex */
	void (*wake)(void *cookie);
	void *cookie;
};

int work_sync(struct work_job *job)
{
	return fs_sync_data(job->fd, job->path, &job->e);
}

static void work(void *argument)
{
	struct work_pool *pool = argument;
	bool first;

	thread_mutex_lock(pool->mutex);
	for (;;) {
		struct work_job *job = pool->todo;

		if (job == NULL) {
			if (pool->quit)
				break;
			thread_cond_wait(pool->has_work, pool->mutex);
			continue;
		}
		pool->todo = job->next;
		if (pool->todo == NULL)
			pool->todo_end = &pool->todo;
		thread_mutex_unlock(pool->mutex);
		job->rc = job->run(job);
		thread_mutex_lock(pool->mutex);
		job->next = NULL;
		first = pool->done == NULL;
		*pool->done_end = job;
		pool->done_end = &job->next;
		thread_cond_wake_one(pool->has_result);
		/* Who takes one takes all. */
		if (first && pool->wake != NULL)
			pool->wake(pool->cookie);
	}
	thread_mutex_unlock(pool->mutex);
}

/* What a pool consists of beside its threads. */
static bool make_parts(struct work_pool *pool)
{
	pool->mutex = thread_mutex_new();
	pool->has_work = thread_cond_new();
	pool->has_result = thread_cond_new();
	return pool->mutex != NULL && pool->has_work != NULL &&
	    pool->has_result != NULL;
}

struct work_pool *work_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e)
{
	struct work_pool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL || !make_parts(pool)) {
		work_pool_free(pool);
		err_nomem(e);
		return NULL;
	}
	pool->wake = wake;
	pool->cookie = cookie;
	pool->todo_end = &pool->todo;
	pool->done_end = &pool->done;
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	while (pool->n_threads < threads) {
		struct thread *t = thread_new(work, pool);

		if (t == NULL)
			break;
		pool->threads[pool->n_threads++] = t;
	}
	if (pool->n_threads == 0) {
		err_set(e, ERR_TRANSIENT,
		    "cannot start a thread: raise the "
		    "limit on processes (ulimit -u)");
		work_pool_free(pool);
		return NULL;
	}
	return pool;
}

static void end_threads(struct work_pool *pool)
{
	thread_mutex_lock(pool->mutex);
	pool->quit = true;
	thread_cond_wake_all(pool->has_work);
	thread_mutex_unlock(pool->mutex);
	for (unsigned i = 0; i < pool->n_threads; i++)
		thread_join(pool->threads[i]);
}

void work_pool_free(struct work_pool *pool)
{
	if (pool == NULL)
		return;
	if (pool->n_threads > 0)
		end_threads(pool);
	thread_cond_free(pool->has_result);
	thread_cond_free(pool->has_work);
	thread_mutex_free(pool->mutex);
	free(pool);
}

void work_pool_submit(struct work_pool *pool, struct work_job *job)
{
	thread_mutex_lock(pool->mutex);
	job->next = NULL;
	job->rc = 0;
	*pool->todo_end = job;
	pool->todo_end = &job->next;
	pool->pending++;
	thread_cond_wake_one(pool->has_work);
	thread_mutex_unlock(pool->mutex);
}

struct work_job *work_pool_take(struct work_pool *pool, int wait)
{
	struct work_job *job;

	thread_mutex_lock(pool->mutex);
	while (wait && pool->done == NULL && pool->pending > 0)
		thread_cond_wait(pool->has_result, pool->mutex);
	job = pool->done;
	if (job != NULL) {
		pool->done = job->next;
		if (pool->done == NULL)
			pool->done_end = &pool->done;
		pool->pending--;
	}
	thread_mutex_unlock(pool->mutex);
	return job;
}
