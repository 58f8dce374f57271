/* file_diff.c - what is to be done for each file of a commit. */
#include "plan/file_diff.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const char *blob;
	size_t index;
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->blob, y->blob);

	if (order != 0)
		return order;
	return x->index < y->index ? -1 : 1;
}

static void add(uint64_t *sum, uint64_t bytes)
{
	*sum = bytes > UINT64_MAX - *sum ? UINT64_MAX : *sum + bytes;
}

static enum file_action decide(const struct local_file *local, bool recheck)
{
	bool present = local->blob_present || local->in_place;

	if (present && (recheck || !local->blob_verified))
		return FILE_ADOPT;
	if (local->in_place)
		return FILE_KEEP;
	return present ? FILE_PLACE : FILE_FETCH;
}

static void count_fetch(const struct remote_file *file,
    const struct local_file *local, struct file_sums *sums)
{
	sums->files_to_fetch++;
	if (local->partial_bytes < file->size)
		add(&sums->bytes_to_fetch, file->size - local->partial_bytes);
	if (local->partial_disk_bytes < file->size)
		add(&sums->disk_needed_bytes,
		    file->size - local->partial_disk_bytes);
}

/* Entries [0, n) have the same blob, in the listing's order. */
static void decide_blob(const struct entry *entries, size_t n,
    const struct remote_file *const *wanted, const struct local_file *local,
    bool recheck, struct file_decision *decisions, struct file_sums *sums)
{
	const struct entry *leader = NULL;
	size_t i;

	add(&sums->bytes_total, wanted[entries[0].index]->size);
	for (i = 0; i < n; i++) {
		size_t at = entries[i].index;
		struct file_decision *d = &decisions[at];

		d->action = decide(&local[at], recheck);
		d->first = at;
		if (d->action != FILE_KEEP)
			sums->n_changes++;
		if (d->action != FILE_ADOPT && d->action != FILE_FETCH)
			continue;
		if (leader != NULL) {
			d->action = FILE_SHARE;
			d->first = leader->index;
			continue;
		}
		leader = &entries[i];
		if (d->action == FILE_FETCH)
			count_fetch(wanted[at], &local[at], sums);
	}
}

int file_diff(const struct remote_file *const *wanted,
    const struct local_file *local, size_t n, bool recheck,
    struct file_decision *decisions, struct file_sums *sums, struct err *e)
{
	struct entry *entries;
	size_t i, end;

	memset(sums, 0, sizeof(*sums));
	if (n == 0)
		return 0;
	entries = calloc(n, sizeof(*entries));
	if (entries == NULL)
		return err_nomem(e);
	for (i = 0; i < n; i++) {
		entries[i].blob = remote_file_blob(wanted[i]);
		entries[i].index = i;
	}
	qsort(entries, n, sizeof(*entries), compare);
	for (i = 0; i < n; i = end) {
		for (end = i + 1; end < n &&
		     strcmp(entries[i].blob, entries[end].blob) == 0;)
			end++;
		decide_blob(entries + i, end - i, wanted, local, recheck,
		    decisions, sums);
	}
	free(entries);
	sums->bytes_there = sums->bytes_total - sums->bytes_to_fetch;
	return 0;
}
