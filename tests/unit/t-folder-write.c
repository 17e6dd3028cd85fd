/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <sys/syscall.h>

#include "cache-folder.h"
#include "store.h"

/* --- an enemy who is quick -------------------------------------------------------- */

/* What is put in place of each folder at once after it was made; NULL: nothing. */
static const char *planted;
/* Is each such folder Alice's by then? */
static bool stolen;

/* This program's own: the static library calls it in place of libc's. */
int mkdirat(int dirfd, const char *name, mode_t mode)
{
	int r = (int)syscall(SYS_mkdirat, dirfd, name, mode);

	if (r == 0 && planted)
		MUST(unlinkat(dirfd, name, AT_REMOVEDIR) == 0 &&
		     symlinkat(planted, dirfd, name) == 0);
	if (r == 0 && stolen)
		MUST(fchownat(dirfd, name, ALICE, ALICE, 0) == 0);
	return r;
}

/* --- opening -------------------------------------------------------------------- */

static int open_level(const struct tmp *t, const char *below, enum folder_level level,
		      bool *ret_private)
{
	char path[PATH_MAX];
	struct folder_place place = { .path = join(path, t, below), .level = level };
	struct folder_env env = own_env();
	struct folder f = { .fd = -1 };
	int r = folder_open(&place, &env, true, &f);

	*ret_private = f.is_private;
	if (f.fd >= 0)
		(void)close(f.fd);
	return r;
}

static void makes_folders(void)
{
	static const struct {
		const char *row;
		enum folder_level level;
		mode_t mask, mode;
		bool private;
	} rows[] = {
		{ "a user's", FOLDER_AT_USER, 022, 0700, true },
		{ "a user's, without umask", FOLDER_AT_USER, 0, 0700, true },
		{ "given", FOLDER_GIVEN, 022, 0755, false },
		{ "given, without umask", FOLDER_GIVEN, 0, 0755, false },
		{ "given, umask 077", FOLDER_GIVEN, 077, 0700, true },
		{ "the system's, umask 077", FOLDER_AT_SYSTEM, 077, 0755, false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		mode_t old = umask(rows[i].mask);
		bool private = !rows[i].private;

		T_ROW(rows[i].row);
		T(open_level(&t, "/a//b/c/", rows[i].level, &private) == 0);
		T(private == rows[i].private);
		T(mode_of(&t, "a") == rows[i].mode && mode_of(&t, "a/b") == rows[i].mode);
		T(mode_of(&t, "a/b/c") == rows[i].mode);
		T(open_level(&t, "/a/b/c", rows[i].level, &private) == 0);
		(void)umask(old);
	}
}

static void changes_the_mode_of_nothing_else(void)
{
	static const struct {
		const char *row, *target;
		int r;
	} rows[] = {
		{ "a folder", "victim", -ENOTDIR },
		{ "a file", "file", -ENOTDIR },
		{ "nothing", "gone", -ENOTDIR },
		{ "itself", "new", -ENOTDIR },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		bool private;

		MUST(mkdirat(t.fd, "victim", 0700) == 0);
		tmp_put(t.fd, "file", "");
		MUST(fchmodat(t.fd, "file", 0600, 0) == 0);

		T_ROW(rows[i].row);
		planted = rows[i].target;
		T(open_level(&t, "/new", FOLDER_AT_SYSTEM, &private) == rows[i].r);
		planted = NULL;
		T(mode_of(&t, "victim") == 0700 && mode_of(&t, "file") == 0600);
	}
}

static void changes_the_mode_of_nobody_elses(void)
{
	auto_tmp struct tmp t = tmp_make();
	mode_t old = umask(077);
	bool private;

	stolen = true;
	T(open_level(&t, "/new", FOLDER_AT_SYSTEM, &private) == -EPERM);
	stolen = false;
	T(mode_of(&t, "new") == 0700);
	(void)umask(old);
}

static void opens_only_what_is_safe(void)
{
	static const struct {
		const char *row, *below;
		mode_t mode; /* of the folder called "d" */
		int r;
		bool private;
	} rows[] = {
		{ "private", "/d", 0700, 0, true },
		{ "others search", "/d", 0711, 0, false },
		{ "group reads", "/d", 0740, 0, false },
		{ "group writes", "/d", 0770, -EPERM, false },
		{ "others write", "/d", 0702, -EPERM, false },
		{ "sticky", "/d", 01777, -EPERM, false },
		{ "a link", "/link", 0755, -ENOTDIR, false },
		{ "below a link", "/link/new", 0755, 0, false },
		{ "a file", "/file", 0755, -ENOTDIR, false },
		{ "below a file", "/file/new", 0755, -ENOTDIR, false },
		{ "below a dangling link", "/dangling/new", 0755, -ENOENT, false },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		bool private = false;

		MUST(mkdirat(t.fd, "d", 0700) == 0 &&
		     fchmodat(t.fd, "d", rows[i].mode, 0) == 0);
		MUST(symlinkat("d", t.fd, "link") == 0);
		MUST(symlinkat("gone", t.fd, "dangling") == 0);
		tmp_put(t.fd, "file", "");

		T_ROW(rows[i].row);
		T(open_level(&t, rows[i].below, FOLDER_GIVEN, &private) == rows[i].r);
		T(private == rows[i].private);
	}
}

static void opens_relative_paths(void)
{
	auto_tmp struct tmp t = tmp_make();
	struct folder_place place = { .path = (char[]){ "x/y" }, .level = FOLDER_GIVEN };
	autoclose int back = open(".", O_PATH | O_CLOEXEC);
	struct folder_env env = own_env();
	struct folder f = { .fd = -1 };

	MUST(back >= 0 && fchdir(t.fd) == 0);
	T(folder_open(&place, &env, true, &f) == 0);
	MUST(fchdir(back) == 0);
	T(mode_of(&t, "x/y") != 0);
}

static void refuses_what_names_no_folder(void)
{
	struct folder_place root = { .path = (char[]){ "/" }, .level = FOLDER_GIVEN };
	struct folder_place none = { .path = (char[]){ "" }, .level = FOLDER_GIVEN };
	struct folder_env env = own_env();
	struct folder f;

	T(folder_open(&root, &env, true, &f) == -EINVAL);
	T(folder_open(&none, &env, true, &f) == -EINVAL);
}

static void writes_in_the_prefix(void)
{
	auto_tmp struct tmp t = tmp_make();
	mode_t old = umask(022);
	bool private = true;

	T(open_level(&t, "/venv" FOLDER_PREFIX, FOLDER_AT_PREFIX, &private) == -ENOENT);
	make_venv(&t);
	T(open_level(&t, "/venv" FOLDER_PREFIX, FOLDER_AT_PREFIX, &private) == 0);
	T(!private && mode_of(&t, "venv" FOLDER_PREFIX) == 0755);
	(void)umask(old);
}

static void root_writes_only_to_its_own(void)
{
	auto_tmp struct tmp t = tmp_make();
	bool private;

	make_venv(&t);
	MUST(fchownat(t.fd, "venv", ALICE, 0, 0) == 0);
	T_ROW("a user's virtual environment");
	T(open_level(&t, "/venv" FOLDER_PREFIX, FOLDER_AT_PREFIX, &private) == -EPERM);
	T(mode_of(&t, "venv/var") == 0);

	T_ROW("a new folder below a user's");
	T(open_level(&t, "/venv/new", FOLDER_GIVEN, &private) == -EPERM);
	T(mode_of(&t, "venv/new") == 0);

	T_ROW("a user's folder");
	T(open_level(&t, "/venv", FOLDER_GIVEN, &private) == -EPERM);

	T_ROW("root's folder below a user's");
	MUST(mkdirat(t.fd, "venv/roots", 0755) == 0);
	T(open_level(&t, "/venv/roots", FOLDER_GIVEN, &private) == 0);
}

static bool may_not_open(const struct tmp *t)
{
	bool private;

	return open_level(t, "/d", FOLDER_GIVEN, &private) == -EPERM &&
	       open_level(t, "/d/new", FOLDER_GIVEN, &private) == -EACCES &&
	       open_level(t, "/venv" FOLDER_PREFIX, FOLDER_AT_PREFIX, &private) == -EPERM;
}

static void a_user_writes_only_to_his_own(void)
{
	auto_tmp struct tmp t = tmp_make();

	make_venv(&t);
	MUST(fchmod(t.fd, 0755) == 0 && mkdirat(t.fd, "d", 0755) == 0);
	T(as_a_user(may_not_open, &t));
}

/* --- publishing ----------------------------------------------------------------- */

static int publish(const struct tmp *t, const char *bytes)
{
	return folder_publish(t->fd, span_of(KEY), bytes, strlen(bytes),
			      FOLDER_FILE_MODE);
}

static ino_t inode(const struct tmp *t)
{
	struct stat st;

	MUST(fstatat(t->fd, FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0);
	return st.st_ino;
}

static void publishes_what_reads_back(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_result struct result res = { 0 };
	mode_t old = umask(077);

	T(publish(&t, "new") == FOLDER_WRITTEN);
	T(tmp_has(t.fd, FILE_NAME, "new") && mode_of(&t, FILE_NAME) == 0644);
	res = read_own(&t);
	T(res.r == FOLDER_OK && res.file.n == 3);
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
	(void)umask(old);
}

static void writes_the_same_only_once(void)
{
	auto_tmp struct tmp t = tmp_make();
	char big[40000];
	ino_t ino;

	memset(big, 'x', sizeof big);
	big[sizeof big - 1] = '\0';
	T(publish(&t, big) == FOLDER_WRITTEN);
	ino = inode(&t);
	T(publish(&t, big) == FOLDER_SAME && inode(&t) == ino);

	big[sizeof big - 2] = 'y';
	T_ROW("the last byte");
	T(publish(&t, big) == FOLDER_WRITTEN);
	big[sizeof big - 2] = '\0';
	T_ROW("shorter");
	T(publish(&t, big) == FOLDER_WRITTEN);
	T_ROW("empty");
	T(publish(&t, "") == FOLDER_WRITTEN && publish(&t, "") == FOLDER_SAME);
}

/* The same bytes in a file that no reader believes, or not in a file at all. */
static void writes_the_same_where_it_must(void)
{
	static const struct {
		const char *row;
		enum thing thing;
		mode_t mode;
	} rows[] = {
		{ "group-writable", REGULAR, 0664 },
		{ "too private", REGULAR, 0600 },
		{ "set-id", REGULAR, 04644 },
		{ "hard link", HARD_LINK, 0644 },
		{ "link", LINK, 0 },
		{ "dangling link", DANGLING, 0 },
		{ "FIFO", FIFO, 0644 },
		{ "nothing", NOTHING, 0 },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();
		auto_result struct result res = { 0 };

		make_thing(&t, rows[i].thing);
		if (has_mode(rows[i].thing))
			MUST(fchmodat(t.fd, FILE_NAME, rows[i].mode, 0) == 0);

		T_ROW(rows[i].row);
		T(publish(&t, OLD) == FOLDER_WRITTEN);
		res = read_own(&t);
		T(res.r == FOLDER_OK && mode_of(&t, FILE_NAME) == 0644);
		T(publish(&t, OLD) == FOLDER_SAME);
	}
}

static void rewrites_a_strangers_file(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, FILE_NAME, OLD);
	MUST(fchownat(t.fd, FILE_NAME, ALICE, 0, 0) == 0);
	T(publish(&t, OLD) == FOLDER_WRITTEN);
	T(publish(&t, OLD) == FOLDER_SAME);
}

static void removes_the_old_when_it_fails(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, FILE_NAME, OLD);
	T_ROW("too large");
	T(folder_publish(t.fd, span_of(KEY), OLD, (size_t)FOLDER_FILE_MAX + 1,
			 FOLDER_FILE_MODE) == -EFBIG);
	T(tmp_count(t.fd, FILE_NAME) == 0);
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);

	T_ROW("a directory in the way");
	MUST(mkdirat(t.fd, FILE_NAME, 0755) == 0);
	T(publish(&t, "new") == -EISDIR);
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
}

static void unlinks(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, FILE_NAME, OLD);
	tmp_put(t.fd, "usr-lib", "stays");
	T(folder_unlink(t.fd, span_of(KEY)) == 0);
	T(tmp_count(t.fd, FILE_NAME) == 0 && tmp_has(t.fd, "usr-lib", "stays"));
	T(folder_unlink(t.fd, span_of(KEY)) == 0);
	MUST(mkdirat(t.fd, FILE_NAME, 0755) == 0);
	T(folder_unlink(t.fd, span_of(KEY)) == -EISDIR);
}

int main(void)
{
	RUN(makes_folders);
	RUN(changes_the_mode_of_nothing_else);
	RUN_AS_ROOT(changes_the_mode_of_nobody_elses);
	RUN(opens_only_what_is_safe);
	RUN(opens_relative_paths);
	RUN(refuses_what_names_no_folder);
	RUN(writes_in_the_prefix);
	RUN_AS_ROOT(root_writes_only_to_its_own);
	RUN_AS_ROOT(a_user_writes_only_to_his_own);
	RUN(publishes_what_reads_back);
	RUN(writes_the_same_only_once);
	RUN(writes_the_same_where_it_must);
	RUN_AS_ROOT(rewrites_a_strangers_file);
	RUN(removes_the_old_when_it_fails);
	RUN(unlinks);
	return t_done();
}
