/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * spawn.c - run programs, and tell what each of them cost.
 *
 * usage: spawn; then, on stdin, the words of one command a line, a tab between two.
 * Prints, for each: nanoseconds from before it was started until it was waited for;
 * microseconds of processor, its own and the kernel's for it; KiB resident at most, of
 * it and of those that it waited for.  Its output goes to /dev/null.
 *
 * It is small, so that starting a program from here costs next to nothing.
 */
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define WORDS_MAX 4096

extern char **environ;

static int64_t now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static long long us_of(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static void run(const posix_spawn_file_actions_t *quiet, char **argv)
{
	struct rusage used;
	int64_t start = now_ns();
	int status;
	pid_t pid;
	int r = posix_spawn(&pid, argv[0], quiet, NULL, argv, environ);

	if (r != 0)
		errx(1, "%s: %s", argv[0], strerror(r));
	if (wait4(pid, &status, 0, &used) < 0)
		err(1, "%s", argv[0]);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		errx(1, "%s %s: status %#x", argv[0], argv[1] ? argv[1] : "",
		     (unsigned)status);

	printf("%lld %lld %ld\n", (long long)(now_ns() - start),
	       us_of(used.ru_utime) + us_of(used.ru_stime), used.ru_maxrss);
	(void)fflush(stdout);
}

int main(void)
{
	posix_spawn_file_actions_t quiet;
	static char line[1 << 20];
	static char *argv[WORDS_MAX + 1];

	if (posix_spawn_file_actions_init(&quiet) != 0 ||
	    posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0) != 0 ||
	    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0) != 0)
		errx(1, "out of memory");

	while (fgets(line, sizeof line, stdin)) {
		size_t n = 0;

		line[strcspn(line, "\n")] = '\0';
		for (char *word = strtok(line, "\t"); word; word = strtok(NULL, "\t")) {
			if (n == WORDS_MAX)
				errx(2, "over %d words", WORDS_MAX);
			argv[n++] = word;
		}
		argv[n] = NULL;
		if (n > 0)
			run(&quiet, argv);
	}
	(void)posix_spawn_file_actions_destroy(&quiet);
	return 0;
}
