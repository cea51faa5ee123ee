/*
 * What a declaration needs to be seen outside the library, and from C++.
 */
#ifndef SPIKELOSS_EXPORT_H
#define SPIKELOSS_EXPORT_H

/* A function that the shared library exports; all others are hidden. */
#define SL_API __attribute__((visibility("default")))

#ifdef __cplusplus
#define SL_BEGIN_C extern "C" {
#define SL_END_C   }
#else
#define SL_BEGIN_C
#define SL_END_C
#endif

#endif
