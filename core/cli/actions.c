/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "msg.h"

#define NAMES_MAX 1000 /* of one place */
#define QUOTE_MAX 100  /* bytes of what is wrong that a message repeats */

/* The one that wins comes first. */
static const char *const places[] = { "/etc/epcache/actions.d",
				      "/usr/lib/epcache/actions.d" };

#define NR_PLACES (sizeof places / sizeof places[0])

/* The two, open, while they are read. */
struct search {
	struct actions *all;
	int fds[NR_PLACES]; /* owned; negative: it is not there, or not to be believed */
};

/* --- whom to believe --------------------------------------------------------- */

/* What speaks against a file or folder, or NULL. */
static const char *doubt(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "it belongs to another user than root";
	if (st->st_mode & 022)
		return "others than root may write to it";
	return NULL;
}

/* One step down: opened, and looked at. */
static int step(int at, const char *name, const char **ret_doubt)
{
	autoclose int fd = openat(at, name,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR)) {
		*ret_doubt = "it is no folder, but perhaps a symbolic link";
		return -EPERM;
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;

	*ret_doubt = doubt(&st);
	return *ret_doubt ? -EPERM : take_fd(fd);
}

static void say_folder(const char *place, const char *end, const char *why)
{
	msg("%s: the actions there are ignored, since of '%.*s' %s", place,
	    end > place ? (int)(end - place) : 1, place, why);
}

/*
 * Every folder from the root down.  No link is followed: who may change one of these
 * could register what is run.
 */
static int open_place(const struct epc_ctx *ctx, const char *place)
{
	autoclose int at = epc_ctx_open(ctx, "/", O_RDONLY | O_DIRECTORY);
	const char *why = NULL, *end = place;
	struct stat st;

	if (at < 0 || fstat(at, &st) < 0)
		return -1;
	why = doubt(&st);
	while (!why && *end) {
		char name[NAME_MAX + 1];
		size_t n = strcspn(end + 1, "/");
		int next;

		(void)snprintf(name, sizeof name, "%.*s", (int)n, end + 1);
		end += 1 + n;
		next = step(at, name, &why);
		if (next == -ENOENT)
			return -1;
		if (next < 0 && !why)
			why = strerror(-next);
		if (next >= 0) {
			(void)close(at);
			at = next;
		}
	}
	if (!why)
		return take_fd(at);

	say_folder(place, end, why);
	return -1;
}

/* --- names ------------------------------------------------------------------- */

static int add_name(struct actions *all, struct span name)
{
	struct registered *more = reallocarray(all->at, all->nr + 1, sizeof *more);

	if (!more)
		return -ENOMEM;
	all->at = more;
	more[all->nr] = (struct registered){ .action.name = strndup(name.p, name.n) };
	return more[all->nr++].action.name ? 0 : -ENOMEM;
}

/* Of "50-name.action" that without the end; what packagers and editors leave is passed over. */
static bool is_registration(const char *file, struct span *ret_name)
{
	struct span name = span_of(file);

	if (name.p[0] == '.' || !span_ends(name, span_of(ACTION_SUFFIX)))
		return false;
	name.n -= strlen(ACTION_SUFFIX);
	*ret_name = name;
	return true;
}

static int list_place(struct actions *all, size_t place, int folder)
{
	int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct span name;
	size_t nr = 0;
	int r = 0;

	if (!dir) {
		if (fd >= 0)
			(void)close(fd);
		return -ENOMEM;
	}

	while (r == 0 && (e = readdir(dir))) {
		if (!is_registration(e->d_name, &name))
			continue;
		if (nr++ == NAMES_MAX) {
			msg("%s: more than %d files; ignoring the others", places[place],
			    NAMES_MAX);
			break;
		}
		r = add_name(all, name);
	}
	(void)closedir(dir);
	return r;
}

static int compare(const void *a, const void *b)
{
	const struct registered *x = a, *y = b;

	return strcmp(x->action.name, y->action.name);
}

static void registered_release(struct registered *one)
{
	action_release(&one->action);
	free(take_ptr(one->why));
}

/* By name, and each name once. */
static void sort_names(struct actions *all)
{
	size_t kept = 0;

	if (all->nr > 1)
		qsort(all->at, all->nr, sizeof *all->at, compare);
	for (size_t i = 0; i < all->nr; i++) {
		if (kept && compare(&all->at[kept - 1], &all->at[i]) == 0)
			registered_release(&all->at[i]);
		else
			all->at[kept++] = all->at[i];
	}
	all->nr = kept;
}

/* --- one file ---------------------------------------------------------------- */

ssize_t actions_read(int fd, char **ret_text)
{
	autofree char *bytes = malloc(ACTION_FILE_MAX + 1);
	size_t n = 0;

	if (!bytes)
		return -ENOMEM;
	while (n <= ACTION_FILE_MAX) {
		ssize_t got = read(fd, bytes + n, ACTION_FILE_MAX + 1 - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	if (n > ACTION_FILE_MAX)
		return -EFBIG;

	*ret_text = take_ptr(bytes);
	return (ssize_t)n;
}

char *actions_fault(const char *file, const struct action_fault *f)
{
	int n = f->quote.n < QUOTE_MAX ? (int)f->quote.n : QUOTE_MAX;

	if (f->line)
		return msg_text("%s:%u: %s '%.*s'; see epcache-action(5)", file, f->line,
				f->wrong, n, f->quote.p);
	return msg_text("%s: %s '%.*s'; see epcache-action(5)", file, f->wrong, n,
			f->quote.p);
}

/* Below another root there may be no /dev/null: the link's text is what counts. */
static bool is_mask(int folder, const char *name)
{
	char target[sizeof "/dev/null"];
	ssize_t n = readlinkat(folder, name, target, sizeof target);

	return n == (ssize_t)sizeof target - 1 && memcmp(target, "/dev/null", 9) == 0;
}

/* Why a file, open or not, is not read; NULL: it may be. */
static const char *why_not(int fd, bool *ret_absent)
{
	const char *why;
	struct stat st;

	*ret_absent = fd < 0 && errno == ENOENT;
	if (fd < 0)
		return errno == ELOOP ? "it is a symbolic link" : strerror(errno);
	if (fstat(fd, &st) < 0)
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "it is no regular file";
	why = doubt(&st);
	if (why)
		return why;
	return st.st_size > (off_t)ACTION_FILE_MAX ? "it is larger than 64 KiB" : NULL;
}

static int ignore(struct registered *one, char *why)
{
	one->state = ACTION_IGNORED;
	free(one->why);
	one->why = why;
	return why ? 0 : -ENOMEM;
}

static int take_text(struct registered *one, struct span content)
{
	struct action_faults faults;
	struct action parsed;
	int r = action_parse(content, &parsed, &faults);

	if (r < 0) {
		action_release(&parsed);
		return r == -EBADMSG ? ignore(one, actions_fault(one->action.file,
								 &faults.at[0]))
				     : r;
	}

	parsed.name = one->action.name;
	parsed.file = one->action.file;
	one->action = parsed;
	one->registration = digest_of(content.p, content.n);
	return 0;
}

/* Take it from one place.  1: there is none that counts here; 0; or a negative errno. */
static int load_from(struct registered *one, int folder, const char *place)
{
	autofree char *name = msg_text("%s" ACTION_SUFFIX, one->action.name);
	autofree char *content = NULL;
	autoclose int fd = -1;
	bool is_absent;
	const char *why;
	ssize_t n;

	if (!name)
		return -ENOMEM;
	fd = openat(folder, name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	why = why_not(fd, &is_absent);
	if (is_absent)
		return 1;

	free(one->action.file);
	one->action.file = msg_text("%s/%s", place, name);
	if (!one->action.file)
		return -ENOMEM;
	if (fd < 0 && is_mask(folder, name)) {
		one->state = ACTION_MASKED;
		return 0;
	}
	/* Who could write it must not be able to take away another one. */
	if (why) {
		int r = ignore(one,
			       msg_text("%s: ignored, since %s", one->action.file, why));

		return r < 0 ? r : 1;
	}

	n = actions_read(fd, &content);
	if (n < 0)
		return (int)n == -ENOMEM
			       ? -ENOMEM
			       : ignore(one, msg_text("%s: %s", one->action.file,
						      strerror((int)-n)));
	one->state = n ? ACTION_READY : ACTION_MASKED;
	return n ? take_text(one, (struct span){ content, (size_t)n }) : 0;
}

static int load(const struct search *s, struct registered *one)
{
	int r = 1;

	if (!action_name_is_valid(span_of(one->action.name))) {
		one->action.file = msg_text("%s" ACTION_SUFFIX, one->action.name);
		return ignore(one,
			      msg_text("%s" ACTION_SUFFIX
				       ": ignored, since a name is two digits, '-', and "
				       "small letters, digits and '-'; rename the file",
				       one->action.name));
	}
	for (size_t i = 0; r == 1 && i < NR_PLACES; i++)
		if (s->fds[i] >= 0)
			r = load_from(one, s->fds[i], places[i]);
	return r < 0 ? r : 0;
}

/* --- all of them ------------------------------------------------------------- */

static int load_all(const struct epc_ctx *ctx, struct search *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < NR_PLACES; i++) {
		s->fds[i] = open_place(ctx, places[i]);
		if (s->fds[i] >= 0)
			r = list_place(s->all, i, s->fds[i]);
	}
	sort_names(s->all);
	for (size_t i = 0; r == 0 && i < s->all->nr; i++)
		r = load(s, &s->all->at[i]);
	return r;
}

int actions_load(const struct epc_ctx *ctx, struct actions *ret)
{
	struct search s = { ret, { -1, -1 } };
	int r;

	*ret = (struct actions){ 0 };
	r = load_all(ctx, &s);
	for (size_t i = 0; i < NR_PLACES; i++)
		if (s.fds[i] >= 0)
			(void)close(s.fds[i]);
	return r;
}

void actions_release(struct actions *all)
{
	for (size_t i = 0; i < all->nr; i++)
		registered_release(&all->at[i]);
	free(all->at);
	*all = (struct actions){ 0 };
}

const struct registered *actions_find(const struct actions *all, const char *name)
{
	for (size_t i = 0; i < all->nr; i++)
		if (strcmp(all->at[i].action.name, name) == 0)
			return &all->at[i];
	return NULL;
}

void actions_warn(const struct actions *all)
{
	for (size_t i = 0; i < all->nr; i++)
		if (all->at[i].why)
			msg("%s", all->at[i].why);
}
