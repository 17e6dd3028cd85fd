/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * epcache-owner-dpkg - which packages own a path, as dpkg-query has it.
 *
 *     printf '/usr/lib/x\0' | epcache-owner-dpkg [--root DIR]
 *
 * Reads absolute paths, each ended by NUL.  Writes for each, in order, the names of the
 * packages that own it, sorted and joined by ", ", or nothing, and NUL.  Exit status 0;
 * 2 for wrong usage; 3, and a line on stderr, when the package database cannot be read:
 * then the output is void.
 *
 * One dpkg-query lists what all packages own.  Asked for patterns, it would take a
 * bracket in a name for one, and be as slow as there are paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auto.h"

#define NAME "epcache-owner-dpkg"
#define DPKG_QUERY "/usr/bin/dpkg-query"
#define DATABASE "/var/lib/dpkg"
#define REASON_MAX 400 /* bytes of what dpkg-query says that are passed on */

enum { EXIT_USAGE = 2, EXIT_UNKNOWN = 3 };

/* A path that was asked for. */
struct asked {
	char *path;          /* borrowed from the input */
	size_t at;           /* its place there */
	const char **owners; /* owned; the names are borrowed */
	size_t nr;
};

struct asking {
	char *input; /* owned */
	size_t len;
	struct asked *asked; /* owned; by path once it is read */
	size_t nr;
	char **packages; /* owned, and each of them */
	size_t nr_packages;
};

/* A package of the listing. */
struct package {
	const char *name; /* borrowed */
	bool has_files;   /* one at least was listed */
	bool needs_files; /* it is unpacked: its own folder is in its list in any case */
};

static int unknown(const char *what, const char *why)
{
	(void)fprintf(stderr, NAME ": %s: %s\n", what, why);
	return EXIT_UNKNOWN;
}

/* Room for one more: doubled at each power of two. */
static bool grow(void *array, size_t nr, size_t size)
{
	void *old, *new;

	if (nr & (nr - 1))
		return true;
	memcpy(&old, array, sizeof old);
	new = reallocarray(old, nr ? 2 * nr : 1, size);
	if (new)
		memcpy(array, &new, sizeof new);
	return new != NULL;
}

/* --- what is asked ----------------------------------------------------------- */

static int read_input(struct asking *a)
{
	size_t room = 0;
	ssize_t n;

	do {
		if (a->len == room) {
			char *more = realloc(a->input, room = room ? 2 * room : 65536);

			if (!more)
				return -ENOMEM;
			a->input = more;
		}
		n = read(STDIN_FILENO, a->input + a->len, room - a->len);
		if (n > 0)
			a->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));

	return n < 0 ? -errno : 0;
}

/* As lists of files have it: "/." for the root, and no slash at the end. */
static void trim(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

static int split_input(struct asking *a)
{
	char *end = a->len ? a->input + a->len : NULL;

	for (char *p = a->input; p && p < end; a->nr++) {
		char *next = memchr(p, '\0', (size_t)(end - p));

		if (!next)
			return -EINVAL;
		if (!grow(&a->asked, a->nr, sizeof *a->asked))
			return -ENOMEM;
		a->asked[a->nr] = (struct asked){ .path = p, .at = a->nr };
		trim(p);
		p = next + 1;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int by_place(const void *a, const void *b)
{
	const struct asked *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* --- what is owned ----------------------------------------------------------- */

/* The first that is asked for by this path, which may be asked for more than once. */
static size_t find(const struct asking *a, const char *path)
{
	size_t low = 0, high = a->nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(a->asked[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int owned_by(struct asking *a, const char *package, const char *path)
{
	const char *name = strcmp(path, "/.") == 0 ? "/" : path;

	for (size_t i = find(a, name); i < a->nr; i++) {
		struct asked *q = &a->asked[i];

		if (strcmp(q->path, name) != 0)
			break;
		if (!grow(&q->owners, q->nr, sizeof *q->owners))
			return -ENOMEM;
		q->owners[q->nr++] = package;
	}
	return 0;
}

static bool is_unpacked(const char *status)
{
	static const char *const without[] = { "not-installed", "config-files",
					       "half-installed" };

	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++)
		if (strcmp(status, without[i]) == 0)
			return false;
	return true;
}

/* "name<TAB>status" begins a package. */
static int begin_package(struct asking *a, char *line, struct package *now)
{
	char *status = strchr(line, '\t');

	if (!status)
		return -EBADMSG;
	*status++ = '\0';

	if (!grow(&a->packages, a->nr_packages, sizeof *a->packages))
		return -ENOMEM;
	a->packages[a->nr_packages] = strdup(line);
	if (!a->packages[a->nr_packages])
		return -ENOMEM;

	now->name = a->packages[a->nr_packages++];
	now->needs_files = is_unpacked(status);
	now->has_files = false;
	return 0;
}

/* To dpkg-query a list of files that is gone is a package without files, and a warning. */
static bool is_whole(const struct package *p)
{
	return p->has_files || !p->needs_files;
}

static int take_line(struct asking *a, char *line, struct package *now)
{
	if (line[0] == ' ') {
		now->has_files = true;
		return now->name ? owned_by(a, now->name, line + 1) : -EBADMSG;
	}
	if (!is_whole(now))
		return -ENODATA;
	return begin_package(a, line, now);
}

static int read_lists(struct asking *a, FILE *from)
{
	struct package now = { .name = NULL };
	autofree char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getline(&line, &room, from)) > 0) {
		if (line[n - 1] != '\n')
			return -EBADMSG;
		line[n - 1] = '\0';
		r = take_line(a, line, &now);
	}
	if (r < 0)
		return r;
	return ferror(from) ? -EIO : is_whole(&now) ? 0 : -ENODATA;
}

/* --- dpkg-query -------------------------------------------------------------- */

static _Noreturn void be_dpkg_query(char *database, int out, int err)
{
	static char env_path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		    env_c[] = "LC_ALL=C";
	static char *const env[] = { env_path, env_c, NULL };
	static char name[] = "dpkg-query", show[] = "-W";
	static char format[] = "-f=${Package}\\t${db:Status-Status}\\n${db-fsys:Files}";
	char *const argv[] = { name, database, show, format, NULL };

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(out, STDOUT_FILENO) >= 0 && dup2(err, STDERR_FILENO) >= 0)
		(void)execve(DPKG_QUERY, argv, env);
	_exit(127);
}

/* The last of what there is in a pipe: bytes. */
static size_t last_of(int fd, char text[REASON_MAX])
{
	char more[REASON_MAX];
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, more, sizeof more)) > 0) {
		size_t over = n + (size_t)got > REASON_MAX ? n + (size_t)got - REASON_MAX
							   : 0;

		memmove(text, text + over, n - over);
		memcpy(text + n - over, more, (size_t)got);
		n += (size_t)got - over;
	}
	return n;
}

/* What it said last, in one line: warnings come before what ended it. */
static int said(int err)
{
	static const char prefix[] = "dpkg-query: ";
	char text[REASON_MAX + 1];
	char *reason = text;
	size_t n = last_of(err, text);

	if (n == 0)
		return unknown("dpkg-query", "failed");
	if (text[n - 1] == '\n')
		n--;
	text[n] = '\0';

	for (char *p = text; (p = strstr(p, prefix)); reason = p)
		p += sizeof prefix - 1;
	for (char *p = reason; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return unknown("dpkg-query", reason);
}

static int listen_to(struct asking *a, pid_t pid, int out, int err)
{
	FILE *from = fdopen(out, "re");
	int r = from ? read_lists(a, from) : -errno;
	int status = 0;

	/* It may be writing still, to nobody. */
	if (r < 0)
		(void)kill(pid, SIGKILL);
	if (from)
		(void)fclose(from);
	else
		(void)close(out);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;

	if (r == -ENODATA)
		return unknown("the package database", "a list of files is missing");
	if (r < 0)
		return unknown("cannot read what dpkg-query says", strerror(-r));
	return status == 0 ? 0 : said(err);
}

static int ask(struct asking *a, char *database)
{
	int out[2], err[2], r;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 ||
	    fcntl(err[0], F_SETFL, O_NONBLOCK) < 0 ||
	    /* Which is read at its end alone: it is not to wait for that. */
	    fcntl(err[1], F_SETFL, O_NONBLOCK) < 0)
		return unknown("cannot run dpkg-query", strerror(errno));

	pid = fork();
	if (pid == 0)
		be_dpkg_query(database, out[1], err[1]);
	(void)close(out[1]);
	(void)close(err[1]);
	if (pid < 0) {
		(void)close(out[0]);
		r = unknown("cannot run dpkg-query", strerror(errno));
	} else {
		r = listen_to(a, pid, out[0], err[0]);
	}
	(void)close(err[0]);
	return r;
}

/* To dpkg-query no database is an empty one. */
static int is_there(const char *database)
{
	autofree char *status = NULL;
	struct stat st;

	if (asprintf(&status, "%s/status", database) < 0)
		return unknown(database, strerror(ENOMEM));
	if (stat(status, &st) < 0)
		return unknown(status, strerror(errno));
	return S_ISREG(st.st_mode) ? 0 : unknown(status, "not a regular file");
}

/* --- the answer -------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* A package of two architectures is named once. */
static void print(struct asked *q)
{
	if (q->nr)
		qsort(q->owners, q->nr, sizeof *q->owners, by_name);
	for (size_t i = 0; i < q->nr; i++) {
		if (i && strcmp(q->owners[i], q->owners[i - 1]) == 0)
			continue;
		(void)printf("%s%s", i ? ", " : "", q->owners[i]);
	}
	(void)putchar('\0');
}

static int print_all(struct asking *a)
{
	if (a->nr)
		qsort(a->asked, a->nr, sizeof *a->asked, by_place);
	for (size_t i = 0; i < a->nr; i++)
		print(&a->asked[i]);
	return fflush(stdout) == 0 ? 0 : unknown("cannot write", strerror(errno));
}

static int answer(struct asking *a, const char *root)
{
	static const char option[] = "--admindir=";
	autofree char *database = NULL;
	int r = read_input(a);

	if (r == 0)
		r = split_input(a);
	if (r == -EINVAL) {
		(void)fprintf(stderr, NAME ": the last path is not ended by NUL\n");
		return EXIT_USAGE;
	}
	if (r < 0)
		return unknown("cannot read the paths", strerror(-r));
	if (a->nr)
		qsort(a->asked, a->nr, sizeof *a->asked, by_path);

	if (asprintf(&database, "%s%s" DATABASE, option, root) < 0)
		return unknown(DATABASE, strerror(ENOMEM));
	r = is_there(database + sizeof option - 1);
	if (r == 0)
		r = ask(a, database);
	return r == 0 ? print_all(a) : r;
}

static void release(struct asking *a)
{
	for (size_t i = 0; i < a->nr; i++)
		free(a->asked[i].owners);
	for (size_t i = 0; i < a->nr_packages; i++)
		free(a->packages[i]);
	free(a->packages);
	free(a->asked);
	free(a->input);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "root", required_argument, NULL, 'r' },
						 { NULL, 0, NULL, 0 } };
	struct asking a = { .input = NULL };
	const char *root = "";
	int c, r;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody is to attach to it */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'r')
			return EXIT_USAGE;
		root = optarg;
	}
	if (optind < argc) {
		(void)fprintf(stderr, "usage: " NAME " [--root DIR] <PATHS\n");
		return EXIT_USAGE;
	}

	r = answer(&a, root);
	release(&a);
	return r;
}
