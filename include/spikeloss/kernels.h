/*
 * Which instruction set counts the spikes. Results are the same to the last bit on all of them; a
 * program that chooses none gets plain C, which runs everywhere and is slower.
 */
#ifndef SPIKELOSS_KERNELS_H
#define SPIKELOSS_KERNELS_H

#include <spikeloss/export.h>
#include <stdbool.h>

SL_BEGIN_C

/*
 * Puts the named kernels in force ("scalar", "avx2", …), or with NULL the best that this processor
 * has. Returns false, and changes nothing, if there are none of that name here. Call it before
 * threads start.
 */
SL_API bool sl_kernels_choose(const char *name);

/* Returns the name of the kernels in force. Static. */
SL_API const char *sl_kernels_name(void);

SL_END_C

#endif
