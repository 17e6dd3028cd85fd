/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libexec.h - where the programs are that this one starts, and for how long they may run.
 *
 * An object of its own, which a test puts another in the place of.
 *
 * Used by: broker.c, tests/unit/t-owners.c.  Uses: nothing.
 */
#ifndef EPC_LIBEXEC_H
#define EPC_LIBEXEC_H

extern const struct libexec {
	const char *dir;
	unsigned limit_ms;
} libexec;

#endif
