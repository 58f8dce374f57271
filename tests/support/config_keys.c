/* config_keys.c - prints every configuration key, for scripts/check-docs. */
#include <stdio.h>

#include "config/config.h"

int main(void)
{
	for (const char *const *key = config_keys(); *key != NULL; key++)
		puts(*key);
	return 0;
}
