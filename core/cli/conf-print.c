/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* conf-print.c - conf_print(): what "epcache status --config" shows. */
#include "cmd.h"
#include "conf.h"
#include "msg.h"
#include "out.h"

static cJSON *json_row(const struct conf_row *row)
{
	cJSON *object = cJSON_CreateObject();

	if (out_add(object, "key", out_json_str(out_str(conf_key_name(row->key)))) &&
	    out_add(object, "value", out_json_str(out_str(row->value))) &&
	    out_add(object, "origin", out_json_str(out_str(row->origin))))
		return object;

	cJSON_Delete(object);
	return NULL;
}

static bool print_json(const struct conf *conf)
{
	cJSON *array = cJSON_CreateArray();
	struct conf_walk walk = { 0 };
	struct conf_row row;

	while (array && conf_rows(conf, &walk, &row)) {
		if (!out_append(array, json_row(&row))) {
			cJSON_Delete(array);
			array = NULL;
		}
	}
	return out_json(array);
}

static bool print_text(const struct conf *conf)
{
	struct out_table t = { .width = 3, .fold = 2 };
	struct conf_walk walk = { 0 };
	struct conf_row row;

	while (conf_rows(conf, &walk, &row)) {
		out_cell(&t, out_str(conf_key_name(row.key)));
		out_cell(&t, out_str(row.value));
		out_cell(&t, out_str(row.origin));
	}
	return out_table_print(&t);
}

int conf_print(struct epc_ctx *ctx, bool json)
{
	auto_conf struct conf conf = { 0 };

	if (conf_load(ctx, &conf) < 0)
		return EXIT_FAILED;
	if (!(json ? print_json(&conf) : print_text(&conf)))
		return EXIT_FAILED;

	return out_flush(EXIT_DONE);
}
