/* Any body: READING_BYTES, then the body as it is. */
#include "check_body.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size >= READING_BYTES) {
    struct reading reading = reading_from(data);
    check_body(&reading, (const char *)data + READING_BYTES, size - READING_BYTES);
  }
  return 0;
}
