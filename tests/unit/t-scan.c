/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Real trees, with everything that people and packages leave in a sys.path directory. */
#include "scan.h"

#include <errno.h>

#include "t.h"
#include "tree.h"

#define N(a) (sizeof(a) / sizeof(a)[0])
#define EP "/entry_points.txt"
#define TEXT TREE_TEXT

static const struct scan_opts live = { .confined = false };
static const struct scan_opts confined = { .confined = true };

/* --- one item of each shape ---------------------------------------------------- */

struct want {
	enum scan_state state;
	enum scan_why why;
	const char *name; /* NULL: nameless */
	const char *version;
};

#define INFO "foo-1.0.dist-info"
#define LOUD "FOO-1.DIST-INFO" /* asks METADATA for the name */
#define ODD_TEXT "Name: a\n b\n"

struct shape {
	const char *name;
	struct made made[5]; /* the first is the item itself */
	struct want live, confined;
	bool unsettled; /* the folder does not settle the name */
};

/* Laid out by hand: three times as long otherwise. */
/* clang-format off */
#define READ(n, v) { SCAN_TEXT, SCAN_FINE, n, v }
#define ABSENT(n, v) { SCAN_ABSENT, SCAN_FINE, n, v }
#define PRIVATE(n, v) { SCAN_PRIVATE, SCAN_FINE, n, v }
#define LARGE(n, v) { SCAN_LARGE, SCAN_FINE, n, v }
#define BROKEN(w, n, v) { SCAN_BROKEN, w, n, v }

#define DIR(path) { path, DIRECTORY, NULL }
#define FILE_(path, bytes) { path, FILE_OF, bytes }
#define LINK(path, target) { path, LINK_TO, target }
#define SPECIAL(path, type) { path, type, NULL }

static const struct shape shapes[] = {
	{ "usual",
	  { DIR(INFO), FILE_(INFO EP, TEXT) },
	  READ("foo", "1.0"), READ("foo", "1.0"), false },
	{ "empty text",
	  { DIR(INFO), FILE_(INFO EP, "") },
	  READ("foo", "1.0"), READ("foo", "1.0"), false },
	{ "empty folder",
	  { DIR(INFO) },
	  ABSENT("foo", "1.0"), ABSENT("foo", "1.0"), false },
	{ "hidden folder",
	  { DIR(".foo-1.dist-info") },
	  ABSENT(".foo", "1"), ABSENT(".foo", "1"), false },
	{ "leftover of pip",
	  { DIR("~oo-1.0.dist-info") },
	  ABSENT("~oo", "1.0"), ABSENT("~oo", "1.0"), false },
	{ "plain-file egg-info",
	  { FILE_("foo-1.0-py3.11.egg-info", "Name: bar\n") },
	  ABSENT("foo", "1.0"), ABSENT("foo", "1.0"), false },
	{ "FIFO as the item",
	  { SPECIAL(INFO, FIFO) },
	  ABSENT("foo", "1.0"), ABSENT("foo", "1.0"), false },
	{ "text in other letters",
	  { DIR(INFO), FILE_(INFO "/Entry_Points.txt", TEXT) },
	  ABSENT("foo", "1.0"), ABSENT("foo", "1.0"), false },
	{ "not UTF-8",
	  { DIR("caf\xe9-1.0.dist-info"), FILE_("caf\xe9-1.0.dist-info" EP, TEXT) },
	  READ("caf\xe9", "1.0"), READ("caf\xe9", "1.0"), false },
	{ "newline in the name",
	  { DIR("a\nb-1.0.dist-info"), FILE_("a\nb-1.0.dist-info" EP, TEXT) },
	  READ("a\nb", "1.0"), READ("a\nb", "1.0"), false },
	{ "folder: dangling link",
	  { LINK(INFO, "nowhere") },
	  ABSENT("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "folder: link to itself",
	  { LINK(INFO, INFO) },
	  BROKEN(SCAN_LINK_LOOP, "foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "folder: link out",
	  { LINK(INFO, "../out/info") },
	  READ("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "folder: link within",
	  { LINK(INFO, "in"), DIR("in"), FILE_("in" EP, TEXT) },
	  READ("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "folder: link to a file",
	  { LINK(INFO, "../out/text") },
	  ABSENT("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "text: dangling link",
	  { DIR(INFO), LINK(INFO EP, "no") },
	  ABSENT("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "text: link to itself",
	  { DIR(INFO), LINK(INFO EP, "entry_points.txt") },
	  BROKEN(SCAN_LINK_LOOP, "foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "text: link out",
	  { DIR(INFO), LINK(INFO EP, "../../out/text") },
	  READ("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "text: link within",
	  { DIR(INFO), LINK(INFO EP, "t"), FILE_(INFO "/t", TEXT) },
	  READ("foo", "1.0"), PRIVATE("foo", "1.0"), false },
	{ "text: a directory",
	  { DIR(INFO), DIR(INFO EP) },
	  ABSENT("foo", "1.0"), ABSENT("foo", "1.0"), false },
	{ "text: FIFO",
	  { DIR(INFO), SPECIAL(INFO EP, FIFO) },
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"),
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"), false },
	{ "text: socket",
	  { DIR(INFO), SPECIAL(INFO EP, SOCKET) },
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"),
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"), false },
	{ "text: device",
	  { DIR(INFO), SPECIAL(INFO EP, DEVICE) },
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"),
	  BROKEN(SCAN_NOT_REGULAR, "foo", "1.0"), false },
	{ "text: 8 TiB",
	  { DIR(INFO), SPECIAL(INFO EP, SPARSE) },
	  LARGE("foo", "1.0"), LARGE("foo", "1.0"), false },
	{ "name from METADATA",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT),
	    FILE_(LOUD "/METADATA", "Name: Foo\nVersion: 1\n") },
	  READ("Foo", "1"), READ("Foo", "1"), true },
	{ "name from METADATA, no text",
	  { DIR(LOUD), FILE_(LOUD "/METADATA", "Name: Foo\n") },
	  ABSENT("Foo", NULL), ABSENT("Foo", NULL), true },
	{ "empty Name",
	  { DIR(LOUD), FILE_(LOUD "/METADATA", "Name:") },
	  ABSENT("", NULL), ABSENT("", NULL), true },
	{ "bare suffix",
	  { DIR(".dist-info"), FILE_(".dist-info/METADATA", "Name: Foo\nVersion: 1\n") },
	  ABSENT("Foo", "1"), ABSENT("Foo", "1"), true },
	{ "name from PKG-INFO",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT), FILE_(LOUD "/METADATA", ""),
	    FILE_(LOUD "/PKG-INFO", "Name: Foo") },
	  READ("Foo", NULL), READ("Foo", NULL), true },
	{ "METADATA before PKG-INFO",
	  { DIR(LOUD), FILE_(LOUD "/METADATA", "\n"),
	    FILE_(LOUD "/PKG-INFO", "Name: Foo") },
	  BROKEN(SCAN_NAMELESS, NULL, NULL), BROKEN(SCAN_NAMELESS, NULL, NULL), true },
	{ "name from the item itself",
	  { FILE_("FOO.EGG-INFO", "Name: Foo\n") },
	  ABSENT("Foo", NULL), ABSENT("Foo", NULL), true },
	{ "no METADATA",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT) },
	  BROKEN(SCAN_NAMELESS, NULL, NULL), BROKEN(SCAN_NAMELESS, NULL, NULL), true },
	{ "empty item",
	  { FILE_("FOO.EGG-INFO", "") },
	  BROKEN(SCAN_NAMELESS, NULL, NULL), BROKEN(SCAN_NAMELESS, NULL, NULL), true },
	{ "METADATA without Name",
	  { DIR(LOUD), FILE_(LOUD "/METADATA", "Version: 1\n\nName: x\n") },
	  BROKEN(SCAN_NAMELESS, NULL, NULL), BROKEN(SCAN_NAMELESS, NULL, NULL), true },
	{ "folded Name",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT), FILE_(LOUD "/METADATA", ODD_TEXT) },
	  BROKEN(SCAN_ODD_NAME, NULL, NULL), BROKEN(SCAN_ODD_NAME, NULL, NULL), true },
	{ "METADATA not UTF-8",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT),
	    FILE_(LOUD "/METADATA", "Name: Foo\n\n\xff") },
	  BROKEN(SCAN_NOT_UTF8, NULL, NULL), BROKEN(SCAN_NOT_UTF8, NULL, NULL), true },
	{ "METADATA: FIFO",
	  { DIR(LOUD), SPECIAL(LOUD "/METADATA", FIFO) },
	  BROKEN(SCAN_NOT_REGULAR, NULL, NULL),
	  BROKEN(SCAN_NOT_REGULAR, NULL, NULL), true },
	{ "METADATA: a directory",
	  { DIR(LOUD), DIR(LOUD "/METADATA"), FILE_(LOUD "/PKG-INFO", "Name: a") },
	  ABSENT("a", NULL), ABSENT("a", NULL), true },
	{ "METADATA: link",
	  { DIR(LOUD), FILE_(LOUD EP, TEXT), LINK(LOUD "/METADATA", "m"),
	    FILE_(LOUD "/m", "Name: Foo\n") },
	  READ("Foo", NULL), PRIVATE(NULL, NULL), true },
	{ "METADATA: 8 TiB",
	  { DIR(LOUD), SPECIAL(LOUD "/METADATA", SPARSE) },
	  LARGE(NULL, NULL), LARGE(NULL, NULL), true },
	{ "nameless dangling link",
	  { LINK(LOUD, "nowhere") },
	  BROKEN(SCAN_NAMELESS, NULL, NULL), PRIVATE(NULL, NULL), true },
};
/* clang-format on */

static void expect(const struct scan_item *it, const struct want *want)
{
	static const struct token none;

	T(it->state == want->state);
	T(it->why == want->why);
	T((it->name.p != NULL) == (want->name != NULL));
	T(span_eq(it->name, span_of(want->name)));
	T((it->version.p != NULL) == (want->version != NULL));
	T(span_eq(it->version, span_of(want->version)));
	T(fresh_token_eq(&it->token, &none) == (it->state != SCAN_TEXT));
	T((it->text.p != NULL) == (it->state == SCAN_TEXT));
	T((it->before_ns != 0) == (it->state == SCAN_TEXT));
	T((it->hash[0] != 0) == (it->state == SCAN_TEXT));
}

/* Of a directory that holds one item. */
static void expect_one(int site, const struct scan_opts *opts, const struct shape *shape,
		       const struct want *want)
{
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it = { .kind = NAME_OTHER };

	T(scan_begin(&s, site, opts) == 0);
	T(s.steady && s.nr_names == 1);
	T(scan_next(&s, &it) == 1);
	T(span_eq(it.folder, span_of(shape->made[0].path)));
	T(it.name_settled == !shape->unsettled);
	expect(&it, want);
	T(scan_next(&s, &it) == 0);
	T(scan_next(&s, &it) == 0);
}

static void reads_every_shape(void)
{
	for (size_t i = 0; i < N(shapes); i++) {
		auto_tree struct tree t = tree_make();

		T_ROW(shapes[i].name);
		if (!tree_put_all(t.site, shapes[i].made, N(shapes[i].made)))
			continue;

		expect_one(t.site, &live, shapes + i, &shapes[i].live);
		expect_one(t.site, &confined, shapes + i, &shapes[i].confined);
	}
}

/* --- the text -------------------------------------------------------------------- */

static struct scan_item one(struct scan *s, int site, const struct scan_opts *opts,
			    const char *folder)
{
	struct scan_item it = { .state = SCAN_BROKEN, .why = SCAN_IO_ERROR };

	s->dirfd = site;
	s->opts = *opts;
	s->fs = stamp_fs(site);
	T(scan_one(s, span_of(folder), name_kind(span_of(folder), opts->in_egg), &it) ==
	  0);
	return it;
}

static void hands_out_the_entries(void)
{
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;
	struct entry e;

	MUST(mkdirat(t.site, INFO, 0755) == 0);
	tmp_put(t.site, INFO EP, "[g]\na = m:x\nnope\nb = m:y\n");
	it = one(&s, t.site, &confined, INFO);
	T(scan_entry(&it, &e) == PARSE_ENTRY && span_eq(e.name, span_of("a")));
	T(scan_entry(&it, &e) == PARSE_NO_EQUALS && it.parse.line == 3);
	T(scan_entry(&it, &e) == PARSE_ENTRY && span_eq(e.value, span_of("m:y")));
	T(scan_entry(&it, &e) == PARSE_END);
}

static void tells_texts_apart(void)
{
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item a, b, c;

	MUST(mkdirat(t.site, INFO, 0755) == 0);
	tmp_put(t.site, INFO EP, "[g]\na = m:x\n");
	a = one(&s, t.site, &confined, INFO);
	b = one(&s, t.site, &live, INFO);
	T(fresh_token_eq(&a.token, &b.token));
	T(a.hash[0] == b.hash[0] && a.hash[1] == b.hash[1]);

	tmp_put(t.site, INFO EP, "[g]\na = m:y\n");
	c = one(&s, t.site, &confined, INFO);
	T(a.token.ino == c.token.ino && a.token.size == c.token.size);
	T(a.hash[0] != c.hash[0] && a.hash[1] != c.hash[1]);
}

static void put_text_of(int site, size_t n)
{
	char *text = malloc(n + 1);

	MUST(text);
	memset(text, '#', n);
	text[n] = '\0';
	tmp_put(site, INFO EP, text);
	free(text);
}

static void keeps_to_the_limits(void)
{
	static const struct {
		const char *name;
		size_t n;
		enum scan_state live, confined;
	} rows[] = {
		{ "a page less 1", 4095, SCAN_TEXT, SCAN_TEXT },
		{ "a page", 4096, SCAN_TEXT, SCAN_TEXT },
		{ "the limit of a cache", SCAN_TEXT_MAX, SCAN_TEXT, SCAN_TEXT },
		{ "and 1", SCAN_TEXT_MAX + 1, SCAN_TEXT, SCAN_LARGE },
		{ "the limit of a live scan", SCAN_TEXT_LIVE_MAX, SCAN_TEXT, SCAN_LARGE },
		{ "and 1, live", SCAN_TEXT_LIVE_MAX + 1, SCAN_LARGE, SCAN_LARGE },
	};
	auto_tree struct tree t = tree_make();

	MUST(mkdirat(t.site, INFO, 0755) == 0);
	for (size_t i = 0; i < N(rows); i++) {
		auto_scan struct scan s = SCAN_INIT;
		struct scan_item it;

		T_ROW(rows[i].name);
		put_text_of(t.site, rows[i].n);
		it = one(&s, t.site, &confined, INFO);
		T(it.state == rows[i].confined);
		T(it.text.n == (it.state == SCAN_TEXT ? rows[i].n : 0));
		it = one(&s, t.site, &live, INFO);
		T(it.state == rows[i].live);
		T(it.text.n == (it.state == SCAN_TEXT ? rows[i].n : 0));
	}
}

static size_t bytes_in(int fd)
{
	size_t total = 0;
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof buf)) > 0)
		total += (size_t)n;
	MUST(n == 0);
	return total;
}

/* Files of /proc say that they are empty, and give a page at a time. */
static void reads_to_the_end_whatever_the_size_says(void)
{
	const struct scan_opts opts[] = { live, confined };
	autoclose int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	autoclose int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	auto_tree struct tree t = tree_make();
	auto_scan struct scan s = SCAN_INIT;
	struct scan_item it;
	size_t n = fd < 0 ? 0 : bytes_in(fd);

	if (n <= SCAN_TEXT_MAX) {
		printf("# skipped: /proc/kallsyms is not to be read, or small\n");
		return;
	}
	MUST(mkdirat(t.site, INFO, 0755) == 0);
	MUST(symlinkat("/proc/kallsyms", t.site, INFO EP) == 0);
	it = one(&s, t.site, &live, INFO);
	T(it.state == SCAN_TEXT && it.token.size == 0 && it.text.n == n);

	/* Confined, there is no way to it but as an item. */
	for (size_t i = 0; i < N(opts); i++) {
		s.dirfd = proc;
		s.opts = opts[i];
		T(scan_one(&s, span_of("kallsyms"), NAME_EGG, &it) == 0);
		T(it.state == (opts[i].confined ? SCAN_LARGE : SCAN_BROKEN));
	}
}

static void takes_a_long_name_or_none(void)
{
	static const struct {
		const char *name, *head;
		int n;
		const char *tail;
		enum scan_why why;
	} rows[] = {
		{ "Name at the limit", "Name: ", SCAN_NAME_MAX, "\n", SCAN_FINE },
		{ "Name over it", "Name: ", SCAN_NAME_MAX + 1, "\n", SCAN_ODD_NAME },
		{ "Version at the limit", "Name: a\nVersion: ", SCAN_NAME_MAX, "\n",
		  SCAN_FINE },
		{ "Version over it", "Name: a\nVersion: ", SCAN_NAME_MAX + 1, "\n",
		  SCAN_ODD_NAME },
		{ "folded Version", "Name: a\nVersion: ", 1, "\n 1\n", SCAN_ODD_NAME },
	};
	auto_tree struct tree t = tree_make();

	MUST(mkdirat(t.site, LOUD, 0755) == 0);
	for (size_t i = 0; i < N(rows); i++) {
		auto_scan struct scan s = SCAN_INIT;
		char text[SCAN_NAME_MAX + 64];
		struct scan_item it;

		T_ROW(rows[i].name);
		(void)snprintf(text, sizeof text, "%s%0*d%s", rows[i].head, rows[i].n, 0,
			       rows[i].tail);
		tmp_put(t.site, LOUD "/METADATA", text);
		it = one(&s, t.site, &confined, LOUD);
		T(it.why == rows[i].why);
		T((it.name.n > 0) == (it.why == SCAN_FINE));
	}
}

int main(void)
{
	RUN(reads_every_shape);
	RUN(hands_out_the_entries);
	RUN(tells_texts_apart);
	RUN(keeps_to_the_limits);
	RUN(reads_to_the_end_whatever_the_size_says);
	RUN(takes_a_long_name_or_none);
	return t_done();
}
