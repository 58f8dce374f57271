/* thread.c - threads by Windows. */
#include "platform/thread.h"

#include <process.h>
#include <stdint.h>
#include <stdlib.h>
#include <windows.h>

struct thread {
	HANDLE handle;
	void (*run)(void *arg);
	void *arg;
};

struct thread_mutex {
	SRWLOCK it;
};

struct thread_cond {
	CONDITION_VARIABLE it;
};

static unsigned __stdcall begin(void *argument)
{
	struct thread *t = argument;

	t->run(t->arg);
	return 0;
}

struct thread *thread_new(void (*run)(void *arg), void *arg)
{
	struct thread *t = malloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	t->run = run;
	t->arg = arg;
	/* Not CreateThread: the C library keeps things per thread. */
	t->handle = (HANDLE)_beginthreadex(NULL, 0, begin, t, 0, NULL);
	if (t->handle != NULL)
		return t;
	free(t);
	return NULL;
}

void thread_join(struct thread *t)
{
	if (t == NULL)
		return;
	(void)WaitForSingleObject(t->handle, INFINITE);
	(void)CloseHandle(t->handle);
	free(t);
}

struct thread_mutex *thread_mutex_new(void)
{
	struct thread_mutex *m = malloc(sizeof(*m));

	if (m != NULL)
		InitializeSRWLock(&m->it);
	return m;
}

void thread_mutex_free(struct thread_mutex *m)
{
	free(m);
}

void thread_mutex_lock(struct thread_mutex *m)
{
	AcquireSRWLockExclusive(&m->it);
}

void thread_mutex_unlock(struct thread_mutex *m)
{
	ReleaseSRWLockExclusive(&m->it);
}

struct thread_cond *thread_cond_new(void)
{
	struct thread_cond *c = malloc(sizeof(*c));

	if (c != NULL)
		InitializeConditionVariable(&c->it);
	return c;
}

void thread_cond_free(struct thread_cond *c)
{
	free(c);
}

void thread_cond_wait(struct thread_cond *c, struct thread_mutex *m)
{
	(void)SleepConditionVariableSRW(&c->it, &m->it, INFINITE, 0);
}

void thread_cond_wake_one(struct thread_cond *c)
{
	WakeConditionVariable(&c->it);
}

void thread_cond_wake_all(struct thread_cond *c)
{
	WakeAllConditionVariable(&c->it);
}
