#include "wire/text.h"

enum sl_status sl_text_not_json(const struct sl_text *text, struct sl_error *error,
                                const char *expected) {
  unsigned char byte = (unsigned char)*text->at;
  if (byte > ' ' && byte < 0x7f) {
    return sl_fail_at(error, SL_NOT_JSON, "", sl_text_offset(text), "expected %s, not '%c'",
                      expected, byte);
  }
  return sl_fail_at(error, SL_NOT_JSON, "", sl_text_offset(text), "expected %s, not byte 0x%02x",
                    expected, byte);
}

enum sl_status sl_fail_too_deep(struct sl_error *error, const char *pointer, uint64_t offset,
                                const char *name) {
  return sl_fail_at(error, SL_TOO_DEEP, pointer, offset,
                    "%s: arrays and objects are nested deeper than the limit (depth) allows", name);
}

const char *sl_describe_value(char first_byte) {
  switch (first_byte) {
  case 'n':
    return "null (JavaScript writes NaN as null)";
  case 't':
  case 'f':
    return "a boolean (write 1 or 0)";
  case '"':
    return "a string";
  case '{':
    return "an object";
  case '[':
    return "an array";
  default:
    return "a number";
  }
}

enum sl_status sl_text_wrong_type(const struct sl_text *text, struct sl_error *error,
                                  const char *pointer, const char *name, const char *expected) {
  if (!sl_begins_value(*text->at)) {
    return sl_text_not_json(text, error, expected);
  }
  return sl_fail_at(error, SL_WRONG_TYPE, pointer, sl_text_offset(text), "%s: expected %s, not %s",
                    name, expected, sl_describe_value(*text->at));
}
