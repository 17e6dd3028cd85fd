/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nobody.h"

#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define NOBODY 65534 /* also where no name service knows it, as in a small image */

struct sandbox_who nobody_find(const char *name)
{
	struct sandbox_who who = { .uid = NOBODY, .gid = NOBODY };
	const struct passwd *pw;
	bool is_number;
	unsigned long n;
	char *end;

	if (!name || !*name)
		return who;

	errno = 0;
	n = strtoul(name, &end, 10);
	is_number = !*end && errno == 0 && n > 0 && n < UINT32_MAX;
	pw = is_number ? getpwuid((uid_t)n) : getpwnam(name);
	if (pw && pw->pw_uid != 0 && pw->pw_gid != 0) {
		who.uid = pw->pw_uid;
		who.gid = pw->pw_gid;
	} else if (is_number) {
		who.uid = (uid_t)
			n; /* the group of that number may be anybody's: shadow's */
	}
	return who;
}
