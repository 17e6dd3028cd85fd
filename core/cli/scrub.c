/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scrub.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drop.h"

void scrub_environment(void)
{
	static const char *const kept[] = { "TERM", "NO_COLOR", "SOURCE_DATE_EPOCH",
					    "EPCACHE_API" };
	char *values[sizeof kept / sizeof kept[0]];

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		const char *value = getenv(kept[i]);

		values[i] = value ? strdup(value) : NULL;
	}

	(void)clearenv();
	(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	(void)setenv("LC_ALL", "C.UTF-8", 1);
	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
		if (values[i])
			(void)setenv(kept[i], values[i], 1);
		free(values[i]);
	}
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
}

void scrub_descriptors(void)
{
	(void)drop_fds((const int[]){ STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO }, 3);
}
