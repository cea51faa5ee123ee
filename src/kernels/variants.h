/*
 * The kernel tables that a build may hold. Only dispatch.c and the files that define them look
 * here.
 */
#ifndef SPIKELOSS_KERNELS_VARIANTS_H
#define SPIKELOSS_KERNELS_VARIANTS_H

#include "kernels/kernels.h"

extern const struct sl_kernels sl_kernels_scalar;
uint64_t sl_find_ones_scalar(const double *values, size_t count, bool *binary);
#ifdef SPIKELOSS_X86
extern const struct sl_kernels sl_kernels_avx2;
extern const struct sl_kernels sl_kernels_avx512;
#endif
#ifdef SPIKELOSS_ARM64
extern const struct sl_kernels sl_kernels_neon;
#endif

#endif
