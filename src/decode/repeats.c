/*
 * An element begins after the comma before it and ends with the comma after it, so that white space
 * repeats with it, and so that its end is the beginning of the next:
 *
 *     [[[0,1], [1,0]], [[0,0], [0,1]], [[1,1], …
 *                     └───────────────┘             at depth 1: a sample
 *            └ only one comma: no row ┘             at depth 2
 *
 * A match can begin and end after any comma. Which value comes next there says how deep it is: one
 * inside a row is at the depth of values, the first of a row is one less deep, the first of an
 * array of rows two.
 */
#include "decode/repeats.h"

#include "core/codes.h"
#include <string.h>

enum {
  ENOUGH_BYTES = 2048, /* of a template: shorter elements are repeated in it, as far as the piece
                          goes on */
  MAX_ROW_BYTES = SL_TEMPLATE_BYTES - SL_SCAN_BLOCK, /* with its brackets it still fits */
  MAX_MISSES = 8,
  MIN_PAUSE = 1024, /* bytes */
};

/* Forgets where elements began that are at least so deep. */
static void forget_elements(struct sl_repeats *repeats, size_t depth) {
  for (; depth < SL_MAX_RANK; depth++) {
    repeats->began[depth] = NULL;
  }
}

void sl_repeats_begin(struct sl_repeats *repeats) {
  repeats->template = NULL;
  repeats->misses = 0;
  repeats->learn_from = 0;
  repeats->pause = MIN_PAUSE;
  forget_elements(repeats, 0);
}

void sl_repeats_free(struct sl_reading *reading) {
  if (reading->template != NULL) {
    sl_budget_free(reading->budget, reading->template, sizeof *reading->template);
    reading->template = NULL;
  }
}

/* Leaves text alone that does not repeat: it is tried ever more rarely. */
static void pause_learning(struct sl_repeats *repeats, const struct sl_input *input) {
  repeats->learn_from = sl_input_offset(input) + repeats->pause;
  repeats->pause *= 2;
}

void sl_repeats_begin_piece(struct sl_repeats *repeats, const struct sl_input *input) {
  repeats->piece = input->at;
  repeats->stopped = NULL;
  if (repeats->template != NULL && repeats->template->length < ENOUGH_BYTES / 2) {
    repeats->template = NULL; /* it was made for the end of a piece */
  }
  forget_elements(repeats, 0);
}

static size_t depth_in(const struct sl_nested *nested, const struct sl_reading *reading) {
  return reading->json.depth - nested->around;
}

static uint64_t index_in(const struct sl_nested *nested, const struct sl_reading *reading,
                         size_t level) {
  return reading->json.levels[nested->around + level].index;
}

/* Returns the byte after the last one of a kind before `end`, or NULL if it is not there any more,
 * or is farther away than a template is long: long white space must not be searched at each comma.
 */
static const char *after_last(const char *piece, const char *end, char kind) {
  bool empty = piece == NULL || end <= piece;
  size_t length = empty ? 0 : (size_t)(end - piece);
  size_t searched = length < SL_TEMPLATE_BYTES ? length : SL_TEMPLATE_BYTES;
  const char *last = empty ? NULL : memrchr(end - searched, kind, searched);
  return last != NULL ? last + 1 : NULL;
}

/* Returns where the row began that ends with the comma before `end`, or NULL. The first row of an
 * array has no comma before it. */
static const char *row_before(const char *piece, const char *end) {
  const char *values = after_last(piece, end, '[');
  const char *begin = values != NULL ? after_last(piece, values, ',') : NULL;
  for (const char *space = begin; begin != NULL && space < values - 1; space++) {
    if (!sl_is_space(*space)) {
      return NULL;
    }
  }
  return begin;
}

/* Text from after a comma to after another one. */
struct element {
  size_t depth;
  const char *begin, *end;
};

/* Finds, after a comma inside a row, the row before it, or, where rows are too long, a value. */
static struct element element_before_value(const struct sl_nested *nested,
                                           const struct sl_reading *reading, const char *end) {
  const char *piece = nested->repeats.piece;
  size_t row = nested->rank - 1;
  const char *value = after_last(piece, end - 1, ',');
  uint64_t index = index_in(nested, reading, row);
  if (value != NULL && index > MAX_ROW_BYTES / (size_t)(end - value)) {
    return (struct element){nested->rank, value, end};
  }
  const char *row_end = row > 0 ? row_before(piece, end) : NULL;
  return (struct element){row, row_end != NULL ? row_before(piece, row_end) : NULL, row_end};
}

/* Finds what ended with the last comma; begin is NULL where that is not there any more. */
static struct element last_element(struct sl_nested *nested, const struct sl_reading *reading,
                                   const char *end) {
  struct sl_repeats *repeats = &nested->repeats;
  size_t depth = depth_in(nested, reading);
  if (depth == nested->rank) {
    return element_before_value(nested, reading, end);
  }
  if (depth == nested->rank - 1) {
    return (struct element){depth, row_before(repeats->piece, end), end};
  }
  const char *begin = repeats->began[depth];
  forget_elements(repeats, depth); /* of other arrays */
  repeats->began[depth] = end;
  return (struct element){depth, begin, end};
}

bool sl_repeats_may_learn(const struct sl_repeats *repeats, const struct sl_input *input) {
  return repeats->template == NULL && sl_input_offset(input) >= repeats->learn_from;
}

/* Makes the template; pauses where the element is none. */
static void make_template(struct sl_repeats *repeats, struct sl_reading *reading,
                          const struct sl_input *input, struct element element) {
  size_t length = (size_t)(element.end - element.begin);
  size_t enough = sl_input_left(input) < ENOUGH_BYTES ? sl_input_left(input) : ENOUGH_BYTES;
  size_t times = length < enough ? enough / length : 1;
  if (reading->template == NULL) {
    reading->template =
        sl_budget_allocate(reading->budget, sizeof *reading->template, false, &reading->error);
  }
  if (reading->template == NULL) {
    sl_fail(&reading->error, SL_OUT_OF_MEMORY, "not enough memory to read the body");
  } else if (sl_kernels()->make_template(reading->template, element.begin, length, times)) {
    repeats->template = reading->template;
    repeats->depth = element.depth;
    repeats->misses = 0;
  } else {
    pause_learning(repeats, input);
  }
}

void sl_repeats_learn(struct sl_nested *nested, struct sl_reading *reading,
                      const struct sl_input *input) {
  struct sl_repeats *repeats = &nested->repeats;
  size_t depth = depth_in(nested, reading);
  bool rows_too_long = repeats->depth == nested->rank;
  bool known = repeats->template != NULL && (repeats->depth <= depth || rows_too_long);
  bool no_spikes = nested->backoff.pause > 0; /* no binary ones */
  if (no_spikes || sl_input_offset(input) < repeats->learn_from) {
    forget_elements(repeats, 0);
    return;
  }
  if (known || depth == 0 || nested->rank == 0 || reading->json.state != SL_JSON_VALUE) {
    return;
  }
  struct element element = last_element(nested, reading, input->at);
  size_t length = element.begin != NULL ? (size_t)(element.end - element.begin) : 0;
  if (length > 0 && length <= SL_TEMPLATE_BYTES) {
    make_template(repeats, reading, input, element);
  }
}

/* Finds which value of the element that is being read comes next. Returns false where the template
 * cannot be used: before the element, or where there is a value too many. */
static bool find_value(const struct sl_nested *nested, const struct sl_reading *reading,
                       uint64_t *value, size_t *values_of_element) {
  size_t outer = nested->repeats.depth;
  size_t depth = depth_in(nested, reading);
  bool first = reading->json.state == SL_JSON_FIRST_VALUE && depth == outer;
  if (depth < outer || !(first || reading->json.state == SL_JSON_VALUE)) {
    return false;
  }
  *value = 0;
  *values_of_element = 1;
  for (size_t level = outer; level < nested->rank; level++) {
    uint64_t index = level < depth ? index_in(nested, reading, level) : 0;
    if (index >= nested->length[level]) {
      return false;
    }
    *value = *value * nested->length[level] + index;
    *values_of_element *= nested->length[level];
  }
  return true;
}

/* Returns the byte of the template after the comma before a value; after a bracket, where there is
 * no comma, the byte that is not white space. */
static size_t offset_of_value(const struct sl_text_template *template, uint64_t value,
                              bool after_bracket) {
  size_t block = 0;
  size_t end = template->length / SL_SCAN_BLOCK + 1;
  if (value == 0) {
    size_t offset = 0;
    while (after_bracket && sl_is_space(template->text[offset])) {
      offset++;
    }
    return offset;
  }
  while (end - block > 1) {
    size_t middle = block + (end - block) / 2;
    *(template->before[middle] <= value ? &block : &end) = middle;
  }
  uint64_t starts = template->starts[block];
  for (size_t before = template->before[block]; before < value; before++) {
    starts &= starts - 1;
  }
  size_t offset = block * SL_SCAN_BLOCK + (size_t)__builtin_ctzll(starts);
  while (template->text[offset - 1] != ',') {
    offset--;
  }
  return offset;
}

/* Returns how many values may be taken: no elements beyond the length of their array. */
static size_t values_left(const struct sl_nested *nested, const struct sl_reading *reading,
                          uint64_t value, size_t values_of_element, size_t max_values) {
  size_t level = nested->repeats.depth - 1;
  size_t length = nested->length[level];
  uint64_t index = index_in(nested, reading, level);
  if (length == 0 || (length > index && length - index > max_values)) {
    return max_values;
  }
  uint64_t left = length > index ? (length - index) * values_of_element - value : 0;
  return left < max_values ? left : max_values;
}

struct sl_repeated sl_repeats_match(struct sl_nested *nested, const struct sl_reading *reading,
                                    const struct sl_input *input, uint64_t *bits,
                                    size_t max_values) {
  struct sl_repeats *repeats = &nested->repeats;
  const struct sl_text_template *template = repeats->template;
  struct sl_repeated repeated = {0};
  uint64_t value;
  size_t values_of_element;
  bool stopped = input->at == repeats->stopped;
  if (template == NULL || stopped || !find_value(nested, reading, &value, &values_of_element)) {
    return repeated;
  }
  bool after_bracket = reading->json.state == SL_JSON_FIRST_VALUE;
  size_t offset = offset_of_value(template, value, after_bracket);
  max_values = values_left(nested, reading, value, values_of_element, max_values);
  repeated.count = max_values;
  repeated.length = sl_kernels()->match_template(template, offset, input->at, sl_input_left(input),
                                                 bits, &repeated.count);
  repeated.value = value + repeated.count;
  repeats->misses = repeated.length >= SL_SCAN_BLOCK ? 0 : repeats->misses + 1;
  repeats->stopped = repeated.count < max_values ? input->at + repeated.length : NULL;
  if (repeats->misses > MAX_MISSES) {
    repeats->template = NULL;
    repeats->misses = 0;
    pause_learning(repeats, input);
  }
  return repeated;
}

void sl_repeats_take(struct sl_nested *nested, struct sl_reading *reading, struct sl_input *input,
                     const struct sl_repeated *repeated) {
  struct sl_json *json = &reading->json;
  forget_elements(&nested->repeats, nested->repeats.depth);
  struct sl_json_level *levels = json->levels + nested->around;
  uint64_t value = repeated->value;
  size_t depth = nested->repeats.depth;
  for (size_t level = nested->rank; level > nested->repeats.depth;) {
    size_t length = nested->length[--level];
    uint64_t index = value % length;
    value /= length;
    if (index > 0 && depth <= level) {
      depth = level + 1;
    }
    levels[level] = (struct sl_json_level){.index = index};
  }
  levels[nested->repeats.depth - 1].index += value;
  json->depth = nested->around + depth;
  json->state = SL_JSON_VALUE;
  sl_input_take_fast(input, repeated->length);
}
