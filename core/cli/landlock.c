/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "landlock.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "auto.h"

/* As of ABI 6; the headers of a system may be older than its kernel. */
struct ruleset {
	uint64_t fs, net, scoped;
};

#define NR_ABIS 7
/* What each ABI can take away, from the first on; Linux 5.13 to 6.12. */
static const struct {
	unsigned fs_bits; /* rights in files, from bit 0 on */
	uint64_t net;     /* TCP: bind and connect */
	uint64_t scoped;  /* abstract unix sockets, and signals */
	size_t size;      /* of the struct that it takes */
} abis[NR_ABIS] = {
	[1] = { 13, 0, 0, 8 },  [2] = { 14, 0, 0, 8 },  [3] = { 15, 0, 0, 8 },
	[4] = { 15, 3, 0, 16 }, [5] = { 16, 3, 0, 16 }, [6] = { 16, 3, 3, 24 },
};

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)

/* What an action may do where it may write: all but devices, sockets and their ioctls. */
#define WRITING                                                          \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	 LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |  \
	 LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_FIFO |    \
	 LANDLOCK_ACCESS_FS_MAKE_SYM | ACCESS_REFER | ACCESS_TRUNCATE)
#define ACCESS_REFER (UINT64_C(1) << 13)    /* ABI 2 */
#define ACCESS_TRUNCATE (UINT64_C(1) << 14) /* ABI 3 */

/* A set that takes all away; which rights it knows. */
static int ruleset_new(uint64_t *ret_fs)
{
	struct ruleset all = { 0 };
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			   LANDLOCK_CREATE_RULESET_VERSION);

	if (abi <= 0)
		return -1;
	if (abi >= NR_ABIS)
		abi = NR_ABIS - 1;

	all.fs = (UINT64_C(1) << abis[abi].fs_bits) - 1;
	all.net = abis[abi].net;
	all.scoped = abis[abi].scoped;
	*ret_fs = all.fs;
	return (int)syscall(SYS_landlock_create_ruleset, &all, abis[abi].size, 0);
}

static bool ruleset_allow(int set, int beneath, uint64_t rights)
{
	const struct landlock_path_beneath_attr rule = {
		.allowed_access = rights,
		.parent_fd = beneath,
	};

	return syscall(SYS_landlock_add_rule, set, LANDLOCK_RULE_PATH_BENEATH, &rule,
		       0) == 0;
}

static bool ruleset_enter(int set)
{
	return syscall(SYS_landlock_restrict_self, set, 0) == 0;
}

bool landlock_beneath(int dir)
{
	uint64_t known;
	autoclose int set = ruleset_new(&known);

	return set >= 0 && ruleset_allow(set, dir, READING) && ruleset_enter(set);
}

bool landlock_read_only(void)
{
	autoclose int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

	return top >= 0 && landlock_beneath(top);
}

bool landlock_action(int writable)
{
	uint64_t known;
	autoclose int set = ruleset_new(&known);
	autoclose int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	autoclose int null = open("/dev/null", O_PATH | O_CLOEXEC | O_NOFOLLOW);

	if (set < 0 || top < 0 ||
	    !ruleset_allow(set, top, READING | LANDLOCK_ACCESS_FS_EXECUTE) ||
	    (writable >= 0 && !ruleset_allow(set, writable, (READING | WRITING) & known)))
		return false;

	/* Without it, a program that wants it fails. */
	if (null >= 0)
		(void)ruleset_allow(set, null, LANDLOCK_ACCESS_FS_WRITE_FILE);
	return ruleset_enter(set);
}
