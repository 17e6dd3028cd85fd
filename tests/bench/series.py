# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rows that are measured in turn, round by round, in one run.

A machine whose speed drifts then slows all of them.  The order of a round is a new one
each time: what ran before decides what the processor still knows.

Used by all of this folder.
"""
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time

FEW = 15  # rounds, for what takes seconds


def summary(values):
    """Median and the quarters of a list of microseconds."""
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else values * 3
    return {"median_us": statistics.median(values), "low_us": quarters[0],
            "high_us": quarters[2], "n": len(values)}


def interleave(rows, rounds, few=(), before=None):
    """Sample each of @rows, name -> function that returns microseconds; summaries by name.

    @few: names of rows that are sampled in the first rounds only.
    @before: called before each sample.
    """
    samples = {name: [] for name in rows}
    shuffled, rng = list(rows), random.Random(1)
    for i in range(rounds):
        rng.shuffle(shuffled)
        for name in shuffled:
            if i >= FEW and name in few:
                continue
            if before:
                before()
            samples[name].append(rows[name]())
    return {name: summary(values) for name, values in samples.items()}


class Program:
    """A program that answers lines with lines of numbers, kept running."""

    def __init__(self, command, env=None):
        self.command = command
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=env, cwd="/")

    def ask(self, *words):
        """Words, a tab between two; the numbers of the answer."""
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()
        answer = self.hear()
        if not answer:
            raise RuntimeError("%s stopped at: %s" % (self.command[0], " ".join(words)))
        return [int(word) for word in answer.split()]

    def hear(self):
        return self.process.stdout.readline()

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Timer(Program):
    """timer.c, with a cache of its own for these directories."""

    def __init__(self, tools, top, dirs):
        super().__init__([tools.timer, os.path.join(top, "cache"), *dirs])

    def rows(self, names):
        """Functions for interleave(), by name."""
        return {name: lambda name=name: self.ask(name)[0] / 1e3 for name in names}


class Work:
    """A folder for one measurement, which workers, being other users, may enter."""

    def __enter__(self):
        self.top = tempfile.mkdtemp(prefix="epcache-bench-")
        os.chmod(self.top, 0o755)
        return self.top

    def __exit__(self, *_):
        shutil.rmtree(self.top)


def settle():
    """Let the stamps of what was made last age, so that every token settles at once."""
    time.sleep(0.1)
