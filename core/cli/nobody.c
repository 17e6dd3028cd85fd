/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nobody.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "drop.h"
#include "msg.h"
#include "whole.h"

#define NOBODY 65534 /* also where no name service knows it, as in a small image */
#define TRIES 16
#define SERVICE_MS 2000 /* for a name service to answer in */

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

/* --- users ------------------------------------------------------------------- */

/* What is asked, and answered. */
struct user {
	const char *name; /* borrowed */
	uid_t uid;        /* asked for where .name is NULL */
	gid_t gid;
};

static bool is_the_user(const struct user *u, const struct passwd *pw)
{
	return u->name ? strcmp(u->name, pw->pw_name) == 0 : u->uid == pw->pw_uid;
}

/* Most systems' own users are in the file, which does not hang. */
static bool find_in_file(struct user *u)
{
	FILE *users = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;

	while (users && (pw = fgetpwent(users)) && !is_the_user(u, pw))
		;
	if (pw)
		*u = (struct user){ u->name, pw->pw_uid, pw->pw_gid };
	if (users)
		(void)fclose(users);
	return pw;
}

static int ask_services(void *data, int out)
{
	const struct user *u = data;
	const struct passwd *pw = u->name ? getpwnam(u->name) : getpwuid(u->uid);
	struct user found;

	if (!pw)
		return EXIT_FAILURE;
	found = (struct user){ NULL, pw->pw_uid, pw->pw_gid };
	return whole_write(out, &found, sizeof found) ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int user_find(struct user *u)
{
	const struct child_task task = {
		.run = ask_services,
		.data = u,
		.limit_ms = SERVICE_MS,
		.max = sizeof *u,
	};
	struct child_answer answer;
	int r;

	if (find_in_file(u))
		return 0;
	r = child_ask(&task, &answer);
	if (r == 0 && answer.n == sizeof *u)
		memcpy(u, answer.bytes, sizeof *u);
	else if (r == 0)
		r = -ESRCH;
	free(answer.bytes);
	return r;
}

int nobody_named(const char *name, struct sandbox_who *ret)
{
	struct user u = { .name = name };
	int r = user_find(&u);

	if (r == 0) {
		ret->uid = u.uid;
		ret->gid = u.gid;
	}
	return r;
}

struct sandbox_who nobody_find(const char *name)
{
	struct sandbox_who who = { .uid = 0 };
	struct user u = { .name = name };
	unsigned long n = 0;
	bool is_number = false;
	int r = -ESRCH;
	char *end;

	if (name && *name) {
		errno = 0;
		n = strtoul(name, &end, 10);
		is_number = !*end && errno == 0 && n > 0 && n < UINT32_MAX;
		if (is_number)
			u = (struct user){ NULL, (uid_t)n, 0 };
		r = user_find(&u);
		if (r == -ETIMEDOUT)
			msg("the name service does not tell who '%s' is, whom User= "
			    "names",
			    name);
	}
	if (r == 0 && u.uid != 0 && u.gid != 0) {
		who.uid = u.uid;
		who.gid = u.gid;
		return who;
	}

	/* Not the group of a user's number: that may be anybody's, such as shadow's. */
	who.uid = who.gid = number_find();
	if (is_number)
		who.uid = (uid_t)n;
	return who;
}
