#include "model/bandwidth.h"

#include <stdlib.h>
#include <string.h>

void bandwidth_release(struct bandwidth *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->rules[i].windows);
	free(b->rules);
	memset(b, 0, sizeof(*b));
}
