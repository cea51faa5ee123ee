#include <spikeloss/version.h>

_Static_assert(__builtin_strcmp(SL_VERSION, SPIKELOSSD_VERSION) == 0,
               "include/spikeloss/version.h and meson.build name different versions");

const char *sl_version(void) {
  return SL_VERSION;
}
