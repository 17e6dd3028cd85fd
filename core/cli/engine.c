/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "actions.h"
#include "clock.h"
#include "differ.h"
#include "msg.h"
#include "nobody.h"
#include "out.h"
#include "outputs.h"
#include "runner.h"
#include "seen.h"
#include "sites.h"
#include "state.h"

#define PASSES 3 /* what changes all the time is left to the next refresh */

/* One look at all actions, under the lock. */
struct pass {
	struct engine *e;
	const char *only; /* borrowed; the name of the only one to run, or NULL */
	bool force;
	struct digest known; /* of what there was when it began, and it alone may run */
	struct actions all;
	struct sites sites;
	struct seen seen;
	int64_t end_ms; /* of all passes together */
};

/* One action in it. */
struct turn {
	struct pass *pass;
	const struct registered *one;
	cJSON *row;              /* borrowed; what is written down of it */
	bool is_new;             /* its registration is not the one that was run last */
	bool is_wanted;          /* it is run even if nothing changed */
	struct differ_dir *dirs; /* owned */
	size_t nr;
	bool has_changed;
};

const char *engine_end_name(enum engine_end end)
{
	static const char *const names[] = {
		[ENGINE_UNCHANGED] = "unchanged",     [ENGINE_DONE] = "done",
		[ENGINE_WOULD_RUN] = "would run",     [ENGINE_FAILED] = "failed",
		[ENGINE_NOT_RUN] = "not run",         [ENGINE_NOT_CONTAINED] = "not run",
		[ENGINE_QUARANTINED] = "quarantined",
	};

	return names[end];
}

void engine_release(struct engine *e)
{
	for (size_t i = 0; i < e->nr; i++) {
		free(e->rows[i].name);
		free(e->rows[i].why);
	}
	free(take_ptr(e->rows));
	e->nr = 0;
}

/* --- what is told ------------------------------------------------------------ */

/* The row of its end, without memory NULL; @why is taken. */
static struct engine_row *tell(const struct turn *t, enum engine_end end, char *why)
{
	struct engine *e = t->pass->e;
	struct engine_row *more = reallocarray(e->rows, e->nr + 1, sizeof *more);
	char *name = strdup(t->one->action.name);

	if (more)
		e->rows = more;
	if (!more || !name) {
		free(name);
		free(why);
		return NULL;
	}
	more[e->nr] = (struct engine_row){ name, end, why, 0 };
	return &more[e->nr++];
}

static void put(cJSON *row, const char *key, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(row, key);
	(void)out_add(row, key, value);
}

static int failures_of(const cJSON *row)
{
	const cJSON *n = cJSON_GetObjectItemCaseSensitive(row, "failures");

	return cJSON_IsNumber(n) && n->valueint > 0 ? n->valueint : 0;
}

/* --- what changed ------------------------------------------------------------ */

static bool is_in_scope(const struct turn *t, const struct site *site)
{
	return site->is_roots || t->one->action.all_directories;
}

static bool has_key(const struct turn *t, const char *key)
{
	const struct sites *sites = &t->pass->sites;

	for (size_t i = 0; i < sites->nr; i++)
		if (is_in_scope(t, &sites->at[i]) &&
		    strcmp(sites->at[i].key.hex, key) == 0)
			return true;
	return false;
}

/* What there is, and what was and is no more. */
static int find_dirs(struct turn *t)
{
	const struct sites *sites = &t->pass->sites;
	const cJSON *seen = cJSON_GetObjectItemCaseSensitive(t->row, "seen"), *one;
	size_t max = sites->nr + (size_t)cJSON_GetArraySize(seen);

	t->dirs = calloc(max + 1, sizeof *t->dirs);
	if (!t->dirs)
		return -ENOMEM;
	for (size_t i = 0; i < sites->nr; i++) {
		const struct site *site = &sites->at[i];
		struct differ_dir *dir = &t->dirs[t->nr];

		if (!is_in_scope(t, site))
			continue;
		dir->before = seen_of(t->row, site->key.hex);
		dir->after = site->image;
		t->has_changed |= strcmp(dir->before.hex, site->content.hex) != 0;
		t->nr++;
	}
	cJSON_ArrayForEach(one, seen)
	{
		if (has_key(t, one->string))
			continue;
		t->dirs[t->nr++].before = seen_of(t->row, one->string);
		t->has_changed = true;
	}
	return 0;
}

/* From now on this is what the action saw. */
static void mark_seen(struct turn *t)
{
	const struct sites *sites = &t->pass->sites;
	cJSON *seen = cJSON_CreateObject();

	for (size_t i = 0; seen && i < sites->nr; i++) {
		const struct site *site = &sites->at[i];

		if (is_in_scope(t, site) &&
		    seen_keep(&t->pass->seen, &site->content, site->image) == 0)
			(void)cJSON_AddStringToObject(seen, site->key.hex,
						      site->content.hex);
	}
	put(t->row, "seen", seen);
}

/* --- what came of it --------------------------------------------------------- */

static const char *signal_name(int signal)
{
	const char *name = strsignal(signal);

	return name ? name : "a signal";
}

/* Why it did not do well; NULL: it did, or there is no memory to say so. */
static char *failure_of(const struct turn *t, const struct runner_result *r)
{
	const struct action *a = &t->one->action;

	switch (r->end) {
	case RUNNER_EXITED:
		return r->status ? msg_text("it ended with exit status %d", r->status)
				 : NULL;
	case RUNNER_SIGNALLED:
		return msg_text("it was ended by a signal (%s)", signal_name(r->signal));
	case RUNNER_TIMED_OUT:
		return msg_text("it did not end within %u s", a->timeout_s);
	case RUNNER_TOO_MUCH:
		return msg_text("it printed more than is allowed");
	case RUNNER_NOT_CONTAINED:
		return msg_text(
			"it can have no PID namespace here (%s), so nothing would "
			"end what it starts; allow that (in a container: "
			"CAP_SYS_ADMIN), then run 'epcache actions run %s'",
			strerror(-r->error), a->name);
	case RUNNER_FAILED:
		if (r->error == -ESRCH)
			return msg_text("there is no user '%s' to run it as", a->user);
		return msg_text("'%s' could not be started: %s", a->exec[0],
				strerror(-r->error));
	}
	return NULL;
}

/* Of any bytes a text that cJSON reads again: what it keeps of them is for people. */
static cJSON *json_safe(struct epc_str s)
{
	autofree char *safe = out_escape(s);

	return safe ? cJSON_CreateString(safe) : cJSON_CreateNull();
}

/* What it said on standard error. */
static cJSON *json_said(const struct runner_result *r)
{
	struct epc_str said = { r->err, r->nr_err };

	while (said.data && said.len && said.data[said.len - 1] == '\n')
		said.len--;
	return said.len ? json_safe(said) : cJSON_CreateNull();
}

static bool publish(struct turn *t, const struct runner_result *r, char **ret_why)
{
	const struct engine *e = t->pass->e;
	autoclose int folder = -1;
	int error;

	if (t->one->action.mode != ACTION_FILTER)
		return true;

	folder = outputs_open(e->ctx);
	error = folder < 0 ? folder
			   : outputs_publish(e->ctx, folder, t->one->action.name,
					     (struct span){ r->out, r->nr_out });
	if (error == 0)
		return true;
	*ret_why = msg_text("what it printed cannot be published: %s", strerror(-error));
	return false;
}

static void note_end(struct turn *t, const struct runner_result *r, const char *why,
		     bool ok)
{
	/* That it could not be published is no fault of its own. */
	bool counts = r->end != RUNNER_EXITED || r->status != 0;
	int failures = ok ? 0 : failures_of(t->row) + counts;

	put(t->row, "registration", cJSON_CreateString(t->one->registration.hex));
	put(t->row, "time", state_time());
	put(t->row, "milliseconds", cJSON_CreateNumber(r->ms));
	put(t->row, "result",
	    cJSON_CreateString(engine_end_name(ok ? ENGINE_DONE : ENGINE_FAILED)));
	put(t->row, "error", ok || !why ? cJSON_CreateNull() : json_safe(out_str(why)));
	put(t->row, "said", json_said(r));
	put(t->row, "failures", cJSON_CreateNumber(failures));
}

static void end_run(struct turn *t, const struct runner_result *r)
{
	bool ok = r->end == RUNNER_EXITED && r->status == 0;
	char *why = ok ? NULL : failure_of(t, r);
	struct engine_row *row;

	if (ok)
		ok = publish(t, r, &why);
	note_end(t, r, why, ok);
	if (ok)
		mark_seen(t);
	row = tell(t, ok ? ENGINE_DONE : ENGINE_FAILED, why);
	if (row)
		row->ms = r->ms;
}

/* For who looks later, too; @why is taken. */
static void tell_not_run(struct turn *t, enum engine_end end, char *why)
{
	put(t->row, "result", cJSON_CreateString(engine_end_name(end)));
	put(t->row, "error", why ? json_safe(out_str(why)) : cJSON_CreateNull());
	(void)tell(t, end, why);
}

static void tell_no_time(struct turn *t)
{
	tell_not_run(t, ENGINE_NOT_RUN,
		     msg_text("no time was left for it; run 'epcache actions run %s'",
			      t->one->action.name));
}

/* What could not be told of is as it was: nothing is wrong any more. */
static void tell_unchanged(struct turn *t)
{
	const char *last =
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(t->row, "result"));

	if (last && strcmp(last, engine_end_name(ENGINE_NOT_RUN)) == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(t->row, "result");
		cJSON_DeleteItemFromObjectCaseSensitive(t->row, "error");
	}
	(void)tell(t, ENGINE_UNCHANGED, NULL);
}

/* --- one action -------------------------------------------------------------- */

static void run(struct turn *t, const struct differ_result *told)
{
	const struct engine *e = t->pass->e;
	int64_t left = t->pass->end_ms - clock_ms();
	struct runner_result r = { 0 };
	const struct runner_task task = {
		.action = &t->one->action,
		.worker_user = e->conf->user,
		.input = told->json,
		.nr_input = told->n,
		.limit_ms = left > 0 ? (unsigned)left : 0,
	};

	if (left <= 0) {
		tell_no_time(t);
		return;
	}
	runner_run(&task, &r);
	/* What the others took is no fault of its own. */
	if (r.end == RUNNER_TIMED_OUT && task.limit_ms < task.action->timeout_s * 1000)
		tell_no_time(t);
	else if (r.end == RUNNER_NOT_CONTAINED)
		tell_not_run(t, ENGINE_NOT_CONTAINED, failure_of(t, &r));
	else
		end_run(t, &r);
	runner_release(&r);
}

static int find_change(const struct turn *t, struct differ_result *ret)
{
	struct differ_task task = {
		.ctx = t->pass->e->ctx,
		.action = &t->one->action,
		.dirs = t->dirs,
		.nr = t->nr,
		.folder = SEEN_FOLDER,
		.folder_fd = t->pass->seen.files,
		.who = nobody_find(t->pass->e->conf->user),
	};

	return differ_run(&task, ret);
}

/* Something changed, or it is to be run anyway. */
static void consider(struct turn *t)
{
	struct differ_result told = { 0 };
	int r = find_change(t, &told);

	if (r < 0) {
		tell_not_run(t, ENGINE_NOT_RUN,
			     msg_text("cannot find what changed: %s", strerror(-r)));
	} else if (!told.is_relevant && !t->is_wanted) {
		if (!t->pass->e->dry_run)
			mark_seen(t);
		tell_unchanged(t);
	} else if (t->pass->e->dry_run) {
		(void)tell(t, ENGINE_WOULD_RUN, NULL);
	} else {
		run(t, &told);
	}
	free(told.json);
}

static bool is_registration_new(const struct turn *t)
{
	const char *last = cJSON_GetStringValue(
		cJSON_GetObjectItemCaseSensitive(t->row, "registration"));

	return !last || strcmp(last, t->one->registration.hex) != 0;
}

/* What it published is gone, as when somebody emptied the cache. */
static bool lacks_output(const struct turn *t)
{
	return t->one->action.mode == ACTION_FILTER &&
	       !outputs_has(t->pass->e->ctx, t->one->action.name);
}

static void take_turn(struct turn *t)
{
	bool force = t->pass->force;

	t->is_new = is_registration_new(t);
	/* Somebody did something about it. */
	if (t->is_new)
		put(t->row, "failures", cJSON_CreateNumber(0));
	if (failures_of(t->row) >= ENGINE_FAILURES && !force) {
		(void)tell(t, ENGINE_QUARANTINED,
			   msg_text("it failed %d times in a row; mend it, then run "
				    "'epcache actions run %s --force'",
				    failures_of(t->row), t->one->action.name));
		return;
	}
	if (find_dirs(t) < 0) {
		tell_not_run(t, ENGINE_NOT_RUN, msg_text("out of memory"));
		return;
	}

	t->is_wanted = force || t->is_new || lacks_output(t);
	if (t->has_changed || t->is_wanted)
		consider(t);
	else
		tell_unchanged(t);
}

/* --- all of them ------------------------------------------------------------- */

static void forget_gone(struct pass *p)
{
	cJSON *row = p->seen.all->child;

	while (row) {
		cJSON *next = row->next;

		if (!actions_find(&p->all, row->string))
			cJSON_Delete(cJSON_DetachItemViaPointer(p->seen.all, row));
		row = next;
	}
}

/* What is of no use to any action that there still is. */
static void tidy(struct pass *p)
{
	autoclose int folder = outputs_open(p->e->ctx);

	if (folder >= 0)
		outputs_sweep(folder, &p->all);
	forget_gone(p);
	seen_drop(&p->seen);
	seen_save(&p->seen);
}

static int take_turns(struct pass *p)
{
	int r = p->only ? EPC_ABSENT : 0;

	for (size_t i = 0; i < p->all.nr; i++) {
		const struct registered *one = &p->all.at[i];
		struct turn t = { .pass = p, .one = one };

		if (one->state != ACTION_READY ||
		    (p->only && strcmp(p->only, one->action.name) != 0))
			continue;
		r = 0;
		t.row = seen_row(&p->seen, one->action.name);
		if (!t.row)
			return -ENOMEM;
		take_turn(&t);
		free(t.dirs);
		/* Each time: this process may be killed during the next one. */
		if (!p->e->dry_run)
			seen_save(&p->seen);
	}
	return r;
}

/* Before the lock, when not all that is found under it is run. */
static int know(struct pass *p)
{
	auto_sites struct sites sites = { 0 };
	int r = p->only ? sites_load(&sites, p->e->ctx, p->e->conf) : 0;

	if (r == 0)
		p->known = sites_digest(&sites);
	return r;
}

static int do_pass(struct pass *p)
{
	int r = know(p);

	if (r == 0)
		/* Who finds the lock held leaves all to its holder: not to one who only looks. */
		r = seen_open(&p->seen, p->e->ctx, p->e->dry_run ? -1 : p->e->wait_ms);
	if (r == 0)
		r = sites_load(&p->sites, p->e->ctx, p->e->conf);
	if (r == 0)
		r = actions_load(p->e->ctx, &p->all);
	if (r == 0)
		r = take_turns(p);
	if (r == 0 && !p->e->dry_run)
		tidy(p);
	return r;
}

/*
 * Without the lock: who publishes from now on, and finds it free, comes again.  Who found
 * it held while a single action was run is to be made up for as well.
 */
static bool has_moved_on(struct pass *p)
{
	struct digest before = p->only ? p->known : sites_digest(&p->sites);
	auto_sites struct sites now = { 0 };

	seen_release(&p->seen);
	return sites_load(&now, p->e->ctx, p->e->conf) == 0 &&
	       strcmp(sites_digest(&now).hex, before.hex) != 0;
}

int engine_run(struct engine *e)
{
	int64_t end_ms = clock_ms() + ENGINE_TOTAL_MS;
	bool again = true;
	int r = 0;

	/* So that ends can be waited for, and writing to who is gone is told by write(2). */
	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGPIPE, SIG_IGN);
	for (int i = 0; again && i < PASSES; i++) {
		struct pass p = { .e = e, .seen = SEEN_INIT, .end_ms = end_ms };

		/* What comes to be found meanwhile is for all actions. */
		p.only = i == 0 ? e->only : NULL;
		p.force = i == 0 && e->force;

		r = do_pass(&p);
		if (i == 0)
			actions_warn(&p.all);
		again = r == 0 && !e->dry_run && has_moved_on(&p);
		seen_release(&p.seen);
		sites_release(&p.sites);
		actions_release(&p.all);
	}
	return r;
}
