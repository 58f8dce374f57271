/* map_file.c - files that a library maps into memory. */
#include "platform/map_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

intptr_t map_file_of(int fd)
{
	return fd;
}

int map_file_keep(intptr_t file)
{
	const int flags = fcntl((int)file, F_GETFD);

	if (flags == -1 || fcntl((int)file, F_SETFD, flags | FD_CLOEXEC) == -1)
		return errno;
	return 0;
}

bool map_file_takes_space(void)
{
	return false;
}

void map_file_cover(intptr_t file, uint64_t bytes)
{
	struct stat st;

	if (fstat((int)file, &st) == -1 || (uint64_t)st.st_size >= bytes)
		return;
	/* Beyond the limit there is a signal. */
	if (map_file_limit() < bytes)
		return;
	if (ftruncate((int)file, (off_t)bytes) == -1)
		return;
}

uint64_t map_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_FSIZE, &limit) == -1 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return UINT64_MAX;
	return limit.rlim_cur;
}

int map_file_restart(int fd)
{
	if (ftruncate(fd, 0) == -1 || lseek(fd, 0, SEEK_SET) == -1)
		return errno;
	return 0;
}

char *map_file_path(const char *path)
{
	return text_dup(path);
}

int map_file_errno(int code)
{
	return code;
}

bool map_file_wait_if_closing(int code, int tries)
{
	(void)code;
	(void)tries;
	return false;
}
