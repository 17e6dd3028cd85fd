/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * escape.c - the tool, with workers that try what they must not be able to do.
 *
 * The environment of a worker is scrubbed, so that the name of its directory says what
 * it tries, and behind which layers of the sandbox:
 *
 *     .../mkdir.all/site         once all layers are on
 *     .../mkdir.none/site        without any: can it be done here at all?
 *     .../mkdir.landlock/site    behind that one alone
 *     .../scan.none/...          read as ever, but without the sandbox
 *
 * All that is needed for it is made by the worker before it gives up anything.  What
 * came of it is told as the errno of reading the directory, of numbers that no errno
 * has.  A directory of any other name is read as by the tool itself.
 *
 *     escape --list        what can be tried, "pipe" before what is told or how it ends
 *     escape --landlock    which ABI the kernel has; 0: none
 *
 * Run by escape.sh.
 */
#include <grp.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "drop.h"
#include "filter.h"
#include "landlock.h"

#include "../unit/tmp.h"
#include "escape-acts.h"
#include "escape-pipe.h"

#define DONE 2000   /* it was possible */
#define DENIED 1000 /* and the errno that it failed with */
#define LAYERS 3000 /* and the bits of those that are on */

#define NAME_SIZE 64
#define IMAGE_SIZE 65536

_Noreturn void __real_worker_run(const struct worker_task *task, int out);
_Noreturn void __wrap_worker_run(const struct worker_task *task, int out);
int __real_epc_image_build(struct epc_site *site, const struct epc_image *old,
			   unsigned flags, struct epc_image **ret_image);
int __wrap_epc_image_build(struct epc_site *site, const struct epc_image *old,
			   unsigned flags, struct epc_image **ret_image);
bool __real_drop_fds(const int *keep, size_t nr_keep);
bool __wrap_drop_fds(const int *keep, size_t nr_keep);
bool __real_drop_limits(unsigned cpu_seconds);
bool __wrap_drop_limits(unsigned cpu_seconds);
bool __real_drop_new_privs(void);
bool __wrap_drop_new_privs(void);
int __real_drop_user(uid_t uid, gid_t gid);
int __wrap_drop_user(uid_t uid, gid_t gid);
bool __real_drop_caps(void);
bool __wrap_drop_caps(void);
int __real_drop_bonds(pid_t parent);
int __wrap_drop_bonds(pid_t parent);
bool __real_landlock_beneath(int dir);
bool __wrap_landlock_beneath(int dir);
bool __real_filter_worker(int out);
bool __wrap_filter_worker(int out);

/* What this worker is to do; nothing of it in the process that starts workers. */
static struct {
	char name[NAME_SIZE];
	unsigned wanted; /* layers */
	unsigned had;
	bool is_attack;
	int out;
	pid_t parent;
	void *page;
	struct file_handle *handle;
	char image[IMAGE_SIZE]; /* of another directory */
	size_t image_n;
} it = { .wanted = ~0u };

/* --- the layers -------------------------------------------------------------- */

static bool had(bool is_there, unsigned bit)
{
	it.had |= is_there ? bit : 0;
	return is_there;
}

bool __wrap_drop_fds(const int *keep, size_t nr_keep)
{
	return it.wanted & SANDBOX_FDS &&
	       had(__real_drop_fds(keep, nr_keep), SANDBOX_FDS);
}

bool __wrap_drop_limits(unsigned cpu_seconds)
{
	return it.wanted & SANDBOX_LIMITS &&
	       had(__real_drop_limits(cpu_seconds), SANDBOX_LIMITS);
}

bool __wrap_drop_new_privs(void)
{
	return it.wanted & SANDBOX_NO_NEW_PRIVS &&
	       had(__real_drop_new_privs(), SANDBOX_NO_NEW_PRIVS);
}

int __wrap_drop_user(uid_t uid, gid_t gid)
{
	int r = it.wanted & SANDBOX_USER ? __real_drop_user(uid, gid) : DROP_NOT_HAD;

	(void)had(r == DROP_DONE, SANDBOX_USER);
	return r;
}

bool __wrap_drop_caps(void)
{
	return it.wanted & SANDBOX_CAPABILITIES &&
	       had(__real_drop_caps(), SANDBOX_CAPABILITIES);
}

int __wrap_drop_bonds(pid_t parent)
{
	int r = it.wanted & SANDBOX_PRIVATE ? __real_drop_bonds(parent) : DROP_NOT_HAD;

	(void)had(r == DROP_DONE, SANDBOX_PRIVATE);
	return r;
}

bool __wrap_landlock_beneath(int dir)
{
	return it.wanted & SANDBOX_LANDLOCK &&
	       had(__real_landlock_beneath(dir), SANDBOX_LANDLOCK);
}

bool __wrap_filter_worker(int out)
{
	return it.wanted & SANDBOX_SECCOMP &&
	       had(__real_filter_worker(out), SANDBOX_SECCOMP);
}

/* --- what the directory's name says ------------------------------------------ */

static bool layers_of(const char *text, size_t n, unsigned *ret_wanted)
{
	for (unsigned i = 0; i < SANDBOX_NR_LAYERS; i++) {
		const char *name = sandbox_layer_name(i);

		if (n != strlen(name) || memcmp(text, name, n) != 0)
			continue;
		/* Without which, not being root, there is no Landlock. */
		*ret_wanted = 1u << i | (1u << i == SANDBOX_LANDLOCK
						 ? (unsigned)SANDBOX_NO_NEW_PRIVS
						 : 0u);
		return true;
	}
	*ret_wanted = n == 3 ? ~0u : 0;
	return (n == 3 && memcmp(text, "all", n) == 0) ||
	       (n == 4 && memcmp(text, "none", n) == 0);
}

static bool parse_name(const char *dir)
{
	const char *end;

	for (const char *p = dir; *p; p = end + (*end == '/')) {
		size_t n;

		end = strchrnul(p, '/');
		n = strcspn(p, "./");
		if (p[n] != '.' || n == 0 || n >= sizeof it.name)
			continue;
		if (!layers_of(p + n + 1, (size_t)(end - p) - n - 1, &it.wanted))
			continue;

		memcpy(it.name, p, n);
		it.is_attack = strcmp(it.name, "scan") != 0;
		return true;
	}
	it.wanted = ~0u;
	return false;
}

/* --- what is there before ---------------------------------------------------- */

static void put(const char *path, const char *bytes, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	MUST(fd >= 0 && write(fd, bytes, strlen(bytes)) == (ssize_t)strlen(bytes) &&
	     fchmod(fd, mode) == 0 && close(fd) == 0);
}

/* Go to the directory, in the root that it is in, and make what is missing of it. */
static void enter(const struct worker_task *task)
{
	int root = epc_ctx_root_fd(task->ctx);
	char path[PATH_MAX], *p = path;

	MUST(strlen(task->dir) < sizeof path && task->dir[0] == '/');
	(void)strcpy(path, task->dir);
	(void)umask(0);
	MUST(root >= 0 ? fchdir(root) == 0 : chdir("/") == 0);
	for (char *name = strtok_r(path + 1, "/", &p); name;
	     name = strtok_r(NULL, "/", &p)) {
		(void)mkdir(name, 0777);
		MUST(chdir(name) == 0);
	}
}

static void make_files(void)
{
	put("file", "bytes", 0666);
	put("prog", "no program", 0777);
	put("../file", "bytes", 0666);
	put("../closed", "bytes", 0600);
	put("../prog", "no program", 0777);
	(void)mkdir("empty", 0777);
	(void)mkdir("../empty", 0777);
	(void)mkdir("a-1.dist-info", 0755);
	put("a-1.dist-info/entry_points.txt", "[g]\na = m:x\n", 0644);
	MUST(symlink("../file", "link-out") == 0 || errno == EEXIST);
}

static void hold(int fd, int as)
{
	if (fd >= 0 && fd != as)
		(void)dup2(fd, as);
}

static void hold_terminal(void)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0;

	if (fd >= 0 && ioctl(fd, TIOCSPTLCK, &unlock) == 0)
		hold(ioctl(fd, TIOCGPTPEER, O_RDWR | O_NOCTTY), HELD_TERMINAL);
}

static void make_objects(void)
{
	int mount;

	hold(open("../file", O_WRONLY), HELD_FILE);
	hold(open("/proc/self/ns/uts", O_RDONLY), HELD_SPACE);
	it.page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);
	it.handle = calloc(1, sizeof *it.handle + MAX_HANDLE_SZ);
	MUST(it.page != MAP_FAILED && it.handle);
	it.handle->handle_bytes = MAX_HANDLE_SZ;
	(void)name_to_handle_at(AT_FDCWD, "../file", it.handle, &mount, 0);
	if (strcmp(it.name, "type") == 0)
		hold_terminal();
	if (strncmp(it.name, "connect-", 8) == 0)
		listen_outside();
}

static void read_image(void)
{
	int fd = open("../../image", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, it.image, sizeof it.image) : 0;

	it.image_n = n > 0 ? (size_t)n : 0;
}

/* To see from outside that it is there, and that it is gone. */
static void write_pid(void)
{
	char text[16];

	(void)snprintf(text, sizeof text, "%d", (int)getpid());
	put("../pid", text, 0644);
}

/* Where to write how much memory the one who listens has had so far. */
static const char *memory_file;

static void write_memory(void)
{
	char path[64], line[256];
	FILE *in, *out;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)it.parent);
	in = fopen(path, "re");
	out = fopen(memory_file, "ae");
	MUST(in && out);
	while (fgets(line, sizeof line, in))
		if (strncmp(line, "VmHWM:", 6) == 0)
			(void)fprintf(out, "%ld\n", strtol(line + 6, NULL, 10));
	(void)fclose(in);
	(void)fclose(out);
}

_Noreturn void __wrap_worker_run(const struct worker_task *task, int out)
{
	it.out = out;
	it.parent = getppid();
	if (memory_file)
		write_memory();
	if (parse_name(task->dir) && it.is_attack) {
		enter(task);
		make_files();
		make_objects();
		read_image();
		write_pid();
	}
	__real_worker_run(task, out);
}

/* --- what is tried ----------------------------------------------------------- */

static intptr_t arg_of(intptr_t arg, struct epc_site *site)
{
	switch (arg) {
	case DIRECTORY:
		return epc_site_fd(site);
	case PARENT:
		return it.parent;
	case OUT:
		return it.out;
	case PAGE:
		return A(it.page);
	case FILE_PARTS:
		return A(it.handle);
	}
	return arg;
}

static int try_call(const struct call *c, struct epc_site *site)
{
	pid_t self = getpid();
	intptr_t a[6];
	long r;

	for (size_t i = 0; i < 6; i++)
		a[i] = arg_of(c->arg[i], site);
	r = syscall(c->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (r == 0 && getpid() != self)
		_exit(0); /* the child that it should not have got */

	return r >= 0 || errno == c->past ? 0 : -errno;
}

static int try_pipe(const struct pipe_attack *p, struct epc_site *site)
{
	struct attack attack = { .out = it.out, .other = { it.image, it.image_n } };
	const struct {
		unsigned flags;
		struct epc_str *bytes;
	} images[] = {
		{ 0, &attack.own },
		{ EPC_REFRESH_FAST_OK, &attack.fast },
		{ EPC_REFRESH_PRIVATE, &attack.secret },
	};

	for (size_t i = 0; i < sizeof images / sizeof images[0]; i++) {
		struct epc_image *image = NULL;
		int r = __real_epc_image_build(site, NULL, images[i].flags, &image);

		if (r != 0)
			return r;
		*images[i].bytes = epc_image_bytes(image);
	}
	return p->run(&attack);
}

static int try_signal(int number)
{
	sigset_t all;

	(void)signal(number, SIG_DFL);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_UNBLOCK, &all, NULL);
	(void)kill(getpid(), number);
	return 0;
}

static int told(int r)
{
	return r < 0 ? r - DENIED : -DONE;
}

int __wrap_epc_image_build(struct epc_site *site, const struct epc_image *old,
			   unsigned flags, struct epc_image **ret_image)
{
	if (!it.is_attack)
		return __real_epc_image_build(site, old, flags, ret_image);

	for (size_t i = 0; i < NR_ESCAPE_CALLS; i++)
		if (strcmp(it.name, escape_calls[i].name) == 0)
			return told(try_call(&escape_calls[i], site));
	for (size_t i = 0; i < NR_ESCAPE_ACTS; i++)
		if (strcmp(it.name, escape_acts[i].name) == 0)
			return told(escape_acts[i].run(it.out));
	for (size_t i = 0; i < NR_PIPE_ATTACKS; i++)
		if (strcmp(it.name, pipe_attacks[i].name) == 0)
			return try_pipe(&pipe_attacks[i], site);
	if (strncmp(it.name, "signal-", 7) == 0)
		return told(try_signal(atoi(it.name + 7)));

	return -LAYERS - (int)it.had;
}

/* --- before main() ----------------------------------------------------------- */

/* Started by exec_setid(), from which it has the pipe: was anything gained by that? */
static void tell_setid(const char *out)
{
	const struct worker_end end = { WORKER_END,
					geteuid() == 0 ? -DONE : -DENIED - EPERM, 0 };

	_exit(write(atoi(out), &end, sizeof end) == (ssize_t)sizeof end ? 0 : 1);
}

static void list(void)
{
	for (size_t i = 0; i < NR_ESCAPE_CALLS; i++)
		(void)puts(escape_calls[i].name);
	for (size_t i = 0; i < NR_ESCAPE_ACTS; i++)
		(void)puts(escape_acts[i].name);
	for (size_t i = 0; i < NR_PIPE_ATTACKS; i++)
		(void)printf("pipe %s\n", pipe_attacks[i].name);
}

/* The main() is the tool's own. */
__attribute__((constructor)) static void begin(int argc, char **argv)
{
	long abi;

	if (argc == 2 && strcmp(argv[0], "escape-setid") == 0)
		tell_setid(argv[1]);
	memory_file = getenv("ESCAPE_MEMORY");
	memory_file = memory_file ? strdup(memory_file) : NULL;
	if (argc != 2)
		return;

	if (strcmp(argv[1], "--list") == 0) {
		list();
	} else if (strcmp(argv[1], "--landlock") == 0) {
		abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
			      LANDLOCK_CREATE_RULESET_VERSION);
		(void)printf("%ld\n", abi < 0 ? 0 : abi);
	} else {
		return;
	}
	(void)fflush(stdout);
	_exit(0);
}
