/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "python.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auto.h"
#include "msg.h"
#include "sitedir.h"
#include "versions.h"

#define SYSTEM_PYTHON "/usr/bin/python3"
#define DEBIAN_MARK "/usr/lib/python3/dist-packages"
#define LINKS_MAX 40 /* as the kernel has it */

/*
 * What a Python has on its sys.path, in order: '$' is its prefix, '@' its platlibdir,
 * '%' its version.  The standard library:
 */
static const char *const stdlib_rows[] = {
	"$/@/python%",
	"$/@/python%/lib-dynload",
	NULL,
};

/* Debian and its kin: getsitepackages() of the site.py of Debian 12's Python 3.11. */
static const char *const debian_rows[] = {
	"/usr/local/lib/python%/dist-packages",
	"$/lib/python3/dist-packages",
	"$/lib/python%/dist-packages",
	NULL,
};

/*
 * Fedora and its kin, and openSUSE: sys.platlibdir is "lib64", and the site.py of both
 * is patched (00251-change-user-install-location) to put /usr/local before the prefix.
 */
static const char *const lib64_rows[] = {
	"/usr/local/lib64/python%/site-packages",
	"/usr/local/lib/python%/site-packages",
	"$/lib64/python%/site-packages",
	"$/lib/python%/site-packages",
	NULL,
};

/* CPython as it is released: Arch, Alpine, Gentoo, and whatever is in /usr/local. */
static const char *const plain_rows[] = {
	"$/@/python%/site-packages",
	"$/lib/python%/site-packages",
	NULL,
};

static const char *const script_path[] = { "/usr/bin", "/usr/local/bin", NULL };

/* One installation. */
struct python {
	char prefix[PATH_MAX];
	const char *lib; /* "lib", "lib64": where its standard library is */
	struct version version;
};

/* --- from an installation to directories ------------------------------------- */

static bool exists(struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = epc_ctx_open(ctx, path, O_PATH);

	return !versions_is_missing(path, fd);
}

/* False when the path would be too long to exist. */
static bool fill_in(const char *row, const struct python *p, char path[PATH_MAX])
{
	size_t n = 0;

	for (; *row; row++) {
		char one[] = { *row, '\0' };
		const char *part = *row == '$'   ? p->prefix
				   : *row == '@' ? p->lib
				   : *row == '%' ? p->version.text
						 : one;
		size_t len = strlen(part);

		if (len >= PATH_MAX - n)
			return false;
		memcpy(path + n, part, len + 1);
		n += len;
	}
	return true;
}

static bool row_exists(struct epc_ctx *ctx, const char *row, const struct python *p)
{
	char path[PATH_MAX];

	return fill_in(row, p, path) && exists(ctx, path);
}

static int add_rows(struct epc_ctx *ctx, struct dirs *d, const char *const *rows,
		    const struct python *p)
{
	char path[PATH_MAX];

	for (; *rows; rows++)
		if (fill_in(*rows, p, path) && dirs_add_existing(d, ctx, path) < 0)
			return -1;
	return 0;
}

static bool is_link(struct epc_ctx *ctx, const char *path)
{
	autoclose int fd = epc_ctx_open(ctx, path, O_PATH | O_NOFOLLOW);
	char target[1];

	return fd >= 0 && readlinkat(fd, "", target, sizeof target) > 0;
}

/*
 * lib64 is also a link to lib (Arch); then sys.path has the latter.  Only who may write
 * the prefix decides that: a link below lib is another's.
 */
static const char *find_lib(struct epc_ctx *ctx, const struct python *p)
{
	char path[PATH_MAX];

	if (!row_exists(ctx, "$/lib64/python%", p))
		return "lib";

	return fill_in("$/lib64", p, path) && is_link(ctx, path) ? "lib" : "lib64";
}

static const char *const *find_rows(struct epc_ctx *ctx, const struct python *p)
{
	if (strcmp(p->prefix, "/usr") != 0)
		return plain_rows;
	if (exists(ctx, DEBIAN_MARK))
		return debian_rows;

	return strcmp(p->lib, "lib64") == 0 ? lib64_rows : plain_rows;
}

static int add_python(struct epc_ctx *ctx, struct dirs *d, const struct python *p,
		      bool has_stdlib)
{
	if (has_stdlib && add_rows(ctx, d, stdlib_rows, p) < 0)
		return -1;

	return add_rows(ctx, d, find_rows(ctx, p), p);
}

/* --- what /usr/bin/python3 points to ----------------------------------------- */

/* Put where a link leads into @path; 1, 0 when it is no link, or a negative errno. */
static int follow(struct epc_ctx *ctx, char path[PATH_MAX])
{
	autoclose int fd = epc_ctx_open(ctx, path, O_PATH | O_NOFOLLOW);
	char target[PATH_MAX];
	size_t keep;
	ssize_t n;

	if (fd < 0)
		return fd;
	n = readlinkat(fd, "", target, sizeof target);
	if (n < 0) /* of what is no link */
		return errno == ENOENT || errno == EINVAL ? 0 : -errno;

	keep = target[0] == '/' ? 0 : (size_t)(strrchr(path, '/') - path) + 1;
	if (keep + (size_t)n >= PATH_MAX)
		return -ENAMETOOLONG;

	memcpy(path + keep, target, (size_t)n);
	path[keep + (size_t)n] = '\0';
	return 1;
}

static int follow_all(struct epc_ctx *ctx, char path[PATH_MAX])
{
	for (int i = 0; i <= LINKS_MAX; i++) {
		int r = follow(ctx, path);

		if (r <= 0)
			return r;
	}
	return -ELOOP;
}

/* Cut the last component off. */
static void cut(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
}

/* The installation that an interpreter belongs to: CPython starts from its own place. */
static bool find_python(struct epc_ctx *ctx, const char *exe, struct python *ret)
{
	const char *name = strrchr(exe, '/');

	if (!name || !version_of(name, &ret->version))
		return false;

	memcpy(ret->prefix, exe, strlen(exe) + 1);
	cut(ret->prefix);
	cut(ret->prefix);
	if (!*ret->prefix) /* /bin is a link to usr/bin */
		memcpy(ret->prefix, "/usr", sizeof "/usr");
	ret->lib = find_lib(ctx, ret);
	return true;
}

/* What python_ask() would not refuse. */
static const char *remedy(const struct epc_ctx *ctx)
{
	return geteuid() == 0 || epc_ctx_root_fd(ctx) >= 0
		       ? "name the directories"
		       : "name the directories, or an interpreter with --python";
}

static int find_system_python(struct epc_ctx *ctx, struct python *ret)
{
	char path[PATH_MAX] = SYSTEM_PYTHON;
	int r = follow_all(ctx, path);

	if (r < 0) {
		msg("cannot resolve '%s': %s; %s", SYSTEM_PYTHON, strerror(-r),
		    remedy(ctx));
		return -1;
	}

	sitedir_normalise(path);
	if (find_python(ctx, path, ret))
		return 0;

	msg("'%s' leads to '%s', which does not tell its version; %s", SYSTEM_PYTHON,
	    path, remedy(ctx));
	return -1;
}

/* --- as site has it ---------------------------------------------------------- */

static const char *const user_rows[] = { "$/lib/python%/site-packages", NULL };

/* Earlier releases of a version take hidden .pth files, later ones say that they do not. */
static struct sitedir_rules rules_of(struct epc_ctx *ctx, const struct python *p)
{
	struct sitedir_rules rules = { .minor = atoi(p->version.text + 2) };
	char path[PATH_MAX];
	size_t n;

	if (rules.minor < 13 && fill_in("$/@/python%/site.py", p, path)) {
		autofree char *text = sitedir_read(ctx, path, &n);

		rules.takes_hidden = text && !strstr(text, "Skipping hidden .pth");
	}
	return rules;
}

/* Put site.getuserbase() into the prefix; false where there is none. */
static bool find_user_base(struct python *p)
{
	const char *base = secure_getenv("PYTHONUSERBASE"), *home = secure_getenv("HOME");
	int n;

	if (base && *base)
		n = snprintf(p->prefix, sizeof p->prefix, "%s", base);
	else if (home && *home == '/')
		n = snprintf(p->prefix, sizeof p->prefix, "%s/.local", home);
	else
		return false;
	return n < PATH_MAX && *p->prefix == '/';
}

static bool wants_user(const struct epc_ctx *ctx)
{
	const char *no = getenv("PYTHONNOUSERSITE");

	/* The system in another folder is nobody's home. */
	return epc_ctx_root_fd(ctx) < 0 && !(no && *no) && geteuid() == getuid() &&
	       getegid() == getgid();
}

static int add_site(struct epc_ctx *ctx, struct dirs *d, const struct python *p,
		    const char *const *rows, const struct sitedir_rules *rules,
		    struct sitedir_met *met)
{
	char path[PATH_MAX];

	for (; *rows; rows++)
		if (fill_in(*rows, p, path) && sitedir_add(d, ctx, path, rules, met) < 0)
			return -1;
	return 0;
}

int python_path(struct epc_ctx *ctx, struct dirs *d, bool quiet)
{
	struct sitedir_met met = { 0 };
	struct sitedir_rules rules;
	struct python p, user;
	int r;

	if (find_system_python(ctx, &p) < 0 || add_rows(ctx, d, stdlib_rows, &p) < 0)
		return -1;

	rules = rules_of(ctx, &p);
	user = p;
	r = wants_user(ctx) && find_user_base(&user)
		    ? add_site(ctx, d, &user, user_rows, &rules, &met)
		    : 0;
	if (r == 0)
		r = add_site(ctx, d, &p, find_rows(ctx, &p), &rules, &met);
	if (r == 0 && met.nr && !quiet)
		msg("import lines of .pth files are not run, such as those of '%s'; to "
		    "have what they add, %s",
		    met.imports, remedy(ctx));
	free(met.imports);
	return r;
}

int python_user(struct epc_ctx *ctx, struct dirs *d)
{
	struct python p;

	if (find_system_python(ctx, &p) < 0)
		return -1;
	if (find_user_base(&p))
		return add_rows(ctx, d, user_rows, &p);

	msg("HOME is not set to an absolute path, so there is no user's directory");
	return -1;
}

/* --- every Python ------------------------------------------------------------ */

/* By what CPython itself looks for; else it is a folder that others put packages in. */
static bool has_stdlib(struct epc_ctx *ctx, const struct python *p)
{
	return row_exists(ctx, "$/@/python%/os.py", p) ||
	       row_exists(ctx, "$/@/python%/os.pyc", p);
}

static int add_version(struct epc_ctx *ctx, struct dirs *d, const struct version *v)
{
	static const char *const prefixes[] = { "/usr", "/usr/local" };

	for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
		struct python p = { .version = *v };

		memcpy(p.prefix, prefixes[i], strlen(prefixes[i]) + 1);
		p.lib = find_lib(ctx, &p);
		if (add_python(ctx, d, &p, has_stdlib(ctx, &p)) < 0)
			return -1;
	}
	return 0;
}

int python_system(struct epc_ctx *ctx, struct dirs *d)
{
	static const char *const parents[] = { "/usr/lib", "/usr/lib64", "/usr/local/lib",
					       "/usr/local/lib64" };
	struct versions all = { 0 };
	struct version v;
	struct python p;
	char path[PATH_MAX] = SYSTEM_PYTHON;
	size_t at = 0;

	if (follow_all(ctx, path) == 0) {
		sitedir_normalise(path);
		if (find_python(ctx, path, &p) && add_python(ctx, d, &p, true) < 0)
			return -1;
	}

	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++)
		versions_list(&all, ctx, parents[i]);
	while (versions_next(&all, &at, &v))
		if (add_version(ctx, d, &v) < 0)
			return -1;
	return 0;
}

int python_scripts(struct epc_ctx *ctx, struct dirs *d)
{
	for (const char *const *row = script_path; *row; row++)
		if (dirs_add_existing(d, ctx, *row) < 0)
			return -1;
	return 0;
}
