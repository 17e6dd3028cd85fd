# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measure epcache, its peers and the floors side by side; write what was found as JSON.

usage: bench.py BUILD_DIR OUT.json [--quick | --smoke] [SECTION...]

Sections are the names of PLAN; all by default.  --smoke shows that the benchmark works,
and nothing else.  report.py makes tables and plots of OUT.json.
"""
import datetime
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "python"))
import growth  # noqa: E402
import oracle  # noqa: E402
import processes  # noqa: E402
import slow  # noqa: E402
import warm  # noqa: E402

# Of each section: its sizes, and what else its function is given.  The largest sizes of
# growth are those that somebody may have; its shapes have one each.
PLAN = {
    "full": {
        "scale": ((100, 1000, 10000, 50000), 201),
        "separated": ((300, 3000, 30000), 101),
        "tool": ((100, 300, 1000, 10000), 201),
        "start": ((30, 100, 300, 1000, 3000), 201),
        "instructions": ((100, 1000, 10000),),
        "calls": ((100, 1000, 10000),),
        "memory": ((10000,),),
        "cold": ((100, 1000, 10000), 7),
        "slow": ((100, 300, 1000), 3, (0.2, 1, 5)),
        "growth": ((200000, 2000, 100000, 20000, 20000), 4),
    },
    "quick": {
        "scale": ((100, 1000), 25),
        "separated": ((300, 3000), 15),
        "tool": ((300, 1000), 51),
        "start": ((300,), 21),
        "instructions": ((100, 1000),),
        "calls": ((100, 1000),),
        "memory": ((10000,),),
        "cold": ((1000,), 3),
        "slow": ((30, 100), 1, (0.2, 1)),
        "growth": ((2000, 100, 4000, 1000, 1000), 3),
    },
    "smoke": {
        "scale": ((40, 80), 1),
        "separated": ((40,), 1),
        "tool": ((40,), 1),
        "start": ((40,), 1),
        "instructions": ((40,),),
        "calls": ((40, 80),),
        "memory": ((40,),),
        "cold": ((40,), 1),
        "slow": ((20,), 1, (0.2,)),
        "growth": ((40, 20, 40, 20, 20), 2),
    },
}


class Tools:
    """Where everything is, and what could not be measured."""

    def __init__(self, build):
        self.epcache = os.path.join(build, "epcache")
        for name in ("timer", "spawn", "floor", "steps", "slowfs"):
            setattr(self, name, os.path.join(build, "tests/bench", name))
        self.package = os.environ.get("EPCACHE_PACKAGE",
                                      os.path.join(build, "python/epcache"))
        self.python = os.environ.get("PYTHON", "/usr/bin/python3")
        self.pythons = []
        for exe in oracle.interpreters():
            version = oracle.ask_exe(exe, "import sys; print('%d.%d' % sys.version_info[:2])",
                                     None)[0]
            self.pythons.append((version, exe))
        self.skipped = {}

    def paths(self):
        return {key: value for key, value in vars(self).items() if key != "skipped"}

    def skip(self, what, why):
        if what not in self.skipped:
            print("%s: not measured: %s" % (what, why), flush=True)
        self.skipped[what] = why

    def needs(self, program, what):
        if not shutil.which(program):
            self.skip(what, "needs " + program)
            return False
        return True


def by_size(measure, tools, sizes, *more):
    found = {size: measure(tools, size, *more) for size in sizes}
    return {size: result for size, result in found.items() if result is not None}


def grow(tools, sizes, steps):
    return {name: growth.shape(tools, name, largest, steps)
            for name, largest in zip(growth.SHAPES, sizes)}


def calls(tools, sizes):
    return by_size(processes.calls_size, tools, sizes) if tools.needs("strace", "calls") else {}


def instructions(tools, sizes):
    if not tools.needs("valgrind", "instructions"):
        return {}
    return by_size(warm.instructions, tools, sizes)


SECTIONS = {
    "scale": lambda tools, *a: by_size(warm.scale_size, tools, *a),
    "separated": lambda tools, *a: by_size(warm.separated_size, tools, *a),
    "tool": lambda tools, *a: by_size(processes.tool_size, tools, *a),
    "start": lambda tools, *a: by_size(processes.start_size, tools, *a),
    "instructions": instructions,
    "calls": calls,
    "memory": lambda tools, *a: by_size(processes.memory, tools, *a),
    "cold": lambda tools, *a: by_size(slow.cold_size, tools, *a),
    "slow": lambda tools, *a: by_size(slow.slow_size, tools, *a),
    "growth": grow,
}


def machine():
    model = "unknown processor"
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                model = " ".join(line.split(":", 1)[1].split())
    return {"processor": model, "processors": os.cpu_count(), "kernel": os.uname().release,
            "load": os.getloadavg()[0], "root": os.geteuid() == 0}


def main():
    build, out = sys.argv[1:3]
    plan = next((p for p in PLAN if "--" + p in sys.argv[3:]), "full")
    wanted = [a for a in sys.argv[3:] if not a.startswith("--")] or list(SECTIONS)
    tools = Tools(os.path.abspath(build))
    report = {"plan": plan, "machine": machine(), "date": str(datetime.date.today()),
              "sections": {}, "skipped": tools.skipped}
    for name in wanted:
        print("bench: %s" % name, flush=True)
        report["sections"][name] = SECTIONS[name](tools, *PLAN[plan][name])
        with open(out, "w") as f:
            json.dump(report, f, indent=1)


if __name__ == "__main__":
    main()
