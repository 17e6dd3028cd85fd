# SPDX-License-Identifier: LGPL-2.1-or-later
"""Print what the refresh adds to transactions, from the samples of transaction.sh.

usage: transaction.py SAMPLES OUT.json

A line of the samples is MANAGER, number of packages, SYSTEM, microseconds.
"""
import json
import sys

from series import summary

MOST_MS = 10.0  # above an empty trigger
MOST_OF_ALL = 1.0  # per cent of the transaction of all packages


def read(path):
    samples = {}
    with open(path) as f:
        for line in f:
            manager, packages, system, us = line.split()
            systems = samples.setdefault(manager, {}).setdefault(int(packages), {})
            systems.setdefault(system, []).append(int(us))
    return {manager: {n: {system: summary(us) for system, us in systems.items()}
                      for n, systems in sizes.items()}
            for manager, sizes in samples.items()}


def report(manager, sizes):
    print("\ntransactions of %-20s %10s %10s %10s" % (manager, "median ms", "low", "high"))
    for n, systems in sorted(sizes.items()):
        for system in ("none", "empty", "ours"):
            s = systems[system]
            print("  %3d packages, %-16s %12.1f %10.1f %10.1f" % (
                n, system, s["median_us"] / 1e3, s["low_us"] / 1e3, s["high_us"] / 1e3))
    for n, systems in sorted(sizes.items()):
        ours, empty, none = (systems[s]["median_us"] for s in ("ours", "empty", "none"))
        print("    added to %d: %.1f ms, %.3f x empty; %.1f ms, %.3f x none" % (
            n, (ours - empty) / 1e3, ours / empty, (ours - none) / 1e3, ours / none))

    small, large = sizes[min(sizes)], sizes[max(sizes)]
    added = (small["ours"]["median_us"] - small["empty"]["median_us"]) / 1e3
    part = 100 * added * 1e3 / large["ours"]["median_us"]
    print("    above an empty trigger        %6.1f ms (bar %.0f)" % (added, MOST_MS))
    print("    which is of all %3d packages  %6.2f %%  (bar %.0f)" % (
        max(sizes), part, MOST_OF_ALL))


def main():
    results = read(sys.argv[1])
    for manager, sizes in results.items():
        report(manager, sizes)
    with open(sys.argv[2], "w") as f:
        json.dump(results, f, indent=1)


if __name__ == "__main__":
    main()
