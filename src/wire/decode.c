#include "wire/decode.h"

#include "wire/field_value.h"
#include "wire/members.h"
#include "wire/tensor.h"
#include <stdio.h>
#include <stdlib.h>

enum place {
  AT_START,
  BETWEEN_MEMBERS,
  IN_SMALL,
  IN_TENSOR,
  BEFORE_LIST,
  BEFORE_TENSOR_OF_LIST, /* behind the bracket or a comma of a list of tensors */
  IN_TENSOR_OF_LIST,
  AFTER_TENSOR_OF_LIST,
  AT_END,
};

struct sl_decoder {
  struct sl_limits limits;
  struct sl_error error;
  struct sl_decoded decoded;
  size_t field_count;
  size_t field;  /* the member that is being read */
  unsigned seen; /* bit for each field */
  enum place place;
  uint64_t offset; /* bytes of the body so far */
  uint64_t fast_bytes;
  uint64_t pairs_left;
  uint64_t deferred_left;
  struct sl_memory_source *memory; /* not owned, or NULL */
  uint64_t complete_memory;        /* of values and tensors that are complete */
  uint64_t gradient_numbers;       /* of these tensors, at most */
  size_t list_capacity;
  struct sl_path path; /* of that member */
  struct sl_members members;
  struct sl_small_value small;
  struct sl_tensor tensor;
};

struct sl_decoder *sl_decoder_new(const struct sl_loss *loss, const struct sl_limits *limits) {
  struct sl_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) {
    return NULL;
  }
  decoder->limits = *limits;
  decoder->error = SL_NO_ERROR;
  decoder->decoded.loss = loss;
  decoder->field_count = sl_request_field_count(loss);
  decoder->pairs_left = limits->pairs;
  decoder->deferred_left = limits->deferred_bytes;
  return decoder;
}

void sl_decoder_free(struct sl_decoder *decoder) {
  if (decoder == NULL) {
    return;
  }
  for (size_t field = 0; field < decoder->field_count; field++) {
    sl_value_free(&decoder->decoded.values[field]);
    free(decoder->decoded.nested[field]);
  }
  sl_small_value_free(&decoder->small);
  sl_tensor_free(&decoder->tensor);
  free(decoder);
}

const struct sl_error *sl_decoder_error(const struct sl_decoder *decoder) {
  return &decoder->error;
}

const struct sl_decoded *sl_decoder_decoded(const struct sl_decoder *decoder) {
  return &decoder->decoded;
}

uint64_t sl_decoder_fast_bytes(const struct sl_decoder *decoder) {
  return decoder->fast_bytes;
}

void sl_decoder_set_memory(struct sl_decoder *decoder, struct sl_memory_source *memory) {
  decoder->memory = memory;
}

/* Of the list of tensors that is being read. */
static uint64_t list_memory(const struct sl_decoder *decoder) {
  return decoder->list_capacity * (sizeof(struct sl_spikes) + sizeof(bool));
}

/* The tensor that is being read, or NULL. */
static const struct sl_spikes *current_spikes(const struct sl_decoder *decoder) {
  const struct sl_value *value = &decoder->decoded.values[decoder->field];
  bool in_tensor = decoder->place == IN_TENSOR || decoder->place == IN_TENSOR_OF_LIST;
  return in_tensor ? &value->spikes[value->length - 1] : NULL;
}

uint64_t sl_decoder_memory(const struct sl_decoder *decoder) {
  const struct sl_spikes *spikes = current_spikes(decoder);
  return sizeof *decoder + decoder->complete_memory + list_memory(decoder) +
         (spikes != NULL ? sl_spikes_memory(spikes) : 0) + sl_small_value_memory(&decoder->small) +
         sl_tensor_memory(&decoder->tensor);
}

static const struct sl_field *current_field(const struct sl_decoder *decoder) {
  return sl_request_field(decoder->decoded.loss, decoder->field);
}

/* Of the gradient. It is asked for with the accumulators: who has got them can be answered. */
static uint64_t gradient_memory(const struct sl_decoder *decoder) {
  const struct sl_spikes *spikes = current_spikes(decoder);
  size_t numbers =
      spikes != NULL ? sl_field_gradient_count(current_field(decoder), spikes->capacity) : 0;
  return (decoder->gradient_numbers + numbers) * sizeof(double);
}

static enum sl_status begin_body(struct sl_decoder *decoder, struct sl_text *text) {
  if (!sl_text_skip_space(text)) {
    return SL_OK;
  }
  if (*text->at != '{') {
    return sl_text_wrong_type(text, &decoder->error, "", "the body", "a JSON object");
  }
  text->at++;
  sl_members_begin(&decoder->members);
  decoder->place = BETWEEN_MEMBERS;
  return SL_OK;
}

/* Lists the members there are: who has misspelt one sees which was meant. */
static enum sl_status unknown_member(struct sl_decoder *decoder) {
  const struct sl_loss *loss = decoder->decoded.loss;
  char explanation[sizeof decoder->error.message];
  size_t length = (size_t)snprintf(explanation, sizeof explanation,
                                   "is not a member of %s: those are", loss->name);
  for (size_t i = 0; i < decoder->field_count && length < sizeof explanation; i++) {
    length += (size_t)snprintf(explanation + length, sizeof explanation - length, "%s %s",
                               i > 0 ? "," : "", sl_request_field(loss, i)->name);
  }
  return sl_members_fail(&decoder->members, &decoder->error, SL_UNKNOWN_MEMBER, "", explanation);
}

static enum sl_status name_member(struct sl_decoder *decoder) {
  for (size_t i = 0; i < decoder->field_count; i++) {
    if (!sl_members_is(&decoder->members, sl_request_field(decoder->decoded.loss, i)->name)) {
      continue;
    }
    if (decoder->seen >> i & 1) {
      return sl_members_fail(&decoder->members, &decoder->error, SL_DUPLICATE_MEMBER, "",
                             "comes twice");
    }
    decoder->field = i;
    decoder->seen |= 1U << i;
    return SL_OK;
  }
  return unknown_member(decoder);
}

/* Room for one more tensor in the current field, all zeros. */
static enum sl_status add_tensor(struct sl_decoder *decoder) {
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  bool **nested = &decoder->decoded.nested[decoder->field];
  if (value->length == decoder->list_capacity) {
    size_t capacity = 2 * decoder->list_capacity + 1;
    struct sl_spikes *spikes = reallocarray(value->spikes, capacity, sizeof *spikes);
    value->spikes = spikes != NULL ? spikes : value->spikes;
    bool *flags = reallocarray(*nested, capacity, sizeof *flags);
    *nested = flags != NULL ? flags : *nested;
    if (spikes == NULL || flags == NULL) {
      return sl_fail(&decoder->error, SL_OUT_OF_MEMORY, "not enough memory for another tensor");
    }
    decoder->list_capacity = capacity;
  }
  sl_spikes_init(&value->spikes[value->length], current_field(decoder)->per_sample,
                 &decoder->pairs_left);
  value->length++;
  return SL_OK;
}

static enum sl_status begin_tensor(struct sl_decoder *decoder, enum place place) {
  if (add_tensor(decoder) != SL_OK) {
    return decoder->error.code;
  }
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  bool in_list = place == IN_TENSOR_OF_LIST;
  size_t item = value->length - 1;
  struct sl_path path = in_list ? sl_path_element(&decoder->path, item) : decoder->path;
  sl_tensor_begin(&decoder->tensor, &value->spikes[item], current_field(decoder), &path,
                  in_list ? 2 : 1, &decoder->limits, &decoder->deferred_left);
  decoder->place = place;
  return SL_OK;
}

static enum sl_status begin_member(struct sl_decoder *decoder) {
  const struct sl_field *field = current_field(decoder);
  decoder->path = sl_path_member(field->name);
  decoder->complete_memory += list_memory(decoder);
  decoder->list_capacity = 0;
  if (field->kind == SL_FIELD_SPIKES) {
    return begin_tensor(decoder, IN_TENSOR);
  }
  if (field->kind == SL_FIELD_SPIKES_LIST) {
    decoder->place = BEFORE_LIST;
    return SL_OK;
  }
  size_t depth = decoder->limits.depth > 1 ? decoder->limits.depth - 1 : 0;
  sl_small_value_begin(&decoder->small, &decoder->path, decoder->limits.member_bytes, depth);
  decoder->place = IN_SMALL;
  return SL_OK;
}

static enum sl_status read_members(struct sl_decoder *decoder, struct sl_text *text) {
  switch (sl_members_next(&decoder->members, text, &decoder->error)) {
  case SL_MEMBERS_NAMED:
    return name_member(decoder);
  case SL_MEMBERS_AT_VALUE:
    return begin_member(decoder);
  case SL_MEMBERS_END:
    decoder->place = AT_END;
    return SL_OK;
  default:
    return decoder->error.code;
  }
}

static enum sl_status read_small(struct sl_decoder *decoder, struct sl_text *text) {
  enum sl_status status = sl_small_value_read(&decoder->small, text, &decoder->error);
  if (status != SL_OK) {
    return decoder->error.code;
  }
  decoder->place = BETWEEN_MEMBERS;
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  status = sl_read_field_value(current_field(decoder), &decoder->small, value, &decoder->error);
  decoder->complete_memory += (value->length + 2) * sizeof *value->reals;
  return status;
}

static enum sl_status read_tensor(struct sl_decoder *decoder, struct sl_text *text) {
  if (sl_tensor_read(&decoder->tensor, text, &decoder->error) != SL_OK) {
    return decoder->error.code;
  }
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  value->present = true;
  decoder->complete_memory += sl_spikes_memory(&value->spikes[value->length - 1]);
  decoder->gradient_numbers += sl_field_gradient_count(
      current_field(decoder), value->spikes[value->length - 1].accumulators);
  decoder->decoded.nested[decoder->field][value->length - 1] =
      sl_tensor_was_nested(&decoder->tensor);
  decoder->place = decoder->place == IN_TENSOR ? BETWEEN_MEMBERS : AFTER_TENSOR_OF_LIST;
  return SL_OK;
}

static enum sl_status begin_list(struct sl_decoder *decoder, struct sl_text *text) {
  if (*text->at != '[') {
    return sl_text_wrong_type(text, &decoder->error, decoder->path.pointer, decoder->path.name,
                              "a list of spike tensors");
  }
  if (decoder->limits.depth < 2) {
    return sl_fail_too_deep(&decoder->error, decoder->path.pointer, sl_text_offset(text),
                            decoder->path.name);
  }
  text->at++;
  decoder->place = BEFORE_TENSOR_OF_LIST;
  return SL_OK;
}

static enum sl_status begin_tensor_of_list(struct sl_decoder *decoder, struct sl_text *text) {
  if (!sl_text_skip_space(text)) {
    return SL_OK;
  }
  bool is_first = decoder->decoded.values[decoder->field].length == 0;
  if (*text->at == ']' && is_first) {
    return sl_fail_at(&decoder->error, SL_EMPTY_TENSOR, decoder->path.pointer, sl_text_offset(text),
                      "%s has no layers", decoder->path.name);
  }
  if (decoder->decoded.values[decoder->field].length >= decoder->limits.layers) {
    return sl_fail_at(&decoder->error, SL_TOO_MANY_LAYERS, decoder->path.pointer,
                      sl_text_offset(text), "%s has more layers than the limit (layers) of %llu",
                      decoder->path.name, (unsigned long long)decoder->limits.layers);
  }
  return begin_tensor(decoder, IN_TENSOR_OF_LIST);
}

static enum sl_status after_tensor_of_list(struct sl_decoder *decoder, struct sl_text *text) {
  if (!sl_text_skip_space(text)) {
    return SL_OK;
  }
  if (*text->at != ',' && *text->at != ']') {
    return sl_text_not_json(text, &decoder->error, "a comma or `]`");
  }
  decoder->place = *text->at == ',' ? BEFORE_TENSOR_OF_LIST : BETWEEN_MEMBERS;
  text->at++;
  return SL_OK;
}

static enum sl_status read_end(struct sl_decoder *decoder, struct sl_text *text) {
  return sl_text_skip_space(text)
             ? sl_text_not_json(text, &decoder->error, "nothing behind the body's last brace")
             : SL_OK;
}

static enum sl_status read_piece(struct sl_decoder *decoder, struct sl_text *text) {
  switch (decoder->place) {
  case AT_START:
    return begin_body(decoder, text);
  case BETWEEN_MEMBERS:
    return read_members(decoder, text);
  case IN_SMALL:
    return read_small(decoder, text);
  case BEFORE_LIST:
    return begin_list(decoder, text);
  case BEFORE_TENSOR_OF_LIST:
    return begin_tensor_of_list(decoder, text);
  case AFTER_TENSOR_OF_LIST:
    return after_tensor_of_list(decoder, text);
  case AT_END:
    return read_end(decoder, text);
  default:
    return read_tensor(decoder, text);
  }
}

/*
 * Asked behind each step in a value, when its arrays have been taken but hardly a page of them is
 * in use: a step that takes large ones ends before anything is written into them, and one that goes
 * on counting takes a small multiple of the text that it reads.
 */
static enum sl_status need_memory(struct sl_decoder *decoder) {
  return sl_memory_need(decoder->memory, sl_decoder_memory(decoder) + gradient_memory(decoder),
                        &decoder->error);
}

enum sl_status sl_decoder_feed(struct sl_decoder *decoder, const char *bytes, size_t length) {
  decoder->offset += length;
  struct sl_text text = {.at = bytes, .end = bytes + length, .end_offset = decoder->offset};
  enum sl_status status = decoder->error.code;
  while (status == SL_OK && text.at < text.end) {
    bool in_value = decoder->place != BETWEEN_MEMBERS;
    status = read_piece(decoder, &text);
    status = status == SL_OK && in_value ? need_memory(decoder) : status;
  }
  decoder->fast_bytes += text.fast;
  return status;
}

static enum sl_status ended_too_early(struct sl_decoder *decoder) {
  const char *why = decoder->place == AT_START ? "the body is empty"
                                               : "the body ends before its JSON is complete";
  return sl_fail_at(&decoder->error, SL_NOT_JSON, "", decoder->offset, "%s", why);
}

static enum sl_status check_missing(struct sl_decoder *decoder) {
  for (size_t i = 0; i < decoder->field_count; i++) {
    const struct sl_field *field = sl_request_field(decoder->decoded.loss, i);
    if (!field->optional && !decoder->decoded.values[i].present) {
      struct sl_path path = sl_path_member(field->name);
      return sl_fail_at(&decoder->error, SL_MISSING_MEMBER, path.pointer,
                        decoder->members.end_offset, "%s is missing", field->name);
    }
  }
  return SL_OK;
}

enum sl_status sl_decoder_finish(struct sl_decoder *decoder) {
  if (decoder->error.code != SL_OK) {
    return decoder->error.code;
  }
  if (decoder->place != AT_END) {
    return ended_too_early(decoder);
  }
  if (check_missing(decoder) != SL_OK) {
    return decoder->error.code;
  }
  const struct sl_value *answer = &decoder->decoded.values[decoder->decoded.loss->field_count];
  decoder->decoded.gradient = (enum sl_gradient_form)answer[SL_ANSWER_GRADIENT].choice;
  decoder->decoded.encoding = (enum sl_gradient_encoding)answer[SL_ANSWER_ENCODING].choice;
  return SL_OK;
}
