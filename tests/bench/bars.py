# SPDX-License-Identifier: LGPL-2.1-or-later
"""The speed that epcache is to have, and whether it has it, from a report of bench.py.

Each function yields (what, size, value, bar, unit): the value is to be at most the bar, or
at least where the unit begins with ">".  A bar of None is there to be read.

Used by report.py.
"""
import re

ARMED_MS = 0.3
TRANSACTION_MS = 10
TRANSACTION_PER_CENT = 1
TIMES = "x"
AT_LEAST = "> x"


def median(rows, name):
    return rows[name]["median_us"]


def ratio(rows, name, other):
    return median(rows, name) / median(rows, other)


def importlib_bar(name):
    """How many times faster a refresh is to be than importlib.metadata of a version."""
    version = tuple(map(int, re.findall(r"\d+", name)))
    if version < (3, 11):
        return None
    return 6 if version == (3, 11) else 10


def scale(sizes):
    for size, rows in sizes.items():
        yield "full refresh / floor", size, ratio(rows, "build", "floor-scan"), 1.6, TIMES
        for name in rows:
            if name.startswith("importlib"):
                yield (name + " / full refresh", size, ratio(rows, name, "build"),
                       importlib_bar(name), AT_LEAST)
        for what, row in (("unchanged refresh", "refresh-unchanged"),
                          ("strict check and one group", "query-strict-first")):
            yield what + " / floor", size, ratio(rows, row, "floor-check"), 1.2, TIMES
        for name in rows:
            if "stevedore" in name or name in ("entrypoints", "pkg-resources"):
                yield (name + " / strict query", size, ratio(rows, name, "query-strict-first"),
                       None, AT_LEAST)
    if "1000" in sizes:
        yield ("fast query, three directories, in C", "3 x 1000",
               median(sizes["1000"], "query-fast-all-first"), 150, "us")
        yield ("the same, asked again", "3 x 1000", median(sizes["1000"], "query-fast-all"),
               None, "us")


def separated(sizes):
    for size, rows in sizes.items():
        what = "refresh, separated, both fsyncs"
        if int(size) >= 3000:
            yield (what + " / in process", size,
                   ratio(rows, "separated-written", "refresh-written"), 1.5, TIMES)
        else:
            more = median(rows, "separated-written") - median(rows, "refresh-written")
            yield what + ", more than in process", size, more / 1e3, 3, "ms"


def tool(sizes):
    for size, rows in sizes.items():
        yield "epcache query, fast / true", size, ratio(rows, "fast", "true"), 1.5, TIMES
        yield "epcache query, strict / floor", size, ratio(rows, "strict", "floor"), 1.2, TIMES


def start(sizes):
    for size, rows in sizes.items():
        if "epcache" not in rows:
            continue
        ours = max(1, median(rows, "epcache") - median(rows, "pass"))
        yield ("start of Python that asks for nothing: what activation adds", size,
               (median(rows, "armed") - median(rows, "pass")) / 1e3,
               ARMED_MS, "ms")
        for name, bar in (("importlib.metadata", 20), ("stevedore-hit", 10),
                          ("entrypoints", None), ("pkg-resources", None)):
            if name in rows:
                theirs = median(rows, name) - median(rows, "pass")
                # The bar is for what many have; elsewhere it is there to be read.
                yield ("start of Python: %s / epcache" % name, size, theirs / ours,
                       bar if size == "300" else None, AT_LEAST)


def calls(sizes):
    if len(sizes) < 2:
        return
    first, *others = sizes
    for size in others:
        grown = sizes[size]["query, fast"]["all"] - sizes[first]["query, fast"]["all"]
        yield "calls of a fast query, more than for %s" % first, size, grown, 0, "calls"


def slow(sizes):
    """The same of requests to the file system that answers late; of one latency."""
    if len(sizes) < 2:
        return
    first, *others = sizes
    asked = {size: next(iter(by_ms.values()))["query-fast-first"]["requests"]
             for size, by_ms in sizes.items()}
    for size in others:
        yield ("requests of a fast query to a slow file system, more than for %s" % first, size,
               asked[size] - asked[first], 0, "requests")


def memory(sizes):
    for size, kib in sizes.items():
        yield "memory of a refresh", size, kib / 1024, 16, "MiB"


def growth(shapes):
    for name, found in shapes.items():
        steps = "%s to %s" % (list(found["costs"])[0], list(found["costs"])[-1])
        for what, slope in found["slopes"].items():
            # 1 is linear, and 2 quadratic; what n log n and noise add is below the bar.
            yield ("slope of %s, %s" % (what.split("_")[0], name), steps, slope, 1.3, "")


def transaction(managers):
    for manager, sizes in managers.items():
        small, large = min(sizes, key=int), max(sizes, key=int)
        added = median(sizes[small], "ours") - median(sizes[small], "empty")
        yield ("transaction of %s, more than an empty trigger" % manager, small,
               added / 1e3, TRANSACTION_MS, "ms")
        yield ("transaction of %s, that of all" % manager, large,
               100 * added / median(sizes[large], "ours"), TRANSACTION_PER_CENT, "%")


SECTIONS = {f.__name__: f for f in (scale, separated, tool, start, calls, slow, memory,
                                    growth, transaction)}


def all_bars(report):
    """A dict for each value of a report, in the order of the sections."""
    for name, function in SECTIONS.items():
        for what, size, value, bar, unit in function(report["sections"].get(name) or {}):
            at_least = unit.startswith(">")
            met = None
            if bar is not None:
                met = value >= bar if at_least else value <= bar
            yield {"section": name, "what": what, "size": size, "value": value, "bar": bar,
                   "at_least": at_least, "unit": unit.strip("> "), "met": met}
