/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* owners.h, with helpers of this test's own: what is well-known, hostile, or not there. */
#include "nobody.h"
#include "owners.h"

#include <signal.h>
#include <stdint.h>
#include <sys/wait.h>

#include "libexec.h"
#include "t.h"
#include "tmp.h"

static char dir[PATH_MAX];

/* In the place of the one in cli.a. */
const struct libexec libexec = { dir, 1000 };

#define SH "#!/bin/sh\n"

/* A system, and a helper for dpkg that is this script. */
static struct epc_ctx *make_system(const struct tmp *t, const char *script)
{
	struct epc_ctx *ctx;

	MUST(chmod(t->path, 0755) == 0);
	MUST(mkdirat(t->fd, "var", 0755) == 0 && mkdirat(t->fd, "var/lib", 0755) == 0 &&
	     mkdirat(t->fd, "var/lib/dpkg", 0755) == 0);
	tmp_put(t->fd, "var/lib/dpkg/status", "");
	(void)snprintf(dir, sizeof dir, "%s", t->path);
	if (script) {
		tmp_put(t->fd, "epcache-owner-dpkg", script);
		MUST(fchmodat(t->fd, "epcache-owner-dpkg", 0755, 0) == 0);
	}
	MUST(epc_ctx_new(&ctx) == 0 && epc_ctx_set_root(ctx, t->path) == 0);
	return ctx;
}

/* What is said goes nowhere: here it is the answers that count. */
static void ask(struct owners *own, const char *script)
{
	static const char *const paths[] = { "/a", "/b c\n", "/d" };
	auto_tmp struct tmp t = tmp_make();
	struct epc_ctx *ctx = make_system(&t, script);
	int err = dup(2), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	MUST(err >= 0 && null >= 0 && dup2(null, 2) == 2);
	(void)close(null);
	T(owners_start(own, ctx, NULL) == 0);
	T(owners_ask(own, paths, 3) == 0);
	MUST(dup2(err, 2) == 2);
	(void)close(err);
	while (wait(NULL) > 0)
		;
	epc_ctx_free(ctx);
}

static bool is(const struct owners *own, size_t i, const char *wanted)
{
	const char *owner = owners_of(own, i);

	return wanted ? owner && strcmp(owner, wanted) == 0 : !owner;
}

static void tells_who_owns_what(void)
{
	auto_owners struct owners own = OWNERS_INIT;

	ask(&own, SH "printf 'one\\0\\0two, three\\0'\n");
	T(is(&own, 0, "one"));
	T(is(&own, 1, ""));
	T(is(&own, 2, "two, three"));
	T(is(&own, 3, NULL));
}

static void gives_the_paths_as_they_are(void)
{
	auto_owners struct owners own = OWNERS_INIT;

	ask(&own, SH "cat\n");
	T(is(&own, 0, "/a"));
	T(is(&own, 1, "/b c\n"));
	T(is(&own, 2, "/d"));
}

static void knows_nothing_from_what_fails(void)
{
	static const char *const scripts[] = {
		NULL,                                           /* not there */
		"",                                             /* no program */
		SH "printf 'a\\0b\\0c\\0'; exit 3\n",           /* void */
		SH "printf 'a\\0b\\0'\n",                       /* too few */
		SH "printf 'a\\0b\\0c\\0d\\0'\n",               /* too many */
		SH "printf 'a\\0b\\0c'\n",                      /* cut */
		SH "printf 'a\\0b\\0c\\0'; kill -9 $$\n",       /* killed */
		SH "printf 'a\\0b\\0c\\0'; exec sleep 100\n",   /* hangs */
		SH "printf 'a\\0b\\0c\\0'; sleep 100 & exit\n", /* leaves one behind */
		SH "while :; do echo error >&2; done\n",        /* complains for ever */
	};

	for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
		auto_owners struct owners own = OWNERS_INIT;

		T_ROW(scripts[i]);
		ask(&own, scripts[i]);
		for (size_t k = 0; k < 3; k++)
			T(is(&own, k, NULL));
	}
}

static void gives_it_no_rights_and_no_environment(void)
{
	auto_owners struct owners own = OWNERS_INIT;
	const char *who;
	unsigned long uid;

	MUST(setenv("SECRET", "x", 1) == 0);
	ask(&own, SH "printf '%s\\0%s\\0%s\\0' \"$(id -u)\" \"$HOME\" \"$SECRET\"\n");
	who = owners_of(&own, 0);
	uid = who ? strtoul(who, NULL, 10) : 0;
	T(geteuid() ? uid == getuid() : nobody_is_number((uid_t)uid) || uid == 65534);
	T(is(&own, 1, "/nonexistent"));
	T(is(&own, 2, ""));
}

static void nothing_is_left_running(void)
{
	auto_owners struct owners own = OWNERS_INIT;

	/* Its process ends when nobody asks. */
	auto_tmp struct tmp t = tmp_make();
	struct epc_ctx *ctx = make_system(&t, SH "cat\n");

	T(owners_start(&own, ctx, NULL) == 0);
	owners_release(&own);
	T(wait(NULL) > 0);
	T(wait(NULL) < 0);
	epc_ctx_free(ctx);
}

int main(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	RUN(tells_who_owns_what);
	RUN(gives_the_paths_as_they_are);
	RUN(knows_nothing_from_what_fails);
	RUN(gives_it_no_rights_and_no_environment);
	RUN(nothing_is_left_running);
	return t_done();
}
