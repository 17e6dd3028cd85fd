/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "action.h"

#include <errno.h>
#include <limits.h>

#include "conf-parse.h"
#include "lines.h"

#define TIMEOUT_DEFAULT 10 /* seconds */
#define TIMEOUT_MAX 30
#define MEMORY_DEFAULT (UINT64_C(256) << 20) /* bytes */
#define MEMORY_MIN (UINT64_C(1) << 20)
#define MEMORY_MAX (UINT64_C(64) << 30)
#define WORDS_MAX 256 /* of Exec=, and of Groups= */

enum key {
	DESCRIPTION,
	EXEC,
	GROUPS,
	DIRECTORIES,
	TIMEOUT_SEC,
	MEMORY,
	MODE,
	USER,
	WRITABLE_PATH,
	NR_KEYS,
};

/* A file while it is being read. */
struct reader {
	struct action *action; /* borrowed */
	struct action_faults *faults;
	unsigned line;        /* 1-based */
	unsigned at[NR_KEYS]; /* line of each key that was set; 0: not set */
	bool no_memory;
};

static void fault(struct reader *r, const char *wrong, struct span quote)
{
	struct action_faults *f = r->faults;

	if (f->nr < ACTION_FAULTS)
		f->at[f->nr++] = (struct action_fault){ r->line, wrong, quote };
}

static char *copy(struct reader *r, struct span s)
{
	char *text = strndup(s.p, s.n);

	r->no_memory |= !text;
	return text;
}

/* --- words ------------------------------------------------------------------- */

static void words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

/* Behind the words that are there.  A fault quotes their line: the word is soon gone. */
static bool words_add(struct reader *r, char ***words, struct span word, struct span line)
{
	size_t nr = 0;
	char **more;

	while (*words && (*words)[nr])
		nr++;
	if (nr == WORDS_MAX) {
		fault(r, "there are more than 256 words in", line);
		return false;
	}

	more = reallocarray(*words, nr + 2, sizeof *more);
	if (!more) {
		r->no_memory = true;
		return false;
	}
	*words = more;
	more[nr] = copy(r, word);
	more[nr + 1] = NULL;
	return true;
}

/*
 * The next word of a command line, with quotes and backslashes taken away, as sh(1) would
 * take them, but nothing is expanded.  1, 0 at the end, -1 for an open quote.
 */
static int next_word(struct span *rest, char *buf, struct span *ret_word)
{
	char quote = '\0';
	size_t n = 0, i = 0;

	*rest = line_strip(*rest);
	if (rest->n == 0)
		return 0;

	for (; i < rest->n && (quote || !line_is_blank(rest->p[i])); i++) {
		char c = rest->p[i];

		if (quote ? c == quote : c == '"' || c == '\'') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\' && quote != '\'') {
			if (++i == rest->n)
				return -1;
			c = rest->p[i];
		}
		buf[n++] = c;
	}
	*rest = span_from(*rest, i);
	*ret_word = (struct span){ buf, n };
	return quote ? -1 : 1;
}

/* --- values ------------------------------------------------------------------ */

/* Digits alone, up to a limit. */
static bool read_number(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return s.n > 0;
}

static bool is_path(struct span s)
{
	return s.n > 1 && s.p[0] == '/' && s.n < PATH_MAX;
}

/* "..", as a component, leads where the path does not seem to lead. */
static bool goes_up(struct span s)
{
	for (size_t i = 0; i + 2 < s.n; i++)
		if (memcmp(s.p + i, "/..", 3) == 0 && (i + 3 == s.n || s.p[i + 3] == '/'))
			return true;
	return false;
}

static void set_description(struct reader *r, struct span value)
{
	r->action->description = copy(r, value);
}

static void set_exec(struct reader *r, struct span value)
{
	autofree char *buf = malloc(value.n);
	struct span rest = value, word;
	int more = 1;

	r->no_memory |= !buf;
	while (!r->no_memory && (more = next_word(&rest, buf, &word)) > 0) {
		if (!r->action->exec && !is_path(word)) {
			fault(r,
			      "Exec= must begin with the absolute path of a program, not",
			      value);
			return;
		}
		if (!words_add(r, &r->action->exec, word, value))
			return;
	}
	if (more < 0)
		fault(r, "a quote or backslash in Exec= has nothing that ends it, in",
		      value);
}

static void set_groups(struct reader *r, struct span value)
{
	struct span rest = value;

	while ((rest = line_strip(rest)).n > 0) {
		struct span word = { rest.p, 0 };

		while (word.n < rest.n && !line_is_blank(rest.p[word.n]))
			word.n++;
		if (!words_add(r, &r->action->groups, word, value))
			return;
		rest = span_from(rest, word.n);
	}
}

static void set_directories(struct reader *r, struct span value)
{
	r->action->all_directories = span_eq(value, span_of("all"));
	if (!r->action->all_directories && !span_eq(value, span_of("system")))
		fault(r, "Directories= must be system or all, not", value);
}

static void set_timeout(struct reader *r, struct span value)
{
	uint64_t n;

	if (read_number(value, TIMEOUT_MAX, &n) && n > 0)
		r->action->timeout_s = (unsigned)n;
	else
		fault(r, "TimeoutSec= must be a number from 1 to 30, not", value);
}

static void set_memory(struct reader *r, struct span value)
{
	static const char units[] = "KMG";
	struct span digits = value;
	const char *unit = NULL;
	unsigned shift = 0;
	uint64_t n;

	if (value.n && value.p[value.n - 1] != '\0')
		unit = strchr(units, value.p[value.n - 1]);
	if (unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		digits.n--;
	}
	if (read_number(digits, MEMORY_MAX >> shift, &n) && n << shift >= MEMORY_MIN)
		r->action->memory_max = n << shift;
	else
		fault(r,
		      "MemoryMax= must be from 1M to 64G, as a number with K, M or G, not",
		      value);
}

static void set_mode(struct reader *r, struct span value)
{
	if (span_eq(value, span_of("user")))
		r->action->mode = ACTION_USER;
	else if (!span_eq(value, span_of("filter")))
		fault(r, "Mode= must be filter or user, not", value);
}

static void set_user(struct reader *r, struct span value)
{
	if (conf_is_user(value))
		r->action->user = copy(r, value);
	else
		fault(r,
		      "User= must be the name or number of a user other than root, not",
		      value);
}

static void set_writable_path(struct reader *r, struct span value)
{
	if (is_path(value) && !goes_up(value))
		r->action->writable_path = copy(r, value);
	else
		fault(r,
		      "WritablePath= must be an absolute path below '/', without '..', not",
		      value);
}

static const struct {
	const char *name;
	void (*set)(struct reader *r, struct span value); /* which is not empty */
} keys[NR_KEYS] = {
	[DESCRIPTION] = { "Description", set_description },
	[EXEC] = { "Exec", set_exec },
	[GROUPS] = { "Groups", set_groups },
	[DIRECTORIES] = { "Directories", set_directories },
	[TIMEOUT_SEC] = { "TimeoutSec", set_timeout },
	[MEMORY] = { "MemoryMax", set_memory },
	[MODE] = { "Mode", set_mode },
	[USER] = { "User", set_user },
	[WRITABLE_PATH] = { "WritablePath", set_writable_path },
};

/* --- the file ---------------------------------------------------------------- */

static void take_value(struct reader *r, size_t key, struct span value)
{
	if (r->at[key] && key != GROUPS) {
		fault(r, "this key was given before, remove one of",
		      span_of(keys[key].name));
		return;
	}

	r->at[key] = r->line;
	if (value.n)
		keys[key].set(r, value);
	else
		fault(r, "give a value, or remove the empty", span_of(keys[key].name));
}

static void take_line(struct reader *r, struct span line)
{
	const char *equals = memchr(line.p, '=', line.n);
	const char *nul = memchr(line.p, '\0', line.n);
	struct span name;
	size_t key = 0;

	if (nul) {
		fault(r, "remove the NUL byte behind",
		      (struct span){ line.p, (size_t)(nul - line.p) });
		return;
	}
	if (line.p[0] == '[') {
		fault(r, "there are no sections in this file, remove", line);
		return;
	}
	if (!equals) {
		fault(r, "a line is Key=value, and there is no '=' in", line);
		return;
	}

	name = line_strip((struct span){ line.p, (size_t)(equals - line.p) });
	while (key < NR_KEYS && !span_eq(name, span_of(keys[key].name)))
		key++;
	if (key == NR_KEYS)
		fault(r, "unknown key", name);
	else
		take_value(r, key,
			   line_strip(span_from(line, (size_t)(equals - line.p) + 1)));
}

/* What only the whole file tells. */
static void check_whole(struct reader *r)
{
	bool is_user = r->action->mode == ACTION_USER;

	r->line = 0;
	if (!r->at[EXEC])
		fault(r, "there is no line that says what to run, add", span_of("Exec="));
	for (size_t key = USER; key <= WRITABLE_PATH; key++) {
		r->line = r->at[key];
		if (is_user && !r->at[key])
			fault(r, "Mode=user needs a line", span_of(keys[key].name));
		if (!is_user && r->at[key])
			fault(r, "this key is for Mode=user alone:",
			      span_of(keys[key].name));
	}
}

/* Some editors put it there. */
static void skip_mark(struct reader *r, struct span *text)
{
	static const char mark[] = "\xef\xbb\xbf";

	if (text->n < strlen(mark) || memcmp(text->p, mark, strlen(mark)) != 0)
		return;

	r->line = 1;
	*text = span_from(*text, strlen(mark));
	fault(r, "remove the byte order mark before",
	      line_take(&(struct span){ text->p, text->n }));
	r->line = 0;
}

int action_parse(struct span text, struct action *ret, struct action_faults *ret_faults)
{
	struct reader r = { .action = ret, .faults = ret_faults };

	*ret_faults = (struct action_faults){ .nr = 0 };
	*ret = (struct action){ .timeout_s = TIMEOUT_DEFAULT,
				.memory_max = MEMORY_DEFAULT };
	skip_mark(&r, &text);
	while (text.n) {
		struct span line = line_take(&text);

		r.line++;
		if (!line_says_nothing(line))
			take_line(&r, line);
	}
	check_whole(&r);
	if (r.no_memory)
		return -ENOMEM;
	return ret_faults->nr ? -EBADMSG : 0;
}

void action_release(struct action *a)
{
	free(a->name);
	free(a->file);
	free(a->description);
	words_free(a->exec);
	words_free(a->groups);
	free(a->user);
	free(a->writable_path);
	*a = (struct action){ 0 };
}

static bool is_small(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool action_name_is_valid(struct span name)
{
	if (name.n < 4 || name.n > ACTION_NAME_MAX || name.p[2] != '-' ||
	    !is_small(name.p[3]))
		return false;

	for (size_t i = 0; i < 2; i++)
		if (name.p[i] < '0' || name.p[i] > '9')
			return false;
	for (size_t i = 4; i < name.n; i++)
		if (!is_small(name.p[i]) && name.p[i] != '-')
			return false;
	return true;
}

const char *action_mode_name(enum action_mode mode)
{
	return mode == ACTION_USER ? "user" : "filter";
}
