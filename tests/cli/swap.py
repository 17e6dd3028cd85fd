# SPDX-License-Identifier: LGPL-2.1-or-later
"""Swap two strings in a cache file, and put a checksum that is right for it.

usage: swap.py FILE A B [unsorted]

A and B, of the same length, change places everywhere.  NAMES is then sorted again,
unless the fourth word says not to: so the distributions have changed places, and all
else is as it has to be.  Needs libxxhash, for XXH3-64 of all but the last 8 bytes.
"""
import ctypes
import re
import struct
import sys

DISTS, NAMES, STRINGS = 1, 3, 9  # sections, see epcache.cache(5)

file, a, b = (word.encode() for word in sys.argv[1:4])
xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
xxh3.restype = ctypes.c_uint64
xxh3.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

with open(file, "rb") as f:
    data = f.read()[:-8]
swap = {a: b, b: a}
data = bytearray(re.sub(b"|".join(map(re.escape, swap)), lambda m: swap[m[0]], data))


def table(section):
    return struct.unpack_from("<III", data, 32 + 16 * section)


def norm(dist):
    off, _, size = table(DISTS)
    start, n = struct.unpack_from("<II", data, off + dist * size + 8)
    start += table(STRINGS)[0]
    return bytes(data[start:start + n])


if "unsorted" not in sys.argv:
    off, count, _ = table(NAMES)
    names = struct.unpack_from("<%dI" % count, data, off)
    struct.pack_into("<%dI" % count, data, off, *sorted(names, key=norm))

with open(file, "wb") as f:
    f.write(data + xxh3(bytes(data), len(data)).to_bytes(8, "little"))
