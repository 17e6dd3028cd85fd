/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * console-scripts.c - an action: a report of the scripts that distributions bring.
 *
 * Reads a change, of which it takes what there is now, and prints which script is of
 * which distribution, names that two of them claim, scripts whose file is missing, and
 * distributions with entry points that no package owns.  The last one by asking the tool
 * that its argument names.
 *
 *     epcache actions run 50-console-scripts && epcache actions output 50-console-scripts
 *
 * Spec: epcache-action(5)
 */
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auto.h"

#define API 1 /* of the change that is understood */

/* One script; strings are borrowed from the change. */
struct script {
	const char *name, *dist, *version, *directory;
	char *file; /* owned; where it should be, or NULL: not known */
};

struct report {
	struct script *at; /* owned */
	size_t nr;
};

/* --- input ------------------------------------------------------------------- */

static char *read_all(FILE *from)
{
	size_t n = 0, cap = 65536;
	char *text = malloc(cap + 1), *more;

	while (text) {
		n += fread(text + n, 1, cap - n, from);
		if (n < cap)
			break;
		cap *= 2;
		more = realloc(text, cap + 1);
		if (!more)
			free(text);
		text = more;
	}
	if (text)
		text[n] = '\0';
	return text;
}

/* A byte that is not UTF-8 is written \udcXX, which cJSON does not take: "?" instead. */
static void mend(char *text)
{
	for (char *at = text; (at = strchr(at, '\\')); at += 2) {
		if (!at[1])
			return;
		if (strncmp(at, "\\udc", 4) == 0 && strlen(at) >= 6)
			memcpy(at, "\\u003f", 6);
	}
}

static cJSON *parse(FILE *from)
{
	autofree char *text = read_all(from);

	if (text)
		mend(text);
	return text ? cJSON_Parse(text) : NULL;
}

static const char *text_of(const cJSON *object, const char *key)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object,
										 key));

	return text ? text : "";
}

/* What comes from other people's files is printed without what a terminal obeys. */
static void print_safe(const char *text)
{
	for (; *text; text++)
		(void)putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

/* --- scripts ----------------------------------------------------------------- */

/* PREFIX/lib/python3.11/site-packages has its scripts in PREFIX/bin. */
static char *file_of(const char *directory, const char *name)
{
	static const char *const parts[] = { "/lib/python3", "/lib64/python3" };
	char *file = NULL;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		const char *end = strstr(directory, parts[i]);

		if (!end || strchr(name, '/'))
			continue;
		if (asprintf(&file, "%.*s/bin/%s", (int)(end - directory), directory,
			     name) < 0)
			return NULL;
		return file;
	}
	return NULL;
}

static bool is_script(const cJSON *entry)
{
	const char *group = text_of(entry, "group");

	return strcmp(group, "console_scripts") == 0 || strcmp(group, "gui_scripts") == 0;
}

static void add(struct report *r, const char *directory, const cJSON *dist,
		const cJSON *entry)
{
	struct script *more = reallocarray(r->at, r->nr + 1, sizeof *more);
	const char *name = text_of(entry, "name");

	if (!more)
		return;
	r->at = more;
	more[r->nr++] = (struct script){ name, text_of(dist, "name"),
					 text_of(dist, "version"), directory,
					 file_of(directory, name) };
}

static int compare(const void *a, const void *b)
{
	const struct script *x = a, *y = b;
	int r = strcmp(x->name, y->name);

	r = r ? r : strcmp(x->dist, y->dist);
	return r ? r : strcmp(x->directory, y->directory);
}

static void collect(struct report *r, const cJSON *change)
{
	const cJSON *dir, *dist, *entry;

	cJSON_ArrayForEach(dir, cJSON_GetObjectItemCaseSensitive(change, "directories"))
	{
		const char *directory = text_of(dir, "directory");

		cJSON_ArrayForEach(dist,
				   cJSON_GetObjectItemCaseSensitive(dir, "distributions"))
		{
			cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(
							  dist, "entry_points"))
			{
				if (is_script(entry))
					add(r, directory, dist, entry);
			}
		}
	}
	if (r->nr > 1)
		qsort(r->at, r->nr, sizeof *r->at, compare);
}

/* --- the report -------------------------------------------------------------- */

static void print_script(const struct script *s)
{
	print_safe(s->name);
	printf("\t");
	print_safe(s->dist);
	printf(" ");
	print_safe(s->version);
	printf("\t");
	print_safe(s->directory);
	printf("\n");
}

static void print_scripts(const struct report *r)
{
	printf("# Console scripts: name, distribution, directory\n");
	for (size_t i = 0; i < r->nr; i++)
		print_script(&r->at[i]);
}

/* They are sorted: those of one name stand side by side. */
static void print_claimed(const struct report *r)
{
	printf("\n# Names that two distributions claim\n");
	for (size_t i = 0, end; i < r->nr; i = end) {
		bool differ = false;

		for (end = i + 1;
		     end < r->nr && strcmp(r->at[i].name, r->at[end].name) == 0; end++)
			differ |= strcmp(r->at[i].dist, r->at[end].dist) != 0;
		for (size_t k = i; differ && k < end; k++)
			print_script(&r->at[k]);
	}
}

static void print_missing(const struct report *r)
{
	struct stat st;

	printf("\n# Scripts whose file is missing: file, distribution\n");
	for (size_t i = 0; i < r->nr; i++) {
		const struct script *s = &r->at[i];

		if (!s->file || lstat(s->file, &st) == 0 || errno != ENOENT)
			continue;
		print_safe(s->file);
		printf("\t");
		print_safe(s->dist);
		printf("\n");
	}
}

/* --- owners ------------------------------------------------------------------ */

/* The answer of the tool, or NULL. */
static cJSON *ask_unowned(const char *tool)
{
	int pipes[2], status = 0;
	cJSON *answer = NULL;
	FILE *from;
	pid_t pid;

	if (pipe(pipes) < 0)
		return NULL;
	pid = fork();
	if (pid == 0) {
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)close(pipes[0]);
		(void)close(pipes[1]);
		(void)execl(tool, tool, "owner", "--unowned", "--json", (char *)NULL);
		_exit(127);
	}
	(void)close(pipes[1]);
	from = fdopen(pipes[0], "r");
	if (from) {
		answer = parse(from);
		(void)fclose(from);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != 3)) {
		cJSON_Delete(answer);
		return NULL;
	}
	return answer;
}

/* Has a distribution, by the path of its metadata folder, entry points? */
static bool has_entries(const cJSON *change, const char *path)
{
	const cJSON *dir, *dist;

	cJSON_ArrayForEach(dir, cJSON_GetObjectItemCaseSensitive(change, "directories"))
	{
		cJSON_ArrayForEach(dist,
				   cJSON_GetObjectItemCaseSensitive(dir, "distributions"))
		{
			if (strcmp(text_of(dist, "path"), path) == 0)
				return cJSON_GetArraySize(
					       cJSON_GetObjectItemCaseSensitive(
						       dist, "entry_points")) > 0;
		}
	}
	return false;
}

static void print_unowned(const cJSON *change, const char *tool)
{
	cJSON *answer = ask_unowned(tool);
	const cJSON *found;

	printf("\n# Distributions with entry points that no package owns\n");
	if (!answer)
		printf("# not known: '%s owner --unowned' gave no answer\n", tool);
	cJSON_ArrayForEach(found, answer)
	{
		const char *path = text_of(
			cJSON_GetObjectItemCaseSensitive(found, "distribution"), "path");

		if (!has_entries(change, path))
			continue;
		print_safe(path);
		printf("\n");
	}
	cJSON_Delete(answer);
}

int main(int argc, char **argv)
{
	cJSON *change = parse(stdin);
	const cJSON *api = cJSON_GetObjectItemCaseSensitive(change, "api");
	struct report r = { 0 };

	if (!cJSON_IsNumber(api) || api->valueint != API) {
		(void)fputs("console-scripts: standard input is no change of API 1; see "
			    "epcache-action(5)\n",
			    stderr);
		return 1;
	}

	collect(&r, change);
	print_scripts(&r);
	print_claimed(&r);
	print_missing(&r);
	if (argc > 1)
		print_unowned(change, argv[1]);
	for (size_t i = 0; i < r.nr; i++)
		free(r.at[i].file);
	free(r.at);
	cJSON_Delete(change);
	return fflush(stdout) == 0 ? 0 : 1;
}
