/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * view-records.h - the records of a view, as they are in its bytes.
 *
 * For the two files of view.h alone: others get them unpacked.
 *
 * Used by: view.c, view-order.c.  Uses: view.h.
 */
#ifndef EPC_VIEW_RECORDS_H
#define EPC_VIEW_RECORDS_H

#include "view.h"

static inline const struct fmt_dist *dist_at(const struct view *v, uint32_t i)
{
	return (const void *)(v->dists + (size_t)i * v->dist_size);
}

static inline const struct fmt_group *group_at(const struct view *v, uint32_t i)
{
	return (const void *)(v->groups + (size_t)i * v->group_size);
}

static inline const struct fmt_entry *entry_at(const struct view *v, uint32_t i)
{
	return (const void *)(v->entries + (size_t)i * v->entry_size);
}

static inline struct span ref_span(const struct view *v, const struct fmt_ref *ref)
{
	return (struct span){ v->strings.p + fmt_u32(ref->off), fmt_u32(ref->len) };
}

static inline struct span name_norm(const struct view *v, uint32_t at)
{
	return ref_span(v, &dist_at(v, fmt_u32(v->names[at]))->norm);
}

static inline struct span group_name(const struct view *v, uint32_t at)
{
	return ref_span(v, &group_at(v, at)->name);
}

#endif
