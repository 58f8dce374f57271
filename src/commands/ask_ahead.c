/* ask_ahead.c - questions for commits, ahead of their turn. */
#include "commands/ask_ahead.h"

enum { UNDER_WAY_MAX = 32 };

void ask_ahead_init(struct ask_ahead *a, struct session *s,
    struct job_work *works, size_t n)
{
	a->session = s;
	a->works = works;
	a->n = n;
	a->next = 0;
	a->allowed = 1;
}

static size_t count_under_way(const struct ask_ahead *a, size_t i)
{
	size_t n = 0;

	for (; i < a->next; i++)
		n += a->works[i].question != NULL;
	return n;
}

/* What fails here will fail in its turn, and be told then. */
static bool ask(struct ask_ahead *a, struct job_work *w)
{
	struct err ignored = ERR_INIT;

	return !job_work_is_paused(w) && job_work_asks_commit(w, a->session) &&
	    job_work_ask_ahead(w, a->session, &ignored) == 0;
}

void ask_ahead_before(struct ask_ahead *a, size_t i)
{
	size_t under_way = count_under_way(a, i);

	if (a->next < i)
		a->next = i;
	while (a->next < a->n && under_way < a->allowed &&
	    hub_may_ask_ahead(&a->session->hub, (unsigned)under_way))
		under_way += ask(a, &a->works[a->next++]);
}

void ask_ahead_after(struct ask_ahead *a, size_t i)
{
	const struct job_work *w = &a->works[i];
	enum err_kind kind = w->error.kind;

	if (!job_work_asks_commit(w, a->session))
		return; /* it says nothing about the Hub */
	if (kind == ERR_TRANSIENT || kind == ERR_UNREACHABLE)
		a->allowed = 1;
	else if (a->allowed < UNDER_WAY_MAX)
		a->allowed *= 2;
}
