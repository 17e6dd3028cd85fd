/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "msg.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "advice.h"
#include "out.h"

/* Where to: the process has one standard error, and one choice. */
static bool to_log;

void msg_to_log(void)
{
	openlog("epcache", LOG_PID, LOG_DAEMON);
	to_log = true;
}

static void say(const char *line)
{
	if (to_log)
		syslog(LOG_WARNING, "%s", line);
	else
		(void)fprintf(stderr, "epcache: %s\n", line);
}

void msg(const char *format, ...)
{
	char *line = NULL, *safe = NULL;
	va_list args;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	safe = n < 0 ? NULL : out_escape((struct epc_str){ line, (size_t)n });
	say(safe ? safe : "out of memory");
	if (n >= 0)
		free(line);
	free(safe);
}

char *msg_text(const char *format, ...)
{
	char *made;
	va_list args;

	va_start(args, format);
	if (vasprintf(&made, format, args) < 0)
		made = NULL;
	va_end(args);
	return made;
}

/* Would it be escaped, and so not be what it was when it is pasted? */
static bool is_odd(const char *s)
{
	char *safe = out_escape(out_str(s));
	bool odd = !safe || strcmp(safe, s) != 0;

	free(safe);
	return odd;
}

char *msg_quote(const char *path)
{
	bool odd = is_odd(path);
	char *quoted = malloc(4 * strlen(path) + 4), *at = quoted;

	if (!quoted)
		return NULL;

	at = stpcpy(at, odd ? "$'" : "'");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;

		if (odd && (c < 0x20 || c >= 0x7f || c == '\\' || c == '\''))
			at += sprintf(at, "\\x%02x", c);
		else if (c == '\'')
			at = stpcpy(at, "'\\''");
		else
			*at++ = *path;
	}
	(void)stpcpy(at, "'");
	return quoted;
}

/* What to do about it; the caller's to free, or NULL. */
static char *advice_of(const struct epc_note *note)
{
	static const enum epc_outcome outcomes[] = {
		[EPC_NOTE_STALE] = EPC_STALE,
		[EPC_NOTE_DAMAGED] = EPC_DAMAGED,
		[EPC_NOTE_UNTRUSTED] = EPC_UNTRUSTED,
		[EPC_NOTE_UNREAD] = EPC_OK, /* and the others */
	};
	static const char *const advice[] = {
		[EPC_NOTE_STALE] = "read live instead; ",
		[EPC_NOTE_DAMAGED] = "read live instead; ",
		[EPC_NOTE_UNTRUSTED] = "read live instead; ",
		[EPC_NOTE_RAISES] =
			"skipping it, where importlib.metadata raises; mend it",
		[EPC_NOTE_LARGE] = "skipping it; reinstall or remove the distribution",
		[EPC_NOTE_ARCHIVE] = "skipping it; ask importlib.metadata",
		[EPC_NOTE_UNREAD] = "leaving it out; see what is wrong with it",
	};
	enum epc_note_kind kind = epc_note_kind(note);
	char *more = advice_on(outcomes[kind], epc_note_directory(note).data,
			       epc_note_path(note).data, epc_note_reason(note));
	char *text = NULL;

	if (asprintf(&text, "%s%s", advice[kind], more ? more : "") < 0)
		text = NULL;
	free(more);
	return text;
}

static void say_note(const struct epc_note *note)
{
	struct epc_str path = epc_note_path(note);
	char *advice = advice_of(note);
	char line[16] = "";

	if (epc_note_line(note))
		(void)snprintf(line, sizeof line, ":%u", epc_note_line(note));
	msg("%.*s%s: %s; %s", (int)path.len, path.data, line, epc_note_reason(note),
	    advice ? advice : "");
	free(advice);
}

void msg_notes(struct epc_answer *answer)
{
	const struct epc_note *note;

	while ((note = epc_answer_next_note(answer)))
		say_note(note);
}

void msg_broken(struct epc_answer *answer)
{
	const struct epc_note *note;

	while ((note = epc_answer_next_note(answer)))
		if (epc_note_kind(note) == EPC_NOTE_RAISES ||
		    epc_note_kind(note) == EPC_NOTE_LARGE)
			say_note(note);
}
