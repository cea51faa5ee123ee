#include "wire/base64_text.h"

#include "core/base64.h"
#include "kernels/kernels.h"

enum { BATCH_GROUPS = 1024 };

void sl_base64_text_begin(struct sl_base64_text *base64, struct sl_tensor_target *target,
                          bool meaning_known, enum sl_packing packing, struct sl_text *text) {
  *base64 = (struct sl_base64_text){
      .target = target,
      .meaning_known = meaning_known,
      .most_bytes = UINT64_MAX,
      .quote_offset = sl_text_offset(text),
  };
  text->at++;
  if (meaning_known) {
    sl_packed_size(packing, target->most_values, &base64->most_bytes);
    sl_packed_values_begin(&base64->packed, packing, target->spikes, target->most_values);
  }
}

static const char *packing_name(enum sl_packing packing) {
  static const char *const names[] = {"bits", "f32", "f64"};
  return names[packing];
}

static enum sl_status wrong_length(const struct sl_tensor_target *target, enum sl_packing packing,
                                   uint64_t quote_offset, const char *came,
                                   struct sl_error *error) {
  uint64_t bytes = 0;
  sl_packed_size(packing, target->most_values, &bytes);
  return sl_fail_at(error, SL_LENGTH_MISMATCH, target->data.pointer, quote_offset,
                    "%s has %s bytes than the %llu that %llu values take as %s", target->data.name,
                    came, (unsigned long long)bytes, (unsigned long long)target->most_values,
                    packing_name(packing));
}

enum sl_status sl_base64_check_length(const struct sl_tensor_target *target,
                                      enum sl_packing packing, uint64_t bytes,
                                      uint64_t quote_offset, struct sl_error *error) {
  uint64_t needed;
  bool fits = sl_packed_size(packing, target->most_values, &needed);
  if (fits && bytes == needed) {
    return SL_OK;
  }
  return wrong_length(target, packing, quote_offset, !fits || bytes < needed ? "fewer" : "more",
                      error);
}

static enum sl_status bad_base64(const struct sl_base64_text *base64, uint64_t offset,
                                 const char *what, struct sl_error *error) {
  return sl_fail_at(error, SL_BAD_BASE64, base64->target->data.pointer, offset, "%s: %s",
                    base64->target->data.name, what);
}

static enum sl_status store(struct sl_base64_text *base64, const uint8_t *bytes, size_t count,
                            struct sl_error *error) {
  struct sl_tensor_target *target = base64->target;
  struct sl_error cause;
  sl_error_clear(&cause);
  base64->bytes += count;
  enum sl_status status = base64->meaning_known
                              ? sl_packed_values_push(&base64->packed, bytes, count, &cause)
                              : sl_deferred_keep_bytes(&target->deferred, bytes, count, &cause);
  return status == SL_OK ? SL_OK
                         : sl_place_error(error, &cause, &target->data, base64->quote_offset);
}

static enum sl_status end_group(struct sl_base64_text *base64, struct sl_error *error) {
  uint32_t group = base64->group;
  uint8_t bytes[3] = {(uint8_t)(group >> 16), (uint8_t)(group >> 8), (uint8_t)group};
  base64->group = 0;
  base64->group_length = 0;
  return store(base64, bytes, 3 - base64->padding, error);
}

/*
 * Two or three characters carry 12 or 18 bits for one or two bytes: the 4 or 2 bits that are left
 * over must be 0, or two texts would mean the same bytes.
 */
static enum sl_status add_padding(struct sl_base64_text *base64, struct sl_error *error) {
  if (base64->group_length < 2) {
    return bad_base64(base64, base64->character_offset, "`=` stands where no padding can be",
                      error);
  }
  uint32_t spare = base64->group_length == 2 ? 0xf : 0x3;
  if (base64->padding == 0 && (base64->group & spare) != 0) {
    return bad_base64(base64, base64->last_offset, "the last character has bits to spare", error);
  }
  base64->padding++;
  base64->group <<= 6;
  base64->group_length++;
  return base64->group_length == 4 ? end_group(base64, error) : SL_OK;
}

static enum sl_status add_character(struct sl_base64_text *base64, char character,
                                    struct sl_error *error) {
  bool group_is_due = base64->bytes < base64->most_bytes;
  if (base64->group_length == 0 && base64->padding == 0 && !group_is_due) {
    return wrong_length(base64->target, base64->packed.packing, base64->quote_offset, "more",
                        error);
  }
  bool after_end = base64->padding > 0 && (base64->group_length == 0 || character != '=');
  if (after_end) {
    return bad_base64(base64, base64->character_offset, "there is something behind the padding",
                      error);
  }
  if (character == '=') {
    return add_padding(base64, error);
  }
  int value = sl_base64_value(character);
  if (value < 0) {
    return bad_base64(base64, base64->character_offset, "a character outside the alphabet", error);
  }
  base64->group = base64->group << 6 | (uint32_t)value;
  base64->group_length++;
  base64->last_offset = base64->character_offset;
  return base64->group_length == 4 ? end_group(base64, error) : SL_OK;
}

/* Whole groups without escapes or padding go to the kernel. */
static enum sl_status read_groups(struct sl_base64_text *base64, struct sl_text *text,
                                  struct sl_error *error) {
  uint8_t bytes[3 * BATCH_GROUPS];
  for (;;) {
    /* The last group may have brought a byte or two more than were due. */
    bool is_due = base64->bytes < base64->most_bytes;
    uint64_t due = is_due ? (base64->most_bytes - base64->bytes) / 3 : 0;
    size_t groups = sl_text_left(text) / 4;
    groups = groups < due ? groups : (size_t)due;
    groups = groups < BATCH_GROUPS ? groups : BATCH_GROUPS;
    size_t taken = sl_kernels()->decode_base64(bytes, text->at, groups);
    if (taken == 0) {
      return SL_OK;
    }
    sl_text_take_fast(text, 4 * taken);
    if (store(base64, bytes, 3 * taken, error) != SL_OK) {
      return error->code;
    }
  }
}

static enum sl_status end_string(struct sl_base64_text *base64, struct sl_text *text,
                                 struct sl_error *error) {
  if (base64->group_length > 0) {
    return bad_base64(base64, sl_text_offset(text), "the string ends inside a group of four",
                      error);
  }
  text->at++;
  return base64->meaning_known ? sl_base64_check_length(base64->target, base64->packed.packing,
                                                        base64->bytes, base64->quote_offset, error)
                               : SL_OK;
}

enum sl_status sl_base64_text_read(struct sl_base64_text *base64, struct sl_text *text,
                                   struct sl_error *error) {
  while (text->at < text->end) {
    bool between_groups = base64->group_length == 0 && base64->padding == 0 &&
                          base64->string.state == SL_STRING_PLAIN &&
                          base64->string.continuation == 0;
    if (between_groups && read_groups(base64, text, error) != SL_OK) {
      return error->code;
    }
    if (text->at == text->end) {
      break;
    }
    if (base64->string.state == SL_STRING_PLAIN) {
      base64->character_offset = sl_text_offset(text);
    }
    enum sl_string_event event = sl_json_string_byte(&base64->string, *text->at);
    if (event == SL_STRING_BAD) {
      return sl_text_not_json(text, error, "the rest of a string");
    }
    if (event == SL_STRING_END) {
      return end_string(base64, text, error);
    }
    for (size_t i = 0; i < base64->string.length; i++) {
      if (add_character(base64, base64->string.bytes[i], error) != SL_OK) {
        return error->code;
      }
    }
    text->at++;
  }
  return SL_NEED_MORE;
}
