/* handle.c - descriptors and the handles behind them. */
#include "platform/win32/handle.h"

#include <io.h>
#include <string.h>

enum {
	BUSY_TRIES = 20,
	BUSY_FIRST_MS = 5,
	BUSY_MOST_MS = 150,
	/* Owners and rights are in the ACL, which comes from the folder; the
	 * profile's folders let nobody else in.  What st_mode has to say about
	 * others is therefore: nothing. */
	MODE_FILE = 0600,
	MODE_READ_ONLY = 0400,
	MODE_DIR = 0700
};

/* Seconds from 1601, where Windows' time begins, to 1970. */
#define EPOCH_S INT64_C(11644473600)
#define TICKS_PER_S 10000000

/* FILE_ID_INFO of Windows 8. */
struct file_id {
	uint64_t volume, low, high;
};

enum { FILE_ID_CLASS = 18 };

HANDLE handle_of(int fd)
{
	const intptr_t h = fd < 0 ? -1 : _get_osfhandle(fd);

	return h == -2 ? INVALID_HANDLE_VALUE : (HANDLE)h;
}

HANDLE handle_open(const wchar_t *path, DWORD access, DWORD disposition,
    DWORD flags)
{
	return CreateFileW(path, access,
	    FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
	    disposition, FILE_ATTRIBUTE_NORMAL | flags, NULL);
}

static uint64_t joined(DWORD high, DWORD low)
{
	return (uint64_t)high << 32 | low;
}

static enum fs_type type_of(HANDLE h, DWORD attributes)
{
	FILE_ATTRIBUTE_TAG_INFO tag;

	/* What stands for another name, be it a link of Linux; placeholders of
	 * cloud folders and the like are files as any. */
	if ((attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 &&
	    GetFileInformationByHandleEx(h, FileAttributeTagInfo, &tag,
		sizeof(tag)) &&
	    IsReparseTagNameSurrogate(tag.ReparseTag))
		return FS_LINK;
	return (attributes & FILE_ATTRIBUTE_DIRECTORY) != 0 ? FS_DIR : FS_FILE;
}

/* Of compressed and sparse files the usual call may tell the length. */
static uint64_t allocated_bytes(HANDLE h, DWORD attributes, uint64_t size)
{
	FILE_COMPRESSION_INFO packed;
	FILE_STANDARD_INFO standard;

	if ((attributes &
		(FILE_ATTRIBUTE_COMPRESSED | FILE_ATTRIBUTE_SPARSE_FILE)) !=
		0 &&
	    GetFileInformationByHandleEx(h, FileCompressionInfo, &packed,
		sizeof(packed)))
		return (uint64_t)packed.CompressedFileSize.QuadPart;
	if (GetFileInformationByHandleEx(h, FileStandardInfo, &standard,
		sizeof(standard)))
		return (uint64_t)standard.AllocationSize.QuadPart;
	return size;
}

/* ReFS numbers files with 128 bits, and cuts off what does not fit elsewhere; on
 * other file systems the upper half is 0. */
static uint64_t file_number(HANDLE h, const BY_HANDLE_FILE_INFORMATION *info)
{
	struct file_id id;

	if (GetFileInformationByHandleEx(h,
		(FILE_INFO_BY_HANDLE_CLASS)FILE_ID_CLASS, &id, sizeof(id)))
		return id.low + id.high * UINT64_C(0x9e3779b97f4a7c15);
	return joined(info->nFileIndexHigh, info->nFileIndexLow);
}

int handle_stat(HANDLE h, struct fs_stat *st)
{
	BY_HANDLE_FILE_INFORMATION info;
	int64_t ticks;

	memset(st, 0, sizeof(*st));
	SetLastError(NO_ERROR);
	if (GetFileType(h) != FILE_TYPE_DISK) {
		st->type = FS_OTHER;
		return GetLastError() == NO_ERROR ? 0 : -1;
	}
	if (!GetFileInformationByHandle(h, &info))
		return -1;
	st->type = type_of(h, info.dwFileAttributes);
	st->size = joined(info.nFileSizeHigh, info.nFileSizeLow);
	st->allocated_bytes = allocated_bytes(h, info.dwFileAttributes,
	    st->size);
	st->device = info.dwVolumeSerialNumber;
	st->inode = file_number(h, &info);
	st->links = info.nNumberOfLinks;
	ticks = (int64_t)joined(info.ftLastWriteTime.dwHighDateTime,
	    info.ftLastWriteTime.dwLowDateTime);
	st->mtime_s = ticks / TICKS_PER_S - EPOCH_S;
	st->mtime_ns = (int32_t)(ticks % TICKS_PER_S) * 100;
	st->mode = st->type == FS_DIR ? MODE_DIR
	    : (info.dwFileAttributes & FILE_ATTRIBUTE_READONLY) != 0
	    ? MODE_READ_ONLY
	    : MODE_FILE;
	return 0;
}

bool handle_wait_if_busy(int tries)
{
	const DWORD code = GetLastError();
	DWORD ms = BUSY_FIRST_MS << (tries < 5 ? tries : 5);

	if (tries >= BUSY_TRIES ||
	    (code != ERROR_SHARING_VIOLATION && code != ERROR_ACCESS_DENIED &&
		code != ERROR_LOCK_VIOLATION && code != ERROR_USER_MAPPED_FILE))
		return false;
	Sleep(ms < BUSY_MOST_MS ? ms : BUSY_MOST_MS);
	return true;
}
