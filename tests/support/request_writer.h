/*
 * Request bodies made from known values: any spelling, order, layout and way to write a number.
 * Tests read them back and expect exactly the values that went in.
 */
#ifndef SPIKELOSS_TESTS_REQUEST_WRITER_H
#define SPIKELOSS_TESTS_REQUEST_WRITER_H

#include "core/buffer.h"
#include "reference.h"
#include "small_random.h"

enum sl_spelling {
  SL_SPELL_NESTED,
  SL_SPELL_FLAT,
  SL_SPELL_BITS,
  SL_SPELL_F32,
  SL_SPELL_F64,
  SL_SPELL_U8,
  SL_SPELL_U16,
  SL_SPELL_U32,
  SL_SPELL_COO,
  SL_SPELL_SHAPED, /* nested arrays beside their shape */
  SL_SPELLING_COUNT
};

/* What a tensor holds. Values suit the spelling: 0 and 1 only for bits and coo. */
struct sl_model_tensor {
  enum sl_spelling spelling;
  size_t order; /* of the members of an object: 0 to 5, lexicographic over shape, encoding, data */
  size_t rank;
  size_t shape[SL_MAX_RANK];
  size_t count;
  double *values; /* owned */
};

enum sl_layout {
  SL_LAYOUT_COMPACT, /* [0,1]    JavaScript */
  SL_LAYOUT_SPACED,  /* [0, 1]   Python */
  SL_LAYOUT_PRETTY,  /* one value a line, indented */
  SL_LAYOUT_WILD,    /* any white space anywhere */
  SL_LAYOUT_COUNT
};

enum sl_number_style {
  SL_NUMBERS_SHORT,  /* 1 */
  SL_NUMBERS_FLOATS, /* 1.0 */
  SL_NUMBERS_WILD,   /* any legal spelling */
  SL_NUMBER_STYLE_COUNT
};

struct sl_writer {
  struct sl_buffer text;
  enum sl_layout layout;
  enum sl_number_style numbers;
  bool escapes; /* in names and strings */
  size_t indent;
  struct sl_random random;
};

void sl_writer_free(struct sl_writer *writer);

/* A tensor of zeros. */
struct sl_model_tensor sl_model_tensor_new(enum sl_spelling spelling, size_t rank,
                                           const size_t *shape);
void sl_model_tensor_free(struct sl_model_tensor *tensor);

/* Ones with the given chance in 100, and, unless `graded_percent` is 0, other values. */
void sl_model_tensor_fill(struct sl_model_tensor *tensor, struct sl_random *random,
                          size_t ones_percent, size_t graded_percent);

/* Whether the reference has read exactly this. */
bool sl_model_tensor_equals(const struct sl_model_tensor *model,
                            const struct sl_reference_tensor *read);

/* The pieces of a body. */
void sl_write_text(struct sl_writer *writer, const char *text);
void sl_write_mark(struct sl_writer *writer,
                   char mark); /* one of [ ] { } , : with its white space */
void sl_write_string(struct sl_writer *writer, const char *text);
void sl_write_number(struct sl_writer *writer, double value);
void sl_write_tensor(struct sl_writer *writer, const struct sl_model_tensor *tensor);

/* The body of firing_rate_target_mse_loss with these layers; offsets and multipliers are 0.25 and
 * 2 for each. `order`: 0 to 5, lexicographic over spikes_list, offsets, multipliers. */
void sl_write_rates_body(struct sl_writer *writer, const struct sl_model_tensor *layers,
                         size_t count, size_t order);

/* The body of balanced_population_mse; `order`: 0 to 719, lexicographic over its six fields. */
void sl_write_population_body(struct sl_writer *writer, const struct sl_model_tensor *spk,
                              size_t order);

/* A body of any loss, from its fields, in an order and with options that the writer's random
 * numbers choose. Three dimensions, or a list of layers. */
void sl_write_any_body(struct sl_writer *writer, const struct sl_loss *loss,
                       const struct sl_model_tensor *tensors, size_t count);

#endif
