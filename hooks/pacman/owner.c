/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * epcache-owner-alpm [--root DIR] - which packages own these paths?
 *
 * Reads absolute paths, each ended by NUL, until the end; for each, in order, writes the
 * names of the packages that own it, and NUL.  Exit status 0; 3 when the database of
 * packages cannot be read, and what was written is void; 1 when anything else fails; 2
 * for wrong usage.
 *
 * epcache runs it without rights.  It writes nothing but its answer, and takes no lock:
 * a database is only ever opened to read, and only if it is there.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <alpm.h>
#include <alpm_list.h>

#include "../rpm/asked.h"

#define DATABASE "/var/lib/pacman" /* another DBPath= is as good as none */
#define MARK "local/ALPM_DB_VERSION"

enum { DONE = 0, FAILED = 1, USAGE = 2, UNKNOWN = 3 };

static int fail(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "epcache-owner-alpm: %s%s%s\n", what, *why ? ": " : "",
		      why);
	return status;
}

/* --- what is in the database --------------------------------------------------- */

/* The first thing that libalpm complained of; often it says so by nothing else. */
struct complaint {
	bool any;
	char text[256];
};

static void note(void *data, alpm_loglevel_t level, const char *format, va_list args)
{
	struct complaint *c = data;

	if (level != ALPM_LOG_ERROR || c->any)
		return;
	c->any = true;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)vsnprintf(c->text, sizeof c->text, format, args);
#pragma GCC diagnostic pop
	c->text[strcspn(c->text, "\n")] = '\0';
}

/* Lists have neither the slash at the beginning nor one that is not a directory's. */
static int add_file(struct asked *asked, const char *file, const char *package)
{
	char path[PATH_MAX + 2];
	int n = snprintf(path, sizeof path, "/%s", file);

	if (n <= 1 || n >= (int)sizeof path)
		return 0;
	if (path[n - 1] == '/')
		path[n - 1] = '\0';
	return asked_add(asked, path, package);
}

static int add_package(struct asked *asked, alpm_pkg_t *package)
{
	const alpm_filelist_t *files = alpm_pkg_get_files(package);
	int r = 0;

	for (size_t i = 0; files && i < files->count && r == 0; i++)
		r = add_file(asked, files->files[i].name, alpm_pkg_get_name(package));
	return r;
}

static int add_packages(struct asked *asked, alpm_db_t *local)
{
	int r = 0;

	for (alpm_list_t *p = alpm_db_get_pkgcache(local); p && r == 0; p = p->next)
		r = add_package(asked, p->data);
	return r;
}

/* --- the command --------------------------------------------------------------- */

/* A database that is empty, or not there, would be made by opening it. */
static bool is_there(const char *database)
{
	char *mark = NULL;
	struct stat st;
	bool found;

	if (asprintf(&mark, "%s/" MARK, database) < 0)
		return false;
	found = stat(mark, &st) == 0 && S_ISREG(st.st_mode);
	free(mark);
	return found;
}

static int look_up(struct asked *asked, alpm_handle_t *alpm)
{
	struct complaint complaint = { 0 };
	alpm_db_t *local = alpm_get_localdb(alpm);

	(void)alpm_option_set_logcb(alpm, note, &complaint);
	if (alpm_db_get_valid(local) != 0)
		return fail(UNKNOWN, "cannot read the package database",
			    alpm_strerror(alpm_errno(alpm)));
	if (add_packages(asked, local) < 0)
		return fail(FAILED, "out of memory", "");
	if (complaint.any)
		return fail(UNKNOWN, "cannot read the package database", complaint.text);
	return DONE;
}

static int answer(struct asked *asked, const char *root, const char *database)
{
	alpm_errno_t error = ALPM_ERR_OK;
	alpm_handle_t *alpm;
	int status;

	if (!is_there(database))
		return fail(UNKNOWN, "no package database", "");
	alpm = alpm_initialize(root, database, &error);
	if (!alpm)
		return fail(UNKNOWN, "cannot read the package database",
			    alpm_strerror(error));

	status = look_up(asked, alpm);
	(void)alpm_release(alpm);
	if (status == DONE && asked_write(asked, stdout) < 0)
		return fail(FAILED, "cannot write", strerror(errno));
	return status;
}

int main(int argc, char **argv)
{
	struct asked asked = { 0 };
	const char *root = "/";
	char *database = NULL;
	int status;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody is to attach to it */
	if (argc == 3 && strcmp(argv[1], "--root") == 0 && *argv[2] == '/')
		root = argv[2];
	else if (argc != 1)
		return fail(USAGE, "usage: epcache-owner-alpm [--root DIR] <PATHS", "");

	if (asked_read(&asked, STDIN_FILENO) < 0)
		return fail(FAILED, "cannot read what is asked", strerror(errno));
	if (asprintf(&database, "%s" DATABASE, root) < 0)
		return fail(FAILED, "out of memory", "");

	status = answer(&asked, root, database);
	free(database);
	asked_release(&asked);
	return status;
}
