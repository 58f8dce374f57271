#include <stdio.h>

#include "commands/cli.h"
#include "commands/commands.h"
#include "commands/exit_status.h"
#include "http/http_client.h"
#include "platform/process_try.h"
#include "store/store.h"
#include "store/store_walk.h"

static void print_version(void)
{
	printf("hfcron %s\n%s\n%s\n", PACKAGE_VERSION, http_library_version(),
	    store_library_version());
}

int commands_main(int argc, char **argv)
{
	static const struct process_work *const works[] = { &store_walk_work,
		NULL };
	const struct command *command;
	struct err e = ERR_INIT;
	struct cli cli;
	int status = EXIT_DONE;

	process_try_serve(argc, argv, works);
	if (cli_parse(argc, argv, &command, &cli, &e) == -1) {
		fprintf(stderr, "hfcron: %s\n", e.text);
		status = EXIT_CONFIG;
	} else if (cli.help) {
		cli_print_help(command, stdout);
	} else if (cli.version) {
		print_version();
	} else {
		status = command->run(&cli);
	}
	cli_release(&cli);
	return status;
}
