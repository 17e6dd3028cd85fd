/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox.h"

#include "drop.h"
#include "filter.h"
#include "landlock.h"
#include "late.h"

static const char *const names[SANDBOX_NR_LAYERS] = {
	"descriptors",  "limits",  "no-new-privileges", "user",
	"capabilities", "private", "landlock",          "seccomp",
};

const char *sandbox_layer_name(unsigned i)
{
	return names[i];
}

/* A layer that is there, or not. */
static unsigned layer(bool is_there, unsigned bit)
{
	return is_there ? bit : 0;
}

int sandbox_drop(const struct sandbox_who *who, const int *keep, size_t nr_keep,
		 unsigned *ret_layers)
{
	unsigned layers = 0;
	int r;

	layers |= layer(drop_fds(keep, nr_keep), SANDBOX_FDS);
	layers |= layer(drop_limits(who->cpu_seconds), SANDBOX_LIMITS);
	/* First of all layers: the others take it, or CAP_SYS_ADMIN. */
	layers |= layer(drop_new_privs(), SANDBOX_NO_NEW_PRIVS);
	r = drop_user(who->uid, who->gid);
	if (r < 0)
		return r;

	layers |= layer(r == DROP_DONE, SANDBOX_USER);
	layers |= layer(drop_caps(), SANDBOX_CAPABILITIES);
	/* After the user, whose change clears the signal of the parent's death. */
	r = drop_bonds(who->parent);
	if (r < 0)
		return r;

	*ret_layers = layers | layer(r == DROP_DONE, SANDBOX_PRIVATE);
	return 0;
}

unsigned sandbox_confine(int dir, int out)
{
	/* Its library opens what is outside, and reports ENOENT where it may not. */
	unsigned layers = layer(!filter_plays_paths() && landlock_beneath(dir),
				SANDBOX_LANDLOCK);

	return layers | layer(filter_worker(out), SANDBOX_SECCOMP);
}

unsigned sandbox_reader(int also)
{
	unsigned layers = layer(drop_new_privs(), SANDBOX_NO_NEW_PRIVS);

	late_load();
	layers |= layer(!filter_plays_paths() && landlock_read_only(), SANDBOX_LANDLOCK);
	return layers | layer(filter_reader(also), SANDBOX_SECCOMP);
}
