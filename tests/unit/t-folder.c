/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef _FORTIFY_SOURCE /* its inline functions are in the way of our own below */
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

#include "cache-folder.h"

#define OK FOLDER_OK
#define ABSENT FOLDER_ABSENT
#define UNTRUSTED FOLDER_UNTRUSTED
#define DAMAGED FOLDER_DAMAGED

#define WRITABLE "is writable by others"
#define FOLDER_WRITABLE "its folder is writable by others"
#define FOREIGN "belongs to another user"
#define FOLDER_FOREIGN "its folder belongs to another user"
#define A_LINK "is a symbolic link"
#define LINKS "has more than one link"
#define NO_FILE "is not a regular file"

/* --- system calls that fail on request ------------------------------------------ */

static struct {
	int open_error;    /* of the cache file */
	int nr_open;       /* so many times */
	bool open_unlinks; /* as a writer's rename would, right after the open */
	int read_error;
	int nr_read;
	bool read_ends; /* at once: another process has cut the file */
} fault;

static int fail(int error)
{
	errno = error;
	return -1;
}

int openat(int dirfd, const char *name, int flags, ...)
{
	bool is_file = strcmp(name, FILE_NAME) == 0;
	va_list ap;
	mode_t mode;
	int fd;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (is_file && fault.nr_open > 0) {
		fault.nr_open--;
		return fail(fault.open_error);
	}

	fd = (int)syscall(SYS_openat, dirfd, name, flags, mode);
	if (is_file && fault.open_unlinks)
		MUST(unlinkat(dirfd, name, 0) == 0);
	return fd;
}

ssize_t read(int fd, void *buf, size_t n)
{
	if (fault.nr_read > 0) {
		fault.nr_read--;
		return fail(fault.read_error);
	}
	if (fault.read_ends)
		return 0;
	return syscall(SYS_read, fd, buf, n);
}

/* What a fortified library calls. */
ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);

ssize_t __read_chk(int fd, void *buf, size_t n, size_t size)
{
	return n <= size ? read(fd, buf, n) : fail(EFAULT);
}

/* --- whom and what to believe --------------------------------------------------- */

static void reads_bytes(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_result struct result res = { 0 }, empty = { 0 };

	tmp_put(t.fd, FILE_NAME, OLD);
	res = read_own(&t);
	T(res.r == FOLDER_OK && res.file.n == strlen(OLD) &&
	  memcmp(res.file.bytes, OLD, res.file.n) == 0);

	tmp_put(t.fd, FILE_NAME, "");
	empty = read_own(&t);
	T(empty.r == FOLDER_OK && empty.file.n == 0 && empty.file.bytes);
}

static void believes_only_what_it_may(void)
{
	static const struct {
		const char *row;
		enum thing thing;
		mode_t file, folder; /* modes */
		int r;
		const char *why;
	} rows[] = {
		{ "as published", REGULAR, 0644, 0755, OK, "" },
		{ "private", REGULAR, 0600, 0700, OK, "" },
		{ "odd, but safe", REGULAR, 0755, 02755, OK, "" },
		{ "group writes file", REGULAR, 0664, 0755, UNTRUSTED, WRITABLE },
		{ "others write file", REGULAR, 0646, 0755, UNTRUSTED, WRITABLE },
		{ "group writes folder", REGULAR, 0644, 0775, UNTRUSTED,
		  FOLDER_WRITABLE },
		{ "others write folder", REGULAR, 0644, 0757, UNTRUSTED,
		  FOLDER_WRITABLE },
		{ "sticky", REGULAR, 0644, 01777, UNTRUSTED, FOLDER_WRITABLE },
		{ "nothing", NOTHING, 0, 0755, ABSENT, "" },
		{ "nothing, group writes", NOTHING, 0, 0775, UNTRUSTED, FOLDER_WRITABLE },
		{ "link", LINK, 0, 0755, UNTRUSTED, A_LINK },
		{ "dangling link", DANGLING, 0, 0755, UNTRUSTED, A_LINK },
		{ "hard link", HARD_LINK, 0644, 0755, UNTRUSTED, LINKS },
		{ "FIFO", FIFO, 0644, 0755, DAMAGED, NO_FILE },
		{ "group writes FIFO", FIFO, 0664, 0755, UNTRUSTED, WRITABLE },
		{ "directory", FOLDER, 0755, 0755, DAMAGED, "is a directory" },
		{ "others write directory", FOLDER, 0777, 0755, UNTRUSTED, WRITABLE },
		{ "socket", SOCKET, 0644, 0755, DAMAGED, NO_FILE },
		{ "too big", TOO_BIG, 0644, 0755, DAMAGED, "is too large" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		auto_result struct result res = { 0 };

		make_thing(&t, rows[i].thing);
		if (has_mode(rows[i].thing))
			MUST(fchmodat(t.fd, FILE_NAME, rows[i].file, 0) == 0);
		MUST(fchmod(t.fd, rows[i].folder) == 0);

		res = read_own(&t);
		T_ROW(rows[i].row);
		T(res.r == rows[i].r);
		T(strcmp(res.file.why, rows[i].why) == 0);
		T((res.r == FOLDER_OK) == (res.file.bytes != NULL));
	}
}

static void believes_only_whom_it_may(void)
{
	static const struct {
		const char *row;
		uid_t file, folder; /* owners */
		uid_t euid, dir_owner;
		int r;
		const char *why;
	} rows[] = {
		{ "root's, read by root", ROOT, ROOT, ROOT, ROOT, OK, "" },
		{ "root's, read by a user", ROOT, ROOT, ALICE, BOB, OK, "" },
		{ "one's own", ALICE, ALICE, ALICE, BOB, OK, "" },
		{ "the directory owner's", BOB, BOB, ALICE, BOB, OK, "" },
		{ "mixed, all believed", BOB, ALICE, ALICE, BOB, OK, "" },
		{ "a stranger's file", CAROL, ALICE, ALICE, BOB, UNTRUSTED, FOREIGN },
		{ "a stranger's folder", ALICE, CAROL, ALICE, BOB, UNTRUSTED,
		  FOLDER_FOREIGN },
		{ "root, a user's file", ALICE, ROOT, ROOT, ROOT, UNTRUSTED, FOREIGN },
		{ "root, a user's folder", ROOT, ALICE, ROOT, ROOT, UNTRUSTED,
		  FOLDER_FOREIGN },
		{ "root, dir owner's file", ALICE, ROOT, ROOT, ALICE, UNTRUSTED,
		  FOREIGN },
		{ "root, dir owner's", ALICE, ALICE, ROOT, ALICE, UNTRUSTED,
		  FOLDER_FOREIGN },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		auto_result struct result res = { 0 };

		tmp_put(t.fd, FILE_NAME, OLD);
		MUST(fchownat(t.fd, FILE_NAME, rows[i].file, 0, 0) == 0);
		MUST(fchown(t.fd, rows[i].folder, 0) == 0);

		res = read_as(t.path, rows[i].euid, rows[i].dir_owner);
		T_ROW(rows[i].row);
		T(res.r == rows[i].r);
		T(strcmp(res.file.why, rows[i].why) == 0);
	}
}

/* What of that needs no root: the reader's ids are parameters. */
static void believes_no_stranger(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_result struct result own = { 0 }, owner = { 0 }, stranger = { 0 };
	uid_t me = geteuid();
	bool root = me == 0;

	tmp_put(t.fd, FILE_NAME, OLD);
	own = read_as(t.path, me, me + 1);
	T(own.r == FOLDER_OK);
	owner = read_as(t.path, me + 1, me);
	T(owner.r == FOLDER_OK);
	stranger = read_as(t.path, me + 1, me + 2);
	T(stranger.r == (root ? FOLDER_OK : FOLDER_UNTRUSTED));
}

static void no_folder_is_absence(void)
{
	static const struct {
		const char *row, *place;
		int r;
		const char *why;
	} rows[] = {
		{ "missing", "/missing", ABSENT, "" },
		{ "missing parents", "/missing/too", ABSENT, "" },
		{ "a file", "/file", ABSENT, "" },
		{ "below a file", "/file/x", ABSENT, "" },
		{ "below a link to itself", "/circle/x", ABSENT, "" },
		{ "a link", "/link", UNTRUSTED, "its folder is a symbolic link" },
		{ "below a link", "/link/inner", OK, "" },
	};
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "file", "");
	MUST(mkdirat(t.fd, "real", 0755) == 0 && mkdirat(t.fd, "real/inner", 0755) == 0);
	tmp_put(t.fd, "real/" FILE_NAME, OLD);
	tmp_put(t.fd, "real/inner/" FILE_NAME, OLD);
	MUST(symlinkat("real", t.fd, "link") == 0);
	MUST(symlinkat("circle", t.fd, "circle") == 0);

	for (size_t i = 0; i < NR(rows); i++) {
		auto_result struct result res = { 0 };
		char place[PATH_MAX];

		res = read_as(join(place, &t, rows[i].place), geteuid(), geteuid());
		T_ROW(rows[i].row);
		T(res.r == rows[i].r);
		T(strcmp(res.file.why, rows[i].why) == 0);
	}
}

static bool finds_nothing(const struct tmp *t)
{
	auto_result struct result res = read_own(t);

	return res.r == FOLDER_ABSENT && !*res.file.why;
}

static void no_right_is_absence(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, FILE_NAME, OLD);
	MUST(fchmod(t.fd, 0755) == 0 && fchmodat(t.fd, FILE_NAME, 0, 0) == 0);
	T_ROW("an unreadable file");
	T(as_a_user(finds_nothing, &t));

	MUST(fchmodat(t.fd, FILE_NAME, 0644, 0) == 0 && fchmod(t.fd, 0600) == 0);
	T_ROW("a folder that cannot be searched");
	T(as_a_user(finds_nothing, &t));
	MUST(fchmod(t.fd, 0700) == 0);
}

/* --- races and faults ----------------------------------------------------------- */

/* A rename over the file, between open and fstat, leaves it without any link. */
static void believes_what_was_just_replaced(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_result struct result res = { 0 };

	tmp_put(t.fd, FILE_NAME, OLD);
	fault.open_unlinks = true;
	res = read_own(&t);
	fault.open_unlinks = false;
	T(res.r == FOLDER_OK && res.file.n == strlen(OLD));
}

static void survives_faults(void)
{
	static const struct {
		const char *row;
		int open_error, nr_open, read_error, nr_read;
		bool read_ends;
		int r;
		const char *why;
	} rows[] = {
		{ "ESTALE at open", ESTALE, 1, 0, 0, false, OK, "" },
		{ "ESTALE at open, twice", ESTALE, 2, 0, 0, false, -ESTALE, "" },
		{ "EIO at open", EIO, 1, 0, 0, false, -EIO, "" },
		{ "ENXIO at open", ENXIO, 1, 0, 0, false, DAMAGED, NO_FILE },
		{ "ESTALE at read", 0, 0, ESTALE, 1, false, OK, "" },
		{ "ESTALE at read, twice", 0, 0, ESTALE, 2, false, -ESTALE, "" },
		{ "EINTR at read", 0, 0, EINTR, 3, false, OK, "" },
		{ "EIO at read", 0, 0, EIO, 1, false, -EIO, "" },
		{ "cut", 0, 0, 0, 0, true, DAMAGED, "was cut while being read" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		auto_result struct result res = { 0 };

		tmp_put(t.fd, FILE_NAME, OLD);
		memset(&fault, 0, sizeof fault);
		fault.open_error = rows[i].open_error;
		fault.nr_open = rows[i].nr_open;
		fault.read_error = rows[i].read_error;
		fault.nr_read = rows[i].nr_read;
		fault.read_ends = rows[i].read_ends;
		res = read_own(&t);

		T_ROW(rows[i].row);
		T(res.r == rows[i].r);
		T(strcmp(res.file.why, rows[i].why) == 0);
		memset(&fault, 0, sizeof fault);
	}
}

int main(void)
{
	RUN(reads_bytes);
	RUN(believes_only_what_it_may);
	RUN_AS_ROOT(believes_only_whom_it_may);
	RUN(believes_no_stranger);
	RUN(no_folder_is_absence);
	RUN(no_right_is_absence);
	RUN(believes_what_was_just_replaced);
	RUN(survives_faults);
	return t_done();
}
