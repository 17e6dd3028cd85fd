/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fresh.h"

#include <linux/magic.h>
#include <stddef.h>

#define NS_PER_S INT64_C(1000000000)

/* Not in <linux/magic.h>, at least not in that of every supported system. */
#define FS_BCACHEFS 0xca451a4eu
#define FS_CIFS 0xff534d42u
#define FS_CRAMFS_SWAPPED 0x453dcd28u
#define FS_EROFS 0xe0f5e1e2u
#define FS_F2FS 0xf2f52010u
#define FS_GPFS 0x47504653u
#define FS_LUSTRE 0x0bd00bd0u
#define FS_ROMFS 0x7275u
#define FS_SMB2 0xfe534d42u
#define FS_XFS 0x58465342u
#define FS_ZFS 0x2fc12fc1u

static const struct {
	uint32_t magic;
	struct fresh_fs fs; /* mounted for reading and writing */
} known[] = {
	{ EXT4_SUPER_MAGIC, { false, FRESH_NO_DOUBT } }, /* ext2 and ext3 too */
	{ FS_XFS, { false, FRESH_NO_DOUBT } },
	{ BTRFS_SUPER_MAGIC, { false, FRESH_NO_DOUBT } },
	{ TMPFS_MAGIC, { false, FRESH_NO_DOUBT } },
	{ FS_F2FS, { false, FRESH_NO_DOUBT } },
	{ NFS_SUPER_MAGIC, { true, FRESH_NO_DOUBT } },
	{ FS_LUSTRE, { true, FRESH_NO_DOUBT } },
	{ FS_CIFS, { true, FRESH_NO_DOUBT } },
	{ FS_SMB2, { true, FRESH_NO_DOUBT } },
	{ CEPH_SUPER_MAGIC, { true, FRESH_NO_DOUBT } },
	{ FS_GPFS, { true, FRESH_NO_DOUBT } },
	/* Of this machine's clock, which is what a fast check needs to know. */
	{ OVERLAYFS_SUPER_MAGIC, { false, FRESH_OVERLAY } },
	{ SQUASHFS_MAGIC, { false, FRESH_READ_ONLY } },
	{ FS_EROFS, { false, FRESH_READ_ONLY } },
	{ CRAMFS_MAGIC, { false, FRESH_READ_ONLY } },
	{ FS_CRAMFS_SWAPPED, { false, FRESH_READ_ONLY } },
	{ FS_ROMFS, { false, FRESH_READ_ONLY } },
	{ ISOFS_SUPER_MAGIC, { false, FRESH_READ_ONLY } },
	{ FS_ZFS, { false, FRESH_UNLISTED } },
	{ FS_BCACHEFS, { false, FRESH_UNLISTED } },
	{ RAMFS_MAGIC, { false, FRESH_UNLISTED } },
};

struct fresh_fs fresh_fs_of(uint32_t magic, bool read_only)
{
	struct fresh_fs fs = { true, FRESH_UNLISTED };

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].magic == magic)
			fs = known[i].fs;
	if (read_only && fs.doubt == FRESH_NO_DOUBT)
		fs.doubt = FRESH_READ_ONLY;
	return fs;
}

bool fresh_token_eq(const struct token *a, const struct token *b)
{
	return a->ino == b->ino && a->size == b->size && a->type == b->type &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->btime_ns == b->btime_ns;
}

enum fresh_verdict fresh_judge(const struct token *recorded, bool settled,
			       const struct token *now, enum fresh_content content)
{
	if (content == FRESH_EQUAL)
		return FRESH_YES;
	if (content == FRESH_DIFFERS)
		return FRESH_NO;

	return settled && fresh_token_eq(recorded, now) ? FRESH_YES : FRESH_LOOK;
}

/*
 * The last moment at which a change could still leave the token as it is;
 * INT64_MAX when that never ends.
 */
static int64_t racy_until(const struct token *t, bool trusted)
{
	/* utimes(2) sets any mtime, so only ctime tells how fine the stamps are. */
	bool coarse = t->ctime_ns % NS_PER_S == 0;
	int64_t margin = coarse ? FRESH_COARSE_NS : 0;
	int64_t newest = t->mtime_ns > t->ctime_ns ? t->mtime_ns : t->ctime_ns;

	if (t->mtime_ns == INT64_MIN || t->ctime_ns == INT64_MIN)
		return INT64_MAX;
	if (!trusted && (coarse || t->ctime_ns < NS_PER_S))
		return INT64_MAX;
	if (newest > INT64_MAX - margin)
		return INT64_MAX;

	return newest + margin;
}

bool fresh_settled_local(const struct token *t, int64_t before_ns, bool trusted)
{
	return racy_until(t, trusted) < before_ns;
}

int64_t fresh_wait_ns(const struct token *t, int64_t now_ns, bool trusted)
{
	int64_t last = racy_until(t, trusted);
	uint64_t left;

	if (last < now_ns)
		return 0;
	if (last == INT64_MAX)
		return -1;

	left = (uint64_t)last - (uint64_t)now_ns;
	return left < (uint64_t)FRESH_TICK_WAIT_NS ? (int64_t)left + 1 : -1;
}

/* From one time to a later one, in nanoseconds; all of int64_t fits. */
static uint64_t gap_ns(int64_t from, int64_t to)
{
	return (uint64_t)to - (uint64_t)from;
}

bool fresh_seen_long_ago(const struct fresh_seen *then, const struct fresh_seen *now)
{
	const uint64_t age = (uint64_t)FRESH_REMOTE_AGE_NS;

	if (then->boot != 0 && then->boot == now->boot)
		return then->boot_ns <= now->boot_ns &&
		       gap_ns(then->boot_ns, now->boot_ns) >= age;

	if (then->wall_ns <= now->wall_ns)
		return gap_ns(then->wall_ns, now->wall_ns) >= age;

	return gap_ns(now->wall_ns, then->wall_ns) >= age;
}
