/* fs_space.c - what a file system is and has left. */
#include "platform/fs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/types.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

#include "base/text.h"
#include "platform/posix/fs_error.h"

#ifdef __linux__
/*
 * f_type numbers; most stand in no header.  `network` is what LMDB and
 * flock(2) cannot rely on: remote, shared by several hosts, or in user space.
 */
static const struct {
	uint32_t magic;
	bool network;
	const char *name;
} fs_types[] = {
	{ 0x0000EF53, false, "ext4" },
	{ 0x58465342, false, "xfs" },
	{ 0x9123683E, false, "btrfs" },
	{ 0x2FC12FC1, false, "zfs" },
	{ 0x01021994, false, "tmpfs" },
	{ 0x794C7630, false, "overlay" },
	{ 0x61756673, false, "aufs" },
	{ 0xF2F52010, false, "f2fs" },
	{ 0xCA451A4E, false, "bcachefs" },
	{ 0x3153464A, false, "jfs" },
	{ 0x52654973, false, "reiserfs" },
	{ 0x858458F6, false, "ramfs" },
	{ 0x00004D44, false, "vfat" },
	{ 0x2011BAB0, false, "exfat" },
	{ 0x7366746E, false, "ntfs3" },
	{ 0x5346544E, false, "ntfs" },
	{ 0x0000482B, false, "hfsplus" },
	{ 0x0000F15F, false, "ecryptfs" },
	{ 0x73717368, false, "squashfs" },
	{ 0x00009660, false, "iso9660" },
	{ 0x00006969, true, "nfs" },
	{ 0x0000517B, true, "smb" },
	{ 0xFF534D42, true, "cifs" },
	{ 0xFE534D42, true, "smb2" },
	{ 0x0BD00BD0, true, "lustre" },
	{ 0x47504653, true, "gpfs" },
	{ 0x01021997, true, "9p" },
	{ 0x65735546, true, "fuse" },
	{ 0x00C36400, true, "ceph" },
	{ 0x5346414F, true, "afs" },
	{ 0x6B414653, true, "kafs" },
	{ 0x73757245, true, "coda" },
	{ 0x0000564C, true, "ncp" },
	{ 0xAAD7AAEA, true, "panfs" },
	{ 0x19830326, true, "beegfs" },
	{ 0x20030528, true, "orangefs" },
	{ 0x18031977, true, "wekafs" },
	{ 0x7461636F, true, "ocfs2" },
	{ 0x01161970, true, "gfs2" },
	{ 0x61636673, true, "acfs" },
	{ 0x786F4256, true, "vboxsf" },
	{ 0xBACBACBC, true, "vmhgfs" },
	{ 0x7C7C6673, true, "prl_fs" },
};

static int fill_type(const char *path, struct fs_space *out)
{
	struct statfs s;
	uint32_t magic;
	size_t i;

	if (statfs(path, &s) == -1)
		return -1;
	magic = (uint32_t)s.f_type; /* sign-extended on some machines */
	(void)snprintf(out->type_name, sizeof(out->type_name),
	    "type 0x%" PRIx32, magic);
	for (i = 0; i < sizeof(fs_types) / sizeof(fs_types[0]); i++)
		if (fs_types[i].magic == magic) {
			out->network = fs_types[i].network;
			(void)snprintf(out->type_name, sizeof(out->type_name),
			    "%s", fs_types[i].name);
		}
	return 0;
}
#else
static int fill_type(const char *path, struct fs_space *out)
{
	(void)path;
	(void)snprintf(out->type_name, sizeof(out->type_name), "unknown");
	return 0;
}
#endif

/* a * b, at most UINT64_MAX: some file systems report nonsense. */
static uint64_t times(uint64_t a, uint64_t b)
{
	return b != 0 && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

static int fill_space(const char *path, struct fs_space *out)
{
	struct statvfs s;
	int rc;

	do {
		rc = statvfs(path, &s);
	} while (rc == -1 && errno == EINTR);
	if (rc == -1)
		return -1;
	memset(out, 0, sizeof(*out));
	out->free_bytes = times(s.f_bavail, s.f_frsize);
	out->total_bytes = times(s.f_blocks, s.f_frsize);
	/* btrfs and others count no inodes and say 0 of 0. */
	out->free_inodes = s.f_files == 0 ? UINT64_MAX : s.f_favail;
	return fill_type(path, out);
}

bool fs_is_full(int os_code)
{
	return os_code == ENOSPC || os_code == EDQUOT;
}

int fs_space(const char *path, struct fs_space *out, struct err *e)
{
	char *at = text_dup(path[0] == '\0' ? "." : path), *parent;
	int rc;

	while (at != NULL) {
		rc = fill_space(at, out);
		if (rc == 0 || (errno != ENOENT && errno != ENOTDIR) ||
		    strcmp(at, ".") == 0 || strcmp(at, "/") == 0)
			break;
		parent = fs_dirname(at);
		free(at);
		at = parent;
	}
	if (at == NULL)
		return err_nomem(e);
	/* Not fs_error, which asks us about full disks. */
	if (rc == -1)
		(void)err_errno(e, ERR_DISK,
		    "cannot examine the file system of %s", path);
	free(at);
	return rc;
}
