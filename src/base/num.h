/*
 * num.h - numbers, durations and sizes from and to text.  Pure; no locale.
 *
 * All parsers take the whole text or fail: no sign, no white space, no
 * trailing characters.  They return 0, or -1 with the value untouched.
 */
#ifndef HFCRON_BASE_NUM_H
#define HFCRON_BASE_NUM_H

#include <stddef.h>
#include <stdint.h>

/* Decimal, 0 <= value <= max. */
int num_parse_u64(const char *text, size_t n, uint64_t max, uint64_t *value);

/*
 * Duration: one or more of <digits><unit>, units ms s m h d w, largest first,
 * each once ("1h30m", "10ms").  Result in milliseconds, at most 10 years.
 */
int num_parse_duration_ms(const char *text, int64_t *ms);

/*
 * Size: <digits>[.<digits>][ ]<unit>; B kB KB MB GB TB PB = powers of 1000,
 * KiB MiB GiB TiB PiB = powers of 1024; a bare number is bytes.  Result in
 * bytes, at most 2^60.
 */
int num_parse_size(const char *text, uint64_t *bytes);

/*
 * Rate: a size and "/s" ("40MB/s", "512KiB/s"); a bare number is bytes a
 * second.  Result as of num_parse_size.
 */
int num_parse_rate(const char *text, uint64_t *bytes_per_s);

enum { NUM_TEXT_MAX = 32 };

/* "1.5 GB" (powers of 1000, three significant digits); returns buf. */
const char *num_format_size(uint64_t bytes, char buf[NUM_TEXT_MAX]);
/* "2h05m", "2h", "45s", "350ms", "3d04h"; returns buf. */
const char *num_format_duration(int64_t ms, char buf[NUM_TEXT_MAX]);

#endif
