/* terminal.c - what the standard streams are. */
#include "platform/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "platform/dirs.h"

enum { COLUMNS_DEFAULT = 80 };

void terminal_guard_streams(void)
{
	int fd;

	/* Upwards, because open gives the lowest number that is free. */
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
			continue;
		/* Without /dev/null anything that cannot be written. */
		if (open("/dev/null", O_RDWR) == -1 &&
		    open("/", O_RDONLY) == -1)
			_exit(70);
	}
}

bool terminal_is_tty(int fd)
{
	return isatty(fd) == 1;
}

bool terminal_can_paint(int fd)
{
	const char *term = dirs_env("TERM");

	return terminal_is_tty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}

bool terminal_has_colour(int fd)
{
	return terminal_can_paint(fd) && dirs_env("NO_COLOR") == NULL;
}

int terminal_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return COLUMNS_DEFAULT;
	return size.ws_col;
}
