/* backup_set.c - the numbered backups: reading, proving, listing. */
#include "commands/backup_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/num.h"
#include "base/text.h"
#include "base/vec.h"
#include "commands/report.h"
#include "formats/json_tree.h"
#include "platform/digest.h"
#include "platform/fs.h"

enum {
	MANIFEST_BYTES_MAX = 1024 * 1024,
	FILES_MAX = CONFIG_LISTS_MAX + 2,
	READ_BYTES = 256 * 1024
};

static const char *const role_names[] = { "configuration", "list", "store" };

enum { N_ROLES = sizeof(role_names) / sizeof(role_names[0]) };

const char *backup_role_name(enum backup_role role)
{
	return role_names[role];
}

void backup_release(struct backup *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->files[i].path);
	free(b->files);
	free(b->dir);
	free(b->state_dir);
	memset(b, 0, sizeof(*b));
}

uint64_t backup_bytes(const struct backup *b)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < b->n; i++)
		sum += b->files[i].size;
	return sum;
}

const struct backup_file *backup_find(const struct backup *b,
    enum backup_role role)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->files[i].role == role)
			return &b->files[i];
	return NULL;
}

/* --- the manifest -------------------------------------------------------- */

static const char *text_of(const struct tree_node *map, const char *key)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_STRING ? node->text : NULL;
}

static bool number_of(const struct tree_node *map, const char *key,
    uint64_t *value)
{
	const struct tree_node *node = tree_get(map, key);

	return node != NULL && node->type == TREE_NUMBER &&
	    num_parse_u64(node->text, strlen(node->text), INT64_MAX, value) ==
	    0;
}

static bool copy_word(const struct tree_node *map, const char *key, char *to,
    size_t size)
{
	const char *text = text_of(map, key);

	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(to, text, strlen(text) + 1);
	return true;
}

/* A name of ours, and no path. */
static bool read_file_entry(const struct tree_node *node, struct backup_file *f)
{
	const char *role = text_of(node, "role"), *path = text_of(node, "path");
	unsigned i = 0;

	while (i < N_ROLES &&
	    (role == NULL || strcmp(role, role_names[i]) != 0))
		i++;
	if (i == N_ROLES || path == NULL || !fs_is_absolute(path) ||
	    !copy_word(node, "name", f->name, sizeof(f->name)) ||
	    strchr(f->name, '/') != NULL || f->name[0] == '.' ||
	    !copy_word(node, "sha256", f->sha256, sizeof(f->sha256)) ||
	    !hex_is_lower(f->sha256, 64) || !number_of(node, "size", &f->size))
		return false;
	f->role = (enum backup_role)i;
	f->path = text_dup(path);
	return f->path != NULL;
}

static bool read_manifest(const struct tree_node *root, struct backup *b)
{
	const struct tree_node *files = tree_get(root, "files");
	const char *made = text_of(root, "made_at");
	const char *state_dir = text_of(root, "state_dir");
	uint64_t schema;
	bool has_offset;

	if (!number_of(root, "hfcron_backup", &schema) || schema != 1 ||
	    made == NULL ||
	    instant_parse(made, &b->made_at, &has_offset) != 0 ||
	    state_dir == NULL || !fs_is_absolute(state_dir) ||
	    !copy_word(root, "reason", b->reason, sizeof(b->reason)) ||
	    files == NULL || files->type != TREE_LIST || files->n == 0 ||
	    files->n > FILES_MAX)
		return false;
	b->state_dir = text_dup(state_dir);
	b->files = calloc(files->n, sizeof(*b->files));
	if (b->state_dir == NULL || b->files == NULL)
		return false;
	for (size_t i = 0; i < files->n; i++) {
		b->n++;
		if (!read_file_entry(&files->children[i], &b->files[i]))
			return false;
	}
	return true;
}

int backup_read(const char *dir, struct backup *b, struct err *e)
{
	static const struct json_limits limits = { MANIFEST_BYTES_MAX, 8,
		ERR_STATE, true };
	struct tree *tree = NULL;
	struct err why = ERR_INIT;
	char *path = fs_join(dir, "manifest.json"), *text = NULL;
	bool ok = false;
	size_t n;

	memset(b, 0, sizeof(*b));
	b->dir = text_dup(dir);
	if (path != NULL && b->dir != NULL &&
	    fs_read_file(path, MANIFEST_BYTES_MAX, &text, &n, &why) == 0 &&
	    (tree = json_tree_parse(text, n, &limits, &why)) != NULL)
		ok = tree_root(tree)->type == TREE_MAP &&
		    read_manifest(tree_root(tree), b);
	tree_free(tree);
	free(text);
	free(path);
	if (ok)
		return 0;
	backup_release(b);
	return err_set(e, ERR_USAGE, "%s is no backup of hfcron%s%s", dir,
	    why.text[0] ? ": " : "", why.text);
}

/* --- proof --------------------------------------------------------------- */

int backup_hash_file(const char *path, char sha256[65], uint64_t *size,
    struct err *e)
{
	struct digest *d = digest_new(DIGEST_SHA256, 0, e);
	char *buf = malloc(READ_BYTES);
	int fd = -1, rc = -1;
	size_t got = 0;

	*size = 0;
	if (d == NULL || buf == NULL) {
		err_nomem(e);
		goto out;
	}
	if (fs_open_read(path, &fd, e) == -1)
		goto out;
	do {
		if (fs_pread(fd, buf, READ_BYTES, *size, &got, path, e) == -1)
			goto out;
		digest_update(d, buf, got);
		*size += got;
	} while (got == READ_BYTES);
	digest_final(d, sha256);
	rc = 0;
out:
	fs_close(&fd);
	free(buf);
	digest_free(d);
	return rc;
}

static int verify_one(const struct backup *b, const struct backup_file *f,
    struct err *e)
{
	char *path = fs_join(b->dir, f->name), sha256[65];
	uint64_t size;
	int rc;

	if (path == NULL)
		return err_nomem(e);
	rc = backup_hash_file(path, sha256, &size, e);
	if (rc == -1)
		e->kind = ERR_STATE;
	else if (size != f->size || strcmp(sha256, f->sha256) != 0)
		rc = err_set(e, ERR_STATE,
		    "the backup's %s is not what was backed up; it was changed "
		    "or is damaged",
		    path);
	free(path);
	return rc;
}

int backup_verify(const struct backup *b, struct err *e)
{
	for (size_t i = 0; i < b->n; i++)
		if (verify_one(b, &b->files[i], e) == -1)
			return -1;
	return 0;
}

/* --- the set ------------------------------------------------------------- */

struct listing {
	const char *dir;
	struct backup *items; /* own */
	size_t n, cap;
	uint64_t highest;
};

static int add_one(void *cookie, const char *name, enum fs_type type,
    struct err *e)
{
	struct listing *l = cookie;
	struct err no_backup = ERR_INIT;
	uint64_t number;
	char *dir;
	int rc;

	if (num_parse_u64(name, strlen(name), UINT32_MAX, &number) == -1)
		return 0;
	if (number > l->highest)
		l->highest = number;
	if (type != FS_DIR || number == 0)
		return 0;
	if (vec_grow((void **)&l->items, &l->cap, l->n + 1, sizeof(*l->items),
		SIZE_MAX / sizeof(*l->items)) == -1)
		return err_nomem(e);
	dir = fs_join(l->dir, name);
	if (dir == NULL)
		return err_nomem(e);
	rc = backup_read(dir, &l->items[l->n], &no_backup);
	free(dir);
	if (rc == 0)
		l->items[l->n++].number = number;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct backup *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

int backups_all(const struct session *s, struct backup **all, size_t *n,
    uint64_t *highest, struct err *e)
{
	struct listing l = { NULL, NULL, 0, 0, 0 };
	char *dir = session_state_path(s, "backups");
	int rc;

	*all = NULL;
	*n = 0;
	*highest = 0;
	if (dir == NULL)
		return err_nomem(e);
	l.dir = dir;
	rc = fs_list_dir(dir, add_one, &l, e);
	free(dir);
	if (rc == -1) {
		backups_free(l.items, l.n);
		return -1;
	}
	if (l.n > 1)
		qsort(l.items, l.n, sizeof(*l.items), compare_numbers);
	*all = l.items;
	*n = l.n;
	*highest = l.highest;
	return 0;
}

void backups_free(struct backup *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		backup_release(&all[i]);
	free(all);
}

void backup_json(struct json_writer *w, const struct backup *b)
{
	json_write_begin_object(w);
	json_write_key(w, "number");
	if (b->number > 0)
		json_write_u64(w, b->number);
	else
		json_write_null(w);
	json_write_key(w, "folder");
	json_write_string(w, b->dir);
	report_time_json(w, "made_at", b->made_at);
	json_write_key(w, "reason");
	json_write_string(w, b->reason);
	json_write_key(w, "size");
	json_write_u64(w, backup_bytes(b));
	json_write_key(w, "files");
	json_write_begin_array(w);
	for (size_t i = 0; i < b->n; i++) {
		json_write_begin_object(w);
		json_write_key(w, "role");
		json_write_string(w, backup_role_name(b->files[i].role));
		json_write_key(w, "name");
		json_write_string(w, b->files[i].name);
		json_write_key(w, "path");
		json_write_string(w, b->files[i].path);
		json_write_key(w, "size");
		json_write_u64(w, b->files[i].size);
		json_write_key(w, "sha256");
		json_write_string(w, b->files[i].sha256);
		json_write_end_object(w);
	}
	json_write_end_array(w);
	json_write_end_object(w);
}
