/* entropy.h - random bytes from the system; for jitter and unique names. */
#ifndef HFCRON_PLATFORM_ENTROPY_H
#define HFCRON_PLATFORM_ENTROPY_H

#include <stddef.h>

/* Fills the buffer; 0, or -1 with errno. */
int entropy_fill(void *bytes, size_t n);
/* In [0,1). */
double entropy_unit(void);

#endif
