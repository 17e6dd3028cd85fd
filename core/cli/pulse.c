/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pulse.c - reads what the kernel's scheduler tells of a process. */
#include "pulse.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"

/* The text of /proc/PID/NAME, or what fits of it; false when there is none. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	autoclose int fd = -1;
	char path[64];
	ssize_t n;

	(void)snprintf(path, sizeof path, "/proc/%ld/%s", (long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

struct pulse pulse_of(pid_t pid)
{
	struct pulse p = { 0 };
	uint64_t ran_ns, queued_ns;
	char text[1024];
	const char *state;

	/* Spec: the kernel's Documentation/scheduler/sched-stats.rst */
	if (read_proc(pid, "schedstat", text, sizeof text) &&
	    sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &ran_ns, &queued_ns,
		   &p.turns) == 3) {
		p.ran_ms = (int64_t)(ran_ns / 1000000);
		p.queued_ms = (int64_t)(queued_ns / 1000000);
	}
	/* The state follows the name, which may hold anything, in brackets. */
	if (read_proc(pid, "stat", text, sizeof text)) {
		state = strrchr(text, ')');
		/* Where its turns are not known, nor is whether it runs for ever. */
		p.is_ready = p.turns && state && state[1] == ' ' && state[2] == 'R';
	}
	return p;
}
