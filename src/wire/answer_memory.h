/*
 * What evaluating a body and answering it takes of memory, told before it is taken: upper bounds
 * that need no look at any value.
 */
#ifndef SPIKELOSS_WIRE_ANSWER_MEMORY_H
#define SPIKELOSS_WIRE_ANSWER_MEMORY_H

#include "decode/request.h"
#include <spikeloss/loss.h>
#include <stdint.h>

/* The result of a loss: a gradient never has more numbers than sl_field_gradient_count says. */
uint64_t sl_result_memory(const struct sl_decoded *decoded);

/* The result as it is, and its answer while it is read. */
uint64_t sl_answer_memory(const struct sl_decoded *decoded, const struct sl_result *result);

#endif
