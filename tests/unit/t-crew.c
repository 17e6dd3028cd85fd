/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* However a worker comes to its end, the crew hears of it, and nothing of it is left. */
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "crew.h"
#include "sanitized.h"
#include "t.h"
#include "tmp.h"

#define SOON_MS 60          /* for workers that are not to get any further */
#define LONG_MS 20000       /* for those that are */
#define IMAGE_BYTES 2000000 /* more than any pipe holds */

static const struct worker_hello hello = { WORKER_HELLO, 5, 42, 0 };

/* --- workers ----------------------------------------------------------------- */

static void tell(int out, const void *bytes, size_t n)
{
	const char *p = bytes;
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done) {
		done = write(out, p, n);
		if (done < 0)
			_exit(1);
	}
}

static void tell_end(int out, int result, uint64_t n)
{
	const struct worker_end end = { WORKER_END, result, n };

	tell(out, &end, sizeof end);
}

static void tell_image(int out)
{
	static char bytes[IMAGE_BYTES];

	memset(bytes, 'i', sizeof bytes);
	tell(out, &hello, sizeof hello);
	tell_end(out, 0, sizeof bytes);
	tell(out, bytes, sizeof bytes);
}

static void tell_error(int out)
{
	tell_end(out, -ENOENT, 0);
}

static void tell_unchanged(int out)
{
	tell(out, &hello, sizeof hello);
	tell_end(out, EPC_UNCHANGED, 0);
}

/* Byte after byte, and then nothing for a while. */
static void tell_in_pieces(int out)
{
	const struct timespec nap = { .tv_nsec = 1000000 };
	struct worker_end end = { WORKER_END, 0, 3 };
	char bytes[sizeof hello + sizeof end + 3] = { 0 };

	memcpy(bytes, &hello, sizeof hello);
	memcpy(bytes + sizeof hello, &end, sizeof end);
	memcpy(bytes + sizeof hello + sizeof end, "abc", 3);
	for (size_t i = 0; i < sizeof bytes; i++) {
		tell(out, bytes + i, 1);
		(void)nanosleep(&nap, NULL);
	}
}

static void say_nothing(int out)
{
	(void)out;
}

static void crash(int out)
{
	tell(out, &hello, sizeof hello);
	(void)raise(SIGKILL);
}

static void stay(int out)
{
	(void)out;
	for (;;)
		(void)pause();
}

/* Deaf to all that can be ignored. */
static void stay_deaf(int out)
{
	for (int number = 1; number < 32; number++)
		(void)signal(number, SIG_IGN);
	stay(out);
}

static void stop(int out)
{
	tell(out, &hello, sizeof hello);
	(void)raise(SIGSTOP);
	stay(out);
}

/* Always at it, and never done. */
static void trickle(int out)
{
	const struct timespec nap = { .tv_nsec = 5000000 };

	tell(out, &hello, sizeof hello);
	tell_end(out, 0, 1 << 20);
	for (;;) {
		tell(out, "x", 1);
		(void)nanosleep(&nap, NULL);
	}
}

static void close_and_stay(int out)
{
	(void)close(out);
	stay(out);
}

static void tell_close_and_stay(int out)
{
	tell_image(out);
	close_and_stay(out);
}

static void tell_close_and_stop(int out)
{
	tell_image(out);
	(void)close(out);
	(void)raise(SIGSTOP);
}

static void flood(int out)
{
	static const char zeros[65536];

	for (;;)
		tell(out, zeros, sizeof zeros);
}

static void claim_too_much(int out)
{
	tell(out, &hello, sizeof hello);
	tell_end(out, 0, (20u << 20) + 1);
	stay(out);
}

static void tell_too_much(int out)
{
	tell_image(out);
	tell(out, "", 1);
	stay(out);
}

static void tell_too_little(int out)
{
	tell(out, &hello, sizeof hello);
	tell_end(out, 0, 100);
	tell(out, "little", 6);
}

static void tell_without_hello(int out)
{
	tell_end(out, 0, 3);
	tell(out, "abc", 3);
}

static void tell_hello_twice(int out)
{
	tell(out, &hello, sizeof hello);
	tell_image(out);
}

static void tell_no_errno(int out)
{
	tell_end(out, -4096, 0);
}

static void tell_empty_image(int out)
{
	tell(out, &hello, sizeof hello);
	tell_end(out, 0, 0);
}

/* All on one processor, where the others go before this one. */
static void be_where_others_are(void)
{
	cpu_set_t all, one;
	size_t first = 0;

	MUST(sched_getaffinity(0, sizeof all, &all) == 0);
	while (!CPU_ISSET(first, &all))
		first++;
	CPU_ZERO(&one);
	CPU_SET(first, &one);
	MUST(sched_setaffinity(0, sizeof one, &one) == 0);
}

static void tell_when_let_run(int out)
{
	be_where_others_are();
	(void)setpriority(PRIO_PROCESS, 0, 19);
	while (clock() < CLOCKS_PER_SEC / 50)
		;
	tell_image(out);
}

static const struct row {
	const char *name;
	void (*run)(int out);
	unsigned limit_ms;
	enum crew_end end;
	int result;
	int signal;
	bool has_hello;
} rows[] = {
	{ "image", tell_image, LONG_MS, CREW_TOLD, 0, 0, true },
	{ "error", tell_error, LONG_MS, CREW_TOLD, -ENOENT, 0, false },
	{ "unchanged", tell_unchanged, LONG_MS, CREW_TOLD, EPC_UNCHANGED, 0, true },
	{ "pieces", tell_in_pieces, LONG_MS, CREW_TOLD, 0, 0, true },
	{ "nothing", say_nothing, LONG_MS, CREW_CRASHED, 0, 0, false },
	{ "crash", crash, LONG_MS, CREW_CRASHED, 0, SIGKILL, true },
	{ "stay", stay, SOON_MS, CREW_HUNG, 0, 0, false },
	{ "deaf", stay_deaf, SOON_MS, CREW_HUNG, 0, 0, false },
	{ "stop", stop, SOON_MS, CREW_HUNG, 0, 0, true },
	{ "trickle", trickle, SOON_MS, CREW_HUNG, 0, 0, true },
	{ "close", close_and_stay, LONG_MS, CREW_CRASHED, 0, SIGKILL, false },
	{ "told, closed", tell_close_and_stay, LONG_MS, CREW_TOLD, 0, 0, true },
	{ "told, stopped", tell_close_and_stop, LONG_MS, CREW_TOLD, 0, 0, true },
	{ "flood", flood, LONG_MS, CREW_GARBAGE, 0, 0, false },
	{ "claim", claim_too_much, LONG_MS, CREW_GARBAGE, 0, 0, true },
	{ "too much", tell_too_much, LONG_MS, CREW_GARBAGE, 0, 0, true },
	{ "too little", tell_too_little, LONG_MS, CREW_GARBAGE, 0, 0, true },
	{ "no hello", tell_without_hello, LONG_MS, CREW_GARBAGE, 0, 0, false },
	{ "hello twice", tell_hello_twice, LONG_MS, CREW_GARBAGE, 0, 0, true },
	{ "no errno", tell_no_errno, LONG_MS, CREW_GARBAGE, 0, 0, false },
	{ "let run", tell_when_let_run, LONG_MS, CREW_TOLD, 0, 0, true },
	{ "empty image", tell_empty_image, LONG_MS, CREW_GARBAGE, 0, 0, true },
};

#define NR_ROWS (sizeof rows / sizeof *rows)

/* In the place of the one that reads a directory. */
_Noreturn void worker_run(const struct worker_task *task, int out)
{
	/* Not even a test that fails leaves one behind. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = 0; i < NR_ROWS; i++)
		if (strcmp(task->dir, rows[i].name) == 0)
			rows[i].run(out);
	_exit(0);
}

/* --- what is left ------------------------------------------------------------ */

static int nr_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int nr = 0;

	MUST(d);
	while (readdir(d))
		nr++;
	(void)closedir(d);
	return nr;
}

/* No child, dead or alive; only one that could not be killed would be left. */
static bool is_childless(void)
{
	return waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD;
}

static void job_set(struct crew_job *job, const char *name, unsigned limit_ms)
{
	*job = (struct crew_job){ .task.dir = name, .limit_ms = limit_ms, .fd = -1 };
}

static const struct row *row_of(const struct crew_job *job)
{
	for (size_t i = 0; i < NR_ROWS; i++)
		if (strcmp(job->task.dir, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}

static void check_job(const struct crew_job *job)
{
	const struct row *row = row_of(job);

	T(job->end == row->end);
	T(job->has_hello == row->has_hello);
	T(!job->has_hello || (job->layers == 5 && job->owner == 42));
	if (job->end == CREW_TOLD)
		T(job->result == row->result);
	if (job->end == CREW_TOLD && job->result == 0)
		T(job->image.len == (row->run == tell_in_pieces ? 3 : IMAGE_BYTES) &&
		  job->image.data[job->image.len - 1] ==
			  (row->run == tell_in_pieces ? 'c' : 'i'));
	if (job->end == CREW_CRASHED)
		T(job->signal == row->signal);
}

/* One worker to its end; on a busy machine once more, until it came to say that it is there. */
static void run_row(const struct row *row, struct crew_job *job)
{
	for (unsigned limit_ms = row->limit_ms;; limit_ms *= 2) {
		struct crew crew = crew_init(1, 0);

		job_set(job, row->name, limit_ms);
		T(crew_has_room(&crew));
		crew_start(&crew, job);
		T(!crew_has_room(&crew));
		T(crew_wait(&crew) == job);
		T(crew_wait(&crew) == NULL);
		if (job->has_hello || !row->has_hello || limit_ms >= LONG_MS)
			return;
		crew_job_release(job);
	}
}

/* --- tests ------------------------------------------------------------------- */

static void every_end_is_told_and_nothing_is_left(void)
{
	int fds = nr_fds();

	for (size_t i = 0; i < NR_ROWS; i++) {
		struct crew_job job;

		T_ROW(rows[i].name);
		run_row(&rows[i], &job);
		check_job(&job);
		T(is_childless());
		crew_job_release(&job);
		T(job.fd == -1 && nr_fds() == fds);
	}
}

static void as_many_at_once_as_there_is_room_for(void)
{
	struct crew crew = crew_init(1000, 0);
	struct crew_job jobs[CREW_MAX], *job;
	int fds = nr_fds();
	size_t nr = 0;

	/* Those that end by themselves, and those that do not, side by side. */
	for (; crew_has_room(&crew) && nr < CREW_MAX; nr++) {
		job_set(&jobs[nr], rows[nr].name, rows[nr].limit_ms);
		crew_start(&crew, &jobs[nr]);
	}
	T(nr == CREW_MAX && !crew_has_room(&crew));
	for (; (job = crew_wait(&crew)); nr--) {
		T_ROW(job->task.dir);
		check_job(job);
		crew_job_release(job);
	}
	T(nr == 0 && is_childless() && nr_fds() == fds);
}

static void one_that_hangs_keeps_no_other(void)
{
	struct crew crew = crew_init(2, 0);
	struct crew_job stuck, job;

	job_set(&stuck, "stop", LONG_MS);
	crew_start(&crew, &stuck);
	for (int i = 0; i < 5; i++) {
		job_set(&job, "image", LONG_MS);
		crew_start(&crew, &job);
		T(crew_wait(&crew) == &job && job.end == CREW_TOLD);
		crew_job_release(&job);
	}
	T(kill(stuck.pid, SIGKILL) == 0);
	T(crew_wait(&crew) == &stuck && stuck.end == CREW_CRASHED);
	crew_job_release(&stuck);
	T(is_childless());
}

static void what_it_was_not_let_run_in_does_not_count(void)
{
	struct crew crew = crew_init(1, 0);
	struct crew_job job;
	pid_t busy[4];

	/* Checked code computes for much longer, and some kernels do not count. */
	if (SANITIZED || getenv("VALGRIND") || access("/proc/self/schedstat", R_OK) < 0)
		return;
	for (size_t i = 0; i < 4; i++) {
		busy[i] = fork();
		if (busy[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			be_where_others_are();
			for (;;)
				;
		}
		MUST(busy[i] > 0);
	}
	/* It takes 20 ms of a processor, which it waits for much longer than the limit. */
	job_set(&job, "let run", 200);
	crew_start(&crew, &job);
	T(crew_wait(&crew) == &job && job.end == CREW_TOLD && job.result == 0);
	crew_job_release(&job);
	for (size_t i = 0; i < 4; i++) {
		(void)kill(busy[i], SIGKILL);
		(void)waitpid(busy[i], NULL, 0);
	}
	T(is_childless());
}

static void the_time_of_all_ends_each(void)
{
	struct crew crew = crew_init(4, LONG_MS);
	struct crew_job jobs[4], *job;

	T(crew_has_time(&crew));
	crew = crew_init(4, SOON_MS);
	for (size_t i = 0; i < 4; i++) {
		job_set(&jobs[i], "stay", LONG_MS);
		crew_start(&crew, &jobs[i]);
	}
	for (size_t i = 0; i < 4; i++) {
		job = crew_wait(&crew);
		T(job && job->end == CREW_HUNG);
		if (job)
			crew_job_release(job);
	}
	T(crew_wait(&crew) == NULL && is_childless());
	T(!crew_has_time(&crew));

	/* What is started nevertheless is not waited for. */
	job_set(&jobs[0], "stay", LONG_MS);
	crew_start(&crew, &jobs[0]);
	T(crew_wait(&crew) == &jobs[0] && jobs[0].end == CREW_HUNG);
	crew_job_release(&jobs[0]);
	T(is_childless());
}

static void what_cannot_be_started_is_handed_back(void)
{
	struct rlimit few, usual;
	struct crew crew = crew_init(2, 0);
	struct crew_job good, bad;

	if (getenv("VALGRIND"))
		return; /* it has descriptors of its own */
	job_set(&good, "image", LONG_MS);
	crew_start(&crew, &good);
	MUST(getrlimit(RLIMIT_NOFILE, &usual) == 0);
	few = (struct rlimit){ 3, usual.rlim_max };
	MUST(setrlimit(RLIMIT_NOFILE, &few) == 0);
	job_set(&bad, "image", LONG_MS);
	crew_start(&crew, &bad);
	T(crew_wait(&crew) == &bad);
	T(bad.end == CREW_FAILED && bad.result == -EMFILE);
	MUST(setrlimit(RLIMIT_NOFILE, &usual) == 0);
	crew_job_release(&bad);

	T(crew_wait(&crew) == &good && good.end == CREW_TOLD);
	crew_job_release(&good);
	T(crew_wait(&crew) == NULL && is_childless());
}

static void signals_to_the_one_who_waits_are_no_news(void)
{
	struct crew crew = crew_init(1, 0);
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	const struct itimerval never = { { 0, 0 }, { 0, 0 } };
	struct sigaction quiet = { .sa_handler = say_nothing };
	struct crew_job job;

	/* Without SA_RESTART: each call that waits is interrupted. */
	MUST(sigaction(SIGALRM, &quiet, NULL) == 0);
	job_set(&job, "pieces", LONG_MS);
	crew_start(&crew, &job);
	MUST(setitimer(ITIMER_REAL, &often, NULL) == 0);
	T(crew_wait(&crew) == &job);
	MUST(setitimer(ITIMER_REAL, &never, NULL) == 0);
	check_job(&job);
	crew_job_release(&job);
	T(is_childless());
}

int main(void)
{
	/* A worker whose pipe is closed is to end by what write(2) says. */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	RUN(every_end_is_told_and_nothing_is_left);
	RUN(as_many_at_once_as_there_is_room_for);
	RUN(one_that_hangs_keeps_no_other);
	RUN(what_it_was_not_let_run_in_does_not_count);
	RUN(the_time_of_all_ends_each);
	RUN(what_cannot_be_started_is_handed_back);
	RUN(signals_to_the_one_who_waits_are_no_news);
	return t_done();
}
