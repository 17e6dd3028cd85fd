/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf-parse.h"

#include <limits.h>
#include <stdint.h>

#include "lines.h"

#define TIMEOUT_MAX 3600
#define USER_NAME_MAX 31 /* of utmp(5), and so of useradd(8) */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits alone, up to a limit. */
static bool read_number(struct span s, uint64_t max, uint64_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
		if (n > max)
			return false;
	}
	*ret = n;
	return s.n > 0;
}

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* A name or a number, but not root: the one who reads what others wrote has no rights. */
bool conf_is_user(struct span s)
{
	uint64_t uid;

	if (s.n == 0)
		return false;
	if (is_digit(s.p[0])) /* (uid_t)-1 means "leave it as it is" to the kernel */
		return read_number(s, UINT32_MAX - 1, &uid) && uid > 0;
	if (!is_name_char(s.p[0]) || s.n > USER_NAME_MAX || span_eq(s, span_of("root")))
		return false;

	for (size_t i = 1; i < s.n; i++)
		if (!is_name_char(s.p[i]) && !is_digit(s.p[i]) && s.p[i] != '-' &&
		    s.p[i] != '.')
			return false;
	return true;
}

static bool is_absolute(struct span s)
{
	return s.p[0] == '/' && s.n < PATH_MAX;
}

static bool is_yes_or_no(struct span s)
{
	return span_eq(s, span_of("yes")) || span_eq(s, span_of("no"));
}

static bool is_timeout(struct span s)
{
	uint64_t seconds;

	return read_number(s, TIMEOUT_MAX, &seconds) && seconds > 0;
}

static const struct {
	const char *name;
	bool is_list;
	bool (*is_valid)(struct span value); /* which is not empty */
	const char *wrong;
} keys[NR_CONF_KEYS] = {
	[CONF_USER] = { "User", false, conf_is_user,
			"User= must be the name or number of a user other than root, not" },
	[CONF_DIRECTORY] = { "Directory", true, is_absolute,
			     "Directory= must be an absolute path, not" },
	[CONF_EXCLUDE] = { "Exclude", true, is_absolute,
			   "Exclude= must be an absolute path, not" },
	[CONF_CHECK_FAST] = { "CheckFast", true, is_absolute,
			      "CheckFast= must be an absolute path, not" },
	[CONF_TRUST_STAMPS] = { "TrustStamps", true, is_absolute,
				"TrustStamps= must be an absolute path, not" },
	[CONF_TRIGGER] = { "Trigger", false, is_yes_or_no,
			   "Trigger= must be yes or no, not" },
	[CONF_ACTIONS] = { "Actions", false, is_yes_or_no,
			   "Actions= must be yes or no, not" },
	[CONF_TIMEOUT_SEC] = { "TimeoutSec", false, is_timeout,
			       "TimeoutSec= must be a number from 1 to 3600, not" },
};

const char *conf_key_name(enum conf_key key)
{
	return keys[key].name;
}

bool conf_key_is_list(enum conf_key key)
{
	return keys[key].is_list;
}

static struct conf_line fault(const char *wrong, struct span quote)
{
	return (struct conf_line){ .wrong = wrong, .quote = quote };
}

static struct conf_line read_line(struct span line)
{
	const char *equals = memchr(line.p, '=', line.n);
	struct span name, value;
	size_t key = 0;

	if (memchr(line.p, '\0', line.n))
		return fault("remove the NUL byte after", line);
	if (line.p[0] == '[')
		return fault("there are no sections in this file, remove", line);
	if (!equals)
		return fault("a line is Key=value, and there is no '=' in", line);

	name = line_strip((struct span){ line.p, (size_t)(equals - line.p) });
	value = line_strip(span_from(line, (size_t)(equals - line.p) + 1));
	while (key < NR_CONF_KEYS && !span_eq(name, span_of(keys[key].name)))
		key++;
	if (key == NR_CONF_KEYS)
		return fault("unknown key", name);
	if (value.n && !keys[key].is_valid(value))
		return fault(keys[key].wrong, value);

	return (struct conf_line){ .key = (enum conf_key)key, .value = value };
}

bool conf_parse_next(struct conf_parse *p, struct conf_line *ret)
{
	while (p->rest.n) {
		struct span line = line_take(&p->rest);

		p->line++;
		if (line_says_nothing(line))
			continue;
		*ret = read_line(line);
		return true;
	}
	return false;
}
