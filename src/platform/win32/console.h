/* console.h - the console as it was.  For win32/ only. */
#ifndef HFCRON_PLATFORM_WIN32_CONSOLE_H
#define HFCRON_PLATFORM_WIN32_CONSOLE_H

/*
 * Put back what this process has changed of its console, which others go on
 * using: its code page, and what it does with escape sequences.  From any
 * thread, and more than once; before every end that runs no atexit.
 */
void console_restore(void);

#endif
