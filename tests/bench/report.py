# SPDX-License-Identifier: LGPL-2.1-or-later
"""Make tables and plots of what bench.py found, and say which bars are met.

usage: report.py FOLDER

Reads report.json and, where they are there, transaction.json and programs.json of a
folder; writes them and the bars into report.json, and table.md, plots of gnuplot (*.svg)
and what these are of (*.dat).
"""
import json
import os
import shutil
import subprocess
import sys

import bars

# name of file: (title, label of y, divisor, section, rows in order)
PLOTS = {
    "refresh": ("refresh of one directory, in memory", "milliseconds", 1e3, "scale",
                ("importlib.metadata", "build", "floor-scan", "refresh-unchanged",
                 "floor-check")),
    "query": ("one group of one directory, in memory", "milliseconds", 1e3, "scale",
              ("importlib.metadata", "pkg-resources", "entrypoints", "stevedore-stale",
               "stevedore-hit", "query-live", "query-strict-first", "query-fast-first")),
    "start": ("start of Python that asks for one group", "milliseconds of processor", 1e3,
              "start", ("pkg-resources", "importlib.metadata", "stevedore-hit", "entrypoints",
                        "epcache, activated", "epcache", "pass")),
    "cold": ("one group, nothing in memory", "milliseconds", 1e3, "cold",
             ("importlib.metadata", "stevedore-hit", "query-live",
              "query-strict-first", "query-fast-first")),
}
SLOW_ROWS = PLOTS["cold"][-1]

# As they are called where a reader has not read timer.c.
TITLES = {
    "build": "epcache, full refresh", "refresh-unchanged": "epcache, unchanged refresh",
    "query-live": "epcache, no cache", "query-strict": "epcache, strict, again",
    "query-fast": "epcache, fast, again", "query-strict-first": "epcache, strict",
    "query-fast-first": "epcache, fast", "floor-scan": "floor: list, open, fstat, read, close",
    "floor-check": "floor: one stat each", "pass": "Python alone",
    "armed": "Python alone, activated",
    "stevedore-hit": "stevedore, hit", "stevedore-miss": "stevedore, miss",
    "stevedore-stale": "stevedore, stale", "pkg-resources": "pkg_resources",
    "refresh-written": "epcache, full refresh, published",
    "query-fast-all": "epcache, fast, all directories, again",
    "query-fast-all-first": "epcache, fast, all directories",
}

GNUPLOT = """set terminal svg noenhanced size 800,520 dynamic background rgb 'white' font 'sans-serif,13'
set output '{out}'
set title '{title}'
set logscale xy
set xlabel 'distributions'
set ylabel '{label}'
set grid
set key outside below maxrows 5
plot {lines}
"""


def title(name):
    return TITLES.get(name, name).replace("'", "")


def plot(folder, name, heading, label, series):
    """series: title -> [(x, y)], drawn with logarithmic axes."""
    series = {key: points for key, points in series.items() if points}
    if not series:
        return
    data = os.path.join(folder, name + ".dat")
    with open(data, "w") as f:
        for key, points in series.items():
            f.write("# %s\n%s\n\n\n" % (key, "\n".join("%s %g" % p for p in points)))
    if not shutil.which("gnuplot"):
        print("%s.svg: not drawn: needs gnuplot" % name)
        return
    lines = ", ".join("'%s' index %d title '%s' with linespoints lw 2" % (data, i, title(key))
                      for i, key in enumerate(series))
    subprocess.run(["gnuplot"], check=True, text=True, input=GNUPLOT.format(
        out=os.path.join(folder, name + ".svg"), title=heading, label=label, lines=lines))


def newest(rows, name):
    """Of the interpreters' rows the newest stands for all."""
    found = [row for row in rows if row == name or row.startswith(name + " ")]
    return max(found, key=lambda row: [int(n) for n in row.split(".") if n.isdigit()],
               default=None)


def points_of(sizes, rows, divisor):
    series = {}
    for name in rows:
        for size, found in sizes.items():
            row = newest(found, name)
            if row:
                series.setdefault(row, []).append((size, found[row]["median_us"] / divisor))
    return series


def draw(folder, report):
    sections = report["sections"]
    for name, (heading, label, divisor, section, rows) in PLOTS.items():
        plot(folder, name, heading, label,
             points_of(sections.get(section) or {}, rows, divisor))
    slow = sections.get("slow") or {}
    for ms in next(iter(slow.values()), {}):
        plot(folder, "slow-%s" % ms.replace(".", "_"),
             "one group, %s ms for each request to the file system" % ms, "milliseconds",
             points_of({size: found[ms] for size, found in slow.items()}, SLOW_ROWS, 1e3))
    growth = sections.get("growth") or {}
    plot(folder, "growth", "first refresh, processor", "milliseconds",
         {shape: [(n, cost["refresh"] / 1e3) for n, cost in found["costs"].items()]
          for shape, found in growth.items()})


def table(heading, columns, rows):
    text = "\n### %s\n\n| %s |\n|---|%s\n" % (heading, " | ".join(columns),
                                             "---:|" * (len(columns) - 1))
    return text + "".join("| %s |\n" % " | ".join(row) for row in rows)


def value_text(found):
    return "%.*f %s" % (2 if abs(found["value"]) < 100 else 0, found["value"], found["unit"])


def bar_rows(found):
    for bar in found:
        if bar["bar"] is None:
            wanted, verdict = "", ""
        else:
            wanted = "%s %g" % ("≥" if bar["at_least"] else "≤", bar["bar"])
            verdict = "yes" if bar["met"] else "**no**"
        yield bar["what"], str(bar["size"]), value_text(bar).strip(), wanted, verdict


def times_table(heading, sizes):
    """Medians of a section, with the quarters; in milliseconds."""
    names = dict.fromkeys(name for rows in sizes.values() for name in rows)
    rows = []
    for name in names:
        cells = []
        for found in sizes.values():
            s = found.get(name)
            cells.append("%.3g (%.3g–%.3g)" % tuple(
                s[key] / 1e3 for key in ("median_us", "low_us", "high_us")) if s else "")
        rows.append((title(name), *cells))
    return table(heading + ", ms: median (quarters)", ("distributions", *sizes), rows)


def counts_table(heading, sizes, text):
    names = dict.fromkeys(name for rows in sizes.values() for name in rows)
    return table(heading, ("distributions", *sizes), (
        (title(name), *(text(rows[name]) if name in rows else "" for rows in sizes.values()))
        for name in names))


def growth_table(growth):
    rows = []
    for name, found in growth.items():
        largest, cost = list(found["costs"].items())[-1]
        rows.append((name, largest, *(
            "%.4g (%.2f)" % (cost[what] / unit, found["slopes"][what])
            for what, unit in (("refresh", 1e3), ("strict", 1e3), ("fast", 1e3),
                               ("memory_kib", 1024), ("file_bytes", 1 << 20)))))
    return table("How cost grows: at the largest, and the slope of log cost over log n",
                 ("of", "largest", "refresh, ms of processor", "strict query, ms",
                  "fast query, ms", "memory, MiB", "file, MiB"), rows)


def programs_table(programs):
    rows = [(each["program"], each["situation"], *(
        "%.4g (%.4g)" % tuple(each["rows"][row][key] / 1e3 for key in ("wall_us", "processor_us"))
        for row in ("plain", "activated"))) for each in programs]
    return table("Starts of real programs, ms: median (of processor)",
                 ("program", "distributions", "plain", "activated"), rows)


def markdown(report, found):
    machine, sections = report["machine"], report["sections"]
    text = "%s, %d processors, Linux %s, %s; load %.1f when it began; plan: %s.\n" % (
        machine["processor"], machine["processors"], machine["kernel"], report["date"],
        machine["load"], report["plan"])
    text += table("Bars", ("what", "distributions", "found", "bar", "met"), bar_rows(found))
    for name, heading in (("scale", "In memory, in one process"),
                          ("separated", "Refresh by a worker without rights"),
                          ("tool", "Whole processes"),
                          ("start", "Starts of Python, of processor"),
                          ("cold", "Nothing in memory")):
        if sections.get(name):
            text += times_table(heading, sections[name])
    slow = sections.get("slow") or {}
    for ms in next(iter(slow.values()), {}):
        at = {size: rows[ms] for size, rows in slow.items()}
        text += times_table("%s ms for each request" % ms, at)
    if slow:
        text += counts_table("Requests to the slow file system",
                             {size: rows[ms] for size, rows in slow.items()},
                             lambda s: str(s["requests"]))
    if sections.get("calls"):
        text += counts_table("File-system calls: of the process, beyond those of Python alone "
                             "(below the directory)",
                             sections["calls"], lambda s: "%(all)d (%(below)d)" % s)
    if sections.get("instructions"):
        text += counts_table("Instructions, by callgrind", sections["instructions"],
                             lambda n: "%d" % n)
    if sections.get("growth"):
        text += growth_table(sections["growth"])
    if sections.get("programs"):
        text += programs_table(sections["programs"])
    if report["skipped"]:
        text += "\nNot measured:\n\n" + "".join(
            "- %s: %s\n" % item for item in report["skipped"].items())
    return text


def tell(found):
    print("\n%-62s %14s %12s %10s  %s" % ("bars", "distributions", "found", "bar", "met"))
    for row in bar_rows(found):
        print("%-62s %14s %12s %10s  %s" % (*row[:4], row[4].strip("*")))


def main():
    folder = os.path.abspath(sys.argv[1])
    path = os.path.join(folder, "report.json")
    with open(path) as f:
        report = json.load(f)
    for name in ("transaction", "programs"):
        try:
            with open(os.path.join(folder, name + ".json")) as f:
                report["sections"][name] = json.load(f)
        except FileNotFoundError:
            report["skipped"][name] = "tests/bench/%s.sh was not run" % name
    report["bars"] = found = list(bars.all_bars(report))
    with open(path, "w") as f:
        json.dump(report, f, indent=1)
    with open(os.path.join(folder, "table.md"), "w") as f:
        f.write(markdown(report, found))
    draw(folder, report)
    tell(found)
    print("\nwritten to %s: report.json, table.md, *.svg" % os.path.relpath(folder))


if __name__ == "__main__":
    main()
