/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "out.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "late.h"
#include "msg.h"

struct epc_str out_str(const char *s)
{
	return (struct epc_str){ s, s ? strlen(s) : 0 };
}

/* --- bytes ------------------------------------------------------------------- */

/* Length of the UTF-8 sequence at the start of @s, 0 when there is none (RFC 3629). */
static size_t sequence(const unsigned char *s, size_t n)
{
	static const struct {
		unsigned char first, last; /* of the lead byte */
		unsigned char low, high;   /* of the second byte */
		unsigned char len;
	} rows[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 }, { 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	if (s[0] < 0x80)
		return 1;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		size_t k = 2;

		if (s[0] < rows[i].first || s[0] > rows[i].last)
			continue;
		if (n < rows[i].len || s[1] < rows[i].low || s[1] > rows[i].high)
			return 0;
		while (k < rows[i].len && (s[k] & 0xc0) == 0x80)
			k++;
		return k == rows[i].len ? k : 0;
	}
	return 0;
}

/* Text that grows; .p is NULL once memory ran out. */
struct text {
	char *p;
	size_t n, cap;
};

static void put(struct text *t, const char *bytes, size_t n)
{
	char *more;

	if (!t->p)
		return;

	if (t->cap - t->n < n + 1) {
		t->cap = 2 * t->cap + n + 1;
		more = realloc(t->p, t->cap);
		if (!more)
			free(t->p);
		t->p = more;
		if (!more)
			return;
	}
	memcpy(t->p + t->n, bytes, n);
	t->n += n;
	t->p[t->n] = '\0';
}

/* Most text is ASCII that no escape is about; here is how much of it @s begins with. */
static size_t plain(const unsigned char *s, size_t n)
{
	size_t i = 0;

	while (i < n && s[i] >= 0x20 && s[i] < 0x7f && s[i] != '"' && s[i] != '\\')
		i++;
	return i;
}

/* Copy sequence by sequence; @escape writes those that need it and returns true. */
static char *copy(struct epc_str s, const char *quote,
		  bool (*escape)(struct text *, const unsigned char *, size_t))
{
	struct text t = { calloc(1, 64), 0, 64 };
	size_t i = 0, n;

	put(&t, quote, strlen(quote));
	while (i < s.len) {
		const unsigned char *at = (const unsigned char *)s.data + i;

		n = plain(at, s.len - i);
		if (n > 0) {
			put(&t, (const char *)at, n);
			i += n;
			continue;
		}
		n = sequence(at, s.len - i);
		if (!escape(&t, at, n))
			put(&t, (const char *)at, n);
		i += n ? n : 1;
	}
	put(&t, quote, strlen(quote));
	return t.p;
}

/* The character of a sequence of @n bytes. */
static uint32_t character(const unsigned char *at, size_t n)
{
	uint32_t c = n == 1 ? at[0] : at[0] & (0xffu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | (at[i] & 0x3fu);
	return c;
}

/*
 * Text that holds these does not say what it seems to say: controls, unassigned code
 * points that are reserved for them, and all that Unicode lets a program show as nothing
 * (Default_Ignorable_Code_Point).  The two joiners are left: Persian and the languages of
 * India cannot be written without them.
 */
static bool misleads(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {
		{ 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },
		{ 0x034f, 0x034f },   { 0x061c, 0x061c },   { 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },   { 0x180b, 0x180f },   { 0x200b, 0x200b },
		{ 0x200e, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },
		{ 0x3164, 0x3164 },   { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },   { 0x13430, 0x1345f },
		{ 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
	};

	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static bool escape_terminal(struct text *t, const unsigned char *at, size_t n)
{
	char hex[5];

	if (n > 0 && !misleads(character(at, n)))
		return false;

	for (size_t i = 0; i < (n ? n : 1); i++) {
		(void)snprintf(hex, sizeof hex, "\\x%02x", at[i]);
		put(t, hex, 4);
	}
	return true;
}

/* Something was not printed, for want of memory; told by out_flush(). */
static bool lost;

void out_lose(void)
{
	lost = true;
}

char *out_escape(struct epc_str s)
{
	char *safe = copy(s, "", escape_terminal);

	if (!safe)
		out_lose();
	return safe;
}

/* A program reads these as it reads the characters themselves; a person is not misled. */
static bool escape_json(struct text *t, const unsigned char *at, size_t n)
{
	uint32_t c = n > 0 ? character(at, n) : 0xdc00u + *at;
	char hex[32];

	if (n > 0 && c != '"' && c != '\\' && !misleads(c))
		return false;

	if (c == '"' || c == '\\')
		(void)snprintf(hex, sizeof hex, "\\%c", (char)c);
	else if (c < 0x10000)
		(void)snprintf(hex, sizeof hex, "\\u%04x", (unsigned)c);
	else
		(void)snprintf(hex, sizeof hex, "\\u%04x\\u%04x",
			       0xd7c0u + (unsigned)(c >> 10),
			       0xdc00u + (unsigned)(c & 0x3ff));
	put(t, hex, strlen(hex));
	return true;
}

cJSON *out_json_str(struct epc_str s)
{
	char *quoted;
	cJSON *value;

	if (!s.data)
		return cJSON_CreateNull();

	quoted = copy(s, "\"", escape_json);
	value = quoted ? cJSON_CreateRaw(quoted) : NULL;
	free(quoted);
	return value;
}

static void put_line(struct text *t, size_t depth)
{
	put(t, "\n", 1);
	while (depth-- > 0)
		put(t, "  ", 2);
}

/* The length of a string of JSON, with its quotes. */
static size_t json_str_len(const char *s)
{
	size_t n = 1;

	while (s[n] != '"')
		n += s[n] == '\\' ? 2 : 1;
	return n + 1;
}

/* @json as cJSON prints it without spaces, for people: indented by two spaces. */
static char *indent_json(const char *json)
{
	struct text t = { calloc(1, 64), 0, 64 };
	size_t depth = 0, n;

	for (; *json; json += n) {
		n = *json == '"' ? json_str_len(json) : strcspn(json, "{}[]:,\"");
		if (n == 0)
			n = 1;
		if (strchr("}]", *json))
			put_line(&t, --depth);
		put(&t, json, n);
		if (*json == ':')
			put(&t, " ", 1);
		else if (*json == ',')
			put_line(&t, depth);
		else if (!strchr("{[", *json))
			continue;
		else if (strchr("}]", json[1]))
			put(&t, json + n++, 1);
		else
			put_line(&t, ++depth);
	}
	return t.p;
}

bool out_json(cJSON *value)
{
	char *compact = value ? cJSON_PrintUnformatted(value) : NULL;
	char *text = compact ? indent_json(compact) : NULL;
	bool ok = text && puts(text) >= 0;

	cJSON_free(compact);
	free(text);
	cJSON_Delete(value);
	if (!text && late_has(LATE_JSON))
		msg("out of memory");
	return ok;
}

bool out_add(cJSON *object, const char *key, cJSON *value)
{
	if (value && cJSON_AddItemToObjectCS(object, key, value))
		return true;

	cJSON_Delete(value);
	return false;
}

bool out_append(cJSON *array, cJSON *value)
{
	if (value && cJSON_AddItemToArray(array, value))
		return true;

	cJSON_Delete(value);
	return false;
}

struct epc_str out_path(struct epc_str dir, struct epc_str folder, char buf[OUT_PATH_MAX])
{
	int len = snprintf(buf, OUT_PATH_MAX, "%.*s/%.*s",
			   dir.len == 1 ? 0 : (int)dir.len, dir.data, (int)folder.len,
			   folder.data);

	return (struct epc_str){ buf, len < 0 ? 0 : (size_t)len };
}

cJSON *out_json_dist(struct epc_str name, struct epc_str version, struct epc_str path)
{
	cJSON *dist = cJSON_CreateObject();

	if (out_add(dist, "name", out_json_str(name)) &&
	    out_add(dist, "version", out_json_str(version)) &&
	    out_add(dist, "path", out_json_str(path)))
		return dist;

	cJSON_Delete(dist);
	return NULL;
}

/* --- tables ------------------------------------------------------------------ */

/* Of the process that prints what this one does; 0: none, or no terminal. */
static int columns_of_other;
static bool is_for_other;

bool out_is_terminal(void)
{
	return is_for_other ? columns_of_other > 0 : isatty(STDOUT_FILENO);
}

static struct out_cell *cell_new(struct out_table *t)
{
	struct out_cell *more;

	if (t->nr == t->cap) {
		more = reallocarray(t->cells, 2 * t->cap + 64, sizeof *more);
		if (!more) {
			t->failed = true;
			return NULL;
		}
		t->cells = more;
		t->cap = 2 * t->cap + 64;
	}

	t->cells[t->nr] = (struct out_cell){ .colour = OUT_PLAIN };
	return &t->cells[t->nr++];
}

void out_cell(struct out_table *t, struct epc_str s)
{
	struct out_cell *cell = cell_new(t);

	if (!cell)
		return;

	cell->text = out_escape(s);
	t->failed |= !cell->text;
}

void out_number(struct out_table *t, size_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%zu", n);
	out_cell(t, out_str(text));
	if (t->nr)
		t->cells[t->nr - 1].right = true;
}

void out_paint(struct out_table *t, enum out_colour colour)
{
	if (t->nr)
		t->cells[t->nr - 1].colour = colour;
}

/* Columns of one character: of scripts, by the blocks of Unicode; single signs take one. */
static int width(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		int columns;
	} rows[] = {
		{ 0x0300, 0x036f, 0 }, /* accents that are combined */
		{ 0x0483, 0x0489, 0 },   { 0x0591, 0x05bd, 0 },   { 0x064b, 0x065f, 0 },
		{ 0x0e34, 0x0e3a, 0 },   { 0x0e47, 0x0e4e, 0 },   { 0x1100, 0x115f, 2 },
		{ 0x1ab0, 0x1aff, 0 },   { 0x1dc0, 0x1dff, 0 },   { 0x200c, 0x200d, 0 },
		{ 0x20d0, 0x20ff, 0 },   { 0x2e80, 0x3029, 2 },   { 0x302a, 0x302d, 0 },
		{ 0x302e, 0x303e, 2 },   { 0x3041, 0x3098, 2 },   { 0x3099, 0x309a, 0 },
		{ 0x309b, 0xa4cf, 2 },                          /* kana, CJK, Yi */
		{ 0xa960, 0xa97c, 2 },   { 0xac00, 0xd7a3, 2 }, /* Hangul */
		{ 0xf900, 0xfaff, 2 },   { 0xfe00, 0xfe0f, 0 },   { 0xfe10, 0xfe19, 2 },
		{ 0xfe20, 0xfe2f, 0 },   { 0xfe30, 0xfe6b, 2 },   { 0xff01, 0xff60, 2 },
		{ 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1f6ff, 2 },
		{ 0x1f900, 0x1f9ff, 2 }, { 0x20000, 0x3fffd, 2 }, { 0xe0100, 0xe01ef, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0] && c >= rows[i].first; i++)
		if (c <= rows[i].last)
			return rows[i].columns;
	return 1;
}

/* Columns that a terminal shows for text in UTF-8. */
static int columns(const char *s)
{
	size_t left = strlen(s), n;
	int all = 0;

	for (; left > 0; s += n, left -= n) {
		const unsigned char *at = (const unsigned char *)s;

		n = sequence(at, left);
		all += n ? width(character(at, n)) : 1;
		n = n ? n : 1;
	}
	return all;
}

/* https://no-color.org: set and not empty, whatever it says. */
static bool is_coloured(void)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return out_is_terminal() && !(no && *no) && term && *term &&
	       strcmp(term, "dumb") != 0;
}

static void print_cell(const struct out_cell *cell, bool coloured)
{
	static const char *const start[] = {
		[OUT_PLAIN] = "",
		[OUT_GOOD] = "\033[32m",
		[OUT_DOUBTFUL] = "\033[33m",
		[OUT_BAD] = "\033[31m",
		[OUT_FAINT] = "\033[2m",
	};

	if (coloured && cell->colour != OUT_PLAIN)
		printf("%s%s\033[0m", start[cell->colour], cell->text);
	else
		(void)fputs(cell->text, stdout);
}

#define GAP 2 /* columns of a terminal between those of a table */

/* Columns of a line up to and with the c-th, with the gap behind. */
static int end_of(const int *widths, size_t c)
{
	int n = 0;

	for (size_t i = 0; i <= c; i++)
		n += widths[i] + GAP;
	return n;
}

static void print_row(const struct out_table *t, size_t row, const int *widths,
		      bool coloured)
{
	for (size_t c = 0; c < t->width; c++) {
		const struct out_cell *cell = &t->cells[row + c];
		bool last = c + 1 == t->width;
		int gap = widths ? widths[c] - columns(cell->text) : 0;

		if (cell->right)
			printf("%*s", gap, "");
		print_cell(cell, coloured);
		if (last)
			(void)putchar('\n');
		else if (!widths)
			(void)putchar('\t');
		else if (gap < 0) /* see widest() */
			printf("\n%*s", end_of(widths, c), "");
		else
			printf("%*s", (cell->right ? 0 : gap) + GAP, "");
	}
}

/* The widest cell of a column among those of at most @limit columns. */
static int widest(const struct out_table *t, size_t column, int limit)
{
	int most = 0;

	for (size_t i = column; i < t->nr; i += t->width) {
		int n = columns(t->cells[i].text);

		if (n > most && n <= limit)
			most = n;
	}
	return most;
}

static int terminal_columns(void)
{
	struct winsize size;

	if (is_for_other)
		return columns_of_other;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0
		       ? size.ws_col
		       : 80;
}

void out_for_other(void)
{
	columns_of_other = out_is_terminal() ? terminal_columns() : 0;
	is_for_other = true;
}

/* A cell too wide for its column is one that its line is broken after. */
static void measure(const struct out_table *t, int *widths)
{
	for (size_t c = 0; c < t->width; c++)
		widths[c] = widest(t, c, INT_MAX);

	if (t->fold > 0) {
		size_t c = t->fold - 1;
		int others = end_of(widths, t->width - 1) - GAP - widths[c];

		widths[c] = widest(t, c, terminal_columns() - others);
	}
}

bool out_table_print(struct out_table *t)
{
	int *widths = out_is_terminal() ? calloc(t->width, sizeof *widths) : NULL;
	bool ok = !t->failed, coloured = is_coloured();

	if (!ok)
		msg("out of memory");
	if (ok && widths)
		measure(t, widths);
	for (size_t i = 0; ok && i + t->width <= t->nr; i += t->width)
		print_row(t, i, widths, coloured);

	for (size_t i = 0; i < t->nr; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(widths);
	*t = (struct out_table){ .width = t->width, .fold = t->fold };
	return ok;
}

int out_flush(int status)
{
	if (lost) {
		msg("out of memory: the output is not whole");
		return EXIT_FAILURE;
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;

	msg("cannot write to standard output: %s", strerror(errno));
	return EXIT_FAILURE;
}

const char *out_owner(const char *packages)
{
	return !packages ? "?" : *packages ? packages : "-";
}
