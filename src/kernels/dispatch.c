#include "kernels/kernels.h"

#include <string.h>
#ifdef SPIKELOSS_X86
#include <cpuid.h>
#endif

struct variant {
  const struct sl_kernels *kernels;
  bool (*runs_here)(void);
};

static bool always(void) {
  return true;
}

#ifdef SPIKELOSS_X86
/* Returns whether there is lzcnt, a feature that not every compiler knows by name. */
static bool has_lzcnt(void) {
  unsigned a, b, c, d;
  return __get_cpuid(0x80000001, &a, &b, &c, &d) && (c & bit_LZCNT);
}

static bool has_avx2(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("bmi2") && has_lzcnt() && __builtin_cpu_supports("popcnt");
}

static bool has_avx512(void) {
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl");
}
#endif

/* From the plainest to the best. */
static const struct variant variants[] = {
    {&sl_kernels_scalar, always},
#ifdef SPIKELOSS_X86
    {&sl_kernels_avx2, has_avx2},
    {&sl_kernels_avx512, has_avx512},
#endif
#ifdef SPIKELOSS_ARM64
    {&sl_kernels_neon, always},
#endif
};

enum { VARIANT_COUNT = sizeof variants / sizeof variants[0] };

static const struct sl_kernels *in_force = &sl_kernels_scalar;

const struct sl_kernels *sl_kernels(void) {
  return in_force;
}

const char *sl_kernels_name(void) {
  return in_force->name;
}

bool sl_kernels_choose(const char *name) {
  for (size_t i = VARIANT_COUNT; i > 0; i--) {
    const struct variant *variant = &variants[i - 1];
    bool wanted = name == NULL || strcmp(name, variant->kernels->name) == 0;
    if (wanted && variant->runs_here()) {
      in_force = variant->kernels;
      return true;
    }
  }
  return false;
}

const struct sl_kernels *sl_kernels_variant(size_t index) {
  for (size_t i = 0; i < VARIANT_COUNT; i++) {
    if (variants[i].runs_here() && index-- == 0) {
      return variants[i].kernels;
    }
  }
  return NULL;
}
