/* idle.c - is there nothing to do? */
#include "commands/idle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/text.h"
#include "platform/digest.h"
#include "platform/dirs.h"
#include "platform/fs.h"
#include "platform/zone.h"

enum {
	FACTS_BYTES_MAX = 8 * 1024 * 1024,
	VARIABLES_MAX = 512,
	NAME_MAX_BYTES = 64, /* longer than any that matters */
	ZONE_TEXT_MAX = 1024,
	TOKEN_FILE_MAX = 64 * 1024,
	RECORD_BYTES = IDLE_FINGERPRINT_BYTES + 3 * 8 + 4,
	LAST_RUN_MAX_S = 24 * 3600
};

/* --- the fingerprint ----------------------------------------------------- */

/* The whole of what is before '=', or its beginning; in any case, which Windows
 * does not tell apart. */
static bool is_ours(const char *variable)
{
	static const char *const beginnings[] = { "HF_", "HUGGING", "HFCRON_",
		"XDG_" };
	static const char *const names[] = { "TZ", "TZDIR", "HOME",
		"USERPROFILE", "TRANSFORMERS_OFFLINE", "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY" };
	char name[NAME_MAX_BYTES + 1];
	size_t n = strcspn(variable, "=");

	if (n > NAME_MAX_BYTES)
		n = NAME_MAX_BYTES;
	for (size_t i = 0; i < n; i++)
		name[i] = variable[i] >= 'a' && variable[i] <= 'z'
		    ? (char)(variable[i] - 'a' + 'A')
		    : variable[i];
	name[n] = '\0';
	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
		if (text_starts(name, beginnings[i]))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* In an order of their own: another shell may have another one. */
static void add_environment(struct strbuf *facts)
{
	const char *found[VARIABLES_MAX] = { NULL };
	size_t n = 0;

	for (const char *const *v = dirs_environment(); *v != NULL; v++)
		if (is_ours(*v) && n < VARIABLES_MAX)
			found[n++] = *v;
	qsort(found, n, sizeof(found[0]), compare_texts);
	for (size_t i = 0; i < n; i++)
		strbuf_add(facts, found[i], strlen(found[i]) + 1);
}

static void add_file(struct strbuf *facts, const char *what, const char *path)
{
	struct err e = ERR_INIT;
	struct fs_stat st;

	strbuf_printf(facts, "%s %s", what, path == NULL ? "none" : path);
	strbuf_putc(facts, '\0');
	if (path == NULL)
		return;
	if (fs_stat(path, &st, &e) == -1)
		strbuf_printf(facts, "error %d", e.os_code);
	else if (st.type == FS_ABSENT)
		strbuf_puts(facts, "absent");
	else
		strbuf_printf(facts,
		    "%" PRIu64 " %" PRId64 ".%09" PRId32 " %" PRIu64 " %" PRIu64
		    " %o",
		    st.size, st.mtime_s, st.mtime_ns, st.device, st.inode,
		    (unsigned)st.mode);
	strbuf_putc(facts, '\0');
}

static void add_zone(struct strbuf *facts, const char *zone)
{
	char text[ZONE_TEXT_MAX];

	add_file(facts, zone, zone_file(zone, text, sizeof(text)));
	strbuf_puts(facts, zone_state(zone, text, sizeof(text)));
	strbuf_putc(facts, '\0');
}

static void add_zones(struct strbuf *facts, const struct config *config)
{
	const char *before = "";

	add_zone(facts, "local");
	for (size_t i = 0; i < config->n_schedules; i++) {
		const char *zone = config->schedules[i].zone;

		if (zone == NULL || strcmp(zone, before) == 0 ||
		    strcmp(zone, "local") == 0)
			continue;
		add_zone(facts, zone);
		before = zone;
	}
}

/* What it says, not when it was written: a service manager may make it anew for
 * each start. */
static void add_secret_file(struct strbuf *facts, const char *path)
{
	struct err e = ERR_INIT;
	char *bytes = NULL;
	size_t n = 0;

	strbuf_printf(facts, "token %s", path);
	strbuf_putc(facts, '\0');
	if (fs_read_file(path, TOKEN_FILE_MAX, &bytes, &n, &e) == 0) {
		strbuf_add(facts, bytes, n);
		secret_wipe(bytes, n);
	} else {
		strbuf_printf(facts, "error %d", e.os_code);
	}
	strbuf_putc(facts, '\0');
	free(bytes);
}

static void add_token(struct strbuf *facts, const struct config *config)
{
	struct err ignored = ERR_INIT;
	char *path = NULL;

	if (config->token_file != NULL)
		add_secret_file(facts, config->token_file);
	else if (config_home_token(&path, &ignored) == 0)
		add_secret_file(facts, path);
	free(path);
}

int idle_fingerprint(const struct session *s,
    uint8_t fingerprint[IDLE_FINGERPRINT_BYTES])
{
	struct strbuf facts;
	int rc = 0;

	strbuf_init(&facts, FACTS_BYTES_MAX);
	strbuf_puts(&facts, PACKAGE_VERSION);
	strbuf_putc(&facts, '\0');
	add_file(&facts, "configuration", s->config.file);
	for (size_t i = 0; i < s->config.n_model_files; i++)
		add_file(&facts, "list", s->config.model_files[i]);
	add_token(&facts, &s->config);
	add_zones(&facts, &s->config);
	add_environment(&facts);
	if (strbuf_failed(&facts))
		rc = -1;
	else
		digest_sha256(facts.text, facts.len, fingerprint);
	/* It had the token of the environment. */
	if (facts.text != NULL)
		secret_wipe(facts.text, facts.len);
	strbuf_release(&facts);
	return rc;
}

/* --- the record ---------------------------------------------------------- */

static uint8_t *put(uint8_t *at, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		*at++ = (uint8_t)(value >> (8 * i));
	return at;
}

static const uint8_t *get(const uint8_t *at, uint64_t *value, size_t n)
{
	*value = 0;
	for (size_t i = 0; i < n; i++)
		*value |= (uint64_t)*at++ << (8 * i);
	return at;
}

bool idle_holds(const struct idle_record *r,
    const uint8_t fingerprint[IDLE_FINGERPRINT_BYTES], struct wall now)
{
	return memcmp(r->fingerprint, fingerprint, IDLE_FINGERPRINT_BYTES) ==
	    0 &&
	    (r->wake.s == WALL_NONE || r->wake.s > now.s) &&
	    r->last_run.s <= now.s && now.s - r->last_run.s <= LAST_RUN_MAX_S;
}

bool idle_read(const struct session *s, struct idle_record *r)
{
	uint8_t bytes[RECORD_BYTES];
	const uint8_t *at = bytes + IDLE_FINGERPRINT_BYTES;
	uint64_t wake, next, last, parked;
	size_t n;

	if (store_peek(s->config.state_dir, STORE_IDLE, bytes, sizeof(bytes),
		&n) == -1 ||
	    n != sizeof(bytes))
		return false;
	memcpy(r->fingerprint, bytes, IDLE_FINGERPRINT_BYTES);
	(void)get(get(get(get(at, &wake, 8), &next, 8), &last, 8), &parked, 4);
	r->wake.s = (int64_t)wake;
	r->next_due.s = (int64_t)next;
	r->last_run.s = (int64_t)last;
	r->parked = (uint32_t)parked;
	return r->last_run.s != WALL_NONE;
}

int idle_write(struct session *s, const struct idle_record *r, uint64_t serial,
    struct err *e)
{
	uint8_t bytes[RECORD_BYTES];

	memcpy(bytes, r->fingerprint, IDLE_FINGERPRINT_BYTES);
	(void)put(put(put(put(bytes + IDLE_FINGERPRINT_BYTES,
			      (uint64_t)r->wake.s, 8),
			  (uint64_t)r->next_due.s, 8),
		      (uint64_t)r->last_run.s, 8),
	    r->parked, 4);
	return store_idle_put(s->store, bytes, sizeof(bytes), serial, e);
}
