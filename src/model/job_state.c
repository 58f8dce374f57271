/* job_state.c - what is remembered of a job between runs. */
#include "model/job_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void job_state_init(struct job_state *s)
{
	static const struct wall none = { WALL_NONE };

	memset(s, 0, sizeof(*s));
	s->created = none;
	s->considered = none;
	s->anchor = none;
	s->next_try = none;
	s->due = none;
	s->failed_since = none;
	s->confirmed_at = none;
	s->changed_at = none;
	s->unreachable_since = none;
	s->last_run = none;
	s->removed_at = none;
}

void job_state_release(struct job_state *s)
{
	free(s->id);
	free(s->error_text);
	job_state_init(s);
}

int job_state_copy(struct job_state *to, const struct job_state *from)
{
	*to = *from;
	to->id = text_dup(from->id);
	to->error_text = text_dup(from->error_text);
	if ((from->id != NULL && to->id == NULL) ||
	    (from->error_text != NULL && to->error_text == NULL)) {
		job_state_release(to);
		return -1;
	}
	return 0;
}

int job_state_set_error(struct job_state *s, const struct err *e)
{
	char *text = NULL;

	if (e != NULL) {
		text = text_dup(e->text);
		if (text == NULL)
			return -1;
	}
	free(s->error_text);
	s->error_text = text;
	s->error_kind = e == NULL ? ERR_NONE : e->kind;
	return 0;
}

const char *job_phase_name(enum job_phase p)
{
	static const char *const names[] = {
		[PHASE_NEW] = "new",
		[PHASE_CURRENT] = "current",
		[PHASE_WAITING] = "waiting",
		[PHASE_FETCHING] = "fetching",
		[PHASE_PARTIAL] = "partial",
		[PHASE_RETRYING] = "retrying",
		[PHASE_FAILED] = "failed",
		[PHASE_PARKED] = "parked",
		[PHASE_DISABLED] = "disabled",
	};

	return names[p];
}
