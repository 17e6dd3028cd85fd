# SPDX-License-Identifier: LGPL-2.1-or-later
"""Swap two names without end, each time in one step.

Says so with an empty line when it begins, and ends with its parent.

usage: poison.py A B
"""
import ctypes
import os
import signal
import sys

AT_FDCWD = -100
RENAME_EXCHANGE = 2
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)
libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
a, b = (os.fsencode(name) for name in sys.argv[1:])
print(flush=True)
while libc.renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) == 0:
    pass
sys.exit(os.strerror(ctypes.get_errno()))
