/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec.h"

const struct libexec libexec = { LIBEXECDIR "/epcache", 10000 };
