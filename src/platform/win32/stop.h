/* stop.h - the event that is set when this process is asked to stop.  For
 * win32/ only. */
#ifndef HFCRON_PLATFORM_WIN32_STOP_H
#define HFCRON_PLATFORM_WIN32_STOP_H

#include <stdint.h>
#include <windows.h>

enum { STOP_NAME_MAX = 64 };

/* NULL before signals_install, and once it has been heeded. */
HANDLE stop_event(void);

/* Its name, by which another process of the user (or the system) sets it. */
void stop_event_name(int64_t pid, wchar_t name[STOP_NAME_MAX]);

#endif
