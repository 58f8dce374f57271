/* fs_space.c - what a volume is and has left. */
#include "platform/fs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "base/text.h"
#include "platform/win32/handle.h"
#include "platform/win32/wide.h"

bool fs_is_full(int os_code)
{
	return os_code == ENOSPC;
}

/* By an open folder, and not by the volume's root: that wants the right to read
 * the device, and a volume may be mounted on a folder. */
static void fill_type(const wchar_t *path, struct fs_space *out)
{
	wchar_t root[MAX_PATH + 1] = L"", type[32] = L"";
	HANDLE h = handle_open(path, FILE_READ_ATTRIBUTES, OPEN_EXISTING,
	    FILE_FLAG_BACKUP_SEMANTICS);
	char *name = NULL;

	if (GetVolumePathNameW(path, root, MAX_PATH))
		out->network = GetDriveTypeW(root) == DRIVE_REMOTE;
	if (h != INVALID_HANDLE_VALUE) {
		if (GetVolumeInformationByHandleW(h, NULL, 0, NULL, NULL, NULL,
			type, sizeof(type) / sizeof(type[0])))
			name = wide_to_utf8(type);
		(void)CloseHandle(h);
	}
	(void)snprintf(out->type_name, sizeof(out->type_name), "%s",
	    name == NULL || name[0] == '\0' ? "unknown" : name);
	free(name);
}

/* 0, or -1 with SetLastError. */
static int fill_space(const char *path, struct fs_space *out)
{
	/* With a separator at its end: of a share it is wanted. */
	char *dir = text_format("%s/", path);
	wchar_t *wide = dir == NULL ? NULL : wide_path(dir);
	ULARGE_INTEGER mine, total;
	BOOL ok = wide != NULL &&
	    GetDiskFreeSpaceExW(wide, &mine, &total, NULL);

	free(dir);
	if (ok) {
		memset(out, 0, sizeof(*out));
		out->free_bytes = mine.QuadPart;
		out->total_bytes = total.QuadPart;
		out->free_inodes = UINT64_MAX;
		fill_type(wide, out);
	}
	free(wide);
	return ok ? 0 : -1;
}

/* The path or its nearest parent that is a directory; owned. */
static char *existing_dir(const char *path)
{
	char *at = text_dup(path[0] == '\0' ? "." : path), *parent;
	struct err ignored = ERR_INIT;
	struct fs_stat st;

	while (at != NULL &&
	    (fs_stat(at, &st, &ignored) == -1 || st.type != FS_DIR) &&
	    strcmp(at, ".") != 0 && strlen(at) > fs_root_length(at)) {
		parent = fs_dirname(at);
		free(at);
		at = parent;
	}
	return at;
}

int fs_space(const char *path, struct fs_space *out, struct err *e)
{
	char *at = existing_dir(path);
	int rc;

	if (at == NULL)
		return err_nomem(e);
	rc = fill_space(at, out);
	if (rc == -1)
		(void)wide_error_text(e, ERR_DISK, GetLastError(),
		    "cannot examine the file system of %s", path);
	free(at);
	return rc;
}
