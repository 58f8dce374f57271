#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/session.h"
#include "plan/backoff.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/dirs.h"
#include "platform/entropy.h"
#include "platform/fs.h"
#include "platform/process.h"
#include "platform/signals.h"
#include "platform/terminal.h"
#include "platform/zone.h"

static int32_t zone_offset(void *cookie, const char *zone, int64_t utc_s)
{
	(void)cookie;
	return zone_offset_s(zone, utc_s);
}

/* The same fraction for the same job on the same store: a forecast and the
 * run agree, and two hosts with one list do not act in step. */
static double dice_unit(void *cookie, const uint8_t key[JOB_KEY_BYTES])
{
	const struct session *s = cookie;
	uint8_t seed[JOB_KEY_BYTES + STORE_ID_MAX], hash[32];
	uint32_t word = 0;

	memset(seed, 0, sizeof(seed));
	memcpy(seed, key, JOB_KEY_BYTES);
	if (s->store != NULL)
		memcpy(seed + JOB_KEY_BYTES, store_id(s->store),
		    strlen(store_id(s->store)));
	digest_sha256(seed, sizeof(seed), hash);
	memcpy(&word, hash, sizeof(word));
	return word / 4294967296.0;
}

void session_init(struct session *s, const struct cli *cli)
{
	memset(s, 0, sizeof(*s));
	s->cli = cli;
	s->lock.fd = -1;
	s->now = clock_wall();
	s->config_error = (struct err)ERR_INIT;
	s->rate_reset.s = WALL_NONE;
	for (int i = 0; i < HUB_BUCKETS; i++)
		s->budgets[i].reset.s = WALL_NONE;
	s->calendar.offset_s = zone_offset;
	s->dice.unit = dice_unit;
	s->dice.cookie = s;
	problems_init(&s->problems);
	secret_init(&s->token);
}

void session_close(struct session *s)
{
	http_client_free(s->http);
	store_close(s->store);
	lock_release(&s->lock);
	if (s->log_file != NULL)
		(void)fclose(s->log_file);
	secret_release(&s->token);
	model_list_release(&s->list);
	config_release(&s->config);
	problems_release(&s->problems);
}

bool session_is_live(const struct session *s)
{
	return !s->cli->quiet && !s->cli->json && terminal_is_tty(2);
}

char *session_state_path(const struct session *s, const char *name)
{
	return fs_join(s->config.state_dir, name);
}

struct wall session_as_if(const struct session *s)
{
	struct civil c;

	if (!s->cli->has_at)
		return s->now;
	if (s->cli->at_has_offset)
		return s->cli->at;
	instant_to_civil(s->cli->at.s, &c);
	return calendar_instant(&s->calendar, "local", &c);
}

void session_wipe_display(const struct session *s)
{
	if (s->wipe != NULL)
		s->wipe(s->wipe_cookie);
}

void session_complain(struct session *s, const struct err *e)
{
	if (strcmp(e->text, s->said) == 0)
		return;
	snprintf(s->said, sizeof(s->said), "%s", e->text);
	session_wipe_display(s);
	fprintf(stderr, "hfcron: %s\n", e->text);
	log_event(&s->log, LOG_ERROR, e->text, "kind", err_kind_name(e->kind),
	    NULL);
}

int session_fail(struct session *s, const struct err *e)
{
	session_complain(s, e);
	s->status = exit_status_worse(s->status, exit_status_of(e->kind));
	return -1;
}

static void print_problems(const struct session *s)
{
	char line[1024];

	for (size_t i = 0; i < s->problems.n; i++)
		if (!s->problems.items[i].note)
			fprintf(stderr, "%s\n",
			    problems_line(&s->problems.items[i], line,
				sizeof(line)));
}

void session_load_config(struct session *s)
{
	char *path = NULL;

	s->config_rc = -1;
	if (config_find(s->cli->config, &path, &s->config_error) == 0) {
		s->config_found = true;
		s->config_rc = config_load(path, &s->config, &s->problems,
		    &s->config_error);
	}
	free(path);
}

int session_load_rest(struct session *s, bool with_lists)
{
	struct err e = s->config_error;
	int rc = s->config_rc;

	if (!s->config_found)
		return session_fail(s, &e);
	/* The lists are read even so, to report everything in one pass. */
	if (with_lists && (rc == 0 || s->config.default_schedule != NULL)) {
		struct err list_e = ERR_INIT;

		if (model_list_load(&s->config, &s->list, &s->problems,
			&list_e) == -1) {
			if (rc == 0)
				e = list_e;
			rc = -1;
		}
	}
	if (rc == -1) {
		print_problems(s);
		session_fail(s, &e);
		/* Nothing was started, whatever the kind. */
		s->status = EXIT_CONFIG;
	}
	return rc;
}

int session_load(struct session *s, bool with_lists)
{
	session_load_config(s);
	return session_load_rest(s, with_lists);
}

static int make_state_dir(struct session *s)
{
	struct err e = ERR_INIT;

	if (fs_mkdirs(s->config.state_dir, 0700, &e) == 0)
		return 0;
	err_wrap(&e, "state_dir %s cannot be used", s->config.state_dir);
	e.kind = ERR_STATE;
	return session_fail(s, &e);
}

int session_lock(struct session *s)
{
	char *path, text[96], since[INSTANT_TEXT_MAX];
	struct err e = ERR_INIT;
	int rc;

	if (make_state_dir(s) == -1)
		return -1;
	path = session_state_path(s, "lock");
	if (path == NULL) {
		err_nomem(&e);
		return session_fail(s, &e);
	}
	rc = lock_try(&s->lock, path, 0600, &e);
	free(path);
	if (rc == -1) {
		if (e.kind == ERR_BUSY) {
			if (session_is_live(s))
				fprintf(stderr,
				    "another run is at work; see "
				    "hfcron status\n");
			return -1;
		}
		e.kind = ERR_STATE;
		return session_fail(s, &e);
	}
	lock_mark(&s->lock);
	snprintf(text, sizeof(text), "%lld %s\n", (long long)process_id(),
	    instant_format(s->now, since));
	if (lock_write(&s->lock, text, &e) == -1) {
		e.kind = ERR_STATE;
		return session_fail(s, &e);
	}
	return 0;
}

int session_run_at_work(const struct session *s, bool *at_work, struct err *e)
{
	char *path = session_state_path(s, "lock");
	int rc;

	*at_work = false;
	if (path == NULL)
		return err_nomem(e);
	rc = lock_is_held(path, at_work, e);
	free(path);
	return rc;
}

static long long log_now(void *cookie)
{
	(void)cookie;
	return (long long)clock_wall().s;
}

static void log_sink(void *cookie, enum log_level level, const char *line,
    size_t n)
{
	struct session *s = cookie;

	if (s->log_file != NULL)
		(void)fwrite(line, 1, n, s->log_file);
	if (!s->cli->verbose || level > LOG_INFO)
		return;
	session_wipe_display(s);
	(void)fwrite(line, 1, n, stderr);
}

int session_open_log(struct session *s)
{
	struct err e = ERR_INIT;
	char *dir = fs_dirname(s->config.log.file);

	s->log.level = s->config.log.level;
	s->log.sink = log_sink;
	s->log.now_s = log_now;
	s->log.cookie = s;
	if (dir == NULL) {
		err_nomem(&e);
		return session_fail(s, &e);
	}
	if (fs_mkdirs(dir, 0700, &e) == -1) {
		free(dir);
		return session_fail(s, &e);
	}
	free(dir);
	/* One line, one write. */
	s->log_file = fs_append(s->config.log.file, &e);
	if (s->log_file == NULL) {
		err_wrap(&e, "log.file");
		return session_fail(s, &e);
	}
	return 0;
}

int session_open_store(struct session *s, enum store_mode mode)
{
	char warning[ERR_TEXT_MAX] = "";
	struct err e = ERR_INIT;
	char *owner = NULL;

	if (mode == STORE_WRITE && make_state_dir(s) == -1)
		return -1;
	if (s->config.file != NULL) {
		owner = fs_realpath(s->config.file, &e);
		if (owner == NULL)
			return session_fail(s, &e);
	}
	s->store = store_open(s->config.state_dir, mode, owner ? owner : "",
	    s->now, warning, &e);
	free(owner);
	if (s->store == NULL)
		return session_fail(s, &e);
	if (warning[0] != '\0') {
		fprintf(stderr, "hfcron: %s\n", warning);
		log_event(&s->log, LOG_WARN, warning, NULL);
	}
	return 0;
}

int session_open_token(struct session *s)
{
	enum token_source source;
	struct err e = ERR_INIT;

	if (config_token(&s->config, &s->token, &source, s->token_where, &e) ==
	    -1)
		return session_fail(s, &e);
	return 0;
}

/* The bandwidth of this very moment; a clock that was set back counts. */
static void pace(struct session *s)
{
	const struct bandwidth *bandwidth = &s->config.transfer.bandwidth;
	struct wall now = clock_wall();
	char limit[NUM_TEXT_MAX], until[INSTANT_TEXT_MAX];

	if (bandwidth->n == 0 ||
	    (s->rate_at.s != 0 && now.s >= s->rate_at.s &&
		(s->rate.until.s == WALL_NONE || now.s < s->rate.until.s)))
		return;
	s->rate = rate_at(bandwidth, &s->calendar, now);
	s->rate_at = now;
	http_client_limit(s->http, s->rate.limit);
	log_event(&s->log, LOG_INFO, "bandwidth", "bytes_per_second",
	    s->rate.limit == 0 ? "none" : num_format_size(s->rate.limit, limit),
	    "until",
	    s->rate.until.s == WALL_NONE ? NULL
					 : instant_format(s->rate.until, until),
	    NULL);
}

static int http_tick(void *cookie)
{
	struct session *s = cookie;

	pace(s);
	if (s->tick != NULL)
		return s->tick(s->tick_cookie);
	return signals_pending() != 0;
}

static int64_t retry_wait(void *cookie, unsigned failures, int64_t server_s)
{
	const struct session *s = cookie;
	struct backoff_policy policy = { s->config.retry.first_wait_ms,
		s->config.retry.attempts };

	return backoff_wait_ms(&policy, failures, server_s, entropy_unit());
}

int session_open_hub(struct session *s)
{
	const struct transfer_config *t = &s->config.transfer;
	struct hub_retry retry = { retry_wait, s };
	struct http_options options;
	struct err e = ERR_INIT;

	snprintf(s->user_agent, sizeof(s->user_agent), "hfcron/%s%s%s",
	    PACKAGE_VERSION, s->config.user_agent_origin ? "; origin/" : "",
	    s->config.user_agent_origin ? s->config.user_agent_origin : "");
	memset(&options, 0, sizeof(options));
	options.user_agent = s->user_agent;
	options.connect_timeout_ms = t->connect_timeout_ms;
	options.stall_timeout_ms = t->stall_timeout_ms;
	options.ca_file = s->config.ca_file;
	options.ca_dir = s->config.ca_dir;
	options.proxy_from_environment = t->proxy_mode == PROXY_ENVIRONMENT;
	options.proxy_url = t->proxy_mode == PROXY_URL ? t->proxy_url : NULL;
	options.max_connections = t->connections;
	options.tick = http_tick;
	options.tick_cookie = s;
	options.wake_fd = signals_fd();
	s->http = http_client_new(&options, &e);
	if (s->http == NULL)
		return session_fail(s, &e);
	pace(s);
	if (hub_init(&s->hub, s->http, s->config.endpoint,
		secret_is_set(&s->token) ? &s->token : NULL, s->token_where,
		&retry, &e) == -1)
		return session_fail(s, &e);
	hub_set_budgets(&s->hub, s->budgets, clock_wall());
	return 0;
}

/* --- rate limits --------------------------------------------------------- */

enum {
	BUDGET_BYTES = 1 + 8,
	BUDGETS_BYTES = JOB_HASH_BYTES + HUB_BUCKETS * BUDGET_BYTES
};

static const char BUDGETS[] = "budgets";

int session_load_budgets(struct session *s, bool any_token, struct err *e)
{
	uint8_t bytes[BUDGETS_BYTES], access[JOB_HASH_BYTES];
	const uint8_t *at = bytes + JOB_HASH_BYTES;
	size_t n;

	if (store_meta_get(s->store, BUDGETS, bytes, sizeof(bytes), &n, e) ==
	    -1)
		return -1;
	session_access_hash(s, access);
	if (n != sizeof(bytes) ||
	    (!any_token && memcmp(bytes, access, sizeof(access)) != 0))
		return 0;
	for (int i = 0; i < HUB_BUCKETS; i++) {
		uint64_t reset = 0;

		s->budgets[i].used_up = *at++ != 0;
		for (int k = 0; k < 8; k++)
			reset |= (uint64_t)*at++ << (8 * k);
		s->budgets[i].reset.s = (int64_t)reset;
	}
	s->rate_reset = hub_budget_reset(s->budgets, HUB_API, s->now);
	return 0;
}

int session_save_budgets(struct session *s, struct err *e)
{
	uint8_t bytes[BUDGETS_BYTES], *at = bytes + JOB_HASH_BYTES;

	memcpy(s->budgets, s->hub.budgets, sizeof(s->budgets));
	s->rate_reset = hub_budget_reset(s->budgets, HUB_API, clock_wall());
	session_access_hash(s, bytes);
	for (int i = 0; i < HUB_BUCKETS; i++) {
		uint64_t reset = (uint64_t)s->budgets[i].reset.s;

		*at++ = s->budgets[i].used_up;
		for (int k = 0; k < 8; k++)
			*at++ = (uint8_t)(reset >> (8 * k));
	}
	return store_meta_put(s->store, BUDGETS, bytes, sizeof(bytes), e);
}

void session_access_hash(const struct session *s, uint8_t hash[JOB_HASH_BYTES])
{
	uint8_t whole[32];
	size_t endpoint_n = strlen(s->config.endpoint), n;
	char *text;

	/* Only a hash of the token leaves memory. */
	n = endpoint_n + 1 + s->token.len;
	text = malloc(n);
	memset(hash, 0, JOB_HASH_BYTES);
	if (text == NULL)
		return;
	memcpy(text, s->config.endpoint, endpoint_n + 1);
	if (s->token.len > 0)
		memcpy(text + endpoint_n + 1, s->token.bytes, s->token.len);
	digest_sha256(text, n, whole);
	memcpy(hash, whole, JOB_HASH_BYTES);
	secret_wipe(text, n);
	free(text);
}
