# SPDX-License-Identifier: LGPL-2.1-or-later
"""On a file system that takes its time, by slowfs.c; and when nothing is in memory.

usage: slow.py SIZE ROUNDS MS,MS... CONFIG; mounts, and so runs in a mount namespace of
its own.  CONFIG is JSON of the paths of the tools.  Prints JSON: by milliseconds, by row,
the times and the number of requests.
"""
import json
import os
import struct
import subprocess
import sys
import time
import types

from series import Timer, Work, interleave, settle
import sites
from warm import Peers

COLD_ROWS = ("floor-scan", "build", "floor-check", "query-strict-first", "query-fast-first",
             "query-live")
SETTLE_S = 4.5  # two scans of a network file system are to be 4 s apart
OPEN_S = 10  # until it is mounted
FORGETFUL = ("tmpfs", "ramfs")  # what is in them is nowhere else


def cold_size(tools, size, rounds):
    """drop_caches before each sample: the disk is asked for all but the programs."""
    with Work() as top:
        fs = subprocess.check_output(["stat", "-f", "-c", "%T", top], text=True).strip()
        if fs in FORGETFUL:
            return tools.skip("cold", "%s is of %s" % (top, fs))
        site = sites.make(os.path.join(top, "site"), size)[0]
        scratch = os.path.join(top, "scratch")
        settle()

        def drop():
            os.sync()
            with open("/proc/sys/vm/drop_caches", "w") as f:
                f.write("3")
        try:
            drop()
        except OSError as e:
            return tools.skip("cold", "drop_caches: " + e.strerror)
        with Timer(tools, top, [site]) as timer, \
                Peers(tools, site, site, scratch, kinds=("stevedore-hit",)) as peers:
            return interleave({**timer.rows(COLD_ROWS), **peers.rows()}, rounds, before=drop)


class Control:
    """The two numbers of slowfs.c."""

    def __init__(self, path):
        self.file = open(path, "r+b", buffering=0)

    def set_ms(self, ms):
        os.pwrite(self.file.fileno(), struct.pack("Q", int(ms * 1e6)), 0)

    def requests(self):
        return struct.unpack("Q", os.pread(self.file.fileno(), 8, 8))[0]

    def counting(self, row, counts, name):
        def count():
            before = self.requests()
            took = row()
            counts[name] = self.requests() - before
            return took
        return count


def mount(tools, top):
    """slowfs, serving the folder "source" as "slow"."""
    source, control, slow = (os.path.join(top, name) for name in ("source", "control", "slow"))
    os.mkdir(slow)
    process = subprocess.Popen([tools.slowfs, source, control, slow])
    until = time.monotonic() + OPEN_S
    while not os.path.ismount(slow):
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            raise SystemExit("slowfs cannot mount")
        time.sleep(0.02)
    return process, Control(control), slow


def measure(tools, top, site, control, latencies, rounds):
    Timer(tools, top, [site]).close()
    time.sleep(SETTLE_S)
    result = {}
    with Timer(tools, top, [site]) as timer, \
            Peers(tools, site, site, os.path.join(top, "scratch"),
                  kinds=("stevedore-hit",)) as peers:
        for ms in latencies:
            counts = {}
            rows = {name: control.counting(row, counts, name)
                    for name, row in {**timer.rows(COLD_ROWS), **peers.rows()}.items()}
            control.set_ms(ms)
            times = interleave(rows, rounds)
            control.set_ms(0)
            result["%g" % ms] = {name: {**times[name], "requests": counts[name]}
                                 for name in rows}
    return result


def main():
    size, rounds, latencies, config = sys.argv[1:]
    tools = types.SimpleNamespace(**json.loads(config))
    tools.skip = lambda what, why: print("%s: %s" % (what, why), file=sys.stderr)
    tools.pythons = tools.pythons[-1:]  # they ask for the same
    with Work() as top:
        sites.make(os.path.join(top, "source", "site"), int(size))
        settle()
        process, control, slow = mount(tools, top)
        try:
            result = measure(tools, top, os.path.join(slow, "site"), control,
                             [float(ms) for ms in latencies.split(",")], int(rounds))
        finally:
            process.terminate()
            process.wait()
    json.dump(result, sys.stdout)


def slow_size(tools, size, rounds, latencies):
    """main(), in a namespace of its own."""
    why = None
    if os.geteuid() != 0:
        why = "needs root"
    elif not os.path.exists(tools.slowfs):
        why = "slowfs is not built, for want of libfuse3"
    elif not os.path.exists("/dev/fuse"):
        why = "no /dev/fuse"
    if why:
        return tools.skip("slow file system", why)
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", tools.python, "-B", __file__, str(size),
         str(rounds), ",".join(map(str, latencies)), json.dumps(tools.paths())],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        return tools.skip("slow file system", (done.stderr.strip() or "?").split("\n")[-1])
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
