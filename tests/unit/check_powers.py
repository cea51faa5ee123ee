#!/usr/bin/env python3
"""Proves that the powers of ten of powers_of_ten.h are exact enough for every double.

    check_powers.py FOLDER_OF_SOURCES

Reads the tables and the constants from the sources, and judges them by their definitions, in exact
integers and fractions.

number_format.c compares x = factor * 2^exponent / 10^k, for a double and for the midpoints to its
neighbours, with even integers. What it has instead of x is x + error with 0 <= error < 2^-64, of
which it sees 64 bits after the point. So it is right if x is an even integer or is at least 2^-64
away from the nearest one.
"""

import re
import sys
from fractions import Fraction
from pathlib import Path

MIN_EXPONENT, MAX_EXPONENT = -1074, 971  # of mantissa * 2^exponent
MANTISSA_END = 1 << 53
SEEN = Fraction(1, 1 << 64)


class Sources:
    def __init__(self, folder):
        table = (folder / "powers_table.h").read_text(encoding="utf-8")
        powers = (folder / "powers_of_ten.h").read_text(encoding="utf-8")
        code = (folder / "number_format.c").read_text(encoding="utf-8")
        pair = r"\{0x([0-9A-F]{16}), 0x([0-9A-F]{16})\}, /\* 10\^(-?\d+) \*/"
        self.large = {int(e): int(high + low, 16) for high, low, e in re.findall(pair, table)}
        small = table[table.index("small_powers[]") :]
        self.small = {e: int(text, 16) for e, text in enumerate(re.findall(r"0x[0-9A-F]{16}", small))}
        self.step, self.min_large = map(
            int, re.search(r"POWER_STEP = (\d+), MIN_LARGE_POWER = (-\d+)", table).groups()
        )
        self.log10 = self.constants(
            code, r"exponent \* (\d+) - \(three_quarters \? (\d+) : 0\)\) >> (\d+)"
        )
        self.log2 = self.constants(powers, r"\(exponent \* (\d+)\) >> (\d+)")

    @staticmethod
    def constants(code, pattern):
        return tuple(map(int, re.search(pattern, code).groups()))

    def floor_log10(self, exponent, three_quarters):
        factor, less, shift = self.log10
        return (exponent * factor - less * three_quarters) >> shift

    def floor_log2(self, exponent):
        factor, shift = self.log2
        return (exponent * factor) >> shift

    def power(self, exponent):
        """(mantissa, exponent of two), as powers_of_ten.h computes them."""
        index = (exponent - self.min_large) // self.step
        large = self.min_large + index * self.step
        small = exponent - large
        product = (self.large[large] * self.small[small] >> 64) + 1
        return product, self.floor_log2(large) + self.floor_log2(small) - 126


def power(base, exponent):
    return Fraction(base) ** exponent


def is_rounded_up(entry, exponent, bits):
    """Whether an entry is 10^exponent, shifted to that many bits and rounded up."""
    shift = 0
    while power(10, exponent) * power(2, shift) >= 1 << bits:
        shift -= 1
    while power(10, exponent) * power(2, shift) < 1 << bits - 1:
        shift += 1
    exact = power(10, exponent) * power(2, shift)
    return entry - 1 < exact <= entry


def remainders_around_zero(factor, modulus, count):
    """The smallest of factor * j % modulus for j from 1 to count, and modulus - the largest one.

    None may be 0. New records from below and from above are sums of the last two, as in the
    algorithm of Euclid.
    """
    low, low_at = factor % modulus, 1
    gap, gap_at = modulus - low, 1
    while low_at + gap_at <= count:
        if low < gap:
            steps = min((gap - 1) // low, (count - gap_at) // low_at)
            gap -= steps * low
            gap_at += steps * low_at
        else:
            steps = min((low - 1) // gap, (count - low_at) // gap_at)
            low -= steps * gap
            low_at += steps * gap_at
    return low, gap


def is_far(half):
    """Whether x, of which this is a half, is an even integer or SEEN away from one."""
    return half % 1 == 0 or SEEN / 2 <= half % 1 <= 1 - SEEN / 2


def are_far(unit):
    """The same for all x / 2 = unit * j, 0 < j < 2 * MANTISSA_END: each factor is even, 2 j."""
    if Fraction(1, unit.denominator) >= SEEN / 2:
        return True
    count = 2 * MANTISSA_END
    distance = min(remainders_around_zero(unit.numerator, unit.denominator, count))
    return Fraction(distance, unit.denominator) >= SEEN / 2


def judge(sources, exponent, closer_below):
    """What is wrong with the doubles of one exponent, or None."""
    gap = power(2, exponent) * (Fraction(3, 4) if closer_below else 1)
    k = sources.floor_log10(exponent, closer_below)
    if not power(10, k) <= gap < power(10, k + 1):
        return "10^k is not the largest power of ten up to the gap"
    mantissa, exponent_of_two = sources.power(-k)
    shift = exponent + exponent_of_two + 128
    max_factor = 4 * MANTISSA_END + 2
    if mantissa >= 1 << 128 or shift < 0 or max_factor << shift >= 1 << 64:
        return "a factor or a power of ten has too many bits"
    excess = mantissa * power(2, exponent_of_two) / power(10, -k) - 1
    max_value = max_factor * power(2, exponent) / power(10, k)
    if not 0 <= excess * max_value < SEEN:
        return "the error is negative or too large"
    unit = power(2, exponent) / power(10, k)
    if closer_below:  # the mantissa is 2^52
        factors = (2 * MANTISSA_END - 1, 2 * MANTISSA_END, 2 * MANTISSA_END + 2)
        far = all(is_far(unit * factor / 2) for factor in factors)
    else:
        far = are_far(unit)
    return None if far else "a quotient is too close to an even integer"


def main():
    sources = Sources(Path(sys.argv[1]))
    results = [
        (f"10^{exponent} in {bits} bits", is_rounded_up(entry, exponent, bits))
        for table, bits in ((sources.large, 128), (sources.small, 64))
        for exponent, entry in table.items()
    ]
    results.append(("small powers are complete", list(sources.small) == [*range(sources.step)]))
    large = [*range(sources.min_large, 325, sources.step)]
    results.append(("large powers are complete", list(sources.large) == large))
    for exponent in range(MIN_EXPONENT, MAX_EXPONENT + 1):
        for closer_below in (False, True):
            wrong = judge(sources, exponent, closer_below)
            results.append((f"2^{exponent}: {wrong}", wrong is None))
    for name, passed in results:
        if not passed:
            print(f"not ok - {name}")
    failed = sum(not passed for _, passed in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
