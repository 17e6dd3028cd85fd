# SPDX-License-Identifier: LGPL-2.1-or-later
"""Directories of made-up distributions.

WITH_TEXT of the distributions have an entry_points.txt, and one of twenty is in GROUP;
as Debian's archive has it, within a few percent.
"""
import os

WITH_TEXT = 0.4
GROUP = "bench.group"
NAME_MAX = 255


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def text_of(i):
    """The entry_points.txt of distribution @i; None: it has none."""
    if i % 10 >= WITH_TEXT * 10:
        return None
    text = "[console_scripts]\ntool-%d = package_%d.cli:main\n" % (i, i)
    if i % 20 == 0:
        text += "[%s]\nplugin-%d = package_%d.plugin:Plugin\n" % (GROUP, i, i)
    return text


def make(top, count, salt="a", name_len=0):
    """A directory of @count distributions; the salt tells their names from others'.

    @name_len: bytes of the names of their folders at least.
    """
    os.makedirs(top)
    for i in range(count):
        name = "package_%s_%06d" % (salt, i)
        tail = "-1.%d.dist-info" % (i % 7)
        folder = os.path.join(top, name.ljust(name_len - len(tail), "x") + tail)
        os.mkdir(folder)
        write(os.path.join(folder, "METADATA"),
              "Metadata-Version: 2.1\nName: package-%s-%05d\nVersion: 1\n" % (salt, i))
        text = text_of(i)
        if text:
            write(os.path.join(folder, "entry_points.txt"), text)
    return [top]


def make_many(top, count):
    """@count directories of one distribution each."""
    return [make(os.path.join(top, "site%d" % i), 1, "d%d" % i)[0] for i in range(count)]


def make_group(top, count):
    """One directory, with @count entry points in GROUP; 50 in each distribution."""
    os.makedirs(top)
    for i in range(0, count, 50):
        folder = os.path.join(top, "package_%06d-1.dist-info" % i)
        os.mkdir(folder)
        write(os.path.join(folder, "entry_points.txt"), "[%s]\n" % GROUP + "".join(
            "plugin-%d = package_%d.plugin:Plugin\n" % (n, n)
            for n in range(i, min(i + 50, count))))
    return [top]


def make_long(top, count):
    """One directory whose folders have the longest names there are."""
    return make(top, count, name_len=NAME_MAX)


def make_same(top, count):
    """One directory of @count versions of one distribution, of which one counts."""
    os.makedirs(top)
    for i in range(count):
        folder = os.path.join(top, "package-1.%d.dist-info" % i)
        os.mkdir(folder)
        write(os.path.join(folder, "entry_points.txt"), text_of(0))
    return [top]


def texts(top):
    """The paths of a directory's entry_points.txt, and of those that are not there."""
    return [os.path.join(top, name, "entry_points.txt") for name in os.listdir(top)]
