/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Interpreters that never answer: python_ask() ends, and ends what it has started. */
/* Else clang takes what is put in poll(2)'s place for glibc's inline function. */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "python.h"
#include "t.h"
#include "tmp.h"

#define NR(a) (sizeof(a) / sizeof(a)[0])
#define NAP_MS 200       /* stand for any longer time */
#define PATIENCE_MS 5000 /* until what was killed is gone */

/* --- time that passes as it is waited for ---------------------------------------- */

static struct {
	bool hurry;       /* waiting takes NAP_MS at most, and the clock jumps */
	int64_t ahead_ms; /* of the clock */
	int nr_eintr;     /* of the calls of poll() to come */
	bool blocked;     /* in a read() that was not polled for */
	bool ready;
	uid_t euid;
} play;

/* These are this program's own: the static library calls them in place of libc's. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = (int)syscall(SYS_clock_gettime, clock, ret);

	ret->tv_sec += play.ahead_ms / 1000;
	ret->tv_nsec += play.ahead_ms % 1000 * 1000000;
	if (ret->tv_nsec >= 1000000000) {
		ret->tv_sec++;
		ret->tv_nsec -= 1000000000;
	}
	return r;
}

static int wait_for(struct pollfd *p, int ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000L };

	return (int)syscall(SYS_ppoll, p, 1, &t, NULL, 0);
}

int poll(struct pollfd *p, nfds_t n, int ms)
{
	int r;

	(void)n;
	play.ready = false;
	if (play.nr_eintr > 0) {
		play.nr_eintr--;
		errno = EINTR;
		return -1;
	}
	r = wait_for(p, play.hurry && ms > NAP_MS ? NAP_MS : ms);
	if (r == 0 && play.hurry)
		play.ahead_ms += ms;
	play.ready = r > 0;
	return r;
}

ssize_t read(int fd, void *buf, size_t n)
{
	play.blocked |= !play.ready;
	return play.ready ? syscall(SYS_read, fd, buf, n) : 0;
}

/* What a fortified library calls. */
ssize_t __read_chk(int fd, void *buf, size_t n, size_t size);

ssize_t __read_chk(int fd, void *buf, size_t n, size_t size)
{
	(void)size;
	return read(fd, buf, n);
}

int nanosleep(const struct timespec *t, struct timespec *ret_left)
{
	play.ahead_ms += play.hurry ? 1000 : 0;
	return (int)syscall(SYS_nanosleep, t, ret_left);
}

uid_t geteuid(void)
{
	return play.euid;
}

/* --- asking --------------------------------------------------------------------- */

/* Of what is asked: descriptors 8 and 9, by which it is seen to end, and can hang. */
enum { LIFE = 8, HANG = 9 };

struct asked {
	int r;
	size_t nr;  /* directories it told */
	bool ended; /* with all that it has started, and silent on LIFE */
};

static void make_pipe(int own[2], int side, int number)
{
	MUST(pipe2(own, O_CLOEXEC) == 0 && dup2(own[side], number) == number);
}

/* Run a script in place of an interpreter.  "h" in it hangs, until this returns. */
static struct asked ask(const char *script)
{
	auto_tmp struct tmp t = tmp_make();
	auto_dirs struct dirs d = { 0 };
	struct asked a = { 0 };
	struct epc_ctx *ctx;
	char exe[PATH_MAX + 8];
	int life[2], hang[2];
	struct pollfd p;

	(void)snprintf(exe, sizeof exe, "%s/python", t.path);
	tmp_put(t.fd, "python", script);
	MUST(fchmodat(t.fd, "python", 0755, 0) == 0 && epc_ctx_new(&ctx) == 0);
	make_pipe(life, 1, LIFE);
	make_pipe(hang, 0, HANG);

	play.ahead_ms = 0;
	a.r = python_ask(ctx, &d, exe);
	a.nr = d.nr;

	MUST(close(LIFE) == 0 && close(HANG) == 0 && close(life[1]) == 0);
	p = (struct pollfd){ .fd = life[0], .events = POLLIN };
	a.ended = wait_for(&p, PATIENCE_MS) == 1 && p.revents == POLLHUP;
	MUST(close(life[0]) == 0 && close(hang[0]) == 0 && close(hang[1]) == 0);
	epc_ctx_free(ctx);
	return a;
}

#define SCRIPT "#!/bin/sh\nh() { read x <&9; }\n"
#define TELL "printf '/a\\0/b\\0'\n"

static void takes_what_is_told(void)
{
	static const char *const rows[] = {
		SCRIPT TELL, SCRIPT "printf '/a'; sleep 0; printf '\\0/b\\0'",
		SCRIPT
		"(h) >/dev/null 8>&- & " TELL, /* a daemon that asks nothing of us */
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct asked a;

		T_ROW(rows[i]);
		play.hurry = false;
		a = ask(rows[i]);
		T(a.r == 0 && a.nr == 2 && a.ended);
	}
}

static void gives_up_who_does_not_tell(void)
{
	static const struct {
		const char *row, *script;
	} rows[] = {
		{ "hangs", SCRIPT "h" },
		{ "hangs within its answer", SCRIPT TELL "printf /c; h" },
		{ "closes its output and hangs", SCRIPT "exec >&-; h" },
		{ "tells, closes its output and hangs", SCRIPT TELL "exec >&-; h" },
		{ "prints without end", SCRIPT "while :; do echo y; done" },
		{ "tells without end", SCRIPT "while :; do " TELL "done" },
		{ "a child holds the pipe", SCRIPT "(h) & " TELL },
		{ "a grandchild does", SCRIPT "( (h) & ) & h" },
		{ "ignores signals", SCRIPT "trap '' TERM INT HUP PIPE; h" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct asked a;

		T_ROW(rows[i].row);
		play.hurry = true;
		a = ask(rows[i].script);
		T(a.r == -1 && a.nr == 0);
		T(a.ended);
		T(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	}
}

/* What it cannot kill it does not wait for either. */
static void leaves_who_has_left(void)
{
	struct asked a;

	play.hurry = true;
	a = ask(SCRIPT "setsid sh -c 'exec 8>&-; read x <&9' & " TELL);
	T(a.r == -1 && a.nr == 0 && a.ended);
}

/* By a stop and a continuation, say. */
static void keeps_to_the_limit_when_interrupted(void)
{
	struct asked a;

	play.hurry = true;
	play.nr_eintr = 3;
	a = ask(SCRIPT "h");
	T(a.r == -1 && a.ended && !play.blocked);
	play.hurry = false;
	play.nr_eintr = 1;
	a = ask(SCRIPT TELL);
	T(a.r == 0 && a.nr == 2 && !play.blocked);
}

static void runs_nothing_as_root(void)
{
	struct asked a;

	play.euid = 0;
	a = ask(SCRIPT "echo I live >&8; " TELL);
	T(a.r == -1 && a.nr == 0 && a.ended);
	play.euid = 1001;
}

int main(void)
{
	play.euid = 1001;
	RUN(takes_what_is_told);
	RUN(gives_up_who_does_not_tell);
	RUN(leaves_who_has_left);
	RUN(keeps_to_the_limit_when_interrupted);
	RUN(runs_nothing_as_root);
	return t_done();
}
