/* adapt.c - how many requests at a time for the pieces of large files. */
#include "transfer/adapt.h"

#include <string.h>

enum {
	SAMPLE_MS = 200,
	SETTLE_MS = 150, /* handshake, and first bytes */
	SAMPLES_MIN = 4,
	SAMPLES_MAX = 24, /* then the mean decides */
	MORE_REST_FIRST_MS = 4 * 1000,
	MORE_REST_MAX_MS = 60 * 1000,
	FEWER_REST_FIRST_MS = 16 * 1000,
	FEWER_REST_MAX_MS = 600 * 1000
};

/* Clearly more: a part of what twice as many could bring.  The same: but for
 * the noise.  Fallen: so much less that the level may have lost its worth. */
#define MORE 1.2
#define SAME 0.97
#define FALLEN 0.6
/* No doubt: so many standard errors.  Few samples may agree by chance: their
 * scatter is never taken for less than this part of their mean. */
#define SURE 1.5
#define SCATTER_MIN 0.1
/* Held up for more of the time than this: by the receiver. */
#define HELD 0.5

/* --- the meter ------------------------------------------------------------- */

static void meter_add(struct adapt_meter *m, double rate, double held)
{
	if (m->n >= SAMPLES_MAX) {
		m->n /= 2;
		m->sum /= 2;
		m->squares /= 2;
		m->held /= 2;
	}
	m->n += 1;
	m->sum += rate;
	m->squares += rate * rate;
	m->held += held;
}

static double meter_mean(const struct adapt_meter *m)
{
	return m->n > 0 ? m->sum / m->n : 0;
}

/* The square of the mean's standard error. */
static double meter_variance(const struct adapt_meter *m)
{
	double mean = meter_mean(m), least = SCATTER_MIN * mean;
	double of_one = m->n > 1
	    ? (m->squares - m->n * mean * mean) / (m->n - 1)
	    : 0;

	if (of_one < least * least)
		of_one = least * least;
	return m->n > 0 ? of_one / m->n : 0;
}

static bool meter_is_held(const struct adapt_meter *m)
{
	return m->held > HELD * m->n;
}

/* --- trials ------------------------------------------------------------------ */

void adapt_init(struct adapt *a, unsigned level, unsigned max)
{
	memset(a, 0, sizeof(*a));
	a->max = max > 0 ? max : 1;
	a->level = level == 0 ? 1 : level > a->max ? a->max : level;
	a->more.rest_ms = MORE_REST_FIRST_MS;
	a->fewer.rest_ms = FEWER_REST_FIRST_MS;
	a->settling = true;
}

static void begin_sample(struct adapt *a, uint64_t bytes, struct mono now)
{
	a->measuring = true;
	a->since = a->last = now;
	a->held_ms = 0;
	a->bytes_at = bytes;
}

/* Another level: nothing is known of it until it has settled. */
static void go_to(struct adapt *a, unsigned level)
{
	a->level = level;
	a->settling = true;
	memset(&a->meter, 0, sizeof(a->meter));
}

static void rest(struct adapt_turn *turn, int64_t max_ms, struct mono now)
{
	turn->at.ms = now.ms + turn->rest_ms;
	turn->rest_ms *= 2;
	if (turn->rest_ms > max_ms)
		turn->rest_ms = max_ms;
}

static void rest_more(struct adapt *a, struct mono now)
{
	rest(&a->more, MORE_REST_MAX_MS, now);
}

static void rest_fewer(struct adapt *a, struct mono now)
{
	rest(&a->fewer, FEWER_REST_MAX_MS, now);
}

/* The trial was worth it: on in the same direction at once, and not back. */
static void keep(struct adapt *a, bool fewer, struct mono now)
{
	a->from = 0;
	a->worth = meter_mean(&a->meter);
	a->more.rest_ms = MORE_REST_FIRST_MS;
	a->fewer.rest_ms = FEWER_REST_FIRST_MS;
	if (fewer)
		rest_more(a, now);
	else
		rest_fewer(a, now);
}

static void take_back(struct adapt *a, bool fewer, struct mono now)
{
	unsigned level = a->from;

	a->from = 0;
	go_to(a, level);
	if (fewer)
		rest_fewer(a, now);
	else
		rest_more(a, now);
}

/* What the trial has come to, once there is no doubt. */
static void judge(struct adapt *a, struct mono now)
{
	bool fewer = a->level < a->from, doubt, benefit;
	double part = fewer ? SAME : MORE;
	double gain = meter_mean(&a->meter) - part * meter_mean(&a->before);
	double variance = meter_variance(&a->meter) +
	    part * part * meter_variance(&a->before);

	/* One too many costs little, and too few half the night on a line that
	 * loses packets; fewer cost nothing where even these are held up. */
	benefit = !fewer || meter_is_held(&a->meter);
	doubt = gain * gain < SURE * SURE * variance;
	if (a->meter.n < SAMPLES_MIN ||
	    (doubt && !benefit && a->meter.n < SAMPLES_MAX))
		return;
	if (gain >= 0 || (doubt && benefit))
		keep(a, fewer, now);
	else
		take_back(a, fewer, now);
}

static void try_level(struct adapt *a, unsigned level)
{
	a->from = a->level;
	a->before = a->meter;
	go_to(a, level);
}

static void try_another(struct adapt *a, struct mono now)
{
	if (a->meter.n < SAMPLES_MIN)
		return;
	if (meter_mean(&a->meter) < FALLEN * a->worth) {
		a->worth = meter_mean(&a->meter);
		a->fewer.at = now;
	}
	if (!meter_is_held(&a->meter) && a->level < a->max &&
	    now.ms >= a->more.at.ms)
		try_level(a, a->level <= a->max / 2 ? 2 * a->level : a->max);
	else if (a->level > 1 && now.ms >= a->fewer.at.ms)
		try_level(a, a->level * 3 / 4);
}

/* --- what is seen ----------------------------------------------------------- */

/* Requests of the level before count for the one they were begun at; and before
 * anything comes there is nothing to measure. */
static bool has_settled(const struct adapt *a, uint64_t bytes,
    const struct adapt_load *load, struct mono now)
{
	return load->under_way <= a->level && bytes > a->bytes_at &&
	    now.ms - a->since.ms >= SETTLE_MS;
}

void adapt_note(struct adapt *a, uint64_t bytes, const struct adapt_load *load,
    struct mono now)
{
	int64_t span = now.ms - a->since.ms;

	if (!load->busy || !a->measuring) {
		begin_sample(a, bytes, now);
		return;
	}
	if (load->held)
		a->held_ms += now.ms - a->last.ms;
	a->last = now;
	if (a->settling) {
		if (!has_settled(a, bytes, load, now))
			return;
		a->settling = false;
		begin_sample(a, bytes, now);
		return;
	}
	if (span < SAMPLE_MS)
		return;
	/* A server that thinks, or a line that is dead: no rate of this level. */
	if (bytes == a->bytes_at) {
		begin_sample(a, bytes, now);
		return;
	}
	meter_add(&a->meter, (double)(bytes - a->bytes_at) / (double)span,
	    (double)a->held_ms / (double)span);
	begin_sample(a, bytes, now);
	if (a->from != 0)
		judge(a, now);
	if (a->from == 0)
		try_another(a, now);
}

void adapt_trouble(struct adapt *a, struct mono now)
{
	a->from = 0;
	a->measuring = false;
	a->worth = 0;
	go_to(a, (a->level + 1) / 2);
	a->more.at.ms = now.ms + a->more.rest_ms;
	a->fewer.at.ms = now.ms + a->fewer.rest_ms;
}
