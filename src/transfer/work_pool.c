#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/fs.h"
#include "transfer/work_pool.h"

enum { THREADS_MAX = 8 };

struct work_pool {
	pthread_t threads[THREADS_MAX];
	unsigned n_threads;
	pthread_mutex_t mutex;
	pthread_cond_t has_work, has_result;
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

static void *work(void *argument)
{
	struct work_pool *pool = argument;
	bool first;

	pthread_mutex_lock(&pool->mutex);
	for (;;) {
		struct work_job *job = pool->todo;

		if (job == NULL) {
			if (pool->quit)
				break;
			pthread_cond_wait(&pool->has_work, &pool->mutex);
			continue;
		}
		pool->todo = job->next;
		if (pool->todo == NULL)
			pool->todo_end = &pool->todo;
		pthread_mutex_unlock(&pool->mutex);
		job->rc = job->run(job);
		pthread_mutex_lock(&pool->mutex);
		job->next = NULL;
		first = pool->done == NULL;
		*pool->done_end = job;
		pool->done_end = &job->next;
		pthread_cond_signal(&pool->has_result);
		/* Who takes one takes all. */
		if (first && pool->wake != NULL)
			pool->wake(pool->cookie);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

struct work_pool *work_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e)
{
	struct work_pool *pool = calloc(1, sizeof(*pool));
	sigset_t all, old;

	if (pool == NULL) {
		err_nomem(e);
		return NULL;
	}
	pool->wake = wake;
	pool->cookie = cookie;
	pool->todo_end = &pool->todo;
	pool->done_end = &pool->done;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->has_work, NULL);
	pthread_cond_init(&pool->has_result, NULL);
	if (threads > THREADS_MAX)
		threads = THREADS_MAX;
	/* Signals belong to the loop's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->n_threads < threads) {
		int rc = pthread_create(&pool->threads[pool->n_threads], NULL,
		    work, pool);

		if (rc != 0)
			break;
		pool->n_threads++;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (pool->n_threads == 0) {
		err_set(e, ERR_TRANSIENT,
		    "cannot start a thread: raise the "
		    "limit on processes (ulimit -u)");
		work_pool_free(pool);
		return NULL;
	}
	return pool;
}

void work_pool_free(struct work_pool *pool)
{
	if (pool == NULL)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->quit = true;
	pthread_cond_broadcast(&pool->has_work);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	pthread_cond_destroy(&pool->has_result);
	pthread_cond_destroy(&pool->has_work);
	pthread_mutex_destroy(&pool->mutex);
	free(pool);
}

void work_pool_submit(struct work_pool *pool, struct work_job *job)
{
	pthread_mutex_lock(&pool->mutex);
	job->next = NULL;
	job->rc = 0;
	*pool->todo_end = job;
	pool->todo_end = &job->next;
	pool->pending++;
	pthread_cond_signal(&pool->has_work);
	pthread_mutex_unlock(&pool->mutex);
}

struct work_job *work_pool_take(struct work_pool *pool, int wait)
{
	struct work_job *job;

	pthread_mutex_lock(&pool->mutex);
	while (wait && pool->done == NULL && pool->pending > 0)
		pthread_cond_wait(&pool->has_result, &pool->mutex);
	job = pool->done;
	if (job != NULL) {
		pool->done = job->next;
		if (pool->done == NULL)
			pool->done_end = &pool->done;
		pool->pending--;
	}
	pthread_mutex_unlock(&pool->mutex);
	return job;
}
