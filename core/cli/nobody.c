/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nobody.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "drop.h"

#define NOBODY 65534 /* also where no name service knows it, as in a small image */
#define TRIES 16

/*
 * Numbers that no convention gives to anybody (systemd, UIDS-GIDS): above the users of
 * containers and of directory services (SSSD, FreeIPA: to 2,000,200,000), below those of
 * systemd's foreign images.
 */
#define UNUSED_FIRST 0x78000000u
#define UNUSED_MASK 0x03ffffffu

/* In files alone: a name service may hang. */
static bool is_in_files(uint32_t id)
{
	FILE *users = fopen("/etc/passwd", "re"), *groups = fopen("/etc/group", "re");
	const struct passwd *pw;
	const struct group *gr;
	bool found = false;

	while (users && !found && (pw = fgetpwent(users)))
		found = pw->pw_uid == id || pw->pw_gid == id;
	while (groups && !found && (gr = fgetgrent(groups)))
		found = gr->gr_gid == id;
	if (users)
		(void)fclose(users);
	if (groups)
		(void)fclose(groups);
	return found;
}

static bool is_a_process(uint32_t id)
{
	errno = 0;
	return getpriority(PRIO_USER, id) != -1 || errno != ESRCH;
}

/* Anew each time, so that not even another run has it. */
static uint32_t number_find(void)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t id;

		if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id)
			id = (uint32_t)getpid() + (uint32_t)i;
		id = UNUSED_FIRST + (id & UNUSED_MASK);
		if (drop_lacks_id(id, id))
			return NOBODY;
		if (!is_a_process(id) && !is_in_files(id))
			return id;
	}
	return NOBODY;
}

bool nobody_is_number(uid_t uid)
{
	return (uid & ~UNUSED_MASK) == UNUSED_FIRST;
}

struct sandbox_who nobody_find(const char *name)
{
	struct sandbox_who who = { .uid = 0 };
	const struct passwd *pw = NULL;
	unsigned long n = 0;
	bool is_number = false;
	char *end;

	if (name && *name) {
		errno = 0;
		n = strtoul(name, &end, 10);
		is_number = !*end && errno == 0 && n > 0 && n < UINT32_MAX;
		pw = is_number ? getpwuid((uid_t)n) : getpwnam(name);
	}
	if (pw && pw->pw_uid != 0 && pw->pw_gid != 0) {
		who.uid = pw->pw_uid;
		who.gid = pw->pw_gid;
		return who;
	}

	/* Not the group of a user's number: that may be anybody's, such as shadow's. */
	who.uid = who.gid = number_find();
	if (!pw && is_number)
		who.uid = (uid_t)n;
	return who;
}
