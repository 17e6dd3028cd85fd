# SPDX-License-Identifier: LGPL-2.1-or-later
"""How cost grows with what there is: the slope of log cost against log n, 1 for linear."""
import math
import os

from processes import peak, processor, query, refresh, wall
from series import Program, Work, interleave, settle
import sites

ROUNDS = 5
SHAPES = {
    "distributions": sites.make,
    "directories": sites.make_many,
    "entry points of one group": sites.make_group,
    "distributions, names of 255 bytes": sites.make_long,
    "versions of one distribution": sites.make_same,
}


def one(tools, make, n):
    """Times, memory and size of file at one size."""
    with Work() as top, Program([tools.spawn]) as spawn:
        dirs = make(os.path.join(top, "site"), n)
        cache = os.path.join(top, "cache")
        settle()
        costs = {"memory_kib": peak(tools, spawn, cache, dirs),
                 "file_bytes": sum(os.path.getsize(os.path.join(cache, name))
                                   for name in os.listdir(cache))}
        refresh(tools, cache, dirs)
        forced = [tools.epcache, "refresh", "--quiet", "--force", "--cache-dir", cache, "--"]
        rows = {"refresh": processor(spawn, [*forced, *dirs]),
                "strict": wall(spawn, query(tools, cache, dirs, "strict")),
                "fast": wall(spawn, query(tools, cache, dirs, "fast"))}
        costs.update((name, s["median_us"])
                     for name, s in interleave(rows, ROUNDS).items())
        return costs


def slope(points):
    """Of the line through (log n, log cost) that fits best."""
    xs, ys = zip(*((math.log(n), math.log(cost)) for n, cost in points))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return (sum((a - x) * (b - y) for a, b in zip(xs, ys)) /
            sum((a - x) ** 2 for a in xs))


def shape(tools, name, largest, steps):
    """@steps sizes, each twice the one before; the slopes are over all of them."""
    sizes = [largest >> i for i in reversed(range(steps))]
    costs = {n: one(tools, SHAPES[name], n) for n in sizes}
    return {"costs": costs,
            "slopes": {what: slope([(n, c[what]) for n, c in costs.items()])
                       for what in costs[largest]}}
