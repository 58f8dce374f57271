/*
 * local_metadata.h - the official client's book about one file of a
 * local_dir: three lines, commit, etag, time of writing.  Pure.
 */
#ifndef HFCRON_CACHE_LOCAL_METADATA_H
#define HFCRON_CACHE_LOCAL_METADATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/remote_file.h"
#include "platform/fs.h"

enum {
	LOCAL_METADATA_TEXT_MAX = 160,
	LOCAL_METADATA_BYTES_MAX = 4096 /* more is no metadata */
};

struct local_metadata {
	char commit[41];
	char etag[REMOTE_BLOB_MAX];
	int64_t time_s;
	int32_t time_us;
};

/*
 * White space around a line and whatever follows the third are ignored, as
 * the official client does; commit and etag must be hashes.  0 or -1.
 */
int local_metadata_parse(const char *text, size_t n,
    struct local_metadata *out);

/* The length written, without the terminator. */
size_t local_metadata_format(const struct local_metadata *m,
    char out[LOCAL_METADATA_TEXT_MAX]);

/* true unless the file was changed more than a second after the metadata. */
bool local_metadata_covers(const struct local_metadata *m,
    const struct fs_stat *file);

#endif
