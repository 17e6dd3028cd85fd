# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples of the page for Python authors."""
import doctest
import os
import sys
import unittest

from support import Case, native

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "..", "core", "python", "README.md")
TEXT = """[console_scripts]
hello = json:dumps [fast]
[plugins]
dump = json:dumps
load = json:loads
other = os:sep
"""


class Page(Case):
    @native
    def test_examples(self):
        site = self.site(demo=TEXT)
        sys.path[:0] = [site]
        failed, tried = doctest.testfile(PAGE, module_relative=False, globs={"site": site})
        self.assertEqual(failed, 0)
        self.assertGreater(tried, 10)


if __name__ == "__main__":
    unittest.main()
