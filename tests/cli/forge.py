# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forge a cache file: other bytes, and a checksum that is right for them.

usage: forge.py FILE OLD NEW

OLD is replaced by NEW, of the same length, everywhere.  Shows that an answer came
from this file.  Needs libxxhash, for XXH3-64 of all but the last 8 bytes.
"""
import ctypes
import sys

file, old, new = sys.argv[1:]
with open(file, "rb") as f:
    data = f.read()[:-8].replace(old.encode(), new.encode())

xxh3 = ctypes.CDLL("libxxhash.so.0").XXH3_64bits
xxh3.restype = ctypes.c_uint64
xxh3.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
with open(file, "wb") as f:
    f.write(data + xxh3(data, len(data)).to_bytes(8, "little"))
