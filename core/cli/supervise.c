/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "advice.h"
#include "auto.h"
#include "crew.h"
#include "msg.h"
#include "nobody.h"

/* A cache folder that is open, and locked unless the lock could not be had. */
struct place {
	struct epc_folder *folder; /* owned */
	int lock;                  /* 0, EPC_BUSY or a negative errno */
};

/* One for the system's, few for a user's. */
struct places {
	struct place *at; /* owned */
	size_t nr;
};

/* What one directory needs while its worker runs. */
struct post {
	struct supervised_dir *dir; /* borrowed */
	struct epc_folder *folder;  /* borrowed from the places */
	struct epc_image *old;      /* owned */
	int lock;                   /* of the place */
	double start_ms;
	struct crew_job job;
};

struct run {
	struct epc_ctx *ctx;
	const struct supervise_opts *opts;
	const struct supervise_watch *watch;
	struct post *posts;
	struct sandbox_who who;
	bool is_root;
	struct places places;
	struct crew crew;
};

static double now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* --- what is said ------------------------------------------------------------ */

static void __attribute__((format(printf, 3, 4)))
end_with(struct supervised_dir *d, enum supervised end, const char *format, ...)
{
	va_list args;

	d->end = end;
	free(take_ptr(d->error));
	va_start(args, format);
	if (vasprintf(&d->error, format, args) < 0)
		d->error = NULL;
	va_end(args);
}

/* Somebody else's directory, or cache folder. */
static void end_not_ours(struct supervised_dir *d)
{
	autofree char *advice = advice_refresh(supervised_name(d), false);

	end_with(d, SUPERVISED_FAILED,
		 "its cache folder, or the directory, belongs to another user; "
		 "as its owner, %s",
		 advice ? advice : "refresh it");
}

/*
 * Why a cache folder, or the directory, is of no use, and what to do.
 * @at:  the folder or file that it is about; NULL: the directory
 */
static void end_failed(struct supervised_dir *d, const char *at, int r)
{
	if (r == EPC_BUSY)
		end_with(d, SUPERVISED_FAILED,
			 "another refresh holds the lock; try again later");
	else if (r == EPC_NO_DIR)
		end_with(d, SUPERVISED_FAILED, "no such directory");
	else if (at && r == -EISDIR)
		end_with(
			d, SUPERVISED_FAILED,
			"a directory is in the place of its cache file in '%s'; remove it, "
			"'epcache status' has its name",
			at);
	else if (!at && r == -EOPNOTSUPP)
		end_with(d, SUPERVISED_FAILED,
			 "nothing in it can be opened from here; is a library preloaded "
			 "that rewrites paths?");
	else if (at)
		end_with(d, SUPERVISED_FAILED,
			 "its cache folder '%s': %s; mend that, or give --cache-dir", at,
			 strerror(-r));
	else
		end_with(d, SUPERVISED_FAILED, "%s", strerror(-r));
}

/* What a worker came to that did not read its directory. */
static void end_of_worker(struct supervised_dir *d, const struct crew_job *job)
{
	/* What fails sooner can be tried in each transaction. */
	d->cost_time = job->end == CREW_HUNG || job->ran_ms >= 1000;
	switch (job->end) {
	case CREW_HUNG:
		end_with(d, SUPERVISED_FAILED,
			 job->ran_ms > job->limit_ms / 2
				 ? "not read within %u s of computing"
				 : "not read within %u s; is its file system reachable?",
			 (job->limit_ms + 999) / 1000);
		return;
	case CREW_CRASHED:
		end_with(d, SUPERVISED_FAILED, "its reader ended early (%s)",
			 job->signal ? strsignal(job->signal) : "no signal");
		return;
	case CREW_GARBAGE:
		end_with(d, SUPERVISED_FAILED,
			 "its reader told what is no cache file; the directory may "
			 "hold an attack on it");
		return;
	case CREW_FAILED:
		end_with(d, SUPERVISED_FAILED, "cannot start its reader: %s",
			 strerror(-job->result));
		return;
	case CREW_TOLD:
		end_with(d, SUPERVISED_FAILED,
			 "cannot give up root's rights, without which nothing is "
			 "read; see SECURITY.md");
		return;
	}
}

/* --- folders ----------------------------------------------------------------- */

static void places_release(struct places *p)
{
	for (size_t i = 0; i < p->nr; i++)
		epc_folder_free(p->at[i].folder);
	free(p->at);
}

/* The place of a folder that was just opened, and is taken; NULL without memory. */
static const struct place *places_take(struct places *p, struct epc_folder *folder,
				       bool wants_lock)
{
	struct place *more;

	for (size_t i = 0; i < p->nr; i++)
		if (strcmp(epc_folder_path(p->at[i].folder).data,
			   epc_folder_path(folder).data) == 0) {
			epc_folder_free(folder);
			return &p->at[i];
		}

	more = reallocarray(p->at, p->nr + 1, sizeof *more);
	if (!more) {
		epc_folder_free(folder);
		return NULL;
	}
	p->at = more;
	more[p->nr] = (struct place){ folder, wants_lock ? epc_folder_lock(folder) : 0 };
	return &more[p->nr++];
}

/*
 * Open and lock the folder of a directory.  As root, by its name alone: whose the
 * directory is, its worker tells.  0, or said why not.
 */
static int post_open(struct run *run, struct post *post)
{
	unsigned flags = post->dir->flags | (run->is_root ? EPC_REFRESH_NAMED : 0u);
	const struct place *place;
	struct epc_folder *folder;
	const char *at;
	int r;

	r = epc_folder_open(run->ctx, post->dir->dir, flags, &folder);
	if (r != 0) {
		at = epc_ctx_trouble(run->ctx).data;
		if (r == -ENOENT && !at)
			end_with(post->dir, SUPERVISED_FAILED,
				 "there is no folder for its cache file; set HOME or "
				 "XDG_CACHE_HOME, or give --cache-dir");
		else if (r == -EPERM)
			end_not_ours(post->dir);
		else
			end_failed(post->dir, at, r);
		return -1;
	}

	place = places_take(&run->places, folder, !(flags & EPC_REFRESH_DRY_RUN));
	if (!place) {
		end_failed(post->dir, NULL, -ENOMEM);
		return -1;
	}

	/* A folder that is read-only, or busy, may hold what is current all the same. */
	post->folder = place->folder;
	post->lock = place->lock;
	return 0;
}

/* --- one directory ----------------------------------------------------------- */

static bool is_dry(const struct post *post)
{
	return post->dir->flags & EPC_REFRESH_DRY_RUN;
}

/* A damaged or foreign old file counts as none; -1 without memory, and said so. */
static int read_old(struct post *post)
{
	if (epc_folder_read(post->folder, post->dir->dir, &post->old) != -ENOMEM)
		return 0;

	end_failed(post->dir, NULL, -ENOMEM);
	return -1;
}

/* Whether a worker is at it now; else it has ended already. */
static bool begin(struct run *run, struct post *post)
{
	unsigned flags = post->dir->flags;

	post->start_ms = now_ms();
	if (post_open(run, post) < 0)
		return false;
	if (read_old(post) < 0)
		return false;

	if (epc_folder_is_private(post->folder))
		flags |= EPC_REFRESH_PRIVATE;
	post->job.task = (struct worker_task){
		.ctx = run->ctx,
		.dir = post->dir->dir,
		.old = post->old,
		.flags = flags,
		.who = run->who,
	};
	post->job.limit_ms = run->opts->limit_ms;
	crew_start(&run->crew, &post->job);
	/* The worker has it now; this process is not to hold those of all. */
	post->job.task.old = NULL;
	post->old = epc_image_free(post->old);
	return true;
}

/* May root keep a cache of what this user owns, where nobody named a folder for it? */
static bool is_foreign(const struct run *run, const struct post *post)
{
	return run->is_root && post->job.has_hello && post->job.owner != 0 &&
	       !(post->dir->flags & EPC_REFRESH_NAMED);
}

static int publish(struct post *post, const struct epc_image *image)
{
	struct epc_str bytes = epc_image_bytes(image), old = { NULL, 0 };

	if (post->lock != 0)
		return post->lock;
	if (!is_dry(post))
		return epc_folder_publish(post->folder, image);

	if (epc_folder_read(post->folder, post->dir->dir, &post->old) == 0)
		old = epc_image_bytes(post->old);
	return bytes.len == old.len && memcmp(bytes.data, old.data, bytes.len) == 0
		       ? EPC_UNCHANGED
		       : 0;
}

static void tell_found(const struct run *run, struct supervised_dir *d,
		       struct epc_image *image)
{
	epc_image_counts(image, &d->found);
	if (run->watch->found)
		run->watch->found(run->watch->data, image);
}

/* The bytes are verified, and put in place. */
static void end_image(struct run *run, struct post *post)
{
	struct supervised_dir *d = post->dir;
	struct epc_image *image = NULL;
	int r;

	r = epc_image_from_bytes(run->ctx, d->dir, post->job.image.data,
				 post->job.image.len, &image);
	crew_job_release(&post->job);
	/* Who may read it, and how well it is checked, is not the worker's to say. */
	if (r > 0 || (r == 0 && !epc_image_is_as_asked(image, post->job.task.flags))) {
		epc_image_free(image);
		end_of_worker(d, &(struct crew_job){ .end = CREW_GARBAGE });
		return;
	}
	if (r < 0) {
		end_failed(d, NULL, r);
		return;
	}

	tell_found(run, d, image);
	r = publish(post, image);
	epc_image_free(image);
	d->end = r == EPC_UNCHANGED ? SUPERVISED_UNCHANGED : SUPERVISED_WRITTEN;
	if (r < 0 || r == EPC_BUSY)
		end_failed(d, epc_folder_path(post->folder).data, r);
}

/* Could a worker that does not lie find that nothing is to be done? */
static bool may_stay(struct post *post)
{
	unsigned flags = post->job.task.flags;

	return !(flags & EPC_REFRESH_FORCE) && read_old(post) == 0 && post->old &&
	       epc_image_is_as_asked(post->old, flags);
}

static void end_told(struct run *run, struct post *post)
{
	struct supervised_dir *d = post->dir;
	int r = post->job.result;

	if (r == 0) {
		end_image(run, post);
	} else if (r == EPC_UNCHANGED && may_stay(post)) {
		d->end = SUPERVISED_UNCHANGED;
		tell_found(run, d, post->old);
	} else if (r == -EACCES && nobody_is_number(run->who.uid) &&
		   !post->job.has_hello) {
		end_with(d, SUPERVISED_SKIPPED,
			 "not for everybody to read, and so not cached");
	} else if (r == -EACCES && run->is_root && !post->job.has_hello) {
		end_with(d, SUPERVISED_SKIPPED,
			 "not for user %u to read, and so not cached",
			 (unsigned)run->who.uid);
	} else if (r == WORKER_NOT_DROPPED || r < 0 || r == EPC_NO_DIR) {
		if (r == WORKER_NOT_DROPPED)
			end_of_worker(d, &post->job);
		else
			end_failed(d, NULL, r);
	} else {
		end_of_worker(d, &(struct crew_job){ .end = CREW_GARBAGE });
	}
}

static void end(struct run *run, struct post *post)
{
	struct supervised_dir *d = post->dir;

	d->ms = now_ms() - post->start_ms;
	d->has_layers = post->job.has_hello;
	d->layers = post->job.layers;
	d->is_busy = post->lock == EPC_BUSY;
	if (is_foreign(run, post))
		end_not_ours(d);
	else if (post->job.end == CREW_TOLD)
		end_told(run, post);
	else
		end_of_worker(d, &post->job);
	/* Readers must not get the old answer: without a file they read live. */
	if (d->end > SUPERVISED_UNCHANGED && !is_dry(post) && !d->is_busy)
		(void)epc_folder_remove(post->folder, d->dir);
	crew_job_release(&post->job);
	post->old = epc_image_free(post->old);
}

/* --- all of them ------------------------------------------------------------- */

static struct post *post_of(struct crew_job *job)
{
	return (struct post *)(void *)((char *)job - offsetof(struct post, job));
}

/*
 * Not even begun: what is there may be of before the change, and fast readers took it;
 * but what another refresh publishes, which has the lock, is not for this one to remove.
 */
static void leave_unread(struct run *run, struct post *post, const char *why)
{
	if (!is_dry(post) && post_open(run, post) == 0) {
		post->dir->is_busy = post->lock == EPC_BUSY;
		if (!post->dir->is_busy)
			(void)epc_folder_remove(post->folder, post->dir->dir);
	}
	end_with(post->dir, SUPERVISED_FAILED, "%s", why);
}

static void start_next(struct run *run, size_t i)
{
	struct post *post = &run->posts[i];

	run->watch->begin(run->watch->data, i);
	if (post->dir->again_s) {
		leave_unread(
			run, post,
			"it failed before, which cost time; run 'epcache refresh' to "
			"try it now");
	} else if (post->dir->is_silent) {
		post->dir->cost_time = true;
		leave_unread(run, post,
			     "it does not answer; is its file system reachable?");
	} else if (!crew_has_time(&run->crew)) {
		leave_unread(run, post,
			     "no time was left for it; run 'epcache refresh' by hand");
	} else if (begin(run, post)) {
		return;
	}
	run->watch->end(run->watch->data, i);
}

static void run_all(struct run *run, size_t nr)
{
	struct crew_job *job;
	struct post *post;
	size_t next = 0;

	do {
		while (next < nr && crew_has_room(&run->crew))
			start_next(run, next++);
		job = crew_wait(&run->crew);
		if (!job)
			continue;

		post = post_of(job);
		end(run, post);
		run->watch->end(run->watch->data, (size_t)(post - run->posts));
	} while (job || next < nr);
}

static void fail_all(const struct run *run, struct supervised_dir *dirs, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		end_with(&dirs[i], SUPERVISED_FAILED, "out of memory");
		run->watch->end(run->watch->data, i);
	}
}

void supervise(struct epc_ctx *ctx, const struct supervise_opts *opts,
	       struct supervised_dir *dirs, size_t nr,
	       const struct supervise_watch *watch)
{
	autofree struct post *posts = calloc(nr + 1, sizeof *posts);
	struct run run = {
		.ctx = ctx,
		.opts = opts,
		.watch = watch,
		.posts = posts,
		.is_root = geteuid() == 0,
		.crew = crew_init(opts->at_once, opts->total_ms),
	};

	if (!posts) {
		fail_all(&run, dirs, nr);
		return;
	}
	for (size_t i = 0; i < nr; i++)
		posts[i] = (struct post){ .dir = &dirs[i], .job = { .fd = -1 } };

	/* So that a worker's end can be waited for, whatever was inherited. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (run.is_root)
		run.who = nobody_find(opts->is_elsewhere ? NULL : opts->user);
	run.who.cpu_seconds = opts->limit_ms / 1000 + 1;
	run_all(&run, nr);
	places_release(&run.places);
}

void supervised_release(struct supervised_dir *dirs, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(take_ptr(dirs[i].error));
		free(take_ptr(dirs[i].key));
	}
}

const char *supervised_name(const struct supervised_dir *d)
{
	return d->key ? d->key : d->dir;
}
