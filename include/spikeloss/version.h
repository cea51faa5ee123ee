/*
 * The version of libspikeloss and spikelossd: MAJOR.MINOR.PATCH. Programs keep working with later
 * libraries of the same soname (libspikeloss.so.0).
 */
#ifndef SPIKELOSS_VERSION_H
#define SPIKELOSS_VERSION_H

#include <spikeloss/export.h>

/* Of the headers that a program was compiled with. */
#define SL_VERSION "0.1.0"

SL_BEGIN_C

/* Returns the version of the library that the program runs with. Static. */
SL_API const char *sl_version(void);

SL_END_C

#endif
