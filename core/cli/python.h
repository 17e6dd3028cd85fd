/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * python.h - which directories a Python has on its sys.path.
 *
 * By the conventions of the distributions, without running an interpreter, and all in
 * the root of the context; but for python_ask(), which runs one.  Only directories
 * that exist are added.  Every function says what is wrong, and returns 0 or -1.
 *
 *     auto_dirs struct dirs d = { 0 };
 *     r = python_path(ctx, &d);
 *
 * Used by: system.c, target.c, cmd-refresh.c.  Uses: dirs.h, versions.h, msg.h.
 */
#ifndef EPC_PYTHON_H
#define EPC_PYTHON_H

#include "dirs.h"

/*
 * python_path - sys.path of what /usr/bin/python3 points to, as its module site makes it
 * @quiet:  do not report what is left out
 *
 * With the user's own directory and what the lines of .pth files name, in that order; but
 * lines that import something are not run.
 */
int python_path(struct epc_ctx *ctx, struct dirs *d, bool quiet);

/*
 * python_system - sys.path of every Python 3 of the system, one after the other
 *
 * What /usr/bin/python3 points to comes first, then those of /usr and /usr/local by
 * version, free-threaded ones too; with them what other versions have left there.
 * Without any, nothing is added and nothing said.
 */
int python_system(struct epc_ctx *ctx, struct dirs *d);

/*
 * python_scripts - the directories of the system's own scripts
 *
 * A script's directory comes first on its sys.path, so these deserve a record,
 * though there is no metadata in them.
 */
int python_scripts(struct epc_ctx *ctx, struct dirs *d);

/* python_user - site.getusersitepackages() of /usr/bin/python3, if it exists. */
int python_user(struct epc_ctx *ctx, struct dirs *d);

/* python_venv - the site-packages of the virtual environment at @prefix. */
int python_venv(struct epc_ctx *ctx, struct dirs *d, const char *prefix);

/*
 * python_ask - run an interpreter, isolated (-I), and take its sys.path
 *
 * Never as root, nor for the system in another root, whose programs are not this one's;
 * given up after PYTHON_SECONDS.
 */
int python_ask(struct epc_ctx *ctx, struct dirs *d, const char *exe);

#define PYTHON_SECONDS 10

#endif
