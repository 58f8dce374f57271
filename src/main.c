/*
 * main.c - argv to exit status; nothing else.
 */
#include <stdio.h>

#include "commands/commands.h"
#include "platform/process.h"
#include "platform/signals.h"
#include "platform/terminal.h"

int main(int argc, char **argv)
{
	int status;

	terminal_guard_streams();
	process_arguments(&argc, &argv);
	signals_install();
	status = commands_main(argc, argv);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fputs("hfcron: cannot write to standard output\n", stderr);
		if (status == 0)
			status = 4;
	}
	fflush(stderr);
	if (signals_pending() != 0)
		signals_reraise(signals_pending());
	return status;
}
