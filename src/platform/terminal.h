/* terminal.h - what the standard streams are. */
#ifndef HFCRON_PLATFORM_TERMINAL_H
#define HFCRON_PLATFORM_TERMINAL_H

#include <stdbool.h>

/* Descriptors 0, 1, 2 that are closed are opened on /dev/null, so that no
 * data file can get their number.  Call first thing in main. */
void terminal_guard_streams(void);
bool terminal_is_tty(int fd);
/* A terminal that can move its cursor: TERM is set and not dumb. */
bool terminal_can_paint(int fd);
/* Colour wanted on fd: as terminal_can_paint, and NO_COLOR is unset. */
bool terminal_has_colour(int fd);
/* Columns of the terminal on fd, 80 if unknown. */
int terminal_columns(int fd);

#endif
