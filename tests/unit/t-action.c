/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a registration means, and what is wrong in one. */
#include "action.h"

#include <errno.h>

#include "t.h"

#define NR(a) (sizeof(a) / sizeof(a)[0])
#define E "Exec=/x\n"

static struct action parsed(const char *text)
{
	struct action_faults faults;
	struct action a;
	int r = action_parse(span_of(text), &a, &faults);

	T(r == 0 && faults.nr == 0);
	return a;
}

/* Words joined by '|', as the table below has them. */
static bool is_words(char *const *words, const char *joined)
{
	struct span rest = span_of(joined);

	for (; *words; words++) {
		size_t n = strlen(*words);

		if (rest.n < n + 1 || memcmp(rest.p, *words, n) != 0 || rest.p[n] != '|')
			return false;
		rest = span_from(rest, n + 1);
	}
	return rest.n == 0;
}

static void has_defaults(void)
{
	auto_action struct action a = parsed(E);

	T(!a.name && !a.file && !a.description && !a.groups && !a.user &&
	  !a.writable_path);
	T(!a.all_directories && a.mode == ACTION_FILTER && a.timeout_s == 10);
	T(a.memory_max == 256u << 20 && is_words(a.exec, "/x|"));
}

static void splits_a_command_line(void)
{
	static const struct {
		const char *value, *words;
	} rows[] = {
		{ "/x", "/x|" },
		{ "/x a  b\tc ", "/x|a|b|c|" },
		{ "/x 'a b' \"c d\"", "/x|a b|c d|" },
		{ "/x a'b 'c", "/x|ab c|" },
		{ "/x \"\" ''", "/x|||" },
		{ "/x \\\"a\\ b", "/x|\"a b|" },
		{ "/x \"a\\\"b\" 'a\\b'", "/x|a\"b|a\\b|" },
		{ "/x $HOME ; rm * %n #", "/x|$HOME|;|rm|*|%n|#|" },
		{ "\"/a b/x\" c", "/a b/x|c|" },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		char text[128];

		T_ROW(rows[i].value);
		(void)snprintf(text, sizeof text, "Exec = %s\r\n", rows[i].value);
		auto_action struct action a = parsed(text);
		T(a.exec && is_words(a.exec, rows[i].words));
	}
}

static void reads_each_key(void)
{
	auto_action struct action a = parsed("# c\n; c\n\n"
					     "Description=  what it does \n"
					     "Exec=/bin/true x\n"
					     "Groups=a.b  c\n"
					     "Groups=d\n"
					     "Directories=all\n"
					     "TimeoutSec=30\n"
					     "MemoryMax=2G\n"
					     "Mode=user\n"
					     "User=nobody\n"
					     "WritablePath=/var/lib/x..y\n");

	T(strcmp(a.description, "what it does") == 0);
	T(is_words(a.exec, "/bin/true|x|") && is_words(a.groups, "a.b|c|d|"));
	T(a.all_directories && a.timeout_s == 30 && a.memory_max == UINT64_C(2) << 30);
	T(a.mode == ACTION_USER && strcmp(a.user, "nobody") == 0);
	T(strcmp(a.writable_path, "/var/lib/x..y") == 0);
}

static void reads_sizes(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} rows[] = {
		{ E "MemoryMax=1048576", 1 << 20 },
		{ E "MemoryMax=1024K", 1 << 20 },
		{ E "MemoryMax=1M", 1 << 20 },
		{ E "MemoryMax=64G", UINT64_C(64) << 30 },
		{ E "MemoryMax=68719476736", UINT64_C(64) << 30 },
	};

	for (size_t i = 0; i < NR(rows); i++) {
		T_ROW(rows[i].text);
		auto_action struct action a = parsed(rows[i].text);
		T(a.memory_max == rows[i].bytes);
	}
}

static void names_what_is_wrong(void)
{
	static const struct {
		struct span text;
		unsigned line;
		const char *wrong, *quote;
	} rows[] = {
#define TEXT(s) { s, sizeof(s) - 1 }
		{ TEXT(""), 0, "add", "Exec=" },
		{ TEXT("Mode=filter"), 0, "add", "Exec=" },
		{ TEXT("\n\nFoo=1\n" E), 3, "unknown key", "Foo" },
		{ TEXT("exec=/x\n" E), 1, "unknown key", "exec" },
		{ TEXT("[Action]\n" E), 1, "sections", "[Action]" },
		{ TEXT(E "words"), 2, "'='", "words" },
		{ TEXT(E "a\0b=c"), 2, "NUL", "a" },
		{ TEXT("\xef\xbb\xbf" E), 1, "byte order mark", "Exec=/x" },
		{ TEXT(E "\xef\xbb\xbfMode=user"), 2, "unknown key", "\xef\xbb\xbfMode" },
		{ TEXT("Exec=x"), 1, "absolute", "x" },
		{ TEXT("Exec=/"), 1, "absolute", "/" },
		{ TEXT("Exec='' /x"), 1, "absolute", "'' /x" },
		{ TEXT("Exec=/x 'a"), 1, "quote", "/x 'a" },
		{ TEXT("Exec=/x \"a"), 1, "quote", "/x \"a" },
		{ TEXT("Exec=/x a\\"), 1, "quote", "/x a\\" },
		{ TEXT("Exec="), 1, "empty", "Exec" },
		{ TEXT(E E), 2, "before", "Exec" },
		{ TEXT(E "Groups="), 2, "empty", "Groups" },
		{ TEXT(E "Directories=some"), 2, "system or all", "some" },
		{ TEXT(E "TimeoutSec=0"), 2, "1 to 30", "0" },
		{ TEXT(E "TimeoutSec=31"), 2, "1 to 30", "31" },
		{ TEXT(E "TimeoutSec=1s"), 2, "1 to 30", "1s" },
		{ TEXT(E "MemoryMax=1"), 2, "1M to 64G", "1" },
		{ TEXT(E "MemoryMax=1023K"), 2, "1M to 64G", "1023K" },
		{ TEXT(E "MemoryMax=65G"), 2, "1M to 64G", "65G" },
		{ TEXT(E "MemoryMax=M"), 2, "1M to 64G", "M" },
		{ TEXT(E "MemoryMax=1T"), 2, "1M to 64G", "1T" },
		{ TEXT(E "MemoryMax=99999999999999999999"), 2, "1M to 64G",
		  "99999999999999999999" },
		{ TEXT(E "Mode=root"), 2, "filter or user", "root" },
		{ TEXT(E "User=a"), 2, "Mode=user", "User" },
		{ TEXT(E "WritablePath=/a"), 2, "Mode=user", "WritablePath" },
		{ TEXT(E "Mode=user\nWritablePath=/a"), 0, "Mode=user", "User" },
		{ TEXT(E "Mode=user\nUser=a"), 0, "Mode=user", "WritablePath" },
		{ TEXT(E "Mode=user\nWritablePath=/a\nUser=root"), 4, "other than root",
		  "root" },
		{ TEXT(E "Mode=user\nWritablePath=/a\nUser=0"), 4, "other than root",
		  "0" },
		{ TEXT(E "Mode=user\nUser=a\nWritablePath=a"), 4, "absolute", "a" },
		{ TEXT(E "Mode=user\nUser=a\nWritablePath=/"), 4, "below '/'", "/" },
		{ TEXT(E "Mode=user\nUser=a\nWritablePath=/a/.."), 4, "'..'", "/a/.." },
		{ TEXT(E "Mode=user\nUser=a\nWritablePath=/../a"), 4, "'..'", "/../a" },
#undef TEXT
	};

	for (size_t i = 0; i < NR(rows); i++) {
		struct action_faults faults;
		auto_action struct action a = { 0 };

		T_ROW(rows[i].text.p);
		T(action_parse(rows[i].text, &a, &faults) == -EBADMSG);
		T(faults.nr == 1 && faults.at[0].line == rows[i].line);
		T(strstr(faults.at[0].wrong, rows[i].wrong));
		T(span_eq(faults.at[0].quote, span_of(rows[i].quote)));
	}
}

static void tells_of_each_line_that_is_wrong(void)
{
	auto_action struct action a = { 0 };
	struct action_faults faults;
	char many[4 * 40 + 1] = "";

	T(action_parse(span_of("a=1\nMode=x\nExec=y\n"), &a, &faults) == -EBADMSG);
	T(faults.nr == 3 && faults.at[2].line == 3);
	action_release(&a);
	for (size_t i = 0; i < 40; i++)
		memcpy(many + 4 * i, "a=1\n", 4);
	T(action_parse(span_of(many), &a, &faults) == -EBADMSG);
	T(faults.nr == ACTION_FAULTS);
}

static void limits_words(void)
{
	auto_action struct action a = { 0 };
	struct action_faults faults;
	char text[1024] = "Exec=/x";

	for (size_t i = 0; i < 255; i++)
		(void)strcat(text, " a");
	T(action_parse(span_of(text), &a, &faults) == 0);
	action_release(&a);
	(void)strcat(text, " a a");
	T(action_parse(span_of(text), &a, &faults) == -EBADMSG);
	T(faults.nr == 1 && span_eq(faults.at[0].quote, span_of(text + strlen("Exec="))));
}

static void knows_names(void)
{
	static const char *const good[] = { "50-a", "00-9", "99-a-b", "10-a--1-" };
	static const char *const bad[] = { "",      "5-a",    "50a",    "50-",
					   "50--a", "50-A",   "50-a.b", "x0-a",
					   "50_a",  "50-a/b", "500-a",  "50-\xc3\xa4" };
	char name[ACTION_NAME_MAX + 1];

	for (size_t i = 0; i < NR(good); i++) {
		T_ROW(good[i]);
		T(action_name_is_valid(span_of(good[i])));
	}
	for (size_t i = 0; i < NR(bad); i++) {
		T_ROW(bad[i]);
		T(!action_name_is_valid(span_of(bad[i])));
	}
	T_ROW("long");
	memset(name, 'a', sizeof name);
	memcpy(name, "50-", 3);
	T(action_name_is_valid((struct span){ name, ACTION_NAME_MAX }));
	T(!action_name_is_valid((struct span){ name, ACTION_NAME_MAX + 1 }));
}

int main(void)
{
	RUN(has_defaults);
	RUN(splits_a_command_line);
	RUN(reads_each_key);
	RUN(reads_sizes);
	RUN(names_what_is_wrong);
	RUN(tells_of_each_line_that_is_wrong);
	RUN(limits_words);
	RUN(knows_names);
	return t_done();
}
