/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fresh-prop - random changes to directories: is a cache ever believed wrongly?
 *
 *     fresh-prop --trials 2000 --seed 1 --dir /mnt/xfs --name xfs
 *
 * A trial makes a directory of a few distributions, caches it, changes it, and
 * asks with the strict check.  That the cache was used says "fresh", that it was
 * passed over as stale says "stale"; the truth is in the test's own model of
 * names and contents.  Trials go in rounds of many, so that one wait ages all of
 * their stamps.
 *
 *   --cache DIR     where the cache files are (a folder of their own is made)
 *   --remount CMD   run by a shell whenever a round waits: it takes the file
 *                   system away and brings it back as it was
 *   --seen DIR      where refresh and check see what is written below --dir: an image of
 *   --swap CMD      it, or a mount above it, that CMD makes anew, with equal stamps
 *   --trusted       the administrator vouches for the stamps
 *   --like WHAT     as if on another file system: "coarse" has stamps of two
 *                   seconds; "remote" has them too, by a clock that is an hour
 *                   behind ours
 *
 * Linked with --wrap=stamp_fs and --wrap=stamp_at for that, and for changes to come
 * between two looks of a refresh.
 * Exits 0 when all tests passed, 1 when not, 99 when it could not test.
 */
#include <getopt.h>
#include <inttypes.h>

#include "build.h"
#include "change.h"
#include "stamp.h"
#include "truth.h"
#include "view.h"

#define NR(a) (sizeof(a) / sizeof *(a))
#define NS_PER_S INT64_C(1000000000)

#define ROUND_MAX 1000                /* directories at once */
#define TICK_NS INT64_C(25000000)     /* two ticks at HZ=100 and some */
#define COARSE_NS INT64_C(2200000000) /* more than FRESH_COARSE_NS */
#define REMOTE_NS INT64_C(4200000000) /* more than FRESH_REMOTE_AGE_NS */
#define SAID_MAX 10                   /* failures that are described */

/* --- the rounds ---------------------------------------------------------------- */

/*
 * What is done: each group of letters to one directory after the other.
 *
 *   W  write a new directory       R  refresh it
 *   M  change it                   r  the same, but without waiting for the clock
 *   C  check, which is one trial      to tick, as a crowd of writers would have it
 *   A  wait until stamps are old   S  refresh it, after which it has to be settled
 *                                  P  refresh it, and change it meanwhile
 *   I  swap the image of all
 */
static const struct scenario {
	const char *name, *steps;
} scenarios[] = {
	{ "changed in the tick of the refresh", "W|A|RMC" },
	{ "changed long after the refresh", "W|A|R|A|M|C" },
	{ "read in the tick of the writing and changed in it", "WrMC" },
	{ "written, read, changed and checked one after the other", "W|r|M|C" },
	{ "refreshed right after the writing", "WRMC" },
	{ "settled by a second refresh", "W|r|A|SMC" },
	{ "refreshed twice at once", "WRRMC" },
	{ "changed between two refreshes", "WrM|A|RCMC" },
	{ "changed between two refreshes at once", "W|A|RMRCMC" },
	{ "changed during the refresh", "W|A|PC" },
	{ "changed during the refresh, once more", "W|A|PC" },
	{ "changed during a refresh that waits", "WPC" },
	{ "changed while a refresh finds nothing to do", "W|r|A|RPC" },
};

static const struct scenario swapped[] = {
	{ "another image", "W|I|R|M|I|C" },
	{ "another image after two refreshes", "W|I|R|A|R|M|I|C" },
	{ "a third image", "W|I|R|M|I|RC|M|I|C" },
};

struct trial {
	struct site site;
	char seen[SITE_PATH_MAX]; /* path of the directory, for refresh and check */
	struct contents cached;   /* what the cache file is of */
	bool cached_known;
	struct rng rng;
	const char *changes[4]; /* the last ones */
	unsigned nr_changes;
	char dir[SITE_PATH_MAX]; /* for the site and what is beside it */
};

struct run {
	unsigned long trials, seed;
	const char *dir, *cache_base, *name, *remount, *seen, *swap;
	unsigned flags; /* of a refresh */
	bool doubted;   /* content decides there */
	int64_t age_ns;
	struct tmp tmp, cache;
	struct epc_ctx *ctx;
	const struct scenario *scenario;
	unsigned long round;

	/* Counts. */
	unsigned long judged, changed, unchanged, during, refreshed, settled;
	unsigned long by_tokens, by_content;
	unsigned long falsely_fresh, falsely_stale, wrong, unsettled, said;
};

/* --- change -------------------------------------------------------------------- */

static void change(struct trial *t)
{
	/* More than one at times: they must not hide each other. */
	do
		t->changes[t->nr_changes++ % NR(t->changes)] = site_change(&t->site,
									   &t->rng);
	while (rng_one_in(&t->rng, 4));
}

/* Until there is something to be missed. */
static void change_really(struct trial *t)
{
	const struct contents before = t->site.now;

	for (int i = 0; i < 8 && contents_same(&before, &t->site.now); i++)
		change(t);
}

/* A change that is to come when the tree is looked at. */
static struct meanwhile {
	struct trial *trial; /* NULL: none is */
	unsigned left;       /* looks before it */
	bool after;          /* the last of them, instead of before it */
} meanwhile;

static void look_happens(bool after)
{
	struct trial *t = meanwhile.trial;

	if (!t || meanwhile.after != after || meanwhile.left-- > 0)
		return;

	meanwhile.trial = NULL;
	change_really(t);
	/* The refresh may be slow, and not look again before the clock has ticked. */
	if (rng_one_in(&t->rng, 2))
		stamp_wait(1);
}

/* --- as if on another file system ------------------------------------------------ */

static const struct likeness {
	const char *name;
	int64_t age_ns;    /* until its stamps can settle */
	int64_t step_ns;   /* stamps are multiples of it */
	int64_t behind_ns; /* how far its clock is behind ours */
	bool remote;
} likenesses[] = {
	{ "coarse", COARSE_NS, 2 * NS_PER_S, 0, false },
	{ "remote", REMOTE_NS, 2 * NS_PER_S, 3600 * NS_PER_S, true },
};

static const struct likeness *like; /* NULL: the file system itself */

struct fresh_fs __real_stamp_fs(int fd);
struct fresh_fs __wrap_stamp_fs(int fd);
struct fresh_fs __real_stamp_fs_below(int fd);
struct fresh_fs __wrap_stamp_fs_below(int fd);
int __real_stamp_at(int dirfd, const char *name, struct fresh_fs fs,
		    struct stamp *ret_stamp);
int __wrap_stamp_at(int dirfd, const char *name, struct fresh_fs fs,
		    struct stamp *ret_stamp);

struct fresh_fs __wrap_stamp_fs(int fd)
{
	if (like)
		return (struct fresh_fs){ .remote = like->remote };

	return __real_stamp_fs(fd);
}

struct fresh_fs __wrap_stamp_fs_below(int fd)
{
	return like ? __wrap_stamp_fs(fd) : __real_stamp_fs_below(fd);
}

int __wrap_stamp_at(int dirfd, const char *name, struct fresh_fs fs,
		    struct stamp *ret_stamp)
{
	struct token *t = &ret_stamp->token;
	int r;

	look_happens(false);
	r = __real_stamp_at(dirfd, name, fs, ret_stamp);
	look_happens(true);
	if (r == 0 && like) {
		t->mtime_ns -= t->mtime_ns % like->step_ns + like->behind_ns;
		t->ctime_ns -= t->ctime_ns % like->step_ns + like->behind_ns;
		t->btime_ns = 0;
	}
	return r;
}

/* --- what is said ------------------------------------------------------------------ */

static void say(struct run *run, const struct trial *t, const char *what)
{
	unsigned nr = t->nr_changes < NR(t->changes) ? t->nr_changes : NR(t->changes);

	if (run->said++ >= SAID_MAX)
		return;

	printf("# %s: seed %lu, round %lu (%s), %s:", what, run->seed, run->round,
	       run->scenario->name, t->dir);
	for (unsigned i = t->nr_changes - nr; i < t->nr_changes; i++)
		printf(" %s;", t->changes[i % NR(t->changes)]);
	printf("\n");
}

/* --- refresh ---------------------------------------------------------------------- */

static void is_cached(struct run *run, struct trial *t, bool settled)
{
	t->cached = t->site.now;
	t->cached_known = true;
	run->refreshed++;
	run->settled += settled;
	if (settled && run->doubted) {
		run->unsettled++;
		say(run, t, "settled, where stamps do not decide");
	}
}

/* Returns whether all is settled; a refresh that finds nothing to do judges as well. */
static bool refresh(struct run *run, struct trial *t)
{
	struct epc_refreshed counts = { .settled = false };
	int r = epc_refresh(run->ctx, t->seen, run->flags, &counts);

	errno = r < 0 ? -r : 0;
	MUST(r == 0 || r == EPC_UNCHANGED);
	if (r == 0) {
		is_cached(run, t, counts.settled);
	} else if (!t->cached_known || !contents_same(&t->cached, &t->site.now)) {
		run->falsely_fresh++;
		say(run, t, "refresh falsely unchanged");
	}
	return counts.settled;
}

static bool has_future_dates(const struct contents *c)
{
	for (unsigned i = 0; i < c->nr; i++)
		if (c->dists[i].has_text && c->dists[i].dated &&
		    c->dists[i].mtime.tv_sec >= time(NULL))
			return true;
	return false;
}

/* The steps of epc_refresh(), but for the wait. */
static void refresh_at_once(struct run *run, struct trial *t)
{
	const struct build_opts opts = {
		.scan = { .confined = true,
			  .public_only = true,
			  .trusted = run->flags != 0 },
		.flags = run->flags ? FMT_TRUSTED : 0,
		.now = stamp_seen(),
	};
	int fd = open(t->seen, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct epc_refreshed counts;
	struct epc_folder *folder;
	struct epc_image *image;
	char *bytes;
	size_t n;

	MUST(epc_folder_open(run->ctx, t->seen, 0, &folder) == 0);
	MUST(epc_folder_lock(folder) == 0);
	MUST(fd >= 0 && build_bytes(fd, span_of(t->seen), &opts, &bytes, &n) == 0);
	MUST(epc_image_from_bytes(run->ctx, t->seen, bytes, n, &image) == 0);
	MUST(epc_folder_publish(folder, image) >= 0);
	epc_image_counts(image, &counts);

	epc_image_free(image);
	epc_folder_free(folder);
	free(bytes);
	(void)close(fd);
	is_cached(run, t, counts.settled);
}

/* Seen before, and old by now. */
static void refresh_to_settle(struct run *run, struct trial *t)
{
	if (refresh(run, t) || run->doubted || has_future_dates(&t->site.now))
		return;

	run->unsettled++;
	say(run, t, "not settled");
}

/* --- change during a refresh ---------------------------------------------------- */

/* As another process could, between any two looks of the refresh. */
static void change_meanwhile(struct run *run, struct trial *t)
{
	/*
	 * Two looks are at the directory, two or so at each distribution; the moment
	 * before the second is when it has just been listed.
	 */
	bool listed = rng_one_in(&t->rng, 2);
	int r;

	meanwhile = (struct meanwhile){
		.trial = t,
		.left = listed ? 1 : rng_below(&t->rng, 4 + 2 * t->site.now.nr),
		.after = !listed && rng_one_in(&t->rng, 2),
	};
	r = epc_refresh(run->ctx, t->seen, run->flags, NULL);
	errno = r < 0 ? -r : 0;
	MUST(r == 0 || r == EPC_UNCHANGED);

	if (meanwhile.trial) /* there were not as many */
		change(t);
	meanwhile.trial = NULL;
	t->cached_known = false;
}

/* --- check ------------------------------------------------------------------------ */

/* Did no content have to be read for the verdict? */
static bool tokens_suffice(const struct view *v, const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct fresh_fs fs = __wrap_stamp_fs(fd);
	struct token token;
	struct stamp now;
	bool settled = view_dir_token(v, &token) == FMT_SETTLED, all;

	all = (!fs.doubt || v->flags & FMT_TRUSTED) &&
	      __wrap_stamp_at(fd, "", fs, &now) == 0 &&
	      fresh_judge(&token, settled, &now.token, FRESH_UNREAD) == FRESH_YES;
	for (uint32_t i = 0; all && i < v->nr_dists; i++) {
		struct view_dist d = view_dist(v, i);
		char text[SITE_FOLDER_MAX + sizeof SITE_TEXT + 1];

		if (d.text == FMT_NONE)
			continue;
		(void)snprintf(text, sizeof text, "%s/" SITE_TEXT, d.folder.p);
		settled = view_text_token(v, d.text, &token);
		all = __wrap_stamp_at(fd, text, fs, &now) == 0 &&
		      fresh_judge(&token, settled, &now.token, FRESH_UNREAD) == FRESH_YES;
	}
	(void)close(fd);
	return all;
}

static void count_way(struct run *run, const struct trial *t)
{
	struct epc_folder *folder;
	struct epc_image *image;
	struct epc_str bytes;
	struct view v;

	MUST(epc_folder_open(run->ctx, t->seen, 0, &folder) == 0);
	MUST(epc_folder_read(folder, t->seen, &image) == 0);
	bytes = epc_image_bytes(image);
	MUST(view_init(&v, bytes.data, bytes.len) == 0);
	if (tokens_suffice(&v, t->seen))
		run->by_tokens++;
	else
		run->by_content++;

	epc_image_free(image);
	epc_folder_free(folder);
}

/* Compare what was judged with what is so. */
static void judge(struct run *run, struct trial *t, const struct epc_dir *dir,
		  bool is_true)
{
	bool fresh = epc_dir_source(dir) == EPC_FROM_CACHE;
	bool stale = epc_dir_source(dir) == EPC_FROM_LIVE &&
		     epc_dir_bypass(dir) == EPC_STALE;

	run->judged++;
	if (!is_true) {
		run->wrong++;
		say(run, t, "wrong answer");
	}
	if (!t->cached_known) { /* then only the answer tells */
		run->during++;
		if (fresh && (!is_true || epc_dir_nr_dists(dir) != t->site.now.nr)) {
			run->falsely_fresh++;
			say(run, t, "falsely fresh");
		}
		return;
	}

	if (contents_same(&t->cached, &t->site.now)) {
		run->unchanged++;
		if (!fresh) {
			run->falsely_stale++;
			say(run, t, stale ? "falsely stale" : "neither fresh nor stale");
		}
	} else {
		run->changed++;
		if (!stale) {
			run->falsely_fresh++;
			say(run, t, fresh ? "falsely fresh" : "neither fresh nor stale");
		}
	}
	if (fresh)
		count_way(run, t);
}

static void check(struct run *run, struct trial *t)
{
	const char *path = t->seen;
	struct site seen = t->site; /* on whose disk the truth is */
	struct epc_answer *a;

	memcpy(seen.path, t->seen, sizeof seen.path);
	MUST(epc_query(run->ctx, &path, 1, NULL, NULL, &a) == 0);
	judge(run, t, epc_answer_next_dir(a), answer_is_true(a, &seen));
	epc_answer_free(a);
}

/* --- rounds ------------------------------------------------------------------------ */

static void run_command(const char *command)
{
	int status = system(command);

	errno = EIO;
	MUST(status == 0);
}

/* How old stamps have to be to settle; what is swapped is only there by now. */
static int64_t age_ns(const struct run *run)
{
	int fd = run->seen ? open(run->seen, O_RDONLY | O_CLOEXEC) : -1;
	int64_t ns = fd >= 0 && __wrap_stamp_fs(fd).remote ? REMOTE_NS : run->age_ns;

	if (fd >= 0)
		(void)close(fd);
	return ns;
}

static void wait_for_age(const struct run *run)
{
	int64_t ns = age_ns(run);
	const struct timespec age = { .tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S };

	if (run->remount)
		run_command(run->remount);
	(void)nanosleep(&age, NULL);
}

static void write_site(const struct run *run, struct trial *t)
{
	char path[SITE_PATH_MAX + 8];

	(void)snprintf(path, sizeof path, "%s/site", t->dir);
	MUST(mkdir(t->dir, 0755) == 0);
	site_make(&t->site, path, 1 + rng_below(&t->rng, 5), &t->rng);
	MUST(snprintf(t->seen, sizeof t->seen, "%s%s", run->seen ? run->seen : "",
		      run->seen ? path + strlen(run->dir) : path) < (int)sizeof t->seen);
}

/* The cache file too: the next round has the same names. */
static void remove_all(struct run *run, const struct trial *t)
{
	struct epc_folder *folder;

	MUST(epc_folder_open(run->ctx, t->seen, 0, &folder) == 0);
	MUST(epc_folder_lock(folder) == 0);
	MUST(epc_folder_remove(folder, t->seen) == 0);
	epc_folder_free(folder);
	remove_tree(t->dir);
}

static void do_step(struct run *run, struct trial *t, char step)
{
	switch (step) {
	case 'W':
		write_site(run, t);
		break;
	case 'R':
		(void)refresh(run, t);
		break;
	case 'r':
		refresh_at_once(run, t);
		break;
	case 'S':
		refresh_to_settle(run, t);
		break;
	case 'M':
		change(t);
		break;
	case 'P':
		change_meanwhile(run, t);
		break;
	case 'C':
		check(run, t);
		break;
	}
}

/* All letters of a group to one directory, then to the next. */
static void do_group(struct run *run, struct trial *trials, unsigned nr,
		     const char *steps, size_t nr_steps)
{
	if (steps[0] == 'A') {
		wait_for_age(run);
		return;
	}
	if (steps[0] == 'I') {
		run_command(run->swap);
		return;
	}
	for (unsigned i = 0; i < nr; i++)
		for (size_t k = 0; k < nr_steps; k++)
			do_step(run, trials + i, steps[k]);
}

static void do_round(struct run *run, struct trial *trials, unsigned nr)
{
	const char *steps = run->scenario->steps;

	for (unsigned i = 0; i < nr; i++) {
		struct trial *t = trials + i;

		*t = (struct trial){ .rng.state = run->seed ^ run->round << 32 ^
						  (uint64_t)i << 12 };
		(void)rng_next(&t->rng);
		MUST(snprintf(t->dir, sizeof t->dir, "%s/%u", run->tmp.path, i) <
		     (int)sizeof t->dir - 8);
	}
	while (*steps) {
		size_t n = strcspn(steps, "|");

		do_group(run, trials, nr, steps, n);
		steps += n + (steps[n] == '|');
	}
	for (unsigned i = 0; i < nr; i++)
		remove_all(run, trials + i);
}

static void do_rounds(struct run *run)
{
	const struct scenario *all = run->swap ? swapped : scenarios;
	size_t nr_all = run->swap ? NR(swapped) : NR(scenarios);
	unsigned long nr = (run->trials + nr_all - 1) / nr_all;
	struct trial *trials;

	if (nr > ROUND_MAX)
		nr = ROUND_MAX;
	trials = calloc(nr, sizeof *trials);
	MUST(trials);
	do {
		run->scenario = all + run->round % nr_all;
		do_round(run, trials, (unsigned)nr);
	} while (++run->round % nr_all != 0 || run->judged < run->trials);
	free(trials);
}

/* --- one run ----------------------------------------------------------------------- */

/* How long until the stamps of this file system can settle. */
static int64_t find_age(const struct run *run)
{
	bool coarse = true;
	struct stat st;

	if (like)
		return like->age_ns;

	for (int i = 0; i < 3; i++) {
		tmp_put(run->tmp.fd, "probe", "");
		MUST(fstatat(run->tmp.fd, "probe", &st, 0) == 0);
		coarse &= st.st_ctim.tv_nsec == 0;
		MUST(unlinkat(run->tmp.fd, "probe", 0) == 0);
		(void)nanosleep(&(struct timespec){ .tv_nsec = TICK_NS }, NULL);
	}
	return coarse ? COARSE_NS : TICK_NS;
}

/* What is swapped is no mount whose stamps decide; the first swap is yet to come. */
static bool is_doubted(const struct run *run)
{
	return !run->flags && (run->swap || __wrap_stamp_fs(run->tmp.fd).doubt);
}

static void result(const struct run *run, int number, bool ok, const char *what)
{
	printf("%s %d - %s: %s\n", ok ? "ok" : "not ok", number, run->name, what);
}

static int report(const struct run *run)
{
	/* A run that never judged by tokens, or never by content, proved little. */
	bool tokens = run->doubted ? !run->by_tokens
				   : run->by_tokens || run->trials < 500;
	bool all_ways = run->changed && run->unchanged && run->by_content && tokens;
	bool bad = run->falsely_fresh || run->falsely_stale || run->wrong ||
		   run->unsettled || !all_ways;

	printf("# %s: seed %lu, %lu trials: %lu changed, %lu not, %lu during the refresh; "
	       "%lu of %lu refreshes settled\n",
	       run->name, run->seed, run->judged, run->changed, run->unchanged,
	       run->during, run->settled, run->refreshed);
	printf("# %s: judged fresh by tokens alone %lu, by content %lu; falsely fresh %lu, "
	       "falsely stale %lu, wrong answers %lu\n",
	       run->name, run->by_tokens, run->by_content, run->falsely_fresh,
	       run->falsely_stale, run->wrong);
	result(run, 1, run->falsely_fresh == 0, "never falsely fresh");
	result(run, 2, run->falsely_stale == 0, "never falsely stale");
	result(run, 3, run->wrong == 0, "the answer is right");
	result(run, 4, all_ways,
	       run->doubted ? "judged by content alone"
			    : "judged both ways, by tokens and by content");
	result(run, 5, run->unsettled == 0,
	       run->doubted ? "never settled" : "settled once it is old");
	printf("1..5\n");
	return bad;
}

static struct tmp make_below(const char *base)
{
	MUST(setenv("TMPDIR", base, 1) == 0);
	return tmp_make();
}

static int run_all(struct run *run)
{
	int bad;

	(void)umask(022);
	run->tmp = make_below(run->dir);
	run->cache = make_below(run->cache_base ? run->cache_base : run->dir);
	MUST(fchmod(run->cache.fd, 0755) == 0); /* what is private is then left out */
	MUST(epc_ctx_new(&run->ctx) == 0);
	MUST(epc_ctx_set_cache_dir(run->ctx, run->cache.path) == 0);
	epc_ctx_set_check(run->ctx, EPC_CHECK_STRICT);
	run->age_ns = find_age(run);
	run->doubted = is_doubted(run);

	/* A descriptor would hold the file system. */
	(void)close(take_fd(run->tmp.fd));
	do_rounds(run);
	bad = report(run);

	epc_ctx_free(run->ctx);
	tmp_release(&run->tmp);
	tmp_release(&run->cache);
	return bad;
}

static const struct likeness *find_like(const char *name)
{
	for (size_t i = 0; i < NR(likenesses); i++)
		if (strcmp(likenesses[i].name, name) == 0)
			return likenesses + i;

	fprintf(stderr, "fresh-prop: nothing is like '%s'\n", name);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "trials", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "dir", required_argument, NULL, 'd' },
		{ "cache", required_argument, NULL, 'c' },
		{ "name", required_argument, NULL, 'n' },
		{ "remount", required_argument, NULL, 'r' },
		{ "like", required_argument, NULL, 'l' },
		{ "seen", required_argument, NULL, 'e' },
		{ "swap", required_argument, NULL, 'w' },
		{ "trusted", no_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 },
	};
	struct run run = { .trials = 2000, .seed = 1 };
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 't':
			run.trials = strtoul(optarg, NULL, 10);
			break;
		case 's':
			run.seed = strtoul(optarg, NULL, 10);
			break;
		case 'd':
			run.dir = optarg;
			break;
		case 'c':
			run.cache_base = optarg;
			break;
		case 'n':
			run.name = optarg;
			break;
		case 'r':
			run.remount = optarg;
			break;
		case 'e':
			run.seen = optarg;
			break;
		case 'w':
			run.swap = optarg;
			break;
		case 'u':
			run.flags = EPC_REFRESH_TRUSTED;
			break;
		case 'l':
			like = find_like(optarg);
			break;
		default:
			return 2;
		}
	}
	if (!run.dir || run.dir[0] != '/' || !run.seen != !run.swap || optind != argc) {
		fprintf(stderr,
			"fresh-prop: --dir needs an absolute path, --seen --swap\n");
		return 2;
	}
	if (!run.name)
		run.name = run.dir;
	return run_all(&run);
}
