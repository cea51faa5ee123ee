#include "random_body.h"

#include <stdlib.h>
#include <string.h>

/* Makes a tensor one of sums, which are counts, mostly. */
static void sum_up(struct sl_model_tensor *tensor, struct sl_random *random, enum sl_layout layout,
                   bool per_sample) {
  struct sl_axes axes = sl_reference_axes(layout, tensor->rank, tensor->shape);
  bool of_batch = !per_sample && sl_random_one_in(random, 2);
  sl_model_tensor_sum(tensor, layout, of_batch ? SL_SUMMED_BATCH_TIME : SL_SUMMED_TIME);
  size_t most = axes.steps * (of_batch ? axes.samples : 1);
  sl_model_tensor_fill(tensor, random, 30, sl_random_one_in(random, 2) ? 10 : 0);
  for (size_t i = 0; i < tensor->count; i++) {
    if (sl_random_one_in(random, 3)) {
      tensor->values[i] = (double)sl_random_below(random, most < 200 ? most + 2 : 200);
    }
  }
}

static struct sl_model_tensor random_tensor(struct sl_random *random, size_t rank,
                                            enum sl_layout layout, bool per_sample) {
  static const size_t lengths[] = {1, 1, 2, 3, 4, 7, 10, 17, 33, 64, 65};
  size_t shape[SL_MAX_RANK];
  for (size_t axis = 0; axis < rank; axis++) {
    shape[axis] = 1 + sl_random_below(random, 3);
  }
  size_t longest = rank > 4 ? 4 : sizeof lengths / sizeof *lengths;
  shape[sl_random_one_in(random, 4) ? 0 : rank - 1] = lengths[sl_random_below(random, longest)];
  size_t spelling = sl_random_below(random, SL_SPELLING_COUNT);
  struct sl_model_tensor tensor = sl_model_tensor_new((enum sl_spelling)spelling, rank, shape);
  tensor.order = sl_random_below(random, 6);
  sl_model_tensor_fill(&tensor, random, sl_random_below(random, 101),
                       sl_random_one_in(random, 3) ? sl_random_below(random, 60) : 0);
  bool single =
      spelling == SL_SPELL_NESTED || spelling == SL_SPELL_BITS || spelling == SL_SPELL_COO;
  if (!single && sl_random_one_in(random, 3)) {
    sum_up(&tensor, random, layout, per_sample);
  }
  return tensor;
}

struct sl_writer sl_random_writer(struct sl_random *random) {
  return (struct sl_writer){
      .layout = (enum sl_member_order)sl_random_below(random, SL_LAYOUT_COUNT),
      .numbers = (enum sl_number_style)sl_random_below(random, SL_NUMBER_STYLE_COUNT),
      .axes = sl_random_one_in(random, 2) ? (enum sl_layout)sl_random_below(random, 3)
                                          : SL_BATCH_TIME_NEURONS,
      .escapes = sl_random_one_in(random, 3),
      .random = {sl_random_next(random) | 1}};
}

const char *sl_write_random_body(struct sl_writer *writer, struct sl_random *random) {
  struct sl_model_tensor tensors[3];
  size_t count = 1 + sl_random_below(random, 3);
  size_t which = sl_random_below(random, 8);
  const struct sl_loss *loss = sl_losses[which < 5 ? which : which % 2];
  bool layers = loss->fields[0].kind == SL_FIELD_SPIKES_LIST;
  count = layers ? count : 1;
  for (size_t i = 0; i < count; i++) {
    tensors[i] = random_tensor(random, layers ? 1 + sl_random_below(random, SL_MAX_RANK) : 3,
                               writer->axes, loss->fields[0].per_sample);
  }
  if (strcmp(loss->name, "firing_rate_target_mse_loss") == 0) {
    sl_write_rates_body(writer, tensors, count, sl_random_below(random, 6));
  } else if (strcmp(loss->name, "balanced_population_mse") == 0) {
    sl_write_population_body(writer, tensors, sl_random_below(random, 720));
  } else {
    sl_write_any_body(writer, loss, tensors, count);
  }
  for (size_t i = 0; i < count; i++) {
    sl_model_tensor_free(&tensors[i]);
  }
  return loss->name;
}

static size_t random_offset(struct sl_random *random, const struct sl_buffer *body) {
  return body->length == 0 ? 0 : sl_random_below(random, body->length);
}

static void insert(struct sl_buffer *body, size_t at, const char *bytes, size_t length) {
  if (!sl_buffer_reserve(body, length)) {
    abort();
  }
  memmove(body->bytes + at + length, body->bytes + at, body->length - at);
  memcpy(body->bytes + at, bytes, length);
  body->length += length;
}

static void erase(struct sl_buffer *body, size_t at, size_t length) {
  if (at == body->length) {
    return; /* nothing there, maybe no memory at all */
  }
  length = length > body->length - at ? body->length - at : length;
  memmove(body->bytes + at, body->bytes + at + length, body->length - at - length);
  body->length -= length;
}

void sl_damage_body(struct sl_buffer *body, struct sl_random *random) {
  static const char *const pieces[] = {
      "0",    "1",     ",",     "[",      "]",       "{",       "}",      ":",        "\"",
      ".",    "-",     "e",     " ",      "\n",      "1.0",     "0.5",    "1e999",    "[]",
      "{}",   "null",  "true",  "NaN",    "\\u00e9", "\\ud83d", "=",      "A",        "\xC3\xA9",
      "\xFF", "[0,1]", "[[0]]", ",0,1,0", "-0",      "1e-3",    "0.0,",   "Infinity", "nan",
      "-inf", "Inf",   "None",  "[[",     "]]",      "[[[",     "1e-400",
  };
  static const char *const words[] = {
      "\"shape\":[1],",
      "np.float64(1.0)",
      "1.0000000000000001",
      "9007199254740993",
      "\"encoding\":null,",
      "\"encoding\":\"coo\",",
      "\"gradient\":null,",
      "\"gradient\":\"none\",",
      "\"gradient\":\"broadcast\",",
      "\"gradient_encoding\":\"f32\",",
      "\"gradient_encoding\":\"indexed_f32\",",
      "\"gradient_encoding\":\"indexed_f64\",",
      "\"axes\":\"time_batch_neurons\",",
      "\"axes\":\"batch_neurons_time\",",
      "\"summed\":\"time\",",
      "\"summed\":\"batch_time\",",
      "\"summed\":null,",
  };
  size_t at = random_offset(random, body);
  size_t other = random_offset(random, body);
  const char *piece = sl_random_one_in(random, 5)
                          ? words[sl_random_below(random, sizeof words / sizeof *words)]
                          : pieces[sl_random_below(random, sizeof pieces / sizeof *pieces)];
  char byte = (char)sl_random_below(random, 256);
  switch (sl_random_below(random, 8)) {
  case 0: /* one bit */
    if (body->length > 0) {
      body->bytes[at] = (char)(body->bytes[at] ^ (1 << sl_random_below(random, 8)));
    }
    break;
  case 1:
    erase(body, at, 1);
    break;
  case 2:
    erase(body, at, 1 + sl_random_below(random, 9));
    break;
  case 3:
    insert(body, at, &byte, 1);
    break;
  case 4:
  case 5:
    insert(body, at, piece, strlen(piece));
    break;
  case 6: /* two bytes swapped */
    if (body->length > 0) {
      byte = body->bytes[at];
      body->bytes[at] = body->bytes[other];
      body->bytes[other] = byte;
    }
    break;
  default:
    if (sl_random_one_in(random, 3)) {
      body->length = at; /* the rest is lost */
    } else {
      erase(body, at, strlen(piece));
      insert(body, at, piece, strlen(piece));
    }
  }
}

struct sl_limits sl_random_limits(struct sl_random *random) {
  struct sl_limits limits = SL_DEFAULT_LIMITS;
  limits.pairs = sl_random_one_in(random, 6) ? sl_random_below(random, 100) : 100000;
  if (sl_random_one_in(random, 8)) {
    limits.depth = 1 + sl_random_below(random, 8);
  }
  if (sl_random_one_in(random, 8)) {
    limits.member_bytes = 1 + sl_random_below(random, 12);
  }
  if (sl_random_one_in(random, 8)) {
    limits.deferred_bytes = sl_random_below(random, 100);
  }
  return limits;
}
