/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a line of epcache.conf means, which files count, and what they add up to. */
#include "conf.h"
#include "t.h"
#include "tmp.h"

#define NR(a) (sizeof(a) / sizeof(a)[0])

static void reads_a_line(void)
{
	static const struct {
		const char *text;
		enum conf_key key;
		const char *value;
	} rows[] = {
		{ "User=_epcache", CONF_USER, "_epcache" },
		{ "User=65534", CONF_USER, "65534" },
		{ "User=4294967294", CONF_USER, "4294967294" },
		{ "User=a.b-c", CONF_USER, "a.b-c" },
		{ "Directory=/a", CONF_DIRECTORY, "/a" },
		{ " \tDirectory \t=\t /a b = c \r\n", CONF_DIRECTORY, "/a b = c" },
		{ "\n# x\n ; y\n\r\nExclude=/", CONF_EXCLUDE, "/" },
		{ "Exclude=", CONF_EXCLUDE, "" },
		{ "User=", CONF_USER, "" },
		{ "CheckFast=/a#b", CONF_CHECK_FAST, "/a#b" },
		{ "TrustStamps=/a", CONF_TRUST_STAMPS, "/a" },
		{ "Trigger=yes", CONF_TRIGGER, "yes" },
		{ "Actions=no", CONF_ACTIONS, "no" },
		{ "TimeoutSec=1", CONF_TIMEOUT_SEC, "1" },
		{ "TimeoutSec=3600", CONF_TIMEOUT_SEC, "3600" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct conf_parse p = conf_parse_init(span_of(rows[i].text));
		struct conf_line line = { 0 };

		T_ROW(rows[i].text);
		T(conf_parse_next(&p, &line));
		T(!line.wrong);
		T(line.key == rows[i].key);
		T(span_eq(line.value, span_of(rows[i].value)));
		T(!conf_parse_next(&p, &line));
	}
}

static void names_what_is_wrong(void)
{
	static const struct {
		struct span text;
		const char *wrong, *quote;
	} rows[] = {
#define TEXT(s) { s, sizeof(s) - 1 }
		{ TEXT("Foo=1"), "unknown key", "Foo" },
		{ TEXT("user=a"), "unknown key", "user" },
		{ TEXT("=a"), "unknown key", "" },
		{ TEXT(" [Epcache] "), "sections", "[Epcache]" },
		{ TEXT("[a]=b"), "sections", "[a]=b" },
		{ TEXT("just words"), "'='", "just words" },
		{ TEXT("User=root"), "User=", "root" },
		{ TEXT("User=0"), "User=", "0" },
		{ TEXT("User=00"), "User=", "00" },
		{ TEXT("User=4294967295"), "User=", "4294967295" },
		{ TEXT("User=18446744073709551617"), "User=", "18446744073709551617" },
		{ TEXT("User=1a"), "User=", "1a" },
		{ TEXT("User=-a"), "User=", "-a" },
		{ TEXT("User=a:b"), "User=", "a:b" },
		{ TEXT("Directory=a"), "Directory=", "a" },
		{ TEXT("Exclude=./a"), "Exclude=", "./a" },
		{ TEXT("CheckFast=~/a"), "CheckFast=", "~/a" },
		{ TEXT("Trigger=true"), "yes or no", "true" },
		{ TEXT("Actions=Yes"), "yes or no", "Yes" },
		{ TEXT("TimeoutSec=0"), "1 to 3600", "0" },
		{ TEXT("TimeoutSec=3601"), "1 to 3600", "3601" },
		{ TEXT("TimeoutSec=1s"), "1 to 3600", "1s" },
		{ TEXT("TimeoutSec=+1"), "1 to 3600", "+1" },
		{ TEXT("Directory=/a\0b"), "NUL", "Directory=/a" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct conf_parse p = conf_parse_init(rows[i].text);
		struct conf_line line = { 0 };

		T_ROW(rows[i].text.p);
		T(conf_parse_next(&p, &line));
		T(line.wrong && strstr(line.wrong, rows[i].wrong));
		T(line.quote.n >= strlen(rows[i].quote) &&
		  memcmp(line.quote.p, rows[i].quote, strlen(rows[i].quote)) == 0);
	}
}

static void counts_lines(void)
{
	struct conf_parse p = conf_parse_init(span_of("\n#\nx\n\n\ny"));
	struct conf_line line;

	T(conf_parse_next(&p, &line) && p.line == 3);
	T(conf_parse_next(&p, &line) && p.line == 6);
	T(!conf_parse_next(&p, &line));
}

/* --- a system ---------------------------------------------------------------- */

#define VENDOR "usr/lib/epcache/"
#define ADMIN "etc/epcache/"

struct system {
	struct tmp tmp;
	struct epc_ctx *ctx;
	struct conf conf;
};

static struct system system_make(void)
{
	static const char *const folders[] = {
		"usr", "usr/lib",     "usr/lib/epcache",     VENDOR "epcache.conf.d",
		"etc", "etc/epcache", ADMIN "epcache.conf.d"
	};
	struct system s = { .tmp = tmp_make() };

	for (size_t i = 0; i < NR(folders); i++)
		MUST(mkdirat(s.tmp.fd, folders[i], 0755) == 0);
	MUST(epc_ctx_new(&s.ctx) == 0 && epc_ctx_set_root(s.ctx, s.tmp.path) == 0);
	return s;
}

static void system_release(struct system *s)
{
	conf_release(&s->conf);
	epc_ctx_free(s->ctx);
	tmp_release(&s->tmp);
}
#define auto_system __attribute__((cleanup(system_release)))

/* Load without a word on stderr: what is said is a matter of the command's tests. */
static void load(struct system *s)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), saved = dup(STDERR_FILENO);

	MUST(null >= 0 && saved >= 0 && dup2(null, STDERR_FILENO) >= 0);
	conf_release(&s->conf);
	T(conf_load(s->ctx, &s->conf) == 0);
	MUST(dup2(saved, STDERR_FILENO) >= 0 && close(saved) == 0 && close(null) == 0);
}

/* All values of a list, each followed by a blank. */
static const char *list(const struct system *s, enum conf_key key, char buf[256])
{
	const char *value;
	size_t at = 0;

	buf[0] = '\0';
	while ((value = conf_list(&s->conf, key, &at)))
		(void)snprintf(buf + strlen(buf), 256 - strlen(buf), "%s ", value);
	return buf;
}

static bool directories_are(const struct system *s, const char *expected)
{
	char buf[256];

	return strcmp(list(s, CONF_DIRECTORY, buf), expected) == 0;
}

static void has_defaults_without_files(void)
{
	auto_system struct system s = system_make();

	load(&s);
	T(s.conf.trigger && s.conf.actions && s.conf.timeout_sec == 60);
	T(strcmp(s.conf.user, "_epcache") == 0);
	T(directories_are(&s, ""));
	T(!conf_excludes(&s.conf, "/") && !conf_fast(&s.conf, "/"));
}

static void sets_every_field(void)
{
	auto_system struct system s = system_make();

	tmp_put(s.tmp.fd, VENDOR "epcache.conf",
		"User=me\nTrigger=no\nActions=no\nTimeoutSec=7\nDirectory=/d\nDirectory=/e\n"
		"Exclude=/x//./y/\nCheckFast=/f\n");
	load(&s);
	T(strcmp(s.conf.user, "me") == 0);
	T(!s.conf.trigger && !s.conf.actions && s.conf.timeout_sec == 7);
	T(directories_are(&s, "/d /e "));
	T(conf_excludes(&s.conf, "/x/y") && conf_excludes(&s.conf, "//x/y/."));
	T(!conf_excludes(&s.conf, "/x") && !conf_excludes(&s.conf, "/x/y/z"));
	T(!conf_excludes(&s.conf, "/x/yy") && !conf_excludes(&s.conf, "/f"));
	T(conf_fast(&s.conf, "/f/") && !conf_fast(&s.conf, "/x/y"));
}

static void takes_the_last_and_resets(void)
{
	auto_system struct system s = system_make();

	tmp_put(s.tmp.fd, VENDOR "epcache.conf",
		"Directory=/a\nTrigger=no\nDirectory=/b\nTimeoutSec=1\nTimeoutSec=2\n"
		"Directory=\nTrigger=\nDirectory=/c\nTimeoutSec=oops\nExclude=/x\nExclude=\n");
	load(&s);
	T(directories_are(&s, "/c "));
	T(s.conf.trigger && s.conf.timeout_sec == 2);
	T(!conf_excludes(&s.conf, "/x"));
}

static void sorts_overrides_and_masks(void)
{
	static const struct {
		const char *row, *file, *text; /* text NULL: a link to /dev/null */
		const char *expected;
	} steps[] = {
		{ "vendor's file", VENDOR "epcache.conf", "Directory=/v\n", "/v " },
		{ "drop-in", VENDOR "epcache.conf.d/20.conf", "Directory=/v20\n",
		  "/v /v20 " },
		{ "another before it", ADMIN "epcache.conf.d/10.conf", "Directory=/a10\n",
		  "/v /a10 /v20 " },
		{ "no drop-in", ADMIN "epcache.conf.d/30.conf~", "Directory=/no\n",
		  "/v /a10 /v20 " },
		{ "hidden", ADMIN "epcache.conf.d/.30.conf", "Directory=/no\n",
		  "/v /a10 /v20 " },
		{ "override", ADMIN "epcache.conf.d/20.conf", "Directory=/a20\n",
		  "/v /a10 /a20 " },
		{ "mask by nothing", ADMIN "epcache.conf.d/20.conf", "", "/v /a10 " },
		{ "mask by a link", ADMIN "epcache.conf", NULL, "/a10 " },
	};
	auto_system struct system s = system_make();

	for (size_t i = 0; i < NR(steps); i++) {
		T_ROW(steps[i].row);
		if (steps[i].text)
			tmp_put(s.tmp.fd, steps[i].file, steps[i].text);
		else
			MUST(symlinkat("/dev/null", s.tmp.fd, steps[i].file) == 0);
		load(&s);
		T(directories_are(&s, steps[i].expected));
	}
}

static void believes_no_stranger(void)
{
	static const struct {
		const char *row, *file;
		mode_t mode;
		const char *expected;
	} rows[] = {
		{ "as it should be", ADMIN "epcache.conf", 0644, "/a " },
		{ "group", ADMIN "epcache.conf", 0664, "/v " },
		{ "others", ADMIN "epcache.conf", 0646, "/v " },
		{ "folder", "etc/epcache", 0777, "/v " },
		{ "both", "usr/lib/epcache", 0775, "" },
	};
	auto_system struct system s = system_make();

	tmp_put(s.tmp.fd, VENDOR "epcache.conf", "Directory=/v\n");
	tmp_put(s.tmp.fd, ADMIN "epcache.conf", "Directory=/a\n");
	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].row);
		MUST(fchmodat(s.tmp.fd, rows[i].file, rows[i].mode, 0) == 0);
		load(&s);
		T(directories_are(&s, rows[i].expected));
	}

	T_ROW("owner");
	MUST(fchmodat(s.tmp.fd, "etc/epcache", 0755, 0) == 0);
	MUST(fchmodat(s.tmp.fd, ADMIN "epcache.conf", 0644, 0) == 0);
	if (geteuid() == 0 &&
	    fchownat(s.tmp.fd, ADMIN "epcache.conf", 65534, 0, 0) == 0) {
		load(&s);
		T(directories_are(&s, ""));
	}
}

static void reads_only_regular_files_of_some_size(void)
{
	auto_system struct system s = system_make();
	char text[(64 << 10) + 2];
	int fd;

	MUST(mkfifoat(s.tmp.fd, ADMIN "epcache.conf", 0644) == 0);
	MUST(mkdirat(s.tmp.fd, ADMIN "epcache.conf.d/a.conf", 0755) == 0);
	memset(text, '\n', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	memcpy(text, "Directory=/large", strlen("Directory=/large"));
	tmp_put(s.tmp.fd, VENDOR "epcache.conf.d/b.conf", text);
	load(&s);
	T(directories_are(&s, ""));

	fd = openat(s.tmp.fd, VENDOR "epcache.conf.d/b.conf", O_WRONLY | O_CLOEXEC);
	MUST(fd >= 0 && ftruncate(fd, 64 << 10) == 0 && close(fd) == 0);
	load(&s);
	T(directories_are(&s, "/large "));
}

static void shows_where_each_value_is_from(void)
{
	static const struct conf_row expected[] = {
		{ CONF_USER, "_epcache", "default" },
		{ CONF_DIRECTORY, "/a", "/usr/lib/epcache/epcache.conf:2" },
		{ CONF_DIRECTORY, "/b", "/etc/epcache/epcache.conf.d/x.conf:1" },
		{ CONF_EXCLUDE, "", "default" },
		{ CONF_CHECK_FAST, "", "default" },
		{ CONF_TRUST_STAMPS, "", "default" },
		{ CONF_TRIGGER, "no", "/etc/epcache/epcache.conf.d/x.conf:2" },
		{ CONF_ACTIONS, "yes", "default" },
		{ CONF_TIMEOUT_SEC, "9", "/usr/lib/epcache/epcache.conf:1" },
	};
	auto_system struct system s = system_make();
	struct conf_walk walk = { 0 };
	struct conf_row row;
	size_t n = 0;

	tmp_put(s.tmp.fd, VENDOR "epcache.conf",
		"TimeoutSec=9\nDirectory=/a\nTrigger=yes\n");
	tmp_put(s.tmp.fd, ADMIN "epcache.conf.d/x.conf", "Directory=/b\nTrigger=no\n");
	load(&s);
	while (conf_rows(&s.conf, &walk, &row) && n < NR(expected)) {
		T_ROW(expected[n].origin);
		T(row.key == expected[n].key);
		T(strcmp(row.value, expected[n].value) == 0);
		T(strcmp(row.origin, expected[n].origin) == 0);
		n++;
	}
	T(n == NR(expected) && !conf_rows(&s.conf, &walk, &row));
}

int main(void)
{
	RUN(reads_a_line);
	RUN(names_what_is_wrong);
	RUN(counts_lines);
	RUN(has_defaults_without_files);
	RUN(sets_every_field);
	RUN(takes_the_last_and_resets);
	RUN(sorts_overrides_and_masks);
	RUN(believes_no_stranger);
	RUN(reads_only_regular_files_of_some_size);
	RUN(shows_where_each_value_is_from);
	return t_done();
}
