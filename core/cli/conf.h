/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conf.h - epcache.conf: what the admin and the distribution want.
 *
 *     auto_conf struct conf conf = { 0 };
 *     if (conf_load(ctx, &conf) < 0)
 *             return EXIT_FAILED;
 *     if (!conf_excludes(&conf, dir))
 *             refresh(dir, conf_fast(&conf, dir));
 *
 * Commands that write, and status, read it; those that only answer never do.
 * Used by: conf-print.c, system.c, target.c, cmd-refresh.c, cmd-status.c, cmd-trigger.c, t-conf.c.
 * Uses: conf-file.h, conf-parse.h, dirs.h, msg.h.
 * Spec: epcache.conf(5)
 */
#ifndef EPC_CONF_H
#define EPC_CONF_H

#include "conf-parse.h"
#include "epcache.h"

/* A value that somebody gave. */
struct conf_setting {
	enum conf_key key;
	char *value;  /* owned */
	char *origin; /* owned */
};

struct conf {
	struct conf_setting *set; /* owned; by key, lists in order */
	size_t nr;
	const char *user; /* borrowed; a name or a number, of the workers */
	bool trigger, actions;
	unsigned timeout_sec; /* for one directory */
};

/*
 * conf_load - read the configuration of the system that a context looks at
 * @ret:  to be released, also after a failure
 *
 * Says what is wrong in it, which is no failure: the rest counts.  Returns 0, or -1
 * when out of memory, and said so.
 */
int conf_load(struct epc_ctx *ctx, struct conf *ret);
void conf_release(struct conf *conf);
#define auto_conf __attribute__((cleanup(conf_release)))

/* Is a path in Directory=, Exclude=, CheckFast=, TrustStamps=? */
bool conf_names(const struct conf *conf, const char *dir);
bool conf_excludes(const struct conf *conf, const char *dir);
bool conf_fast(const struct conf *conf, const char *dir);
bool conf_trusts(const struct conf *conf, const char *dir);

/* conf_flags - EPC_REFRESH_* that follow for a directory. */
unsigned conf_flags(const struct conf *conf, const char *dir);

/* conf_list - the next value of a list, from *@at on, which starts at 0; NULL at the end. */
const char *conf_list(const struct conf *conf, enum conf_key key, size_t *at);

/* A value that counts, and who said so; borrowed from the configuration. */
struct conf_row {
	enum conf_key key;
	const char *value;  /* "": a list that is empty */
	const char *origin; /* "/etc/epcache/epcache.conf:3", or "default" */
};

/* Where a walk over all values is; start with { 0 }. */
struct conf_walk {
	size_t key, at;
	bool shown; /* something of this key */
};

/* conf_rows - the next value, defaults included; false at the end. */
bool conf_rows(const struct conf *conf, struct conf_walk *walk, struct conf_row *ret);

/* conf_print - load, and print each value and where it is from; an exit status. */
int conf_print(struct epc_ctx *ctx, bool json);

#endif
