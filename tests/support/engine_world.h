/*
 * engine_world.h - the transfer engine between a scripted server and a caller
 * that checks every promise of transfer/engine.h while it runs.
 *
 * Checked always, by failing the test: the connections, the window ahead of
 * the front, no byte asked for or taken twice, no extent told as durable that
 * was not written before its sync began, content and place of whole files,
 * one end for each file and no callback after it, and that the loop ends.
 */
#ifndef HFCRON_TESTS_ENGINE_WORLD_H
#define HFCRON_TESTS_ENGINE_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "support/fake_http.h"
#include "transfer/engine.h"
#include "transfer/extents.h"

#define MIB ((uint64_t)1024 * 1024)

enum { WORLD_FILES_MAX = 64 };

enum world_outcome { WORLD_NOT_PULLED, WORLD_OPEN, WORLD_WHOLE, WORLD_FAILED };

struct world;

struct world_file {
	struct world *world;
	unsigned index;
	char url[64], direct[128], path[544];
	uint64_t size;
	enum digest_kind digest;
	char hex[DIGEST_HEX_MAX];
	/* What became of it. */
	enum world_outcome outcome;
	struct err error; /* of WORLD_FAILED */
	unsigned asks, restarts, retries, durables;
	int64_t last_wait_ms;
	uint64_t bytes;	       /* that arrived */
	struct extents taken;  /* by the partial file as it is now */
	struct extents synced; /* of those, when the last sync began */
	/* What on_durable said last, as a store would keep it. */
	struct engine_resume saved;
	struct extents saved_extents; /* own */
	bool resume;		      /* to be given to the engine */
};

struct world {
	/* To be set before world_run; the rest is the world's. */
	unsigned connections;
	unsigned bulk_connections; /* to begin with; 0: do not adapt */
	bool redirects;		   /* the own URL leads to the direct one */
	int64_t grace_ms, cancel_at_ms; /* -1: never */
	unsigned nothing_now;		/* so often before the first file */
	uint64_t max_bytes;		/* of one run; 0: no limit */
	bool no_body_limit;
	bool shares;  /* all requests over one connection */
	bool limited; /* the client has a limit of its rate */
	/* Changes the reply, which is right when it comes.  May be NULL. */
	void (*script)(struct world *w, struct world_file *f,
	    const struct fake_ask *ask, struct fake_reply *reply);
	void (*at_step)(struct world *w); /* may be NULL */
	bool (*must_stop)(struct world *w, struct world_file *f);
	int (*on_response)(struct world *w, const struct http_response *r,
	    struct err *e);
	int (*on_whole)(struct world *w, struct world_file *f, struct err *e);
	int (*on_durable)(struct world *w, struct world_file *f, struct err *e);
	void *cookie; /* the test's */

	char dir[512];
	unsigned seed; /* of a random test; named when something is wrong */
	struct world_file files[WORLD_FILES_MAX];
	unsigned n_files, next;
	struct http_client *http;
	struct engine *engine; /* while world_run runs */
	int64_t cancelled_at_ms;
	unsigned pulls, most_active;
	struct engine_progress progress; /* at the end of the run */
	unsigned bulk_worth;		 /* so is this */
};

/* A fresh folder, the clock at 0; nothing scripted. */
struct world *world_new(unsigned connections);
void world_free(struct world *w);

struct world_file *world_add(struct world *w, uint64_t size,
    enum digest_kind digest);

/* Fetch all files that are not whole; each file's end is checked. */
int world_run(struct world *w);
/* The pieces of world_run, for tests that stop in between. */
void world_begin(struct world *w);
void world_end(struct world *w);
void world_spec(struct world_file *f, struct engine_file *spec);

/* All asks of the last run. */
const struct fake_ask *world_asks(const struct world *w, size_t *n);
/* The content of a file as it should be. */
void world_content(const struct world_file *f, uint64_t offset, void *bytes,
    size_t n);
bool world_partial_exists(const struct world_file *f);
/* As another program would, also while it is open; false if it was not there. */
bool world_remove_partial(const struct world_file *f);
/* Put right bytes on disk and into `saved`, as an earlier run might have. */
void world_leave_partial(struct world_file *f, const struct extent *extents,
    size_t n, bool with_state);

/* Fails the test, naming the seed. */
void world_expect(const struct world *w, bool right, const char *what);

#endif
