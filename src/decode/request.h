/*
 * From the bytes of a request body to the values of its fields.
 *
 * A push decoder: it is fed pieces of any size, stops and resumes at any byte, and counts spikes
 * while the body arrives. It knows no HTTP. Errors come in byte order: the first offending byte of
 * the body wins, then missing members in field order.
 *
 *     bytes ─► src/json tokenizer ─► events ─► the reader of the member: value, tensor
 *
 * The decoder owns everything it hands out until it is freed. One decoder belongs to one thread at
 * a time.
 */
#ifndef SPIKELOSS_DECODE_REQUEST_H
#define SPIKELOSS_DECODE_REQUEST_H

#include "core/budget.h"
#include "decode/limits.h"
#include "decode/schema.h"
#include "loss/loss.h"
#include <spikeloss/error.h>

struct sl_decoder;

/*
 * Returns a decoder, or NULL when there is no memory, or the budget does not grant it. `limits` is
 * copied. `budget` (not owned, may be NULL) is charged for all memory, and must live as long as
 * the decoder.
 */
struct sl_decoder *sl_decoder_new(const struct sl_loss *loss, const struct sl_limits *limits,
                                  struct sl_budget *budget);

/* Tolerates NULL. */
void sl_decoder_free(struct sl_decoder *decoder);

/*
 * Takes the next bytes of the body: `*consumed` of them. Returns SL_OK when these are all and they
 * are good; SL_HAS_WORK when sl_decoder_work must be called before the rest is fed; else the error,
 * which is returned from then on, whatever is fed.
 */
enum sl_status sl_decoder_feed(struct sl_decoder *decoder, const char *bytes, size_t length,
                               size_t *consumed);

/* Counts data that came before its shape or encoding, up to limits.deferred_bytes of it: this may
 * take tens of milliseconds. Any thread may call it. Returns SL_OK or the error. */
enum sl_status sl_decoder_work(struct sl_decoder *decoder);

/* Ends the body: checks that the JSON is complete, and that no member is missing. */
enum sl_status sl_decoder_finish(struct sl_decoder *decoder);

/* Returns how many bytes were fed, and how many of them a kernel took in whole blocks; all others
 * were read one by one. */
uint64_t sl_decoder_bytes(const struct sl_decoder *decoder);
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
