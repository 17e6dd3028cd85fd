/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A scan and its surroundings: rights, clocks, mounts, filters, limits of the process. */
#include "scan.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "item.h"
#include "t.h"
#include "tree.h"

#define N(a) (sizeof(a) / sizeof(a)[0])
#define EP "/entry_points.txt"
#define INFO "foo-1.0.dist-info"
#define LOUD "FOO-1.DIST-INFO" /* asks METADATA for the name */

static const struct scan_opts live = { .confined = false };
static const struct scan_opts confined = { .confined = true };

static void put_info(int site, const char *folder)
{
	char path[300];

	MUST(mkdirat(site, folder, 0755) == 0);
	MUST(snprintf(path, sizeof path, "%s" EP, folder) < (int)sizeof path);
	tmp_put(site, path, TREE_TEXT);
}

static struct scan_item one(struct scan *s, int site, const struct scan_opts *opts,
			    const char *folder)
{
	struct scan_item it = { .state = SCAN_BROKEN, .why = SCAN_IO_ERROR };

	s->dirfd = site;
	s->opts = *opts;
	s->fs = stamp_fs(site);
	T(scan_one(s, span_of(folder), name_kind(span_of(folder), opts->in_egg), &it) ==
	  0);
	return it;
}

/* --- the list ------------------------------------------------------------------- */

static void put_many(int site, int nr)
{
	for (int i = 0; i < nr; i++) {
		char name[256];
		int n = snprintf(name, sizeof name, "%d-%0*d.%s", i, i % 200 + 1, 0,
				 i % 3 == 0   ? "egg-info"
				 : i % 3 == 1 ? "dist-info"
					      : "py");

		MUST(n > 0 && n < (int)sizeof name);
		tmp_put(site, name, "");
	}
}

static void lists_in_the_order_of_readdir(void)
{
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	enum name_kind kind;
	struct span folder;
	size_t n = 0;
	DIR *d;

	put_many(t.site, 3000);
	d = fdopendir(openat(t.site, ".", O_RDONLY | O_DIRECTORY));
	MUST(d);
	/* Twice, as a listing starts at the beginning wherever the last one ended. */
	T(scan_begin(&s, t.site, &confined) == 0 &&
	  scan_begin(&s, t.site, &confined) == 0);
	T(s.steady && s.nr_names == 2000);
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		if (name_kind(span_of(e->d_name), false) == NAME_OTHER)
			continue;
		n++;
		T(scan_name(&s, &folder, &kind) == 1);
		T(span_eq(folder, span_of(e->d_name)) &&
		  kind == name_kind(folder, false));
	}
	T(n == 2000 && scan_name(&s, &folder, &kind) == 0);
	(void)closedir(d);
}

static void takes_egg_info_only_in_an_egg(void)
{
	const struct scan_opts egg = { .in_egg = true };
	auto_tree struct tree t = tree_make();
	auto_scan struct scan in = SCAN_INIT, out = SCAN_INIT;
	struct scan_item it;

	put_info(t.site, "EGG-INFO");
	tmp_put(t.site, "EGG-INFO/PKG-INFO", "Name: foo\nVersion: 2\n");
	T(scan_begin(&out, t.site, &live) == 0 && out.nr_names == 0);
	T(scan_begin(&in, t.site, &egg) == 0 && in.nr_names == 1);
	T(scan_next(&in, &it) == 1);
	T(it.state == SCAN_TEXT && it.kind == NAME_EGG && !it.name_settled);
	T(span_eq(it.name, span_of("foo")) && span_eq(it.version, span_of("2")));
}

static void says_what_cannot_be_listed(void)
{
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	int fd = openat(t.tmp.fd, "out/text", O_RDONLY | O_CLOEXEC);

	MUST(fd >= 0);
	T(scan_begin(&s, fd, &live) == -ENOTDIR);
	T(scan_begin(&s, -1, &live) == -EBADF);
	MUST(unlinkat(t.tmp.fd, "site", AT_REMOVEDIR) == 0);
	T(scan_begin(&s, t.site, &live) == -ENOENT);
	(void)close(fd);
}

/* --- rights --------------------------------------------------------------------- */

struct mode_row {
	const char *name;
	mode_t folder, text, meta;
	enum scan_state live, confined, public_only; /* as INFO */
	enum scan_state live_name, confined_name;    /* as LOUD */
};

static const struct mode_row modes[] = {
	{ "open", 0755, 0644, 0644, SCAN_TEXT, SCAN_TEXT, SCAN_TEXT, SCAN_TEXT,
	  SCAN_TEXT },
	{ "not to be listed", 0711, 0444, 0444, SCAN_TEXT, SCAN_TEXT, SCAN_TEXT,
	  SCAN_TEXT, SCAN_TEXT },
	{ "text closed", 0755, 0, 0644, SCAN_PRIVATE, SCAN_PRIVATE, SCAN_PRIVATE,
	  SCAN_PRIVATE, SCAN_PRIVATE },
	{ "folder closed", 0, 0644, 0644, SCAN_PRIVATE, SCAN_PRIVATE, SCAN_PRIVATE,
	  SCAN_BROKEN, SCAN_PRIVATE },
	{ "METADATA closed", 0755, 0644, 0, SCAN_TEXT, SCAN_TEXT, SCAN_TEXT, SCAN_BROKEN,
	  SCAN_PRIVATE },
};

struct mode_case {
	const struct mode_row *row;
	int site;
};

static void scan_modes(void *arg)
{
	const struct scan_opts public_only = { .confined = true, .public_only = true };
	const struct mode_case *c = arg;
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	T(one(&s, c->site, &live, INFO).state == c->row->live);
	T(one(&s, c->site, &confined, INFO).state == c->row->confined);
	T(one(&s, c->site, &public_only, INFO).state == c->row->public_only);

	it = one(&s, c->site, &live, LOUD);
	T(it.state == c->row->live_name);
	T((it.name.p == NULL) == (it.state == SCAN_BROKEN));
	it = one(&s, c->site, &confined, LOUD);
	T(it.state == c->row->confined_name);
}

static void chmod_all(int site, mode_t folder, mode_t text, mode_t meta)
{
	MUST(fchmodat(site, INFO EP, text, 0) == 0);
	MUST(fchmodat(site, LOUD EP, text, 0) == 0);
	MUST(fchmodat(site, LOUD "/METADATA", meta, 0) == 0);
	MUST(fchmodat(site, INFO, folder, 0) == 0);
	MUST(fchmodat(site, LOUD, folder, 0) == 0);
}

static void sees_what_its_user_may_see(void)
{
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	put_info(t.site, LOUD);
	tmp_put(t.site, LOUD "/METADATA", "Name: Foo\n");
	for (size_t i = 0; i < N(modes); i++) {
		struct mode_case c = { modes + i, t.site };

		T_ROW(modes[i].name);
		chmod_all(t.site, modes[i].folder, modes[i].text, modes[i].meta);
		as_nobody(scan_modes, &c);
		MUST(fchmodat(t.site, INFO, 0755, 0) == 0);
		MUST(fchmodat(t.site, LOUD, 0755, 0) == 0);
	}
}

/* Whoever scans, and root is not kept out by any mode. */
static void keeps_private_what_some_may_not_read(void)
{
	static const struct {
		const char *name;
		mode_t folder, text;
		enum scan_state state;
	} rows[] = {
		{ "for all", 0755, 0644, SCAN_TEXT },
		{ "for all, by their names", 0711, 0444, SCAN_TEXT },
		{ "text not for others", 0755, 0640, SCAN_PRIVATE },
		{ "text not for the group", 0755, 0604, SCAN_PRIVATE },
		{ "folder not for others", 0750, 0644, SCAN_PRIVATE },
		{ "folder not for the group", 0705, 0644, SCAN_PRIVATE },
		{ "folder to be listed, not entered", 0744, 0644, SCAN_PRIVATE },
	};
	const struct scan_opts opts = { .confined = true, .public_only = true };
	const struct scan_opts mine = { .confined = true, .keeper = geteuid() };
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	put_info(t.site, LOUD);
	tmp_put(t.site, LOUD "/METADATA", "Name: Foo\n");
	for (size_t i = 0; i < N(rows); i++) {
		auto_scan struct scan s = SCAN_INIT;
		struct scan_item it;

		T_ROW(rows[i].name);
		chmod_all(t.site, rows[i].folder, rows[i].text, rows[i].text);
		T(one(&s, t.site, &opts, INFO).state == rows[i].state);
		it = one(&s, t.site, &opts, LOUD);
		T(it.state == rows[i].state);
		T((it.name.p == NULL) == (it.state == SCAN_PRIVATE));
		T(one(&s, t.site, &mine, INFO).state == SCAN_TEXT);
	}
}

static void takes_a_plain_file_for_no_closed_folder(void)
{
	const struct scan_opts opts = { .confined = true, .public_only = true };
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	tmp_put(t.site, "FOO.EGG-INFO", "Name: Foo\n");
	it = one(&s, t.site, &opts, "FOO.EGG-INFO");
	T(it.state == SCAN_ABSENT && span_eq(it.name, span_of("Foo")));
}

/* --- clocks ---------------------------------------------------------------------- */

/* The file systems that tests run on have fine stamps, or there is nothing to see. */
static bool stamps_are_fine(int fd)
{
	struct stamp st;

	return !stamp_fs(fd).remote && !stamp_fs(fd).doubt &&
	       stamp_at(fd, "", FRESH_LOCAL, &st) == 0 &&
	       st.token.ctime_ns % 1000000000 != 0;
}

static void waits_once_for_all_tokens(void)
{
	const struct scan_opts opts = { .confined = true, .settle = true };
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;
	int r;

	put_info(t.site, INFO);
	put_info(t.site, "bar-1.0.dist-info");
	if (!stamps_are_fine(t.site)) {
		printf("# skipped: stamps of whole seconds, or not of a known clock\n");
		return;
	}
	T(scan_begin(&s, t.site, &opts) == 0);
	T(fresh_settled_local(&s.token, s.before_ns, false));
	while ((r = scan_next(&s, &it)) > 0)
		T(it.state == SCAN_TEXT &&
		  fresh_settled_local(&it.token, it.before_ns, false));
	T(r == 0);
}

/* Put a stamp as far ahead of the clock as a scan would wait for. */
static void stamp_ahead(int fd)
{
	int64_t soon = stamp_now_ns() + FRESH_TICK_WAIT_NS - 1;
	struct timespec times[2] = {
		{ .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)(soon / 1000000000),
		  .tv_nsec = (long)(soon % 1000000000) },
	};

	MUST(futimens(fd, times) == 0);
}

static void spends_its_wait(void)
{
	auto_tree struct tree t = tree_make();
	struct scan s = SCAN_INIT;
	int64_t before_ns;
	struct stamp st;

	s.wait_ns = FRESH_TICK_WAIT_NS;
	s.fs = FRESH_REMOTE;
	stamp_ahead(t.site);
	T(item_stamp(&s, t.site, &st, &before_ns) == 0 &&
	  s.wait_ns == FRESH_TICK_WAIT_NS);
	if (!stamps_are_fine(t.site))
		return;

	/* Where the machine is so slow that a stamp is past when seen, try again. */
	s.fs = FRESH_LOCAL;
	for (int i = 0; i < 100 && s.wait_ns > 0; i++) {
		stamp_ahead(t.site);
		T(item_stamp(&s, t.site, &st, &before_ns) == 0);
	}
	T(s.wait_ns == 0);
}

/* Nor where the stamps are another clock's. */
static void does_not_wait_unasked(void)
{
	const struct scan_opts opts = { .settle = true };
	autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_scan struct scan s = SCAN_INIT;

	T(scan_begin(&s, proc, &confined) == 0 && s.wait_ns == 0);
	T(scan_begin(&s, proc, &opts) == 0 && s.wait_ns == FRESH_TICK_WAIT_NS);
}

/* A link leads there in a live scan; a mount below the directory would be the same. */
static void settles_no_token_of_another_mount(void)
{
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	MUST(mkdirat(t.site, INFO, 0755) == 0);
	MUST(symlinkat("../../out/text", t.site, INFO EP) == 0);
	T(scan_begin(&s, t.site, &live) == 0 && scan_next(&s, &it) == 1);
	T(it.state == SCAN_TEXT && it.before_ns >= s.before_ns);
	if (s.mount == 0) {
		printf("# skipped: a kernel that tells no mounts\n");
		return;
	}
	MUST(unlinkat(t.site, INFO EP, 0) == 0);
	MUST(symlinkat("/proc/cpuinfo", t.site, INFO EP) == 0);
	T(scan_begin(&s, t.site, &live) == 0 && scan_next(&s, &it) == 1);
	T(it.state == SCAN_TEXT && it.before_ns == INT64_MIN);
}

static void stamps_as_stat_says(void)
{
	static const char *const names[] = { "", "out", "out/text", "link" };
	static const struct fresh_fs kinds[] = { { false, FRESH_NO_DOUBT },
						 { true, FRESH_NO_DOUBT },
						 { false, FRESH_OVERLAY } };
	auto_tree struct tree t = tree_make();
	struct stamp st;
	struct stat want;

	MUST(symlinkat("out/text", t.tmp.fd, "link") == 0);
	for (size_t i = 0; i < N(names); i++) {
		T_ROW(names[i]);
		T(fstatat(t.tmp.fd, names[i], &want, AT_EMPTY_PATH) == 0);
		for (size_t k = 0; k < N(kinds); k++) {
			T(stamp_at(t.tmp.fd, names[i], kinds[k], &st) == 0);
			T(st.token.ino == want.st_ino);
			T(st.token.size == (uint64_t)want.st_size);
			T(st.token.type == (want.st_mode & S_IFMT));
			T(st.token.mtime_ns == (int64_t)want.st_mtim.tv_sec * 1000000000 +
						       want.st_mtim.tv_nsec);
			T(st.token.ctime_ns == (int64_t)want.st_ctim.tv_sec * 1000000000 +
						       want.st_ctim.tv_nsec);
			T(st.mode == want.st_mode && st.uid == want.st_uid);
		}
	}
	T(stamp_at(t.tmp.fd, "none", FRESH_LOCAL, &st) == -ENOENT);
}

static void knows_whose_clock_it_is(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fresh_seen a = stamp_seen(), b = stamp_seen();

	T(stamp_fs(proc).doubt == FRESH_UNLISTED && stamp_fs(proc).remote);
	T(stamp_fs(-1).doubt == FRESH_UNLISTED);
	T(a.boot == b.boot && a.boot_ns > 0 && b.boot_ns >= a.boot_ns && a.wall_ns > 0);
	(void)close(proc);
}

/* --- a process of its own -------------------------------------------------------- */

static void apart(void (*test)(int), int site)
{
	int status;
	pid_t pid;

	(void)fflush(stdout);
	pid = fork();
	MUST(pid >= 0);
	if (pid == 0) {
		t_bad_here = 0;
		test(site);
		(void)fflush(stdout);
		_exit(t_bad_here != 0);
	}
	T(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Refuse statx(2) and openat2(2), as old container managers do. */
static bool refuse(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_statx, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	};
	struct sock_fprog filter = { N(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

static void scan_filtered(int site)
{
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;
	struct stamp st;

	if (!refuse()) {
		printf("# skipped: no seccomp: %s\n", strerror(errno));
		return;
	}
	T(stamp_at(site, INFO, FRESH_LOCAL, &st) == 0);
	T(S_ISDIR(st.mode) && st.token.btime_ns == 0 && st.token.ino != 0);
	T(scan_begin(&s, site, &confined) == 0 && s.steady);
	T(scan_next(&s, &it) == 1 && it.state == SCAN_TEXT);
}

static void copes_with_filters(void)
{
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	apart(scan_filtered, t.site);
}

/* Each call of these fails with this errno from now on. */
static bool refuse_with(unsigned call, unsigned other, unsigned error)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, other, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
	};
	struct sock_fprog filter = { N(code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

/* What an error of every open below the directory makes of its items, and of the scan. */
static const struct {
	const char *name;
	int error;
	enum scan_state state; /* of each item, where the scan goes on */
	int item, end; /* what scan_next() returns at the first item, at the end */
} open_errors[] = {
	{ "ENOENT", ENOENT, SCAN_ABSENT, 1, -EOPNOTSUPP },
	{ "ENOTDIR", ENOTDIR, SCAN_ABSENT, 1, -EOPNOTSUPP },
	{ "EACCES", EACCES, SCAN_PRIVATE, 1, 0 },
	{ "EPERM", EPERM, SCAN_PRIVATE, 1, 0 },
	{ "EIO", EIO, SCAN_BROKEN, 1, 0 },
	{ "ESTALE", ESTALE, SCAN_BROKEN, 1, 0 },
	{ "EINVAL", EINVAL, SCAN_BROKEN, 1, 0 },
	{ "ENOSYS", ENOSYS, SCAN_BROKEN, 1, 0 },
	{ "ENAMETOOLONG", ENAMETOOLONG, SCAN_BROKEN, 1, 0 },
	{ "ENOMEM", ENOMEM, SCAN_BROKEN, -ENOMEM, 0 },
	{ "EMFILE", EMFILE, SCAN_BROKEN, -EMFILE, 0 },
	{ "ENFILE", ENFILE, SCAN_BROKEN, -ENFILE, 0 },
};
static size_t open_error;          /* the row */
static const struct scan_opts *by; /* how it is scanned */

static void scan_where_opens_fail(int site)
{
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	T_ROW(open_errors[open_error].name);
	T(scan_begin(&s, site, by) == 0);
	if (!refuse_with(SYS_openat, SYS_openat2,
			 (unsigned)open_errors[open_error].error)) {
		printf("# skipped: no seccomp: %s\n", strerror(errno));
		return;
	}
	T(scan_next(&s, &it) == open_errors[open_error].item);
	if (open_errors[open_error].item != 1)
		return;
	T(it.state == open_errors[open_error].state);
	T(scan_next(&s, &it) == open_errors[open_error].end);
}

static void takes_no_error_for_an_absence(void)
{
	static const struct scan_opts *const ways[] = { &live, &confined };
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	for (open_error = 0; open_error < N(open_errors); open_error++)
		for (size_t i = 0; i < N(ways); i++) {
			by = ways[i];
			apart(scan_where_opens_fail, t.site);
		}
}

static void scan_where_acls_are_refused(int site)
{
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	T(scan_begin(&s, site, &confined) == 0);
	if (!refuse_with(SYS_fgetxattr, SYS_fgetxattr, EPERM)) {
		printf("# skipped: no seccomp: %s\n", strerror(errno));
		return;
	}
	T(scan_next(&s, &it) == 1 && it.state == SCAN_PRIVATE);
}

static void takes_an_acl_that_is_not_told_for_one(void)
{
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	apart(scan_where_acls_are_refused, t.site);
}

static void scan_without_descriptors(int site)
{
	const struct rlimit none = { 0, 0 };
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;

	T(scan_begin(&s, site, &confined) == 0);
	MUST(setrlimit(RLIMIT_NOFILE, &none) == 0);
	T(scan_next(&s, &it) == -EMFILE);
}

/* Which would otherwise be taken for what the item is. */
static void passes_on_that_it_has_no_descriptors(void)
{
	auto_tree struct tree t = tree_make();

	put_info(t.site, INFO);
	apart(scan_without_descriptors, t.site);
}

int main(void)
{
	RUN(lists_in_the_order_of_readdir);
	RUN(takes_egg_info_only_in_an_egg);
	RUN(says_what_cannot_be_listed);
	RUN(sees_what_its_user_may_see);
	RUN(keeps_private_what_some_may_not_read);
	RUN(takes_a_plain_file_for_no_closed_folder);
	RUN(waits_once_for_all_tokens);
	RUN(spends_its_wait);
	RUN(does_not_wait_unasked);
	RUN(settles_no_token_of_another_mount);
	RUN(stamps_as_stat_says);
	RUN(knows_whose_clock_it_is);
	RUN(copes_with_filters);
	RUN(takes_no_error_for_an_absence);
	RUN(takes_an_acl_that_is_not_told_for_one);
	/* Valgrind keeps descriptors of its own, and lets nobody lower the limit. */
	if (getenv("VALGRIND"))
		printf("ok %d - no descriptors # SKIP under valgrind\n", ++t_count);
	else
		RUN(passes_on_that_it_has_no_descriptors);
	return t_done();
}
