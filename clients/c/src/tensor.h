/*
 * Tensors as they are sent.
 */
#ifndef SPIKELOSS_CLIENT_TENSOR_H
#define SPIKELOSS_CLIENT_TENSOR_H

#include "spikeloss_client.h"
#include <stdio.h>

/* Writes a tensor as a JSON object, bits if all of its values are 0 or 1. */
void slc_tensor_write(FILE *stream, const struct spikeloss_tensor *tensor);

#endif
