/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fresh.h"

#define NS_PER_S INT64_C(1000000000)

bool fresh_token_eq(const struct token *a, const struct token *b)
{
	return a->ino == b->ino && a->size == b->size && a->type == b->type &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->btime_ns == b->btime_ns;
}

enum fresh_verdict fresh_judge(const struct token *recorded, bool settled,
			       const struct token *now, enum fresh_content content)
{
	if (content == FRESH_EQUAL)
		return FRESH_YES;
	if (content == FRESH_DIFFERS)
		return FRESH_NO;

	return settled && fresh_token_eq(recorded, now) ? FRESH_YES : FRESH_LOOK;
}

/*
 * The last moment at which a change could still leave the token as it is;
 * INT64_MAX when that never ends.
 */
static int64_t racy_until(const struct token *t)
{
	/* utimes(2) sets any mtime, so only ctime tells how fine the stamps are. */
	int64_t margin = t->ctime_ns % NS_PER_S == 0 ? FRESH_COARSE_NS : 0;
	int64_t newest = t->mtime_ns > t->ctime_ns ? t->mtime_ns : t->ctime_ns;

	if (t->mtime_ns == INT64_MIN || t->ctime_ns < NS_PER_S)
		return INT64_MAX;
	if (newest > INT64_MAX - margin)
		return INT64_MAX;

	return newest + margin;
}

bool fresh_settled_local(const struct token *t, int64_t before_ns)
{
	return racy_until(t) < before_ns;
}

int64_t fresh_wait_ns(const struct token *t, int64_t now_ns)
{
	int64_t last = racy_until(t);
	uint64_t left;

	if (last < now_ns)
		return 0;
	if (last == INT64_MAX)
		return -1;

	left = (uint64_t)last - (uint64_t)now_ns;
	return left < (uint64_t)FRESH_TICK_WAIT_NS ? (int64_t)left + 1 : -1;
}

/* From one time to a later one, in nanoseconds; all of int64_t fits. */
static uint64_t gap_ns(int64_t from, int64_t to)
{
	return (uint64_t)to - (uint64_t)from;
}

bool fresh_seen_long_ago(const struct fresh_seen *then, const struct fresh_seen *now)
{
	const uint64_t age = (uint64_t)FRESH_REMOTE_AGE_NS;

	if (then->boot != 0 && then->boot == now->boot)
		return then->boot_ns <= now->boot_ns &&
		       gap_ns(then->boot_ns, now->boot_ns) >= age;

	if (then->wall_ns <= now->wall_ns)
		return gap_ns(then->wall_ns, now->wall_ns) >= age;

	return gap_ns(now->wall_ns, then->wall_ns) >= age;
}
