# SPDX-License-Identifier: LGPL-2.1-or-later
"""One group, by another implementation, timed.

usage: python3 -I peers.py KIND DIR SCRATCH

Prints a line, "ready", or why it cannot be had here.  Then, for each line on stdin, the
nanoseconds that it took to find the entry points of GROUP with DIR alone as sys.path.
SCRATCH is a folder for a cache.  What is kept from one question to the next, within the
process, is dropped before each: a program asks once.
"""
import os
import shutil
import sys
import time

GROUP = "bench.group"


def importlib_metadata(site, scratch):
    import importlib.metadata as metadata

    metadata.entry_points(group=GROUP)  # some versions import more when they are asked

    def find():
        metadata.FastPath.__new__.cache_clear()
        return metadata.entry_points(group=GROUP)
    return nothing, find


def nothing():
    pass


def stevedore(site, scratch, prepare):
    from stevedore import _cache

    again = importlib_metadata(site, scratch)[1]

    def find():
        _cache.importlib_metadata.FastPath.__new__.cache_clear()
        return _cache.Cache(scratch).get_group_all(GROUP, path=[site])
    again()
    return prepare, find


def stevedore_hit(site, scratch):
    return stevedore(site, scratch, nothing)


def stevedore_miss(site, scratch):
    return stevedore(site, scratch, lambda: shutil.rmtree(scratch, ignore_errors=True))


def stevedore_stale(site, scratch):
    """Another time of change of one file: what was cached is not found any more."""
    path = next(path for path in (os.path.join(site, name, "entry_points.txt")
                                  for name in os.listdir(site)) if os.path.exists(path))
    stamp = [time.time()]

    def prepare():
        stamp[0] -= 1000  # seconds; it does not notice less than 128
        os.utime(path, (stamp[0], stamp[0]))
    return stevedore(site, scratch, prepare)


def entrypoints(site, scratch):
    import entrypoints

    return nothing, lambda: entrypoints.get_group_all(GROUP, path=[site])


def pkg_resources(site, scratch):
    import warnings

    warnings.simplefilter("ignore")
    import pkg_resources
    return nothing, lambda: list(pkg_resources.WorkingSet([site]).iter_entry_points(GROUP))


KINDS = {f.__name__.replace("_", "-"): f for f in (
    importlib_metadata, stevedore_hit, stevedore_miss, stevedore_stale, entrypoints,
    pkg_resources)}


def main():
    kind, site, scratch = sys.argv[1:]
    try:
        prepare, find = KINDS[kind](site, scratch)
    except ImportError as e:
        print(e, flush=True)
        return
    sys.path[:] = [site]
    find()
    print("ready", flush=True)
    for _ in sys.stdin:
        prepare()
        start = time.perf_counter_ns()
        found = find()
        took = time.perf_counter_ns() - start
        assert len(found) > 0, kind
        print(took, flush=True)


if __name__ == "__main__":
    main()
