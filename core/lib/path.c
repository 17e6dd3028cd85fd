/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "path.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "format.h"

#define HASH_HEX 32
#define ROOM (PATH_FILE_MAX - (sizeof FMT_SUFFIX - 1)) /* for an escaped key */
#define ROOM_CUT (ROOM - 1 - HASH_HEX)                 /* for the start of a long one */

/* A key as it grows. */
struct key {
	char s[PATH_MAX]; /* not terminated */
	size_t n;         /* bytes, at most PATH_MAX - 1 */
};

static int key_add(struct key *k, struct span part)
{
	if (part.n == 0 || span_eq(part, span_of(".")))
		return 0;
	if (part.n >= sizeof k->s - 1 - k->n)
		return -ENAMETOOLONG;

	k->s[k->n++] = '/';
	memcpy(k->s + k->n, part.p, part.n);
	k->n += part.n;
	return 0;
}

static int key_add_path(struct key *k, struct span path)
{
	while (path.n > 0) {
		const char *slash = memchr(path.p, '/', path.n);
		size_t n = slash ? (size_t)(slash - path.p) : path.n;
		size_t used = slash ? n + 1 : n;
		int r = key_add(k, (struct span){ path.p, n });

		if (r < 0)
			return r;

		path = (struct span){ path.p + used, path.n - used };
	}
	return 0;
}

int path_key(const char *cwd, struct span entry, char **ret_key)
{
	bool absolute = entry.n > 0 && entry.p[0] == '/';
	struct key k;
	char *key;
	int r;

	assert(cwd[0] == '/');
	if (entry.n > 0 && memchr(entry.p, '\0', entry.n))
		return -EINVAL;

	k.n = 0;
	r = absolute ? 0 : key_add_path(&k, span_of(cwd));
	if (r < 0)
		return r;

	r = key_add_path(&k, entry);
	if (r < 0)
		return r;

	key = k.n > 0 ? strndup(k.s, k.n) : strdup("/");
	if (!key)
		return -ENOMEM;

	*ret_key = key;
	return 0;
}

/* Not isalnum(3): that depends on the locale, and names must not. */
static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == ':' || c == '_' || c == '.';
}

/* Writes one byte of a key; returns how many bytes that took. */
static size_t escape(char c, bool first, char out[4])
{
	static const char hex[] = "0123456789abcdef";
	bool hidden = first && c == '.';

	if (c == '/' || (is_plain(c) && !hidden)) {
		out[0] = c == '/' ? '-' : c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = hex[(unsigned char)c >> 4];
	out[3] = hex[(unsigned char)c & 15];
	return 4;
}

/* '~' is in no escaped key, so a cut name is never that of a short key. */
static void end_cut(struct span key, char *out)
{
	XXH128_hash_t h = XXH3_128bits(key.p, key.n);

	(void)snprintf(out, 1 + HASH_HEX + sizeof FMT_SUFFIX,
		       "~%016" PRIx64 "%016" PRIx64 FMT_SUFFIX, h.high64, h.low64);
}

void path_file(struct span key, char out[PATH_FILE_MAX + 1])
{
	size_t n = 0, cut = 0;

	assert(key.n > 0 && key.p[0] == '/');
	for (size_t i = 1; i < key.n; i++) {
		char esc[4];
		size_t len = escape(key.p[i], i == 1, esc);

		if (n + len > ROOM) {
			end_cut(key, out + cut);
			return;
		}
		memcpy(out + n, esc, len);
		n += len;
		if (n <= ROOM_CUT)
			cut = n;
	}
	if (key.n == 1)
		out[n++] = '-';
	memcpy(out + n, FMT_SUFFIX, sizeof FMT_SUFFIX);
}
