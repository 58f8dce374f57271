/* forecast.c - when transfers will be finished. */
#include "plan/forecast.h"

#include <stdlib.h>

#include "plan/rate.h"
#include "plan/slots.h"

#define DAY_S INT64_C(86400)

/* --- the rate ------------------------------------------------------------ */

static int compare_samples(const void *a, const void *b)
{
	const struct forecast_sample *x = a, *y = b;

	return x->started.s < y->started.s ? -1 : x->started.s > y->started.s;
}

static bool is_telling(const struct forecast_sample *s, struct wall now)
{
	return s->bytes >= FORECAST_SAMPLE_BYTES && s->started.s != WALL_NONE &&
	    s->ended.s >= s->started.s && s->ended.s <= now.s &&
	    s->started.s > now.s - FORECAST_SAMPLE_DAYS * DAY_S;
}

uint64_t forecast_rate(struct forecast_sample *samples, size_t n,
    struct wall now, size_t *used)
{
	int64_t busy_s = 0, covered = INT64_MIN;
	double bytes = 0;
	size_t i;

	*used = 0;
	if (n > 0)
		qsort(samples, n, sizeof(*samples), compare_samples);
	for (i = 0; i < n; i++) {
		const struct forecast_sample *s = &samples[i];
		int64_t begin = s->started.s, end = s->ended.s;

		if (!is_telling(s, now))
			continue;
		if (end == begin)
			end++; /* stamps are whole seconds */
		(*used)++;
		bytes += (double)s->bytes;
		if (begin < covered)
			begin = covered;
		if (end > begin)
			busy_s += end - begin;
		if (end > covered)
			covered = end;
	}
	return busy_s == 0 ? 0 : (uint64_t)(bytes / (double)busy_s) + 1;
}

/* --- the finish ---------------------------------------------------------- */

/* The window of one schedule, which jobs share. */
struct gate {
	const struct schedule *s;
	struct window_state window;
	bool known; /* until it changes */
};

/* One job on its way. */
struct traveller {
	struct forecast_job *job;
	double left_bytes;
	struct wall ready;  /* WALL_NONE: never again */
	struct wall anchor; /* a first run makes it one */
	struct gate *gate;
	struct wall counted; /* the end of the last window that it used */
	bool has_counted;
};

struct simulation {
	const struct forecast_config *config;
	const struct calendar *cal;
	struct traveller *travellers; /* own; in the order of a run */
	struct gate *gates;	      /* own */
	size_t n_gates;
	size_t n, first; /* those before `first` have arrived */
	size_t *active;	 /* own; parallel_jobs */
	size_t n_active;
	struct wall now, run_end; /* WALL_NONE: no run, or no end */
};

static struct wall sooner(struct wall a, struct wall b)
{
	if (a.s == WALL_NONE || (b.s != WALL_NONE && b.s < a.s))
		return b;
	return a;
}

static const struct window_state *window_of(struct simulation *sim,
    struct gate *gate)
{
	const struct window_state always = { true, { WALL_NONE } };

	if (sim->config->ignore_window || gate->s->n_windows == 0)
		gate->window = always;
	else if (!gate->known ||
	    (gate->window.until.s != WALL_NONE &&
		gate->window.until.s <= sim->now.s))
		gate->window = window_at(gate->s, sim->cal, sim->now);
	gate->known = true;
	return &gate->window;
}

/* When the traveller may go next, not before now; WALL_NONE: never. */
static struct wall opens_for(struct simulation *sim, struct traveller *t)
{
	const struct window_state *w;

	if (t->ready.s == WALL_NONE || t->ready.s > sim->now.s)
		return t->ready;
	w = window_of(sim, t->gate);
	return w->open ? sim->now : w->until;
}

/* Who is under way now; and when somebody else wants to be. */
static struct wall choose_active(struct simulation *sim)
{
	struct wall next = { WALL_NONE };
	struct traveller *t;
	struct wall opens;
	size_t i;

	sim->n_active = 0;
	while (sim->first < sim->n &&
	    sim->travellers[sim->first].left_bytes <= 0)
		sim->first++;
	for (i = sim->first;
	     i < sim->n && sim->n_active < sim->config->parallel_jobs; i++) {
		t = &sim->travellers[i];
		if (t->left_bytes <= 0)
			continue;
		opens = opens_for(sim, t);
		if (opens.s != WALL_NONE && opens.s <= sim->now.s)
			sim->active[sim->n_active++] = i;
		else
			next = sooner(next, opens);
	}
	return next;
}

static void count_windows(struct simulation *sim)
{
	size_t i;

	for (i = 0; i < sim->n_active; i++) {
		struct traveller *t = &sim->travellers[sim->active[i]];

		if (t->job->schedule->n_windows == 0 ||
		    sim->config->ignore_window ||
		    (t->has_counted && t->counted.s == t->gate->window.until.s))
			continue;
		t->has_counted = true;
		t->counted = t->gate->window.until;
		t->job->windows++;
	}
}

/* Bytes per second of each one under way, and until when. */
static double share_of(const struct simulation *sim, struct wall *until)
{
	const struct forecast_config *c = sim->config;
	uint64_t bytes_per_s = c->bytes_per_s;
	struct rate rate = { 0, { WALL_NONE } };

	if (c->bandwidth != NULL)
		rate = rate_at(c->bandwidth, sim->cal, sim->now);
	if (rate.limit > 0 && rate.limit < bytes_per_s)
		bytes_per_s = rate.limit;
	*until = rate.until;
	return (double)bytes_per_s / (double)sim->n_active;
}

/* The first instant at which something changes for those under way. */
static struct wall next_change(const struct simulation *sim, double share,
    struct wall next)
{
	struct wall end;
	size_t i;

	for (i = 0; i < sim->n_active; i++) {
		const struct traveller *t = &sim->travellers[sim->active[i]];
		double seconds = t->left_bytes / share;

		if (seconds < (double)(FORECAST_HORIZON_DAYS * DAY_S)) {
			end.s = sim->now.s + (int64_t)seconds;
			if (end.s - sim->now.s < seconds)
				end.s++;
			next = sooner(next, end);
		}
		next = sooner(next, t->gate->window.until);
	}
	return sooner(next, sim->run_end);
}

static void advance(struct simulation *sim, double share, struct wall to)
{
	double bytes = share * (double)(to.s - sim->now.s);
	size_t i;

	for (i = 0; i < sim->n_active; i++) {
		struct traveller *t = &sim->travellers[sim->active[i]];

		t->left_bytes -= bytes;
		/* Rounding is no byte. */
		if (t->left_bytes < 0.5) {
			t->left_bytes = 0;
			t->job->finish = to;
		}
	}
	sim->now = to;
}

/* The run's time is over: its jobs wait for their next slot or opening. */
static void end_run(struct simulation *sim)
{
	size_t i;

	for (i = sim->first; i < sim->n; i++) {
		struct traveller *t = &sim->travellers[i];

		if (t->left_bytes <= 0 || t->ready.s == WALL_NONE ||
		    t->ready.s > sim->now.s)
			continue;
		t->ready = sooner(slots_next(t->job->schedule, sim->cal,
				      t->anchor, sim->now),
		    window_next_opening(t->job->schedule, sim->cal, sim->now));
	}
	sim->run_end.s = WALL_NONE;
}

/* One stretch of time in which nothing changes; false: nothing will. */
static bool step(struct simulation *sim)
{
	struct wall next = choose_active(sim), changes;
	double share;

	if (sim->n_active == 0) {
		sim->run_end.s = WALL_NONE;
		if (next.s == WALL_NONE)
			return false;
		sim->now = next;
		return true;
	}
	if (sim->config->max_duration_s > 0 && sim->run_end.s == WALL_NONE)
		sim->run_end.s = sim->now.s + sim->config->max_duration_s;
	count_windows(sim);
	share = share_of(sim, &changes);
	next = next_change(sim, share, next);
	if (changes.s > sim->now.s)
		next = sooner(next, changes);
	if (next.s == WALL_NONE)
		return false;
	advance(sim, share, next);
	if (sim->run_end.s != WALL_NONE && sim->run_end.s <= sim->now.s)
		end_run(sim);
	return true;
}

static struct gate *gate_of(struct simulation *sim, const struct schedule *s)
{
	size_t i;

	for (i = 0; i < sim->n_gates && sim->gates[i].s != s; i++)
		;
	if (i == sim->n_gates)
		sim->gates[sim->n_gates++].s = s;
	return &sim->gates[i];
}

static void start(struct simulation *sim, struct forecast_job *jobs)
{
	size_t i;

	for (i = 0; i < sim->n; i++) {
		struct traveller *t = &sim->travellers[i];

		t->job = &jobs[i];
		t->left_bytes = (double)jobs[i].bytes;
		t->ready = jobs[i].from.s < sim->now.s ? sim->now
						       : jobs[i].from;
		t->anchor = jobs[i].anchor.s == WALL_NONE ? t->ready
							  : jobs[i].anchor;
		t->gate = gate_of(sim, jobs[i].schedule);
		jobs[i].windows = 0;
		jobs[i].finish.s = WALL_NONE;
		if (jobs[i].bytes == 0)
			jobs[i].finish = t->ready;
	}
}

int forecast_finish(const struct forecast_config *config,
    struct forecast_job *jobs, size_t n, struct wall now,
    const struct calendar *cal, struct err *e)
{
	struct simulation sim = { .config = config,
		.cal = cal,
		.n = n,
		.now = now,
		.run_end = { WALL_NONE } };
	int64_t horizon = now.s + FORECAST_HORIZON_DAYS * DAY_S;
	int rc = -1;

	sim.travellers = calloc(n + 1, sizeof(*sim.travellers));
	sim.gates = calloc(n + 1, sizeof(*sim.gates));
	sim.active = calloc((size_t)config->parallel_jobs + 1,
	    sizeof(*sim.active));
	if (sim.travellers != NULL && sim.gates != NULL && sim.active != NULL) {
		start(&sim, jobs);
		while (sim.now.s < horizon && step(&sim))
			;
		rc = 0;
	}
	free(sim.travellers);
	free(sim.gates);
	free(sim.active);
	return rc == -1 ? err_nomem(e) : 0;
}
