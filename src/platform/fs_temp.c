#include "platform/fs_temp.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/text.h"
#include "platform/entropy.h"
#include "platform/fs.h"

enum {
	TEMP_RANDOM_BYTES = 8,
	TEMP_NAME_PART_MAX = 200 /* the whole stays below 255 */
};

char *fs_temp_path(const char *path, const char *dir, struct err *e)
{
	uint8_t random[TEMP_RANDOM_BYTES];
	char hex[2 * TEMP_RANDOM_BYTES + 1];
	const char *name = fs_basename(path);
	char *parent = NULL, *temp = NULL;

	if (entropy_fill(random, sizeof(random)) == -1) {
		(void)err_errno(e, ERR_DISK, "no random bytes for a file name");
		return NULL;
	}
	hex_encode(random, sizeof(random), hex);
	if (dir == NULL)
		dir = parent = fs_dirname(path);
	if (dir != NULL)
		temp = text_format("%s%s.%.*s.%s.tmp", dir,
		    text_ends(dir, "/") ? "" : "/", TEMP_NAME_PART_MAX, name,
		    hex);
	free(parent);
	if (temp == NULL)
		(void)err_nomem(e);
	return temp;
}
