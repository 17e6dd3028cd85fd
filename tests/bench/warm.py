# SPDX-License-Identifier: LGPL-2.1-or-later
"""In one process, everything in the page cache: epcache, its peers, and the floors."""
import os
import re
import subprocess

from series import Program, Timer, Work, interleave, settle
import sites

HERE = os.path.dirname(os.path.abspath(__file__))
PEERS = os.path.join(HERE, "peers.py")
OTHERS = ("stevedore-hit", "stevedore-miss", "stevedore-stale", "entrypoints", "pkg-resources")
ROWS = ("floor-scan", "build", "refresh-written", "refresh-unchanged", "floor-check",
        "query-strict", "query-fast", "query-fast-all", "query-strict-first",
        "query-fast-first", "query-fast-all-first", "query-live")
SEPARATED = ("build", "refresh-written", "refresh-unchanged", "separated",
             "separated-written", "separated-unchanged")


class Peers:
    """importlib.metadata of every CPython, and what /usr/bin/python3 can import beside."""

    def __init__(self, tools, site, changing, scratch, kinds=OTHERS):
        """@changing: a directory like @site, files of which may get other stamps."""
        self.programs = {}
        for version, exe in tools.pythons:
            self.begin("importlib.metadata " + version, [exe, "-I", PEERS, "importlib-metadata",
                                                         site, scratch], tools)
        for kind in kinds:
            self.begin(kind, [tools.python, "-I", PEERS, kind,
                              changing if kind == "stevedore-stale" else site,
                              os.path.join(scratch, kind)], tools)

    def begin(self, name, command, tools):
        program = Program(command)
        said = program.hear().strip()
        if said == "ready":
            self.programs[name] = program
        else:
            tools.skip(name, said)
            program.close()

    def rows(self):
        return {name: lambda p=program: p.ask("find")[0] / 1e3
                for name, program in self.programs.items()}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for program in self.programs.values():
            program.close()


def rounds_for(size, most):
    return max(min(5, most), min(most, most * 1000 // size))


def scale_size(tools, size, most):
    with Work() as top:
        count = 3 if size <= 1000 else 1  # three: for the query of three directories
        dirs = [sites.make(os.path.join(top, "site%d" % i), size, "abc"[i])[0]
                for i in range(count)]
        changing = sites.make(os.path.join(top, "changing"), size)[0]
        settle()
        with Timer(tools, top, dirs) as timer, \
                Peers(tools, dirs[0], changing, os.path.join(top, "scratch")) as peers:
            theirs = peers.rows()
            return interleave({**timer.rows(ROWS), **theirs}, rounds_for(size, most),
                              few=theirs if size > 300 else ())


def separated_size(tools, size, most):
    """In process; by a worker without rights; by that, and published with both fsyncs."""
    with Work() as top:
        site = sites.make(os.path.join(top, "site"), size)
        settle()
        with Timer(tools, top, site) as timer:
            return interleave(timer.rows(SEPARATED), rounds_for(size, most))


def instructions(tools, size):
    """By callgrind, which counts the same each time; of the steps that make no calls."""
    with Work() as top:
        site = sites.make(os.path.join(top, "site"), size)[0]
        cache = os.path.join(top, "cache")
        subprocess.run([tools.epcache, "refresh", "--quiet", "--cache-dir", cache, site],
                       check=True)
        files = {"parse": [p for p in sites.texts(site) if os.path.exists(p)][:500],
                 "view": [os.path.join(cache, name) for name in os.listdir(cache)
                          if name.endswith(".v1")]}
        files["merge"] = files["view"]
        counts = {}
        for step, paths in files.items():
            counts[step] = callgrind([tools.steps, step, *paths], "step_run", top)
            if step == "parse":  # not all of them fit on a command line
                counts[step] = counts[step] * size * sites.WITH_TEXT // len(paths)
        return counts


def callgrind(command, function, top, stdin=""):
    """Instructions inside a function, and what it calls."""
    said = subprocess.run(
        ["valgrind", "--tool=callgrind", "--toggle-collect=" + function,
         "--callgrind-out-file=" + os.path.join(top, "callgrind"), *command],
        input=stdin, check=True, capture_output=True, text=True).stderr
    return int(re.search(r"Collected : (\d+)", said)[1])
