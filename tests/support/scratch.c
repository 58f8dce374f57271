/* scratch.c - a folder for a test to work in. */
#include "support/scratch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "platform/dirs.h"
#include "platform/entropy.h"
#include "platform/fs.h"

#ifdef _WIN32
#define HAVE_MODES false
#else
#define HAVE_MODES true
#endif

static int failed(const struct err *e)
{
	(void)fprintf(stderr, "%s\n", e->text);
	return -1;
}

int scratch_make(char *path, size_t size, const char *name)
{
	const char *tmp = dirs_env("TMPDIR");
	char *parent, hex[13];
	uint8_t random[6];
	struct err e = ERR_INIT;
	int n;

	if (entropy_fill(random, sizeof(random)) == -1)
		return -1;
	hex_encode(random, sizeof(random), hex);
	parent = fs_realpath(tmp == NULL ? "/tmp" : tmp, &e);
	if (parent == NULL)
		return failed(&e);
	n = snprintf(path, size, "%s/hfcron-%s.%s", parent, name, hex);
	free(parent);
	if (n < 0 || (size_t)n >= size)
		return -1;
	return fs_mkdirs(path, 0700, &e) == -1 ? failed(&e) : 0;
}

static int remove_one(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	char *path = fs_join(cookie, name);
	int rc;

	if (path == NULL)
		return err_nomem(e);
	if (type != FS_DIR)
		rc = fs_unlink(path, e);
	else if (fs_list_dir(path, remove_one, path, e) == -1)
		rc = -1;
	else
		rc = fs_rmdir(path, e);
	free(path);
	return rc;
}

int scratch_remove(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	if (fs_lstat(path, &st, &e) == -1)
		return failed(&e);
	if (st.type != FS_DIR)
		return fs_unlink(path, &e) == -1 ? failed(&e) : 0;
	if (fs_list_dir(path, remove_one, (void *)(uintptr_t)path, &e) == -1 ||
	    fs_rmdir(path, &e) == -1)
		return failed(&e);
	return 0;
}

bool scratch_is_there(const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	return fs_lstat(path, &st, &e) == 0 && st.type != FS_ABSENT;
}

bool scratch_mode_is(const char *path, unsigned mode)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	if (fs_lstat(path, &st, &e) == -1 || st.type == FS_ABSENT)
		return false;
	return !HAVE_MODES || st.mode == mode;
}
