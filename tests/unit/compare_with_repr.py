#!/usr/bin/env python3
"""Compares the texts of print_numbers with Python's own shortest digits.

    compare_with_repr.py PRINT_NUMBERS [COUNT [SEED]]

Python writes the same notation, but whole numbers with ".0", and it knows negative zero.
"""

import struct
import subprocess
import sys

MAX_COMPLAINTS = 10


def expected_text(value):
    return "0" if value == 0 else repr(value).removesuffix(".0")


def differences(lines):
    for line in lines:
        bits, text = line.split()
        (value,) = struct.unpack(">d", bytes.fromhex(bits))
        if text != expected_text(value):
            yield f"{value.hex()} became {text}, not {expected_text(value)}"


def main():
    program, *rest = sys.argv[1:]
    count, *seed = rest or ["1000000"]
    with subprocess.Popen(
        [program, count, *seed], stdout=subprocess.PIPE, encoding="ascii"
    ) as printer:
        lines = 0

        def counted():
            nonlocal lines
            for line in printer.stdout:
                lines += 1
                yield line

        failed = 0
        for difference in differences(counted()):
            failed += 1
            if failed <= MAX_COMPLAINTS:
                print(f"not ok - {difference}")
    complete = printer.returncode == 0 and lines == int(count)
    if not complete:
        print(f"not ok - {lines} lines came, exit code {printer.returncode}")
    print(f"{lines} numbers, {failed} differ from Python's")
    passed = complete and failed == 0
    print("1 passed, 0 failed" if passed else "0 passed, 1 failed")
    sys.exit(not passed)


if __name__ == "__main__":
    main()
