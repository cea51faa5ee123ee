/*
 * libspikeloss: losses of spiking neural networks, with gradients and diagnostics, from spike
 * counts. No tensor library, no threads of its own, no global state but the choice of kernels:
 *
 *     error.h     what went wrong, as a value
 *     spikes.h    counting the spikes of a tensor, in pieces or from an array
 *     losses.h    the losses: arguments, results
 *     kernels.h   which instruction set counts
 *     version.h   which library this is
 *
 * examples/library/ of the source has a whole program in C and one in C++.
 */
#ifndef SPIKELOSS_SPIKELOSS_H
#define SPIKELOSS_SPIKELOSS_H

#include <spikeloss/error.h>
#include <spikeloss/kernels.h>
#include <spikeloss/losses.h>
#include <spikeloss/spikes.h>
#include <spikeloss/version.h>

#endif
