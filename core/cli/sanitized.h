/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sanitized.h - is this a test build whose run-time checks need more rights?
 *
 * A sanitizer maps terabytes of addresses, and reports on standard error.
 *
 * Used by: drop.c, filter.c.  Uses: nothing.
 */
#ifndef EPC_SANITIZED_H
#define EPC_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
	__has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
