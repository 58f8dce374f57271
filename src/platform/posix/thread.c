/* thread.c - threads by POSIX. */
#include "platform/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

struct thread {
	pthread_t id;
	void (*run)(void *arg);
	void *arg;
};

struct thread_mutex {
	pthread_mutex_t it;
};

struct thread_cond {
	pthread_cond_t it;
};

static void *begin(void *argument)
{
	struct thread *t = argument;

	t->run(t->arg);
	return NULL;
}

struct thread *thread_new(void (*run)(void *arg), void *arg)
{
	struct thread *t = malloc(sizeof(*t));
	sigset_t all, old;
	int rc;

	if (t == NULL)
		return NULL;
	t->run = run;
	t->arg = arg;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&t->id, NULL, begin, t);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc == 0)
		return t;
	free(t);
	return NULL;
}

void thread_join(struct thread *t)
{
	if (t == NULL)
		return;
	(void)pthread_join(t->id, NULL);
	free(t);
}

struct thread_mutex *thread_mutex_new(void)
{
	struct thread_mutex *m = malloc(sizeof(*m));

	if (m != NULL)
		(void)pthread_mutex_init(&m->it, NULL);
	return m;
}

void thread_mutex_free(struct thread_mutex *m)
{
	if (m != NULL)
		(void)pthread_mutex_destroy(&m->it);
	free(m);
}

void thread_mutex_lock(struct thread_mutex *m)
{
	(void)pthread_mutex_lock(&m->it);
}

void thread_mutex_unlock(struct thread_mutex *m)
{
	(void)pthread_mutex_unlock(&m->it);
}

struct thread_cond *thread_cond_new(void)
{
	struct thread_cond *c = malloc(sizeof(*c));

	if (c != NULL)
		(void)pthread_cond_init(&c->it, NULL);
	return c;
}

void thread_cond_free(struct thread_cond *c)
{
	if (c != NULL)
		(void)pthread_cond_destroy(&c->it);
	free(c);
}

void thread_cond_wait(struct thread_cond *c, struct thread_mutex *m)
{
	(void)pthread_cond_wait(&c->it, &m->it);
}

void thread_cond_wake_one(struct thread_cond *c)
{
	(void)pthread_cond_signal(&c->it);
}

void thread_cond_wake_all(struct thread_cond *c)
{
	(void)pthread_cond_broadcast(&c->it);
}
