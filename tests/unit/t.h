/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * t.h - unit tests that print TAP.
 *
 *     static void names_the_line_at_fault(void)
 *     {
 *             T(parse_line("x") == 3);
 *     }
 *
 *     int main(void)
 *     {
 *             RUN(names_the_line_at_fault);
 *             return t_done();
 *     }
 *
 * RUN makes one TAP line of a function; it fails when a T in it was false.  In
 * a table-driven test, T_ROW names the row in what a failure prints.
 *
 * Used by: tests/unit/t-*.c.
 */
#ifndef EPC_T_H
#define EPC_T_H

#include <stdio.h>

static int t_count, t_failed, t_bad_here;
static const char *t_row;

#define T(cond)                                                                          \
	do {                                                                             \
		if (!(cond)) {                                                           \
			printf("# %s:%d: %s%s%s%s\n", __FILE__, __LINE__, #cond,         \
			       t_row ? " [" : "", t_row ? t_row : "", t_row ? "]" : ""); \
			t_bad_here++;                                                    \
		}                                                                        \
	} while (0)

#define T_ROW(name) (t_row = (name))

#define RUN(fn)                                                                     \
	do {                                                                        \
		t_bad_here = 0;                                                     \
		t_row = NULL;                                                       \
		fn();                                                               \
		t_count++;                                                          \
		t_failed += t_bad_here != 0;                                        \
		printf("%s %d - %s\n", t_bad_here ? "not ok" : "ok", t_count, #fn); \
		(void)fflush(stdout);                                               \
	} while (0)

static inline int t_done(void)
{
	printf("1..%d\n", t_count);
	return t_failed != 0;
}

#endif
