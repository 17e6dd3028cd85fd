/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"
#include "nobody.h"
#include "runner-parts.h"

/* --- who there is ------------------------------------------------------------ */

/* The text of /proc/PID/status, or nothing of a process that is gone. */
static bool status_read(int proc, const char *pid, char *ret_text, size_t size)
{
	char name[32];
	autoclose int fd = -1;
	ssize_t n;

	if (snprintf(name, sizeof name, "%.20s/status", pid) < 0)
		return false;
	fd = openat(proc, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;

	n = read(fd, ret_text, size - 1);
	ret_text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* What follows this key. */
static const char *value_of(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? at + strlen(key) : "";
}

static bool has_uid(const char *text, uid_t uid)
{
	char *at;

	memcpy(&at, &(const char *){ value_of(text, "\nUid:") }, sizeof at);
	/* Real, effective, saved, and of the file system. */
	for (unsigned i = 0; i < 4; i++)
		if (strtoul(at, &at, 10) == uid)
			return true;
	return false;
}

int runner_user_threads(const char *proc, uid_t uid, unsigned *ret_nr)
{
	DIR *dir = opendir(proc);
	const struct dirent *e;
	char text[2048];

	*ret_nr = 0;
	if (!dir)
		return -errno;

	while ((e = readdir(dir)))
		if (isdigit((unsigned char)e->d_name[0]) &&
		    status_read(dirfd(dir), e->d_name, text, sizeof text) &&
		    has_uid(text, uid))
			*ret_nr += (unsigned)strtoul(value_of(text, "\nThreads:"), NULL,
						     10);
	(void)closedir(dir);
	return 0;
}

/* --- who the action is ------------------------------------------------------- */

static int named_find(struct runner_job *job, const char *name)
{
	struct sandbox_who who;
	int r = name ? nobody_named(name, &who) : -ESRCH;

	if (r < 0)
		return r;
	if (who.uid == 0 || who.gid == 0)
		return -EPERM;

	job->uid = who.uid;
	job->gid = who.gid;
	return 0;
}

int runner_user_find(struct runner_job *job, const char *worker_user)
{
	unsigned others;

	if (job->action->mode == ACTION_USER) {
		int r = named_find(job, job->action->user);

		if (r < 0)
			return r;
	} else {
		const struct sandbox_who who = nobody_find(worker_user);

		job->uid = who.uid;
		job->gid = who.gid;
	}

	/* The kernel counts them all. */
	(void)runner_user_threads("/proc", job->uid, &others);
	job->processes_max = others + RUNNER_PROCESSES;
	return 0;
}
