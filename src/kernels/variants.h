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
extern const struct sl_kernels sl_kernels_avx512;
size_t sl_decode_base64_avx2(uint8_t *bytes, const char *text, size_t groups);
#endif
#ifdef SPIKELOSS_ARM64
extern const struct sl_kernels sl_kernels_neon;
#endif

#endif
