/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The functions of libseccomp that filter.c and filter-action.c call. */
#include <assert.h>
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>

#include "late.h"

static_assert(SCMP_VER_MAJOR == 2, "late.c has the name of this ABI");

LATE(LATE_SECCOMP, scmp_filter_ctx, seccomp_init, (uint32_t action), (action), NULL)
LATE(LATE_SECCOMP, int, seccomp_load, (const scmp_filter_ctx ctx), (ctx), -ENOSYS)
LATE(LATE_SECCOMP, int, seccomp_attr_set,
     (scmp_filter_ctx ctx, enum scmp_filter_attr attr, uint32_t value),
     (ctx, attr, value), -ENOSYS)
LATE(LATE_SECCOMP, int, seccomp_rule_add_array,
     (scmp_filter_ctx ctx, uint32_t action, int syscall, unsigned int arg_cnt,
      const struct scmp_arg_cmp *arg_array),
     (ctx, action, syscall, arg_cnt, arg_array), -ENOSYS)
LATE(LATE_SECCOMP, int, seccomp_syscall_resolve_name, (const char *name), (name),
     __NR_SCMP_ERROR)
LATE_VOID(LATE_SECCOMP, seccomp_release, (scmp_filter_ctx ctx), (ctx))
