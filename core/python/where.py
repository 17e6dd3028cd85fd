# SPDX-License-Identifier: LGPL-2.1-or-later
"""For the Makefile: where this Python looks for what is installed with a prefix.

usage: where.py PREFIX

Debian and its kin have one folder for all versions below /usr, and elsewhere one each.
"""
import sys
import sysconfig

prefix = sys.argv[1]
if "deb_system" not in sysconfig.get_scheme_names():
    paths = {"base": prefix, "platbase": prefix}
    print(sysconfig.get_path("platlib", "posix_prefix", paths))
elif prefix == "/usr":
    print(prefix + "/lib/python3/dist-packages")
else:
    print("%s/lib/python%d.%d/dist-packages" % (prefix, *sys.version_info[:2]))
