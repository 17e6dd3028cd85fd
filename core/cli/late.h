/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * late.h - libcjson and libseccomp, loaded when they are first called.
 *
 * A query that is answered from caches is over before two libraries are found, mapped and
 * relocated.  late-json.c and late-seccomp.c have the functions of them that the tool
 * calls, by their own names, and pass each call on; everybody else includes the header
 * of the library, and calls it.
 *
 * Where a library is missing, its functions fail: those of cJSON as without memory,
 * after it was said once; those of libseccomp as where the kernel has no seccomp(2).
 *
 *     late_load();    before a fork(2) whose child will be confined
 *
 * Used by: crew.c, differ.c, out.c, runner.c, sandbox.c, seen.c, late-json.c,
 * late-seccomp.c.  Uses: msg.h.
 */
#ifndef EPC_LATE_H
#define EPC_LATE_H

#include <stdbool.h>

enum late_library { LATE_JSON, LATE_SECCOMP };

/* late_load - load both now: who is confined can load nothing any more. */
void late_load(void);

/* late_has - load a library, unless it was tried before; is it there? */
bool late_has(enum late_library library);

/*
 * late_function - the address of a function of a library, which is loaded first
 * @ret_function:  a pointer to a pointer to a function, set to NULL without it
 *
 * Returns whether it is there.
 */
bool late_function(enum late_library library, const char *name, void *ret_function);

/*
 * LATE - define a function that passes its arguments on; without the library it returns
 * @otherwise.
 */
#define LATE(library, type, function, parameters, arguments, otherwise)   \
	type function parameters                                          \
	{                                                                 \
		static __typeof__(function) *known;                       \
                                                                          \
		if (!known && !late_function(library, #function, &known)) \
			return otherwise;                                 \
		return known arguments;                                   \
	}

/* LATE_VOID - the same for one that returns nothing, and does nothing without it. */
#define LATE_VOID(library, function, parameters, arguments)             \
	void function parameters                                        \
	{                                                               \
		static __typeof__(function) *known;                     \
                                                                        \
		if (known || late_function(library, #function, &known)) \
			known arguments;                                \
	}

#endif
