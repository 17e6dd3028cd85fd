# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whole processes: the tool, programs in Python, and the calls that they make."""
import os
import re
import subprocess

from series import Program, Work, interleave, settle
import sites
from warm import rounds_for

NOBODY = 65534

# What may have to ask the file system; not mmap(2), which is of files just read.
CALLS = "%file,read,pread64,getdents64,fstat"

# A program, once its sys.path is as it should be.  All import site, as almost each start
# of Python does; -S keeps what is installed on this machine out of the measurement.
BEGIN = "import site, sys; sys.path += [%r, %r]; "
FOUND = "; sys.exit(not list(found))"
PTH = "%pth"  # what the .pth file of an activation has: a line
PYTHONS = {
    "pass": "pass",
    "armed": PTH,
    "epcache": "import epcache; found = epcache.entry_points(group=%r)" + FOUND,
    "epcache, activated": PTH + "; from importlib.metadata import entry_points; "
                          "found = entry_points(group=%r)" + FOUND,
    "importlib.metadata": "from importlib.metadata import entry_points; "
                          "found = entry_points(group=%r)" + FOUND,
    "stevedore-hit": "from stevedore import _cache; found = _cache.get_group_all(%r)" + FOUND,
    "entrypoints": "import entrypoints; found = entrypoints.get_group_all(%r)" + FOUND,
    "pkg-resources": "import pkg_resources; found = pkg_resources.iter_entry_points(%r)" + FOUND,
}


def refresh(tools, cache, dirs):
    subprocess.run([tools.epcache, "refresh", "--quiet", "--cache-dir", cache, "--", *dirs],
                   check=True)


def query(tools, cache, dirs, check):
    paths = ["--path=" + path for path in dirs]
    return [tools.epcache, "query", "--cache-dir", cache, "--check", check, *paths, sites.GROUP]


def names_file(top, site):
    """What floor.c reads: the paths that a strict check asks for."""
    path = os.path.join(top, "names")
    with open(path, "w") as f:
        f.write("".join(os.path.relpath(p, site) + "\0" for p in sites.texts(site)))
    return path


def wall(spawn, command):
    return lambda: spawn.ask(*command)[0] / 1e3


def processor(spawn, command):
    return lambda: spawn.ask(*command)[1]


def tool_size(tools, size, most):
    """`epcache query GROUP`, against true(1) and the floor of the strict check."""
    with Work() as top, Program([tools.spawn]) as spawn:
        site = sites.make(os.path.join(top, "site"), size)
        cache = os.path.join(top, "cache")
        settle()
        refresh(tools, cache, site)
        commands = {"true": ["/bin/true"],
                    "floor": [tools.floor, names_file(top, site[0]), site[0]],
                    **{check: query(tools, cache, site, check)
                       for check in ("fast", "strict", "live")}}
        return interleave({name: wall(spawn, c) for name, c in commands.items()},
                          rounds_for(size, most))


class Starts:
    """Starts of one Python, as a user, with a directory of distributions on sys.path.

    Root's Python would not believe EPCACHE_DIR.
    """

    def __init__(self, tools, top, size):
        self.tools, self.top, self.lib = tools, top, os.path.join(top, "lib")
        self.site = sites.make(os.path.join(top, "site"), size)[0]
        self.cache = os.path.join(top, "cache")
        os.mkdir(self.lib)
        settle()
        self.as_user = []
        if os.geteuid() == 0:
            self.as_user = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY,
                            "--clear-groups"]
        scratch = os.path.join(top, "scratch")
        os.mkdir(scratch)
        os.chmod(scratch, 0o777)
        self.env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": scratch,
                    "XDG_CACHE_HOME": scratch, "EPCACHE_DIR": self.cache}
        self.link()
        path = self.output("pass; print(*sys.path, sep='\\n')").split("\n")
        refresh(tools, self.cache, [p for p in path if os.path.isdir(p)])
        self.kinds = [kind for kind in PYTHONS if self.works(kind)]

    def link(self):
        """The modules alone, and not what says that they are installed."""
        where = subprocess.check_output(
            [self.tools.python, "-Ic", "import sysconfig; print(sysconfig.get_path('purelib'));"
             "print('/usr/lib/python3/dist-packages')"], text=True).split()
        for name in ("stevedore", "entrypoints.py", "pkg_resources"):
            found = [p for p in (os.path.join(d, name) for d in where) if os.path.exists(p)]
            if found:
                os.symlink(found[0], os.path.join(self.lib, name))
        if os.path.isdir(self.tools.package):
            subprocess.run(["cp", "-RL", self.tools.package, self.lib], check=True)
            subprocess.run([self.tools.python, "-Im", "compileall", "-q", self.lib], check=False,
                           stdout=subprocess.DEVNULL)

    def command(self, kind):
        code = PYTHONS[kind].replace("%r", repr(sites.GROUP))
        return self.command_of(code.replace(PTH, self.pth()))

    def pth(self):
        try:
            with open(os.path.join(self.lib, "epcache", "epcache-autoload.pth")) as f:
                return f.read().rstrip("\n")
        except FileNotFoundError:
            return "import epcache"  # which fails, and says why

    def command_of(self, code):
        return [self.tools.python, "-ISB", "-c", BEGIN % (self.lib, self.site) + code]

    def output(self, code):
        return subprocess.check_output(self.command_of(code), text=True, env=self.env)

    def works(self, kind):
        done = subprocess.run([*self.as_user, *self.command(kind)], env=self.env, text=True,
                              capture_output=True, check=False)
        if done.returncode != 0:
            self.tools.skip("start with " + kind,
                            (done.stderr.strip().split("\n") or ["finds nothing"])[-1])
        return done.returncode == 0


def start_size(tools, size, rounds):
    """Microseconds of processor: of a start of Python that asks for one group."""
    with Work() as top:
        starts = Starts(tools, top, size)
        with Program([*starts.as_user, tools.spawn], env=starts.env) as spawn:
            result = interleave({kind: processor(spawn, starts.command(kind))
                                 for kind in starts.kinds},
                                max(min(5, rounds), min(rounds, rounds * 300 // size)))
    return result


def count_calls(command, directory, top, env=None):
    """(all file-system calls, those below the directory), as strace tells."""
    trace = os.path.join(top, "trace")
    subprocess.run(["strace", "-f", "-qq", "-y", "-o", trace, "-e",
                    "trace=" + CALLS, *command], check=True, stdout=subprocess.DEVNULL, env=env)
    with open(trace, errors="replace") as f:
        lines = [line for line in f if re.match(r"\d+ +\w+\(", line)]
    # What is read is shown as well: of a cache file, the name of the directory.
    below = [line for line in lines if directory in line.split(', "')[0]
             or directory in line and not re.match(r"\d+ +(execve|read)\(", line)]
    return {"all": len(lines), "below": len(below)}


def calls_size(tools, size):
    """The calls of one query each way."""
    with Work() as top:
        starts = Starts(tools, top, size)
        site, cache = [starts.site], starts.cache
        commands = {"query, " + check: query(tools, cache, site, check)
                    for check in ("fast", "strict", "live")}
        commands["unchanged refresh"] = [tools.epcache, "refresh", "--quiet", "--cache-dir",
                                         cache, *site]
        counts = {name: count_calls(command, site[0], top)
                  for name, command in commands.items()}
        alone = 0  # of Python, which is first, and of setpriv
        for kind in starts.kinds:
            found = count_calls([*starts.as_user, *starts.command(kind)], site[0], top,
                                env=starts.env)
            alone = alone or found["all"]
            if kind != "pass":
                counts["Python, " + kind] = {**found, "all": found["all"] - alone}
        return counts


def memory(tools, size):
    """KiB resident at most, of the largest process of a first refresh."""
    with Work() as top, Program([tools.spawn]) as spawn:
        site = sites.make(os.path.join(top, "site"), size)
        return peak(tools, spawn, os.path.join(top, "cache"), site)


def peak(tools, spawn, cache, dirs):
    return spawn.ask(tools.epcache, "refresh", "--quiet", "--cache-dir", cache, "--", *dirs)[2]
