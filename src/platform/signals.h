/*
 * signals.h - being asked to stop.
 *
 * signals_install() resets what a parent may have blocked or ignored, ignores
 * SIGPIPE and SIGXFSZ, and notes SIGTERM, SIGINT, SIGHUP and SIGXCPU.  The
 * second such signal ends the process at once.  An ignored SIGHUP (nohup) stays
 * ignored.
 */
#ifndef HFCRON_PLATFORM_SIGNALS_H
#define HFCRON_PLATFORM_SIGNALS_H

void signals_install(void);
/* The first stop signal seen, 0 if none. */
int signals_pending(void);
/*
 * A descriptor that becomes readable at the first stop signal; never read
 * it dry.  -1 where there is none.
 */
int signals_fd(void);
/* The request is met by an orderly end: nothing is pending any more. */
void signals_forget(void);
/* Default action for `signal`, then raise it; does not return. */
void signals_reraise(int signal) __attribute__((noreturn));

#endif
