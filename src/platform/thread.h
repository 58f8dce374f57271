/*
 * thread.h - threads, and the two things that keep them apart.
 *
 * Only transfer/work_pool has threads.  They take no signals: those belong to
 * the one that main runs in.
 */
#ifndef HFCRON_PLATFORM_THREAD_H
#define HFCRON_PLATFORM_THREAD_H

struct thread;
struct thread_mutex;
struct thread_cond;

/* Run run(arg) in a new thread.  NULL: memory or a limit on processes. */
struct thread *thread_new(void (*run)(void *arg), void *arg);
/* Wait for its end and forget it; NULL is legal. */
void thread_join(struct thread *t);

/* NULL: memory.  Free what nobody holds or waits for; NULL is legal. */
struct thread_mutex *thread_mutex_new(void);
void thread_mutex_free(struct thread_mutex *m);
void thread_mutex_lock(struct thread_mutex *m);
void thread_mutex_unlock(struct thread_mutex *m);

struct thread_cond *thread_cond_new(void);
void thread_cond_free(struct thread_cond *c);
/* Gives the mutex up while it waits; may return without a reason. */
void thread_cond_wait(struct thread_cond *c, struct thread_mutex *m);
void thread_cond_wake_one(struct thread_cond *c);
void thread_cond_wake_all(struct thread_cond *c);

#endif
