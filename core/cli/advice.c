/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "advice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"
#include "out.h"

#define OF_FOLDER "its folder "     /* what the library says of a folder begins so */
#define IN_THE_WAY "is a directory" /* so does no refresh put a file in its place */

static const char *const states[] = {
	[EPC_OK] = "live",         [EPC_ABSENT] = "absent",
	[EPC_UNCHANGED] = "fresh", [EPC_UNTRUSTED] = "untrusted",
	[EPC_DAMAGED] = "damaged", [EPC_NEWER] = "newer",
	[EPC_STALE] = "stale",     [EPC_BUSY] = "busy",
	[EPC_NO_DIR] = "missing",
};

const char *advice_state(enum epc_outcome outcome)
{
	return states[outcome];
}

/* What the command line said; it has to be said again in a command that is advised. */
static const struct opts *given;

void advice_begin(const struct opts *o)
{
	given = o;
}

/* A text, which is freed, and behind it a path to be pasted. */
static char *with(char *text, const char *before, const char *path)
{
	char *quoted = msg_quote(path), *longer = NULL;

	if (text && quoted && asprintf(&longer, "%s%s%s", text, before, quoted) < 0)
		longer = NULL;
	free(text);
	free(quoted);
	if (!longer)
		out_lose();
	return longer;
}

static char *command(const char *words)
{
	char *text = strdup(words);

	if (given && given->root)
		text = with(text, " --root=", given->root);
	if (given && given->cache_dir)
		text = with(text, " --cache-dir=", given->cache_dir);
	return text;
}

static char *mend(const char *file, const char *why)
{
	const char *slash = strrchr(file, '/');
	char *folder, *text;

	if (!why || !slash || strncmp(why, OF_FOLDER, sizeof OF_FOLDER - 1) != 0)
		return strdup("mend it, or remove it");

	folder = strndup(file, slash == file ? 1 : (size_t)(slash - file));
	text = folder ? with(strdup("mend or remove the folder"), " ", folder) : NULL;
	free(folder);
	return text;
}

char *advice_refresh(const char *dir, bool force)
{
	return with(command(force ? "run: epcache refresh --force"
				  : "run: epcache refresh"),
		    " -- ", dir);
}

char *advice_on(enum epc_outcome outcome, const char *dir, const char *file,
		const char *why)
{
	switch (outcome) {
	case EPC_DAMAGED:
		if (why && strcmp(why, IN_THE_WAY) == 0)
			return strdup("remove it");
		return advice_refresh(dir, false);
	case EPC_ABSENT:
	case EPC_STALE:
		return advice_refresh(dir, false);
	case EPC_UNTRUSTED:
		return mend(file ? file : "", why);
	case EPC_NEWER:
		return strdup("upgrade this epcache");
	case EPC_NO_DIR:
		return command("if it is gone, run: epcache clean");
	case EPC_OK:
	case EPC_UNCHANGED:
	case EPC_BUSY:
		break;
	}
	return NULL;
}

enum advice_live advice_live(const struct opts *o)
{
	const char *wish = o->check ? NULL : secure_getenv("EPCACHE");

	if (o->check && strcmp(o->check, "live") == 0)
		return ADVICE_CHECK;
	if (wish && (strcmp(wish, "0") == 0 || strcmp(wish, "live") == 0))
		return ADVICE_EPCACHE;
	return ADVICE_NO_PATH;
}

const char *advice_live_why(enum advice_live reason)
{
	static const char *const texts[] = {
		[ADVICE_CHECK] = "read live, as --check has it",
		[ADVICE_EPCACHE] = "read live, as EPCACHE has it",
		[ADVICE_NO_PATH] = "read live, as it has no absolute path",
	};

	return texts[reason];
}

const char *advice_live_mend(enum advice_live reason)
{
	static const char *const texts[] = {
		[ADVICE_CHECK] = "run this without --check",
		[ADVICE_EPCACHE] = "run this without EPCACHE in the environment",
		[ADVICE_NO_PATH] = "name it by its absolute path",
	};

	return texts[reason];
}
