/*
 * problems.h - all that is wrong with the user's files, found in one pass.
 *
 * A problem reads "hfcron.yaml:14:9: unknown key "retrys" (did you mean
 * "retry"?)".  Notes are not errors: `check` prints them, runs go on.
 */
#ifndef HFCRON_CONFIG_PROBLEMS_H
#define HFCRON_CONFIG_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

#include "formats/text_pos.h"

enum { PROBLEMS_MAX = 100 }; /* further ones are counted, not kept */

struct problem {
	char *file;	     /* own; as the user named it */
	struct text_pos pos; /* line 0: the file as a whole */
	char *text;	     /* own; escaped */
	bool note;
};

struct problems {
	struct problem *items; /* own */
	size_t n, cap;
	size_t n_errors; /* all found, kept or not */
	bool out_of_memory;
};

void problems_init(struct problems *p);
void problems_release(struct problems *p);
void problems_add(struct problems *p, const char *file, struct text_pos pos,
    const char *fmt, ...) __attribute__((format(PRINTF_STYLE, 4, 5)));
void problems_note(struct problems *p, const char *file, struct text_pos pos,
    const char *fmt, ...) __attribute__((format(PRINTF_STYLE, 4, 5)));
/* By line and column within each file, from the `from`th on; the files keep
 * their order. */
void problems_sort(struct problems *p, size_t from);
/* "FILE:LINE:COL: TEXT" into buf (cut to fit); returns buf. */
const char *problems_line(const struct problem *p, char *buf, size_t size);

#endif
