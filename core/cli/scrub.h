/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scrub.h - leave behind what a caller had: environment, descriptors, signals.
 *
 * Used by: cmd-refresh.c, cmd-trigger.c.  Uses: drop.h.
 */
#ifndef EPC_SCRUB_H
#define EPC_SCRUB_H

/*
 * scrub_environment - PATH and LC_ALL as ours; TERM, NO_COLOR, SOURCE_DATE_EPOCH and
 * EPCACHE_API stay
 *
 * Also what is done at a child's end and when a pipe breaks.
 */
void scrub_environment(void);

/* scrub_descriptors - close all but standard input, output and error. */
void scrub_descriptors(void);

#endif
