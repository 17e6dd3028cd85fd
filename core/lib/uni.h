/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * uni.h - the few facts about Unicode that Python's str methods rely on.
 *
 * An answer must equal what importlib.metadata returns, so white space, line
 * ends, lower case and "word" mean here what str.strip(), str.splitlines(),
 * str.lower() and the \w of re mean there, never what the locale says.  The
 * tables are generated (gen-uni.py) from CPython's own data, Unicode 15.1.
 *
 * Bytes that are not UTF-8 are ordinary input in file names: Python decodes
 * each of them to a lone surrogate (PEP 383), which no rule below touches, so
 * they are copied through one by one.
 *
 * Used by: name.c, parse.c, tests/fuzz/fuzz-parse.c.  Uses: span.h.
 */
#ifndef EPC_UNI_H
#define EPC_UNI_H

#include <stdint.h>

#include "span.h"

/*
 * utf8_decode - decode the code point at the start of a run
 * @s:       at least one byte
 * @ret_cp:  the code point
 *
 * Strict as RFC 3629 and CPython: no overlong forms, no surrogates, nothing
 * above U+10FFFF.  Returns its length in bytes, 1 to 4, or 0 when the first
 * byte begins no valid sequence (ret_cp is then untouched).
 */
size_t utf8_decode(struct span s, uint32_t *ret_cp);

/* utf8_decode_last - the same for the code point at the end of a run. */
size_t utf8_decode_last(struct span s, uint32_t *ret_cp);

/* utf8_encode - write a code point at @out (4 bytes of room); returns its length. */
size_t utf8_encode(uint32_t cp, char *out);

/* utf8_valid - length in bytes of the longest prefix that is valid UTF-8. */
size_t utf8_valid(struct span s);

/* ascii_lower - lower case of an ASCII letter; any other byte as it is, in any locale. */
static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* uni_is_space - true for what str.strip() strips. */
bool uni_is_space(uint32_t cp);

/* uni_is_ascii_word - the same as uni_is_word(), for @cp below 0x80. */
static inline bool uni_is_ascii_word(uint32_t cp)
{
	return (cp | 0x20) - 'a' < 26 || cp - '0' < 10 || cp == '_';
}

/*
 * uni_is_word - true for what \w matches in a str pattern of re
 *
 * Code points that Unicode 15.1 does not assign are no word characters here; a
 * later Python may think otherwise, which its caller allows for.
 */
bool uni_is_word(uint32_t cp);

/*
 * uni_has_unsure_case - do versions of Python differ on the lower case of these?
 * @with_dots:  it is a name, of which CPython 3.15 lowers the dots as well
 *
 * They do where Unicode 14 to 17, of CPython 3.11 to 3.15, have capitals that Unicode 13,
 * of 3.10, does not know; and on a capital sigma in a name that has a dot.
 */
bool uni_has_unsure_case(struct span s, bool with_dots);

/*
 * uni_lower - str.lower() of a name, the rule for the final sigma included
 * @s:    any bytes
 * @out:  room for @cap bytes; the result never exceeds 3 bytes for each 2 of @s
 *
 * Returns the length of the result, or -1 when it does not fit.
 */
long uni_lower(struct span s, char *out, size_t cap);

#endif
