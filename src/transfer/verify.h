/* verify.h - hashing content that is on disk already. */
#ifndef HFCRON_TRANSFER_VERIFY_H
#define HFCRON_TRANSFER_VERIFY_H

#include <stdint.h>

#include "base/err.h"
#include "platform/digest.h"

/*
 * Hash the file and compare with digest_hex and size: 0 if equal,
 * ERR_INTEGRITY if not.  tick (may be NULL) is called every 8 MiB; nonzero
 * ends with ERR_CANCELLED.
 */
int verify_file(const char *path, uint64_t size, enum digest_kind kind,
    const char *digest_hex, int (*tick)(void *cookie), void *cookie,
    struct err *e);

#endif
