/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "actions-show.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "out.h"
#include "seen.h"

/* One action, and what is written down of it. */
struct shown {
	const struct registered *one;
	const cJSON *row; /* borrowed, or NULL: it never ran */
	const char *state;
	enum out_colour colour;
	const char *why; /* borrowed, or NULL */
	bool is_quarantined;
};

static const char *text_of(const cJSON *row, const char *key)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(row, key));
}

/* In quarantine, for the registration that it is about. */
static bool is_quarantined(const struct registered *one, const cJSON *row)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(row, "failures");
	const char *last = text_of(row, "registration");

	return cJSON_IsNumber(n) && n->valueint >= ENGINE_FAILURES && last &&
	       strcmp(last, one->registration.hex) == 0;
}

static struct shown look(const struct registered *one, const cJSON *all)
{
	static const struct {
		const char *name;
		enum out_colour colour;
	} states[] = {
		[ACTION_READY] = { "active", OUT_GOOD },
		[ACTION_MASKED] = { "masked", OUT_FAINT },
		[ACTION_IGNORED] = { "ignored", OUT_BAD },
	};
	struct shown s = {
		.one = one,
		.row = cJSON_GetObjectItemCaseSensitive(all, one->action.name),
		.state = states[one->state].name,
		.colour = states[one->state].colour,
		.why = one->why,
	};

	if (one->state != ACTION_READY)
		return s;
	if (!s.why)
		s.why = text_of(s.row, "error");
	s.is_quarantined = is_quarantined(one, s.row);
	if (s.is_quarantined) {
		s.state = "quarantined";
		s.colour = OUT_BAD;
	}
	return s;
}

/* --- JSON -------------------------------------------------------------------- */

static cJSON *copy_of(const cJSON *row, const char *key)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(row, key);

	return item ? cJSON_Duplicate(item, true) : cJSON_CreateNull();
}

static cJSON *json_mode(const struct registered *one)
{
	return one->state == ACTION_READY
		       ? cJSON_CreateString(action_mode_name(one->action.mode))
		       : cJSON_CreateNull();
}

static cJSON *json_shown(const struct shown *s)
{
	const struct action *a = &s->one->action;
	cJSON *o = cJSON_CreateObject();
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(s->row, "failures");

	if (out_add(o, "name", out_json_str(out_str(a->name))) &&
	    out_add(o, "state", cJSON_CreateString(s->state)) &&
	    out_add(o, "mode", json_mode(s->one)) &&
	    out_add(o, "file", out_json_str(out_str(a->file))) &&
	    out_add(o, "description", out_json_str(out_str(a->description))) &&
	    out_add(o, "last_run", copy_of(s->row, "time")) &&
	    out_add(o, "milliseconds", copy_of(s->row, "milliseconds")) &&
	    out_add(o, "result", copy_of(s->row, "result")) &&
	    out_add(o, "failures",
		    cJSON_CreateNumber(cJSON_IsNumber(n) ? n->valueint : 0)) &&
	    out_add(o, "why", out_json_str(out_str(s->why))) &&
	    out_add(o, "said", copy_of(s->row, "said")))
		return o;

	cJSON_Delete(o);
	return NULL;
}

bool actions_show_json(const struct epc_ctx *ctx, const struct actions *all)
{
	cJSON *rows = seen_load(ctx), *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < all->nr; i++) {
		struct shown s = look(&all->at[i], rows);

		if (!out_append(array, json_shown(&s))) {
			cJSON_Delete(array);
			array = NULL;
		}
	}
	cJSON_Delete(rows);
	return out_json(array);
}

/* --- text -------------------------------------------------------------------- */

static void head(struct out_table *t)
{
	static const char *const names[] = { "ACTION",   "STATE", "MODE",
					     "LAST RUN", "TOOK",  "RESULT" };

	for (size_t i = 0; out_is_terminal() && i < t->width; i++) {
		out_cell(t, out_str(names[i]));
		out_paint(t, OUT_FAINT);
	}
}

static void took_cell(struct out_table *t, const cJSON *row)
{
	const cJSON *ms = cJSON_GetObjectItemCaseSensitive(row, "milliseconds");
	char text[32] = "-";

	if (cJSON_IsNumber(ms))
		(void)snprintf(text, sizeof text, "%.0f ms", ms->valuedouble);
	out_cell(t, out_str(text));
}

static void text_cell(struct out_table *t, const char *text)
{
	out_cell(t, out_str(text ? text : "-"));
}

static void body(struct out_table *t, const struct shown *s)
{
	const struct registered *one = s->one;

	text_cell(t, one->action.name);
	text_cell(t, s->state);
	out_paint(t, s->colour);
	text_cell(t,
		  one->state == ACTION_READY ? action_mode_name(one->action.mode) : NULL);
	text_cell(t, text_of(s->row, "time"));
	took_cell(t, s->row);
	text_cell(t, text_of(s->row, "result"));
}

static void print_line(const char *before, const char *text)
{
	char *safe = text && *text ? out_escape(out_str(text)) : NULL;

	if (safe)
		printf("%s%s\n", before, safe);
	free(safe);
}

/* Below the table, so that its columns stay narrow. */
static void print_more(const struct shown *s, bool is_verbose)
{
	if (!s->why && !is_verbose)
		return;

	printf("\n");
	print_line("", s->one->action.name);
	if (is_verbose) {
		print_line("  ", s->one->action.file);
		print_line("  ", s->one->action.description);
	}
	print_line("  ", s->why);
	if (s->is_quarantined)
		printf("  it is not run any more; mend it, then run "
		       "'epcache actions run %s --force'\n",
		       s->one->action.name);
	if (is_verbose || s->is_quarantined)
		print_line("  it said: ", text_of(s->row, "said"));
}

bool actions_show(const struct epc_ctx *ctx, const struct actions *all, bool is_verbose)
{
	struct out_table t = { .width = 6, .fold = 2 };
	cJSON *rows = seen_load(ctx);
	bool ok;

	if (all->nr)
		head(&t);
	for (size_t i = 0; i < all->nr; i++) {
		struct shown s = look(&all->at[i], rows);

		body(&t, &s);
	}
	ok = out_table_print(&t);
	for (size_t i = 0; ok && i < all->nr; i++) {
		struct shown s = look(&all->at[i], rows);

		print_more(&s, is_verbose);
	}
	cJSON_Delete(rows);
	return ok;
}

void actions_show_trouble(const struct epc_ctx *ctx, const struct actions *all)
{
	cJSON *rows = seen_load(ctx);

	for (size_t i = 0; i < all->nr; i++) {
		struct shown s = look(&all->at[i], rows);

		if (!s.why)
			continue;
		printf("\naction ");
		print_line("", all->at[i].action.name);
		printf("  %s: ", s.state);
		print_line("", s.why);
	}
	cJSON_Delete(rows);
}

static cJSON *json_trouble(const struct shown *s)
{
	cJSON *o = cJSON_CreateObject();

	if (out_add(o, "name", out_json_str(out_str(s->one->action.name))) &&
	    out_add(o, "state", cJSON_CreateString(s->state)) &&
	    out_add(o, "why", out_json_str(out_str(s->why))))
		return o;

	cJSON_Delete(o);
	return NULL;
}

cJSON *actions_trouble_json(const struct epc_ctx *ctx, const struct actions *all)
{
	cJSON *rows = seen_load(ctx), *array = cJSON_CreateArray();

	for (size_t i = 0; array && i < all->nr; i++) {
		struct shown s = look(&all->at[i], rows);

		if (s.why && !out_append(array, json_trouble(&s))) {
			cJSON_Delete(array);
			array = NULL;
		}
	}
	cJSON_Delete(rows);
	return array;
}
