/*
 * Changes for inputs of fuzz_decode that know what a body is: libFuzzer's own changes alone would
 * seldom get past the first bracket. Some inputs are replaced by new good bodies of any spelling,
 * some are damaged piece by piece, and the rest goes to libFuzzer.
 */
#include "check_body.h"
#include "fuzz.h"
#include "support/random_body.h"

#include <string.h>

/* Copies as much of a body as there is space for; the length of the input. */
static size_t put_body(uint8_t *data, size_t space, const struct sl_buffer *body) {
  size_t most = space - READING_BYTES;
  size_t length = body->length < most ? body->length : most;
  if (length > 0) {
    memcpy(data + READING_BYTES, body->bytes, length);
  }
  return READING_BYTES + length;
}

static size_t make_anew(uint8_t *data, size_t space, struct sl_random *random) {
  struct sl_writer writer = sl_random_writer(random);
  const char *loss = sl_write_random_body(&writer, random);
  for (size_t bits = 0; bits < 8; bits++) {
    data[0] = (uint8_t)('0' ^ (bits >> 1 << 6) ^ (bits & 1));
    if (reading_from(data).loss == sl_loss_find(loss)) {
      break;
    }
  }
  for (size_t i = 1; i < READING_BYTES; i++) {
    data[i] = (uint8_t)('a' + sl_random_below(random, 26));
  }
  size_t length = put_body(data, space, &writer.text);
  sl_writer_free(&writer);
  return length;
}

static size_t damage(uint8_t *data, size_t size, size_t space, struct sl_random *random) {
  struct sl_buffer body = {0};
  if (!sl_buffer_append(&body, data + READING_BYTES, size - READING_BYTES)) {
    return size;
  }
  for (size_t blows = 1 + sl_random_below(random, 3); blows > 0; blows--) {
    sl_damage_body(&body, random);
  }
  size_t length = put_body(data, space, &body);
  sl_buffer_free(&body);
  return length;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t space, unsigned seed) {
  struct sl_random random = {UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)seed << 1};
  size_t dice = sl_random_below(&random, 16);
  if (space < READING_BYTES) {
    return size;
  }
  if (dice == 0 || size < READING_BYTES) {
    return make_anew(data, space, &random);
  }
  return dice < 9 ? damage(data, size, space, &random) : LLVMFuzzerMutate(data, size, space);
}
