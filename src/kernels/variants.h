/*
 * The kernel tables that a build may hold. Only dispatch.c and the files that define them look
 * here.
 */
#ifndef SPIKELOSS_KERNELS_VARIANTS_H
#define SPIKELOSS_KERNELS_VARIANTS_H

#include "kernels/kernels.h"

extern const struct sl_kernels sl_kernels_scalar;
#ifdef SPIKELOSS_X86
extern const struct sl_kernels sl_kernels_avx2;
#endif

#endif
