# SPDX-License-Identifier: LGPL-2.1-or-later
"""Have README.md say what the last benchmark found.

usage: readme.py FOLDER [README PLOT]

Reads report.json and query.svg of a folder that report.py has filled; replaces what is
between BEGIN and END in the README, and the plot beside it (tests/bench/plot.svg).
Refuses what was not measured whole, unless it is told where else to write.
"""
import json
import os
import shutil
import sys

from report import value_text

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
BEGIN = "<!-- measured: make bench, make bench-readme -->\n"
END = "<!-- measured: end -->\n"


def worst(rows):
    """Of the same bar at several sizes the one that is furthest from being met."""
    def margin(bar):
        found = bar["value"] / bar["bar"] if bar["bar"] else bar["value"]
        return -found if bar["at_least"] else found
    return max(rows, key=margin)


def rows_of(bars):
    """One row for each bar: at its worst."""
    by_what = {}
    for bar in bars:
        if bar["bar"] is not None and bar["section"] != "growth":
            by_what.setdefault(bar["what"], []).append(bar)
    for what, rows in by_what.items():
        bar = worst(rows)
        yield "| %s | %s | %s %g | %s | %s |\n" % (
            what, value_text(bar).strip(), "≥" if bar["at_least"] else "≤", bar["bar"],
            "yes" if bar["met"] else "no", bar["size"])


def slopes(bars):
    found = [bar for bar in bars if bar["section"] == "growth"]
    if not found:
        return ""
    largest = max(found, key=lambda bar: bar["value"])
    return ("\nNothing grows faster than n to the power of %.2f (%s, %s), of %d ways to grow "
            "that were tried.\n" % (largest["value"], largest["what"], largest["size"],
                                    len(found)))


def section(report, plot):
    machine = report["machine"]
    return (
        "On %s, %d processors, Linux %s, %s. Ratios of medians, measured in turn in one run; "
        "each bar at the size where it is hardest met:\n\n"
        "| what | found | bar | met | distributions |\n|---|---:|---:|---|---:|\n" % (
            machine["processor"], machine["processors"], machine["kernel"], report["date"])
        + "".join(rows_of(report["bars"])) + slopes(report["bars"])
        + "\n![Time of a query against the number of distributions](%s)\n" % plot)


def put(path, text):
    with open(path) as f:
        old = f.read()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise SystemExit("%s: it lacks the line %s or %s: put both where the table belongs" % (
            path, BEGIN.strip(), END.strip()))
    before, rest = old.split(BEGIN)
    with open(path, "w") as f:
        f.write(before + BEGIN + text + END + rest.split(END)[1])


def main():
    folder = sys.argv[1]
    readme, plot = sys.argv[2:] or (os.path.join(TOP, "README.md"),
                                    os.path.join(HERE, "plot.svg"))
    try:
        with open(os.path.join(folder, "report.json")) as f:
            report = json.load(f)
        drawn = os.path.join(folder, "query.svg")
        if "bars" not in report or not os.path.exists(drawn):
            raise SystemExit("%s: not all of the report and its plots: run make bench, and "
                             "have gnuplot" % folder)
        if report["plan"] != "full" and len(sys.argv) == 2:
            raise SystemExit("%s: of plan %s: run make bench first" % (folder, report["plan"]))
    except FileNotFoundError as e:
        raise SystemExit("%s: not there: run make bench first" % e.filename)
    put(readme, section(report, os.path.relpath(plot, os.path.dirname(os.path.abspath(readme)))))
    shutil.copyfile(drawn, plot)


if __name__ == "__main__":
    main()
