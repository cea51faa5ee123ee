#include "decode/request.h"

#include "core/codes.h"
#include "decode/repeats.h"
#include "decode/value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sl_decoder {
  struct sl_reading reading;
  struct sl_decoded decoded;
  size_t field_count;
  size_t field;    /* the member that is being read */
  unsigned seen;   /* bit for each field */
  bool has_tensor; /* at least one has begun */
  enum {
    IN_BODY, /* outside of all values of members */
    AT_VALUE,
    IN_VALUE,
    IN_LIST, /* of tensors, outside of these */
    IN_TENSOR,
    IN_TENSOR_OF_LIST,
  } state;
  uint64_t offset;     /* bytes of the body so far */
  uint64_t end_offset; /* of the last brace */
  uint64_t fast_bytes;
  uint64_t charged;             /* of the budget, for what is not charged elsewhere */
  size_t list_capacity;         /* of the list of tensors that is being read, */
  size_t flag_capacity;         /* and of the flags beside it */
  struct sl_value_reader value; /* of a field that is no tensor */
  struct sl_tensor tensor;
};

struct sl_decoder *sl_decoder_new(const struct sl_loss *loss, const struct sl_limits *limits,
                                  struct sl_budget *budget) {
  struct sl_error refused = SL_NO_ERROR;
  struct sl_decoder *decoder = sl_budget_allocate(budget, sizeof *decoder, false, &refused);
  if (decoder == NULL) {
    return NULL;
  }
  /* Half of it, what is read before it is set: the tokenizer and the readers of tensors begin. */
  const size_t begin = offsetof(struct sl_decoder, reading.error);
  memset((char *)decoder + begin, 0, offsetof(struct sl_decoder, tensor.reader) - begin);
  decoder->reading.error.offset = SL_NO_OFFSET;
  decoder->reading.limits = *limits;
  decoder->reading.budget = budget;
  decoder->reading.pairs_left = limits->pairs;
  decoder->reading.deferred_left = limits->deferred_bytes;
  decoder->decoded.loss = loss;
  decoder->field_count = sl_request_field_count(loss);
  sl_json_begin(&decoder->reading.json, limits->depth);
  return decoder;
}

/* Remembers what is charged for the arrays of the last field, which have their last size. */
static void settle_charge(struct sl_decoder *decoder) {
  decoder->charged += decoder->value.capacity * sizeof(double) +
                      decoder->list_capacity * sizeof(struct sl_spikes) +
                      decoder->flag_capacity * sizeof(bool);
  decoder->value.capacity = 0;
  decoder->list_capacity = 0;
  decoder->flag_capacity = 0;
}

void sl_decoder_free(struct sl_decoder *decoder) {
  if (decoder == NULL) {
    return;
  }
  struct sl_budget *budget = decoder->reading.budget;
  for (size_t field = 0; field < decoder->field_count; field++) {
    sl_value_free(&decoder->decoded.values[field], budget);
    sl_budget_free(budget, decoder->decoded.nested[field], 0);
  }
  sl_tensor_free(&decoder->tensor, &decoder->reading);
  sl_repeats_free(&decoder->reading);
  settle_charge(decoder);
  sl_budget_give_back(budget, decoder->charged);
  sl_budget_free(budget, decoder, sizeof *decoder);
}

const struct sl_error *sl_decoder_error(const struct sl_decoder *decoder) {
  return &decoder->reading.error;
}

const struct sl_decoded *sl_decoder_decoded(const struct sl_decoder *decoder) {
  return &decoder->decoded;
}

uint64_t sl_decoder_bytes(const struct sl_decoder *decoder) {
  return decoder->offset;
}

uint64_t sl_decoder_fast_bytes(const struct sl_decoder *decoder) {
  return decoder->fast_bytes;
}

static const struct sl_field *current_field(const struct sl_decoder *decoder) {
  return sl_request_field(decoder->decoded.loss, decoder->field);
}

static enum sl_status unknown_member(struct sl_decoder *decoder) {
  const struct sl_loss *loss = decoder->decoded.loss;
  const char *names[SL_MAX_REQUEST_FIELDS];
  for (size_t i = 0; i < decoder->field_count; i++) {
    names[i] = sl_request_field(loss, i)->name;
  }
  return sl_refuse_unknown(&decoder->reading, loss->name, names, decoder->field_count);
}

/* Members mostly come in the order of their fields. */
static enum sl_status name_member(struct sl_decoder *decoder) {
  struct sl_json *json = &decoder->reading.json;
  size_t i = decoder->field;
  for (size_t tried = 0; tried < decoder->field_count; tried++) {
    const char *name = sl_request_field(decoder->decoded.loss, i)->name;
    if (!sl_text_is(&json->text, name)) {
      i = i + 1 < decoder->field_count ? i + 1 : 0;
      continue;
    }
    if (decoder->seen >> i & 1) {
      return sl_refuse_twice(&decoder->reading);
    }
    json->levels[json->depth - 1].name = name;
    decoder->field = i;
    decoder->seen |= 1U << i;
    decoder->state = AT_VALUE;
    return SL_OK;
  }
  return unknown_member(decoder);
}

/* Adds a tensor, all zeros, to the field that is being read. */
static enum sl_status add_tensor(struct sl_decoder *decoder) {
  struct sl_reading *reading = &decoder->reading;
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  bool **nested = &decoder->decoded.nested[decoder->field];
  size_t needed = value->length + 1;
  if (sl_grow_array(reading, &value->spikes, &decoder->list_capacity, needed,
                    sizeof *value->spikes) != SL_OK ||
      sl_grow_array(reading, nested, &decoder->flag_capacity, needed, sizeof **nested) != SL_OK) {
    return reading->error.code;
  }
  struct sl_spikes *spikes = &value->spikes[value->length++];
  size_t axes = decoder->decoded.loss->field_count + SL_ANSWER_AXES;
  reading->layout = (enum sl_layout)decoder->decoded.values[axes].choice;
  decoder->has_tensor = true;
  sl_spikes_init(spikes, current_field(decoder)->per_sample, &reading->pairs_left);
  spikes->layout = reading->layout;
  sl_spikes_set_budget(spikes, reading->budget);
  return SL_OK;
}

/* Completes the tensor that is being read. */
static void end_tensor(struct sl_decoder *decoder) {
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  decoder->decoded.nested[decoder->field][value->length - 1] = !decoder->tensor.is_object;
  value->present = true;
  decoder->state = decoder->state == IN_TENSOR ? IN_BODY : IN_LIST;
}

/* Returns the next event where handle_event would have nothing to check: no misfit waits for it,
 * and no limit ends within the input. Elsewhere the input seems to be at its end. */
static enum sl_json_event next_unchecked(struct sl_reading *reading, struct sl_input *input) {
  bool within = !reading->limited || input->end_offset <= reading->limited_end;
  return within && !reading->misfit.pending ? sl_json_next(&reading->json, input, &reading->error)
                                            : SL_JSON_NEED_MORE;
}

/* Reads an event of a tensor, and those that follow. */
static enum sl_status read_tensor(struct sl_decoder *decoder, enum sl_json_event event,
                                  struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  for (; event > SL_JSON_FAILED; event = next_unchecked(reading, input)) {
    enum sl_status status = sl_tensor_event(&decoder->tensor, reading, event, input);
    if (status != SL_OK) {
      return status;
    }
    if (sl_tensor_is_complete(&decoder->tensor, reading)) {
      end_tensor(decoder);
      return SL_OK;
    }
  }
  return reading->error.code;
}

static enum sl_status begin_tensor(struct sl_decoder *decoder, enum sl_json_event event,
                                   struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  struct sl_value *value = &decoder->decoded.values[decoder->field];
  if (add_tensor(decoder) != SL_OK) {
    return reading->error.code;
  }
  bool in_list = current_field(decoder)->kind == SL_FIELD_SPIKES_LIST;
  decoder->state = in_list ? IN_TENSOR_OF_LIST : IN_TENSOR;
  sl_tensor_begin(&decoder->tensor, &value->spikes[value->length - 1], current_field(decoder),
                  sl_json_around(&reading->json, event));
  return read_tensor(decoder, event, input);
}

/* Reads an event between the tensors of a list. */
static enum sl_status read_tensors(struct sl_decoder *decoder, enum sl_json_event event,
                                   struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  struct sl_json *json = &reading->json;
  size_t length = decoder->decoded.values[decoder->field].length;
  if (event == SL_JSON_COMMA) {
    return SL_OK;
  }
  if (event == SL_JSON_ARRAY_END) {
    decoder->state = IN_BODY;
    return length > 0 ? SL_OK
                      : sl_json_fail(json, &reading->error, SL_EMPTY_TENSOR, json->depth,
                                     json->offset, "has no layers; a list has at least one tensor");
  }
  if (length >= reading->limits.layers) {
    return sl_json_fail(json, &reading->error, SL_TOO_MANY_LAYERS, 1, json->offset,
                        "has more layers than the limit (layers) of %ju; send them in several "
                        "requests and add up the losses",
                        (uintmax_t)reading->limits.layers);
  }
  return begin_tensor(decoder, event, input);
}

/* Reads an event of a value that is no tensor, and those that follow. */
static enum sl_status read_field(struct sl_decoder *decoder, enum sl_json_event event,
                                 struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  for (; event > SL_JSON_FAILED; event = next_unchecked(reading, input)) {
    enum sl_status status = sl_value_event(&decoder->value, reading, event, input);
    if (reading->json.depth == 1 && reading->json.state == SL_JSON_AFTER_VALUE) {
      decoder->state = IN_BODY;
      reading->limited = false;
      return status;
    }
    if (status != SL_OK) {
      return status;
    }
  }
  return reading->error.code;
}

static enum sl_status axes_too_late(struct sl_reading *reading) {
  return sl_json_fail(&reading->json, &reading->error, SL_MEMBER_TOO_LATE, 1, reading->json.offset,
                      "comes after a tensor, which was counted as [batch, time, neurons]; put axes "
                      "before the first tensor");
}

/* Reads the event that the value of a member begins with, or is. */
static enum sl_status begin_field(struct sl_decoder *decoder, enum sl_json_event event,
                                  struct sl_input *input) {
  const struct sl_field *field = current_field(decoder);
  settle_charge(decoder);
  if (field->kind == SL_FIELD_SPIKES) {
    return begin_tensor(decoder, event, input);
  }
  if (field->kind == SL_FIELD_SPIKES_LIST) {
    decoder->state = IN_LIST;
    return event == SL_JSON_ARRAY
               ? SL_OK
               : sl_refuse_value(&decoder->reading, event, SL_WANT_TENSORS, NULL);
  }
  bool is_axes = field == &sl_answer_fields[SL_ANSWER_AXES];
  if (is_axes && decoder->has_tensor && event == SL_JSON_STRING) {
    return axes_too_late(&decoder->reading);
  }
  if (sl_begin_limited(&decoder->reading, 1, input) != SL_OK) {
    return decoder->reading.error.code;
  }
  decoder->state = IN_VALUE;
  sl_value_begin(&decoder->value, field, &decoder->decoded.values[decoder->field], 1);
  return read_field(decoder, event, input);
}

static enum sl_status read_body(struct sl_decoder *decoder, enum sl_json_event event) {
  switch (event) {
  case SL_JSON_OBJECT:
    return SL_OK;
  case SL_JSON_NAME:
    return name_member(decoder);
  case SL_JSON_OBJECT_END:
    decoder->end_offset = decoder->reading.json.offset;
    return SL_OK;
  default:
    return sl_refuse_value(&decoder->reading, event, SL_WANT_BODY, NULL);
  }
}

/* Hands an event to the reader of the part of the body that it belongs to. */
static enum sl_status route_event(struct sl_decoder *decoder, enum sl_json_event event,
                                  struct sl_input *input) {
  switch (decoder->state) {
  case IN_BODY:
    return read_body(decoder, event);
  case AT_VALUE:
    return begin_field(decoder, event, input);
  case IN_VALUE:
    return read_field(decoder, event, input);
  case IN_LIST:
    return read_tensors(decoder, event, input);
  default:
    return read_tensor(decoder, event, input);
  }
}

/* Handles an event. A value is longer than its limit, unless its next part is refused for what it
 * is. */
static enum sl_status handle_event(struct sl_decoder *decoder, enum sl_json_event event,
                                   struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  bool opens = event == SL_JSON_STRING || event == SL_JSON_ARRAY || event == SL_JSON_OBJECT;
  if (reading->misfit.pending) {
    return sl_refuse_misfit(reading, event);
  }
  if (event == SL_JSON_FAILED || (!opens && sl_check_limited(reading, input) != SL_OK)) {
    return reading->error.code;
  }
  enum sl_status status = route_event(decoder, event, input);
  return status == SL_OK && opens ? sl_check_limited(reading, input) : status;
}

/* Returns the next event; of a value whose length is limited it sees one byte more than it may
 * have. */
static enum sl_json_event next_event(struct sl_decoder *decoder, struct sl_input *input) {
  struct sl_reading *reading = &decoder->reading;
  if (!reading->limited || input->end_offset <= reading->limited_end) {
    return sl_json_next(&reading->json, input, &reading->error);
  }
  struct sl_input window = *input;
  uint64_t hidden = input->end_offset - reading->limited_end - 1;
  window.end -= hidden < sl_input_left(input) ? hidden : sl_input_left(input);
  window.end_offset -= hidden;
  enum sl_json_event event = sl_json_next(&reading->json, &window, &reading->error);
  input->at = window.at;
  return event;
}

/* Whether a string that does not belong where it is has come as far as its message shows. */
static bool shows_enough(const struct sl_reading *reading) {
  const struct sl_misfit *misfit = &reading->misfit;
  return misfit->pending && misfit->came == SL_JSON_STRING &&
         reading->json.text.length >= SL_TEXT_SIZE;
}

enum sl_status sl_decoder_feed(struct sl_decoder *decoder, const char *bytes, size_t length,
                               size_t *consumed) {
  struct sl_reading *reading = &decoder->reading;
  struct sl_input input = {
      .begin = bytes, .at = bytes, .end = bytes + length, .end_offset = decoder->offset + length};
  enum sl_status status = reading->error.code;
  if (decoder->tensor.has_work) {
    status = SL_HAS_WORK;
  }
  while (status == SL_OK) {
    enum sl_json_event event = next_event(decoder, &input);
    if (event == SL_JSON_NEED_MORE) {
      status = shows_enough(reading) ? sl_refuse_misfit(reading, event)
                                     : sl_check_limited(reading, &input);
      break;
    }
    status = handle_event(decoder, event, &input);
  }
  *consumed = status == SL_HAS_WORK ? length - sl_input_left(&input) : length;
  decoder->offset += *consumed;
  decoder->fast_bytes += input.fast;
  return status;
}

enum sl_status sl_decoder_work(struct sl_decoder *decoder) {
  if (decoder->tensor.has_work && sl_tensor_work(&decoder->tensor, &decoder->reading) == SL_OK &&
      sl_tensor_is_complete(&decoder->tensor, &decoder->reading)) {
    end_tensor(decoder);
  }
  return decoder->reading.error.code;
}

static enum sl_status ended_too_early(struct sl_decoder *decoder) {
  const struct sl_json *json = &decoder->reading.json;
  bool empty = json->depth == 0 && json->state == SL_JSON_VALUE;
  return sl_fail_at(&decoder->reading.error, SL_NOT_JSON, "", decoder->offset, "the body: %s",
                    empty ? "is empty; send a JSON object"
                          : "ends before its JSON is complete; send all of it");
}

/* Ends a token at the end of the body. It is the end of a word, too, unless the word may have gone
 * on; and a minus begins a number, whether one belongs there or not. */
static enum sl_status end_token(struct sl_decoder *decoder) {
  struct sl_json *json = &decoder->reading.json;
  struct sl_input nothing = {.end_offset = decoder->offset};
  if (json->state == SL_JSON_AFTER_MINUS) {
    return handle_event(decoder, SL_JSON_NUMBER_BEGINS, &nothing);
  }
  if (json->state != SL_JSON_IN_WORD ||
      (json->depth > 0 && sl_text_is_literal(&json->text, false))) {
    return SL_OK;
  }
  json->after_word = ' ';
  return handle_event(decoder, SL_JSON_WORD, &nothing);
}

static enum sl_status check_missing(struct sl_decoder *decoder) {
  for (size_t i = 0; i < decoder->field_count; i++) {
    const struct sl_field *field = sl_request_field(decoder->decoded.loss, i);
    const struct sl_value *value = &decoder->decoded.values[i];
    if (!value->present && (field->or_next ? !value[1].present : !field->optional)) {
      struct sl_path path = sl_path_member(field->name);
      const char *other = field->or_next ? field[1].name : NULL;
      return sl_fail_at(&decoder->reading.error, SL_MISSING_MEMBER, path.pointer,
                        decoder->end_offset, "%s: is missing%s%s; add %s", field->name,
                        other ? ", and so is " : "", other ? other : "",
                        other ? "one or both" : "this member");
    }
  }
  return SL_OK;
}

enum sl_status sl_decoder_finish(struct sl_decoder *decoder) {
  struct sl_reading *reading = &decoder->reading;
  if (sl_decoder_work(decoder) != SL_OK) {
    return reading->error.code;
  }
  if (!reading->misfit.pending && end_token(decoder) != SL_OK) {
    return reading->error.code;
  }
  if (reading->misfit.pending) {
    return sl_refuse_misfit(reading, SL_JSON_NEED_MORE);
  }
  if (reading->json.depth > 0 || reading->json.state != SL_JSON_AFTER_VALUE) {
    return ended_too_early(decoder);
  }
  if (check_missing(decoder) != SL_OK) {
    return reading->error.code;
  }
  const struct sl_value *answer = &decoder->decoded.values[decoder->decoded.loss->field_count];
  decoder->decoded.gradient = (enum sl_gradient_form)answer[SL_ANSWER_GRADIENT].choice;
  decoder->decoded.encoding = (enum sl_gradient_encoding)answer[SL_ANSWER_ENCODING].choice;
  return SL_OK;
}
