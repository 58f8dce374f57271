/* fs_path.c - names, directories and links. */
#include "platform/fs.h"
#include "platform/fs_temp.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
/* After windows.h. */
#include <winioctl.h>

#include "base/text.h"
#include "base/vec.h"
#include "platform/win32/handle.h"
#include "platform/win32/wide.h"

enum {
	LIST_ENTRIES_MAX = 1 << 20, /* ten times the largest repository */
	REPARSE_BYTES_MAX = 16 * 1024,
	LINK_UNPRIVILEGED = 2 /* SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE */
};

/* Of winioctl.h in newer SDKs, and of ntifs.h in drivers'. */
struct reparse_link {
	DWORD tag;
	WORD data_bytes, reserved;
	WORD name_at, name_bytes; /* what it leads to, for the system */
	WORD text_at, text_bytes; /* and for people */
	WCHAR rest[1];		  /* of a symbolic link, flags come first */
};

/* FILE_RENAME_INFO with the flags of Windows 10, which mingw may lack. */
struct rename_info {
	DWORD flags;
	HANDLE root;
	DWORD name_bytes;
	WCHAR name[1];
};

#define REPARSE_TAG_LINUX_LINK 0xA000001DU /* IO_REPARSE_TAG_LX_SYMLINK */

enum { RENAME_REPLACE = 1, RENAME_POSIX = 2, RENAME_INFO_EX = 22 };

/* --- texts ---------------------------------------------------------------- */

static bool is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

size_t fs_root_length(const char *path)
{
	const char *share, *end;

	if (is_letter(path[0]) && path[1] == ':' && path[2] == '/')
		return 3;
	if (path[0] != '/' || path[1] != '/' || path[2] == '/' ||
	    path[2] == '\0')
		return 0;
	share = strchr(path + 2, '/');
	if (share == NULL)
		return 0;
	end = strchr(share + 1, '/');
	if (end != NULL)
		return (size_t)(end - path) + 1;
	return share[1] == '\0' ? 0 : strlen(path); /* the share itself */
}

bool fs_is_absolute(const char *path)
{
	return fs_root_length(path) > 0;
}

char fs_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool fs_names_are_windows(void)
{
	return true;
}

char *fs_from_native(const char *path)
{
	char *ours = text_dup(path), *p;

	for (p = ours; p != NULL && *p != '\0'; p++)
		if (*p == '\\')
			*p = '/';
	return ours;
}

char *fs_join(const char *dir, const char *name)
{
	const size_t root = fs_root_length(dir);

	if (fs_is_absolute(name) || dir[0] == '\0')
		return text_dup(name);
	/* "/x" is x at the root of the same drive. */
	if (name[0] == '/' && root > 0)
		return text_format("%.*s%s", (int)root - (dir[root - 1] == '/'),
		    dir, name);
	return text_format("%s%s%s", dir, text_ends(dir, "/") ? "" : "/", name);
}

char *fs_dirname(const char *path)
{
	const size_t root = fs_root_length(path);
	size_t n = strlen(path);

	while (n > root && n > 1 && path[n - 1] == '/')
		n--;
	while (n > root && path[n - 1] != '/')
		n--;
	while (n > root && n > 1 && path[n - 1] == '/')
		n--;
	return n == 0 ? text_dup(".") : text_ndup(path, n);
}

const char *fs_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* --- where a path leads --------------------------------------------------- */

/* The path that the system has for an open file or folder; owned. */
static char *final_path(HANDLE h)
{
	DWORD n = GetFinalPathNameByHandleW(h, NULL, 0, FILE_NAME_NORMALIZED);
	wchar_t *wide = n == 0 ? NULL : malloc(((size_t)n + 1) * sizeof(*wide));
	char *path = NULL;

	if (wide != NULL &&
	    GetFinalPathNameByHandleW(h, wide, n + 1, FILE_NAME_NORMALIZED) > 0)
		path = wide_to_path(wide);
	free(wide);
	return path;
}

/* Of what exists; NULL with SetLastError. */
static char *resolve(const char *path)
{
	wchar_t *wide = wide_path(path);
	HANDLE h = wide == NULL
	    ? INVALID_HANDLE_VALUE
	    : handle_open(wide, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
		  FILE_FLAG_BACKUP_SEMANTICS);
	char *found = NULL;

	free(wide);
	if (h == INVALID_HANDLE_VALUE)
		return NULL;
	found = final_path(h);
	(void)CloseHandle(h);
	/* Disks of some drivers have no name that the system would tell. */
	return found != NULL ? found : text_dup(path);
}

/* Absolute, without "." and ".."; the system reads no folder for it. */
static char *absolute(const char *path)
{
	wchar_t *wide = wide_path(path);
	char *whole = wide == NULL ? NULL : wide_to_path(wide);

	free(wide);
	return whole;
}

char *fs_realpath(const char *path, struct err *e)
{
	char *whole, *found = NULL, *joined;
	size_t n, root;

	if (path[0] == '\0')
		SetLastError(ERROR_PATH_NOT_FOUND);
	whole = path[0] == '\0' ? NULL : absolute(path);
	if (whole == NULL) {
		(void)wide_error(e, "resolve",
		    path[0] == '\0' ? "an empty path" : path);
		return NULL;
	}
	root = fs_root_length(whole);
	n = strlen(whole);
	for (;;) {
		char kept = whole[n];

		whole[n] = '\0';
		found = resolve(whole);
		whole[n] = kept;
		if (found != NULL || n <= root ||
		    wide_errno(GetLastError()) != ENOENT)
			break;
		while (n > root && whole[n - 1] == '/')
			n--;
		while (n > root && whole[n - 1] != '/')
			n--;
	}
	if (found == NULL && n <= root) {
		/* The drive is not there: the path is still what it is. */
		return whole;
	}
	if (found == NULL) {
		(void)wide_error(e, "resolve", path);
		free(whole);
		return NULL;
	}
	while (whole[n] == '/')
		n++;
	joined = whole[n] == '\0' ? text_dup(found) : fs_join(found, whole + n);
	free(found);
	free(whole);
	if (joined == NULL)
		(void)err_nomem(e);
	return joined;
}

/* --- directories ---------------------------------------------------------- */

static bool is_directory(const char *path)
{
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	return fs_stat(path, &st, &ignored) == 0 && st.type == FS_DIR;
}

/* One directory, its entry made durable; there already is fine. */
static int make_dir(const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path);
	bool made = wide != NULL && CreateDirectoryW(wide, NULL);
	const DWORD code = GetLastError();
	char *parent;
	int rc;

	free(wide);
	if (!made) {
		if (is_directory(path))
			return 0;
		SetLastError(code == ERROR_ALREADY_EXISTS ? ERROR_DIRECTORY
							  : code);
		return wide_error(e, "make the directory", path);
	}
	parent = fs_dirname(path);
	if (parent == NULL)
		return err_nomem(e);
	rc = fs_sync_dir(parent, e);
	free(parent);
	return rc;
}

int fs_mkdirs(const char *path, unsigned mode, struct err *e)
{
	char *work, *p;
	int rc = 0;

	(void)mode; /* the parent's ACL says who may */
	if (is_directory(path))
		return 0;
	work = fs_from_native(path);
	if (work == NULL)
		return err_nomem(e);
	for (p = work + fs_root_length(work); rc == 0 && *p != '\0'; p++) {
		if (*p != '/' || p == work || p[-1] == '/')
			continue;
		*p = '\0';
		rc = make_dir(work, e);
		*p = '/';
	}
	if (rc == 0)
		rc = make_dir(work, e);
	free(work);
	return rc;
}

/* One below the other; a link or a file in the way is named. */
static int make_beneath(const char *path, const char *name, const char *root,
    const char *rel, struct err *e)
{
	struct fs_stat st;

	if (fs_lstat(path, &st, e) == -1)
		return -1;
	if (st.type == FS_ABSENT)
		return make_dir(path, e);
	if (st.type == FS_DIR)
		return 0;
	return err_set(e, ERR_PERMANENT, "%s is in the way of %s/%s: \"%s\"",
	    st.type == FS_LINK ? "a symbolic link" : "a file", root, rel, name);
}

int fs_mkdirs_beneath(const char *root, const char *rel, unsigned mode,
    struct err *e)
{
	char *path = fs_join(root, rel), *name, *slash;
	int rc = 0;

	(void)mode;
	if (path == NULL)
		return err_nomem(e);
	if (!is_directory(root)) {
		SetLastError(ERROR_PATH_NOT_FOUND);
		rc = wide_error(e, "open the directory", root);
	}
	name = path + strlen(path) - strlen(rel);
	while (rc == 0 && (slash = strchr(name, '/')) != NULL) {
		*slash = '\0';
		if (name[0] == '\0' || strcmp(name, ".") == 0 ||
		    strcmp(name, "..") == 0 || strpbrk(name, ":\\") != NULL)
			rc = err_set(e, ERR_PERMANENT,
			    "%s is no plain relative path", rel);
		else
			rc = make_beneath(path, name, root, rel, e);
		*slash = '/';
		name = slash + 1;
	}
	free(path);
	return rc;
}

/* --- names ---------------------------------------------------------------- */

/*
 * As on Unix: the new file is there even for those who have the old one open.
 * Windows 10 1709 and later, on NTFS; elsewhere 0 with ERROR_INVALID_PARAMETER
 * or the like.
 */
static BOOL rename_like_posix(const wchar_t *from, const wchar_t *to)
{
	const size_t n = wcslen(to) * sizeof(*to);
	struct rename_info *info = calloc(1, sizeof(*info) + n);
	HANDLE h = handle_open(from, DELETE | SYNCHRONIZE, OPEN_EXISTING,
	    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
	BOOL done = FALSE;
	DWORD code;

	if (info != NULL && h != INVALID_HANDLE_VALUE) {
		info->flags = RENAME_REPLACE | RENAME_POSIX;
		info->name_bytes = (DWORD)n;
		memcpy(info->name, to, n);
		done = SetFileInformationByHandle(h,
		    (FILE_INFO_BY_HANDLE_CLASS)RENAME_INFO_EX, info,
		    (DWORD)(sizeof(*info) + n));
	}
	code = GetLastError();
	if (h != INVALID_HANDLE_VALUE)
		(void)CloseHandle(h);
	free(info);
	SetLastError(code);
	return done;
}

/* A file that is marked as read-only would not be replaced or removed, as it is
 * where only its folder counts. */
static void make_writable(const wchar_t *path, DWORD attributes)
{
	if (attributes != INVALID_FILE_ATTRIBUTES &&
	    (attributes & FILE_ATTRIBUTE_READONLY) != 0 &&
	    (attributes & FILE_ATTRIBUTE_DIRECTORY) == 0)
		(void)SetFileAttributesW(path,
		    attributes & ~(DWORD)FILE_ATTRIBUTE_READONLY);
}

/* A reader may keep the target for a moment; where it is a folder, waiting is
 * of no use. */
static int rename_wide(const wchar_t *from, const wchar_t *to)
{
	const DWORD target = GetFileAttributesW(to);
	int tries = 0;

	if (target != INVALID_FILE_ATTRIBUTES &&
	    (target & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
	    (target & FILE_ATTRIBUTE_REPARSE_POINT) == 0) {
		SetLastError(ERROR_DIRECTORY);
		return -1;
	}
	make_writable(to, target);
	for (;;) {
		if (rename_like_posix(from, to) ||
		    MoveFileExW(from, to,
			MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
			return 0;
		if (!handle_wait_if_busy(tries++))
			return -1;
	}
}

int fs_rename(const char *from, const char *to, struct err *e)
{
	wchar_t *wide_old = wide_path(from);
	wchar_t *wide_new = wide_old == NULL ? NULL : wide_path(to);
	char *both;
	int rc = -1;

	if (wide_new != NULL)
		rc = rename_wide(wide_old, wide_new);
	if (rc == -1) {
		const DWORD code = GetLastError();

		both = text_format("%s to %s", from, to);
		SetLastError(code);
		(void)wide_error(e, "rename", both == NULL ? to : both);
		if (code == ERROR_DIRECTORY)
			e->os_code = EISDIR;
		free(both);
	}
	free(wide_old);
	free(wide_new);
	return rc;
}

static bool is_plain_folder(DWORD attributes)
{
	return attributes != INVALID_FILE_ATTRIBUTES &&
	    (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
	    (attributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0;
}

static BOOL remove_file(const wchar_t *path)
{
	const DWORD attributes = GetFileAttributesW(path);

	if (attributes == INVALID_FILE_ATTRIBUTES)
		return FALSE;
	make_writable(path, attributes);
	/* A link to a folder is removed as one. */
	if ((attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 &&
	    (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
		return RemoveDirectoryW(path);
	return DeleteFileW(path);
}

int fs_unlink(const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path);
	int rc = -1, tries = 0;
	DWORD code;

	while (wide != NULL && rc == -1) {
		if (remove_file(wide) || wide_errno(GetLastError()) == ENOENT) {
			rc = 0;
			break;
		}
		code = GetLastError();
		if (is_plain_folder(GetFileAttributesW(wide))) {
			SetLastError(code);
			break;
		}
		SetLastError(code);
		if (!handle_wait_if_busy(tries++))
			break;
	}
	if (rc == -1)
		(void)wide_error(e, "remove", path);
	free(wide);
	return rc;
}

int fs_rmdir(const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path);
	const DWORD attributes = wide == NULL ? INVALID_FILE_ATTRIBUTES
					      : GetFileAttributesW(wide);
	int rc = 0, code;

	/* A link to a folder that is not empty, it would remove as well. */
	if (attributes != INVALID_FILE_ATTRIBUTES &&
	    !is_plain_folder(attributes)) {
		SetLastError(ERROR_DIRECTORY);
		rc = wide_error(e, "remove the directory", path);
	} else if (wide == NULL || !RemoveDirectoryW(wide)) {
		code = wide_errno(GetLastError());
		if (code != ENOENT && code != ENOTEMPTY)
			rc = wide_error(e, "remove the directory", path);
	}
	free(wide);
	return rc;
}

/* --- links ---------------------------------------------------------------- */

/* Wine says that it made a link and made none: look. */
static BOOL make_link(const wchar_t *target, const wchar_t *path)
{
	DWORD attributes;

	if (!CreateSymbolicLinkW(path, target, LINK_UNPRIVILEGED) &&
	    (GetLastError() != ERROR_INVALID_PARAMETER || /* before 1703 */
		!CreateSymbolicLinkW(path, target, 0)))
		return FALSE;
	attributes = GetFileAttributesW(path);
	if (attributes != INVALID_FILE_ATTRIBUTES &&
	    (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
		return TRUE;
	if (attributes != INVALID_FILE_ATTRIBUTES)
		(void)DeleteFileW(path);
	SetLastError(ERROR_NOT_SUPPORTED);
	return FALSE;
}

static int link_over(const wchar_t *target, const char *path, struct err *e)
{
	char *temp = fs_temp_path(path, NULL, e);
	wchar_t *wide = temp == NULL ? NULL : wide_path(temp);
	int rc = -1;

	if (temp == NULL)
		return -1;
	if (wide == NULL || !make_link(target, wide))
		(void)wide_error(e, "make the link", temp);
	else
		rc = fs_rename(temp, path, e);
	if (rc == -1 && wide != NULL)
		(void)DeleteFileW(wide);
	free(wide);
	free(temp);
	return rc;
}

int fs_symlink_replace(const char *target, const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path), *to = wide_from_utf8(target), *p;
	int rc = -1;

	if (wide == NULL || to == NULL) {
		if (wide != NULL)
			SetLastError(ERROR_INVALID_NAME);
		(void)wide_error(e, "make the link", path);
		goto out;
	}
	for (p = to; *p != L'\0'; p++)
		if (*p == L'/')
			*p = L'\\';
	if (make_link(to, wide))
		rc = 0;
	else if (GetLastError() == ERROR_ALREADY_EXISTS ||
	    GetLastError() == ERROR_FILE_EXISTS)
		rc = link_over(to, path, e);
	else
		(void)wide_error(e, "make the link", path);
out:
	free(wide);
	free(to);
	return rc;
}

int fs_link(const char *from, const char *to, struct err *e)
{
	wchar_t *wide_old = wide_path(from);
	wchar_t *wide_new = wide_old == NULL ? NULL : wide_path(to);
	int rc = -1;

	if (wide_new != NULL && CreateHardLinkW(wide_new, wide_old, NULL))
		rc = 0;
	else
		(void)wide_error(e, "make the hard link", to);
	free(wide_old);
	free(wide_new);
	return rc;
}

/* A link that was made in Linux on Windows: a version, and UTF-8. */
static char *linux_link_text(const struct reparse_link *link)
{
	const char *data = (const char *)&link->name_at;
	const size_t version_bytes = 4;

	if (link->data_bytes <= version_bytes) {
		SetLastError(ERROR_INVALID_REPARSE_DATA);
		return NULL;
	}
	return text_ndup(data + version_bytes,
	    link->data_bytes - version_bytes);
}

/* The text of a link's reparse data, of which there are n bytes; owned, NULL
 * with SetLastError. */
static char *link_text(const struct reparse_link *link, size_t n)
{
	const WCHAR *names = link->rest;
	WORD at = link->text_at, bytes = link->text_bytes;
	wchar_t *wide;
	char *text;

	if (n < offsetof(struct reparse_link, name_at) ||
	    link->data_bytes > n - offsetof(struct reparse_link, name_at)) {
		SetLastError(ERROR_INVALID_REPARSE_DATA);
		return NULL;
	}
	if (link->tag == REPARSE_TAG_LINUX_LINK)
		return linux_link_text(link);
	if (link->tag == IO_REPARSE_TAG_SYMLINK)
		names += 2; /* its flags */
	if (bytes == 0) {
		at = link->name_at;
		bytes = link->name_bytes;
	}
	/* Another computer's word, where the folder is shared by one. */
	if ((size_t)((const char *)names - (const char *)link) + at + bytes >
	    n) {
		SetLastError(ERROR_INVALID_REPARSE_DATA);
		return NULL;
	}
	wide = calloc((size_t)bytes / sizeof(*wide) + 1, sizeof(*wide));
	if (wide == NULL) {
		SetLastError(ERROR_NOT_ENOUGH_MEMORY);
		return NULL;
	}
	memcpy(wide, (const char *)names + at, bytes);
	/* As the system has it, and we the prefix. */
	if (wcsncmp(wide, L"\\??\\", 4) == 0)
		wide[1] = L'\\';
	text = wide_to_path(wide);
	free(wide);
	return text;
}

char *fs_readlink(const char *path, struct err *e)
{
	wchar_t *wide = wide_path(path);
	struct reparse_link *link = malloc(REPARSE_BYTES_MAX);
	HANDLE h = INVALID_HANDLE_VALUE;
	char *text = NULL;
	DWORD n;

	if (wide != NULL && link != NULL)
		h = handle_open(wide, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
		    FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT);
	if (h != INVALID_HANDLE_VALUE) {
		if (DeviceIoControl(h, FSCTL_GET_REPARSE_POINT, NULL, 0, link,
			REPARSE_BYTES_MAX, &n, NULL)) {
			if (link->tag == IO_REPARSE_TAG_SYMLINK ||
			    link->tag == IO_REPARSE_TAG_MOUNT_POINT ||
			    link->tag == REPARSE_TAG_LINUX_LINK)
				text = link_text(link, n);
			else
				SetLastError(ERROR_NOT_A_REPARSE_POINT);
		} else if (wide_errno(GetLastError()) == EOPNOTSUPP) {
			/* A file system without links */
			SetLastError(ERROR_NOT_A_REPARSE_POINT);
		}
	}
	if (text == NULL)
		(void)wide_error(e, "read the link", path);
	if (h != INVALID_HANDLE_VALUE)
		(void)CloseHandle(h);
	free(link);
	free(wide);
	return text;
}

/* --- listing -------------------------------------------------------------- */

struct entry {
	char *name; /* own */
	enum fs_type type;
};

struct listing {
	struct entry *entries; /* own */
	size_t n, cap;
};

static enum fs_type entry_type(const WIN32_FIND_DATAW *found)
{
	if ((found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
	    IsReparseTagNameSurrogate(found->dwReserved0))
		return FS_LINK;
	return (found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0
	    ? FS_DIR
	    : FS_FILE;
}

static int add_entry(struct listing *list, const WIN32_FIND_DATAW *found,
    const char *path, struct err *e)
{
	struct entry *entry;

	if (wcscmp(found->cFileName, L".") == 0 ||
	    wcscmp(found->cFileName, L"..") == 0)
		return 0;
	if (list->n == LIST_ENTRIES_MAX)
		return err_set(e, ERR_DISK,
		    "the directory %s has more than %d entries", path,
		    LIST_ENTRIES_MAX);
	if (vec_grow((void **)&list->entries, &list->cap, list->n + 1,
		sizeof(*list->entries), LIST_ENTRIES_MAX) == -1)
		return err_nomem(e);
	entry = &list->entries[list->n];
	entry->name = wide_to_utf8(found->cFileName);
	if (entry->name == NULL)
		return err_nomem(e);
	entry->type = entry_type(found);
	list->n++;
	return 0;
}

static int read_entries(const char *path, struct listing *list, struct err *e)
{
	char *all = text_format("%s/*", path);
	wchar_t *wide = all == NULL ? NULL : wide_path(all);
	WIN32_FIND_DATAW found;
	HANDLE search;
	int rc = 0;

	free(all);
	if (wide == NULL)
		return wide_error(e, "list the directory", path);
	search = FindFirstFileExW(wide, FindExInfoBasic, &found,
	    FindExSearchNameMatch, NULL, FIND_FIRST_EX_LARGE_FETCH);
	free(wide);
	if (search == INVALID_HANDLE_VALUE)
		return wide_errno(GetLastError()) == ENOENT
		    ? 0
		    : wide_error(e, "list the directory", path);
	do
		rc = add_entry(list, &found, path, e);
	while (rc == 0 && FindNextFileW(search, &found));
	if (rc == 0 && GetLastError() != ERROR_NO_MORE_FILES)
		rc = wide_error(e, "list the directory", path);
	(void)FindClose(search);
	return rc;
}

static int by_name(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int fs_list_dir(const char *path,
    int (*visit)(void *cookie, const char *name, enum fs_type type,
	struct err *e),
    void *cookie, struct err *e)
{
	struct listing list = { NULL, 0, 0 };
	size_t i;
	int rc = read_entries(path, &list, e);

	if (list.n > 1)
		qsort(list.entries, list.n, sizeof(*list.entries), by_name);
	for (i = 0; rc == 0 && i < list.n; i++)
		rc = visit(cookie, list.entries[i].name, list.entries[i].type,
		    e);
	for (i = 0; i < list.n; i++)
		free(list.entries[i].name);
	free(list.entries);
	return rc;
}
