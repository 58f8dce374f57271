/* fuzz_hub_tree.c - any bytes as a page of the Hub's file listing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hub/hub_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the server said: a path and a blob name that we accept are safe. */
static void check_file(const struct remote_file *f)
{
	const char *blob = remote_file_blob(f);
	size_t n = strlen(blob);

	if (remote_path_problem(f->path, strlen(f->path)) != NULL)
		abort();
	if ((n != 40 && n != 64) || strspn(blob, "0123456789abcdef") != n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err e = ERR_INIT;
	struct remote_listing listing;

	remote_listing_init(&listing);
	if (hub_tree_page((const char *)data, size, &listing, &e) == -1) {
		if (e.kind == ERR_NONE || e.text[0] == '\0')
			abort();
	} else {
		for (size_t i = 0; i < listing.n; i++)
			check_file(&listing.files[i]);
	}
	remote_listing_release(&listing);
	return 0;
}
