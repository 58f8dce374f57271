/* plan_text.c - a plan for people. */
#include "plan/plan_text.h"

#include <string.h>

#include "base/text.h"

/* Longer ids push their reason to the right. */
enum { ID_WIDTH_MAX = 60, ID_SHOWN_MAX = 400 };

const char *plan_verdict_name(enum plan_verdict verdict)
{
	static const char *const names[] = {
		[PLAN_DUE] = "due",
		[PLAN_WAITING] = "waiting",
		[PLAN_BLOCKED] = "blocked",
	};

	return names[verdict];
}

/* Columns, where every character takes one. */
static int width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		if (((unsigned char)*text & 0xc0) != 0x80)
			n++;
	return n;
}

static const char *shown_id(const struct plan_job *jobs,
    const struct plan_decision *d, char out[ID_SHOWN_MAX])
{
	const char *id = jobs[d->index].job->id;

	(void)text_escape(id, strlen(id), false, out, ID_SHOWN_MAX);
	return out;
}

void plan_text(const struct plan *plan, const struct plan_job *jobs,
    struct strbuf *out)
{
	char id[ID_SHOWN_MAX], at[INSTANT_TEXT_MAX];
	int columns = 0;
	size_t i;

	for (i = 0; i < plan->n; i++) {
		int n = width(shown_id(jobs, &plan->decisions[i], id));

		if (n > columns && n <= ID_WIDTH_MAX)
			columns = n;
	}
	for (i = 0; i < plan->n; i++) {
		const struct plan_decision *d = &plan->decisions[i];
		int pad = columns - width(shown_id(jobs, d, id));

		strbuf_printf(out, "%-7s  %-20s  %s%*s  %s\n",
		    plan_verdict_name(d->verdict),
		    d->at.s == WALL_NONE ? "-" : instant_format(d->at, at), id,
		    pad > 0 ? pad : 0, "", d->reason);
	}
}
