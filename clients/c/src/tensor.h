/*
 * Tensors as they are sent.
 */
#ifndef SPIKELOSS_CLIENT_TENSOR_H
#define SPIKELOSS_CLIENT_TENSOR_H

#include "spikeloss_client.h"
#include <stdio.h>

/* Writes a tensor as a JSON object, bits if all of its values are spikes of 0 or 1. */
void slc_tensor_write(FILE *stream, const struct spikeloss_tensor *tensor,
                      enum spikeloss_axes axes);

/* How many pairs of a sample and a neuron there are: a gradient has no more values. */
size_t slc_tensor_pairs(const struct spikeloss_tensor *tensor, enum spikeloss_axes axes);

#endif
