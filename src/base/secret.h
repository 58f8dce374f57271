/*
 * secret.h - a token in memory.
 *
 * It has no printable form: nothing here returns it as a C string, and no
 * format directive takes it.  Wiped on release.
 */
#ifndef HFCRON_BASE_SECRET_H
#define HFCRON_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SECRET_MAX = 4096 };

struct secret {
	char *bytes; /* own */
	size_t len;  /* 0: no secret */
};

void secret_init(struct secret *s);
/* Copies; 0, or -1 if memory is short or n > SECRET_MAX. */
int secret_set(struct secret *s, const char *bytes, size_t n);
void secret_release(struct secret *s); /* wipes */
bool secret_is_set(const struct secret *s);
/* Overwrite memory in a way the compiler keeps. */
void secret_wipe(void *bytes, size_t n);

#endif
