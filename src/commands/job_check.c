#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "commands/job_work.h"
#include "plan/upstream.h"
#include "platform/clock.h"
#include "platform/fs.h"
#include "transfer/verify.h"

void job_work_init(struct job_work *w, const struct job *job,
    struct job_entry *entry)
{
	memset(w, 0, sizeof(*w));
	w->job = job;
	w->entry = entry;
	store_job_key(job->id, w->key);
	w->slot.s = w->closes.s = w->started.s = WALL_NONE;
	w->error.retry_after_s = -1;
	remote_listing_init(&w->listing);
}

void job_work_release(struct job_work *w)
{
	hub_question_free(w->question);
	destination_free(w->destination);
	remote_listing_release(&w->listing);
	free(w->wanted);
	free(w->local);
	free(w->decisions);
	free(w->progress);
	free(w->proven);
	memset(w, 0, sizeof(*w));
}

void job_work_fail(struct job_work *w, const struct err *e)
{
	if (w->error.kind == ERR_NONE)
		w->error = *e;
	w->outcome = e->kind == ERR_BUSY ? OUTCOME_BUSY : OUTCOME_FAILED;
	w->phase = WORK_ENDED;
}

bool job_work_is_paused(const struct job_work *w)
{
	return w->entry != NULL && w->entry->paused && !w->entry->named;
}

enum digest_kind job_work_digest(const struct remote_file *f)
{
	return f->sha256 != NULL ? DIGEST_SHA256 : DIGEST_GIT_SHA1;
}

const char *job_work_title(const struct job *job, char *buf, size_t size)
{
	snprintf(buf, size, "%s %s@%s", repo_type_name(job->type), job->name,
	    job->revision);
	return buf;
}

static int say_offline(struct err *e)
{
	return err_set(e, ERR_UNREACHABLE,
	    "HF_HUB_OFFLINE is set: the Hub is "
	    "not asked");
}

/*
 * `get` is content with what the ref names, as the official client is.  A
 * listed job is not: "could not check" is never told as "up to date".
 */
static int find_commit_offline(struct job_work *w, struct err *e)
{
	if (w->entry != NULL)
		return say_offline(e);
	if (destination_ref(w->destination, w->job->revision, w->commit, e) ==
	    -1)
		return -1;
	return w->commit[0] != '\0' ? 0 : say_offline(e);
}

/* The commit if it cannot change, else NULL. */
static const char *pinned_commit(const struct job_work *w)
{
	if (repo_is_commit(w->job->revision))
		return w->job->revision;
	if (!w->job->follow && w->entry != NULL &&
	    w->entry->state.commit[0] != '\0')
		return w->entry->state.commit;
	return NULL;
}

static int ask_commit(struct job_work *w, struct session *s, struct err *e)
{
	struct hub_revision revision;
	int rc;

	if (w->question == NULL)
		w->question = hub_revision_ask(&s->hub, w->job->type,
		    w->job->name, w->job->revision, false, e);
	if (w->question == NULL)
		return -1;
	rc = hub_revision_answer(w->question, &revision, e);
	hub_question_free(w->question);
	w->question = NULL;
	if (rc == -1)
		return -1;
	memcpy(w->commit, revision.commit, sizeof(w->commit));
	if (strcmp(revision.id, w->job->name) != 0)
		log_event(&s->log, LOG_WARN,
		    "the repository was renamed; the "
		    "list may name it anew",
		    "job", w->job->id, "now", revision.id, NULL);
	return 0;
}

/* The commit to have: asked for, unless it cannot change. */
static int find_commit(struct job_work *w, struct session *s, struct err *e)
{
	const char *pinned = pinned_commit(w);

	if (pinned != NULL) {
		memcpy(w->commit, pinned, sizeof(w->commit));
		return 0;
	}
	if (s->config.offline)
		return find_commit_offline(w, e);
	return ask_commit(w, s, e);
}

static int find_listing(struct job_work *w, struct session *s, struct err *e)
{
	bool found = false;

	if (destination_read_tree(w->destination, w->commit, &w->listing,
		&found, e) == -1)
		return -1;
	if (!found && s->config.offline)
		return say_offline(e);
	if (!found) {
		remote_listing_release(&w->listing);
		remote_listing_init(&w->listing);
		if (hub_listing(&s->hub, w->job->type, w->job->name, w->commit,
			&w->listing, e) == -1)
			return -1;
	}
	memcpy(w->listing.commit, w->commit, sizeof(w->commit));
	return 0;
}

/* Files that were asked for by name. */
static int names_missing(const struct job_work *w, struct err *e)
{
	const struct pattern_list *include = &w->job->include;

	for (size_t k = 0; k < include->n; k++) {
		bool found = false;

		for (size_t i = 0; i < w->listing.n && !found; i++)
			found = pattern_match(include->items[k],
			    w->listing.files[i].path);
		if (!found)
			return err_set(e, ERR_PERMANENT,
			    "\"%s\" is not in the repository at revision "
			    "%s, which has %zu files",
			    include->items[k], w->job->revision, w->listing.n);
	}
	return 0;
}

static int choose_wanted(struct job_work *w, struct err *e)
{
	size_t n = w->listing.n + 1;

	w->wanted = calloc(n, sizeof(const struct remote_file *));
	w->local = calloc(n, sizeof(*w->local));
	w->decisions = calloc(n, sizeof(*w->decisions));
	w->progress = calloc(n, sizeof(*w->progress));
	if (w->wanted == NULL || w->local == NULL || w->decisions == NULL ||
	    w->progress == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < w->listing.n; i++)
		if (pattern_keeps(&w->job->include, &w->job->exclude,
			w->listing.files[i].path))
			w->wanted[w->n++] = &w->listing.files[i];
	if (w->wants_each && names_missing(w, e) == -1)
		return -1;
	if (w->listing.n == 0)
		return err_set(e, ERR_PERMANENT,
		    "the repository has no files at this revision");
	if (w->n == 0)
		return err_set(e, ERR_PERMANENT,
		    "no file matches include and "
		    "exclude; the repository has %zu files",
		    w->listing.n);
	/* Only what is wanted: the rest can be excluded. */
	return remote_files_fit(fs_names_are_windows() ? REMOTE_ON_WINDOWS
						       : REMOTE_ON_UNIX,
	    w->wanted, w->n, e);
}

static bool same_file(const struct stored_file *record,
    const struct remote_file *file, const struct fs_stat *st)
{
	return strcmp(record->blob, remote_file_blob(file)) == 0 &&
	    record->size == file->size && record->size == st->size &&
	    record->inode == st->inode && record->device == st->device &&
	    record->mtime_s == st->mtime_s && record->mtime_ns == st->mtime_ns;
}

/* One by one: all of a job at once may be more than memory is for. */
static int was_verified(const struct job_work *w, struct session *s,
    const struct remote_file *file, const struct fs_stat *st, bool *verified,
    struct err *e)
{
	struct stored_file record;
	bool found = false;

	*verified = false;
	if (s->store == NULL)
		return 0;
	if (store_file_get(s->store, w->key, file->path, &record, &found, e) ==
	    -1)
		return -1;
	if (found)
		*verified = same_file(&record, file, st);
	stored_file_release(&record);
	return 0;
}

static void look_at_partial(struct job_work *w, struct session *s, size_t i)
{
	uint8_t key[STORE_KEY_BYTES];
	struct partial_state partial;
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	char *path;
	bool found = false;

	if (s->store == NULL)
		return;
	store_partial_key(destination_partial_dir(w->destination),
	    remote_file_blob(w->wanted[i]), key);
	if (store_partial_get(s->store, key, &partial, &found, &ignored) ==
		-1 ||
	    !found)
		return;
	path = destination_partial_path(w->destination, w->wanted[i]);
	if (path != NULL && fs_lstat(path, &st, &ignored) == 0 &&
	    st.type == FS_FILE && st.inode == partial.inode &&
	    st.device == partial.device && partial.size == w->wanted[i]->size) {
		w->local[i].partial_bytes = partial_state_bytes(&partial);
		w->local[i].partial_disk_bytes = st.allocated_bytes;
	}
	free(path);
	partial_state_release(&partial);
}

/* What the disk has, and what of it is the very file we proved before. */
static int inspect_all(struct job_work *w, struct session *s, struct err *e)
{
	for (size_t i = 0; i < w->n; i++) {
		struct local_file *local = &w->local[i];
		struct fs_stat st;

		if (destination_inspect(w->destination, w->commit, w->wanted[i],
			local, &st, e) == -1)
			return -1;
		if (!local->in_place && !local->blob_present)
			look_at_partial(w, s, i);
		else if (was_verified(w, s, w->wanted[i], &st,
			     &local->blob_verified, e) == -1)
			return -1;
	}
	return 0;
}

static void mark_progress(struct job_work *w)
{
	for (size_t i = 0; i < w->n; i++)
		w->progress[i] = w->decisions[i].action == FILE_FETCH
		    ? FILE_TODO
		    : FILE_DONE;
	w->bytes_done = w->sums.bytes_there;
	w->files_done = w->n - w->sums.files_to_fetch;
}

/*
 * A parked job is asked about with one request, whatever made a person
 * necessary: a gate with the question for access, all else with that for the
 * commit.  What was refused at a commit is refused as long as it is that one.
 */
static bool is_probe(const struct job_work *w)
{
	return w->entry != NULL && !w->entry->named &&
	    w->phase_before == PHASE_PARKED;
}

static bool probes_access(const struct job_work *w)
{
	return is_probe(w) && w->error_before == ERR_AUTH;
}

static int probe_access(struct job_work *w, struct session *s, struct err *e)
{
	struct err why = ERR_INIT;

	if (!probes_access(w) || s->config.offline ||
	    hub_access(&s->hub, w->job->type, w->job->name, &why) == 0 ||
	    why.kind == ERR_PERMANENT)
		return 0;
	*e = why;
	return -1;
}

static int probe_commit(const struct job_work *w, struct err *e)
{
	const struct job_state *state = w->entry ? &w->entry->state : NULL;

	if (!is_probe(w) || w->error_before != ERR_PERMANENT ||
	    state->error_text == NULL || strcmp(state->target, w->commit) != 0)
		return 0;
	return err_set(e, ERR_PERMANENT, "%s", state->error_text);
}

/* --- loss upstream ------------------------------------------------------- */

static bool was_published(const struct job_work *w, const struct session *s)
{
	const struct job_state *state = w->entry ? &w->entry->state : NULL;

	return state != NULL && state->commit[0] != '\0' &&
	    strcmp(state->commit, w->commit) != 0 && !w->entry->named &&
	    !s->config.offline;
}

static int check_amount(struct job_work *w, const struct remote_listing *old,
    struct err *e)
{
	struct upstream_amount before = { 0, 0 }, now = { 0, 0 };
	char had[NUM_TEXT_MAX], has[NUM_TEXT_MAX];

	for (size_t i = 0; i < old->n; i++)
		if (pattern_keeps(&w->job->include, &w->job->exclude,
			old->files[i].path)) {
			before.files++;
			before.bytes += old->files[i].size;
		}
	for (size_t i = 0; i < w->n; i++) {
		now.files++;
		now.bytes += w->wanted[i]->size;
	}
	if (!upstream_has_lost(&before, &now))
		return 0;
	return err_set(e, ERR_PERMANENT,
	    "%s lost most of its files: commit %.12s has %zu (%s) where commit "
	    "%.12s has %zu (%s), which is kept; hfcron run %s takes what there "
	    "is now",
	    w->job->name, w->commit, now.files, num_format_size(now.bytes, has),
	    w->entry->state.commit, before.files,
	    num_format_size(before.bytes, had), w->job->id);
}

static int check_lineage(struct job_work *w, struct session *s, struct err *e)
{
	const char *commit = w->entry->state.commit;
	enum hub_lineage lineage;

	if (hub_lineage(&s->hub, w->job->type, w->job->name, w->commit, commit,
		&lineage, e) == -1)
		return -1;
	if (lineage != HUB_UNRELATED)
		return 0;
	return err_set(e, ERR_PERMANENT,
	    "%s: the history of \"%s\" was rewritten: commit %.12s does not "
	    "descend from commit %.12s, which is kept; hfcron run %s takes what "
	    "there is now",
	    w->job->name, w->job->revision, w->commit, commit, w->job->id);
}

/* What was good is not replaced by a ruin without a person's word: the job's
 * name on the command line. */
static int check_upstream(struct job_work *w, struct session *s, struct err *e)
{
	struct remote_listing old;
	bool found = false;
	int rc = 0;

	if (!was_published(w, s))
		return 0;
	remote_listing_init(&old);
	if (destination_read_tree(w->destination, w->entry->state.commit, &old,
		&found, e) == -1)
		rc = -1;
	else if (found)
		rc = check_amount(w, &old, e);
	remote_listing_release(&old);
	return rc == 0 ? check_lineage(w, s, e) : -1;
}

static int check(struct job_work *w, struct session *s, struct err *e)
{
	char ref[41] = "";
	const char *id = s->store != NULL ? store_id(s->store) : "";

	w->destination = destination_new(s->config.cache_dir, w->job->local_dir,
	    w->job->type, w->job->name, id[0] != '\0' ? id : "00000000", e);
	if (w->destination == NULL || probe_access(w, s, e) == -1 ||
	    find_commit(w, s, e) == -1 || probe_commit(w, e) == -1 ||
	    find_listing(w, s, e) == -1 || choose_wanted(w, e) == -1 ||
	    check_upstream(w, s, e) == -1 || inspect_all(w, s, e) == -1)
		return -1;
	if (file_diff(w->wanted, w->local, w->n, w->recheck, w->decisions,
		&w->sums, e) == -1 ||
	    destination_ref(w->destination, w->job->revision, ref, e) == -1)
		return -1;
	w->ref_is_right = repo_is_commit(w->job->revision) ||
	    destination_is_local_dir(w->destination) ||
	    strcmp(ref, w->commit) == 0;
	mark_progress(w);
	return 0;
}

bool job_work_asks_commit(const struct job_work *w, const struct session *s)
{
	return pinned_commit(w) == NULL && !probes_access(w) &&
	    !s->config.offline;
}

int job_work_ask_ahead(struct job_work *w, struct session *s, struct err *e)
{
	w->question = hub_revision_ask(&s->hub, w->job->type, w->job->name,
	    w->job->revision, true, e);
	return w->question != NULL ? 0 : -1;
}

void job_work_check(struct job_work *w, struct session *s)
{
	struct err e = ERR_INIT;

	w->started = clock_wall();
	w->started_mono = clock_mono();
	s->hub.retries = 0;
	if (check(w, s, &e) == -1) {
		w->retries += s->hub.retries;
		job_work_fail(w, &e);
		return;
	}
	w->retries += s->hub.retries;
	if (s->config.offline && w->sums.files_to_fetch > 0) {
		(void)say_offline(&e);
		job_work_fail(w, &e);
		return;
	}
	w->phase = w->sums.n_changes == 0 && w->ref_is_right ? WORK_UNCHANGED
							     : WORK_READY;
}

/* --- disk space ---------------------------------------------------------- */

static struct disk_share *share_of(struct disk_budget *budget, uint64_t device)
{
	size_t max = sizeof(budget->items) / sizeof(budget->items[0]);

	for (size_t i = 0; i < budget->n; i++)
		if (budget->items[i].device == device)
			return &budget->items[i];
	/* More file systems than that share the last slot: too careful, never
	 * too bold. */
	if (budget->n < max)
		budget->items[budget->n++].device = device;
	return &budget->items[budget->n - 1];
}

/* The device of a path or of its nearest parent that exists. */
static uint64_t device_of(const char *path)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;
	char *at = text_dup(path), *up;

	while (at != NULL) {
		if (fs_stat(at, &st, &ignored) == 0 && st.type != FS_ABSENT) {
			free(at);
			return st.device;
		}
		if (strcmp(at, "/") == 0 || strcmp(at, ".") == 0)
			break;
		up = fs_dirname(at);
		free(at);
		at = up;
	}
	free(at);
	return 0;
}

static int refuse_bytes(const struct job_work *w, const struct disk_share *disk,
    uint64_t free_bytes, uint64_t taken, struct err *e)
{
	char need[NUM_TEXT_MAX], have[NUM_TEXT_MAX], keep[NUM_TEXT_MAX];

	return err_set(e, ERR_DISK,
	    "%s more is needed under %s, where %s is free and %s is "
	    "kept (storage.keep_free%s); free some space or lower "
	    "keep_free",
	    num_format_size(w->sums.disk_needed_bytes, need),
	    destination_root(w->destination), num_format_size(free_bytes, have),
	    num_format_size(taken, keep),
	    disk->reserved_bytes > 0 ? " and the jobs before it" : "");
}

static int admit(struct job_work *w, struct session *s,
    struct disk_budget *budget, struct err *e)
{
	const char *root = destination_root(w->destination);
	struct disk_share *disk;
	struct fs_space space;
	uint64_t taken;

	if (fs_space(root, &space, e) == -1)
		return -1;
	disk = share_of(budget, device_of(root));
	if (disk->root == NULL) {
		disk->root = root;
		disk->free_bytes = space.free_bytes;
	}
	disk->keep_free_bytes = storage_keep_free(&s->config.storage,
	    space.total_bytes);
	disk->needed_bytes += w->sums.disk_needed_bytes;
	taken = disk->reserved_bytes + disk->keep_free_bytes;
	if (space.free_bytes < taken ||
	    space.free_bytes - taken < w->sums.disk_needed_bytes)
		return refuse_bytes(w, disk, space.free_bytes, taken, e);
	if (space.free_inodes < w->sums.n_changes * 2 + 16)
		return err_set(e, ERR_DISK,
		    "%s has too few inodes left for %zu files", root,
		    w->sums.n_changes);
	disk->reserved_bytes += w->sums.disk_needed_bytes;
	return 0;
}

void job_work_admit(struct job_work *w, struct session *s,
    struct disk_budget *budget)
{
	struct err e = ERR_INIT;

	if (w->sums.disk_needed_bytes > 0 && admit(w, s, budget, &e) == -1)
		job_work_fail(w, &e);
}

/* --- the order of a run -------------------------------------------------- */

int job_work_compare(const void *a, const void *b)
{
	const struct job_work *x = a, *y = b;

	if (x->job->priority != y->job->priority)
		return x->job->priority < y->job->priority ? -1 : 1;
	if (x->slot.s != y->slot.s)
		return x->slot.s < y->slot.s ? -1 : 1;
	if (x->sums.bytes_to_fetch != y->sums.bytes_to_fetch)
		return x->sums.bytes_to_fetch < y->sums.bytes_to_fetch ? -1 : 1;
	return strcmp(x->job->id, y->job->id);
}

/* --- adopting ------------------------------------------------------------ */

static int adopt_one(struct job_work *w, struct session *s, size_t i,
    struct err *e)
{
	const struct remote_file *f = w->wanted[i];
	char *path = destination_content_path(w->destination, w->commit, f);
	int rc;

	if (path == NULL)
		return err_set(e, ERR_INTEGRITY, "%s vanished", f->path);
	rc = verify_file(path, f->size, job_work_digest(f), remote_file_blob(f),
	    s->tick, s->tick_cookie, e);
	if (rc == -1 && e->kind == ERR_INTEGRITY)
		log_event(&s->log, LOG_WARN,
		    "content on disk is wrong; set "
		    "aside, fetched again",
		    "job", w->job->id, "file", path, "why", e->text, NULL);
	free(path);
	return rc;
}

/* What was taken for content is none: it is to be fetched after all. */
static void refetch(struct job_work *w, size_t i)
{
	uint64_t size = w->wanted[i]->size;

	w->decisions[i].action = FILE_FETCH;
	w->progress[i] = FILE_TODO;
	w->sums.files_to_fetch++;
	w->sums.bytes_to_fetch += size;
	w->sums.disk_needed_bytes += size;
	w->bytes_done -= size;
	w->files_done--;
}

void job_work_adopt(struct job_work *w, struct session *s)
{
	if (w->phase != WORK_READY)
		return;
	for (size_t i = 0; i < w->n; i++) {
		struct err e = ERR_INIT;

		if (w->decisions[i].action != FILE_ADOPT)
			continue;
		if (adopt_one(w, s, i, &e) == 0) {
			w->local[i].blob_verified = true;
			job_work_proved(w, s, i);
			continue;
		}
		if (e.kind == ERR_INTEGRITY) {
			e = (struct err)ERR_INIT;
			if (destination_set_aside(w->destination, w->commit,
				w->wanted[i], clock_wall(), &e) == 0) {
				refetch(w, i);
				continue;
			}
		}
		job_work_fail(w, &e);
		break;
	}
	job_work_flush_proven(w, s);
}
