/*
 * Building and checking a struct sl_result: what every loss does in the same way.
 *
 * A loss first says how many gradients and diagnostics there will be, then adds exactly that
 * many, in the order in which users see them, and at the end has everything checked for being
 * finite. All memory belongs to the result and is charged to its budget, from the moment it is
 * taken: a loss that fails half-way just returns, and sl_result_free frees it.
 */
#ifndef SPIKELOSS_LOSS_RESULT_H
#define SPIKELOSS_LOSS_RESULT_H

#include "loss/loss.h"
#include <spikeloss/error.h>
#include <stddef.h>

/* Reserves memory for that many of each. Once per result. Errors: SL_OUT_OF_MEMORY, the budget's.
 */
enum sl_status sl_result_reserve(struct sl_result *result, size_t gradients, size_t diagnostics,
                                 struct sl_error *error);

/* The same for a list of layers: so many diagnostics each, a gradient of each layer's spikes, and
 * `gradients` others. */
enum sl_status sl_result_reserve_layers(struct sl_result *result, size_t layers, size_t gradients,
                                        size_t diagnostics_per_layer, struct sl_error *error);

/*
 * Adds the next gradient: of a spike tensor, a list of reals, one real. Returns its values,
 * for the loss to set all of them; NULL, with an error set, when there is no memory. `small_shape`
 * has the rank of the spikes, each entry that of their shape or 1.
 */
double *sl_result_add_spikes_gradient(struct sl_result *result, size_t field, size_t item,
                                      const struct sl_spikes *spikes, const size_t *small_shape,
                                      struct sl_error *error);
double *sl_result_add_reals_gradient(struct sl_result *result, size_t field, size_t length,
                                     struct sl_error *error);
double *sl_result_add_real_gradient(struct sl_result *result, size_t field, struct sl_error *error);

/* Does so for a spike tensor whose gradient has few different values: returns it with indices and a
 * table of at most 256, for the loss to set both. Entries may be equal or unused; unused ones must
 * be finite too, and fit the same floats as the others. */
struct sl_gradient *sl_result_add_indexed_gradient(struct sl_result *result, size_t field,
                                                   const struct sl_spikes *spikes,
                                                   const size_t *small_shape, size_t table_length,
                                                   struct sl_error *error);

/* Writes out the values of all gradients with indices, which those no longer have then. Errors:
 * SL_OUT_OF_MEMORY, the budget's. */
enum sl_status sl_result_write_out(struct sl_result *result, struct sl_error *error);

/* Adds the next diagnostic. `name` is static text. */
void sl_result_add_real(struct sl_result *result, const char *name, double value);
void sl_result_add_count(struct sl_result *result, const char *name, size_t value);
void sl_result_add_flag(struct sl_result *result, const char *name, bool value);

/* Adds what every loss says of a tensor, SL_TENSOR_DIAGNOSTICS of them: how it was read (samples,
 * steps, neurons), and what its neurons did (silent, saturated, binary). */
enum { SL_TENSOR_DIAGNOSTICS = 6 };
void sl_result_add_tensor(struct sl_result *result, const struct sl_spikes *spikes);

/* The end of messages about what is not finite. */
#define SL_TOO_LARGE " is too large for a double; use smaller numbers"

/*
 * Fails with SL_RESULT_NOT_FINITE, as finite input may still overflow, for the first of loss,
 * gradients and diagnostics that no double can hold, with the pointer of the member that it
 * belongs to. The first `known` gradients are known to be finite, those with indices among them.
 */
enum sl_status sl_result_check_finite(const struct sl_result *result, size_t known,
                                      const struct sl_field *fields, struct sl_error *error);

#endif
