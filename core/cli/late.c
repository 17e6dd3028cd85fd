/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "late.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "msg.h"

static struct {
	const char *name; /* as the loader knows it, with the version of its ABI */
	bool is_missed;   /* that it cannot be loaded is to be said */
	bool was_tried;
	void *handle; /* of dlopen(3), never closed; or NULL */
} libraries[] = {
	[LATE_JSON] = { .name = "libcjson.so.1", .is_missed = true },
	[LATE_SECCOMP] = { .name = "libseccomp.so.2" },
};

bool late_has(enum late_library library)
{
	if (libraries[library].was_tried)
		return libraries[library].handle;

	libraries[library].was_tried = true;
	libraries[library].handle = dlopen(libraries[library].name,
					   RTLD_NOW | RTLD_LOCAL);
	if (!libraries[library].handle && libraries[library].is_missed)
		msg("cannot load a library, install it: %s", dlerror());
	return libraries[library].handle;
}

void late_load(void)
{
	(void)late_has(LATE_JSON);
	(void)late_has(LATE_SECCOMP);
}

bool late_function(enum late_library library, const char *name, void *ret_function)
{
	void *address = late_has(library) ? dlsym(libraries[library].handle, name) : NULL;

	/* ISO C has no conversion of one kind of pointer to the other; POSIX has. */
	memcpy(ret_function, &address, sizeof address);
	return address != NULL;
}
