/* terminal.c - what the standard streams are. */
#include "platform/terminal.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "platform/dirs.h"
#include "platform/win32/console.h"
#include "platform/win32/handle.h"

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 4
#endif

enum { COLUMNS_DEFAULT = 80, STREAMS = 3 };

static UINT code_page_before; /* 0: not changed */
static HANDLE painted;	      /* whose mode was changed; NULL: none */
static DWORD mode_before;

void console_restore(void)
{
	if (painted != NULL)
		(void)SetConsoleMode(painted, mode_before);
	if (code_page_before != 0)
		(void)SetConsoleOutputCP(code_page_before);
}

void terminal_guard_streams(void)
{
	FILE *const streams[STREAMS] = { stdin, stdout, stderr };
	UINT before;
	int i;

	for (i = 0; i < STREAMS; i++) {
		/* A hidden task has none; then the descriptor is -2. */
		if (_fileno(streams[i]) < 0 ||
		    handle_of(_fileno(streams[i])) == INVALID_HANDLE_VALUE)
			(void)freopen("NUL", i == 0 ? "rb" : "wb", streams[i]);
		/* "\n" is one byte in all that we write. */
		if (_fileno(streams[i]) >= 0)
			(void)_setmode(_fileno(streams[i]), _O_BINARY);
	}
	(void)setvbuf(stderr, NULL, _IONBF, 0);
	(void)atexit(console_restore);
	before = GetConsoleOutputCP();
	if (before != 0 && before != CP_UTF8 && SetConsoleOutputCP(CP_UTF8))
		code_page_before = before;
}

/* A console, not a pipe or NUL. */
bool terminal_is_tty(int fd)
{
	DWORD mode;

	return GetConsoleMode(handle_of(fd), &mode) != 0;
}

/* From Windows 10 on a console can, once it is asked to. */
bool terminal_can_paint(int fd)
{
	HANDLE h = handle_of(fd);
	DWORD mode;

	if (!GetConsoleMode(h, &mode))
		return false;
	if ((mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0)
		return true;
	if (!SetConsoleMode(h, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING))
		return false;
	/* Standard output and error are the same console: one mode. */
	if (painted == NULL) {
		mode_before = mode;
		painted = h;
	}
	return true;
}

bool terminal_has_colour(int fd)
{
	return terminal_can_paint(fd) && dirs_env("NO_COLOR") == NULL;
}

int terminal_columns(int fd)
{
	CONSOLE_SCREEN_BUFFER_INFO info;

	if (!GetConsoleScreenBufferInfo(handle_of(fd), &info) ||
	    info.srWindow.Right < info.srWindow.Left)
		return COLUMNS_DEFAULT;
	return info.srWindow.Right - info.srWindow.Left + 1;
}
