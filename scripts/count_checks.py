#!/usr/bin/python3
"""Counts the checks of meson test logs: prints what failed, then "PASSED FAILED" as last line.

    scripts/count_checks.py build/test/meson-logs/testlog.json

A program of Check for C says "100%: Checks: 7, Failures: 0, Errors: 0" for each of its runners; a
shell test ends with "7 passed, 0 failed". A program that failed without saying which check did
(it crashed, or ran out of time) counts as one failure, and so does one that checked nothing.
(meson itself is written in Python, so where tests run Python is there.)
"""

import json
import re
import sys

OF_CHECK = re.compile(r"^\d+%: Checks: (\d+), Failures: (\d+), Errors: (\d+)$", re.MULTILINE)
OF_SHELL = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)

FAILED = re.compile(r"^(?:.+?:\d+:[FE]:[^:]*:([^:]*):\d+: |not ok - (.*))", re.MULTILINE)


def counts(output):
    """(passed, failed) as the program says, or (0, 0)."""
    runners = [[int(number) for number in run] for run in OF_CHECK.findall(output)]
    if runners:
        failed = sum(failures + errors for _, failures, errors in runners)
        return sum(checks for checks, _, _ in runners) - failed, failed
    said = OF_SHELL.findall(output)
    return (int(said[-1][0]), int(said[-1][1])) if said else (0, 0)


def names(output):
    """Of the checks that failed, as far as the program tells."""
    return "".join(f", {of_check or of_shell}" for of_check, of_shell in FAILED.findall(output))


def judge(test):
    """(passed, failed, what failed)."""
    passed, failed = counts(test.get("stdout", ""))
    if test["result"] == "SKIP":
        return 0, 0, ""
    if test["result"] != "OK" and failed == 0:
        return passed, 1, f"ended with {test['result']}, exit code {test['returncode']}"
    if passed + failed == 0:
        return 0, 1, "made no checks"
    return passed, failed, f"{failed} of {passed + failed} checks{names(test['stdout'])}"


def main():
    total_passed = total_failed = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as log:
            tests = [json.loads(line) for line in log]
        for test in tests:
            passed, failed, what = judge(test)
            total_passed += passed
            total_failed += failed
            if test["result"] == "SKIP":
                print(f"skipped: {test['name']}\n{test.get('stdout', '')}", end="")
            if failed:
                print(f"failed: {test['name']}: {what}")
                for stream in ("stdout", "stderr"):
                    for line in test.get(stream, "").splitlines()[-60:]:
                        print(f"    {line}")
    print(total_passed, total_failed)


if __name__ == "__main__":
    main()
