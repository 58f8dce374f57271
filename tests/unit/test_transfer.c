/* test_transfer.c - byte ranges, piece plans, partial files and their proof. */
#include "base/text.h"
#include "platform/fs.h"
#include "transfer/adapt.h"
#include "transfer/partial_file.h"
#include "transfer/piece_plan.h"
#include "transfer/verify.h"
#include "transfer/work_pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka wants the four headers above before it. */
#include <cmocka.h>

/* --- extents ------------------------------------------------------------- */

static void expect_extents(const struct extents *x, const char *want)
{
	char text[256] = "";

	for (size_t i = 0; i < x->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "%s%llu-%llu", i ? " " : "",
		    (unsigned long long)x->items[i].from,
		    (unsigned long long)x->items[i].to);
	assert_string_equal(text, want);
}

static void extents_merge(void **state)
{
	static const struct {
		uint64_t from, to;
		const char *after;
	} steps[] = {
		{ 10, 20, "10-20" },
		{ 30, 40, "10-20 30-40" },
		{ 0, 5, "0-5 10-20 30-40" },
		{ 20, 25, "0-5 10-25 30-40" },
		{ 5, 10, "0-25 30-40" },
		{ 12, 12, "0-25 30-40" },
		{ 24, 31, "0-40" },
		{ 50, 60, "0-40 50-60" },
		{ 0, 100, "0-100" },
	};
	struct extents x;

	(void)state;
	extents_init(&x);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		assert_int_equal(extents_add(&x, steps[i].from, steps[i].to),
		    0);
		expect_extents(&x, steps[i].after);
	}
	extents_release(&x);
}

static void extents_questions(void **state)
{
	struct extents x, copy;
	struct extent gap;

	(void)state;
	extents_init(&x);
	assert_int_equal(extents_front(&x), 0);
	assert_true(extents_gap(&x, 0, 10, &gap));
	assert_int_equal(gap.to, 10);
	assert_false(extents_gap(&x, 0, 0, &gap));
	extents_add(&x, 0, 10);
	extents_add(&x, 20, 30);
	assert_int_equal(extents_front(&x), 10);
	assert_int_equal(extents_bytes(&x), 20);
	assert_true(extents_gap(&x, 0, 100, &gap));
	assert_int_equal(gap.from, 10);
	assert_int_equal(gap.to, 20);
	assert_true(extents_gap(&x, 25, 100, &gap));
	assert_int_equal(gap.from, 30);
	assert_int_equal(gap.to, 100);
	assert_false(extents_gap(&x, 20, 30, &gap));
	assert_true(extents_cover(&x, 22, 30));
	assert_false(extents_cover(&x, 5, 25));
	assert_false(extents_cover(&x, 30, 31));
	assert_int_equal(extents_copy(&copy, &x), 0);
	expect_extents(&copy, "0-10 20-30");
	extents_release(&copy);
	extents_release(&x);
}

/* Against a plain array of bytes, many random steps. */
static void extents_model(void **state)
{
	unsigned char model[256] = { 0 };
	struct extents x;
	unsigned seed = 1;

	(void)state;
	extents_init(&x);
	for (int step = 0; step < 3000; step++) {
		unsigned from, to;
		uint64_t bytes = 0;

		if (step % 40 == 0) {
			extents_release(&x);
			memset(model, 0, sizeof(model));
		}
		seed = seed * 1103515245 + 12345;
		from = (seed >> 16) % 256;
		to = from + (seed >> 8) % 24;
		if (to > 256)
			to = 256;
		memset(model + from, 1, to - from);
		assert_int_equal(extents_add(&x, from, to), 0);
		for (unsigned i = 0; i < 256; i++) {
			bytes += model[i];
			assert_int_equal(extents_cover(&x, i, i + 1), model[i]);
		}
		assert_int_equal(extents_bytes(&x), bytes);
		for (size_t i = 1; i < x.n; i++)
			assert_true(x.items[i - 1].to < x.items[i].from);
	}
	extents_release(&x);
}

/* --- piece plan ---------------------------------------------------------- */

#define MIB ((uint64_t)1024 * 1024)

static void piece_sizes(void **state)
{
	static const struct {
		uint64_t size;
		unsigned connections;
		uint64_t want;
	} rows[] = {
		{ 0, 8, 0 },
		{ 1000, 8, 1000 },
		{ 32 * MIB - 1, 8, 32 * MIB - 1 },
		{ 32 * MIB, 8, 8 * MIB },
		{ 512 * MIB, 8, 16 * MIB },
		{ 100000 * MIB, 8, 64 * MIB },
		{ 64 * MIB, 0, 16 * MIB },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(piece_plan_size(rows[i].size,
				     rows[i].connections),
		    rows[i].want);
}

static void piece_next(void **state)
{
	struct extents taken;
	struct extent next;

	(void)state;
	extents_init(&taken);
	assert_true(piece_plan_next(&taken, 100, 30, 1000, &next));
	assert_int_equal(next.from, 0);
	assert_int_equal(next.to, 30);
	extents_add(&taken, 0, 30);
	extents_add(&taken, 40, 50);
	assert_true(piece_plan_next(&taken, 100, 30, 1000, &next));
	assert_int_equal(next.from, 30);
	assert_int_equal(next.to, 40);
	assert_false(piece_plan_next(&taken, 100, 30, 30, &next));
	extents_add(&taken, 30, 100);
	assert_false(piece_plan_next(&taken, 100, 30, 1000, &next));
	extents_release(&taken);
}

static void piece_split(void **state)
{
	static const struct {
		uint64_t at, to, came;
		int64_t took_ms;
		bool want;
	} rows[] = {
		/* 7 MiB at 1 MiB in 2 s: 14 s more */
		{ 1 * MIB, 8 * MIB, 1 * MIB, 2000, true },
		{ 9 * MIB, 16 * MIB, 1 * MIB, 2000, true },
		/* 3 s more */
		{ 5 * MIB, 8 * MIB, 5 * MIB, 5000, false },
		/* too early to tell */
		{ 1000, 8 * MIB, 1000, 900, false },
		/* too little to share */
		{ 8 * MIB - 65536, 8 * MIB, 100, 60000, false },
		{ 8 * MIB - 1, 8 * MIB, 8 * MIB - 1, 60000, false },
		/* nothing came: no rate, but no division by it either */
		{ 0, 8 * MIB, 0, 60000, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t middle = 0;
		bool split = piece_plan_split(rows[i].at, rows[i].to,
		    rows[i].came, rows[i].took_ms, &middle);

		if (split != rows[i].want)
			fail_msg("row %zu", i);
		if (!split)
			continue;
		assert_true(middle > rows[i].at && middle < rows[i].to);
		assert_int_equal(middle % 65536, 0);
		assert_true(middle - rows[i].at >=
		    (rows[i].to - rows[i].at) / 2);
	}
	assert_int_equal(piece_plan_rest_ms(7 * MIB, 1 * MIB, 2000), 14000);
}

static void piece_judge(void **state)
{
	static const struct {
		int status;
		bool ranged;
		uint64_t from, to;
		const char *range, *length;
		enum piece_answer want;
	} rows[] = {
		{ 200, false, 0, 100, NULL, "100", PIECE_OK },
		{ 200, false, 0, 100, NULL, NULL, PIECE_OK },
		{ 200, false, 0, 100, NULL, "99", PIECE_LENGTH_WRONG },
		{ 200, false, 0, 100, NULL, "99999999999999999999",
		    PIECE_LENGTH_WRONG },
		{ 200, true, 10, 20, NULL, "100", PIECE_RANGE_IGNORED },
		{ 206, true, 10, 20, "bytes 10-19/100", "10", PIECE_OK },
		{ 206, true, 10, 20, "bytes 10-19/100", "11",
		    PIECE_LENGTH_WRONG },
		{ 206, true, 10, 20, "bytes 11-20/100", "10",
		    PIECE_RANGE_WRONG },
		{ 206, true, 10, 20, "bytes 10-19/101", "10",
		    PIECE_RANGE_WRONG },
		{ 206, true, 10, 20, "bytes 10-18/100", "9",
		    PIECE_RANGE_WRONG },
		{ 206, true, 10, 20, NULL, "10", PIECE_RANGE_WRONG },
		{ 206, false, 0, 100, "bytes 0-99/100", "100",
		    PIECE_RANGE_WRONG },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(piece_plan_judge(rows[i].status,
				     rows[i].ranged, rows[i].from, rows[i].to,
				     100, rows[i].range, rows[i].length),
		    rows[i].want);
}

static void piece_expires(void **state)
{
	(void)state;
	assert_int_equal(piece_plan_expires_s("https://x/y?a=1&Expires=77&b"),
	    77);
	assert_int_equal(piece_plan_expires_s("https://x/y?Expires=78"), 78);
	assert_int_equal(piece_plan_expires_s("https://x/y?XExpires=78"), -1);
	assert_int_equal(piece_plan_expires_s("https://x/Expires=78"), -1);
	assert_int_equal(piece_plan_expires_s("https://x/y?Expires=-1"), -1);
}

/* --- how many requests at a time ------------------------------------------ */

/* A line whose rate grows with the requests up to `enough` of them, and falls
 * by a tenth with each doubling beyond. */
static double line_rate(unsigned level, unsigned enough)
{
	double rate = 1000.0 * (level < enough ? level : enough);

	for (unsigned n = enough; n < level; n *= 2)
		rate *= 0.9;
	return rate;
}

/* So many seconds on it, a step each 50 ms; *moved: bytes. */
static void drive_line(struct adapt *a, unsigned enough, int seconds,
    struct mono *now, uint64_t *moved)
{
	for (int i = 0; i < seconds * 20; i++) {
		const struct adapt_load load = { true, false, a->level };

		now->ms += 50;
		*moved += (uint64_t)(50 * line_rate(a->level, enough));
		adapt_note(a, *moved, &load, *now);
		assert_true(a->level >= 1 && a->level <= a->max);
	}
}

static unsigned settled(const struct adapt *a)
{
	return a->from != 0 ? a->from : a->level;
}

static void adapt_finds_what_is_enough(void **state)
{
	static const struct {
		unsigned begin, max, enough, low, high;
	} cases[] = {
		{ 0, 8, 1, 1, 1 }, /* modest, and it stays so */
		{ 0, 8, 2, 2, 2 },
		{ 0, 8, 5, 4, 8 },
		{ 0, 8, 100, 8, 8 }, /* the cap */
		{ 0, 64, 24, 16, 32 },
		{ 6, 8, 1, 1, 1 }, /* last night's is too many tonight */
		{ 99, 8, 100, 8, 8 },
		{ 0, 1, 100, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mono now = { 0 };
		uint64_t moved = 0;
		struct adapt a;

		adapt_init(&a, cases[i].begin, cases[i].max);
		assert_int_equal(a.level,
		    cases[i].begin == 0			? 1
			: cases[i].begin > cases[i].max ? cases[i].max
							: cases[i].begin);
		drive_line(&a, cases[i].enough, 60, &now, &moved);
		if (settled(&a) < cases[i].low || settled(&a) > cases[i].high)
			fail_msg("case %zu: settled at %u", i, settled(&a));
		/* What trials cost is little. */
		moved = 0;
		drive_line(&a, cases[i].enough, 600, &now, &moved);
		if ((double)moved <
		    0.97 * 600 * 1000 * line_rate(settled(&a), cases[i].enough))
			fail_msg("case %zu: %.3f of the line is used", i,
			    (double)moved /
				(600 * 1000 *
				    line_rate(settled(&a), cases[i].enough)));
	}
}

/* A night whose line gets wider, and narrower again. */
static void adapt_follows_the_line(void **state)
{
	struct mono now = { 0 };
	uint64_t moved = 0;
	struct adapt a;

	(void)state;
	adapt_init(&a, 0, 16);
	drive_line(&a, 1, 60, &now, &moved);
	assert_int_equal(settled(&a), 1);
	drive_line(&a, 100, 180, &now, &moved);
	assert_int_equal(settled(&a), 16);
	/* Fewer were tried in vain before, and would rest a minute more. */
	drive_line(&a, 2, 50, &now, &moved);
	assert_true(settled(&a) <= 4);
}

static void adapt_backs_off(void **state)
{
	struct mono now = { 0 };
	uint64_t moved = 0;
	struct adapt a;

	(void)state;
	adapt_init(&a, 8, 8);
	adapt_trouble(&a, now);
	assert_int_equal(a.level, 4);
	/* not up again at once */
	drive_line(&a, 100, 3, &now, &moved);
	assert_int_equal(a.level, 4);
	drive_line(&a, 100, 30, &now, &moved);
	assert_int_equal(settled(&a), 8);
	for (int i = 0; i < 5; i++)
		adapt_trouble(&a, now);
	assert_int_equal(a.level, 1);
}

/* Where there is nothing more to ask for the rate says nothing. */
static void adapt_waits_for_work(void **state)
{
	struct mono now = { 0 };
	struct adapt a;

	(void)state;
	adapt_init(&a, 2, 8);
	for (int i = 0; i < 1000; i++) {
		const struct adapt_load load = { i % 3 != 0, false, 2 };

		now.ms += 50;
		adapt_note(&a, 1000, &load, now);
	}
	assert_int_equal(a.level, 2);
}

/* A server that thinks, or a line that is dead, is no reason for more. */
static void adapt_when_nothing_comes(void **state)
{
	struct mono now = { 0 };
	uint64_t moved = 0;
	struct adapt a;

	(void)state;
	adapt_init(&a, 0, 64);
	for (int dead = 0; dead < 2; dead++) {
		for (int i = 0; i < 60 * 20; i++) {
			const struct adapt_load load = { true, false, a.level };

			now.ms += 50;
			adapt_note(&a, moved, &load, now);
			/* one trial may be under way */
			assert_true(a.level <= 2);
		}
		/* Nor is it one afterwards, by its nothing as the rate before. */
		for (int s = 0; s < 20; s++) {
			drive_line(&a, 1, 1, &now, &moved);
			assert_true(settled(&a) <= 1);
		}
	}
}

/* More would only fill the memory: fewer are tried, and never more. */
static void adapt_does_not_push_who_is_held(void **state)
{
	struct mono now = { 0 };
	uint64_t moved = 0;
	struct adapt a;

	(void)state;
	adapt_init(&a, 6, 8);
	for (int i = 0; i < 60 * 20; i++) {
		/* three quarters of the time */
		const struct adapt_load load = { true, i % 4 != 0, a.level };

		now.ms += 50;
		moved += 50000;
		adapt_note(&a, moved, &load, now);
		assert_true(a.level <= 6);
	}
	assert_int_equal(settled(&a), 1);
}

/* Requests that were begun at the level before are still under way: what
 * arrives says nothing of the new one. */
static void adapt_waits_for_fewer(void **state)
{
	struct adapt_load load = { true, true, 8 };
	struct mono now = { 0 };
	uint64_t moved = 0;
	struct adapt a;

	(void)state;
	adapt_init(&a, 8, 8);
	for (int i = 0; i < 60 * 20; i++) {
		now.ms += 50;
		moved += 50000;
		adapt_note(&a, moved, &load, now);
	}
	assert_int_equal(a.level, 6);
	assert_int_equal(a.from, 8);
	for (int i = 0; i < 3 * 20; i++) {
		load.under_way = 6;
		now.ms += 50;
		moved += 50000;
		adapt_note(&a, moved, &load, now);
	}
	assert_int_equal(settled(&a), 6);
}

/*
 * Streams of a TCP that halves its window at every loss (0.7 of it, as cubic
 * does), one of 200 packets being lost, 50 ms there and back, 17,000 packets a
 * second at most: each moves half a megabyte a second, and no two seconds of it
 * are alike.  One piece after the other, of 8 MiB.
 */
enum { LOSSY_STREAMS = 64, LOSSY_STEPS = 20, PACKET_BYTES = 1460 };

struct lossy_stream {
	double window;	  /* packets there and back */
	double left;	  /* bytes of the piece */
	bool begun, lost; /* the window doubles until the first loss */
};

struct lossy_line {
	struct lossy_stream streams[LOSSY_STREAMS];
	uint64_t dice;
	double bytes;
};

static double lossy_dice(struct lossy_line *line)
{
	line->dice = line->dice * 6364136223846793005U + 1442695040888963407U;
	return (double)(line->dice >> 11) / 9007199254740992.0;
}

/* Idle streams get pieces up to the level; how many are under way. */
static unsigned lossy_begin(struct lossy_line *line, unsigned level,
    double *wanted)
{
	unsigned n = 0;

	for (int i = 0; i < LOSSY_STREAMS; i++)
		n += line->streams[i].left > 0;
	*wanted = 0;
	for (int i = 0; i < LOSSY_STREAMS; i++) {
		struct lossy_stream *s = &line->streams[i];

		if (s->left <= 0 && n < level) {
			s->left = 8.0 * 1024 * 1024;
			if (!s->begun)
				s->window = 10;
			s->begun = true;
			n++;
		}
		if (s->left > 0)
			*wanted += s->window;
	}
	return n;
}

/* What one of them moves in 50 ms. */
static void lossy_move(struct lossy_line *line, struct lossy_stream *s,
    double part)
{
	double packets = s->window * part, unharmed = 1;

	line->bytes += packets * PACKET_BYTES;
	s->left -= packets * PACKET_BYTES;
	for (int i = 0; i < (int)packets; i++)
		unharmed *= 0.995;
	/* a full line loses more */
	if (lossy_dice(line) > unharmed * (1 - 0.6 * (1 - part))) {
		s->window = s->window > 3 ? s->window * 0.7 : 2;
		s->lost = true;
	} else {
		s->window += s->lost ? 0.5 : s->window;
	}
}

/* Bytes a second over so many seconds. */
static double lossy_drive(struct lossy_line *line, struct adapt *a, int seconds,
    struct mono *now)
{
	const double full = 17000.0 / LOSSY_STEPS;
	double before = line->bytes, wanted;

	for (int t = 0; t < seconds * LOSSY_STEPS; t++) {
		struct adapt_load load = { true, false, 0 };

		load.under_way = lossy_begin(line, a->level, &wanted);
		for (int i = 0; i < LOSSY_STREAMS; i++)
			if (line->streams[i].left > 0)
				lossy_move(line, &line->streams[i],
				    wanted > full ? full / wanted : 1);
		now->ms += 50;
		adapt_note(a, (uint64_t)line->bytes, &load, *now);
	}
	return (line->bytes - before) / seconds;
}

static void adapt_on_a_line_that_loses_packets(void **state)
{
	enum { SEEDS = 50 };
	double first = 0, later = 0;

	(void)state;
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct lossy_line line;
		struct mono now = { 0 };
		struct adapt a;
		double rate;

		memset(&line, 0, sizeof(line));
		line.dice = seed * 7919U;
		adapt_init(&a, 0, 50);
		first += lossy_drive(&line, &a, 30, &now) / SEEDS;
		rate = lossy_drive(&line, &a, 120, &now);
		if (rate < 15e6)
			fail_msg("seed %u: %.1f MB/s with %u", seed, rate / 1e6,
			    settled(&a));
		later += rate / SEEDS;
	}
	if (first < 16e6 || later < 22e6)
		fail_msg("%.1f MB/s at first, then %.1f", first / 1e6,
		    later / 1e6);
}

/* --- partial files ------------------------------------------------------- */

static const char sha256_of_abcdef[] =
    "bef57ec7f53a6d40beb640a780a639c83bc29ac8a9816f1fc6c5c6dcd93c4721";

static char *scratch_path(char *dir, size_t size)
{
	char *path;

	snprintf(dir, size, "/tmp/hfcron-transfer-XXXXXX");
	assert_non_null(mkdtemp(dir));
	path = fs_join(dir, "blob.incomplete");
	assert_non_null(path);
	return path;
}

static void clean(const char *dir, char *path)
{
	unlink(path);
	rmdir(dir);
	free(path);
}

/* What the files of a test share, with blocks so small that files have many. */
static struct partial_works works;

static int set_up_works(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	works.blocks = block_pool_new(8, 16 * 1024);
	works.writes = work_pool_new(1, NULL, NULL, &e);
	works.hashes = work_pool_new(1, NULL, NULL, &e);
	assert_non_null(works.blocks);
	assert_non_null(works.writes);
	assert_non_null(works.hashes);
	return 0;
}

static int tear_down_works(void **state)
{
	(void)state;
	work_pool_free(works.writes);
	work_pool_free(works.hashes);
	assert_int_equal(block_free_count(works.blocks), 8);
	block_pool_free(works.blocks);
	return 0;
}

/* As the engine's loop: until the threads have nothing to do for it. */
static void settle(struct partial_file *p)
{
	struct work_job *job;

	do {
		partial_file_follow(p);
		while ((job = work_pool_take(works.writes, 1)) != NULL ||
		    (job = work_pool_take(works.hashes, 1)) != NULL)
			partial_file_done(p, job->cookie);
		partial_file_follow(p);
	} while (!partial_file_is_idle(p));
}

static int put_at(struct partial_file *p, const void *bytes, size_t n,
    uint64_t at, struct err *e)
{
	struct partial_cursor c = { NULL, NULL };
	const char *from = bytes;
	size_t part;
	int rc = 0;

	for (; n > 0 && rc == 0; n -= part, from += part, at += part) {
		part = n < 5000 ? n : 5000;
		while (at < p->size && !partial_file_has_room(p, &c, at)) {
			settle(p);
			partial_file_give_up_furthest(p);
		}
		rc = partial_file_write(p, &c, from, part, at, e);
	}
	partial_file_end(p, &c);
	settle(p);
	return rc;
}

static void write_at(struct partial_file *p, const char *text, uint64_t at)
{
	struct err e = ERR_INIT;

	assert_int_equal(put_at(p, text, strlen(text), at, &e), 0);
}

static void partial_out_of_order(void **state)
{
	char *moved;
	char dir[64], *path = scratch_path(dir, sizeof(dir));
	struct partial_file p;
	struct err e = ERR_INIT;
	uint64_t resumed;

	(void)state;
	partial_file_init(&p, &works, &p);
	assert_int_equal(partial_file_open(&p, path, 6, DIGEST_SHA256, NULL,
			     &resumed, &e),
	    0);
	write_at(&p, "def", 3);
	assert_int_equal(p.hashed, 0);
	assert_false(partial_file_is_complete(&p));
	assert_int_equal(partial_file_prove(&p, sha256_of_abcdef, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	write_at(&p, "abc", 0);
	assert_true(partial_file_is_complete(&p));
	assert_int_equal(partial_file_prove(&p, sha256_of_abcdef, &e), 0);
	assert_int_equal(put_at(&p, "x", 1, 6, &e), -1);
	assert_int_equal(e.kind, ERR_BUG);
	assert_true(partial_file_is_there(&p));
	moved = text_format("%s.moved", path);
	assert_int_equal(fs_rename(path, moved, &e), 0);
	assert_false(partial_file_is_there(&p));
	partial_file_release(&p);
	unlink(moved);
	free(moved);
	clean(dir, path);
}

static void partial_wrong_hash(void **state)
{
	char dir[64], *path = scratch_path(dir, sizeof(dir));
	struct partial_file p;
	struct err e = ERR_INIT;
	uint64_t resumed, inode;

	(void)state;
	partial_file_init(&p, &works, &p);
	assert_int_equal(partial_file_open(&p, path, 6, DIGEST_SHA256, NULL,
			     &resumed, &e),
	    0);
	write_at(&p, "abcdeX", 0);
	assert_int_equal(partial_file_prove(&p, sha256_of_abcdef, &e), -1);
	assert_int_equal(e.kind, ERR_INTEGRITY);
	inode = p.inode;
	assert_int_equal(partial_file_restart(&p, &e), 0);
	assert_int_equal(extents_bytes(&p.received), 0);
	write_at(&p, "abcdef", 0);
	assert_int_equal(partial_file_prove(&p, sha256_of_abcdef, &e), 0);
	(void)inode;
	partial_file_release(&p);
	clean(dir, path);
}

/* Written in one life, gone on with in the next; the digest's state spares
 * the reading, and without it the front is read again. */
static void resume_with(bool with_state, bool tamper, bool replaced)
{
	enum { HALF = 100 * 1000 };
	char dir[64], *path = scratch_path(dir, sizeof(dir)), *bytes;
	char hex[DIGEST_HEX_MAX];
	struct partial_file p;
	struct partial_snapshot snap;
	struct engine_resume resume;
	struct digest *digest;
	struct err e = ERR_INIT;
	uint64_t resumed;

	bytes = malloc(2 * HALF);
	for (size_t i = 0; i < 2 * HALF; i++)
		bytes[i] = (char)(i * 7);
	digest = digest_new(DIGEST_SHA256, 2 * HALF, &e);
	digest_update(digest, bytes, 2 * HALF);
	digest_final(digest, hex);
	digest_free(digest);
	partial_file_init(&p, &works, &p);
	assert_int_equal(partial_file_open(&p, path, 2 * HALF, DIGEST_SHA256,
			     NULL, &resumed, &e),
	    0);
	assert_int_equal(put_at(&p, bytes, HALF, 0, &e), 0);
	assert_int_equal(partial_file_snapshot(&p, &snap, &e), 0);
	assert_int_equal(p.dirty_bytes, 0);
	memset(&resume, 0, sizeof(resume));
	resume.device = p.device;
	resume.inode = p.inode + (replaced ? 1 : 0);
	resume.mtime_s = snap.mtime_s;
	resume.mtime_ns = snap.mtime_ns;
	resume.extents = snap.extents.items;
	resume.n_extents = snap.extents.n;
	/* Where the state cannot be kept, all is read again. */
	if (with_state && snap.digest_at == 0)
		with_state = false;
	if (with_state) {
		assert_int_equal(snap.digest_at, HALF - HALF % 64);
		resume.digest_at = snap.digest_at;
		memcpy(resume.digest_state, snap.digest_state,
		    sizeof(resume.digest_state));
	}
	if (tamper) {
		usleep(50 * 1000); /* beyond the clock's grain */
		assert_int_equal(fs_pwrite(p.fd, "!", 1, HALF / 2, path, &e),
		    0);
	}
	partial_file_release(&p);

	assert_int_equal(partial_file_open(&p, path, 2 * HALF, DIGEST_SHA256,
			     &resume, &resumed, &e),
	    0);
	assert_int_equal(resumed, replaced ? 0 : HALF);
	if (replaced)
		assert_int_equal(put_at(&p, bytes, HALF, 0, &e), 0);
	assert_int_equal(put_at(&p, bytes + HALF, HALF, HALF, &e), 0);
	/* A file that was written since the state was taken is read again. */
	assert_int_equal(partial_file_prove(&p, hex, &e), tamper ? -1 : 0);
	partial_snapshot_release(&snap);
	partial_file_release(&p);
	free(bytes);
	clean(dir, path);
}

static void partial_resume(void **state)
{
	(void)state;
	resume_with(true, false, false);
	resume_with(false, false, false);
	resume_with(false, true, false);
	resume_with(true, true, false);
	resume_with(true, false, true);
}

/* Extents that the file cannot have are not believed. */
static void partial_resume_refused(void **state)
{
	static const struct extent beyond[] = { { 0, 7 } },
				   unwritten[] = { { 0, 5 } },
				   empty[] = { { 3, 3 } };
	static const struct extent *const cases[] = { beyond, unwritten,
		empty };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char dir[64], *path = scratch_path(dir, sizeof(dir));
		struct engine_resume resume;
		struct partial_file p;
		struct err e = ERR_INIT;
		uint64_t resumed;

		partial_file_init(&p, &works, &p);
		assert_int_equal(partial_file_open(&p, path, 6, DIGEST_SHA256,
				     NULL, &resumed, &e),
		    0);
		write_at(&p, "abc", 0);
		memset(&resume, 0, sizeof(resume));
		resume.device = p.device;
		resume.inode = p.inode;
		resume.extents = cases[i];
		resume.n_extents = 1;
		partial_file_release(&p);
		assert_int_equal(partial_file_open(&p, path, 6, DIGEST_SHA256,
				     &resume, &resumed, &e),
		    0);
		assert_int_equal(resumed, 0);
		assert_int_equal(extents_bytes(&p.received), 0);
		write_at(&p, "abcdef", 0);
		assert_int_equal(partial_file_prove(&p, sha256_of_abcdef, &e),
		    0);
		partial_file_release(&p);
		clean(dir, path);
	}
}

/* A link planted under the partial's name is not followed. */
static void partial_planted_link(void **state)
{
	char dir[64], *path = scratch_path(dir, sizeof(dir));
	char *victim = fs_join(dir, "victim");
	struct partial_file p;
	struct err e = ERR_INIT;
	uint64_t resumed;
	struct stat st;
	FILE *f = fopen(victim, "w");

	(void)state;
	fputs("precious", f);
	fclose(f);
	if (symlink(victim, path) == -1) {
		fputs("NOT TESTED: no symbolic links here\n", stderr);
		unlink(victim);
		clean(dir, path);
		free(victim);
		skip();
		return;
	}
	partial_file_init(&p, &works, &p);
	assert_int_equal(partial_file_open(&p, path, 6, DIGEST_SHA256, NULL,
			     &resumed, &e),
	    0);
	write_at(&p, "abcdef", 0);
	partial_file_release(&p);
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(victim);
	free(victim);
	clean(dir, path);
}

/* --- verify, sync pool --------------------------------------------------- */

static int refuse(void *cookie)
{
	(void)cookie;
	return 1;
}

static void verify_kinds(void **state)
{
	char dir[64], *path = scratch_path(dir, sizeof(dir));
	struct err e = ERR_INIT;
	FILE *f = fopen(path, "w");

	(void)state;
	fputs("abcdef", f);
	fclose(f);
	assert_int_equal(verify_file(path, 6, DIGEST_SHA256, sha256_of_abcdef,
			     NULL, NULL, &e),
	    0);
	assert_int_equal(verify_file(path, 5, DIGEST_SHA256, sha256_of_abcdef,
			     NULL, NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_INTEGRITY);
	assert_int_equal(verify_file(path, 7, DIGEST_SHA256, sha256_of_abcdef,
			     NULL, NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_INTEGRITY);
	assert_int_equal(verify_file(path, 6, DIGEST_GIT_SHA1,
			     "f2ad6c76f0115a6ba5b00456a849810e7ec0af20", NULL,
			     NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_INTEGRITY);
	assert_int_equal(verify_file(path, 6, DIGEST_SHA256, sha256_of_abcdef,
			     refuse, NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_CANCELLED);
	unlink(path);
	assert_int_equal(verify_file(path, 6, DIGEST_SHA256, sha256_of_abcdef,
			     NULL, NULL, &e),
	    -1);
	assert_int_equal(e.kind, ERR_DISK);
	clean(dir, path);
}

static void pool_works(void **state)
{
	char dir[64], *path = scratch_path(dir, sizeof(dir));
	struct work_pool *pool;
	struct work_job jobs[20], *job;
	struct err e = ERR_INIT;
	int fd, good = 0, bad = 0;

	(void)state;
	assert_int_equal(fs_open_rw(path, true, &fd, &e), 0);
	pool = work_pool_new(2, NULL, NULL, &e);
	assert_non_null(pool);
	assert_null(work_pool_take(pool, 1));
	memset(jobs, 0, sizeof(jobs));
	for (int i = 0; i < 20; i++) {
		jobs[i].fd = i % 5 == 0 ? -1 : fd;
		jobs[i].path = path;
		jobs[i].run = work_sync;
		work_pool_submit(pool, &jobs[i]);
	}
	while ((job = work_pool_take(pool, 1)) != NULL) {
		if (job->rc == 0)
			good++;
		else
			bad++;
	}
	assert_int_equal(good, 16);
	assert_int_equal(bad, 4);
	work_pool_free(pool);
	fs_close(&fd);
	clean(dir, path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(extents_merge),
		cmocka_unit_test(extents_questions),
		cmocka_unit_test(extents_model),
		cmocka_unit_test(piece_sizes),
		cmocka_unit_test(piece_next),
		cmocka_unit_test(piece_split),
		cmocka_unit_test(piece_judge),
		cmocka_unit_test(piece_expires),
		cmocka_unit_test(adapt_finds_what_is_enough),
		cmocka_unit_test(adapt_follows_the_line),
		cmocka_unit_test(adapt_backs_off),
		cmocka_unit_test(adapt_waits_for_work),
		cmocka_unit_test(adapt_when_nothing_comes),
		cmocka_unit_test(adapt_does_not_push_who_is_held),
		cmocka_unit_test(adapt_waits_for_fewer),
		cmocka_unit_test(adapt_on_a_line_that_loses_packets),
		cmocka_unit_test(partial_out_of_order),
		cmocka_unit_test(partial_wrong_hash),
		cmocka_unit_test(partial_resume),
		cmocka_unit_test(partial_resume_refused),
		cmocka_unit_test(partial_planted_link),
		cmocka_unit_test(verify_kinds),
		cmocka_unit_test(pool_works),
	};

	return cmocka_run_group_tests(tests, set_up_works, tear_down_works);
}
