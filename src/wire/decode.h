/*
 * From the bytes of a request body to the values of its fields.
 *
 * A push decoder: it is fed pieces of any size, stops and resumes at any byte, and counts spikes
 * while the body arrives. It knows no HTTP. Errors come in byte order: the first offending byte of
 * the body wins, then missing members in field order.
 *
 * The decoder owns everything it hands out until it is freed. One decoder belongs to one thread at
 * a time.
 */
#ifndef SPIKELOSS_WIRE_DECODE_H
#define SPIKELOSS_WIRE_DECODE_H

#include "loss/loss.h"
#include "wire/limits.h"
#include "wire/memory.h"
#include "wire/request_fields.h"
#include <spikeloss/error.h>

struct sl_decoder;

/* NULL when there is no memory. `limits` is copied. */
struct sl_decoder *sl_decoder_new(const struct sl_loss *loss, const struct sl_limits *limits);

/* Tolerates NULL. */
void sl_decoder_free(struct sl_decoder *decoder);

/* From now on the source (not owned) is asked, before memory is filled that it has not granted, the
 * gradient's included: a body that can be read can most likely be answered, too. */
void sl_decoder_set_memory(struct sl_decoder *decoder, struct sl_memory_source *memory);

/* Bytes of memory that the decoder has taken, as far as it knows: at least that much. */
uint64_t sl_decoder_memory(const struct sl_decoder *decoder);

/*
 * Takes the next bytes of the body, all of them. Returns SL_OK while they are good; after an error
 * further bytes are ignored and the same error is returned.
 */
enum sl_status sl_decoder_feed(struct sl_decoder *decoder, const char *bytes, size_t length);

/* The body is complete: checks that the JSON is too, and that no member is missing. */
enum sl_status sl_decoder_finish(struct sl_decoder *decoder);

/* How many bytes of the body a kernel took in whole blocks; all others were read one by one. */
uint64_t sl_decoder_fast_bytes(const struct sl_decoder *decoder);

const struct sl_error *sl_decoder_error(const struct sl_decoder *decoder);

/* After sl_decoder_finish was SL_OK: what the body says. */
struct sl_decoded {
  const struct sl_loss *loss;
  struct sl_value values[SL_MAX_REQUEST_FIELDS]; /* by sl_request_field index */
  bool *nested[SL_MAX_REQUEST_FIELDS]; /* spike fields: [values[f].length], did it come as nested
                                          arrays */
  enum sl_gradient_form gradient;
  enum sl_gradient_encoding encoding;
};
const struct sl_decoded *sl_decoder_decoded(const struct sl_decoder *decoder);

#endif
