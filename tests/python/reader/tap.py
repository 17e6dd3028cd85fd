# SPDX-License-Identifier: LGPL-2.1-or-later
"""Run unittest files as TAP.   usage: tap.py FILE..."""
import os
import sys
import unittest


class Result(unittest.TestResult):
    count = 0
    label = "python%d.%d" % sys.version_info[:2]

    def tell(self, state, test, more=""):
        self.count += 1
        name = test.id().replace("#", "")
        print("%s %d - %s: %s%s" % (state, self.count, self.label, name, more), flush=True)

    def addSuccess(self, test):
        self.tell("ok", test)

    def addSkip(self, test, reason):
        self.tell("ok", test, " # SKIP " + reason)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell("not ok", test)
        text = (self.failures + self.errors)[-1][1]
        print("# " + text.encode("ascii", "backslashreplace").decode().replace("\n", "\n# "))

    def addError(self, test, err):
        self.errors.append((test, self._exc_info_to_string(err, test)))
        self.tell("not ok", test)
        print("# " + self.errors[-1][1].encode("ascii", "backslashreplace").decode()
              .replace("\n", "\n# "))

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addError(subtest, err)


def main():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    suite = unittest.TestSuite()
    for file in sys.argv[1:]:
        name = os.path.splitext(os.path.basename(file))[0]
        suite.addTests(unittest.defaultTestLoader.loadTestsFromName(name))
    result = Result()
    suite.run(result)
    print("1..%d" % result.count)
    return not result.wasSuccessful()


if __name__ == "__main__":
    sys.exit(main())
