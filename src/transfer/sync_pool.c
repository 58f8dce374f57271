#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "platform/fs.h"
#include "transfer/sync_pool.h"

enum { SYNC_THREADS_MAX = 8 };

struct sync_pool {
	pthread_t threads[SYNC_THREADS_MAX];
	unsigned n_threads;
	pthread_mutex_t mutex;
	pthread_cond_t has_work, has_result;
	struct sync_job *todo, **todo_end; /* under mutex */
	struct sync_job *done;		   /* under mutex */
	unsigned pending; /* submitted and not taken; under mutex */
	bool quit;	  /* under mutex */
	void (*wake)(void *cookie);
	void *cookie;
};

static void *work(void *argument)
{
	struct sync_pool *pool = argument;

	pthread_mutex_lock(&pool->mutex);
	for (;;) {
		struct sync_job *job = pool->todo;

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
		job->rc = fs_sync_data(job->fd, job->path, &job->e);
		pthread_mutex_lock(&pool->mutex);
		job->next = pool->done;
		pool->done = job;
		pthread_cond_signal(&pool->has_result);
		if (pool->wake != NULL)
			pool->wake(pool->cookie);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

struct sync_pool *sync_pool_new(unsigned threads, void (*wake)(void *cookie),
    void *cookie, struct err *e)
{
	struct sync_pool *pool = calloc(1, sizeof(*pool));
	sigset_t all, old;

	if (pool == NULL) {
		err_nomem(e);
		return NULL;
	}
	pool->wake = wake;
	pool->cookie = cookie;
	pool->todo_end = &pool->todo;
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_cond_init(&pool->has_work, NULL);
	pthread_cond_init(&pool->has_result, NULL);
	if (threads > SYNC_THREADS_MAX)
		threads = SYNC_THREADS_MAX;
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
		sync_pool_free(pool);
		return NULL;
	}
	return pool;
}

void sync_pool_free(struct sync_pool *pool)
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

void sync_pool_submit(struct sync_pool *pool, struct sync_job *job)
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

struct sync_job *sync_pool_take(struct sync_pool *pool, int wait)
{
	struct sync_job *job;

	pthread_mutex_lock(&pool->mutex);
	while (wait && pool->done == NULL && pool->pending > 0)
		pthread_cond_wait(&pool->has_result, &pool->mutex);
	job = pool->done;
	if (job != NULL) {
		pool->done = job->next;
		pool->pending--;
	}
	pthread_mutex_unlock(&pool->mutex);
	return job;
}
