/*
 * store_sweep.h - mending after records were found damaged.
 */
#ifndef HFCRON_STORE_STORE_SWEEP_H
#define HFCRON_STORE_STORE_SWEEP_H

#include "base/err.h"
#include "store/store.h"

/*
 * Delete every record whose checksum is wrong, so that it is complained about
 * once, and make the due index anew from the jobs.  Neither what is lost nor
 * what is left is told: whoever met the damage counted it (store_damaged).
 */
int store_sweep(struct store *s, struct err *e);

#endif
