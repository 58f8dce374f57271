/*
 * store_codec.h - the payloads of the tables; private to the room and its
 * fuzzer.  Each decode fills a fresh struct and returns 0, EINVAL (malformed;
 * what it holds is then released) or ENOMEM.
 */
#ifndef HFCRON_STORE_STORE_CODEC_H
#define HFCRON_STORE_STORE_CODEC_H

#include "base/err.h"
#include "store/store.h"
#include "store/store_record.h"

/* Without the key: it is the record's. */
void store_job_encode(struct record_out *out, const struct job_state *s);
int store_job_decode(struct record_in *in, struct job_state *s);

void store_file_encode(struct record_out *out, const struct stored_file *f);
int store_file_decode(struct record_in *in, struct stored_file *f);

void store_partial_encode(struct record_out *out,
    const struct partial_state *p);
int store_partial_decode(struct record_in *in, struct partial_state *p);

void store_attempt_encode(struct record_out *out, const struct attempt *a);
int store_attempt_decode(struct record_in *in, struct attempt *a);

/* Make the due index anew from the jobs. */
int store_jobs_reindex(struct store *s, struct err *e);

#endif
