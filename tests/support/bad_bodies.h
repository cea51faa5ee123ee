/*
 * Bodies that a loss must refuse, with the error that each must give, derived by hand from the
 * contract. One `@` in a body is where the error is found: it is taken out before the body is
 * used, and its position is the expected offset.
 */
#ifndef SPIKELOSS_TESTS_BAD_BODIES_H
#define SPIKELOSS_TESTS_BAD_BODIES_H

#include <spikeloss/error.h>
#include <stddef.h>
#include <stdint.h>

struct sl_bad_body {
  const char *name;
  const char *loss; /* its name */
  const char *body; /* may contain NULs */
  size_t length;
  enum sl_status code;
  const char *pointer;

  /* Limits other than the default where not 0. */
  uint64_t pairs;
  uint64_t deferred_bytes;
  uint64_t member_bytes;
  size_t depth;
  uint64_t layers;

  const char *figures[3]; /* what the message must name, if anything */
};

#define RATES      "firing_rate_target_mse_loss"
#define POPULATION "balanced_population_mse"

#define BAD(name_, loss_, body_, code_, pointer_, ...)                                             \
  {                                                                                                \
    .name = (name_), .loss = (loss_), .body = (body_), .length = sizeof(body_) - 1,                \
    .code = (code_), .pointer = (pointer_), __VA_ARGS__                                            \
  }

/* Whole bodies around the part that matters. */
#define LAYERS(layers)  "{\"spikes_list\":[" layers "],\"offsets\":[0.5],\"multipliers\":[1]}"
#define OFFSETS(values) "{\"offsets\":" values ",\"spikes_list\":[[1]],\"multipliers\":[1]}"
#define POPULATION_REST                                                                            \
  ",\"targets\":[0],\"num_classes\":1,\"neurons_per_class\":2,\"correct_rate\":1,"                 \
  "\"incorrect_rate\":0}"
#define SPK(spk)         "{\"spk\":" spk POPULATION_REST
#define SPK_OBJECT(rest) "{\"spk\":{" rest "}" POPULATION_REST

/* Enough zeros that a decoder which looks at 64 bytes at once does so. */
#define ZEROS_16  "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,"
#define ZEROS_64  ZEROS_16 ZEROS_16 ZEROS_16 ZEROS_16
#define FLOATS_8  "0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, "
#define FLOATS_32 FLOATS_8 FLOATS_8 FLOATS_8 FLOATS_8

/* Checks that every body gives its error, by the decoder, however the body is cut, and by the
 * reference. Shows all that do not on standard error, then ends the running test as failed. */
void sl_check_bad_bodies(const struct sl_bad_body *table, size_t count);

extern const struct sl_bad_body sl_bad_texts[];
extern const size_t sl_bad_text_count;
extern const struct sl_bad_body sl_bad_numbers[];
extern const size_t sl_bad_number_count;
extern const struct sl_bad_body sl_bad_nested[];
extern const size_t sl_bad_nested_count;
extern const struct sl_bad_body sl_bad_members[];
extern const size_t sl_bad_member_count;
extern const struct sl_bad_body sl_bad_objects[];
extern const size_t sl_bad_object_count;
extern const struct sl_bad_body sl_bad_data[];
extern const size_t sl_bad_data_count;
extern const struct sl_bad_body sl_bad_limits[];
extern const size_t sl_bad_limit_count;
extern const struct sl_bad_body sl_bad_options[];
extern const size_t sl_bad_option_count;

#endif
