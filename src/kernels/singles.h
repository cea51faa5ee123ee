/*
 * Reading floats of four bytes. Included by every variant as it is: the compiler makes the best of
 * each instruction set.
 */
#ifndef SPIKELOSS_KERNELS_SINGLES_H
#define SPIKELOSS_KERNELS_SINGLES_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The exponent bits of a float are all ones only if it is not finite: one more in the lowest of
 * them then carries into the sign bit. */
static bool read_singles(double *values, const uint8_t *bytes, size_t count) {
  const uint32_t exponent = UINT32_C(0xff) << 23;
  const uint32_t lowest = UINT32_C(1) << 23;
  uint32_t carries = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t pattern;
    float value;
    memcpy(&pattern, bytes + i * sizeof pattern, sizeof pattern);
    pattern = le32toh(pattern);
    memcpy(&value, &pattern, sizeof value);
    values[i] = (double)value;
    carries |= (pattern & exponent) + lowest;
  }
  return carries >> 31 == 0;
}

#endif
