/*
 * map_file.h - what a library that maps a file into memory (LMDB) needs to be
 * told, or does not know, about the system.
 *
 * `file` is the system's own number of an open file, as such libraries give and
 * take it: a descriptor on Unix, a handle on Windows.
 */
#ifndef HFCRON_PLATFORM_MAP_FILE_H
#define HFCRON_PLATFORM_MAP_FILE_H

#include <stdbool.h>
#include <stdint.h>

/* The system's number behind a descriptor of fs.h. */
intptr_t map_file_of(int fd);

/* No child is to inherit it; 0 or an errno. */
int map_file_keep(intptr_t file);

/*
 * true: a file takes the space of its whole length at once, and a mapped one
 * is as long as its map (Windows).  false: what was never written is a hole.
 */
bool map_file_takes_space(void);

/*
 * Make the file at least `bytes` long where that costs no space; otherwise, and
 * beyond the process's limit on file sizes, nothing happens.
 */
void map_file_cover(intptr_t file, uint64_t bytes);

/* The process's limit on file sizes; UINT64_MAX: none. */
uint64_t map_file_limit(void);

/* Empty the file and go back to its beginning; 0 or an errno. */
int map_file_restart(int fd);

/*
 * The path as a library may have it that opens files by itself: on Windows with
 * the prefix that lifts the limit of 260 characters, and backslashes only.
 * Returns owned (free), NULL: no memory.
 */
char *map_file_path(const char *path);

/*
 * Opening failed with `code`, as such a library gives it: is that because another
 * process was just closing the same files?  If so, waits a moment; tries = 0, 1,
 * 2, ...; false after two seconds, and always on Unix.
 */
bool map_file_wait_if_closing(int code, int tries);

/* A positive code of such a library, which may be one of the system's own, as an
 * errno; others stay. */
int map_file_errno(int code);

#endif
