/* commands.h - argv to exit status. */
#ifndef HFCRON_COMMANDS_COMMANDS_H
#define HFCRON_COMMANDS_COMMANDS_H

/* Parses, runs, returns the exit code; a pending stop signal is re-raised by
 * main. */
int commands_main(int argc, char **argv);

#endif
