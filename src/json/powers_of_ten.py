#!/usr/bin/env python3
"""Prints powers_table.h, the tables of powers_of_ten.h.

    python3 powers_of_ten.py >powers_table.h

10^e = 10^(27 i) * 10^j with 0 <= j < 27. Only the powers of five count, because a power of two
moves the binary point. 5^26 has 61 bits, so small powers are exact. Large powers are rounded up to
128 bits, which powers_of_ten.h takes into account.
"""

STEP = 27
MIN_LARGE = -297  # multiples of STEP around 10^-292 ... 10^324, which all doubles need
MAX_LARGE = 324

HEAD = f"""\
/* Printed by powers_of_ten.py. A power of ten is shifted until the highest of its bits is set. */
#ifndef SPIKELOSS_JSON_POWERS_TABLE_H
#define SPIKELOSS_JSON_POWERS_TABLE_H

#include "json/multiply.h"

#include <stdint.h>

enum {{ POWER_STEP = {STEP}, MIN_LARGE_POWER = {MIN_LARGE}, MAX_LARGE_POWER = {MAX_LARGE} }};
"""


def rounded_up(exponent, bits):
    """The highest bits of 10^exponent, rounded up."""
    power = 5 ** abs(exponent)
    if exponent < 0:
        return -(-(1 << (bits - 1 + power.bit_length())) // power)
    shift = bits - power.bit_length()
    return power << shift if shift >= 0 else -(-power >> -shift)


def large_row(exponent):
    power = rounded_up(exponent, 128)
    return f"    {{0x{power >> 64:016X}, 0x{power & (1 << 64) - 1:016X}}}, /* 10^{exponent} */"


def small_rows(exponents, per_row):
    texts = [f"0x{rounded_up(exponent, 64):016X}" for exponent in exponents]
    rows = [", ".join(texts[i : i + per_row]) for i in range(0, len(texts), per_row)]
    return "    " + ",\n    ".join(rows)


print(HEAD)
print("static const struct sl_wide large_powers[] = {")
for large in range(MIN_LARGE, MAX_LARGE + 1, STEP):
    print(large_row(large))
print("};\n\n/* From 10^0 on. */\nstatic const uint64_t small_powers[] = {")
print(small_rows(range(STEP), 4) + "};\n\n#endif")
