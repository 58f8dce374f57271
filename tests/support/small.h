/*
 * small.h - tests that walk through much do with less of it under valgrind and
 * in the short run under Wine, which need the paths and not the numbers:
 * TEST_SMALL in the environment.
 */
#ifndef HFCRON_TESTS_SMALL_H
#define HFCRON_TESTS_SMALL_H

#include <stddef.h>
#include <stdlib.h>

static inline size_t all_or(size_t all, size_t small)
{
	return getenv("TEST_SMALL") == NULL ? all : small;
}

#endif
