/*
 * Everything that must hold for any body whatever, on every instruction set:
 *
 *     - the decoder and the slow reference accept the same, refuse the same with the same code at
 *       the same offset, and read the same values, whatever pieces the body comes in;
 *     - what is accepted has the same loss as the reference computes, and the same answer, byte by
 *       byte: JSON that is as long as was said.
 *
 * What does not hold is said in a line on standard error, and the process is aborted.
 */
#ifndef SPIKELOSS_TESTS_FUZZ_CHECK_BODY_H
#define SPIKELOSS_TESTS_FUZZ_CHECK_BODY_H

#include "decode/limits.h"
#include "loss/loss.h"
#include <stddef.h>
#include <stdint.h>

/* How a body is read: what the first bytes of an input of a fuzz target say. */
struct reading {
  const struct sl_loss *loss;
  struct sl_limits limits;
  uint64_t seed; /* of the splits */
};

/* The bytes in front of the body: one for loss and limits, the others for the splits. */
enum { READING_BYTES = 4 };
struct reading reading_from(const uint8_t bytes[READING_BYTES]);

void check_body(const struct reading *reading, const char *body, size_t length);

#endif
