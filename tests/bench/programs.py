# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts of whole programs, plain and activated, in turn.

usage: programs.py SITUATION ROUNDS [cold | MS]

Reads words, each with a NUL after it: the name of a program, its command, an empty word.
cold: nothing is in memory; MS: so many milliseconds for each request, see slowfs.c.
Prints a line of JSON for each program: by row, microseconds of the wall and of the
processor.
"""
import json
import os
import statistics
import struct
import subprocess
import sys
import time

ROWS = {"plain": {"EPCACHE_AUTOLOAD": "0"}, "activated": {}}
FORGET = ".cache"  # of stevedore, in the folder where programs run


def set_latency(ms):
    """The first number of slowfs.c's control file."""
    with open(os.path.join(os.environ["top"], "control"), "r+b") as file:
        file.write(struct.pack("Q", int(ms * 1e6)))


def forget(how):
    subprocess.run(["rm", "-rf", FORGET], check=True)
    if how == "cold":
        os.sync()
        with open("/proc/sys/vm/drop_caches", "w") as file:
            file.write("3")


def start(command, more):
    """Microseconds of the wall and of the processor."""
    with open(os.devnull, "r+") as null:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **more}, stdin=null,
                                   stdout=null, stderr=null)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = status
    if status:
        raise SystemExit("%s: exit status %d" % (command[0], status >> 8))
    return wall * 1e6, (used.ru_utime + used.ru_stime) * 1e6


def measure(command, rounds, how):
    samples = {row: [] for row in ROWS}
    for i in range(rounds):
        for row in sorted(ROWS, reverse=i % 2):
            forget(how)
            samples[row].append(start(command, ROWS[row]))
    return {row: {"wall_us": statistics.median(each[0] for each in values),
                  "processor_us": statistics.median(each[1] for each in values)}
            for row, values in samples.items()}


def main():
    situation, rounds, how = sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or [""])[0]
    is_slow = how not in ("", "cold")
    words = sys.stdin.read().split("\0")
    while len(words) > 1:
        end = words.index("")
        name, *command = words[:end]
        del words[:end + 1]
        if is_slow:
            set_latency(float(how))
        found = measure(command, rounds, how)
        if is_slow:
            set_latency(0)
        print(json.dumps({"program": name, "situation": situation, "rounds": rounds,
                          "rows": found}), flush=True)


if __name__ == "__main__":
    main()
