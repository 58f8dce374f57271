/*
 * replay_main.c - runs a fuzz target over files, for ordinary compilers.
 *
 * Arguments are files and folders.  Without any, the target called fuzz_x
 * replays $srcdir/tests/fuzz/corpus/x.  No input at all is a failure: an empty
 * corpus would prove nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* No corpus file is larger; a larger one is a mistake. */
enum { INPUT_MAX = 4 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long replayed;

static int replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = NULL;
	int result = -1;
	long size;

	if (f == NULL)
		goto out;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 ||
	    size > INPUT_MAX || fseek(f, 0, SEEK_SET) != 0)
		goto out;
	/* Exactly as large as the input, so that one byte too far is seen. */
	data = malloc(size > 0 ? (size_t)size : 1);
	if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size)
		goto out;
	(void)LLVMFuzzerTestOneInput(data, (size_t)size);
	replayed++;
	result = 0;
out:
	if (result != 0)
		fprintf(stderr, "%s: cannot be read: %s\n", path,
		    strerror(errno));
	free(data);
	if (f != NULL)
		fclose(f);
	return result;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char name[4096];
	int result = 0;

	if (dir == NULL) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (replay_file(name) != 0)
			result = -1;
	}
	closedir(dir);
	return result;
}

static int replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return replay_folder(path);
	return replay_file(path);
}

/* "…/fuzz_x" -> "$srcdir/tests/fuzz/corpus/x" */
static int replay_own_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(program, '/');
	char path[4096];

	name = name != NULL ? name + 1 : program;
	if (strncmp(name, "fuzz_", 5) != 0) {
		fprintf(stderr, "%s: name the corpus to replay\n", program);
		return -1;
	}
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s",
	    srcdir != NULL ? srcdir : ".", name + 5);
	return replay(path);
}

int main(int argc, char **argv)
{
	int result = 0;

	if (argc < 2)
		result = replay_own_corpus(argv[0]);
	for (int i = 1; i < argc; i++)
		if (replay(argv[i]) != 0)
			result = -1;
	printf("%lu inputs replayed\n", replayed);
	return result == 0 && replayed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
