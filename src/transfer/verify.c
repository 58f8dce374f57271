#include <stdlib.h>
#include <string.h>

#include "platform/fs.h"
#include "transfer/verify.h"

enum { VERIFY_BUFFER_BYTES = 1024 * 1024, VERIFY_TICK_BYTES = 8 * 1024 * 1024 };

static int hash_whole(int fd, const char *path, uint64_t size,
    struct digest *digest, int (*tick)(void *cookie), void *cookie,
    struct err *e)
{
	unsigned char *buffer = malloc(VERIFY_BUFFER_BYTES);
	uint64_t at = 0;
	int rc = -1;

	if (buffer == NULL)
		return err_nomem(e);
	while (at <= size) {
		size_t got;

		if (at % VERIFY_TICK_BYTES == 0 && tick != NULL &&
		    tick(cookie) != 0) {
			err_set(e, ERR_CANCELLED, "stopped while verifying %s",
			    path);
			goto out;
		}
		if (fs_pread(fd, buffer, VERIFY_BUFFER_BYTES, at, &got, path,
			e) == -1)
			goto out;
		at += got;
		if (at > size)
			break;
		digest_update(digest, buffer, got);
		if (got < VERIFY_BUFFER_BYTES)
			break;
	}
	if (at != size) {
		err_set(e, ERR_INTEGRITY, "%s has another length than %llu",
		    path, (unsigned long long)size);
		goto out;
	}
	rc = 0;
out:
	free(buffer);
	return rc;
}

int verify_file(const char *path, uint64_t size, enum digest_kind kind,
    const char *digest_hex, int (*tick)(void *cookie), void *cookie,
    struct err *e)
{
	char hex[DIGEST_HEX_MAX];
	struct digest *digest = NULL;
	int fd = -1, rc = -1;

	if (fs_open_read(path, &fd, e) == -1)
		return -1;
	digest = digest_new(kind, size, e);
	if (digest == NULL)
		goto out;
	if (hash_whole(fd, path, size, digest, tick, cookie, e) == -1)
		goto out;
	digest_final(digest, hex);
	if (strcmp(hex, digest_hex) != 0) {
		err_set(e, ERR_INTEGRITY, "%s hashes to %s, not to %s", path,
		    hex, digest_hex);
		goto out;
	}
	rc = 0;
out:
	digest_free(digest);
	fs_close(&fd);
	return rc;
}
