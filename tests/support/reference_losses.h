/*
 * All losses once more, from the plain arrays of the reference: sums in the order that users are
 * promised, nothing counted, nothing shared with the library.
 */
#ifndef SPIKELOSS_TESTS_REFERENCE_LOSSES_H
#define SPIKELOSS_TESTS_REFERENCE_LOSSES_H

#include "reference.h"

/* The loss of a good body; it may be infinite. False if its members do not fit together, or if a
 * tensor was too large to be laid out. */
bool sl_reference_loss(const struct sl_reference *reference, double *loss);

/* Whether a loss is what the reference computed: to the last bit, but for a softmax. */
bool sl_reference_agrees(const struct sl_reference *reference, double loss, double got);

#endif
