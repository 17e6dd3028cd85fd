/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf.h"

#include <stdio.h>

#include "auto.h"
#include "conf-file.h"
#include "dirs.h"
#include "msg.h"

#define QUOTE_MAX 100 /* bytes of what is wrong that a message repeats */

static const char *const defaults[NR_CONF_KEYS] = {
	[CONF_USER] = "_epcache", [CONF_DIRECTORY] = "",     [CONF_EXCLUDE] = "",
	[CONF_CHECK_FAST] = "",   [CONF_TRUST_STAMPS] = "",  [CONF_TRIGGER] = "yes",
	[CONF_ACTIONS] = "yes",   [CONF_TIMEOUT_SEC] = "60",
};

/* --- values ------------------------------------------------------------------ */

static void setting_release(struct conf_setting *s)
{
	free(s->value);
	free(s->origin);
}

void conf_release(struct conf *conf)
{
	for (size_t i = 0; i < conf->nr; i++)
		setting_release(&conf->set[i]);
	free(conf->set);
	*conf = (struct conf){ 0 };
}

static void drop_key(struct conf *conf, enum conf_key key)
{
	size_t kept = 0;

	for (size_t i = 0; i < conf->nr; i++) {
		if (conf->set[i].key == key)
			setting_release(&conf->set[i]);
		else
			conf->set[kept++] = conf->set[i];
	}
	conf->nr = kept;
}

/* Behind what the key has already, and before the keys that follow it. */
static int add(struct conf *conf, const struct conf_line *line, const char *path,
	       unsigned number)
{
	struct conf_setting *more = reallocarray(conf->set, conf->nr + 1, sizeof *more);
	autofree char *value = strndup(line->value.p, line->value.n);
	char *origin = NULL;
	size_t at = conf->nr;

	if (more)
		conf->set = more;
	if (!more || !value || asprintf(&origin, "%s:%u", path, number) < 0) {
		msg("out of memory");
		return -1;
	}

	while (at > 0 && more[at - 1].key > line->key)
		at--;
	memmove(&more[at + 1], &more[at], (conf->nr - at) * sizeof *more);
	more[at] = (struct conf_setting){ line->key, take_ptr(value), origin };
	conf->nr++;
	return 0;
}

static int take_file(struct conf *conf, const char *path, struct span text)
{
	struct conf_parse p = conf_parse_init(text);
	struct conf_line line;

	while (conf_parse_next(&p, &line)) {
		if (line.wrong) {
			int n = line.quote.n < QUOTE_MAX ? (int)line.quote.n : QUOTE_MAX;

			msg("%s:%u: %s '%.*s'; see epcache.conf(5)", path, p.line,
			    line.wrong, n, line.quote.p);
			continue;
		}
		if (!conf_key_is_list(line.key) || line.value.n == 0)
			drop_key(conf, line.key);
		if (line.value.n && add(conf, &line, path, p.line) < 0)
			return -1;
	}
	return 0;
}

static const char *value_of(const struct conf *conf, enum conf_key key)
{
	size_t at = 0;
	const char *value = conf_list(conf, key, &at);

	return value ? value : defaults[key];
}

static bool is_yes(const struct conf *conf, enum conf_key key)
{
	return strcmp(value_of(conf, key), "yes") == 0;
}

int conf_load(struct epc_ctx *ctx, struct conf *conf)
{
	auto_conf_files struct conf_files files = { 0 };
	struct conf_file file;
	int r;

	*conf = (struct conf){ 0 };
	r = conf_files_find(ctx, &files);
	while (r == 0 && (r = conf_files_next(&files, &file)) > 0)
		r = take_file(conf, file.path, file.text);
	if (r < 0)
		return -1;

	conf->user = value_of(conf, CONF_USER);
	conf->trigger = is_yes(conf, CONF_TRIGGER);
	conf->actions = is_yes(conf, CONF_ACTIONS);
	conf->timeout_sec = (unsigned)strtoul(value_of(conf, CONF_TIMEOUT_SEC), NULL, 10);
	return 0;
}

/* --- asking ------------------------------------------------------------------ */

const char *conf_list(const struct conf *conf, enum conf_key key, size_t *at)
{
	while (*at < conf->nr) {
		const struct conf_setting *s = &conf->set[(*at)++];

		if (s->key == key)
			return s->value;
	}
	return NULL;
}

bool conf_rows(const struct conf *conf, struct conf_walk *w, struct conf_row *ret)
{
	for (; w->key < NR_CONF_KEYS; w->key++, w->shown = false) {
		const struct conf_setting *s = w->at < conf->nr ? &conf->set[w->at]
								: NULL;

		if (s && s->key == w->key) {
			*ret = (struct conf_row){ s->key, s->value, s->origin };
			w->at++;
		} else if (!w->shown) {
			*ret = (struct conf_row){ (enum conf_key)w->key, defaults[w->key],
						  "default" };
		} else {
			continue;
		}
		w->shown = true;
		return true;
	}
	return false;
}

static bool names(const struct conf *conf, enum conf_key key, const char *dir)
{
	const char *value;
	size_t at = 0;

	while ((value = conf_list(conf, key, &at)))
		if (dirs_same_name(value, dir))
			return true;
	return false;
}

bool conf_names(const struct conf *conf, const char *dir)
{
	return names(conf, CONF_DIRECTORY, dir);
}

bool conf_excludes(const struct conf *conf, const char *dir)
{
	return names(conf, CONF_EXCLUDE, dir);
}

bool conf_fast(const struct conf *conf, const char *dir)
{
	return names(conf, CONF_CHECK_FAST, dir);
}

bool conf_trusts(const struct conf *conf, const char *dir)
{
	return names(conf, CONF_TRUST_STAMPS, dir);
}

unsigned conf_flags(const struct conf *conf, const char *dir)
{
	return (conf_fast(conf, dir) ? EPC_REFRESH_FAST_OK : 0u) |
	       (conf_trusts(conf, dir) ? EPC_REFRESH_TRUSTED : 0u) |
	       (conf_names(conf, dir) ? EPC_REFRESH_NAMED : 0u);
}
