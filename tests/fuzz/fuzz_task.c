/* fuzz_task.c - tasks of the Task Scheduler of Windows, and their words. */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"
#include "formats/task_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *xml = text_ndup((const char *)data, size);
	struct task_entry entry;
	char **words;

	if (xml == NULL)
		return 0;
	if (task_entry_read(xml, "hfcron", &entry) == 1) {
		if (entry.program == NULL || entry.arguments == NULL ||
		    entry.when == NULL)
			abort();
		words = task_entry_words(&entry);
		if (words != NULL && words[0] == NULL)
			abort();
		task_entry_words_free(words);
	} else if (entry.program != NULL) {
		abort();
	}
	task_entry_release(&entry);
	free(xml);
	return 0;
}
