"""Runs the tests of the binding and says as tests/cases.sh does what came of them.    suite.py [MODULE...]

The last case: every function of the header has been called meanwhile, but for those that test_declarations.py gives a reason for.
"""
from __future__ import annotations

import os
import pathlib
import sys
import unittest
from typing import Any

from pca import _library

HERE = pathlib.Path(__file__).resolve().parent
called: set[str] = set()


class Listening:
    """The library; remembers which functions were asked for."""

    def __init__(self, library: Any) -> None:
        self._library = library

    def __getattr__(self, name: str) -> Any:
        called.add(name)
        return getattr(self._library, name)


class Result(unittest.TestResult):
    """Cases in the form of cmocka."""

    count = 0

    def say(self, mark: str, test: unittest.TestCase, why: str = "") -> None:
        print(f"[ {mark} ] {test.id()}{': ' + why if why else ''}", flush=True)

    def addSuccess(self, test: unittest.TestCase) -> None:
        self.count += 1
        self.say("      OK", test)

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        super().addFailure(test, err)
        self.say(" FAILED ", test, self.failures[-1][1])

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        super().addError(test, err)
        self.say(" FAILED ", test, self.errors[-1][1])

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        if os.environ.get("CI") == "true":
            self.failures.append((test, reason))
            self.say(" FAILED ", test, reason)
        else:
            super().addSkip(test, reason)
            self.say("SKIPPED ", test, reason)


class EveryFunction(unittest.TestCase):
    def test_is_called(self) -> None:
        from test_declarations import NOT_CALLED, functions
        self.assertEqual(functions() - called - set(NOT_CALLED), set())
        self.assertEqual(set(NOT_CALLED) & called, set(), "an exception that is none")
        self.assertEqual(set(NOT_CALLED) - functions(), set(), "an exception for what is not there")


def main() -> int:
    sys.path.insert(0, str(HERE))
    _library.load()
    _library._loaded = Listening(_library._loaded)
    named = sys.argv[1:]
    loader = unittest.TestLoader()
    tests = loader.loadTestsFromNames(named) if named else loader.discover(str(HERE))
    if not named:
        tests.addTest(loader.loadTestsFromTestCase(EveryFunction))
    result = Result()
    tests.run(result)
    failed = len(result.failures) + len(result.errors)
    print(f"[  PASSED  ] {result.count} test(s).")
    if result.skipped:
        print(f"[  SKIPPED ] {len(result.skipped)} test(s).")
    if failed:
        print(f"[  FAILED  ] {failed} test(s).")
    return 1 if failed or not result.count else 0


if __name__ == "__main__":
    sys.exit(main())
