/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * removed.c - an action for epcache: prints which distributions went away.
 *
 *     cc -o removed removed.c $(pkg-config --cflags --libs libcjson)
 *
 * To be registered, by root, as /etc/epcache/actions.d/70-removed.action:
 *
 *     Description=Which distributions went away with the last change
 *     Exec=/usr/libexec/removed
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	size_t n = 0, size = 1 << 20;
	char *text = malloc(size + 1);
	const cJSON *api, *directory, *dist;
	cJSON *change;

	while (text && (n += fread(text + n, 1, size - n, stdin)) == size)
		text = realloc(text, (size *= 2) + 1);
	change = text ? cJSON_ParseWithLength(text, n) : NULL;
	api = cJSON_GetObjectItem(change, "api");
	if (!cJSON_IsNumber(api) || api->valueint != 1) {
		fputs("removed: no change of API 1 on standard input\n", stderr);
		return 1;
	}

	cJSON_ArrayForEach(directory, cJSON_GetObjectItem(change, "directories"))
		cJSON_ArrayForEach(dist, cJSON_GetObjectItem(directory, "removed"))
			puts(cJSON_GetStringValue(cJSON_GetObjectItem(dist, "path")));
	return fflush(stdout) == 0 ? 0 : 1;
}
