/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "auto.h"
#include "clock.h"
#include "out.h"

#define FEW 8           /* steps; more are shown from the first on */
#define PATIENCE_MS 300 /* after which fewer are shown as well */
#define ERASE "\r\033[K"

static bool can_erase(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* Bytes that fit, at most as many as there are columns; no character is cut in two. */
static int room(const char *text)
{
	struct winsize size = { .ws_col = 0 };
	size_t n, len = strlen(text);

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		size.ws_col = 80;
	n = (size_t)size.ws_col - 1; /* the last column would wrap */
	if (len <= n)
		return (int)len;

	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return (int)n;
}

struct progress progress_init(size_t nr, bool wanted)
{
	return (struct progress){
		.nr = nr,
		.wanted = wanted && can_erase(),
		.start_ms = clock_ms(),
	};
}

void progress_show(struct progress *p, size_t i, const char *name)
{
	autofree char *safe = NULL, *line = NULL;

	if (!p->wanted || (p->nr <= FEW && clock_ms() - p->start_ms < PATIENCE_MS))
		return;

	safe = out_escape(out_str(name));
	if (asprintf(&line, "[%zu/%zu] %s", i + 1, p->nr, safe ? safe : "") < 0) {
		line = NULL; /* undefined by now */
		return;
	}
	(void)fprintf(stderr, ERASE "%.*s", room(line), line);
	(void)fflush(stderr);
	p->shown = true;
}

void progress_hide(struct progress *p)
{
	if (p->shown)
		(void)fputs(ERASE, stderr);
	p->shown = false;
}
