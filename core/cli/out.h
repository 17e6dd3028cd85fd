/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * out.h - text for people and for programs.
 *
 * Used by: cmd-*.c, msg.c.  Uses: epcache.h.
 */
#ifndef EPC_OUT_H
#define EPC_OUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "epcache.h"

/*
 * out_escape - make bytes fit for a terminal
 *
 * Control characters, those of C1 too, what turns the direction of text round or is not
 * seen, and bytes that are not UTF-8 become \xHH.  Returns a string that the caller
 * frees, or NULL.
 */
char *out_escape(struct epc_str s);

/*
 * out_json_str - a JSON string of any bytes
 *
 * What is not UTF-8 is written as Python's surrogateescape has it (\udcXX), so
 * that json.loads() gives back what importlib.metadata gives.  cJSON passes bytes
 * through, hence an escaper of our own.  NULL data gives null.  Returns NULL when
 * out of memory.
 */
cJSON *out_json_str(struct epc_str s);

#define OUT_PATH_MAX 8192 /* bytes; a key is at most 4096 of them, a name 255 */

/* out_path - of a metadata folder, in the caller's buffer. */
struct epc_str out_path(struct epc_str dir, struct epc_str folder,
			char buf[OUT_PATH_MAX]);

/*
 * out_json_dist - a distribution: an object of its name, version and path
 *
 * The same in the output of every command.  Returns NULL when out of memory.
 */
cJSON *out_json_dist(struct epc_str name, struct epc_str version, struct epc_str path);

/* out_add - put a value into an object, or delete it; false when that failed. */
bool out_add(cJSON *object, const char *key, cJSON *value);

/* out_append - the same for an array. */
bool out_append(cJSON *array, cJSON *value);

/* out_json - print a value and a line end, and delete it; false when that failed. */
bool out_json(cJSON *value);

enum out_colour { OUT_PLAIN, OUT_GOOD, OUT_DOUBTFUL, OUT_BAD, OUT_FAINT };

struct out_cell {
	char *text; /* owned */
	enum out_colour colour;
	bool right; /* a number: to the right in its column */
};

/* Rows of text, in columns on a terminal, separated by tabs elsewhere. */
struct out_table {
	struct out_cell *cells; /* owned; row by row */
	size_t nr, cap;
	size_t width; /* columns */
	/* After so many columns a line is broken that a terminal is too narrow for. */
	size_t fold; /* 0: never */
	bool failed; /* out of memory: nothing is printed */
};

void out_cell(struct out_table *t, struct epc_str s);
void out_number(struct out_table *t, size_t n);
/* out_paint - the colour of the cell put last, where colours are shown. */
void out_paint(struct out_table *t, enum out_colour colour);
/* out_table_print - print and release; false when that failed. */
bool out_table_print(struct out_table *t);

/* out_is_terminal - do people read this? */
bool out_is_terminal(void);

/* out_for_other - what children print is printed by this process: to what it has now. */
void out_for_other(void);

/* out_str - of a C string. */
struct epc_str out_str(const char *s);

/* out_owner - packages as they are printed: "-" for "", nobody; "?" for NULL, not known. */
const char *out_owner(const char *packages);

/* out_lose - something is not printed, for want of memory; out_flush() tells. */
void out_lose(void);

/* out_flush - was everything written?  Says so when not. */
int out_flush(int status);

#endif
