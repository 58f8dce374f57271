#include "commands/exit_status.h"

enum exit_status exit_status_of(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE:
	case ERR_BUSY:
	case ERR_CANCELLED:
		return EXIT_DONE;
	case ERR_USAGE:
	case ERR_CONFIG:
		return EXIT_CONFIG;
	case ERR_AUTH:
	case ERR_PERMANENT:
		return EXIT_PERSON;
	case ERR_TRANSIENT:
	case ERR_UNREACHABLE:
	case ERR_INTEGRITY:
	case ERR_NOMEM:
		return EXIT_RETRY;
	case ERR_DISK:
	case ERR_STATE:
		return EXIT_DISK;
	case ERR_BUG:
		break;
	}
	return EXIT_BUG;
}

enum exit_status exit_status_worse(enum exit_status a, enum exit_status b)
{
	static const enum exit_status order[] = { EXIT_BUG, EXIT_CONFIG,
		EXIT_DISK, EXIT_PERSON, EXIT_RETRY };

	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return EXIT_DONE;
}
