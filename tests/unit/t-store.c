/* SPDX-License-Identifier: LGPL-2.1-or-later */
#undef _FORTIFY_SOURCE /* its inline functions are in the way of our own below */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "store.h"
#include "t.h"
#include "tmp.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define LONG_MS 60000

/* --- system calls that fail on request ---------------------------------------- */

/* Zero: no fault.  The calls that publish leave their letters in the order made. */
static struct {
	int fcntl, sync_file, sync_dir, close, rename; /* errno to fail with */
	bool rename_works; /* the failing rename did its work */
	int interrupts;    /* writes that end in EINTR */
	size_t write_max;  /* bytes a write takes */
	int nr_same_salts; /* random numbers that are all zero */
	bool armed;
	char order[16];
} fault;

static void note(char c)
{
	size_t n = strlen(fault.order);

	if (fault.armed && n + 1 < sizeof fault.order)
		fault.order[n] = c;
}

static int fail(int error)
{
	errno = error;
	return -1;
}

int fsync(int fd)
{
	struct stat st;
	bool is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	int error = is_dir ? fault.sync_dir : fault.sync_file;

	note(is_dir ? 'd' : 'f');
	return error ? fail(error) : (int)syscall(SYS_fsync, fd);
}

int close(int fd)
{
	int r = (int)syscall(SYS_close, fd);

	if (!fault.armed)
		return r;

	note('c');
	return fault.close ? fail(fault.close) : r;
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	note('r');
	if (fault.rename && !fault.rename_works)
		return fail(fault.rename);
	if (syscall(SYS_renameat2, from_fd, from, to_fd, to, 0) < 0)
		return -1;
	return fault.rename ? fail(fault.rename) : 0;
}

ssize_t write(int fd, const void *buf, size_t n)
{
	if (fault.interrupts > 0) {
		fault.interrupts--;
		return fail(EINTR);
	}
	if (fault.write_max > 0 && n > fault.write_max)
		n = fault.write_max;
	return syscall(SYS_write, fd, buf, n);
}

#ifndef SYS_fcntl64
#define SYS_fcntl64 SYS_fcntl
#endif

int fcntl(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_OFD_SETLK && fault.fcntl)
		return fail(fault.fcntl);
	return (int)syscall(SYS_fcntl64, fd, cmd, arg);
}

ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
	if (fault.nr_same_salts == 0)
		return syscall(SYS_getrandom, buf, n, flags);

	fault.nr_same_salts--;
	memset(buf, 0, n);
	return (ssize_t)n;
}

static void no_faults(void)
{
	memset(&fault, 0, sizeof fault);
}

/* --- what the tests share ------------------------------------------------------ */

static int put(int dirfd, const char *name, const char *bytes)
{
	auto_store struct store st = STORE_INIT;
	int r;

	r = store_begin(&st, dirfd, name, 0644);
	if (r == 0)
		r = store_write(&st, bytes, strlen(bytes));
	if (r == 0) {
		fault.armed = true;
		r = store_commit(&st);
		fault.armed = false;
	}
	return r;
}

static void wait_for(pid_t pid, int *ret_status)
{
	MUST(waitpid(pid, ret_status, 0) == pid);
}

/* A child that holds the lock until it reads the end of a pipe, then for a while. */
static pid_t hold_lock(int dirfd, int *ret_pipe)
{
	int ready[2], stop[2];
	pid_t pid;
	char c;

	MUST(pipe2(ready, O_CLOEXEC) == 0 && pipe2(stop, O_CLOEXEC) == 0);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct timespec while_ms = { .tv_nsec = 30 * 1000000 };
		int lock;

		(void)close(stop[1]);
		if (store_lock(dirfd, LONG_MS, &lock) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		MUST(read(stop[0], &c, 1) == 0);
		(void)nanosleep(&while_ms, NULL);
		_exit(0);
	}
	(void)close(ready[1]);
	(void)close(stop[0]);
	MUST(read(ready[0], &c, 1) == 1);
	(void)close(ready[0]);
	*ret_pipe = stop[1];
	return pid;
}

/* --- writing ------------------------------------------------------------------- */

static void publishes(void)
{
	auto_tmp struct tmp t = tmp_make();
	mode_t old = umask(077);
	struct stat st;

	T(put(t.fd, "x", "first") == 0);
	T(tmp_has(t.fd, "x", "first"));
	T(put(t.fd, "x", "2nd") == 0);
	T(tmp_has(t.fd, "x", "2nd"));
	T(put(t.fd, "x", "") == 0);
	T(tmp_has(t.fd, "x", ""));
	T(fstatat(t.fd, "x", &st, 0) == 0 && st.st_mode == (S_IFREG | 0644));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
	(void)umask(old);
}

/* Data on disk, then the name, then the folder: else a power cut tears it. */
static void publishes_in_order(void)
{
	auto_tmp struct tmp t = tmp_make();

	no_faults();
	T(put(t.fd, "x", "new") == 0);
	T(strcmp(fault.order, "fcrd") == 0);
}

static void shows_nothing_before_the_commit(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "x", "old");
	{
		auto_store struct store st = STORE_INIT;

		T(store_begin(&st, t.fd, "x", 0644) == 0);
		T(store_write(&st, "new", 3) == 0);
		T(tmp_has(t.fd, "x", "old"));
		T(tmp_count(t.fd, STORE_TMP_PREFIX) == 1);
	}
	T(tmp_has(t.fd, "x", "old"));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
}

static void can_be_used_again(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_store struct store st = STORE_INIT;

	T(store_begin(&st, t.fd, "x", 0644) == 0);
	store_abort(&st);
	store_abort(&st);
	T(store_begin(&st, t.fd, "x", 0600) == 0);
	T(store_write(&st, "a", 1) == 0 && store_write(&st, "b", 1) == 0);
	T(store_commit(&st) == 0);
	T(tmp_has(t.fd, "x", "ab"));
}

static void replaces_a_link_not_its_target(void)
{
	auto_tmp struct tmp t = tmp_make();
	struct stat st;

	tmp_put(t.fd, "target", "safe");
	MUST(symlinkat("target", t.fd, "x") == 0);
	T(put(t.fd, "x", "new") == 0);
	T(tmp_has(t.fd, "target", "safe") && tmp_has(t.fd, "x", "new"));
	T(fstatat(t.fd, "x", &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode));
}

/* Somebody guessed the name: what is there is neither followed, written nor removed. */
static void steps_round_a_planted_temp(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "target", "safe");
	MUST(linkat(t.fd, "target", t.fd, STORE_TMP_PREFIX "0000000000000000", 0) == 0);

	fault.nr_same_salts = 1;
	T(put(t.fd, "x", "new") == 0);
	T(tmp_has(t.fd, "x", "new"));

	fault.nr_same_salts = INT_MAX;
	T(put(t.fd, "x", "newer") == -EEXIST);
	T(tmp_has(t.fd, "x", "new") && tmp_has(t.fd, "target", "safe"));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 1);
	no_faults();
}

static void refuses_long_names(void)
{
	auto_tmp struct tmp t = tmp_make();
	auto_store struct store st = STORE_INIT;
	char name[STORE_NAME_MAX + 2];

	memset(name, 'n', sizeof name);
	name[sizeof name - 1] = '\0';
	T(store_begin(&st, t.fd, name, 0644) == -ENAMETOOLONG);
	name[STORE_NAME_MAX] = '\0';
	T(put(t.fd, name, "x") == 0);
}

static void refuses_a_folder_that_is_gone(void)
{
	auto_tmp struct tmp t = tmp_make();

	MUST(mkdirat(t.fd, "d", 0755) == 0);
	int fd = openat(t.fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0 && unlinkat(t.fd, "d", AT_REMOVEDIR) == 0);
	T(put(fd, "x", "new") == -ENOENT);
	(void)close(fd);
}

static void survives_short_and_interrupted_writes(void)
{
	auto_tmp struct tmp t = tmp_make();

	fault.interrupts = 2;
	fault.write_max = 3;
	T(put(t.fd, "x", "0123456789") == 0);
	T(tmp_has(t.fd, "x", "0123456789"));
	no_faults();
}

/* Whatever fails: either the old bytes and the error, or the new and none. */
static void survives_faults(void)
{
	static const struct {
		const char *row;
		int sync_file, sync_dir, close, rename;
		bool rename_works;
		int r;
		const char *order;
	} rows[] = {
		{ "fsync EIO", EIO, 0, 0, 0, false, -EIO, "f" },
		{ "fsync ENOSPC", ENOSPC, 0, 0, 0, false, -ENOSPC, "f" },
		{ "fsync EINTR is not tried again", EINTR, 0, 0, 0, false, -EINTR, "f" },
		{ "close ENOSPC, as on NFS", 0, 0, ENOSPC, 0, false, -ENOSPC, "fc" },
		{ "close EDQUOT", 0, 0, EDQUOT, 0, false, -EDQUOT, "fc" },
		{ "close EINTR, after the fsync", 0, 0, EINTR, 0, false, 0, "fcrd" },
		{ "rename EIO", 0, 0, 0, EIO, false, -EIO, "fcr" },
		{ "rename EROFS", 0, 0, 0, EROFS, false, -EROFS, "fcr" },
		{ "rename ENOENT", 0, 0, 0, ENOENT, false, -ENOENT, "fcr" },
		{ "rename ENOENT, but done", 0, 0, 0, ENOENT, true, 0, "fcrd" },
		{ "fsync of the folder", 0, EIO, 0, 0, false, 0, "fcrd" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		auto_tmp struct tmp t = tmp_make();

		tmp_put(t.fd, "x", "old");
		fault.sync_file = rows[i].sync_file;
		fault.sync_dir = rows[i].sync_dir;
		fault.close = rows[i].close;
		fault.rename = rows[i].rename;
		fault.rename_works = rows[i].rename_works;
		T_ROW(rows[i].row);
		T(put(t.fd, "x", "new") == rows[i].r);
		T(tmp_has(t.fd, "x", rows[i].r == 0 ? "new" : "old"));
		T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
		T(strcmp(fault.order, rows[i].order) == 0);
		no_faults();
	}
}

static void keeps_the_old_on_a_full_disk(void)
{
	auto_tmp struct tmp t = tmp_make();

	tmp_put(t.fd, "x", "old");
	{
		auto_store struct store st = STORE_INIT;
		int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

		T(store_begin(&st, t.fd, "x", 0644) == 0);
		MUST(full >= 0 && dup2(full, st.fd) == st.fd && close(full) == 0);
		T(store_write(&st, "new", 3) == -ENOSPC);
	}
	T(tmp_has(t.fd, "x", "old"));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
}

static void keeps_the_old_at_the_size_limit(void)
{
	auto_tmp struct tmp t = tmp_make();
	int status;
	pid_t pid;

	tmp_put(t.fd, "x", "old");
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct rlimit limit = { 5, 5 };

		(void)signal(SIGXFSZ, SIG_IGN);
		MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
		_exit(put(t.fd, "x", "too long") == -EFBIG ? 0 : 1);
	}
	wait_for(pid, &status);
	T(status == 0);
	T(tmp_has(t.fd, "x", "old"));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
}

static void a_killed_writer_leaves_the_old(void)
{
	auto_tmp struct tmp t = tmp_make();
	int status;
	pid_t pid;

	tmp_put(t.fd, "x", "old");
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		struct store st = STORE_INIT;

		if (store_begin(&st, t.fd, "x", 0644) == 0 &&
		    store_write(&st, "new", 3) == 0)
			(void)raise(SIGKILL);
		_exit(1);
	}
	wait_for(pid, &status);
	T(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	T(tmp_has(t.fd, "x", "old"));
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 1);
	T(store_sweep(t.fd) == 1);
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 0);
	T(tmp_has(t.fd, "x", "old"));
}

/* --- sweeping ------------------------------------------------------------------ */

static void sweeps_only_leftovers(void)
{
	static const char *const stay[] = {
		STORE_LOCK,       "x",
		".tmp",           "a.tmp-b",
		STORE_TMP_PREFIX, STORE_TMP_PREFIX "0123456789abcdeg"
	};
	auto_tmp struct tmp t = tmp_make();

	for (size_t i = 0; i < NR(stay); i++)
		tmp_put(t.fd, stay[i], "stays");
	tmp_put(t.fd, STORE_TMP_PREFIX "0123456789abcdef", "goes");
	MUST(symlinkat("x", t.fd, STORE_TMP_PREFIX "0000000000000001") == 0);
	MUST(mkdirat(t.fd, STORE_TMP_PREFIX "0000000000000002", 0755) == 0);
	MUST(mkfifoat(t.fd, STORE_TMP_PREFIX "0000000000000003", 0644) == 0);

	T(store_sweep(t.fd) == 1);
	T(tmp_count(t.fd, STORE_TMP_PREFIX) == 5);
	for (size_t i = 0; i < NR(stay); i++) {
		T_ROW(stay[i]);
		T(tmp_has(t.fd, stay[i], "stays"));
	}
	T(store_sweep(t.fd) == 0);
}

static void sweeps_no_file(void)
{
	auto_tmp struct tmp t = tmp_make();
	int fd;

	tmp_put(t.fd, "x", "");
	fd = openat(t.fd, "x", O_RDONLY | O_CLOEXEC);
	MUST(fd >= 0);
	T(store_sweep(fd) == -ENOTDIR);
	(void)close(fd);
}

/* --- locking ------------------------------------------------------------------- */

static void one_at_a_time(void)
{
	auto_tmp struct tmp t = tmp_make();
	int pipe_end, lock = -1, status;
	pid_t pid = hold_lock(t.fd, &pipe_end);
	struct stat st;

	T(store_lock(t.fd, 0, &lock) == -ETIMEDOUT);
	T(store_lock(t.fd, 20, &lock) == -ETIMEDOUT);
	T(lock == -1);
	T(fstatat(t.fd, STORE_LOCK, &st, 0) == 0 && st.st_mode == (S_IFREG | 0600));

	(void)close(pipe_end); /* it lets go while we wait */
	T(store_lock(t.fd, LONG_MS, &lock) == 0);
	T(lock >= 0);
	wait_for(pid, &status);
	T(status == 0);
	(void)close(lock);
}

static void a_killed_holder_lets_go(void)
{
	auto_tmp struct tmp t = tmp_make();
	int pipe_end, lock = -1, status;
	pid_t pid = hold_lock(t.fd, &pipe_end);

	MUST(kill(pid, SIGKILL) == 0);
	wait_for(pid, &status);
	T(store_lock(t.fd, 0, &lock) == 0 && lock >= 0);
	(void)close(lock);
	(void)close(pipe_end);
}

/* POSIX locks would fail this: they belong to the process, and any close drops them. */
static void holds_against_its_own_process(void)
{
	auto_tmp struct tmp t = tmp_make();
	int first = -1, second = -1, other;

	T(store_lock(t.fd, 0, &first) == 0);
	other = openat(t.fd, STORE_LOCK, O_RDWR | O_CLOEXEC);
	MUST(other >= 0 && close(other) == 0);
	T(store_lock(t.fd, 0, &second) == -ETIMEDOUT);
	(void)close(first);
	T(store_lock(t.fd, 0, &second) == 0 && second >= 0);
	(void)close(second);
}

static void goes_on_where_there_are_no_locks(void)
{
	static const struct {
		const char *row;
		int error, r;
	} rows[] = {
		{ "ENOLCK", ENOLCK, 0 },
		{ "EOPNOTSUPP", EOPNOTSUPP, 0 },
		{ "EINVAL", EINVAL, 0 },
		{ "EIO", EIO, -EIO },
		{ "EACCES is busy", EACCES, -ETIMEDOUT },
		{ "EINTR is tried again", EINTR, -ETIMEDOUT },
	};
	auto_tmp struct tmp t = tmp_make();

	for (size_t i = 0; i < NR(rows); i++) {
		int lock = -2;

		T_ROW(rows[i].row);
		fault.fcntl = rows[i].error;
		T(store_lock(t.fd, 1, &lock) == rows[i].r);
		T(lock == (rows[i].r == 0 ? -1 : -2));
		no_faults();
	}
}

static void follows_no_planted_lock(void)
{
	auto_tmp struct tmp t = tmp_make();
	int lock = -1;

	MUST(symlinkat("elsewhere", t.fd, STORE_LOCK) == 0);
	T(store_lock(t.fd, 0, &lock) == -ELOOP);
	T(tmp_count(t.fd, "elsewhere") == 0);
}

int main(void)
{
	RUN(publishes);
	RUN(publishes_in_order);
	RUN(shows_nothing_before_the_commit);
	RUN(can_be_used_again);
	RUN(replaces_a_link_not_its_target);
	RUN(steps_round_a_planted_temp);
	RUN(refuses_long_names);
	RUN(refuses_a_folder_that_is_gone);
	RUN(survives_short_and_interrupted_writes);
	RUN(survives_faults);
	RUN(keeps_the_old_on_a_full_disk);
	RUN(keeps_the_old_at_the_size_limit);
	RUN(a_killed_writer_leaves_the_old);
	RUN(sweeps_only_leftovers);
	RUN(sweeps_no_file);
	RUN(one_at_a_time);
	RUN(a_killed_holder_lets_go);
	RUN(holds_against_its_own_process);
	RUN(goes_on_where_there_are_no_locks);
	RUN(follows_no_planted_lock);
	return t_done();
}
