#!/usr/bin/env python3
"""Prints powers_of_ten.h, the tables of number_format.c.

    python3 powers_of_ten.py >powers_of_ten.h

10^e = 10^(27 i) * 10^j with 0 <= j < 27. Only the powers of five count, because a power of two
moves the binary point. 5^26 has 61 bits, so small powers are exact. Large powers are rounded up to
128 bits, which number_format.c takes into account.
"""

STEP = 27
MIN_LARGE = -297  # multiples of STEP around 10^-292 ... 10^324, which all doubles need
MAX_LARGE = 324

HEAD = f"""\
/* Printed by powers_of_ten.py. A power of ten is shifted until the highest of its bits is set. */
#ifndef SPIKELOSS_JSON_POWERS_OF_TEN_H
#define SPIKELOSS_JSON_POWERS_OF_TEN_H

#include "json/multiply.h"

#include <stdint.h>

enum {{ POWER_STEP = {STEP}, MIN_LARGE_POWER = {MIN_LARGE} }};
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


def small_row(exponent):
    return f"    0x{rounded_up(exponent, 64):016X}, /* 10^{exponent} */"


print(HEAD)
print("static const struct sl_wide large_powers[] = {")
for large in range(MIN_LARGE, MAX_LARGE + 1, STEP):
    print(large_row(large))
print("};\n\nstatic const uint64_t small_powers[] = {")
for small in range(STEP):
    print(small_row(small))
print("};\n\n#endif")
