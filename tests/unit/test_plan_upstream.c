/* test_plan_upstream.c - what is a loss, and what is only a change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants those first. */
#include <cmocka.h>

#include "plan/upstream.h"

static void losses(void **state)
{
	static const struct {
		struct upstream_amount before, now;
		bool lost;
	} cases[] = {
		{ { 10, 1000 }, { 10, 1000 }, false },
		{ { 10, 1000 }, { 5, 500 }, false },
		{ { 10, 1000 }, { 4, 500 }, true },
		{ { 3, 1000 }, { 1, 900 }, true },
		{ { 3, 1000 }, { 2, 900 }, false },
		{ { 2, 1000 }, { 1, 900 }, false },
		{ { 1, 1000 }, { 0, 0 }, true },
		{ { 1, 0 }, { 1, 0 }, false },
		{ { 10, 1000 }, { 10, 100 }, false },
		{ { 10, 1000 }, { 10, 99 }, true },
		{ { 10, 1000 }, { 500, 5 }, true },
		{ { 0, 0 }, { 0, 0 }, false },
		{ { SIZE_MAX, UINT64_MAX }, { SIZE_MAX, UINT64_MAX }, false },
		{ { SIZE_MAX, UINT64_MAX }, { 1, 1 }, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (upstream_has_lost(&cases[i].before, &cases[i].now) !=
		    cases[i].lost)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(losses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
