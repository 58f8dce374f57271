/* hex.h - lower-case hexadecimal.  Pure. */
#ifndef HFCRON_BASE_HEX_H
#define HFCRON_BASE_HEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2n characters and a terminator. */
void hex_encode(const uint8_t *bytes, size_t n, char *out);
/* Exactly 2n lower- or upper-case digits; 0 or -1. */
int hex_decode(const char *text, uint8_t *bytes, size_t n);
/* true if text is exactly `digits` lower-case hex digits. */
bool hex_is_lower(const char *text, size_t digits);

#endif
