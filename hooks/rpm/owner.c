/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * epcache-owner-rpm [--root DIR] - which packages own these paths?
 *
 * Reads absolute paths, each ended by NUL, until the end; for each, in order, writes the
 * names of the packages that own it, and NUL.  Exit status 0; 3 when the database of
 * packages cannot be read, and what was written is void; 1 when anything else fails; 2
 * for wrong usage.
 *
 * epcache runs it without rights.  It writes nothing but its answer: a database is only
 * ever opened to read, and only if it is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rpm/header.h>
#include <rpm/rpmdb.h>
#include <rpm/rpmfiles.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmlog.h>
#include <rpm/rpmmacro.h>
#include <rpm/rpmts.h>

#include "asked.h"

enum { DONE = 0, FAILED = 1, USAGE = 2, UNKNOWN = 3 };

#define STALL_SEC 3 /* without a package more; librpm waits for a lock for ever */

/* --- where the database is ---------------------------------------------------- */

/* As rpm has called it: SQLite, NDB, Berkeley DB. */
static const char *const files[] = { "rpmdb.sqlite", "Packages.db", "Packages" };

/* Where distributions keep it; the first is also told by the macros of this system. */
static const char *const folders[] = {
	"%{_dbpath}",
	"/usr/lib/sysimage/rpm",
	"/var/lib/rpm",
	"/usr/share/rpm",
};

static bool has_database(const char *root, const char *folder)
{
	struct stat st;

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		char *path = NULL;
		bool found;

		if (asprintf(&path, "%s/%s/%s", root, folder, files[i]) < 0)
			return false;
		found = stat(path, &st) == 0 && S_ISREG(st.st_mode);
		free(path);
		if (found)
			return true;
	}
	return false;
}

/* Opening one that is not there would make it. */
static bool choose_database(const char *root)
{
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		char *folder = rpmExpand(folders[i], NULL);
		bool found = folder && *folder == '/' && has_database(root, folder);

		if (found)
			(void)rpmPushMacro(NULL, "_dbpath", NULL, folder, RMIL_CMDLINE);
		free(folder);
		if (found)
			return true;
	}
	return false;
}

/* --- what is in it ------------------------------------------------------------ */

/* The last thing that librpm complained of; it does not always say so by a result. */
struct complaint {
	bool any;
	char text[256];
};

static int note(rpmlogRec rec, rpmlogCallbackData data)
{
	struct complaint *c = data;

	if (rpmlogRecPriority(rec) <= RPMLOG_ERR && !c->any) {
		c->any = true;
		(void)snprintf(c->text, sizeof c->text, "%.*s",
			       (int)strcspn(rpmlogRecMessage(rec), "\n"),
			       rpmlogRecMessage(rec));
	}
	return 0; /* nothing is to be printed */
}

/* Its name for each path asked for that it has; one replaced by another's is not its. */
static int add_package(Header h, struct asked *asked)
{
	rpmfiles fs = rpmfilesNew(NULL, h, RPMTAG_BASENAMES,
				  RPMFI_FLAGS_ONLY_FILENAMES & ~RPMFI_NOFILESTATES);
	const char *name = headerGetString(h, RPMTAG_NAME);
	int r = 0, nr = (int)rpmfilesFC(fs);

	for (int i = 0; i < nr && r == 0; i++) {
		char *path;

		if (rpmfilesFState(fs, i) != RPMFILE_STATE_NORMAL)
			continue;
		path = rpmfilesFN(fs, i);
		r = name && path ? asked_add(asked, path, name) : 0;
		free(path);
	}
	(void)rpmfilesFree(fs);
	return r;
}

static void give_up(int signal)
{
	static const char text[] = "epcache-owner-rpm: the package database is locked\n";

	ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);

	(void)n;
	(void)signal;
	_exit(UNKNOWN);
}

static int add_packages(rpmts ts, struct asked *asked, struct complaint *complaint)
{
	rpmdbMatchIterator all;
	Header h;
	int r = 0;

	(void)signal(SIGALRM, give_up);
	(void)alarm(STALL_SEC);
	if (rpmtsOpenDB(ts, O_RDONLY) != 0) {
		complaint->any = true;
		return 0;
	}

	all = rpmtsInitIterator(ts, RPMDBI_PACKAGES, NULL, 0);
	while (r == 0 && (h = rpmdbNextIterator(all))) {
		(void)alarm(STALL_SEC);
		r = add_package(h, asked);
	}
	(void)rpmdbFreeIterator(all);
	(void)alarm(0);
	return r;
}

static int find_owners(const char *root, struct asked *asked, struct complaint *complaint)
{
	rpmts ts = rpmtsCreate();
	int r;

	if (!ts || rpmtsSetRootDir(ts, root) != 0) {
		(void)rpmtsFree(ts);
		(void)snprintf(complaint->text, sizeof complaint->text, "no such root");
		complaint->any = true;
		return 0;
	}

	/* A name is wanted, not a proof; keys and digests would be read for each package. */
	(void)rpmtsSetVSFlags(ts, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES);
	(void)rpmlogSetCallback(note, complaint);
	r = add_packages(ts, asked, complaint);
	(void)rpmtsFree(ts);
	(void)rpmlogSetCallback(NULL, NULL);
	return r;
}

/*
 * epcache has done that already.  Who is root and did not: SQLite writes beside a database
 * that it only reads, if it may.  In a user namespace there may be nobody else to be.
 */
static void leave_root(void)
{
	/* Of a range that nobody is given, and no other process has this pid; or nobody. */
	const uid_t ids[] = { 0x7c000000u + (uid_t)getpid(), 65534 };

	for (int i = 0; i < 2 && geteuid() == 0; i++)
		if (setgroups(0, NULL) < 0 || setresgid(ids[i], ids[i], ids[i]) < 0 ||
		    setresuid(ids[i], ids[i], ids[i]) < 0)
			continue;
}

/* --- the command --------------------------------------------------------------- */

static int fail(int status, const char *what, const char *why)
{
	(void)fprintf(stderr, "epcache-owner-rpm: %s%s%s\n", what, *why ? ": " : "", why);
	return status;
}

static int answer(const char *root, struct asked *asked)
{
	struct complaint complaint = { 0 };

	(void)rpmlogSetCallback(note, &complaint);
	if (rpmReadConfigFiles(NULL, NULL) != 0)
		return fail(UNKNOWN, "cannot read rpm's configuration", complaint.text);

	complaint.any = false;
	if (!choose_database(root))
		return fail(UNKNOWN, "no package database", "");
	if (find_owners(root, asked, &complaint) < 0)
		return fail(FAILED, "out of memory", "");
	if (complaint.any)
		return fail(UNKNOWN, "cannot read the package database", complaint.text);
	if (asked_write(asked, stdout) < 0)
		return fail(FAILED, "cannot write", strerror(errno));
	return DONE;
}

int main(int argc, char **argv)
{
	struct asked asked = { 0 };
	const char *root = "/";
	int status;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* nobody is to attach to it */
	if (argc == 3 && strcmp(argv[1], "--root") == 0 && *argv[2] == '/')
		root = argv[2];
	else if (argc != 1)
		return fail(USAGE, "usage: epcache-owner-rpm [--root DIR] <PATHS", "");

	if (asked_read(&asked, STDIN_FILENO) < 0)
		return fail(FAILED, "cannot read what is asked", strerror(errno));

	leave_root();
	status = answer(root, &asked);
	asked_release(&asked);
	rpmFreeMacros(NULL);
	rpmFreeRpmrc();
	return status;
}
