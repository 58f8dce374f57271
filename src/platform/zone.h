/*
 * zone.h - UTC offsets of named time zones, from the system's zone files.
 *
 * Zone names: "local", "UTC", or an IANA name such as "Europe/Berlin".  glibc
 * takes unknown names as UTC in silence, so the file is looked for first.
 * Not thread-safe (the C library keeps one zone): main thread only.
 */
#ifndef HFCRON_PLATFORM_ZONE_H
#define HFCRON_PLATFORM_ZONE_H

#include <stdbool.h>
#include <stdint.h>

/* true if the name is known here.  Names with "..", leading "/", or other
 * characters than A-Za-z0-9_+-/ are not, and no file is touched for them. */
bool zone_exists(const char *name);

/* Why no other names than "local" and "UTC" are known here; NULL: they are. */
const char *zone_lack(void);

/*
 * Seconds to add to UTC to get local time in `name` at `utc_s`; 0 for a name
 * that zone_exists denies.
 */
int32_t zone_offset_s(const char *name, int64_t utc_s);

/* The zone's abbreviation at that instant ("CET"); borrowed until next call. */
const char *zone_abbreviation(const char *name, int64_t utc_s);

/* Where the rules of "local" or the name come from, for people: the file, or
 * the name that the system has for the zone.  NULL: from nowhere. */
const char *zone_source(const char *name, char *buf, unsigned long size);

/* The file that "local" or the name is read from, for fingerprints;
 * returns buf, or NULL if there is none. */
const char *zone_file(const char *name, char *buf, unsigned long size);

/* What else its rules depend on, for fingerprints: all that Windows has of it,
 * "" where the file says everything.  Returns buf. */
const char *zone_state(const char *name, char *buf, unsigned long size);

#endif
